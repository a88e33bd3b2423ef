"""What happens to a municipality: founded, its settings, departments, roles and closing days."""

from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Missing, Refused
from musubi.lib.lifecycle import update
from musubi.people import leaving, rules
from musubi.people.actions.steps import change, hold, insert
from musubi.people.models import (
    ClosingDay,
    Department,
    Municipality,
    Staff,
    User,
)
from musubi.people.permissions import forget_authority


@transaction.atomic
def found_municipality(
    *,
    code: str,
    slug: str,
    name: str,
    prefecture: str,
    name_en: str = "",
    lead: str = "",
    lead_en: str = "",
    contact: str = "",
    hue: str = "ai",
    members_need_approval: bool = True,
    desk_name: str = "公民連携デスク",
    by: User | None,
) -> Municipality:
    """The operator takes a municipality in, with its desk.

    Raises NotAllowed unless `by` is an operator (or None); Refused where the code's check digit is wrong, the slug
    is misspelt, reserved or taken, or the code is here already.
    """
    rules.require_operator(by)
    city = Municipality(
        code=rules.check_code(code),
        slug=rules.check_slug(slug),
        name=name.strip(),
        name_en=name_en.strip(),
        prefecture=prefecture.strip(),
        lead=lead.strip(),
        lead_en=lead_en.strip(),
        contact=contact.strip(),
        hue=rules.check_hue(hue),
        members_need_approval=members_need_approval,
    )
    rules.check_fields(city)
    for field, words in (
        ("code", _("この団体コードの自治体は、すでに登録されています。")),
        ("slug", _("この「アドレスの名前」は、別の自治体が使っています。別の名前にしてください。")),
    ):
        if Municipality.objects.filter(**{field: getattr(city, field)}).exists():
            raise Refused(words, field=field)
    insert(city, _("同じ自治体が、いま登録されました。一覧を確かめてください。"))
    desk = Department(municipality=city, name=desk_name.strip(), is_desk=True)
    rules.check_fields(desk)
    desk.save()
    journal.write("municipality.founded", city, by=by, desk=desk.name)
    return city


@transaction.atomic
def change_settings(
    municipality: Municipality,
    *,
    by: User | None,
    name: str | None = None,
    name_en: str | None = None,
    lead: str | None = None,
    lead_en: str | None = None,
    contact: str | None = None,
    hue: str | None = None,
    members_need_approval: bool | None = None,
) -> None:
    """An administrator changes how the municipality presents itself and takes members. None leaves a setting alone.

    Code and slug stay: printed addresses and old records rely on them.
    """
    rules.require_management(by, municipality)
    changes = {
        "name": name,
        "name_en": name_en,
        "lead": lead,
        "lead_en": lead_en,
        "contact": contact,
        "hue": hue if hue is None else rules.check_hue(hue),
        "members_need_approval": members_need_approval,
    }
    if changed := change(municipality, changes):
        journal.write("municipality.changed", municipality, by=by, changed=changed)


@transaction.atomic
def add_department(
    municipality: Municipality,
    name: str,
    *,
    by: User | None,
    name_en: str = "",
    duties: str = "",
    parent: Department | None = None,
    position: int = 0,
) -> Department:
    """An administrator adds a department. `duties` are the words by which proposals find their way to it."""
    rules.require_management(by, municipality)
    row = Department(
        municipality=municipality,
        name=name.strip(),
        name_en=name_en.strip(),
        duties=duties.strip(),
        parent=_parent(municipality, None, parent),
        position=position,
    )
    rules.check_fields(row)
    insert(row, _("「%(name)s」という部署がすでにあります。") % {"name": row.name}, field="name")
    journal.write("department.added", row, by=by, parent=parent.name if parent else "")
    return row


@transaction.atomic
def change_department(
    department: Department,
    *,
    by: User | None,
    name: str | None = None,
    name_en: str | None = None,
    duties: str | None = None,
    parent: Department | None | str = "",
    manager: User | None | str = "",
    position: int | None = None,
) -> None:
    """An administrator changes a department. None (for `parent` and `manager`, "") leaves a column alone;
    `parent=None` makes it a top department, `manager=None` leaves it without a manager.

    Raises Refused where the new parent lies below the department, or the manager does not work in it.
    """
    rules.require_management(by, department.municipality)
    changes = {"name": name, "name_en": name_en, "duties": duties, "position": position}
    relations = {}
    if parent != "":
        relations["parent"] = _parent(department.municipality, department, parent)
    if manager != "":
        if manager is not None and not _works_in(manager, department):
            raise Refused(_("管理職には、この部署に役割のある人を選んでください。"), field="manager")
        relations["manager"] = manager
    try:
        with transaction.atomic():
            changed = change(department, changes, **relations)
    except IntegrityError as error:
        raise Refused(_("同じ名前の部署がすでにあります。別の名前にしてください。"), field="name") from error
    if changed:
        journal.write("department.changed", department, by=by, changed=changed)


@transaction.atomic
def close_department(department: Department, *, by: User | None) -> None:
    """An administrator closes a department: it stays on the record and is offered nowhere any more.

    Raises Refused for the desk, and while people or open departments still belong to it; `leaving.StillCarried`
    while work lies with it.
    """
    rules.require_management(by, department.municipality)
    hold(department.municipality)
    if department.is_desk:
        raise Refused(_("公民連携デスクは廃止できません。受付と進み具合の確認に必要です。"))
    if Staff.objects.filter(department=department, ended_at=None).exists():
        raise Refused(_("この部署にはまだ職員がいます。先に職員の役割を終えるか、別の部署に移してください。"))
    if department.children.filter(is_active=True).exists():
        raise Refused(_("この部署の下に、まだ部署があります。先に下の部署を移すか、廃止してください。"))
    leaving.require_empty_desk(department)
    update(department, _("部署"), guard={"is_active": True}, is_active=False, manager=None)
    journal.write("department.closed", department, by=by)


