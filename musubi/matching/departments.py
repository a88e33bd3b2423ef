"""Which departments to ask about a text, with reasons a desk officer can weigh.

Learned from who handled what: routings answered, challenges, cases led. Each of the likest deeds has a say as strong
as it is like; beside them stand the department's own duties.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models.functions import Left
from django.utils.translation import gettext as _

from musubi.challenges.models import Challenge
from musubi.matching.near import LONGEST, Asked, Shelf, Text, shelf
from musubi.people.models import Department, Municipality
from musubi.proposals.models import Routing
from musubi.proposals.states import Answer

LATEST = 300
# So many of the likest deeds have a say. It is the square of the likeness (`near.Shelf.likeness`), so that many far ones
# do not outvote a near one, and stands against a doubt.
HEARD, DOUBT = 20, 0.5
# The kinds of deeds, and what each counts.
ANSWERED, LED, ASKED_FOR, NOT_OURS = "answered", "led", "asked_for", "not_ours"
WEIGHTS = {ANSWERED: 1.0, LED: 1.0, ASKED_FOR: 0.8, NOT_OURS: -0.4}
# A duty that all a text's words name would count this much.
DUTY = 1.0
LEAST = 0.02
_ENDINGS = ("課", "室", "係", "部", "局", "センター")


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
    """Something a department did: what it was about, and what it was (a key of `WEIGHTS`)."""

    department_id: int
    text: Text
    kind: str

    @property
    def weight(self) -> float:
        return WEIGHTS[self.kind]

    @property
    def reason(self) -> str:
        title = self.text.title if len(self.text.title) <= 24 else self.text.title[:23] + "…"
        if self.kind == ANSWERED:
            return _("似た提案「%s」に前向きに回答") % title
        if self.kind == NOT_OURS:
            return _("似た提案「%s」に「所管ではない」と回答") % title
        if self.kind == LED:
            return _("似た案件「%s」を担当") % title
        return _("似た課題「%s」の担当課") % title


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
            Deed(pk, Text(title, text.removeprefix(title).strip()), LED) for pk, text, title in led
        ]

    @classmethod
    def of(cls, departments: Sequence[Department], deeds: Sequence[Deed]) -> Knowledge:
        """What these deeds tell of these departments."""
        knowledge = cls.__new__(cls)
        knowledge.departments, knowledge.deeds = list(departments), list(deeds)
        return knowledge

    def suggest(
        self, text: str, *, title: str = "", challenge: Challenge | None = None, limit: int = 4
    ) -> list[Suggestion]:
        """The departments to ask, best first; only those with a reason. `challenge`: what the text answers."""
        deeds, duties = self._shelves
        asked = deeds.ask(title, text)
        found = {department.pk: Suggestion(department) for department in self.departments}
        if challenge is not None and challenge.department_id in found:
            found[challenge.department_id].score += 1.0
            found[challenge.department_id].reasons.append(_("提案先の課題の担当課"))
        if asked.analysed:
            asked_of_duties = duties.ask(title, text)
            for place, department in enumerate(self.departments):
                _by_duties(found[department.pk], duties, asked_of_duties, place)
            self._by_deeds(found, deeds, asked)
        # What was said against is worth knowing where its duties fit, however low that brings it.
        named = [s for s in found.values() if s.reasons and (s.score > LEAST or s.against)]
        for suggestion in named:
            suggestion.score = round(min(max(suggestion.score, 0.0), 1.0), 3)
        return sorted(named, key=lambda s: (-s.score, s.department.position, s.department.pk))[:limit]

    @cached_property
    def _shelves(self) -> tuple[Shelf, Shelf]:
        """The deeds' texts; and two places for each department: its duties, its name."""
        duties = [Text("", department.duties) for department in self.departments]
        names = [Text("", _bare(department.name)) for department in self.departments]
        return shelf([deed.text for deed in self.deeds]), shelf([*duties, *names])

    def _by_deeds(self, found: dict[int, Suggestion], deeds: Shelf, asked: Asked) -> None:
        says = deeds.likeness(asked) ** 2
        heard = [place for place in says.argsort(kind="stable")[::-1][:HEARD] if says[place] > 0]
        total = sum(float(says[place]) for place in heard) + DOUBT
        told: set[tuple[int, bool]] = set()
        for place in heard:
            deed = self.deeds[place]
            suggestion = found.get(deed.department_id)
            if suggestion is None:
                continue
            suggestion.score += float(says[place]) / total * deed.weight
            speaks_for = deed.weight > 0
            if (deed.department_id, speaks_for) in told:
                continue
            if words := deeds.words(asked, place):
                told.add((deed.department_id, speaks_for))
                reason = _("%(reason)s(「%(words)s」が共通)") % {
                    "reason": deed.reason,
                    "words": _("」「").join(words),
                }
                (suggestion.reasons if speaks_for else suggestion.against).append(reason)


def suggest_departments(
    text: str,
    municipality: Municipality,
    *,
    title: str = "",
    challenge: Challenge | None = None,
    led: Sequence[tuple[int, str, str]] = (),
    limit: int = 4,
) -> list[Suggestion]:
    """`Knowledge.suggest` for one text."""
    return Knowledge(municipality, led=led).suggest(text, title=title, challenge=challenge, limit=limit)


def _by_duties(suggestion: Suggestion, duties: Shelf, asked: Asked, place: int) -> None:
    name = place + len(duties.texts) // 2
    in_name, in_duties = duties.words(asked, name), duties.words(asked, place)
    suggestion.score += DUTY * max(duties.share(asked, name), duties.share(asked, place))
    if in_name:
        suggestion.reasons.append(_("部署名の「%s」に合う") % _("」「").join(in_name))
    if in_duties := [word for word in in_duties if word not in in_name]:
        suggestion.reasons.append(_("担当する仕事の「%s」に合う") % _("」「").join(in_duties))


def _answers(municipality: Municipality) -> list[Deed]:
    rows = (
        Routing.objects.filter(proposal__municipality=municipality)
        .exclude(answer__in=[Answer.WAITING, Answer.NOT_NOW])
        .order_by("-id")
        .values_list("department_id", "answer", "proposal__title", Left("proposal__content", LONGEST))[
            :LATEST
        ]
    )
    return [
        Deed(pk, Text(title, content), NOT_OURS if answer == Answer.NOT_OURS else ANSWERED)
        for pk, answer, title, content in rows
    ]


def _challenges(municipality: Municipality) -> list[Deed]:
    rows = (
        Challenge.objects.filter(municipality=municipality)
        .exclude(state__in=["draft", "checking"])
        .order_by("-id")
        .values_list("department_id", "title", Left("problem", LONGEST))[:LATEST]
    )
    return [Deed(pk, Text(title, problem), ASKED_FOR) for pk, title, problem in rows]


def _bare(name: str) -> str:
    """A department's name without what every name ends in."""
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name
