"""Screening: the committee and its ties, who is given what to score, the sheets, and what each may read."""

from datetime import date, timedelta

import pytest

from musubi.fund import actions
from musubi.fund.models import Assignment, CommitteeMember, Contribution, Score
from musubi.fund.queries import applications_for, applications_to, sheets_of
from musubi.fund.ranking import standings
from musubi.fund.states import Source, Stage
from musubi.fund.ties import is_tied, ties
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.people.models import Representative
from tests.factories.fund import (
    general,
    make_application,
    make_call,
    make_committee,
    make_contribution,
    make_edition,
    make_fund,
    score_all,
)
from tests.factories.people import (
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
    make_user,
)

pytestmark = pytest.mark.django_db
FIRST, SECOND = Stage.FIRST, Stage.SECOND


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2025, 7, 14)):
        yield


@pytest.fixture
def city():
    return make_municipality("shiokaze")


@pytest.fixture
def fund(city):
    return make_fund(city)


@pytest.fixture
def desk(city):
    return make_staff(city)


@pytest.fixture
def manager(city):
    return make_staff(city, "manager")


def make_screened(fund, *, count: int = 1, organisations=(), **rules):
    """A call whose window is over, with as many checked applications, and its applications."""
    with clock.standing_at(date(2025, 6, 12)):
        call = make_call(fund, edition=make_edition(fund.municipality, **rules))
        given = [*organisations, *[None] * (count - len(organisations))]
        applications = [make_application(call, organisation=one) for one in given]
    actions.begin_screening(call, by=None)
    return call, applications


def points(sheet, each: int = 4) -> dict[int, int]:
    criteria = sheet.application.edition.criteria.filter(stage=sheet.stage)
    return {row.pk: each for row in criteria}


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def pairs(call) -> set[tuple[int, int, str]]:
    return set(
        Assignment.objects.filter(application__call=call).values_list("application", "member", "state")
    )


# --- the committee -------------------------------------------------------------------------------------------


def test_a_member_is_appointed_with_the_employer(fund, desk):
    company = make_organisation("見本海運株式会社", corporate_number="4011005003009")
    member = actions.appoint_member(fund, by=desk, user=make_user(), title=" 会長 ", employer=company)
    assert (member.title, member.employer_name, member.employer_number) == (
        "会長",
        "見本海運株式会社",
        "4011005003009",
    )
    assert member.appointed_on == date(2025, 7, 14)
    assert verbs(fund)[-1] == "committee.appointed"


def test_a_member_is_appointed_once_at_a_time(fund, desk):
    member = make_committee(fund, 1)[0]
    with pytest.raises(Conflict):
        actions.appoint_member(fund, by=desk, user=member.user)
    actions.release_member(member, by=desk)
    assert actions.appoint_member(fund, by=desk, user=member.user) != member


def test_a_corporate_number_is_written_in_one_way(fund, desk):
    member = actions.appoint_member(
        fund, by=desk, user=make_user(), employer_number="４０１１００-５００３００９"
    )
    assert member.employer_number == "4011005003009"
    with pytest.raises(Refused) as refusal:
        actions.appoint_member(fund, by=desk, user=make_user(), employer_number="4011005003008")
    assert refusal.value.field == "employer_number"


def test_appoint_member_is_the_secretariats(fund, manager):
    with pytest.raises(NotAllowed):
        actions.appoint_member(fund, by=manager, user=make_user())


def test_who_leaves_gives_back_what_is_not_scored(fund, desk):
    call, _applications = make_screened(fund, count=2)
    member = make_committee(fund, 2)[0]
    actions.assign(call, by=None, stage=FIRST)
    scored, waiting = member.assignments.all()
    actions.score(scored, by=member.user, points=points(scored))
    actions.release_member(member, by=desk)
    assert set(member.assignments.values_list("pk", "state")) == {
        (scored.pk, "scored"),
        (waiting.pk, "taken_back"),
    }
    assert member.ended_on == date(2025, 7, 14)
    assert verbs(fund)[-1] == "committee.released"


