"""Rows of organisations: each to the words of `register_organisation`, or to the reason why not."""

from collections import defaultdict

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from musubi.imports import cells, queries
from musubi.imports.rows import Reader, kind, number, past_day, place, title
from musubi.imports.states import Result
from musubi.lib.text import organisation_key, similar_names
from musubi.people.models import Municipality, Organisation

_COMPARED = 20  # near names looked at for one row: time is bounded whatever the table holds
_valid_url = URLValidator(schemes=["http", "https"])


def judge(readers: list[Reader], municipality: Municipality, options) -> None:
    """Fill each row's `values`, or report what is wrong with it."""
    for reader in readers:
        _read(reader, options)
    known = queries.known_organisations(
        municipality,
        (reader.line.values["corporate_number"] for reader in readers),
        (reader.line.values["key"] for reader in readers),
    )
    seen = Seen()
    enrolled: dict[int, str] = {}
    for reader in readers:
        values = reader.line.values
        if not values["key"]:
            continue
        there = find(known, values["corporate_number"], values["key"])
        if there:
            _tell_known(reader, there[0], known.membership.get(there[0].pk), enrolled, options)
        elif earlier := seen.find(values["corporate_number"], values["key"]):
            by = "corporate_number" if seen.same_number(earlier, values["corporate_number"]) else "name"
            reader.duplicate(
                _("%(first)sと同じ団体です(%(by)s)。この行は取り込みません。")
                % {"first": earlier[0], "by": _("法人番号") if by == "corporate_number" else _("団体名")},
                earlier[0],
                by,
            )
        else:
            _tell_near(reader, known, seen)
        seen.add(reader)


def find(known: queries.KnownOrganisations, number: str, key: str) -> list[Organisation]:
    """The organisations already here that a number and a folded name mean: by number first; by name where the numbers
    do not contradict each other."""
    if number and number in known.by_number:
        return [known.by_number[number]]
    return [row for row in known.by_key.get(key, []) if not (number and row.corporate_number)]


class Seen:
    """The organisations named earlier in the same file."""

    def __init__(self):
        self.by_number: dict[str, tuple] = {}
        self.by_key: dict[str, list[tuple]] = defaultdict(list)
        self.by_start: dict[str, list[tuple]] = defaultdict(list)

    def add(self, reader: Reader) -> None:
        values = reader.line.values
        if not values["key"] or reader.line.result == Result.DUPLICATE:
            return
        entry = (place(reader), values["corporate_number"], reader.line.title)
        if values["corporate_number"]:
            self.by_number.setdefault(values["corporate_number"], entry)
        self.by_key[values["key"]].append(entry)
        self.by_start[values["key"][:3]].append(entry)

    def find(self, number: str, key: str) -> tuple | None:
        if number and number in self.by_number:
            return self.by_number[number]
        return next((e for e in self.by_key.get(key, []) if not (number and e[1])), None)

    @staticmethod
    def same_number(entry: tuple, number: str) -> bool:
        return bool(number) and entry[1] == number


class Named(Seen):
    """Organisations that rows of another kind bring along: every later row that means one gets the same words."""

    def __init__(self):
        super().__init__()
        self.words: dict[str, dict] = {}


def read_named(reader: Reader, name: str, label: str) -> None:
    """The organisation a row of another kind names in the column `name`, and its number, into `values`."""
    values = reader.line.values
    values["organisation_name"] = title(reader, name, Organisation, label)
    values["corporate_number"] = number(reader)
    values["key"] = organisation_key(values["organisation_name"])[:120] if values["organisation_name"] else ""


def meant(reader: Reader, known: queries.KnownOrganisations, named: Named, name: str) -> int | str | None:
    """Which organisation a row that was `read_named` means: its id, or a text that stands for one to be registered; None
    where it is unclear. `values["organisation"]` becomes the id, or `values["new"]` the words to register it with."""
    values = reader.line.values
    values["organisation"], values["new"] = None, None
    digits, key = values["corporate_number"], values["key"]
    if not key:
        return None
    there = find(known, digits, key)
    if len(there) > 1:
        reader.error(
            _(
                "「%(name)s」という団体が%(count)d件登録されています。法人番号の列を加えて、どの団体か分かるようにしてください。"
            )
            % {"name": values["organisation_name"], "count": len(there)},
            name,
        )
        return None
    if there:
        values["organisation"] = there[0].pk
        return there[0].pk
    if earlier := named.find(digits, key):
        values["new"] = named.words[earlier[0]]
        values["new"]["corporate_number"] = values["new"]["corporate_number"] or digits
        return earlier[0]
    values["new"] = {
        "name": values["organisation_name"],
        "corporate_number": digits,
        "kind": kind(reader, name),
    }
    named.words[place(reader)] = values["new"]
    named.add(reader)
    reader.warn(
        _("「%(name)s」は登録されていないため、団体としてもあわせて登録します。")
        % {"name": values["organisation_name"]},
        name,
    )
    return place(reader)


