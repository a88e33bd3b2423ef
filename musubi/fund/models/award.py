"""An award and what follows: payments, changes, reports, the final amount, claims, assets, outcome."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from musubi.fund.models.application import Application
from musubi.fund.models.money import Pot
from musubi.fund.states import CHANGE, PAYMENT, PaymentKind
from musubi.lib.records import Record
from musubi.people.models import User


class Award(Record):
    """The decision to grant. `yen` follows approved changes; `first_yen` is what was decided at first."""

    application = models.OneToOneField(Application, models.PROTECT, related_name="award")
    number = models.CharField(_("文書番号"), max_length=60, blank=True)
    yen = models.PositiveBigIntegerField(_("交付決定額(円)"))
    first_yen = models.PositiveBigIntegerField(_("当初の交付決定額(円)"))
    conditions = models.TextField(_("交付の条件"), blank=True)
    decided_on = models.DateField(_("交付決定日"))
    accepted_at = models.DateTimeField(_("承諾日時"), null=True, blank=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    eligible_actual = models.PositiveBigIntegerField(_("実績の対象経費(円)"), null=True, blank=True)
    final_yen = models.PositiveBigIntegerField(_("確定額(円)"), null=True, blank=True)
    fixed_on = models.DateField(_("額の確定日"), null=True, blank=True)
    fixed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    revoked_on = models.DateField(_("取消日"), null=True, blank=True)
    revoke_reason = models.TextField(_("取消しの理由"), blank=True)

    class Meta:
        verbose_name = _("交付決定")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(final_yen=None, fixed_on=None)
                | Q(final_yen__isnull=False, final_yen__lte=F("yen"), fixed_on__isnull=False),
                name="award_final_within_award",
            ),
            models.CheckConstraint(
                condition=Q(revoked_on=None) | ~Q(revoke_reason=""), name="award_revoked_has_reason"
            ),
        ]

    @property
    def municipality_id(self) -> int:
        return self.application.municipality_id

    @property
    def organisation_ids(self) -> tuple[int, ...]:
        return self.application.organisation_ids

    def journal_name(self) -> dict:
        return self.application.journal_name()


class AwardShare(Record):
    """How much of an award each pot bears."""

    award = models.ForeignKey(Award, models.CASCADE, related_name="shares")
    pot = models.ForeignKey(Pot, models.PROTECT, related_name="+")
    yen = models.PositiveBigIntegerField(_("金額(円)"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["award", "pot"], name="award_share_once")]


class Payment(Record):
    """Money to the organisation: asked for, then paid."""

    award = models.ForeignKey(Award, models.PROTECT, related_name="payments")
    key = models.UUIDField(null=True, unique=True, editable=False)
    kind = models.CharField(_("種類"), max_length=8, choices=PaymentKind)
    yen = models.PositiveBigIntegerField(_("金額(円)"))
    state = models.CharField(_("状態"), max_length=10, choices=PAYMENT.choices, default="requested")
    reason = models.TextField(_("概算払が必要な理由"), blank=True)
    requested_at = models.DateTimeField(_("請求日時"))
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    paid_on = models.DateField(_("支払日"), null=True, blank=True)
    paid_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("支払")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(yen__gte=1), name="payment_is_money"),
            models.CheckConstraint(
                condition=~Q(state="paid") | Q(paid_on__isnull=False), name="payment_paid_on"
            ),
        ]


class Change(Record):
    """A request to change an award: its amount, its content, or to stop."""

    class Kind(models.TextChoices):
        AMOUNT = "amount", _("金額の変更")
        CONTENT = "content", _("内容の変更")
        STOP = "stop", _("中止")

    award = models.ForeignKey(Award, models.PROTECT, related_name="changes")
    key = models.UUIDField(null=True, unique=True, editable=False)
    kind = models.CharField(_("種類"), max_length=8, choices=Kind)
    reason = models.TextField(_("理由"))
    content = models.TextField(_("変更の内容"), blank=True)
    before_yen = models.PositiveBigIntegerField(_("変更前の額(円)"))
    after_yen = models.PositiveBigIntegerField(_("変更後の額(円)"))
    state = models.CharField(_("状態"), max_length=10, choices=CHANGE.choices, default="requested")
    came_from = models.CharField(max_length=18, editable=False, help_text="the application's state before it")
    requested_at = models.DateTimeField(_("申請日時"))
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    decided_on = models.DateField(_("決定日"), null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    words = models.TextField(_("決定の理由"), blank=True)

    class Meta:
        verbose_name = _("変更申請")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["award"], condition=Q(state="requested"), name="one_open_change")
        ]


class StatusReport(Record):
    """How the work goes, told while it runs."""

    award = models.ForeignKey(Award, models.CASCADE, related_name="status_reports")
    on = models.DateField(_("報告日"))
    text = models.TextField(_("状況"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("遂行状況報告")
        ordering = ["on", "pk"]


class Asset(Record):
    """A thing bought with the grant over the programme's threshold."""

    award = models.ForeignKey(Award, models.CASCADE, related_name="assets")
    name = models.CharField(_("品名"), max_length=120)
    yen = models.PositiveBigIntegerField(_("取得価格(円)"))
    bought_on = models.DateField(_("取得日"))
    keep_until = models.DateField(_("処分を制限する期間の終わり"), null=True, blank=True)
    place = models.CharField(_("保管場所"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("財産")
        ordering = ["bought_on", "pk"]


class Report(Record):
    """The performance report and its inspection; later the outcome report and the tax report."""

    award = models.OneToOneField(Award, models.CASCADE, related_name="report")
    done = models.TextField(_("実施したこと"), blank=True)
    effect = models.TextField(_("効果"), blank=True)
    other_grants = models.PositiveBigIntegerField(_("ほかの助成金(円)"), default=0)
    income = models.PositiveBigIntegerField(_("事業の収入(円)"), default=0)
    deductible_tax = models.PositiveBigIntegerField(_("控除できる消費税等(円)"), default=0)
    version = models.PositiveIntegerField(default=0, editable=False, help_text="counted up at each save")
    saved_at = models.DateTimeField(_("保存日時"), null=True, editable=False)
    reported_costs = models.JSONField(
        default=list,
        editable=False,
        help_text="[category, label, yen] as reported; an inspection may correct the lines",
    )
    reported_money = models.JSONField(
        default=dict,
        editable=False,
        help_text="the three sums as reported, and the `grant` they came to; an inspection may correct the sums",
    )
    reported_at = models.DateTimeField(_("実績報告日時"), null=True, blank=True)
    reported_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    inspection = models.JSONField(_("検査の確認項目"), default=dict)
    without_evidence = models.TextField(_("証拠書類のない支出を認めた理由"), blank=True)
    inspected_on = models.DateField(_("検査日"), null=True, blank=True)
    inspected_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.TextField(_("成果"), blank=True)
    outcome_at = models.DateTimeField(_("成果報告日時"), null=True, blank=True)
    tax_yen = models.PositiveBigIntegerField(_("消費税等の仕入控除額(円)"), null=True, blank=True)
    tax_at = models.DateTimeField(_("消費税等の報告日時"), null=True, blank=True)

    class Meta:
        verbose_name = _("実績報告")


class Claim(Record):
    """Money to be given back, by when, and the charge for being late."""

    class Kind(models.TextChoices):
        REST = "rest", _("概算払の残り")
        REVOKED = "revoked", _("交付決定の取消し")
        TAX = "tax", _("消費税等の仕入控除")

    award = models.ForeignKey(Award, models.PROTECT, related_name="claims")
    kind = models.CharField(_("理由"), max_length=8, choices=Kind)
    yen = models.PositiveBigIntegerField(_("返還額(円)"))
    claimed_on = models.DateField(_("請求日"))
    due_on = models.DateField(_("期限"))
    returned_on = models.DateField(_("返還日"), null=True, blank=True)
    late_yen = models.PositiveBigIntegerField(_("延滞金(円)"), default=0)

    class Meta:
        verbose_name = _("返還請求")
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=Q(yen__gte=1), name="claim_is_money")]