def test_release_member_twice_or_by_another_is_refused(fund, manager):
    member = make_committee(fund, 1)[0]
    with pytest.raises(NotAllowed):
        actions.release_member(member, by=manager)
    actions.release_member(member, by=None)
    with pytest.raises(Conflict):
        actions.release_member(CommitteeMember.objects.get(pk=member.pk), by=None)


# --- ties ----------------------------------------------------------------------------------------------------

NUMBER = "4011005003009"


def act_for(organisation, member) -> None:
    """The member becomes a representative of the organisation, of which no action on the fund is told."""
    Representative.objects.create(user=member.user, organisation=organisation)


def why(member, application) -> str:
    return ties([member], [application]).get((member.pk, application.pk), "")


@pytest.mark.parametrize(
    ("applicant", "employer", "told"),
    [
        ({}, {"employer_name": "別の株式会社"}, ""),
        ({}, {}, ""),
        ({"corporate_number": NUMBER}, {"employer_number": NUMBER}, "勤務先と同じ法人番号の団体からの申請"),
        ({"name": "株式会社みなと"}, {"employer_name": "(株)みなと"}, "勤務先と同じ名前の団体からの申請"),
        ({"name": "株式会社みなと"}, {"employer_name": "NPO法人みなと"}, ""),
    ],
)
def test_the_employer_is_known_by_number_and_by_name(fund, applicant, employer, told):
    _call, (application,) = make_screened(fund, organisations=[make_organisation(**applicant)])
    member = actions.appoint_member(fund, by=None, user=make_user(), **employer)
    assert why(member, application) == told


def test_the_employer_is_known_by_its_row(fund):
    company = make_organisation()
    _call, (application,) = make_screened(fund, organisations=[company])
    member = actions.appoint_member(fund, by=None, user=make_user(), employer=company, employer_name="旧名")
    assert why(member, application) == "勤務先からの申請"


def test_the_applicants_number_counts_when_it_is_learned_later(fund):
    employer, other_branch = make_organisation("見本の会"), make_organisation("見本の会 西支部")
    _call, (application,) = make_screened(fund, organisations=[other_branch])
    member = actions.appoint_member(fund, by=None, user=make_user(), employer_number=NUMBER)
    colleague = actions.appoint_member(fund, by=None, user=make_user(), employer=employer)
    assert ties([member, colleague], [application]) == {}
    other_branch.corporate_number = NUMBER
    other_branch.save()
    assert why(member, application) == "勤務先と同じ法人番号の団体からの申請"
    assert not is_tied(colleague, application)


def test_whom_the_member_acts_for_is_a_tie(fund):
    _call, (application,) = make_screened(fund)
    member = actions.appoint_member(fund, by=None, user=application.filed_by)
    assert why(member, application) == "委員が担当者を務める団体からの申請"


def test_who_acts_for_a_giver_does_not_screen_the_other_givers(fund):
    giver, other = make_organisation(), make_organisation("株式会社みなと")
    _call, (application,) = make_screened(fund, organisations=[giver])
    member = actions.appoint_member(fund, by=None, user=make_representative(other))
    assert not is_tied(member, application)
    for organisation in (giver, other):
        make_contribution(general(fund), organisation=organisation)
    assert is_tied(member, application)


def test_those_who_give_together_do_not_award_to_each_other(fund):
    giver, other = make_organisation(), make_organisation("株式会社みなと")
    _call, (application,) = make_screened(fund, organisations=[giver])
    member = actions.appoint_member(fund, by=None, user=make_user(), employer_name="(株)みなと")
    theirs = make_contribution(general(fund), organisation=giver)
    assert not is_tied(member, application)
    ours = make_contribution(general(fund), organisation=other, state="pledged")
    assert why(member, application) == "ともにファンドに拠出した団体からの申請"
    actions.cancel_pledge(ours, by=None, reason="事情が変わったため")
    assert not is_tied(member, application)
    assert Contribution.objects.get(pk=theirs.pk).state == "received"


