"""The ball: who must act next on something, since when, and by when."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.lib import clock
from musubi.lib.records import Record
from musubi.people.models import Department, Municipality, Organisation


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
