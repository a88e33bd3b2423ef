"""Gatherings: exchange meetings, matching events, sittings of subcommittees. Sign-ups and timetables build on this."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from musubi.gatherings.states import GATHERING, Kind
from musubi.lib.records import Record
from musubi.people.models import Department, Municipality


class Gathering(Record):
    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="gatherings")
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="gatherings", verbose_name=_("主催部署")
    )
    ref = models.CharField(_("整理番号"), max_length=20)
    kind = models.CharField(_("種類"), max_length=12, choices=Kind)
    series = models.CharField(_("部会・シリーズ名"), max_length=60, blank=True)
    title = models.CharField(_("名称"), max_length=120)
    description = models.TextField(_("内容"), blank=True)
    starts_at = models.DateTimeField(_("開始"))
    ends_at = models.DateTimeField(_("終了"))
    date_note = models.CharField(
        _("日程の補足"), max_length=60, blank=True, help_text=_("日がまだ決まっていないとき。例: 9月上旬")
    )
    place = models.CharField(_("会場"), max_length=120, blank=True)
    state = models.CharField(_("状態"), max_length=10, choices=GATHERING.choices, default="draft")
    report = models.TextField(_("開催報告"), blank=True)
    cancel_reason = models.TextField(_("中止の理由"), blank=True)
    created_at = models.DateTimeField(_("作成日時"))
    opened_at = models.DateTimeField(_("受付を始めた日時"), null=True, blank=True)

    class Meta:
        verbose_name = _("イベント")
        ordering = ["-starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["municipality", "ref"], name="gathering_ref_once"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="gathering_ends_after_start"
            ),
        ]
        indexes = [models.Index(fields=["municipality", "-starts_at"], name="gathering_list")]

    def __str__(self) -> str:
        return self.title

    @property
    def department_ids(self) -> tuple[int, ...]:
        return (self.department_id,)

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "ref": self.ref, "title": self.title}