def test_giving_to_another_fund_is_no_tie(fund, city):
    giver, employer = make_organisation(), make_organisation()
    last_year = make_fund(city, year=2024, name="昨年のファンド")
    _call, (application,) = make_screened(fund, organisations=[giver])
    member = actions.appoint_member(fund, by=None, user=make_user(), employer=employer)
    colleague = actions.appoint_member(last_year, by=None, user=make_user(), employer=employer)
    make_contribution(general(fund), organisation=giver)
    actions.pledge(
        general(last_year), by=None, source=Source.ORGANISATION, yen=1, name="", organisation=employer
    )
    assert ties([member, colleague], [application]) == {}


def test_a_declared_interest_is_a_tie_for_the_person_also_in_a_later_term(fund, desk):
    _call, (application,) = make_screened(fund)
    member = make_committee(fund, 1)[0]
    actions.declare_interest(
        member, by=member.user, organisation=application.organisation, words="弟が理事を務める"
    )
    assert why(member, application) == "届け出のあった関係: 弟が理事を務める"
    assert verbs(fund)[-1] == "committee.interest_declared"
    actions.release_member(member, by=desk)
    again = actions.appoint_member(fund, by=desk, user=member.user)
    assert is_tied(again, application)


def test_declare_interest_says_what_is_missing_and_is_the_members_or_the_secretariats(fund, desk, manager):
    _call, (application,) = make_screened(fund)
    member, other = make_committee(fund, 2)
    of = {"organisation": application.organisation}
    with pytest.raises(Missing) as refusal:
        actions.declare_interest(member, by=member.user, words=" ", **of)
    assert refusal.value.field == "words"
    for stranger in (manager, other.user):
        with pytest.raises(NotAllowed):
            actions.declare_interest(member, by=stranger, words="弟が理事を務める", **of)
    assert not is_tied(member, application)
    assert actions.declare_interest(member, by=desk, words="弟が理事を務める", **of).declared_by == desk


def test_a_declared_interest_recuses_sheets_that_were_scored_and_that_were_not(fund):
    company = make_organisation()
    call, (first, second, other) = make_screened(fund, count=3, organisations=[company, company])
    member, _other = make_committee(fund, 2)
    actions.assign(call, by=None, stage=FIRST)
    scored = member.assignments.get(application=first)
    actions.score(scored, by=member.user, points=points(scored))
    actions.declare_interest(member, by=member.user, organisation=company, words="弟が理事を務める")
    assert list(member.assignments.order_by("application").values_list("application", "state", "why")) == [
        (first.pk, "recused", "届け出のあった関係: 弟が理事を務める"),
        (second.pk, "recused", "届け出のあった関係: 弟が理事を務める"),
        (other.pk, "assigned", ""),
    ]


def test_ties_are_read_in_a_constant_number_of_statements(fund, django_assert_num_queries):
    for count in (1, 3):
        call, applications = make_screened(fund, count=count)
        members = [
            actions.appoint_member(fund, by=None, user=make_user(), employer=make_organisation())
            for _ in range(count)
        ]
        members = list(CommitteeMember.objects.filter(pk__in=[member.pk for member in members]))
        # Interests, representatives, contributions, the employers, and organisations like them.
        with django_assert_num_queries(5):
            assert ties(members, applications) == {}


# --- assigning -----------------------------------------------------------------------------------------------


def test_sheets_are_given_out_evenly(fund, desk):
    call, applications = make_screened(fund, count=3)
    members = make_committee(fund, 3)
    found = actions.assign(call, by=desk, stage=FIRST, due_on=date(2025, 7, 25))
    assert (len(found.pairs), found.short) == (6, {})
    assert [member.assignments.count() for member in members] == [2, 2, 2]
    assert set(Assignment.objects.values_list("due_on", "state")) == {(date(2025, 7, 25), "assigned")}
    assert verbs(call)[-1] == "call.assigned"


