"""The ball: who must act next on something, since when, and by when."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.ball.states import Step
from musubi.lib import clock
from musubi.lib.records import Record
from musubi.people.models import Department, Municipality, Organisation, User


class Held(Record):
    """A table whose rows have a ball. The desk is a department, so a holder is a department or an organisation."""

    ball_department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("ボール(部署)")
    )
    ball_organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("ボール(団体)")
    )
    ball_since = models.DateTimeField(_("いつから"), null=True, blank=True)
    ball_due_on = models.DateField(_("期限"), null=True, blank=True)
    ball_next = models.CharField(_("次にすること"), max_length=120, blank=True)

    class Meta(Record.Meta):
        abstract = True

    @property
    def holder(self) -> Department | Organisation | None:
        if self.ball_department_id:
            return self.ball_department
        return self.ball_organisation if self.ball_organisation_id else None

    @property
    def is_overdue(self) -> bool:
        return self.ball_due_on is not None and self.ball_due_on < clock.today()


def held_while_open(name: str, *, field: str, open_states: list[str]) -> models.CheckConstraint:
    """The constraint that makes "no holder" impossible while `field` is one of `open_states`."""
    one_holder = (
        Q(ball_department__isnull=False, ball_organisation__isnull=True)
        | Q(ball_department__isnull=True, ball_organisation__isnull=False)
    ) & Q(ball_since__isnull=False, ball_due_on__isnull=False)
    nobody = Q(ball_department__isnull=True, ball_organisation__isnull=True, ball_due_on__isnull=True)
    is_open = Q(**{f"{field}__in": open_states})
    return models.CheckConstraint(condition=(is_open & one_holder) | (~is_open & nobody), name=name)


class Limit(Record):
    """How many business days the ball may lie at one stage here; without a row the product's default holds."""

    municipality = models.ForeignKey(Municipality, models.CASCADE, related_name="limits")
    kind = models.CharField(
        _("対象"), max_length=20, choices=[("proposal", _("提案")), ("case", _("連携案件"))]
    )
    stage = models.CharField(_("段階"), max_length=20)
    days = models.PositiveSmallIntegerField(_("営業日数"))

    class Meta:
        verbose_name = _("期限の目安")
        constraints = [models.UniqueConstraint(fields=["municipality", "kind", "stage"], name="one_limit")]

    def __str__(self) -> str:
        return f"{self.kind} {self.stage}: {self.days}"

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "title": str(self)}


class Escalation(Record):
    """When people are reminded here, in business days around the due day; an unsaved row holds the defaults."""

    municipality = models.OneToOneField(Municipality, models.CASCADE, related_name="escalation")
    soon_days = models.PositiveSmallIntegerField(_("期限の何営業日前から"), default=1)
    manager_days = models.PositiveSmallIntegerField(_("管理職に知らせるまでの営業日数"), default=3)
    desk_days = models.PositiveSmallIntegerField(_("デスクに知らせるまでの営業日数"), default=5)
    hour = models.PositiveSmallIntegerField(_("知らせる時刻"), default=8)

    class Meta:
        verbose_name = _("期限のお知らせの設定")
        constraints = [
            models.CheckConstraint(
                condition=Q(manager_days__gte=1, desk_days__gt=models.F("manager_days"), hour__lte=23),
                name="escalation_goes_up",
            )
        ]

    def __str__(self) -> str:
        return f"{self.soon_days} / {self.manager_days} / {self.desk_days} / {self.hour}:00"

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "title": str(self)}


class Reminder(Record):
    """One step of reminding of one ball. `since` and `due_on` name the ball: handed on, or due on another day, it is a new one.

    `claim` names the pass that wrote the row: of two passes at once only one finds its own there, and tells.
    """

    kind = models.CharField(max_length=12)
    object_id = models.BigIntegerField()
    since = models.DateTimeField()
    due_on = models.DateField()
    step = models.PositiveSmallIntegerField(choices=Step)
    at = models.DateTimeField()
    claim = models.UUIDField(editable=False)

    class Meta:
        verbose_name = _("期限のお知らせの記録")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id", "since", "due_on", "step"], name="reminded_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id} {self.due_on}: {self.get_step_display()}"


class Round(Record):
    """The last business day on which a municipality's round of the morning was done to its end."""

    municipality = models.ForeignKey(Municipality, models.CASCADE, related_name="rounds")
    name = models.CharField(max_length=20)
    day = models.DateField()

    class Meta:
        verbose_name = _("朝の見回り")
        constraints = [models.UniqueConstraint(fields=["municipality", "name"], name="one_round")]

    def __str__(self) -> str:
        return f"{self.municipality_id} {self.name} {self.day}"


class Digest(Record):
    """The digest one person got on one morning, so that nobody gets two. `claim`: see `Reminder`."""

    user = models.ForeignKey(User, models.CASCADE, related_name="digests")
    day = models.DateField(_("日"))
    at = models.DateTimeField(_("作成日時"))
    claim = models.UUIDField(editable=False)

    class Meta:
        verbose_name = _("朝のまとめ")
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="one_digest_a_day")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.day}"
