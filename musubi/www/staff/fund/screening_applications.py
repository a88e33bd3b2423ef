"""The applications of a call as the secretariat reads them: the list, one with all its papers, checked or returned."""

from django import forms
from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.fund import actions, curtain
from musubi.fund.blind import is_hidden
from musubi.fund.budget import reckoned
from musubi.fund.eligibility import checks
from musubi.fund.models import Application, Assignment, Call, CommitteeMember, Criterion, PanelNote
from musubi.fund.queries import applications_to
from musubi.fund.rules import correction_due, takes_corrections
from musubi.fund.states import APPLICATION, ASSIGNMENT, Stage
from musubi.fund.ties import tied_organisations
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.people.permissions import Can
from musubi.www.committee.shown import shown
from musubi.www.files import serve
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.frame import act_page, attempt, page_of, posted
from musubi.www.staff.fund.frame import crumbs, fund_city, may_manage, page
from musubi.www.staff.fund.screening_blind import blind_of
from musubi.www.staff.fund.screening_frame import (
    PART,
    application_of,
    application_trail,
    press,
    steps,
)
from musubi.www.staff.verbs import history_items
from musubi.www.templatetags.pieces import days_left

# tab: its words, the states it gathers
GROUPS = {
    "all": (gettext_lazy("すべて"), None),
    "submitted": (gettext_lazy("確認待ち"), ["submitted"]),
    "returned": (gettext_lazy("補正中"), ["returned"]),
    "running": (gettext_lazy("審査中"), ["checked", "first_passed", "second_passed"]),
    "failed": (gettext_lazy("通らなかった"), ["first_failed", "second_failed", "not_awarded"]),
    "awarded": (
        gettext_lazy("交付・補欠"),
        [
            "awarded",
            "reserve",
            "change_requested",
            "advanced",
            "reported",
            "fixed",
            "settled",
            "outcome_reported",
        ],
    ),
    "ended": (gettext_lazy("取下げ・取消し"), ["withdrawn", "revoked"]),
}
SORTS = {
    "ref": (gettext_lazy("整理番号順"), ["ref", "pk"]),
    "filed": (gettext_lazy("申請の新しい順"), ["-filed_at", "-pk"]),
    "yen": (gettext_lazy("申請額の大きい順"), ["-requested", "pk"]),
    "name": (gettext_lazy("団体名の順"), ["organisation__name_key", "pk"]),
}


