"""Calls: prepared, published, asked about. They open and close by the server's clock alone."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from musubi.fund import curtain
from musubi.fund.models import Application, Call, CallQuestion, Edition, Fund, Pot
from musubi.fund.ranking import forget
from musubi.fund.states import APPLICATION, CALL, EDITION, Earmark
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.lib.lifecycle import hold, move, update
from musubi.people.models import Organisation, User
from musubi.people.numbering import next_ref
from musubi.people.permissions import Can, may, require
from musubi.people.rules import check_fields

DAYS = ["first_on", "second_on", "decision_on", "payment_on", "report_on", "outcome_on"]
WORDS = ["title", "text", "opens_at", "closes_at", *DAYS]
LONGEST_QUESTION = 4000
MOST_QUESTIONS = 10


@transaction.atomic
def prepare_call(
    fund: Fund,
    *,
    by: User | None,
    edition: Edition,
    pots: list[Pot],
    title: str,
    opens_at: datetime,
    closes_at: datetime,
    text: str = "",
    **days: date | None,
) -> Call:
    """One round of a programme, by the edition that is in use. `days` are the columns in `DAYS`.

    Raises Refused for an edition that is not in use, a pot of another fund or another programme, or days that do not
    follow each other; Missing without a title or a pot.
    """
    require(by, Can.MANAGE_FUND, fund.municipality)
    _check_edition(fund, edition)
    call = Call(
        fund=fund,
        edition=edition,
        title=title.strip(),
        text=text.strip(),
        opens_at=opens_at,
        closes_at=closes_at,
        **_known(days),
    )
    _check(call)
    _check_pots(call, pots)
    call.ref = next_ref(fund.municipality_id, "call")
    call.save()
    call.pots.set(pots)
    journal.write("call.prepared", call, by=by)
    return call


@transaction.atomic
def save_call(
    call: Call, *, by: User | None, pots: list[Pot] | None = None, edition: Edition | None = None, **words
) -> None:
    """Change a call. Once it is published, its rules and its beginning stay and its end may only be put off: nobody who
    relied on them is shut out by a change. Once its window has closed it stays closed: whoever was late was refused.

    Raises Refused for such a change, for a pot of another fund or another programme, or for days that do not follow each
    other, Conflict where it moved.
    """
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    hold(call, CALL.subject)
    changes = {name: value for name, value in _known(words).items() if getattr(call, name) != value}
    if edition is not None and edition != call.edition:
        changes["edition"] = edition
    if call.state != "draft":
        if call.state != "published":
            raise Refused("受付を終えた募集の内容は変えられません。")
        if "opens_at" in changes:
            raise Refused("公開した募集の受付開始は変えられません。", field="opens_at")
        if "edition" in changes:
            raise Refused("公開した募集の制度の版は変えられません。", field="edition")
        if "closes_at" in changes and call.closes_at <= clock.now():
            raise Refused(
                "受付はもう終わっています。終わった受付を開き直すことはできません。あらためて募集するときは、新しい募集を準備してください。",
                field="closes_at",
            )
        if (changes.get("closes_at") or call.closes_at) < call.closes_at:
            raise Refused(
                "公開した募集の受付終了は、早められません。延ばすことはできます。", field="closes_at"
            )
        if pots is not None:
            raise Refused("公開した募集の財源は変えられません。", field="pots")
    if "edition" in changes:
        _check_edition(call.fund, edition)
    for name, value in changes.items():
        setattr(call, name, value)
    _check(call)
    if pots is not None or "edition" in changes:
        _check_pots(call, list(call.pots.all()) if pots is None else pots)
    if pots is not None:
        call.pots.set(pots)
    update(call, CALL.subject, guard={"state": call.state}, **(changes or {"state": call.state}))
    journal.write("call.saved", call, by=by, changed=sorted(changes))


@transaction.atomic
def publish_call(call: Call, *, by: User | None) -> None:
    """Everybody can read it from now on; applications are taken from `opens_at` to `closes_at`.

    Raises Refused where it would be over already, where a newer edition is in use by now, or where a pot belongs to
    another programme.
    """
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    hold(call, CALL.subject)
    CALL.require(call.state, "published")
    _check_edition(call.fund, call.edition)
    _check_pots(call, list(call.pots.all()))
    if call.closes_at <= clock.now():
        raise Refused("受付終了の日時が過ぎています。日時を直してから公開してください。", field="closes_at")
    move(call, CALL, "published", published_at=clock.now())
    journal.write(
        "call.published",
        call,
        by=by,
        opens_at=call.opens_at.isoformat(),
        closes_at=call.closes_at.isoformat(),
    )


@transaction.atomic
def cancel_call(call: Call, *, by: User | None, reason: str) -> None:
    """The call is given up before its results were released. What was filed ends with it, as withdrawn and with the reason;
    drafts stay with the organisations, which can still read them.

    Raises Missing without a reason. Follows: whoever has filed is told.
    """
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    reason = reason.strip()
    if not reason:
        raise Missing("中止の理由を入力してください。申請した団体にもお知らせします。", field="reason")
    hold(call, CALL.subject)
    # Whoever files, scores or checks meanwhile waits, and is then told that it is over.
    rows = Application.objects.select_for_update(no_key=True).filter(call=call).order_by("pk")
    over = ("draft", "withdrawn")
    # Who was told of having failed the first screening has had the result.
    applications = [row for row in rows if row.state not in over and not curtain.is_out(row.state, call)]
    move(call, CALL, "cancelled")
    for application in applications:
        move(application, APPLICATION, "withdrawn", reason=f"募集の中止: {reason}")
        journal.write("application.withdrawn", application, by=by, reason=application.reason)
    forget([application.pk for application in applications])
    journal.write("call.cancelled", call, by=by, reason=reason, applications=len(applications))


@transaction.atomic
def finish_call(call: Call, *, by: User | None) -> None:
    """The secretariat closes a released call: every award of it has come to its end, and nobody waits in reserve.

    Raises Refused where the results are not out, or while one still runs. What was settled has come to its end where the
    call asks for no outcome, else once the outcome is reported.
    """
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    hold(call, CALL.subject)
    CALL.require(call.state, "finished")
    if running := still_running(call):
        raise Refused(
            f"まだ終わっていない事業が{running}件あります(補欠・報告・精算・成果の報告など)。すべて終わってから終了にしてください。"
        )
    move(call, CALL, "finished")
    journal.write("call.finished", call, by=by)


def still_running(call: Call) -> int:
    """How many of a released call's applications wait in reserve, or are awarded and not at their end."""
    states = ["reserve", "awarded", "change_requested", "advanced", "reported", "fixed"]
    if call.outcome_on is not None:
        states.append("settled")
    return call.applications.filter(state__in=states).count()


