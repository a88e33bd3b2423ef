"""Programmes and their editions: the rules as they stand, written section by section, set beside each other."""

from django.contrib import messages
from django.db.models import Count, Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.fund import actions
from musubi.fund.models import Edition, Programme
from musubi.fund.states import EDITION
from musubi.journal.queries import history
from musubi.lib.errors import Refused
from musubi.people.models import Municipality
from musubi.people.permissions import Can
from musubi.www.staff.frame import act_page, attempt, page_of, posted
from musubi.www.staff.fund.acts import Act, press, replaced
from musubi.www.staff.fund.forms_programmes import (
    FORMS,
    ProgrammeForm,
    ProgrammeWordsForm,
    UseAct,
    again,
    calm,
)
from musubi.www.staff.fund.frame import crumbs, fund_city, may_manage, page
from musubi.www.staff.fund.rules_shown import SECTIONS, compared, spelled, unwritten
from musubi.www.staff.verbs import history_items

PART = "staff-fund-programmes"
LARGEST_NUMBER = 32_767


def home(municipality: Municipality) -> tuple[str, str]:
    return _("制度"), reverse("staff-fund-programmes", args=[municipality.slug])


def _of(programme: Programme) -> tuple[str, str]:
    return programme.name, reverse("staff-fund-programme", args=[programme.municipality.slug, programme.code])


