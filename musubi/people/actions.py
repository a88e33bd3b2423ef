"""What is done with municipalities, their people, organisations and memberships."""

from datetime import date

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from musubi.journal import actions as journal
from musubi.lib import clock, fulltext
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.lib.lifecycle import move, update
from musubi.lib.text import organisation_key
from musubi.people import rules
from musubi.people.models import (
    ClosingDay,
    Department,
    Member,
    Municipality,
    Organisation,
    Representative,
    Staff,
    User,
)
from musubi.people.permissions import Can, forget_authority, may, require
from musubi.people.states import MEMBERSHIP

# --- municipalities -------------------------------------------------------------------------------------------


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
    _insert(city, _("同じ自治体が、いま登録されました。一覧を確かめてください。"))
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
    if changed := _change(municipality, changes):
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
    _insert(row, _("「%(name)s」という部署がすでにあります。") % {"name": row.name}, field="name")
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
            changed = _change(department, changes, **relations)
    except IntegrityError as error:
        raise Refused(_("同じ名前の部署がすでにあります。別の名前にしてください。"), field="name") from error
    if changed:
        journal.write("department.changed", department, by=by, changed=changed)


@transaction.atomic
def close_department(department: Department, *, by: User | None) -> None:
    """An administrator closes a department: it stays on the record and is offered nowhere any more.

    Raises Refused for the desk, and while people or open departments still belong to it.
    """
    rules.require_management(by, department.municipality)
    _hold(department.municipality)
    if department.is_desk:
        raise Refused(_("公民連携デスクは廃止できません。受付と進み具合の確認に必要です。"))
    if Staff.objects.filter(department=department, ended_at=None).exists():
        raise Refused(_("この部署にはまだ職員がいます。先に職員の役割を終えるか、別の部署に移してください。"))
    if department.children.filter(is_active=True).exists():
        raise Refused(_("この部署の下に、まだ部署があります。先に下の部署を移すか、廃止してください。"))
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
    _hold(municipality)
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
    _insert(row, _("この人は、すでに同じ役割に就いています。"), field="user")
    if role == Staff.Role.MANAGER:
        Department.objects.filter(pk=department.pk, manager=None).update(manager=user)
    forget_authority(user)
    journal.write("staff.appointed", row, by=by, role=role, department=department.name if department else "")
    return row


@transaction.atomic
def end_role(staff: Staff, *, by: User | None) -> None:
    """An administrator ends a role. The row stays: the record needs to know who was who.

    Raises Refused for the last administrator, unless the operator does it; Conflict where it has ended already.
    """
    rules.require_management(by, staff.municipality)
    _hold(staff.municipality)
    others = Staff.objects.filter(
        municipality=staff.municipality, role=Staff.Role.ADMINISTRATOR, ended_at=None, user__is_active=True
    ).exclude(pk=staff.pk)
    if staff.role == Staff.Role.ADMINISTRATOR and not rules.is_operator(by) and not others.exists():
        raise Refused(_("自治体管理者が一人もいなくなります。先に別の人を自治体管理者にしてください。"))
    update(staff, _("役割"), guard={"ended_at": None}, ended_at=clock.now())
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


# --- organisations --------------------------------------------------------------------------------------------


