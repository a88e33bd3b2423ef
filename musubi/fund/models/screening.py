"""Screening: the committee, their ties, who scores what, the sheets, and what is decided behind the curtain."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.fund.models.application import Application
from musubi.fund.models.call import Call
from musubi.fund.models.money import Fund
from musubi.fund.models.programme import Criterion
from musubi.fund.states import ASSIGNMENT, Stage
from musubi.lib.records import Record
from musubi.people.models import Organisation, User


class CommitteeMember(Record):
    """A person who screens a fund's applications. The employer is a tie in itself."""

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="committee")
    user = models.ForeignKey(User, models.PROTECT, related_name="committees")
    title = models.CharField(_("肩書"), max_length=80, blank=True)
    employer = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("勤務先")
    )
    employer_name = models.CharField(_("勤務先の名前"), max_length=120, blank=True)
    employer_number = models.CharField(_("勤務先の法人番号"), max_length=13, blank=True)
    is_chair = models.BooleanField(_("委員長"), default=False)
    appointed_on = models.DateField(_("委嘱日"))
    ended_on = models.DateField(_("退任日"), null=True, blank=True)

    class Meta:
        verbose_name = _("審査委員")
        ordering = ["-is_chair", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["fund", "user"], condition=Q(ended_on=None), name="committee_member_once"
            )
        ]

    @property
    def municipality_id(self) -> int:
        return self.fund.municipality_id


class Interest(Record):
    """A tie a member declared, or the secretariat found: the member neither reads nor scores the organisation's."""

    member = models.ForeignKey(CommitteeMember, models.CASCADE, related_name="interests")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    words = models.CharField(_("どのような関係か"), max_length=200)
    declared_at = models.DateTimeField(_("届出日時"))
    declared_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("利害関係")
        constraints = [
            models.UniqueConstraint(fields=["member", "organisation"], name="interest_declared_once")
        ]


class Assignment(Record):
    """A member scores an application in a stage. A recused one stays as a row, so that the total can be corrected."""

    call = models.ForeignKey(
        Call,
        models.CASCADE,
        related_name="+",
        help_text="the application's, so that its sheets are counted by an index",
    )
    application = models.ForeignKey(Application, models.CASCADE, related_name="assignments")
    member = models.ForeignKey(CommitteeMember, models.PROTECT, related_name="assignments")
    stage = models.CharField(_("審査"), max_length=6, choices=Stage)
    state = models.CharField(_("状態"), max_length=10, choices=ASSIGNMENT.choices, default="assigned")
    assigned_at = models.DateTimeField(_("割当日時"))
    due_on = models.DateField(_("採点の期限"), null=True, blank=True)
    nudged_at = models.DateTimeField(_("催促した日時"), null=True, blank=True)
    comment = models.TextField(_("講評"), blank=True)
    scored_at = models.DateTimeField(_("採点日時"), null=True, blank=True)
    why = models.CharField(_("除斥の理由"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("採点表")
        ordering = ["application", "stage", "member"]
        constraints = [
            models.UniqueConstraint(fields=["application", "stage", "member"], name="assignment_once"),
            models.CheckConstraint(
                condition=~Q(state="scored") | Q(scored_at__isnull=False), name="assignment_scored_at"
            ),
            models.CheckConstraint(
                condition=~Q(state="recused") | ~Q(why=""), name="assignment_recused_has_reason"
            ),
        ]
        indexes = [
            models.Index(
                fields=["call", "stage", "member", "state", "due_on", "nudged_at"], name="sheets_by_member"
            )
        ]


class Score(Record):
    """The points of one criterion on a sheet; `most` of the criterion is checked by the action."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="scores")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+")
    points = models.PositiveSmallIntegerField(_("点"))

    class Meta:
        verbose_name = _("点")
        constraints = [models.UniqueConstraint(fields=["assignment", "criterion"], name="score_once")]


class KeptStanding(Record):
    """Where an application stands in a stage, written anew whenever one of its sheets changes (`ranking.keep`), so that
    a page of a long ranking is found by an index. `order` sorts as the ranking does: first whether it passes, then the share.
    """

    call = models.ForeignKey(Call, models.CASCADE, related_name="+")
    application = models.ForeignKey(Application, models.CASCADE, related_name="kept_standings")
    stage = models.CharField(_("審査"), max_length=6, choices=Stage)
    order = models.CharField(max_length=2000)

    class Meta:
        verbose_name = _("順位の控え")
        constraints = [models.UniqueConstraint(fields=["application", "stage"], name="kept_standing_once")]
        indexes = [models.Index(fields=["call", "stage", "order", "application"], name="kept_standing_order")]


class Slot(Record):
    """When an application is presented in the second screening."""

    application = models.OneToOneField(Application, models.CASCADE, related_name="slot")
    starts_at = models.DateTimeField(_("開始"))
    ends_at = models.DateTimeField(_("終了"))
    place = models.CharField(_("場所"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("プレゼンテーションの時間")
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="slot_has_length")
        ]


class PanelNote(Record):
    """What the panel said of an application in a sitting; for the minutes."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="panel_notes")
    stage = models.CharField(_("審査"), max_length=6, choices=Stage)
    text = models.TextField(_("記録"))
    at = models.DateTimeField(_("日時"))
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("審査会の記録")
        ordering = ["pk"]


class Decision(Record):
    """What is prepared for an application before the results are released: nothing of it is shown to applicants.

    `outcome` is a state of the application: awarded, not_awarded, reserve, first_failed, second_failed.
    """

    application = models.OneToOneField(Application, models.CASCADE, related_name="decision")
    outcome = models.CharField(_("結果"), max_length=18)
    yen = models.PositiveBigIntegerField(_("交付額(円)"), default=0)
    place = models.PositiveSmallIntegerField(_("順位"), null=True, blank=True)
    reasons = models.TextField(_("理由・講評"))
    conditions = models.TextField(_("交付の条件"), blank=True)
    shares = models.JSONField(_("財源の内訳"), default=dict, help_text="pot → yen")
    serves = models.JSONField(
        _("テーマに合うことを確かめた財源"), default=list, blank=True, help_text="pots of a theme"
    )
    prepared_at = models.DateTimeField(_("準備した日時"))
    prepared_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("決定の準備")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    outcome__in=["awarded", "not_awarded", "reserve", "first_failed", "second_failed"]
                ),
                name="decision_is_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(outcome="awarded", yen__gte=1) | (~Q(outcome="awarded") & Q(yen=0)),
                name="decision_awards_money",
            ),
        ]
