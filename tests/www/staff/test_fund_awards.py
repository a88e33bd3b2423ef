"""The secretariat's awards: paid, changed, inspected, fixed, settled, claimed back, each step reckoned before it is taken."""

from datetime import date

import pytest
from django.urls import reverse

from musubi.fund import actions
from musubi.fund.actions.closing import INSPECTION
from musubi.fund.models import Award, Claim, Payment
from musubi.lib import clock
from tests.factories.fund import make_fund
from tests.factories.people import make_municipality, make_staff
from tests.fund.after import accept, advance, award_of, fix, held, on, report

pytestmark = pytest.mark.django_db
POINTS = {f"inspection_{code}": "on" for code in INSPECTION}


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2026, 3, 20)):
        yield


@pytest.fixture
def city():
    return make_municipality("shiokaze", name="しおかぜ市")


@pytest.fixture
def desk(city, client):
    person = make_staff(city)
    client.force_login(person)
    return person


@pytest.fixture
def fund(city):
    with on(4, 20):
        return make_fund(city)


@pytest.fixture
def award(fund, desk) -> Award:
    award = award_of(fund)
    accept(award)
    return award


def page(award: Award) -> str:
    return reverse("staff-fund-award", args=["shiokaze", award.application.ref])


def act(client, award: Award, code: str, row, **sent):
    return client.post(f"{page(award)}act/{code}/{row.pk}/", sent)


def text(response) -> str:
    return response.content.decode()


def state(award: Award) -> str:
    award.application.refresh_from_db()
    return award.application.state


def test_an_advance_is_paid_or_put_aside(client, award, fund):
    person = award.application.filed_by
    with on(9, 1):
        one = actions.request_advance(award, by=person, yen=300_000, reason="機材を買うため")
        other = actions.request_advance(award, by=person, yen=100_000, reason="旅費")
    shown = client.get(page(award))
    assert [words for words, _href in shown.context["todo"]] == [
        "概算払 300,000円を払い、記録する",
        "概算払 100,000円を払い、記録する",
    ]
    early = act(client, award, "pay", one, on="2025-08-01")
    assert (early.status_code, "交付決定より前" in text(early)) == (422, True)
    assert act(client, award, "pay", one, on="2025-09-10")["Location"] == page(award) + "#payments"
    assert act(client, award, "cancel-payment", other, reason="自己資金で足りたため").status_code == 302
    assert list(Payment.objects.order_by("pk").values_list("state", "paid_on")) == [
        ("paid", date(2025, 9, 10)),
        ("cancelled", None),
    ]
    assert (state(award), held(fund)["advances"]) == ("advanced", 300_000)
    twice = act(client, award, "pay", one, on="2025-09-10")
    assert twice.status_code == 422


def test_a_change_is_decided_with_its_reckoning_on_the_page(client, award, fund):
    with on(10, 1):
        change = actions.request_change(
            award,
            by=award.application.filed_by,
            kind="amount",
            yen=500_000,
            reason="規模を小さくするため",
            costs=[{"category": "wages", "label": "担当者", "yen": 700_000}],
        )
    shown = client.get(page(award))
    (one,) = shown.context["changes"]
    assert ([step["yen"] for step in one["before"]][-1], [step["yen"] for step in one["after"]][-1]) == (
        800_000,
        560_000,
    )
    assert (one["most"], one["paid"], one["free"]) == (560_000, 0, 300_000)
    wordless = act(client, award, "decide", change, approve="no", words="")
    assert (wordless.status_code, "承認しない理由" in text(wordless)) == (422, True)
    assert act(client, award, "decide", change, approve="yes", words="適当と認める。").status_code == 302
    award.refresh_from_db()
    assert (award.yen, award.first_yen, state(award)) == (500_000, 800_000, "awarded")
    assert "当初 800,000円" in text(client.get(page(award)))


