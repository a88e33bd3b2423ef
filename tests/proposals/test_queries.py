import pytest

from musubi.people.permissions import Can, may
from musubi.proposals import queries
from musubi.proposals.models import Proposal
from musubi.proposals.rules import is_readable_by_staff
from tests.factories.people import (
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "role", ["desk", "officer", "manager", "administrator", "auditor", "representative", "stranger"]
)
def test_visible_to_and_may_agree(role):
    city = make_municipality()
    company = make_organisation()
    if role == "representative":
        person = make_representative(company)
    elif role == "stranger":
        person = make_representative()
    else:
        person = make_staff(city, role)
    own = person.staff.first().department if role in ("officer", "manager") else None
    make_proposal(city, company, state="draft")
    make_proposal(city, company)
    make_proposal(city, state="routing", departments=[own] if own else ())
    make_proposal(city, state="routing")
    make_proposal(make_municipality())
    seen = set(queries.visible_to(person).values_list("pk", flat=True))
    for proposal in Proposal.objects.all():
        allowed = may(person, Can.SEE_PROPOSAL, proposal)
        if proposal.organisation_id not in [o.organisation_id for o in person.represents.all()]:
            allowed = allowed and is_readable_by_staff(proposal)
        assert (proposal.pk in seen) == allowed


def test_inbox_holds_only_what_is_not_routed():
    city = make_municipality()
    waiting = make_proposal(city)
    make_proposal(city, state="routing")
    make_proposal(city, state="draft")
    make_proposal()
    assert [row.pk for row in queries.inbox(city)] == [waiting.pk]


def test_for_rows_costs_the_same_for_one_and_for_many(django_assert_num_queries):
    city = make_municipality()
    make_proposal(city, state="routing")
    for _ in range(2):
        with django_assert_num_queries(3):
            for proposal in queries.for_rows(queries.received(city)):
                assert proposal.organisation.name
                assert [r.department.name for r in proposal.routings.all()]
        for _ in range(3):
            make_proposal(city, state="routing")
