"""A challenge: what a department wants solved."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.challenges.states import CHALLENGE, Channel, CloseReason, Scale, Visibility
from musubi.lib.records import Record
from musubi.people.models import Department, Municipality, User
from musubi.plan.models import Field, Goal


class Challenge(Record):
    """What is wrong now, what good looks like, and what the municipality can offer to whoever helps."""

    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="challenges")
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="challenges", verbose_name=_("担当課")
    )
    owner = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("担当者"))
    ref = models.CharField(_("整理番号"), max_length=20)
    key = models.UUIDField(
        null=True,
        unique=True,
        editable=False,
        help_text="the form that made it: sent twice, it makes one draft",
    )
    code = models.SlugField(
        _("略称(英数字)"), max_length=40, blank=True, help_text=_("数字の書き出しで使います")
    )
    title = models.CharField(_("課題名"), max_length=120)
    problem = models.TextField(_("いま困っていること"), blank=True)
    goal_image = models.TextField(_("目指す姿"), blank=True)
    offers_field = models.BooleanField(_("実証の場"), default=False)
    offers_data = models.BooleanField(_("データ"), default=False)
    offers_publicity = models.BooleanField(_("広報・周知"), default=False)
    offers_budget = models.BooleanField(_("予算"), default=False)
    offer_note = models.TextField(_("自治体が提供できるものの説明"), blank=True)
    conditions = models.TextField(_("条件・留意点"), blank=True)
    scale = models.CharField(_("規模"), max_length=8, choices=Scale, default=Scale.SMALL)
    goals = models.ManyToManyField(Goal, related_name="challenges", blank=True, verbose_name=_("SDGsゴール"))
    fields = models.ManyToManyField(Field, related_name="challenges", blank=True, verbose_name=_("分野"))
    deadline = models.DateField(_("提案の締切"), null=True, blank=True, help_text=_("空欄なら随時受付"))
    channel = models.CharField(_("登録した経路"), max_length=10, choices=Channel, default=Channel.SITE)
    state = models.CharField(_("状態"), max_length=10, choices=CHALLENGE.choices, default="draft")
    visibility = models.PositiveSmallIntegerField(
        _("公開範囲"), choices=Visibility, default=Visibility.DEPARTMENT
    )
    remarks = models.TextField(_("デスクからの指摘"), blank=True)
    created_at = models.DateTimeField(_("作成日時"))
    submitted_at = models.DateTimeField(_("確認依頼日時"), null=True, blank=True)
    published_at = models.DateTimeField(_("公開日時"), null=True, blank=True)
    expires_on = models.DateField(_("掲載期限"), null=True, blank=True)
    renewal_asked_for = models.DateField(
        null=True, editable=False, help_text="the expiry the owner was asked about"
    )
    closed_at = models.DateTimeField(_("終了日時"), null=True, blank=True)
    close_reason = models.CharField(_("終了の理由"), max_length=10, choices=CloseReason, blank=True)
    close_note = models.TextField(_("終了の説明"), blank=True)

    class Meta:
        verbose_name = _("課題")
        ordering = ["-published_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["municipality", "ref"], name="challenge_ref_once"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "checking"])
                | Q(published_at__isnull=False, expires_on__isnull=False),
                name="challenge_published_has_dates",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | (Q(closed_at__isnull=False) & ~Q(close_reason="")),
                name="challenge_closed_has_reason",
            ),
        ]
        indexes = [
            # Whole, and with what the list asks of a row: SQLite uses a partial index only for a condition without
            # parameters, and neither database then reads the rows to count them.
            models.Index(
                fields=["municipality", "visibility", "-published_at", "-id", "state", "expires_on"],
                name="challenge_public_list",
            ),
            models.Index(fields=["municipality", "state", "-created_at"], name="challenge_staff_list"),
            models.Index(
                fields=["expires_on"],
                name="challenge_expiry",
                condition=Q(state__in=["published", "matched"]),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def department_ids(self) -> tuple[int, ...]:
        return (self.department_id,)

    @property
    def searchable(self) -> str:
        return " ".join(
            [self.ref, self.title, self.problem, self.goal_image, self.offer_note, self.conditions]
        )

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "ref": self.ref, "title": self.title}
