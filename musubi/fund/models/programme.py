"""A programme and its editions: rules as data. An application keeps the edition it was filed under."""

from fractions import Fraction

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from musubi.fund.states import EDITION, ConsumptionTax, FormStyle, Recusal, Stage, Tie
from musubi.fund.terms.amounts import Direction
from musubi.lib.records import Record
from musubi.people.models import Municipality, User


class Programme(Record):
    """What a municipality supports, year after year."""

    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="programmes")
    code = models.SlugField(_("略称(英数字)"), max_length=40)
    name = models.CharField(_("制度名"), max_length=80)
    lead = models.TextField(_("趣旨"), blank=True)

    class Meta:
        verbose_name = _("助成制度")
        constraints = [models.UniqueConstraint(fields=["municipality", "code"], name="programme_code_once")]

    def __str__(self) -> str:
        return self.name

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "ref": self.code, "title": self.name}


class Edition(Record):
    """One version of a programme's rules. Once in use it never changes; what changes is written as the next one."""

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="editions")
    number = models.PositiveSmallIntegerField(_("版"))
    state = models.CharField(_("状態"), max_length=10, choices=EDITION.choices, default="draft")
    kinds = models.JSONField(_("対象となる団体の種別"), default=list)
    conditions = models.TextField(_("対象となる団体の要件"), blank=True)
    exclusions = models.TextField(_("対象としない団体"), blank=True)
    startup_years = models.PositiveSmallIntegerField(
        _("創業からの年数(以内)"), null=True, blank=True, help_text=_("創業間もない団体も対象にするとき")
    )
    accounts_years = models.PositiveSmallIntegerField(_("決算書を求める年数"), default=3)
    excludes_controlled = models.BooleanField(_("大企業が支配する会社を除く"), default=True)
    own_above = models.PositiveSmallIntegerField(_("自己負担の下限(分子)"), default=0)
    own_below = models.PositiveSmallIntegerField(_("自己負担の下限(分母)"), default=1)
    tax = models.CharField(
        _("消費税等の仕入控除"), max_length=10, choices=ConsumptionTax, default=ConsumptionTax.IGNORE
    )
    scorers = models.PositiveSmallIntegerField(_("1件あたりの審査員の数"), default=5)
    is_blind = models.BooleanField(_("団体名を伏せて審査する"), default=False)
    pass_share = models.PositiveSmallIntegerField(_("通過に必要な得点率(%)"), default=60)
    criterion_share = models.PositiveSmallIntegerField(_("項目ごとに必要な得点率(%)"), default=0)
    tie = models.CharField(_("同点のとき"), max_length=10, choices=Tie, default=Tie.CRITERION)
    recusal = models.CharField(_("除斥したとき"), max_length=4, choices=Recusal, default=Recusal.FILL)
    has_reserve = models.BooleanField(_("補欠を置く"), default=False)
    asset_yen = models.PositiveBigIntegerField(_("財産として登録する額(円)"), default=500_000)
    correction_days = models.PositiveSmallIntegerField(_("補正の期限(営業日)"), default=10)
    acceptance_days = models.PositiveSmallIntegerField(_("承諾の期限(日)"), default=7)
    return_days = models.PositiveSmallIntegerField(_("返還の期限(日)"), default=20)
    late_above = models.PositiveIntegerField(_("延滞金の年率(分子)"), default=1095)
    late_below = models.PositiveIntegerField(_("延滞金の年率(分母)"), default=10_000)
    late_days = models.PositiveSmallIntegerField(_("1年の日数"), default=365)
    form_style = models.CharField(
        _("様式の書き方"), max_length=6, choices=FormStyle, default=FormStyle.BEFORE
    )
    number_style = models.CharField(
        _("文書番号"), max_length=60, default="{city}発第{number}号", help_text=_("{number} が番号になります")
    )
    has_seal = models.BooleanField(_("公印を押す"), default=True)
    letters = models.JSONField(
        _("通知書ごとの決まり"),
        default=dict,
        blank=True,
        help_text="kind of letter → form (its form's number), title, seal (seal, omitted): what differs from the rest",
    )
    made_at = models.DateTimeField(_("作成日時"))
    used_at = models.DateTimeField(_("使用を始めた日時"), null=True, blank=True)
    used_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("制度の版")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "number"], name="edition_number_once"),
            models.UniqueConstraint(
                fields=["programme"], condition=Q(state="in_use"), name="one_edition_in_use"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(used_at__isnull=False), name="edition_used_has_time"
            ),
            models.CheckConstraint(
                condition=Q(own_below__gte=1, own_above__lte=F("own_below")), name="edition_own_share"
            ),
            models.CheckConstraint(
                condition=Q(pass_share__lte=100, criterion_share__lte=100), name="edition_pass_marks"
            ),
            models.CheckConstraint(
                condition=Q(late_below__gte=1, late_days__gte=1), name="edition_late_rate"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme} 第{self.number}版"

    @property
    def municipality_id(self) -> int:
        return self.programme.municipality_id

    @property
    def own_share(self) -> Fraction:
        return Fraction(self.own_above, self.own_below)

    def journal_name(self) -> dict:
        return {**self.programme.journal_name(), "title": str(self)}


