"""Applications: written together, checked before they are sent, filed to the second, returned and sent again."""

import uuid
from datetime import date, datetime, timedelta
from itertools import repeat

import pytest

from musubi.fund import actions
from musubi.fund.actions import Parts
from musubi.fund.budget import costs_of
from musubi.fund.models import Application, CostLine, Paper
from musubi.fund.rules import correction_due
from musubi.fund.states import Stage
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.people.actions import set_closing_day
from tests.at_once.race import cut_in, race, seen, told
from tests.factories.fund import (
    fill_application,
    general,
    make_application,
    make_award,
    make_call,
    make_committee,
    make_contribution,
    make_edition,
    make_fund,
    score_all,
)
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
OPENS, CLOSES = clock.at(date(2025, 6, 11), 9), clock.at(date(2025, 6, 30), 17)
TODAY, LATER = clock.at(date(2025, 6, 12)), clock.at(date(2025, 7, 4))
WAGES = {"category": "wages", "label": "担当者", "yen": 1_000_000}
FIXED = Parts(years=[{"year": 1, "unit": 1}], categories=[{"code": "wages", "name": "人件費"}])


def at(moment: datetime):
    return clock.standing_at(moment)


@pytest.fixture(autouse=True)
def _day():
    with at(TODAY):
        yield


@pytest.fixture
def city():
    return make_municipality("shiokaze")


@pytest.fixture
def desk(city):
    return make_staff(city)


@pytest.fixture
def fund(city):
    return make_fund(city)


@pytest.fixture
def call(fund):
    return make_call(fund, opens_at=OPENS, closes_at=CLOSES)


@pytest.fixture
def company():
    return make_organisation("見本環境株式会社")


@pytest.fixture
def person(company):
    return make_representative(company)


@pytest.fixture
def draft(call, company, person):
    return actions.start_application(call, by=person, organisation=company, title="海の事業")


@pytest.fixture
def ready(draft, person):
    """A draft that lacks nothing."""
    fill_application(draft, person)
    return seen(draft)


@pytest.fixture
def filed(ready, person):
    actions.file_application(ready, by=person)
    return ready


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def lines(application: Application) -> list[tuple]:
    return list(application.costs.values_list("phase", "category__code", "label", "yen", "position"))


def save(application: Application, by, **words) -> None:
    actions.save_application(application, by=by, version=application.version, **words)


# --- beginning ---------------------------------------------------------------------------------------------------


def test_start_application_makes_a_draft_without_a_number(call, company, person):
    application = seen(actions.start_application(call, by=person, organisation=company, title=" 海の事業 "))
    assert (application.title, application.state, application.ref) == ("海の事業", "draft", "")
    assert (application.support_year, application.edition, application.version) == (1, call.edition, 0)
    assert (application.filed_at, application.filed_by) == (None, None)
    assert verbs(application) == ["application.started"]


def test_a_form_sent_twice_makes_one_draft(call, company, person):
    key = uuid.uuid4()
    first = actions.start_application(call, by=person, organisation=company, key=key)
    assert (
        actions.start_application(call, by=make_representative(company), organisation=company, key=key)
        == first
    )
    assert Application.objects.count() == 1
    assert actions.start_application(call, by=person, organisation=company) != first


def test_an_organisation_has_so_many_applications_to_a_call(call, company, person):
    for number in range(20):
        last = actions.start_application(
            call, by=person, organisation=company, title=f"事業{number}", key=uuid.uuid4()
        )
    with pytest.raises(Refused, match="20件まで"):
        actions.start_application(call, by=make_representative(company), organisation=company)
    assert actions.start_application(call, by=person, organisation=company, key=last.key) == last
    other = make_organisation()
    actions.start_application(call, by=make_representative(other), organisation=other)
    actions.withdraw_application(last, by=person)
    actions.start_application(call, by=person, organisation=company)
    assert call.applications.exclude(state="withdrawn").count() == 21


def test_the_key_of_another_organisation_does_not_open_its_draft(call, draft, company, person):
    key = uuid.uuid4()
    actions.start_application(call, by=person, organisation=company, key=key)
    other = make_organisation()
    with pytest.raises(Conflict):
        actions.start_application(call, by=make_representative(other), organisation=other, key=key)


