"""One case on one page, from the municipality's side, and a case opened without a proposal."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from musubi.cases import actions, queries, rules
from musubi.cases.states import CASE, OPEN, PostKind
from musubi.challenges.states import Channel
from musubi.lib.errors import Refused
from musubi.outcomes.models import Outcome
from musubi.people.models import Department
from musubi.people.permissions import Can, Reach, authority, may
from musubi.wordings.queries import in_use
from musubi.www.access import fetch, staff_city
from musubi.www.case_meetings import panel, staff_address
from musubi.www.case_record import ball, chain, file_item, is_mine, jumps, kind_tabs, stages, thread_items
from musubi.www.files import serve
from musubi.www.staff.case_forms import FORMS, ContactForm
from musubi.www.staff.radar_line import case_line
from musubi.www.staff.wording_picker import as_typed, case_facts, offer_wordings, wants_text
from musubi.www.trial_record import panel as trial_panel

NEEDS = {
    "say": Can.SPEAK_IN_CASE,
    "note": Can.NOTE_IN_CASE,
    "meeting": Can.SPEAK_IN_CASE,
    "offer": Can.SPEAK_IN_CASE,
    "todo": Can.MOVE_CASE,
    "file": Can.SPEAK_IN_CASE,
    "ball": Can.MOVE_CASE,
    "nudge": Can.MOVE_CASE,
    "advance": Can.MOVE_CASE,
    "pause": Can.MOVE_CASE,
    "resume": Can.MOVE_CASE,
    "close": Can.MOVE_CASE,
    "adoption": Can.MOVE_CASE,
    "owner": Can.MANAGE_CASE,
    "department": Can.MANAGE_CASE,
    "organisation": Can.MANAGE_CASE,
    "outcome": Can.RECORD_OUTCOME,
}

# What can be done on a case, beside its thread: by what one comes to do.
TOLD_AT = {
    "say": "thread",
    "note": "thread",
    "meeting": "thread",
    "file": "thread",
    "offer": "meetings",
    "todo": "meetings",
}
"""Where on the page a person reads that it is done: where they wrote. What moves the case is read on top, at the ball."""

GROUPS = (
    (gettext_lazy("進める"), ("ball", "nudge", "advance", "adoption", "outcome")),
    (gettext_lazy("関わる人"), ("owner", "department", "organisation")),
    (gettext_lazy("止める・終える"), ("pause", "resume", "close")),
)


def new_case(request, city: str):
    """Open a case without a proposal."""
    municipality = staff_city(request, city, Can.OPEN_CASE)
    mine = authority(request.user)
    departments = Department.objects.filter(municipality=municipality, is_active=True)
    if not mine.may_in(Can.OPEN_CASE, municipality.pk, Reach.MUNICIPALITY):
        departments = departments.filter(pk__in=mine.department_ids(municipality.pk))
    form = ContactForm(
        request.POST or None, municipality=municipality, departments=departments, user=request.user
    )
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        organisation = data.pop("organisation")
        try:
            case = actions.open_contact(municipality, [organisation], by=request.user, **data)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("案件を開きました。"))
            return redirect("staff-case", city, case.ref)
    context = {
        "municipality": municipality,
        "form": form,
        "crumbs": [
            (_("今日"), reverse("staff-home", args=[city])),
            (_("連携案件"), reverse("staff-cases", args=[city])),
            (_("案件を開く"), ""),
        ],
    }
    return render(request, "staff/case_new.html", context, status=422 if form.errors else 200)


@require_safe
def case(request, city: str, ref: str):
    return _page(request, city, _case(request, city, ref))


@require_POST
def case_act(request, city: str, ref: str, act: str):
    """Carry out one of the page's forms. A refusal shows the page again with everything that was typed."""
    if act not in FORMS:
        raise Http404
    case = _case(request, city, ref, NEEDS[act])
    form = FORMS[act](request.POST, request.FILES, case=case)
    if form.wording_kinds and wants_text(request):
        return _page(request, city, case, bound=FORMS[act](initial=as_typed(form), case=case))
    if form.is_valid():
        try:
            form.carry_out(by=request.user)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            case.refresh_from_db()
        else:
            back = request.POST.get("back")
            place = {"board": f"case-{ref}", "radar": "list"}.get(back, TOLD_AT.get(act, ""))
            messages.success(request, form.done, extra_tags=place)
            if back == "board":
                return redirect(reverse("staff-cases", args=[city]) + f"#case-{ref}")
            if back == "radar":
                asked = request.POST.get("asked", "")
                return redirect(
                    reverse("staff-radar", args=[city]) + (f"?{asked}" if asked else "") + "#list"
                )
            here = reverse("staff-case", args=[city, ref])
            return redirect(here + (f"#told-{place}" if place else "#told"))
    return _page(request, city, case, bound=form, status=422)


@require_safe
def case_file(request, city: str, ref: str, pk: int):
    """A file of the case, always as a download, after the same check as the page."""
    case = _case(request, city, ref)
    file = queries.files(case, request.user).filter(pk=pk).first()
    if file is None:
        raise Http404
    return serve(file)


