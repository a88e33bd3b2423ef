"""What is asked about a call: its words, its days, whether it begins and ends."""

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from musubi.fund import actions
from musubi.fund.actions.calls import DAYS, still_running
from musubi.fund.models import Call, Edition, Fund, Pot
from musubi.fund.states import CALL
from musubi.lib import clock, fiscal
from musubi.people.models import Municipality
from musubi.www.forms.fields import RowsField
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.fund.acts import Act, area


def _moment(**kwargs) -> forms.DateTimeField:
    """A day and an hour, to the second: the window opens and closes by it."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")
    return forms.DateTimeField(widget=widget, **kwargs)


class CallForm(forms.Form):
    """A call's words and days. Of one that is public, what applicants rely on is not asked again."""

    fund = forms.ModelChoiceField(Fund.objects.none(), label=_("ファンド"), empty_label=None)
    edition = forms.ModelChoiceField(
        Edition.objects.none(),
        label=_("制度"),
        empty_label=_("選んでください"),
        help_text=_("使用中の版だけが選べます。"),
    )
    pots = RowsField(
        Pot.objects.none(),
        label=_("財源"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("この募集の助成金を、どの使いみちのお金から出すか。"),
        error_messages={"required": _("財源を1つ以上選んでください。")},
    )
    title = forms.CharField(
        label=_("募集名"), max_length=120, help_text=_("例: 令和8年度 ウェルビーイング推進助成 第1回募集")
    )
    text = forms.CharField(
        label=_("募集のご案内"),
        required=False,
        max_length=8000,
        widget=area(8),
        help_text=_("だれに、何のために助成するか。公開ページの初めに載ります。"),
    )
    opens_at = _moment(label=_("受付開始"))
    closes_at = _moment(
        label=_("受付終了"), help_text=_("この時刻になった瞬間から受け付けません。例: 17:00:00")
    )

    def __init__(
        self, data=None, *, municipality: Municipality, call: Call | None = None, fund: Fund | None = None
    ):
        self.call = call
        super().__init__(data, initial=self._begin(call, fund))
        for name in DAYS:
            field = Call._meta.get_field(name)
            self.fields[name] = forms.DateField(label=field.verbose_name, required=False, widget=DateInput)
        self.fields["fund"].queryset = Fund.objects.filter(municipality=municipality)
        self.fields["fund"].label_from_instance = _with_year
        editions = Edition.objects.filter(programme__municipality=municipality, state="in_use")
        if call is not None:
            editions |= Edition.objects.filter(pk=call.edition_id)
        self.fields["edition"].queryset = editions.select_related("programme").order_by("programme__name")
        pots = Pot.objects.filter(fund__municipality=municipality).select_related("fund", "goal", "programme")
        if chosen := (call.fund if call else fund):
            pots = pots.filter(fund=chosen)
            self.fields["pots"].label_from_instance = _with_money
        else:
            self.fields["pots"].label_from_instance = lambda pot: (
                f"{_with_year(pot.fund)}: {_with_money(pot)}"
            )
        self.fields["pots"].queryset = pots.order_by("-fund__fiscal_year", "fund", "pk")
        if call is not None:
            del self.fields["fund"]
            for name in fixed(call):
                del self.fields[name]

    @staticmethod
    def _begin(call: Call | None, fund: Fund | None) -> dict:
        if call is None:
            return {"fund": fund}
        words = {
            name: getattr(call, name) for name in ("edition", "title", "text", "opens_at", "closes_at", *DAYS)
        }
        return {**words, "pots": list(call.pots.all())}

    def carry_out(self, *, by) -> Call:
        data = dict(self.cleaned_data)
        if "pots" in data:
            data["pots"] = list(data["pots"])
        if self.call is None:
            return actions.prepare_call(data.pop("fund"), by=by, **data)
        actions.save_call(self.call, by=by, **data)
        return self.call


def fixed(call: Call) -> list[str]:
    """What of a call is not changed any more: whoever read it relies on it."""
    if call.state == "draft":
        return []
    over = ["closes_at"] if call.closes_at <= clock.now() else []
    return ["edition", "pots", "opens_at", *over]


def _with_year(fund: Fund) -> str:
    """A fund is mostly called as it was the year before."""
    return f"{fund} {fiscal.label(fund.fiscal_year)}"


def _with_money(pot: Pot) -> str:
    return _now("%(pot)s(使える額 %(yen)s円)") % {"pot": pot, "yen": f"{pot.available:,}"}


class CallFilter(forms.Form):
    q = forms.CharField(
        label=_("募集をさがす"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("募集名・整理番号")}),
    )
    state = forms.ChoiceField(label=_("状態"), choices=[("", _("すべて")), *CALL.choices], required=False)
    fund = forms.ModelChoiceField(
        Fund.objects.none(), label=_("ファンド"), required=False, empty_label=_("すべて")
    )

    def __init__(self, *args, municipality: Municipality, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["fund"].queryset = Fund.objects.filter(municipality=municipality)
        self.fields["fund"].label_from_instance = _with_year


class PublishAct(Act):
    code, title, submit = "publish", _("募集を公開する"), _("公開する")
    done = _("募集を公開しました。受付開始の時刻から申請を受け付けます。")
    lead = _("公開すると、受付開始・制度の版・財源は変えられません。受付終了は延ばすことだけができます。")
    is_open = True

    def carry_out(self, *, by):
        actions.publish_call(self.row, by=by)


class CancelAct(Act):
    code, title, submit, danger = "cancel", _("募集を中止する"), _("中止する"), True
    done = _("募集を中止しました。申請した団体にお知らせします。")
    lead = _(
        "出された申請はすべて「取下げ」になり、理由が団体に伝わります。下書きは団体の手元に残りますが、提出できなくなります。中止した募集は元に戻せません。"
    )
    reason = forms.CharField(
        label=_("中止の理由"),
        max_length=1000,
        widget=area(3),
        help_text=_("申請した団体にそのまま伝わります。"),
    )

    def carry_out(self, *, by):
        actions.cancel_call(self.row, by=by, reason=self.cleaned_data["reason"])


class FinishAct(Act):
    code, title, submit = "finish", _("募集を終了する"), _("終了する")
    done = _("募集を終了しました。")
    lead = _("交付決定をしたすべての事業が終わっています。終了した募集は元に戻せません。")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if running := still_running(self.row):
            self.lead = _now(
                "まだ終わっていない事業が%(n)s件あります。すべて成果の報告(または精算、取消し、取下げ)まで済むと終了できます。"
            ) % {"n": running}

    def carry_out(self, *, by):
        actions.finish_call(self.row, by=by)


class AnswerAct(Act):
    code, title, submit = "answer", _("回答する"), _("回答を公開する")
    done = _("回答を公開しました。")
    answer = forms.CharField(
        label=_("回答"),
        max_length=4000,
        widget=area(4),
        help_text=_("質問と回答は、質問した人の名前を出さずに全員に公開されます。"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["answer"].initial = self.row.answer
        if self.row.answer:
            self.title, self.submit = _("回答を直す"), _("直した回答を公開する")

    def carry_out(self, *, by):
        actions.answer(self.row, by=by, words=self.cleaned_data["answer"])
