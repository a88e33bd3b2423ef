"""Why a case lies: each reason from the record, the main one first; and what usually helps next."""

from datetime import date, datetime, timedelta

import pytest

from musubi.cases import actions
from musubi.cases.agreements import actions as agreements
from musubi.cases.models import Case, LastWord, Remedy, RemedyAct, Todo, Trial
from musubi.cases.queries import for_rows
from musubi.cases.radar.reasons import Reason, Record, reasons_of
from musubi.cases.radar.remedies import Remedies
from musubi.cases.radar.signs import sign_of
from musubi.lib import clock
from musubi.people.models import Staff
from musubi.proposals.models import Routing
from tests.factories.cases import make_case, make_contact
from tests.factories.people import make_department, make_municipality, make_representative, make_staff

pytestmark = pytest.mark.django_db

OPENED, LATER = date(2026, 6, 1), date(2026, 10, 1)


@pytest.fixture
def officer():
    return make_staff(make_municipality(), "officer", name="森 和子")


@pytest.fixture
def case(officer):
    """In dialogue since June, and everything past by October."""
    with clock.standing_at(OPENED):
        return make_case(officer.staff.get().municipality, officer=officer)


def reasons(case: Case, day: date = LATER) -> list[Reason]:
    with clock.standing_at(day):
        row = for_rows(Case.objects.filter(pk=case.pk)).get()
        return reasons_of(row, sign_of(row), Record([row]))


def codes(case: Case, day: date = LATER) -> list[str]:
    return [reason.code for reason in reasons(case, day)]


def put(case: Case, stage: str, **facts) -> None:
    """The case at another stage since 1 July, as if it had gone there; the ball is not overdue."""
    Case.objects.filter(pk=case.pk).update(
        stage=stage, stage_since=clock.at(date(2026, 7, 1)), ball_due_on=date(2026, 12, 25), **facts
    )


def make_trial(case: Case, state: str, **facts) -> Trial:
    facts = {"title": "分別の実証", "field": "北浜", "started_at": None, **facts}
    if state in ("running", "reported"):
        facts["started_at"] = clock.at(date(2026, 7, 2))
    return Trial.objects.create(
        case=case, state=state, starts_on=date(2026, 7, 2), ends_on=date(2026, 9, 1), **facts
    )


def test_waiting_for_the_organisations_reply(case, officer):
    with clock.standing_at(date(2026, 6, 3)):
        actions.say(case, by=officer, body="資料をお願いします。")
    organisation = case.organisations.get()

    (reason,) = reasons(case)

    assert (reason.code, reason.since, reason.act, reason.is_open) == (
        "no_reply",
        date(2026, 6, 3),
        "offer",
        True,
    )
    assert reason.text == f"{organisation}に連絡し、返事を待っています"


def test_the_organisation_has_it_but_nobody_asked(case, officer):
    organisation = case.organisations.get()
    with clock.standing_at(date(2026, 6, 3)):
        actions.say(case, by=officer, body="お知らせです。", asks=False)
    with clock.standing_at(date(2026, 6, 5)):
        actions.hand_ball(case, organisation, by=officer, next_step="見積りを出す")

    (reason,) = reasons(case)

    assert (reason.code, reason.since, reason.act) == ("not_asked", date(2026, 6, 5), "say")


def test_we_owe_the_organisation_an_answer(case):
    partner = make_representative(case.organisations.get())
    with clock.standing_at(date(2026, 6, 8)):
        actions.say(case, by=partner, body="お返事をお待ちしています。")

    (reason,) = reasons(case)

    assert (reason.code, reason.since, reason.label) == ("unanswered", date(2026, 6, 8), "返事を書く")


def test_waiting_for_another_department(case, officer):
    manager = make_staff(case.municipality, "manager", case.lead)
    sea = make_department(case.municipality, "水産課")
    with clock.standing_at(date(2026, 6, 8)):
        actions.add_department(case, sea, by=manager)
        actions.hand_ball(case, sea, by=officer, next_step="漁港の使い方を調べる")

    (reason,) = reasons(case)

    assert (reason.code, reason.since) == ("elsewhere", date(2026, 6, 8))
    assert reason.text == f"水産課の対応を待っています(主担当は{case.lead})"