def test_assigning_again_changes_nothing(fund):
    call, _applications = make_screened(fund, count=3)
    make_committee(fund, 3)
    actions.assign(call, by=None, stage=FIRST)
    before = pairs(call)
    assert actions.assign(call, by=None, stage=FIRST).pairs == []
    assert pairs(call) == before


def test_assign_needs_a_committee_applications_and_a_call_that_is_screened(fund, manager):
    with clock.standing_at(date(2025, 6, 12)):
        call = make_call(fund)
    with pytest.raises(NotAllowed):
        actions.assign(call, by=manager, stage=FIRST)
    with pytest.raises(Refused, match="審査中ではありません"):
        actions.assign(call, by=None, stage=FIRST)
    actions.begin_screening(call, by=None)
    with pytest.raises(Refused, match="審査委員が登録されていません"):
        actions.assign(call, by=None, stage=FIRST)
    make_committee(fund, 1)
    with pytest.raises(Refused, match="審査にかける申請がありません"):
        actions.assign(call, by=None, stage=FIRST)


def test_a_tied_member_is_not_given_the_sheet_and_stands_as_recused(fund):
    company = make_organisation()
    call, (application, other) = make_screened(fund, count=2, organisations=[company])
    tied = actions.appoint_member(fund, by=None, user=make_user(), employer=company)
    free = make_committee(fund, 1)[0]
    found = actions.assign(call, by=None, stage=FIRST)
    assert found.short == {application.pk: 1}
    assert pairs(call) == {
        (application.pk, tied.pk, "recused"),
        (application.pk, free.pk, "assigned"),
        (other.pk, tied.pk, "assigned"),
        (other.pk, free.pk, "assigned"),
    }
    assert tied.assignments.get(application=application).why == "勤務先からの申請"


def test_no_more_stand_as_recused_than_are_lacking(fund):
    company = make_organisation()
    call, (application,) = make_screened(fund, organisations=[company], scorers=3)
    for _ in range(4):
        actions.appoint_member(fund, by=None, user=make_user(), employer=company)
    make_committee(fund, 1)
    for _ in range(2):
        actions.assign(call, by=None, stage=FIRST)
        assert sorted(application.assignments.values_list("state", flat=True)) == [
            "assigned",
            "recused",
            "recused",
        ]


def test_another_takes_the_place_of_one_who_declared_an_interest(fund):
    call, (application,) = make_screened(fund)
    members = make_committee(fund, 3)
    actions.assign(call, by=None, stage=FIRST)
    actions.declare_interest(members[0], by=None, organisation=application.organisation, words="弟が理事")
    assert actions.assign(call, by=None, stage=FIRST).pairs == [(application.pk, members[2].pk)]
    assert pairs(call) == {
        (application.pk, members[0].pk, "recused"),
        (application.pk, members[1].pk, "assigned"),
        (application.pk, members[2].pk, "assigned"),
    }


def test_a_tie_that_arose_after_the_sheet_was_given_recuses_it(fund):
    company = make_organisation()
    call, (application,) = make_screened(fund, organisations=[company])
    member, _other = make_committee(fund, 2)
    actions.assign(call, by=None, stage=FIRST)
    act_for(company, member)
    actions.assign(call, by=None, stage=FIRST)
    sheet = member.assignments.get()
    assert (sheet.state, sheet.why) == ("recused", "委員が担当者を務める団体からの申請")


