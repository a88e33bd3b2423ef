"""A person's proposals: the list, one of them, the receipt, taking back and throwing away."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.cases.models import Case
from musubi.cases.queries import of_organisations as cases_of
from musubi.cases.queries import visible_to as visible_cases
from musubi.cases.states import OPEN as OPEN_STAGES
from musubi.lib.errors import Refused
from musubi.outcomes.models import Outcome
from musubi.people.permissions import Can
from musubi.proposals import actions
from musubi.proposals.models import Attachment, Proposal
from musubi.proposals.queries import of_organisations, visible_to
from musubi.proposals.states import OPEN, PROPOSAL, WAITING, Answer, DeclineReason
from musubi.www.access import fetch
from musubi.www.files import serve
from musubi.www.partner.forms_organisations import ReasonForm
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.turns import Turn, case_turn, closing_days, proposal_turn
from musubi.www.partner.typed import keeps_words
from musubi.www.partner.words import story_of
from musubi.www.templatetags.pieces import wareki

ROWS = 20
GROUPS = {
    "open": Q(state__in=OPEN),
    "draft": Q(state="draft"),
    "closed": Q(state__in=PROPOSAL.closed),
}


def proposals(request):
    """All proposals of the person's organisations, last saved first, by group."""
    rows = of_organisations(request.user)
    asked = request.GET.get("state", "")
    counts = rows.order_by().aggregate(
        all=Count("pk"), **{name: Count("pk", filter=wanted) for name, wanted in GROUPS.items()}
    )
    labels = {"open": _("進行中"), "draft": _("下書き"), "closed": _("終わったもの")}
    tabs = [(_("すべて"), "?", asked not in GROUPS, counts["all"])]
    tabs += [(label, f"?state={name}", asked == name, counts[name]) for name, label in labels.items()]
    shown = rows.filter(GROUPS[asked]) if asked in GROUPS else rows
    found = Paginator(shown, ROWS).get_page(request.GET.get("page"))
    turns = _turns(request.user, list(found))
    return page(
        request,
        "proposals",
        _("提案"),
        rows=found,
        items=[
            {
                "proposal": row,
                "state": PROPOSAL[row.state],
                "href": _href(row),
                "turn": turns.get(row.pk),
            }
            for row in found
        ],
        tabs=tabs,
    )


def proposal(request, pk):
    """One submitted proposal: in whose hands, what happened so far, and what was sent in."""
    row = fetch(request, of_organisations(request.user), Can.SEE_PROPOSAL, pk=pk)
    if row.state == "draft":
        return redirect("my-proposal-edit", row.pk)
    waiting = row.state in WAITING
    case = visible_cases(request.user).filter(proposal=row).select_related("municipality").first()
    asked = row.routings.filter(answer=Answer.WAITING).select_related("department").order_by("due_on", "id")
    return page(
        request,
        "proposal",
        str(row),
        crumbs=[(_("提案"), reverse("my-proposals"))],
        proposal=row,
        state=PROPOSAL[row.state],
        turn=_turns(request.user, [row]).get(row.pk),
        asked=list(asked) if row.state == "routing" and len(asked) > 1 else [],
        case=case,
        chain=_chain(row, case),
        decline_reason=DeclineReason(row.decline_reason).label if row.state == "declined" else "",
        story=story_of(row),
        # Once a case is open, the organisation leaves there.
        may_withdraw=waiting,
    )


def _turns(user, rows: list[Proposal]) -> dict[int, Turn]:
    """Whose turn it is on each open one of `rows`, by its key: its own ball, or its case's once there is one."""
    closed = closing_days({row.municipality_id for row in rows})
    found = {row.pk: proposal_turn(row, closed[row.municipality_id]) for row in rows if row.state in WAITING}
    for case in cases_of(user).filter(proposal__in=rows, stage__in=OPEN_STAGES):
        found[case.proposal_id] = case_turn(case, user, closed[case.municipality_id])
    return found


def receipt(request, pk):
    """The receipt: number and time, to be printed."""
    row = fetch(request, of_organisations(request.user), Can.SEE_PROPOSAL, pk=pk)
    if row.state == "draft":
        return redirect("my-proposal-edit", row.pk)
    return page(
        request,
        "receipt",
        _("受付の控え"),
        crumbs=[
            (_("提案"), reverse("my-proposals")),
            (str(row), reverse("my-proposal", args=[row.pk])),
        ],
        proposal=row,
        following=_following(row),
        actions=[
            (_("提案の状況を見る"), reverse("my-proposal", args=[row.pk]), "primary"),
            (_("「今日」の画面に戻る"), reverse("my"), ""),
        ],
    )


