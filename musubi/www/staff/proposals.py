"""A proposal from the municipality's side: received, asked about, answered, taken up or declined."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.ball.rules import due
from musubi.cases import actions as case_actions
from musubi.cases import queries as cases
from musubi.cases.states import CASE
from musubi.challenges import queries as challenges
from musubi.journal.queries import history
from musubi.lib.errors import Refused
from musubi.outcomes.models import Outcome
from musubi.people.actions import register_organisation
from musubi.people.models import Department, Municipality, User
from musubi.people.permissions import Can, Reach, authority, may
from musubi.people.queries import closing_days
from musubi.proposals import actions, queries
from musubi.proposals.models import Proposal, Routing
from musubi.proposals.rules import may_refer
from musubi.proposals.states import PROPOSAL, WAITING, Answer
from musubi.wordings.queries import in_use
from musubi.wordings.states import Kind
from musubi.www.access import fetch, staff_city
from musubi.www.case_record import ball
from musubi.www.files import scan_words, serve
from musubi.www.staff.forms_proposals import (
    AnswerForm,
    DeclineForm,
    OpenCaseForm,
    ProposalFilter,
    ReceiveForm,
    RouteForm,
)
from musubi.www.staff.frame import act_page, attempt, crumbs, page_of, posted, status_of
from musubi.www.staff.matches import advise
from musubi.www.staff.referred import referral_rows, untold
from musubi.www.staff.verbs import history_items
from musubi.www.staff.waiting import acts_for, due_words
from musubi.www.staff.wording_picker import as_typed, offer_wordings, proposal_facts, wants_text
from musubi.www.templatetags.pieces import wareki

TABS = ["", "submitted", "routing", "dialogue", "accepted", "declined", "withdrawn"]
READY = [Answer.INTERESTED, Answer.CONDITIONAL]
# What the organisation did before it was submitted.
_DRAFTING = ["proposal.drafted", "proposal.attached", "proposal.detached"]


@require_safe
def proposal_list(request, city: str):
    municipality = staff_city(request, city)
    form = ProposalFilter(request.GET)
    form.is_valid()
    wanted = {
        name: form.cleaned_data.get(name, "") for name in ("q", "state", "track", "channel", "challenge")
    }
    everything = queries.find(
        queries.visible_to(request.user, municipality).exclude(state="draft"),
        text=wanted["q"],
        track=wanted["track"],
        channel=wanted["channel"],
        challenge=wanted["challenge"],
        municipality=municipality,
    )
    counts = dict(everything.order_by().values_list("state").annotate(n=Count("pk")))
    rows = everything.filter(state=wanted["state"]) if wanted["state"] else everything
    page = page_of(request, queries.for_rows(rows).order_by("-submitted_at", "-id"))
    closed = closing_days(municipality.pk)
    rest = request.GET.copy()
    for name in ("page", "state"):
        rest.pop(name, None)

    def tab(value: str) -> tuple:
        query = rest.copy()
        if value:
            query["state"] = value
        count = counts.get(value, 0) if value else sum(counts.values())
        label = PROPOSAL[value].label if value else _("すべて")
        return label, f"?{query.urlencode()}", value == wanted["state"], count

    context = {
        "municipality": municipality,
        "page_title": _("提案"),
        "crumbs": crumbs(municipality, _("提案")),
        "filter": form,
        "is_open": any(wanted[name] for name in ("track", "channel", "challenge")),
        "is_filtered": any(wanted.values()),
        "tabs": [tab(value) for value in TABS],
        "page": page,
        "rows": [(row, PROPOSAL[row.state], due_words(row.ball_due_on, closed)) for row in page],
        "may_receive": authority(request.user).may_in(Can.RECEIVE_PROPOSAL, municipality.pk),
    }
    return render(request, "staff/proposals.html", context)


# --- one proposal ------------------------------------------------------------------------------------------------


@require_safe
def proposal(request, city: str, ref: str):
    municipality, row = proposal_here(request, city, ref)
    return _detail(request, municipality, row)


def proposal_here(request, city: str, ref: str, can: Can | None = None) -> tuple[Municipality, Proposal]:
    municipality = staff_city(request, city)
    rows = (
        queries.visible_to(request.user, municipality)
        .exclude(state="draft")
        .select_related(
            "organisation", "challenge__department", "challenge__municipality", "municipality", "author"
        )
        .select_related("ball_department", "ball_organisation")
        .prefetch_related("routings__department", "routings__asked_by", "routings__answered_by")
    )
    row = fetch(request, rows, can, ref=ref)
    # Its page tells what the departments say of it; the proposer's own page does not.
    actions.require_impartial(request.user, row)
    return municipality, row


def _detail(request, municipality, row: Proposal, *, route_form=None, answer_forms=None, open_form=None):
    """The page; the forms are those of an act that was refused, with everything typed."""
    user = request.user
    closed = closing_days(municipality.pk)
    routings = list(row.routings.all())
    mine = [
        r
        for r in routings
        if r.answer == Answer.WAITING and row.state == "routing" and may(user, Can.ANSWER_ROUTING, r)
    ]
    # Whoever oversees everything may answer for a department too, but is not the one who is asked.
    own = [r for r in mine if r.department_id in acts_for(user, Can.ANSWER_ROUTING, municipality)]
    routes = may(user, Can.ROUTE_PROPOSAL, row) and row.state in ("submitted", "routing")
    leads = _leads(user, municipality, row)
    opens = row.state in ("submitted", "routing") and leads.exists()
    answered = bool(routings) and all(r.answer != Answer.WAITING for r in routings)
    open_first = answered and row.state == "routing" and any(r.answer in READY for r in routings)
    advice = (
        advise([row], municipality, user=user)[0] if routes or opens else {"departments": [], "similar": []}
    )
    case = cases.visible_to(user, municipality).filter(proposal=row).first()
    outcome = (
        Outcome.objects.filter(case__proposal=row).select_related("story").order_by("-started_on").first()
    )
    sent = answer_forms or {}
    answer_forms = {r.pk: AnswerForm(prefix=f"r{r.pk}") for r in mine} | sent
    texts = in_use(municipality, [Kind.ROUTING_ANSWER]) if mine else []
    said = proposal_facts(row, user) if mine else {}
    for r in mine:
        offer_wordings(
            answer_forms[r.pk],
            request,
            field="comment",
            kinds=[Kind.ROUTING_ANSWER],
            municipality=municipality,
            facts=said | {"担当課": r.department.name},
            rows=texts,
            is_asked=request.method != "POST" or r.pk in sent,
        )
    bound = [form for form in (route_form, open_form, *answer_forms.values()) if form]
    context = {
        "municipality": municipality,
        "page_title": row.title,
        "crumbs": crumbs(municipality, (_("提案"), reverse("staff-proposals", args=[municipality.slug])), row.title),
        "proposal": row,
        "state": PROPOSAL[row.state],
        "ball": ball(row, user),
        "jump": _jump(row, own, routes, bool(opens and open_first)),
        "answers": [
            (r, answer_forms[r.pk], r in own) for r in sorted(mine, key=lambda r: r not in own)
        ],
        "routings": [(r, due_words(r.due_on, closed) if r.answer == Answer.WAITING else "") for r in routings],
        "route_form": (route_form or _route_form(row, routings)) if routes else None,
        "route_first": row.state == "submitted",
        "open_form": (open_form or _open_form(user, municipality, row, leads, routings)) if opens else None,
        "open_first": open_first,
        "may_decline": may(user, Can.DECIDE_PROPOSAL, row) and row.state in ("submitted", "routing"),
        "may_refer": row.state == "declined" and may_refer(user, row),
        "referrals": referral_rows(user, row),
        "may_recall": may(user, Can.ROUTE_PROPOSAL, row) and row.state == "routing",
        "may_hand": may(user, Can.ANSWER_ROUTING, row) and row.state in WAITING,
        "advice": advice,
        "case": case,
        "facts": _facts(row),
        "texts": [(row._meta.get_field(n).verbose_name, getattr(row, n)) for n in
                  ("content", "effect", "request", "schedule", "cost", "field_wanted") if getattr(row, n)],
        "files": _files(row, municipality),
        "chain": _chain(row, case, outcome),
        "history": history_items(history(row).exclude(verb__in=[*_DRAFTING, *untold(user, row)])),
    }  # fmt: skip
    status = 422 if any(form.errors for form in bound) else 200
    return render(request, "staff/proposal.html", context, status=status)


def _jump(row: Proposal, mine: list[Routing], routes: bool, opens: bool) -> tuple[str, str]:
    """The next act, as (label, where on the page it is); empty where it is somebody else's."""
    if mine:
        return _("回答する"), f"#answer-{mine[0].pk}"
    if opens:
        return _("案件を開く"), "#open"
    if routes and row.state == "submitted":
        return _("照会先を決める"), "#route"
    return "", ""


