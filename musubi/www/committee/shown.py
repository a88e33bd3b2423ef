"""An application as a member of the committee reads it: open, or without who files it."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from django.db.models import F
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from musubi.fund.blind import INSTEAD, is_hidden, mask_of, masks_of
from musubi.fund.models import Application, CostLine, Paper
from musubi.fund.states import Phase

TEXTS = ["purpose", "content", "schedule", "structure", "effect", "future"]


@dataclass(frozen=True)
class File:
    """A file as the committee gets it: `pk` is its paper's. A blind screening gets the copy with the names blacked out,
    where there is one, and never the name under which it was handed in."""

    pk: int
    name: str
    label: str
    file: FieldFile
    size: int
    media_type: str
    scanned: str
    scan_label: str


@dataclass
class Shown:
    """What `committee/application.html` shows. Where the applicant is hidden, `papers` are those the secretariat has let
    through, and `withheld` counts the others."""

    title: str
    applicant: str
    hidden: bool
    texts: list[tuple[str, str]]
    goals: list
    costs: list[dict]
    total: int
    sources: list[tuple[str, int]]
    support_year: int
    before: str = ""
    papers: list[File] = field(default_factory=list)
    withheld: int = 0


def shown(application: Application, *, hidden: bool) -> Shown:
    """Everything the committee reads of it: four statements."""
    mask = mask_of(application) if hidden else str
    papers = list(
        Paper.objects.filter(application=application, for_report=False)
        .select_related("required", "masked")
        .order_by(F("required__position").asc(nulls_last=True), "pk")
    )
    costs = list(
        CostLine.objects.filter(application=application, phase=Phase.PLAN)
        .select_related("category")
        .order_by("position", "pk")
    )
    return Shown(
        title=mask(application.title),
        applicant=INSTEAD if hidden else application.organisation.name,
        hidden=hidden,
        texts=[
            (Application._meta.get_field(name).verbose_name, mask(getattr(application, name)))
            for name in TEXTS
            if getattr(application, name).strip()
        ],
        goals=list(application.goals.all()),
        costs=[
            {
                "category": row.category.name,
                "label": mask(row.label),
                "yen": row.yen,
                "eligible": row.category.is_eligible,
            }
            for row in costs
        ],
        total=sum(row.yen for row in costs),
        sources=[
            (_("申請額"), application.requested),
            (_("自己資金"), application.own_money),
            (_("ほかの助成金"), application.other_grants),
            (_("事業の収入"), application.income),
        ],
        support_year=application.support_year,
        papers=[
            _file(row, number, hidden=hidden)
            for number, row in enumerate(papers, 1)
            if row.shown_blind or not hidden
        ],
        withheld=sum(not row.shown_blind for row in papers) if hidden else 0,
    )


def _file(row: Paper, number: int, *, hidden: bool) -> File:
    """The one file that a member gets of a paper."""
    label = row.required.name if row.required else ""
    source = getattr(row, "masked", None) or row if hidden else row
    name = row.name
    if hidden:
        kind = label or _("そのほかの書類")
        name = f"{_('書類')}{number}_{kind}{PurePosixPath(source.file.name).suffix}"
    return File(
        pk=row.pk,
        name=name,
        label=label,
        file=source.file,
        size=source.size,
        media_type=source.media_type,
        scanned=source.scanned,
        scan_label=source.get_scanned_display(),
    )


def shown_for(sheet) -> Shown:
    """As the sheet's stage and the programme's rule say."""
    return shown(sheet.application, hidden=is_hidden(sheet.application, sheet.stage))


def titles_for(sheets: list) -> dict[int, str]:
    """Sheet id → the project's name for a list, its applicant taken out where the member may not know. One statement
    where somebody is hidden."""
    hidden = [sheet for sheet in sheets if is_hidden(sheet.application, sheet.stage)]
    masks = masks_of({sheet.application for sheet in hidden}) if hidden else {}
    return {
        sheet.pk: masks[sheet.application_id](sheet.application.title)
        if is_hidden(sheet.application, sheet.stage)
        else sheet.application.title
        for sheet in sheets
    }