def test_a_tie_that_is_over_does_not_open_a_recused_sheet_again(fund):
    giver, employer = make_organisation(), make_organisation()
    call, (application,) = make_screened(fund, organisations=[giver])
    make_contribution(general(fund), organisation=giver)
    ours = make_contribution(general(fund), organisation=employer, state="pledged")
    tied = actions.appoint_member(fund, by=None, user=make_user(), employer=employer)
    actions.assign(call, by=None, stage=FIRST)
    actions.cancel_pledge(ours, by=None, reason="事情が変わったため")
    assert actions.assign(call, by=None, stage=FIRST).short == {application.pk: 2}
    assert pairs(call) == {(application.pk, tied.pk, "recused")}


def test_what_was_taken_back_goes_to_another_or_to_nobody(fund, desk, manager):
    call, (application,) = make_screened(fund, scorers=1)
    member = make_committee(fund, 1)[0]
    actions.assign(call, by=None, stage=FIRST)
    sheet = member.assignments.get()
    with pytest.raises(NotAllowed):
        actions.take_back(sheet, by=manager)
    actions.take_back(sheet, by=desk)
    assert verbs(application)[-1] == "sheet.taken_back"
    assert actions.assign(call, by=None, stage=FIRST).short == {application.pk: 1}
    other = make_committee(fund, 1)[0]
    assert actions.assign(call, by=None, stage=FIRST).pairs == [(application.pk, other.pk)]


def test_a_scored_sheet_is_not_taken_back(fund):
    call, _applications = make_screened(fund)
    make_committee(fund)
    score_all(call, FIRST)
    with pytest.raises(Refused):
        actions.take_back(Assignment.objects.first(), by=None)


def test_nobody_scores_twice_after_a_second_appointment(fund):
    call, (application,) = make_screened(fund, scorers=1)
    member = make_committee(fund, 1)[0]
    score_all(call, FIRST)
    actions.release_member(member, by=None)
    actions.appoint_member(fund, by=None, user=member.user)
    found = actions.assign(call, by=None, stage=FIRST)
    assert (found.pairs, found.short) == ([], {})
    assert pairs(call) == {(application.pk, member.pk, "scored")}


def test_after_a_second_appointment_what_was_not_scored_can_be(fund):
    call, (application,) = make_screened(fund, scorers=1)
    member = make_committee(fund, 1)[0]
    actions.assign(call, by=None, stage=FIRST)
    actions.release_member(member, by=None)
    again = actions.appoint_member(fund, by=None, user=member.user)
    assert actions.assign(call, by=None, stage=FIRST).pairs == [(application.pk, again.pk)]


# --- scoring -------------------------------------------------------------------------------------------------


@pytest.fixture
def sheet(fund):
    call, _applications = make_screened(fund)
    make_committee(fund, 2)
    actions.assign(call, by=None, stage=FIRST)
    return Assignment.objects.first()


def test_a_sheet_is_scored(sheet):
    actions.score(sheet, by=sheet.member.user, points=points(sheet, 3), comment=" 効果が見込まれる。 ")
    assert (sheet.state, sheet.comment, sheet.scored_at) == ("scored", "効果が見込まれる。", clock.now())
    assert [row.points for row in sheet.scores.all()] == [3, 3]
    assert verbs(sheet.application)[-1] == "sheet.scored"


def test_a_sheet_is_kept_unfinished_and_counts_when_it_is_submitted(sheet):
    effect, _chance = points(sheet)
    actions.score(sheet, by=sheet.member.user, points={effect: 5}, submit=False)
    assert (sheet.state, Score.objects.get().points) == ("assigned", 5)
    with pytest.raises(Missing) as refusal:
        actions.score(sheet, by=sheet.member.user, points={effect: 5})
    assert refusal.value.field == f"points_{_chance}"


def test_a_scored_sheet_that_is_worked_on_again_does_not_count_meanwhile(sheet):
    call = sheet.application.call
    actions.score(sheet, by=sheet.member.user, points=points(sheet, 5))
    assert standings(call, FIRST)[0].sheets == 1
    actions.score(sheet, by=sheet.member.user, points=points(sheet, 1), submit=False)
    assert (sheet.state, sheet.scored_at) == ("assigned", None)
    assert standings(call, FIRST)[0].sheets == 0