def _case(request, city: str, ref: str, can: Can | None = None):
    municipality = staff_city(request, city)
    rows = queries.for_rows(queries.visible_to(request.user, municipality))
    row = fetch(request, rows, can, ref=ref)
    if not authority(request.user).organisation_ids.isdisjoint(row.organisation_ids):
        # The route to adoption and what else is agreed inside is not for a party, whatever their role here.
        raise PermissionDenied(
            _("あなたが担当者を務める団体の案件です。団体の画面の「連携案件」からご覧ください。")
        )
    return row


def _page(request, city: str, case, *, bound=None, status: int = 200):
    kind = request.GET.get("kind", "")
    posts = list(queries.thread(case, request.user))
    shown = [post for post in posts if post.kind == kind] if kind in PostKind.values else posts

    def file_url(file):
        return reverse("staff-case-file", args=[city, case.ref, file.pk])

    correct_url = None
    if case.stage in OPEN and may(request.user, Can.SPEAK_IN_CASE, case):

        def correct_url(meeting):
            return reverse("staff-meeting-correct", args=[city, case.ref, meeting.pk])

    outcomes = list(Outcome.objects.filter(case=case).select_related("story"))
    newest = outcomes[-1] if outcomes else None
    story = next((o.story for o in reversed(outcomes) if hasattr(o, "story")), None)
    is_open = case.stage in OPEN
    forms = {code: FORMS[code](case=case) for code in _offered(case, request.user)}
    if bound is not None:
        forms[bound.code] = bound
    _offer_wordings(request, case, forms)
    next_stage = next(iter(rules.next_stages(case)), "") if is_open else ""
    context = {
        "municipality": case.municipality,
        "case": case,
        "state": CASE[case.stage],
        "told_at": set(TOLD_AT.values()),
        "ball": _ball(case, request.user),
        "sign": case_line(case),
        "jumps": jumps(
            talks=True,
            words="#act-say" if "say" in forms else "",
            acts=any(group for _title, group in _grouped(forms)),
            files=any(post.file_id for post in posts),
        ),
        "stages": stages(case, [post for post in posts if post.kind == PostKind.STAGE]),
        "items": thread_items(shown, case=case, file_url=file_url, inside=True, correct_url=correct_url),
        "tabs": kind_tabs(posts, kind),
        "files": [file_item(post.file, file_url) for post in posts if post.file_id],
        "chain": chain(case, story=story, outcome=newest, staff=True),
        "meetings": panel(case, request.user, at=staff_address(case)),
        "outcomes": outcomes,
        "trials": trial_panel(case, request.user),
        "agreements": list(case.agreements.all()),
        "forms": forms,
        "groups": _grouped(forms),
        # The form that stands open: the one that was refused, or the one a link asked for (`?act=…`).
        "opened": bound.code if bound is not None else request.GET.get("act", ""),
        "next_stage": CASE[next_stage].label if next_stage else "",
        "needs": rules.needs(case, next_stage) if next_stage else [],
        "checklist": rules.CHECKLISTS.get(case.stage, []),
        "channel": Channel(case.channel).label,
        "crumbs": [
            (_("今日"), reverse("staff-home", args=[city])),
            (_("連携案件"), reverse("staff-cases", args=[city])),
            (case.title, ""),
        ],
    }
    return render(request, "staff/case.html", context, status=status)


def _offer_wordings(request, case, forms: dict) -> None:
    """Texts to begin from, for the forms that take some."""
    takers = [form for form in forms.values() if form.wording_kinds]
    facts = case_facts(case, request.user) if takers else {}
    kinds = [kind for form in takers for kind in form.wording_kinds]
    texts = in_use(case.municipality, kinds) if takers else []
    for form in takers:
        offer_wordings(
            form,
            request,
            field=form.wording_field,
            kinds=form.wording_kinds,
            municipality=case.municipality,
            facts=facts,
            rows=texts,
        )


def _ball(case, user) -> dict | None:
    """The ball with the act that usually comes next for whoever holds it."""
    if not may(user, Can.SPEAK_IN_CASE, case):
        return ball(case, user)
    if is_mine(case, user):
        return ball(case, user, next_label=_("返事を書く"), next_href="#act-say")
    if case.ball_organisation_id:
        return ball(case, user, next_label=_("様子をたずねる"), next_href="#act-say")
    # A message would be read by the organisation and take the ball there; a department is asked inside. Where it is
    # late, the button to do so stands below already.
    if case.is_overdue or not may(user, Can.MOVE_CASE, case):
        return ball(case, user)
    return ball(case, user, next_label=_("様子をたずねる"), next_href="?act=nudge#act-nudge")


def _offered(case, user) -> list[str]:
    """The forms that make sense now, for what this person may do."""
    if case.stage == "closed":
        return []
    codes = ["outcome"] if case.stage == "completed" else list(FORMS)
    if case.stage == "paused":
        codes.remove("pause")
    elif "resume" in codes:
        codes.remove("resume")
    return [code for code in codes if may(user, NEEDS[code], case)]


def _grouped(forms: dict) -> list[tuple]:
    """(heading, its forms) of each group that has any."""
    groups = [(title, [forms[code] for code in codes if code in forms]) for title, codes in GROUPS]
    return [(title, found) for title, found in groups if found]


urlpatterns = [
    path("new/", new_case, name="staff-case-new"),
    path("<str:ref>/", case, name="staff-case"),
    path("<str:ref>/files/<int:pk>/", case_file, name="staff-case-file"),
    path("<str:ref>/<slug:act>/", case_act, name="staff-case-act"),
]
