"""The ledger as the secretariat and the auditor read it: by account and pot, with what each line leaves."""

from collections.abc import Iterable

from django.db.models import (
    BigIntegerField,
    Case,
    ExpressionWrapper,
    F,
    Max,
    Min,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
    Window,
)
from django.http import Http404, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from musubi.fund import ledger
from musubi.fund.models import Posting
from musubi.fund.states import Account
from musubi.lib import clock, fiscal
from musubi.lib.tables.writing import write_csv, write_xlsx
from musubi.people.models import Municipality
from musubi.www.staff.frame import page_of
from musubi.www.staff.fund.forms_money import LedgerFilter
from musubi.www.staff.fund.frame import crumbs, fund_city, page

PER_PAGE = 50
VERBS = {
    "contribution.pledged": gettext_lazy("拠出の約束"),
    "contribution.received": gettext_lazy("拠出の受領"),
    "award.decided": gettext_lazy("交付決定"),
    "payment.paid": gettext_lazy("支払"),
    "change.approved": gettext_lazy("変更の承認"),
    "award.fixed": gettext_lazy("額の確定"),
    "claim.returned": gettext_lazy("返還の受領"),
    "claim.late_charge": gettext_lazy("延滞金の受領"),
    "award.revoked": gettext_lazy("交付決定の取消し"),
    "award.tax_claimed": gettext_lazy("消費税等の返還請求"),
}
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def verb_words(verb: str) -> str:
    """What a posting was for; a reversal says what it reverses."""
    what = VERBS.get(verb.removesuffix(".reversed"), verb)
    return _("%(what)sの取消し") % {"what": what} if verb.endswith(".reversed") else str(what)


def shown(postings: QuerySet[Posting]) -> QuerySet[Posting]:
    return postings.select_related(
        "pot__goal",
        "pot__programme",
        "fund__municipality",
        "contribution",
        "award__application__organisation",
    )


def lines(postings: QuerySet[Posting]) -> list[dict]:
    """The postings of one record, for `staff/fund/postings.html`."""
    return [_line(row) for row in shown(postings)]


def _line(row: Posting, account: Account | None = None) -> dict:
    about, who, href = "", "", ""
    slug = row.fund.municipality.slug
    if row.contribution:
        about, who = row.contribution.ref, row.contribution.name
        href = reverse("staff-fund-contribution", args=[slug, about])
    elif row.award:
        application = row.award.application
        about, who = application.ref, application.organisation.name
        href = reverse("staff-fund-award", args=[slug, about])
    return {
        "row": row,
        "what": verb_words(row.verb),
        "debit": Account(row.debit).label,
        "credit": Account(row.credit).label,
        "other": Account(row.credit if row.debit == account else row.debit).label,
        "ref": about,
        "who": who,
        "href": href,
        "balance": getattr(row, "balance", None),
        "signed": getattr(row, "signed", None),
    }


def _signed(account: Account):
    """What a posting adds to an account, positive on the side where it stands."""
    sign = -1 if account in (*ledger.DUTIES, Account.PROMISED) else 1
    return Case(
        When(debit=account, then=F("yen") * sign),
        When(credit=account, then=F("yen") * -sign),
        default=Value(0),
        output_field=BigIntegerField(),
    )


class Asked:
    """The ledger under its filter: the postings, what was there before them, and the balances they leave."""

    def __init__(self, municipality: Municipality, query):
        of = Posting.objects.filter(fund__municipality=municipality)
        self.years = _years(of)
        self.form = LedgerFilter(query, municipality=municipality, years=self.years)
        self.wanted = self.form.wanted()
        self.account = Account(self.wanted["account"]) if self.wanted["account"] else None
        everything = of
        for name in ("fund", "pot"):
            if self.wanted[name]:
                everything = everything.filter(**{name: self.wanted[name]})
        self.everything = everything
        rows = everything
        if self.wanted["year"]:
            self.first, last = fiscal.span(self.wanted["year"])
            rows = rows.filter(on__range=(self.first, last))
        self.held = self._held()
        self.rows = self._with_balance(rows).order_by("on", "pk")

    @property
    def active(self) -> bool:
        return any(self.wanted.values())

    def _held(self) -> dict[Account, int]:
        """What each account holds at the end of what is asked for, whatever the account."""
        rows = self.everything
        if self.wanted["year"]:
            rows = rows.filter(on__lte=fiscal.span(self.wanted["year"])[1])
        return ledger.balances(rows)

    def _with_balance(self, rows):
        """Each line's `signed` yen and the `balance` after it: what the account holds at the end, less what came later.
        So a year begins with what was carried over, and no line before it has to be read."""
        if not self.account:
            return rows
        signed = _signed(self.account)
        touched = rows.filter(Q(debit=self.account) | Q(credit=self.account))
        from_here = Window(
            Sum(signed, output_field=BigIntegerField()), order_by=[F("on").desc(), F("pk").desc()]
        )
        # PostgreSQL sums to a type of its own, which does not mix with whole numbers by itself.
        at_end = Value(int(self.held[self.account]), BigIntegerField())
        balance = ExpressionWrapper(at_end + signed - from_here, output_field=BigIntegerField())
        return touched.annotate(signed=signed, balance=balance)

    def opening(self, first: Posting | None) -> int:
        """What was carried over into the year, from its first line."""
        return first.balance - first.signed if first else self.held[self.account]


