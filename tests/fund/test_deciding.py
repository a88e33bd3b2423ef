"""Deciding: who passes, what is prepared, the release of everything at once, and who waited in reserve."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from django.db import connection

from musubi.fund import actions, ledger
from musubi.fund.letters.reading import minutes
from musubi.fund.models import Application, Assignment, Award, Call, Decision, PanelNote, Posting, Pot
from musubi.fund.queries import applications_for
from musubi.fund.ranking import standings
from musubi.fund.states import Stage
from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Missing, NotAllowed, Refused
from musubi.people.models import Representative
from musubi.plan.models import Goal
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
from tests.factories.people import make_municipality, make_organisation, make_staff
from tests.fund.interrupted import interrupted_at_each_posting

pytestmark = pytest.mark.django_db
FIRST, SECOND = Stage.FIRST, Stage.SECOND
JUNE, AUGUST = date(2025, 6, 12), date(2025, 8, 25)


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(AUGUST):
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


def make_filed(fund, count: int = 1, *, money: int = 1_600_000, **rules) -> Call:
    """A call with money for two, and applications for 800,000 yen each that were checked; its window is over."""
    if money:
        make_contribution(general(fund), yen=money)
    with clock.standing_at(JUNE):
        call = make_call(fund, edition=make_edition(fund.municipality, **{"has_reserve": True, **rules}))
        for _ in range(count):
            make_application(call)
    return call


def make_passed(fund, count: int = 1, **words) -> list[Application]:
    """Applications that passed both screenings."""
    return screen(make_filed(fund, count, **words))


def awarded(application, by=None, *, yen=800_000, **words) -> Decision:
    return actions.prepare_decision(
        application,
        by=by,
        outcome="awarded",
        **{
            "reasons": "効果が見込まれる。",
            "yen": yen,
            "shares": {general(application.call.fund).pk: yen},
            **words,
        },
    )


def other(application, outcome: str) -> Decision:
    return actions.prepare_decision(application, by=None, outcome=outcome, reasons="予算の都合による。")


def make_reserve(fund, count: int = 1, **words) -> list[Application]:
    """Applications that wait in reserve since the release."""
    applications = make_passed(fund, count, **words)
    for application in applications:
        other(application, "reserve")
    actions.release(applications[0].call, by=None)
    return list(Application.objects.filter(state="reserve").order_by("pk"))


def states(call) -> list[str]:
    return list(Application.objects.filter(call=call).order_by("pk").values_list("state", flat=True))


def verbs(thing):
    return [entry.verb for entry in history(thing)]


# --- the screening begins ------------------------------------------------------------------------------------


def test_screening_begins_when_the_window_is_over(fund, desk):
    call = make_filed(fund)
    with clock.standing_at(call.closes_at):
        actions.begin_screening(call, by=desk)
    assert call.state == "screening"
    assert verbs(call)[-1] == "call.screening_begun"


def test_begin_screening_is_refused_before_the_end_and_to_others(fund, manager):
    call = make_filed(fund)
    with clock.standing_at(JUNE), pytest.raises(Refused, match="受付終了の日時になっていません"):
        actions.begin_screening(call, by=None)
    with pytest.raises(NotAllowed):
        actions.begin_screening(call, by=manager)
    actions.begin_screening(call, by=None)
    with pytest.raises(Refused):
        actions.begin_screening(call, by=None)


def test_the_end_that_was_put_off_meanwhile_counts(fund):
    call = make_filed(fund)
    with clock.standing_at(JUNE):
        actions.save_call(Call.objects.get(pk=call.pk), by=None, closes_at=clock.at(date(2025, 9, 1)))
    with pytest.raises(Refused):
        actions.begin_screening(call, by=None)


# --- a stage is decided --------------------------------------------------------------------------------------


@pytest.fixture
def scored(fund):
    """A call with two applications whose first sheets are all there."""
    call = make_filed(fund, 2)
    actions.begin_screening(call, by=None)
    make_committee(fund)
    score_all(call, FIRST)
    return call


def test_who_passes_and_who_does_not(scored, desk):
    one, two = scored.applications.order_by("pk")
    actions.decide_stage(
        scored, by=desk, stage=FIRST, passed=[one.pk], reasons={two.pk: " 効果の裏付けがない。 "}
    )
    assert states(scored) == ["first_passed", "first_failed"]
    decision = Decision.objects.get()
    assert (decision.application, decision.outcome, decision.reasons) == (
        two,
        "first_failed",
        "効果の裏付けがない。",
    )
    assert decision.place == 1
    assert verbs(one)[-1] == verbs(two)[-1] == "application.screened"


def test_who_does_not_pass_is_owed_a_reason(scored):
    one, two = scored.applications.order_by("pk")
    with pytest.raises(Missing) as refusal:
        actions.decide_stage(scored, by=None, stage=FIRST, passed=[one.pk], reasons={two.pk: " "})
    assert refusal.value.field == f"reason_{two.pk}"
    assert states(scored) == ["checked", "checked"]


def below_the_marks(fund) -> Call:
    """A call whose first application has 4 of 5 points everywhere and whose second has 1; 60 % are asked for."""
    call = make_filed(fund, 2, pass_share=60)
    actions.begin_screening(call, by=None)
    make_committee(fund)
    actions.assign(call, by=None, stage=FIRST)
    weak = call.applications.order_by("pk").last()
    criteria = list(call.edition.criteria.filter(stage=FIRST))
    for sheet in Assignment.objects.filter(application__call=call):
        points = 1 if sheet.application_id == weak.pk else 4
        actions.score(sheet, by=sheet.member.user, points={row.pk: points for row in criteria})
    return call


def test_who_passes_below_the_marks_does_so_with_a_reason_for_the_minutes(fund, desk):
    call = below_the_marks(fund)
    strong, weak = call.applications.order_by("pk")
    everything = [strong.pk, weak.pk]
    for reasons in ({}, {weak.pk: " "}, {strong.pk: "よい。"}):
        with pytest.raises(Missing, match="点の条件に届いていません") as refusal:
            actions.decide_stage(call, by=desk, stage=FIRST, passed=everything, reasons=reasons)
        assert refusal.value.field == f"exception_{weak.pk}"
    assert states(call) == ["checked", "checked"]
    assert not PanelNote.objects.exists()
    actions.decide_stage(
        call, by=desk, stage=FIRST, passed=everything, reasons={weak.pk: " 担い手が代わる。 "}
    )
    assert states(call) == ["first_passed", "first_passed"]
    said = [history(one).last().data for one in (strong, weak)]
    assert [(data.get("against_marks"), data.get("reason")) for data in said] == [
        (None, None),
        (True, "担い手が代わる。"),
    ]
    note = PanelNote.objects.get()
    assert (note.application, note.stage, note.by) == (weak, FIRST, desk)
    assert note.text == "点の条件に届かないが、通過とした。理由: 担い手が代わる。"
    book = minutes(call, FIRST)
    assert [row[-1] for row in book.results] == ["通過", "通過(点の条件は満たさない)"]
    assert [row[:2] for row in book.notes] == [[weak.ref, note.text]]


def test_who_fails_above_the_marks_is_told_so_in_the_minutes(fund):
    call = below_the_marks(fund)
    reasons = dict.fromkeys(call.applications.values_list("pk", flat=True), "効果の裏付けがない。")
    actions.decide_stage(call, by=None, stage=FIRST, passed=[], reasons=reasons)
    assert [row[-1] for row in minutes(call, FIRST).results] == ["通過しない(点の条件は満たす)", "通過しない"]
    assert not PanelNote.objects.exists()


def test_a_stage_is_decided_by_the_secretariat_for_what_stands_in_it(scored, manager):
    everything = list(scored.applications.values_list("pk", flat=True))
    with pytest.raises(NotAllowed):
        actions.decide_stage(scored, by=manager, stage=FIRST, passed=everything, reasons={})
    with pytest.raises(Refused, match="審査の対象でない申請"):
        actions.decide_stage(scored, by=None, stage=SECOND, passed=everything, reasons={})
    actions.cancel_call(scored, by=None, reason="財源がなくなったため")
    with pytest.raises(Refused):
        actions.decide_stage(scored, by=None, stage=FIRST, passed=everything, reasons={})


def test_a_stage_is_not_decided_while_a_sheet_is_missing(scored):
    everything = list(scored.applications.values_list("pk", flat=True))
    sheet = Assignment.objects.first()
    actions.score(sheet, by=sheet.member.user, points={}, submit=False)
    with pytest.raises(Refused, match="採点待ちの採点表が1件"):
        actions.decide_stage(scored, by=None, stage=FIRST, passed=everything, reasons={})
    actions.take_back(sheet, by=None)
    actions.decide_stage(scored, by=None, stage=FIRST, passed=everything, reasons={})
    assert states(scored) == ["first_passed", "first_passed"]


def test_a_stage_is_not_decided_without_any_sheet(fund):
    call = make_filed(fund)
    actions.begin_screening(call, by=None)
    with pytest.raises(Refused, match="採点がまだありません"):
        actions.decide_stage(call, by=None, stage=FIRST, passed=[call.applications.get().pk], reasons={})


def test_a_stage_is_not_decided_on_a_sheet_across_a_tie(scored):
    everything = list(scored.applications.values_list("pk", flat=True))
    sheet = Assignment.objects.first()
    Representative.objects.create(user=sheet.member.user, organisation=sheet.application.organisation)
    with pytest.raises(Refused, match="利害関係のある委員の採点表が1件"):
        actions.decide_stage(scored, by=None, stage=FIRST, passed=everything, reasons={})
    actions.assign(scored, by=None, stage=FIRST)
    actions.decide_stage(scored, by=None, stage=FIRST, passed=everything, reasons={})
    assert {one.application: (one.sheets, one.recused) for one in standings(scored, FIRST)}[
        sheet.application_id
    ] == (1, 1)


def test_whoever_left_the_stage_stays_in_its_ranking(fund):
    one, two = make_passed(fund, 2)
    awarded(one)
    other(two, "reserve")
    actions.release(one.call, by=None)
    actions.withdraw_application(Application.objects.get(pk=two.pk), by=two.filed_by)
    award = Award.objects.get()
    actions.accept_award(award, by=one.filed_by)
    actions.pay(actions.request_advance(award, by=one.filed_by, yen=1, reason="準備のため"), by=None)
    assert [found.application for found in standings(one.call, SECOND)] == [one.pk]
    assert [found.application for found in standings(one.call, FIRST)] == [one.pk]


# --- decisions are prepared ----------------------------------------------------------------------------------


def test_a_decision_is_prepared_and_put_right(fund, desk):
    (application,) = make_passed(fund)
    decision = awarded(application, desk, conditions=" 領収書を5年間保存すること。 ", place=1)
    assert (decision.yen, decision.conditions, decision.place) == (800_000, "領収書を5年間保存すること。", 1)
    assert verbs(application)[-1] == "application.decision_prepared"
    other(application, "reserve")
    decision = Decision.objects.get()
    assert (decision.outcome, decision.yen, decision.shares, decision.conditions) == ("reserve", 0, {}, "")


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"yen": 800_001}, "yen"),
        ({"yen": 0}, "yen"),
        ({"shares": {}}, "shares"),
        ({"shares": "short"}, "shares"),
        ({"shares": "foreign"}, "shares"),
        ({"shares": "negative"}, "shares"),
        ({"reasons": " "}, "reasons"),
        ({"outcome": "first_failed"}, "outcome"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(fund, words, field):
    (application,) = make_passed(fund)
    pot = general(fund).pk
    shares = {
        "short": {pot: 799_999},
        "foreign": {general(make_fund(fund.municipality, name="別のファンド")).pk: 800_000},
        "negative": {pot: 800_001, pot + 1: -1},
    }
    words = words | ({"shares": shares[words["shares"]]} if isinstance(words.get("shares"), str) else {})
    right = {"outcome": "awarded", "reasons": "効果がある。", "yen": 800_000, "shares": {pot: 800_000}}
    with pytest.raises(Refused) as refusal:
        actions.prepare_decision(application, by=None, **(right | words))
    assert refusal.value.field == field
    assert not Decision.objects.exists()


def test_a_decision_is_prepared_by_the_secretariat_for_what_passed(fund, manager):
    (application,) = make_passed(fund)
    with pytest.raises(NotAllowed):
        awarded(application, manager)
    call = make_filed(fund, money=0)
    actions.begin_screening(call, by=None)
    with pytest.raises(Refused, match="第二次審査を通過した申請"):
        awarded(call.applications.get())
    actions.cancel_call(application.call, by=None, reason="財源がなくなったため")
    with pytest.raises(Refused):
        awarded(application)


def test_without_a_reserve_nobody_waits_in_it(fund):
    (application,) = make_passed(fund, has_reserve=False)
    with pytest.raises(Refused) as refusal:
        other(application, "reserve")
    assert refusal.value.field == "outcome"


# --- what was given for one thing ----------------------------------------------------------------------------


@pytest.fixture
def earmarked(fund):
    """A pot for goal 13, one for another programme, one for the sea, each with 800,000 yen."""
    other = make_edition(fund.municipality).programme
    found = {
        "goal": actions.earmark(fund, by=None, goal=Goal.objects.get(pk=13)),
        "programme": actions.earmark(fund, by=None, programme=other),
        "sea": actions.earmark(fund, by=None, theme="海の環境"),
    }
    for pot in found.values():
        make_contribution(pot, yen=800_000)
    return found


def make_passed_from(fund, pots) -> Application:
    """One that passed, of a call that pays from these pots, whatever they are for."""
    with clock.standing_at(JUNE):
        call = make_call(
            fund, edition=make_edition(fund.municipality, has_reserve=True), pots=[general(fund)]
        )
        make_application(call)
    call.pots.add(*pots)
    (application,) = screen(call)
    return application


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("goal", "このゴールを選んでいないので、使えません。"),
        ("programme", "ほかの制度「見本助成」のためのお金です。"),
    ],
)
def test_money_given_for_something_else_is_not_awarded(fund, earmarked, name, words):
    application = make_passed_from(fund, earmarked.values())
    pot = earmarked[name]
    for serves in ([], [pot.pk]):
        with pytest.raises(Refused, match=words) as refusal:
            awarded(application, shares={pot.pk: 800_000}, serves=serves)
        assert refusal.value.field == "shares"
    with pytest.raises(Refused, match=words):
        awarded(application, shares={general(fund).pk: 799_999, pot.pk: 1})
    assert not Decision.objects.exists()
    other(application, "reserve")
    actions.release(application.call, by=None)
    with pytest.raises(Refused, match=words):
        actions.award_from_reserve(
            Application.objects.get(pk=application.pk), by=None, yen=1, shares={pot.pk: 1}, serves=[pot.pk]
        )
    assert not Award.objects.exists()


def test_money_given_for_a_goal_is_awarded_to_what_serves_it(fund, earmarked):
    application, pot = make_passed_from(fund, earmarked.values()), earmarked["goal"]
    application.goals.add(pot.goal)
    assert awarded(application, shares={pot.pk: 800_000}).serves == []
    actions.release(application.call, by=None)
    assert Award.objects.get().shares.get().pot == pot


def test_that_a_theme_is_served_is_confirmed_and_journaled(fund, earmarked, desk):
    application, sea = make_passed_from(fund, earmarked.values()), earmarked["sea"]
    with pytest.raises(Missing, match="テーマ「海の環境」に合うことを確かめて") as refusal:
        awarded(application, shares={sea.pk: 800_000}, serves=[earmarked["goal"].pk])
    assert refusal.value.field == f"serves_{sea.pk}"
    shares = {sea.pk: 500_000, general(fund).pk: 300_000}
    decision = awarded(application, desk, shares=shares, serves=[sea.pk, earmarked["goal"].pk])
    assert decision.serves == [sea.pk]
    entry = history(application).get(verb="application.theme_confirmed")
    assert (entry.actor_id, entry.data) == (desk.pk, {"words": "海の環境", "pot": sea.pk, "yen": 500_000})
    # Put right without the sea, nothing is confirmed any more.
    assert awarded(application).serves == []
    other(application, "reserve")
    actions.release(application.call, by=None)
    waits = Application.objects.get()
    with pytest.raises(Missing, match="テーマ「海の環境」に合うことを確かめて"):
        actions.award_from_reserve(waits, by=None, yen=1, shares={sea.pk: 1})
    actions.award_from_reserve(waits, by=desk, yen=1, shares={sea.pk: 1}, serves=[sea.pk])
    assert Decision.objects.get().serves == [sea.pk]
    assert history(waits).filter(verb="application.theme_confirmed").count() == 2


def test_what_was_prepared_against_an_earmark_is_not_released(fund, earmarked):
    application, sea = make_passed_from(fund, earmarked.values()), earmarked["sea"]
    awarded(application)
    for pot, words in ((earmarked["goal"], "使えません"), (sea, "確かめて")):
        # As prepared before earmarks were held to.
        Decision.objects.update(shares={str(pot.pk): 800_000}, serves=[])
        with pytest.raises(Refused, match=words):
            actions.release(Call.objects.get(), by=None)
    assert (states(application.call), Award.objects.count()) == (["second_passed"], 0)
    Decision.objects.update(serves=[sea.pk])
    actions.release(Call.objects.get(), by=None)
    assert Award.objects.get().shares.get().pot == sea


# --- the release ---------------------------------------------------------------------------------------------


def test_everything_is_released_at_once(fund, desk):
    one, two, three = make_passed(fund, 3)
    awarded(one)
    other(two, "reserve")
    other(three, "not_awarded")
    call = one.call
    before = [row.shown_state for row in Application.objects.filter(call=call)]
    actions.release(call, by=desk)
    assert before == ["submitted"] * 3
    assert [row.shown_state for row in Application.objects.filter(call=call).order_by("pk")] == [
        "awarded",
        "reserve",
        "not_awarded",
    ]
    assert (call.state, call.released_at, call.released_by) == ("released", clock.now(), desk)
    assert (Award.objects.get().application, general(fund).available) == (one, 800_000)
    assert Application.objects.get(pk=three.pk).reason == "予算の都合による。"
    assert verbs(call)[-1] == "call.released"
    assert [verbs(row)[-1] for row in (one, two, three)] == ["application.decided"] * 3


def test_who_failed_a_screening_is_told_at_the_release(scored):
    one, two = scored.applications.order_by("pk")
    reasons = {one.pk: "効果の裏付けがない。", two.pk: "計画が粗い。"}
    actions.decide_stage(scored, by=None, stage=FIRST, passed=[], reasons=reasons)
    assert set(Application.objects.values_list("reason", flat=True)) == {""}
    actions.release(scored, by=None)
    assert dict(Application.objects.values_list("pk", "reason")) == reasons


def test_one_decision_that_is_missing_releases_nothing(fund):
    one, two, three = make_passed(fund, 3)
    awarded(one)
    other(two, "not_awarded")
    with pytest.raises(Refused, match=f"1件あります: {three.ref}"):
        actions.release(one.call, by=None)
    assert states(one.call) == ["second_passed"] * 3
    assert not Award.objects.exists()
    assert Call.objects.get().released_at is None
    assert {row.shown for row in applications_for(one.filed_by)} == {"submitted"}


def test_what_is_still_to_be_checked_holds_the_release_back(fund):
    call = make_filed(fund)
    with clock.standing_at(JUNE):
        make_application(call, state="submitted")
        make_application(call, state="draft")
        make_application(call, state="withdrawn")
    (passed,) = screen(call)
    other(passed, "not_awarded")
    with pytest.raises(Refused, match="1件あります"):
        actions.release(call, by=None)


def test_short_money_releases_nothing(fund):
    one, two, three = make_passed(fund, 3)
    for application in (one, two, three):
        awarded(application)
    with pytest.raises(Refused, match="使える額が足りません"):
        actions.release(one.call, by=None)
    assert states(one.call) == ["second_passed"] * 3
    assert (Award.objects.count(), general(fund).available) == (0, 1_600_000)
    assert not Entry.objects.filter(verb="application.decided").exists()
    assert Call.objects.get().state == "screening"
    other(three, "reserve")
    actions.release(Call.objects.get(), by=None)
    assert states(one.call) == ["awarded", "awarded", "reserve"]


def test_what_was_withdrawn_is_not_released(fund):
    one, two = make_passed(fund, 2)
    awarded(one)
    awarded(two)
    actions.withdraw_application(Application.objects.get(pk=two.pk), by=two.filed_by)
    actions.release(one.call, by=None)
    assert states(one.call) == ["awarded", "withdrawn"]
    assert general(fund).available == 800_000


def test_release_is_the_secretariats_and_happens_once(fund, manager):
    (application,) = make_passed(fund)
    awarded(application)
    call = application.call
    with pytest.raises(NotAllowed):
        actions.release(call, by=manager)
    actions.release(call, by=None)
    with pytest.raises(Refused):
        actions.release(Call.objects.get(), by=None)
    assert Award.objects.count() == 1


def test_letters_are_numbered_without_a_gap(fund):
    one, two = make_passed(fund, 2, number_style="{city}発{year}第{number}号")
    awarded(one)
    awarded(two)
    actions.release(one.call, by=None)
    city = fund.municipality.name
    assert [row.number for row in Award.objects.all()] == [f"{city}発2025第1号", f"{city}発2025第2号"]


def test_a_release_that_breaks_off_leaves_nothing_half_done(fund):
    sea = actions.earmark(fund, by=None, theme="海の環境")
    make_contribution(sea, yen=500_000)
    one, two = make_passed(fund, 2)
    awarded(one, shares={general(fund).pk: 300_000, sea.pk: 500_000}, serves=[sea.pk])
    awarded(two)
    assert interrupted_at_each_posting(lambda: actions.release(Call.objects.get(), by=None)) == 3
    assert states(one.call) == ["awarded", "awarded"]


# --- the reserve ---------------------------------------------------------------------------------------------


def test_who_waited_is_awarded_when_money_is_free(fund, desk):
    (application,) = make_reserve(fund)
    award = actions.award_from_reserve(
        application,
        by=desk,
        yen=700_000,
        shares={general(fund).pk: 700_000},
        conditions="年度内に終えること。",
    )
    assert (award.yen, award.first_yen, award.conditions) == (700_000, 700_000, "年度内に終えること。")
    assert (application.state, general(fund).available) == ("awarded", 900_000)
    assert verbs(application)[-1] == "application.decided"


def test_a_prepared_reserve_is_not_awarded_before_the_release(fund):
    (application,) = make_passed(fund)
    other(application, "reserve")
    with pytest.raises(Refused, match="補欠ではありません"):
        actions.award_from_reserve(application, by=None, yen=1, shares={general(fund).pk: 1})
    with pytest.raises(Refused, match="補欠ではありません"):
        actions.drop_reserve(application, by=None, reason="財源がないため")
    assert states(application.call) == ["second_passed"]
    assert not Award.objects.exists()


def test_award_from_reserve_is_refused_for_a_sum_that_cannot_be_and_to_others(fund, manager):
    (application,) = make_reserve(fund)
    pot = general(fund).pk
    with pytest.raises(NotAllowed):
        actions.award_from_reserve(application, by=manager, yen=1, shares={pot: 1})
    with pytest.raises(Refused) as refusal:
        actions.award_from_reserve(application, by=None, yen=800_001, shares={pot: 800_001})
    assert refusal.value.field == "yen"
    actions.award_from_reserve(application, by=None, yen=1, shares={pot: 1})
    with pytest.raises(Refused):
        actions.award_from_reserve(Application.objects.get(), by=None, yen=1, shares={pot: 1})


def test_an_award_from_reserve_without_money_leaves_all_as_it_was(fund):
    (application,) = make_reserve(fund, money=799_999)
    before = Decision.objects.values().get()
    for _ in range(2):
        with pytest.raises(Refused, match="使える額が足りません"):
            actions.award_from_reserve(application, by=None, yen=800_000, shares={general(fund).pk: 800_000})
    assert (states(application.call), Award.objects.count()) == (["reserve"], 0)
    assert Decision.objects.values().get() == before


def test_an_award_from_reserve_that_breaks_off_leaves_nothing_half_done(fund):
    sea = actions.earmark(fund, by=None, theme="海の環境")
    make_contribution(sea, yen=500_000)
    (application,) = make_reserve(fund)
    shares = {general(fund).pk: 300_000, sea.pk: 500_000}
    again = lambda: actions.award_from_reserve(  # noqa: E731
        Application.objects.get(), by=None, yen=800_000, shares=shares, serves=[sea.pk]
    )
    assert interrupted_at_each_posting(again) == 2
    assert states(application.call) == ["awarded"]


def test_who_waited_is_told_when_it_is_over(fund, desk, manager):
    (application,) = make_reserve(fund)
    with pytest.raises(NotAllowed):
        actions.drop_reserve(application, by=manager, reason="財源がないため")
    with pytest.raises(Missing):
        actions.drop_reserve(application, by=desk, reason=" ")
    actions.drop_reserve(application, by=desk, reason=" 財源がないため ")
    assert (application.state, application.reason) == ("not_awarded", "財源がないため")
    assert verbs(application)[-1] == "application.decided"
    with pytest.raises(Refused):
        actions.drop_reserve(application, by=desk, reason="財源がないため")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_fifty_award_at_once_against_money_for_ten():
    fund = make_fund(make_municipality("shiokaze"))
    applications = make_reserve(fund, 50, money=8_000_000)
    pot, gate = general(fund).pk, Barrier(50)

    def award(pk) -> bool:
        try:
            with clock.standing_at(AUGUST):
                application = Application.objects.get(pk=pk)
                gate.wait(60)  # everybody has a connection and has read that there is money
                actions.award_from_reserve(application, by=None, yen=800_000, shares={pot: 800_000})
            return True
        except Refused:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as threads:
        done = list(threads.map(award, [row.pk for row in applications]))
    assert sum(done) == 10
    assert sorted(states(applications[0].call)) == ["awarded"] * 10 + ["reserve"] * 40
    assert (Award.objects.count(), Pot.objects.get(pk=pot).available) == (10, 0)
    held = ledger.balances(Posting.objects.filter(fund=fund))
    assert ledger.is_balanced(held)
    assert {account.value: yen for account, yen in held.items() if yen} == {
        "cash": 8_000_000,
        "committed": 8_000_000,
    }
    assert len({award.number for award in Award.objects.all()}) == 10


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_release_at_once_and_it_happens_once():
    fund = make_fund(make_municipality("shiokaze"))
    applications = make_passed(fund, 2)
    for application in applications:
        awarded(application)

    def release(_number) -> bool:
        try:
            with clock.standing_at(AUGUST):
                actions.release(Call.objects.get(), by=None)
            return True
        except Refused:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(release, range(8))) == 1
    assert (Award.objects.count(), general(fund).available) == (2, 0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_sheet_is_scored_while_its_stage_is_decided():
    fund = make_fund(make_municipality("shiokaze"))
    call = make_filed(fund)
    actions.begin_screening(call, by=None)
    make_committee(fund, 4)
    score_all(call, FIRST, 3)
    before = standings(call, FIRST)[0].total
    application = call.applications.get().pk

    def act(sheet) -> bool:
        try:
            with clock.standing_at(AUGUST):
                if sheet is None:
                    reasons = {application: "計画が粗い。"}
                    actions.decide_stage(Call.objects.get(), by=None, stage=FIRST, passed=[], reasons=reasons)
                else:
                    one = Assignment.objects.get(pk=sheet)
                    points = dict.fromkeys(one.scores.values_list("criterion", flat=True), 5)
                    actions.score(one, by=one.member.user, points=points)
            return True
        except Refused:
            return False
        finally:
            connection.close()

    sheets = list(Assignment.objects.values_list("pk", flat=True))
    with ThreadPoolExecutor(4) as threads:
        decided, *changed = threads.map(act, [None, *sheets])
    assert decided
    # Each sheet is worth 6 points more if it came before the decision, and cannot come after it.
    assert standings(call, FIRST)[0].total == before + 6 * sum(changed)


def test_an_organisation_that_applies_twice_gets_two_answers(fund):
    company = make_organisation()
    make_contribution(general(fund), yen=1_600_000)
    with clock.standing_at(JUNE):
        call = make_call(fund, edition=make_edition(fund.municipality))
        for _ in range(2):
            make_application(call, organisation=company)
    one, two = screen(call)
    awarded(one)
    other(two, "not_awarded")
    actions.release(call, by=None)
    assert states(call) == ["awarded", "not_awarded"]
