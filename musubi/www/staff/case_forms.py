"""The forms of the case page. Each knows the one action it carries out; the page lists them all."""

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.cases import actions, rules, trials
from musubi.cases.models import Case, CaseFile
from musubi.cases.states import CASE, TrialDecision
from musubi.challenges import queries as challenges
from musubi.challenges.models import Challenge
from musubi.challenges.states import Channel
from musubi.gatherings.models import Gathering
from musubi.gatherings.queries import listed
from musubi.lib.errors import Refused
from musubi.outcomes import actions as outcomes
from musubi.outcomes.states import OutcomeKind
from musubi.people.models import Department, Organisation, User
from musubi.people.queries import members_of, people_of
from musubi.plan.models import Goal
from musubi.proposals.states import DeclineReason
from musubi.services.storage import ACCEPT
from musubi.www.files import keep
from musubi.www.forms.fields import RowsField
from musubi.www.forms.widgets import DateInput, SdgGoalPicker


def _area(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class CaseForm(forms.Form):
    """A form on one case: `code` is the last part of its address, `done` what the person reads afterwards."""

    code = ""
    title = ""
    submit = _("記録する")
    done = _("記録しました。")
    multipart = False

    def __init__(self, *args, case: Case, **kwargs):
        self.case = case
        super().__init__(*args, auto_id=f"{self.code}_%s", **kwargs)

    def carry_out(self, *, by: User) -> None:
        raise NotImplementedError


class LineForm(CaseForm):
    """A form that adds a line to the thread. Its key lets a form sent twice be kept once."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)


class SayForm(LineForm):
    code, title, submit, done = "say", _("メッセージを書く"), _("送信する"), _("メッセージを送りました。")
    body = forms.CharField(
        label=_("メッセージ"), widget=_area(4), help_text=_("団体を含む参加者全員が読みます。")
    )
    asks = forms.BooleanField(label=_("返事をお願いする(ボールを団体に渡す)"), required=False, initial=True)
    next_step = forms.CharField(label=_("お願いすること"), required=False, max_length=120)

    def carry_out(self, *, by):
        actions.say(self.case, by=by, **self.cleaned_data)


class NoteForm(LineForm):
    code, title, submit, done = "note", _("内部メモを書く"), _("メモを残す"), _("内部メモを残しました。")
    body = forms.CharField(
        label=_("内部メモ"), widget=_area(3), help_text=_("庁内だけが読みます。団体には見えません。")
    )

    def carry_out(self, *, by):
        actions.note(self.case, by=by, **self.cleaned_data)


class MeetingForm(LineForm):
    code, title, done = "meeting", _("打合せを記録する"), _("打合せを記録しました。")
    held_at = forms.DateTimeField(
        label=_("日時"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    minutes_long = forms.IntegerField(label=_("所要時間(分)"), initial=60, min_value=5, max_value=1440)
    place = forms.CharField(label=_("場所・方法"), max_length=120, required=False)
    gathering = forms.ModelChoiceField(
        Gathering.objects.none(),
        label=_("イベントでの面談"),
        required=False,
        empty_label=_("イベントではない"),
    )
    attendees = forms.CharField(label=_("出席者"), widget=_area(2), required=False)
    minutes = forms.CharField(label=_("話したこと"), widget=_area(4), required=False)
    decisions = forms.CharField(label=_("決まったこと・宿題"), widget=_area(3), required=False)
    to = forms.ChoiceField(label=_("次に動く人"), required=False)
    next_step = forms.CharField(label=_("次にすること"), max_length=120, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["gathering"].queryset = listed(self.case.municipality)
        self.fields["to"].choices = [("", _("今のまま")), *parties(self.case)]

    def carry_out(self, *, by):
        words = dict(self.cleaned_data)
        to = words.pop("to")
        actions.record_meeting(self.case, by=by, ball_to=party(self.case, to) if to else None, **words)


class FileForm(LineForm):
    code, title, submit, done = "file", _("資料を載せる"), _("載せる"), _("資料を載せました。")
    multipart = True
    upload = forms.FileField(label=_("ファイル"), widget=forms.ClearableFileInput(attrs={"accept": ACCEPT}))
    body = forms.CharField(label=_("説明"), max_length=200, required=False)
    internal = forms.BooleanField(label=_("庁内のみ(団体には見せない)"), required=False)

    def carry_out(self, *, by):
        words = dict(self.cleaned_data)
        try:
            kept = keep(CaseFile, words.pop("upload"))
        except Refused as refusal:
            raise Refused(str(refusal), field="upload") from refusal
        actions.add_file(self.case, by=by, **kept, **words)


class BallForm(CaseForm):
    code, title, submit, done = "ball", _("ボールを渡す"), _("渡す"), _("ボールを渡しました。")
    to = forms.ChoiceField(label=_("だれに"))
    next_step = forms.CharField(label=_("次にしてほしいこと"), max_length=120)
    due_on = forms.DateField(
        label=_("期限"),
        widget=DateInput,
        required=False,
        help_text=_("空欄なら、段階ごとの目安の日になります。"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = parties(self.case)

    def carry_out(self, *, by):
        data = self.cleaned_data
        actions.hand_ball(
            self.case, party(self.case, data["to"]), by=by, next_step=data["next_step"], due_on=data["due_on"]
        )


class AdvanceForm(CaseForm):
    code, title, submit, done = "advance", _("段階を進める"), _("進める"), _("段階を進めました。")
    to = forms.ChoiceField(label=_("どの段階へ"))
    reason = forms.CharField(
        label=_("理由"),
        widget=_area(2),
        required=False,
        help_text=_("段階を飛ばす、または戻すときは必ず書きます。"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [(stage, CASE[stage].label) for stage in rules.next_stages(self.case)]

    def carry_out(self, *, by):
        actions.advance(self.case, self.cleaned_data["to"], by=by, reason=self.cleaned_data["reason"])


class PauseForm(CaseForm):
    code, title, submit, done = "pause", _("保留にする"), _("保留にする"), _("案件を保留にしました。")
    until = forms.DateField(label=_("いつまで"), widget=DateInput)
    reason = forms.CharField(label=_("理由"), widget=_area(2), help_text=_("団体にも見えます。"))

    def carry_out(self, *, by):
        actions.pause(self.case, by=by, **self.cleaned_data)


class ResumeForm(CaseForm):
    code, title, submit, done = "resume", _("保留を解く"), _("再開する"), _("案件を再開しました。")

    def carry_out(self, *, by):
        actions.resume(self.case, by=by)


class CloseForm(CaseForm):
    code, title, submit, done = (
        "close",
        _("見送りにする"),
        _("見送りを伝える"),
        _("見送りを記録し、団体に伝えました。"),
    )
    reason = forms.ChoiceField(
        label=_("理由"),
        choices=[
            ("", _("選んでください")),
            *[c for c in DeclineReason.choices if c[0] != DeclineReason.WITHDRAWN],
        ],
    )
    feedback = forms.CharField(
        label=_("団体へのフィードバック"),
        widget=_area(4),
        help_text=_("何がよかったか、何があれば進められたかを書きます。そのまま団体に届きます。"),
    )

    def carry_out(self, *, by):
        actions.close(self.case, by=by, **self.cleaned_data)


class AdoptionForm(CaseForm):
    code, title, done = "adoption", _("導入の道筋を決める"), _("導入の道筋を記録しました。")
    budget = forms.CharField(
        label=_("どの予算で"), max_length=200, help_text=_("例: 令和9年度 環境保全費(新規要求)")
    )
    department = forms.ModelChoiceField(Department.objects.none(), label=_("どの部署が"))
    deadline = forms.DateField(label=_("いつまでに判断するか"), widget=DateInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(
            municipality=self.case.municipality_id, is_active=True
        )

    def carry_out(self, *, by):
        actions.set_adoption_route(self.case, by=by, **self.cleaned_data)


class OwnerForm(CaseForm):
    code, title, submit, done = "owner", _("担当者を変える"), _("変える"), _("担当者を変えました。")
    owner = forms.ModelChoiceField(User.objects.none(), label=_("新しい担当者"))
    reason = forms.CharField(label=_("理由"), max_length=200, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        ids = {user.pk for department in self.case.departments.all() for user in people_of(department)}
        self.fields["owner"].queryset = User.objects.filter(pk__in=ids)

    def carry_out(self, *, by):
        actions.change_owner(self.case, self.cleaned_data["owner"], by=by, reason=self.cleaned_data["reason"])


class DepartmentForm(CaseForm):
    code, title, submit, done = "department", _("部署を加える"), _("加える"), _("部署を加えました。")
    department = forms.ModelChoiceField(Department.objects.none(), label=_("部署"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(
            municipality=self.case.municipality_id, is_active=True
        ).exclude(pk__in=self.case.department_ids)

    def carry_out(self, *, by):
        actions.add_department(self.case, self.cleaned_data["department"], by=by)


class OrganisationForm(CaseForm):
    code, title, submit, done = "organisation", _("団体を加える"), _("加える"), _("団体を加えました。")
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        label=_("団体"),
        help_text=_("会員の中から選びます。これまでのやり取りも読めるようになります。"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        members = members_of(self.case.municipality).values("organisation")
        self.fields["organisation"].queryset = Organisation.objects.filter(pk__in=members).exclude(
            pk__in=self.case.organisation_ids
        )

    def carry_out(self, *, by):
        actions.add_organisation(self.case, self.cleaned_data["organisation"], by=by)


class TrialForm(CaseForm):
    code, title, done = "trial", _("実証実験を計画する"), _("実証実験を計画しました。")
    title_ = forms.CharField(label=_("実証実験名"), max_length=120)
    field = forms.CharField(label=_("場所・フィールド"), max_length=200)
    starts_on = forms.DateField(label=_("開始日"), widget=DateInput)
    ends_on = forms.DateField(label=_("終了日"), widget=DateInput)
    measure = forms.CharField(
        label=_("成功を測る指標"), max_length=80, help_text=_("例: 分別にかかる時間の削減率")
    )
    threshold = forms.DecimalField(label=_("しきい値"), help_text=_("この値に届けば成功とみなす数"))
    unit = forms.CharField(label=_("単位"), max_length=20, required=False)
    conditions = forms.CharField(label=_("安全・データの条件"), widget=_area(2), required=False)

    def carry_out(self, *, by):
        data = self.cleaned_data
        trials.plan_trial(
            self.case,
            by=by,
            title=data["title_"],
            field=data["field"],
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            measures=[{"name": data["measure"], "unit": data["unit"], "threshold": str(data["threshold"])}],
            conditions=data["conditions"],
        )


class TrialMoveForm(CaseForm):
    """The next step of the case's trial: approve, start, report, decide."""

    code, title, done = "trial-move", _("実証実験を進める"), _("実証実験の記録を更新しました。")
    trial = forms.ModelChoiceField(None, label=_("実証実験"))
    step = forms.ChoiceField(
        label=_("すること"),
        choices=[
            ("approve", _("計画を承認する")),
            ("start", _("実証を始める")),
            ("report", _("結果を報告する")),
        ]
        + [(f"decide-{value}", _("判定: %s") % label) for value, label in TrialDecision.choices]
        + [("cancel", _("取りやめる"))],
    )
    words = forms.CharField(label=_("結果・理由"), widget=_area(3), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["trial"].queryset = self.case.trials.all()

    def carry_out(self, *, by):
        trial, step, words = (self.cleaned_data[name] for name in ("trial", "step", "words"))
        if step == "approve":
            trials.approve_trial(trial, by=by)
        elif step == "start":
            trials.start_trial(trial, by=by)
        elif step == "report":
            trials.report_trial(trial, by=by, findings=words)
        elif step == "cancel":
            trials.cancel_trial(trial, by=by, reason=words)
        else:
            trials.decide_trial(trial, by=by, decision=step.removeprefix("decide-"), reason=words)


class OutcomeForm(CaseForm):
    code, title, done = "outcome", _("成果を記録する"), _("成果を記録しました。続けて連携事例を書けます。")
    kind = forms.ChoiceField(label=_("種類"), choices=OutcomeKind.choices)
    title_ = forms.CharField(label=_("成果"), max_length=120)
    summary = forms.CharField(label=_("どうなったか"), widget=_area(4))
    started_on = forms.DateField(label=_("事業開始日・実施日"), widget=DateInput)
    yen_saved = forms.IntegerField(label=_("節減できた額(円)"), min_value=0, max_value=10**15, required=False)
    hours_saved = forms.IntegerField(
        label=_("節減できた時間(時間)"), min_value=0, max_value=10**9, required=False
    )

    def carry_out(self, *, by):
        data = dict(self.cleaned_data)
        outcomes.record_outcome(self.case, by=by, title=data.pop("title_"), **data)


FORMS: dict[str, type[CaseForm]] = {
    form.code: form
    for form in (
        SayForm,
        NoteForm,
        MeetingForm,
        FileForm,
        BallForm,
        AdvanceForm,
        PauseForm,
        ResumeForm,
        CloseForm,
        AdoptionForm,
        OwnerForm,
        DepartmentForm,
        OrganisationForm,
        TrialForm,
        TrialMoveForm,
        OutcomeForm,
    )
}


class ContactForm(forms.Form):
    """A case without a proposal."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)
    title = forms.CharField(label=_("件名"), max_length=120)
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        label=_("相手の団体"),
        help_text=_("名簿にない団体は、先に「会員・団体」で登録します。"),
    )
    lead = forms.ModelChoiceField(Department.objects.none(), label=_("主担当課"))
    channel = forms.ChoiceField(label=_("経路"), choices=Channel.choices, initial=Channel.WALK_IN)
    challenge = forms.ModelChoiceField(
        Challenge.objects.none(), label=_("関係する課題"), required=False, empty_label=_("特になし")
    )
    summary = forms.CharField(label=_("概要"), widget=_area(4), required=False)

    def __init__(self, *args, municipality, departments, user, **kwargs):
        super().__init__(*args, **kwargs)
        known = municipality.members.values("organisation")
        self.fields["organisation"].queryset = Organisation.objects.filter(pk__in=known)
        self.fields["lead"].queryset = departments
        self.fields["challenge"].queryset = challenges.visible_to(user, municipality).filter(
            state__in=["published", "matched"]
        )


class StoryForm(forms.Form):
    title = forms.CharField(label=_("見出し"), max_length=120)
    lead = forms.CharField(label=_("リード文"), max_length=300, required=False, widget=_area(2))
    body = forms.CharField(
        label=_("本文"),
        widget=_area(14),
        help_text=_("公開されます。団体名や写真の了解を取ってから書きましょう。Markdownが使えます。"),
    )
    goals = RowsField(Goal.objects.all(), label=_("SDGsゴール"), required=False, widget=SdgGoalPicker)


def parties(case: Case) -> list[tuple[str, str]]:
    """Who may hold the ball of this case, as choices."""
    return [(f"d{d.pk}", d.name) for d in case.departments.all()] + [
        (f"o{o.pk}", o.name) for o in case.organisations.all()
    ]


def party(case: Case, value: str) -> Department | Organisation:
    """The party a choice of `parties` names."""
    rows = case.departments if value[:1] == "d" else case.organisations
    return rows.get(pk=value[1:])
