"""Outcomes told as stories, each with its whole chain."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from musubi.lib import fiscal, markdown
from musubi.outcomes.queries import published_stories
from musubi.www.kept import public_page
from musubi.www.public.cards import dress_stories, story_card, year_words
from musubi.www.public.chain import of_story
from musubi.www.public.common import city_here, crumbs
from musubi.www.public.lists import page_of
from musubi.www.templatetags.pieces import wareki


@public_page
def stories(request, city: str):
    municipality = city_here(request, city)
    rows = published_stories(municipality).order_by("-published_at", "-pk")
    page = page_of(rows, request.GET.get("page"), dress_stories)
    return render(
        request,
        "public/stories.html",
        {
            "municipality": municipality,
            "crumbs": crumbs(municipality, _("連携事例")),
            "page_title": _("連携事例"),
            "page": page,
            "cards": [story_card(row) for row in page],
        },
    )


@public_page
def story(request, city: str, ref: str):
    municipality = city_here(request, city)
    rows = (
        published_stories(municipality)
        .select_related("outcome__case__challenge", "outcome__case__proposal", "outcome__case__lead")
        .prefetch_related("goals", "outcome__case__organisations")
    )
    row = get_object_or_404(rows, ref=ref)
    row.municipality = municipality
    outcome = row.outcome
    goals = list(row.goals.all())
    partners = [
        (organisation.display_name, reverse("member", args=[city, organisation.pk]))
        for organisation in outcome.case.organisations.all()
    ]
    return render(
        request,
        "public/story.html",
        {
            "municipality": municipality,
            "crumbs": crumbs(municipality, (_("連携事例"), reverse("stories", args=[city])), row.title),
            "page_title": row.title,
            "story": row,
            "body": markdown.render(row.body),
            "goals": goals,
            "goal": goals[0] if goals else None,
            "chain": of_story(row),
            "facts": [
                (_("成果の種類"), outcome.get_kind_display()),
                (_("担当課"), outcome.case.lead.display_name),
                (_("パートナー"), _("、").join(name for name, _href in partners)),
                (_("開始日・実施日"), wareki(outcome.started_on, "western")),
                (_("年度"), year_words(fiscal.fiscal_year(outcome.started_on))),
                *(_effort(outcome) if row.shows_effort else []),
                (_("公開日"), wareki(row.published_at, "western")),
                (_("整理番号"), row.ref),
            ],
        },
    )


def _effort(outcome) -> list[tuple[str, str]]:
    """What was saved and spent, where it is known."""

    def hours(n: int) -> str:
        return ngettext("%(n)s時間", "%(n)s時間", n) % {"n": f"{n:,}"}

    def yen(n: int) -> str:
        return _("%(n)s円") % {"n": f"{n:,}"}

    rows = [
        (_("節減できた額"), outcome.yen_saved, yen),
        (_("節減できた時間"), outcome.hours_saved, hours),
        (_("かかった額"), outcome.yen_spent, yen),
        (_("職員がかけた時間"), outcome.hours_spent, hours),
    ]
    return [(label, words(value)) for label, value, words in rows if value is not None]