@pytest.mark.parametrize("given", [-1, 6])
def test_points_out_of_range_are_refused(sheet, given):
    with pytest.raises(Refused) as refusal:
        actions.score(sheet, by=sheet.member.user, points=points(sheet, given))
    assert refusal.value.field.startswith("points_")
    assert not Score.objects.exists()


def test_points_for_another_stages_criterion_are_refused(sheet):
    other = sheet.application.edition.criteria.get(stage=SECOND)
    with pytest.raises(Refused, match="審査項目が変わっています"):
        actions.score(sheet, by=sheet.member.user, points={**points(sheet), other.pk: 1})


def test_a_sheet_is_scored_by_its_member_alone(sheet, desk):
    other = CommitteeMember.objects.exclude(pk=sheet.member_id).get()
    for person in (other.user, desk, sheet.application.filed_by):
        with pytest.raises(NotAllowed):
            actions.score(sheet, by=person, points=points(sheet))
    actions.release_member(sheet.member, by=None)
    with pytest.raises(NotAllowed):
        actions.score(sheet, by=sheet.member.user, points=points(sheet))


def test_scoring_across_a_tie_is_not_allowed_even_where_the_sheet_is_there(sheet):
    act_for(sheet.application.organisation, sheet.member)
    with pytest.raises(NotAllowed, match="利害関係"):
        actions.score(sheet, by=sheet.member.user, points=points(sheet))
    assert not Score.objects.exists()


def test_a_recused_sheet_is_not_scored(sheet):
    Assignment.objects.filter(pk=sheet.pk).update(state="recused", why="親族が勤める")
    with pytest.raises(Refused, match="いまは書けません"):
        actions.score(sheet, by=sheet.member.user, points=points(sheet))


def test_once_the_stage_is_decided_no_sheet_changes(sheet):
    call = sheet.application.call
    for one in Assignment.objects.all():
        actions.score(one, by=one.member.user, points=points(one))
    actions.decide_stage(call, by=None, stage=FIRST, passed=[sheet.application_id], reasons={})
    with pytest.raises(Refused, match="この審査は終わりました"):
        actions.score(sheet, by=sheet.member.user, points=points(sheet, 5))
    assert set(Score.objects.values_list("points", flat=True)) == {4}


def test_a_cancelled_call_is_not_scored(sheet):
    actions.cancel_call(sheet.application.call, by=None, reason="財源がなくなったため")
    with pytest.raises(Refused, match="審査中ではありません"):
        actions.score(sheet, by=sheet.member.user, points=points(sheet))


# --- what is ranked ------------------------------------------------------------------------------------------


def test_a_recused_member_is_made_up_for_and_one_with_a_substitute_is_not(fund):
    company = make_organisation()
    call, (application, other) = make_screened(fund, count=2, organisations=[company])
    members = [actions.appoint_member(fund, by=None, user=make_user(), employer=company)]
    members += make_committee(fund, 1)
    score_all(call, FIRST, 3)
    # 3×2+3 = 9 a sheet: one and its like for the recused; two of the other.
    assert {one.application: (one.total, one.sheets, one.recused) for one in standings(call, FIRST)} == {
        application.pk: (18, 1, 1),
        other.pk: (18, 2, 0),
    }
    make_committee(fund, 1)
    score_all(call, FIRST, 3)
    assert {one.application: (one.total, one.sheets, one.recused) for one in standings(call, FIRST)} == {
        application.pk: (18, 2, 0),
        other.pk: (18, 2, 0),
    }


def test_the_ranking_takes_the_same_number_of_statements_for_any_number(fund, django_assert_num_queries):
    make_committee(fund)
    for count in (1, 4):
        call, _applications = make_screened(fund, count=count)
        score_all(call, FIRST)
        call.refresh_from_db()
        assert call.edition.scorers == 2
        with django_assert_num_queries(3):
            assert len(standings(call, FIRST)) == count


