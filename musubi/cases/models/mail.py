"""Mails that came in and did not become a message."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.cases.models.case import Case
from musubi.lib.records import Record
from musubi.people.models import Municipality, User


class Why(models.TextChoices):
    """Why a mail that came in did not become a message, as the desk reads it."""

    NO_ADDRESS = "no_address", _("返信先に案件を示す符号がない、または壊れている")
    NOT_THE_SENDER = "not_the_sender", _("差出人が、お知らせを受け取った本人のアドレスと違う")
    FORGED = "forged", _("差出人の認証(DMARC・SPF・DKIM)に失敗した")
    UNPROVEN = "unproven", _("差出人の認証結果がメールに付いていない")
    NOT_ALLOWED = "not_allowed", _("差出人は、この案件でもう発言できない")
    CLOSED = "closed", _("案件が終了している")
    EMPTY = "empty", _("本文も受け付けられる資料もない(引用だけの返信など)")
    TOO_LARGE = "too_large", _("メールが大きすぎる")
    TOO_MANY = "too_many", _("短い間に届いた数が多すぎる")
    BROKEN = "broken", _("メールの形が壊れていて読めない")
    AUTOMATIC = "automatic", _("自動で送られたメール(不在通知・配信エラーなど)")
    REFUSED = "refused", _("案件の今の状態では受け付けられない")


class RefusedMail(Record):
    """One mail that was not taken in: from whom, when, why. What it said is kept as plain text for a while only.

    Without a municipality nobody can say whose it is; then those who run the installation are told.
    """

    municipality = models.ForeignKey(
        Municipality, models.CASCADE, null=True, blank=True, related_name="refused_mails"
    )
    case = models.ForeignKey(Case, models.CASCADE, null=True, blank=True, related_name="refused_mails")
    user = models.ForeignKey(
        User,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="whose address it bears, where nothing speaks against it",
    )
    sender = models.CharField(_("差出人"), max_length=254, blank=True)
    subject = models.CharField(_("件名"), max_length=200, blank=True)
    excerpt = models.TextField(_("本文の初め"), blank=True, help_text="plain text, emptied after a month")
    at = models.DateTimeField(_("受信日時"))
    why = models.CharField(_("理由"), max_length=16, choices=Why)
    detail = models.TextField(_("くわしい理由"), blank=True)
    answered = models.BooleanField(_("差出人に理由を知らせた"), default=False)
    told_at = models.DateTimeField(null=True, blank=True, help_text="when the desk was told; null: not yet")
    key = models.UUIDField(unique=True, editable=False, help_text="the mail: delivered twice, listed once")

    class Meta:
        verbose_name = _("受け付けなかったメール")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["municipality", "-at", "-id"], name="refused_mail_list"),
            models.Index(fields=["id"], name="refused_mail_untold", condition=models.Q(told_at=None)),
            models.Index(fields=["user", "at"], name="refused_mail_rate"),
        ]

    def __str__(self) -> str:
        return f"{self.sender} {self.subject}"

    def journal_name(self) -> dict:
        code = self.municipality.code if self.municipality_id else ""
        return {"municipality": code, "title": self.subject or self.sender or "?"}
