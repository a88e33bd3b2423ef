"""The ranking page by page: it says what the whole ranking says, whatever happened to the sheets before."""

import random

import pytest

from musubi.fund import actions
from musubi.fund.models import Assignment, KeptStanding
from musubi.fund.ranking import Ranking, keep, standings
from musubi.fund.states import Recusal, Stage, Tie
from musubi.lib import clock
from tests.factories.fund import make_application, make_call, make_committee, make_edition, make_fund
from tests.factories.people import make_municipality

pytestmark = pytest.mark.django_db
FIRST = Stage.FIRST


def check(call, stage: Stage = FIRST, per_page: int = 3) -> None:
    """Every page, put together, is the whole ranking."""
    whole, kept = standings(call, stage), Ranking(call, stage)
    assert len(kept) == len(whole)
    paged = [one for first in range(0, len(kept), per_page) for one in kept[first : first + per_page]]
    assert paged == whole
    assert kept.passing == sum(one.passes for one in whole)
    assert kept.unscored == sum(not one.sheets for one in whole)
    assert kept.tied == sum(one.tied for one in whole if one.sheets)


def make_screened(applications: int = 8, **rules):
    fund = make_fund(make_municipality())
    call = make_call(fund, edition=make_edition(fund.municipality, scorers=3, pass_share=50, **rules))
    for number in range(applications):
        make_application(call, requested=800_000 - number % 3 * 1_000)
    with clock.standing_at(call.closes_at):
        actions.begin_screening(call, by=None)
    make_committee(fund, 4)
    return call


def put(sheet: Assignment, marks: random.Random, *, submit: bool = True) -> None:
    # Few different marks, so that many are level.
    criteria = sheet.application.edition.criteria.filter(stage=sheet.stage)
    points = {row.pk: marks.choice([2, 3]) for row in criteria}
    actions.score(sheet, by=sheet.member.user, points=points, submit=submit)


@pytest.mark.parametrize("tie", Tie)
@pytest.mark.parametrize("recusal", Recusal)
def test_the_pages_are_the_ranking_after_every_change(tie, recusal):
    call, marks = make_screened(tie=tie, recusal=recusal), random.Random(7)
    check(call)
    actions.assign(call, by=None, stage=FIRST)
    check(call)
    sheets = list(Assignment.objects.filter(application__call=call).order_by("pk"))
    for sheet in sheets[:-2]:
        put(sheet, marks)
    check(call)
    put(Assignment.objects.get(pk=sheets[0].pk), marks, submit=False)
    check(call)
    member = call.fund.committee.order_by("pk")[1]
    actions.declare_interest(
        member, by=member.user, organisation=sheets[0].application.organisation, words="顧問を務めている"
    )
    check(call)
    waiting = Assignment.objects.filter(state="assigned").order_by("pk").last()
    actions.take_back(waiting, by=None)
    check(call)
    actions.assign(call, by=None, stage=FIRST)
    check(call)
    actions.release_member(call.fund.committee.order_by("pk").last(), by=None)
    check(call)
    gone = sheets[4].application
    actions.withdraw_application(gone, by=gone.filed_by)
    check(call)
    for sheet in Assignment.objects.filter(state="assigned", application__state="checked"):
        put(sheet, marks)
    check(call)
    unscored = [one.application for one in standings(call, FIRST) if not one.sheets]
    assert not unscored
    passed = {one.application for one in standings(call, FIRST)[:5]}
    reasons = {one.application: "計画が粗い。" for one in standings(call, FIRST)}
    actions.decide_stage(call, by=None, stage=FIRST, passed=passed, reasons=reasons)
    check(call)
    check(call, Stage.SECOND, per_page=2)
    actions.assign(call, by=None, stage=Stage.SECOND)
    for sheet in Assignment.objects.filter(state="assigned", stage=Stage.SECOND):
        put(sheet, marks)
    check(call, Stage.SECOND, per_page=2)


def test_what_is_kept_is_what_would_be_written_anew():
    call, marks = make_screened(5), random.Random(3)
    actions.assign(call, by=None, stage=FIRST)
    for sheet in Assignment.objects.filter(application__call=call):
        put(sheet, marks)
    columns = ["application", "order"]
    before = sorted(KeptStanding.objects.values_list(*columns))
    keep(call, FIRST)
    assert sorted(KeptStanding.objects.values_list(*columns)) == before


def test_a_page_of_a_long_ranking_reads_its_own_rows_only(django_assert_num_queries):
    call, marks = make_screened(9), random.Random(5)
    actions.assign(call, by=None, stage=FIRST)
    for sheet in Assignment.objects.filter(application__call=call):
        put(sheet, marks)
    with django_assert_num_queries(4):
        assert len(Ranking(call, FIRST)[0:3]) == 3
