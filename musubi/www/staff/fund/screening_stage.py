"""One stage of a call's screening: who scores what, how far it is, who is late; handing out, taking back, reminding."""

from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    DateTimeField,
    Exists,
    F,
    Max,
    OuterRef,
    Prefetch,
    Q,
    Value,
    When,
)
from django.db.models.functions import Cast
from django.http import Http404
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.fund import actions
from musubi.fund.actions.screening import IN_STAGE, lacking, outlook, tied_sheets
from musubi.fund.models import Application, Assignment, Call, CommitteeMember
from musubi.fund.ranking import STANDING
from musubi.fund.states import ASSIGNMENT, Stage
from musubi.fund.ties import tied_organisations
from musubi.lib import clock
from musubi.lib.errors import NotAllowed, Refused
from musubi.people.permissions import Can
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.frame import attempt, page_of, posted, status_of
from musubi.www.staff.fund.frame import may_manage
from musubi.www.staff.fund.screening_first import card
from musubi.www.staff.fund.screening_frame import call_of, call_page, press, stage_or_404

MOST_TIES = 300
PER_PAGE, MOST_MEMBERS = 10, 10
# What a member's sheets of a stage are counted as, by their state.
COUNTED = {
    "given": ["assigned", "scored"],
    "scored": ["scored"],
    "left": ["assigned"],
    "recused": ["recused"],
}
NOTHING = {**dict.fromkeys([*COUNTED, "late"], 0), "nudged": None}
SHOW = {
    "all": gettext_lazy("すべて"),
    "waiting": gettext_lazy("採点がそろっていない"),
    "short": gettext_lazy("委員が足りない"),
}


@require_safe
def stage(request, city: str, ref: str, stage: str):
    """Progress by member and by application; what the secretariat does next stands on top."""
    municipality, call = call_of(request, city, ref)
    stage = stage_or_404(stage)
    today = clock.today()
    given = Assignment.objects.filter(application=OuterRef("pk"), stage=stage)
    counts = {
        state: (n, bare)
        for state, n, bare in Application.objects.filter(call=call)
        .order_by()
        .values_list("state")
        .annotate(n=Count("*"), bare=Count("pk", filter=~Exists(given)))
    }
    states = {state: n for state, (n, _bare) in counts.items()}
    count, everybody = states.get(IN_STAGE[stage], 0), sum(states.get(name, 0) for name in STANDING[stage])
    committee, progress = _numbers(call, stage, today)
    total = {
        name: sum(one[name] for one in progress.values()) for name in ("given", "scored", "late", "recused")
    }
    show = request.GET.get("show") if request.GET.get("show") in SHOW else "all"
    # By the states there are: of one alone, the index gives the rows in their order.
    rows = _narrowed(
        Application.objects.filter(call=call, state__in=[name for name in states if name in STANDING[stage]]),
        stage,
        show,
        call.edition.scorers,
    )
    listed = page_of(
        request,
        rows.select_related("organisation")
        .order_by("ref", "pk")
        .prefetch_related(
            Prefetch(
                "assignments",
                Assignment.objects.filter(stage=stage)
                .exclude(state="taken_back")
                .select_related("member__user")
                .order_by("pk"),
                to_attr="sheets",
            )
        ),
        PER_PAGE,
        count=everybody if show == "all" else None,
    )
    members = _members(committee, progress)
    shown = members if "members" in request.GET else members[:MOST_MEMBERS]
    return call_page(
        request,
        municipality,
        call,
        "stage",
        stage.label,
        here=stage.value,
        stage=stage,
        members=[
            {"name": committee[pk][0], "has_left": committee[pk][1], **progress.get(pk, NOTHING)}
            for pk in shown
        ],
        members_count=len(members),
        total=total,
        waiting=total["given"] - total["scored"],
        unassigned=counts.get(IN_STAGE[stage], (0, 0))[1],
        count=count,
        has_sheets=bool(total["given"] or total["recused"]),
        has_members=not all(has_left for _name, has_left in committee.values()),
        may_begin=may_manage(request, municipality)
        and call.state == "published"
        and clock.now() >= call.closes_at,
        may_act=may_manage(request, municipality) and call.state == "screening",
        in_stage=IN_STAGE[stage],
        first=card(call, stage, states),
        rows=[
            (
                row,
                [
                    {"sheet": sheet, "state": ASSIGNMENT[sheet.state], "late": _is_late(sheet, today)}
                    for sheet in row.sheets
                ],
                # Who is recused is made up for, and does not lack.
                max(call.edition.scorers - len(row.sheets), 0),
            )
            for row in listed
        ],
        shows=[(words, f"?show={name}", name == show, None) for name, words in SHOW.items()],
        show=show,
        **{"page": listed},
    )


