"""What the address of a figures page asks for: a fiscal year, a department, a channel, a track."""

from dataclasses import dataclass

from django.http import Http404
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from musubi.challenges.states import Channel
from musubi.outcomes.management.commands.figures import parse_year
from musubi.people.models import Department, Municipality
from musubi.proposals.states import Track
from musubi.www.public.cards import year_words


@dataclass(frozen=True)
class Asked:
    """`problem` is a sentence where the year could not be read (then it is all time)."""

    municipality: Municipality
    year: int | None = None
    department: int | None = None
    narrow: tuple[tuple[str, str], ...] = ()
    problem: str = ""

    @classmethod
    def of(cls, request, municipality: Municipality, *, strictly: bool = False) -> "Asked":
        """Raises Http404 for another municipality's department and, `strictly` (a download), for an unreadable year."""
        text = request.GET.get("year", "").strip()
        year, problem = None, ""
        try:
            year = parse_year(text) if text else None
        except ValueError as error:
            if strictly:
                raise Http404 from error
            problem = _(
                "「%(text)s」は年度として読めないため、全期間を表示しています。「2024」か「令和6」のように書いてください。"
            ) % {"text": text[:20]}
        choices = {"channel": Channel, "track": Track}
        narrow = tuple(
            (name, request.GET[name])
            for name, values in choices.items()
            if request.GET.get(name) in values.values
        )
        return cls(municipality, year, _department(request, municipality), narrow, problem)

    @cached_property
    def section(self) -> Department | None:
        return Department.objects.get(pk=self.department) if self.department else None

    @property
    def span(self) -> str:
        """The period in words: 令和6年度(2024年度), 全期間."""
        return year_words(self.year) if self.year else _("全期間")

    @property
    def title(self) -> str:
        return _("数字で見る(%(span)s)") % {"span": self.words}

    @property
    def words(self) -> str:
        """Period, department and what else it was narrowed to, in words."""
        labels = {"channel": Channel, "track": Track}
        parts = [self.span]
        if self.section:
            parts.append(self.section.display_name)
        parts += [str(labels[name](value).label) for name, value in self.narrow]
        return _("、").join(parts)

    def query(self, **changes) -> str:
        """The address's query for the same with `changes` (None takes something out); "" where nothing is asked."""
        wanted = {"year": self.year, "department": self.department, **dict(self.narrow), **changes}
        given = {name: value for name, value in wanted.items() if value}
        return f"?{urlencode(given)}" if given else ""


def _department(request, municipality: Municipality) -> int | None:
    text = request.GET.get("department", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Http404
    if not Department.objects.filter(pk=int(text), municipality=municipality).exists():
        raise Http404
    return int(text)