def _following(row) -> list[str]:
    """What happens next, for the receipt."""
    if row.state == "submitted":
        first = _("%(who)sが内容を確認し、%(day)sまでに担当課につなぎます。") % {
            "who": row.holder.display_name,
            "day": wareki(row.ball_due_on),
        }
    else:
        first = _("公民連携デスクが内容を確認し、担当課につなぎます。")
    return [
        first,
        _("担当課の検討が進むたびに、お知らせとメールが届きます。"),
        _("対話が始まると連携案件が開き、自治体と同じ画面でやり取りできます。"),
    ]


@keeps_words
def withdraw(request, pk):
    """Asks once, with room for a reason, then takes the proposal back."""
    row = fetch(request, of_organisations(request.user), Can.WRITE_PROPOSAL, pk=pk)
    case = visible_cases(request.user).filter(proposal=row, stage__in=OPEN_STAGES).first()
    if case:
        return redirect("my-case-withdraw", row.municipality.slug, case.ref)
    if row.state not in WAITING:
        messages.info(request, _("この提案は、いまは取り下げられません。"))
        return redirect("my-proposal", row.pk)
    form = ReasonForm(
        request.POST or None,
        label=_("取下げの理由"),
        help_text=_("自治体の担当者が読みます。書かなくても取り下げられます。"),
        required=False,
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.withdraw(row, by=request.user, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("提案を取り下げました。"))
            return redirect("my-proposal", row.pk)
    return page(
        request,
        "confirm",
        _("提案を取り下げる"),
        crumbs=[
            (_("提案"), reverse("my-proposals")),
            (str(row), reverse("my-proposal", args=[row.pk])),
        ],
        lead=_("「%(title)s」(%(ref)s)を取り下げます。取り下げた提案は元に戻せませんが、新しく出し直せます。")
        % {"title": row, "ref": row.ref},
        form=form,
        submit_label=_("取り下げる"),
        back=reverse("my-proposal", args=[row.pk]),
        status=422 if request.method == "POST" else 200,
    )


def discard(request, pk):
    """Asks once, then throws a draft away."""
    row = fetch(request, of_organisations(request.user), Can.WRITE_PROPOSAL, pk=pk)
    if row.state != "draft":
        return redirect("my-proposal", row.pk)
    if request.method == "POST":
        actions.discard(row, by=request.user)
        messages.success(request, _("下書きを削除しました。"))
        return redirect("my-proposals")
    return page(
        request,
        "confirm",
        _("下書きを削除する"),
        crumbs=[
            (_("提案"), reverse("my-proposals")),
            (str(row), reverse("my-proposal-edit", args=[row.pk])),
        ],
        lead=_("「%(title)s」の下書きと添付ファイルを削除します。元には戻せません。") % {"title": row},
        submit_label=_("削除する"),
        back=reverse("my-proposal-edit", args=[row.pk]),
    )


def proposal_file(request, pk, file):
    """One attached file, for whoever may read the proposal: the organisation, and staff once it is submitted."""
    row = fetch(request, visible_to(request.user), pk=pk)
    return serve(get_object_or_404(Attachment, proposal=row, pk=file))


def _href(row) -> str:
    return reverse("my-proposal-edit" if row.state == "draft" else "my-proposal", args=[row.pk])


def _chain(row, case: Case | None) -> list[dict]:
    steps = []
    if row.challenge_id:
        href = reverse("challenge", args=[row.municipality.slug, row.challenge.ref])
        steps.append({"kind": _("課題"), "icon": "flag", "title": row.challenge.title, "href": href})
    steps.append({"kind": _("提案"), "icon": "document", "title": str(row), "current": True, "note": row.ref})
    found = {"kind": _("連携案件"), "icon": "board"}
    if case:
        href = reverse("my-case", args=[case.municipality.slug, case.ref])
        found |= {"title": case.title, "href": href, "note": case.ref}
    steps.append(found)
    outcome, story = {"kind": _("成果"), "icon": "star"}, {"kind": _("連携事例"), "icon": "book"}
    if case and case.outcome_count:
        newest = (
            Outcome.objects.filter(case=case).select_related("story").order_by("-started_on", "-pk").first()
        )
        outcome |= {"title": newest.title, "note": newest.get_kind_display()}
        told = getattr(newest, "story", None)
        if told and told.state == "published":
            story |= {"title": told.title, "href": reverse("story", args=[row.municipality.slug, told.ref])}
    return [*steps, outcome, story]