def test_a_department_was_asked_about_the_proposal_and_has_not_answered(case, officer):
    sea = make_department(case.municipality, "水産課")
    Routing.objects.create(
        proposal=case.proposal,
        department=sea,
        asked_at=clock.at(date(2026, 6, 2)),
        asked_by=officer,
        due_on=date(2026, 6, 16),
    )

    reason = next(reason for reason in reasons(case) if reason.code == "routing")

    assert (reason.text, reason.since) == ("水産課が、提案の照会にまだ回答していません", date(2026, 6, 2))
    case.departments.add(sea)
    assert "routing" not in codes(case)


def test_the_lead_lets_it_lie(officer):
    with clock.standing_at(OPENED):
        contact = make_contact(officer.staff.get().municipality, officer=officer)

    (reason,) = reasons(contact)

    assert (reason.code, reason.since) == ("ball_late", date(2026, 6, 8))
    assert reason.text == f"{contact.lead}の番のまま、期限を過ぎています: 団体に連絡して対話を始める"


def test_owner_who_was_transferred(case, officer):
    Staff.objects.filter(user=officer).update(ended_at=clock.at(date(2026, 7, 1)))

    first = reasons(case)[0]

    assert (first.code, first.since, first.act) == ("owner_gone", date(2026, 7, 1), "owner")
    assert first.text == "担当者の森 和子さんは、異動などで、この案件の部署にいません"


def test_owner_in_another_department_is_gone_one_above_or_at_the_desk_is_not(case, officer):
    seat = Staff.objects.get(user=officer)
    above = make_department(case.municipality, "環境部")
    case.lead.parent = above
    case.lead.save()
    found = {}
    for name, department, role in (
        ("beside", make_department(case.municipality), "officer"),
        ("above", above, "manager"),
        ("desk", case.municipality.departments.get(is_desk=True), "desk"),
        ("auditor", None, "auditor"),
    ):
        Staff.objects.filter(pk=seat.pk).update(department=department, role=role)
        found[name] = "owner_gone" in codes(case)

    assert found == {"beside": True, "above": False, "desk": False, "auditor": True}


def test_paused_past_its_day(case, officer):
    with clock.standing_at(date(2026, 6, 5)):
        actions.pause(case, by=officer, until=date(2026, 7, 31), reason="議会の会期")

    first = reasons(case)[0]

    assert (first.code, first.since, first.act) == ("pause_over", date(2026, 7, 31), "resume")
    assert "pause_over" not in codes(case, date(2026, 7, 31))


def test_promises_that_were_not_kept(case):
    Todo.objects.create(case=case, text="地図を送る", department=case.lead, due_on=date(2026, 9, 1))
    Todo.objects.create(
        case=case, text="費用を調べる", organisation=case.organisations.get(), due_on=date(2026, 8, 20)
    )
    Todo.objects.create(case=case, text="先の話", department=case.lead, due_on=date(2026, 12, 1))

    reason = next(reason for reason in reasons(case) if reason.code == "todo_late")

    assert reason.since == date(2026, 8, 20)
    assert reason.text == f"宿題2件が期限を過ぎています({case.organisations.get()}: 費用を調べる)"


@pytest.mark.parametrize(
    ("stage", "expected"), [("planning", True), ("trial", True), ("dialogue", False), ("evaluation", False)]
)
def test_no_route_to_a_budget(case, stage, expected):
    put(case, stage)

    assert ("no_budget" in codes(case)) is expected


def test_no_route_is_no_reason_once_there_is_one(case):
    put(
        case,
        "planning",
        adoption_budget="廃棄物対策費",
        adoption_department=case.lead,
        adoption_deadline=date(2026, 10, 31),
    )

    assert "no_budget" not in codes(case)