def _tell_known(
    reader: Reader, row: Organisation, membership: str | None, enrolled: dict[int, str], options
) -> None:
    """What a row means for an organisation that is here already: a new membership, or nothing new."""
    values = reader.line.values
    number = values["corporate_number"]
    by = "corporate_number" if number and row.corporate_number == number else "name"
    basis = _("法人番号が同じ") if by == "corporate_number" else _("団体名が同じ")
    what = {"name": row.name, "by": basis}
    if options.members and membership in (None, "applied") and reader.line.result != Result.ERROR:
        if first := enrolled.get(row.pk):
            reader.duplicate(
                _("%(first)sと同じ団体です(%(by)s)。この行は取り込みません。")
                % {"first": first, "by": basis},
                first,
                by,
            )
            return
        enrolled[row.pk] = place(reader)
        values["existing"] = row.pk
        reader.warn(_("「%(name)s」は登録済みです(%(by)s)。団体の情報は変えず、会員に加えます。") % what, by)
    elif options.members and membership in ("left", "refused"):
        reader.duplicate(
            _(
                "「%(name)s」は登録済みで、退会または見送りの記録があります(%(by)s)。この行は取り込みません。"
                "会員に戻すときは会員の画面から行ってください。"
            )
            % what,
            row.name,
            by,
        )
    else:
        reader.duplicate(
            _("「%(name)s」は既に登録済みです(%(by)s)。この行は取り込みません。") % what, row.name, by
        )


def _tell_near(reader: Reader, known: queries.KnownOrganisations, seen: Seen) -> None:
    """A name close to another one, where the numbers do not already tell the two apart."""
    values = reader.line.values
    name, number = reader.line.title, values["corporate_number"]
    others = [
        (row.name, row.corporate_number, _("登録済み")) for row in known.near(values["key"])[:_COMPARED]
    ]
    others += [(e[2], e[1], e[0]) for e in seen.by_start.get(values["key"][:3], [])[:_COMPARED]]
    for other, other_number, where in others:
        if not (number and other_number) and similar_names(name, other):
            reader.warn(
                _(
                    "「%(other)s」(%(where)s)と名前が似ています。同じ団体でないか確かめてください。取り込みはします。"
                )
                % {"other": other, "where": where},
                "name",
            )
            return


def _read(reader: Reader, options) -> None:
    values = reader.line.values
    name = title(reader, "name", Organisation, _("団体名"))
    values["name"] = reader.line.title = name
    values["key"] = organisation_key(name)[:120] if name else ""
    values["corporate_number"] = number(reader)
    for field in ("name_kana", "name_en", "prefecture", "address"):
        values[field] = _short(reader, field)
    if not values["prefecture"]:
        values["prefecture"] = cells.prefecture_in(values["address"])
    values["url"] = _url(reader)
    values["description"] = _description(reader)
    values["kind"] = kind(reader, "name")
    values["size"] = _size(reader)
    values["founded_on"] = past_day(reader, "founded_on", _("設立日"))
    if options.members:
        values["joined_on"] = past_day(reader, "joined_on", _("入会日")) or options.joined_on


def _short(reader: Reader, name: str) -> str:
    if cells.is_nothing(reader.cell(name)):
        return ""
    found = cells.line(reader.cell(name))
    field = Organisation._meta.get_field(name)
    if len(found) > field.max_length:
        reader.error(
            _("%(label)sが%(length)d字あります。%(longest)d字までに縮めてください(自動では切りません)。")
            % {"label": field.verbose_name, "length": len(found), "longest": field.max_length},
            name,
        )
    return found


def _url(reader: Reader) -> str:
    if cells.is_nothing(reader.cell("url")):
        return ""
    found = _short(reader, "url")
    address = found if "://" in found else f"https://{found}"
    try:
        _valid_url(address)
    except ValidationError:
        reader.error(
            _("ウェブサイト「%(text)s」はアドレスとして読めません。https:// から書くか、空にしてください。")
            % {"text": found[:60]},
            "url",
        )
    return address


def _size(reader: Reader) -> str:
    """From how many people work there, or from one of our own words for it; a warning where it tells neither."""
    cell = reader.cell("size")
    if cells.is_nothing(cell):
        return ""
    said = cells.line(cell)
    if found := cells.organisation_size(said):
        return found
    reader.warn(
        _("規模「%(text)s」は人数として読めないため、空にして取り込みます。") % {"text": said[:20]}, "size"
    )
    return ""


def _description(reader: Reader) -> str:
    """The introduction; a line of business without a column of its own in the product stands at its end."""
    texts = [cells.text(reader.cell("description"))]
    if not cells.is_nothing(reader.cell("industry")):
        texts.append(_("業種: %(text)s") % {"text": cells.line(reader.cell("industry"))})
    return "\n\n".join(filter(None, texts))
