"""Who is told what about proposals."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from musubi.ball.queries import holding
from musubi.lib.clock import TOKYO
from musubi.lib.era import format_date
from musubi.notify.registry import Letter, tells
from musubi.people.models import Department
from musubi.people.permissions import Can, may
from musubi.people.queries import desk_of, people_of, representatives_of
from musubi.proposals.models import Proposal, Referral
from musubi.proposals.states import Answer, DeclineReason
from musubi.proposals.watched import QUESTIONS


def _staff_path(proposal: Proposal) -> str:
    return f"/{proposal.municipality.slug}/staff/proposals/{proposal.ref}/"


def _my_path(proposal: Proposal) -> str:
    return f"/my/proposals/{proposal.pk}/"


def _to_proposers(proposal: Proposal, title: str, body: str):
    for user in representatives_of([proposal.organisation_id]):
        yield Letter(user, title, body, _my_path(proposal))


def _day(entry) -> str:
    return format_date(date.fromisoformat(entry.data["due_on"]))


@tells("proposal.submitted", _("提案の受付"), always=True)
def submitted(entry):
    proposal = Proposal.objects.get(pk=entry.object_id)
    at = proposal.submitted_at.astimezone(TOKYO)
    body = (
        f"{proposal.municipality}あての提案「{proposal.title}」を受け付けました。\n\n"
        f"受付番号: {proposal.ref}\n受付日時: {format_date(at.date())} {at:%H:%M}\n団体: {proposal.organisation}"
    )
    if proposal.holder:
        body += f"\n\n今は{proposal.holder}が確認しています。{format_date(proposal.ball_due_on)}までに次のご連絡をします。"
    yield from _to_proposers(proposal, f"提案を受け付けました({proposal.ref})", body)
    for user in people_of(desk_of(proposal.municipality_id)):
        yield Letter(
            user,
            f"提案が届きました: {proposal.title}",
            f"{proposal.organisation}から{proposal.get_track_display()}の提案「{proposal.title}」({proposal.ref})が"
            "届きました。照会先を決めてください。",
            _staff_path(proposal),
        )


@tells("proposal.routed", _("提案の照会"))
def routed(entry):
    proposal = Proposal.objects.get(pk=entry.object_id)
    for department in Department.objects.filter(pk__in=entry.data["departments"]):
        for user in people_of(department):
            yield Letter(
                user,
                f"提案の照会: {proposal.title}",
                f"{proposal.organisation}の提案「{proposal.title}」({proposal.ref})について、"
                f"{_day(entry)}までに回答してください。\n\n{entry.data['question']}",
                _staff_path(proposal),
            )
    yield from _to_proposers(
        proposal,
        f"提案を担当課に照会しています({proposal.ref})",
        f"提案「{proposal.title}」を{'、'.join(entry.data['names'])}に照会しました。",
    )


@tells("proposal.nudged", _("照会への回答の催促"))
def nudged(entry):
    proposal = Proposal.objects.get(pk=entry.object_id)
    words = [f"提案「{proposal.title}」({proposal.ref})の照会に、まだ回答がありません。期限: {_day(entry)}"]
    if entry.data["note"]:
        words.append(f"{entry.actor}さんから: {entry.data['note']}")
    for user in holding(QUESTIONS, proposal.municipality, entry.data["routing"]):
        yield Letter(user, f"回答をお願いします: {proposal.title}", "\n\n".join(words), _staff_path(proposal))


@tells("proposal.handed", _("提案のボールが渡された"))
def handed(entry):
    proposal = Proposal.objects.get(pk=entry.object_id)
    for user in people_of(Department.objects.get(pk=entry.data["department"])):
        yield Letter(
            user,
            f"次をお願いします: {proposal.title}",
            f"{entry.data['next_step']}\n期限: {_day(entry)}\n\n提案「{proposal.title}」({proposal.ref})",
            _staff_path(proposal),
        )


@tells("proposal.answered", _("照会への回答"))
def answered(entry):
    proposal = Proposal.objects.get(pk=entry.object_id)
    for user in people_of(desk_of(proposal.municipality_id)):
        yield Letter(
            user,
            f"照会への回答: {proposal.title}",
            f"{entry.data['department']}が「{Answer(entry.data['answer']).label}」と回答しました。\n\n"
            f"{entry.data['comment']}",
            _staff_path(proposal),
        )


@tells("proposal.declined", _("提案の見送り"))
def declined(entry):
    proposal = Proposal.objects.get(pk=entry.object_id)
    yield from _to_proposers(
        proposal,
        f"ご提案への回答({proposal.ref})",
        f"{proposal.municipality}あての提案「{proposal.title}」は、今回は見送らせていただくことになりました。\n\n"
        f"理由: {DeclineReason(entry.data['reason']).label}\n\n{entry.data['feedback']}",
    )


@tells("proposal.withdrawn", _("提案の取下げ"))
def withdrawn(entry):
    proposal = Proposal.objects.get(pk=entry.object_id)
    for user in people_of(desk_of(proposal.municipality_id)):
        yield Letter(
            user,
            f"提案が取り下げられました: {proposal.title}",
            f"{proposal.organisation}が提案「{proposal.title}」({proposal.ref})を取り下げました。\n\n"
            f"{entry.data['reason']}",
            _staff_path(proposal),
        )


# --- second match ------------------------------------------------------------------------------------------------


def _to_referrers(entry, title: str, body: str):
    """The desk, and whoever offered it while they may still read the proposal."""
    referral = Referral.objects.select_related("proposal__municipality", "offered_by").get(
        pk=entry.data["referral"]
    )
    proposal = referral.proposal
    people = {user.pk: user for user in people_of(desk_of(proposal.municipality_id))}
    if may(referral.offered_by, Can.SEE_PROPOSAL, proposal):
        people[referral.offered_by_id] = referral.offered_by
    for user in people.values():
        yield Letter(user, title, body, _staff_path(proposal))


@tells("proposal.referral_offered", _("提案をほかで検討してよいかの問合せ"))
def referral_offered(entry):
    referral = Referral.objects.select_related("proposal__municipality").get(pk=entry.data["referral"])
    proposal = referral.proposal
    if referral.state != "offered":
        return
    for user in representatives_of([proposal.organisation_id]):
        yield Letter(
            user,
            f"ほかで検討してもよいですか: {proposal.title}",
            f"{proposal.municipality}から、見送りとなった提案「{proposal.title}」({proposal.ref})を「{entry.data['to']}」で"
            f"検討してはどうか、という問合せが届きました。\n\n{referral.reason}\n\n"
            f"同意いただくまで、相手に提案の内容は伝わりません。{format_date(referral.expires_on)}までにお返事ください。",
            f"/my/referrals/{referral.pk}/",
        )


@tells("proposal.referral_consented", _("紹介への同意"))
def referral_consented(entry):
    proposal = Proposal.objects.get(pk=entry.object_id)
    where = entry.data["to"]
    if entry.data["elsewhere"]:
        what = f"「{where}」に提案する下書きができました。提出するかどうかは団体が決めます。"
    elif entry.data["department"]:
        what = f"{where}に照会しました。"
    else:
        what = f"課題「{where}」への提案として受け付け直しました。照会先を決めてください。"
    said = f"\n\n{entry.data['words']}" if entry.data["words"] else ""
    yield from _to_referrers(
        entry,
        f"紹介に同意がありました: {proposal.title}",
        f"提案「{proposal.title}」({proposal.ref})の紹介に、団体が同意しました。{what}{said}",
    )


@tells("proposal.referral_refused", _("紹介の辞退"))
def referral_refused(entry):
    proposal = Proposal.objects.get(pk=entry.object_id)
    said = f"\n\n{entry.data['words']}" if entry.data["words"] else ""
    yield from _to_referrers(
        entry,
        f"紹介は辞退されました: {proposal.title}",
        f"提案「{proposal.title}」({proposal.ref})を「{entry.data['to']}」に紹介することを、団体は望んでいません。"
        f"提案の内容は伝わっていません。{said}",
    )


@tells("proposal.referral_lapsed", _("紹介の期限切れ"))
def referral_lapsed(entry):
    proposal = Proposal.objects.get(pk=entry.object_id)
    title = f"紹介の期限が過ぎました: {proposal.title}"
    body = f"提案「{proposal.title}」({proposal.ref})を「{entry.data['to']}」に紹介する問合せは、お返事がないまま期限が過ぎました。"
    yield from _to_referrers(entry, title, body)
    yield from _to_proposers(proposal, title, body + "提案の内容は伝わっていません。")


@tells("proposal.referral_withdrawn", _("紹介の取りやめ"))
def referral_withdrawn(entry):
    proposal = Proposal.objects.get(pk=entry.object_id)
    yield from _to_proposers(
        proposal,
        f"紹介の問合せは取りやめになりました: {proposal.title}",
        f"提案「{proposal.title}」({proposal.ref})を「{entry.data['to']}」に紹介する問合せは、取りやめになりました。"
        f"提案の内容は伝わっていません。\n\n{entry.data['reason']}",
    )
