"""Talks of a case, and what is promised there."""

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.cases import actions
from musubi.cases.meetings import actions as meetings
from musubi.cases.meetings import todos
from musubi.gatherings.models import Gathering
from musubi.gatherings.queries import listed
from musubi.www.forms.meetings import OfferWords
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.case_forms.base import CaseForm, LineForm, area, parties, party


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
    attendees = forms.CharField(label=_("出席者"), widget=area(2), required=False)
    minutes = forms.CharField(label=_("話したこと"), widget=area(4), required=False)
    decisions = forms.CharField(label=_("決まったこと・宿題"), widget=area(3), required=False)
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


class OfferForm(OfferWords, LineForm):
    code, title, submit, done = (
        "offer",
        _("打合せの候補を出す"),
        _("候補を送る"),
        _("候補を送りました。団体が都合を答えると、ボールが戻ります。"),
    )

    def carry_out(self, *, by):
        meetings.offer_times(self.case, by=by, **self.words)


class TodoForm(CaseForm):
    code, title, submit, done = "todo", _("宿題を加える"), _("加える"), _("宿題を加えました。")
    text = forms.CharField(
        label=_("すること"), max_length=120, help_text=_("団体を含む参加者全員が読みます。")
    )
    doer = forms.ChoiceField(label=_("だれが"))
    due_on = forms.DateField(label=_("いつまでに"), widget=DateInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["doer"].choices = [("", _("選んでください")), *parties(self.case)]

    def carry_out(self, *, by):
        words = dict(self.cleaned_data)
        todos.add_todo(self.case, by=by, doer=party(self.case, words.pop("doer")), **words)
