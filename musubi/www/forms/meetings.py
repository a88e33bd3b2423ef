"""What both sides type about talks: times offered, whether one can come, why it is called off."""

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from musubi.cases.meetings.actions import MOST
from musubi.cases.models import MeetingSlot
from musubi.cases.states import SlotAnswerKind
from musubi.lib import clock
from musubi.www.templatetags.pieces import wareki

SHOWN_FIRST = 5
MARKS = {SlotAnswerKind.YES: "◯", SlotAnswerKind.MAYBE: "△", SlotAnswerKind.NO: "✕"}


def moment_input() -> forms.DateTimeInput:
    """The browser's own picker of a day and an hour, in Japanese time."""
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def moment_words(moment) -> str:
    """令和8年6月5日(金) 14:00"""
    here = moment.astimezone(clock.TOKYO)
    return f"{wareki(here)} {here:%H:%M}"


class OfferWords(forms.Form):
    """A talk to be arranged: what about, how long, where, and up to ten times."""

    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)
    title = forms.CharField(label=_("議題"), max_length=120, help_text=_("例: 9月の海岸清掃で試す方法の相談"))
    minutes_long = forms.IntegerField(label=_("所要時間(分)"), initial=60, min_value=5, max_value=1440)
    place = forms.CharField(
        label=_("場所・方法"),
        max_length=120,
        required=False,
        help_text=_("例: 市役所3階 会議室、オンライン(アドレスは後日)"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for number in range(1, MOST + 1):
            self.fields[f"time_{number}"] = forms.DateTimeField(
                label=_("候補%(n)d") % {"n": number}, required=False, widget=moment_input()
            )

    @property
    def words(self) -> dict:
        """What the action takes."""
        data = self.cleaned_data
        times = [data[name] for name in data if name.startswith("time_") and data[name]]
        return {name: data[name] for name in ("title", "minutes_long", "place", "key")} | {"times": times}

    @property
    def about(self) -> list:
        return [self[name] for name in ("title", "minutes_long", "place")]

    @property
    def first_times(self) -> list:
        return [self[f"time_{number}"] for number in range(1, SHOWN_FIRST + 1)]

    @property
    def more_times(self) -> list:
        return [self[f"time_{number}"] for number in range(SHOWN_FIRST + 1, MOST + 1)]

    @property
    def more_filled(self) -> bool:
        return any(field.value() for field in self.more_times)


class AnswerTimes(forms.Form):
    """Can come, can arrange it, cannot: one choice for each offered time."""

    def __init__(self, *args, slots: list[MeetingSlot], given: dict[int, str] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        for slot in slots:
            when = moment_words(slot.starts_at)
            self.fields[f"slot_{slot.pk}"] = forms.ChoiceField(
                label=_("%(when)sの都合") % {"when": when},
                choices=SlotAnswerKind.choices,
                initial=(given or {}).get(slot.pk),
                widget=forms.RadioSelect,
                error_messages={"required": _("%(when)sに行けるかどうかを選んでください。") % {"when": when}},
            )

    @property
    def answers(self) -> dict[int, str]:
        return {int(name.removeprefix("slot_")): value for name, value in self.cleaned_data.items()}


class CancelForm(forms.Form):
    cancel_reason = forms.CharField(
        label=_("中止の理由"),
        max_length=200,
        help_text=_("参加者全員に届きます。例: 台風の接近が見込まれるため"),
    )


class ChangeForm(forms.Form):
    title = forms.CharField(label=_("議題"), max_length=120, required=False)
    held_at = forms.DateTimeField(label=_("日時"), widget=moment_input())
    minutes_long = forms.IntegerField(label=_("所要時間(分)"), min_value=5, max_value=1440)
    place = forms.CharField(label=_("場所・方法"), max_length=120, required=False)