# --- reminders, sittings, minutes ----------------------------------------------------------------------------


def test_who_is_late_is_reminded_once_a_day(sheet, desk):
    call = sheet.application.call
    with clock.standing_at(clock.at(date(2025, 7, 20), 8)):
        assert actions.nudge(call, by=desk, stage=FIRST) == 2
    assert verbs(call)[-1] == "call.nudged"
    with clock.standing_at(clock.at(date(2025, 7, 20), 18)):
        assert actions.nudge(call, by=desk, stage=FIRST) == 0
    actions.score(sheet, by=sheet.member.user, points=points(sheet))
    with clock.standing_at(clock.at(date(2025, 7, 21), 0)):
        assert actions.nudge(call, by=desk, stage=FIRST) == 1


def test_a_new_sheet_is_no_reason_to_remind_a_second_time_the_same_day(fund):
    with clock.standing_at(date(2025, 6, 12)):
        call = make_call(fund, edition=make_edition(fund.municipality, scorers=1))
        make_application(call)
        late = make_application(call, state="returned")
    actions.begin_screening(call, by=None)
    member = make_committee(fund, 1)[0]
    actions.assign(call, by=None, stage=FIRST)
    assert actions.nudge(call, by=None, stage=FIRST) == 1
    actions.file_application(late, by=late.filed_by)
    actions.check_application(late, by=None)
    actions.assign(call, by=None, stage=FIRST)
    assert member.assignments.count() == 2
    assert actions.nudge(call, by=None, stage=FIRST) == 0


def test_nudge_is_the_secretariats_while_the_call_is_screened(sheet, manager):
    call = sheet.application.call
    with pytest.raises(NotAllowed):
        actions.nudge(call, by=manager, stage=FIRST)
    actions.cancel_call(call, by=None, reason="財源がなくなったため")
    with pytest.raises(Refused):
        actions.nudge(call, by=None, stage=FIRST)


@pytest.fixture
def passed(fund):
    call, applications = make_screened(fund, count=2)
    make_committee(fund)
    score_all(call, FIRST)
    actions.decide_stage(call, by=None, stage=FIRST, passed=[row.pk for row in applications], reasons={})
    for row in applications:
        row.refresh_from_db()
    return applications


TEN = clock.at(date(2025, 8, 22), 10)
HALF_AN_HOUR = timedelta(minutes=30)


def test_a_presentation_has_its_time(passed, desk):
    one, other = passed
    slot = actions.set_slot(one, by=desk, starts_at=TEN, ends_at=TEN + HALF_AN_HOUR, place=" 大会議室 ")
    assert (slot.starts_at, slot.place) == (TEN, "大会議室")
    assert verbs(one)[-1] == "application.slotted"
    at_once = {"starts_at": TEN + HALF_AN_HOUR / 2, "ends_at": TEN + 2 * HALF_AN_HOUR}
    with pytest.raises(Refused, match="重なっています"):
        actions.set_slot(other, by=desk, place="大会議室", **at_once)
    actions.set_slot(other, by=desk, place="小会議室", **at_once)
    actions.set_slot(
        other, by=desk, starts_at=TEN + HALF_AN_HOUR, ends_at=TEN + 2 * HALF_AN_HOUR, place="大会議室"
    )
    assert type(slot).objects.count() == 2


def test_set_slot_is_refused_for_a_time_that_cannot_be_and_to_others(passed, manager):
    with pytest.raises(Refused) as refusal:
        actions.set_slot(passed[0], by=None, starts_at=TEN, ends_at=TEN)
    assert refusal.value.field == "ends_at"
    with pytest.raises(NotAllowed):
        actions.set_slot(passed[0], by=manager, starts_at=TEN, ends_at=TEN + HALF_AN_HOUR)


