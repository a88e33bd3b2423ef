"""The front pages: of the installation, and of one municipality."""

from django.db.models import Count, IntegerField, Q, Subquery
from django.db.models.functions import Coalesce
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from musubi.cases.queries import open_cases
from musubi.challenges import queries as challenges
from musubi.challenges.models import Challenge
from musubi.fund import shown as fund
from musubi.outcomes.models import Outcome
from musubi.outcomes.queries import published_stories
from musubi.outcomes.states import REALISED
from musubi.people.models import Municipality
from musubi.people.queries import members_of
from musubi.www.kept import public_page
from musubi.www.public.cards import (
    challenge_cards,
    dress_challenges,
    dress_stories,
    gathering_row,
    story_card,
)
from musubi.www.public.common import city_here
from musubi.www.public.figures_shown import sentence
from musubi.www.public.fund.common import call_card
from musubi.www.public.gatherings import coming
from musubi.www.public.lists import NEWEST, Filter, Pick, Words, page_of

CITIES = 24
ALL_CITIES = 2000  # Japan has 1,788 municipalities and prefectures


class FrontFilter(Filter):
    q = Words(label=gettext_lazy("課題や自治体をさがす"), required=False)
    prefecture = Pick(label=gettext_lazy("都道府県"))


@public_page
def front(request):
    """All municipalities of the installation; with `q`, what was found in all of them."""
    form = FrontFilter(request)
    prefectures = dict(
        Municipality.objects.order_by()
        .values_list("prefecture")
        .annotate(first=Count("pk"))
        .order_by("prefecture")
    )
    form.fields["prefecture"].offer((name, name) for name in prefectures)
    text, prefecture = form.wanted.get("q", ""), form.wanted.get("prefecture", "")
    rows = Municipality.objects.all()
    if prefecture:
        rows = rows.filter(prefecture=prefecture)
    context = {"form": form, "text": text, "prefecture": prefecture, "prefectures": prefectures.items()}
    if text:
        # A common word is on a quarter of a country's challenges: the newest of them are enough to be sorted.
        found = challenges.find(
            challenges.listed(), text=text, public=True, newest=None if prefecture else NEWEST
        )
        if prefecture:
            found = found.filter(municipality__prefecture=prefecture)
        page = page_of(found.order_by("-published_at", "-pk"), request.GET.get("page"), dress_challenges)
        named = rows.filter(Q(name__icontains=text) | Q(name_en__icontains=text))
        context |= {
            "page_title": _("「%(text)s」の検索結果") % {"text": text},
            "page": page,
            "cards": challenge_cards(page, with_city=True),
            "cities": _cities(named[:CITIES]),
        }
        return render(request, "public/search.html", context)
    page = page_of(rows.order_by("code"), request.GET.get("page"), lambda these: these, ALL_CITIES)
    # By key, not by date, and before anything is joined: the newest of a whole country without reading it all.
    newest = challenges.listed().filter(state="published").order_by("-pk").values("pk")[:6]
    newest = dress_challenges(Challenge.objects.filter(pk__in=newest)).order_by("-pk")
    context |= {
        "page": page,
        "total": sum(prefectures.values()),
        "cities": _cities(page),
        "cards": challenge_cards(newest, with_city=True),
    }
    return render(request, "public/front.html", context)


def _cities(rows) -> list[dict]:
    """For the municipalities' cards, with how many challenges each has published (an index alone answers that)."""
    cities = list(rows)
    waiting = dict(
        challenges.listed()
        .filter(state="published", municipality__in=[city.pk for city in cities])
        .order_by()
        .values_list("municipality")
        .annotate(n=Count("pk"))
    )
    return [
        {
            "href": reverse("city", args=[city.slug]),
            "title": city.display_name,
            "summary": city.display_lead,
            "meta": [
                ("pin", city.prefecture),
                ("flag", _("公開中の課題 %(n)d件") % {"n": waiting.get(city.pk, 0)}),
            ],
        }
        for city in cities
    ]


@public_page
def city(request, city: str):
    municipality = city_here(request, city)
    open_ones = challenges.find(challenges.listed(municipality), open_only=True)
    newest = open_ones.order_by("-published_at", "-pk").values("pk")[:6]
    cards = dress_challenges(Challenge.objects.filter(pk__in=newest)).order_by("-published_at", "-pk")
    stories = dress_stories(published_stories(municipality).order_by("-published_at", "-pk"))[:3]
    calls = list(fund.coming_or_open(municipality)[:3])
    response = render(
        request,
        "public/city.html",
        {
            "municipality": municipality,
            "cards": challenge_cards(cards),
            "gatherings": [gathering_row(row, municipality) for row in coming(municipality)[:3]],
            "calls": [call_card(row, municipality) for row in calls],
            "stories": [story_card(row) for row in stories],
            "stats": _key_numbers(municipality),
            "answers": sentence(municipality),
        },
    )
    response.keep_until = fund.next_turn(calls)
    return response


def _count(rows, by: str = "municipality"):
    """`rows` counted inside another statement; all of them belong to one `by`."""
    counted = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _key_numbers(municipality: Municipality) -> list[dict]:
    """For `parts/stats.html`, in one statement."""
    realised = Outcome.objects.filter(case__municipality=municipality, kind__in=REALISED)
    waiting, members, moving, done = (
        Municipality.objects.filter(pk=municipality.pk)
        .values_list(
            _count(challenges.find(challenges.listed(municipality), open_only=True)),
            _count(members_of(municipality)),
            _count(open_cases(municipality)),
            _count(realised, "case__municipality"),
        )
        .get()
    )

    def link(name: str) -> str:
        return reverse(name, args=[municipality.slug])

    # A counter belongs to a Japanese number alone.
    counted, bodies = ("", "") if get_language() == "en" else ("件", "団体")
    return [
        {
            "label": _("募集中の課題"),
            "value": waiting,
            "unit": counted,
            "href": link("challenges") + "?open=1",
        },
        {"label": _("動いている連携"), "value": moving, "unit": counted},
        {"label": _("会員の団体"), "value": members, "unit": bodies, "href": link("members")},
        {"label": _("実現した連携"), "value": done, "unit": counted, "href": link("stories")},
    ]
