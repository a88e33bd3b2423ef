from musubi.cases import actions
from musubi.cases.models import Case
from musubi.people.models import Municipality, Organisation, User
from tests.factories.people import make_municipality, make_organisation, make_staff
from tests.factories.proposals import make_proposal


def make_case(
    municipality: Municipality | None = None,
    organisation: Organisation | None = None,
    *,
    officer: User | None = None,
    desk: User | None = None,
    proposal=None,
    **proposal_words,
) -> Case:
    """A case opened by `officer` on a proposal of `organisation`, at 対話."""
    municipality = municipality or make_municipality()
    officer = officer or make_staff(municipality, "officer")
    department = officer.staff.get().department
    proposal = proposal or make_proposal(
        municipality, organisation, state="routing", departments=[department], desk=desk, **proposal_words
    )
    return actions.open_case(proposal, by=officer, lead=department)


def make_contact(
    municipality: Municipality | None = None,
    organisation: Organisation | None = None,
    *,
    officer: User | None = None,
    **words,
) -> Case:
    """A case without a proposal, at 受付."""
    municipality = municipality or make_municipality()
    officer = officer or make_staff(municipality, "officer")
    words = {"title": "商店街の空き店舗の相談", "channel": "walk_in", **words}
    return actions.open_contact(
        municipality,
        [organisation or make_organisation()],
        by=officer,
        lead=officer.staff.get().department,
        **words,
    )
