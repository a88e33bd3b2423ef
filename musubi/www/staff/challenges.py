"""Challenges from the municipality's side: the list, writing with advice, and each step until the end."""

from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.cases import queries as cases
from musubi.cases.states import CASE
from musubi.challenges import actions, queries, rules
from musubi.challenges.models import Challenge
from musubi.challenges.states import CHALLENGE, Visibility
from musubi.journal.queries import history
from musubi.lib.errors import Conflict, Refused
from musubi.outcomes.models import Outcome
from musubi.people.models import Department, Municipality
from musubi.people.permissions import Can, Reach, authority, may
from musubi.proposals import queries as proposals
from musubi.proposals.states import PROPOSAL
from musubi.www.access import fetch, staff_city
from musubi.www.staff import suggestions
from musubi.www.staff.advice import advise
from musubi.www.staff.forms_challenges import (
    ChallengeFilter,
    ChallengeForm,
    CloseForm,
    ExpiryForm,
    PublishForm,
    RemarksForm,
    ReopenForm,
    WidenForm,
)
from musubi.www.staff.frame import act_page, attempt, crumbs, page_of, posted, status_of
from musubi.www.staff.verbs import history_items
from musubi.www.templatetags.pieces import wareki

TABS = ["", "draft", "checking", "published", "matched", "resolved", "closed"]


@require_safe
def challenge_list(request, city: str):
    municipality = staff_city(request, city)
    form = ChallengeFilter(request.GET, municipality=municipality)
    form.is_valid()
    wanted = form.cleaned_data
    department = wanted.get("department")
    everything = queries.find(
        queries.visible_to(request.user, municipality),
        text=wanted.get("q", ""),
        department=department.pk if department else None,
        scale=wanted.get("scale", ""),
        municipality=municipality,
    )
    counts = dict(everything.order_by().values_list("state").annotate(n=Count("pk")))
    state = wanted.get("state", "")
    rows = everything.filter(state=state) if state else everything
    answers = Count("proposals", filter=~Q(proposals__state="draft"), distinct=True)
    page = page_of(
        request, rows.select_related("department", "owner").annotate(answers=answers).order_by("-id")
    )
    rest = request.GET.copy()
    for name in ("page", "state"):
        rest.pop(name, None)
    context = {
        "municipality": municipality,
        "page_title": _("課題"),
        "crumbs": crumbs(municipality, _("課題")),
        "filter": form,
        "is_open": bool(department or wanted.get("scale")),
        "is_filtered": any(wanted.get(name) for name in ("q", "department", "scale", "state")),
        "tabs": [
            (
                CHALLENGE[value].label if value else _("すべて"),
                "?" + _query(rest, state=value),
                value == state,
                counts.get(value, 0) if value else sum(counts.values()),
            )
            for value in TABS
        ],
        "page": page,
        "rows": [(row, CHALLENGE[row.state]) for row in page],
        "may_write": _departments(request.user, municipality).exists(),
    }
    return render(request, "staff/challenges.html", context)


def _query(rest, **changes) -> str:
    query = rest.copy()
    for name, value in changes.items():
        if value:
            query[name] = value
    return query.urlencode()


def _departments(user, municipality: Municipality):
    """The departments the person writes challenges for."""
    rows = Department.objects.filter(municipality=municipality, is_active=True)
    if authority(user).may_in(Can.WRITE_CHALLENGE, municipality.pk, Reach.MUNICIPALITY):
        return rows
    return rows.filter(pk__in=authority(user).where(Can.WRITE_CHALLENGE)[1])


# --- writing ---------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def new_challenge(request, city: str):
    municipality = staff_city(request, city, Can.WRITE_CHALLENGE)
    form = ChallengeForm(_typed(request), departments=_departments(request.user, municipality))
    if _wants_to_keep(request) and form.is_valid():
        made = []
        department, key = form.cleaned_data["department"], form.cleaned_data["key"]
        if attempt(
            form,
            lambda: made.append(
                actions.draft_challenge(department, by=request.user, key=key, **form.words())
            ),
        ):
            return _kept(request, made[0])
    return _writing(request, municipality, form, title=_("課題を書く"), trail=[])