@require_safe
def programmes(request, city: str):
    municipality = fund_city(request, city)
    rows = Programme.objects.filter(municipality=municipality).prefetch_related("editions").order_by("name")
    found = page_of(request, rows)
    return page(
        request,
        municipality,
        "staff/fund/programmes.html",
        part=PART,
        page_title=_("制度"),
        crumbs=crumbs(municipality, _("制度")),
        page=found,
        rows=[
            {
                "programme": row,
                "used": next((edition for edition in row.editions.all() if edition.state == "in_use"), None),
                "draft": next((edition for edition in row.editions.all() if edition.state == "draft"), None),
                "n": len(row.editions.all()),
            }
            for row in found
        ],
        sorted_by=_("名前の順"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new_programme(request, city: str):
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    form, made = ProgrammeForm(posted(request)), []
    if form.is_valid() and attempt(
        form, lambda: made.append(actions.draft_programme(municipality, by=request.user, **form.cleaned_data))
    ):
        messages.success(request, _("制度を作りました。決まりを順に書いてください。"))
        return redirect("staff-fund-edition", city, made[0].programme.code, 1)
    return act_page(
        request,
        municipality,
        form,
        title=_("制度を作る"),
        lead=_("対象・助成率・審査項目などの決まりは、次の画面で順に書きます。"),
        trail=[(_("ファンド"), reverse("staff-fund", args=[city])), home(municipality)],
        submit_label=_("作る"),
    )


def _programme(municipality: Municipality, code: str) -> Programme:
    editions = Edition.objects.annotate(n_calls=Count("calls", distinct=True)).order_by("-number")
    rows = Programme.objects.select_related("municipality").prefetch_related(Prefetch("editions", editions))
    return get_object_or_404(rows, municipality=municipality, code=code)


def _edition(municipality: Municipality, code: str, number: int) -> Edition:
    if number > LARGEST_NUMBER:
        raise Http404
    rows = Edition.objects.select_related("programme__municipality", "used_by")
    return get_object_or_404(rows, programme__municipality=municipality, programme__code=code, number=number)


@require_safe
def programme(request, city: str, code: str):
    municipality = fund_city(request, city)
    return _programme_page(request, municipality, _programme(municipality, code))


def _programme_page(request, municipality, row: Programme):
    editions = list(row.editions.all())
    return page(
        request,
        municipality,
        "staff/fund/programme.html",
        part=PART,
        page_title=row.name,
        crumbs=crumbs(municipality, home(municipality), row.name),
        programme=row,
        editions=[(edition, EDITION[edition.state]) for edition in editions],
        draft=next((edition for edition in editions if edition.state == "draft"), None),
        used=next((edition for edition in editions if edition.state == "in_use"), None),
        history=history_items(history(row)),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit_programme(request, city: str, code: str):
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    row = _programme(municipality, code)
    form = ProgrammeWordsForm(posted(request), initial={"name": row.name, "lead": row.lead})
    here = _of(row)
    if form.is_valid() and attempt(
        form, lambda: actions.rename_programme(row, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("制度名と趣旨を直しました。公開ページにも反映されます。"))
        return redirect("staff-fund-programme", city, code)
    return act_page(
        request,
        municipality,
        form,
        title=_("制度名と趣旨を直す"),
        eyebrow=here[0],
        lead=_(
            "すぐに公開ページに反映されます。発行した通知書は、発行したときの名前のままです。決まりは版ごとに直します。"
        ),
        trail=[(_("ファンド"), reverse("staff-fund", args=[city])), home(municipality), here],
        submit_label=_("保存する"),
        autosave=f"fund-programme-words-{row.pk}",
    )


@require_POST
def new_edition(request, city: str, code: str):
    """The next edition, written from a copy of the last one."""
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    row = _programme(municipality, code)
    try:
        made = actions.draft_edition(row, by=request.user)
    except Refused as error:
        messages.error(request, str(error))
        return redirect("staff-fund-programme", city, code)
    messages.success(request, _("前の版を写して、新しい版を作りました。変えるところだけ直してください。"))
    return redirect("staff-fund-edition", city, code, made.number)


@require_safe
def edition(request, city: str, code: str, number: int):
    municipality = fund_city(request, city)
    return _edition_page(request, municipality, _edition(municipality, code, number))


@require_POST
def edition_act(request, city: str, code: str, number: int, act: str, pk: int):
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    row = _edition(municipality, code, number)
    if act != UseAct.code or pk != row.pk:
        raise Http404
    bound, done = press(UseAct(row=row), request)
    if done:
        messages.success(request, bound.done)
        return redirect("staff-fund-edition", city, code, number)
    return _edition_page(request, municipality, _edition(municipality, code, number), bound=bound)


def _edition_page(request, municipality, row: Edition, *, bound: Act | None = None):
    is_draft = row.state == "draft"
    rules = spelled(row)
    acts = replaced([UseAct(row=row)] if is_draft else [], bound)
    return page(
        request,
        municipality,
        "staff/fund/edition.html",
        part=PART,
        status=422 if bound is not None else 200,
        page_title=str(row),
        crumbs=crumbs(
            municipality, home(municipality), _of(row.programme), _("第%(n)d版") % {"n": row.number}
        ),
        edition=row,
        state=EDITION[row.state],
        sections=[(code, name, rules[code]) for code, name in SECTIONS.items()],
        jumps=[(name, f"#{code}") for code, name in SECTIONS.items()],
        may_edit=is_draft and may_manage(request, municipality),
        acts=acts,
        problem=bound if bound is not None and bound not in acts else None,
        act_url=reverse("staff-fund-edition", args=[municipality.slug, row.programme.code, row.number]),
        before=row.programme.editions.filter(number__lt=row.number).order_by("-number").first(),
        calls=list(row.calls.order_by("-opens_at")[:20]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit_section(request, city: str, code: str, number: int, section: str):
    """One section's form. More rows and the reading of the notice's text come back without anything being kept."""
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    if section not in FORMS:
        raise Http404
    row = _edition(municipality, code, number)
    if row.state != "draft":
        messages.error(request, _("使い始めた版は変えられません。新しい版を作ってから直してください。"))
        return redirect("staff-fund-edition", city, code, number)
    step = request.POST.get("step", "")
    if step in ("more", "read"):
        form = calm(again(section, row, request.POST, step))
        return _section_page(request, municipality, row, section, form)
    form = FORMS[section](posted(request), edition=row)
    if form.is_bound and form.is_valid():
        try:
            form.carry_out(by=request.user)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("「%(name)s」を保存しました。") % {"name": SECTIONS[section]})
            back = reverse("staff-fund-edition", args=[city, code, number])
            return redirect(_after(request, section, back))
    return _section_page(request, municipality, row, section, form)


def _after(request, section: str, back: str) -> str:
    """The edition's page at this section, or the next section where that was asked for."""
    following = list(FORMS)[list(FORMS).index(section) + 1 :]
    if request.POST.get("step") == "next" and following:
        return f"{back}edit/{following[0]}/"
    return f"{back}#{section}"


def _section_page(request, municipality, row: Edition, section: str, form):
    name, codes = SECTIONS[section], list(FORMS)
    empty = unwritten(row)
    back = reverse("staff-fund-edition", args=[municipality.slug, row.programme.code, row.number])
    return page(
        request,
        municipality,
        "staff/fund/edition_edit.html",
        part=PART,
        status=422 if form.is_bound and form.has_problems else 200,
        page_title=name,
        crumbs=crumbs(
            municipality,
            home(municipality),
            _of(row.programme),
            (_("第%(n)d版") % {"n": row.number}, back),
            name,
        ),
        edition=row,
        form=form,
        section=section,
        steps=[
            {
                "label": SECTIONS[one],
                "state": "current" if one == section else "todo" if one in empty else "done",
                "href": f"{back}edit/{one}/",
            }
            for one in codes
        ],
        back=back,
        is_last=section == codes[-1],
    )


@require_safe
def compare(request, city: str, code: str):
    """Two editions beside each other; the last two where none are named."""
    municipality = fund_city(request, city)
    row = _programme(municipality, code)
    editions = list(row.editions.all())
    if len(editions) < 2:
        messages.info(request, _("比べる版がまだありません。"))
        return redirect("staff-fund-programme", city, code)
    by_number = {str(one.number): one for one in editions}
    after = by_number.get(request.GET.get("after", ""), editions[0])
    earlier = [one for one in editions if one.number < after.number] or editions[1:]
    before = by_number.get(request.GET.get("before", ""), earlier[0])
    sections = compared(before, after)
    return page(
        request,
        municipality,
        "staff/fund/compare.html",
        part=PART,
        page_title=_("版を比べる"),
        crumbs=crumbs(municipality, home(municipality), _of(row), _("版を比べる")),
        programme=row,
        editions=editions,
        before=before,
        after=after,
        sections=sections,
        n_changed=sum(section["changed"] for section in sections),
        shows_all="all" in request.GET,
    )


urlpatterns = [
    path("programmes/", programmes, name="staff-fund-programmes"),
    path("programmes/new/", new_programme, name="staff-fund-programme-new"),
    path("programmes/<slug:code>/", programme, name="staff-fund-programme"),
    path("programmes/<slug:code>/edit/", edit_programme, name="staff-fund-programme-edit"),
    path("programmes/<slug:code>/draft/", new_edition, name="staff-fund-edition-new"),
    path("programmes/<slug:code>/compare/", compare, name="staff-fund-compare"),
    path("programmes/<slug:code>/<int:number>/", edition, name="staff-fund-edition"),
    path(
        "programmes/<slug:code>/<int:number>/edit/<slug:section>/",
        edit_section,
        name="staff-fund-edition-edit",
    ),
    path(
        "programmes/<slug:code>/<int:number>/<slug:act>/<int:pk>/", edition_act, name="staff-fund-edition-act"
    ),
]
