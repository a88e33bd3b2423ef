"""Texts of a municipality. A row with `default` stands in the place of that product default; others are its own."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.lib.records import Record
from musubi.people.models import Municipality
from musubi.wordings.states import Kind


class Wording(Record):
    """One text. Placeholders such as {団体名} are filled in when it is used (`rules.fill`)."""

    municipality = models.ForeignKey(Municipality, models.CASCADE, related_name="wordings")
    kind = models.CharField(_("場面"), max_length=16, choices=Kind)
    title = models.CharField(_("名前"), max_length=60)
    body = models.TextField(_("文面"))
    position = models.PositiveSmallIntegerField(_("並び順"), default=0)
    is_active = models.BooleanField(_("使う"), default=True)
    default = models.SlugField(
        max_length=40, blank=True, editable=False, help_text="the product default it stands for"
    )

    class Meta:
        verbose_name = _("定型文")
        ordering = ["kind", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "default"], condition=~Q(default=""), name="wording_default_once"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def code(self) -> str:
        """Its name in addresses and forms, whether it has a row of its own yet or not."""
        return self.default or f"w{self.pk}"

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "title": self.title}
