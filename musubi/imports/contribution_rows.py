"""Rows of contributions to a fund: each to the words of `pledge` and `receive`, or to the reason why not."""

import re

from django.utils.translation import gettext as _

from musubi.fund.ledger import LARGEST
from musubi.fund.models import Contribution, Fund, Pot, Programme
from musubi.fund.states import Source
from musubi.imports import cells, queries
from musubi.imports.columns import fold
from musubi.imports.organisation_rows import Named, meant, read_named
from musubi.imports.rows import Reader, past_day, place
from musubi.lib import clock
from musubi.lib.fiscal import fiscal_year
from musubi.people.models import Municipality

_GOAL = re.compile(r"(?:sdgs?|ゴール|目標|goals?)", re.IGNORECASE)
_ENDED = re.compile(r"取りや|取消|辞退|返還|返金|キャンセル")
_NO_EARMARK = {
    "使いみちの指定なし",
    "指定なし",
    "指定しない",
    "使いみちを指定しない",
    "一般",
    "一般寄附",
    "一般寄付",
    "全般",
}
_LONGEST_THEME = Pot._meta.get_field("theme").max_length


def judge(readers: list[Reader], municipality: Municipality, options) -> None:
    """Fill each row's `values`, or report what is wrong with it.

    `values`: `fund` (id), `source`, `name`, `organisation` or `new` as in `organisation_rows.meant`, `yen`, `pot` (which
    pot: {"goal": number}, {"programme": id}, {"theme": words} or {}), `is_anonymous`, `message`, `pledged_on`, `received_on`.
    """
    fund = queries.funds(municipality).filter(**({"pk": options.fund} if options.fund else {})).first()
    if fund is None:
        for reader in readers[:1]:
            reader.error(
                _(
                    "ファンドがまだありません。先に「ファンド」の画面で、その年度のファンドを登録してください。"
                )
            )
        return
    for reader in readers:
        read_named(reader, "name", _("拠出者"))
    known = queries.known_organisations(
        municipality,
        (reader.line.values["corporate_number"] for reader in readers),
        (reader.line.values["key"] for reader in readers),
    )
    programmes = {fold(row.name): row for row in Programme.objects.filter(municipality=municipality)}
    here = queries.contributions_by_words(fund)
    named, first = Named(), {}
    for reader in readers:
        values = reader.line.values
        if _ENDED.search(cells.line(reader.cell("state"))):
            reader.leave_out(_("取りやめか返還の拠出のため、取り込みません。"), "state")
            continue
        values["fund"] = fund.pk
        values["name"] = values["organisation_name"]
        values["yen"] = _yen(reader)
        reader.line.title = (
            _("%(name)s %(yen)s円") % {"name": values["name"], "yen": f"{values['yen']:,}"}
            if values["yen"]
            else values["name"]
        )
        values["source"] = _source(reader, municipality, known)
        values["organisation"], values["new"] = None, None
        if values["source"] == Source.ORGANISATION:
            meant(reader, known, named, "name")
        values["pot"] = _pot(reader, programmes)
        values["is_anonymous"] = _is_anonymous(reader)
        values["message"] = cells.text(reader.cell("message"))
        _days(reader, fund)
        _tell_again(reader, here, first)


def _yen(reader: Reader) -> int | None:
    heading = reader.heading("yen")
    cell = reader.cell("yen")
    found = cells.yen(cell, heading)
    if found is None:
        reader.error(
            _("金額「%(text)s」は円の整数として読めません。1,000,000 のように入力してください。")
            % {"text": cells.line(cell)[:20]},
            "yen",
        )
    elif found > LARGEST:
        reader.error(_("金額が大きすぎます。桁を確かめてください。"), "yen")
        return None
    elif found != cells.yen(cell):
        reader.warn(
            _("見出し「%(heading)s」の単位で読み、%(yen)s円とします。")
            % {"heading": heading, "yen": f"{found:,}"},
            "yen",
        )
    return found


