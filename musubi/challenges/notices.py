"""Who is told what about challenges."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from musubi.challenges.models import Challenge
from musubi.challenges.states import Visibility
from musubi.lib.era import format_date
from musubi.notify.registry import Letter, tells
from musubi.people.permissions import Can
from musubi.people.queries import answering_for, desk_of, members_of, people_of, representatives_of


def _staff_path(challenge: Challenge) -> str:
    return f"/{challenge.municipality.slug}/staff/challenges/{challenge.ref}/"


def _public_path(challenge: Challenge) -> str:
    return f"/{challenge.municipality.slug}/challenges/{challenge.ref}/"


def _to_owner(challenge: Challenge, title: str, body: str):
    department = challenge.department
    for user in answering_for(challenge, owner=challenge.owner, department=department, can=Can.SEE_CHALLENGE):
        yield Letter(user, title, body, _staff_path(challenge))


@tells("challenge.submitted", _("課題の確認依頼(デスク)"))
def submitted(entry):
    challenge = Challenge.objects.get(pk=entry.object_id)
    for user in people_of(desk_of(challenge.municipality_id)):
        yield Letter(
            user,
            f"課題の確認依頼: {challenge.title}",
            f"{challenge.department}から課題「{challenge.title}」({challenge.ref})の確認依頼が届きました。"
            "内容を確かめて、公開するか、指摘を添えて差し戻してください。",
            _staff_path(challenge),
        )


@tells("challenge.returned", _("課題の差戻し"))
def returned(entry):
    challenge = Challenge.objects.get(pk=entry.object_id)
    yield from _to_owner(
        challenge,
        f"課題の差戻し: {challenge.title}",
        f"デスクから指摘がありました。直してから、もう一度確認を依頼してください。\n\n{entry.data['remarks']}",
    )


@tells("challenge.published", _("課題の公開"))
def published(entry):
    challenge = Challenge.objects.get(pk=entry.object_id)
    yield from _to_owner(
        challenge,
        f"課題を公開しました: {challenge.title}",
        f"課題「{challenge.title}」({challenge.ref})が公開されました。",
    )
    yield from _to_members(challenge, entry.data["visibility"])


@tells("challenge.widened", _("新しい課題(会員)"), mail=False)
def widened(entry):
    challenge = Challenge.objects.get(pk=entry.object_id)
    yield from _to_members(challenge, entry.data["visibility"])


@tells("challenge.expiring", _("掲載期限が近い課題"))
def expiring(entry):
    challenge = Challenge.objects.get(pk=entry.object_id)
    day = format_date(date.fromisoformat(entry.data["expires_on"]))
    yield from _to_owner(
        challenge,
        f"まもなく掲載期限です: {challenge.title}",
        f"課題「{challenge.title}」({challenge.ref})は{day}に一覧から消えます。続けて募集するときは、掲載期限を延ばしてください。",
    )


@tells("challenge.closed", _("課題の終了"))
def closed(entry):
    challenge = Challenge.objects.get(pk=entry.object_id)
    yield from _to_owner(
        challenge,
        f"課題が終了しました: {challenge.title}",
        f"課題「{challenge.title}」({challenge.ref})は「{challenge.get_close_reason_display()}」で終了しました。"
        "続けて募集するときは、再公開できます。",
    )


def _to_members(challenge: Challenge, visibility: int):
    if visibility < Visibility.MEMBERS:
        return
    organisations = members_of(challenge.municipality).values("organisation")
    for user in representatives_of(organisations):
        yield Letter(
            user,
            f"新しい課題: {challenge.title}",
            f"{challenge.municipality}が課題「{challenge.title}」を公開しました。",
            _public_path(challenge),
        )