def _leads(user, municipality: Municipality, row: Proposal):
    """The departments for which the person may open a case on this proposal."""
    rows = Department.objects.filter(municipality=municipality, is_active=True)
    if authority(user).may_in(Can.OPEN_CASE, municipality.pk, Reach.MUNICIPALITY):
        return rows
    return rows.filter(pk__in=authority(user).where(Can.OPEN_CASE)[1])


def _route_form(row: Proposal, routings, data=None):
    initial = {"due_on": due(row.municipality_id, "proposal", "routing")}
    return RouteForm(data, proposal=row, asked=[r.department_id for r in routings], initial=initial)


def _open_form(user, municipality, row: Proposal, leads, routings, data=None):
    ready = [r.department_id for r in routings if r.answer in READY]
    owner = row.challenge.department_id if row.challenge_id else None
    people = User.objects.filter(
        staff__municipality=municipality, staff__ended_at=None, staff__role__in=["desk", "officer", "manager"], is_active=True
    ).distinct()  # fmt: skip
    # Who wrote the challenge leads, where they would talk; else the first who would.
    initial = {"lead": owner if owner in ready or not ready else ready[0], "title": row.title}
    return OpenCaseForm(data, departments=leads, people=people.order_by("name"), initial=initial)


def _facts(row: Proposal) -> list[tuple]:
    return [
        (_("受付番号"), row.ref),
        (_("団体"), row.organisation.name),
        (_("種別"), row.organisation.get_kind_display()),
        (_("類型"), row.get_track_display()),
        (_("経路"), row.get_channel_display()),
        (_("受付日"), wareki(row.submitted_at)),
        (_("書いた人"), str(row.author)),
        (_("分野"), _("、").join(str(field) for field in row.fields.all())),
        (_("最初に回答した日"), wareki(row.first_answered_at)),
        (_("決定日"), wareki(row.decided_at)),
    ]


