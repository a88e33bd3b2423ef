"""The journal in words: who did what, when, to what."""

from datetime import timedelta

from django import forms
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from musubi.fund.models import Application
from musubi.fund.queries import kept_apart
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.people.permissions import Can, authority
from musubi.www.access import staff_city
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.frame import crumbs, page_of
from musubi.www.staff.verbs import KINDS, details, sentence

PER_PAGE = 50
OF_THE_FUND = ["application", "award", "contribution"]
# What stands nowhere else is shown whole.
WHOLE = {"meeting.corrected"}
# Where the page of a thing is, by the kind of the entry; a trial's entries carry their case's number.
PAGES = {
    "challenge": "challenges",
    "proposal": "proposals",
    "case": "cases",
    "trial": "cases",
    "outcome": "cases",
    "agreement": "agreements",
    "story": "stories",
    "gathering": "gatherings",
}


class JournalFilter(forms.Form):
    q = forms.CharField(
        label=gettext_lazy("名前・整理番号・行った人でさがす"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("対象"), required=False, choices=[("", gettext_lazy("すべて")), *KINDS.items()]
    )
    since = forms.DateField(label=gettext_lazy("この日から"), required=False, widget=DateInput)
    until = forms.DateField(label=gettext_lazy("この日まで"), required=False, widget=DateInput)

    def __init__(self, data):
        super().__init__(data, auto_id="filter_%s")


@require_safe
def journal(request, city: str):
    municipality = staff_city(request, city, Can.SEE_JOURNAL)
    form = JournalFilter(request.GET)
    form.is_valid()
    wanted = form.cleaned_data
    rows = Entry.objects.filter(municipality=municipality.code).order_by("-id")
    # A draft is nobody's business but its organisation's.
    rows = rows.exclude(
        verb__in=["proposal.drafted", "proposal.attached", "proposal.detached", "proposal.discarded"]
    ).exclude(kind="application", ref="")
    # What the fund's pages keep for the secretariat stands here for nobody else.
    if not authority(request.user).may_in(Can.SEE_FUND, municipality.pk):
        rows = rows.exclude(kind__in=OF_THE_FUND).exclude(verb__startswith="committee.")
    # Who acts for an applicant does not learn here what was found.
    if authority(request.user).organisation_ids:
        hidden = Application.objects.filter(call__in=kept_apart(request.user)).values("pk")
        rows = rows.exclude(kind="application", object_id__in=hidden)
    if text := wanted.get("q", "").strip():
        rows = (
            rows.filter(title__contains=text)
            | rows.filter(ref__contains=text)
            | rows.filter(actor__contains=text)
        )
    if wanted.get("kind"):
        rows = rows.filter(kind=wanted["kind"])
    if wanted.get("since"):
        rows = rows.filter(at__gte=clock.at(wanted["since"], 0))
    if wanted.get("until"):
        rows = rows.filter(at__lt=clock.at(wanted["until"] + timedelta(days=1), 0))
    page = page_of(request, rows, PER_PAGE)
    context = {
        "municipality": municipality,
        "page_title": _("できごとの記録"),
        "crumbs": crumbs(municipality, _("できごとの記録")),
        "filter": form,
        "is_open": any(wanted.get(name) for name in ("kind", "since", "until")),
        "page": page,
        "rows": [_row(entry, city) for entry in page],
    }
    return render(request, "staff/journal.html", context)


def _row(entry: Entry, city: str) -> dict:
    folder = PAGES.get(entry.kind)
    return {
        "at": entry.at,
        "actor": entry.actor,
        "words": sentence(entry),
        "title": entry.title,
        "ref": entry.ref,
        "kind": KINDS.get(entry.kind, entry.kind),
        "href": f"/{city}/staff/{folder}/{entry.ref}/" if folder and entry.ref else "",
        "details": [detail if entry.verb in WHOLE else detail[:120] for detail in details(entry)],
    }


urlpatterns = [path("", journal, name="staff-journal")]
