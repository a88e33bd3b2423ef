"""The one shared record of desk, departments and organisation, from first contact to outcome."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from musubi.ball.models import Held, held_while_open
from musubi.cases.states import AGREEMENT, CASE, OPEN, TRIAL, AgreementKind, PostKind, Side, TrialDecision
from musubi.challenges.models import Challenge
from musubi.challenges.states import Channel
from musubi.gatherings.models import Gathering
from musubi.lib.records import Record
from musubi.people.models import Department, Municipality, Organisation, User
from musubi.proposals.models import Proposal
from musubi.proposals.states import DeclineReason


class Case(Held):
    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="cases")
    ref = models.CharField(_("整理番号"), max_length=20)
    title = models.CharField(_("件名"), max_length=120)
    summary = models.TextField(_("概要"), blank=True)
    challenge = models.ForeignKey(Challenge, models.PROTECT, null=True, blank=True, related_name="cases")
    proposal = models.OneToOneField(Proposal, models.PROTECT, null=True, blank=True, related_name="case")
    lead = models.ForeignKey(Department, models.PROTECT, related_name="leads", verbose_name=_("主担当課"))
    owner = models.ForeignKey(User, models.PROTECT, related_name="owns", verbose_name=_("担当者"))
    departments = models.ManyToManyField(Department, related_name="cases", verbose_name=_("関係する部署"))
    organisations = models.ManyToManyField(Organisation, related_name="cases", verbose_name=_("団体"))
    channel = models.CharField(_("経路"), max_length=10, choices=Channel)
    stage = models.CharField(_("段階"), max_length=16, choices=CASE.choices, default="intake")
    stage_since = models.DateTimeField(_("この段階になった日時"))
    opened_at = models.DateTimeField(_("開始日時"))
    last_spoken_at = models.DateTimeField(_("最後のやり取り"), null=True, blank=True)
    key = models.UUIDField(
        null=True, unique=True, editable=False, help_text="the form it came from: sent twice, kept once"
    )
    paused_from = models.CharField(max_length=16, blank=True, editable=False)
    paused_until = models.DateField(_("保留の期限"), null=True, blank=True)
    adoption_budget = models.CharField(_("導入時の予算"), max_length=200, blank=True)
    adoption_department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("導入を担う部署")
    )
    adoption_deadline = models.DateField(_("導入判断の期限"), null=True, blank=True)
    started_on = models.DateField(_("事業開始日"), null=True, blank=True)
    outcome_count = models.PositiveSmallIntegerField(_("記録された成果"), default=0)
    closed_at = models.DateTimeField(_("終了日時"), null=True, blank=True)
    close_reason = models.CharField(_("見送りの理由"), max_length=20, choices=DeclineReason, blank=True)
    feedback = models.TextField(_("フィードバック"), blank=True)

    class Meta(Held.Meta):
        verbose_name = _("連携案件")
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["municipality", "ref"], name="case_ref_once"),
            held_while_open("case_held_while_open", field="stage", open_states=OPEN),
            models.CheckConstraint(
                condition=Q(stage="paused", paused_until__isnull=False)
                | (~Q(stage="paused") & Q(paused_until=None)),
                name="case_paused_until_a_day",
            ),
            models.CheckConstraint(
                condition=~Q(stage="closed") | (~Q(close_reason="") & ~Q(feedback="")),
                name="case_closed_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=OPEN, closed_at=None)
                | (~Q(stage__in=OPEN) & Q(closed_at__isnull=False)),
                name="case_closed_has_moment",
            ),
        ]
        indexes = [
            models.Index(fields=["municipality", "stage", "ball_due_on"], name="case_board"),
            models.Index(fields=["ball_department", "ball_due_on"], name="case_ball_department"),
            models.Index(fields=["ball_organisation", "ball_due_on"], name="case_ball_organisation"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def department_ids(self) -> tuple[int, ...]:
        return tuple(department.pk for department in self.departments.all())

    @property
    def organisation_ids(self) -> tuple[int, ...]:
        return tuple(organisation.pk for organisation in self.organisations.all())

    @property
    def searchable(self) -> str:
        return " ".join([self.ref, self.title, self.summary, *(str(o) for o in self.organisations.all())])

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "ref": self.ref, "title": self.title}


class Meeting(Record):
    """A talk, on the record: when, where, who, what was said and decided."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="meetings")
    gathering = models.ForeignKey(
        Gathering,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="case_meetings",
        verbose_name=_("イベントでの面談"),
    )
    held_at = models.DateTimeField(_("日時"))
    minutes_long = models.PositiveSmallIntegerField(_("所要時間(分)"), default=60)
    place = models.CharField(_("場所・方法"), max_length=120, blank=True)
    attendees = models.TextField(_("出席者"), blank=True)
    minutes = models.TextField(_("議事録"), blank=True)
    decisions = models.TextField(_("決まったこと・宿題"), blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("打合せ")
        ordering = ["held_at"]

    def __str__(self) -> str:
        return f"{self.held_at:%Y-%m-%d} {self.place}"


class CaseFile(Record):
    """A file on the record. Stored outside every web root, served as a download after a check each time."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="files")
    file = models.FileField(upload_to="cases/%Y/")
    name = models.CharField(_("ファイル名"), max_length=200)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    internal = models.BooleanField(_("庁内のみ"), default=False)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("資料")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Post(Record):
    """One line of the thread. `internal` lines are never shown to an organisation, whatever their kind."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="posts")
    kind = models.CharField(_("種類"), max_length=10, choices=PostKind)
    side = models.CharField(_("立場"), max_length=14, choices=Side)
    internal = models.BooleanField(_("庁内のみ"), default=False)
    at = models.DateTimeField(_("日時"))
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    body = models.TextField(_("本文"), blank=True)
    meeting = models.ForeignKey(Meeting, models.CASCADE, null=True, blank=True, related_name="posts")
    file = models.ForeignKey(CaseFile, models.CASCADE, null=True, blank=True, related_name="posts")
    data = models.JSONField(default=dict)
    key = models.UUIDField(
        null=True, unique=True, editable=False, help_text="the form it came from: sent twice, kept once"
    )

    class Meta:
        verbose_name = _("やり取り")
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(kind="note") | Q(internal=True), name="notes_are_internal"),
        ]
        indexes = [models.Index(fields=["case", "at", "id"], name="thread")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.kind}"


