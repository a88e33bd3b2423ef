"""Who is told what about cases: whoever has the ball, and whoever waits for an answer."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from musubi.ball.queries import holding
from musubi.cases.mail.address import reply_address
from musubi.cases.models import Case, Post
from musubi.cases.states import CASE, OPEN
from musubi.cases.watched import CASES
from musubi.lib.era import format_date
from musubi.notify.registry import Letter, tells
from musubi.people.models import User
from musubi.people.permissions import Can, may
from musubi.people.queries import answering_for, people_of, representatives_of


def _staff_letter(case: Case, user: User, title: str, body: str) -> Letter:
    return Letter(
        user, title, body, f"/{case.municipality.slug}/staff/cases/{case.ref}/", **by_mail(case, user)
    )


def _partner_letter(case: Case, user: User, title: str, body: str) -> Letter:
    return Letter(user, title, body, f"/my/cases/{case.municipality.slug}/{case.ref}/", **by_mail(case, user))


def _inner_letter(case: Case, user: User, title: str, body: str) -> Letter:
    """To a colleague, with words of a colleague: an answer by mail would tell them to the organisation."""
    return replace(_staff_letter(case, user, title, body), reply_to="")


def by_mail(case: Case, user: User) -> dict:
    """What lets a `Letter` about this case be answered by mail while it is open, and mail programs keep them together."""
    answers = case.stage in OPEN and may(user, Can.SPEAK_IN_CASE, case)
    return {"reply_to": reply_address(case.pk, user.pk) if answers else "", "thread": f"case-{case.pk}"}


def _to_organisations(case: Case, title: str, body: str):
    for user in representatives_of(case.organisation_ids):
        yield _partner_letter(case, user, title, body)


def _to_staff(case: Case, title: str, body: str):
    """The owner, or the people of the lead department where the owner has left."""
    for user in answering_for(case, owner=case.owner, department=case.lead, can=Can.SEE_CASE):
        yield _staff_letter(case, user, title, body)


@tells("case.opened", _("案件の開始"))
def opened(entry):
    case = Case.objects.get(pk=entry.object_id)
    yield from _to_staff(
        case, f"案件を担当してください: {case.title}", f"案件「{case.title}」({case.ref})が始まりました。"
    )
    yield from _to_organisations(
        case,
        f"対話が始まりました: {case.title}",
        f"{case.municipality}の{case.lead}が、案件「{case.title}」({case.ref})を開きました。"
        "これからのやり取りは、この案件の中で行えます。",
    )


@tells("case.reopened", _("案件の再開"))
def reopened(entry):
    case = Case.objects.get(pk=entry.object_id)
    yield from _to_staff(
        case, f"案件を担当してください: {case.title}", f"案件「{case.title}」({case.ref})が再び始まりました。"
    )
    yield from _to_organisations(
        case,
        f"対話が再び始まりました: {case.title}",
        f"{case.municipality}の{case.lead}が、案件「{case.title}」({case.ref})の対話を再開しました。"
        "これまでのやり取りは、そのまま残っています。",
    )


@tells("case.spoken", _("案件のメッセージ"))
def spoken(entry):
    case = Case.objects.get(pk=entry.object_id)
    post = Post.objects.select_related("author").get(pk=entry.data["post"])
    title = f"メッセージ: {case.title}"
    body = f"{post.author}さんから:\n\n{post.body}"
    if entry.data["side"] == "organisation":
        yield from _to_staff(case, title, body)
        others = set(case.organisation_ids) - {post.organisation_id}
        for user in representatives_of(others) if others else ():
            yield _partner_letter(case, user, title, body)
    else:
        yield from _to_organisations(case, title, body)


@tells("case.handed", _("ボールが渡された"))
def handed(entry):
    case = Case.objects.get(pk=entry.object_id)
    if case.holder is None:
        return
    title = f"次をお願いします: {case.title}"
    body = f"{entry.data['next_step']}\n期限: {format_date(case.ball_due_on)}"
    if case.ball_organisation_id:
        for user in representatives_of([case.ball_organisation_id]):
            yield _partner_letter(case, user, title, body)
    elif case.ball_department_id == case.lead_id:
        yield from _to_staff(case, title, body)
    else:
        for user in people_of(case.ball_department):
            yield _staff_letter(case, user, title, body)


@tells("case.nudged", _("催促"))
def nudged(entry):
    case = Case.objects.get(pk=entry.object_id)
    title = f"ご確認をお願いします: {case.title}"
    words = [entry.data["note"], f"次にすること: {case.ball_next}"]
    if case.ball_due_on:
        words.append(f"期限: {format_date(case.ball_due_on)}")
    body = f"{entry.actor}さんから、案件「{case.title}」({case.ref})についての確認です。\n\n" + "\n".join(
        filter(None, words)
    )
    partners = set(representatives_of([case.ball_organisation_id])) if case.ball_organisation_id else set()
    for user in holding(CASES, case.municipality, case.pk):
        yield (_partner_letter if user in partners else _inner_letter)(case, user, title, body)


@tells("case.advanced", _("段階の変更"))
def advanced(entry):
    case = Case.objects.get(pk=entry.object_id)
    label = CASE[entry.data["to"]].public
    yield from _to_organisations(
        case, f"「{label}」に進みました: {case.title}", f"案件「{case.title}」が「{label}」に進みました。"
    )
    yield from _to_staff(
        case, f"「{label}」に進みました: {case.title}", f"案件「{case.title}」が「{label}」に進みました。"
    )


@tells("case.closed", _("案件の見送り"))
def closed(entry):
    case = Case.objects.get(pk=entry.object_id)
    # A case with a proposal tells the organisation through the proposal's own notice.
    if case.proposal_id is None:
        yield from _to_organisations(
            case,
            f"連携の見送り: {case.title}",
            f"案件「{case.title}」は、今回は見送らせていただくことになりました。\n\n"
            f"理由: {case.get_close_reason_display()}\n\n{entry.data['feedback']}",
        )


@tells("case.withdrawn", _("団体からの取下げ"))
def withdrawn(entry):
    case = Case.objects.get(pk=entry.object_id)
    yield from _to_staff(
        case,
        f"取下げ: {case.title}",
        f"団体が案件「{case.title}」を取り下げました。\n\n{entry.data['reason']}",
    )


@tells("case.reassigned", _("担当者の変更"))
def reassigned(entry):
    case = Case.objects.get(pk=entry.object_id)
    yield _inner_letter(
        case,
        case.owner,
        f"案件の担当になりました: {case.title}",
        f"{entry.data['before']}さんから引き継ぎました。{entry.data['reason']}",
    )
