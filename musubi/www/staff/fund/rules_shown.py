"""An edition's rules in words: for its page, and for setting two editions beside each other."""

from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.fund.letters.kinds import LetterKind
from musubi.fund.models import CostCategory, Criterion, Edition, LetterStyle, RequiredPaper, SupportYear
from musubi.fund.states import FormStyle
from musubi.fund.terms.reading import Reading, percent, read, written
from musubi.lib import clock
from musubi.lib.fiscal import fiscal_year
from musubi.people.models import Organisation

# The parts in which rules are read and edited, in the order of a year.
SECTIONS = {
    "who": gettext_lazy("対象となる団体"),
    "money": gettext_lazy("助成の額"),
    "costs": gettext_lazy("費目"),
    "screening": gettext_lazy("審査"),
    "papers": gettext_lazy("書類と様式"),
    "letters": gettext_lazy("通知書ごとの決まり"),
    "after": gettext_lazy("期限・財産・返還"),
}


@dataclass(frozen=True)
class Rule:
    """One rule: `key` finds the same one in another edition. `doubt` is what a person should look at."""

    key: str
    label: str
    words: str
    doubt: str = ""


def spelled(edition: Edition) -> dict[str, list[Rule]]:
    """Every rule by section. Reads the four parts once each."""
    return {
        "who": _who(edition),
        "money": _money(edition),
        "costs": [_cost(row) for row in edition.categories.all()],
        "screening": _screening(edition),
        "papers": _papers(edition),
        "letters": [_letter(kind, rules) for kind, rules in edition.letters.items()],
        "after": _after(edition),
    }


def unwritten(edition: Edition) -> set[str]:
    """The sections in which nothing is written yet of what an edition cannot do without."""
    parts = {"money": edition.years, "costs": edition.categories, "screening": edition.criteria}
    found = {section for section, rows in parts.items() if not rows.exists()}
    return found if edition.kinds else found | {"who"}


def _plain(edition: Edition, name: str, words: str) -> Rule:
    return Rule(name, str(edition._meta.get_field(name).verbose_name), words)


def _yes(value: bool) -> str:
    return _("はい") if value else _("いいえ")


def _who(edition: Edition) -> list[Rule]:
    kinds = dict(Organisation.Kind.choices)
    named = _("、").join(str(kinds[kind]) for kind in kinds if kind in edition.kinds)
    startup = _("%(n)d年以内") % {"n": edition.startup_years} if edition.startup_years else _("問わない")
    return [
        _plain(edition, "kinds", named or _("(まだ選ばれていません)")),
        _plain(edition, "conditions", edition.conditions or "—"),
        _plain(edition, "exclusions", edition.exclusions or "—"),
        _plain(edition, "startup_years", startup),
        _plain(edition, "accounts_years", _("%(n)d年分") % {"n": edition.accounts_years}),
        _plain(edition, "excludes_controlled", _yes(edition.excludes_controlled)),
    ]


def _money(edition: Edition) -> list[Rule]:
    share = _("定めない") if not edition.own_share else written(edition.own_share)
    years = [
        Rule(f"year-{row.year}", _("%(n)d年目") % {"n": row.year}, _with_text(row), doubt_of(row))
        for row in edition.years.all()
    ]
    return [
        *years,
        Rule("own_share", _("自己負担の下限"), share),
        _plain(edition, "tax", edition.get_tax_display()),
    ]


def _with_text(row: SupportYear) -> str:
    return f"{year_words(row)}\n「{row.text}」" if row.text else year_words(row)


def year_words(row: SupportYear) -> str:
    """対象経費の5分の4、上限5,000,000円、1,000円未満切捨て"""
    found = [_("対象経費の%(rate)s") % {"rate": written(row.rate)} if row.rate else _("定額")]
    found.append(_("上限%(yen)s円") % {"yen": f"{row.cap:,}"} if row.cap is not None else _("上限なし"))
    if row.unit > 1:
        found.append(rounding_words(row.unit, row.direction))
    return _("、").join(found)


def doubt_of(row: SupportYear) -> str:
    """What does not fit between the notice's text and the numbers the programme reckons with; "" where all is well."""
    if not row.text:
        return ""
    reading = read(row.text)
    found = list(reading.unsure)
    if reading.rate is not None and reading.rate != row.rate:
        found.append(_("要綱の文では率が%(rate)sです。") % {"rate": written(reading.rate)})
    if reading.fixed and row.rate is not None:
        found.append(_("要綱の文では定額です。"))
    if reading.cap is not None and reading.cap != row.cap:
        found.append(_("要綱の文では上限が%(yen)s円です。") % {"yen": f"{reading.cap:,}"})
    if reading.unit is not None and (reading.unit, reading.direction) != (row.unit, row.direction):
        found.append(
            _("要綱の文では%(how)sです。") % {"how": rounding_words(reading.unit, reading.direction)}
        )
    if reading.floor is not None:
        found.append(floor_words(reading))
    return " ".join(found)


def rounding_words(unit: int, direction: str) -> str:
    """1,000円未満切捨て"""
    how = dict(SupportYear._meta.get_field("direction").choices)[direction]
    return _("%(unit)s円未満%(how)s") % {"unit": f"{unit:,}", "how": how}


def floor_words(reading: Reading) -> str:
    return _("要綱の文にある下限%(yen)s円は、計算に入りません。審査のときに人が確かめてください。") % {
        "yen": f"{reading.floor:,}"
    }


