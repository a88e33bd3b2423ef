"""Rules as data: a programme and its editions. An edition in use is never changed; a new one takes its place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import Max

from musubi.fund.letters.kinds import LetterKind
from musubi.fund.letters.samples import sample
from musubi.fund.models import (
    CostCategory,
    Criterion,
    Edition,
    LetterStyle,
    Programme,
    RequiredPaper,
    SupportYear,
)
from musubi.fund.states import EDITION, Stage
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, Refused
from musubi.lib.lifecycle import hold, move, update
from musubi.people.models import Municipality, Organisation, User
from musubi.people.permissions import Can, require
from musubi.people.rules import check_fields
from musubi.wordings.rules import check_body

RULES = [
    "kinds",
    "conditions",
    "exclusions",
    "startup_years",
    "accounts_years",
    "excludes_controlled",
    "own_above",
    "own_below",
    "tax",
    "scorers",
    "is_blind",
    "pass_share",
    "criterion_share",
    "tie",
    "recusal",
    "has_reserve",
    "asset_yen",
    "correction_days",
    "acceptance_days",
    "return_days",
    "late_above",
    "late_below",
    "late_days",
    "form_style",
    "number_style",
    "has_seal",
    "letters",
]
PARTS = {
    "years": (SupportYear, ["year", "rate_above", "rate_below", "cap", "unit", "direction", "text"]),
    "categories": (CostCategory, ["code", "name", "note", "is_eligible", "cap", "share", "position"]),
    "criteria": (Criterion, ["stage", "name", "guidance", "most", "weight", "least", "position"]),
    "papers": (RequiredPaper, ["code", "name", "form_number", "is_required", "for_report", "position"]),
}


@dataclass(frozen=True)
class Parts:
    """The rows of an edition as dicts of their columns (see `PARTS`); None leaves a part as it is."""

    years: Iterable[Mapping] | None = None
    categories: Iterable[Mapping] | None = None
    criteria: Iterable[Mapping] | None = None
    papers: Iterable[Mapping] | None = None

    def given(self) -> dict[str, list[Mapping]]:
        return {
            part.name: list(islice(getattr(self, part.name), MOST_ROWS + 1))
            for part in fields(self)
            if getattr(self, part.name) is not None
        }


NOTHING = Parts()
MOST_ROWS = 200
OLDEST_STARTUP = 100


@transaction.atomic
def draft_programme(
    municipality: Municipality, *, by: User | None, code: str, name: str, lead: str = ""
) -> Edition:
    """A programme with an empty first edition to write its rules in.

    Raises Missing without a name, Conflict where the short name is taken.
    """
    require(by, Can.MANAGE_FUND, municipality)
    programme = Programme(municipality=municipality, code=code.strip(), name=name.strip(), lead=lead.strip())
    if not programme.name:
        raise Missing("制度名を入力してください。", field="name")
    check_fields(programme, only=["code", "name"])
    try:
        with transaction.atomic():
            programme.save()
    except IntegrityError as error:
        raise Conflict("この略称は、もう使われています。別の略称にしてください。") from error
    edition = Edition.objects.create(programme=programme, number=1, made_at=clock.now())
    journal.write("programme.drafted", programme, by=by)
    return edition


@transaction.atomic
def rename_programme(programme: Programme, *, by: User | None, name: str, lead: str) -> None:
    """Put right what a programme is called and what it is for. Its rules are its editions'; its short name stays, as do
    letters that were issued.

    The journal keeps the words there were. Raises Missing without a name, Refused where nothing differs.
    """
    require(by, Can.MANAGE_FUND, programme.municipality)
    hold(programme, "助成制度")
    before = {"name": programme.name, "lead": programme.lead}
    programme.name, programme.lead = name.strip(), lead.strip()
    if not programme.name:
        raise Missing("制度名を入力してください。", field="name")
    if before == {"name": programme.name, "lead": programme.lead}:
        raise Refused("制度名も趣旨も変わっていません。直してから保存してください。")
    check_fields(programme, only=["name"])
    programme.save(update_fields=["name", "lead"])
    journal.write("programme.renamed", programme, by=by, **before)


@transaction.atomic
def draft_edition(programme: Programme, *, by: User | None) -> Edition:
    """The next edition, beginning as a copy of the last one. Raises Conflict where one is being written already."""
    require(by, Can.MANAGE_FUND, programme.municipality)
    hold(programme, "助成制度")
    last = programme.editions.order_by("-number").first()
    if last is not None and last.state == "draft":
        raise Conflict("編集中の版がもうあります。その版を続けて編集してください。")
    rules = {name: getattr(last, name) for name in RULES} if last else {}
    number = (programme.editions.aggregate(last=Max("number"))["last"] or 0) + 1
    edition = Edition.objects.create(programme=programme, number=number, made_at=clock.now(), **rules)
    if last:
        for part, (model, columns) in PARTS.items():
            rows = getattr(last, part).values(*columns)
            model.objects.bulk_create(model(edition=edition, **row) for row in rows)
    journal.write("edition.drafted", edition, by=by, number=number)
    return edition


@transaction.atomic
def save_edition(edition: Edition, *, by: User | None, parts: Parts = NOTHING, **rules) -> None:
    """Write the rules of an edition that is not in use yet. `rules` are the columns in `RULES`.

    Raises Refused for one in use (a new edition is needed) or for a value that cannot be, Conflict where it moved.
    """
    require(by, Can.MANAGE_FUND, edition.programme.municipality)
    if unknown := set(rules) - set(RULES):
        raise TypeError(f"not rules of an edition: {sorted(unknown)}")
    hold(edition, EDITION.subject)
    if edition.state != "draft":
        raise Refused("使用中の版は変えられません。「新しい版を作る」から直してください。")
    changed = {name: value for name, value in rules.items() if getattr(edition, name) != value}
    for name, value in changed.items():
        setattr(edition, name, value)
    _check_rules(edition, changed)
    update(edition, EDITION.subject, guard={"state": "draft"}, **(changed or {"state": "draft"}))
    rows = parts.given()
    for part, given in rows.items():
        _replace(edition, part, given)
    journal.write("edition.saved", edition, by=by, changed=sorted([*changed, *rows]))


@transaction.atomic
def use_edition(edition: Edition, *, by: User | None) -> None:
    """From now on calls are made by this edition; the one before it stays with what was filed under it.

    Raises Missing where it has no first year of support, no eligible cost, no criterion for the first screening or no
    kind of organisation.
    """
    require(by, Can.MANAGE_FUND, edition.programme.municipality)
    hold(edition.programme, "助成制度")
    hold(edition, EDITION.subject)
    EDITION.require(edition.state, "in_use")
    lacking = [
        (bool(edition.kinds), "kinds", "対象となる団体の種別を選んでください。"),
        (edition.years.filter(year=1).exists(), "years", "1年目の助成(率・上限)を入れてください。"),
        (
            edition.categories.filter(is_eligible=True).exists(),
            "categories",
            "対象となる費目を入れてください。",
        ),
        (
            edition.criteria.filter(stage=Stage.FIRST).exists(),
            "criteria",
            "第一次審査の項目を1つ以上入れてください。",
        ),
    ]
    for there, name, words in lacking:
        if not there:
            raise Missing(words, field=name)
    for old in edition.programme.editions.filter(state="in_use"):
        move(old, EDITION, "retired")
    # The journal tells who; nobody is the product itself, which the demo and imports act as.
    move(edition, EDITION, "in_use", used_at=clock.now(), used_by=by)
    journal.write("edition.used", edition, by=by, number=edition.number)


def _replace(edition: Edition, part: str, given: list[Mapping]) -> None:
    model, columns = PARTS[part]
    if len(given) > MOST_ROWS:
        raise Refused(f"「{model._meta.verbose_name}」は{MOST_ROWS}行までです。", field=part)
    getattr(edition, part).all().delete()
    rows = []
    for position, row in enumerate(given):
        if unknown := set(row) - set(columns):
            raise TypeError(f"not columns of {part}: {sorted(unknown)}")
        words = dict(row)
        if "position" in columns:
            words.setdefault("position", position)
        one = model(edition=edition, **words)
        check_fields(one)
        rows.append(one)
    try:
        with transaction.atomic():
            model.objects.bulk_create(rows)
    except IntegrityError as error:
        raise Refused(
            f"「{model._meta.verbose_name}」に、同じものが2つあるか、範囲を外れた値があります。"
            "率は分子と分母の両方を1以下になるように、割合は1〜100%、年次と単位は1以上、最低点は満点以下で入力してください。",
            field=part,
        ) from error


def _check_letters(letters: Mapping) -> None:
    """Each kind of letter with nothing but its rules, and these as `LetterStyle` would take them."""
    if not isinstance(letters, dict) or set(letters) - set(LetterKind):
        raise Refused("通知書の種類を一覧から選び直してください。", field="letters")
    for kind, rules in letters.items():
        if not isinstance(rules, dict) or set(rules) - {"form", "title", "seal"}:
            raise Refused("通知書ごとの決まりは、様式番号・題名・公印だけを決められます。", field="letters")
        check_fields(LetterStyle(**rules), only=list(rules))
        if "title" in rules:
            check_body(rules["title"], list(sample(LetterKind(kind)).values()), field="letters")


def _check_rules(edition: Edition, changed: Mapping) -> None:
    is_list = isinstance(edition.kinds, list)
    if not is_list or any(kind not in Organisation.Kind.values for kind in edition.kinds):
        raise Refused("団体の種別を一覧から選び直してください。", field="kinds")
    _check_letters(edition.letters)
    check_fields(edition, only=[name for name in changed if name not in ("kinds", "letters")])
    if edition.startup_years is not None and not 1 <= edition.startup_years <= OLDEST_STARTUP:
        raise Refused(
            f"創業からの年数は1〜{OLDEST_STARTUP}年で入力してください。問わないときは空にします。",
            field="startup_years",
        )
    if not edition.own_below or edition.own_above > edition.own_below:
        raise Refused("自己負担の下限は、0から1までの分数にしてください。", field="own_above")
    for name in ("pass_share", "criterion_share"):
        if getattr(edition, name) > 100:
            raise Refused("得点率は0〜100%で入力してください。", field=name)
    for name in ("late_below", "late_days", "scorers", "correction_days", "acceptance_days"):
        if not getattr(edition, name):
            raise Refused("1以上の数を入力してください。", field=name)
    if "{number}" not in edition.number_style:
        raise Refused("文書番号には {number} を入れてください。番号がそこに入ります。", field="number_style")