def test_trial_that_ended_without_a_report(case):
    put(case, "trial")
    trial = make_trial(case, "running")

    reason = next(reason for reason in reasons(case) if reason.code == "trial_unreported")

    assert (reason.since, reason.act, reason.trial) == (date(2026, 9, 1), "report", trial.pk)
    assert "trial_unreported" not in codes(case, date(2026, 9, 1))


def test_report_without_a_decision(case):
    put(case, "evaluation")
    trial = make_trial(case, "reported", findings="9割が正しい。", reported_at=clock.at(date(2026, 9, 8)))

    reason = next(reason for reason in reasons(case) if reason.code == "undecided")

    assert (reason.since, reason.act, reason.trial) == (date(2026, 9, 8), "decide", trial.pk)


def test_plan_that_waits_for_its_approval(case):
    put(case, "planning")
    make_trial(case, "planned")

    assert "unapproved" in codes(case)


def test_implementation_without_an_outcome(case):
    put(case, "implementation")
    assert "no_outcome" in codes(case)

    put(case, "implementation", outcome_count=1)
    assert "no_outcome" not in codes(case)


def test_several_reasons_hold_the_one_that_blocks_most_first(case, officer):
    put(case, "planning")
    make_trial(case, "planned")
    Todo.objects.create(case=case, text="地図を送る", department=case.lead, due_on=date(2026, 9, 1))
    Staff.objects.filter(user=officer).update(ended_at=clock.at(date(2026, 7, 1)))

    assert codes(case) == ["owner_gone", "todo_late", "unapproved", "no_budget"]


def test_nothing_in_the_record_is_said_as_it_is(officer):
    """Slow, the ball not overdue, nothing promised; first silent, then spoken to lately."""
    with clock.standing_at(OPENED):
        contact = make_contact(officer.staff.get().municipality, officer=officer)
    Case.objects.filter(pk=contact.pk).update(ball_due_on=date(2026, 12, 25))

    (quiet,) = reasons(contact)
    assert (quiet.code, quiet.since) == ("quiet", OPENED)
    assert quiet.text == "案件を開いてから、まだだれも発言していません"

    Case.objects.filter(pk=contact.pk).update(last_spoken_at=clock.at(date(2026, 9, 30)))
    (long,) = reasons(contact)
    assert (long.code, long.since) == ("long", OPENED)


def test_whoever_decides_on_the_adoption_has_let_the_day_pass(case):
    route = {"adoption_budget": "環境費", "adoption_department": case.lead}
    put(case, "evaluation", adoption_deadline=date(2026, 9, 15), **route)
    Case.objects.filter(pk=case.pk).update(last_spoken_at=clock.at(date(2026, 9, 30)))

    (reason,) = reasons(case)

    assert (reason.code, reason.since, reason.act) == ("adoption_late", date(2026, 9, 15), "adoption")
    assert reason.text.startswith(f"導入の判断を待っています({case.lead})。")
    assert "adoption_late" not in codes(case, date(2026, 9, 15))


def test_the_lawyers_look_at_the_agreement(case, officer):
    desk = make_staff(case.municipality, "desk")
    with clock.standing_at(date(2026, 7, 6)):
        agreement = agreements.draft_agreement(
            case.lead,
            list(case.organisations.all()),
            by=desk,
            kind="individual",
            title="分別の協定",
            cases=[case],
        )
        agreements.ask_review(agreement, by=desk)
    put(case, "implementation", outcome_count=1)

    found = {reason.code: reason for reason in reasons(case)}["review"]

    assert (found.since, found.agreement) == (date(2026, 7, 6), agreement.ref)
    assert found.text == "協定「分別の協定」が、法務の確認を待っています"
    with clock.standing_at(date(2026, 7, 7)):
        agreements.return_to_drafting(agreement, by=desk, remarks="期間を書く。")
    assert "review" not in codes(case)


def test_a_case_without_a_sign_has_no_reason(officer):
    with clock.standing_at(OPENED):
        contact = make_contact(officer.staff.get().municipality, officer=officer)

    assert codes(contact, OPENED) == []


