"""Every act passes the ball by itself; anyone who may can pass it by hand; who is late can be nudged."""

from datetime import date

import pytest

from musubi.cases import actions
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.errors import Missing, NotAllowed, Refused
from musubi.notify.actions import tell
from musubi.people.models import ClosingDay
from musubi.proposals import actions as proposals
from musubi.proposals import holding
from tests.factories.cases import make_case
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 6, 8)


@pytest.fixture
def proposal(town):
    """Routed to 環境課 on 1 June, to be answered by 10 June."""
    with clock.standing_at(date(2026, 6, 1)):
        row = make_proposal(town.city, town.organisation, by=town.person)
        proposals.route(row, [town.env], by=town.desk, due_on=date(2026, 6, 10))
    return row


@pytest.fixture(autouse=True)
def monday():
    with clock.standing_at(MONDAY):
        yield


def told() -> list[str]:
    """Tell the last entry; the names of those it told."""
    return [notice.user.name for notice in tell(Entry.objects.order_by("-pk").first())]


def hold(thing) -> tuple:
    thing.refresh_from_db()
    return (str(thing.holder), thing.ball_next, thing.ball_due_on)


# --- acts pass it by themselves


def test_submitted_proposal_lies_with_the_desk(town):
    row = make_proposal(town.city, town.organisation, by=town.person)
    assert hold(row) == ("公民連携デスク", "照会先を決める", date(2026, 6, 11))


def test_routing_passes_it_to_the_department_that_must_answer_first(town, proposal):
    assert hold(proposal) == ("環境課", "照会に回答する", date(2026, 6, 10))
    tax = make_department(town.city, "税務課")
    proposals.route(proposal, [tax], by=town.desk, due_on=date(2026, 6, 9))
    assert hold(proposal) == ("税務課", "照会に回答する", date(2026, 6, 9))


def test_answer_passes_it_to_the_next_department_then_to_the_desk(town, proposal):
    tax = make_department(town.city, "税務課")
    taxman = make_staff(town.city, "officer", tax)
    proposals.route(proposal, [tax], by=town.desk, due_on=date(2026, 6, 12))
    first, second = proposal.routings.order_by("pk")
    proposals.answer_routing(first, by=town.officer, answer="interested", comment="話を聞きたいです。")
    assert hold(proposal) == ("税務課", "照会に回答する", date(2026, 6, 12))
    proposals.answer_routing(second, by=taxman, answer="not_ours", comment="所管ではありません。")
    assert hold(proposal) == ("公民連携デスク", "回答をまとめて、対話を始めるか見送る", date(2026, 6, 11))


def test_recall_passes_it_to_the_desk(town, proposal):
    proposals.recall(proposal, by=town.desk)
    assert hold(proposal)[:2] == ("公民連携デスク", "照会先を決める")


def test_case_takes_it_from_its_proposal(town, proposal):
    case = make_case(town.city, officer=town.officer, proposal=proposal)
    assert proposal.holder is None
    assert hold(case) == ("環境課", "団体に連絡して対話を始める", date(2026, 6, 22))


def test_question_of_a_department_passes_it_to_the_organisation_and_the_message_back(town):
    actions.say(town.case, by=town.officer, body="見積もりをいただけますか。")
    assert hold(town.case) == ("渚の海株式会社", "返事をする", date(2026, 6, 15))
    actions.say(town.case, by=town.person, body="お送りします。")
    assert hold(town.case) == ("環境課", "返事をする", date(2026, 6, 15))


def test_question_of_the_desk_passes_it_to_the_organisation(town):
    actions.say(town.case, by=town.desk, body="いつごろお越しになれますか。")
    assert hold(town.case)[0] == "渚の海株式会社"


def test_word_that_only_informs_leaves_it_where_it_is(town):
    before = hold(town.case)
    actions.say(town.case, by=town.officer, body="ご参考までに。", asks=False)
    assert hold(town.case) == before


def test_talk_passes_it_to_whoever_must_act_next(town):
    actions.record_meeting(
        town.case,
        by=town.officer,
        held_at=clock.now(),
        minutes="費用の話をした。",
        ball_to=town.organisation,
        next_step="見積もりを送る",
    )
    assert hold(town.case)[:2] == ("渚の海株式会社", "見積もりを送る")


def test_stage_pause_and_resumption_pass_it_to_the_lead(town):
    actions.say(town.case, by=town.officer, body="見積もりをいただけますか。")
    actions.advance(town.case, "dialogue", by=town.officer)
    assert hold(town.case) == ("環境課", "「対話」を進める", date(2026, 6, 22))
    actions.say(town.case, by=town.officer, body="もう一度お願いします。")
    actions.pause(town.case, by=town.officer, until=date(2026, 8, 29), reason="予算の結果を待つ")
    # A Saturday: the business day after it.
    assert hold(town.case) == ("環境課", "保留を見直す", date(2026, 8, 31))
    actions.resume(town.case, by=town.officer)
    assert hold(town.case) == ("環境課", "「対話」を進める", date(2026, 6, 22))


