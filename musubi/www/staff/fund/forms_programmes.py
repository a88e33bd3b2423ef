"""What is asked about a programme's rules, section by section."""

import re
from fractions import Fraction

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from musubi.fund import actions
from musubi.fund.actions import Parts
from musubi.fund.actions.programme import MOST_ROWS
from musubi.fund.letters.kinds import INTERNAL, LetterKind
from musubi.fund.models import Edition, LetterStyle, SupportYear
from musubi.fund.states import ConsumptionTax, FormStyle, Recusal, Stage, Tie
from musubi.fund.terms.amounts import Direction
from musubi.fund.terms.reading import percent, read
from musubi.people.models import Organisation, User
from musubi.www.forms.fields import YenField
from musubi.www.staff.case_forms.trials import more_rows
from musubi.www.staff.fund.acts import Act, area
from musubi.www.staff.fund.rules_shown import floor_words, understood

MOST_YEARS = 10
LONGEST_TERMS = 200
# PositiveSmallIntegerField and PositiveIntegerField
SMALL, LARGE = 32_767, 2_147_483_647


class ShareField(forms.CharField):
    """A share as people write it: 4/5, 5分の4, 80%, 10.95%. Cleans to a Fraction; never a guess."""

    def clean(self, value):
        text = super().clean(value).strip()
        if not text:
            return None
        if re.fullmatch("[0０]+ ?[%％]?", text):
            return Fraction(0)
        reading = read(text.removeprefix("年"))
        if reading.rate is None or reading.unsure or reading.cap is not None:
            raise ValidationError(_("分数か%で入力してください。例: 4/5、5分の4、80%"))
        if reading.rate.denominator > LARGE:
            raise ValidationError(_("桁が多すぎます。もっと短い分数にしてください。"))
        return reading.rate


def _small(**kwargs) -> forms.IntegerField:
    return forms.IntegerField(min_value=kwargs.pop("least", 0), max_value=kwargs.pop("most", SMALL), **kwargs)


class ProgrammeForm(forms.Form):
    name = forms.CharField(label=_("制度名"), max_length=80, help_text=_("例: ウェルビーイング推進助成"))
    code = forms.SlugField(
        label=_("略称(英数字)"),
        max_length=40,
        help_text=_("アドレスに使います。あとから変えられません。例: wellbeing"),
    )
    lead = forms.CharField(
        label=_("趣旨"),
        required=False,
        max_length=2000,
        widget=area(4),
        help_text=_("公開ページに載ります。"),
    )

    def clean_code(self):
        code = self.cleaned_data["code"]
        if code == "new":
            raise ValidationError(_("この略称は、画面のアドレスと重なります。別の略称にしてください。"))
        return code


class ProgrammeWordsForm(ProgrammeForm):
    """What can be put right of a programme beside its editions: its short name is its address."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["code"]


class Section(forms.Form):
    """One section of an edition's rules. `rows` are the formsets below it by prefix, where it has some."""

    lead = ""

    def __init__(self, data=None, *, edition: Edition):
        self.edition = edition
        super().__init__(data, initial=self.begin())
        self.rows = self.make_rows(data)

    def begin(self) -> dict:
        return {name: getattr(self.edition, name) for name in self.base_fields if hasattr(self.edition, name)}

    def make_rows(self, data) -> list:
        return []

    def is_valid(self) -> bool:
        # All of it is asked, so that every mistake is shown at once.
        return all([super().is_valid(), *(rows.is_valid() for rows in self.rows)])

    @property
    def has_problems(self) -> bool:
        return bool(self.errors) or any(any(row.errors for row in rows) for rows in self.rows)

    def given(self, number: int = 0) -> list[dict]:
        """The rows that are not blank."""
        return [row.words() for row in self.rows[number] if row.has_words()]

    def rules(self) -> dict:
        return self.cleaned_data

    def parts(self) -> Parts:
        return Parts()

    def carry_out(self, *, by: User) -> None:
        actions.save_edition(self.edition, by=by, parts=self.parts(), **self.rules())


class Row(forms.Form):
    """One row of a part. One whose `named` field is empty is none: emptying it removes the row."""

    named = "name"
    use_required_attribute = False

    def has_words(self) -> bool:
        return bool(self.cleaned_data.get(self.named))

    def words(self) -> dict:
        return dict(self.cleaned_data)