@transaction.atomic
def ask(
    call: Call,
    *,
    by: User,
    question: str,
    organisation: Organisation | None = None,
    key: UUID | None = None,
) -> CallQuestion:
    """A member asks about a call, from its publication until it closes. Shown to everybody once it is answered, without
    a name. `key` names the form: sent twice, asked once.

    Raises Missing without words, NotAllowed for somebody who does not act for the organisation, Refused when the call
    takes no questions any more, and beyond `MOST_QUESTIONS` of a person in a day, to whatever calls.
    """
    if organisation is not None and not may(by, Can.APPLY_TO_FUND, organisation):
        raise NotAllowed
    sent_before = CallQuestion.objects.filter(key=key, call=call, asked_by=by)
    if key and (known := sent_before.first()):
        return known
    question = question.strip()
    if not question:
        raise Missing("質問を入力してください。", field="question")
    if len(question) > LONGEST_QUESTION:
        raise Refused(f"質問は{LONGEST_QUESTION:,}字までです。", field="question")
    if call.state != "published" or clock.now() >= call.closes_at:
        raise Refused("この募集への質問の受付は終わりました。事務局にお問い合わせください。")
    # Two questions of one person wait for each other: each counts the other.
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    if key and (known := sent_before.first()):
        return known
    since = clock.now() - timedelta(days=1)
    if CallQuestion.objects.filter(asked_by=by, asked_at__gt=since).count() >= MOST_QUESTIONS:
        raise Refused(
            f"質問は、お一人1日に{MOST_QUESTIONS}件までです。明日もう一度お試しいただくか、事務局にお問い合わせください。"
        )
    try:
        with transaction.atomic():
            asked = CallQuestion.objects.create(
                call=call,
                key=key,
                organisation=organisation,
                asked_by=by,
                question=question,
                asked_at=clock.now(),
            )
    except IntegrityError as error:
        if key and (known := sent_before.first()):
            return known
        raise Conflict("この画面からは、もう質問できません。募集の画面を開き直してください。") from error
    journal.write("call.asked", call, by=by, question=asked.pk)
    return asked


@transaction.atomic
def answer(question: CallQuestion, *, by: User | None, words: str) -> None:
    """The secretariat answers; question and answer are public from now on, and an answer can be put right.

    Raises Missing without words.
    """
    call = question.call
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    if not words.strip():
        raise Missing("回答を入力してください。", field="answer")
    update(
        question,
        "質問",
        guard={"answer": question.answer},
        answer=words.strip(),
        answered_at=clock.now(),
        answered_by=by,
    )
    journal.write("call.answered", call, by=by, question=question.pk)


def _known(words: dict) -> dict:
    if unknown := set(words) - set(WORDS):
        raise TypeError(f"not words of a call: {sorted(unknown)}")
    return {name: value.strip() if isinstance(value, str) else value for name, value in words.items()}


def _check(call: Call) -> None:
    if not call.title:
        raise Missing("募集名を入力してください。", field="title")
    for name in ("opens_at", "closes_at"):
        if getattr(call, name) is None:
            label = call._meta.get_field(name).verbose_name
            raise Missing(f"「{label}」の日時を入力してください。", field=name)
    if call.closes_at <= call.opens_at:
        raise Refused("受付終了は、受付開始より後にしてください。", field="closes_at")
    before = call.closes_at.astimezone(clock.TOKYO).date()
    for name in DAYS:
        day = getattr(call, name)
        if day is None:
            continue
        if day < before:
            label = call._meta.get_field(name).verbose_name
            raise Refused(
                f"「{label}」が、その前の日程({before:%Y年%-m月%-d日})より早くなっています。", field=name
            )
        before = day
    check_fields(call, only=["title"])


def _check_edition(fund: Fund, edition: Edition) -> None:
    hold(edition, EDITION.subject)
    if edition.state != "in_use" or edition.programme.municipality_id != fund.municipality_id:
        raise Refused("募集には、使用中の版を選んでください。", field="edition")


def _check_pots(call: Call, pots: list[Pot]) -> None:
    if not pots:
        raise Missing("財源を1つ以上選んでください。", field="pots")
    for pot in pots:
        if pot.fund_id != call.fund_id:
            raise Refused("財源は、このファンドのものを選んでください。", field="pots")
        if pot.earmark == Earmark.PROGRAMME and pot.programme_id != call.edition.programme_id:
            raise Refused(
                f"財源「{pot}」は、その制度のために寄せられたお金です。"
                f"「{call.edition.programme}」の募集には使えません。",
                field="pots",
            )
