"""The journal in a proposer's words: what happened to a proposal, without what was said inside the municipality."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.proposals.models import Proposal
from musubi.proposals.states import DeclineReason


@dataclass(frozen=True)
class Happening:
    at: datetime
    text: str
    why: str = ""


def story_of(proposal: Proposal) -> list[Happening]:
    """What the proposer may know of the proposal's history, oldest first.

    Only the journal verbs named here are told, so that a new one is not told by accident. The question to a
    department, its answer and its comment stay inside.
    """
    happenings = []
    for entry in history(proposal):
        if tell := _WORDS.get(entry.verb):
            text, why = tell(entry)
            happenings.append(Happening(entry.at, text, why))
    return happenings


def _routed(entry: Entry) -> tuple[str, str]:
    names = "、".join(entry.data.get("names", []))
    return _("%(names)sで検討を始めました") % {"names": names} if names else _("担当課で検討を始めました"), ""


def _declined(entry: Entry) -> tuple[str, str]:
    reason = entry.data.get("reason", "")
    label = DeclineReason(reason).label if reason in DeclineReason.values else ""
    return _("今回は見送りという回答がありました"), str(label)


def _referral(words: str):
    """A sentence about where the proposal was offered, with what was said as the reason."""

    def tell(entry: Entry) -> tuple[str, str]:
        why = entry.data.get("reason") or entry.data.get("words") or ""
        return words % {"to": entry.data.get("to", "")}, why

    return tell


_WORDS = {
    "proposal.drafted": lambda entry: (_("%(by)sが下書きを始めました") % {"by": entry.actor}, ""),
    "proposal.submitted": lambda entry: (_("提案を受け付けました(%(ref)s)") % {"ref": entry.ref}, ""),
    "proposal.routed": _routed,
    "proposal.answered": lambda entry: (_("担当課からデスクに回答がありました"), ""),
    "proposal.recalled": lambda entry: (_("公民連携デスクが、検討する課を改めて確かめています"), ""),
    "proposal.taken_up": lambda entry: (_("対話が始まり、連携案件が開きました"), ""),
    "proposal.accepted": lambda entry: (_("一緒に取り組むことが決まりました"), ""),
    "proposal.declined": _declined,
    "proposal.referral_offered": lambda entry: _referral(_("「%(to)s」で検討してもよいかと尋ねられました"))(
        entry
    ),
    "proposal.referral_consented": lambda entry: _referral(_("「%(to)s」への引き継ぎに同意しました"))(entry),
    "proposal.referral_refused": lambda entry: _referral(_("「%(to)s」への引き継ぎを断りました"))(entry),
    "proposal.referral_lapsed": lambda entry: _referral(_("「%(to)s」への紹介は、返事の期限が過ぎました"))(
        entry
    ),
    "proposal.referral_withdrawn": lambda entry: _referral(_("「%(to)s」への紹介は、取りやめになりました"))(
        entry
    ),
    "proposal.withdrawn": lambda entry: (
        _("%(by)sが提案を取り下げました") % {"by": entry.actor},
        entry.data.get("reason", ""),
    ),
}