def _files(row: Proposal, municipality) -> list[dict]:
    return [
        {
            "href": reverse("staff-proposal-file", args=[municipality.slug, row.ref, attachment.pk]),
            "name": attachment.name,
            "size": attachment.size,
            "at": attachment.added_at,
            **scan_words(attachment),
        }
        for attachment in row.attachments.all()
    ]


def _chain(row: Proposal, case, outcome) -> list[dict]:
    slug = row.municipality.slug
    challenge, story = row.challenge, getattr(outcome, "story", None)
    first = {"kind": _("課題"), "icon": "flag", "title": _("課題によらない提案")}
    if challenge:
        first |= {
            "title": challenge.title,
            "note": challenge.ref,
            "href": reverse("staff-challenge", args=[slug, challenge.ref]),
        }
    steps = [
        first,
        {"kind": _("提案"), "icon": "document", "title": row.title, "note": row.ref, "current": True},
    ]
    step = {"kind": _("案件"), "icon": "board"}
    if case:
        step |= {
            "title": case.title,
            "href": reverse("staff-case", args=[slug, case.ref]),
            "note": CASE[case.stage].label,
        }
    steps.append(step)
    step = {"kind": _("成果"), "icon": "star"}
    if outcome:
        step |= {"title": outcome.title, "note": outcome.get_kind_display()}
    steps.append(step)
    step = {"kind": _("連携事例"), "icon": "book"}
    if story:
        step |= {"title": story.title, "href": reverse("staff-story", args=[slug, story.ref])}
    return [*steps, step]


