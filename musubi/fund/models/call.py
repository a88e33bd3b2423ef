"""A call: one round of a programme, with its days."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from musubi.fund.models.money import Fund, Pot
from musubi.fund.models.programme import Edition
from musubi.fund.states import CALL
from musubi.lib.records import Record
from musubi.people.models import Organisation, User


class Call(Record):
    """Opens and closes by the server's clock to the second; results are released all at once, those of the first
    screening before the rest where the secretariat does so (with how many there were, and how many passed)."""

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="calls")
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="calls", verbose_name=_("制度の版"))
    ref = models.CharField(_("整理番号"), max_length=20)
    title = models.CharField(_("募集名"), max_length=120)
    text = models.TextField(_("募集のご案内"), blank=True)
    pots = models.ManyToManyField(Pot, related_name="calls", verbose_name=_("財源"))
    opens_at = models.DateTimeField(_("受付開始"))
    closes_at = models.DateTimeField(_("受付終了"))
    first_on = models.DateField(_("第一次審査"), null=True, blank=True)
    second_on = models.DateField(_("第二次審査"), null=True, blank=True)
    decision_on = models.DateField(_("交付決定の予定"), null=True, blank=True)
    payment_on = models.DateField(_("概算払の予定"), null=True, blank=True)
    report_on = models.DateField(_("実績報告の期限"), null=True, blank=True)
    outcome_on = models.DateField(_("成果報告の期限"), null=True, blank=True)
    state = models.CharField(_("状態"), max_length=10, choices=CALL.choices, default="draft")
    published_at = models.DateTimeField(_("公開日時"), null=True, blank=True)
    first_released_at = models.DateTimeField(_("第一次審査の結果発表日時"), null=True, blank=True)
    first_released_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    first_filed = models.PositiveIntegerField(_("第一次審査にかけた件数"), null=True, blank=True)
    first_passed = models.PositiveIntegerField(_("第一次審査の通過件数"), null=True, blank=True)
    released_at = models.DateTimeField(_("結果発表日時"), null=True, blank=True)
    released_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("募集")
        ordering = ["-opens_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["fund", "ref"], name="call_ref_once"),
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")), name="call_closes_after_opening"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["released", "finished"]) | Q(released_at__isnull=False),
                name="call_released_has_time",
            ),
            models.CheckConstraint(
                condition=Q(first_released_at=None, first_filed=None, first_passed=None)
                | Q(
                    first_released_at__isnull=False,
                    first_filed__isnull=False,
                    first_passed__isnull=False,
                    first_passed__lte=F("first_filed"),
                ),
                name="call_first_released_with_counts",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def municipality_id(self) -> int:
        return self.fund.municipality_id

    def journal_name(self) -> dict:
        return {**self.fund.journal_name(), "ref": self.ref, "title": self.title}


class CallQuestion(Record):
    """A question about a call; what is answered is shown to everybody, without who asked."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="questions")
    key = models.UUIDField(null=True, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, models.SET_NULL, null=True, blank=True, related_name="+")
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    question = models.TextField(_("質問"))
    asked_at = models.DateTimeField(_("質問の日時"))
    answer = models.TextField(_("回答"), blank=True)
    answered_at = models.DateTimeField(_("回答の日時"), null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("募集への質問")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None) | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="call_answer_has_time",
            )
        ]
