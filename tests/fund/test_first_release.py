"""The first screening's results are told before the rest: to everybody at once, and nothing of the second with them."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.urls import reverse

from musubi.fund import actions, shown
from musubi.fund.actions.applying import continuation_of
from musubi.fund.curtain import is_out, is_passed, out, passed
from musubi.fund.letters.issuing import issue_waiting, letters_about
from musubi.fund.models import Application, Assignment, Call, LetterIssue
from musubi.fund.open_data.tables import calls as call_table
from musubi.fund.queries import applications_for, waits_for_applicant
from musubi.fund.states import APPLICATION, Stage
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import NotAllowed, Refused
from musubi.notify.models import Notice
from musubi.notify.tasks import tell_waiting
from tests.factories.fund import (
    general,
    make_application,
    make_call,
    make_committee,
    make_contribution,
    make_edition,
    make_fund,
    score_all,
    screen,
)
from tests.factories.people import make_municipality, make_staff
from tests.www.committee.conftest import browser, text

pytestmark = pytest.mark.django_db
FIRST, SECOND = Stage.FIRST, Stage.SECOND
JUNE, JULY = date(2025, 6, 12), date(2025, 7, 14)
REASON = "効果の裏付けが足りない。"
HIDDEN = ["first_passed", "second_passed", "second_failed", "not_awarded", "reserve", "awarded"]


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(JULY):
        yield


@pytest.fixture
def fund():
    return make_fund(make_municipality("shiokaze"))


@pytest.fixture
def desk(fund):
    return make_staff(fund.municipality)


def make_decided(fund, count: int = 2, *, failing: int = 1, **rules) -> Call:
    """A call whose first screening is decided; the last `failing` did not pass."""
    with clock.standing_at(JUNE):
        call = make_call(fund, edition=make_edition(fund.municipality, **rules))
        for _ in range(count):
            make_application(call)
    actions.begin_screening(call, by=None)
    make_committee(fund)
    score_all(call, FIRST)
    pks = list(call.applications.order_by("pk").values_list("pk", flat=True))
    fails = pks[count - failing :]
    actions.decide_stage(
        call,
        by=None,
        stage=FIRST,
        passed=[pk for pk in pks if pk not in fails],
        reasons=dict.fromkeys(fails, REASON),
    )
    return Call.objects.get(pk=call.pk)


def rows(call) -> list[Application]:
    return list(Application.objects.filter(call=call).order_by("pk"))


def verbs(thing) -> list[str]:
    return [entry.verb for entry in history(thing)]


def told(user, kind: str) -> list[Notice]:
    while tell_waiting():
        pass
    return list(Notice.objects.filter(user=user, kind=kind).order_by("pk"))


def slot(application, hour: int = 10, day: int = 22, place: str = "区役所 大会議室"):
    begins = clock.at(date(2025, 8, day), hour)
    return actions.set_slot(
        application, by=None, starts_at=begins, ends_at=begins + timedelta(minutes=30), place=place
    )


# --- the release ---------------------------------------------------------------------------------------------


def test_everybody_is_told_of_the_first_screening_at_once(fund, desk):
    call = make_decided(fund, 3)
    assert {row.shown_state for row in rows(call)} == {"submitted"}
    actions.release_first(call, by=desk)
    assert [row.shown_state for row in rows(call)] == ["first_passed", "first_passed", "first_failed"]
    assert [row.reason for row in rows(call)] == ["", "", REASON]
    assert (call.state, call.first_released_at, call.first_released_by) == ("screening", clock.now(), desk)
    assert (call.first_filed, call.first_passed, call.released_at) == (3, 2, None)
    assert verbs(call)[-1] == "call.first_released"
    assert [history(row).latest("pk").data["to"] for row in rows(call)] == [
        "first_passed",
        "first_passed",
        "first_failed",
    ]
    assert [verbs(row)[-1] for row in rows(call)] == ["application.first_decided"] * 3


def test_who_is_not_through_holds_everybody_back(fund):
    call = make_decided(fund, 2)
    with clock.standing_at(JUNE):
        late = make_application(make_call(fund, edition=call.edition), state="submitted")
        make_application(make_call(fund, edition=call.edition), state="draft")
    for state in ("submitted", "returned", "checked"):
        Application.objects.filter(pk=late.pk).update(call=call, state=state)
        with pytest.raises(Refused, match=f"1件あります: {late.ref}"):
            actions.release_first(call, by=None)
    assert {row.shown_state for row in rows(call)} == {"submitted"}
    assert {row.reason for row in rows(call)} == {""}
    Application.objects.filter(pk=late.pk).update(state="withdrawn")
    actions.release_first(call, by=None)
    assert (call.first_filed, call.first_passed) == (2, 1)


def test_it_is_the_secretariats_and_happens_once_while_the_call_is_screened(fund, desk):
    call = make_decided(fund)
    with pytest.raises(NotAllowed):
        actions.release_first(call, by=make_staff(fund.municipality, "manager"))
    actions.release_first(call, by=desk)
    with pytest.raises(Refused, match="もう発表しました"):
        actions.release_first(Call.objects.get(pk=call.pk), by=desk)
    for state in ("published", "cancelled"):
        Call.objects.filter(pk=call.pk).update(
            state=state, first_released_at=None, first_filed=None, first_passed=None
        )
        with pytest.raises(Refused, match="審査中だけ"):
            actions.release_first(Call.objects.get(pk=call.pk), by=desk)
    empty = make_call(fund, edition=call.edition)
    Call.objects.filter(pk=empty.pk).update(state="screening")
    with pytest.raises(Refused, match="申請がありません"):
        actions.release_first(Call.objects.get(pk=empty.pk), by=desk)


# --- what may be known ---------------------------------------------------------------------------------------


def test_the_curtain_says_the_same_of_a_row_and_in_a_query(fund):
    call = make_decided(fund, 2)
    application = rows(call)[0]
    now = clock.now()
    early = {"first_released_at": now, "first_filed": 2, "first_passed": 1}
    for release in ({}, early, {"released_at": now}, early | {"released_at": now}):
        nothing = dict.fromkeys(["first_released_at", "first_filed", "first_passed", "released_at"])
        Call.objects.filter(pk=call.pk).update(**{**nothing, **release})
        for state in APPLICATION.states:
            Application.objects.filter(pk=application.pk).update(state=state)
            row = Application.objects.select_related("call").get(pk=application.pk)
            here = Application.objects.filter(pk=application.pk)
            assert applications_for(row.filed_by).get(pk=row.pk).shown == row.shown_state, (state, release)
            assert here.filter(out()).exists() == is_out(state, row.call)
            assert here.filter(passed()).exists() == is_passed(state, row.call)


def test_nothing_an_applicant_can_read_differs_by_what_the_second_screening_found(fund):
    call = make_decided(fund, 1, failing=0, has_reserve=True)
    (application,) = rows(call)
    slot(application)
    actions.release_first(call, by=None)
    person = application.filed_by
    client = browser(person)
    pk = application.pk
    kinds = [letter.kind for letter in letters_about(Application.objects.get(pk=pk))]
    assert kinds == ["application", "receipt", "invitation"]
    pages = {
        "my-fund": [],
        "my-fund-application": [pk],
        "my-fund-receipt": [pk],
        "my-fund-copy": [pk],
        "my-fund-withdraw": [pk],
        "my-fund-edit": [pk],
        "my-fund-decision": [pk],
        "my-fund-advance": [pk],
        "my-fund-settlement": [pk],
        "my-fund-presentation-ics": [pk],
        "my": [],
    }
    seen = {}
    for state in HIDDEN:
        Application.objects.filter(pk=pk).update(state=state)
        answers = {
            name: (response.status_code, re.sub(r'(csrf\w*" value|nonce)="[^"]*"', "", text(response)))
            for name, args in pages.items()
            for response in [client.get(reverse(name, args=args))]
        }
        row = Application.objects.get(pk=pk)
        answers["letters"] = [letter.kind for letter in letters_about(row)]
        answers["waits"] = applications_for(person).filter(waits_for_applicant()).count()
        answers["public"] = [shown.told(one) for one in shown.received(fund.municipality)]
        seen[state] = answers
    assert all(answers == seen["first_passed"] for answers in seen.values())
    assert seen["awarded"]["my-fund-decision"][0] == seen["awarded"]["my-fund-advance"][0] == 404
    assert seen["awarded"]["my-fund-presentation-ics"][0] == 200
    assert "第一次審査を通過しました" in seen["awarded"]["my-fund-application"][1]
    assert seen["awarded"]["waits"] == 1


def test_before_it_no_time_is_told(fund):
    call = make_decided(fund, 1, failing=0)
    (application,) = rows(call)
    slot(application)
    client = browser(application.filed_by)
    assert client.get(reverse("my-fund-presentation-ics", args=[application.pk])).status_code == 404
    page = text(client.get(reverse("my-fund-application", args=[application.pk])))
    assert "大会議室" not in page
    assert not applications_for(application.filed_by).filter(waits_for_applicant()).exists()
    assert "invitation" not in [letter.kind for letter in letters_about(application)]
    assert told(application.filed_by, "application.slotted") == []


def test_who_failed_reads_the_reason_and_gets_the_letter(fund):
    call = make_decided(fund, 2)
    failed = rows(call)[1]
    client = browser(failed.filed_by)
    assert client.get(reverse("my-fund-decision", args=[failed.pk])).status_code == 404
    actions.release_first(call, by=None)
    page = text(client.get(reverse("my-fund-decision", args=[failed.pk])))
    assert ("第一次審査を通過しませんでした" in page, REASON in page) == (True, True)
    assert issue_waiting() == 1
    letter = LetterIssue.objects.get()
    assert (letter.kind, letter.application, letter.content["reasons"]) == ("refusal", failed, REASON)
    assert letter.content["on"] == "2025-07-14"
    # Nothing is written a second time at the end.
    with clock.standing_at(date(2025, 8, 27)):
        finish(call)
        assert issue_waiting() == 1
    assert LetterIssue.objects.filter(application=failed).count() == 1


def finish(call) -> None:
    """The second screening, in which nobody is awarded, and the release of the rest."""
    score_all(call, SECOND)
    passed = set(call.applications.filter(state="first_passed").values_list("pk", flat=True))
    actions.decide_stage(call, by=None, stage=SECOND, passed=passed, reasons={})
    for row in call.applications.filter(state="second_passed"):
        actions.prepare_decision(row, by=None, outcome="not_awarded", reasons="予算の都合による。")
    actions.release(call, by=None)


def test_nobody_is_told_twice(fund):
    call = make_decided(fund, 2)
    one, two = rows(call)
    slot(one)
    actions.release_first(call, by=None)
    (notice,) = told(one.filed_by, "call.first_released")
    assert "令和7年8月22日(金) 10:00から10:30まで" in notice.body
    assert "区役所 大会議室" in notice.body
    (notice,) = told(two.filed_by, "call.first_released")
    assert (REASON in notice.body, "通過しませんでした" in notice.body) == (True, True)
    with clock.standing_at(date(2025, 8, 27)):
        finish(call)
        assert len(told(one.filed_by, "call.released")) == 1
        assert told(two.filed_by, "call.released") == []
    assert verbs(two)[-1] == "application.first_decided"
    assert verbs(one)[-1] == "application.decided"
    assert [row.shown_state for row in rows(call)] == ["not_awarded", "first_failed"]


def test_a_call_may_tell_everything_only_at_the_end(fund):
    call = make_decided(fund, 2)
    with clock.standing_at(date(2025, 8, 27)):
        finish(call)
        one, two = rows(call)
        assert len(told(two.filed_by, "call.released")) == 1
    assert (two.shown_state, two.reason, call.first_released_at) == ("first_failed", REASON, None)
    assert shown.first_result(call) is None


# --- what follows --------------------------------------------------------------------------------------------


def test_a_time_that_is_set_or_changed_afterwards_is_told(fund):
    call = make_decided(fund, 2, failing=0)
    one, two = rows(call)
    slot(one)
    actions.release_first(call, by=None)
    slot(one)
    assert told(one.filed_by, "application.slotted") == []
    slot(one, 14)
    slot(two)
    assert [notice.title for notice in told(one.filed_by, "application.slotted")] == [
        f"プレゼンテーションの時間が変わりました: {one.title}"
    ]
    (notice,) = told(two.filed_by, "application.slotted")
    assert notice.title.startswith("プレゼンテーションの時間が決まりました")
    (notice,) = told(two.filed_by, "call.first_released")
    turn = text(browser(one.filed_by).get(reverse("my-fund")))
    assert "第二次審査でプレゼンテーションをする" in turn


def test_who_was_told_of_failing_cannot_withdraw_and_who_passed_can(fund):
    call = make_decided(fund, 3)
    one, two, failed = rows(call)
    actions.release_first(call, by=None)
    with pytest.raises(Refused, match="結果が出た申請"):
        actions.withdraw_application(failed, by=failed.filed_by)
    # Whatever the second screening has found meanwhile.
    Application.objects.filter(pk=two.pk).update(state="second_failed")
    for row in (one, Application.objects.get(pk=two.pk)):
        actions.withdraw_application(row, by=row.filed_by)
    assert [row.shown_state for row in rows(call)] == ["withdrawn", "withdrawn", "first_failed"]
    assert (call.first_filed, call.first_passed) == (3, 2)


def test_a_call_that_is_given_up_leaves_what_was_told(fund):
    call = make_decided(fund, 2)
    one, two = rows(call)
    actions.release_first(call, by=None)
    actions.cancel_call(call, by=None, reason="予算がなくなったため")
    assert [row.shown_state for row in rows(call)] == ["withdrawn", "first_failed"]
    assert rows(call)[1].reason == REASON
    assert (len(told(one.filed_by, "call.cancelled")), told(two.filed_by, "call.cancelled")) == (1, [])
    assert shown.first_result(call) is None


def test_an_award_is_free_again_once_its_continuation_is_known_to_have_failed(fund):
    make_contribution(general(fund), yen=1_000_000)
    edition = make_edition(fund.municipality)
    with clock.standing_at(JUNE):
        call = make_call(fund, edition=edition)
        before = make_application(call)
    (row,) = screen(call)
    shares = {general(fund).pk: 800_000}
    actions.prepare_decision(row, by=None, outcome="awarded", reasons="よい。", yen=800_000, shares=shares)
    actions.release(call, by=None)
    other = make_decided(fund, 1)
    Application.objects.filter(call=other).update(before=before)
    (failed,) = rows(other)
    assert continuation_of(before) == failed
    actions.release_first(other, by=None)
    assert continuation_of(before) is None
    # One that failed only the second screening counts as running until that is told.
    Application.objects.filter(pk=failed.pk).update(state="second_failed")
    assert continuation_of(before) == failed


def test_a_tie_that_is_found_afterwards_leaves_the_sheets_that_decided(fund):
    call = make_decided(fund, 2, failing=0)
    one, two = rows(call)
    actions.release_first(call, by=None)
    score_all(call, SECOND)
    member = fund.committee.first()
    actions.declare_interest(member, by=member.user, organisation=one.organisation, words="親族が勤める")
    sheets = Assignment.objects.filter(member=member, application=one)
    assert dict(sheets.values_list("stage", "state")) == {"first": "scored", "second": "recused"}


def test_everybody_reads_how_many_passed(fund):
    call = make_decided(fund, 3)
    city = fund.municipality
    client = browser(None)
    page = reverse("fund-call", args=[city.slug, call.ref])
    words = "第一次審査: 申請3件・通過2件"
    assert (words in text(client.get(page)), shown.first_result(call)) == (False, None)
    assert list(call_table(city).rows)[0][10:13] == [None, None, None]
    actions.release_first(call, by=None)
    assert words in text(client.get(page))
    assert "第一次審査の結果を発表しました。" in text(client.get(reverse("feed", args=[city.slug])))
    assert list(call_table(city).rows)[0][10:13] == [clock.now(), 3, 2]
    assert {shown.told(row).result for row in shown.received(city)} == {"審査中"}


# --- the secretariat's pages ---------------------------------------------------------------------------------


def test_the_secretariat_looks_once_more_and_releases(fund, desk):
    call = make_decided(fund, 3)
    client, at = browser(desk), [fund.municipality.slug, call.ref]
    stage = reverse("staff-fund-stage", args=[*at, "first"])
    here = reverse("staff-fund-release-first", args=at)
    assert here in text(client.get(stage))
    page = text(client.get(here))
    assert [
        words in page for words in ("通過 2件", "不通過 1件", REASON, "時間が決まっていない申請が2件")
    ] == [True] * 4
    assert client.post(here, {}).status_code == 422
    assert Call.objects.get().first_released_at is None
    assert client.post(here, {"sure": "on"}).status_code == 302
    assert Call.objects.get().first_passed == 2
    page = text(client.get(stage))
    assert ("申請 3件・通過 2件" in page, here in page) == (True, False)
    assert client.post(here, {"sure": "on"}).status_code == 422


def test_the_last_look_says_who_is_not_through(fund, desk):
    call = make_decided(fund, 1)
    Application.objects.update(state="checked")
    client, at = browser(desk), [fund.municipality.slug, call.ref]
    here = reverse("staff-fund-release-first", args=at)
    assert here not in text(client.get(reverse("staff-fund-stage", args=[*at, "first"])))
    assert "結果が決まっていない申請が1件あります" in text(client.get(here))
    response = client.post(here, {"sure": "on"})
    assert (response.status_code, "1件あります" in text(response)) == (422, True)


# --- at once -------------------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_is_released_while_others_withdraw_and_all_are_told_or_none():
    fund = make_fund(make_municipality("shiokaze"))
    call = make_decided(fund, 6, failing=3)
    gate = Barrier(6)

    def act(pk) -> bool:
        try:
            with clock.standing_at(JULY):
                row = Application.objects.get(pk=pk) if pk else Call.objects.get()
                gate.wait(60)
                if pk:
                    actions.withdraw_application(row, by=row.filed_by)
                else:
                    actions.release_first(row, by=None)
            return True
        except Refused:
            return False
        finally:
            connection.close()

    # One that passed and one that failed stay, so that there is always something to tell.
    pks = [row.pk for row in rows(call)]
    leaving = [*pks[:2], *pks[4:]]
    with ThreadPoolExecutor(6) as threads:
        done = dict(zip([*leaving, "one", "other"], threads.map(act, [*leaving, None, None]), strict=True))
    assert done["one"] + done["other"] == 1
    call = Call.objects.get()
    left = [row for row in rows(call) if row.state != "withdrawn"]
    failed = [row for row in left if row.state == "first_failed"]
    # Who failed and could still withdraw did so before the release, and is not among those it counts.
    assert call.first_filed - call.first_passed == len(failed)
    assert {row.reason for row in failed} <= {REASON}
    assert not any(done.get(row.pk) for row in failed)
    assert len(left) == 6 - sum(done[pk] for pk in leaving)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_is_released_while_the_second_stage_is_decided():
    fund = make_fund(make_municipality("shiokaze"))
    call = make_decided(fund, 3)
    score_all(call, SECOND)
    here = {row.pk for row in rows(call) if row.state == "first_passed"}
    gate = Barrier(2)

    def act(is_release) -> bool:
        try:
            with clock.standing_at(JULY):
                row = Call.objects.get()
                gate.wait(60)
                if is_release:
                    actions.release_first(row, by=None)
                else:
                    reasons = dict.fromkeys(here, "講評")
                    actions.decide_stage(row, by=None, stage=SECOND, passed=[], reasons=reasons)
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(act, [True, False])) == [True, True]
    assert [row.state for row in rows(call)] == ["second_failed", "second_failed", "first_failed"]
    assert [row.shown_state for row in rows(call)] == ["first_passed", "first_passed", "first_failed"]
