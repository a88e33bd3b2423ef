"""Telling people what happened.

Reading notices and setting wishes is a person's own business and leaves no journal entry.
"""

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from musubi.journal import actions as journal
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.errors import NotAllowed, Refused
from musubi.lib.lifecycle import move
from musubi.notify.models import Delivery, Notice, Preference
from musubi.notify.queries import who_want_mail
from musubi.notify.registry import KINDS, Letter
from musubi.notify.states import DELIVERY
from musubi.people.models import Municipality, User
from musubi.people.permissions import Can, may
from musubi.services import mail


@transaction.atomic
def tell(entry: Entry) -> list[Notice]:
    """Tell whom one journal entry concerns: a notice each, and a mail to those who want mail.

    Returns the notices made; empty where the entry was done before. What the kind's own function raises comes
    through, and then nothing was written.
    """
    # First, so that of two workers with the same entry one waits here for the other and then finds it done.
    if not Entry.objects.filter(pk=entry.pk, done_at=None).update(done_at=clock.now(), error=""):
        return []
    kind = KINDS.get(entry.verb)
    if kind is None:
        return []
    letters: dict[int, Letter] = {}
    for letter in kind.write(entry):
        user = letter.user
        if user is None or not user.is_active or (user.pk == entry.actor_id and not kind.always):
            continue
        letters.setdefault(user.pk, letter)
    told = Notice.objects.filter(entry_id=entry.pk, kind=kind.verb).values_list("user_id", flat=True)
    for pk in told:
        letters.pop(pk, None)
    if not letters:
        return []

    notices = Notice.objects.bulk_create(_notice(entry, kind.verb, letter) for letter in letters.values())
    wanting = who_want_mail(kind, list(letters))
    Delivery.objects.bulk_create(
        Delivery(
            notice=notice,
            user=notice.user,
            address=notice.user.email,
            subject=notice.title,
            body=mail_body(notice, always=kind.always, answerable=bool(letters[notice.user_id].reply_to)),
            reply_to=letters[notice.user_id].reply_to,
            thread=letters[notice.user_id].thread,
            calendar=letters[notice.user_id].calendar,
            created_at=entry.at,
            next_try_at=entry.at,
        )
        for notice in notices
        if notice.user_id in wanting
    )
    return notices


def _notice(entry: Entry, kind: str, letter: Letter) -> Notice:
    with translation.override(letter.user.language):
        return Notice(
            user=letter.user,
            kind=kind,
            entry_id=entry.pk,
            title=one_line(letter.title),
            body=str(letter.body),
            path=letter.path,
            at=entry.at,
        )


def one_line(text: str, length: int = 200) -> str:
    """`text` without line ends, cut with an ellipsis where it is longer than the column."""
    line = " ".join(str(text).split())
    return line if len(line) <= length else line[: length - 1] + "…"


def mail_body(notice: Notice, *, always: bool, answerable: bool = False) -> str:
    """The whole text of the mail about a notice: to whom, the words, the page, and how to have fewer of them."""
    with translation.override(notice.user.language):
        parts = [mail.answer_line()] if answerable else []
        parts += [_("%(name)s 様") % {"name": notice.user}, notice.body or notice.title]
        if notice.path:
            parts.append(_("くわしくは、次のページをご覧ください。") + f"\n{settings.ORIGIN}{notice.path}")
        closing = (
            _("このメールに返信すると、案件の参加者全員(団体を含みます)が読むメッセージになります。")
            if answerable
            else _("このメールは自動でお送りしています。返信いただいてもお答えできません。")
        )
        if not always:
            closing += "\n" + _("メールで受け取るお知らせは、サインインして「お知らせの設定」で選べます。")
        parts.append(f"――――――――――\n{closing}")
    return "\n\n".join(parts) + "\n"


def queue_mail(to: User | str, subject: str, body: str) -> Delivery:
    """Queue one mail that no notice stands behind (a password reset, an invitation); the worker sends it.

    The body is emptied once the mail is sent, since it may carry a secret link (the demo keeps it to be read).
    """
    user = to if isinstance(to, User) else None
    now = clock.now()
    return Delivery.objects.create(
        user=user,
        address=user.email if user else to,
        subject=one_line(subject),
        body=str(body),
        created_at=now,
        next_try_at=now,
    )


def mark_read(notice: Notice, *, by: User) -> None:
    """The person has read the notice; a second time changes nothing.

    Raises NotAllowed for anybody else's notice.
    """
    if notice.user_id != by.pk:
        raise NotAllowed
    now = clock.now()
    if Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=now):
        notice.read_at = now


def mark_all_read(user: User) -> int:
    """The person has read all there is; returns how many were unread."""
    return Notice.objects.filter(user=user, read_at=None).update(read_at=clock.now())


def set_preference(user: User, kind: str, *, by_mail: bool) -> None:
    """The person wants notices of `kind` (a journal verb) by mail, or not.

    Raises Refused for an unknown kind, and for switching off one that everybody must get.
    """
    if kind not in KINDS:
        raise Refused(_("この種類のお知らせはありません。画面を読み込み直してから、もう一度選んでください。"))
    if KINDS[kind].always and not by_mail:
        raise Refused(
            _("「%(name)s」は大切な控えのため、メールを止められません。") % {"name": KINDS[kind].name},
            field="by_mail",
        )
    Preference.objects.update_or_create(user=user, kind=kind, defaults={"by_mail": by_mail})


@transaction.atomic
def retry(delivery: Delivery, *, by: User | None) -> None:
    """A failed mail is queued anew, with all its tries before it.

    Raises NotAllowed unless `by` runs this installation, or sits at the desk of the municipality of which the mail
    tells; Refused unless the mail has failed.
    """
    if by is not None and not by.is_operator and not _tells_of_mine(delivery, by):
        raise NotAllowed
    move(delivery, DELIVERY, "queued", attempts=0, next_try_at=clock.now(), claimed_at=None, error="")
    journal.write("delivery.retried", delivery, by=by)


def _tells_of_mine(delivery: Delivery, by: User) -> bool:
    """Whether the mail tells of what happened in a municipality whose desk `by` sits at."""
    if delivery.notice_id is None:
        return False
    code = Entry.objects.filter(pk=delivery.notice.entry_id).values_list("municipality", flat=True).first()
    city = Municipality.objects.filter(code=code).first() if code else None
    return city is not None and may(by, Can.MANAGE_MEMBERS, city)
