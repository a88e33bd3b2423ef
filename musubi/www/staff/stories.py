"""Stories of what came of it: written from an outcome, published by the desk."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from musubi.cases import queries as cases
from musubi.lib.errors import Refused
from musubi.lib.markdown import render as markdown
from musubi.outcomes import actions, queries
from musubi.outcomes.models import Outcome
from musubi.outcomes.states import STORY
from musubi.people.permissions import Can, may
from musubi.www.access import fetch, staff_city
from musubi.www.case_record import chain
from musubi.www.staff.case_forms import StoryForm

PER_PAGE = 20


@require_safe
def story_list(request, city: str):
    municipality = staff_city(request, city)
    rows = queries.for_cards(queries.stories_visible_to(request.user, municipality)).order_by("-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "municipality": municipality,
        "page": page,
        # A story is everybody's, the case behind it is not.
        "readable": set(
            cases.visible_to(request.user, municipality)
            .filter(outcomes__story__in=[story.pk for story in page])
            .values_list("pk", flat=True)
        ),
        "crumbs": _crumbs(municipality),
    }
    return render(request, "staff/stories.html", context)


def new_story(request, city: str, outcome: int):
    """Write the story of an outcome; one that exists already is shown instead."""
    municipality = staff_city(request, city)
    rows = Outcome.objects.select_related("case__municipality", "case__lead").filter(
        case__municipality=municipality
    )
    what = fetch(request, rows, Can.RECORD_OUTCOME, pk=outcome)
    if hasattr(what, "story"):
        return redirect("staff-story", city, what.story.ref)
    initial = {"title": what.title, "lead": what.summary[:200]}
    if what.case.challenge_id:
        initial["goals"] = what.case.challenge.goals.all()
    form = StoryForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            story = actions.write_story(what, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("連携事例の下書きを保存しました。"))
            return redirect("staff-story", city, story.ref)
    return _form_page(request, municipality, form, what, key=f"story-new-{what.pk}")


def story(request, city: str, ref: str):
    """One story: how it will look, its words to change, and the buttons that publish it or take it down."""
    municipality = staff_city(request, city)
    row = _story(request, municipality, ref)
    form = StoryForm(
        request.POST or None,
        initial={"title": row.title, "lead": row.lead, "body": row.body, "goals": row.goals.all()},
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_story(row, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("連携事例を保存しました。"))
            return redirect("staff-story", city, ref)
    return _form_page(request, municipality, form, row.outcome, story=row, key=f"story-{row.pk}")


@require_POST
def publish_story(request, city: str, ref: str):
    row = _story(request, staff_city(request, city), ref, Can.PUBLISH_STORY)
    actions.publish_story(row, by=request.user)
    messages.success(request, _("連携事例を公開しました。"))
    return redirect("staff-story", city, ref)


@require_POST
def withdraw_story(request, city: str, ref: str):
    row = _story(request, staff_city(request, city), ref, Can.PUBLISH_STORY)
    actions.withdraw_story(row, by=request.user)
    messages.success(request, _("連携事例の公開をやめました。"))
    return redirect("staff-story", city, ref)


@require_POST
def show_effort(request, city: str, ref: str):
    """The desk puts money and time on the public page, or takes them off."""
    row = _story(request, staff_city(request, city), ref, Can.PUBLISH_STORY)
    shows = request.POST.get("shows") == "1"
    try:
        actions.show_effort(row, by=request.user, shows=shows)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("金額と時間を載せました。") if shows else _("金額と時間を外しました。"))
    return redirect("staff-story", city, ref)


def _story(request, municipality, ref: str, can: Can = Can.RECORD_OUTCOME):
    rows = queries.for_cards(queries.stories_visible_to(request.user, municipality))
    return fetch(request, rows, can, ref=ref)


def _form_page(request, municipality, form, outcome, *, key: str, story=None):
    context = {
        "municipality": municipality,
        "form": form,
        "outcome": outcome,
        "story": story,
        "state": STORY[story.state] if story else None,
        "preview": markdown(story.body) if story else "",
        "may_publish": story is not None and may(request.user, Can.PUBLISH_STORY, story),
        "chain": chain(outcome.case, story=story, outcome=outcome, here="story", staff=True),
        "autosave": key,
        "crumbs": [*_crumbs(municipality, linked=True), (story.ref if story else _("連携事例を書く"), "")],
    }
    return render(request, "staff/story.html", context, status=422 if form.errors else 200)


def _crumbs(municipality, *, linked: bool = False):
    here = reverse("staff-stories", args=[municipality.slug]) if linked else ""
    return [(_("今日"), reverse("staff-home", args=[municipality.slug])), (_("連携事例"), here)]


urlpatterns = [
    path("", story_list, name="staff-stories"),
    path("new/<int:outcome>/", new_story, name="staff-story-new"),
    path("<str:ref>/", story, name="staff-story"),
    path("<str:ref>/publish/", publish_story, name="staff-story-publish"),
    path("<str:ref>/withdraw/", withdraw_story, name="staff-story-withdraw"),
    path("<str:ref>/effort/", show_effort, name="staff-story-effort"),
]
