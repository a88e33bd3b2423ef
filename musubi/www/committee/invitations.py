"""Who is asked by mail to screen: a signed link, good for fourteen days, for one address and one fund.

As with an organisation's representatives, whoever has an account is asked just the same: nobody sits on a committee
without having said yes, and the answer does not tell who has an account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund.actions import appoint_member
from musubi.fund.models import CommitteeMember, Fund
from musubi.journal import actions as journal
from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock, corporate_number
from musubi.lib.errors import NotAllowed, Refused
from musubi.lib.lifecycle import hold
from musubi.notify.actions import queue_mail
from musubi.people.models import Organisation, User
from musubi.people.permissions import Can, may, require

SALT = "musubi.committee"
DAYS = 14
MOST_A_DAY = 40


@dataclass(frozen=True)
class Invitation:
    fund: Fund
    email: str
    inviter: User
    at: datetime
    words: dict
    """What the secretariat knows of the person: `title`, `employer_name`, `employer_number`, `is_chair`."""


@transaction.atomic
def invite(
    fund: Fund,
    email: str,
    *,
    by: User,
    title: str = "",
    employer_name: str = "",
    employer_number: str = "",
    is_chair: bool = False,
) -> None:
    """Ask the person with this address by mail to screen the fund's applications.

    Raises NotAllowed unless `by` runs the fund; Refused where the person is a member already, for a corporate number that
    cannot be, and beyond `MOST_A_DAY` mails.
    """
    require(by, Can.MANAGE_FUND, fund.municipality)
    email = email.strip().lower()
    if CommitteeMember.objects.filter(user__email=email, fund=fund, ended_on=None).exists():
        raise Refused(_("この方は、すでに委員に登録されています。"), field="email")
    if employer_number.strip():
        try:
            employer_number = corporate_number.check(employer_number)
        except ValueError as error:
            raise Refused(str(error), field="employer_number") from error
    if sent_today(fund) >= MOST_A_DAY:
        raise Refused(
            _("招待のメールは、1日に%(n)d通までです。明日もう一度お試しください。") % {"n": MOST_A_DAY}
        )
    words = {
        "title": title.strip(),
        "employer_name": employer_name.strip(),
        "employer_number": employer_number.strip(),
        "is_chair": is_chair,
    }
    at = clock.now().timestamp()
    token = signing.dumps(
        {"fund": fund.pk, "email": email, "by": by.pk, "at": at, "words": words}, salt=SALT, compress=True
    )
    city = fund.municipality
    link = settings.ORIGIN + reverse("committee-invitation", args=[city.slug, token])
    queue_mail(
        email,
        _("「%(fund)s」の審査委員をお願いします") % {"fund": fund},
        _(
            "%(city)sから、「%(fund)s」の審査委員をお願いします。\n\n"
            "次のページを開き、このメールアドレスでアカウントを作ると(すでにあればログインすると)、審査の画面に入れます。\n"
            "%(link)s\n\n"
            "このリンクは%(days)d日間使えます。心当たりがないときは、このメールを破棄してください。"
        )
        % {"city": city, "fund": fund, "link": link, "days": DAYS},
    )
    journal.write("committee.invited", fund, by=by, address=email)


def sent_today(fund: Fund) -> int:
    return history(fund).filter(verb="committee.invited", at__gt=clock.now() - timedelta(days=1)).count()


def waiting(fund: Fund) -> list[Entry]:
    """The last invitation of each who was asked lately, has not come and is still to come, the last first."""
    members = CommitteeMember.objects.filter(fund=fund).values_list("user_id", "user__email", "ended_on")
    address_of = {pk: email.lower() for pk, email, _ended in members}
    asked: dict[str, Entry] = {}
    since = clock.now() - timedelta(days=DAYS)
    verbs = ["committee.invited", "committee.uninvited", "committee.released"]
    for entry in history(fund).filter(verb__in=verbs, at__gt=since):
        if entry.verb == "committee.invited":
            asked[entry.data["address"]] = entry
        elif entry.verb == "committee.uninvited":
            asked.pop(entry.data["address"], None)
        else:
            asked.pop(address_of.get(entry.data.get("user")), None)
    for _pk, email, ended in members:
        if ended is None:
            asked.pop(email.lower(), None)
    return sorted(asked.values(), key=lambda entry: (entry.at, entry.pk), reverse=True)


@transaction.atomic
def uninvite(fund: Fund, email: str, *, by: User) -> None:
    """Take back what an address was asked: no link that was sent there until now works any more.

    Raises NotAllowed unless `by` runs the fund; Refused for an address that is not asked, or has come.
    """
    require(by, Can.MANAGE_FUND, fund.municipality)
    # Whoever accepts meanwhile waits, or is waited for.
    hold(fund, "ファンド")
    if email not in {entry.data["address"] for entry in waiting(fund)}:
        raise Refused(
            "この招待は、もう返事を待っていません。審査委員の一覧に戻り、すでに委員になっていないか確かめてください。"
        )
    journal.write("committee.uninvited", fund, by=by, address=email)


def _is_taken_back(fund: Fund, email: str, at: datetime) -> bool:
    return history(fund).filter(verb="committee.uninvited", at__gte=at, data__address=email).exists()


def read(token: str, city_slug: str) -> Invitation:
    """What a link says. Raises Refused where it was changed, is too old or taken back, or the inviter runs the fund no
    more."""
    try:
        said = signing.loads(token, salt=SALT)
        at = datetime.fromtimestamp(said["at"], tz=clock.TOKYO)
        fund = Fund.objects.select_related("municipality").get(pk=said["fund"], municipality__slug=city_slug)
        inviter = User.objects.get(pk=said["by"])
    except (signing.BadSignature, Fund.DoesNotExist, User.DoesNotExist) as error:
        raise Refused(
            _("この招待リンクは正しくありません。メールのリンクを最後まで写したか確かめてください。")
        ) from error
    is_over = (clock.now() - at).days >= DAYS or _is_taken_back(fund, said["email"], at)
    if is_over or not may(inviter, Can.MANAGE_FUND, fund.municipality):
        raise Refused(_("この招待リンクは使えなくなりました。事務局に、もう一度招待してもらってください。"))
    return Invitation(fund, said["email"], inviter, at, said["words"])


@transaction.atomic
def accept(invitation: Invitation, *, by: User) -> CommitteeMember:
    """The invited person joins the committee. A link works once: whoever was released needs a new one.

    Raises NotAllowed for another address's account, Refused for a link that was used or taken back, or a member.
    """
    if by.email.lower() != invitation.email:
        raise NotAllowed(
            _("この招待は別のメールアドレスあてです。そのアドレスのアカウントでログインしてください。")
        )
    hold(invitation.fund, "ファンド")
    if _is_taken_back(invitation.fund, invitation.email, invitation.at):
        raise Refused(_("この招待リンクは使えなくなりました。事務局に、もう一度招待してもらってください。"))
    # By the moment, not by the day: who was released and asked again the same day may come back.
    left = history(invitation.fund).filter(verb="committee.released", at__gte=invitation.at, data__user=by.pk)
    if left.exists():
        raise Refused(_("この招待リンクは使い終わっています。事務局に、もう一度招待してもらってください。"))
    number = invitation.words["employer_number"]
    employer = Organisation.objects.filter(corporate_number=number).first() if number else None
    return appoint_member(
        invitation.fund, by=invitation.inviter, user=by, employer=employer, **invitation.words
    )
