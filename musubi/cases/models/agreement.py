"""The register of agreements."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from musubi.cases.models.case import Case
from musubi.cases.states import AGREEMENT, AgreementKind
from musubi.lib.records import Record
from musubi.people.models import Department, Municipality, Organisation, User
from musubi.services.virus_scan import Verdict


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
    expiry_told = models.PositiveSmallIntegerField(
        null=True, blank=True, editable=False, help_text="days before expiry at which it was last reminded of"
    )
    dormant_since = models.DateField(
        _("休眠となった日"), null=True, blank=True, editable=False, help_text="the desk was told on this day"
    )
    succeeds = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="succeeded_by",
        verbose_name=_("更新前の協定"),
    )
    ended_on = models.DateField(_("終わった日"), null=True, blank=True)
    end_reason = models.TextField(_("解除の理由"), blank=True)
    key = models.UUIDField(null=True, unique=True, editable=False, help_text="the form it came from")

    class Meta:
        verbose_name = _("協定")
        ordering = [F("signed_on").desc(nulls_first=True), "-id"]
        constraints = [
            models.UniqueConstraint(fields=["municipality", "ref"], name="agreement_ref_once"),
            models.CheckConstraint(
                condition=Q(state__in=["drafting", "review"]) | Q(signed_on__isnull=False),
                name="agreement_signed_on_a_day",
            ),
            models.CheckConstraint(
                condition=~Q(state="terminated") | ~Q(end_reason=""), name="agreement_terminated_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def department_ids(self) -> tuple[int, ...]:
        return (self.department_id,)

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "ref": self.ref, "title": self.title}


class AgreementFile(Record):
    """The signed paper, and what belongs to it. Served as a download after a check each time."""

    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="files")
    file = models.FileField(upload_to="agreements/%Y/")
    name = models.CharField(_("ファイル名"), max_length=200)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    scanned = models.CharField(
        _("ウイルス検査"), max_length=12, choices=Verdict.choices, default=Verdict.NOT_SCANNED
    )
    key = models.UUIDField(null=True, unique=True, editable=False, help_text="the form it came from")
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("協定書")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name