@require_http_methods(["GET", "HEAD", "POST"])
def edit_challenge(request, city: str, ref: str):
    municipality, challenge = _challenge(request, city, ref, Can.WRITE_CHALLENGE)
    if not rules.is_editable(challenge):
        messages.warning(
            request, _("終了した課題は書き直せません。新しい課題として登録するか、再公開してください。")
        )
        return redirect("staff-challenge", city, ref)
    last = history(challenge).last()
    form = ChallengeForm(
        _typed(request), instance=challenge, departments=[], initial={"seen": last.pk if last else None}
    )
    newer = None
    if _wants_to_keep(request) and form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            actions.save_challenge(challenge, by=request.user, seen=seen, **form.words())
        except Conflict as error:
            form.add_error(None, str(error))
            newer = _differences(form, challenge)
            form.data = form.data.copy()
            form.data["seen"] = str(last.pk if last else "")
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            return _kept(request, challenge)
    trail = [(challenge.title, reverse("staff-challenge", args=[city, ref]))]
    return _writing(
        request, municipality, form, title=_("課題を書き直す"), trail=trail, challenge=challenge, newer=newer
    )


@require_POST
def hints(request, city: str):
    """The advice alone, for the words typed so far: what the page asks for while somebody types."""
    municipality = staff_city(request, city, Can.WRITE_CHALLENGE)
    departments = _departments(request.user, municipality)
    form = ChallengeForm(request.POST, departments=departments)
    exclude = None
    if ref := request.GET.get("ref"):
        exclude = queries.visible_to(request.user, municipality).filter(ref=ref).first()
    return render(request, "staff/advice.html", {"advice": advise(form, municipality, exclude=exclude)})


def _typed(request):
    """The form's data; a suggested goal that was pressed without a script is added to it."""
    if request.method != "POST":
        return None
    data = request.POST.copy()
    if goal := data.get("add_goal"):
        data.setlist("goals", [*data.getlist("goals"), goal])
    return data


def _wants_to_keep(request) -> bool:
    """Asking for advice, or adding a goal, keeps nothing: only the two buttons below the form do."""
    return request.method == "POST" and request.POST.get("act") in ("save", "check")


def _kept(request, challenge: Challenge):
    """Saved; and handed to the desk, where that was the button. A refusal of that leaves the saved draft."""
    city = challenge.municipality.slug
    if request.POST.get("act") == "check" and challenge.state in ("draft", "checking"):
        try:
            _hand_to_desk(challenge, by=request.user)
        except Refused as error:
            messages.success(request, _("下書きを保存しました(%(ref)s)。") % {"ref": challenge.ref})
            messages.error(request, str(error))
            return redirect("staff-challenge-edit", city, challenge.ref)
        messages.success(request, _("保存して、デスクに確認を依頼しました。返事はお知らせに届きます。"))
    else:
        messages.success(
            request, _("保存しました(%(ref)s)。続きはいつでも書けます。") % {"ref": challenge.ref}
        )
    return redirect("staff-challenge", city, challenge.ref)


def _hand_to_desk(challenge: Challenge, *, by) -> None:
    """Ask for the check; where the other half of a double click has just done so, that is as good."""
    if challenge.state == "checking":
        return
    try:
        actions.ask_for_check(challenge, by=by)
    except Conflict:
        challenge.refresh_from_db()
        if challenge.state != "checking":
            raise


def _writing(request, municipality, form, *, title: str, trail: list, challenge=None, newer=None):
    asked = request.method == "POST" and not _wants_to_keep(request)
    shows_advice = request.method == "POST" or challenge is not None
    advice = advise(form, municipality, exclude=challenge) if shows_advice else None
    hints_url = reverse("staff-challenge-hints", args=[municipality.slug])
    if asked:
        # Only advice was asked for: what is still missing is not an error yet.
        form._errors = {}
    context = {
        "municipality": municipality,
        "page_title": title,
        "title": title,
        "crumbs": crumbs(
            municipality, (_("課題"), reverse("staff-challenges", args=[municipality.slug])), *trail, title
        ),
        "form": form,
        "advice": advice,
        "challenge": challenge,
        "newer": newer,
        "hints_url": f"{hints_url}?ref={challenge.ref}" if challenge else hints_url,
        "autosave": f"challenge-{municipality.slug}-{challenge.ref if challenge else 'new'}",
        "is_draft": challenge is None or challenge.state == "draft",
    }
    return render(request, "staff/challenge_form.html", context, status=200 if asked else status_of(form))


