"""A person's notices and wishes, and the mails on their way."""

from django.db import models

from musubi.journal.models import Entry
from musubi.notify.models import Delivery, Notice, Preference
from musubi.notify.registry import KINDS, Kind
from musubi.notify.states import ENTRY_TRIES
from musubi.people.models import Municipality, User


def notices_of(user: User) -> models.QuerySet[Notice]:
    """The person's notices, newest first."""
    return Notice.objects.filter(user=user).order_by("-at", "-id")


def unread_count(user: User) -> int:
    """How many notices the person has not read yet."""
    return Notice.objects.filter(user=user, read_at=None).count()


def preferences_of(user: User) -> list[tuple[Kind, bool]]:
    """Every kind of notice, in the order they were registered, with whether the person gets it by mail."""
    wishes = dict(Preference.objects.filter(user=user).values_list("kind", "by_mail"))
    return [(kind, kind.always or wishes.get(kind.verb, kind.mail)) for kind in KINDS.values()]


def who_want_mail(kind: Kind, user_ids: list[int]) -> set[int]:
    """Those of the people (ids) who get notices of `kind` by mail."""
    if kind.always:
        return set(user_ids)
    wishes = dict(
        Preference.objects.filter(kind=kind.verb, user__in=user_ids).values_list("user_id", "by_mail")
    )
    return {pk for pk in user_ids if wishes.get(pk, kind.mail)}


def outbox(municipality: Municipality | None = None) -> models.QuerySet[Delivery]:
    """All mails, newest first; of one municipality, those that tell of what happened there."""
    mails = Delivery.objects.order_by("-id")
    if municipality is None:
        return mails
    here = Entry.objects.filter(municipality=municipality.code).values("id")
    return mails.filter(notice__entry_id__in=here)


def given_up() -> models.QuerySet[Entry]:
    """Journal entries of which nobody could be told, whatever was tried; `error` says why."""
    return Entry.objects.filter(done_at=None, attempts__gte=ENTRY_TRIES).order_by("id")


def never_arrived() -> models.QuerySet[Delivery]:
    """Mails that failed for good; `error` says why."""
    return Delivery.objects.filter(state="failed").order_by("-id")


def waiting_mails() -> models.QuerySet[Delivery]:
    """Mails not sent yet that still may be."""
    return Delivery.objects.filter(sent_at=None, state__in=["queued", "sending"])