def test_the_amount_is_reckoned_through_before_it_is_fixed(client, award, fund):
    advance(award, 700_000)
    report(award, 750_000)
    (line,) = award.application.costs.filter(phase="actual")
    shown = client.get(page(award))
    assert [step["yen"] for step in shown.context["fixing"]][-4:] == [800_000, 600_000, 700_000, 100_000]
    tried = act(client, award, "fix", award, step="reckon", **{f"yen_{line.pk}": "500,000"})
    assert tried.status_code == 200
    assert [step["yen"] for step in tried.context["fixing"]][-4:] == [800_000, 400_000, 700_000, 300_000]
    assert (state(award), line.yen) == ("reported", 750_000)
    # A point that was not looked at is named, and what was typed stays.
    points = {name: value for name, value in POINTS.items() if name != "inspection_period"}
    missing = act(client, award, "fix", award, **points, **{f"yen_{line.pk}": "700000"})
    assert (
        missing.status_code,
        "助成の期間内の支出である" in text(missing),
        'value="700000"' in text(missing),
    ) == (422, True, True)
    # A cost without a file needs a reason.
    sent = {**POINTS, f"yen_{line.pk}": "700000"}
    bare = act(client, award, "fix", award, **sent)
    assert (bare.status_code, "証拠書類のない支出があります" in text(bare)) == (422, True)
    done = act(client, award, "fix", award, **sent, without_evidence="現地で確認した")
    assert done.status_code == 302
    award.refresh_from_db()
    assert (award.final_yen, state(award), Claim.objects.get().yen) == (560_000, "fixed", 140_000)
    after = client.get(page(award))
    assert "現地で確認した" in text(after)
    assert [step["yen"] for step in after.context["fixing"]][-4:] == [800_000, 560_000, 700_000, 140_000]
    assert [met for _words, met in after.context["inspection"]] == [True] * len(INSPECTION)


def test_the_inspection_puts_right_what_came(client, award):
    report(award, 750_000)
    (line,) = award.application.costs.filter(phase="actual")
    sent = {f"yen_{line.pk}": "750,000", "other_grants": "100,000", "income": ""}
    tried = act(client, award, "fix", award, step="reckon", **sent)
    assert [step["yen"] for step in tried.context["fixing"]][-3] == 520_000
    act(client, award, "fix", award, **sent, **POINTS, without_evidence="現地で確認した")
    award.refresh_from_db()
    assert (award.final_yen, award.report.other_grants) == (520_000, 100_000)


def test_what_is_no_sum_is_said_beside_the_line(client, award):
    report(award, 750_000)
    (line,) = award.application.costs.filter(phase="actual")
    answer = act(client, award, "fix", award, step="reckon", **{f"yen_{line.pk}": "七百"})
    assert (answer.status_code, "金額を整数で" in text(answer), 'value="七百"' in text(answer)) == (
        422,
        True,
        True,
    )


def test_the_rest_is_paid_and_the_award_settled(client, award, fund):
    advance(award, 300_000)
    report(award, 750_000)
    fix(award)
    rest = Payment.objects.get(kind="rest")
    assert act(client, award, "pay", rest, on="2026-03-20").status_code == 302
    assert (state(award), rest.yen) == ("settled", 300_000)
    # What was paid as the rest is no advance in the reckoning.
    assert [step["yen"] for step in client.get(page(award)).context["fixing"]][-2:] == [300_000, 300_000]


def test_a_claim_is_returned_late_with_its_charge(client, award, fund):
    advance(award, 700_000)
    report(award, 600_000)
    fix(award)
    claim = Claim.objects.get()
    with clock.standing_at(date(2026, 4, 19)):
        (one,) = client.get(page(award)).context["claims"]
        # 220,000 × 10.95 % × 10 ÷ 365
        assert (claim.yen, claim.due_on, one["late_days"], one["late_today"]) == (
            220_000,
            date(2026, 4, 9),
            10,
            660,
        )
        assert act(client, award, "returned", claim, on="2026-05-01").status_code == 422
        assert act(client, award, "returned", claim, on="2026-04-19").status_code == 302
    claim.refresh_from_db()
    assert (claim.late_yen, claim.returned_on, state(award)) == (660, date(2026, 4, 19), "settled")
    assert "延滞金 660円" in text(client.get(page(award)))


