"""An application: what an organisation files, its budget and its papers."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.fund import curtain
from musubi.fund.models.call import Call
from musubi.fund.models.programme import CostCategory, Edition, RequiredPaper
from musubi.fund.states import APPLICATION, NO_LONGER_RUNS, Phase
from musubi.lib.records import Record
from musubi.people.models import Organisation, User
from musubi.plan.models import Goal
from musubi.services.virus_scan import Verdict


class Application(Record):
    """Written by several people of the organisation together; it keeps the edition it was filed under."""

    call = models.ForeignKey(Call, models.PROTECT, related_name="applications")
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="applications")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="applications")
    key = models.UUIDField(null=True, unique=True, editable=False)
    ref = models.CharField(_("整理番号"), max_length=20, blank=True)
    support_year = models.PositiveSmallIntegerField(_("何年目の助成か"), default=1)
    before = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="continued_by",
        verbose_name=_("前年の申請"),
    )
    representative_title = models.CharField(_("代表者の役職"), max_length=40, blank=True)
    representative_name = models.CharField(_("代表者の氏名"), max_length=60, blank=True)
    title = models.CharField(_("事業名"), max_length=120)
    purpose = models.TextField(_("目的と地域の課題"), blank=True)
    content = models.TextField(_("事業の内容"), blank=True)
    schedule = models.TextField(_("進め方と日程"), blank=True)
    structure = models.TextField(_("実施体制"), blank=True)
    effect = models.TextField(_("見込まれる効果と測り方"), blank=True)
    future = models.TextField(_("助成が終わったあとの続け方"), blank=True)
    goals = models.ManyToManyField(Goal, related_name="+", blank=True, verbose_name=_("SDGsゴール"))
    other_grants = models.PositiveBigIntegerField(_("ほかの助成金(円)"), default=0)
    income = models.PositiveBigIntegerField(_("事業の収入(円)"), default=0)
    own_money = models.PositiveBigIntegerField(_("自己資金(円)"), default=0)
    deductible_tax = models.PositiveBigIntegerField(_("控除できる消費税等(円)"), default=0)
    requested = models.PositiveBigIntegerField(_("申請額(円)"), default=0)
    state = models.CharField(_("状態"), max_length=18, choices=APPLICATION.choices, default="draft")
    returned_at = models.DateTimeField(_("補正をお願いした日時"), null=True, blank=True)
    remarks = models.TextField(_("補正をお願いしたこと"), blank=True)
    correct_by = models.DateField(_("補正の期限"), null=True, blank=True)
    version = models.PositiveIntegerField(
        default=0, editable=False, help_text="counted up at each save, so that two who write at once notice"
    )
    started_at = models.DateTimeField(_("書き始めた日時"))
    saved_at = models.DateTimeField(_("保存日時"))
    filed_at = models.DateTimeField(_("申請日時"), null=True, blank=True)
    filed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    hidden_words = models.TextField(
        _("ほかに伏せる言葉"), blank=True, help_text="taken out of the blind copy, one a line"
    )
    reason = models.TextField(_("理由"), blank=True, help_text=_("不採択・取消しなどの理由"))

    class Meta:
        verbose_name = _("助成申請")
        ordering = ["call", "ref", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["call", "ref"], condition=~Q(ref=""), name="application_ref_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn"])
                | (Q(filed_at__isnull=False, filed_by__isnull=False) & ~Q(ref="")),
                name="application_filed_by_someone",
            ),
            # One that failed sets its award free for another: whether it failed is not known before the release, so
            # the action asks by the state that may be known.
            models.UniqueConstraint(
                fields=["before"],
                condition=Q(before__isnull=False) & ~Q(state__in=NO_LONGER_RUNS),
                name="award_continued_once",
            ),
        ]
        indexes = [
            models.Index(fields=["call", "state", "ref"], name="application_list"),
            models.Index(fields=["organisation", "-started_at"], name="application_own_list"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def municipality_id(self) -> int:
        return self.call.municipality_id

    @property
    def organisation_ids(self) -> tuple[int, ...]:
        return (self.organisation_id,)

    @property
    def representative(self) -> str:
        """代表理事 潮見 遥; empty where nobody is named."""
        return " ".join(filter(None, [self.representative_title, self.representative_name]))

    @property
    def shown_state(self) -> str:
        """The state an applicant may know: nothing of a result before its release."""
        return curtain.shown(self.state, self.call)

    def journal_name(self) -> dict:
        return {**self.call.journal_name(), "ref": self.ref, "title": self.title}


class CostLine(Record):
    """One line of a budget, or of what was really spent."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="costs")
    phase = models.CharField(_("予算・実績"), max_length=6, choices=Phase, default=Phase.PLAN)
    category = models.ForeignKey(CostCategory, models.PROTECT, related_name="+", verbose_name=_("費目"))
    label = models.CharField(_("内訳"), max_length=120)
    yen = models.PositiveBigIntegerField(_("金額(円)"))
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("経費")
        ordering = ["phase", "position", "pk"]


class Paper(Record):
    """A file handed in with an application or, `for_report`, after the award. Served as a download after a check."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="papers")
    required = models.ForeignKey(
        RequiredPaper, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("書類")
    )
    cost = models.ForeignKey(
        CostLine, models.SET_NULL, null=True, blank=True, related_name="evidence", verbose_name=_("証拠書類")
    )
    for_report = models.BooleanField(_("実績報告の書類"), default=False)
    key = models.UUIDField(null=True, unique=True, editable=False, help_text="the form it came from")
    name = models.CharField(_("ファイル名"), max_length=200)
    file = models.FileField(_("ファイル"), upload_to="fund/%Y")
    size = models.PositiveBigIntegerField(_("大きさ"))
    media_type = models.CharField(max_length=100, default="application/octet-stream")
    scanned = models.CharField(
        _("ウイルス検査"), max_length=12, choices=Verdict.choices, default=Verdict.NOT_SCANNED
    )
    added_at = models.DateTimeField(_("追加日時"))
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    shown_blind = models.BooleanField(_("団体名を伏せた審査で見せる"), default=False)
    blind_at = models.DateTimeField(_("見せるかどうかを決めた日時"), null=True, blank=True)
    blind_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("提出書類")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class MaskedPaper(Record):
    """A copy of a paper in which the secretariat has blacked out who files it: a blind screening sees it instead."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="masked_papers")
    paper = models.OneToOneField(Paper, models.CASCADE, related_name="masked")
    name = models.CharField(_("ファイル名"), max_length=200)
    file = models.FileField(_("ファイル"), upload_to="fund/%Y")
    size = models.PositiveBigIntegerField(_("大きさ"))
    media_type = models.CharField(max_length=100, default="application/octet-stream")
    scanned = models.CharField(
        _("ウイルス検査"), max_length=12, choices=Verdict.choices, default=Verdict.NOT_SCANNED
    )
    added_at = models.DateTimeField(_("追加日時"))
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("黒塗りの写し")

    def __str__(self) -> str:
        return self.name
