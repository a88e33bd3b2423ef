"""What follows when a mail comes in: a message by that person, or a refusal the desk reads.

Nothing here trusts the mail: the token says which case and whose answer, the sender's verified address and the mail
server's proof say who wrote it, the permissions of that moment say whether they may. A mail delivered twice, or by two
processes at once, becomes one message: its key is unique in the database. What looks through files stands outside every
transaction.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from musubi.cases import actions
from musubi.cases.mail.address import read_address
from musubi.cases.mail.authentic import Proof, proof
from musubi.cases.mail.charsets import tidy
from musubi.cases.mail.quoting import Said, split
from musubi.cases.mail.reading import Broken, Incoming, read
from musubi.cases.models import Case, CaseFile, Post, RefusedMail
from musubi.cases.models.mail import Why
from musubi.cases.states import OPEN, Side
from musubi.cases.thread import side_of
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.notify.actions import queue_mail
from musubi.notify.models import Delivery
from musubi.people.models import Municipality, User
from musubi.people.permissions import Can, authority, may
from musubi.services.mail import delivery_named
from musubi.services.storage import clean_name, discard, keep

MOST_AN_HOUR = 60
MOST_ANSWERS_AN_HOUR = 5
_EXCERPT = 2000
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Received:
    """What became of one mail: `message` (in `post` or `files`), `refused` (in `refused`), or `duplicate`."""

    what: str
    post: Post | None = None
    files: tuple[CaseFile, ...] = ()
    refused: RefusedMail | None = None

    @property
    def is_broken(self) -> bool:
        return self.refused is not None and self.refused.why == Why.BROKEN


class _No(Exception):
    """The mail is not taken in. `answer` is what a real sender is told: what to do next."""

    def __init__(self, why: Why, detail: str = "", *, answer: str = ""):
        super().__init__(detail)
        self.why, self.detail, self.answer = why, detail, answer


@dataclass
class _Mail:
    """One mail on its way through the checks, and what has been found out about it."""

    incoming: Incoming
    case: Case | None = None
    user: User | None = None
    said: Said = Said("", "")


def receive(raw: bytes, *, recipient: str = "") -> Received:
    """Take in one mail as it came over the wire. `recipient` is the envelope's, where the mail server tells.

    What a mail says never raises; trouble with the database or the disk does (the caller has the mail sent again).
    """
    too_large = len(raw) > settings.MAIL_IN_MAX_BYTES
    try:
        incoming = read(raw[: 1 << 18] if too_large else raw, headers_only=too_large)
    except Broken as error:
        return _refuse(_Mail(_headers_alone(raw)), _No(Why.BROKEN, str(error)))
    if recipient:
        incoming.recipients.insert(0, recipient.lower())
    mail = _Mail(incoming)
    if (before := _taken_in(incoming.key)) is not None:
        return before
    try:
        _who(mail, too_large=too_large)
        return _take_in(mail)
    except _No as no:
        return _refuse(mail, no)


def give_up(raw: bytes, error: Exception) -> Received:
    """List a mail on which `receive` itself came to grief, so that somebody looks at it."""
    return _refuse(_Mail(_headers_alone(raw)), _No(Why.BROKEN, f"{type(error).__name__}: {error}"[:300]))


# --- who --------------------------------------------------------------------------------------------------------


def _who(mail: _Mail, *, too_large: bool) -> None:
    """Find the case and the person, and refuse whoever is not that person or may not speak there."""
    incoming = mail.incoming
    named = next(filter(None, map(read_address, incoming.recipients)), None)
    claimed = None
    if named:
        mail.case = (
            Case.objects.select_related("municipality", "lead", "proposal").filter(pk=named[0]).first()
        )
        claimed = User.objects.filter(pk=named[1]).first()
    if incoming.automatic:
        raise _No(Why.AUTOMATIC, incoming.automatic)
    if mail.case is None or claimed is None:
        raise _No(Why.NO_ADDRESS)
    if not _is_address_of(claimed, incoming.sender):
        raise _No(Why.NOT_THE_SENDER)
    found = proof(incoming.authentication, trusted=settings.TRUSTED_AUTHSERV, sender=incoming.sender)
    if found is Proof.FAILED:
        raise _No(Why.FORGED)
    if found is Proof.MISSING:
        raise _No(Why.UNPROVEN)
    mail.user = claimed  # from here on a refusal is answered
    if not may(claimed, Can.SPEAK_IN_CASE, mail.case):
        # Nothing of the case is told to somebody who may not read it any more.
        raise _No(
            Why.NOT_ALLOWED,
            answer=_("この案件で発言する権限がありません。担当が変わったときは、後任の方か公民連携デスクにお問い合わせください。"),
        )  # fmt: skip
    if _how_many(claimed) >= MOST_AN_HOUR:
        raise _No(
            Why.TOO_MANY,
            answer=_("短い間に多くのメールが届いたため、受け付けませんでした。1時間ほどおいて送り直すか、案件のページから送信してください。"),
        )  # fmt: skip
    if mail.case.stage not in OPEN:
        raise _No(
            Why.CLOSED,
            answer=_("この案件は終了しています。続きがあるときは、担当課か公民連携デスクにご相談ください。"),
        )
    if too_large:
        raise _No(
            Why.TOO_LARGE,
            answer=_(
                "メールが大きすぎます(%(limit)s MBまで)。資料を分けるか、案件のページから載せてください。"
            )
            % {"limit": f"{settings.MAIL_IN_MAX_BYTES / 2**20:g}"},
        )


def _is_address_of(user: User, sender: str) -> bool:
    """Whether the address is one the person has proven to be theirs. (Addresses are stored in lower case.)"""
    if not sender or not user.is_active:
        return False
    if sender.lower() == user.email.lower():
        return True
    return EmailAddress.objects.filter(user=user, email__iexact=sender, verified=True).exists()


def _how_many(user: User) -> int:
    """The mails of the last hour that bear the person's proven address."""
    hour_ago = clock.now() - timedelta(hours=1)
    posts = Post.objects.filter(author=user, at__gt=hour_ago, data__has_key="mail").count()
    return posts + RefusedMail.objects.filter(user=user, at__gt=hour_ago).count()