def _narrowed(rows, stage: Stage, show: str, scorers: int):
    sheets = Assignment.objects.filter(application=OuterRef("pk"), stage=stage)
    if show == "waiting":
        live = sheets.filter(state__in=["assigned", "scored"])
        return rows.filter(Exists(sheets.filter(state="assigned")) | ~Exists(live))
    if show == "short":
        # Who is recused is made up for, and does not lack.
        there = Q(assignments__stage=stage) & ~Q(assignments__state="taken_back")
        return rows.annotate(n=Count("assignments", filter=there)).filter(n__lt=scorers)
    return rows


def _numbers(call: Call, stage: Stage, today: date) -> tuple[dict[int, tuple], dict[int, dict]]:
    """The committee, (name, whether the person has left) by member, and each one's numbers of a stage: one statement, by
    the index alone but for what was withdrawn, which is not counted."""
    sheets = Assignment.objects.filter(call=call, stage=stage).order_by()
    # Found by the applications, which are few, and not among all sheets.
    withdrawn = Application.objects.filter(call=call, state="withdrawn").values("pk")
    gone = Assignment.objects.filter(application__in=withdrawn, stage=stage).order_by()
    columns = ("kind", "who", "words", "n", "late", "nudged")
    counted = [
        rows.values(kind=Value(kind), who=F("member"), words=F("state"))
        .annotate(
            n=Count("*"),
            late=Count("due_on", filter=Q(state="assigned", due_on__lt=today)),
            nudged=Max("nudged_at"),
        )
        .values_list(*columns)
        for kind, rows in ((1, sheets), (-1, gone))
    ]
    people = CommitteeMember.objects.filter(fund=call.fund_id).order_by()
    named = people.values_list(
        Value(0),
        "pk",
        "user__name",
        Case(When(ended_on=None, then=Value(0)), default=Value(1), output_field=BigIntegerField()),
        Value(0, BigIntegerField()),
        Cast(Value(None), DateTimeField()),
    )
    committee: dict[int, tuple] = {}
    found: dict[int, dict] = {}
    for kind, member, words, n, late, nudged in counted[0].union(counted[1], named, all=True).order_by():
        if not kind:
            committee[member] = (words, bool(n))
            continue
        one = found.setdefault(member, dict(NOTHING))
        for name, states in COUNTED.items():
            one[name] += kind * n if words in states else 0
        one["late"] += kind * late
        if kind > 0 and nudged and (one["nudged"] is None or nudged > one["nudged"]):
            one["nudged"] = nudged
    return committee, found


def _members(committee: dict[int, tuple], progress: dict[int, dict]) -> list[int]:
    """The committee, who has most left on top; who left and scored nothing is not shown."""
    found = [
        pk
        for pk, (_name, has_left) in committee.items()
        if not has_left or any(progress.get(pk, NOTHING)[name] for name in ("given", "recused"))
    ]
    return sorted(found, key=lambda pk: (-progress.get(pk, NOTHING)["left"], pk))


def _is_late(sheet: Assignment, today) -> bool:
    return sheet.state == "assigned" and sheet.due_on is not None and sheet.due_on < today


@require_POST
def begin(request, city: str, ref: str):
    municipality, call = call_of(request, city, ref, Can.MANAGE_FUND)
    return press(
        request,
        lambda: actions.begin_screening(call, by=request.user),
        _("審査に進めました。形式の確認が済んだ申請を、委員に割り当ててください。"),
        reverse("staff-fund-stage", args=[municipality.slug, ref, "first"]),
    )


class AssignForm(forms.Form):
    due_on = forms.DateField(
        label=gettext_lazy("採点の期限"),
        required=False,
        widget=DateInput,
        help_text=gettext_lazy("新しく渡す採点表の期限です。空けておくと期限なしになります。"),
    )

    def clean_due_on(self):
        due, today = self.cleaned_data["due_on"], clock.today()
        if due is not None and not today <= due <= today + timedelta(days=366):
            raise forms.ValidationError(_("きょうから1年以内の日にしてください。"))
        return due


