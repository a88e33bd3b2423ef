"""Rows of proposals: each to the words of `receive_proposal`, or to the reason why not."""

from django.utils.translation import gettext as _

from musubi.challenges.models import Challenge
from musubi.imports import cells, queries
from musubi.imports.columns import fold
from musubi.imports.organisation_rows import Named, meant, read_named
from musubi.imports.rows import Reader, fields, goals, past_day, place, title
from musubi.people.models import Municipality
from musubi.proposals.models import Proposal
from musubi.proposals.states import Track

_TEXTS = ("content", "effect", "request", "schedule", "cost", "field_wanted")


def judge(readers: list[Reader], municipality: Municipality, options) -> None:
    """Fill each row's `values`, or report what is wrong with it.

    `values["organisation"]` is the id of one already here, or None: then `values["new"]` holds the words it is
    registered with, equal for all rows that mean it.
    """
    for reader in readers:
        read_named(reader, "organisation", _("提案した団体"))
    known = queries.known_organisations(
        municipality,
        (reader.line.values["corporate_number"] for reader in readers),
        (reader.line.values["key"] for reader in readers),
    )
    challenges = queries.challenges_by_title(municipality)
    by_ref = {fold(row.ref): row for rows in challenges.values() for row in rows}
    here = queries.proposals_by_name(municipality)
    codes = queries.field_codes()
    named = Named()
    first: dict[tuple, str] = {}
    for reader in readers:
        values = reader.line.values
        who = meant(reader, known, named, "organisation")
        values["title"] = reader.line.title = title(reader, "title", Proposal, _("提案名"))
        for name in _TEXTS:
            values[name] = cells.text(reader.cell(name))
        values["submitted_on"] = past_day(reader, "submitted_on", _("受付日"))
        values["goals"], values["fields"] = goals(reader), fields(reader, codes)
        values["channel"] = _channel(reader)
        values["challenge"] = _challenge(reader, challenges, by_ref)
        values["track"] = _track(reader, values["challenge"])
        _fill_gaps(reader)
        key = (who, fold(values["title"]))
        if not who or not key[1]:
            continue
        if key in here:
            reader.duplicate(
                _("同じ団体の同じ提案名の提案が登録済みです(%(ref)s)。この行は取り込みません。")
                % {"ref": here[key].ref},
                here[key].ref,
                "title",
            )
        elif key in first:
            reader.duplicate(
                _("%(first)sと同じ団体の同じ提案名です。この行は取り込みません。") % {"first": first[key]},
                first[key],
                "title",
            )
        else:
            first[key] = place(reader)


def _channel(reader: Reader) -> str | None:
    """The way it came; None leaves the action's own default (持ち込み)."""
    cell = reader.cell("channel")
    if cells.is_nothing(cell):
        return None
    found = cells.channel(cell)
    if found is None:
        reader.warn(
            _("経路「%(text)s」は分かりません。「持ち込み」として取り込みます。")
            % {"text": cells.line(cell)[:20]},
            "channel",
        )
    return found


def _challenge(reader: Reader, by_title: dict[str, list[Challenge]], by_ref: dict[str, Challenge]):
    """The id of the challenge a row names, by number or title; None where it names none."""
    cell = reader.cell("challenge")
    if cells.is_nothing(cell):
        return None
    name = cells.line(cell)
    if fold(name) in by_ref:
        return by_ref[fold(name)].pk
    found = by_title.get(fold(name), [])
    if len(found) == 1:
        return found[0].pk
    problem = (
        _("課題「%(name)s」が%(count)d件あります。整理番号で書いてください。")
        if found
        else _(
            "課題「%(name)s」は登録されていません。先に課題を取り込むか、登録済みの整理番号か課題名に直してください。"
        )
    )
    reader.error(problem % {"name": name[:40], "count": len(found)}, "challenge")
    return None


def _track(reader: Reader, challenge: int | None) -> str:
    """From its column, else from what the row holds: a challenge, a place for a trial, or neither."""
    cell = reader.cell("track")
    names_one = not cells.is_nothing(reader.cell("challenge"))
    if not cells.is_nothing(cell):
        found = cells.track(cell)
        if found is None:
            reader.error(
                _(
                    "類型「%(text)s」は分かりません。「課題解決型」「実証実験提案型」「自由提案」のどれかに直してください。"
                )
                % {"text": cells.line(cell)[:20]},
                "track",
            )
        elif found == Track.CHALLENGE and not names_one:
            reader.error(
                _("課題解決型ですが、対象の課題が空です。課題の整理番号か課題名を入力してください。"),
                "challenge",
                "track",
            )
        elif found != Track.CHALLENGE and challenge:
            reader.warn(
                _("課題解決型ではないため、対象の課題とは結びつけません。"),
                "challenge",
            )
        return found or Track.OPEN
    if names_one:
        return Track.CHALLENGE
    return Track.TRIAL if not cells.is_nothing(reader.cell("field_wanted")) else Track.OPEN


def _fill_gaps(reader: Reader) -> None:
    """Old lists often hold no more than names. What a proposal cannot do without is marked as not written there."""
    values = reader.line.values
    for name, label, wanted in (
        ("content", _("提案の内容"), True),
        ("field_wanted", _("実証したい場所・期間"), values["track"] == Track.TRIAL),
    ):
        if wanted and not values[name]:
            values[name] = _("(元の表に記載がありません)")
            reader.warn(
                _("%(label)sが空のため、「元の表に記載がありません」と記して取り込みます。")
                % {"label": label},
                name,
                "title",
            )
