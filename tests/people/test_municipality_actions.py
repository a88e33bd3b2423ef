from datetime import date

import pytest

from musubi.ball import actions as ball
from musubi.ball.rules import limit
from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.people import actions
from musubi.people.models import ClosingDay, Department, Municipality, Staff
from musubi.people.permissions import Can, may
from musubi.people.queries import closing_days, desk_of
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
    make_user,
)

pytestmark = pytest.mark.django_db
SEASIDE = {"code": "142999", "slug": "minato-shi", "name": "見本みなと市", "prefecture": "神奈川県"}


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def admin(city):
    return make_staff(city, "administrator")


# --- the municipality -----------------------------------------------------------------------------------------


def test_found_municipality_has_a_desk():
    operator = make_user(is_operator=True)
    city = actions.found_municipality(**SEASIDE, name_en="Minato", by=operator)
    assert (city.code, city.slug, city.members_need_approval) == ("142999", "minato-shi", True)
    assert desk_of(city.pk).name == "公民連携デスク"
    entry = history(city).get()
    assert (entry.verb, entry.actor_id, entry.municipality) == ("municipality.founded", operator.pk, "142999")


def test_found_municipality_by_the_product_itself():
    assert actions.found_municipality(**SEASIDE, by=None).name == "見本みなと市"


@pytest.mark.parametrize("role", ["desk", "administrator"])
def test_found_municipality_by_staff_is_not_allowed(city, role):
    with pytest.raises(NotAllowed):
        actions.found_municipality(**SEASIDE, by=make_staff(city, role))


def test_found_municipality_by_a_stopped_operator_is_not_allowed():
    with pytest.raises(NotAllowed):
        actions.found_municipality(**SEASIDE, by=make_user(is_operator=True, is_active=False))


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"code": "142998"}, "code"),
        ({"code": "14299"}, "code"),
        ({"slug": "accounts"}, "slug"),
        ({"slug": "my"}, "slug"),
        ({"slug": "static"}, "slug"),
        ({"slug": "api"}, "slug"),
        ({"slug": "feed.atom"}, "slug"),
        ({"slug": "Minato"}, "slug"),
        ({"slug": "みなと"}, "slug"),
        ({"slug": "minato-"}, "slug"),
        ({"slug": "m"}, "slug"),
        ({"slug": "2025"}, "slug"),
        ({"slug": "m" * 41}, "slug"),
        ({"name": " "}, "name"),
        ({"name": "市" * 61}, "name"),
        ({"hue": 'ai" onload="x'}, "hue"),
    ],
)
def test_found_municipality_with_bad_input_says_where(words, field):
    with pytest.raises(Refused) as refusal:
        actions.found_municipality(**{**SEASIDE, **words}, by=None)
    assert refusal.value.field == field
    assert not Municipality.objects.exists()
    assert not Entry.objects.exists()


@pytest.mark.parametrize(("words", "field"), [({"slug": "other"}, "code"), ({"code": "131997"}, "slug")])
def test_found_municipality_a_second_time_is_refused(words, field):
    actions.found_municipality(**SEASIDE, by=None)
    with pytest.raises(Refused) as refusal:
        actions.found_municipality(**{**SEASIDE, **words}, by=None)
    assert refusal.value.field == field
    assert Municipality.objects.count() == 1


def test_change_settings_keeps_before_and_after(city, admin):
    actions.change_settings(city, by=admin, lead=" 海と暮らすまち ", members_need_approval=False)
    city.refresh_from_db()
    assert (city.lead, city.members_need_approval) == ("海と暮らすまち", False)
    entry = history(city).get()
    assert (entry.verb, entry.data) == (
        "municipality.changed",
        {"changed": {"lead": ["", "海と暮らすまち"], "members_need_approval": ["True", "False"]}},
    )


def test_change_settings_that_changes_nothing_leaves_no_entry(city, admin):
    actions.change_settings(city, by=admin, name=city.name)
    assert not history(city).exists()


