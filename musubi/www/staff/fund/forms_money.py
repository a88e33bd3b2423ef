"""What is asked about a fund's money."""

from uuid import uuid4

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from musubi.fund import actions
from musubi.fund.models import Contribution, Fund, Pot, Programme
from musubi.fund.states import CONTRIBUTION, Account, Source
from musubi.lib import clock, fiscal
from musubi.people.models import Municipality, Organisation, User
from musubi.plan.models import Goal
from musubi.www.forms.fields import YenField
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.fund.acts import Act, area

FIRST_YEAR, LAST_YEAR = 1989, 2099


class FundForm(forms.Form):
    fiscal_year = forms.IntegerField(
        label=_("年度"),
        min_value=FIRST_YEAR,
        max_value=LAST_YEAR,
        help_text=_("西暦で。例: 令和8年度は 2026。受け取ったお金はこの年度のものとして記帳します。"),
    )
    name = forms.CharField(label=_("名称"), max_length=80, help_text=_("例: ウェルビーイング推進ファンド"))
    lead = forms.CharField(
        label=_("趣旨"),
        required=False,
        max_length=2000,
        widget=area(4),
        help_text=_("公開ページに載ります。"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["fiscal_year"].initial = fiscal.fiscal_year(clock.today())


class FundWordsForm(FundForm):
    """What can be put right of a fund that is open: its year is its ledger's."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["fiscal_year"]


class PotForm(forms.Form):
    """Exactly one of the three says what the money is for; the action says so where it is not one."""

    goal = forms.ModelChoiceField(
        Goal.objects.none(),
        label=_("SDGsゴール"),
        required=False,
        empty_label=_("(ゴールで指定するときに選びます)"),
    )
    programme = forms.ModelChoiceField(
        Programme.objects.none(),
        label=_("助成制度"),
        required=False,
        empty_label=_("(制度で指定するときに選びます)"),
    )
    theme = forms.CharField(
        label=_("テーマ"), max_length=60, required=False, help_text=_("例: 海の環境、子どもの居場所")
    )

    def __init__(self, *args, municipality: Municipality, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["goal"].queryset = Goal.objects.order_by("number")
        self.fields["programme"].queryset = Programme.objects.filter(municipality=municipality)


class ContributionForm(forms.Form):
    """A promise, or with the day it came, money that is there."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)
    source = forms.ChoiceField(label=_("拠出者"), choices=Source.choices, widget=forms.RadioSelect)
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        label=_("拠出した団体"),
        required=False,
        empty_label=_("(企業・団体のときに選びます)"),
        help_text=_("ここにない団体は、先に「会員・団体」で登録してください。"),
    )
    name = forms.CharField(
        label=_("拠出者の名前"),
        max_length=120,
        required=False,
        help_text=_(
            "空欄なら、団体の名前(公費は自治体の名前)になります。公費なら「一般会計」などと書けます。"
        ),
    )
    is_anonymous = forms.BooleanField(
        label=_("名前を公開しない"), required=False, help_text=_("公開ページでは「匿名」になります。")
    )
    pot = forms.ModelChoiceField(Pot.objects.none(), label=_("使いみち"), empty_label=None)
    yen = YenField(label=_("金額(円)"), min_value=1)
    pledged_on = forms.DateField(
        label=_("約束の日"), widget=DateInput, required=False, help_text=_("空欄なら今日になります。")
    )
    received_on = forms.DateField(
        label=_("受領日"),
        widget=DateInput,
        required=False,
        help_text=_("もう受け取っているときに入れます。受け取ってから使えるお金になります。"),
    )
    message = forms.CharField(
        label=_("寄せられた言葉"),
        required=False,
        max_length=2000,
        widget=area(3),
        help_text=_("公開ページに載ります。匿名のときは載りません。"),
    )

    def __init__(self, *args, fund: Fund, **kwargs):
        self.fund = fund
        super().__init__(*args, **kwargs)
        self.fields["pot"].queryset = fund.pots.select_related("goal", "programme")
        self.fields["pot"].initial = next((pot for pot in fund.pots.all() if pot.earmark == "general"), None)
        self.fields["organisation"].queryset = (
            Organisation.objects.filter(memberships__municipality=fund.municipality)
            .distinct()
            .order_by("name")
        )

    def carry_out(self, *, by: User) -> Contribution:
        """Promise and receipt are one deed here: both are kept, or neither. Sent twice, kept once."""
        data = self.cleaned_data
        name = data["name"]
        if not name.strip() and data["source"] == Source.PUBLIC:
            name = self.fund.municipality.name
        received = data["received_on"]
        promised = data["pledged_on"] or (min(received, clock.today()) if received else None)
        with transaction.atomic():
            row = actions.pledge(
                data["pot"],
                by=by,
                source=Source(data["source"]),
                yen=data["yen"],
                name=name,
                organisation=data["organisation"] if data["source"] == Source.ORGANISATION else None,
                is_anonymous=data["is_anonymous"],
                message=data["message"],
                on=promised,
                key=data["key"],
            )
            if received and row.state == "pledged":
                actions.receive(row, by=by, on=received)
        return row


class ContributionFilter(forms.Form):
    q = forms.CharField(
        label=_("拠出をさがす"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("拠出者の名前・整理番号")}),
    )
    fund = forms.ModelChoiceField(
        Fund.objects.none(), label=_("ファンド"), required=False, empty_label=_("すべて")
    )
    state = forms.ChoiceField(
        label=_("状態"), choices=[("", _("すべて")), *CONTRIBUTION.choices], required=False
    )
    source = forms.ChoiceField(
        label=_("拠出者"), choices=[("", _("すべて")), *Source.choices], required=False
    )

    def __init__(self, *args, municipality: Municipality, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["fund"].queryset = Fund.objects.filter(municipality=municipality)


class LedgerFilter(forms.Form):
    """What the ledger is narrowed by; an unknown choice narrows nothing. One statement, whatever is chosen."""

    year = forms.TypedChoiceField(label=_("記帳の年度"), coerce=int, required=False, empty_value=None)
    fund = forms.TypedChoiceField(label=_("ファンド"), coerce=int, required=False, empty_value=None)
    account = forms.ChoiceField(
        label=_("勘定科目"), choices=[("", _("すべての仕訳")), *Account.choices], required=False
    )
    pot = forms.TypedChoiceField(label=_("使いみち"), coerce=int, required=False, empty_value=None)

    def __init__(self, *args, municipality: Municipality, years: list[int], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [("", _("すべて")), *((year, fiscal.label(year)) for year in years)]
        rows = Pot.objects.filter(fund__municipality=municipality).select_related("fund", "goal", "programme")
        pots = list(rows.order_by("-fund__fiscal_year", "fund", "pk"))
        # Every fund has at least its general pot.
        funds = {pot.fund_id: f"{pot.fund}({fiscal.label(pot.fund.fiscal_year)})" for pot in pots}
        self.fields["fund"].choices = [("", _("すべて")), *funds.items()]
        named = ((pot.pk, f"{pot}({fiscal.label(pot.fund.fiscal_year)})") for pot in pots)
        self.fields["pot"].choices = [("", _("すべて")), *named]

    def wanted(self) -> dict:
        """The choices that are ones, None for the others."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) or None for name in self.fields}


class ReceiveAct(Act):
    code, title, submit = "receive", _("受領を記録する"), _("受け取った")
    done = _("受領を記録しました。使えるお金になりました。")
    on = forms.DateField(label=_("受領日"), widget=DateInput, initial=clock.today)

    def carry_out(self, *, by):
        actions.receive(self.row, by=by, on=self.cleaned_data["on"])


class CancelPledgeAct(Act):
    code, title, submit, danger = "cancel", _("約束を取りやめにする"), _("取りやめにする"), True
    done = _("取りやめを記録しました。")
    reason = forms.CharField(label=_("理由"), max_length=200, widget=area(2))

    def carry_out(self, *, by):
        actions.cancel_pledge(self.row, by=by, reason=self.cleaned_data["reason"])


class ReturnAct(Act):
    code, title, submit, danger = "return", _("受け取ったお金を返す"), _("返還を記録する"), True
    done = _("返還を記録しました。")
    lead = _("誤って受け取ったときや、拠出者が返還を求めたときに。まだ使っていないお金だけが返せます。")
    reason = forms.CharField(label=_("返す理由"), max_length=200, widget=area(2))

    def carry_out(self, *, by):
        actions.return_contribution(self.row, by=by, reason=self.cleaned_data["reason"])