def test_what_was_recorded_by_mistake_is_taken_back_with_a_reason(client, award, fund):
    advance(award, 700_000)
    paid = Payment.objects.get()
    empty = act(client, award, "reverse-payment", paid, reason="")
    assert (empty.status_code, state(award)) == (422, "advanced")
    shown = text(client.get(page(award)))
    assert f"act-reverse-payment-{paid.pk}" in shown
    assert act(client, award, "reverse-payment", paid, reason="支払日の誤り").status_code == 302
    shown = text(client.get(page(award)))
    assert ("支払の取消し" in shown, "支払日の誤り" in shown, f"act-reverse-payment-{paid.pk}" in shown) == (
        True,
        True,
        False,
    )
    twice = act(client, award, "reverse-payment", paid, reason="もう一度")
    assert (twice.status_code, "支払済みと記録されていません" in text(twice)) == (422, True)
    assert act(client, award, "pay", paid, on="2025-09-02").status_code == 302
    report(award, 600_000)
    fix(award)
    claim = Claim.objects.get()
    assert act(client, award, "returned", claim, on="2026-03-20").status_code == 302
    shown = text(client.get(page(award)))
    # The advance is what the amount was fixed upon.
    assert (f"act-reverse-return-{claim.pk}" in shown, f"act-reverse-payment-{paid.pk}" in shown) == (
        True,
        False,
    )
    assert act(client, award, "reverse-return", claim, reason="振込元の誤り").status_code == 302
    assert (state(award), held(fund)["claims"]) == ("fixed", 220_000)
    # Everybody reads both lines in the public ledger.
    public = text(client.get(reverse("fund-ledger", args=["shiokaze"]) + "?account=all"))
    assert ("助成金の支払の記録の取消し" in public, "助成金の返還の記録の取消し" in public) == (True, True)


def test_an_award_is_revoked_for_sure(client, award, fund):
    advance(award, 200_000)
    unsure = act(client, award, "revoke", award, reason="虚偽の申請")
    assert (unsure.status_code, "虚偽の申請" in text(unsure), state(award)) == (422, True, "advanced")
    assert act(client, award, "revoke", award, reason="虚偽の申請", sure="on").status_code == 302
    assert (state(award), Claim.objects.get().yen) == ("revoked", 200_000)
    shown = text(client.get(page(award)))
    assert ("交付決定を取り消しました" in shown, "act-revoke" in shown) == (True, False)


def test_only_the_secretariat_acts_and_auditors_read(client, city, award):
    client.force_login(make_staff(city, "auditor"))
    shown = text(client.get(page(award)))
    assert (award.application.title in shown, "act-revoke" in shown, "事務局の番です" in shown) == (
        True,
        False,
        False,
    )
    assert act(client, award, "revoke", award, reason="×", sure="on").status_code == 403
    client.force_login(make_staff(make_municipality("hoka")))
    assert client.get(page(award)).status_code == 403


def test_acts_on_what_belongs_elsewhere_are_not_found(client, award, fund):
    other = award_of(fund)
    accept(other)
    with on(9, 1):
        payment = actions.request_advance(other, by=other.application.filed_by, yen=1000, reason="旅費")
    assert act(client, award, "pay", payment, on="2025-09-10").status_code == 404
    assert act(client, award, "zzz", award).status_code == 404
    payment.refresh_from_db()
    assert payment.state == "requested"


def test_the_list_finds_what_waits_and_asks_no_more_for_more(
    client, award, fund, django_assert_max_num_queries
):
    others = [award_of(fund) for _ in range(3)]
    for other in others:
        accept(other)
    with on(9, 1):
        actions.request_advance(others[0], by=others[0].application.filed_by, yen=1000, reason="旅費")
    report(others[1], 750_000)
    address = reverse("staff-fund-awards", args=["shiokaze"])
    client.get(address)
    with django_assert_max_num_queries(12):
        found = client.get(address)
    assert (found.context["page"].paginator.count, found.context["yen"]) == (4, 3_200_000)

    def waiting(kind: str) -> list[int]:
        return [one.pk for one, _state in client.get(address, {"waiting": kind}).context["rows"]]

    assert (waiting("advance"), waiting("inspect"), waiting("claim")) == ([others[0].pk], [others[1].pk], [])
    front = client.get(reverse("staff-fund", args=["shiokaze"]))
    assert [row["kind"] for row in front.context["rows"]] == ["advance", "inspect"]
    assert front.context["rows"][0]["href"] == page(others[0]) + "#payments"
