"""Calls: prepared, looked at as everybody will see them, published, asked about, given up."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.fund.actions.calls import DAYS
from musubi.fund.models import Call, Fund
from musubi.fund.states import APPLICATION, CALL
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.people.models import Municipality
from musubi.people.permissions import Can
from musubi.www.staff.frame import act_page, attempt, page_of, posted
from musubi.www.staff.fund.acts import Act, press, replaced
from musubi.www.staff.fund.forms_calls import (
    AnswerAct,
    CallFilter,
    CallForm,
    CancelAct,
    FinishAct,
    PublishAct,
    fixed,
)
from musubi.www.staff.fund.frame import crumbs, fund_city, may_manage, page
from musubi.www.staff.fund.screening_frame import knowing_apart, require_not_apart
from musubi.www.staff.verbs import history_items

PART = "staff-fund-calls"
# state: what can be done with the call then
ACTS = {
    "draft": [PublishAct, CancelAct],
    "published": [CancelAct],
    "screening": [CancelAct],
    "released": [FinishAct],
}
MOST_HISTORY = 12


def home(municipality: Municipality) -> tuple[str, str]:
    return _("募集"), reverse("staff-fund-calls", args=[municipality.slug])


def window(call: Call) -> tuple[str, str]:
    """Where the call stands by the clock, in words, and its tone."""
    if call.state != "published":
        return CALL[call.state].label, CALL[call.state].tone
    now = clock.now()
    if now < call.opens_at:
        return _("公開中・受付前"), "info"
    if now < call.closes_at:
        return _("受付中"), "good"
    return _("受付終了・審査前"), "warn"


@require_safe
def calls(request, city: str):
    municipality = fund_city(request, city)
    form = CallFilter(request.GET, municipality=municipality)
    form.is_valid()
    asked = form.cleaned_data
    rows = Call.objects.filter(fund__municipality=municipality)
    if asked.get("q"):
        rows = rows.filter(Q(title__icontains=asked["q"]) | Q(ref=asked["q"]))
    for name in ("state", "fund"):
        if asked.get(name):
            rows = rows.filter(**{name: asked[name]})
    counted = rows.select_related("fund", "edition__programme").annotate(
        n=Count("applications", filter=~Q(applications__ref=""))
    )
    found = page_of(request, counted.order_by("-opens_at", "-pk"), count=rows.count())
    return page(
        request,
        municipality,
        "staff/fund/calls.html",
        part=PART,
        page_title=_("募集"),
        crumbs=crumbs(municipality, _("募集")),
        filter=form,
        active=any(asked.get(name) for name in form.fields),
        page=found,
        rows=[(call, *window(call)) for call in found],
        sorted_by=_("受付開始の新しい順"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new_call(request, city: str):
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    funds = Fund.objects.filter(municipality=municipality)
    wanted = request.GET.get("fund", "")
    fund = (
        funds.filter(pk=wanted).first()
        if wanted.isascii() and wanted.isdecimal() and len(wanted) < 18
        else None
    )
    if fund is None and len(some := list(funds[:2])) == 1:
        fund = some[0]
    form, made = CallForm(posted(request), municipality=municipality, fund=fund), []
    if form.is_valid() and attempt(form, lambda: made.append(form.carry_out(by=request.user))):
        messages.success(request, _("募集を準備しました。下見をしてから公開してください。"))
        return redirect("staff-fund-call", city, made[0].ref)
    return act_page(
        request,
        municipality,
        form,
        title=_("募集を準備する"),
        lead=_("公開するまでは、だれにも見えず、何度でも直せます。"),
        trail=[(_("ファンド"), reverse("staff-fund", args=[city])), home(municipality)],
        submit_label=_("準備する"),
        note=_lacking(form),
    )


def _lacking(form: CallForm) -> dict | None:
    """What has to be there before a call can be prepared."""
    if not form.fields["fund"].queryset.exists():
        return {
            "kind": "warning",
            "title": _("ファンドがまだありません"),
            "text": _("先に「お金」でファンドを開いてください。"),
        }
    if not form.fields["edition"].queryset.exists():
        return {
            "kind": "warning",
            "title": _("使用中の制度がありません"),
            "text": _("先に「制度」で決まりを書き、使い始めてください。"),
        }
    return None


def call_of(request, municipality: Municipality, ref: str) -> Call:
    """The call; who is kept apart from its screening reads what everybody may, and acts on nothing of it."""
    rows = Call.objects.select_related("fund__municipality", "edition__programme")
    row = get_object_or_404(knowing_apart(rows, request.user), fund__municipality=municipality, ref=ref)
    if request.method == "POST":
        require_not_apart(row)
    return row


@require_http_methods(["GET", "HEAD", "POST"])
def edit_call(request, city: str, ref: str):
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    row = call_of(request, municipality, ref)
    if row.state not in ("draft", "published"):
        messages.error(request, _("受付を終えた募集の内容は変えられません。"))
        return redirect("staff-fund-call", city, ref)
    form = CallForm(posted(request), municipality=municipality, call=row)
    if form.is_valid() and attempt(form, lambda: form.carry_out(by=request.user)):
        messages.success(request, _("募集の内容を保存しました。"))
        return redirect("staff-fund-call", city, ref)
    note = None
    if kept := fixed(row):
        names = _("、").join(str(Call._meta.get_field(name).verbose_name) for name in kept)
        note = {
            "kind": "info",
            "title": _("公開した募集です"),
            "text": _("%(names)sは変えられません。") % {"names": names},
        }
    return act_page(
        request,
        municipality,
        form,
        title=_("募集の内容を直す"),
        trail=[
            (_("ファンド"), reverse("staff-fund", args=[city])),
            home(municipality),
            (row.title, reverse("staff-fund-call", args=[city, ref])),
        ],
        submit_label=_("保存する"),
        note=note,
        back=reverse("staff-fund-call", args=[city, ref]),
    )


@require_safe
def call(request, city: str, ref: str):
    municipality = fund_city(request, city)
    return _call_page(request, municipality, call_of(request, municipality, ref))


@require_POST
def call_act(request, city: str, ref: str, code: str, pk: int):
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    row = call_of(request, municipality, ref)
    known = {act.code: act for acts in ACTS.values() for act in acts}
    if code == AnswerAct.code:
        act = AnswerAct(
            row=get_object_or_404(row.questions.select_related("call__fund__municipality"), pk=pk)
        )
    elif code in known and pk == row.pk:
        act = known[code](row=row)
    else:
        raise Http404
    bound, done = press(act, request)
    if done:
        messages.success(request, bound.done)
        there = reverse("staff-fund-call", args=[city, ref])
        return redirect(there + ("#questions" if code == AnswerAct.code else "#told"))
    return _call_page(request, municipality, call_of(request, municipality, ref), bound=bound)


def _call_page(request, municipality: Municipality, row: Call, *, bound: Act | None = None):
    manages = may_manage(request, municipality) and not row.is_apart
    acts = replaced([act(row=row) for act in ACTS.get(row.state, [])] if manages else [], bound)
    questions = list(
        row.questions.select_related("asked_by", "organisation", "answered_by", "call").order_by(
            "answered_at", "pk"
        )
    )
    # Those without an answer first, oldest first.
    questions.sort(key=lambda one: (bool(one.answer), one.asked_at))
    shown = []
    for one in questions:
        (act,) = replaced([AnswerAct(row=one)], bound)
        act.is_open = not one.answer
        shown.append({"question": one, "act": act if manages else None})
    offered = [*acts, *(one["act"] for one in shown)]
    counts = dict(row.applications.exclude(ref="").order_by().values_list("state").annotate(n=Count("pk")))
    if row.is_apart:
        counts = {}
    label, tone = window(row)
    pots = list(row.pots.select_related("goal", "programme"))
    return page(
        request,
        municipality,
        "staff/fund/call.html",
        part=PART,
        status=422 if bound is not None else 200,
        page_title=row.title,
        crumbs=crumbs(municipality, home(municipality), row.title),
        call=row,
        label=label,
        tone=tone,
        steps=_steps(row),
        days=[(row._meta.get_field(name).verbose_name, getattr(row, name)) for name in DAYS],
        pots=pots,
        pots_yen=sum(pot.available for pot in pots),
        counts=[
            (state, counts[state.value]) for state in APPLICATION.states.values() if counts.get(state.value)
        ],
        total=sum(counts.values()),
        drafts=row.applications.filter(state="draft").count(),
        acts=acts,
        act_url=reverse("staff-fund-call", args=[municipality.slug, row.ref]) + "act/",
        questions=shown,
        unanswered=sum(not one.answer for one in questions),
        problem=bound if bound is not None and bound not in offered else None,
        may_edit=manages and row.state in ("draft", "published"),
        is_over=row.state == "published" and row.closes_at <= clock.now(),
        public_href=_href("fund-call", municipality.slug, row.ref),
        screening_href=f"{_href('staff-fund-applications', municipality.slug)}?call={row.ref}",
        begin_href=_href("staff-fund-stage", municipality.slug, row.ref, "first"),
        history=history_items(history(row))[:MOST_HISTORY],
    )


def _href(name: str, *parts) -> str:
    try:
        return reverse(name, args=parts)
    except NoReverseMatch:
        return ""


def _steps(row: Call) -> list[dict]:
    """The life of a call: prepared, public, screened, released."""
    order = ["draft", "published", "screening", "released"]
    here = {"finished": 4, "cancelled": -1}.get(
        row.state, order.index(row.state) if row.state in order else 0
    )
    return (
        [
            {
                "label": CALL[name].label,
                "state": "done" if number < here else "current" if number == here else "todo",
            }
            for number, name in enumerate(order)
        ]
        if here >= 0
        else []
    )


@require_safe
def preview(request, city: str, ref: str):
    """The call as everybody sees it, before it is public."""
    from musubi.www.public.fund.calls import draw

    municipality = fund_city(request, city)
    return draw(request, municipality, call_of(request, municipality, ref), is_preview=True)


urlpatterns = [
    path("calls/", calls, name="staff-fund-calls"),
    path("calls/new/", new_call, name="staff-fund-call-new"),
    path("calls/<str:ref>/", call, name="staff-fund-call"),
    path("calls/<str:ref>/edit/", edit_call, name="staff-fund-call-edit"),
    path("calls/<str:ref>/preview/", preview, name="staff-fund-call-preview"),
    path("calls/<str:ref>/act/<slug:code>/<int:pk>/", call_act, name="staff-fund-call-act"),
]