@require_http_methods(["GET", "HEAD", "POST"])
def assign(request, city: str, ref: str, stage: str):
    """Shows what would be handed to whom and what no one may score, then hands it out."""
    municipality, call = call_of(request, city, ref, Can.MANAGE_FUND)
    stage = stage_or_404(stage)
    form = AssignForm(posted(request), initial={"due_on": _due(call, stage)})
    if form.is_valid():
        found = []
        if attempt(
            form,
            lambda: found.append(
                actions.assign(call, by=request.user, stage=stage, due_on=form.cleaned_data["due_on"])
            ),
        ):
            _tell(request, found[0])
            return redirect("staff-fund-stage", city, ref, stage)
    members = list(
        CommitteeMember.objects.filter(fund=call.fund_id, ended_on=None).select_related("user").order_by("pk")
    )
    plan = outlook(call, stage=stage)
    new: dict[int, int] = {}
    for _application, member in plan.pairs:
        new[member] = new.get(member, 0) + 1
    held = dict(
        Assignment.objects.filter(member__in=members, stage=stage, state__in=["assigned", "scored"])
        .order_by()
        .values_list("member")
        .annotate(Count("pk"))
    )
    applications = dict(
        Application.objects.filter(call=call, state=IN_STAGE[stage]).values_list("pk", "title")
    )
    ties = _ties(call, stage, members)
    short = lacking(call, stage, plan)
    return call_page(
        request,
        municipality,
        call,
        "assign",
        _("採点を割り当てる"),
        here=stage.value,
        trail=[(stage.label, reverse("staff-fund-stage", args=[city, ref, stage]))],
        status=status_of(form),
        form=form,
        stage=stage,
        back=reverse("staff-fund-stage", args=[city, ref, stage]),
        scorers=call.edition.scorers,
        count=len(applications),
        new=len(plan.pairs),
        loads=[(row, held.get(row.pk, 0), new.get(row.pk, 0)) for row in members],
        short=[(applications[pk], n) for pk, n in short.items() if pk in applications],
        crossed=tied_sheets(
            Assignment.objects.filter(
                application__call=call, application__state=IN_STAGE[stage], stage=stage
            ).select_related("application", "member__user")
        )[:MOST_TIES],
        ties=ties[:MOST_TIES],
        ties_count=len(ties),
    )


def _due(call, stage: Stage):
    """A day before the sitting, where it is still ahead."""
    day = call.first_on if stage == Stage.FIRST else call.second_on
    if day is None:
        return None
    due = day - timedelta(days=1) if stage == Stage.FIRST else day
    return due if due >= clock.today() else None


def _ties(call, stage: Stage, members: list[CommitteeMember]) -> list[dict]:
    """Who may not score what of this stage, and why."""
    tied = tied_organisations(members)
    barred: dict[int, list[tuple[CommitteeMember, str]]] = {}
    for member in members:
        for organisation, why in tied[member.pk].items():
            barred.setdefault(organisation, []).append((member, why))
    rows = Application.objects.filter(
        call=call, state__in=STANDING[stage], organisation__in=barred
    ).select_related("organisation")
    return [
        {"application": row, "member": member, "why": why}
        for row in rows.order_by("ref", "pk")
        for member, why in barred[row.organisation_id]
    ]


def _tell(request, plan) -> None:
    if plan.pairs:
        messages.success(request, _("採点表を%(n)d件渡しました。委員に知らせます。") % {"n": len(plan.pairs)})
    else:
        messages.info(request, _("新しく渡す採点表はありませんでした。"))
    if plan.short:
        messages.warning(
            request,
            _(
                "利害関係などで委員が足りない申請が%(n)d件あります。委員を増やすか、除斥の補正で進めてください。"
            )
            % {"n": len(plan.short)},
        )


@require_POST
def remind(request, city: str, ref: str, stage: str):
    municipality, call = call_of(request, city, ref, Can.MANAGE_FUND)
    stage = stage_or_404(stage)
    try:
        told = actions.nudge(call, by=request.user, stage=stage)
    except Refused as error:
        messages.error(request, str(error))
    else:
        if told:
            messages.success(request, _("%(n)d人に、採点をお願いするお知らせを送ります。") % {"n": told})
        else:
            messages.info(request, _("催促する人はいません。きょうもう催促したか、採点がそろっています。"))
    return redirect("staff-fund-stage", municipality.slug, ref, stage)


@require_POST
def take_back(request, city: str, ref: str, pk: int):
    """One sheet is taken from its member; with `do=reassign` another gets it at once, where there is one."""
    municipality, call = call_of(request, city, ref, Can.MANAGE_FUND)
    sheet = (
        Assignment.objects.filter(application__call=call, pk=pk)
        .select_related("application__call__fund__municipality", "member__user")
        .first()
    )
    if sheet is None:
        raise Http404
    stage = Stage(sheet.stage)
    try:
        with transaction.atomic():
            actions.take_back(sheet, by=request.user)
            found = None
            if request.POST.get("do") == "reassign":
                found = actions.assign(call, by=request.user, stage=stage, due_on=sheet.due_on)
    except NotAllowed:
        raise
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(name)sさんの採点表を取り消しました。") % {"name": sheet.member.user})
        if found:
            _tell(request, found)
    return redirect("staff-fund-stage", municipality.slug, ref, stage)


urlpatterns = [
    path("<str:ref>/screening/begin/", begin, name="staff-fund-begin"),
    path("<str:ref>/screening/sheets/<int:pk>/take-back/", take_back, name="staff-fund-take-back"),
    path("<str:ref>/screening/<str:stage>/", stage, name="staff-fund-stage"),
    path("<str:ref>/screening/<str:stage>/assign/", assign, name="staff-fund-assign"),
    path("<str:ref>/screening/<str:stage>/remind/", remind, name="staff-fund-remind"),
]
