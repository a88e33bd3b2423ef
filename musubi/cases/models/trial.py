"""A trial, what it costs, and what was measured while it ran."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from musubi.cases.models.case import Case
from musubi.cases.states import TRIAL, CostSide, TrialDecision
from musubi.lib.records import Record
from musubi.people.models import Organisation, User


class Trial(Record):
    """A try in the field: what, where, when, measured how — fixed before the start."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="trials")
    title = models.CharField(_("実証実験名"), max_length=120)
    field = models.CharField(_("場所・フィールド"), max_length=200)
    starts_on = models.DateField(_("開始日"))
    ends_on = models.DateField(_("終了日"))
    plan = models.TextField(_("計画の内容"), blank=True)
    measures = models.JSONField(
        _("評価指標としきい値"),
        default=list,
        help_text="dicts of name, unit, threshold (a decimal as text), direction (at_least or at_most), baseline "
        "(a decimal as text, or empty); see `cases.measures`. Fixed from the approval on, by the database too",
    )
    safety = models.TextField(_("安全の条件"), blank=True)
    data_terms = models.TextField(_("個人情報・データの条件"), blank=True)
    extends = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="extended_by",
        verbose_name=_("もとの実証実験"),
    )
    state = models.CharField(_("状態"), max_length=10, choices=TRIAL.choices, default="planned")
    version = models.PositiveSmallIntegerField(
        default=1, editable=False, help_text="counts the plan's changes: what is approved is what was read"
    )
    knows_late_at = models.DateTimeField(
        _("次の予算に間に合わないと承知した日時"), null=True, blank=True, editable=False
    )
    key = models.UUIDField(null=True, unique=True, editable=False, help_text="the form it came from")
    started_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    findings = models.TextField(_("結果と分かったこと"), blank=True)
    next_steps = models.TextField(_("次にすること"), blank=True)
    draft_findings = models.TextField(_("報告の案"), blank=True)
    draft_next_steps = models.TextField(_("次にすることの案"), blank=True)
    drafted_at = models.DateTimeField(null=True, blank=True, editable=False)
    drafted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    decision = models.CharField(_("判定"), max_length=8, choices=TrialDecision, blank=True)
    decision_reason = models.TextField(_("判定の理由"), blank=True)
    decided_at = models.DateTimeField(_("判定日時"), null=True, blank=True)

    class Meta:
        verbose_name = _("実証実験")
        ordering = ["starts_on", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="trial_ends_after_start"),
            models.CheckConstraint(
                condition=~Q(state="decided") | (~Q(decision="") & Q(decided_at__isnull=False)),
                name="trial_decided_has_decision",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["running", "reported", "decided"]) | Q(started_at__isnull=False),
                name="trial_ran_since",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def municipality_id(self) -> int:
        return self.case.municipality_id

    @property
    def department_ids(self) -> tuple[int, ...]:
        return self.case.department_ids

    @property
    def organisation_ids(self) -> tuple[int, ...]:
        return self.case.organisation_ids

    def journal_name(self) -> dict:
        return {**self.case.journal_name(), "title": self.title}


class TrialCost(Record):
    """Who bears which cost of a trial, in whole yen."""

    trial = models.ForeignKey(Trial, models.CASCADE, related_name="costs")
    side = models.CharField(_("負担する側"), max_length=14, choices=CostSide)
    item = models.CharField(_("費目"), max_length=120)
    yen = models.PositiveBigIntegerField(_("金額(円)"))

    class Meta:
        verbose_name = _("費用")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.item} {self.yen}"


class Reading(Record):
    """One measured value of one of the trial's measures. Corrected by a later reading of the same day, never edited."""

    trial = models.ForeignKey(Trial, models.CASCADE, related_name="readings")
    measure = models.PositiveSmallIntegerField(
        help_text="the place of the measure in `Trial.measures`, from 0"
    )
    day = models.DateField(_("測った日"))
    value = models.DecimalField(_("値"), max_digits=18, decimal_places=4)
    note = models.CharField(_("メモ"), max_length=200, blank=True)
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="whose representative entered it; null: the municipality's side",
    )
    key = models.UUIDField(null=True, unique=True, editable=False, help_text="the form it came from")
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("実績値")
        ordering = ["measure", "day", "id"]

    def __str__(self) -> str:
        return f"{self.day} {self.value}"