def test_change_settings_refused_leaves_the_object_as_it_was(city, admin):
    with pytest.raises(Refused) as refusal:
        actions.change_settings(city, by=admin, name="市" * 61)
    assert refusal.value.field == "name"
    assert city.name == Municipality.objects.get().name


@pytest.mark.parametrize("role", ["desk", "officer", "manager", "auditor"])
def test_change_settings_by_others_than_administrators_is_not_allowed(city, role):
    with pytest.raises(NotAllowed):
        actions.change_settings(city, by=make_staff(city, role), lead="紹介")


def test_change_settings_elsewhere_is_not_allowed(admin):
    with pytest.raises(NotAllowed):
        actions.change_settings(make_municipality(), by=admin, lead="紹介")


# --- departments ----------------------------------------------------------------------------------------------


def test_add_department_below_another(city, admin):
    division = actions.add_department(city, "環境部", by=admin)
    section = actions.add_department(city, " 環境政策課 ", by=admin, parent=division, duties="脱炭素、海ごみ")
    section.refresh_from_db()
    assert (section.name, section.parent, section.duties) == ("環境政策課", division, "脱炭素、海ごみ")
    entry = history(section).get()
    assert (entry.verb, entry.data, entry.municipality) == (
        "department.added",
        {"parent": "環境部"},
        city.code,
    )


def test_add_department_of_the_same_name_is_refused(city, admin):
    actions.add_department(city, "環境課", by=admin)
    with pytest.raises(Refused) as refusal:
        actions.add_department(city, "環境課", by=admin)
    assert refusal.value.field == "name"
    assert city.departments.filter(name="環境課").count() == 1


def test_add_department_below_one_elsewhere_is_refused(city, admin):
    with pytest.raises(Refused) as refusal:
        actions.add_department(city, "環境課", by=admin, parent=make_department(make_municipality()))
    assert refusal.value.field == "parent"


def test_add_department_by_the_desk_is_not_allowed(city):
    with pytest.raises(NotAllowed):
        actions.add_department(city, "環境課", by=make_staff(city, "desk"))


def test_change_department_moves_it(city, admin):
    division, section = make_department(city, "環境部"), make_department(city, "環境課")
    actions.change_department(section, by=admin, parent=division, name="環境政策課")
    section.refresh_from_db()
    assert (section.parent, section.name) == (division, "環境政策課")
    assert history(section).get().data == {
        "changed": {"name": ["環境課", "環境政策課"], "parent": ["", "環境部"]}
    }
    actions.change_department(section, by=admin, parent=None)
    assert Department.objects.get(pk=section.pk).parent is None


@pytest.mark.parametrize("below", ["itself", "child", "grandchild"])
def test_change_department_into_a_circle_is_refused(city, admin, below):
    top = make_department(city)
    child = make_department(city, parent=top)
    grandchild = make_department(city, parent=child)
    with pytest.raises(Refused) as refusal:
        actions.change_department(
            top, by=admin, parent={"itself": top, "child": child, "grandchild": grandchild}[below]
        )
    assert refusal.value.field == "parent"
    assert Department.objects.get(pk=top.pk).parent is None


def test_change_department_to_a_name_that_is_taken_is_refused(city, admin):
    make_department(city, "環境課")
    section = make_department(city, "福祉課")
    with pytest.raises(Refused) as refusal:
        actions.change_department(section, by=admin, name="環境課")
    assert refusal.value.field == "name"
    assert section.name == "福祉課"


def test_change_department_manager_must_be_one_of_its_managers(city, admin):
    section = make_department(city)
    manager = make_staff(city, "manager", section)
    actions.change_department(section, by=admin, manager=manager)
    assert Department.objects.get(pk=section.pk).manager == manager
    with pytest.raises(Refused) as refusal:
        actions.change_department(section, by=admin, manager=make_staff(city, "manager"))
    assert refusal.value.field == "manager"
    actions.change_department(section, by=admin, manager=None)
    assert Department.objects.get(pk=section.pk).manager is None


def test_close_department_keeps_the_row(city, admin):
    section = make_department(city)
    actions.close_department(section, by=admin)
    assert not Department.objects.get(pk=section.pk).is_active
    assert history(section).get().verb == "department.closed"
    with pytest.raises(Conflict):
        actions.close_department(section, by=admin)