@transaction.atomic
def register_organisation(
    *,
    name: str,
    kind: str,
    by: User | None,
    corporate_number: str = "",
    name_kana: str = "",
    name_en: str = "",
    prefecture: str = "",
    address: str = "",
    url: str = "",
    description: str = "",
    founded_on: date | None = None,
    represent: bool = True,
) -> Organisation:
    """A person registers the organisation they act for and becomes its owner.

    With `represent=False` a desk registers it on its behalf (a paper application, an import); nobody acts for it
    until the desk invites its first owner. By None (the product itself) it never has a representative.
    Raises Refused on field `corporate_number` where the number is damaged, or belongs to an organisation already
    here. Near-same names are allowed: show `rules.similar_organisations` before.
    """
    if by is not None and not (by.is_active if represent else rules.is_desk_somewhere(by)):
        raise NotAllowed
    row = Organisation(
        name=name.strip(),
        kind=kind,
        corporate_number=rules.check_corporate_number(corporate_number),
        name_kana=name_kana.strip(),
        name_en=name_en.strip(),
        prefecture=prefecture.strip(),
        address=address.strip(),
        url=url.strip(),
        description=description.strip(),
        founded_on=founded_on,
        created_at=clock.now(),
    )
    row.name_key = organisation_key(row.name)[:120]
    rules.check_fields(row)
    _refuse_known_number(row)
    _insert(row, _number_is_known(), field="corporate_number")
    fulltext.index(row, text=row.searchable)
    if by is not None and represent:
        Representative.objects.create(user=by, organisation=row, is_owner=True)
        forget_authority(by)
    journal.write(
        "organisation.registered",
        row,
        by=by,
        kind=kind,
        represented=represent and by is not None,
    )
    return row


@transaction.atomic
def change_organisation(
    organisation: Organisation,
    *,
    by: User | None,
    name: str | None = None,
    kind: str | None = None,
    corporate_number: str | None = None,
    name_kana: str | None = None,
    name_en: str | None = None,
    prefecture: str | None = None,
    address: str | None = None,
    url: str | None = None,
    description: str | None = None,
    founded_on: date | None | str = "",
) -> None:
    """A representative changes the organisation's particulars; a desk does where nobody answers for it yet.

    None (for `founded_on`, "") leaves a column alone. Raises Refused as `register_organisation` does.
    """
    _require_keeper(by, organisation, Can.EDIT_ORGANISATION)
    changes = {
        "name": name,
        "kind": kind,
        "name_kana": name_kana,
        "name_en": name_en,
        "prefecture": prefecture,
        "address": address,
        "url": url,
        "description": description,
    }
    others = {}
    if name is not None:
        others["name_key"] = organisation_key(name)[:120]
    if corporate_number is not None:
        others["corporate_number"] = rules.check_corporate_number(corporate_number)
    if founded_on != "":
        others["founded_on"] = founded_on
    try:
        with transaction.atomic():
            changed = _change(organisation, changes, **others)
    except IntegrityError as error:
        raise Refused(_number_is_known(), field="corporate_number") from error
    changed.pop("name_key", None)
    if changed:
        fulltext.index(organisation, text=organisation.searchable)
        journal.write("organisation.changed", organisation, by=by, changed=changed)


@transaction.atomic
def invite_representative(
    organisation: Organisation, user: User, *, by: User | None, is_owner: bool = False
) -> Representative:
    """An owner lets another person with an account act for the organisation.

    A desk that keeps the record of an organisation without an owner names the first one, who is then an owner.
    Raises Refused where the person is stopped or acts for it already.
    """
    _require_keeper(by, organisation, Can.INVITE_REPRESENTATIVE)
    _hold(organisation)
    if not user.is_active:
        raise Refused(_("この利用者は停止されているため、担当者にできません。"), field="user")
    row = Representative(
        user=user, organisation=organisation, is_owner=is_owner or not rules.has_owner(organisation)
    )
    _insert(row, _("この人は、すでにこの団体の担当者です。"), field="user")
    forget_authority(user)
    journal.write(
        "representative.invited", row, by=by, organisation_id=organisation.pk, is_owner=row.is_owner
    )
    return row


@transaction.atomic
def change_ownership(representative: Representative, *, is_owner: bool, by: User | None) -> None:
    """An owner makes another representative an owner, or an ordinary one again. One owner always stays."""
    require(by, Can.INVITE_REPRESENTATIVE, representative.organisation)
    _hold(representative.organisation)
    if not is_owner:
        _keep_an_owner(representative)
    update(representative, _("担当者"), guard={"ended_at": None}, is_owner=is_owner)
    forget_authority(representative.user)
    journal.write(
        "representative.changed",
        representative,
        by=by,
        organisation_id=representative.organisation_id,
        is_owner=is_owner,
    )