def _differences(form, challenge: Challenge) -> list[tuple[str, str]]:
    """(label, the words now kept) of each text that differs from what was typed."""
    current = Challenge.objects.get(pk=challenge.pk)
    found = []
    for name in ("title", "problem", "goal_image", "offer_note", "conditions"):
        if getattr(current, name) != form.cleaned_data.get(name):
            found.append((form.fields[name].label, getattr(current, name) or _("(空欄)")))
    return found


# --- one challenge -----------------------------------------------------------------------------------------------


@require_safe
def challenge(request, city: str, ref: str):
    municipality, row = _challenge(request, city, ref)
    return _detail(request, municipality, row)


def _challenge(request, city: str, ref: str, can: Can | None = None) -> tuple[Municipality, Challenge]:
    municipality = staff_city(request, city)
    rows = queries.visible_to(request.user, municipality).select_related(
        "department", "owner", "municipality"
    )
    return municipality, fetch(request, rows, can, ref=ref)


def _detail(request, municipality, row: Challenge, *, publish_form=None):
    user = request.user
    writes = may(user, Can.WRITE_CHALLENGE, row)
    checks = may(user, Can.CHECK_CHALLENGE, row)
    answered = list(
        proposals.for_rows(
            proposals.find(proposals.visible_to(user, municipality), challenge=row.ref)
        ).order_by("-submitted_at")[:50]
    )
    opened = list(cases.for_rows(cases.visible_to(user, municipality).filter(challenge=row)))
    outcomes = list(Outcome.objects.filter(case__challenge=row).select_related("story", "case"))
    is_checking = row.state == "checking" and checks
    context = {
        "municipality": municipality,
        "page_title": row.title,
        "crumbs": crumbs(
            municipality, (_("課題"), reverse("staff-challenges", args=[municipality.slug])), row.title
        ),
        "challenge": row,
        "state": CHALLENGE[row.state],
        "next": _next_act(row, writes, checks),
        "acts": _acts(user, row),
        "facts": _facts(row),
        "offers": _offers(row),
        "hints": rules.hints_for(row) if row.state in ("draft", "checking") and (writes or checks) else [],
        "publish_form": (publish_form or PublishForm()) if is_checking else None,
        "proposals": [(p, PROPOSAL[p.state]) for p in answered],
        "cases": [(c, CASE[c.stage]) for c in opened],
        "chain": _chain(row, answered, opened, outcomes),
        "history": history_items(history(row)),
        "is_public": row.visibility == Visibility.PUBLIC and row.state in queries.READABLE,
        **suggestions.of_challenge(request, row),
    }
    form = context["publish_form"]
    return render(request, "staff/challenge.html", context, status=status_of(form) if form else 200)


def _next_act(row: Challenge, writes: bool, checks: bool) -> dict | None:
    """The one thing to do now, on top of the page: (title, words, label, act)."""
    if row.state == "draft" and writes:
        if row.remarks:
            return {
                "title": _("デスクから差し戻されています"),
                "text": row.remarks,
                "label": _("指摘を見ながら直す"),
                "href": "edit",
                "warn": True,
            }
        ready = bool(row.problem and row.goal_image)
        return {
            "title": _("下書きです。読めるのは担当課とデスクだけです"),
            "text": _("書けたら、デスクに確認を依頼してください。")
            if ready
            else _("「いま困っていること」と「目指す姿」を書くと、確認を依頼できます。"),
            "label": _("確認を依頼する") if ready else _("続きを書く"),
            "post": "submit" if ready else "",
            "href": "edit",
        }
    if row.state == "checking":
        if checks:
            return None
        return {
            "title": _("デスクが確認しています"),
            "text": _("公開されるか、指摘があると、お知らせが届きます。"),
        }
    return None