def test_nobody_begins_for_another_organisation(call, company, desk):
    for person in (make_representative(), desk):
        with pytest.raises(NotAllowed):
            actions.start_application(call, by=person, organisation=company)


def test_applications_begin_within_the_window_to_the_second(call, company, person):
    for moment in (OPENS - SECOND, CLOSES, LATER):
        with at(moment), pytest.raises(Refused, match="受け付けていません"):
            actions.start_application(call, by=person, organisation=company)
    for moment in (OPENS, CLOSES - SECOND):
        with at(moment):
            actions.start_application(call, by=person, organisation=company)


@pytest.mark.parametrize("state", ["draft", "cancelled"])
def test_applications_begin_in_a_published_call_alone(fund, company, person, state):
    call = make_call(fund, state="draft", opens_at=OPENS, closes_at=CLOSES)
    if state == "cancelled":
        actions.cancel_call(call, by=None, reason="事情")
    with pytest.raises(Refused, match="受け付けていません"):
        actions.start_application(call, by=person, organisation=company)


def test_an_organisation_of_another_kind_is_told_so(fund, company, person):
    call = make_call(fund, edition=make_edition(fund.municipality, kinds=["npo"]))
    with pytest.raises(Refused, match="対象に合いません"):
        actions.start_application(call, by=person, organisation=company)


def test_a_title_is_not_too_long(call, company, person):
    with pytest.raises(Refused) as refusal:
        actions.start_application(call, by=person, organisation=company, title="題" * 100_000)
    assert (refusal.value.field, Application.objects.count()) == ("title", 0)


# --- the second year -----------------------------------------------------------------------------------------------


@pytest.fixture
def awarded(call, filed):
    make_contribution(general(call.fund), yen=10_000_000)
    actions.check_application(filed, by=None)
    with at(clock.at(date(2025, 8, 25))):
        return make_award(seen(filed)).application


def next_call(edition, **words):
    return make_call(make_fund(edition.programme.municipality, year=2026), edition=edition, **words)


def test_the_second_year_begins_with_the_words_of_the_first(awarded, company, person):
    with at(clock.at(date(2026, 6, 12))):
        second = actions.start_application(
            next_call(awarded.edition), by=person, organisation=company, before=awarded
        )
    assert (second.support_year, second.before, second.state) == (2, awarded, "draft")
    texts = ["title", "purpose", "content", "schedule", "structure", "effect", "future"]
    assert [getattr(second, name) for name in texts] == [getattr(awarded, name) for name in texts]
    assert (second.requested, second.own_money, second.costs.count()) == (0, 0, 0)


def test_only_the_own_award_of_this_programme_is_continued(awarded, company, person):
    with at(clock.at(date(2026, 6, 12))):
        call = next_call(awarded.edition)
        never_awarded = make_application(call, organisation=company, state="draft")
        other = make_organisation()
        elsewhere = make_call(call.fund, edition=make_edition(call.fund.municipality))
        for where, organisation, by, before in (
            (call, company, person, never_awarded),
            (call, other, make_representative(other), awarded),
            (elsewhere, company, person, awarded),
        ):
            with pytest.raises(Refused) as refusal:
                actions.start_application(where, by=by, organisation=organisation, before=before)
            assert refusal.value.field == "before"
        actions.revoke(awarded.award, by=None, reason="条件に違反したため")
        with pytest.raises(Refused) as refusal:
            actions.start_application(call, by=person, organisation=company, before=seen(awarded))
        assert refusal.value.field == "before"


def test_there_is_no_third_year_where_the_programme_has_two(awarded, company, person):
    Application.objects.filter(pk=awarded.pk).update(support_year=2)
    with (
        at(clock.at(date(2026, 6, 12))),
        pytest.raises(Refused, match="3年目の助成はありません"),
    ):
        actions.start_application(
            next_call(awarded.edition), by=person, organisation=company, before=seen(awarded)
        )


# --- writing -------------------------------------------------------------------------------------------------------


