"""What is said in a case: talks, files, and the lines of its thread."""

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.cases.models.case import Case
from musubi.cases.states import MEETING, PostKind, Side, SlotAnswerKind
from musubi.gatherings.models import Gathering
from musubi.lib import clock
from musubi.lib.records import Record
from musubi.people.models import Department, Organisation, User
from musubi.services.virus_scan import Verdict


class Meeting(Record):
    """A talk, on the record: when, where, who, what was said and decided. While its time is open, `slots` are offered.

    `uid` and `sequence` name it in people's calendars (RFC 5545): every change sent out counts one further.
    """

    case = models.ForeignKey(Case, models.CASCADE, related_name="meetings")
    gathering = models.ForeignKey(
        Gathering,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="case_meetings",
        verbose_name=_("イベントでの面談"),
    )
    state = models.CharField(_("状態"), max_length=10, choices=MEETING.choices, default="held")
    title = models.CharField(_("議題"), max_length=120, blank=True)
    held_at = models.DateTimeField(_("日時"), null=True, blank=True)
    minutes_long = models.PositiveSmallIntegerField(_("所要時間(分)"), default=60)
    place = models.CharField(_("場所・方法"), max_length=120, blank=True)
    attendees = models.TextField(_("出席者"), blank=True)
    minutes = models.TextField(_("議事録"), blank=True)
    decisions = models.TextField(_("決まったこと・宿題"), blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    sequence = models.PositiveSmallIntegerField(default=0, editable=False)
    cancel_reason = models.CharField(_("中止の理由"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("打合せ")
        ordering = ["held_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="offered", held_at=None)
                | Q(state="cancelled")
                | Q(state__in=["fixed", "held"], held_at__isnull=False),
                name="meeting_fixed_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.held_at:%Y-%m-%d} {self.place}" if self.held_at else self.title

    @property
    def name(self) -> str:
        """What it is about; a talk noted without a subject has its case's."""
        return self.title or self.case.title

    @property
    def ends_at(self) -> datetime | None:
        return self.held_at + timedelta(minutes=self.minutes_long) if self.held_at else None

    @property
    def is_over(self) -> bool:
        """Whether its hour has come: from then on it wants minutes."""
        return self.held_at is not None and self.held_at <= clock.now()

    @property
    def invitation(self) -> dict:
        """What an invitation says of it, for the journal: by the time it is sent, the row may say something else."""
        return {
            "case": self.case_id,
            "at": self.held_at.isoformat() if self.held_at else "",
            "minutes_long": self.minutes_long,
            "place": self.place,
            "subject": self.name,
            "sequence": self.sequence,
        }

    def journal_name(self) -> dict:
        return {**self.case.journal_name(), "title": self.name}


class MeetingSlot(Record):
    """One of the times offered for a talk that is not fixed yet."""

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="slots")
    starts_at = models.DateTimeField(_("候補の日時"))

    class Meta:
        verbose_name = _("候補日時")
        ordering = ["starts_at", "id"]
        constraints = [models.UniqueConstraint(fields=["meeting", "starts_at"], name="slot_once")]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"


class SlotAnswer(Record):
    """Whether one person can come at one of the offered times."""

    slot = models.ForeignKey(MeetingSlot, models.CASCADE, related_name="answers")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    answer = models.CharField(_("都合"), max_length=6, choices=SlotAnswerKind)
    at = models.DateTimeField(_("回答日時"))

    class Meta:
        verbose_name = _("都合の回答")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["slot", "user"], name="slot_answered_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.answer}"


class Todo(Record):
    """Something one side promised to do, usually in a talk. The open one that is due first moves the ball."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="todos")
    meeting = models.ForeignKey(Meeting, models.SET_NULL, null=True, blank=True, related_name="todos")
    text = models.CharField(_("すること"), max_length=120)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("部署")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("団体")
    )
    due_on = models.DateField(_("期限"))
    done_at = models.DateTimeField(_("済んだ日時"), null=True, blank=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("宿題")
        ordering = ["due_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(department__isnull=False, organisation__isnull=True)
                | Q(department__isnull=True, organisation__isnull=False),
                name="todo_has_one_doer",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True, done_by__isnull=True)
                | Q(done_at__isnull=False, done_by__isnull=False),
                name="todo_done_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["case", "due_on"], name="todo_open", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return self.text

    @property
    def doer(self) -> Department | Organisation:
        return self.department if self.department_id else self.organisation

    def journal_name(self) -> dict:
        return {**self.case.journal_name(), "title": self.text}


class CaseFile(Record):
    """A file on the record. Stored outside every web root, served as a download after a check each time."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="files")
    file = models.FileField(upload_to="cases/%Y/")
    name = models.CharField(_("ファイル名"), max_length=200)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    scanned = models.CharField(
        _("ウイルス検査"), max_length=12, choices=Verdict.choices, default=Verdict.NOT_SCANNED
    )
    internal = models.BooleanField(_("庁内のみ"), default=False)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("資料")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Post(Record):
    """One line of the thread. `internal` lines are never shown to an organisation, whatever their kind."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="posts")
    kind = models.CharField(_("種類"), max_length=10, choices=PostKind)
    side = models.CharField(_("立場"), max_length=14, choices=Side)
    internal = models.BooleanField(_("庁内のみ"), default=False)
    at = models.DateTimeField(_("日時"))
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    body = models.TextField(_("本文"), blank=True)
    quoted = models.TextField(
        _("引用・署名"),
        blank=True,
        help_text="of a message that came by mail: what it answers, and the signature",
    )
    meeting = models.ForeignKey(Meeting, models.CASCADE, null=True, blank=True, related_name="posts")
    file = models.ForeignKey(CaseFile, models.CASCADE, null=True, blank=True, related_name="posts")
    data = models.JSONField(default=dict)
    key = models.UUIDField(
        null=True, unique=True, editable=False, help_text="the form it came from: sent twice, kept once"
    )

    class Meta:
        verbose_name = _("やり取り")
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(kind="note") | Q(internal=True), name="notes_are_internal"),
        ]
        indexes = [models.Index(fields=["case", "at", "id"], name="thread")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.kind}"
