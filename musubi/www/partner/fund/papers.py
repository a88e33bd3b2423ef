"""The files of an application or a report: their fields, storing what was sent along, taking off, handing out."""

from uuid import UUID, uuid5

from django import forms
from django.utils.translation import gettext as _

from musubi.fund import actions
from musubi.fund.models import Application, CostLine, Paper, RequiredPaper
from musubi.lib.errors import Refused
from musubi.services.storage import discard
from musubi.www.files import keep
from musubi.www.partner.fund.forms import files_field

OTHER = "paper_other"


class PapersForm(forms.Form):
    """A field for each document the programme asks for, one for anything else, one for each cost that was saved."""

    use_required_attribute = False

    def __init__(
        self,
        *args,
        application: Application,
        for_report: bool = False,
        costs: list[CostLine] = (),
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.application, self.for_report = application, for_report
        self.belongs: dict[str, dict] = {}
        for row in application.edition.papers.filter(for_report=for_report):
            self._add(f"paper_{row.pk}", row.name, required=row)
        for line in costs:
            self._add(f"evidence_{line.pk}", _("「%(label)s」の証拠書類") % {"label": line.label}, cost=line)
        self._add(OTHER, _("そのほかの書類"))

    def _add(self, name: str, label: str, *, required: RequiredPaper | None = None, cost=None) -> None:
        self.fields[name] = files_field(label, required=bool(required and required.is_required))
        self.belongs[name] = {"required": required, "cost": cost}

    def store(self, *, by, key: UUID | None) -> bool:
        """Keep what was sent along. Each refused file is told beside its field; the accepted ones stay."""
        kept = True
        for name, uploads in list(self.cleaned_data.items()):
            for index, uploaded in enumerate(uploads):
                # The same form sent twice brings each file once; two files of one form are two.
                own = key and uuid5(key, f"{name}:{index}:{uploaded.name}:{uploaded.size}")
                try:
                    self._store(uploaded, by=by, key=own, **self.belongs[name])
                except Refused as refusal:
                    self.add_error(name, str(refusal))
                    kept = False
        return kept

    def _store(self, uploaded, *, by, key: UUID | None, **belongs) -> None:
        if key and self.application.papers.filter(key=key).exists():
            return
        stored = keep(Paper, uploaded)
        try:
            actions.add_paper(
                self.application, by=by, for_report=self.for_report, key=key, **stored, **belongs
            )
        except Refused:
            discard(Paper, stored)
            raise

    def shown(self, *, evidence: bool = True) -> list[dict]:
        """[{field, wanted, papers}] in the order of the form, with what was handed in for each."""
        there: dict[tuple, list[Paper]] = {}
        for paper in self.application.papers.filter(for_report=self.for_report):
            there.setdefault((paper.required_id, paper.cost_id), []).append(paper)
        found = []
        for name, belongs in self.belongs.items():
            if belongs["cost"] and not evidence:
                continue
            key = (belongs["required"] and belongs["required"].pk, belongs["cost"] and belongs["cost"].pk)
            found.append(
                {
                    "field": self[name],
                    "wanted": self.fields[name].is_wanted,
                    "papers": there.pop(key, []),
                    "cost": belongs["cost"],
                }
            )
        # Evidence of a cost that is gone stands with the others.
        left = [paper for (_required, cost), papers in there.items() if not cost for paper in papers]
        found[-1]["papers"] = [*found[-1]["papers"], *left]
        return found


def take_off(application: Application, text: str, *, by) -> None:
    """Remove the paper whose number a button sent, where it is one of this application's. Raises Refused."""
    if text.isdecimal() and len(text) < 19 and (paper := application.papers.filter(pk=int(text)).first()):
        actions.remove_paper(paper, by=by)