def _years(postings) -> list[int]:
    """The fiscal years in which something was written, the newest first."""
    ends = postings.order_by().aggregate(first=Min("on"), last=Max("on"))
    if ends["first"] is None:
        return []
    first, last = (fiscal.fiscal_year(day) for day in (ends["first"], ends["last"]))
    return list(range(last, first - 1, -1))


@require_safe
def book(request, city: str):
    municipality = fund_city(request, city)
    asked = Asked(municipality, request.GET)
    found = page_of(request, shown(asked.rows), PER_PAGE)
    held = asked.held
    kept = request.GET.copy()
    for name in ("page", "account"):
        kept.pop(name, None)
    here = reverse("staff-fund-ledger", args=[municipality.slug])
    query = request.GET.copy()
    query.pop("page", None)
    return page(
        request,
        municipality,
        "staff/fund/ledger.html",
        part="staff-fund-money",
        page_title=_("元帳"),
        crumbs=crumbs(municipality, (_("お金"), reverse("staff-fund-money", args=[city])), _("元帳")),
        filter=asked.form,
        active=asked.active,
        account=asked.account,
        opening=asked.opening(found[0] if found else None) if asked.account else 0,
        opening_on=asked.first if asked.account and asked.wanted["year"] else None,
        accounts=[
            {
                "label": account.label,
                "yen": held[account],
                "href": f"{here}?{_with(kept, account=account.value)}",
                "current": account == asked.account,
            }
            for account in Account
        ],
        all_href=f"{here}?{kept.urlencode()}",
        is_balanced=ledger.is_balanced(held),
        page=found,
        lines=[_line(row, asked.account) for row in found],
        sorted_by=_("日付の古い順"),
        files=[
            (
                kind.upper(),
                reverse("staff-fund-ledger-file", args=[city, kind])
                + (f"?{query.urlencode()}" if query else ""),
            )
            for kind in TYPES
        ],
    )


def _with(query, **words) -> str:
    changed = query.copy()
    for name, value in words.items():
        changed[name] = value
    return changed.urlencode()


@require_safe
def book_file(request, city: str, kind: str):
    """The same postings as a table, all of them."""
    municipality = fund_city(request, city)
    if kind not in TYPES:
        raise Http404
    asked = Asked(municipality, request.GET)
    columns = [
        _("番号"), _("日付"), _("年度"), _("ファンド"), _("使いみち"), _("できごと"), _("借方"), _("貸方"), _("金額(円)"),
        _("整理番号"), _("相手"), _("摘要"), _("取り消した仕訳"), _("記帳日時"),
    ]  # fmt: skip
    if asked.account:
        columns += [_("%(account)sの増減(円)") % {"account": asked.account.label}, _("残高(円)")]
    rows = _table(shown(asked.rows).iterator(2000), asked.account is not None)
    made = write_csv(columns, rows) if kind == "csv" else write_xlsx(columns, rows, _("元帳"))
    response = HttpResponse(made, content_type=TYPES[kind])
    name = f"{municipality.slug}-ledger-{clock.today():%Y%m%d}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _table(rows: Iterable[Posting], with_balance: bool) -> Iterable[list]:
    for row in rows:
        one = row.contribution or (row.award.application if row.award else None)
        who = row.contribution.name if row.contribution else one.organisation.name if one else ""
        cells = [
            row.pk, row.on, fiscal.fiscal_year(row.on), row.fund.name, str(row.pot), verb_words(row.verb), Account(row.debit).label,
            Account(row.credit).label, row.yen, one.ref if one else "", who, row.words, row.reverses_id, row.written_at,
        ]  # fmt: skip
        yield [*cells, row.signed, row.balance] if with_balance else cells


urlpatterns = [
    path("ledger/", book, name="staff-fund-ledger"),
    path("ledger.<slug:kind>", book_file, name="staff-fund-ledger-file"),
]