# --- a waiting proposal by hand


def test_department_hands_a_proposal_to_the_desk_with_a_word(town, proposal):
    desk = town.city.departments.get(is_desk=True)
    holding.hand_ball(proposal, desk, by=town.officer, next_step="ほかの課にも聞いてほしい")
    assert hold(proposal) == ("公民連携デスク", "ほかの課にも聞いてほしい", date(2026, 6, 22))
    assert told() == ["机"]


def test_desk_hands_a_proposal_to_an_asked_department_until_a_day(town, proposal):
    desk = town.city.departments.get(is_desk=True)
    holding.hand_ball(proposal, desk, by=town.desk, next_step="整理する")
    holding.hand_ball(proposal, town.env, by=town.desk, next_step="見直す", due_on=date(2026, 6, 13))
    assert hold(proposal) == ("環境課", "見直す", date(2026, 6, 15))  # the 13th is a Saturday
    assert told() == ["担当", "同僚", "課長"]


def test_question_goes_on_waiting_and_moves_the_ball_when_it_is_answered(town, proposal):
    desk = town.city.departments.get(is_desk=True)
    holding.hand_ball(proposal, desk, by=town.officer, next_step="ほかの課にも聞いてほしい")
    proposals.answer_routing(
        proposal.routings.get(), by=town.officer, answer="interested", comment="話を聞きたいです。"
    )
    assert hold(proposal)[:2] == ("公民連携デスク", "回答をまとめて、対話を始めるか見送る")


def test_proposal_is_handed_only_to_who_has_to_do_with_it(town, proposal):
    for stranger in (make_department(town.city), make_municipality().departments.get(is_desk=True)):
        with pytest.raises(Refused) as refusal:
            holding.hand_ball(proposal, stranger, by=town.desk, next_step="見る")
        assert refusal.value.field == "to"
    assert hold(proposal)[0] == "環境課"


def test_proposal_is_not_handed_without_a_word_nor_until_yesterday(town, proposal):
    with pytest.raises(Missing):
        holding.hand_ball(proposal, town.env, by=town.desk, next_step=" ")
    with pytest.raises(Refused):
        holding.hand_ball(proposal, town.env, by=town.desk, next_step="見る", due_on=date(2026, 6, 7))


def test_proposal_in_dialogue_is_not_handed(town, proposal):
    make_case(town.city, officer=town.officer, proposal=proposal)
    with pytest.raises(Refused):
        holding.hand_ball(proposal, town.env, by=town.desk, next_step="見る")


def test_proposal_is_handed_by_nobody_from_outside(town, proposal):
    stranger = make_staff(town.city, "officer")
    for who in (
        stranger,
        town.person,
        make_staff(town.city, "administrator"),
        make_staff(make_municipality()),
    ):
        with pytest.raises(NotAllowed):
            holding.hand_ball(proposal, town.env, by=who, next_step="見る")


def test_handing_a_proposal_is_in_the_journal(town, proposal):
    desk = town.city.departments.get(is_desk=True)
    holding.hand_ball(proposal, desk, by=town.officer, next_step="整理する")
    entry = Entry.objects.get(verb="proposal.handed")
    assert (entry.actor_id, entry.object_id, entry.data) == (
        town.officer.pk,
        proposal.pk,
        {
            "before": "環境課",
            "to": "公民連携デスク",
            "department": desk.pk,
            "next_step": "整理する",
            "due_on": "2026-06-22",
        },
    )


# --- nudging


def test_nudge_tells_whoever_has_the_case_and_leaves_the_ball(town):
    before = hold(town.case)
    actions.nudge(town.case, by=town.desk, word="議会の前に知りたいです。")
    assert hold(town.case) == before
    [notice] = tell(Entry.objects.get(verb="case.nudged"))
    assert (notice.user, notice.title) == (town.officer, "ご確認をお願いします: 商店街の空き店舗の相談")
    assert notice.body.splitlines()[2:] == [
        "議会の前に知りたいです。",
        "次にすること: 返事をする",
        "期限: 令和8年6月15日(月)",
    ]
    line = town.case.posts.order_by("-pk").first()
    assert (line.internal, line.body) == (True, "環境課に催促しました。議会の前に知りたいです。")


def test_nudge_tells_the_organisation_on_its_own_page(town):
    actions.say(town.case, by=town.officer, body="見積もりをいただけますか。")
    actions.nudge(town.case, by=town.officer)
    [notice] = tell(Entry.objects.get(verb="case.nudged"))
    assert (notice.user, notice.path) == (town.person, f"/my/cases/nagisa/{town.case.ref}/")


