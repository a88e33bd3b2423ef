"""Money in, and where every yen went: contributions, and the ledger by year, account and earmark."""

from django.db.models import BigIntegerField, Case, F, Q, Sum, When
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from musubi.fund import shown
from musubi.fund.ledger import ASSETS, DUTIES
from musubi.fund.models import Pot
from musubi.fund.open_data.tables import event, party
from musubi.fund.states import Account
from musubi.www.kept import public_page
from musubi.www.public.cards import year_words
from musubi.www.public.common import city_here
from musubi.www.public.fund.common import downloads, show, year_of, year_tabs, yen
from musubi.www.public.fund.rows import contribution_rows
from musubi.www.staff.frame import page_of
from musubi.www.templatetags.pieces import wareki

PER_PAGE = 50
ALL = "all"


@public_page
def contributions(request, city: str):
    municipality = city_here(request, city)
    offered = shown.years(municipality)
    year = year_of(request, offered)
    rows = shown.contributions(municipality)
    if year:
        rows = rows.filter(fund__fiscal_year=year)
    found = page_of(request, rows)
    return show(
        request,
        municipality,
        "contributions",
        _("寄せられた拠出"),
        tabs=year_tabs(request, offered, year),
        page=found,
        table=contribution_rows(found),
        downloads=downloads(municipality, "contributions", year),
    )


@public_page
def ledger(request, city: str):
    """`?account=` shows what goes in and out of one account with its balance, `all` every posting with both sides;
    `?pot=` one earmark, `?year=` the funds of one fiscal year."""
    municipality = city_here(request, city)
    offered = shown.years(municipality)
    year = year_of(request, offered)
    pots = list(shown.pots(municipality, year))
    pot = next((one for one in pots if str(one.pk) == request.GET.get("pot")), None)
    asked = request.GET.get("account")
    account = None if asked == ALL else Account(asked) if asked in Account.values else Account.CASH
    book = shown.postings(municipality, year)
    if pot:
        book = book.filter(pot=pot)
    held = shown.balances(book)
    rows = book.filter(Q(debit=account) | Q(credit=account)) if account else book
    found = page_of(request, rows, PER_PAGE)
    before = _sum_before(rows, account, found.start_index() - 1) if account else 0
    here = reverse("fund-ledger", args=[city])
    kept = {name: value for name, value in (("year", year), ("pot", pot and pot.pk)) if value}
    return show(
        request,
        municipality,
        "ledger",
        _("元帳"),
        tabs=year_tabs(request, offered, year),
        year=year,
        page=found,
        account=account.value if account else ALL,
        account_label=account.label if account else "",
        carried=yen(before) if account and found.number > 1 else "",
        table=_one_account(found, account, before) if account else _both_sides(found),
        accounts=_accounts(held, account, here, kept),
        sides=(yen(sum(held[one] for one in ASSETS)), yen(sum(held[one] for one in DUTIES))),
        all_href=here + "?" + urlencode({**kept, "account": ALL}),
        pots=[(one.pk, _pot_label(one, year), one == pot) for one in pots],
        pot=pot and _pot_label(pot, year),
        here=here,
        downloads=downloads(municipality, "ledger", year),
    )


def _pot_label(pot: Pot, year: int | None) -> str:
    words = shown.pot_words(pot)
    return words if year else f"{year_words(pot.fund.fiscal_year)} {words}"


def _signed(account: Account):
    """What a posting adds to the account: what owes or promises grows on its credit side."""
    grows = "credit" if account in [*DUTIES, Account.PROMISED] else "debit"
    return Case(When(**{grows: account}, then=F("yen")), default=-F("yen"), output_field=BigIntegerField())


def _sum_before(rows, account: Account, count: int) -> int:
    """The account's balance after its first `count` postings, in one statement."""
    if count <= 0:
        return 0
    first = rows.select_related(None).annotate(signed=_signed(account))[:count]
    return first.aggregate(total=Sum("signed"))["total"] or 0


def _one_account(postings, account: Account, before: int) -> dict:
    """What went in, what went out, and the balance after each."""
    grows_by_credit = account in [*DUTIES, Account.PROMISED]
    rows, balance = [], before
    for row in postings:
        is_more = (row.credit == account) if grows_by_credit else (row.debit == account)
        balance += row.yen if is_more else -row.yen
        rows.append(
            [
                wareki(row.on),
                event(row),
                _party(row),
                shown.pot_words(row.pot),
                f"{row.yen:,}" if is_more else "—",
                "—" if is_more else f"{row.yen:,}",
                f"{balance:,}",
            ]
        )
    columns = [
        {"label": _("日付")},
        {"label": _("できごと")},
        {"label": _("相手")},
        {"label": _("使いみち")},
        {"label": _("入(円)"), "num": True},
        {"label": _("出(円)"), "num": True},
        {"label": _("残高(円)"), "num": True},
    ]
    return {"columns": columns, "rows": rows}


def _party(posting) -> str:
    """Who gave or got, and for an award what for."""
    name, what = party(posting)
    return f"{name} {what}" if posting.award else name or "—"


def _both_sides(postings) -> dict:
    rows = []
    for row in postings:
        rows.append(
            [
                wareki(row.on),
                event(row),
                str(Account(row.debit).label),
                str(Account(row.credit).label),
                f"{row.yen:,}",
                _party(row),
                shown.pot_words(row.pot),
            ]
        )
    columns = [
        {"label": _("日付")},
        {"label": _("できごと")},
        {"label": _("借方")},
        {"label": _("貸方")},
        {"label": _("金額(円)"), "num": True},
        {"label": _("相手")},
        {"label": _("使いみち")},
    ]
    return {"columns": columns, "rows": rows}


def _accounts(held: dict, current: Account | None, here: str, kept: dict) -> dict:
    """Each account with what it holds, leading to its postings."""
    notes = {
        Account.CASH: _("いま手元にあるお金"),
        Account.ADVANCES: _("先に払い、まだ精算していない助成金"),
        Account.CLAIMS: _("返してもらうことになっている助成金"),
        Account.FREE: _("まだ交付先が決まっていないお金"),
        Account.COMMITTED: _("交付を決め、まだ精算していない助成金"),
        Account.PAYABLE: _("額が確定し、これから払う助成金"),
        Account.PLEDGES: _("約束され、まだ受け取っていない拠出"),
        Account.PROMISED: _("約束された拠出の相手側の記録"),
    }
    rows = []
    for account, note in notes.items():
        label = str(account.label)
        if account == current:
            label = _("%(account)s(表示中)") % {"account": label}
        rows.append(
            [
                {"text": label, "href": here + "?" + urlencode({**kept, "account": account.value})},
                note,
                f"{held[account]:,}",
            ]
        )
    columns = [{"label": _("勘定")}, {"label": _("何のお金か")}, {"label": _("残高(円)"), "num": True}]
    return {"columns": columns, "rows": rows}
