"""Rows of challenges: each to the words of `draft_challenge`, or to the reason why not."""

from django.utils.translation import gettext as _

from musubi.challenges.models import Challenge
from musubi.imports import cells, queries
from musubi.imports.columns import fold
from musubi.imports.rows import Reader, fields, goals, place, title
from musubi.lib import clock
from musubi.lib.era import parse_date
from musubi.people.models import Department, Municipality

_TEXTS = ("problem", "goal_image", "offer_note", "conditions")


def judge(readers: list[Reader], municipality: Municipality, options) -> None:
    """Fill each row's `values`, or report what is wrong with it."""
    departments = queries.departments(municipality)
    fallback = _fallback(departments, options)
    codes = queries.field_codes()
    here = queries.challenges_by_title(municipality)
    first: dict[str, str] = {}
    told: set[str] = set()
    for reader in readers:
        values = reader.line.values
        values["title"] = reader.line.title = title(reader, "title", Challenge, _("課題名"))
        values["department"] = _department(reader, departments, fallback, options, told)
        for name in _TEXTS:
            values[name] = cells.text(reader.cell(name))
        if not cells.is_nothing(reader.cell("scale")):
            values["scale"] = cells.scale(reader.cell("scale"))
            if values["scale"] is None:
                del values["scale"]
                reader.warn(
                    _("規模「%(text)s」は分かりません。「小さく具体的」として取り込みます。")
                    % {"text": cells.line(reader.cell("scale"))[:20]},
                    "scale",
                )
        values["goals"] = goals(reader)
        values["fields"] = fields(reader, codes)
        values["deadline"] = _deadline(reader, options)
        if options.state != "draft":
            for name, label in (("problem", _("いま困っていること")), ("goal_image", _("目指す姿"))):
                if not values[name]:
                    reader.error(
                        _(
                            "「%(label)s」が空です。下書きより先に進めるには必要です。入力するか、下書きとして取り込んでください。"
                        )
                        % {"label": label},
                        name,
                        "title",
                    )
        key = fold(values["title"])
        if not key:
            continue
        if key in here:
            known = here[key][0]
            reader.duplicate(
                _("同じ課題名の課題が登録済みです(%(ref)s)。この行は取り込みません。") % {"ref": known.ref},
                known.ref,
                "title",
            )
        elif key in first:
            reader.duplicate(
                _("%(first)sと同じ課題名です。この行は取り込みません。") % {"first": first[key]},
                first[key],
                "title",
            )
        else:
            first[key] = place(reader)


def _deadline(reader: Reader, options):
    cell = reader.cell("deadline")
    if cells.is_nothing(cell) or cells.is_always(cell):
        return None
    try:
        day = parse_date(cell, today=clock.today())
    except ValueError as error:
        reader.error(str(error), "deadline")
        return None
    if day < clock.today() and options.state == "published":
        reader.error(
            _(
                "提案の締切(%(day)s)を過ぎているため公開できません。日付を直すか、下書きとして取り込んでください。"
            )
            % {"day": day},
            "deadline",
        )
    return day


def _fallback(departments: dict[str, Department], options) -> Department | None:
    if options.department:
        return next((row for row in departments.values() if row.pk == options.department), None)
    return next((row for row in departments.values() if row.is_desk), None)


def _department(reader: Reader, departments, fallback, options, told: set[str]) -> Department | None:
    name = cells.line(reader.cell("department"))
    found = None if cells.is_nothing(name) else _find(name, departments)
    if found:
        return found
    unnamed = cells.is_nothing(name)
    problem = (
        _("担当課が空です。")
        if unnamed
        else _("担当課「%(name)s」は登録されていません。") % {"name": name[:40]}
    )
    if options.strict or fallback is None:
        reader.error(
            problem + _("登録済みの部署名に直すか、まとめて置く部署を選んでください。"), "department", "title"
        )
        return None
    if unnamed and not reader.has("department"):
        # One sentence for the sheet, not one for each of its rows.
        if reader.line.sheet not in told:
            told.add(reader.line.sheet)
            reader.warn(
                _("担当課の列がないため、すべての行を「%(name)s」に置きます。") % {"name": fallback}, "title"
            )
    else:
        reader.warn(problem + _("「%(name)s」に置きます。") % {"name": fallback}, "department")
    return fallback


def _find(name: str, departments: dict[str, Department]) -> Department | None:
    """By the whole name, else the longest department name it ends with (環境部環境政策課 is 環境政策課)."""
    key = fold(name)
    if key in departments:
        return departments[key]
    endings = [known for known in departments if key.endswith(known)]
    return departments[max(endings, key=len)] if endings else None
