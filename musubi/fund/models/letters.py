"""Official letters: how a municipality writes them, which were issued with what in them, and many made at once."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.fund.letters.kinds import LetterKind
from musubi.fund.models.application import Application
from musubi.fund.models.call import Call
from musubi.fund.models.money import Contribution
from musubi.lib.records import Record
from musubi.people.models import Municipality, User


class LetterStyle(Record):
    """A municipality's own way with one kind of letter, or (kind empty) with all of them. What is empty is ours."""

    class Seal(models.TextChoices):
        RULE = "", _("制度の版のとおり")
        SEAL = "seal", _("公印を押す")
        OMITTED = "omitted", _("公印省略")

    municipality = models.ForeignKey(Municipality, models.CASCADE, related_name="letter_styles")
    kind = models.CharField(_("種類"), max_length=20, choices=LetterKind, blank=True)
    form = models.CharField(_("様式の番号"), max_length=20, blank=True)
    title = models.CharField(_("題名"), max_length=80, blank=True)
    body = models.TextField(_("本文"), blank=True)
    conditions = models.TextField(_("いつも付ける条件"), blank=True)
    notes = models.TextField(_("備考"), blank=True)
    sender = models.CharField(_("差出人"), max_length=120, blank=True)
    contact = models.TextField(_("問い合わせ先"), blank=True)
    seal = models.CharField(_("公印"), max_length=8, choices=Seal, blank=True)
    blocks = models.JSONField(_("並び順"), default=list)
    margins = models.JSONField(_("余白(mm)"), default=dict)
    size = models.DecimalField(_("文字の大きさ(pt)"), max_digits=3, decimal_places=1, null=True, blank=True)
    file = models.FileField(_("Wordのひな形"), upload_to="fund/letters/%Y", blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(_("変更日時"))
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("通知書の書き方")
        constraints = [models.UniqueConstraint(fields=["municipality", "kind"], name="letter_style_once")]

    def __str__(self) -> str:
        return str(self.get_kind_display() if self.kind else _("すべての通知書"))

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "title": str(self)}


class LetterIssue(Record):
    """A letter that was issued: its number, and what it said in whose words, whatever changes in the records later.

    `about` is the id of what it is about: an application, an award, a change, a claim or a contribution.
    """

    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="letters")
    kind = models.CharField(_("種類"), max_length=20, choices=LetterKind)
    about = models.BigIntegerField()
    application = models.ForeignKey(
        Application, models.PROTECT, null=True, blank=True, related_name="letters"
    )
    contribution = models.ForeignKey(
        Contribution, models.PROTECT, null=True, blank=True, related_name="letters"
    )
    number = models.CharField(_("文書番号"), max_length=80)
    issued_at = models.DateTimeField(_("発行日時"))
    content = models.JSONField(help_text="what it says, see letters.contents")
    style = models.JSONField(help_text="in which words and layout, see letters.styles")

    class Meta:
        verbose_name = _("発行した通知書")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "about"], name="letter_issued_once"),
            models.CheckConstraint(
                condition=Q(application=None, contribution__isnull=False)
                | Q(application__isnull=False, contribution=None),
                name="letter_about_one",
            ),
        ]


class LetterBatch(Record):
    """Many letters of a call in one archive, made by the worker. `problems` are those that could not be set, in words."""

    class State(models.TextChoices):
        QUEUED = "queued", _("順番待ち")
        WORKING = "working", _("作成中")
        READY = "ready", _("できました")
        FAILED = "failed", _("作れませんでした")

    call = models.ForeignKey(Call, models.CASCADE, related_name="letter_batches")
    kind = models.CharField(_("種類"), max_length=20, choices=LetterKind)
    state = models.CharField(_("状態"), max_length=8, choices=State, default="queued")
    total = models.PositiveIntegerField(_("全部の数"), default=0)
    done = models.PositiveIntegerField(_("できた数"), default=0)
    problems = models.JSONField(_("作れなかったもの"), default=list)
    file = models.FileField(upload_to="fund/letters/%Y", blank=True)
    asked_at = models.DateTimeField(_("依頼した日時"))
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    claimed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("まとめて作る通知書")
        ordering = ["-pk"]
