"""How long cases stay at each stage: the stays themselves, and what was learned from them."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from musubi.cases.models.case import Case
from musubi.cases.states import PATH, StayEnd
from musubi.lib.records import Record
from musubi.people.models import Department, Municipality


class Stay(Record):
    """One stay of one case at one stage of the path, from the move into it to the move out of it.

    Municipality, track and department are those of the case on the day the stay began, kept here so that a year
    of the whole country is read from one table.
    """

    case = models.ForeignKey(Case, models.CASCADE, related_name="stays")
    municipality = models.ForeignKey(Municipality, models.CASCADE, related_name="+")
    department = models.ForeignKey(Department, models.CASCADE, related_name="+")
    track = models.CharField(
        max_length=10, blank=True, help_text="of the proposal; blank for a case without one"
    )
    stage = models.CharField(_("段階"), max_length=16, choices=[(stage, stage) for stage in PATH])
    since = models.DateTimeField(_("いつから"))
    until = models.DateTimeField(_("いつまで"), null=True, blank=True)
    end = models.CharField(_("終わり方"), max_length=8, choices=StayEnd, blank=True)

    class Meta:
        verbose_name = _("段階の滞在")
        ordering = ["since", "id"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(until=None), name="one_open_stay"),
            models.CheckConstraint(
                condition=Q(until__isnull=True, end="") | (Q(until__isnull=False) & ~Q(end="")),
                name="stay_end_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["municipality", "stage"], name="stay_stage")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.stage} {self.since:%Y-%m-%d}"


class Pace(Record):
    """How long a kind of case usually stays at one stage: the fitted curve's figures, in days.

    A row without a municipality, department or track stands for all of them. `median_days` and `slow_days` (the
    time by which 80 % had moved) are null where the curve never came down so far.
    """

    municipality = models.ForeignKey(Municipality, models.CASCADE, null=True, blank=True, related_name="+")
    department = models.ForeignKey(Department, models.CASCADE, null=True, blank=True, related_name="+")
    track = models.CharField(max_length=10, null=True, blank=True, help_text="null: of any track")
    stage = models.CharField(_("段階"), max_length=16)
    stays = models.PositiveIntegerField(_("件数"))
    moved = models.PositiveIntegerField(_("動いた件数"))
    median_days = models.FloatField(_("中央値(日)"), null=True, blank=True)
    slow_days = models.FloatField(_("8割が動いた日数"), null=True, blank=True)
    fitted_at = models.DateTimeField(_("計算日時"))

    class Meta:
        verbose_name = _("段階の目安")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                Coalesce("municipality", 0),
                Coalesce("department", 0),
                Coalesce("track", models.Value("-")),
                "stage",
                name="one_pace",
            )
        ]

    def __str__(self) -> str:
        return f"{self.municipality_id} {self.department_id} {self.track} {self.stage}"


class LastWord(models.TextChoices):
    """Whose message was the last one when a case became slow."""

    ORGANISATION = "organisation", _("団体が最後に発言した")
    MUNICIPALITY = "municipality", _("こちらが最後に発言した")
    NOBODY = "nobody", _("まだだれも発言していない")


class RemedyAct(models.TextChoices):
    """What people do about a case that lies: the acts that are looked for in the record."""

    MESSAGE = "message", _("メッセージを送る")
    MEETING = "meeting", _("打合せをする")
    BALL = "ball", _("ボールを渡し直す")
    DEPARTMENT = "department", _("ほかの部署を加える")
    SKIP = "skip", _("段階を飛ばして進める")
    CLOSE = "close", _("フィードバックを添えて見送る")


class Remedy(Record):
    """What was done about cases that lay too long at a stage, and how often they went on soon after.

    `stays` were slow alike (same stage, same side spoke last; `municipality` null: everywhere); the act was done in
    `done` of them, and `moved` of those went on within the week after it. For the two acts that are themselves the
    way on (skip, close) `done` is all of them and `moved` those that ended so.
    """

    municipality = models.ForeignKey(Municipality, models.CASCADE, null=True, blank=True, related_name="+")
    stage = models.CharField(_("段階"), max_length=16)
    last_word = models.CharField(_("最後の発言"), max_length=12, choices=LastWord)
    act = models.CharField(_("したこと"), max_length=10, choices=RemedyAct)
    stays = models.PositiveIntegerField(_("同じ状況の件数"))
    done = models.PositiveIntegerField(_("それをした件数"))
    moved = models.PositiveIntegerField(_("その後すぐ動いた件数"))
    fitted_at = models.DateTimeField(_("計算日時"))

    class Meta:
        verbose_name = _("効いた一手")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                Coalesce("municipality", 0), "stage", "last_word", "act", name="one_remedy"
            ),
            models.CheckConstraint(
                condition=Q(moved__lte=models.F("done")) & Q(done__lte=models.F("stays")),
                name="remedy_counts_agree",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.municipality_id} {self.stage} {self.last_word} {self.act}"