def test_only_what_passed_the_first_screening_is_presented(fund):
    _call, (application,) = make_screened(fund)
    with pytest.raises(Refused, match="第一次審査を通過した"):
        actions.set_slot(application, by=None, starts_at=TEN, ends_at=TEN + HALF_AN_HOUR)


def test_what_the_panel_said_is_noted(passed, desk, manager):
    note = actions.note_panel(passed[0], by=desk, stage=SECOND, text=" 実施体制について質問があった。 ")
    assert (note.text, note.by, note.at) == ("実施体制について質問があった。", desk, clock.now())
    assert verbs(passed[0])[-1] == "application.panel_noted"
    with pytest.raises(Missing):
        actions.note_panel(passed[0], by=desk, stage=SECOND, text=" ")
    with pytest.raises(NotAllowed):
        actions.note_panel(passed[0], by=manager, stage=SECOND, text="質問があった。")


# --- who reads what ------------------------------------------------------------------------------------------


def test_a_member_reads_what_was_assigned_and_nothing_across_a_tie(fund):
    company = make_organisation()
    call, (tied, free) = make_screened(fund, count=2, organisations=[company])
    member, other = make_committee(fund, 2)
    actions.assign(call, by=None, stage=FIRST)
    assert {sheet.application_id for sheet in sheets_of(member.user)} == {tied.pk, free.pk}
    # The tie arises behind the back of every action.
    act_for(company, member)
    assert {sheet.application_id for sheet in sheets_of(member.user)} == {free.pk}
    assert {sheet.application_id for sheet in sheets_of(other.user)} == {tied.pk, free.pk}


def test_a_member_reads_nothing_that_was_recused_taken_back_or_withdrawn(fund):
    call, (recused, back, withdrawn) = make_screened(fund, count=3, scorers=1)
    member = make_committee(fund, 1)[0]
    actions.assign(call, by=None, stage=FIRST)
    actions.declare_interest(member, by=None, organisation=recused.organisation, words="弟が理事")
    actions.take_back(member.assignments.get(application=back), by=None)
    actions.withdraw_application(withdrawn, by=withdrawn.filed_by)
    assert list(sheets_of(member.user)) == []


def test_who_is_no_member_any_more_reads_nothing(sheet, desk):
    assert list(sheets_of(sheet.member.user)) == [sheet]
    assert list(sheets_of(desk)) == []
    actions.release_member(sheet.member, by=None)
    assert list(sheets_of(sheet.member.user)) == []


def test_applicants_read_their_own_and_the_secretariat_what_was_sent(fund, city, desk):
    _call, (application,) = make_screened(fund)
    with clock.standing_at(date(2025, 6, 12)):
        draft = make_application(make_call(fund), organisation=application.organisation, state="draft")
    person, stranger = application.filed_by, make_representative()
    assert set(applications_for(person)) == {application, draft}
    assert list(applications_for(stranger)) == list(applications_for(desk)) == []
    for reader in (desk, make_staff(city, "auditor")):
        assert list(applications_to(reader)) == list(applications_to(reader, city)) == [application]
    for reader in (make_staff(city, "officer"), make_staff(make_municipality()), person):
        assert list(applications_to(reader)) == []


@pytest.mark.parametrize("passes", [True, False])
def test_applicants_can_neither_see_nor_filter_by_a_result_before_the_release(fund, passes):
    call, (application,) = make_screened(fund)
    make_committee(fund)
    score_all(call, FIRST)
    actions.decide_stage(
        call,
        by=None,
        stage=FIRST,
        passed=[application.pk] if passes else [],
        reasons={application.pk: "効果の裏付けが足りない。"},
    )
    own = applications_for(application.filed_by)
    assert [(one.shown, one.shown_state, one.reason, one.remarks) for one in own] == [
        ("submitted", "submitted", "", "")
    ]
    assert list(own.filter(shown="submitted")) == [application]
    if not passes:
        actions.release(call, by=None)
        assert [(one.shown, one.shown_state) for one in own.all()] == [("first_failed", "first_failed")]
