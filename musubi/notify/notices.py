"""Who is told about memberships and roles. These happen in `people`, which knows nothing of notices."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from musubi.notify.registry import Letter, tells
from musubi.people.models import Member, Representative, Staff
from musubi.people.queries import desk_of, people_of, representatives_of


@tells("member.applied", _("会員の申込み(デスク)"))
def applied(entry):
    member = Member.objects.get(pk=entry.object_id)
    if member.municipality.members_need_approval:
        yield from _to_desk(
            member,
            f"会員の申込み: {member.organisation}",
            f"{member.organisation}から会員の申込みが届きました。内容を確かめて、承認するか、理由を添えて見送ってください。"
            + (f"\n\n参加の目的: {entry.data['message']}" if entry.data["message"] else ""),
        )


@tells("member.admitted", _("会員の承認"))
def admitted(entry):
    yield from _welcome(Member.objects.get(pk=entry.object_id))


@tells("member.enrolled", _("会員の登録(書面での申込み)"))
def enrolled(entry):
    yield from _welcome(Member.objects.get(pk=entry.object_id))


@tells("member.refused", _("会員の申込みの見送り"))
def refused(entry):
    member = Member.objects.get(pk=entry.object_id)
    yield from _to_organisation(
        member,
        f"会員の申込みについて: {member.municipality}",
        f"{member.organisation}の会員の申込みは、見送りとなりました。\n理由: {entry.data['reason']}\n\n"
        "内容を直して、もう一度申し込むことができます。",
    )


@tells("member.left", _("会員の退会"))
def left(entry):
    member = Member.objects.get(pk=entry.object_id)
    what = "会員を退会しました" if entry.data["was"] == "active" else "会員の申込みを取り下げました"
    title = f"{what}: {member.organisation}"
    body = f"{member.organisation}は、{member.municipality}の{what}。\n理由: {entry.data['reason']}"
    yield from _to_desk(member, title, body)
    yield from _to_organisation(member, title, body)


@tells("staff.appointed", _("職員の役割"))
def appointed(entry):
    staff = Staff.objects.get(pk=entry.object_id)
    where = f"{staff.municipality}{staff.department or ''}"
    yield Letter(
        staff.user,
        f"{staff.municipality}の{staff.get_role_display()}になりました",
        f"{where}の「{staff.get_role_display()}」として、職員画面を使えるようになりました。",
        f"/{staff.municipality.slug}/staff/",
    )


@tells("representative.invited", _("団体の担当者になったとき"))
def invited(entry):
    row = Representative.objects.get(pk=entry.object_id)
    part = "責任者" if entry.data["is_owner"] else "担当者"
    inviter = f"{entry.actor}さんが、" if entry.actor_id else ""
    yield Letter(
        row.user,
        f"{row.organisation}の{part}になりました",
        f"{inviter}あなたを{row.organisation}の{part}として登録しました。"
        "心当たりのないときは、団体の責任者か自治体の公民連携デスクにお知らせください。",
        "/my/",
    )


def _welcome(member: Member) -> Iterator[Letter]:
    yield from _to_organisation(
        member,
        f"会員になりました: {member.municipality}",
        f"{member.organisation}は、{member.municipality}の会員になりました。"
        "公開中の課題をご覧のうえ、ぜひご提案ください。",
    )


def _to_desk(member: Member, title: str, body: str) -> Iterator[Letter]:
    for user in people_of(desk_of(member.municipality_id)):
        yield Letter(user, title, body, f"/{member.municipality.slug}/staff/members/")


def _to_organisation(member: Member, title: str, body: str) -> Iterator[Letter]:
    for user in representatives_of([member.organisation_id]):
        yield Letter(user, title, body, f"/{member.municipality.slug}/")
