"""Somebody on the staff who also acts for an organisation: its proposals and cases are for others to judge."""

import pytest

from musubi.cases import actions as cases
from musubi.lib.errors import NotAllowed, Refused
from musubi.people.models import Representative
from musubi.proposals import actions
from musubi.proposals.models import Proposal
from tests.factories.cases import make_case
from tests.factories.people import make_staff
from tests.factories.proposals import make_proposal
from tests.www.staff.conftest import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def routed(town):
    """A proposal of an organisation for which the desk, 環境課's officer and its manager act as well."""
    words = {"state": "routing", "departments": [town.env, town.sea], "desk": town.desk}
    row = make_proposal(town.city, town.organisation, by=town.representative, **words)
    question = row.routings.get(department=town.sea)
    actions.answer_routing(question, by=town.other, answer="not_now", comment="本音では難しい。")
    for role in ("desk", "officer", "manager"):
        Representative.objects.create(user=getattr(town, role), organisation=town.organisation)
    # As each of them comes back another day.
    for role in ("desk", "officer", "manager"):
        vars(getattr(town, role)).pop("_authority", None)
    return Proposal.objects.get(pk=row.pk)


@pytest.mark.parametrize("role", ["desk", "officer", "manager"])
def test_what_departments_say_is_not_for_the_proposer(town, routed, role):
    answer = town.at(role).get(f"/nagisa/staff/proposals/{routed.ref}/")
    assert answer.status_code == 403
    assert "本音では難しい" not in text(answer)
    assert "本音では難しい" in text(town.at("auditor").get(f"/nagisa/staff/proposals/{routed.ref}/"))


def test_nobody_judges_their_own_proposal(town, routed):
    question = routed.routings.get(department=town.env)
    with pytest.raises(NotAllowed):
        actions.answer_routing(question, by=town.officer, answer="interested", comment="ぜひ。")
    with pytest.raises(NotAllowed):
        actions.route(routed, [town.env], by=town.desk)
    with pytest.raises(NotAllowed):
        actions.recall(routed, by=town.desk)
    with pytest.raises(NotAllowed):
        actions.decline(routed, by=town.manager, reason="timing", feedback="また来年。")
    with pytest.raises(NotAllowed):
        cases.open_case(routed, by=town.officer, lead=town.env)
    actions.recall(routed, by=make_staff(town.city, "desk"))


def test_the_staffs_page_of_a_case_is_not_for_a_party(town):
    case = make_case(town.city, town.organisation, officer=town.officer, desk=town.desk)
    Representative.objects.create(user=town.auditor, organisation=town.organisation)
    assert town.at("auditor").get(f"/nagisa/staff/cases/{case.ref}/").status_code == 403
    assert town.at("auditor").get(f"/my/cases/nagisa/{case.ref}/").status_code == 200
    assert town.at("officer").get(f"/nagisa/staff/cases/{case.ref}/").status_code == 200


def test_case_is_not_opened_under_another_municipality(town):
    row = make_proposal(town.city, town.organisation, by=town.representative)
    abroad = town.stranger.staff.get().municipality
    both = make_staff(abroad, "desk")
    both.staff.create(municipality=town.city, role="desk", department=town.city.departments.get(is_desk=True))
    with pytest.raises(Refused):
        cases.open_case(row, by=both, lead=abroad.departments.get(is_desk=True))