def _acts(user, row: Challenge) -> list[tuple[str, str, str]]:
    """(label, act, icon) of the steps this person may take now; the main one stands on top of the page already."""
    found = []
    writes, closes = may(user, Can.WRITE_CHALLENGE, row), may(user, Can.CLOSE_CHALLENGE, row)
    if writes and rules.is_editable(row):
        found.append((_("書き直す"), "edit", "pencil"))
    if row.state in ("published", "matched"):
        if closes and row.visibility < Visibility.PUBLIC:
            found.append((_("公開範囲を広げる"), "widen", "globe"))
        if writes:
            found.append((_("掲載期限を延ばす"), "renew", "calendar"))
        if closes:
            found.append((_("終了する"), "close", "stop"))
    if row.state == "closed" and closes:
        found.append((_("再公開する"), "reopen", "undo"))
    return found


def _offers(row: Challenge) -> list[str]:
    names = ["offers_field", "offers_data", "offers_publicity", "offers_budget"]
    return [str(row._meta.get_field(name).verbose_name) for name in names if getattr(row, name)]


def _facts(row: Challenge) -> list[tuple]:
    return [
        (_("整理番号"), row.ref),
        (_("担当課"), row.department.name),
        (_("担当者"), str(row.owner)),
        (_("公開範囲"), row.get_visibility_display()),
        (_("大きさ"), row.get_scale_display()),
        (_("分野"), _("、").join(str(field) for field in row.fields.all())),
        (_("提案の締切"), wareki(row.deadline) or _("随時受付")),
        (_("公開日"), wareki(row.published_at)),
        (_("掲載期限"), wareki(row.expires_on)),
        (_("経路"), row.get_channel_display()),
        (_("終了の理由"), row.get_close_reason_display() if row.state == "closed" else ""),
        (_("終了の説明"), row.close_note),
    ]


def _chain(row: Challenge, answered: list, opened: list, outcomes: list) -> list[dict]:
    """Steps of `parts/chain.html`: one link where there is one, the number where there are more."""
    slug = row.municipality.slug
    steps = [{"kind": _("課題"), "icon": "flag", "title": row.title, "note": row.ref, "current": True}]
    step = {"kind": _("提案"), "icon": "document"}
    if answered:
        step |= {"title": _("%(n)d件の提案") % {"n": len(answered)}, "href": "#proposals"}
    steps.append(step)
    step = {"kind": _("案件"), "icon": "board"}
    if len(opened) == 1:
        step |= {"title": opened[0].title, "href": reverse("staff-case", args=[slug, opened[0].ref])}
        step["note"] = CASE[opened[0].stage].label
    elif opened:
        step |= {"title": _("%(n)d件の案件") % {"n": len(opened)}, "href": "#cases"}
    steps.append(step)
    last = outcomes[-1] if outcomes else None
    step = {"kind": _("成果"), "icon": "star"}
    if last:
        step |= {"title": last.title, "note": last.get_kind_display()}
    steps.append(step)
    story = getattr(last, "story", None)
    step = {"kind": _("連携事例"), "icon": "book"}
    if story:
        step |= {"title": story.title, "href": reverse("staff-story", args=[slug, story.ref])}
    return [*steps, step]


# --- its steps ---------------------------------------------------------------------------------------------------


@require_POST
def submit(request, city: str, ref: str):
    _city, row = _challenge(request, city, ref, Can.WRITE_CHALLENGE)
    try:
        actions.ask_for_check(row, by=request.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("デスクに確認を依頼しました。返事はお知らせに届きます。"))
    return redirect("staff-challenge", city, ref)


