"""What usually helps next: what was done in cases that lay in the same way, where enough of them are on record."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from musubi.cases.models import LastWord, Remedy, RemedyAct
from musubi.cases.radar.learning import SOON_DAYS
from musubi.cases.radar.reasons import Reason

ENOUGH_DONE = 5
"""An act that fewer than five have tried is no habit."""

FORMS = {
    RemedyAct.MESSAGE: "say",
    RemedyAct.MEETING: "offer",
    RemedyAct.BALL: "ball",
    RemedyAct.DEPARTMENT: "department",
    RemedyAct.SKIP: "advance",
    RemedyAct.CLOSE: "close",
}
"""The case page's form for each act."""


@dataclass(frozen=True)
class Help:
    """What to do next: the words, the code of the form (of which trial or agreement), the words on its button, and where it comes from.

    `learned` says whether the counts of other cases stand behind it; `source` says so to the reader.
    """

    text: str
    source: str
    act: str
    label: str
    learned: bool
    trial: int | None = None
    agreement: str = ""


class Remedies:
    """What helped in the municipality, and everywhere. One statement."""

    def __init__(self, municipality_id: int):
        rows = Remedy.objects.filter(
            Q(municipality=municipality_id) | Q(municipality=None), done__gte=ENOUGH_DONE
        )
        self._rows: dict[tuple, list[Remedy]] = {}
        for row in rows.order_by("id"):
            self._rows.setdefault((row.municipality_id, row.stage, row.last_word), []).append(row)
        self._municipality = municipality_id

    def best(self, stage: str, last_word: LastWord) -> Remedy | None:
        """The act after which the greatest share went on, in the municipality or else everywhere; None without history."""
        for where in (self._municipality, None):
            rows = [row for row in self._rows.get((where, stage, last_word), []) if row.moved]
            if rows:
                # Two imagined cases, one moved and one not, keep 5 of 5 from beating 40 of 42.
                return max(rows, key=lambda row: (row.moved + 1) / (row.done + 2))
        return None

    def help(self, stage: str, last_word: LastWord, reason: Reason) -> Help:
        """What to do about `reason`: the remedy where the reason leaves it open and there is one, else plain advice."""
        remedy = self.best(stage, last_word) if reason.is_open else None
        if remedy is None:
            source = _("同じ状況の記録がまだ少ないため、一般的な助言です。") if reason.is_open else ""
            return Help(
                reason.advice, source, reason.act, reason.label, False, reason.trial, reason.agreement
            )
        return Help(
            _words(remedy),
            _("ほかの自治体も含む記録から") if remedy.municipality_id is None else _("庁内の記録から"),
            FORMS[RemedyAct(remedy.act)],
            _LABELS[RemedyAct(remedy.act)](),
            True,
        )


_LABELS = {
    RemedyAct.MESSAGE: lambda: _("メッセージを送る"),
    RemedyAct.MEETING: lambda: _("打合せの日を示す"),
    RemedyAct.BALL: lambda: _("ボールを渡し直す"),
    RemedyAct.DEPARTMENT: lambda: _("ほかの部署を加える"),
    RemedyAct.SKIP: lambda: _("段階を進める"),
    RemedyAct.CLOSE: lambda: _("見送りを考える"),
}
_DONE = {
    RemedyAct.MESSAGE: lambda: _("メッセージを送った"),
    RemedyAct.MEETING: lambda: _("打合せをした"),
    RemedyAct.BALL: lambda: _("ボールを渡し直した"),
    RemedyAct.DEPARTMENT: lambda: _("ほかの部署を加えた"),
}


def _words(remedy: Remedy) -> str:
    facts = {"alike": remedy.stays, "done": remedy.done, "moved": remedy.moved, "days": SOON_DAYS}
    if remedy.act == RemedyAct.SKIP:
        return _("同じ状況だった%(alike)d件のうち%(moved)d件は、段階を飛ばして先へ進みました。") % facts
    if remedy.act == RemedyAct.CLOSE:
        return _("同じ状況だった%(alike)d件のうち%(moved)d件は、フィードバックを添えて見送りました。") % facts
    facts["what"] = _DONE[RemedyAct(remedy.act)]()
    return (
        _(
            "同じ状況だった%(alike)d件のうち、%(what)s%(done)d件では、%(moved)d件がその後%(days)d日以内に次へ動きました。"
        )
        % facts
    )