def test_save_application_keeps_what_was_typed(draft, person):
    with at(TODAY + SECOND):
        save(
            draft,
            person,
            purpose=" 海の環境が悪くなっている。 ",
            requested=800_000,
            costs=[{**WAGES, "label": " 担当者 "}, {"category": "travel", "label": "船", "yen": 0}],
            goals=[14, 17],
        )
    assert draft.version == 1
    draft = seen(draft)
    assert (draft.purpose, draft.requested, draft.version) == ("海の環境が悪くなっている。", 800_000, 1)
    assert (draft.title, draft.saved_at) == ("海の事業", TODAY + SECOND)
    assert lines(draft) == [("plan", "wages", "担当者", 1_000_000, 0), ("plan", "travel", "船", 0, 1)]
    assert sorted(draft.goals.values_list("pk", flat=True)) == [14, 17]


def test_what_is_not_given_stays(ready, person):
    before = lines(ready)
    save(ready, person, title="", purpose=None)
    assert lines(ready) == before
    assert (seen(ready).title, seen(ready).purpose, seen(ready).effect) == ("", "", "藻場が1ha増える。")
    save(ready, person, costs=[], goals=[])
    assert (lines(ready), ready.goals.count(), ready.version) == ([], 0, 3)


def test_a_half_typed_line_is_kept_until_it_is_sent(draft, person):
    fill_application(draft, person, costs=[WAGES, {"category": "things", "label": " ", "yen": 250_000}])
    assert lines(draft)[1] == ("plan", "things", "", 250_000, 1)
    with pytest.raises(Missing, match="経費の2行目の「内訳」") as refusal:
        actions.file_application(draft, by=person)
    assert refusal.value.field == "costs"


def test_a_line_that_is_named_is_put_right_in_its_place(ready, person):
    """What hangs on it (evidence) stays with it."""
    line = ready.costs.get()
    save(ready, person, costs=[{"category": "things", "label": "網", "yen": 5}, {**WAGES, "pk": line.pk}])
    assert lines(ready) == [("plan", "things", "網", 5, 0), ("plan", "wages", "担当者", 1_000_000, 1)]
    assert ready.costs.get(label="担当者") == line
    save(ready, person, costs=[{**WAGES, "pk": line.pk, "yen": 7}, {**WAGES, "pk": line.pk, "yen": 8}])
    assert sorted(ready.costs.values_list("yen", flat=True)) == [7, 8]
    assert CostLine.objects.get(pk=line.pk).yen == 7


def test_a_line_of_another_application_is_not_taken_over(ready, person, call):
    other = make_application(call, state="draft").costs.get()
    save(ready, person, costs=[{**WAGES, "pk": other.pk, "yen": 7}])
    assert (seen(other).yen, seen(other).application_id != ready.pk) == (1_000_000, True)
    assert lines(ready) == [("plan", "wages", "担当者", 7, 0)]


