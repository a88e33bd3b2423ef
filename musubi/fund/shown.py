"""What everybody may read of a municipality's funds. Every public page, download and open file reads through here, so
that nothing of a result is told before its release, nobody is named who asked not to be, and a draft is never seen."""

from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from musubi.fund import ledger
from musubi.fund.models import (
    Application,
    Award,
    Call,
    CallQuestion,
    Claim,
    Contribution,
    Fund,
    Payment,
    Posting,
    Pot,
)
from musubi.fund.states import Account
from musubi.lib import clock
from musubi.people.models import Municipality, Organisation

RELEASED = ["released", "finished"]


def funds(municipality: Municipality) -> models.QuerySet[Fund]:
    return Fund.objects.filter(municipality=municipality)


def years(municipality: Municipality) -> list[int]:
    """The fiscal years that have a fund, the newest first."""
    found = funds(municipality).order_by("-fiscal_year").values_list("fiscal_year", flat=True)
    return list(dict.fromkeys(found))


def calls(municipality: Municipality) -> models.QuerySet[Call]:
    """The calls that were published, whatever became of them; the last to open on top."""
    rows = Call.objects.filter(fund__municipality=municipality, published_at__isnull=False)
    return rows.select_related("fund", "edition__programme").order_by("-opens_at", "-pk")


def coming_or_open(municipality: Municipality, at: datetime | None = None) -> models.QuerySet[Call]:
    """Published calls whose end has not come, the one that closes next on top."""
    rows = calls(municipality).filter(state="published", closes_at__gt=at or clock.now())
    return rows.order_by("closes_at", "pk")


def next_turn(rows: list[Call]) -> datetime | None:
    """The moment at which the next of these calls opens or closes: until then, what a page says of them stays true."""
    now = clock.now()
    moments = [moment for row in rows if row.state == "published" for moment in (row.opens_at, row.closes_at)]
    return min((moment for moment in moments if moment > now), default=None)


def answered(call: Call) -> models.QuerySet[CallQuestion]:
    """Questions that have their answer; who asked is nobody's business."""
    rows = CallQuestion.objects.filter(call=call, answered_at__isnull=False)
    return rows.only("question", "answer", "answered_at", "call").order_by("pk")


def is_counted(call: Call) -> bool:
    """Whether it is told how many applied: once nobody can apply any more."""
    if call.published_at is None or call.state == "cancelled":
        return False
    return call.state != "published" or clock.now() >= call.closes_at


def first_result(call: Call) -> tuple[int, int] | None:
    """How many were screened first, and how many of them passed; None before its own release, or where there was none."""
    if call.first_released_at is None or not is_counted(call):
        return None
    return call.first_filed, call.first_passed


def received(municipality: Municipality) -> models.QuerySet[Application]:
    """The applications that were filed in time and not taken back, of calls that take no more of them."""
    over = Q(call__state="published", call__closes_at__lte=clock.now()) | Q(
        call__state__in=["screening", *RELEASED]
    )
    rows = Application.objects.filter(
        over, call__fund__municipality=municipality, call__published_at__isnull=False
    )
    # One that was awarded and given up later was received all the same.
    rows = rows.exclude(ref="").exclude(state="withdrawn", award=None)
    return rows.select_related("call", "edition", "organisation", "award").order_by("call", "ref", "pk")


@dataclass(frozen=True)
class Told:
    """What is told of one application: without a name where that is not public."""

    ref: str
    organisation: str
    title: str
    requested: int
    result: str
    yen: int | None
    has_award: bool


def told(application: Application) -> Told:
    """An award is public with its name from the release on. Of the others the programme decides: a blind one never names
    them, an open one does; a person who does business alone is named only with an award."""
    award = getattr(application, "award", None) if application.call.released_at else None
    is_person = application.organisation.kind == Organisation.Kind.SOLE
    is_named = award is not None or not (application.edition.is_blind or is_person)
    return Told(
        ref=application.ref,
        organisation=application.organisation.display_name if is_named else "",
        title=application.title if is_named else "",
        requested=application.requested,
        result=_result(application, award),
        yen=award.first_yen if award else None,
        has_award=award is not None,
    )


def _result(application: Application, award: Award | None) -> str:
    if application.call.released_at is None:
        return _("審査中") if application.call.state == "screening" else _("受付済み")
    if award is not None:
        return _("交付決定")
    return _("補欠") if application.state == "reserve" else _("不採択")


def awards(municipality: Municipality) -> models.QuerySet[Award]:
    """Every award there was, also those stopped or revoked; each with `paid`, what was paid out, and `returned`."""
    paid = _summed(Payment.objects.filter(award=OuterRef("pk"), state="paid"), "yen")
    returned = _summed(Claim.objects.filter(award=OuterRef("pk"), returned_on__isnull=False), "yen")
    rows = Award.objects.filter(
        application__call__fund__municipality=municipality, application__call__released_at__isnull=False
    )
    return (
        rows.annotate(paid=paid, returned=returned)
        .select_related(
            "application__call__fund",
            "application__organisation",
            "application__edition__programme",
            "application__decision",
            "report",
        )
        .order_by("-decided_on", "-application__ref", "-pk")
    )


