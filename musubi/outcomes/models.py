"""What came of it: outcomes, their public stories, and readings of the plan's indicators."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.cases.models import Case
from musubi.lib.records import Record
from musubi.outcomes.states import STORY, OutcomeKind
from musubi.people.models import Municipality, User
from musubi.plan.models import Goal, Indicator


class Outcome(Record):
    """What came of a case. A case may have several, one after the other."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="outcomes")
    kind = models.CharField(_("種類"), max_length=16, choices=OutcomeKind)
    title = models.CharField(_("成果"), max_length=120)
    summary = models.TextField(_("どうなったか"))
    started_on = models.DateField(_("事業開始日・実施日"))
    yen_saved = models.PositiveBigIntegerField(_("節減できた額(円)"), null=True, blank=True)
    hours_saved = models.PositiveIntegerField(_("節減できた時間(時間)"), null=True, blank=True)
    yen_spent = models.PositiveBigIntegerField(_("かかった額(円)"), null=True, blank=True)
    hours_spent = models.PositiveIntegerField(_("職員がかけた時間(時間)"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("記録日時"))
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("成果")
        ordering = ["started_on", "id"]

    def __str__(self) -> str:
        return self.title

    @property
    def municipality_id(self) -> int:
        return self.case.municipality_id

    @property
    def department_ids(self) -> tuple[int, ...]:
        return self.case.department_ids

    def journal_name(self) -> dict:
        return {**self.case.journal_name(), "title": self.title}


class Story(Record):
    """The public write-up of an outcome. It says only what was written for it, never what the case holds."""

    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="stories")
    outcome = models.OneToOneField(Outcome, models.PROTECT, related_name="story")
    ref = models.CharField(_("整理番号"), max_length=20)
    title = models.CharField(_("見出し"), max_length=120)
    lead = models.CharField(_("リード文"), max_length=300, blank=True)
    body = models.TextField(_("本文"))
    goals = models.ManyToManyField(Goal, related_name="stories", blank=True, verbose_name=_("SDGsゴール"))
    shows_effort = models.BooleanField(
        _("金額と時間を載せる"),
        default=False,
        help_text="the desk lets the public page say what was saved and spent",
    )
    state = models.CharField(_("状態"), max_length=10, choices=STORY.choices, default="draft")
    published_at = models.DateTimeField(_("公開日時"), null=True, blank=True)
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("連携事例")
        ordering = ["-published_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["municipality", "ref"], name="story_ref_once"),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(published_at__isnull=False), name="story_published_at_a_moment"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def department_ids(self) -> tuple[int, ...]:
        return self.outcome.department_ids

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "ref": self.ref, "title": self.title}


class Reading(Record):
    """One year's value of an indicator, with where it was read."""

    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="readings")
    year = models.PositiveSmallIntegerField(_("年度"))
    value = models.DecimalField(_("実績値"), max_digits=18, decimal_places=3)
    source = models.CharField(_("出典"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("実績値")
        ordering = ["year"]
        constraints = [models.UniqueConstraint(fields=["indicator", "year"], name="one_reading_a_year")]

    def __str__(self) -> str:
        return f"{self.indicator} {self.year}"