@require_safe
def attachment(request, city: str, ref: str, pk: int):
    """A file of the proposal, always as a download, to whoever may read the proposal."""
    _city, row = proposal_here(request, city, ref)
    file = row.attachments.filter(pk=pk).first()
    if file is None:
        raise Http404
    return serve(file)


# --- its steps ---------------------------------------------------------------------------------------------------


@require_POST
def route(request, city: str, ref: str):
    municipality, row = proposal_here(request, city, ref, Can.ROUTE_PROPOSAL)
    routings = list(row.routings.all())
    data = request.POST.copy()
    if "due_on" not in data:
        # One click in the inbox: the usual date.
        data["due_on"] = due(row.municipality_id, "proposal", "routing").isoformat()
    form = _route_form(row, routings, data)
    if form.is_valid() and attempt(form, lambda: actions.route(row, by=request.user, **form.cleaned_data)):
        names = _("、").join(department.name for department in form.cleaned_data["departments"])
        messages.success(request, _("%(ref)sを%(names)sに照会しました。") % {"ref": row.ref, "names": names})
        return redirect(
            "staff-inbox" if request.POST.get("from") == "inbox" else "staff-proposal",
            *([city] if request.POST.get("from") == "inbox" else [city, ref]),
        )
    return _detail(request, municipality, row, route_form=form)


