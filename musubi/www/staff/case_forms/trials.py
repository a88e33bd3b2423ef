"""The forms of a trial: its plan, and one for each step it takes."""

from uuid import uuid4

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from musubi.cases import actions
from musubi.cases.models import Case, Trial
from musubi.cases.rules import has_adoption_route
from musubi.cases.states import CostSide, Direction, TrialDecision
from musubi.cases.trials import actions as trials
from musubi.cases.trials.measures import MOST
from musubi.people.models import Department
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.case_forms.base import area

ROUTE = ("budget", "department", "deadline")


class MeasureRow(forms.Form):
    """One measure of the plan; a row left blank is none."""

    name = forms.CharField(label=_("指標"), max_length=80, required=False)
    threshold = forms.DecimalField(
        label=_("しきい値"),
        max_digits=18,
        decimal_places=4,
        required=False,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    unit = forms.CharField(label=_("単位"), max_length=20, required=False)
    direction = forms.ChoiceField(label=_("向き"), choices=Direction.choices, required=False)
    baseline = forms.DecimalField(
        label=_("開始前の値"),
        max_digits=18,
        decimal_places=4,
        required=False,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )


class CostRow(forms.Form):
    """One cost of the plan; a row left blank is none."""

    item = forms.CharField(label=_("費目"), max_length=120, required=False)
    side = forms.ChoiceField(label=_("負担する側"), choices=CostSide.choices, required=False)
    yen = forms.IntegerField(label=_("金額(円)"), min_value=0, max_value=trials.LARGEST_COST, required=False)


MeasureRows = forms.formset_factory(MeasureRow, extra=2, max_num=MOST, absolute_max=MOST)
CostRows = forms.formset_factory(CostRow, extra=2, max_num=trials.MOST_COSTS, absolute_max=trials.MOST_COSTS)


class PlanForm(forms.Form):
    """A trial's plan; where the case has no adoption route yet, it asks for that too."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)
    title = forms.CharField(label=_("実証実験名"), max_length=120)
    field = forms.CharField(
        label=_("場所・フィールド"), max_length=200, help_text=_("例: 中央公園の南入口、職員20人の窓口業務")
    )
    starts_on = forms.DateField(label=_("開始日"), widget=DateInput)
    ends_on = forms.DateField(
        label=_("終了日"), widget=DateInput, help_text=_("一つの年度(4月から3月)の中に収めます。")
    )
    plan = forms.CharField(
        label=_("計画の内容"),
        required=False,
        widget=area(4),
        help_text=_("何を、どのように試すか。役割の分け方。"),
    )
    safety = forms.CharField(
        label=_("安全の条件"), required=False, widget=area(2), help_text=_("中止する基準、保険、連絡先。")
    )
    data_terms = forms.CharField(
        label=_("個人情報・データの条件"),
        required=False,
        widget=area(2),
        help_text=_("集めるもの、持ち主、消す時期、公表の範囲。"),
    )
    budget = forms.CharField(
        label=_("導入するときは、どの予算で"),
        max_length=200,
        required=False,
        help_text=_("例: 令和9年度 環境保全費(新規要求)"),
    )
    department = forms.ModelChoiceField(Department.objects.none(), label=_("どの部署が"), required=False)
    deadline = forms.DateField(label=_("いつまでに判断するか"), widget=DateInput, required=False)
    knows_late = forms.BooleanField(
        label=_("次の年度の当初予算に間に合わないことを承知のうえで計画します。"), required=False
    )

    def __init__(self, data=None, *, case: Case, trial: Trial | None = None, extends: Trial | None = None):
        self.case, self.trial = case, trial
        self.extends = trial.extends if trial else extends
        # A form that changes a plan says which version it changes.
        super().__init__(data, initial=_words_of(trial or extends, again=extends is not None))
        if extends:
            self.fields["ends_on"].help_text = _("もとの実証の続きなので、年度をまたげます。")
        if has_adoption_route(case):
            for name in ROUTE:
                del self.fields[name]
        else:
            self.fields["department"].queryset = Department.objects.filter(
                municipality=case.municipality_id, is_active=True
            )
        written = (trial or extends).measures if trial or extends else None
        costs = (
            [
                {"item": cost.item, "side": cost.side, "yen": cost.yen}
                for cost in (trial or extends).costs.all()
            ]
            if trial or extends
            else None
        )
        self.measures = MeasureRows(data, prefix="m", initial=written, error_class=self.error_class)
        self.costs = CostRows(data, prefix="c", initial=costs, error_class=self.error_class)
        if trial:
            self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=trial.version)

    @property
    def basics(self) -> list:
        return [self[name] for name in ("title", "field", "starts_on", "ends_on", "plan")]

    @property
    def terms(self) -> list:
        return [self[name] for name in ("safety", "data_terms")]

    @property
    def route(self) -> list:
        return [self[name] for name in ROUTE if name in self.fields]

    def clean(self):
        found = super().clean()
        given = [name for name in ROUTE if found.get(name)]
        if given and len(given) < len(ROUTE):
            for name in ROUTE:
                if name in self.fields and not found.get(name) and name not in self.errors:
                    self.add_error(
                        name, _("導入の道筋は、予算・部署・期限の三つをそろえて入力してください。")
                    )
        return found

    def is_valid(self) -> bool:
        # All three are asked, so that every mistake is shown at once.
        return all([super().is_valid(), self.measures.is_valid(), self.costs.is_valid()])

    def forgive(self) -> None:
        """Only looked ahead with: what is missing yet is no mistake. A day that is none stays one."""
        for form in (self, *self.measures.forms, *self.costs.forms):
            for name in [name for name in form.errors if name not in form.data or not form.data[name]]:
                del form.errors[name]

    def carry_out(self, *, by) -> Trial:
        """Plan the trial, or change the plan; the adoption route goes along where it was given."""
        data = dict(self.cleaned_data)
        key, version = data.pop("key"), data.pop("version", None)
        route = {name: data.pop(name, None) for name in ROUTE}
        rows = {
            "measures": [row for row in self.measures.cleaned_data if row],
            "costs": [row for row in self.costs.cleaned_data if row],
        }
        with transaction.atomic():
            if route["budget"]:
                actions.set_adoption_route(self.case, by=by, **route)
            if self.trial is None:
                return trials.plan_trial(self.case, by=by, extends=self.extends, key=key, **data, **rows)
            if version is not None:
                self.trial.version = version
            trials.change_plan(self.trial, by=by, **data, **rows)
            return self.trial


def more_rows(data, prefix: str):
    """What was sent, with room for two more rows."""
    data = data.copy()
    name = f"{prefix}-TOTAL_FORMS"
    data[name] = str(int(data[name]) + 2) if data.get(name, "").isdecimal() and len(data[name]) < 4 else "2"
    return data


class DecideForm(forms.Form):
    decision = forms.ChoiceField(
        label=_("判定"),
        choices=[
            (TrialDecision.ADOPT, _("本格導入 — 導入の道筋に沿って予算を要求する")),
            (TrialDecision.EXTEND, _("継続 — 続きの実証を計画する")),
            (TrialDecision.STOP, _("終了 — 今回で終える")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("判定の理由"), max_length=4000, widget=area(4), help_text=_("団体にも見えます。")
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="decide_%s", **kwargs)


class CancelForm(forms.Form):
    reason = forms.CharField(
        label=_("取りやめる理由"), max_length=4000, widget=area(3), help_text=_("団体にも見えます。")
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="cancel_%s", **kwargs)


class ApproveForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


class StartForm(forms.Form):
    """Nothing to type."""


def _words_of(trial: Trial | None, *, again: bool) -> dict:
    """The words of a plan to begin with; the dates of one that is to be followed are left open."""
    if trial is None:
        return {}
    names = ["title", "field", "plan", "safety", "data_terms"]
    if not again:
        names += ["starts_on", "ends_on"]
    words = {name: getattr(trial, name) for name in names}
    return words | {"knows_late": not again and trial.knows_late_at is not None}
