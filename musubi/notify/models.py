"""Notices to people, and the mails that carry them. One delivery row per recipient; the worker sends them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from musubi.lib.records import Record
from musubi.notify.states import DELIVERY
from musubi.people.models import User


class Notice(Record):
    """Something a person should know, in their own list. One per journal entry, person and kind."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notices")
    kind = models.CharField(_("種類"), max_length=60)
    entry_id = models.BigIntegerField(null=True, help_text="the journal entry it tells of")
    title = models.CharField(_("件名"), max_length=200)
    body = models.TextField(_("本文"), blank=True)
    path = models.CharField(_("リンク先"), max_length=300, blank=True)
    at = models.DateTimeField(_("日時"))
    read_at = models.DateTimeField(_("既読日時"), null=True, blank=True)

    class Meta:
        verbose_name = _("お知らせ")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry_id", "user", "kind"], condition=Q(entry_id__isnull=False), name="noticed_once"
            )
        ]
        indexes = [
            models.Index(fields=["user", "-at"], name="notice_list"),
            models.Index(fields=["user"], name="notice_unread", condition=Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return self.title


class Delivery(Record):
    """One mail to one address, with its state. Rows without a notice are account mails (password reset …) and digests."""

    notice = models.OneToOneField(Notice, models.CASCADE, null=True, blank=True, related_name="delivery")
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="deliveries")
    address = models.EmailField(_("宛先"))
    subject = models.CharField(_("件名"), max_length=200)
    body = models.TextField(_("本文"))
    reply_to = models.CharField(_("返信先"), max_length=320, blank=True)
    thread = models.CharField(
        max_length=40, blank=True, help_text="what the mail is about, e.g. case-12: mail programs group by it"
    )
    calendar = models.TextField(
        null=True,
        blank=True,
        help_text="the iCalendar object that goes with it; its METHOD says what it asks for",
    )
    state = models.CharField(_("状態"), max_length=10, choices=DELIVERY.choices, default="queued")
    created_at = models.DateTimeField(_("作成日時"))
    next_try_at = models.DateTimeField(_("次に送る日時"))
    claimed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("試行回数"), default=0)
    sent_at = models.DateTimeField(_("送信日時"), null=True, blank=True)
    error = models.TextField(_("エラー"), blank=True)

    class Meta:
        verbose_name = _("送信")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="delivery_sent_at"
            ),
        ]
        indexes = [
            # By `sent_at`, not by the states: SQLite uses a partial index only for a condition without parameters.
            models.Index(fields=["next_try_at"], name="delivery_waiting", condition=Q(sent_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.subject}"

    @property
    def state_text(self) -> str:
        """The state in words, with the reason why a waiting mail waits."""
        if self.state in ("queued", "sending") and not settings.MAIL_CONFIGURED:
            return gettext("送信待ち(メールサーバーが設定されていません)")
        if self.state == "queued" and self.error:
            return (
                gettext("再送待ち(%(tries)d回失敗)") % {"tries": self.attempts}
                if self.attempts
                else gettext("送信待ち(メールサーバーにつながりません)")
            )
        return self.get_state_display()

    def journal_name(self) -> dict:
        return {"title": self.subject}


class Preference(Record):
    """A person's wish about one kind of notice by mail. Without a row the kind's default holds."""

    user = models.ForeignKey(User, models.CASCADE, related_name="preferences")
    kind = models.CharField(_("種類"), max_length=60)
    by_mail = models.BooleanField(_("メールで受け取る"))

    class Meta:
        verbose_name = _("通知の設定")
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_preference")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.by_mail}"


class Chore(Record):
    """Periodic work by name, and when it was last done, so that each is done once per period whatever the workers."""

    name = models.CharField(_("名前"), max_length=60, unique=True)
    last_run_at = models.DateTimeField(_("最後に行った日時"), null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(_("エラー"), blank=True)

    class Meta:
        verbose_name = _("定期処理")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
