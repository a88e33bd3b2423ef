"""One import of one file: what was asked, what was found, what became of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.imports.states import RUN, Kind
from musubi.lib.records import Record
from musubi.people.models import Municipality, User


class Run(Record):
    """A file that was read, previewed and perhaps imported. The file itself is kept, so that the preview can be made
    again and an auditor can see where rows came from; it is removed when the import is given up."""

    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="imports")
    kind = models.CharField(_("取り込むもの"), max_length=20, choices=Kind)
    filename = models.CharField(_("ファイル名"), max_length=200)
    digest = models.CharField(_("ファイルの指紋"), max_length=64, help_text="SHA-256")
    data = models.FileField(upload_to="imports/%Y/", blank=True)
    mapping = models.JSONField(
        _("列の読み取り方"), default=dict, help_text="sheet → column letter → field; what a person chose"
    )
    options = models.JSONField(_("取り込み方"), default=dict)
    report = models.JSONField(_("結果"), default=dict)
    state = models.CharField(_("状態"), max_length=12, choices=RUN.choices, default="previewed")
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("ファイルを選んだ人")
    )
    at = models.DateTimeField(_("ファイルを選んだ日時"))
    done_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("取り込んだ人")
    )
    done_at = models.DateTimeField(_("終えた日時"), null=True)

    class Meta:
        verbose_name = _("取り込み")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="previewed") | Q(done_at__isnull=False), name="run_ended_has_a_time"
            )
        ]
        indexes = [models.Index(fields=["municipality", "-id"], name="run_list")]

    def __str__(self) -> str:
        return self.filename

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "ref": str(self.pk), "title": self.filename}
