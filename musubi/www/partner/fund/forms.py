"""What an organisation types into the pages of the fund."""

from uuid import uuid4

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from musubi.fund.actions.applying import LONGEST_TEXT, REPRESENTATIVE, SUMS, TEXTS
from musubi.fund.actions.closing import MONEY
from musubi.fund.models import Application, Change, Edition, Report
from musubi.fund.states import ConsumptionTax
from musubi.lib import clock
from musubi.people.models import Organisation
from musubi.plan.models import Goal
from musubi.services.storage import ACCEPT
from musubi.www.forms.fields import RowsField, YenField
from musubi.www.forms.widgets import DateInput, SdgGoalPicker
from musubi.www.partner.forms_proposals import ManyFilesField, ManyFilesInput

FILE_HELP = _("PDF・画像・Office文書など。1個20MBまで。保存すると添付されます。")


class BeginForm(forms.Form):
    """In whose name, and whether it goes on with an award of last year."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)
    organisation = forms.ModelChoiceField(
        label=_("申請する団体"), queryset=Organisation.objects.none(), empty_label=None
    )
    before = forms.ModelChoiceField(
        label=_("前の年から続ける事業"),
        queryset=Application.objects.none(),
        required=False,
        empty_label=_("新しい事業として申請する"),
        help_text=_("続ける事業を選ぶと、前の年の文章を引き継いで書きはじめます。"),
    )
    title = forms.CharField(
        label=_("事業名"), max_length=120, required=False, help_text=_("あとから変えられます。")
    )

    def __init__(self, *args, organisations, continuable, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = organisations
        if len(organisations) == 1:
            self.fields["organisation"].widget = forms.HiddenInput()
            self.fields["organisation"].initial = organisations[0].pk
        self.fields["before"].queryset = continuable
        if not continuable.exists():
            del self.fields["before"]


# What everybody reads once an award is made.
PUBLIC = _("交付が決まると公開されます。")
TEXT_HELP = {
    "purpose": format_lazy(
        "{} {}", _("どの地域の、だれの、どんな困りごとか。数字や現場の声があると伝わります。"), PUBLIC
    ),
    "content": _("何を、どこで、だれに、どのくらい行うか。"),
    "schedule": _("月ごとの予定。例: 7月 準備、8〜10月 実施、11月 まとめ"),
    "structure": _("だれが何を担うか。団体の紹介から写しています。事業に合わせて書き直してください。"),
    "effect": _("だれの困りごとが、どのくらい良くなるか。それを何で測るか。"),
    "future": _("助成が終わったあと、どうやって続けるか。"),
}
SUM_HELP = {
    "requested": _("下の計算で出た「助成できる額」まで申請できます。"),
    "own_money": _("団体が自分で出すお金。"),
    "other_grants": _("国・県・財団など、ほかから受ける助成金。なければ0。"),
    "income": _("参加費や売上など。なければ0。"),
    "deductible_tax": _("課税事業者が仕入税額控除を受けられる額。なければ0。"),
}


class ApplicationForm(forms.Form):
    """A draft: marks what filing will want, yet lets everything be missing for now."""

    use_required_attribute = False

    representative_title = forms.CharField(
        label=_("代表者の役職"),
        max_length=Application._meta.get_field("representative_title").max_length,
        required=False,
        help_text=_("代表取締役、理事長、会長など。"),
    )
    representative_name = forms.CharField(
        label=_("代表者の氏名"),
        max_length=Application._meta.get_field("representative_name").max_length,
        help_text=_("申請書と通知書のあて名に入ります。公開されません。"),
    )
    title = forms.CharField(
        label=_("事業名"),
        max_length=120,
        help_text=format_lazy("{} {}", _("何をする事業か、ひと目で分かる30字くらいの名前に。"), PUBLIC),
    )
    goals = RowsField(
        label=_("SDGsゴール"),
        queryset=Goal.objects.all(),
        required=False,
        widget=SdgGoalPicker,
        help_text=PUBLIC,
    )

    def __init__(self, *args, application: Application, **kwargs):
        super().__init__(*args, **kwargs)
        if application.organisation.kind == Organisation.Kind.SOLE:
            # Who does business alone is the organisation.
            for name in REPRESENTATIVE:
                del self.fields[name]
        goals = self.fields.pop("goals")
        for name in TEXTS[1:]:
            self.fields[name] = forms.CharField(
                label=Application._meta.get_field(name).verbose_name,
                max_length=LONGEST_TEXT,
                widget=forms.Textarea(attrs={"rows": 8 if name == "content" else 5}),
                help_text=TEXT_HELP[name],
            )
        self.fields["goals"] = goals
        for name in ["requested", "own_money", "other_grants", "income", "deductible_tax"]:
            if name != "deductible_tax" or application.edition.tax == ConsumptionTax.DEDUCT:
                self.fields[name] = YenField(
                    label=Application._meta.get_field(name).verbose_name,
                    required=name == "requested",
                    help_text=SUM_HELP[name],
                )

    def clean(self):
        """What is missing is no error in a draft; the page before filing lists it."""
        for name, errors in list(self._errors.items()):
            if all(error.code == "required" for error in errors.as_data()):
                del self._errors[name]
                self.cleaned_data[name] = 0 if name in SUMS else ""
        for name in SUMS:
            if self.cleaned_data.get(name, 0) is None:
                self.cleaned_data[name] = 0
        return self.cleaned_data

    @property
    def representative(self) -> list:
        return [self[name] for name in REPRESENTATIVE if name in self.fields]

    @property
    def texts(self) -> list:
        return [self[name] for name in [*TEXTS, "goals"]]

    @property
    def sums(self) -> list:
        return [self[name] for name in self.fields if name in SUMS]

    def words(self) -> dict:
        """What can be saved, as `save_application` takes it: all that is valid, even where something is not."""
        return dict(self.cleaned_data)


def initial_of(application: Application) -> dict:
    """What a draft says, as the form's initial values. Sums nobody has saved yet are empty, not 0."""
    sums = {name: getattr(application, name) or (0 if application.version else None) for name in SUMS}
    return {
        **{name: getattr(application, name) for name in [*REPRESENTATIVE, *TEXTS]},
        **sums,
        "goals": [goal.pk for goal in application.goals.all()],
    }