def test_reasons_cost_the_same_for_one_and_for_many(case, officer, django_assert_num_queries):
    with clock.standing_at(OPENED):
        for _n in range(4):
            make_contact(case.municipality, officer=officer)
    rows = list(for_rows(Case.objects.filter(municipality=case.municipality)))
    for chosen in (rows[-2:], rows):
        for row in chosen:
            assert row.department_ids
        with django_assert_num_queries(7):
            record = Record(chosen)
            for row in chosen:
                record.owner_works_here(row)
                record.last_word(row)


# --- what usually helps --------------------------------------------------------------------------------------

OPEN_REASON = Reason("quiet", "", None, "say", "メッセージを送る", "近況をたずねてください。", is_open=True)
CLEAR_REASON = Reason("no_budget", "", None, "adoption", "導入の道筋を決める", "予算を決めてください。")


def helped(municipality, act: str, stays: int, done: int, moved: int, **kind) -> None:
    Remedy.objects.create(
        **{"municipality": municipality, "stage": "dialogue", "last_word": LastWord.MUNICIPALITY, **kind},
        act=act,
        stays=stays,
        done=done,
        moved=moved,
        fitted_at=clock.now(),
    )


def help_in(municipality, reason: Reason = OPEN_REASON):
    return Remedies(municipality.pk).help("dialogue", LastWord.MUNICIPALITY, reason)


def test_help_names_what_worked_with_its_counts():
    city = make_municipality()
    helped(city, RemedyAct.MEETING, 18, 13, 11)
    helped(city, RemedyAct.MESSAGE, 18, 18, 6)
    helped(city, RemedyAct.CLOSE, 18, 18, 2)

    found = help_in(city)

    assert (
        found.text == "同じ状況だった18件のうち、打合せをした13件では、11件がその後7日以内に次へ動きました。"
    )
    assert (found.act, found.label, found.source, found.learned) == (
        "offer",
        "打合せの日を示す",
        "庁内の記録から",
        True,
    )


def test_help_prefers_the_many_to_a_lucky_few():
    city = make_municipality()
    helped(city, RemedyAct.MESSAGE, 60, 42, 40)
    helped(city, RemedyAct.MEETING, 60, 5, 5)

    assert help_in(city).act == "say"


def test_help_of_all_municipalities_where_the_own_history_is_thin():
    city = make_municipality()
    helped(make_municipality(), RemedyAct.BALL, 30, 20, 20)
    helped(None, RemedyAct.MEETING, 30, 20, 15)
    helped(city, RemedyAct.MESSAGE, 10, 4, 4)

    found = help_in(city)

    assert (found.act, found.source) == ("offer", "ほかの自治体も含む記録から")


def test_help_without_history_is_plain_advice_and_says_so():
    found = help_in(make_municipality())

    assert (found.text, found.act, found.learned) == ("近況をたずねてください。", "say", False)
    assert found.source == "同じ状況の記録がまだ少ないため、一般的な助言です。"


def test_help_for_what_the_gate_asks_is_the_gate():
    city = make_municipality()
    helped(city, RemedyAct.MEETING, 18, 13, 11)

    found = help_in(city, CLEAR_REASON)

    assert (found.act, found.label, found.source) == ("adoption", "導入の道筋を決める", "")


def test_last_word_is_of_whoever_wrote_last(case, officer):
    partner = make_representative(case.organisations.get())

    def last() -> LastWord:
        return Record([case]).last_word(case)

    moment = datetime.combine(OPENED, datetime.min.time(), clock.TOKYO) + timedelta(days=2)
    assert last() == LastWord.NOBODY
    with clock.standing_at(moment):
        actions.say(case, by=officer, body="いかがでしょうか。")
    assert last() == LastWord.MUNICIPALITY
    with clock.standing_at(moment + timedelta(days=1)):
        actions.say(case, by=partner, body="進めています。")
    assert last() == LastWord.ORGANISATION
