"""A solution: what an organisation can offer, independent of any challenge and of any municipality."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.lib.records import Record
from musubi.people.models import Organisation
from musubi.plan.models import Field, Goal
from musubi.solutions.states import SOLUTION


class Solution(Record):
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="solutions")
    title = models.CharField(_("名称"), max_length=120)
    summary = models.TextField(_("できること"), blank=True)
    results = models.TextField(_("これまでの実績"), blank=True)
    needs = models.TextField(_("自治体に求めるもの"), blank=True)
    cost = models.CharField(_("費用の目安"), max_length=200, blank=True)
    goals = models.ManyToManyField(Goal, related_name="solutions", blank=True, verbose_name=_("SDGsゴール"))
    fields = models.ManyToManyField(Field, related_name="solutions", blank=True, verbose_name=_("分野"))
    state = models.CharField(_("状態"), max_length=10, choices=SOLUTION.choices, default="draft")
    created_at = models.DateTimeField(_("作成日時"))
    published_at = models.DateTimeField(_("公開日時"), null=True, blank=True)

    class Meta:
        verbose_name = _("ソリューション")
        ordering = ["-published_at", "-id"]
        indexes = [models.Index(fields=["state", "-published_at"], name="solution_list")]

    def __str__(self) -> str:
        return self.title

    @property
    def organisation_ids(self) -> tuple[int, ...]:
        return (self.organisation_id,)

    @property
    def searchable(self) -> str:
        return " ".join([self.title, self.summary, self.results, self.needs, self.organisation.name])

    def journal_name(self) -> dict:
        return {"title": self.title}
