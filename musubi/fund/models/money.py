"""A fund's money: pots by earmark, contributions, and the ledger that says where every yen went."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from musubi.fund.models.programme import Programme
from musubi.fund.states import CONTRIBUTION, MONEY, PROMISES, Account, Earmark, Source
from musubi.lib.records import Record
from musubi.people.models import Municipality, Organisation, User
from musubi.plan.models import Goal


class Fund(Record):
    """One pot of money for a fiscal year: public money and contributions."""

    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="funds")
    fiscal_year = models.PositiveSmallIntegerField(_("年度"))
    name = models.CharField(_("名称"), max_length=80)
    lead = models.TextField(_("趣旨"), blank=True)
    opened_at = models.DateTimeField(_("登録日時"))

    class Meta:
        verbose_name = _("ファンド")
        ordering = ["-fiscal_year", "name"]
        constraints = [
            models.UniqueConstraint(fields=["municipality", "fiscal_year", "name"], name="fund_once")
        ]

    def __str__(self) -> str:
        return self.name

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "title": self.name}


class Pot(Record):
    """Money of a fund meant for one thing. `available`: received and not committed, in yen; never below nothing. It is what
    the pot's postings make of the account `free`: the database moves it with each of them, and lets nothing else."""

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="pots")
    earmark = models.CharField(_("使いみち"), max_length=10, choices=Earmark, default=Earmark.GENERAL)
    goal = models.ForeignKey(Goal, models.PROTECT, null=True, blank=True, related_name="+")
    programme = models.ForeignKey(Programme, models.PROTECT, null=True, blank=True, related_name="+")
    theme = models.CharField(_("テーマ"), max_length=60, blank=True)
    available = models.BigIntegerField(_("使える額(円)"), default=0)

    class Meta:
        verbose_name = _("使いみち")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(available__gte=0), name="pot_never_overdrawn"),
            models.CheckConstraint(
                condition=Q(earmark="general", goal=None, programme=None, theme="")
                | Q(earmark="goal", goal__isnull=False, programme=None, theme="")
                | Q(earmark="programme", goal=None, programme__isnull=False, theme="")
                | (Q(earmark="theme", goal=None, programme=None) & ~Q(theme="")),
                name="pot_says_what_for",
            ),
            models.UniqueConstraint(fields=["fund"], condition=Q(earmark="general"), name="one_general_pot"),
            models.UniqueConstraint(
                fields=["fund", "goal"], condition=Q(earmark="goal"), name="one_pot_a_goal"
            ),
            models.UniqueConstraint(
                fields=["fund", "programme"], condition=Q(earmark="programme"), name="one_pot_a_programme"
            ),
            models.UniqueConstraint(
                fields=["fund", "theme"], condition=Q(earmark="theme"), name="one_pot_a_theme"
            ),
        ]

    def __str__(self) -> str:
        if self.earmark == Earmark.GOAL:
            return str(self.goal)
        if self.earmark == Earmark.PROGRAMME:
            return str(self.programme)
        return self.theme or str(Earmark.GENERAL.label)


class Contribution(Record):
    """Money put in by the municipality, an organisation or a person: promised first, or received at once."""

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="contributions")
    pot = models.ForeignKey(Pot, models.PROTECT, related_name="contributions", verbose_name=_("使いみち"))
    key = models.UUIDField(null=True, unique=True, editable=False)
    ref = models.CharField(_("整理番号"), max_length=20)
    source = models.CharField(_("拠出者"), max_length=12, choices=Source)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="contributions"
    )
    name = models.CharField(_("拠出者の名前"), max_length=120)
    is_anonymous = models.BooleanField(_("名前を公開しない"), default=False)
    yen = models.PositiveBigIntegerField(_("金額(円)"))
    message = models.TextField(_("寄せられた言葉"), blank=True)
    state = models.CharField(_("状態"), max_length=10, choices=CONTRIBUTION.choices, default="pledged")
    pledged_on = models.DateField(_("約束の日"))
    received_on = models.DateField(_("受領日"), null=True, blank=True)
    cancelled_on = models.DateField(_("取りやめの日"), null=True, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)

    class Meta:
        verbose_name = _("拠出")
        ordering = ["-pledged_on", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["fund", "ref"], name="contribution_ref_once"),
            models.CheckConstraint(condition=Q(yen__gte=1), name="contribution_is_money"),
            models.CheckConstraint(
                condition=~Q(state__in=["received", "returned"]) | Q(received_on__isnull=False),
                name="contribution_received_on",
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | Q(cancelled_on__isnull=False),
                name="contribution_cancelled_on",
            ),
        ]

    @property
    def municipality_id(self) -> int:
        return self.fund.municipality_id

    @property
    def organisation_ids(self) -> tuple[int, ...]:
        return (self.organisation_id,) if self.organisation_id else ()

    def journal_name(self) -> dict:
        return {**self.fund.journal_name(), "ref": self.ref, "title": self.name}


class Posting(Record):
    """One line of the ledger: so many yen from the credit to the debit side, in one pot.

    The accounts are of two groups: `MONEY`, of which cash, advances and claims (what is there) are to equal free, committed
    and payable (what it is for), and `PROMISES`, of which pledges are to equal promised. A debit adds to an account that
    holds and takes from one that owes: either way it moves (holds − owes) of its group up by `yen`, and a credit moves it
    down by as much. So a line keeps both equations where its two sides lie in one group, whichever they are, and breaks
    both where they do not; `posting_keeps_balance` refuses the latter. By induction every sum of lines balances, in each
    pot.

    No line is ever changed or deleted, only reversed by another that mirrors it (pot, yen, award and contribution the same,
    the sides swapped), once: the database refuses all else.
    """

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="postings")
    pot = models.ForeignKey(Pot, models.PROTECT, related_name="postings")
    on = models.DateField(_("日付"))
    debit = models.CharField(_("借方"), max_length=10, choices=Account)
    credit = models.CharField(_("貸方"), max_length=10, choices=Account)
    yen = models.PositiveBigIntegerField(_("金額(円)"))
    verb = models.CharField(_("できごと"), max_length=40)
    contribution = models.ForeignKey(
        Contribution, models.PROTECT, null=True, blank=True, related_name="postings"
    )
    award = models.ForeignKey("fund.Award", models.PROTECT, null=True, blank=True, related_name="postings")
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversed_by")
    words = models.CharField(_("摘要"), max_length=200, blank=True)
    written_at = models.DateTimeField(_("記帳日時"))
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)

    class Meta:
        verbose_name = _("仕訳")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(yen__gte=1), name="posting_is_money"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="posting_has_two_sides"),
            models.CheckConstraint(
                condition=Q(debit__in=MONEY, credit__in=MONEY) | Q(debit__in=PROMISES, credit__in=PROMISES),
                name="posting_keeps_balance",
            ),
        ]
        indexes = [
            models.Index(fields=["fund", "on", "id"], name="posting_book"),
            models.Index(fields=["award", "id"], name="posting_award"),
        ]
