"""The members of a municipality's platform and what they do."""

from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.lib import fulltext, markdown
from musubi.outcomes.queries import published_stories
from musubi.people.models import Municipality, Organisation
from musubi.people.queries import members_of
from musubi.solutions import queries as solutions
from musubi.www.kept import public_page
from musubi.www.public.cards import dress_stories, member_card, solution_card, story_card
from musubi.www.public.common import city_here, crumbs
from musubi.www.public.lists import Filter, Pick, Words, page_of
from musubi.www.templatetags.pieces import wareki


class MemberFilter(Filter):
    q = Words(label=gettext_lazy("団体をさがす"), required=False)
    kind = Pick(label=gettext_lazy("種別"), choices=Organisation.Kind.choices)


def shown(municipality: Municipality):
    """The organisations that are members today."""
    return Organisation.objects.filter(pk__in=members_of(municipality).values("organisation"))


def _dress(rows):
    published = Count("solutions", filter=Q(solutions__state="published"))
    return rows.annotate(solution_count=published)


@public_page
def members(request, city: str):
    municipality = city_here(request, city)
    form = MemberFilter(request)
    wanted = form.narrowing
    rows = shown(municipality)
    if "q" in wanted:
        rows = fulltext.search(rows, wanted["q"])
    if "kind" in wanted:
        rows = rows.filter(kind=wanted["kind"])
    page = page_of(rows.order_by("name_key", "pk"), request.GET.get("page"), _dress)
    return render(
        request,
        "public/members.html",
        {
            "municipality": municipality,
            "crumbs": crumbs(municipality, _("会員")),
            "page_title": _("会員"),
            "form": form,
            "page": page,
            "cards": [member_card(row, municipality, row.solution_count) for row in page],
        },
    )


@public_page
def member(request, city: str, pk: int):
    municipality = city_here(request, city)
    row = get_object_or_404(
        # Through the organisations, because there a number beyond the database's finds nothing instead of failing.
        members_of(municipality).select_related("organisation"),
        organisation__in=Organisation.objects.filter(pk=pk),
        state="active",
    )
    organisation = row.organisation
    offers = solutions.for_cards(solutions.published().filter(organisation=organisation))
    told = published_stories(municipality).filter(outcome__case__organisations=organisation)
    return render(
        request,
        "public/member.html",
        {
            "municipality": municipality,
            "crumbs": crumbs(
                municipality, (_("会員"), reverse("members", args=[city])), organisation.display_name
            ),
            "page_title": organisation.display_name,
            "organisation": organisation,
            "description": markdown.render(organisation.description),
            "facts": [
                (_("種別"), organisation.get_kind_display()),
                (_("所在地"), _place(organisation)),
                (_("法人番号"), organisation.corporate_number),
                (_("設立日"), wareki(organisation.founded_on, "western")),
                (_("入会日"), wareki(row.joined_on, "western")),
            ],
            "solutions": [solution_card(s, municipality) for s in offers[:20]],
            "stories": [story_card(s) for s in dress_stories(told)[:12]],
        },
    )


def _place(organisation: Organisation) -> str:
    """The address of a body; of a person in business or a group of neighbours, whose address is a home, the prefecture."""
    at_home = organisation.kind in (Organisation.Kind.SOLE, Organisation.Kind.COMMUNITY)
    return organisation.prefecture + ("" if at_home else organisation.address)
