"""An application's budget against the programme's terms: what it may ask for, and what does not add up."""

from dataclasses import dataclass
from fractions import Fraction

from musubi.fund.eligibility import checks
from musubi.fund.models import Application, CostLine, Edition
from musubi.fund.states import Phase
from musubi.fund.terms.amounts import Category, Direction, Rounding, Step, Terms, reckon
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.people.models import Organisation


@dataclass(frozen=True)
class Problem:
    """What stands against sending an application: where (`field`), and how to mend it."""

    field: str
    words: str


def terms_of(edition: Edition, support_year: int) -> Terms:
    """The terms of one year of support. Raises Refused where the programme has no such year."""
    year = edition.years.filter(year=support_year).first()
    if year is None:
        raise Refused(f"この制度に{support_year}年目の助成はありません。", field="support_year")
    return Terms(
        rate=year.rate,
        cap=year.cap,
        rounding=Rounding(year.unit, Direction(year.direction)),
        categories=tuple(
            Category(row.code, row.cap, _percent(row.share), row.is_eligible)
            for row in edition.categories.all()
        ),
        own_share=edition.own_share,
        tax=edition.tax,
    )


def costs_of(application: Application, phase: Phase = Phase.PLAN) -> dict[str, int]:
    """Yen by category code, as the lines of a phase say."""
    found: dict[str, int] = {}
    for line in CostLine.objects.filter(application=application, phase=phase).select_related("category"):
        found[line.category.code] = found.get(line.category.code, 0) + line.yen
    return found


def reckoned(application: Application, phase: Phase = Phase.PLAN) -> list[Step]:
    """How the grant comes about, step by step; the last step is the most that can be asked for."""
    return reckon(
        terms_of(application.edition, application.support_year),
        costs_of(application, phase),
        other_grants=application.other_grants,
        income=application.income,
        deductible_tax=application.deductible_tax,
    )


def problems(application: Application) -> list[Problem]:
    """Everything that stands against sending it, in the order of the form."""
    # One returned for correction came in time: it is held to the day it was filed first.
    on = application.filed_at.astimezone(clock.TOKYO).date() if application.filed_at else clock.today()
    found = [
        Problem("organisation", f"{check.words}、という条件に合いません。{check.how}")
        for check in checks(application.edition, application.organisation, on=on)
        if check.holds is False
    ]
    if application.organisation.kind != Organisation.Kind.SOLE and not application.representative_name:
        found.append(
            Problem("representative_name", "「代表者の氏名」を入力してください。申請書と通知書に入ります。")
        )
    found += [
        Problem(name, f"「{application._meta.get_field(name).verbose_name}」を入力してください。")
        for name in ("title", "purpose", "content", "schedule", "structure", "effect", "future")
        if not getattr(application, name).strip()
    ]
    costs = costs_of(application)
    total = sum(costs.values())
    if not total:
        found.append(Problem("costs", "経費を1行以上入力してください。"))
    else:
        found += [
            Problem("costs", f"経費の{number}行目の「内訳」を入力してください。")
            for number in unnamed(application)
        ]
        found += _sums(application, total)
    handed_in = set(application.papers.exclude(required=None).values_list("required_id", flat=True))
    for paper in application.edition.papers.filter(is_required=True, for_report=False):
        if paper.pk not in handed_in:
            found.append(Problem("papers", f"「{paper.name}」を添付してください。"))
    return found


def unnamed(application: Application, phase: Phase = Phase.PLAN) -> list[int]:
    """The lines, counted from 1, that do not say what the money is for."""
    lines = CostLine.objects.filter(application=application, phase=phase).order_by("position", "pk")
    return [number for number, label in enumerate(lines.values_list("label", flat=True), 1) if not label]


def _sums(application: Application, total: int) -> list[Problem]:
    found = []
    most = reckoned(application)[-1].yen
    if application.requested < 1:
        found.append(
            Problem("requested", f"申請額を入力してください。この経費では{most:,}円まで申請できます。")
        )
    elif application.requested > most:
        found.append(
            Problem(
                "requested",
                f"申請額{application.requested:,}円は、助成できる額{most:,}円を超えています。"
                "申請額を下げるか、経費を見直してください。",
            )
        )
    money = application.requested + application.own_money + application.other_grants + application.income
    if money != total:
        which = "足りません" if money < total else "多くなっています"
        found.append(
            Problem(
                "own_money",
                f"収入(申請額・自己資金・ほかの助成金・事業の収入)の合計{money:,}円が、"
                f"経費の合計{total:,}円より{abs(total - money):,}円{which}。同じ額にしてください。",
            )
        )
    return found


def _percent(share: int | None) -> Fraction | None:
    return Fraction(share, 100) if share else None
