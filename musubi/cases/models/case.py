"""The case itself: who takes part, where it stands, who must act next."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.ball.models import Held, held_while_open
from musubi.cases.states import CASE, OPEN
from musubi.challenges.models import Challenge
from musubi.challenges.states import Channel
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
