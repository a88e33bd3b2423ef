"""The ward's year 令和7 from the call to the outcome reports, on its days, as the demo plays it through the actions.

Every figure is reckoned here anew from what was asked, spent and paid; nothing of the product's own reckoning is used.
"""

import re
from collections import Counter
from datetime import date, datetime
from fractions import Fraction

import pytest
from django.test import Client
from django.urls import reverse

from musubi.fund import ledger
from musubi.fund.models import (
    Application,
    Assignment,
    Award,
    Call,
    Claim,
    Contribution,
    CostLine,
    Fund,
    Payment,
    Posting,
    Slot,
)
from musubi.fund.ranking import standings
from musubi.fund.states import Stage
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.people.models import Municipality
from musubi.www.demo import fund as demo
from musubi.www.demo import shiokaze
from musubi.www.demo.player import play
from musubi.www.demo.town import Cast, Town, read

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 21)

# --- what the year has to give, as the ward's officer would write it on paper ---------------------------------------

# year of support: share, cap; cut to thousands.
TERMS = {1: (Fraction(4, 5), 5_000_000), 2: (Fraction(1, 2), 3_000_000)}
MONEY = {
    "general": 12_000_000 + 1_500_000 + 300_000 + 1_200_000,
    "climate": 2_000_000,
    "children": 3_000_000,
    "programme": 2_000_000,
}
# organisation: decided, after changes, paid in advance, final, paid at the end, claimed back
AWARDS = {
    "uramichi": (3_000_000, 3_000_000, 2_000_000, 2_825_000, 825_000, 0),
    "soramame": (4_690_000, 4_690_000, 4_000_000, 4_467_000, 467_000, 0),
    "kagerou": (5_000_000, 5_000_000, 5_000_000, 4_585_000, 0, 415_000),
    "hokenshitsu": (2_534_000, 2_100_000, 1_500_000, 2_078_000, 578_000, 0),
    "shiomibashi": (3_100_000, 3_100_000, 2_500_000, 3_100_000, 600_000, 0),
    "towairo": (2_250_000, 0, 0, None, 0, 0),
    "matatsuka": (1_860_000, 1_860_000, 1_860_000, 1_860_000, 0, 0),
}
ENDS = {
    "uramichi": "outcome_reported",
    "soramame": "outcome_reported",
    "kagerou": "outcome_reported",
    "hokenshitsu": "outcome_reported",
    "shiomibashi": "outcome_reported",
    "matatsuka": "outcome_reported",
    "towairo": "withdrawn",
    "hakoniwa": "withdrawn",
    "tsumugi": "not_awarded",
    "hinata": "not_awarded",
    "kanade": "second_failed",
    "yorimichi": "first_failed",
    "mitsumeru": "first_failed",
    "sorachika": "draft",
}
# Each criterion's weight in the order of the points: both stages weigh the first twice.
WEIGHTS = (2, 1, 1, 1)
FULL = 5 * sum(WEIGHTS)


