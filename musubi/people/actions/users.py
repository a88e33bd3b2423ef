"""What happens to a person's account: stopped, and opened again. The rest they do themselves (`own_account`)."""

from django.db import transaction
from django.utils.translation import gettext as _

from musubi.journal import actions as journal
from musubi.lib.errors import NotAllowed, Refused
from musubi.lib.lifecycle import update
from musubi.people import leaving, rules
from musubi.people.models import Municipality, User
from musubi.people.permissions import forget_authority


@transaction.atomic
def stop_user(user: User, *, by: User | None, reason: str = "") -> None:
    """The operator stops an account: the person can sign in no more, and is told nothing more.

    Raises NotAllowed unless `by` is an operator, Refused for one's own account, `leaving.StillCarried` while the
    person carries work in any municipality, Conflict where it is stopped already.
    """
    _require_operator(by)
    if by is not None and by.pk == user.pk:
        raise Refused(_("自分の利用は止められません。ほかの運営者に頼んでください。"))
    leaving.hold_person(user)
    update(user, _("利用者"), guard={"is_active": True}, is_active=False)
    forget_authority(user)
    try:
        for municipality in Municipality.objects.filter(staff__user=user).distinct():
            leaving.require_empty_hands(user, municipality)
    except leaving.StillCarried:
        user.is_active = True
        raise
    journal.write("user.stopped", user, by=by, reason=reason)


@transaction.atomic
def restore_user(user: User, *, by: User | None) -> None:
    """The operator opens a stopped account again. Roles that had not ended are the person's again."""
    _require_operator(by)
    update(user, _("利用者"), guard={"is_active": False}, is_active=True)
    forget_authority(user)
    journal.write("user.restored", user, by=by)


def _require_operator(by: User | None) -> None:
    if not rules.is_operator(by):
        raise NotAllowed