class ApplicationFilter(forms.Form):
    q = forms.CharField(
        label=gettext_lazy("事業名・団体名・整理番号でさがす"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    call = forms.ChoiceField(label=gettext_lazy("募集"), required=False)
    papers = forms.ChoiceField(
        label=gettext_lazy("必須の書類"),
        required=False,
        choices=[("", gettext_lazy("すべて")), ("lacking", gettext_lazy("足りないものがある"))],
    )
    state = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    sort = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)

    def __init__(self, data, calls: list[Call]):
        super().__init__(data, auto_id="filter_%s")
        self.fields["call"].choices = [
            *((row.ref, f"{row.title}({row.ref})") for row in calls),
            ("all", _("すべての募集")),
        ]


def calls_of(municipality) -> list[Call]:
    """The calls that took applications, the newest first; that is few a year."""
    rows = Call.objects.filter(fund__municipality=municipality).exclude(published_at=None)
    return list(rows.select_related("fund", "edition").order_by("-opens_at", "-pk")[:200])


@require_safe
def application_list(request, city: str):
    municipality = fund_city(request, city)
    calls = calls_of(municipality)
    form = ApplicationFilter(request.GET, calls)
    form.is_valid()
    wanted = form.cleaned_data
    if "call" in form.errors or not wanted.get("call"):
        call = calls[0] if calls else None
    else:
        call = next((row for row in calls if row.ref == wanted["call"]), None)
    form.data = {**request.GET.dict(), "call": call.ref if call else "all"}
    rows = applications_to(request.user, municipality)
    if call:
        rows = rows.filter(call=call)
    if text := wanted.get("q", "").strip():
        names = Q(organisation__name__icontains=text) | Q(organisation__name_kana__icontains=text)
        rows = rows.filter(Q(title__icontains=text) | Q(ref__icontains=text) | names)
    if wanted.get("papers") == "lacking":
        rows = rows.filter(Exists(_required_and_missing()))
    counts = dict(rows.order_by().values_list("state").annotate(n=Count("pk")))
    group = wanted.get("state") if wanted.get("state") in GROUPS else "all"
    sort = wanted.get("sort") if wanted.get("sort") in SORTS else "ref"
    states = GROUPS[group][1]
    found = rows.filter(state__in=states) if states else rows
    count = sum(n for state, n in counts.items() if not states or state in states)
    today = clock.today()
    listed = page_of(
        request,
        found.select_related("organisation", "call").order_by(*SORTS[sort][1]),
        count=count,
    )

    def href(**changes) -> str:
        query = request.GET.copy()
        query.pop("page", None)
        for name, value in changes.items():
            query[name] = value
        return f"?{query.urlencode()}"

    groups = [
        (
            words,
            href(state=name),
            name == group,
            sum(n for state, n in counts.items() if not members or state in members),
        )
        for name, (words, members) in GROUPS.items()
    ]
    return page(
        request,
        municipality,
        "staff/fund/screening/applications.html",
        part=PART,
        page_title=_("申請と審査"),
        crumbs=crumbs(municipality, _("申請と審査")),
        call=call,
        steps=steps(municipality, call, "applications") if call else [],
        filter=form,
        is_open=bool(wanted.get("papers")),
        is_filtered=bool(text or wanted.get("papers")),
        here=reverse(PART, args=[city]),
        clear=f"?call={call.ref}" if call else "?call=all",
        groups=groups,
        sorts=[(words, href(sort=name), name == sort) for name, (words, _order) in SORTS.items()],
        rows=[
            (
                row,
                APPLICATION[row.state],
                days_left(row.correct_by, today),
                row.correct_by and row.correct_by < today,
            )
            for row in listed
        ],
        **{"page": listed},
    )


def _required_and_missing():
    """The programme's required documents that an application does not have."""
    from musubi.fund.models import Paper, RequiredPaper

    handed_in = Paper.objects.filter(application=OuterRef(OuterRef("pk")), required=OuterRef("pk"))
    return RequiredPaper.objects.filter(
        edition=OuterRef("edition"), is_required=True, for_report=False
    ).filter(~Exists(handed_in))


@require_safe
def application(request, city: str, ref: str):
    """One application: what was filed, what the records say against it, who scores it and who may not."""
    municipality, row = application_of(request, city, ref)
    as_member = request.GET.get("view") == "member"
    manages = may_manage(request, municipality)
    on = row.filed_at.astimezone(clock.TOKYO).date() if row.filed_at else clock.today()
    context = {
        "application": row,
        "call": row.call,
        "state": APPLICATION[row.state],
        "as_member": as_member,
        "is_blind": is_hidden(row, Stage.FIRST),
        "shown": shown(row, hidden=as_member and is_hidden(row, Stage.FIRST)),
        "steps": steps(municipality, row.call, "applications"),
    }
    if as_member and context["is_blind"]:
        context["blind"] = blind_of(row, context["shown"], manages=manages)
    if not as_member:
        decision = None if row.state == "withdrawn" else getattr(row, "decision", None)
        context |= {
            "may_check": manages and row.state == "submitted" and takes_corrections(row.call),
            "correction_left": days_left(row.correct_by, clock.today()),
            "correction_late": row.correct_by is not None and row.correct_by < clock.today(),
            "checks": checks(row.edition, row.organisation, on=on),
            "most": _most(row),
            "sheets": _sheets(row),
            "barred": _barred(row) if row.call.state in ("published", "screening") else [],
            "notes": list(PanelNote.objects.filter(application=row).select_related("by")),
            "note_form": NoteForm(initial={"stage": _stage_now(row)})
            if manages and row.call.state == "screening"
            else None,
            "decision": decision,
            "is_out": curtain.is_out(row.state, row.call),
            "outcome": APPLICATION[decision.outcome] if decision else None,
            "award": getattr(row, "award", None),
            "slot": getattr(row, "slot", None),
            "may_decide": manages and row.state == "second_passed" and row.call.state == "screening",
            "may_slot": manages and row.state == "first_passed" and row.call.state == "screening",
            "may_call_up": manages and row.state == "reserve" and row.call.released_at is not None,
            "history": history_items(history(row)),
        }
    title = _("委員に見える内容") if as_member else row.title
    trail = application_trail(municipality, row)
    return page(
        request,
        municipality,
        "staff/fund/screening/application.html",
        part=PART,
        page_title=title,
        crumbs=crumbs(municipality, *(trail if as_member else trail[:1]), title),
        **context,
    )


def _most(row: Application) -> int | None:
    """What the programme's terms give at the most; None where they say nothing of the year."""
    try:
        return reckoned(row)[-1].yen
    except Refused:
        return None


def _stage_now(row: Application) -> str:
    return Stage.FIRST if row.state in ("submitted", "returned", "checked") else Stage.SECOND


def _sheets(row: Application) -> list[dict]:
    """Who scores it, with what: `{sheet, state, points, total, full}`."""
    sheets = (
        Assignment.objects.filter(application=row)
        .exclude(state="taken_back")
        .select_related("member__user")
        .prefetch_related("scores")
        .order_by("stage", "pk")
    )
    criteria: dict[str, list[Criterion]] = {}
    for criterion in Criterion.objects.filter(edition=row.edition_id):
        criteria.setdefault(criterion.stage, []).append(criterion)
    found = []
    for sheet in sheets:
        given = {score.criterion_id: score.points for score in sheet.scores.all()}
        items = criteria.get(sheet.stage, [])
        found.append(
            {
                "sheet": sheet,
                "state": ASSIGNMENT[sheet.state],
                "points": [(item.name, given.get(item.pk), item.most) for item in items],
                "total": sum(given.get(item.pk, 0) * item.weight for item in items),
                "full": sum(item.most * item.weight for item in items),
            }
        )
    return found


def _barred(row: Application) -> list[tuple[CommitteeMember, str]]:
    members = list(
        CommitteeMember.objects.filter(fund=row.call.fund_id, ended_on=None).select_related("user")
    )
    tied = tied_organisations(members)
    return [
        (member, tied[member.pk][row.organisation_id])
        for member in members
        if row.organisation_id in tied[member.pk]
    ]


@require_safe
def paper(request, city: str, ref: str, pk: int):
    _municipality, row = application_of(request, city, ref)
    found = row.papers.filter(pk=pk).first()
    if found is None:
        raise Http404
    return serve(found)


@require_POST
def check(request, city: str, ref: str):
    municipality, row = application_of(request, city, ref, Can.MANAGE_FUND)
    return press(
        request,
        lambda: actions.check_application(row, by=request.user),
        _("形式の確認を済ませました。第一次審査にかかります。"),
        reverse("staff-fund-application", args=[municipality.slug, ref]),
    )


class ReturnForm(forms.Form):
    remarks = forms.CharField(
        label=gettext_lazy("直してほしいところ"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "団体がそのまま読みます。どの欄を、どう直すかを書いてください。受付が終わっていても、団体は送り直せます。"
        ),
    )
    correct_by = forms.DateField(
        label=gettext_lazy("補正の期限"),
        widget=DateInput,
        help_text=gettext_lazy(
            "団体の画面とお知らせに出ます。3日前と、過ぎたときに知らせます。過ぎても自動で取り下げになることはありません。"
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def send_back(request, city: str, ref: str):
    municipality, row = application_of(request, city, ref, Can.MANAGE_FUND)
    form = ReturnForm(posted(request), initial={"correct_by": correction_due(row.call)})
    if form.is_valid() and attempt(
        form, lambda: actions.return_application(row, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("補正をお願いしました。団体が直して送ると、ここに戻ってきます。"))
        return redirect("staff-fund-application", city, ref)
    return act_page(
        request,
        municipality,
        form,
        title=_("補正をお願いする"),
        eyebrow=f"{row.ref} {row.title}",
        trail=[(_("ファンド"), reverse("staff-fund", args=[city])), *application_trail(municipality, row)],
        submit_label=_("補正をお願いする"),
        autosave=f"fund-return-{row.pk}",
    )


class NoteForm(forms.Form):
    stage = forms.ChoiceField(label=gettext_lazy("審査"), choices=Stage)
    text = forms.CharField(
        label=gettext_lazy("審査会での発言・議論"),
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("議事録に載せる内容を書きます。団体や委員の画面には出ません。"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def note(request, city: str, ref: str):
    municipality, row = application_of(request, city, ref, Can.MANAGE_FUND)
    form = NoteForm(posted(request), initial={"stage": _stage_now(row)})
    if form.is_valid() and attempt(
        form,
        lambda: actions.note_panel(
            row,
            by=request.user,
            stage=Stage(form.cleaned_data["stage"]),
            text=form.cleaned_data["text"],
        ),
    ):
        messages.success(request, _("審査会の記録に加えました。"))
        return redirect(reverse("staff-fund-application", args=[city, ref]) + "#notes")
    return act_page(
        request,
        municipality,
        form,
        title=_("審査会の記録を書く"),
        eyebrow=f"{row.ref} {row.title}",
        trail=[(_("ファンド"), reverse("staff-fund", args=[city])), *application_trail(municipality, row)],
        submit_label=_("記録に加える"),
        autosave=f"fund-note-{row.pk}",
    )


urlpatterns = [
    path("", application_list, name="staff-fund-applications"),
    path("<str:ref>/", application, name="staff-fund-application"),
    path("<str:ref>/papers/<int:pk>/", paper, name="staff-fund-paper"),
    path("<str:ref>/check/", check, name="staff-fund-check"),
    path("<str:ref>/return/", send_back, name="staff-fund-return"),
    path("<str:ref>/note/", note, name="staff-fund-note"),
]
