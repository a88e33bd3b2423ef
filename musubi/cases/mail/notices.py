"""What the desk is told of mails that were not taken in, and of files in which a virus was found."""

from django.utils.translation import gettext_lazy as _

from musubi.cases.models import Agreement, Case, RefusedMail
from musubi.notify.registry import Letter, tells
from musubi.people.models import User
from musubi.people.permissions import Can
from musubi.people.queries import answering_for, desk_of, people_of
from musubi.proposals.models import Proposal


@tells("refusedmail.reported", _("受け付けなかったメール(デスク)"))
def refused(entry):
    newest = RefusedMail.objects.filter(pk__in=entry.data["newest"]).select_related("municipality")
    rows = list(newest.order_by("-at", "-id"))
    if not rows:
        return
    city = rows[0].municipality
    lines = [
        f"- {row.sender or '(差出人なし)'}「{row.subject or '(件名なし)'}」\n  {row.get_why_display()}"
        for row in rows
    ]
    more = entry.data["count"] - len(rows)
    if more > 0:
        lines.append(f"- ほか{more}通")
    body = (
        f"返信用のアドレスに届いたメール{entry.data['count']}通を、案件のメッセージとして受け付けませんでした。\n\n"
        + "\n".join(lines)
        + "\n\n心当たりのある方のメールが含まれているときは、その方に連絡し、案件のページから送ってもらってください。"
    )
    title = f"受け付けなかったメールが{entry.data['count']}通あります"
    if city:
        for user in people_of(desk_of(city.pk)):
            yield Letter(user, title, body, f"/{city.slug}/staff/mail/?state=refused")
    else:
        # Nobody can say which municipality it was meant for: those who run the mail server look.
        for user in User.objects.filter(is_operator=True, is_active=True):
            yield Letter(user, title, body, "")


@tells("case.file_blocked", _("案件の資料からウイルスが見つかったとき"))
def case_file_blocked(entry):
    case = Case.objects.select_related("municipality", "owner", "lead").get(pk=entry.object_id)
    path = f"/{case.municipality.slug}/staff/cases/{case.ref}/"
    told = [*people_of(desk_of(case.municipality_id))]
    told += answering_for(case, owner=case.owner, department=case.lead, can=Can.SEE_CASE)
    yield from _blocked(entry, told, f"案件「{case.title}」({case.ref})", path)


@tells("proposal.file_blocked", _("提案の添付ファイルからウイルスが見つかったとき"))
def proposal_file_blocked(entry):
    proposal = Proposal.objects.select_related("municipality").get(pk=entry.object_id)
    if not proposal.ref:
        return  # a draft: nobody but its writer can open it, and submitting looks at its files again
    path = f"/{proposal.municipality.slug}/staff/proposals/{proposal.ref}/"
    told = people_of(desk_of(proposal.municipality_id))
    yield from _blocked(entry, told, f"提案「{proposal.title}」({proposal.ref})", path)


@tells("agreement.file_blocked", _("協定書のファイルからウイルスが見つかったとき"))
def agreement_file_blocked(entry):
    agreement = Agreement.objects.select_related("municipality").get(pk=entry.object_id)
    path = f"/{agreement.municipality.slug}/staff/agreements/"
    told = people_of(desk_of(agreement.municipality_id))
    yield from _blocked(entry, told, f"協定「{agreement.title}」({agreement.ref})", path)


def _blocked(entry, told, where: str, path: str):
    body = (
        f"{where}のファイル「{entry.data['name']}」からウイルス({entry.data['found']})が見つかりました。\n"
        "このファイルは、もうだれも開けません。すでに開いた人がいないか確かめ、情報システムの担当に知らせてください。"
    )
    for user in told:
        yield Letter(user, f"ウイルスが見つかりました: {entry.data['name']}", body, path)
