"""The three kinds of proposal, explained, with one way in for each."""

from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from musubi.challenges.queries import find, listed
from musubi.proposals.states import Track
from musubi.www.kept import public_page
from musubi.www.public.common import city_here, crumbs


@public_page
def propose(request, city):
    """What a company, a university or a group of residents can propose here, and what happens then."""
    municipality = city_here(request, city)
    open_ones = find(listed(municipality), open_only=True)
    # Whoever comes from a challenge's page is led on to that very challenge.
    chosen = open_ones.filter(ref=request.GET.get("challenge", "").replace("\x00", "")).first()
    of_challenge = {"challenge": chosen.ref} if chosen else {}
    return render(
        request,
        "public/propose.html",
        {
            "municipality": municipality,
            "page_title": _("提案する"),
            "crumbs": crumbs(municipality, _("提案する")),
            "open_challenges": open_ones.count(),
            "chosen": chosen,
            "challenges_href": reverse("challenges", args=[municipality.slug]),
            "tracks": {
                track.value: reverse("my-proposal-new")
                + "?"
                + urlencode(
                    {"city": municipality.slug, "track": track.value}
                    | (of_challenge if track == Track.CHALLENGE else {})
                )
                for track in Track
            },
        },
    )
