"""kill -9 between any two statements of everything that moves money: the books balance, and the work goes on."""

from contextlib import contextmanager
from datetime import date

import pytest

from musubi.fund import actions, ledger
from musubi.fund.actions.closing import INSPECTION
from musubi.fund.models import (
    Application,
    Award,
    Call,
    Change,
    Claim,
    Contribution,
    Fund,
    Payment,
    Posting,
    Pot,
)
from musubi.fund.states import Source, Stage
from musubi.lib import clock
from musubi.people.models import Organisation, Representative
from tests.factories.fund import (
    general,
    make_application,
    make_call,
    make_committee,
    make_edition,
    make_fund,
    score_all,
    screen,
)
from tests.factories.people import make_municipality, make_organisation
from tests.fund.interrupted import killed_before_each_statement

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("emptied_ledger")]


@contextmanager
def on(month: int, day: int, year: int = 2025):
    with clock.standing_at(date(year, month, day)):
        yield


def check_books() -> None:
    fund = Fund.objects.get()
    for pot in fund.pots.all():
        balances = ledger.balances(Posting.objects.filter(pot=pot))
        assert ledger.is_balanced(balances)
        assert balances["free"] == pot.available


def through(act) -> None:
    """Killed at every statement, then done."""
    # Several statements and the COMMIT: one alone would be no test of what lies between two.
    assert killed_before_each_statement(act) > 3
    check_books()


def of(title: str) -> Award:
    return Award.objects.get(application__title=title)


def test_money_in():
    with on(5, 1):
        pot = general(make_fund(make_municipality("shiokaze"))).pk
        giver = make_organisation().pk

        def promise():
            actions.pledge(Pot.objects.get(pk=pot), by=None, source=Source.ORGANISATION, yen=500_000, name="",
                           organisation=Organisation.objects.get(pk=giver))  # fmt: skip

        through(promise)
        through(lambda: actions.receive(Contribution.objects.get(), by=None))
        through(
            lambda: actions.return_contribution(Contribution.objects.get(), by=None, reason="振込先の誤り")
        )
        promise()
        through(
            lambda: actions.cancel_pledge(
                Contribution.objects.get(state="pledged"), by=None, reason="事情が変わったため"
            )
        )


def test_from_the_release_to_the_last_yen():
    names = ["残額を払う", "返還する", "補欠", "変更して取り消す"]
    with on(5, 1):
        fund = make_fund(make_municipality("shiokaze"))
        pot = general(fund).pk
        for yen in (2_000_000, 1_200_000):
            money = actions.pledge(Pot.objects.get(pk=pot), by=None, source=Source.PUBLIC, yen=yen, name="区")
            actions.receive(money, by=None)
        sea = actions.earmark(fund, by=None, theme="海の環境")
        money = actions.pledge(sea, by=None, source=Source.PUBLIC, yen=300_000, name="区")
        actions.receive(money, by=None)
    with on(6, 12):
        call = make_call(fund, edition=make_edition(fund.municipality, has_reserve=True, tax="report"))
        for name in names:
            make_application(call, title=name)
    with on(8, 25):
        for one in screen(call):
            if one.title == "補欠":
                actions.prepare_decision(one, by=None, outcome="reserve", reasons="予算の範囲に入らない。")
                continue
            shares = {pot: 500_000, sea.pk: 300_000} if one.title == "変更して取り消す" else {pot: 800_000}
            actions.prepare_decision(
                one,
                by=None,
                outcome="awarded",
                reasons="効果が見込まれる。",
                yen=800_000,
                shares=shares,
                serves=[sea.pk],
            )
        through(lambda: actions.release(Call.objects.get(), by=None))
        through(
            lambda: actions.award_from_reserve(
                Application.objects.get(state="reserve"), by=None, yen=800_000, shares={pot: 800_000}
            )
        )
    person = {award.application.title: award.application.filed_by for award in Award.objects.all()}
    with on(9, 1):
        for name in names:
            actions.accept_award(of(name), by=person[name])
        for name, yen in (("返還する", 800_000), ("変更して取り消す", 300_000)):
            actions.request_advance(of(name), by=person[name], yen=yen, reason="準備のため")
        through(
            lambda: actions.request_advance(
                of("残額を払う"), by=person["残額を払う"], yen=500_000, reason="準備のため"
            )
        )
        for name in ("返還する", "変更して取り消す"):
            actions.pay(of(name).payments.get(), by=None)
        through(lambda: actions.pay(of("残額を払う").payments.get(), by=None))
    with on(11, 4):
        name = "変更して取り消す"
        through(
            lambda: actions.request_change(
                of(name), by=person[name], kind="amount", yen=600_000, reason="回数を減らすため"
            )
        )
        through(lambda: actions.decide_change(Change.objects.get(), by=None, approve=True, words=""))
    with on(3, 10, 2026):
        for name, yen in (("残額を払う", 1_000_000), ("返還する", 500_000)):
            costs = [{"category": "wages", "label": "担当者", "yen": yen}]
            actions.save_report(of(name), by=person[name], done="行った。", effect="増えた。", costs=costs)
            actions.file_report(of(name), by=person[name])
    inspected = dict.fromkeys(INSPECTION, True)
    with on(3, 20, 2026):
        for name in ("残額を払う", "返還する"):
            through(
                lambda name=name: actions.fix_amount(
                    of(name), by=None, inspection=inspected, without_evidence="現地で確認した"
                )
            )
        through(lambda: actions.pay(Payment.objects.get(kind="rest"), by=None))
        through(lambda: actions.revoke(of("変更して取り消す"), by=None, reason="虚偽の申請"))
        through(lambda: actions.report_tax(of("残額を払う"), by=person["残額を払う"], yen=40_000))
    with on(5, 20, 2026):
        # Late: the charge is a posting of its own.
        through(lambda: actions.receive_return(Claim.objects.get(kind="rest"), by=None))
    ends = {award.application.title: award.application.state for award in Award.objects.all()}
    assert ends == {
        "残額を払う": "settled",
        "返還する": "settled",
        "補欠": "awarded",
        "変更して取り消す": "revoked",
    }