class Trial(Record):
    """A try in the field: what, where, when, measured how — fixed before the start."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="trials")
    title = models.CharField(_("実証実験名"), max_length=120)
    field = models.CharField(_("場所・フィールド"), max_length=200)
    starts_on = models.DateField(_("開始日"))
    ends_on = models.DateField(_("終了日"))
    measures = models.JSONField(_("評価指標としきい値"), default=list)
    conditions = models.TextField(_("安全・データの条件"), blank=True)
    state = models.CharField(_("状態"), max_length=10, choices=TRIAL.choices, default="planned")
    started_at = models.DateTimeField(null=True, blank=True)
    findings = models.TextField(_("結果と分かったこと"), blank=True)
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

    def journal_name(self) -> dict:
        return {**self.case.journal_name(), "title": self.title}


class Agreement(Record):
    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="agreements")
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="agreements", verbose_name=_("所管")
    )
    ref = models.CharField(_("整理番号"), max_length=20)
    kind = models.CharField(_("種類"), max_length=14, choices=AgreementKind)
    title = models.CharField(_("名称"), max_length=120)
    items = models.TextField(_("連携事項"), blank=True)
    organisations = models.ManyToManyField(Organisation, related_name="agreements")
    cases = models.ManyToManyField(Case, related_name="agreements", blank=True)
    state = models.CharField(_("状態"), max_length=10, choices=AGREEMENT.choices, default="drafting")
    signed_on = models.DateField(_("締結日"), null=True, blank=True)
    expires_on = models.DateField(_("満了日"), null=True, blank=True)

    class Meta:
        verbose_name = _("協定")
        ordering = [F("signed_on").desc(nulls_first=True), "-id"]
        constraints = [
            models.UniqueConstraint(fields=["municipality", "ref"], name="agreement_ref_once"),
            models.CheckConstraint(
                condition=Q(state__in=["drafting", "review"]) | Q(signed_on__isnull=False),
                name="agreement_signed_on_a_day",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def department_ids(self) -> tuple[int, ...]:
        return (self.department_id,)

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "ref": self.ref, "title": self.title}