def test_close_department_with_people_or_sections_is_refused(city, admin):
    division = make_department(city)
    section = make_department(city, parent=division)
    make_staff(city, "officer", section)
    with pytest.raises(Refused, match="職員がいます"):
        actions.close_department(section, by=admin)
    with pytest.raises(Refused, match="下に、まだ部署"):
        actions.close_department(division, by=admin)
    assert Department.objects.filter(municipality=city, is_active=False).count() == 0


def test_close_the_desk_is_refused(city, admin):
    with pytest.raises(Refused, match="デスクは廃止できません"):
        actions.close_department(desk_of(city.pk), by=admin)


# --- staff ----------------------------------------------------------------------------------------------------


def test_appoint_the_first_administrator_is_the_operators(city):
    operator, person = make_user(is_operator=True), make_user()
    row = actions.appoint(person, city, Staff.Role.ADMINISTRATOR, by=operator)
    assert may(person, Can.MANAGE_MUNICIPALITY, city)
    entry = history(row).get()
    assert (entry.verb, entry.data) == ("staff.appointed", {"role": "administrator", "department": ""})


def test_appoint_gives_authority_at_once_to_the_same_object(city, admin):
    person, section = make_user(), make_department(city)
    assert not may(person, Can.WRITE_CHALLENGE, section)
    actions.appoint(person, city, "officer", department=section, by=admin)
    assert may(person, Can.WRITE_CHALLENGE, section)
    assert not may(person, Can.WRITE_CHALLENGE, make_department(city))


def test_appoint_a_desk_officer_sits_at_the_desk(city, admin):
    assert actions.appoint(make_user(), city, "desk", by=admin).department == desk_of(city.pk)


def test_appoint_the_first_manager_answers_for_the_department(city, admin):
    section, first, second = make_department(city), make_user(), make_user()
    actions.appoint(first, city, "manager", department=section, by=admin)
    actions.appoint(second, city, "manager", department=section, by=admin)
    assert Department.objects.get(pk=section.pk).manager == first


@pytest.mark.parametrize("role", ["officer", "manager"])
def test_appoint_an_officer_without_a_department_is_refused(city, admin, role):
    with pytest.raises(Missing) as refusal:
        actions.appoint(make_user(), city, role, by=admin)
    assert refusal.value.field == "department"


def test_appoint_with_bad_input_says_where(city, admin):
    person, closed = make_user(), make_department(city, is_active=False)
    for words, field in [
        ({"role": "king"}, "role"),
        ({"role": "officer", "department": make_department(make_municipality())}, "department"),
        ({"role": "officer", "department": closed}, "department"),
    ]:
        with pytest.raises(Refused) as refusal:
            actions.appoint(person, city, **words, by=admin)
        assert refusal.value.field == field
    with pytest.raises(Refused) as refusal:
        actions.appoint(make_user(is_active=False), city, "desk", by=admin)
    assert refusal.value.field == "user"
    assert Staff.objects.count() == 1


@pytest.mark.parametrize("role", ["desk", "auditor"])
def test_appoint_to_the_same_role_twice_is_refused(city, admin, role):
    person = make_user()
    actions.appoint(person, city, role, by=admin)
    with pytest.raises(Refused, match="すでに同じ役割"):
        actions.appoint(person, city, role, by=admin)
    assert person.staff.count() == 1


def test_appoint_again_after_the_end_is_a_new_row(city, admin):
    person = make_user()
    row = actions.appoint(person, city, "auditor", by=admin)
    actions.end_role(row, by=admin)
    actions.appoint(person, city, "auditor", by=admin)
    assert person.staff.count() == 2


@pytest.mark.parametrize("role", ["desk", "officer", "manager", "auditor"])
def test_appoint_by_others_than_administrators_is_not_allowed(city, role):
    with pytest.raises(NotAllowed):
        actions.appoint(make_user(), city, "auditor", by=make_staff(city, role))


