"""Invitations by mail: a signed link, good for fourteen days, for one address and one organisation."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.journal import actions as journal
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import NotAllowed, Refused
from musubi.notify.actions import queue_mail
from musubi.people.actions import invite_representative
from musubi.people.models import Organisation, Representative, User
from musubi.people.permissions import Can, may, require

SALT = "musubi.representative"
DAYS = 14
MOST_A_DAY = 20


@dataclass(frozen=True)
class Invitation:
    organisation: Organisation
    email: str
    is_owner: bool
    inviter: User
    at: datetime


@transaction.atomic
def invite(organisation: Organisation, email: str, *, by: User, is_owner: bool = False) -> None:
    """Ask the person with this address by mail to act for the organisation.

    Whoever has an account is asked just the same: nobody is made to act for an organisation they did not choose
    (a member of a desk's staff who represents a party loses sight of the case's internal notes), and the answer
    does not tell who has an account.
    Raises NotAllowed unless `by` invites for the organisation, Refused where the person acts for it already, and
    beyond `MOST_A_DAY` mails, so that nobody can flood strangers in our name.
    """
    require(by, Can.INVITE_REPRESENTATIVE, organisation)
    email = email.strip().lower()
    if Representative.objects.filter(user__email=email, organisation=organisation, ended_at=None).exists():
        raise Refused(_("この人は、すでにこの団体の担当者です。"), field="email")
    today = history(organisation).filter(verb="organisation.invited", at__gt=clock.now() - timedelta(days=1))
    if today.count() >= MOST_A_DAY:
        raise Refused(
            _("招待のメールは、1日に%(n)d通までです。明日もう一度お試しください。") % {"n": MOST_A_DAY}
        )
    token = signing.dumps(
        {
            "organisation": organisation.pk,
            "email": email,
            "is_owner": is_owner,
            "by": by.pk,
            "at": clock.now().timestamp(),
        },
        salt=SALT,
        compress=True,
    )
    link = settings.ORIGIN + reverse("my-invitation", args=[token])
    queue_mail(
        email,
        _("「%(organisation)s」の担当者に招待されました") % {"organisation": organisation},
        _(
            "%(by)sさんが、あなたを「%(organisation)s」の担当者に招きました。\n\n"
            "次のページを開き、このメールアドレスでアカウントを作ると(すでにあればログインすると)参加できます。\n"
            "%(link)s\n\n"
            "このリンクは%(days)d日間使えます。心当たりがないときは、このメールを破棄してください。"
        )
        % {"by": by, "organisation": organisation, "link": link, "days": DAYS},
    )
    journal.write("organisation.invited", organisation, by=by, address=email, is_owner=is_owner)


def read(token: str) -> Invitation:
    """What a link says. Raises Refused where it was changed, is too old, or the inviter may not invite any more."""
    try:
        said = signing.loads(token, salt=SALT)
        at = datetime.fromtimestamp(said["at"], tz=clock.TOKYO)
        organisation = Organisation.objects.get(pk=said["organisation"])
        inviter = User.objects.get(pk=said["by"])
    except (signing.BadSignature, Organisation.DoesNotExist, User.DoesNotExist) as error:
        raise Refused(
            _("この招待リンクは正しくありません。メールのリンクを最後まで写したか確かめてください。")
        ) from error
    if (clock.now() - at).days >= DAYS or not may(inviter, Can.INVITE_REPRESENTATIVE, organisation):
        raise Refused(
            _("この招待リンクは使えなくなりました。団体の責任者に、もう一度招待してもらってください。")
        )
    return Invitation(organisation, said["email"], said["is_owner"], inviter, at)


@transaction.atomic
def accept(invitation: Invitation, *, by: User) -> Representative:
    """The invited person becomes a representative. A link works once: whoever was removed needs a new one.

    Raises NotAllowed for another address's account, Refused where the person acts for the organisation already.
    """
    if by.email.lower() != invitation.email:
        raise NotAllowed(
            _("この招待は別のメールアドレスあてです。そのアドレスのアカウントでログインしてください。")
        )
    earlier = Representative.objects.filter(
        user=by, organisation=invitation.organisation, ended_at__gte=invitation.at
    )
    if earlier.exists():
        raise Refused(
            _("この招待リンクは使い終わっています。団体の責任者に、もう一度招待してもらってください。")
        )
    return invite_representative(
        invitation.organisation, by, by=invitation.inviter, is_owner=invitation.is_owner
    )