def test_two_who_write_one_after_the_other_notice(ready, person, company):
    colleague, theirs = make_representative(company, is_owner=False), seen(ready)
    save(ready, person, title="先の題", costs=[{**WAGES, "yen": 1}])
    with pytest.raises(Conflict, match="先に保存"):
        save(theirs, colleague, title="後の題", costs=[{**WAGES, "yen": 2}])
    assert (seen(ready).title, lines(ready)[0][3]) == ("先の題", 1)
    assert theirs.version == 1
    save(seen(ready), colleague, effect="2ha増える。")
    assert (seen(ready).title, seen(ready).effect, seen(ready).version) == ("先の題", "2ha増える。", 3)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"title": "題" * 121}, "title"),
        ({"title": "題" * 100_000}, "title"),
        ({"purpose": "海" * 100_000}, "purpose"),
        ({"requested": -1}, "requested"),
        ({"requested": 10**15 + 1}, "requested"),
        ({"own_money": 1.5}, "own_money"),
        ({"own_money": None}, "own_money"),
        ({"income": "1000"}, "income"),
        ({"other_grants": True}, "other_grants"),
        ({"costs": [{**WAGES, "yen": -1}]}, "costs"),
        ({"costs": [{**WAGES, "yen": 10**15 + 1}]}, "costs"),
        ({"costs": [{**WAGES, "yen": 0.9}]}, "costs"),
        ({"costs": [{**WAGES, "yen": None}]}, "costs"),
        ({"costs": [{**WAGES, "category": "bribes"}]}, "costs"),
        ({"costs": [{**WAGES, "category": "賃" * 100_000}]}, "costs"),
        ({"costs": [{**WAGES, "label": "担" * 100_000}]}, "costs"),
        ({"costs": [WAGES] * 201}, "costs"),
        ({"costs": repeat(WAGES)}, "costs"),
        ({"goals": [14, 18]}, "goals"),
        ({"goals": range(10**6)}, "goals"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_lost(ready, person, words, field):
    before = Application.objects.filter(pk=ready.pk).values().get(), lines(ready)
    with pytest.raises(Refused) as refusal:
        actions.save_application(ready, by=person, version=1, **{"effect": "別の効果", **words})
    assert refusal.value.field == field
    assert (Application.objects.filter(pk=ready.pk).values().get(), lines(ready)) == before
    # The same page can be mended and saved.
    assert ready.version == 1


def test_a_line_that_cannot_be_is_named(ready, person):
    with pytest.raises(Refused, match="経費の3行目の金額"):
        save(ready, person, costs=[WAGES, WAGES, {**WAGES, "yen": -1}])


def test_money_is_kept_to_the_yen(draft, person):
    save(draft, person, requested=10**15, own_money=10**15 - 1, costs=[{**WAGES, "yen": 10**15 - 1}] * 200)
    draft = seen(draft)
    assert (draft.requested, draft.own_money) == (10**15, 10**15 - 1)
    assert costs_of(draft) == {"wages": 200 * (10**15 - 1)}


def test_a_name_that_is_no_word_of_an_application_is_a_programmers_error(draft, person):
    with pytest.raises(TypeError):
        save(draft, person, state="awarded")


def test_only_the_organisation_writes_and_sends(ready, desk):
    for person in (make_representative(), desk):
        for act in (
            lambda by=person: save(ready, by, title="別の題"),
            lambda by=person: actions.file_application(ready, by=by),
            lambda by=person: actions.withdraw_application(ready, by=by),
        ):
            with pytest.raises(NotAllowed):
                act()
    assert seen(ready).state == "draft"


@pytest.mark.parametrize("state", ["submitted", "checked", "withdrawn"])
def test_what_was_sent_is_not_rewritten(call, state):
    application = make_application(call, state=state)
    person = make_representative(application.organisation)
    with pytest.raises(Refused, match="もう書き直せません"):
        save(application, person, title="別の題")
    assert seen(application).title == "藻場を増やす見本事業"


def test_what_was_spent_has_a_label_on_every_line(awarded, person):
    # While it is written, the sum may come before the words.
    actions.save_report(
        awarded.award, by=person, done="した。", effect="増えた。", costs=[{**WAGES, "label": ""}]
    )
    with pytest.raises(Missing, match="経費の1行目の「内訳」") as refusal:
        actions.file_report(awarded.award, by=person)
    assert (refusal.value.field, seen(awarded).state) == ("costs", "awarded")


# --- sending -----------------------------------------------------------------------------------------------------


def test_file_application_gives_a_number(ready, person):
    actions.file_application(ready, by=person)
    application = seen(ready)
    assert (application.state, application.ref) == ("submitted", "2025-001")
    assert (application.filed_at, application.filed_by) == (TODAY, person)
    entry = history(application).last()
    assert (entry.verb, entry.data["requested"], entry.data["again"]) == ("application.filed", 800_000, False)


def test_numbers_are_given_in_the_order_of_filing_without_a_gap(call):
    drafts = [make_application(call, state="draft") for _ in range(3)]
    save(drafts[1], make_representative(drafts[1].organisation), requested=0)
    for application in reversed(drafts):
        person = make_representative(application.organisation)
        if application == drafts[1]:
            with pytest.raises(Missing):
                actions.file_application(application, by=person)
        else:
            actions.file_application(application, by=person)
    assert [seen(one).ref for one in drafts] == ["2025-002", "", "2025-001"]


def test_an_application_that_lacks_something_is_not_sent(draft, person):
    with pytest.raises(Missing, match="代表者の氏名") as refusal:
        actions.file_application(draft, by=person)
    assert (refusal.value.field, seen(draft).state, seen(draft).ref) == ("representative_name", "draft", "")


def test_who_represents_the_organisation_is_taken_from_what_it_filed_last(call, ready, person):
    save(ready, person, representative_title="会長", representative_name=" 潮見 遥 ")
    again = actions.start_application(call, by=person, organisation=ready.organisation)
    assert again.representative == "会長 潮見 遥"
    other = make_organisation()
    stranger = actions.start_application(call, by=make_representative(other), organisation=other)
    assert stranger.representative == ""


def test_it_is_sent_once(filed, person):
    with pytest.raises(Refused, match="「申請」のため"):
        actions.file_application(filed, by=person)
    assert (seen(filed).ref, verbs(filed).count("application.filed")) == ("2025-001", 1)


def test_one_second_before_the_end_is_in_time(ready, person):
    with at(CLOSES - SECOND):
        actions.file_application(ready, by=person)
    assert (seen(ready).state, seen(ready).filed_at) == ("submitted", CLOSES - SECOND)


@pytest.mark.parametrize("moment", [CLOSES, CLOSES + SECOND, LATER])
def test_late_is_refused_and_the_draft_kept(ready, person, moment):
    before = Application.objects.filter(pk=ready.pk).values().get(), lines(ready)
    with at(moment), pytest.raises(Refused, match="受付時間を過ぎた"):
        actions.file_application(ready, by=person)
    assert (Application.objects.filter(pk=ready.pk).values().get(), lines(ready)) == before
    with at(moment):
        save(ready, person, effect="それでも書く。")
    assert seen(ready).effect == "それでも書く。"


def test_a_draft_is_late_until_the_end_is_put_off(ready, person, call):
    actions.save_call(call, by=None, closes_at=CLOSES + timedelta(hours=1))
    with at(CLOSES):
        actions.file_application(ready, by=person)
    assert seen(ready).state == "submitted"


def test_drafts_are_closed_when_screening_begins(ready, person, call):
    with at(LATER):
        actions.begin_screening(call, by=None)
        for act in (
            lambda: save(seen(ready), person, title="別の題"),
            lambda: actions.file_application(seen(ready), by=person),
        ):
            with pytest.raises(Refused):
                act()
    assert (seen(ready).state, seen(ready).title) == ("draft", "藻場を増やす見本事業")


def test_what_another_saved_is_not_sent_unseen(ready, person, company):
    save(seen(ready), make_representative(company), requested=700_000, own_money=300_000)
    with pytest.raises(Conflict, match="先に保存"):
        actions.file_application(ready, by=person, version=1)
    actions.file_application(ready, by=person, version=2)
    assert seen(ready).requested == 700_000


def test_the_conditions_are_asked_again_on_the_day_of_filing(fund):
    edition = make_edition(fund.municipality, kinds=["npo"], startup_years=5)
    call = make_call(fund, edition=edition, opens_at=OPENS, closes_at=CLOSES)
    young = make_organisation(founded_on=date(2020, 6, 20))
    person = make_representative(young)
    one, two = (make_application(call, organisation=young, state="draft") for _ in range(2))
    with at(clock.at(date(2025, 6, 20), 23)):
        actions.file_application(one, by=person)
    with at(clock.at(date(2025, 6, 21), 0)):
        with pytest.raises(Missing, match="2020年6月20日") as refusal:
            actions.file_application(two, by=person)
        assert refusal.value.field == "organisation"
        # One that came in time is not late for a correction.
        actions.return_application(one, by=None, remarks="予算の内訳を書いてください。")
        actions.file_application(one, by=person)
    assert [seen(one).state, seen(two).state] == ["submitted", "draft"]


def test_a_paper_that_is_asked_for_must_be_there(fund):
    parts = Parts(
        years=FIXED.years,
        categories=FIXED.categories,
        criteria=[{"stage": "first", "name": "効果"}],
        papers=[
            {"code": "accounts", "name": "決算書"},
            {"code": "photo", "name": "写真", "for_report": True},
        ],
    )
    call = make_call(fund, edition=make_edition(fund.municipality, parts=parts))
    application = make_application(call, state="draft")
    person = make_representative(application.organisation)
    with pytest.raises(Missing, match="「決算書」を添付") as refusal:
        actions.file_application(application, by=person)
    assert refusal.value.field == "papers"
    required = call.edition.papers.get(code="accounts")
    words = {"name": "決算書.pdf", "size": 1, "added_at": clock.now(), "added_by": person}
    Paper.objects.create(application=application, required=required, **words)
    actions.file_application(application, by=person)
    assert seen(application).state == "submitted"


# --- returned, and sent again --------------------------------------------------------------------------------------


def test_return_application_says_what_to_correct(filed, desk):
    actions.return_application(filed, by=desk, remarks=" 予算の内訳を書いてください。 ")
    application = seen(filed)
    assert (application.state, application.remarks) == ("returned", "予算の内訳を書いてください。")
    entry = history(application).last()
    assert (entry.verb, entry.data["remarks"]) == ("application.returned", "予算の内訳を書いてください。")


def test_return_application_has_a_day_by_which_it_is_wanted(filed, desk, person):
    with at(TODAY):
        actions.return_application(filed, by=desk, remarks="直してください。")
        assert seen(filed).correct_by == correction_due(filed.call)
        assert history(filed).last().data["correct_by"] == correction_due(filed.call).isoformat()
        actions.file_application(filed, by=person)
        assert seen(filed).correct_by is None
        today = clock.today()
        with pytest.raises(Refused) as refusal:
            actions.return_application(
                filed, by=desk, remarks="直してください。", correct_by=today - timedelta(days=1)
            )
        assert (refusal.value.field, seen(filed).state) == ("correct_by", "submitted")
        actions.return_application(filed, by=desk, remarks="直してください。", correct_by=today)
    # It passes, and nothing happens by itself.
    with at(LATER):
        assert (seen(filed).state, seen(filed).correct_by) == ("returned", today)
        actions.file_application(filed, by=person)
    assert seen(filed).state == "submitted"


def test_the_day_that_is_offered_counts_working_days_of_the_municipality(call):
    with clock.standing_at(clock.at(date(2025, 7, 1))):
        assert correction_due(call) == date(2025, 7, 15)
        set_closing_day(call.fund.municipality, date(2025, 7, 3), by=None, name="庁舎の停電")
        assert correction_due(call) == date(2025, 7, 16)
        call.edition.correction_days = 1
        assert correction_due(call) == date(2025, 7, 2)


def test_returning_needs_remarks_and_what_was_sent(filed, draft, call, desk):
    with pytest.raises(Missing) as refusal:
        actions.return_application(filed, by=desk, remarks=" ")
    assert (refusal.value.field, seen(filed).state) == ("remarks", "submitted")
    for state in ("draft", "checked", "withdrawn"):
        with pytest.raises(Refused):
            actions.return_application(make_application(call, state=state), by=desk, remarks="直す")


def test_one_returned_is_sent_again_after_the_end_and_keeps_its_number(filed, person, company, call):
    with at(CLOSES - SECOND):
        actions.return_application(filed, by=None, remarks="効果を数で書いてください。")
    make_application(call, state="submitted")
    colleague = make_representative(company)
    with at(LATER):
        save(filed, colleague, effect="藻場が2ha増える。")
        actions.file_application(filed, by=colleague)
    application = seen(filed)
    assert (application.state, application.ref, application.effect) == (
        "submitted",
        "2025-001",
        "藻場が2ha増える。",
    )
    # When and by whom it came in time.
    assert (application.filed_at, application.filed_by) == (TODAY, person)
    entry = history(application).last()
    assert (entry.at, entry.actor_id, entry.data["again"]) == (LATER, colleague.pk, True)


def test_one_returned_is_sent_again_while_others_are_screened(filed, person, call):
    actions.return_application(filed, by=None, remarks="直してください。")
    with at(LATER):
        actions.begin_screening(call, by=None)
        save(seen(filed), person, effect="藻場が2ha増える。")
        actions.file_application(filed, by=person)
    assert seen(filed).state == "submitted"


def test_one_returned_must_be_right_as_any_other(filed, person):
    actions.return_application(filed, by=None, remarks="直してください。")
    save(filed, person, costs=[])
    with pytest.raises(Missing, match="経費を1行以上"):
        actions.file_application(filed, by=person)
    assert seen(filed).state == "returned"


def test_nobody_works_on_a_call_that_was_given_up(call, desk):
    returned, submitted = make_application(call, state="returned"), make_application(call, state="submitted")
    person = make_representative(returned.organisation)
    actions.cancel_call(call, by=None, reason="財源がなくなったため")
    for act in (
        lambda: save(seen(returned), person, title="別の題"),
        lambda: actions.file_application(seen(returned), by=person),
        lambda: actions.return_application(submitted, by=desk, remarks="直してください。"),
        lambda: actions.check_application(submitted, by=desk),
    ):
        with pytest.raises(Refused):
            act()
    assert [seen(returned).state, seen(submitted).state] == ["withdrawn", "withdrawn"]


def test_check_application_ends_the_correcting(filed, person, desk):
    actions.return_application(filed, by=desk, remarks="直してください。")
    actions.file_application(filed, by=person)
    actions.check_application(filed, by=desk)
    assert (seen(filed).state, seen(filed).remarks, seen(filed).shown_state) == ("checked", "", "submitted")
    assert history(filed).last().verb == "application.checked"


@pytest.mark.parametrize("state", ["draft", "returned", "checked", "withdrawn"])
def test_only_what_was_sent_is_checked(call, desk, state):
    application = make_application(call, state=state)
    with pytest.raises(Refused):
        actions.check_application(application, by=desk)
    assert seen(application).state == state


@pytest.mark.parametrize("role", ["officer", "manager", "administrator", "auditor"])
def test_the_form_is_checked_by_the_desk_alone(filed, city, role):
    for by in (make_staff(city, role), filed.filed_by, make_staff(make_municipality())):
        for act in (
            lambda by=by: actions.return_application(filed, by=by, remarks="直してください。"),
            lambda by=by: actions.check_application(filed, by=by),
        ):
            with pytest.raises(NotAllowed):
                act()


# --- taking it back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["draft", "submitted", "returned", "checked"])
def test_withdraw_application_at_any_time(call, state):
    application = make_application(call, state=state)
    person = make_representative(application.organisation)
    actions.withdraw_application(application, by=person, reason=" 人手の不足 ")
    assert (seen(application).state, seen(application).reason) == ("withdrawn", "人手の不足")
    entry = history(application).last()
    assert (entry.verb, entry.data["reason"]) == ("application.withdrawn", "人手の不足")
    with pytest.raises(Refused):
        actions.withdraw_application(application, by=person)


def test_what_was_awarded_is_stopped_not_withdrawn(awarded, person):
    with pytest.raises(Refused, match="変更申請"):
        actions.withdraw_application(awarded, by=person)
    assert seen(awarded).state == "awarded"


# --- behind the curtain --------------------------------------------------------------------------------------------


@pytest.fixture
def judged(call):
    """One application in each state that is known to the secretariat alone, by state."""
    ones = [make_application(call) for _ in range(4)]
    with at(LATER):
        actions.begin_screening(call, by=None)
        make_committee(call.fund)
        score_all(call, Stage.FIRST)
        reasons = {one.pk: "効果の裏付けが足りない。" for one in ones}
        actions.decide_stage(
            call, by=None, stage=Stage.FIRST, passed=[one.pk for one in ones[1:]], reasons=reasons
        )
        score_all(call, Stage.SECOND)
        actions.decide_stage(call, by=None, stage=Stage.SECOND, passed=[ones[2].pk], reasons=reasons)
    found = {seen(one).state: seen(one) for one in ones[:3]}
    return {**found, "second_failed": seen(ones[3])}


def outcomes(judged, act) -> set[str]:
    """What each applicant is told."""
    told = set()
    for application in judged.values():
        try:
            act(application, make_representative(application.organisation))
        except Refused as error:
            told.add(f"{type(error).__name__} {error.field} {error}")
        else:
            told.add("done")
    return told


def test_no_answer_tells_a_result_before_the_release(judged):
    assert sorted(judged) == ["first_failed", "second_failed", "second_passed"]
    assert {one.shown_state for one in judged.values()} == {"submitted"}
    with at(LATER):
        (sent,) = outcomes(judged, lambda one, by: actions.file_application(one, by=by))
        assert "「申請」のため" in sent
        (saved,) = outcomes(judged, lambda one, by: save(one, by, title="別の題"))
        assert "もう書き直せません" in saved
        assert outcomes(judged, lambda one, by: actions.withdraw_application(one, by=by)) == {"done"}
    assert {seen(one).state for one in judged.values()} == {"withdrawn"}


def test_what_failed_is_not_withdrawn_after_the_release(judged, call):
    with at(LATER):
        actions.prepare_decision(judged["second_passed"], by=None, outcome="not_awarded", reasons="予算")
        actions.release(call, by=None)
        (answer,) = outcomes(
            {state: judged[state] for state in ("first_failed", "second_failed")},
            lambda one, by: actions.withdraw_application(one, by=by),
        )
    assert "結果が出た申請" in answer
    assert seen(judged["first_failed"]).state == "first_failed"


# --- two at once ---------------------------------------------------------------------------------------------------


def today(act):
    """The step on the day of the test: a thread has a clock of its own."""

    def step():
        with at(TODAY):
            return act()

    return step


class TestTwoAtOnce:
    pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

    def test_a_double_click_begins_once(self, call, company, person):
        key = uuid.uuid4()
        found = race(
            *(today(lambda: actions.start_application(call, by=person, organisation=company, key=key)),) * 4
        )
        assert told(found) == 0
        assert len({application.pk for application in found}) == Application.objects.count() == 1

    def test_drafts_begun_at_once_are_counted(self, call, company, person):
        begin = today(lambda: actions.start_application(call, by=person, organisation=company))
        for _ in range(18):
            begin()
        assert told(race(*(begin,) * 4)) == 2
        assert Application.objects.count() == 20

    def test_a_double_click_files_once(self, ready, person):
        ones = [seen(ready) for _ in range(4)]
        results = race(*(today(lambda one=one: actions.file_application(one, by=person)) for one in ones))
        assert told(results) == 3
        assert (seen(ready).state, seen(ready).ref) == ("submitted", "2025-001")
        assert verbs(ready).count("application.filed") == 1

    def test_many_who_file_at_once_get_a_number_each(self, call):
        drafts = [make_application(call, state="draft") for _ in range(6)]
        people = [make_representative(one.organisation) for one in drafts]
        results = race(
            *(
                today(lambda one=one, by=by: actions.file_application(one, by=by))
                for one, by in zip(drafts, people, strict=True)
            )
        )
        assert told(results) == 0
        assert sorted(seen(one).ref for one in drafts) == [f"2025-00{n}" for n in range(1, 7)]

    def test_two_who_save_at_once_lose_nothing(self, ready, person, company):
        colleague = make_representative(company)

        def write(by, number: int):
            mine = seen(ready)
            costs = [{**WAGES, "label": f"担当{number}", "yen": number}] * number
            return today(lambda: save(mine, by, title=f"題{number}", costs=costs, goals=[number]))

        results = race(write(person, 2), write(colleague, 3))
        assert told(results) == 1
        assert sum(isinstance(each, Conflict) for each in results) == 1
        number = 2 if results[0] is None else 3
        assert (seen(ready).title, seen(ready).version) == (f"題{number}", 2)
        assert lines(ready) == [("plan", "wages", f"担当{number}", number, place) for place in range(number)]
        assert list(ready.goals.values_list("pk", flat=True)) == [number]

    def test_what_is_saved_while_it_is_sent_is_not_in_it(self, monkeypatch, ready, person, company):
        mine, theirs, colleague = seen(ready), seen(ready), make_representative(company)
        results = cut_in(
            monkeypatch,
            actions.applying,
            "problems",
            first=lambda: actions.file_application(mine, by=person, version=mine.version),
            second=today(lambda: save(theirs, colleague, costs=[])),
        )
        assert told(results) == 1
        assert isinstance(results[1], Conflict)
        assert (seen(ready).state, lines(ready)) == ("submitted", [("plan", "wages", "担当者", 1_000_000, 0)])

    def test_what_was_saved_just_before_is_not_sent_unseen(self, monkeypatch, ready, person, company):
        mine, theirs, colleague = seen(ready), seen(ready), make_representative(company)
        results = cut_in(
            monkeypatch,
            actions.applying,
            "set_costs",
            first=lambda: save(theirs, colleague, costs=[]),
            second=today(lambda: actions.file_application(mine, by=person, version=mine.version)),
        )
        assert told(results) == 1
        assert isinstance(results[1], Conflict)
        assert (seen(ready).state, lines(ready)) == ("draft", [])

    def test_taken_back_while_it_is_checked(self, monkeypatch, filed, person):
        results = cut_in(
            monkeypatch,
            actions.applying,
            "move",
            first=lambda: actions.check_application(seen(filed), by=None),
            second=today(lambda: actions.withdraw_application(seen(filed), by=person)),
        )
        assert told(results) == 0
        assert (seen(filed).state, verbs(filed)[-2:]) == (
            "withdrawn",
            ["application.checked", "application.withdrawn"],
        )
