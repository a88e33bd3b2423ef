"""Fetching with authority: the one place where a view turns an address into a row the person may act on.

A row outside a person's view answers 404, so that its existence is not told; a row they may see but not act
on answers 403 with a sentence.
"""

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404
from django.shortcuts import get_object_or_404

from musubi.people.models import Municipality
from musubi.people.permissions import Can, authority, may


def city_or_404(slug: str) -> Municipality:
    return get_object_or_404(Municipality, slug=slug)


def staff_city(request, slug: str, can: Can = Can.READ_STAFF_PAGES) -> Municipality:
    """The municipality, for a person whose staff role there grants `can` at any reach; else 403."""
    city = city_or_404(slug)
    if not authority(request.user).may_in(can, city.pk):
        raise PermissionDenied("この画面は、この自治体の担当職員だけが使えます。")
    return city


def fetch(request, queryset: models.QuerySet, can: Can | None = None, **lookup) -> models.Model:
    """One row of `queryset` (already narrowed by `visible_to`), on which the person may `can`; else 404 or 403."""
    try:
        thing = queryset.get(**lookup)
    except queryset.model.DoesNotExist as error:
        raise Http404 from error
    if can is not None and not may(request.user, can, thing):
        raise PermissionDenied(
            "この操作を行う権限がありません。担当の方か公民連携デスクにお問い合わせください。"
        )
    return thing
