"""On which days of the year a municipality makes its budget."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.lib.records import Record
from musubi.people.models import Municipality

_MONTH_AND_DAY = RegexValidator(r"^\d\d-\d\d$")


class BudgetCalendar(Record):
    """The days by which next year's initial budget is made, each as month and day (`10-31`).

    A municipality without a row goes by `states.BUDGET_DAYS`.
    """

    municipality = models.OneToOneField(Municipality, models.CASCADE, related_name="budget_calendar")
    hearing = models.CharField(_("庁内ヒアリング"), max_length=5, validators=[_MONTH_AND_DAY])
    request = models.CharField(_("予算要求の締切"), max_length=5, validators=[_MONTH_AND_DAY])
    review = models.CharField(_("査定"), max_length=5, validators=[_MONTH_AND_DAY])
    assembly_opens = models.CharField(_("3月議会の開会"), max_length=5, validators=[_MONTH_AND_DAY])
    assembly_votes = models.CharField(_("予算の議決"), max_length=5, validators=[_MONTH_AND_DAY])

    class Meta:
        verbose_name = _("予算の年間日程")

    def __str__(self) -> str:
        return f"{self.municipality}: {self.request}"

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "title": "予算の年間日程"}