@transaction.atomic
def remove_representative(representative: Representative, *, by: User | None) -> None:
    """An owner ends a person's acting for the organisation, or the person gives it up.

    Raises Refused for the last owner; Conflict where it has ended already.
    """
    if by is None or by.pk != representative.user_id:
        require(by, Can.INVITE_REPRESENTATIVE, representative.organisation)
    _hold(representative.organisation)
    _keep_an_owner(representative)
    update(representative, _("担当者"), guard={"ended_at": None}, ended_at=clock.now())
    forget_authority(representative.user)
    journal.write(
        "representative.removed", representative, by=by, organisation_id=representative.organisation_id
    )


# --- memberships ----------------------------------------------------------------------------------------------


@transaction.atomic
def apply_for_membership(
    organisation: Organisation, municipality: Municipality, message: str = "", *, by: User | None
) -> Member:
    """A representative asks to join a municipality's platform, for the first time or again.

    Raises Refused where the organisation has joined or asked already.
    Follows: where the municipality asks for no check, the organisation is a member at once.
    """
    require(by, Can.JOIN_MUNICIPALITY, organisation)
    member = _application(organisation, municipality, message.strip())
    journal.write("member.applied", member, by=by, message=member.message)
    if not municipality.members_need_approval:
        admit_member(member, by=None)
    return member


@transaction.atomic
def admit_member(member: Member, *, by: User | None, joined_on: date | None = None) -> None:
    """The desk takes an applicant in, as of today or an earlier day (`joined_on`, for what was agreed on paper)."""
    require(by, Can.MANAGE_MEMBERS, member)
    day = _admit(member, joined_on)
    journal.write("member.admitted", member, by=by, joined_on=day.isoformat())


@transaction.atomic
def refuse_member(member: Member, reason: str, *, by: User | None) -> None:
    """The desk declines an application, with the reason that the applicant reads. They may apply again."""
    require(by, Can.MANAGE_MEMBERS, member)
    move(member, MEMBERSHIP, "refused", reason=reason.strip())
    journal.write("member.refused", member, by=by, reason=member.reason)


@transaction.atomic
def leave(member: Member, *, by: User | None, reason: str) -> None:
    """An organisation leaves, or takes its application back; the desk may end a membership too. With a reason."""
    if not may(by, Can.JOIN_MUNICIPALITY, member):
        require(by, Can.MANAGE_MEMBERS, member)
    was = member.state
    # An application taken back was never a membership: the dates of an earlier one stay.
    days = {"left_on": max(clock.today(), member.joined_on)} if was == "active" else {}
    move(member, MEMBERSHIP, "left", reason=reason.strip(), **days)
    journal.write("member.left", member, by=by, reason=member.reason, was=was)


@transaction.atomic
def enrol_member(
    organisation: Organisation,
    municipality: Municipality,
    *,
    by: User | None,
    joined_on: date | None = None,
    message: str = "",
) -> Member:
    """The desk enters a member that applied on paper: application and admission in one step.

    Raises Refused where the organisation is a member already. An application that waits is admitted.
    """
    member = Member.objects.filter(organisation=organisation, municipality=municipality).first()
    require(by, Can.MANAGE_MEMBERS, municipality)
    if member is None or member.state != "applied":
        member = _application(organisation, municipality, message.strip())
    day = _admit(member, joined_on)
    journal.write("member.enrolled", member, by=by, joined_on=day.isoformat(), message=member.message)
    return member


# --- steps the actions share ----------------------------------------------------------------------------------


