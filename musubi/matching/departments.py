"""Which departments to ask about a text, with reasons a desk officer can weigh."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from musubi.challenges.models import Challenge
from musubi.matching import index
from musubi.matching.text import likeness, shared_words, terms_of
from musubi.people.models import Department, Municipality
from musubi.proposals.models import Proposal, Routing
from musubi.proposals.states import Answer

LATEST = 300
LONGEST = 600
LIKE = 0.22


@dataclass
class Suggestion:
    """A department, how well it fits (0 to 1), and why, or why rather not."""

    department: Department
    score: float = 0.0
    reasons: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        return _("高い") if self.score >= 0.55 else _("ふつう") if self.score >= 0.25 else _("低い")


@dataclass(frozen=True)
class Deed:
    """Something a department did: the text it was about, what it was (for the reason), and whether it speaks for it."""

    department_id: int
    text: str
    reason: str
    weight: float


class Knowledge:
    """What is known of a municipality's departments, read once for any number of texts: three statements.

    `led` hands down what a later step knows: (department id, text, title) of cases a department has led.
    """

    def __init__(self, municipality: Municipality, *, led: Iterable[tuple[int, str, str]] = ()):
        self.departments = list(
            Department.objects.filter(municipality=municipality, is_active=True, is_desk=False)
        )
        self.deeds = [*_answers(municipality), *_challenges(municipality)]
        self.deeds += [
            Deed(pk, text[:LONGEST], _("似た案件「%s」を担当") % _short(title), 0.5)
            for pk, text, title in led
        ]

    def suggest(self, text: str, *, challenge: Challenge | None = None, limit: int = 4) -> list[Suggestion]:
        """The departments to ask, best first; only those with a reason. `challenge`: what the text answers."""
        text = index.cut(text)
        weighted = index.weights(Proposal, terms_of(text), limit=40)
        found = {department.pk: Suggestion(department) for department in self.departments}
        if challenge is not None and challenge.department_id in found:
            found[challenge.department_id].score += 1.0
            found[challenge.department_id].reasons.append(_("提案先の課題の担当課"))
        for department in self.departments:
            _by_duties(found[department.pk], text)
        told: set[tuple[int, str]] = set()
        liked = sorted(
            ((likeness(weighted, terms_of(deed.text)), deed) for deed in self.deeds), key=lambda p: -p[0]
        )
        for like, deed in liked:
            if like < LIKE:
                break
            suggestion = found.get(deed.department_id)
            if suggestion is None:
                continue
            kind = "for" if deed.weight > 0 else "against"
            if (deed.department_id, kind) in told:
                continue
            told.add((deed.department_id, kind))
            suggestion.score += like * deed.weight
            (suggestion.reasons if deed.weight > 0 else suggestion.against).append(deed.reason)
        named = [s for s in found.values() if s.reasons and s.score > 0.05]
        for suggestion in named:
            suggestion.score = round(min(suggestion.score, 1.0), 3)
        return sorted(named, key=lambda s: (-s.score, s.department.position, s.department.pk))[:limit]


def suggest_departments(
    text: str,
    municipality: Municipality,
    *,
    challenge: Challenge | None = None,
    led: Sequence[tuple[int, str, str]] = (),
    limit: int = 4,
) -> list[Suggestion]:
    """`Knowledge.suggest` for one text."""
    return Knowledge(municipality, led=led).suggest(text, challenge=challenge, limit=limit)


def _by_duties(suggestion: Suggestion, text: str) -> None:
    department = suggestion.department
    name = department.name.removesuffix("課").removesuffix("室").removesuffix("係").removesuffix("部")
    in_name = shared_words(name, text, limit=2)
    in_duties = [word for word in shared_words(department.duties, text, limit=6) if word not in in_name]
    if in_name:
        suggestion.score += 0.2 + 0.05 * max(len(word) for word in in_name)
        suggestion.reasons.append(_("部署名の「%s」に合う") % _("」「").join(in_name))
    if in_duties:
        suggestion.score += min(sum(0.06 * len(word) for word in in_duties), 0.6)
        suggestion.reasons.append(_("担当する仕事の「%s」に合う") % _("」「").join(in_duties[:3]))


def _answers(municipality: Municipality) -> list[Deed]:
    rows = (
        Routing.objects.filter(proposal__municipality=municipality)
        .exclude(answer__in=[Answer.WAITING, Answer.NOT_NOW])
        .order_by("-id")
        .values_list("department_id", "answer", "proposal__title", "proposal__content")[:LATEST]
    )
    deeds = []
    for department_id, answer, title, content in rows:
        if answer == Answer.NOT_OURS:
            reason, weight = _("似た提案「%s」に「所管ではない」と回答"), -0.3
        else:
            reason, weight = _("似た提案「%s」に前向きに回答"), 0.5
        deeds.append(Deed(department_id, f"{title}\n{content[:LONGEST]}", reason % _short(title), weight))
    return deeds


def _challenges(municipality: Municipality) -> list[Deed]:
    rows = (
        Challenge.objects.filter(municipality=municipality)
        .exclude(state__in=["draft", "checking"])
        .order_by("-id")
        .values_list("department_id", "title", "problem")[:LATEST]
    )
    return [
        Deed(pk, f"{title}\n{problem[:LONGEST]}", _("似た課題「%s」の担当課") % _short(title), 0.4)
        for pk, title, problem in rows
    ]


def _short(title: str) -> str:
    return title if len(title) <= 24 else title[:23] + "…"