# --- taking in --------------------------------------------------------------------------------------------------


def _take_in(mail: _Mail) -> Received:
    mail.said = split(mail.incoming.text)
    kept, declined = _look_through(mail)
    try:
        if not mail.said.body and not kept:
            raise _no_words(declined)
        received = _write(mail, kept, declined)
    except BaseException:
        for each in kept:
            discard(CaseFile, each)
        raise
    stored = {file.file.name for file in received.files}
    for each in kept:
        if each["stored"] not in stored:  # another process was faster with the same mail
            discard(CaseFile, each)
    return received


def _no_words(declined: list[dict]) -> _No:
    if declined:
        why = "\n".join(each["why"] for each in declined)
        return _No(Why.EMPTY, why, answer=_("資料を受け付けられませんでした。") + f"\n{why}")
    return _No(
        Why.EMPTY,
        answer=_(
            "新しく書かれた文が見つかりませんでした。返信は、引用した文より上に書いて送り直してください。"
        ),
    )


def _look_through(mail: _Mail) -> tuple[list[dict], list[dict]]:
    """The files of the mail, each looked through as an upload is: (kept on the disk, declined with name and why)."""
    kept, declined = [], []
    # Pictures within the text may stand in what is quoted: what colleagues wrote to each other stays inside with it.
    inside = bool(mail.said.quoted) and side_of(mail.case, mail.user)["side"] != Side.ORGANISATION
    for attached in mail.incoming.files:
        internal = attached.inline and inside
        if attached.inline and _is_there(mail.case, attached.content, internal=internal):
            continue  # the picture of a signature, sent with every answer
        try:
            file = keep(CaseFile, SimpleUploadedFile(clean_name(attached.name), attached.content))
            kept.append(file | {"internal": internal})
        except Refused as refusal:
            if not attached.inline:
                declined.append({"name": attached.name, "why": str(refusal)})
        except BaseException:
            for each in kept:
                discard(CaseFile, each)
            raise
    if mail.incoming.left_out:
        why = _("資料が多すぎます。残り%(n)d個は、もう一度に分けて送ってください。") % {
            "n": mail.incoming.left_out
        }
        declined.append({"name": _("そのほかの資料"), "why": why})
    return kept, declined


def _is_there(case: Case, content: bytes, *, internal: bool) -> bool:
    """Whether the very same bytes are a file of the case already, for the same readers."""
    for file in case.files.filter(size=len(content), internal=internal)[:5]:
        try:
            with file.file.open("rb") as stored:
                if stored.read() == content:
                    return True
        except FileNotFoundError:
            continue
    return False