def files_field(label: str, *, required: bool = False, help_text=FILE_HELP) -> ManyFilesField:
    """Any number of files for one document."""
    found = ManyFilesField(
        label=label, required=False, widget=ManyFilesInput(attrs={"accept": ACCEPT}), help_text=help_text
    )
    found.is_wanted = required
    return found


class AdvanceForm(forms.Form):
    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)
    yen = YenField(label=_("請求する額(円)"), min_value=1)
    reason = forms.CharField(
        label=_("概算払が必要な理由"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("いつ、何の支払いに要るか。"),
    )


class ChangeForm(forms.Form):
    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)
    kind = forms.ChoiceField(label=_("変更の種類"), choices=Change.Kind.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("変更の理由"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))
    content = forms.CharField(
        label=_("変更の内容"),
        max_length=8000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("何を、どう変えるか。中止のときは、ここまでに行ったこと。"),
    )
    yen = YenField(
        label=_("変更後の額(円)"),
        required=False,
        help_text=_("金額を変えるときだけ。いまの交付決定額より多くはできません。"),
    )


class StatusForm(forms.Form):
    text = forms.CharField(
        label=_("遂行の状況"),
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("予定どおり進んでいるか、困っていること、これからの予定。"),
    )


class AssetForm(forms.Form):
    name = forms.CharField(label=_("品名"), max_length=120)
    yen = YenField(label=_("取得価格(円)"), min_value=1)
    bought_on = forms.DateField(label=_("取得日"), widget=DateInput)
    keep_until = forms.DateField(
        label=_("処分を制限する期間の終わり"),
        widget=DateInput,
        required=False,
        help_text=_("交付の条件にあるとき。"),
    )
    place = forms.CharField(label=_("保管場所"), max_length=120, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["bought_on"].initial = clock.today()


MONEY_HELP = {
    "other_grants": _("国・県・財団など、ほかから実際に受けた助成金。なければ0。"),
    "income": _("参加費や売上など、実際に入ったお金。なければ0。"),
    "deductible_tax": _("課税事業者が仕入税額控除を受けられる額。実際の経費で計算します。なければ0。"),
}


class ReportForm(forms.Form):
    """What was done, and what really came: a draft until it is sent."""

    use_required_attribute = False

    done = forms.CharField(
        label=_("実施したこと"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("いつ、どこで、何を行ったか。申請と変わったところとその理由。"),
    )
    effect = forms.CharField(
        label=_("効果"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("申請で決めた測り方で測った結果を、数字で。"),
    )

    def __init__(self, *args, edition: Edition, **kwargs):
        super().__init__(*args, **kwargs)
        for name in MONEY:
            if name != "deductible_tax" or edition.tax == ConsumptionTax.DEDUCT:
                self.fields[name] = YenField(
                    label=Report._meta.get_field(name).verbose_name,
                    required=False,
                    help_text=MONEY_HELP[name],
                )

    @property
    def texts(self) -> list:
        return [self["done"], self["effect"]]

    @property
    def money(self) -> list:
        return [self[name] for name in self.fields if name in MONEY]

    def clean(self):
        """What is missing is no error while it is written; sending it asks for it. A sum that is emptied is 0, one
        that was not sent along stays as it was."""
        for name in MONEY:
            if name in self.cleaned_data and self.cleaned_data[name] is None:
                if name in self.data:
                    self.cleaned_data[name] = 0
                else:
                    del self.cleaned_data[name]
        for name, errors in list(self._errors.items()):
            if all(error.code == "required" for error in errors.as_data()):
                del self._errors[name]
                self.cleaned_data[name] = ""
        return self.cleaned_data


class TaxForm(forms.Form):
    yen = YenField(
        label=_("消費税等の仕入控除額(円)"),
        help_text=_("確定申告で控除した消費税等のうち、助成金にあたる額。なければ0。"),
    )


class OutcomeForm(forms.Form):
    outcome = forms.CharField(
        label=_("成果"),
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("事業が終わったあと、地域がどう変わったか。公開のページに載ります。"),
    )
