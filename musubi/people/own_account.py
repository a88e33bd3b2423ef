"""What a person changes about their own account."""

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from musubi.journal import actions as journal
from musubi.lib.errors import Missing, NotAllowed, Refused
from musubi.lib.text import normalise
from musubi.people.models import User


@transaction.atomic
def change_name(user: User, name: str, *, by: User) -> None:
    """A person changes the name others see. Raises NotAllowed for anybody else's, Missing without a name."""
    _require_self(user, by)
    name = normalise(name).replace("\n", " ")
    if not name:
        raise Missing(_("氏名を入力してください。"), field="name")
    if len(name) > 80:
        raise Refused(_("氏名は80字までで入力してください。"), field="name")
    before, user.name = user.name, name
    if before != name:
        user.save(update_fields=["name"])
        journal.write("user.renamed", user, by=by, before=before)


@transaction.atomic
def change_language(user: User, language: str, *, by: User) -> None:
    """A person chooses the language of screens and mails. Raises NotAllowed, or Refused for an unknown language."""
    _require_self(user, by)
    if language not in dict(settings.LANGUAGES):
        raise Refused(_("この言語は選べません。一覧から選んでください。"), field="language")
    if user.language != language:
        user.language = language
        user.save(update_fields=["language"])
        journal.write("user.changed_language", user, by=by, language=language)


def _require_self(user: User, by: User) -> None:
    if by is None or by.pk != user.pk:
        raise NotAllowed