def rows_of(form: type[Row], most: int = MOST_ROWS, extra: int = 2):
    return forms.formset_factory(form, extra=extra, max_num=most, absolute_max=most)


class WhoSection(Section):
    kinds = forms.MultipleChoiceField(
        label=_("対象となる団体の種別"),
        choices=Organisation.Kind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    conditions = forms.CharField(
        label=_("対象となる団体の要件"),
        required=False,
        max_length=4000,
        widget=area(4),
        help_text=_("要綱のことばで。公開ページに載ります。"),
    )
    exclusions = forms.CharField(
        label=_("対象としない団体"),
        required=False,
        max_length=4000,
        widget=area(3),
        help_text=_("例: 暴力団、政治団体、宗教団体"),
    )
    startup_years = _small(
        label=_("創業からの年数(以内)"),
        required=False,
        least=1,
        most=100,
        help_text=_("問わないときは空欄にします。"),
    )
    accounts_years = _small(label=_("決算書を求める年数"), most=20)
    excludes_controlled = forms.BooleanField(label=_("大企業が支配する会社を除く"), required=False)


UNITS = [
    (1, _("1円")),
    (10, _("10円")),
    (100, _("100円")),
    (1000, _("1,000円")),
    (10_000, _("1万円")),
    (100_000, _("10万円")),
]


class YearRow(Row):
    """One year of support: the notice's own words, and beside them what the product reckons with."""

    named = "text"
    text = forms.CharField(label=_("要綱の書き方"), max_length=200, required=False)
    rate = ShareField(label=_("助成率"), max_length=30, required=False)
    is_fixed = forms.BooleanField(label=_("定額(率を掛けない)"), required=False)
    cap = YenField(label=_("上限(円)"), required=False)
    unit = forms.TypedChoiceField(label=_("端数の単位"), coerce=int, choices=UNITS, initial=1000)
    direction = forms.ChoiceField(
        label=_("端数の扱い"),
        choices=SupportYear._meta.get_field("direction").choices,
        initial=Direction.DOWN.value,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        unit = (self.initial or {}).get("unit")
        if unit and unit not in dict(UNITS):
            self.fields["unit"].choices = [*UNITS, (unit, f"{unit:,}円")]

    def has_words(self) -> bool:
        data = self.cleaned_data
        return bool(
            data.get("text") or data.get("rate") or data.get("is_fixed") or data.get("cap") is not None
        )

    def clean(self):
        data = super().clean()
        if "rate" in self.errors or not self.has_words():
            return data
        if data.get("rate") and data.get("is_fixed"):
            self.add_error("rate", _("定額のときは、助成率を空けてください。"))
        if not data.get("rate") and not data.get("is_fixed"):
            self.add_error(
                "rate",
                _(
                    "助成率を入力するか、定額を選んでください。要綱の文から写すには「文を読み取る」を押します。"
                ),
            )
        return data

    def words(self) -> dict:
        data = self.cleaned_data
        rate = data["rate"]
        return {
            "text": data["text"],
            "rate_above": rate.numerator if rate else None,
            "rate_below": rate.denominator if rate else None,
            "cap": data["cap"],
            "unit": data["unit"],
            "direction": data["direction"],
        }

    @property
    def reading(self) -> dict | None:
        """What the text in the field says, and what of it does not fit the numbers beside it; None without a text."""
        text = self["text"].value() or ""
        # What is too long is refused by the field; reading it would take its time.
        if not text.strip() or len(text) > LONGEST_TERMS:
            return None
        found = read(text)
        left = list(found.unsure)
        if found.floor is not None:
            left.append(floor_words(found))
        if found.rate is not None and (typed := _share_of(self["rate"].value())) not in (None, found.rate):
            left.append(
                _now("入力した助成率(%(typed)s)と違います。")
                % {"typed": f"{typed.numerator}/{typed.denominator}"}
            )
        typed = _yen_of(self["cap"].value())
        if found.cap is not None and typed not in (None, found.cap):
            left.append(_now("入力した上限(%(typed)s円)と違います。") % {"typed": f"{typed:,}"})
        rounding = (str(found.unit), found.direction)
        if found.unit is not None and rounding != (str(self["unit"].value()), str(self["direction"].value())):
            left.append(_now("選んだ端数の扱いと違います。"))
        return {"understood": understood(found), "left": left}


def _share_of(value) -> Fraction | None:
    try:
        return ShareField(required=False, max_length=30).clean(str(value or ""))
    except ValidationError:
        return None


def _yen_of(value) -> int | None:
    try:
        return YenField(required=False).clean(value)
    except ValidationError:
        return None


class MoneySection(Section):
    lead = _(
        "要綱の文を写して「文を読み取る」を押すと、文の全部が読み取れたときだけ、率と上限が空いている欄に入ります。読み取れないことが残れば、その下に出ます。数字を確かめて入力してください。"
    )
    own_share = ShareField(
        label=_("自己負担の下限"),
        max_length=30,
        required=False,
        help_text=_("対象経費のうち、自己資金で負担する最低の割合。例: 1/5。定めないときは空欄にします。"),
    )
    tax = forms.ChoiceField(
        label=_("消費税等の仕入控除"), choices=ConsumptionTax.choices, widget=forms.RadioSelect
    )

    def begin(self):
        share = self.edition.own_share
        return {**super().begin(), "own_share": f"{share.numerator}/{share.denominator}" if share else ""}

    def make_rows(self, data):
        written = [
            {
                "text": row.text,
                "rate": f"{row.rate_above}/{row.rate_below}" if row.rate_above else "",
                "is_fixed": not row.rate_above,
                "cap": row.cap,
                "unit": row.unit,
                "direction": row.direction,
            }
            for row in self.edition.years.all()
        ]
        return [rows_of(YearRow, MOST_YEARS, 1)(data, prefix="years", initial=written)]

    def rules(self):
        share = self.cleaned_data["own_share"] or Fraction(0)
        return {"tax": self.cleaned_data["tax"], "own_above": share.numerator, "own_below": share.denominator}

    def parts(self):
        return Parts(years=[{"year": number, **row} for number, row in enumerate(self.given(), 1)])

    @staticmethod
    def filled(data):
        """What was sent, with what the texts say put into the fields that are empty; nothing of a text with any doubt."""
        data = data.copy()
        for number in range(MOST_YEARS):
            name = f"years-{number}"
            found = read(data.get(f"{name}-text", "")[:200])
            if not found.sure:
                continue
            if found.rate is not None and not data.get(f"{name}-rate") and not data.get(f"{name}-is_fixed"):
                data[f"{name}-rate"] = f"{found.rate.numerator}/{found.rate.denominator}"
            if found.fixed and not data.get(f"{name}-rate"):
                data[f"{name}-is_fixed"] = "on"
            if found.cap is not None and not data.get(f"{name}-cap"):
                data[f"{name}-cap"] = f"{found.cap:,}"
            if found.unit in dict(UNITS):
                data[f"{name}-unit"], data[f"{name}-direction"] = str(found.unit), found.direction
        return data


class CodedRow(Row):
    """A row other records point to: its short name stays when its words change."""

    code = forms.SlugField(max_length=30, required=False, widget=forms.HiddenInput)


def coded(rows: list[dict], prefix: str) -> list[dict]:
    """The rows with a short name each, the ones they had or new ones."""
    taken = {row["code"] for row in rows if row["code"]}
    number = 0
    for row in rows:
        if not row["code"]:
            number += 1
            while f"{prefix}{number}" in taken:
                number += 1
            row["code"] = f"{prefix}{number}"
    return rows


class CategoryRow(CodedRow):
    name = forms.CharField(label=_("費目"), max_length=60, required=False)
    is_eligible = forms.TypedChoiceField(
        label=_("助成の対象"),
        choices=[("1", _("対象")), ("0", _("対象外"))],
        initial="1",
        coerce=lambda value: value == "1",
    )
    cap = YenField(label=_("上限(円)"), required=False)
    share = _small(label=_("対象経費に占める上限(%)"), least=1, most=100, required=False)
    note = forms.CharField(label=_("説明"), max_length=200, required=False)


class CostsSection(Section):
    lead = _(
        "申請書の予算と実績報告は、この費目で書いてもらいます。費目の名前を消すと、その行は無くなります。"
    )

    def make_rows(self, data):
        written = [
            {
                "code": row.code,
                "name": row.name,
                "note": row.note,
                "is_eligible": "1" if row.is_eligible else "0",
                "cap": row.cap,
                "share": row.share,
            }
            for row in self.edition.categories.all()
        ]
        return [rows_of(CategoryRow)(data, prefix="categories", initial=written)]

    def parts(self):
        return Parts(categories=coded(self.given(), "cost-"))


class CriterionRow(Row):
    stage = forms.ChoiceField(label=_("審査"), choices=Stage.choices)
    name = forms.CharField(label=_("項目"), max_length=60, required=False)
    most = _small(label=_("満点"), least=1, most=1000, initial=5)
    weight = _small(label=_("重み"), least=1, most=100, initial=1)
    least = _small(label=_("最低点(なければ0)"), most=1000, initial=0, required=False)
    guidance = forms.CharField(label=_("見るところ"), max_length=500, required=False)

    def clean_least(self):
        return self.cleaned_data["least"] or 0


class ScreeningSection(Section):
    lead = _("審査項目の点に重みを掛けて合計します。項目の名前を消すと、その行は無くなります。")
    scorers = _small(label=_("1件あたりの審査員の数"), least=1, most=100)
    is_blind = forms.BooleanField(label=_("団体名を伏せて審査する"), required=False)
    pass_share = _small(label=_("通過に必要な得点率(%)"), most=100)
    criterion_share = _small(
        label=_("項目ごとに必要な得点率(%)"),
        most=100,
        help_text=_("1つの項目でもこれを下回ると通過できません。問わないときは0。"),
    )
    tie = forms.ChoiceField(label=_("同点のとき"), choices=Tie.choices, widget=forms.RadioSelect)
    recusal = forms.ChoiceField(label=_("除斥したとき"), choices=Recusal.choices, widget=forms.RadioSelect)
    has_reserve = forms.BooleanField(label=_("補欠を置く"), required=False)

    def make_rows(self, data):
        names = ["stage", "name", "guidance", "most", "weight", "least"]
        written = [{name: getattr(row, name) for name in names} for row in self.edition.criteria.all()]
        return [rows_of(CriterionRow)(data, prefix="criteria", initial=written)]

    def parts(self):
        return Parts(criteria=self.given())


class PaperRow(CodedRow):
    name = forms.CharField(label=_("書類名"), max_length=80, required=False)
    form_number = _small(label=_("様式の番号"), least=1, most=999, required=False)
    is_required = forms.TypedChoiceField(
        label=_("必須か"),
        choices=[("1", _("必須")), ("0", _("任意"))],
        initial="1",
        coerce=lambda value: value == "1",
    )
    for_report = forms.TypedChoiceField(
        label=_("いつ求めるか"),
        choices=[("0", _("申請のとき")), ("1", _("実績報告のとき"))],
        initial="0",
        coerce=lambda value: value == "1",
    )


class PapersSection(Section):
    lead = _(
        "団体に出してもらう書類と、通知の様式・番号の書き方です。書類の名前を消すと、その行は無くなります。"
    )
    form_style = forms.ChoiceField(
        label=_("様式の書き方"), choices=FormStyle.choices, widget=forms.RadioSelect
    )
    number_style = forms.CharField(
        label=_("文書番号"),
        max_length=60,
        help_text=_("{number} が番号に、{city} が自治体名になります。例: {city}発第{number}号"),
    )
    has_seal = forms.BooleanField(
        label=_("公印を押す"), required=False, help_text=_("押さないときは「公印省略」と入ります。")
    )

    def make_rows(self, data):
        written = [
            {
                "code": row.code,
                "name": row.name,
                "form_number": row.form_number,
                "is_required": "1" if row.is_required else "0",
                "for_report": "1" if row.for_report else "0",
            }
            for row in self.edition.papers.all()
        ]
        return [rows_of(PaperRow)(data, prefix="papers", initial=written)]

    def parts(self):
        return Parts(papers=coded(self.given(), "paper-"))


class LetterRow(Row):
    """One kind of letter; what is left empty is as everywhere else."""

    kind = forms.ChoiceField(choices=LetterKind.choices, widget=forms.HiddenInput)
    form = forms.CharField(label=_("様式の番号"), max_length=20, required=False)
    title = forms.CharField(label=_("題名"), max_length=80, required=False)
    seal = forms.ChoiceField(label=_("公印"), choices=LetterStyle.Seal.choices, required=False)

    @property
    def legend(self) -> str:
        kind = self["kind"].value()
        return str(LetterKind(kind).label) if kind in LetterKind.values else ""

    def has_words(self) -> bool:
        return True


class LettersSection(Section):
    lead = _(
        "通知書や様式の種類ごとに、この制度だけの番号・題名・公印を決めます。空けたところは、「通知書」の画面の書き方のとおりです。"
    )
    # What is about an application; a gift has no programme, what stays in the house no form.
    KINDS = [
        kind
        for kind in LetterKind
        if kind not in INTERNAL and kind not in (LetterKind.GIFT_RECEIPT, LetterKind.GIFT_THANKS)
    ]

    def begin(self):
        return {}

    def make_rows(self, data):
        written = [{"kind": kind, **self.edition.letters.get(str(kind), {})} for kind in self.KINDS]
        return [rows_of(LetterRow, most=len(self.KINDS), extra=0)(data, prefix="letters", initial=written)]

    def rules(self):
        letters = {}
        for row in self.given():
            said = {name: row[name] for name in ("form", "title", "seal") if row[name]}
            if said:
                letters[row["kind"]] = said
        return {"letters": letters}


class AfterSection(Section):
    correction_days = _small(
        label=_("補正の期限(営業日)"),
        least=1,
        most=365,
        help_text=_("申請を返すときに、はじめに示す期限です。返すときに変えられます。"),
    )
    acceptance_days = _small(
        label=_("承諾の期限(日)"),
        least=1,
        most=365,
        help_text=_("交付決定の日から数え、過ぎても承諾がなければ団体にお知らせします。"),
    )
    asset_yen = YenField(
        label=_("財産として登録する額(円)"),
        help_text=_("助成金で買った物のうち、取得価格がこの額以上のものを登録してもらいます。"),
    )
    return_days = _small(
        label=_("返還の期限(日)"), least=1, most=365, help_text=_("返還を請求した日から数えます。")
    )
    late_rate = ShareField(
        label=_("延滞金の年率"), max_length=30, help_text=_("例: 10.95%。取らないときは0。")
    )
    late_days = _small(
        label=_("1年の日数"), least=1, most=366, help_text=_("延滞金を日割りするときの分母。365 か 366。")
    )

    def begin(self):
        rate = Fraction(self.edition.late_above, self.edition.late_below)
        shown = percent(rate)
        if not shown.endswith("%"):
            shown = f"{rate.numerator}/{rate.denominator}"
        return {**super().begin(), "late_rate": shown}

    def rules(self):
        data = dict(self.cleaned_data)
        rate = data.pop("late_rate") or Fraction(0)
        return {**data, "late_above": rate.numerator, "late_below": rate.denominator}


FORMS: dict[str, type[Section]] = {
    "who": WhoSection,
    "money": MoneySection,
    "costs": CostsSection,
    "screening": ScreeningSection,
    "papers": PapersSection,
    "letters": LettersSection,
    "after": AfterSection,
}
PREFIX = {"money": "years", "costs": "categories", "screening": "criteria", "papers": "papers"}


def again(section: str, edition: Edition, data, step: str) -> Section:
    """The section as it was typed, with more rows, or with the notices' texts read."""
    if step == "more" and section in PREFIX:
        data = more_rows(data, PREFIX[section])
    if step == "read" and section == "money":
        data = MoneySection.filled(data)
    return FORMS[section](data, edition=edition)


class UseAct(Act):
    code, title, submit = "use", _("この版を使い始める"), _("この版を使う")
    done = _("この版を使い始めました。これから準備する募集は、この版によります。")
    lead = _("使い始めた版は、もう変えられません。これまでの版で受けた申請は、その版のまま残ります。")
    is_open = True

    def carry_out(self, *, by):
        actions.use_edition(self.row, by=by)


def calm(section: Section) -> Section:
    """The same without complaints: rows were added or a text was read, nothing was sent to be kept."""
    section._errors = forms.utils.ErrorDict()
    for rows in section.rows:
        for row in rows:
            row._errors = forms.utils.ErrorDict()
    return section