def grant(year: int, costs: list[list], income: int) -> int:
    """Costs by the ward's terms: travel up to 200,000, work given out up to half, no food, then share, cap, thousands."""
    spent = Counter()
    for code, _label, yen in costs:
        spent[code] += yen
    del spent["food"]
    whole = sum(spent.values())
    spent["travel"] = min(spent["travel"], 200_000)
    spent["outsource"] = min(spent["outsource"], whole // 2)
    share, cap = TERMS[year]
    return min((sum(spent.values()) - income) * share, Fraction(cap)) // 1000 * 1000


def divided(yen: int, over: dict[str, int]) -> dict[str, int]:
    """In proportion, to the yen; what is left over goes to the greatest remainders, then to the earlier pot."""
    whole = sum(over.values())
    exact = {pot: Fraction(yen * part, whole) for pot, part in over.items()}
    found = {pot: part.numerator // part.denominator for pot, part in exact.items()}
    order = sorted(over, key=lambda pot: (found[pot] - exact[pot], list(over).index(pot)))
    for pot in order[: yen - sum(found.values())]:
        found[pot] += 1
    return found


def total(sheets: str) -> int:
    """A stage's points: those who are tied are filled in by the mean of the others, decimals cut."""
    given = [sum(int(mark) * weight for mark, weight in zip(one, WEIGHTS, strict=True))
             for one in sheets.split() if one != "-"]  # fmt: skip
    return sum(given) + sum(given) * (5 - len(given)) // len(given)


def tie_break(sheets: str) -> tuple:
    """Equal totals: by the mean of the heaviest criterion, then of the others in their order."""
    given = [one for one in sheets.split() if one != "-"]
    return tuple(-Fraction(sum(int(one[place]) for one in given), len(given)) for place in range(4))


def reckoned_book() -> dict[str, dict[str, int]]:
    """Where every yen is at the end of the year: free money and cash by pot."""
    words = {one["org"]: one for one in read("fund_2025")["application"]}
    free = dict(MONEY)
    for org, (decided, after, advance, final, _rest, back) in AWARDS.items():
        shares = dict(words[org].get("shares") or words[org]["awarded_later"]["shares"])
        assert sum(shares.values()) == decided
        # In the order in which the pots were opened.
        shares = {pot: shares[pot] for pot in MONEY if pot in shares}
        paid = divided(advance, shares) if advance else dict.fromkeys(shares, 0)
        left = {pot: shares[pot] - paid[pot] for pot in shares}
        if decided != after:
            less = divided(decided - after, left)
            left = {pot: left[pot] - less[pot] for pot in left}
        if final and final > advance:
            rest = divided(final - advance, left)
            paid = {pot: paid[pot] + rest[pot] for pot in paid}
        if back:
            returned = divided(back, paid)
            paid = {pot: paid[pot] - returned[pot] for pot in paid}
        assert sum(paid.values()) == (final or 0)
        for pot, yen in paid.items():
            free[pot] -= yen
    return {pot: {"cash": yen, "free": yen} for pot, yen in free.items()}


# --- the year as it was played --------------------------------------------------------------------------------------


class Year:
    """The played year by the short names of the data."""

    def __init__(self, town: Town):
        self.town = town
        self.city = Municipality.objects.get(slug="shiokaze")
        self.fund = Fund.objects.get(municipality=self.city, fiscal_year=2025)
        self.call = Call.objects.get(fund=self.fund)
        self.keys = {row.pk: key for key, row in town.cast.organisations.items()}
        self.words = {one["org"]: one for one in read("fund_2025")["application"]}

    def of(self, org: str) -> Application:
        return self.call.applications.get(organisation=self.town.cast.organisation(org))

    def award(self, org: str) -> Award:
        return self.of(org).award

    def pots(self) -> dict[str, int]:
        names = {"general": "general", "goal": "climate", "theme": "children", "programme": "programme"}
        return {names[pot.earmark]: pot.pk for pot in self.fund.pots.all()}

    def held(self, until: date | None = None, pot: str | None = None) -> dict[str, int]:
        """What the accounts hold at the end of a day, of the whole fund or one pot."""
        rows = Posting.objects.filter(fund=self.fund)
        rows = rows.filter(on__lte=until) if until else rows
        rows = rows.filter(pot=self.pots()[pot]) if pot else rows
        balances = ledger.balances(rows)
        assert ledger.is_balanced(balances)
        return {account.value: yen for account, yen in balances.items() if yen}

    def days(self, verb: str) -> set[date]:
        """On which days something happened to this call or what belongs to it."""
        kinds = {
            "call": [self.call.pk],
            "application": list(self.call.applications.values_list("pk", flat=True)),
            "award": list(Award.objects.filter(application__call=self.call).values_list("pk", flat=True)),
        }
        entries = Entry.objects.filter(verb=verb)
        return {day_of(entry.at) for entry in entries if entry.object_id in kinds.get(entry.kind, ())}


def day_of(moment: datetime) -> date:
    return moment.astimezone(clock.TOKYO).date()


@pytest.fixture
def year() -> Year:
    town = Town(Cast())
    until = clock.at(TODAY, 18)
    with clock.standing_at(until):
        play([shiokaze.founding(town), *demo.stories(town, TODAY)], until=until)
    return Year(town)


def check_the_calendar(year: Year):
    call = year.call
    assert (call.opens_at, call.closes_at) == (
        clock.at(date(2025, 6, 11), 9),
        clock.at(date(2025, 6, 30), 17),
    )
    assert (call.first_on, call.second_on) == (date(2025, 7, 14), date(2025, 8, 22))
    filed = {day_of(row.filed_at) for row in call.applications.exclude(filed_at=None)}
    assert date(2025, 6, 11) <= min(filed) <= max(filed) <= date(2025, 6, 30)
    assert year.days("call.first_released") == {date(2025, 7, 14)} == {day_of(call.first_released_at)}
    assert year.days("application.first_decided") == {date(2025, 7, 14)}
    assert (call.first_filed, call.first_passed) == (12, 10)
    assert year.days("application.screened") == {date(2025, 7, 14), date(2025, 8, 22)}
    assert {day_of(slot.starts_at) for slot in Slot.objects.filter(application__call=call)} == {
        date(2025, 8, 22)
    }
    assert year.days("call.released") == {date(2025, 8, 27)} == {day_of(call.released_at)}
    advances = Payment.objects.filter(award__application__call=call, kind="advance")
    early = advances.exclude(award__application=year.of("matatsuka"))
    assert set(early.values_list("paid_on", flat=True)) == {date(2025, 9, 8)}
    for verb in ("award.reported", "award.fixed", "award.outcome_reported"):
        assert {(one.year, one.month) for one in year.days(verb)} == {(2026, 3)}, verb
    assert {row.application.support_year for row in Award.objects.filter(application__call=call)} == {1, 2}


def check_every_end(year: Year):
    found = {year.keys[row.organisation_id]: row.state for row in year.call.applications.all()}
    assert found == ENDS
    assert Counter(row.ref == "" for row in year.call.applications.all()) == {False: 13, True: 1}
    # The one that came twenty seconds late is still there to be read by those who wrote it.
    assert year.of("sorachika").content == year.words["sorachika"]["content"]
    corrected = year.of("hokenshitsu")
    assert day_of(corrected.filed_at) == date(2025, 6, 26)
    assert corrected.structure == year.words["hokenshitsu"]["structure"]
    before = year.of("uramichi").before
    assert (before.call.fund.fiscal_year, before.award.final_yen) == (2024, 3_130_000)


def check_the_screenings(year: Year):
    for stage, wanted in ((Stage.FIRST, 12), (Stage.SECOND, 10)):
        sheets = {org: one[stage.value] for org, one in year.words.items() if stage.value in one}
        assert len(sheets) == wanted
        expected = sorted(
            sheets,
            key=lambda org: (
                total(sheets[org]) * 100 < 60 * FULL * 5,
                -total(sheets[org]),
                tie_break(sheets[org]),
            ),
        )
        found = standings(year.call, stage)
        pks = {year.of(org).pk: org for org in sheets}
        assert [pks[one.application] for one in found] == expected
        for one in found:
            marks = sheets[pks[one.application]]
            assert one.total == total(marks), pks[one.application]
            assert one.share == Fraction(total(marks), FULL * 5)
            assert (one.sheets, one.recused) == (
                5 - marks.count("- ") - marks.endswith("-"),
                marks.count("-"),
            )
            assert one.passes == (total(marks) * 100 >= 60 * FULL * 5)
        failed = {org for org in sheets if total(sheets[org]) * 100 < 60 * FULL * 5}
        assert failed == ({"yorimichi", "mitsumeru"} if stage == Stage.FIRST else {"kanade"})


def check_the_ties(year: Year):
    recused = Assignment.objects.filter(application__call=year.call, state="recused")
    found = {(row.member.user.name, year.keys[row.application.organisation_id], row.stage) for row in recused}
    assert found == {
        (name, org, stage)
        for name, org in (("橋本 亘", "shiomibashi"), ("結城 ひかり", "soramame"))
        for stage in ("first", "second")
    }
    assert not any(row.scores.exists() or row.comment for row in recused)
    assert year.fund.committee.count() == 5


def check_every_award(year: Year):
    awards = {year.keys[row.application.organisation_id]: row
              for row in Award.objects.filter(application__call=year.call)}  # fmt: skip
    assert set(awards) == set(AWARDS)
    for org, (decided, after, advance, final, rest, back) in AWARDS.items():
        award, words = awards[org], year.words[org]
        support = award.application.support_year
        most = grant(support, words["costs"], words.get("income", 0))
        assert award.first_yen == decided == words["requested"] <= most, org
        assert award.yen == after, org
        paid = Counter()
        for payment in award.payments.filter(state="paid"):
            paid[payment.kind] += payment.yen
        assert (paid["advance"], paid["rest"]) == (advance, rest), org
        assert award.final_yen == final, org
        if final is not None:
            assert final == min(after, grant(support, words["actual"], words.get("income", 0))), org
            assert final == advance + rest - back, org
        assert sum(award.claims.values_list("yen", flat=True)) == back, org
    changed = {"costs": year.words["hokenshitsu"]["change"]["costs"], "income": 0}
    assert grant(1, **changed) == 2_112_000 >= AWARDS["hokenshitsu"][1]
    (claim,) = Claim.objects.filter(award__application__call=year.call)
    assert (claim.claimed_on, claim.due_on) == (date(2026, 3, 18), date(2026, 4, 7))
    assert (claim.yen, claim.returned_on, claim.late_yen) == (415_000, date(2026, 3, 27), 0)


def check_every_cost_is_proven(year: Year):
    """The receipts of each supported cost come to what was reported, and the inspection needed no excuse."""
    fixed = Award.objects.filter(application__call=year.call).exclude(final_yen=None)
    lines = CostLine.objects.filter(
        application__award__in=fixed, phase="actual", category__is_eligible=True
    ).prefetch_related("evidence")
    assert len(lines) > len(fixed) > 5
    for line in lines:
        (paper,) = line.evidence.all()
        receipts = paper.file.read().decode("utf-8-sig").split("\r\n")[1:-1]
        assert sum(int(row.rsplit(",", 1)[1]) for row in receipts) == line.yen, line.label
    assert {award.report.without_evidence for award in fixed} == {""}
    for award in fixed:
        sent = award.report.reported_money
        assert (sent["grant"], sent["income"]) == (award.final_yen, award.application.income)


def check_the_money_that_came(year: Year):
    came = Contribution.objects.filter(fund=year.fund)
    assert Counter(row.state for row in came) == {"received": 7, "cancelled": 1, "returned": 1}
    by_pot = Counter()
    names = {pk: name for name, pk in year.pots().items()}
    for row in came.filter(state="received"):
        by_pot[names[row.pot_id]] += row.yen
    assert by_pot == MONEY
    assert came.get(is_anonymous=True).yen == 300_000


def check_the_books(year: Year):
    first = sum(MONEY.values()) - 1_200_000
    assert year.held(date(2025, 6, 30)) == {
        "cash": first,
        "free": first,
        # The shopping streets' promise still stood.
        "pledges": 500_000,
        "promised": 500_000,
    }
    decided = sum(row[0] for org, row in AWARDS.items() if org != "matatsuka")
    assert decided == 20_574_000
    assert year.held(date(2025, 8, 31)) == {"cash": first, "free": first - decided, "committed": decided}
    advanced = 2_000_000 + 4_000_000 + 5_000_000 + 1_500_000 + 2_500_000
    # Since then another company has promised money.
    assert year.held(date(2025, 9, 30)) == {
        "cash": first - advanced,
        "advances": advanced,
        "free": first - decided,
        "committed": decided,
        "pledges": 1_200_000,
        "promised": 1_200_000,
    }
    # What was stopped and what came new paid for the one who waited; then one award became smaller.
    now = decided - 2_250_000 + 1_860_000 - 434_000
    advanced += 1_860_000
    assert year.held(date(2025, 12, 31)) == {
        "cash": first + 1_200_000 - advanced,
        "advances": advanced,
        "free": first + 1_200_000 - now,
        "committed": now,
    }
    final = sum(row[3] or 0 for row in AWARDS.values())
    assert final == 18_915_000
    rests = sum(row[4] for row in AWARDS.values())
    assert year.held(date(2026, 3, 19)) == {
        "cash": first + 1_200_000 - advanced,
        "claims": 415_000,
        "payable": rests,
        "committed": 415_000,
        "free": first + 1_200_000 - final - 415_000,
    }
    assert year.held() == {"cash": 3_085_000, "free": 3_085_000}
    assert sum(MONEY.values()) - final == 3_085_000


def check_the_books_by_earmark(year: Year):
    found = {pot: year.held(pot=pot) for pot in MONEY}
    assert found == reckoned_book()
    assert found["climate"]["free"] == 166_000  # two fifths of what came back
    assert {pot.pk: pot.available for pot in year.fund.pots.all()} == {
        pk: found[name]["free"] for name, pk in year.pots().items()
    }
    after_release = {pot: year.held(date(2025, 8, 31), pot).get("committed", 0) for pot in MONEY}
    assert after_release == {
        "general": 13_574_000,
        "climate": 2_000_000,
        "children": 3_000_000,
        "programme": 2_000_000,
    }


def check_what_is_open_today(year: Year):
    now = Fund.objects.get(municipality=year.city, fiscal_year=2026)
    reading, taking = now.calls.order_by("opens_at")
    assert (reading.state, taking.state) == ("screening", "published")
    with clock.standing_at(clock.at(TODAY, 18)):
        assert taking.opens_at < clock.now() < taking.closes_at
    sheets = Counter(Assignment.objects.filter(application__call=reading).values_list("state", flat=True))
    assert sheets == {"assigned": 12, "scored": 12, "recused": 1}
    states = Counter(taking.applications.values_list("state", flat=True))
    assert states == {"submitted": 1, "returned": 1, "draft": 1}
    assert Counter(row.answer == "" for row in taking.questions.all()) == {True: 1, False: 1}
    second = reading.applications.get(support_year=2)
    assert second.before == year.of("soramame")


# --- and as its pages show it ---------------------------------------------------------------------------------------


def text_of(client: Client, address: str) -> str:
    """A page's words without its marks, with one space between them."""
    response = client.get(address, follow=True)
    assert response.status_code == 200, (address, response.status_code)
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def check_the_public_pages(year: Year):
    here, anybody = "/shiokaze/fund", Client()
    awards = text_of(anybody, f"{here}/awards/?year=2025")
    for org, (decided, after, _advance, final, _rest, _back) in AWARDS.items():
        application = year.of(org)
        assert application.title in awards
        one = text_of(anybody, f"{here}/awards/{application.ref}/")
        assert application.organisation.name in one
        for yen in {decided, after or decided, final or decided}:
            assert f"{yen:,}" in one, (org, yen)
        if final is not None:
            assert year.words[org]["outcome_text"] in one
    book = text_of(anybody, f"{here}/ledger/?year=2025")
    assert "3,085,000" in book
    given = text_of(anybody, f"{here}/contributions/?year=2025")
    for row in Contribution.objects.filter(fund=year.fund, state="received"):
        assert f"{row.yen:,}" in given
        assert (row.name in given) != row.is_anonymous
    received = text_of(anybody, f"{here}/calls/{year.call.ref}/applications/")
    for org, end in ENDS.items():
        assert (year.of(org).title in received) == (end != "draft" and org != "hakoniwa"), org
    call = text_of(anybody, f"{here}/calls/{year.call.ref}/")
    for one in read("fund_2025")["question"]:
        assert one["question"] in call
        assert one["answer"] in call
    front = text_of(anybody, f"{here}/")
    assert "追加募集" in front


def check_the_secretariats_pages(year: Year):
    desk = signed_in(year.town.desk)
    listed = text_of(desk, f"/shiokaze/staff/fund/applications/?call={year.call.ref}")
    for org, end in ENDS.items():
        application = year.of(org)
        assert (application.title in listed) == (end != "draft"), org
        if end != "draft":
            assert f"{application.requested:,}" in listed
    for stage in Stage:
        page = text_of(desk, reverse("staff-fund-ranking", args=["shiokaze", year.call.ref, stage.value]))
        for org, words in year.words.items():
            if stage.value in words:
                assert year.of(org).title in page
                assert f"{total(words[stage.value])} / {FULL * 5}" in page, org


def check_the_applicants_pages(year: Year):
    for org in ("soramame", "kagerou", "greennote", "yorimichi"):
        client = signed_in(year.town.cast.speaker(org))
        mine = Application.objects.filter(organisation=year.town.cast.organisation(org))
        page = text_of(client, "/my/fund/")
        for row in mine:
            assert row.title in page
            text_of(client, f"/my/fund/{row.pk}/")


def check_the_committees_pages(year: Year):
    committee = year.town.committee
    reading = Call.objects.get(fund__municipality=year.city, state="screening")
    for key in committee:
        page = text_of(signed_in(committee[key]), "/shiokaze/committee/")
        for row in reading.applications.all():
            assert (row.title in page) == (key != "yuki" or row.support_year == 1), (key, row.title)


def check_the_demos_doors(year: Year):
    page = text_of(Client(), "/accounts/demo/")
    assert "審査委員長 風間 静江" in page
    assert "補正の依頼に答える" in page


@pytest.fixture
def _today(settings):
    settings.DEMO = True
    with clock.standing_at(clock.at(TODAY, 18)):
        yield


@pytest.mark.usefixtures("_today")
def test_the_year_comes_out_to_the_yen(year, subtests):
    for check in (
        check_the_calendar,
        check_every_end,
        check_the_screenings,
        check_the_ties,
        check_every_award,
        check_every_cost_is_proven,
        check_the_money_that_came,
        check_the_books,
        check_the_books_by_earmark,
        check_what_is_open_today,
        check_the_public_pages,
        check_the_secretariats_pages,
        check_the_applicants_pages,
        check_the_committees_pages,
        check_the_demos_doors,
    ):
        with subtests.test(check.__name__):
            check(year)
