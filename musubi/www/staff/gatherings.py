"""Gatherings from the desk's side: entered, opened, held, reported."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.gatherings import actions, queries, rules
from musubi.gatherings.models import Gathering
from musubi.gatherings.states import GATHERING, Kind
from musubi.journal.queries import history
from musubi.lib.errors import Refused
from musubi.people.models import Department, Municipality
from musubi.people.permissions import Can, authority, may
from musubi.people.queries import desk_of
from musubi.www.access import fetch, staff_city
from musubi.www.staff.frame import act_page, attempt, crumbs, page_of, posted
from musubi.www.staff.verbs import history_items


class MomentInput(forms.DateTimeInput):
    """The browser's own picker of day and time, Japanese time."""

    input_type = "datetime-local"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class GatheringForm(forms.ModelForm):
    department = forms.ModelChoiceField(
        Department.objects.none(), label=gettext_lazy("主催部署"), empty_label=None
    )

    class Meta:
        model = Gathering
        fields = [
            "title",
            "kind",
            "department",
            "starts_at",
            "ends_at",
            "date_note",
            "place",
            "series",
            "description",
        ]
        widgets = {
            "starts_at": MomentInput,
            "ends_at": MomentInput,
            "description": forms.Textarea(attrs={"rows": 5}),
        }
        help_texts = {
            "series": gettext_lazy("専門部会のように続けて開くときに書きます。例: 専門部会(環境)"),
            "description": gettext_lazy("だれ向けか、何をするか、持ち物などを書きます。"),
        }

    def __init__(self, *args, municipality: Municipality, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(
            municipality=municipality, is_active=True
        )
        if not self.instance.pk:
            self.initial.setdefault("department", desk_of(municipality.pk).pk)

    def _post_clean(self):
        """The action checks and keeps the words."""


class ReportForm(forms.Form):
    report = forms.CharField(
        label=gettext_lazy("開催報告"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("公開ページに載ります。参加者数、話したこと、次の予定などを書きます。"),
    )


class CancelForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("中止の理由"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("公開ページに載り、会員に届きます。"),
    )


@require_safe
def gathering_list(request, city: str):
    municipality = staff_city(request, city)
    rows = queries.visible_to(request.user, municipality).select_related("department")
    is_past = request.GET.get("view") == "past"
    kind = request.GET.get("kind", "")
    kind = kind if kind in Kind.values else ""
    rows = queries.find(rows, kind=kind)
    ahead, over = queries.upcoming(rows), queries.past(rows)
    page = page_of(request, over if is_past else ahead)
    context = {
        "municipality": municipality,
        "page_title": _("イベント"),
        "crumbs": crumbs(municipality, _("イベント")),
        "tabs": [
            (_("これから"), "?", not is_past, ahead.count()),
            (_("終わったもの"), "?view=past", is_past, over.count()),
        ],
        "is_past": is_past,
        "page": page,
        "rows": [(row, GATHERING[row.state]) for row in page],
        "sorted_by": _("新しい順") if is_past else _("開催日の近い順"),
        "manages": authority(request.user).may_in(Can.MANAGE_GATHERINGS, municipality.pk),
    }
    return render(request, "staff/gatherings.html", context)


def _gathering(request, city: str, ref: str, can: Can | None = None):
    municipality = staff_city(request, city)
    rows = queries.visible_to(request.user, municipality).select_related("department", "municipality")
    return municipality, fetch(request, rows, can, ref=ref)


@require_safe
def gathering(request, city: str, ref: str):
    municipality, row = _gathering(request, city, ref)
    manages = may(request.user, Can.MANAGE_GATHERINGS, row)
    context = {
        "municipality": municipality,
        "page_title": row.title,
        "crumbs": crumbs(municipality, (_("イベント"), reverse("staff-gatherings", args=[city])), row.title),
        "gathering": row,
        "state": GATHERING[row.state],
        "manages": manages,
        "is_editable": rules.is_editable(row),
        "has_begun": rules.has_begun(row),
        "may_open": GATHERING.allows(row.state, "open"),
        "may_close": GATHERING.allows(row.state, "closed"),
        "may_hold": GATHERING.allows(row.state, "held"),
        "may_cancel": GATHERING.allows(row.state, "cancelled"),
        "history": history_items(history(row)) if manages else [],
    }
    return render(request, "staff/gathering.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_gathering(request, city: str):
    municipality = staff_city(request, city, Can.MANAGE_GATHERINGS)
    form = GatheringForm(posted(request), municipality=municipality)
    if form.is_valid():
        made = []
        words = dict(form.cleaned_data)
        department = words.pop("department")
        if attempt(form, lambda: made.append(actions.draft_gathering(department, by=request.user, **words))):
            messages.success(
                request, _("下書きを保存しました。公開するには「受付を始める」を押してください。")
            )
            return redirect("staff-gathering", city, made[0].ref)
    trail = [(_("イベント"), reverse("staff-gatherings", args=[city]))]
    return act_page(
        request,
        municipality,
        form,
        title=_("イベントを登録する"),
        trail=trail,
        submit_label=_("下書きを保存"),
        autosave=f"gathering-{city}",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit_gathering(request, city: str, ref: str):
    municipality, row = _gathering(request, city, ref, Can.MANAGE_GATHERINGS)
    form = GatheringForm(posted(request), instance=row, municipality=municipality)
    if form.is_valid() and attempt(
        form, lambda: actions.save_gathering(row, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("保存しました。"))
        return redirect("staff-gathering", city, ref)
    return _act(
        request,
        municipality,
        row,
        form,
        title=_("イベントを直す"),
        submit_label=_("保存する"),
        autosave=f"gathering-{city}-{ref}",
    )


def _press(action, done: str):
    """A view for a step that asks nothing: one button, one action."""

    @require_POST
    def view(request, city: str, ref: str):
        _city, row = _gathering(request, city, ref, Can.MANAGE_GATHERINGS)
        try:
            action(row, by=request.user)
        except Refused as error:
            messages.error(request, str(error))
        else:
            messages.success(request, str(done))
        return redirect("staff-gathering", city, ref)

    return view


open_gathering = _press(actions.open_gathering, gettext_lazy("受付を始めました。公開ページに載ります。"))
close_gathering = _press(actions.close_gathering, gettext_lazy("受付を締め切りました。"))
hold_gathering = _press(actions.hold, gettext_lazy("開催済みにしました。開催報告を書けます。"))


@require_http_methods(["GET", "HEAD", "POST"])
def report_gathering(request, city: str, ref: str):
    municipality, row = _gathering(request, city, ref, Can.MANAGE_GATHERINGS)
    form = ReportForm(posted(request))
    if form.is_valid() and attempt(form, lambda: actions.report(row, by=request.user, **form.cleaned_data)):
        messages.success(request, _("開催報告を載せました。"))
        return redirect("staff-gathering", city, ref)
    return _act(
        request,
        municipality,
        row,
        form,
        title=_("開催報告を書く"),
        submit_label=_("報告を載せる"),
        autosave=f"report-{city}-{ref}",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def cancel_gathering(request, city: str, ref: str):
    municipality, row = _gathering(request, city, ref, Can.MANAGE_GATHERINGS)
    form = CancelForm(posted(request))
    if form.is_valid() and attempt(form, lambda: actions.cancel(row, by=request.user, **form.cleaned_data)):
        messages.success(request, _("中止にしました。"))
        return redirect("staff-gathering", city, ref)
    return _act(
        request,
        municipality,
        row,
        form,
        title=_("イベントを中止する"),
        submit_label=_("中止にする"),
        danger=True,
    )


def _act(request, municipality, row: Gathering, form, **context):
    trail = [
        (_("イベント"), reverse("staff-gatherings", args=[municipality.slug])),
        (row.title, reverse("staff-gathering", args=[municipality.slug, row.ref])),
    ]
    return act_page(request, municipality, form, trail=trail, eyebrow=row.title, **context)


urlpatterns = [
    path("", gathering_list, name="staff-gatherings"),
    path("new/", new_gathering, name="staff-gathering-new"),
    path("<str:ref>/", gathering, name="staff-gathering"),
    path("<str:ref>/edit/", edit_gathering, name="staff-gathering-edit"),
    path("<str:ref>/open/", open_gathering, name="staff-gathering-open"),
    path("<str:ref>/close/", close_gathering, name="staff-gathering-close"),
    path("<str:ref>/hold/", hold_gathering, name="staff-gathering-hold"),
    path("<str:ref>/report/", report_gathering, name="staff-gathering-report"),
    path("<str:ref>/cancel/", cancel_gathering, name="staff-gathering-cancel"),
]
