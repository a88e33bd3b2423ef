"""Hand-over: what a person or a department carries, the book of it, and giving it to somebody else.

Everybody sees their own; a manager the own departments and their people; the desk and the administrators all. The
administrators end roles and therefore may give cases away, but do not read them: they see numbers, not words.
"""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from musubi.cases.handover.actions import may_hand_over, move_department, reassign_each
from musubi.cases.handover.book import Subject, carried, write_book
from musubi.cases.handover.paper import as_pdf
from musubi.cases.handover.takers import takers
from musubi.cases.handover.word import as_word
from musubi.cases.models import Case
from musubi.cases.states import OPEN
from musubi.lib import clock
from musubi.people.models import Department, Municipality, Staff, User
from musubi.people.permissions import Can, Reach, authority, may
from musubi.people.rules import may_manage
from musubi.www.access import staff_city
from musubi.www.staff.forms_handover import MoveDepartmentForm, ReassignForm
from musubi.www.staff.frame import attempt, crumbs, page_of, posted

AT_WORK = [Staff.Role.DESK, Staff.Role.OFFICER, Staff.Role.MANAGER]
FORMS = {
    "pdf": (as_pdf, "application/pdf"),
    "docx": (as_word, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
}


# --- who sees whose ----------------------------------------------------------------------------------------------


def _sees_all(user, municipality: Municipality) -> bool:
    return authority(user).may_in(Can.MANAGE_CASE, municipality.pk, Reach.MUNICIPALITY) or may_manage(
        user, municipality
    )


def _reads_cases(user, municipality: Municipality) -> bool:
    return authority(user).may_in(Can.SEE_CASE, municipality.pk)


def _departments(user, municipality: Municipality):
    """The departments whose work the person may hand over, or read the book of."""
    rows = Department.objects.filter(municipality=municipality)
    if _sees_all(user, municipality):
        return rows
    return rows.filter(pk__in=authority(user).where(Can.MANAGE_CASE)[1])


def _people(user, municipality: Municipality):
    """The people whose book the person may see: all who have a role or still own a case there; or those of the own
    departments, and oneself."""
    here = Q(staff__municipality=municipality, staff__ended_at=None, staff__role__in=AT_WORK)
    if _sees_all(user, municipality):
        owning = Case.objects.filter(municipality=municipality, stage__in=OPEN).values("owner")
        rows = User.objects.filter(here | Q(pk__in=owning))
    else:
        mine = _departments(user, municipality).values("pk")
        owning = Case.objects.filter(municipality=municipality, stage__in=OPEN, lead__in=mine).values("owner")
        rows = User.objects.filter(
            Q(pk=user.pk) | Q(pk__in=owning) | Q(staff__department__in=mine, staff__ended_at=None)
        )
    return rows.distinct()


def _one(rows, pk: int):
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def _person(request, city: str, pk: int) -> tuple[Municipality, Subject]:
    municipality = staff_city(request, city)
    return municipality, Subject(municipality, person=_one(_people(request.user, municipality), pk))


def _department(request, city: str, pk: int) -> tuple[Municipality, Subject]:
    municipality = staff_city(request, city)
    return municipality, Subject(municipality, department=_one(_departments(request.user, municipality), pk))


# --- the pages ---------------------------------------------------------------------------------------------------


@require_safe
def index(request, city: str):
    """Everybody the person may see, who carries most on top; then the departments."""
    municipality = staff_city(request, city)
    late = Q(owns__ball_due_on__lt=clock.today())
    open_here = Q(owns__municipality=municipality, owns__stage__in=OPEN)
    people = (
        _people(request.user, municipality)
        .annotate(
            carries=Count("owns", filter=open_here, distinct=True),
            late=Count("owns", filter=open_here & late, distinct=True),
        )
        .order_by("-carries", "name", "pk")
    )
    page = page_of(request, people)
    roles: dict[int, list[str]] = {}
    held = Staff.objects.filter(user__in=[p.pk for p in page], municipality=municipality, ended_at=None)
    for role in held.select_related("department").order_by("pk"):
        where = f"{role.department or ''} {role.get_role_display()}".strip()
        roles.setdefault(role.user_id, []).append(where)
    departments = (
        _departments(request.user, municipality)
        .annotate(
            leading=Count("leads", filter=Q(leads__stage__in=OPEN), distinct=True),
            late=Count(
                "leads", filter=Q(leads__stage__in=OPEN, leads__ball_due_on__lt=clock.today()), distinct=True
            ),
        )
        .filter(Q(is_active=True) | Q(leading__gt=0))
        .order_by("position", "pk")
    )
    context = {
        "municipality": municipality,
        "page_title": _("引継ぎ"),
        "crumbs": crumbs(municipality, _("引継ぎ")),
        "page": page,
        "people": [(person, roles.get(person.pk, [])) for person in page],
        "departments": list(departments),
    }
    return render(request, "staff/handover.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def person(request, city: str, pk: int):
    """What the person carries; who may gives it to others."""
    municipality, subject = _person(request, city, pk)
    rows = _visible(request.user, subject)
    form = None
    if givable := [case for case in rows if may_hand_over(request.user, case)]:
        form = ReassignForm(posted(request), rows=givable, takers=takers(municipality), leaver=subject.person)
    elif request.method == "POST":
        if _departments(request.user, municipality).exists():
            # A page that was opened before somebody else handed over what was left.
            messages.info(request, _("引き継ぐ案件は、もうありません。"))
            return redirect("staff-handover-person", city, pk)
        raise PermissionDenied(
            _("案件を引き継げるのは、デスクと部署の管理職、自治体管理者だけです。管理職に頼んでください。")
        )
    ticked = _ticked(form) if form else set()
    given = []
    if form is not None and form.is_valid():
        reason = form.cleaned_data["reason"]
        if attempt(
            form, lambda: given.extend(reassign_each(form.successors(), by=request.user, reason=reason))
        ):
            names = _("、").join(str(who) for who in form.successors())
            messages.success(
                request,
                _("%(n)d件を%(names)sさんに引き継ぎました。後任の人に、一覧をお知らせします。")
                % {"n": len(given), "names": names},
            )
            return redirect("staff-handover-person", city, pk)
    return _page(
        request,
        "staff/handover_person.html",
        municipality,
        subject,
        form,
        rows=[_row(request.user, case, form, ticked) for case in rows],
        beyond=carried(subject).count() - len(rows),
    )


def _row(user, case: Case, form=None, ticked=frozenset()) -> dict:
    """One line of the list: its words only for who reads the case, its fields only where it may be given away."""
    gives = form is not None and f"to_{case.pk}" in form.fields
    return {
        "case": case,
        "reads": may(user, Can.SEE_CASE, case),
        "own": form.own(case) if gives else None,
        "ticked": str(case.pk) in ticked,
    }


def _ticked(form) -> set[str]:
    """Those ticked in a form that comes back; on a fresh page, all."""
    if form.is_bound:
        return set(form.data.getlist("cases"))
    return {name.removeprefix("to_") for name in form.fields if name.startswith("to_")}


@require_http_methods(["GET", "HEAD", "POST"])
def department(request, city: str, pk: int):
    """What the department carries; the desk and the administrators give all of it to another (機構改革)."""
    municipality, subject = _department(request, city, pk)
    rows = _visible(request.user, subject)
    form = None
    if _sees_all(request.user, municipality):
        form = MoveDepartmentForm(posted(request), municipality=municipality, department=subject.department)
    elif request.method == "POST":
        raise PermissionDenied(_("部署の仕事をまとめて移せるのは、デスクと自治体管理者だけです。"))
    moved = []
    if (
        form is not None
        and form.is_valid()
        and attempt(
            form,
            lambda: moved.extend(move_department(subject.department, by=request.user, **form.cleaned_data)),
        )
    ):
        messages.success(
            request,
            _("%(from)sの案件%(n)d件と、協定・照会を%(to)sに引き継ぎました。団体にもお知らせします。")
            % {"from": subject.department, "n": len(moved), "to": form.cleaned_data["to"]},
        )
        return redirect("staff-handover-department", city, pk)
    return _page(
        request,
        "staff/handover_department.html",
        municipality,
        subject,
        form,
        rows=[_row(request.user, case) for case in rows],
        beyond=carried(subject).count() - len(rows),
    )


def _page(request, template: str, municipality, subject: Subject, form, **context):
    context = {
        "municipality": municipality,
        "page_title": _("引継ぎ: %(name)s") % {"name": subject.name},
        "crumbs": crumbs(
            municipality, (_("引継ぎ"), reverse("staff-handover", args=[municipality.slug])), subject.name
        ),
        "subject": subject,
        "form": form,
        "reads": _reads_cases(request.user, municipality),
        "today": clock.today(),
        **context,
    }
    status = 422 if form is not None and form.is_bound and form.errors else 200
    return render(request, template, context, status=status)


def _visible(user, subject: Subject) -> list[Case]:
    """The carried cases the person may hand over or read; for administrators all, by number."""
    rows = carried(subject).select_related(
        "municipality", "lead", "owner", "ball_department", "ball_organisation"
    )
    rows = rows.prefetch_related("departments", "organisations")
    if not may_manage(user, subject.municipality):
        mine = authority(user)
        cities, sections, _organisations = mine.where(Can.SEE_CASE)
        if subject.municipality.pk not in cities:
            taking_part = Case.departments.through.objects.filter(department__in=sections).values("case")
            rows = rows.filter(pk__in=taking_part)
        if subject.person is None or subject.person.pk != user.pk:
            rows = rows.exclude(organisations__in=mine.organisation_ids)
    return list(rows)


# --- the book ----------------------------------------------------------------------------------------------------


def _book(request, municipality: Municipality, subject: Subject) -> dict:
    if not _reads_cases(request.user, municipality):
        raise PermissionDenied(
            _(
                "引継書には案件の中身が載るため、案件を見る役割のない人は開けません。デスクか部署の管理職に頼んでください。"
            )
        )
    return write_book(subject, by=request.user, to=request.GET.get("to", "")[:80])


def _book_page(request, municipality, subject: Subject, home: str, file: str):
    pk = (subject.person or subject.department).pk
    context = {
        "municipality": municipality,
        "book": _book(request, municipality, subject),
        "crumbs": crumbs(
            municipality,
            (_("引継ぎ"), reverse("staff-handover", args=[municipality.slug])),
            (subject.name, reverse(home, args=[municipality.slug, pk])),
            _("引継書"),
        ),
        "to": request.GET.get("to", "")[:80],
        "pdf": reverse(file, args=[municipality.slug, pk, "pdf"]),
        "docx": reverse(file, args=[municipality.slug, pk, "docx"]),
    }
    context["page_title"] = context["book"]["title"]
    return render(request, "staff/handover_book.html", context)


def _file(request, municipality, subject: Subject, form: str):
    if form not in FORMS:
        raise Http404
    make, media_type = FORMS[form]
    book = _book(request, municipality, subject)
    response = HttpResponse(make(book), content_type=media_type)
    name = f"{book['title']}_{clock.today():%Y%m%d}.{form}"
    response.headers["Content-Disposition"] = _attachment(name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _attachment(name: str) -> str:
    from django.utils.http import content_disposition_header

    return content_disposition_header(True, name.replace("/", "_"))


@require_safe
def person_book(request, city: str, pk: int):
    return _book_page(
        request, *_person(request, city, pk), "staff-handover-person", "staff-handover-person-file"
    )


@require_safe
def department_book(request, city: str, pk: int):
    return _book_page(
        request,
        *_department(request, city, pk),
        "staff-handover-department",
        "staff-handover-department-file",
    )


@require_safe
def person_file(request, city: str, pk: int, form: str):
    return _file(request, *_person(request, city, pk), form)


@require_safe
def department_file(request, city: str, pk: int, form: str):
    return _file(request, *_department(request, city, pk), form)


urlpatterns = [
    path("", index, name="staff-handover"),
    path("people/<int:pk>/", person, name="staff-handover-person"),
    path("people/<int:pk>/book/", person_book, name="staff-handover-person-book"),
    path("people/<int:pk>/book.<slug:form>", person_file, name="staff-handover-person-file"),
    path("departments/<int:pk>/", department, name="staff-handover-department"),
    path("departments/<int:pk>/book/", department_book, name="staff-handover-department-book"),
    path("departments/<int:pk>/book.<slug:form>", department_file, name="staff-handover-department-file"),
]