def _write(mail: _Mail, kept: list[dict], declined: list[dict]) -> Received:
    """Put it on the record: the files, then the words, which move the ball as typed ones do."""
    case, user, key = mail.case, mail.user, mail.incoming.key
    data = {"mail": True} | ({"declined": declined} if declined else {})
    try:
        with transaction.atomic():
            files = tuple(
                # Files without words are counted by the first of them (see `_how_many`).
                actions.add_file(
                    case,
                    by=user,
                    key=uuid5(key, str(index)),
                    data={} if index or mail.said.body else {"mail": True},
                    **each,
                )
                for index, each in enumerate(kept)
            )
            post = None
            if mail.said.body:
                post = actions.say(
                    case, by=user, body=mail.said.body, quoted=mail.said.quoted, data=data, key=key
                )
            if declined:
                _answer(
                    mail,
                    _("受け付けられなかった資料があります"),
                    _("メールの本文は案件に届きましたが、次の資料は受け付けられませんでした。")
                    if post
                    else _("次の資料は受け付けられませんでした。ほかの資料は案件に届きました。"),
                    "\n".join(each["why"] for each in declined),
                )
    except Refused as refusal:
        raise _No(Why.REFUSED, str(refusal), answer=str(refusal)) from refusal
    except IntegrityError:
        # The same mail in another process, which committed between our look and our line.
        if (before := _taken_in(key)) is None:
            raise
        return before
    return Received("message", post=post, files=files)


def _taken_in(key: UUID) -> Received | None:
    """What became of this very mail before, if it came before."""
    if key is None:
        return None
    keys = [key, uuid5(key, "0")]
    if Post.objects.filter(key__in=keys).exists() or RefusedMail.objects.filter(key=key).exists():
        return Received("duplicate")
    return None


# --- refusing ---------------------------------------------------------------------------------------------------


def _refuse(mail: _Mail, no: _No) -> Received:
    """List the mail for the desk; a sender who is who they say is told why, once, and what to do."""
    incoming = mail.incoming
    municipality = mail.case.municipality if mail.case else _whose(incoming)
    try:
        with transaction.atomic():
            row = RefusedMail.objects.create(
                municipality=municipality,
                case=mail.case,
                user=mail.user,
                sender=incoming.sender,
                subject=incoming.subject,
                excerpt=incoming.text.strip()[:_EXCERPT],
                at=clock.now(),
                why=no.why,
                detail=tidy(no.detail),
                # Nobody has to look at what machines send; it stands in the list all the same.
                told_at=clock.now() if no.why == Why.AUTOMATIC else None,
                key=incoming.key,
            )
            if no.answer and mail.user:
                row.answered = _answer(mail, _("返信を受け付けられませんでした"), no.answer)
                row.save(update_fields=["answered"])
    except IntegrityError:
        if (before := _taken_in(incoming.key)) is None:
            raise
        return before
    log.info("a mail was not taken in: %s", no.why)
    return Received("refused", refused=row)


def _answer(mail: _Mail, title: str, *parts: str) -> bool:
    """Tell the sender, at the address of their account; whether it was done. Few an hour, whatever keeps sending."""
    hour_ago = clock.now() - timedelta(hours=1)
    answered = RefusedMail.objects.filter(user=mail.user, at__gt=hour_ago, answered=True).count()
    if answered >= MOST_ANSWERS_AN_HOUR:
        return False
    subject = mail.incoming.subject
    words = [
        _("%(name)s 様") % {"name": mail.user},
        *parts,
        _("お送りいただいたメールの件名: %(subject)s") % {"subject": subject or _("(件名なし)")},
    ]
    if may(mail.user, Can.SEE_CASE, mail.case):
        words.append(_("案件のページ:") + f" {settings.ORIGIN}{page_of(mail.case, mail.user)}")
    words.append("――――――――――\n" + _("このメールは自動でお送りしています。返信いただいてもお答えできません。"))
    queue_mail(mail.user, f"{title}: {subject}" if subject else title, "\n\n".join(words) + "\n")
    return True


def page_of(case: Case, user: User) -> str:
    """Where this person reads the case."""
    slug = case.municipality.slug
    if authority(user).organisation_ids.isdisjoint(case.organisation_ids):
        return f"/{slug}/staff/cases/{case.ref}/"
    return f"/my/cases/{slug}/{case.ref}/"


def _whose(incoming: Incoming) -> Municipality | None:
    """Which desk a mail without a good address concerns: the one whose mail it answers, or the only one there is."""
    for named in incoming.answers:
        delivery = Delivery.objects.select_related("notice").filter(pk=delivery_named(named) or 0).first()
        if delivery and delivery.notice_id:
            code = (
                Entry.objects.filter(pk=delivery.notice.entry_id)
                .values_list("municipality", flat=True)
                .first()
            )
            if found := Municipality.objects.filter(code=code).first():
                return found
    only = list(Municipality.objects.all()[:2])
    return only[0] if len(only) == 1 else None


def _headers_alone(raw: bytes) -> Incoming:
    """What can still be told of a mail whose body cannot be read."""
    try:
        return read(raw[: 1 << 18], headers_only=True)
    except Broken:
        return Incoming(key=uuid5(UUID(int=0), raw[: 1 << 18].hex()))