def _source(reader: Reader, municipality: Municipality, known: queries.KnownOrganisations) -> str | None:
    """From its column; without one, what its number or name says for certain."""
    cell, values = reader.cell("source"), reader.line.values
    if not cells.is_nothing(cell):
        if found := cells.source(cell):
            return found
        reader.error(
            _("区分「%(text)s」は分かりません。「公費」「企業・団体」「個人」のどれかに直してください。")
            % {"text": cells.line(cell)[:20]},
            "source",
        )
        return None
    if fold(values["name"]) == fold(municipality.name):
        return Source.PUBLIC
    if values["corporate_number"] or values["key"] in known.by_key or cells.kind_from_name(values["name"]):
        return Source.ORGANISATION
    if values["name"]:
        reader.error(
            _(
                "「%(name)s」が団体か個人か分かりません。「区分」の列に「企業・団体」か「個人」と入力してください。"
            )
            % {"name": values["name"]},
            "source",
            "name",
        )
    return None


def _pot(reader: Reader, programmes: dict[str, Programme]) -> dict:
    cell = reader.cell("earmark")
    words = cells.line(cell)
    if cells.is_nothing(cell) or fold(words) in map(fold, _NO_EARMARK):
        return {}
    if fold(words) in programmes:
        return {"programme": programmes[fold(words)].pk}
    if _GOAL.match(words) or words.isdecimal():
        goals, strange = cells.goals(cell)
        if len(goals) == 1 and not strange:
            return {"goal": goals[0]}
        reader.error(
            _(
                "使いみち「%(text)s」を1つのSDGsゴールとして読めません。「ゴール14」のように、1から17の番号を1つ書いてください。"
            )
            % {"text": words[:30]},
            "earmark",
        )
        return {}
    theme = re.sub(r"^テーマ[::]?\s*", "", words)
    if len(theme) > _LONGEST_THEME:
        reader.error(
            _("使いみちが%(length)d字あります。%(longest)d字までに縮めてください(自動では切りません)。")
            % {"length": len(theme), "longest": _LONGEST_THEME},
            "earmark",
        )
    return {"theme": theme}


def _is_anonymous(reader: Reader) -> bool:
    """As the cell says. What it does not say plainly is an error: a name is not published by guess."""
    cell = reader.cell("is_anonymous")
    is_person = reader.line.values["source"] == Source.PERSON
    if cells.is_nothing(cell):
        if is_person:
            reader.warn(
                _("個人の拠出で、名前の公開について書かれていないため、匿名とします。"),
                "is_anonymous",
                "name",
            )
        return is_person
    found = cells.is_anonymous(cell, reader.heading("is_anonymous"))
    if found is None:
        reader.error(
            _("「%(text)s」では、名前を公開してよいか分かりません。「公開」か「匿名」に直してください。")
            % {"text": cells.line(cell)[:20]},
            "is_anonymous",
        )
    return True if found is None else found


def _days(reader: Reader, fund: Fund) -> None:
    values = reader.line.values
    received = values["received_on"] = past_day(reader, "received_on", _("受領日"))
    pledged = past_day(reader, "pledged_on", _("約束の日"))
    values["pledged_on"] = pledged or received or clock.today()
    if received and fiscal_year(received) != fund.fiscal_year:
        reader.error(
            _(
                "受領日が%(year)d年度の日付ではありません。別の年度に受け取ったお金は、その年度のファンドに取り込みます。"
            )
            % {"year": fund.fiscal_year},
            "received_on",
        )
    if received and pledged and pledged > received:
        reader.error(_("約束の日が受領日より後です。日付を確かめてください。"), "pledged_on")


def _tell_again(reader: Reader, here: dict[tuple, Contribution], first: dict[tuple, str]) -> None:
    """The same giver, sum, purpose and day as one that is here, or as an earlier row: registered once."""
    values = reader.line.values
    if not (values["key"] and values["yen"]):
        return
    key = (
        values["key"],
        values["yen"],
        values["received_on"] or values["pledged_on"],
        tuple(values["pot"].items()),
    )
    if key in here:
        reader.duplicate(
            _("同じ日・同じ額・同じ使いみちの拠出が登録済みです(%(ref)s)。この行は取り込みません。")
            % {"ref": here[key].ref},
            here[key].ref,
            "yen",
        )
    elif key in first:
        reader.duplicate(
            _(
                "%(first)sと同じ人の、同じ日・同じ額・同じ使いみちの拠出です。この行は取り込みません。別の拠出なら、拠出の画面から登録してください。"
            )
            % {"first": first[key]},
            first[key],
            "yen",
        )
    else:
        first[key] = place(reader)
