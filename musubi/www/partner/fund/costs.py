"""The rows of a budget as they are typed: a category, what for, how much. The server adds them up; a script only helps."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from musubi.fund.actions.applying import MOST_LINES
from musubi.fund.budget import terms_of
from musubi.fund.models import Application, CostLine, Edition
from musubi.fund.states import Phase
from musubi.fund.terms.amounts import Step, reckon
from musubi.www.forms.fields import LONGEST_NUMBER, YenField
from musubi.www.fund_words import Line, lines_of

LABEL = CostLine._meta.get_field("label").max_length
BLANK, LEAST = 2, 4
_YEN = YenField(required=False)


@dataclass
class Row:
    """One row; `yen` is the number or, where it cannot be read, what was typed. Numbered from 0."""

    number: int
    pk: int | None = None
    category: str = ""
    label: str = ""
    yen: int | str | None = None
    error: str = ""
    category_name: str = ""
    evidence: list = field(default_factory=list)

    @property
    def is_blank(self) -> bool:
        return not self.label and self.yen in (None, "")

    @property
    def place(self) -> str:
        return _("経費の%(n)s行目") % {"n": self.number + 1}

    @property
    def shown(self) -> str:
        return f"{self.yen:,}" if isinstance(self.yen, int) else (self.yen or "")


class CostRows:
    """The rows of one phase, from the database or from what was sent; blank ones wait below them."""

    def __init__(self, edition: Edition, rows: Iterable[Row]):
        self.categories = list(edition.categories.all())
        self.known = {each.code: each for each in self.categories}
        self.rows = list(rows)
        for row in self.rows:
            if row.category in self.known:
                row.category_name = self.known[row.category].name

    @classmethod
    def stored(cls, application: Application, phase: Phase, *, evidence: bool = False) -> "CostRows":
        lines = application.costs.filter(phase=phase).select_related("category")
        if evidence:
            lines = lines.prefetch_related("evidence")
        return cls(
            application.edition,
            [
                Row(
                    number,
                    line.pk,
                    line.category.code,
                    line.label,
                    line.yen,
                    evidence=list(line.evidence.all()) if evidence else [],
                )
                for number, line in enumerate(lines)
            ],
        )

    @classmethod
    def typed(cls, edition: Edition, data) -> "CostRows":
        """What a form sent, a list for each column; rows with nothing in them are left out."""
        columns = [
            data.getlist(f"cost_{name}")[: MOST_LINES + 1] for name in ("pk", "category", "label", "yen")
        ]
        found = []
        for pk, category, label, yen in zip_longest(*columns, fillvalue=""):
            row = Row(len(found), _number(pk), category, label.replace("\x00", "").strip(), yen.strip())
            if not row.is_blank:
                _check(row)
                found.append(row)
        rows = cls(edition, found)
        for row in found:
            if row.category not in rows.known:
                row.error = row.error or _("費目を選んでください。")
        return rows

    @property
    def is_valid(self) -> bool:
        return not any(row.error for row in self.rows)

    @property
    def errors(self) -> list[tuple[str, str]]:
        """(the row's place in words, what is wrong) for a list of what is not saved."""
        return [(row.place, row.error) for row in self.rows if row.error]

    def words(self) -> list[dict]:
        """As the actions take them."""
        return [
            {"pk": row.pk, "category": row.category, "label": row.label, "yen": row.yen or 0}
            for row in self.rows
        ]

    @property
    def total(self) -> int:
        return sum(row.yen for row in self.rows if isinstance(row.yen, int))

    def by_category(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in self.rows:
            if isinstance(row.yen, int) and row.category in self.known:
                found[row.category] = found.get(row.category, 0) + row.yen
        return found

    def steps(self, application: Application, **money: int) -> list[Step]:
        """What the terms give for these rows. `money` replaces the application's own income and other grants."""
        words = {name: getattr(application, name) for name in ("other_grants", "income", "deductible_tax")}
        return reckon(
            terms_of(application.edition, application.support_year), self.by_category(), **words | money
        )

    def lines(self, application: Application, **money: int) -> list[Line]:
        return lines_of(self.steps(application, **money), application.edition, application.support_year)

    def with_blanks(self) -> list[Row]:
        """The rows and enough empty ones to go on without a script."""
        count = len(self.rows)
        first = self.categories[0].code if self.categories else ""
        blanks = max(LEAST, count + BLANK) - count
        return [*self.rows, *(Row(count + n, category=first) for n in range(blanks))]


def _check(row: Row) -> None:
    try:
        row.yen = _YEN.clean(row.yen)
    except ValidationError as error:
        row.error = error.messages[0]
        return
    if len(row.label) > LABEL:
        row.error = _("内訳は%(n)s字までにしてください。") % {"n": LABEL}


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else None
