"""Suggestions, what people said of them, what the ranking learned, and what members want to be told of."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.challenges.models import Challenge
from musubi.lib.records import Record
from musubi.matching.states import RANKING, SUGGESTION, Misfit, Side
from musubi.people.models import Municipality, Organisation, User
from musubi.solutions.models import Solution


class Suggestion(Record):
    """A ranked need–seed pair with its reasons: a challenge, and an organisation or one of its solutions.

    `need_rank` is its place among what was suggested for the challenge, `seed_rank` among the challenges suggested
    for the solution or organisation (1 is the first); None where it is not among those kept now. `best_rank` is the
    highest place it ever had among those for the challenge. `score`, `reasons` and `features` are those of the
    challenge's question where it was among its answers, else of the other side's; of a pair of words in `reasons`
    the challenge's comes first in both cases.
    """

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="suggestions")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="suggestions")
    solution = models.ForeignKey(Solution, models.CASCADE, null=True, blank=True, related_name="suggestions")
    score = models.FloatField(_("順位づけの値"))
    likeness = models.FloatField(_("文章の近さ"))
    need_rank = models.PositiveSmallIntegerField(_("課題から見た順位"), null=True, blank=True)
    seed_rank = models.PositiveSmallIntegerField(_("団体から見た順位"), null=True, blank=True)
    best_rank = models.PositiveSmallIntegerField(_("いちばん高かった順位"), null=True, blank=True)
    reasons = models.JSONField(_("理由"), default=list)
    against = models.JSONField(_("合わないかもしれない点"), default=list)
    features = models.JSONField(default=dict, editable=False, help_text="what the ranking learns from")
    state = models.CharField(_("状態"), max_length=10, choices=SUGGESTION.choices, default="suggested")
    suggested_at = models.DateTimeField(_("最初に候補にした日時"))
    refreshed_at = models.DateTimeField(_("最後に確かめた日時"))
    introduced_at = models.DateTimeField(_("紹介した日時"), null=True, blank=True)
    acted_at = models.DateTimeField(
        _("紹介・案件になった日時"), null=True, blank=True, help_text="the first time it was acted on"
    )

    class Meta:
        verbose_name = _("マッチング候補")
        ordering = ["need_rank", "-score", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["challenge", "solution"], condition=Q(solution__isnull=False), name="suggestion_once"
            ),
            models.UniqueConstraint(
                fields=["challenge", "organisation"],
                condition=Q(solution__isnull=True),
                name="suggestion_of_organisation_once",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["introduced", "in_case", "realised"]) | Q(acted_at__isnull=False),
                name="suggestion_acted_has_date",
            ),
        ]
        indexes = [
            models.Index(fields=["challenge", "need_rank"], name="suggestion_for_challenge"),
            models.Index(fields=["organisation", "-score"], name="suggestion_for_organisation"),
            models.Index(fields=["best_rank", "organisation"], name="suggestion_shown"),
        ]

    def __str__(self) -> str:
        return f"{self.challenge} – {self.solution or self.organisation}"

    @property
    def municipality_id(self) -> int:
        return self.challenge.municipality_id

    @property
    def department_ids(self) -> tuple[int, ...]:
        return self.challenge.department_ids

    @property
    def organisation_ids(self) -> tuple[int, ...]:
        return (self.organisation_id,)

    def journal_name(self) -> dict:
        return {
            "municipality": self.challenge.municipality.code,
            "ref": self.challenge.ref,
            "title": f"{self.challenge.title} – {self.solution.title if self.solution else self.organisation.name}"[
                :200
            ],
        }


class Verdict(Record):
    """What one side says of a suggestion, and why. The latest word counts; the journal keeps the earlier ones."""

    suggestion = models.ForeignKey(Suggestion, models.CASCADE, related_name="verdicts")
    side = models.CharField(_("誰の判断か"), max_length=12, choices=Side)
    fits = models.BooleanField(_("合う"))
    reason = models.CharField(_("合わない理由"), max_length=10, choices=Misfit, blank=True)
    words = models.TextField(_("ひとこと"), blank=True)
    at = models.DateTimeField(_("日時"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("判断した人"))

    class Meta:
        verbose_name = _("候補の判断")
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["suggestion", "side"], name="verdict_once_a_side"),
            models.CheckConstraint(
                condition=(Q(fits=True) & Q(reason="")) | (Q(fits=False) & ~Q(reason="")),
                name="verdict_misfit_has_reason",
            ),
        ]


class Experience(Record):
    """What an organisation did with a municipality, as the later step (a case, an outcome, a story) told it.

    `outcomes` counts what came of it; only what a published story tells (`is_public`) is said to others.
    """

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="experiences")
    municipality = models.ForeignKey(Municipality, models.CASCADE, related_name="experiences")
    challenge = models.ForeignKey(
        Challenge, models.SET_NULL, null=True, blank=True, related_name="experiences"
    )
    case_id = models.BigIntegerField(help_text="the case's number; cases know this app, not the other way")
    title = models.CharField(_("案件名"), max_length=120)
    text = models.TextField(_("内容"), blank=True)
    outcomes = models.PositiveSmallIntegerField(_("成果の数"), default=0)
    is_public = models.BooleanField(_("事例として公開"), default=False)
    at = models.DateTimeField(_("最後の動き"))

    class Meta:
        verbose_name = _("連携の経験")
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["organisation", "case_id"], name="experience_once")]


class Ranking(Record):
    """Weights of the ranking learned from a municipality's decisions; used once a person has adopted them.

    `before` and `after` hold how well the weights in use and these order decisions they have not seen:
    {"mrr", "accuracy", "low", "high", "decisions"}.
    """

    municipality = models.ForeignKey(Municipality, models.CASCADE, related_name="rankings")
    weights = models.JSONField(_("重み"))
    decisions = models.PositiveIntegerField(_("学んだ判断の数"))
    before = models.JSONField(_("いまの順位づけの成績"))
    after = models.JSONField(_("新しい順位づけの成績"))
    state = models.CharField(_("状態"), max_length=10, choices=RANKING.choices, default="proposed")
    fitted_at = models.DateTimeField(_("学んだ日時"))
    decided_at = models.DateTimeField(_("決めた日時"), null=True, blank=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("決めた人")
    )

    class Meta:
        verbose_name = _("順位づけ")
        ordering = ["-fitted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["municipality"], condition=Q(state="adopted"), name="one_adopted_ranking"
            ),
            models.CheckConstraint(
                condition=Q(state="proposed") | Q(decided_at__isnull=False, decided_by__isnull=False),
                name="ranking_decided_by_someone",
            ),
        ]

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "title": "順位づけの重み"}


class SavedSearch(Record):
    """What an organisation wants to be told of every week. Empty `municipalities` means wherever it may read."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="saved_searches")
    user = models.ForeignKey(
        User, models.CASCADE, related_name="saved_searches", verbose_name=_("受け取る人")
    )
    name = models.CharField(_("名前"), max_length=60)
    text = models.TextField(_("探していること"), blank=True)
    goals = models.ManyToManyField("plan.Goal", related_name="+", blank=True, verbose_name=_("SDGsゴール"))
    fields = models.ManyToManyField("plan.Field", related_name="+", blank=True, verbose_name=_("分野"))
    municipalities = models.ManyToManyField(
        Municipality, related_name="+", blank=True, verbose_name=_("自治体")
    )
    most = models.PositiveSmallIntegerField(_("1回に知らせる件数の上限"), default=5)
    is_active = models.BooleanField(_("知らせる"), default=True)
    created_at = models.DateTimeField(_("保存した日時"))

    class Meta:
        verbose_name = _("保存した検索")
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(most__gte=1, most__lte=20), name="saved_search_has_a_cap")
        ]

    @property
    def organisation_ids(self) -> tuple[int, ...]:
        return (self.organisation_id,)

    def journal_name(self) -> dict:
        return {"title": self.name}


class Mentioned(Record):
    """A challenge a person was told of in a weekly digest: it is not told again."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "challenge"], name="mentioned_once")]


class Refreshed(Record):
    """When the suggestions of a challenge, a solution or an organisation (`kind`) were last found; None asks for it
    anew. `claimed_at` is set while a worker is at it. The batch over all challenges has a row of its own (see `batch`):
    when it began; so has the nightly look for what came to an end (see `keeping.end`)."""

    kind = models.CharField(max_length=12)
    object_id = models.BigIntegerField()
    at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="refreshed_once")]
        indexes = [models.Index(fields=["kind", "at"], name="refreshed_due")]


class Followed(Record):
    """How far a piece of periodic work has read the journal (`journal.following.Position`)."""

    name = models.CharField(max_length=30, unique=True)
    position = models.JSONField()


class WeeklyDigest(Record):
    """The weekly digest one person was looked at for, so that nobody gets two. `week` is its Monday; `claim` names the
    pass that wrote the row: of two at once only one finds its own there, and writes the mail."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    week = models.DateField()
    at = models.DateTimeField()
    claim = models.UUIDField(editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "week"], name="one_weekly_digest")]
