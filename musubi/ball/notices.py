"""The words of a reminder and of the digest of a morning.

Neither is written by a journal entry: `tasks` writes them, each once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from musubi.ball.queries import Lying
from musubi.ball.states import Step
from musubi.lib.era import format_date
from musubi.notify.registry import KINDS, Kind, Letter
from musubi.people.models import User


def _by_nobody_else(entry):
    return ()


# Not by mail of its own accord: the digest of the same morning says it too.
REMINDED = Kind("ball.reminded", gettext_lazy("期限のお知らせ(1件ずつ)"), False, False, _by_nobody_else)
DIGEST = Kind("ball.digest", gettext_lazy("朝のまとめ(営業日の朝に1通)"), True, False, _by_nobody_else)
KINDS |= {kind.verb: kind for kind in (DIGEST, REMINDED)}


class Part(IntEnum):
    """Why one person is told of a ball; the first that fits counts."""

    MINE = 1
    MANAGED = 2
    FOLLOWED = 3
    DESK = 4


class Group(IntEnum):
    """The groups of a digest, in their order. The last one alone is no reason to write."""

    LATE = 1
    TODAY = 2
    SOON = 3
    MANAGED = 4
    FOLLOWED = 5
    DESK = 6
    OTHER = 7

    @property
    def words(self) -> str:
        return {
            Group.LATE: _("期限を過ぎています"),
            Group.TODAY: _("今日が期限です"),
            Group.SOON: _("期限が近づいています"),
            Group.MANAGED: _("部署の中で、期限を過ぎたまま止まっています"),
            Group.FOLLOWED: _("団体からの返事が遅れています"),
            Group.DESK: _("デスクの助けが必要です。期限を大きく過ぎています"),
            Group.OTHER: _("このほかに、あなたのところにあるもの"),
        }[self]


def page(pattern: str, city: str, thing: Lying) -> str:
    return pattern.format(city=city, ref=thing.ref, pk=thing.pk)


def reminder(
    user: User, thing: Lying, step: Step, part: Part, *, name: str, holder: str, late: int, path: str
) -> Letter:
    """What one person is told of one ball at one step. `name` is what such a thing is called (案件); `late` counts
    business days."""
    with translation.override(user.language):
        day = format_date(thing.due_on)
        if part is Part.MINE:
            head = {
                Step.SOON: _("期限が近づいています: %(title)s"),
                Step.TODAY: _("今日が期限です: %(title)s"),
            }.get(step, _("期限を過ぎています: %(title)s"))
        elif part is Part.DESK:
            head = _("デスクの助けが必要です: %(title)s")
        elif part is Part.FOLLOWED:
            head = _("団体の返事が遅れています: %(title)s")
        else:
            head = _("部署の仕事が止まっています: %(title)s")
        lines = [f"{name} {thing.ref} {thing.title}"]
        if part is not Part.MINE:
            lines.append(_("いま持っているのは: %(holder)s") % {"holder": holder})
        lines.append(_("次にすること: %(next)s") % {"next": thing.next_step})
        lines.append(_("期限: %(day)s") % {"day": day} + late_words(late))
        return Letter(user, head % {"title": thing.title}, "\n".join(lines), path)


def late_words(late: int) -> str:
    return (
        ngettext("(%(n)d営業日過ぎています)", "(%(n)d営業日過ぎています)", late) % {"n": late}
        if late > 0
        else ""
    )


@dataclass(frozen=True)
class Line:
    """One thing in a digest."""

    thing: Lying
    name: str
    city: str
    holder: str
    late: int
    path: str


def digest(user: User, day: date, groups: Iterable[tuple[Group, int, list[Line]]]) -> Letter:
    """The digest of one person's morning: (group, how many there are, those shown), in order."""
    with translation.override(user.language):
        groups = list(groups)
        reasons = [(group, count) for group, count, _lines in groups if group is not Group.OTHER]
        subject = _("今日のまとめ: %(what)s") % {
            "what": _("、").join(_short(group) % {"n": count} for group, count in reasons)
        }
        parts = [_("%(day)sのまとめです。") % {"day": format_date(day)}]
        for group, count, lines in groups:
            parts.append(f"■ {group.words} ({_items(count)})")
            parts += [_line(line, group) for line in lines]
            if count > len(lines):
                parts.append(
                    _("ほかに%(n)d件あります。画面の一覧でご覧ください。") % {"n": count - len(lines)}
                )
        return Letter(user, subject, "\n\n".join(parts), "")


def _items(count: int) -> str:
    return ngettext("%(n)d件", "%(n)d件", count) % {"n": count}


def _short(group: Group) -> str:
    return {
        Group.LATE: _("期限超過%(n)d件"),
        Group.TODAY: _("今日が期限%(n)d件"),
        Group.SOON: _("期限間近%(n)d件"),
        Group.MANAGED: _("部署の停滞%(n)d件"),
        Group.FOLLOWED: _("団体の返事待ち%(n)d件"),
        Group.DESK: _("デスク対応%(n)d件"),
    }[group]


def _line(line: Line, group: Group) -> str:
    thing = line.thing
    rows = [f"・{line.name} {thing.ref} {thing.title}({line.city})"]
    if group in (Group.MANAGED, Group.FOLLOWED, Group.DESK):
        rows.append("  " + _("いま持っているのは: %(holder)s") % {"holder": line.holder})
    rows.append("  " + _("次にすること: %(next)s") % {"next": thing.next_step})
    rows.append("  " + _("期限: %(day)s") % {"day": format_date(thing.due_on)} + late_words(line.late))
    rows.append(f"  {settings.ORIGIN}{line.path}")
    return "\n".join(rows)