def decide(call: Call, stage: Stage) -> None:
    here = {Stage.FIRST: "checked", Stage.SECOND: "first_passed"}[stage]
    passed = set(call.applications.filter(state=here).values_list("pk", flat=True))
    actions.decide_stage(call, by=None, stage=stage, passed=passed, reasons={})


def test_from_the_filing_to_the_end_of_the_call():
    with on(5, 1):
        fund = make_fund(make_municipality("shiokaze"))
        pot = general(fund).pk
        money = actions.pledge(Pot.objects.get(pk=pot), by=None, source=Source.PUBLIC, yen=800_000, name="区")
        actions.receive(money, by=None)
    with on(6, 12):
        call = make_call(fund, edition=make_edition(fund.municipality, has_reserve=True))
        make_application(call, title="補欠")
        draft = make_application(call, title="決定", state="draft")
        person = Representative.objects.get(organisation=draft.organisation).user
        through(lambda: actions.file_application(Application.objects.get(title="決定"), by=person))
        actions.check_application(Application.objects.get(title="決定"), by=None)
    with on(8, 25):
        actions.begin_screening(call, by=None)
        make_committee(fund)
        score_all(call, Stage.FIRST)
        through(lambda: decide(Call.objects.get(), Stage.FIRST))
        through(lambda: actions.release_first(Call.objects.get(), by=None))
        score_all(Call.objects.get(), Stage.SECOND)
        through(lambda: decide(Call.objects.get(), Stage.SECOND))
        for one in Application.objects.filter(state="second_passed"):
            outcome = {"決定": "awarded", "補欠": "reserve"}[one.title]
            yen = {"yen": 800_000, "shares": {pot: 800_000}} if outcome == "awarded" else {}
            actions.prepare_decision(one, by=None, outcome=outcome, reasons="審査の結果による。", **yen)
        actions.release(Call.objects.get(), by=None)
    with on(9, 1):
        through(lambda: actions.accept_award(of("決定"), by=person))
        actions.request_advance(of("決定"), by=person, yen=500_000, reason="準備のため")
        through(lambda: actions.cancel_payment(Payment.objects.get(), by=None, reason="額の誤り"))
        through(
            lambda: actions.drop_reserve(
                Application.objects.get(title="補欠"), by=None, reason="財源が増えなかったため"
            )
        )
    with on(3, 20, 2026):
        costs = [{"category": "wages", "label": "担当者", "yen": 1_000_000}]
        actions.save_report(of("決定"), by=person, done="行った。", effect="増えた。", costs=costs)
        through(lambda: actions.file_report(of("決定"), by=person))
        inspected = dict.fromkeys(INSPECTION, True)
        actions.fix_amount(of("決定"), by=None, inspection=inspected, without_evidence="現地で確認した")
        actions.pay(Payment.objects.get(kind="rest"), by=None)
        through(lambda: actions.report_outcome(of("決定"), by=person, outcome="藻場が増えた。"))
        through(lambda: actions.finish_call(Call.objects.get(), by=None))
    assert Call.objects.get().state == "finished"
