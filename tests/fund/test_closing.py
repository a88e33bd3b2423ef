"""The end of an award: report, inspection, the final amount, what comes back, revocation, tax, outcome."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from musubi.fund import actions
from musubi.fund.models import Application, Award, Claim, Paper, Payment, Report, RequiredPaper
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.services.storage import keep
from tests.factories.fund import make_fund
from tests.factories.people import make_municipality, make_representative, make_staff
from tests.fund.after import INSPECTED, SEEN, advance, award_of, fix, held, on, report, state
from tests.fund.interrupted import interrupted_at_each_posting

pytestmark = pytest.mark.django_db
WAGES = [{"category": "wages", "label": "担当者", "yen": 1_000_000}]


@pytest.fixture(autouse=True)
def _day():
    with on(3, 20, 2026):
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


@pytest.fixture
def award(fund):
    return award_of(fund, tax="report")


@pytest.fixture
def person(award):
    return award.application.filed_by


@pytest.fixture
def stranger():
    return make_representative()


def save(award, **words) -> Report:
    right = {
        "by": award.application.filed_by,
        "done": "藻場を増やした。",
        "effect": "1ha増えた。",
        "costs": WAGES,
    }
    return actions.save_report(award, **(right | words))


def verbs(award):
    return [entry.verb for entry in history(award)]


# --- the report ----------------------------------------------------------------------------------------------


def test_a_report_is_written_bit_by_bit(award):
    save(award, done=" 藻場を ", effect="", costs=None)
    found = save(award)
    assert (found.done, found.effect, found.reported_at) == ("藻場を増やした。", "1ha増えた。", None)
    assert [line.yen for line in award.application.costs.filter(phase="actual")] == [1_000_000]
    assert state(award) == "awarded"


def test_save_report_is_the_organisations_until_it_is_filed(award, desk, stranger):
    for other in (desk, stranger):
        with pytest.raises(NotAllowed):
            save(award, by=other)
    report(award, 1_000_000)
    with pytest.raises(Refused):
        save(award)


def test_a_report_is_filed(award, person):
    save(award)
    actions.file_report(award, by=person)
    found = Report.objects.get()
    assert (found.reported_at, found.reported_by, state(award)) == (clock.now(), person, "reported")
    assert verbs(award)[-1] == "award.reported"


@pytest.mark.parametrize(
    ("words", "field"), [({"done": " "}, "done"), ({"effect": ""}, "effect"), ({"costs": []}, "costs")]
)
def test_a_report_is_filed_when_it_is_whole(award, person, words, field):
    save(award, **words)
    with pytest.raises(Missing) as refusal:
        actions.file_report(award, by=person)
    assert refusal.value.field == field
    assert state(award) == "awarded"


def test_a_report_needs_its_papers(award, person):
    RequiredPaper.objects.create(
        edition=award.application.edition, code="receipts", name="領収書の写し", for_report=True
    )
    save(award)
    with pytest.raises(Missing, match="領収書の写し"):
        actions.file_report(award, by=person)


def test_file_report_is_the_organisations_and_happens_once(award, person, desk, stranger):
    with pytest.raises(Missing):
        actions.file_report(award, by=person)
    save(award)
    for other in (desk, stranger):
        with pytest.raises(NotAllowed):
            actions.file_report(award, by=other)
    actions.file_report(award, by=person)
    with pytest.raises(Refused):
        actions.file_report(award, by=person)


def test_a_report_waits_for_a_change_that_is_asked_for(award, person):
    save(award)
    actions.request_change(award, by=person, kind="amount", reason="規模の縮小", yen=1)
    with pytest.raises(Refused):
        actions.file_report(award, by=person)


# --- the final amount ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spent", "paid", "final", "rest", "claimed"),
    [
        (1_000_000, 0, 800_000, 800_000, 0),
        (1_000_000, 600_000, 800_000, 200_000, 0),
        (2_000_000, 600_000, 800_000, 200_000, 0),
        (900_000, 800_000, 720_000, 0, 80_000),
        (700_001, 600_000, 560_000, 0, 40_000),
        (750_000, 600_000, 600_000, 0, 0),
        (1, 800_000, 0, 0, 800_000),
        (1, 0, 0, 0, 0),
    ],
)
def test_the_final_amount_is_the_least_and_the_rest_is_paid_or_claimed(
    fund, award, spent, paid, final, rest, claimed
):
    if paid:
        advance(award, paid)
    report(award, spent)
    assert fix(award) == final
    assert (award.final_yen, award.eligible_actual, award.fixed_on) == (final, spent, date(2026, 3, 20))
    assert [row.yen for row in Payment.objects.filter(kind="rest")] == [rest] * bool(rest)
    assert [(row.kind, row.yen) for row in Claim.objects.all()] == [("rest", claimed)] * bool(claimed)
    assert state(award) == ("fixed" if rest or claimed else "settled")
    accounts = {"cash": 3_500_000 - paid, "free": 2_700_000 + 800_000 - max(final, paid)}
    accounts |= {"payable": rest} if rest else {}
    accounts |= {"claims": claimed, "committed": claimed} if claimed else {}
    assert held(fund) == accounts
    assert verbs(award)[-1] == "award.fixed"


def test_what_the_inspection_does_not_accept_is_put_right(award, desk):
    report(award, 1_000_000)
    lines = [
        {"category": "wages", "label": "担当者", "yen": 500_000},
        {"category": "food", "label": "弁当", "yen": 500_000},
    ]
    assert (
        actions.fix_amount(award, by=desk, inspection=INSPECTED, costs=lines, without_evidence=SEEN)
        == 400_000
    )
    assert (award.eligible_actual, award.fixed_by) == (500_000, desk)
    found = Report.objects.get()
    assert (found.inspection, found.inspected_by, found.inspected_on) == (INSPECTED, desk, date(2026, 3, 20))
    assert verbs(award)[-1] == "award.fixed"


@pytest.mark.parametrize(
    ("tax", "money", "final"),
    [
        ("report", {}, 800_000),
        ("report", {"other_grants": 150_000}, 680_000),
        ("report", {"income": 100_001}, 719_000),
        ("report", {"other_grants": 100_000, "income": 1_000_000}, 0),
        ("report", {"deductible_tax": 90_000}, 800_000),
        ("deduct", {"deductible_tax": 90_000}, 728_000),
        ("deduct", {"deductible_tax": 90_000, "income": 60_000}, 680_000),
    ],
)
def test_the_final_amount_is_reckoned_from_what_really_came(fund, tax, money, final):
    award = award_of(fund, tax=tax)
    save(award, money=money)
    actions.file_report(award, by=award.application.filed_by)
    assert Report.objects.get().reported_money["grant"] == final
    assert fix(award) == final
    # What was applied for stays as it was.
    award.application.refresh_from_db()
    assert (award.application.other_grants, award.application.income) == (0, 0)


def test_a_report_begins_with_the_money_that_was_applied_for(award):
    Application.objects.update(other_grants=1, income=2, deductible_tax=3)
    award = Award.objects.get()
    found = save(award)
    assert (found.other_grants, found.income, found.deductible_tax) == (1, 2, 3)
    found = save(award, money={"income": 20})
    assert (found.other_grants, found.income, found.deductible_tax) == (1, 20, 3)
    # Saved again without a word about it, it stays.
    assert save(award).income == 20
    with pytest.raises(Refused) as refusal:
        save(award, money={"income": -1})
    assert refusal.value.field == "income"


def test_the_inspection_puts_right_what_came_and_what_was_reported_is_kept(award, desk):
    save(award, money={"income": 50_000})
    actions.file_report(award, by=award.application.filed_by)
    money = {"income": 100_000, "other_grants": 100_000}
    assert (
        actions.fix_amount(award, by=desk, inspection=INSPECTED, money=money, without_evidence=SEEN)
        == 640_000
    )
    found = Report.objects.get()
    assert (found.income, found.other_grants) == (100_000, 100_000)
    assert found.reported_money == {
        "other_grants": 0, "income": 50_000, "deductible_tax": 0, "grant": 760_000,
    }  # fmt: skip


def test_a_cost_without_evidence_is_accepted_for_a_reason_only(award, desk):
    costs = [*WAGES, {"category": "food", "label": "弁当", "yen": 5_000}]
    save(award, costs=costs)
    with pytest.raises(Missing) as refusal:
        actions.file_report(award, by=award.application.filed_by, unproven_too=False)
    assert refusal.value.field == "evidence"
    actions.file_report(award, by=award.application.filed_by)
    with pytest.raises(Missing, match="「担当者」") as refusal:
        actions.fix_amount(award, by=desk, inspection=INSPECTED, without_evidence=" ")
    # What is not eligible counts for nothing, and needs none.
    assert "弁当" not in str(refusal.value)
    assert (refusal.value.field, state(award)) == ("without_evidence", "reported")
    actions.fix_amount(award, by=desk, inspection=INSPECTED, without_evidence=SEEN)
    assert Report.objects.get().without_evidence == SEEN
    assert history(award).last().data["reason"] == SEEN


@pytest.mark.parametrize("verdict", ["clean", "infected"])
def test_a_cost_with_evidence_needs_no_reason(award, verdict):
    person = award.application.filed_by
    save(award)
    (line,) = award.application.costs.filter(phase="actual")
    kept = keep(Paper, SimpleUploadedFile("領収書.csv", "苗,1000".encode()))
    actions.add_paper(award.application, by=person, for_report=True, cost=line, **kept)
    Paper.objects.update(scanned=verdict)
    actions.file_report(award, by=person, unproven_too=verdict == "infected")
    if verdict == "infected":
        with pytest.raises(Missing):
            actions.fix_amount(award, by=None, inspection=INSPECTED)
    else:
        # A reason that is not needed is not kept.
        actions.fix_amount(award, by=None, inspection=INSPECTED, without_evidence=SEEN)
        assert Report.objects.get().without_evidence == ""


@pytest.mark.parametrize("point", INSPECTED)
def test_every_point_of_the_inspection_is_confirmed(award, point):
    report(award, 1_000_000)
    with pytest.raises(Missing) as refusal:
        actions.fix_amount(award, by=None, inspection={**INSPECTED, point: False})
    assert refusal.value.field == f"inspection_{point}"
    assert (state(award), Award.objects.get().final_yen) == ("reported", None)


def test_fix_amount_is_the_secretariats_after_the_report_and_once(award, person, manager):
    with pytest.raises(Refused):
        fix(award)
    report(award, 1_000_000)
    for other in (person, manager):
        with pytest.raises(NotAllowed):
            actions.fix_amount(award, by=other, inspection=INSPECTED, without_evidence=SEEN)
    fix(award)
    with pytest.raises(Refused):
        fix(award)


def test_an_advance_that_was_not_paid_is_put_aside_at_the_end(award, person):
    advance(award, 100_000)
    with on(9, 2):
        actions.request_advance(award, by=person, yen=1, reason="準備のため")
    report(award, 1_000_000)
    fix(award)
    assert list(Payment.objects.values_list("kind", "state", "yen")) == [
        ("advance", "paid", 100_000),
        ("advance", "cancelled", 1),
        ("rest", "requested", 700_000),
    ]


@pytest.mark.parametrize(("spent", "postings"), [(900_000, 6), (500_000, 6)])
def test_fixing_that_breaks_off_leaves_nothing_half_done(award, spent, postings):
    advance(award, 600_000)
    report(award, spent)
    assert interrupted_at_each_posting(lambda: fix(Award.objects.get())) == postings
    assert state(award) == "fixed"


# --- what comes back -----------------------------------------------------------------------------------------


@pytest.fixture
def claim(award) -> Claim:
    """240,000 yen of 800,000 to be given back by 9 April 2026."""
    advance(award, 800_000)
    report(award, 700_000)
    fix(award)
    return Claim.objects.get()


def test_what_comes_back_in_time_costs_nothing_more(fund, claim, desk):
    with on(4, 9, 2026):
        assert actions.receive_return(claim, by=desk) == 0
    assert (claim.returned_on, claim.late_yen) == (date(2026, 4, 9), 0)
    assert (held(fund), state(claim.award)) == ({"cash": 2_940_000, "free": 2_940_000}, "settled")
    assert verbs(claim.award)[-1] == "claim.returned"


def test_what_comes_back_late_costs_by_the_day(fund, claim):
    with on(6, 1, 2026):
        # 240,000 × 10.95 % × 53 ÷ 365 = 3,816
        assert actions.receive_return(claim, by=None) == 3_816
    assert held(fund) == {"cash": 2_943_816, "free": 2_943_816}


def test_a_return_is_dated_between_the_claim_and_today(claim):
    for day in (date(2026, 3, 19), date(2026, 3, 21)):
        with pytest.raises(Missing) as refusal:
            actions.receive_return(claim, by=None, on=day)
        assert refusal.value.field == "on"


def test_receive_return_is_the_secretariats_and_happens_once(claim, person, manager):
    for other in (person, manager):
        with pytest.raises(NotAllowed):
            actions.receive_return(claim, by=other)
    actions.receive_return(claim, by=None)
    with pytest.raises(Conflict):
        actions.receive_return(Claim.objects.get(), by=None)


def test_a_return_that_breaks_off_leaves_nothing_half_done(claim):
    with on(6, 1, 2026):
        assert interrupted_at_each_posting(lambda: actions.receive_return(Claim.objects.get(), by=None)) == 5
    assert state(claim.award) == "settled"


# --- revocation ----------------------------------------------------------------------------------------------


def revoke(award, **words) -> None:
    actions.revoke(award, **{"by": None, "reason": "虚偽の報告のため", **words})


def test_an_award_is_revoked_with_a_reason(fund, award, desk):
    revoke(award, by=desk, reason=" 虚偽の報告のため ")
    assert (award.revoked_on, award.revoke_reason) == (date(2026, 3, 20), "虚偽の報告のため")
    assert (state(award), award.application.reason) == ("revoked", "虚偽の報告のため")
    assert held(fund) == {"cash": 3_500_000, "free": 3_500_000}
    assert verbs(award)[-1] == "award.revoked"


def test_revoke_is_refused_without_a_reason_twice_and_to_others(award, person, manager):
    with pytest.raises(Missing):
        revoke(award, reason=" ")
    for other in (person, manager):
        with pytest.raises(NotAllowed):
            revoke(award, by=other)
    revoke(award)
    with pytest.raises(Refused):
        revoke(award)


@pytest.mark.parametrize("paid", [0, 100_000, 800_000])
@pytest.mark.parametrize("spent", [None, 500_000, 1_000_000])
@pytest.mark.parametrize("is_fixed", [False, True])
def test_whenever_it_is_revoked_all_that_was_paid_comes_back(fund, award, paid, spent, is_fixed):
    if paid:
        advance(award, paid)
    if spent:
        report(award, spent)
    if spent and is_fixed:
        fix(award)
    revoke(award)
    assert not Payment.objects.filter(state="requested").exists()
    assert sum(row.yen for row in Claim.objects.all()) == paid
    owed = {"claims": paid, "committed": paid} if paid else {}
    assert held(fund) == {"cash": 3_500_000 - paid, "free": 3_500_000 - paid, **owed}
    for row in Claim.objects.all():
        actions.receive_return(row, by=None)
    assert (held(fund), state(award)) == ({"cash": 3_500_000, "free": 3_500_000}, "revoked")
    assert [pot.available for pot in fund.pots.order_by("pk")] == [3_000_000, 500_000]


def test_what_was_settled_is_claimed_less_what_came_back(fund, claim):
    actions.receive_return(claim, by=None)
    revoke(claim.award)
    again = Claim.objects.get(kind="revoked")
    assert again.yen == 560_000
    actions.receive_return(again, by=None)
    assert held(fund) == {"cash": 3_500_000, "free": 3_500_000}


def test_an_open_change_ends_with_the_award(award, person):
    change = actions.request_change(award, by=person, kind="stop", reason="人手の不足")
    revoke(award)
    change.refresh_from_db()
    assert change.state == "withdrawn"


def test_a_change_that_ended_with_the_award_is_decided_no_more(award, person):
    advance(award, 300_000)
    with on(10, 1):
        change = actions.request_change(award, by=person, kind="amount", reason="縮小する", yen=400_000)
        actions.revoke(award, by=None, reason="違反のため")
        actions.receive_return(award.claims.get(), by=None)
        for approve in (True, False):
            with pytest.raises(Refused, match="変更申請"):
                actions.decide_change(change, by=None, approve=approve, words="確認した")


def test_a_revocation_that_breaks_off_leaves_nothing_half_done(award):
    advance(award, 300_000)
    assert interrupted_at_each_posting(lambda: revoke(Award.objects.get())) == 4
    assert state(award) == "revoked"


# --- tax and outcome -----------------------------------------------------------------------------------------


@pytest.fixture
def settled(award) -> Award:
    advance(award, 800_000)
    report(award, 1_000_000)
    fix(award)
    return award


def test_tax_that_could_be_deducted_is_claimed(fund, settled, person):
    actions.report_tax(settled, by=person, yen=72_727)
    found = Report.objects.get()
    assert (found.tax_yen, found.tax_at) == (72_727, clock.now())
    assert Claim.objects.get().yen == 72_727
    assert held(fund) == {"cash": 2_700_000, "claims": 72_727, "free": 2_700_000, "committed": 72_727}
    assert verbs(settled)[-1] == "award.tax_reported"


def test_no_tax_is_reported_and_nothing_is_claimed(settled, person):
    actions.report_tax(settled, by=person, yen=0)
    assert not Claim.objects.exists()


def test_tax_is_reported_once_within_the_grant_and_by_the_organisation(settled, person, desk, stranger):
    for other in (desk, stranger):
        with pytest.raises(NotAllowed):
            actions.report_tax(settled, by=other, yen=1)
    for yen in (-1, 800_001):
        with pytest.raises(Refused) as refusal:
            actions.report_tax(settled, by=person, yen=yen)
        assert refusal.value.field == "yen"
    actions.report_tax(settled, by=person, yen=1)
    with pytest.raises(Conflict):
        actions.report_tax(settled, by=person, yen=1)


def test_tax_is_reported_after_settlement_and_where_the_programme_asks(fund, award, person, city):
    with pytest.raises(Refused, match="精算が済んでから"):
        actions.report_tax(award, by=person, yen=1)
    other = award_of(make_fund(city, name="別のファンド"), tax="ignore")
    with pytest.raises(Refused, match="報告はいりません"):
        actions.report_tax(other, by=other.application.filed_by, yen=1)


def test_a_tax_report_that_breaks_off_leaves_nothing_half_done(settled, person):
    again = lambda: actions.report_tax(Award.objects.get(), by=person, yen=72_727)  # noqa: E731
    assert interrupted_at_each_posting(again) == 2


def test_tax_and_revocation_claim_no_yen_twice(fund, settled, person):
    actions.report_tax(settled, by=person, yen=72_727)
    revoke(settled)
    assert [(row.kind, row.yen) for row in Claim.objects.all()] == [("tax", 72_727), ("revoked", 727_273)]
    for row in Claim.objects.all():
        actions.receive_return(row, by=None)
    assert held(fund) == {"cash": 3_500_000, "free": 3_500_000}


def test_what_became_of_it_is_reported(settled, person, desk, stranger):
    for other in (desk, stranger):
        with pytest.raises(NotAllowed):
            actions.report_outcome(settled, by=other, outcome="藻場が1ha増えた。")
    with pytest.raises(Missing):
        actions.report_outcome(settled, by=person, outcome=" ")
    actions.report_outcome(settled, by=person, outcome=" 藻場が1ha増えた。 ")
    assert (Report.objects.get().outcome, state(settled)) == ("藻場が1ha増えた。", "outcome_reported")
    assert verbs(settled)[-1] == "award.outcome_reported"
    with pytest.raises(Refused):
        actions.report_outcome(settled, by=person, outcome="藻場が1ha増えた。")


def test_an_outcome_is_reported_after_settlement(award, person):
    with pytest.raises(Refused):
        actions.report_outcome(award, by=person, outcome="藻場が1ha増えた。")
