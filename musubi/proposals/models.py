"""A proposal: an organisation's offer to one municipality, and the questions it raises inside it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.ball.models import Held, held_while_open
from musubi.challenges.models import Challenge
from musubi.challenges.states import Channel
from musubi.lib.records import Record
from musubi.people.models import Department, Municipality, Organisation, User
from musubi.plan.models import Field, Goal
from musubi.proposals.states import PROPOSAL, REFERRAL, WAITING, Answer, DeclineReason, Track
from musubi.services.virus_scan import Verdict
from musubi.solutions.models import Solution


class Proposal(Held):
    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="proposals")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="proposals")
    challenge = models.ForeignKey(
        Challenge,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="proposals",
        verbose_name=_("対象の課題"),
    )
    solution = models.ForeignKey(
        Solution,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="proposals",
        verbose_name=_("もとになるソリューション"),
    )
    ref = models.CharField(_("受付番号"), max_length=20, blank=True)
    key = models.UUIDField(
        null=True,
        unique=True,
        editable=False,
        help_text="the form that made it: sent twice, it makes one draft",
    )
    track = models.CharField(_("類型"), max_length=10, choices=Track)
    title = models.CharField(_("提案名"), max_length=120, blank=True)
    content = models.TextField(_("提案の内容"), blank=True)
    effect = models.TextField(_("見込まれる効果"), blank=True)
    request = models.TextField(_("自治体にお願いしたいこと"), blank=True)
    schedule = models.TextField(_("進め方と時期"), blank=True)
    cost = models.TextField(_("費用と負担の考え方"), blank=True)
    field_wanted = models.TextField(
        _("実証したい場所・期間"), blank=True, help_text=_("実証実験提案型のとき")
    )
    goals = models.ManyToManyField(Goal, related_name="proposals", blank=True, verbose_name=_("SDGsゴール"))
    fields = models.ManyToManyField(Field, related_name="proposals", blank=True, verbose_name=_("分野"))
    channel = models.CharField(_("経路"), max_length=10, choices=Channel, default=Channel.SITE)
    state = models.CharField(_("状態"), max_length=10, choices=PROPOSAL.choices, default="draft")
    created_at = models.DateTimeField(_("作成日時"))
    saved_at = models.DateTimeField(_("最後に保存した日時"))
    author = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("書いた人"))
    submitted_at = models.DateTimeField(_("受付日時"), null=True, blank=True)
    first_answered_at = models.DateTimeField(_("最初に回答した日時"), null=True, blank=True)
    decided_at = models.DateTimeField(_("決定日時"), null=True, blank=True)
    decline_reason = models.CharField(_("見送りの理由"), max_length=20, choices=DeclineReason, blank=True)
    feedback = models.TextField(_("提案者へのフィードバック"), blank=True)

    class Meta(Held.Meta):
        verbose_name = _("提案")
        ordering = ["-submitted_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "ref"], condition=~Q(ref=""), name="proposal_ref_once"
            ),
            held_while_open("proposal_held_while_open", field="state", open_states=WAITING),
            models.CheckConstraint(
                condition=Q(state="draft") | (Q(submitted_at__isnull=False) & ~Q(ref="")),
                name="proposal_submitted_has_number",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | (~Q(decline_reason="") & ~Q(feedback="")),
                name="proposal_declined_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | ~Q(track="challenge") | Q(challenge__isnull=False),
                name="proposal_of_challenge_track_answers_one",
            ),
        ]
        indexes = [
            models.Index(fields=["municipality", "state", "-submitted_at"], name="proposal_inbox"),
            models.Index(fields=["organisation", "-saved_at"], name="proposal_mine"),
        ]

    def __str__(self) -> str:
        return self.title or str(_("(無題の提案)"))

    @property
    def organisation_ids(self) -> tuple[int, ...]:
        return (self.organisation_id,)

    @property
    def department_ids(self) -> tuple[int, ...]:
        """The departments it was routed to, and the one whose challenge it answers."""
        asked = [routing.department_id for routing in self.routings.all()]
        return (*asked, self.challenge.department_id) if self.challenge_id else tuple(asked)

    @property
    def searchable(self) -> str:
        return " ".join([self.ref, self.title, self.content, self.effect, self.organisation.name])

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "ref": self.ref, "title": str(self)}


class Routing(Record):
    """One question to one department about one proposal."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="routings")
    department = models.ForeignKey(Department, models.PROTECT, related_name="routings")
    question = models.TextField(_("照会の内容"), blank=True)
    asked_at = models.DateTimeField(_("照会日時"))
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    due_on = models.DateField(_("回答期限"))
    answer = models.CharField(_("回答"), max_length=12, choices=Answer, default=Answer.WAITING)
    comment = models.TextField(_("回答の説明"), blank=True)
    answered_at = models.DateTimeField(_("回答日時"), null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("照会")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["proposal", "department"], name="routed_once"),
            models.CheckConstraint(
                condition=Q(answer="waiting", answered_at__isnull=True, answered_by__isnull=True)
                | (~Q(answer="waiting") & Q(answered_at__isnull=False, answered_by__isnull=False)),
                name="routing_answer_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["department", "answer", "due_on"], name="routing_waiting")]

    def __str__(self) -> str:
        return f"{self.proposal} → {self.department}"

    @property
    def municipality_id(self) -> int:
        return self.proposal.municipality_id

    @property
    def department_ids(self) -> tuple[int, ...]:
        return (self.department_id,)


class Referral(Record):
    """A declined proposal is offered to another department, or to a challenge here or elsewhere (second match).

    Until the organisation consents nothing of the proposal is shown there. A challenge of another municipality leads
    to `draft`: a new proposal of the organisation there, since every municipality decides for itself.
    """

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="referrals")
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("紹介先の部署")
    )
    challenge = models.ForeignKey(
        Challenge,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="referrals",
        verbose_name=_("紹介先の課題"),
    )
    reason = models.TextField(_("紹介する理由"))
    state = models.CharField(_("状態"), max_length=10, choices=REFERRAL.choices, default="offered")
    offered_at = models.DateTimeField(_("紹介した日時"))
    offered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("紹介した人"))
    expires_on = models.DateField(_("返事の期限"))
    answered_at = models.DateTimeField(_("返事の日時"), null=True, blank=True)
    answered_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("返事をした人")
    )
    words = models.TextField(_("返事に添えた言葉"), blank=True)
    draft = models.OneToOneField(
        Proposal,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="referred_from",
        verbose_name=_("できた下書き"),
    )

    class Meta:
        verbose_name = _("紹介")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(department__isnull=False, challenge__isnull=True)
                | Q(department__isnull=True, challenge__isnull=False),
                name="referral_has_one_target",
            ),
            models.CheckConstraint(
                condition=Q(state="offered", answered_at__isnull=True)
                | (~Q(state="offered") & Q(answered_at__isnull=False)),
                name="referral_answer_has_moment",
            ),
            models.UniqueConstraint(
                fields=["proposal", "department"],
                condition=Q(state="offered", department__isnull=False),
                name="referral_offered_once_to_a_department",
            ),
            models.UniqueConstraint(
                fields=["proposal", "challenge"],
                condition=Q(state="offered", challenge__isnull=False),
                name="referral_offered_once_to_a_challenge",
            ),
        ]
        indexes = [models.Index(fields=["expires_on"], name="referral_waiting", condition=Q(state="offered"))]

    def __str__(self) -> str:
        return f"{self.proposal} → {self.target}"

    @property
    def target(self) -> Department | Challenge:
        return self.department if self.department_id else self.challenge

    @property
    def leads_elsewhere(self) -> bool:
        """Whether it leads to another municipality, where the organisation proposes anew."""
        return (
            self.challenge_id is not None and self.challenge.municipality_id != self.proposal.municipality_id
        )

    @property
    def municipality_id(self) -> int:
        return self.proposal.municipality_id

    @property
    def organisation_ids(self) -> tuple[int, ...]:
        return self.proposal.organisation_ids


class Attachment(Record):
    """A file that belongs to a proposal. Served only through a view that checks who asks."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="attachments")
    file = models.FileField(upload_to="proposals/%Y/")
    name = models.CharField(_("ファイル名"), max_length=200)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    scanned = models.CharField(
        _("ウイルス検査"), max_length=12, choices=Verdict.choices, default=Verdict.NOT_SCANNED
    )
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("添付ファイル")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name