def _summed(rows: models.QuerySet, column: str):
    summed = rows.order_by().values("award").annotate(n=Sum(column)).values("n")
    return Coalesce(Subquery(summed, output_field=models.BigIntegerField()), 0)


def stage_of(award: Award) -> tuple[str, str]:
    """How far an award has come, in everybody's words, and its tone. A change that is only asked for is not told."""
    state = award.application.state
    if state == "change_requested":
        state = "advanced" if award.paid else "awarded"
    return {
        "awarded": (_("交付決定"), "good"),
        "advanced": (_("概算払済み"), "good"),
        "reported": (_("実績報告済み"), "info"),
        "fixed": (_("額の確定"), "info"),
        "settled": (_("精算済み"), "done"),
        "outcome_reported": (_("成果報告済み"), "done"),
        "withdrawn": (_("中止"), "neutral"),
        "revoked": (_("交付決定の取消し"), "stop"),
    }[state]


def outcome_of(award: Award) -> str:
    """What the organisation reported as the outcome; "" before."""
    report = getattr(award, "report", None)
    return report.outcome if report and report.outcome_at else ""


def contributions(municipality: Municipality) -> models.QuerySet[Contribution]:
    """All that was promised or given, the newest on top."""
    rows = Contribution.objects.filter(fund__municipality=municipality)
    return rows.select_related("fund", "pot__goal", "pot__programme", "organisation").order_by(
        "-pledged_on", "-pk"
    )


def giver(contribution: Contribution) -> str:
    """The name as the giver chose: written as they gave it, or none."""
    return _("匿名") if contribution.is_anonymous else contribution.name


def message_of(contribution: Contribution) -> str:
    """The giver's words; of a nameless one they might tell who it is."""
    return "" if contribution.is_anonymous else contribution.message


def pot_words(pot: Pot) -> str:
    """What a pot is meant for, in the language of the page."""
    if pot.goal_id:
        return _("ゴール%(n)d %(name)s") % {"n": pot.goal.number, "name": pot.goal.display_name}
    if pot.programme_id:
        return pot.programme.name
    return pot.theme or _("使いみちの指定なし")


def postings(municipality: Municipality, year: int | None = None) -> models.QuerySet[Posting]:
    """The ledger, oldest first, with what a line shows. The words written beside a posting are for the books alone."""
    rows = Posting.objects.filter(fund__municipality=municipality)
    if year:
        rows = rows.filter(fund__fiscal_year=year)
    return rows.select_related(
        "pot__goal",
        "pot__programme",
        "contribution",
        "award__application__organisation",
    ).order_by("on", "pk")


@dataclass(frozen=True)
class Sums:
    """A fund's money in yen: what came in is what was paid, what is promised to awards, and what is left."""

    received: int
    public: int
    paid: int
    promised: int
    free: int
    pledged: int


def sums(municipality: Municipality) -> dict[int, Sums]:
    """The money of each fiscal year's funds, the newest first: one statement, whatever the length of the ledger.

    `received` less what was given back, with what being late cost; `public` of it from the municipality; `paid` less what
    came back; `promised` to awards and not paid; `pledged` and not received.
    """
    rows = (
        Posting.objects.filter(fund__municipality=municipality)
        .order_by()
        .values_list("fund__fiscal_year", "debit", "credit", "contribution__source", "verb")
        .annotate(yen=Sum("yen"))
    )
    books: dict[int, dict[str, int]] = {year: _nothing() for year in years(municipality)}
    for year, debit, credit, source, verb, yen in rows:
        book = books.setdefault(year, _nothing())
        for account, signed in ((debit, yen), (credit, -yen)):
            if account == Account.CASH:
                is_income = source is not None or verb.startswith("claim.late_charge")
                book["received" if is_income else "spent"] += signed
                if source == "public":
                    book["public"] += signed
            elif account in (Account.FREE, Account.PLEDGES):
                book[account] += signed
    return {
        year: Sums(
            received=book["received"],
            public=book["public"],
            paid=-book["spent"],
            promised=book["received"] + book["spent"] + book[Account.FREE],
            free=-book[Account.FREE],
            pledged=book[Account.PLEDGES],
        )
        for year, book in sorted(books.items(), reverse=True)
    }


def _nothing() -> dict[str, int]:
    return dict.fromkeys(["received", "public", "spent", Account.FREE, Account.PLEDGES], 0)


def pots(municipality: Municipality, year: int | None = None) -> models.QuerySet[Pot]:
    """What money is meant for, the newest year on top; each with `given`, what came in for it."""
    given = (
        Contribution.objects.filter(pot=OuterRef("pk"), state="received")
        .order_by()
        .values("pot")
        .annotate(n=Sum("yen"))
        .values("n")
    )
    rows = Pot.objects.filter(fund__municipality=municipality)
    if year:
        rows = rows.filter(fund__fiscal_year=year)
    return (
        rows.annotate(given=Coalesce(Subquery(given, output_field=models.BigIntegerField()), 0))
        .select_related("fund", "goal", "programme")
        .order_by(F("fund__fiscal_year").desc(), "fund", "pk")
    )


def balances(rows: models.QuerySet[Posting]) -> dict[Account, int]:
    """What each account holds over these postings."""
    return ledger.balances(rows.select_related(None))
