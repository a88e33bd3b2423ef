"""Who is told what about gatherings: the people of the municipality's members, in their list; by mail if they wish."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from musubi.gatherings.models import Gathering
from musubi.journal.models import Entry
from musubi.lib.clock import TOKYO
from musubi.notify.registry import Letter, tells
from musubi.people.queries import members_of, representatives_of


@tells("gathering.opened", _("イベントのお知らせ"), mail=False)
def opened(entry):
    gathering = Gathering.objects.get(pk=entry.object_id)
    yield from _to_members(
        entry,
        gathering,
        f"イベントのお知らせ: {gathering.title}",
        f"{gathering.municipality}が「{gathering.title}」を開きます。\n{_when_and_where(gathering)}",
    )


@tells("gathering.rearranged", _("イベントの日時・会場の変更"), mail=False)
def rearranged(entry):
    gathering = Gathering.objects.get(pk=entry.object_id)
    yield from _to_members(
        entry,
        gathering,
        f"日時・会場の変更: {gathering.title}",
        f"「{gathering.title}」の日時か会場が変わりました。\n{_when_and_where(gathering)}",
    )


@tells("gathering.cancelled", _("イベントの中止"), mail=False)
def cancelled(entry):
    gathering = Gathering.objects.get(pk=entry.object_id)
    if gathering.opened_at is not None:
        yield from _to_members(
            entry,
            gathering,
            f"中止のお知らせ: {gathering.title}",
            f"「{gathering.title}」は中止になりました。\n理由: {gathering.cancel_reason}",
        )


def _when_and_where(gathering: Gathering) -> str:
    start, end = gathering.starts_at.astimezone(TOKYO), gathering.ends_at.astimezone(TOKYO)
    ends = (
        f"{end:%H:%M}" if end.date() == start.date() else f"{end.year}年{end.month}月{end.day}日 {end:%H:%M}"
    )
    when = gathering.date_note or f"{start.year}年{start.month}月{start.day}日 {start:%H:%M}〜{ends}"
    return f"日時: {when}" + (f"\n会場: {gathering.place}" if gathering.place else "")


def _to_members(entry: Entry, gathering: Gathering, title: str, body: str) -> Iterator[Letter]:
    if gathering.ends_at <= entry.at:  # entered afterwards, for the record
        return
    path = f"/{gathering.municipality.slug}/gatherings/{gathering.ref}/"
    for user in representatives_of(members_of(gathering.municipality).values("organisation")):
        yield Letter(user, title, body, path)