def understood(reading: Reading) -> list[str]:
    """What was read for certain, in words."""
    found = []
    if reading.rate is not None:
        found.append(_("助成率 %(rate)s") % {"rate": written(reading.rate)})
    if reading.fixed:
        found.append(_("定額"))
    if reading.cap is not None:
        found.append(_("上限 %(yen)s円") % {"yen": f"{reading.cap:,}"})
    if reading.unit is not None:
        found.append(rounding_words(reading.unit, reading.direction))
    return found


def _cost(row: CostCategory) -> Rule:
    found = [_("対象") if row.is_eligible else _("対象外")]
    if row.cap is not None:
        found.append(_("上限%(yen)s円") % {"yen": f"{row.cap:,}"})
    if row.share is not None:
        found.append(_("対象経費の%(n)d%%まで") % {"n": row.share})
    if row.note:
        found.append(row.note)
    return Rule(row.code, row.name, _("、").join(found))


def _screening(edition: Edition) -> list[Rule]:
    return [
        _plain(edition, "scorers", _("%(n)d人") % {"n": edition.scorers}),
        _plain(edition, "is_blind", _yes(edition.is_blind)),
        _plain(edition, "pass_share", f"{edition.pass_share}%"),
        _plain(edition, "criterion_share", f"{edition.criterion_share}%"),
        _plain(edition, "tie", edition.get_tie_display()),
        _plain(edition, "recusal", edition.get_recusal_display()),
        _plain(edition, "has_reserve", _yes(edition.has_reserve)),
        *(_criterion(row) for row in edition.criteria.all()),
    ]


def _criterion(row: Criterion) -> Rule:
    words = _("%(most)d点満点 × 重み%(weight)d") % {"most": row.most, "weight": row.weight}
    if row.least:
        words += _("(最低%(n)d点)") % {"n": row.least}
    if row.guidance:
        words += f" — {row.guidance}"
    return Rule(f"{row.stage}-{row.name}", f"{row.get_stage_display()}: {row.name}", words)


def form_words(number: int | None, style: str) -> str:
    """様式第1号 or 第1号様式; "" without a number."""
    if number is None:
        return ""
    return (
        _("様式第%(n)d号") % {"n": number}
        if style == FormStyle.BEFORE
        else _("第%(n)d号様式") % {"n": number}
    )


def _papers(edition: Edition) -> list[Rule]:
    found = [
        _plain(edition, "form_style", edition.get_form_style_display()),
        _plain(edition, "number_style", _number(edition)),
        _plain(edition, "has_seal", _yes(edition.has_seal)),
    ]
    return found + [_paper(row, edition.form_style) for row in edition.papers.all()]


def _number(edition: Edition) -> str:
    """How a document's number looks, by the first of this year."""
    words = edition.number_style
    for place, value in (
        ("{city}", edition.programme.municipality.name),
        ("{year}", str(fiscal_year(clock.today()))),
        ("{number}", "1"),
    ):
        words = words.replace(place, value)
    return _("%(number)s のように書きます") % {"number": words}


def _paper(row: RequiredPaper, style: str) -> Rule:
    found = [
        _("実績報告のとき") if row.for_report else _("申請のとき"),
        _("必須") if row.is_required else _("任意"),
    ]
    if row.form_number is not None:
        found.insert(0, form_words(row.form_number, style))
    return Rule(row.code, row.name, _("、").join(found))


def _letter(kind: str, rules: dict[str, str]) -> Rule:
    found = []
    if form := rules.get("form"):
        found.append(_("様式の番号 %(form)s") % {"form": form})
    if title := rules.get("title"):
        found.append(_("題名「%(title)s」") % {"title": title})
    if seal := rules.get("seal"):
        found.append(str(LetterStyle.Seal(seal).label))
    return Rule(f"letter-{kind}", str(LetterKind(kind).label), _("、").join(found))


def _after(edition: Edition) -> list[Rule]:
    rate = Fraction(edition.late_above, edition.late_below)
    return [
        _plain(edition, "correction_days", _("返した日から%(n)d営業日") % {"n": edition.correction_days}),
        _plain(edition, "acceptance_days", _("交付決定の日から%(n)d日") % {"n": edition.acceptance_days}),
        _plain(edition, "asset_yen", _("取得価格%(yen)s円以上") % {"yen": f"{edition.asset_yen:,}"}),
        _plain(edition, "return_days", _("請求の日から%(n)d日") % {"n": edition.return_days}),
        Rule(
            "late",
            _("延滞金"),
            _("年%(rate)s、1年を%(days)d日として日割り") % {"rate": percent(rate), "days": edition.late_days},
        ),
    ]


def compared(before: Edition, after: Edition) -> list[dict]:
    """The rules of two editions beside each other, by section: `changed` where they differ."""
    old, new, found = spelled(before), spelled(after), []
    for section, name in SECTIONS.items():
        was, now = ({rule.key: rule for rule in rules[section]} for rules in (old, new))
        rows = []
        for key in [*now, *(key for key in was if key not in now)]:
            a, b = was.get(key), now.get(key)
            words = (a.words if a else "", b.words if b else "")
            label = (b or a).label
            if a and b and a.label != b.label:
                words = (f"{a.label}: {a.words}", f"{b.label}: {b.words}")
            rows.append(
                {"label": label, "before": words[0], "after": words[1], "changed": words[0] != words[1]}
            )
        found.append(
            {"code": section, "name": name, "rows": rows, "changed": sum(row["changed"] for row in rows)}
        )
    return found