def _application(organisation: Organisation, municipality: Municipality, message: str) -> Member:
    """The row of an application: a new one, or the former one moved back to `applied`."""
    now = clock.now()
    member = Member.objects.filter(organisation=organisation, municipality=municipality).first()
    if member is None:
        member = Member(
            organisation=organisation,
            municipality=municipality,
            message=message,
            state="applied",
            applied_at=now,
        )
        _insert(member, _("この団体は、いま申し込まれました。画面を読み込み直してください。"), error=Conflict)
        return member
    if member.state == "applied":
        raise Refused(_("この団体は、すでに申込み中です。自治体からの連絡をお待ちください。"))
    if member.state == "active":
        raise Refused(_("この団体は、すでに会員です。"))
    move(member, MEMBERSHIP, "applied", message=message, applied_at=now, reason="")
    return member


def _admit(member: Member, joined_on: date | None) -> date:
    day = joined_on or clock.today()
    if day > clock.today():
        raise Refused(_("入会日には、今日までの日を入力してください。"), field="joined_on")
    if member.left_on and day < member.left_on:
        raise Refused(
            _("前回の退会日(%(day)s)より後の日を入会日にしてください。") % {"day": member.left_on},
            field="joined_on",
        )
    move(member, MEMBERSHIP, "active", joined_on=day, left_on=None)
    return day


def _require_keeper(by: User | None, organisation: Organisation, can: Can) -> None:
    if not rules.may_keep_for(by, organisation):
        require(by, can, organisation)


def _keep_an_owner(representative: Representative) -> None:
    """Asks the database, with the organisation held: somebody may have made this person the only owner since."""
    owners = Representative.objects.filter(
        organisation=representative.organisation_id, is_owner=True, ended_at=None
    )
    if list(owners.values_list("pk", flat=True)[:2]) == [representative.pk]:
        raise Refused(_("この団体の責任者が一人もいなくなります。先に別の担当者を責任者にしてください。"))


def _number_is_known() -> str:
    return _(
        "この法人番号の団体は、すでに登録されています。その団体の責任者に、担当者として招いてもらってください。"
        "責任者が分からないときは、自治体の公民連携デスクにお問い合わせください。"
    )


def _refuse_known_number(row: Organisation) -> None:
    if row.corporate_number and Organisation.objects.filter(corporate_number=row.corporate_number).exists():
        raise Refused(_number_is_known(), field="corporate_number")


def _parent(municipality: Municipality, department: Department | None, parent: Department | None):
    """`parent`, if the department may hang below it; the tree of one municipality changes by one person at a time."""
    _hold(municipality)
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


def _hold(thing: models.Model) -> None:
    """Let others who change the same municipality or organisation wait until this action is committed."""
    list(type(thing).objects.select_for_update(no_key=True).filter(pk=thing.pk).values_list("pk"))


def _insert(
    row: models.Model, taken: str, *, field: str | None = None, error: type[Refused] = Refused
) -> None:
    """Save a new row; where a unique constraint says it is there already, refuse in words."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as problem:
        raise error(taken) if error is Conflict else error(taken, field=field) from problem


def _change(thing: models.Model, texts: dict, **others) -> dict[str, list[str]]:
    """Set what differs and save those columns alone. Returns {column: [before, after]} as text, for the journal."""
    values = {
        name: value.strip() if isinstance(value, str) else value
        for name, value in texts.items()
        if value is not None
    }
    before = {name: getattr(thing, name) for name in {**values, **others}}
    changed = {name: value for name, value in {**values, **others}.items() if before[name] != value}
    if not changed:
        return {}
    try:
        for name, value in changed.items():
            setattr(thing, name, value)
        rules.check_fields(thing, only=changed)
        thing.save(update_fields=list(changed))
    except (Refused, IntegrityError):
        for name in changed:
            setattr(thing, name, before[name])
        raise
    return {name: [_shown(before[name]), _shown(value)] for name, value in changed.items()}


def _shown(value) -> str:
    return "" if value is None else str(value)
