"""Small conditions on municipalities, people and organisations, and the checks their actions share."""

import re
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from musubi.lib import corporate_number, lgcode
from musubi.lib.errors import NotAllowed, Refused
from musubi.lib.text import organisation_key, similar_names
from musubi.people.models import Member, Municipality, Organisation, Representative
from musubi.people.permissions import Can, authority, may

# First parts of addresses that are not a municipality: a slug among them would hide a page of the product.
RESERVED_SLUGS = frozenset(
    {
        "about", "accessibility", "accounts", "admin", "api", "assets", "contact", "demo", "docs", "favicon.ico",
        "feed.atom", "files", "gallery", "health", "healthz", "help", "language", "login", "logout", "media", "my",
        "notices", "organisations", "outbox", "privacy", "robots.txt", "search", "sitemap.xml", "static",
        "terms", "well-known",
    }
)  # fmt: skip
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_HUE = re.compile(r"[a-z]+(-[a-z0-9]+)*")


# --- who may -------------------------------------------------------------------------------------------------


def is_operator(by) -> bool:
    """Whether `by` runs the installation. None is the product itself (a command on the machine)."""
    return by is None or (by.is_active and by.is_operator)


def require_operator(by) -> None:
    if not is_operator(by):
        raise NotAllowed(
            _("自治体を登録できるのは、この設置環境の運営者だけです。運営者にお問い合わせください。")
        )


def may_manage(by, municipality: Municipality) -> bool:
    """The administrators here, and the operator, who appoints the first of them."""
    return is_operator(by) or may(by, Can.MANAGE_MUNICIPALITY, municipality)


def require_management(by, municipality: Municipality) -> None:
    if not may_manage(by, municipality):
        raise NotAllowed


def is_desk_somewhere(by) -> bool:
    """Whether `by` looks after members in any municipality."""
    return by is None or bool(authority(by).where(Can.MANAGE_MEMBERS)[0])


def has_owner(organisation: Organisation) -> bool:
    """Whether anybody with a working account answers for the organisation."""
    return Representative.objects.filter(
        organisation=organisation, is_owner=True, ended_at=None, user__is_active=True
    ).exists()


def may_keep_for(by, organisation: Organisation) -> bool:
    """Whether a desk keeps this organisation's record on its behalf.

    Only while nobody in the organisation answers for it, and only a desk whose municipality it has joined or
    asked to join, or, before it joins any, whoever looks after members somewhere: it was filed on paper.
    """
    if by is None:
        return True
    cities = authority(by).where(Can.MANAGE_MEMBERS)[0]
    if not cities or has_owner(organisation):
        return False
    joined = set(Member.objects.filter(organisation=organisation).values_list("municipality_id", flat=True))
    return not joined or not joined.isdisjoint(cities)


# --- checks of what was typed --------------------------------------------------------------------------------


def check_fields(thing: models.Model, only: Collection[str] | None = None) -> None:
    """Raise `Refused` on the first column whose value is too long, misspelt or missing, before the database does.

    `only` names the columns to look at (default: all); which row a relation points to is the caller's to check.
    """
    left_out = {
        column.name
        for column in thing._meta.fields
        if column.is_relation or (only is not None and column.name not in only)
    }
    try:
        thing.clean_fields(exclude=left_out)
    except ValidationError as error:
        name, problems = next(iter(error.message_dict.items()))
        label = thing._meta.get_field(name).verbose_name
        raise Refused(
            _("「%(label)s」を確かめてください。%(problem)s") % {"label": label, "problem": problems[0]},
            field=name,
        ) from error


def check_slug(slug: str) -> str:
    """The part of the address that names a municipality; raises `Refused` on field `slug`."""
    if not _SLUG.fullmatch(slug) or not 2 <= len(slug) <= 40:
        raise Refused(
            _("「アドレスの名前」は、英小文字で始まる2〜40字の英小文字・数字・ハイフンで入力してください。"),
            field="slug",
        )
    if slug in RESERVED_SLUGS:
        raise Refused(
            _(
                "「%(slug)s」はシステムの画面が使うため、「アドレスの名前」にできません。別の名前にしてください。"
            )
            % {"slug": slug},
            field="slug",
        )
    return slug


def check_hue(hue: str) -> str:
    if not _HUE.fullmatch(hue):
        raise Refused(_("「差し色」は、色の名前(英小文字)で選んでください。"), field="hue")
    return hue


def check_code(code: str) -> str:
    """The six digits of a local government code. Whether it is a real municipality's is not asked: a demonstration
    and a merged municipality have codes that no list holds."""
    try:
        return lgcode.check(code)
    except ValueError as error:
        raise Refused(str(error), field="code") from error


def check_corporate_number(text: str) -> str | None:
    """The 13 digits, or None where none was given; raises `Refused` on field `corporate_number`."""
    if text is None or not str(text).strip():
        return None
    try:
        return corporate_number.check(text)
    except ValueError as error:
        raise Refused(str(error), field="corporate_number") from error


# --- the same organisation twice ------------------------------------------------------------------------------


def similar_organisations(name: str, corporate_number: str = "", *, limit: int = 5) -> list[Organisation]:
    """Organisations that may be the one meant, likeliest first: the same corporate number, then the same name
    however spelt, then names a person should look at. At most `limit`; names only, never persons."""
    found: dict[int, Organisation] = {}

    def add(rows) -> None:
        for row in rows:
            if len(found) < limit:
                found.setdefault(row.pk, row)

    digits = re.sub(r"\D", "", corporate_number or "")
    if digits:
        add(Organisation.objects.filter(corporate_number=digits))
    key = organisation_key(name)
    core = key.split("/")[0]
    if core:
        add(Organisation.objects.filter(name_key=key)[:limit])
        # A near name shares its first two letters with the other, so the index on the key narrows the comparing.
        near = Organisation.objects.filter(name_key__startswith=core[:2])[:500]
        add(row for row in near if similar_names(row.name, name))
    return list(found.values())