@require_http_methods(["GET", "HEAD", "POST"])
def publish(request, city: str, ref: str):
    municipality, row = _challenge(request, city, ref, Can.CHECK_CHALLENGE)
    form = PublishForm(posted(request))
    if form.is_valid() and attempt(form, lambda: actions.publish(row, by=request.user, **form.cleaned_data)):
        messages.success(
            request,
            _("公開範囲を「%(to)s」にして公開しました。担当課に知らせます。")
            % {"to": row.get_visibility_display()},
        )
        return redirect("staff-challenge", city, ref)
    return _act(
        request, municipality, row, form, title=_("課題を公開する"), submit_label=_("この範囲で公開する")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def send_back(request, city: str, ref: str):
    municipality, row = _challenge(request, city, ref, Can.CHECK_CHALLENGE)
    form = RemarksForm(posted(request))
    if form.is_valid() and attempt(
        form, lambda: actions.return_to_draft(row, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("指摘を添えて差し戻しました。担当者に知らせます。"))
        return redirect("staff-challenge", city, ref)
    return _act(
        request,
        municipality,
        row,
        form,
        title=_("課題を差し戻す"),
        submit_label=_("差し戻す"),
        autosave=f"return-{city}-{ref}",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def widen(request, city: str, ref: str):
    municipality, row = _challenge(request, city, ref, Can.CLOSE_CHALLENGE)
    form = WidenForm(posted(request), challenge=row)
    if form.is_valid() and attempt(form, lambda: actions.widen(row, by=request.user, **form.cleaned_data)):
        messages.success(
            request, _("公開範囲を「%(to)s」に広げました。") % {"to": row.get_visibility_display()}
        )
        return redirect("staff-challenge", city, ref)
    lead = _("いまの公開範囲は「%(now)s」です。広げたあとに狭めることはできません。") % {
        "now": row.get_visibility_display()
    }
    return _act(
        request, municipality, row, form, title=_("公開範囲を広げる"), lead=lead, submit_label=_("広げる")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def renew(request, city: str, ref: str):
    municipality, row = _challenge(request, city, ref, Can.WRITE_CHALLENGE)
    form = ExpiryForm(posted(request), initial={"expires_on": row.expires_on})
    if form.is_valid() and attempt(form, lambda: actions.renew(row, by=request.user, **form.cleaned_data)):
        messages.success(request, _("掲載期限を変えました。"))
        return redirect("staff-challenge", city, ref)
    return _act(
        request, municipality, row, form, title=_("掲載期限を延ばす"), submit_label=_("この日まで載せる")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def close(request, city: str, ref: str):
    municipality, row = _challenge(request, city, ref, Can.CLOSE_CHALLENGE)
    form = CloseForm(posted(request))
    if form.is_valid() and attempt(form, lambda: actions.close(row, by=request.user, **form.cleaned_data)):
        messages.success(request, _("課題を終了しました。続けるときは再公開できます。"))
        return redirect("staff-challenge", city, ref)
    lead = _("公開の一覧から外れ、新しい提案は届かなくなります。届いている提案と案件は、そのまま続きます。")
    return _act(
        request,
        municipality,
        row,
        form,
        title=_("課題を終了する"),
        lead=lead,
        submit_label=_("終了する"),
        danger=True,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def reopen(request, city: str, ref: str):
    municipality, row = _challenge(request, city, ref, Can.CLOSE_CHALLENGE)
    form = ReopenForm(posted(request))
    if form.is_valid() and attempt(form, lambda: actions.reopen(row, by=request.user, **form.cleaned_data)):
        messages.success(request, _("再公開しました。"))
        return redirect("staff-challenge", city, ref)
    return _act(request, municipality, row, form, title=_("課題を再公開する"), submit_label=_("再公開する"))


def _act(request, municipality, row: Challenge, form, **context):
    trail = [
        (_("課題"), reverse("staff-challenges", args=[municipality.slug])),
        (row.title, reverse("staff-challenge", args=[municipality.slug, row.ref])),
    ]
    return act_page(request, municipality, form, trail=trail, eyebrow=f"{row.ref} {row.title}", **context)


urlpatterns = [
    path("", challenge_list, name="staff-challenges"),
    path("new/", new_challenge, name="staff-challenge-new"),
    path("hints/", hints, name="staff-challenge-hints"),
    path("<str:ref>/", challenge, name="staff-challenge"),
    path("<str:ref>/edit/", edit_challenge, name="staff-challenge-edit"),
    path("<str:ref>/submit/", submit, name="staff-challenge-submit"),
    path("<str:ref>/publish/", publish, name="staff-challenge-publish"),
    path("<str:ref>/return/", send_back, name="staff-challenge-return"),
    path("<str:ref>/widen/", widen, name="staff-challenge-widen"),
    path("<str:ref>/renew/", renew, name="staff-challenge-renew"),
    path("<str:ref>/close/", close, name="staff-challenge-close"),
    path("<str:ref>/reopen/", reopen, name="staff-challenge-reopen"),
]
