"""What the demo shows of matching, on a small town."""

import pytest

from musubi.journal.models import Entry
from musubi.matching import queries
from musubi.matching.engine.index import Preparing
from musubi.matching.models import SavedSearch, Suggestion
from musubi.notify.models import Notice
from musubi.outcomes import actions as outcomes
from musubi.www.demo.matching import suggest
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.people import make_member, make_municipality, make_representative, make_staff
from tests.factories.proposals import make_proposal
from tests.factories.solutions import make_solution
from tests.matching.test_batch import BEACH, BEACH_KIT, SHOP_BUS, SHOPPING

pytestmark = pytest.mark.django_db


def test_it_looks_back_and_decides_once(index):
    city = make_municipality()
    desk, officer = make_staff(city, "desk"), make_staff(city, "officer")
    kit, bus = make_solution(**BEACH_KIT), make_solution(**SHOP_BUS)
    for one in (kit, bus):
        make_member(city, one.organisation)
        make_representative(one.organisation)
    done = make_challenge(city, by=officer, desk=desk, **BEACH)
    proposal = make_proposal(
        city,
        kit.organisation,
        state="routing",
        track="challenge",
        challenge=done,
        departments=[done.department],
        desk=desk,
    )
    case = make_case(city, proposal=proposal, officer=officer)
    outcomes.record_outcome(
        case,
        by=desk,
        kind="implemented",
        title="半分になった",
        summary="週3時間に",
        started_on=case.opened_at.date(),
    )
    still_open = make_challenge(city, by=officer, desk=desk, **SHOPPING)
    index()

    assert suggest() == Suggestion.objects.count()
    assert Suggestion.objects.get(challenge=done, solution=kit).state == "realised"
    introduced = Suggestion.objects.get(challenge=still_open, solution=bus)
    assert introduced.state == "introduced"
    assert {row.side for row in introduced.verdicts.all()} == {"organisation"}
    assert Notice.objects.filter(
        kind="suggestion.introduced", user__represents__organisation=bus.organisation
    )
    assert SavedSearch.objects.count() == 1
    assert queries.acted_on(city).total.acted == 2

    entries = Entry.objects.count()
    suggest()
    assert Entry.objects.count() == entries


def test_without_an_index_nothing_is_half_done(settings, tmp_path):
    make_challenge(**BEACH)
    settings.INDEX_DIR = tmp_path / "none"
    with pytest.raises(Preparing):
        suggest()
    assert not Suggestion.objects.exists()