def test_end_role_takes_authority_and_keeps_the_row(city, admin):
    section = make_department(city)
    person = make_user()
    row = actions.appoint(person, city, "manager", department=section, by=admin)
    with clock.standing_at(date(2026, 4, 1)):
        actions.end_role(row, by=admin)
    row.refresh_from_db()
    assert row.ended_at == clock.at(date(2026, 4, 1))
    assert not may(person, Can.WRITE_CHALLENGE, section)
    assert Department.objects.get(pk=section.pk).manager is None
    assert history(row).last().verb == "staff.ended"


def test_end_role_twice_is_a_conflict(city, admin):
    row = make_staff(city, "auditor").staff.get()
    seen_before = Staff.objects.get(pk=row.pk)
    actions.end_role(row, by=admin)
    with pytest.raises(Conflict):
        actions.end_role(seen_before, by=admin)


def test_end_role_of_the_last_administrator_is_the_operators_alone(city, admin):
    row = admin.staff.get()
    with pytest.raises(Refused, match="一人もいなくなります"):
        actions.end_role(row, by=admin)
    actions.end_role(row, by=make_user(is_operator=True))
    assert Staff.objects.get(pk=row.pk).ended_at is not None


def test_end_role_by_the_desk_is_not_allowed(city):
    with pytest.raises(NotAllowed):
        actions.end_role(make_staff(city, "auditor").staff.get(), by=make_staff(city, "desk"))


# --- days and limits ------------------------------------------------------------------------------------------


def test_set_closing_day_twice_keeps_the_later_name(city, admin):
    day = date(2025, 10, 1)
    actions.set_closing_day(city, day, name="市制記念日", by=admin)
    row = actions.set_closing_day(city, day, name="開庁記念日", by=admin)
    assert ClosingDay.objects.get() == row
    assert closing_days(city.pk) == {day}
    assert [entry.data for entry in history(row)] == [
        {"day": "2025-10-01", "name": "市制記念日"},
        {"day": "2025-10-01", "name": "開庁記念日"},
    ]


def test_remove_closing_day_is_on_the_record(city, admin):
    row = actions.set_closing_day(city, date(2025, 10, 1), by=admin)
    pk = row.pk
    actions.remove_closing_day(row, by=admin)
    assert closing_days(city.pk) == frozenset()
    entry = Entry.objects.get(verb="closing_day.removed")
    assert (entry.object_id, entry.data["day"]) == (pk, "2025-10-01")


def test_closing_days_are_the_administrators(city, admin):
    row = actions.set_closing_day(city, date(2025, 10, 1), by=admin)
    desk = make_staff(city, "desk")
    with pytest.raises(NotAllowed):
        actions.set_closing_day(city, date(2025, 10, 2), by=desk)
    with pytest.raises(NotAllowed):
        actions.remove_closing_day(row, by=desk)


def test_set_limit_holds_from_now_on(city, admin):
    assert limit(city.pk, "case", "dialogue") == 10
    row = ball.set_limit(city, "case", "dialogue", 7, by=admin)
    ball.set_limit(city, "case", "dialogue", 8, by=admin)
    assert limit(city.pk, "case", "dialogue") == 8
    assert [entry.data["days"] for entry in history(row)] == [7, 8]


@pytest.mark.parametrize(
    ("stage", "days", "field"), [("dreaming", 5, "stage"), ("dialogue", 0, "days"), ("dialogue", 251, "days")]
)
def test_set_limit_with_bad_input_says_where(city, admin, stage, days, field):
    with pytest.raises(Refused) as refusal:
        ball.set_limit(city, "case", stage, days, by=admin)
    assert refusal.value.field == field
    assert limit(city.pk, "case", "dialogue") == 10


def test_set_limit_by_the_desk_is_not_allowed(city):
    with pytest.raises(NotAllowed):
        ball.set_limit(city, "case", "dialogue", 7, by=make_staff(city, "desk"))


def test_a_representative_manages_no_municipality(city):
    person = make_representative(make_organisation())
    with pytest.raises(NotAllowed):
        actions.add_department(city, "課", by=person)
