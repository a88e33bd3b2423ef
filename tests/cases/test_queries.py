import pytest

from musubi.cases import queries
from musubi.cases.models import Case
from musubi.people.permissions import Can, may
from tests.factories.cases import make_case, make_contact
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff

pytestmark = pytest.mark.django_db
ROLES = ["desk", "officer", "manager", "administrator", "auditor", "representative", "stranger"]


@pytest.mark.parametrize("role", ROLES)
def test_visible_to_and_may_agree(role):
    city, company = make_municipality(), make_organisation()
    if role == "representative":
        person = make_representative(company)
    elif role == "stranger":
        person = make_representative()
    else:
        person = make_staff(city, role)
    make_case(city, company)
    make_contact(city, officer=person if role == "officer" else None)
    make_contact()
    seen = set(queries.visible_to(person).values_list("pk", flat=True))
    for case in Case.objects.all():
        assert (case.pk in seen) == may(person, Can.SEE_CASE, case)


def test_thread_is_oldest_first_and_filters_by_kind():
    officer = make_staff(make_municipality(), "officer")
    case = make_contact(officer.staff.get().municipality, officer=officer)
    from musubi.cases import actions

    actions.say(case, by=officer, body="一")
    actions.note(case, by=officer, body="二")
    actions.say(case, by=officer, body="三")
    assert [line.body for line in queries.thread(case, officer)] == ["", "一", "二", "三"]
    assert [line.body for line in queries.thread(case, officer, kind="message")] == ["一", "三"]


def test_for_rows_costs_the_same_for_one_and_for_many(django_assert_num_queries):
    city = make_municipality()
    make_case(city)
    for _ in range(2):
        with django_assert_num_queries(3):
            for case in queries.for_rows(queries.open_cases(city)):
                assert case.holder.name
                assert case.department_ids
                assert case.organisation_ids
        make_case(city)
        make_contact(city)
