"""定型文: the list of texts by what they are for, and one text with how it will read."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.lib.errors import Refused
from musubi.people.models import Municipality
from musubi.people.rules import may_manage
from musubi.wordings import actions, queries
from musubi.wordings.models import Wording
from musubi.wordings.rules import check_body, fill, gist, is_changed, may_change
from musubi.wordings.states import PLACEHOLDERS, Kind
from musubi.www.access import city_or_404
from musubi.www.staff.frame import attempt, crumbs, posted, status_of

ACTS = {
    "up": (lambda row, by: actions.move_wording(row, by=by, up=True), gettext_lazy("順番を変えました。")),
    "down": (lambda row, by: actions.move_wording(row, by=by, up=False), gettext_lazy("順番を変えました。")),
    "retire": (
        actions.retire_wording,
        gettext_lazy("使わないことにしました。いつでも元に戻せます。"),
    ),
    "revive": (actions.revive_wording, gettext_lazy("また選べるようにしました。")),
    "restore": (actions.restore_wording, gettext_lazy("標準の文面に戻しました。")),
}


class WordingForm(forms.Form):
    title = forms.CharField(
        label=gettext_lazy("名前"), max_length=60, help_text=gettext_lazy("選ぶときに見える名前です。")
    )
    body = forms.CharField(
        label=gettext_lazy("文面"),
        max_length=actions.LONGEST,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=gettext_lazy("書く人が決めるところは【 】にしておくと、見落としません。"),
    )


class NewWordingForm(WordingForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("場面"), choices=[("", gettext_lazy("選んでください")), *Kind.choices]
    )
    field_order = ["kind", "title", "body"]


def _city(request, slug: str) -> Municipality:
    municipality = city_or_404(slug)
    if not may_change(request.user, municipality):
        raise PermissionDenied(_("定型文を変えられるのは、デスクと自治体管理者だけです。"))
    return municipality


def _wording(municipality: Municipality, code: str) -> Wording:
    row = queries.find(municipality, code)
    if row is None:
        raise Http404
    return row


def _trail(request, municipality: Municipality, *rest) -> list:
    settings = (_("設定"), reverse("staff-settings", args=[municipality.slug]))
    return crumbs(municipality, *([settings] if may_manage(request.user, municipality) else []), *rest)


@require_safe
def wordings(request, city: str):
    municipality = _city(request, city)
    rows = queries.of_municipality(municipality)
    groups = []
    for kind in Kind:
        mine = [row for row in rows if row.kind == kind]
        groups.append(
            {
                "label": kind.label,
                "rows": [
                    {
                        "row": row,
                        "gist": gist(row.body, (other.body for other in rows if other is not row)),
                        "changed": is_changed(row),
                        "own": not row.default,
                        "first": index == 0,
                        "last": index == len(mine) - 1,
                    }
                    for index, row in enumerate(mine)
                ],
            }
        )
    context = {
        "municipality": municipality,
        "page_title": _("定型文"),
        "crumbs": _trail(request, municipality, _("定型文")),
        "groups": groups,
        "told_at": [row.code for row in rows],
        "count": len(rows),
    }
    return render(request, "staff/wordings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_wording(request, city: str):
    municipality = _city(request, city)
    form = NewWordingForm(posted(request))
    if (
        "preview" not in request.POST
        and form.is_valid()
        and attempt(form, lambda: actions.add_wording(municipality, by=request.user, **form.cleaned_data))
    ):
        messages.success(request, _("定型文を加えました。"))
        return redirect("staff-wordings", city)
    return _editor(request, municipality, form, title=_("定型文を加える"), submit_label=_("加える"))


@require_http_methods(["GET", "HEAD", "POST"])
def edit_wording(request, city: str, code: str):
    municipality = _city(request, city)
    row = _wording(municipality, code)
    form = WordingForm(posted(request), initial={"title": row.title, "body": row.body})
    if (
        "preview" not in request.POST
        and form.is_valid()
        and attempt(form, lambda: actions.change_wording(row, by=request.user, **form.cleaned_data))
    ):
        messages.success(request, _("定型文を保存しました。次に選ぶときから、この文面になります。"))
        return redirect("staff-wordings", city)
    return _editor(request, municipality, form, title=row.title, submit_label=_("保存する"), wording=row)


def _editor(request, municipality, form, *, title: str, submit_label: str, wording: Wording | None = None):
    """The form beside the facts that may stand in a text, and the text as it will read of an invented case."""
    body = form["body"].value() or ""
    if "preview" in request.POST and form.is_valid():
        try:
            body = check_body(body)
        except Refused as refusal:
            form.add_error("body", str(refusal))
    context = {
        "municipality": municipality,
        "page_title": title,
        "crumbs": _trail(
            request, municipality, (_("定型文"), reverse("staff-wordings", args=[municipality.slug])), title
        ),
        "form": form,
        "submit_label": submit_label,
        "wording": wording,
        "is_changed": wording is not None and is_changed(wording),
        "placeholders": [(f"{{{name}}}", example) for name, example in PLACEHOLDERS.items()],
        "preview": "" if form.errors else fill(body, PLACEHOLDERS),
        "back": reverse("staff-wordings", args=[municipality.slug]),
    }
    return render(request, "staff/wording.html", context, status=status_of(form))


@require_POST
def wording_act(request, city: str, code: str, act: str):
    municipality = _city(request, city)
    if act not in ACTS:
        raise Http404
    row = _wording(municipality, code)
    do, done = ACTS[act]
    try:
        do(row, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal), extra_tags=code)
    else:
        messages.success(request, done, extra_tags=code)
    return redirect(reverse("staff-wordings", args=[city]) + f"#{code}")


urlpatterns = [
    path("", wordings, name="staff-wordings"),
    path("new/", new_wording, name="staff-wording-new"),
    path("<slug:code>/", edit_wording, name="staff-wording"),
    path("<slug:code>/<slug:act>/", wording_act, name="staff-wording-act"),
]