def test_nudge_is_refused_a_second_time_on_the_same_business_day(town):
    ClosingDay.objects.create(municipality=town.city, day=date(2026, 6, 15))
    for day, goes in [
        (date(2026, 6, 12), True),  # a Friday
        (date(2026, 6, 12), False),
        (date(2026, 6, 14), False),
        (date(2026, 6, 15), False),
        (date(2026, 6, 16), True),
    ]:
        with clock.standing_at(clock.at(day, 11)):
            if goes:
                actions.nudge(town.case, by=town.desk)
            else:
                with pytest.raises(Refused, match="きょうすでに催促しました"):
                    actions.nudge(town.case, by=town.desk)
    assert Entry.objects.filter(verb="case.nudged").count() == 2


def test_new_holder_may_be_nudged_on_the_same_day(town):
    actions.nudge(town.case, by=town.desk)
    with clock.standing_at(clock.at(MONDAY, 14)):
        actions.say(town.case, by=town.officer, body="見積もりをいただけますか。")
        actions.nudge(town.case, by=town.desk)
    assert Entry.objects.filter(verb="case.nudged").count() == 2


def test_nudge_of_oneself_is_refused(town):
    with pytest.raises(Refused, match="ボールはあなたが持っています"):
        actions.nudge(town.case, by=town.officer)


def test_nudge_falls_to_the_desk_where_nobody_else_is_left(town):
    for person in (town.officer, town.colleague, town.manager):
        person.staff.update(ended_at=clock.now())
    actions.nudge(town.case, by=make_staff(town.city))
    assert told() == ["机"]


def test_nudge_of_nobody_is_refused(town):
    tax = make_department(town.city, "税務課")
    actions.add_department(town.case, tax, by=town.desk)
    for person in (town.officer, town.colleague, town.manager, town.desk):
        person.staff.update(ended_at=clock.now())
    with pytest.raises(Refused, match="知らせる相手がいません"):
        actions.nudge(town.case, by=make_staff(town.city, "officer", tax))


def test_nudge_of_a_closed_case_is_refused(town):
    actions.close(town.case, by=town.officer, reason="timing", feedback="来年度にまたご相談ください。")
    with pytest.raises(Refused):
        actions.nudge(town.case, by=town.desk)


def test_nudge_is_not_for_the_organisation_nor_for_strangers(town):
    stranger = make_staff(town.city, "officer")
    for who in (town.person, stranger, make_representative(make_organisation())):
        with pytest.raises(NotAllowed):
            actions.nudge(town.case, by=who)


def test_nudge_is_in_the_journal(town):
    actions.nudge(town.case, by=town.desk, word="お願いします。")
    entry = Entry.objects.get(verb="case.nudged")
    assert (entry.actor_id, entry.object_id, entry.data) == (
        town.desk.pk,
        town.case.pk,
        {"to": "環境課", "next_step": "返事をする", "note": "お願いします。", "due_on": "2026-06-15"},
    )


def test_desk_nudges_a_department_that_has_not_answered(town, proposal):
    holding.nudge(proposal.routings.get(), by=town.desk, word="急いでいます。")
    notices = tell(Entry.objects.get(verb="proposal.nudged"))
    assert [notice.user.name for notice in notices] == ["担当", "同僚", "課長"]
    assert notices[0].body == (
        f"提案「{proposal.title}」({proposal.ref})の照会に、まだ回答がありません。期限: 令和8年6月10日(水)\n\n"
        "机さんから: 急いでいます。"
    )


def test_question_is_nudged_once_a_business_day_and_each_on_its_own(town, proposal):
    tax = make_department(town.city, "税務課")
    make_staff(town.city, "officer", tax)
    proposals.route(proposal, [tax], by=town.desk)
    first, second = proposal.routings.order_by("pk")
    holding.nudge(first, by=town.desk)
    holding.nudge(second, by=town.desk)
    with pytest.raises(Refused, match="きょうすでに催促しました"):
        holding.nudge(first, by=town.desk)
    with clock.standing_at(date(2026, 6, 9)):
        holding.nudge(first, by=town.desk)
    assert Entry.objects.filter(verb="proposal.nudged").count() == 3


def test_answered_question_is_not_nudged(town, proposal):
    routing = proposal.routings.get()
    proposals.answer_routing(routing, by=town.officer, answer="interested", comment="話を聞きたいです。")
    with pytest.raises(Refused):
        holding.nudge(routing, by=town.desk)


def test_question_is_nudged_by_the_desk_alone(town, proposal):
    for who in (town.officer, town.manager, town.person, make_staff(make_municipality())):
        with pytest.raises(NotAllowed):
            holding.nudge(proposal.routings.get(), by=who)


def test_nudge_of_a_question_is_in_the_journal(town, proposal):
    routing = proposal.routings.get()
    holding.nudge(routing, by=town.desk)
    entry = Entry.objects.get(verb="proposal.nudged")
    assert (entry.actor_id, entry.object_id, entry.data) == (
        town.desk.pk,
        proposal.pk,
        {
            "routing": routing.pk,
            "department": town.env.pk,
            "to": "環境課",
            "due_on": "2026-06-10",
            "note": "",
        },
    )
