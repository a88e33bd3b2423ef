"""The SDGs and a municipality's plan: definitions only. Readings and figures live in `outcomes`."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from musubi.lib.records import Record
from musubi.people.models import Department, Municipality


class Goal(Record):
    """One of the seventeen goals. The primary key is the goal's number."""

    number = models.PositiveSmallIntegerField(primary_key=True)
    short = models.CharField(_("短い名前"), max_length=40)
    short_en = models.CharField(max_length=60)
    official = models.CharField(_("正式な文"), max_length=200)
    colour = models.CharField(max_length=7)

    class Meta:
        verbose_name = _("SDGsゴール")
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.display_name}"

    @property
    def display_name(self) -> str:
        return self.short_en if get_language() == "en" else self.short


class Target(Record):
    """One of the 169 targets; the primary key is its code, e.g. `11.5` or `17.a`."""

    code = models.CharField(max_length=5, primary_key=True)
    goal = models.ForeignKey(Goal, models.CASCADE, related_name="targets")
    text = models.TextField(_("文"))
    text_en = models.TextField()

    class Meta:
        verbose_name = _("SDGsターゲット")

    def __str__(self) -> str:
        return self.code


class Field(Record):
    """A field of work (分野) a challenge, a solution or a proposal belongs to; the primary key is its code."""

    code = models.SlugField(max_length=30, primary_key=True)
    name = models.CharField(_("名前"), max_length=40)
    name_en = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("分野")
        ordering = ["position"]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.name_en if get_language() == "en" else self.name


class Plan(Record):
    """A municipality's SDGs plan: its term in fiscal years and its vision."""

    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="plans")
    title = models.CharField(_("名称"), max_length=120)
    vision = models.TextField(_("目指す姿"), blank=True)
    first_year = models.PositiveSmallIntegerField(_("最初の年度"))
    last_year = models.PositiveSmallIntegerField(_("最後の年度"))
    adopted_on = models.DateField(_("策定日"), null=True, blank=True)
    headquarters_since = models.PositiveSmallIntegerField(_("推進本部の設置年度"), null=True, blank=True)

    class Meta:
        verbose_name = _("SDGs計画")
        ordering = ["-first_year"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_year__gte=models.F("first_year")), name="plan_term"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "title": self.title}


class Indicator(Record):
    """What the plan measures: a baseline, a target, a unit and the direction that counts as better."""

    class Direction(models.TextChoices):
        UP = "up", _("大きいほどよい")
        DOWN = "down", _("小さいほどよい")

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="indicators")
    goals = models.ManyToManyField(Goal, related_name="indicators", blank=True)
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True)
    name = models.CharField(_("指標"), max_length=120)
    unit = models.CharField(_("単位"), max_length=20)
    direction = models.CharField(_("向き"), max_length=4, choices=Direction)
    baseline = models.DecimalField(_("当初値"), max_digits=18, decimal_places=3)
    baseline_year = models.PositiveSmallIntegerField(_("当初値の年度"))
    target = models.DecimalField(_("目標値"), max_digits=18, decimal_places=3)
    target_year = models.PositiveSmallIntegerField(_("目標値の年度"))

    class Meta:
        verbose_name = _("指標")

    def __str__(self) -> str:
        return self.name

    @property
    def municipality_id(self) -> int:
        return self.plan.municipality_id

    def journal_name(self) -> dict:
        return {"municipality": self.plan.municipality.code, "title": self.name}