@transaction.atomic
def appoint(
    user: User,
    municipality: Municipality,
    role: str,
    *,
    by: User | None,
    department: Department | None = None,
) -> Staff:
    """An administrator (or the operator) gives a person a role (`Staff.Role`).

    A desk officer sits at the desk unless another department is named; officers and managers need a department.
    Follows: the first manager of a department becomes the one its overdue work is told to.
    """
    rules.require_management(by, municipality)
    hold(municipality)
    if role not in Staff.Role.values:
        raise Refused(_("役割を一覧から選んでください。"), field="role")
    if not user.is_active:
        raise Refused(_("この利用者は停止されています。先に利用を再開してください。"), field="user")
    if role == Staff.Role.DESK and department is None:
        department = municipality.departments.get(is_desk=True)
    if role in (Staff.Role.OFFICER, Staff.Role.MANAGER) and department is None:
        raise Missing(_("部署の職員と管理職には、部署を選んでください。"), field="department")
    if department is not None:
        if department.municipality_id != municipality.pk:
            raise Refused(_("部署は、この自治体の部署から選んでください。"), field="department")
        if not department.is_active:
            raise Refused(_("廃止された部署は選べません。今ある部署から選んでください。"), field="department")
    row = Staff(user=user, municipality=municipality, department=department, role=role)
    insert(row, _("この人は、すでに同じ役割に就いています。"), field="user")
    if role == Staff.Role.MANAGER:
        Department.objects.filter(pk=department.pk, manager=None).update(manager=user)
    forget_authority(user)
    journal.write("staff.appointed", row, by=by, role=role, department=department.name if department else "")
    return row


@transaction.atomic
def end_role(staff: Staff, *, by: User | None) -> None:
    """An administrator ends a role. The row stays: the record needs to know who was who.

    Raises Refused for the last administrator, unless the operator does it; `leaving.StillCarried` while the person
    carries work that nobody else would do then; Conflict where it has ended already.
    """
    rules.require_management(by, staff.municipality)
    hold(staff.municipality)
    others = Staff.objects.filter(
        municipality=staff.municipality, role=Staff.Role.ADMINISTRATOR, ended_at=None, user__is_active=True
    ).exclude(pk=staff.pk)
    if staff.role == Staff.Role.ADMINISTRATOR and not rules.is_operator(by) and not others.exists():
        raise Refused(_("自治体管理者が一人もいなくなります。先に別の人を自治体管理者にしてください。"))
    leaving.hold_person(staff.user)
    update(staff, _("役割"), guard={"ended_at": None}, ended_at=clock.now())
    try:
        leaving.require_empty_hands(staff.user, staff.municipality)
    except leaving.StillCarried:
        staff.ended_at = None
        forget_authority(staff.user)
        raise
    if staff.department_id and not _works_in(staff.user, staff.department):
        Department.objects.filter(pk=staff.department_id, manager=staff.user).update(manager=None)
    forget_authority(staff.user)
    journal.write(
        "staff.ended",
        staff,
        by=by,
        role=staff.role,
        department=staff.department.name if staff.department else "",
    )


@transaction.atomic
def set_closing_day(municipality: Municipality, day: date, *, by: User | None, name: str = "") -> ClosingDay:
    """An administrator marks a day on which no business is done (weekends and national holidays are known)."""
    rules.require_management(by, municipality)
    rules.check_fields(ClosingDay(municipality=municipality, day=day, name=name.strip()))
    row, _made = ClosingDay.objects.update_or_create(
        municipality=municipality, day=day, defaults={"name": name.strip()}
    )
    journal.write("closing_day.set", row, by=by, day=day.isoformat(), name=row.name)
    return row


@transaction.atomic
def remove_closing_day(closing_day: ClosingDay, *, by: User | None) -> None:
    """An administrator takes a closing day back. Due dates already given stay as they are."""
    rules.require_management(by, closing_day.municipality)
    journal.write(
        "closing_day.removed", closing_day, by=by, day=closing_day.day.isoformat(), name=closing_day.name
    )
    closing_day.delete()


def _parent(municipality: Municipality, department: Department | None, parent: Department | None):
    """`parent`, if the department may hang below it; the tree of one municipality changes by one person at a time."""
    hold(municipality)
    if parent is None:
        return None
    if parent.municipality_id != municipality.pk or not parent.is_active:
        raise Refused(_("上の部署は、この自治体の今ある部署から選んでください。"), field="parent")
    above = dict(Department.objects.filter(municipality=municipality).values_list("pk", "parent_id"))
    here = parent.pk
    while department is not None and here is not None:
        if here == department.pk:
            raise Refused(_("自分自身や、自分の下にある部署を、上の部署にはできません。"), field="parent")
        here = above[here]
    return parent


def _works_in(user: User, department: Department) -> bool:
    return Staff.objects.filter(
        user=user, department=department, ended_at=None, role__in=[Staff.Role.MANAGER, Staff.Role.DESK]
    ).exists()
