"""What the pages that show suggestions have in common: how near, and two texts beside each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.challenges.models import Challenge
from musubi.people.models import Organisation
from musubi.solutions.models import Solution
from musubi.www.marking import marked, marked_paragraphs

# How near two texts are, in words, and the tone of the chip.
STRENGTHS = {
    "strong": (gettext_lazy("内容が近い"), "good"),
    "fair": (gettext_lazy("内容がやや近い"), "info"),
    "weak": (gettext_lazy("内容が少し近い"), "neutral"),
}
TEXTS = {Challenge: ("problem", "goal_image", "conditions"), Solution: ("summary", "results", "needs")}


@dataclass(frozen=True)
class Text:
    """One of two texts that stand side by side: what it is, its title, and [(label, words with marks)]."""

    what: str
    title: str
    parts: Sequence[tuple[str, SafeString]]


def text_of(
    thing: Challenge | Solution | Organisation, words: Iterable[str], *, offers: Sequence[Solution] = ()
) -> Text:
    """What the engine compared of a thing, with `words` marked; of an organisation also what it `offers`."""
    words = list(words)
    names = TEXTS.get(type(thing), ("description",))
    parts = [
        (str(thing._meta.get_field(name).verbose_name), marked_paragraphs(getattr(thing, name), words))
        for name in names
        if getattr(thing, name)
    ]
    if offers:
        titles = "\n".join(solution.title for solution in offers)
        parts.append((_("ソリューション"), marked_paragraphs(titles, words)))
    what = {Challenge: _("課題"), Solution: _("ソリューション")}.get(type(thing), _("団体"))
    title = thing.name if isinstance(thing, Organisation) else thing.title
    return Text(what, marked(title, words), parts)
