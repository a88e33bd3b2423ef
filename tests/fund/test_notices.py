"""Who is told what of the fund, by the worker that really tells: nothing of a result early, nothing twice."""

from datetime import date, timedelta

import pytest

from musubi.fund import actions, tasks
from musubi.fund.models import Application, Call
from musubi.fund.states import Stage
from musubi.lib import clock
from musubi.notify.models import Delivery, Notice
from musubi.notify.tasks import tell_waiting
from tests.factories.fund import (
    fill_application,
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
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.fund.after import INSPECTED, SEEN, accept, award_of, on

pytestmark = pytest.mark.django_db
RESULT = ("交付", "補欠", "不採択", "通過", "一次", "審査の結果")


@pytest.fixture
def city():
    return make_municipality("shiokaze", name="潮風市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def fund(city):
    return make_fund(city)


def told(user, kind: str = "") -> list[str]:
    """The titles of what the person was told, oldest first, once the worker has told all there is."""
    while tell_waiting():
        pass
    rows = Notice.objects.filter(user=user, **({"kind": kind} if kind else {}))
    return list(rows.order_by("pk").values_list("title", flat=True))


def last(user) -> Notice:
    told(user)
    return Notice.objects.filter(user=user).latest("pk")


def moment(year, month, day, hour=10, minute=0):
    return clock.standing_at(clock.at(date(year, month, day), hour, minute))


# --- calls ---------------------------------------------------------------------------------------------------------


def test_call_is_told_to_members_it_is_for_when_it_opens_and_once(fund, city):
    with on(4, 1):
        member = make_representative(make_member(city).organisation)
        stranger = make_representative()
        not_meant = make_representative(make_member(city, make_organisation(kind="university")).organisation)
        edition = make_edition(city, kinds=["company", "npo"])
        opens = clock.at(date(2025, 6, 2), 9)
        call = make_call(
            fund, edition=edition, opens_at=opens, closes_at=opens + timedelta(days=20), title="海の募集"
        )
    with moment(2025, 6, 2, 8, 59):
        assert tasks.tell_of_calls() == 0
        assert told(member, "call.opened") == []
    with moment(2025, 6, 2, 9):
        assert (tasks.tell_of_calls(), tasks.tell_of_calls()) == (1, 0)
        assert told(member, "call.opened") == ["助成の募集が始まりました: 海の募集"]
        assert told(stranger, "call.opened") == told(not_meant, "call.opened") == []
        notice = last(member)
    assert notice.path == f"/shiokaze/fund/calls/{call.ref}/"
    assert "令和7年6月22日(日) 09:00" in notice.body
    assert not Delivery.objects.filter(user=member, notice=notice).exists()


def test_three_days_before_the_end_whoever_has_a_draft_is_told_once_for_each_end(fund):
    with moment(2025, 6, 2):
        call = make_call(fund, title="海の募集")
        draft = make_application(call, state="draft")
        filed = make_application(call, state="submitted")
        writer = draft.organisation.representatives.get().user
    closes = call.closes_at
    with clock.standing_at(closes - timedelta(days=3, seconds=1)):
        tasks.tell_of_calls()
        assert told(writer, "call.closing_soon") == []
    with clock.standing_at(closes - timedelta(days=3)):
        assert tasks.tell_of_calls() == 1
        assert tasks.tell_of_calls() == 0
        assert told(writer, "call.closing_soon") == ["締切が近い申請の下書きがあります: 海の募集"]
        assert told(filed.filed_by, "call.closing_soon") == []
        assert last(writer).path == f"/my/fund/{draft.pk}/edit/"
        actions.save_call(call, by=None, closes_at=closes + timedelta(days=10))
    with clock.standing_at(closes + timedelta(days=8)):
        tasks.tell_of_calls()
        assert len(told(writer, "call.closing_soon")) == 2


def test_cancelled_call_is_told_to_those_who_applied_or_write_but_not_to_who_had_withdrawn(fund, desk):
    with moment(2025, 6, 2):
        call = make_call(fund)
        filed, gone = make_application(call), make_application(call, state="submitted")
        draft = make_application(call, state="draft")
        actions.withdraw_application(gone, by=gone.filed_by)
        actions.cancel_call(call, by=desk, reason="災害のため")
        writer = draft.organisation.representatives.get().user
        assert len(told(filed.filed_by, "call.cancelled")) == 1
        assert len(told(writer, "call.cancelled")) == 1
        assert told(gone.filed_by, "call.cancelled") == []
        assert "災害のため" in last(filed.filed_by).body


def test_question_goes_to_the_secretariat_and_its_answer_to_who_asked(fund, desk):
    with moment(2025, 6, 2):
        call = make_call(fund)
        person = make_representative()
        question = actions.ask(call, by=person, question="学生は対象ですか。")
        assert len(told(desk, "call.asked")) == 1
        actions.answer(question, by=desk, words="対象です。")
        assert len(told(person, "call.answered")) == 1
        assert last(person).body == "質問: 学生は対象ですか。\n\n回答: 対象です。"


# --- applications --------------------------------------------------------------------------------------------------


def test_filed_application_has_a_receipt_for_the_organisation_that_cannot_be_switched_off(fund, desk):
    with moment(2025, 6, 2):
        application = make_application(make_call(fund), state="returned")
        person = application.filed_by
        colleague = make_representative(application.organisation)
        assert told(person) == ["申請を受け付けました: 藻場を増やす見本事業", "申請の補正をお願いします: 藻場を増やす見本事業"]  # fmt: skip
        assert "予算の内訳を書いてください。" in last(person).body
        assert Delivery.objects.filter(user=person, notice__kind="application.filed").count() == 1
        actions.file_application(application, by=colleague)
        assert told(colleague, "application.filed") == ["申請を受け付けました: 藻場を増やす見本事業"] * 2
        assert told(desk, "application.filed")[-1].startswith("補正された申請が届きました")


def test_nothing_of_a_result_is_told_before_the_release_and_then_each_hears_the_own_once(fund):
    with on(6, 12):
        make_contribution(general(fund), yen=3_000_000)
        call = make_call(fund, edition=make_edition(fund.municipality, has_reserve=True))
        rows = [make_application(call) for _ in range(4)]
    winner, loser, waiter, failed = rows
    people = {row.pk: row.filed_by for row in rows}
    with on(8, 25):
        actions.begin_screening(call, by=None)
        make_committee(fund)
        score_all(call, Stage.FIRST)
        actions.decide_stage(
            call, by=None, stage=Stage.FIRST,
            passed={winner.pk, loser.pk, waiter.pk}, reasons={failed.pk: "測り方が書かれていない。"},
        )  # fmt: skip
        score_all(call, Stage.SECOND)
        actions.decide_stage(
            call, by=None, stage=Stage.SECOND, passed={winner.pk, loser.pk, waiter.pk}, reasons={}
        )
        for row, outcome in ((winner, "awarded"), (loser, "not_awarded"), (waiter, "reserve")):
            row.refresh_from_db()
            more = {"yen": 800_000, "shares": {general(fund).pk: 800_000}} if outcome == "awarded" else {}
            actions.prepare_decision(row, by=None, outcome=outcome, reasons=f"講評{row.pk}", **more)
        tasks.remind()
        for person in people.values():
            assert told(person) == ["申請を受け付けました: 藻場を増やす見本事業"]
        mails = Delivery.objects.filter(user__in=people.values())
        assert not [mail for mail in mails if any(word in mail.subject for word in RESULT)]
        actions.release(call, by=None)
        expected = {
            winner: "助成の交付が決まりました: 藻場を増やす見本事業",
            loser: "審査の結果のお知らせ: 藻場を増やす見本事業",
            waiter: "審査の結果のお知らせ(補欠): 藻場を増やす見本事業",
            failed: "審査の結果のお知らせ: 藻場を増やす見本事業",
        }
        for row, title in expected.items():
            assert told(people[row.pk])[1:] == [title]
        assert "800,000円" in last(people[winner.pk]).body
        assert "測り方が書かれていない。" in last(people[failed.pk]).body
    with on(9, 1):
        waiter = Application.objects.get(pk=waiter.pk)
        actions.award_from_reserve(waiter, by=None, yen=500_000, shares={general(fund).pk: 500_000})
        assert told(people[waiter.pk])[-1] == "助成の交付が決まりました: 藻場を増やす見本事業"
        assert len(told(people[loser.pk])) == 2


def test_withdrawn_application_is_told_to_the_secretariat_and_hears_no_result(fund, desk):
    with on(6, 12):
        call = make_call(fund)
        kept, gone = make_application(call), make_application(call)
    with on(8, 25):
        actions.begin_screening(call, by=None)
        make_committee(fund)
        score_all(call, Stage.FIRST)
        actions.decide_stage(
            call, by=None, stage=Stage.FIRST, passed=[], reasons={kept.pk: "弱い", gone.pk: "弱い"}
        )
        gone.refresh_from_db()
        actions.withdraw_application(gone, by=gone.filed_by, reason="人手が足りない")
        actions.release(call, by=None)
        assert told(gone.filed_by, "call.released") == []
        assert len(told(kept.filed_by, "call.released")) == 1
        assert len(told(desk, "application.withdrawn")) == 1


# --- the committee ---------------------------------------------------------------------------------------------------


def test_late_sheet_is_told_to_its_member_and_the_secretariat_once(fund, desk):
    with on(6, 12):
        call = make_call(fund)
        application = make_application(call)
    with on(8, 20):
        actions.begin_screening(call, by=None)
        first, second = make_committee(fund)
        actions.assign(call, by=None, stage=Stage.FIRST, due_on=date(2025, 8, 25))
        sheet = application.assignments.get(member=first)
        points = dict.fromkeys(call.edition.criteria.filter(stage="first").values_list("pk", flat=True), 3)
        actions.score(sheet, by=first.user, points=points)
        assert len(told(second.user, "call.assigned")) == 1
    with moment(2025, 8, 25):
        assert tasks.remind() == 0
    with moment(2025, 8, 26, 7):
        assert tasks.remind() == 0
    with moment(2025, 8, 26):
        assert (tasks.remind(), tasks.remind()) == (1, 0)
        assert told(second.user, "call.sheets_late") == ["採点の期限が過ぎています: 見本助成の募集"]
        assert told(first.user, "call.sheets_late") == []
        assert len(told(desk, "call.sheets_late")) == 1


def test_correction_is_told_with_its_day_and_again_when_it_comes_and_when_it_has_passed(fund, desk):
    with moment(2025, 6, 12):
        application = make_application(make_call(fund), state="submitted")
        actions.return_application(
            application, by=desk, remarks="内訳を書いてください。", correct_by=date(2025, 6, 20)
        )
        person = application.filed_by
        assert "補正の期限: 令和7年6月20日" in last(person).body
    with moment(2025, 6, 16):
        assert tasks.remind() == 0
    with moment(2025, 6, 17):
        assert (tasks.remind(), tasks.remind()) == (1, 0)
        assert last(person).title == "補正の期限が近づいています: 藻場を増やす見本事業"
        assert told(desk, "application.correction_due") == []
    with moment(2025, 6, 21):
        assert (tasks.remind(), tasks.remind()) == (1, 0)
        assert last(person).title == "補正の期限が過ぎています: 藻場を増やす見本事業"
        assert told(desk, "application.correction_due") == ["補正が遅れています: 藻場を増やす見本事業"]
        assert last(desk).path == f"/shiokaze/staff/fund/applications/{application.ref}/"
        # It is still taken, and then nobody is reminded.
        actions.file_application(application, by=person)
    with moment(2025, 6, 23):
        assert tasks.remind() == 0


# --- awards ----------------------------------------------------------------------------------------------------------


def test_award_not_accepted_is_asked_for_after_a_week_and_once(fund):
    award = award_of(fund)
    person = award.application.filed_by
    with moment(2025, 8, 31):
        assert tasks.remind() == 0
    with moment(2025, 9, 1):
        assert (tasks.remind(), tasks.remind()) == (1, 0)
        assert told(person, "award.acceptance_wanted") == [
            "交付決定の内容を承諾してください: 藻場を増やす見本事業"
        ]


def test_how_long_acceptance_may_take_is_the_edition_s(fund):
    award_of(fund, acceptance_days=10)
    with moment(2025, 9, 3):
        assert tasks.remind() == 0
    with moment(2025, 9, 4):
        assert tasks.remind() == 1


def test_money_changes_and_the_final_amount_are_told_with_their_yen(fund, desk):
    award = award_of(fund)
    person = award.application.filed_by
    accept(award)
    with on(9, 1):
        payment = actions.request_advance(award, by=person, yen=500_000, reason="苗を買う。")
        assert "500,000円" in Notice.objects.filter(pk=last(desk).pk).get().body
        actions.pay(payment, by=desk)
        assert told(person, "payment.paid") == ["助成金を支払いました(概算払): 藻場を増やす見本事業"]
        actions.reverse_payment(payment, by=desk, reason="支払日の誤り")
        assert told(person, "payment.reversed") == ["支払の記録を取り消しました: 藻場を増やす見本事業"]
        assert "理由: 支払日の誤り" in last(person).body
        actions.pay(payment, by=desk)
        change = actions.request_change(award, by=person, kind="amount", yen=700_000, reason="単価")
        actions.decide_change(change, by=desk, approve=True, words="")
        assert "700,000円" in last(person).body
        again = actions.request_change(award, by=person, kind="content", reason="日程")
        actions.decide_change(again, by=desk, approve=False, words="要綱に合わない")
        assert "要綱に合わない" in last(person).body
    with on(3, 10, 2026):
        costs = [{"category": "wages", "label": "担当者", "yen": 500_000}]
        actions.save_report(award, by=person, done="行った。", effect="増えた。", costs=costs)
        actions.file_report(award, by=person)
        assert len(told(desk, "award.reported")) == 1
        actions.fix_amount(award, by=desk, inspection=INSPECTED, without_evidence=SEEN)
        assert "400,000円に確定しました。概算払との差額100,000円を、令和8年3月30日(月)までに返還してください。" in last(person).body  # fmt: skip
    claim = award.claims.get()
    with moment(2026, 3, 24):
        assert tasks.remind() == 0
    with moment(2026, 3, 25):
        assert (tasks.remind(), tasks.remind()) == (1, 0)
        assert len(told(person, "claim.due_soon")) == 1
    with moment(2026, 3, 31):
        assert (tasks.remind(), tasks.remind()) == (1, 0)
        assert len(told(person, "claim.overdue")) == len(told(desk, "claim.overdue")) == 1
        actions.receive_return(claim, by=desk)
        assert "延滞金30円" in last(person).body
        assert tasks.remind() == 0
        actions.reverse_return(claim, by=desk, reason="振込元の誤り")
        assert "返還の期限は令和8年3月30日(月)です。\n\n理由: 振込元の誤り" in last(person).body


def test_reports_are_asked_for_before_they_are_due_and_when_they_are_late(fund, desk):
    award = award_of(fund)
    person = award.application.filed_by
    accept(award)
    Call.objects.update(report_on=date(2026, 3, 31), outcome_on=date(2026, 9, 30))
    with moment(2026, 3, 16):
        assert tasks.remind() == 0
    with moment(2026, 3, 17):
        assert (tasks.remind(), tasks.remind()) == (1, 0)
        assert told(person, "award.report_due") == ["実績報告の期限が近づいています: 藻場を増やす見本事業"]
        assert told(desk, "award.report_due") == []
    with moment(2026, 4, 1):
        assert (tasks.remind(), tasks.remind()) == (1, 0)
        assert told(person, "award.report_due")[1:] == ["実績報告の期限が過ぎています: 藻場を増やす見本事業"]
        assert len(told(desk, "award.report_due")) == 1
        costs = [{"category": "wages", "label": "担当者", "yen": 1_000_000}]
        actions.save_report(award, by=person, done="行った。", effect="増えた。", costs=costs)
        actions.file_report(award, by=person)
        actions.fix_amount(award, by=desk, inspection=INSPECTED, without_evidence=SEEN)
        actions.pay(award.payments.get(kind="rest"), by=desk)
        assert tasks.remind() == 0
    with moment(2026, 9, 16):
        assert tasks.remind() == 1
        assert told(person, "award.outcome_due") == ["成果報告の期限が近づいています: 藻場を増やす見本事業"]
        actions.report_outcome(award, by=person, outcome="藻場が2ha増えた。")
    with moment(2026, 10, 1):
        assert tasks.remind() == 0


def test_revoked_award_is_told_with_what_is_to_be_returned(fund, desk):
    award = award_of(fund)
    accept(award)
    person = award.application.filed_by
    with on(9, 1):
        actions.pay(actions.request_advance(award, by=person, yen=500_000, reason="苗"), by=desk)
        actions.revoke(award, by=desk, reason="目的の外に使った。")
        body = last(person).body
    assert "目的の外に使った。" in body
    assert "500,000円を、令和7年9月21日(日)までに返還してください。" in body


def test_contribution_that_came_is_thanked_for_and_a_pledge_is_not(fund):
    with on(5, 1):
        promised = make_contribution(general(fund), state="pledged")
        giver = make_representative(promised.organisation)
        assert told(giver, "contribution.received") == []
        actions.receive(promised, by=None)
        assert told(giver, "contribution.received") == ["拠出を受け取りました: 見本ファンド"]


def test_who_applied_twice_reads_of_both_results_in_one_letter(fund):
    with on(6, 12):
        call = make_call(fund)
        first = make_application(call)
        person = first.filed_by
        second = actions.start_application(call, by=person, organisation=first.organisation)
        fill_application(second, person, title="もう一つの事業")
        actions.file_application(second, by=person)
        actions.check_application(second, by=None)
    with on(8, 25):
        for row in screen(call):
            actions.prepare_decision(row, by=None, outcome="not_awarded", reasons=f"{row.title}の講評")
        actions.release(call, by=None)
        (title,) = told(person, "call.released")
    assert title.endswith("(ほか1件)")
    assert "藻場を増やす見本事業の講評" in last(person).body
    assert "もう一つの事業の講評" in last(person).body


def test_screened_call_is_told_in_few_statements_however_many_applied(fund, django_assert_max_num_queries):
    from musubi.journal.models import Entry
    from musubi.notify.registry import KINDS

    with on(6, 12):
        call = make_call(fund)
        for _ in range(3):
            make_application(call)
    with on(8, 25):
        for row in screen(call):
            actions.prepare_decision(row, by=None, outcome="not_awarded", reasons="予算")
        actions.release(call, by=None)
        entry = Entry.objects.get(verb="call.released")
        with django_assert_max_num_queries(6):
            assert len(list(KINDS["call.released"].write(entry))) == 3