@require_POST
def answer(request, city: str, ref: str, pk: int):
    municipality, row = proposal_here(request, city, ref)
    routing = next((r for r in row.routings.all() if r.pk == pk), None)
    if routing is None:
        raise Http404
    if not may(request.user, Can.ANSWER_ROUTING, routing):
        raise PermissionDenied(_("この照会に回答できるのは、照会を受けた部署の職員だけです。"))
    form = AnswerForm(request.POST, prefix=f"r{pk}")
    if wants_text(request):
        form = AnswerForm(prefix=f"r{pk}", initial=as_typed(form))
        return _detail(request, municipality, row, answer_forms={pk: form})
    held = Routing.objects.get(pk=pk)
    if form.is_valid() and attempt(
        form, lambda: actions.answer_routing(held, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("回答を記録しました。デスクに知らせます。"))
        return redirect("staff-proposal", city, ref)
    if held.answer != Answer.WAITING:
        # A colleague was first: the page shows their answer, and what was typed stays to be copied.
        return act_page(
            request,
            municipality,
            form,
            title=_("照会に回答する"),
            trail=_trail(municipality, row),
            submit_label=_("もう一度送る"),
        )
    return _detail(request, municipality, row, answer_forms={pk: form})


@require_POST
def open_case(request, city: str, ref: str):
    municipality, row = proposal_here(request, city, ref)
    leads = _leads(request.user, municipality, row)
    if not leads.exists():
        raise PermissionDenied(_("案件を開けるのは、デスクと担当課の職員だけです。"))
    form = _open_form(request.user, municipality, row, leads, list(row.routings.all()), request.POST)
    opened = []
    if form.is_valid() and attempt(
        form, lambda: opened.append(case_actions.open_case(row, by=request.user, **form.cleaned_data))
    ):
        messages.success(request, _("案件を開きました。団体に知らせます。ここからは案件の画面で進めます。"))
        return redirect("staff-case", city, opened[0].ref)
    if row.state not in ("submitted", "routing"):
        for error in form.non_field_errors():
            messages.error(request, error)
        return redirect("staff-proposal", city, ref)
    return _detail(request, municipality, row, open_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def decline(request, city: str, ref: str):
    municipality, row = proposal_here(request, city, ref, Can.DECIDE_PROPOSAL)
    form = DeclineForm(posted(request))
    if wants_text(request):
        form = DeclineForm(initial=as_typed(form))
    offer_wordings(
        form,
        request,
        field="feedback",
        kinds=[Kind.DECLINE],
        municipality=municipality,
        facts=proposal_facts(row, request.user),
    )
    if form.is_valid() and attempt(form, lambda: actions.decline(row, by=request.user, **form.cleaned_data)):
        messages.success(
            request,
            _(
                "見送りを記録し、理由とフィードバックを団体に知らせます。次に、役に立ちそうな部署や課題があれば紹介できます。"
            ),
        )
        return redirect("staff-proposal-refer", city, ref)
    said = [
        _("%(department)s: %(answer)s — %(comment)s")
        % {"department": r.department.name, "answer": r.get_answer_display(), "comment": r.comment}
        for r in row.routings.all()
        if r.answer != Answer.WAITING
    ]
    note = {"kind": "info", "title": _("部署の回答"), "text": "\n".join(said)} if said else None
    return act_page(
        request,
        municipality,
        form,
        title=_("提案を見送る"),
        lead=_("理由と、次につながる一言を添えます。どちらも団体に届きます。"),
        trail=_trail(municipality, row),
        eyebrow=f"{row.ref} {row.title}",
        submit_label=_("この内容で見送る"),
        danger=True,
        note=note,
        autosave=f"decline-{city}-{ref}",
    )


@require_POST
def recall(request, city: str, ref: str):
    _city, row = proposal_here(request, city, ref, Can.ROUTE_PROPOSAL)
    try:
        actions.recall(row, by=request.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("照会を取りやめ、デスクに戻しました。"))
    return redirect("staff-proposal", city, ref)


@require_http_methods(["GET", "HEAD", "POST"])
def receive(request, city: str):
    """The desk registers what came by another way, with its organisation where that is new."""
    municipality = staff_city(request, city, Can.RECEIVE_PROPOSAL)
    rows = (
        challenges.visible_to(request.user, municipality)
        .filter(state__in=["published", "matched"])
        .order_by("-id")
    )
    form = ReceiveForm(posted(request), challenges=rows)
    if form.is_valid():
        made = []
        if attempt(form, lambda: made.append(_receive(request.user, municipality, form))):
            messages.success(
                request, _("受付番号 %(ref)s で登録しました。次は照会先を決めます。") % {"ref": made[0].ref}
            )
            return redirect("staff-proposal", city, made[0].ref)
    context = {
        "municipality": municipality,
        "page_title": _("提案を受け付ける"),
        "crumbs": crumbs(
            municipality, (_("提案"), reverse("staff-proposals", args=[city])), _("提案を受け付ける")
        ),
        "form": form,
        "autosave": f"receive-{city}",
    }
    return render(request, "staff/proposal_new.html", context, status=status_of(form))


@transaction.atomic
def _receive(user, municipality: Municipality, form: ReceiveForm) -> Proposal:
    """Two actions that belong together: without the proposal the organisation is not registered either."""
    data = form.cleaned_data
    organisation = form.chosen or register_organisation(
        name=data["organisation_name"],
        kind=data["kind"],
        corporate_number=data["corporate_number"],
        by=user,
        represent=False,
    )
    return actions.receive_proposal(organisation, municipality, by=user, **form.words())


def _trail(municipality, row: Proposal) -> list:
    return [
        (_("提案"), reverse("staff-proposals", args=[municipality.slug])),
        (row.title, reverse("staff-proposal", args=[municipality.slug, row.ref])),
    ]


urlpatterns = [
    path("", proposal_list, name="staff-proposals"),
    path("new/", receive, name="staff-proposal-new"),
    path("<str:ref>/", proposal, name="staff-proposal"),
    path("<str:ref>/files/<int:pk>/", attachment, name="staff-proposal-file"),
    path("<str:ref>/route/", route, name="staff-proposal-route"),
    path("<str:ref>/answer/<int:pk>/", answer, name="staff-proposal-answer"),
    path("<str:ref>/case/", open_case, name="staff-proposal-case"),
    path("<str:ref>/decline/", decline, name="staff-proposal-decline"),
    path("<str:ref>/recall/", recall, name="staff-proposal-recall"),
]