class SupportYear(Record):
    """What one year of support pays. A rate of None is 定額: the cost itself, up to the cap."""

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="years")
    year = models.PositiveSmallIntegerField(_("何年目"))
    rate_above = models.PositiveIntegerField(_("助成率(分子)"), null=True, blank=True)
    rate_below = models.PositiveIntegerField(_("助成率(分母)"), null=True, blank=True)
    cap = models.PositiveBigIntegerField(_("上限(円)"), null=True, blank=True)
    unit = models.PositiveIntegerField(_("端数の単位(円)"), default=1000)
    direction = models.CharField(
        _("端数の扱い"),
        max_length=8,
        choices=[
            (Direction.DOWN, _("切捨て")),
            (Direction.UP, _("切上げ")),
            (Direction.HALF_UP, _("四捨五入")),
        ],
        default=Direction.DOWN,
    )
    text = models.CharField(_("要綱の書き方"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("助成の年次")
        ordering = ["year"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "year"], name="support_year_once"),
            models.CheckConstraint(
                condition=Q(rate_above__isnull=True, rate_below__isnull=True)
                | Q(
                    # NULL by itself is no refusal: half a rate must say that it is one.
                    rate_above__isnull=False,
                    rate_below__isnull=False,
                    rate_above__gte=1,
                    rate_below__gte=F("rate_above"),
                ),
                name="support_rate_is_a_share",
            ),
            models.CheckConstraint(condition=Q(unit__gte=1, year__gte=1), name="support_unit_and_year"),
        ]

    @property
    def rate(self) -> Fraction | None:
        return Fraction(self.rate_above, self.rate_below) if self.rate_above else None


class CostCategory(Record):
    """A kind of cost, eligible or not, with its own cap in yen or as a share (percent) of the eligible cost."""

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="categories")
    code = models.SlugField(_("略称(英数字)"), max_length=30)
    name = models.CharField(_("費目"), max_length=60)
    note = models.CharField(_("説明"), max_length=200, blank=True)
    is_eligible = models.BooleanField(_("助成の対象"), default=True)
    cap = models.PositiveBigIntegerField(_("費目の上限(円)"), null=True, blank=True)
    share = models.PositiveSmallIntegerField(_("対象経費に占める上限(%)"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("並び順"), default=0)

    class Meta:
        verbose_name = _("費目")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "code"], name="cost_category_once"),
            models.CheckConstraint(
                condition=Q(share__isnull=True) | Q(share__gte=1, share__lte=100), name="cost_category_share"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Criterion(Record):
    """What applications are judged by in one stage: points from 0 to `most`, times the weight. Whoever stays below `least`
    in the mean of the members does not pass."""

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="criteria")
    stage = models.CharField(_("審査"), max_length=6, choices=Stage)
    name = models.CharField(_("項目"), max_length=60)
    guidance = models.TextField(_("見るところ"), blank=True)
    most = models.PositiveSmallIntegerField(_("満点"), default=5)
    weight = models.PositiveSmallIntegerField(_("重み"), default=1)
    least = models.PositiveSmallIntegerField(_("最低点"), default=0, help_text=_("問わないときは0"))
    position = models.PositiveSmallIntegerField(_("並び順"), default=0)

    class Meta:
        verbose_name = _("審査項目")
        ordering = ["stage", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "stage", "name"], name="criterion_once"),
            models.CheckConstraint(condition=Q(most__gte=1, weight__gte=1), name="criterion_counts"),
            models.CheckConstraint(condition=Q(least__lte=F("most")), name="criterion_least_can_be_reached"),
        ]

    def __str__(self) -> str:
        return self.name


class RequiredPaper(Record):
    """A document an organisation hands in, or a letter the municipality writes, with its form number."""

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="papers")
    code = models.SlugField(_("略称(英数字)"), max_length=40)
    name = models.CharField(_("書類名"), max_length=80)
    form_number = models.PositiveSmallIntegerField(_("様式の番号"), null=True, blank=True)
    is_required = models.BooleanField(_("必須"), default=True)
    for_report = models.BooleanField(_("実績報告で求める"), default=False)
    position = models.PositiveSmallIntegerField(_("並び順"), default=0)

    class Meta:
        verbose_name = _("書類")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["edition", "code"], name="required_paper_once")]

    def __str__(self) -> str:
        return self.name
