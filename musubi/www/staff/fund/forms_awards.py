"""What is asked about an award: payments, changes, inspection, returns, revocation."""

from contextlib import suppress

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from musubi.fund import actions
from musubi.fund.actions.closing import (
    INSPECTION,
    LONGEST_REASON,
    MONEY,
    money_of,
    report_of,
    unproven,
)
from musubi.fund.models import Award, Call, CostLine, Report
from musubi.fund.states import APPLICATION, ConsumptionTax, Phase
from musubi.lib import clock
from musubi.people.models import Municipality
from musubi.www.forms.fields import YenField
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.fund.acts import Act, area

# What an application with an award may be.
STATES = [
    "awarded",
    "change_requested",
    "advanced",
    "reported",
    "fixed",
    "settled",
    "outcome_reported",
    "withdrawn",
    "revoked",
]
WAITING = {
    "advance": _("概算払の請求がある"),
    "rest": _("精算払が残っている"),
    "change": _("変更申請がある"),
    "inspect": _("検査を待っている"),
    "claim": _("返還を待っている"),
}


class AwardFilter(forms.Form):
    q = forms.CharField(
        label=_("交付決定をさがす"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("団体・事業名・整理番号")}),
    )
    waiting = forms.ChoiceField(
        label=_("待っているもの"), choices=[("", _("すべて")), *WAITING.items()], required=False
    )
    state = forms.ChoiceField(
        label=_("状態"),
        choices=[("", _("すべて")), *((state, APPLICATION[state].label) for state in STATES)],
        required=False,
    )
    call = forms.ModelChoiceField(
        Call.objects.none(), label=_("募集"), required=False, empty_label=_("すべて")
    )

    def __init__(self, *args, municipality: Municipality, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["call"].queryset = Call.objects.filter(
            fund__municipality=municipality, released_at__isnull=False
        )


class PayAct(Act):
    code, title, submit = "pay", _("支払を記録する"), _("支払った")
    done = _("支払を記録しました。元帳にも記帳しました。")
    where = "payments"
    on = forms.DateField(label=_("支払日"), widget=DateInput, initial=clock.today)

    def carry_out(self, *, by):
        actions.pay(self.row, by=by, on=self.cleaned_data["on"])


class CancelPaymentAct(Act):
    code, title, submit, danger = "cancel-payment", _("この請求を取り消す"), _("取り消す"), True
    done = _("請求を取り消しました。")
    where = "payments"
    reason = forms.CharField(label=_("取消しの理由"), max_length=1000, widget=area(2))

    def carry_out(self, *, by):
        actions.cancel_payment(self.row, by=by, reason=self.cleaned_data["reason"])


class ReversePaymentAct(Act):
    code, title, submit, danger = "reverse-payment", _("この支払の記録を取り消す"), _("記録を取り消す"), True
    done = _("支払の記録を取り消し、元帳に反対の記帳をしました。")
    where = "payments"
    lead = _(
        "日付や相手を間違えて記録したときに使います。請求は、まだ払っていないものに戻ります。"
        "元の記帳は残り、反対の記帳が加わります。"
    )
    reason = forms.CharField(
        label=_("取消しの理由"), max_length=200, widget=area(2), help_text=_("団体に通知します。")
    )

    def carry_out(self, *, by):
        actions.reverse_payment(self.row, by=by, reason=self.cleaned_data["reason"])


class DecideAct(Act):
    code, title, submit = "decide", _("変更申請を決める"), _("決定する")
    done = _("変更申請の結果を記録しました。")
    where = "changes"
    is_open = True
    approve = forms.ChoiceField(
        label=_("決定"), choices=[("yes", _("承認する")), ("no", _("承認しない"))], widget=forms.RadioSelect
    )
    words = forms.CharField(
        label=_("決定の理由"),
        required=False,
        max_length=2000,
        widget=area(3),
        help_text=_("承認しないときは必ず書きます。団体にも見えます。"),
    )

    def carry_out(self, *, by):
        approve = self.cleaned_data["approve"] == "yes"
        actions.decide_change(self.row, by=by, approve=approve, words=self.cleaned_data["words"])


class ReceiveReturnAct(Act):
    code, title, submit = "returned", _("返還を記録する"), _("返還された")
    done = _("返還を記録しました。お金はまた使えるようになりました。")
    where = "claims"
    lead = _("期限を過ぎた日には、制度の率で延滞金が付きます。")
    on = forms.DateField(label=_("返還日"), widget=DateInput, initial=clock.today)

    def carry_out(self, *, by):
        actions.receive_return(self.row, by=by, on=self.cleaned_data["on"])


class ReverseReturnAct(Act):
    code, title, submit, danger = "reverse-return", _("この返還の記録を取り消す"), _("記録を取り消す"), True
    done = _("返還の記録を取り消し、元帳に反対の記帳をしました。")
    where = "claims"
    lead = _(
        "日付や相手を間違えて記録したときに使います。返還は、まだ来ていないものに戻り、延滞金の記帳も取り消します。"
        "元の記帳は残り、反対の記帳が加わります。"
    )
    reason = forms.CharField(
        label=_("取消しの理由"), max_length=200, widget=area(2), help_text=_("団体に通知します。")
    )

    def carry_out(self, *, by):
        actions.reverse_return(self.row, by=by, reason=self.cleaned_data["reason"])


class RevokeAct(Act):
    code, title, submit, danger = "revoke", _("交付決定を取り消す"), _("取り消す"), True
    done = _("交付決定を取り消しました。")
    where = "claims"
    lead = _(
        "払ったお金は全額の返還を請求し、まだ払っていないお金は使える資金に戻ります。取消しは元に戻せません。"
    )
    reason = forms.CharField(
        label=_("取消しの理由"), max_length=2000, widget=area(3), help_text=_("団体に通知します。")
    )
    sure = forms.BooleanField(label=_("取り消すことを確かめました"))

    def carry_out(self, *, by):
        actions.revoke(self.row, by=by, reason=self.cleaned_data["reason"])


class FixAct(Act):
    """The inspection: what is accepted of each line that was spent and of what else came, the points that were looked
    at, and why lines without evidence are accepted."""

    code, title, submit = "fix", _("検査して額を確定する"), _("額を確定する")
    done = _("助成金の額を確定しました。")
    where = "told"

    def __init__(self, *args, row: Award, **kwargs):
        super().__init__(*args, row=row, **kwargs)
        self.lines = list(
            CostLine.objects.filter(application=row.application, phase=Phase.ACTUAL)
            .select_related("category")
            .prefetch_related("evidence")
            .order_by("position", "pk")
        )
        for line in self.lines:
            self.fields[f"yen_{line.pk}"] = YenField(
                label=_now("%(line)sの認める額(円)") % {"line": line.label}, initial=line.yen
            )
        self.stored = money_of(report_of(row))
        for name, yen in self.stored.items():
            if name != "deductible_tax" or row.application.edition.tax == ConsumptionTax.DEDUCT:
                self.fields[name] = YenField(
                    label=Report._meta.get_field(name).verbose_name, initial=yen, required=False
                )
        for code, words in INSPECTION.items():
            # Not required here: the action says which point is missing.
            self.fields[f"inspection_{code}"] = forms.BooleanField(label=words, required=False)
        self.unproven = {line.pk for line in unproven(row.application)}
        if self.unproven:
            self.fields["without_evidence"] = forms.CharField(
                label=_("証拠書類のない支出を認める理由"),
                required=False,
                max_length=LONGEST_REASON,
                widget=area(2),
                help_text=_("例: 現地で確認した。認めない支出は、認める額を0円にします。"),
            )

    @property
    def rows(self) -> list[tuple]:
        """(line, its field, whether it lacks evidence) for the table."""
        return [(line, self[f"yen_{line.pk}"], line.pk in self.unproven) for line in self.lines]

    @property
    def money(self) -> list:
        return [self[name] for name in MONEY if name in self.fields]

    @property
    def points(self) -> list:
        return [self[f"inspection_{code}"] for code in INSPECTION]

    @property
    def is_calm(self) -> bool:
        return not self.is_bound or not self.errors

    def accepted(self) -> dict[str, int]:
        """Yen by category code as typed; what cannot be read counts as it was reported."""
        found: dict[str, int] = {}
        for line in self.lines:
            field = self.fields[f"yen_{line.pk}"]
            try:
                yen = field.clean(self[f"yen_{line.pk}"].value())
            except forms.ValidationError:
                yen = line.yen
            found[line.category.code] = found.get(line.category.code, 0) + yen
        return found

    def accepted_money(self) -> dict[str, int]:
        """What came, as typed (nothing is 0); what cannot be read or was not sent counts as it was reported."""
        found = dict(self.stored)
        for field in self.money:
            if self.is_bound and field.html_name not in self.data:
                continue
            with suppress(forms.ValidationError):
                found[field.name] = field.field.clean(field.value()) or 0
        return found

    def carry_out(self, *, by):
        data = self.cleaned_data
        costs = [
            {
                "pk": line.pk,
                "category": line.category.code,
                "label": line.label,
                "yen": data[f"yen_{line.pk}"],
            }
            for line in self.lines
        ]
        changed = any(line.yen != data[f"yen_{line.pk}"] for line in self.lines)
        inspection = {code: data[f"inspection_{code}"] for code in INSPECTION}
        actions.fix_amount(
            self.row,
            by=by,
            inspection=inspection,
            costs=costs if changed else None,
            money=self.accepted_money(),
            without_evidence=data.get("without_evidence", ""),
        )
