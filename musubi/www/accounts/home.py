"""Where a person lands after signing in."""

from django.conf import settings
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from musubi.notify.queries import unread_count
from musubi.people.models import Municipality
from musubi.people.permissions import authority
from musubi.people.queries import organisations_of
from musubi.www.public.statements import remember_language


def home(request):
    """Straight to the one place the person works in; a choice where there are several; else what to do next."""
    mine = authority(request.user)
    cities = list(Municipality.objects.filter(pk__in=mine.municipality_ids)) if mine.municipality_ids else []
    places = [(f"/{city.slug}/staff/", city.display_name, _("職員画面"), "building") for city in cities]
    if mine.organisation_ids:
        names = _("、").join(organisation.display_name for organisation in organisations_of(request.user))
        places.append(("/my/", names, _("団体の担当者の画面"), "people"))
    committees = Municipality.objects.filter(
        funds__committee__user=request.user, funds__committee__ended_on=None
    ).distinct()
    places += [
        (f"/{city.slug}/committee/", city.display_name, _("審査委員の画面"), "pencil") for city in committees
    ]
    if len(places) == 1:
        return _in_own_language(request, redirect(places[0][0]))
    page = render(
        request,
        "accounts/home.html",
        {
            "page_title": _("マイページ"),
            "places": [
                {"href": href, "title": title, "kind": "", "meta": [(icon, what)]}
                for href, title, what, icon in places
            ],
            "unread": unread_count(request.user),
        },
    )
    return _in_own_language(request, page)


def _in_own_language(request, response):
    """On a browser that was never told a language, the one the person chose elsewhere holds from the next page on."""
    chosen = request.user.language
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES or chosen == settings.LANGUAGE_CODE:
        return response
    return remember_language(response, chosen)
