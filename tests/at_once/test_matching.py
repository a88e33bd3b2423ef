"""Two people, or two workers, at once with suggestions."""

import pytest

from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.matching import actions, keeping, weekly
from musubi.matching.models import Mentioned, Ranking, Refreshed, SavedSearch, Suggestion
from musubi.matching.states import Misfit, Side
from musubi.notify.models import Delivery
from musubi.people.models import User
from tests.at_once.race import cut_in, race, told
from tests.factories.challenges import make_challenge
from tests.factories.matching import found, make_ranking, make_suggestion
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff
from tests.factories.solutions import make_solution

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def suggestion(city):
    row = make_suggestion(make_challenge(city))
    make_representative(row.organisation)
    return row


def copies(row, person):
    """The row and the person as each of two readers has them."""
    return [(type(row).objects.get(pk=row.pk), User.objects.get(pk=person.pk)) for _n in range(2)]


def test_two_who_judge_differently_are_one_verdict(suggestion, desk):
    (one, first), (two, second) = copies(suggestion, desk)
    results = race(
        lambda: actions.judge(one, by=first, side=Side.MUNICIPALITY, fits=True),
        lambda: actions.judge(two, by=second, side=Side.MUNICIPALITY, fits=False, reason=Misfit.COST),
    )
    assert told(results) == 1
    suggestion.refresh_from_db()
    assert suggestion.state == ("fits" if suggestion.verdicts.get().fits else "misfit")


def test_both_sides_at_once_are_both_heard(suggestion, desk):
    """The municipality has said that it fits; now it says so again while the organisation says no."""
    actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=True)
    (one, first), (two, _) = copies(suggestion, desk)
    person = suggestion.organisation.representatives.get().user
    results = cut_in(
        pytest.MonkeyPatch(),
        clock,
        "now",
        first=lambda: actions.judge(one, by=first, side=Side.MUNICIPALITY, fits=True, words="ぜひ"),
        second=lambda: actions.judge(two, by=person, side=Side.ORGANISATION, fits=False, reason=Misfit.SCALE),
    )
    assert told(results) == 0
    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.verdicts.count()) == ("misfit", 2)


def test_two_who_introduce_introduce_once(suggestion, desk):
    (one, first), (two, second) = copies(suggestion, desk)
    results = race(
        lambda: actions.introduce(one, by=first, words="どうぞ"),
        lambda: actions.introduce(two, by=second, words="どうぞ"),
    )
    assert told(results) == 1


def test_nothing_is_introduced_that_is_being_closed(suggestion, desk, monkeypatch):
    from musubi.challenges import actions as challenges

    (one, first), (two, second) = copies(suggestion, desk)
    results = cut_in(
        monkeypatch,
        actions,
        "why_not_introduce",
        first=lambda: actions.introduce(one, by=first, words="どうぞ"),
        second=lambda: challenges.close(two.challenge, by=second, reason="withdrawn"),
    )
    assert told(results) == 0
    # The closing waited for the introduction.
    verbs = Entry.objects.order_by("-id").values_list("verb", flat=True)
    assert list(verbs[:2]) == ["challenge.closed", "suggestion.introduced"]


def test_two_who_adopt_have_one_ranking_in_use(city, desk):
    used, newer, newest = (make_ranking(city) for _n in range(3))
    actions.adopt_ranking(used, by=desk)
    (one, first), (_, second) = copies(newer, desk)
    two = Ranking.objects.get(pk=newest.pk)
    results = race(
        lambda: actions.adopt_ranking(one, by=first), lambda: actions.adopt_ranking(two, by=second)
    )
    # Whoever comes while the other is at it is told; whoever comes after it replaces what the other adopted.
    late = told(results)
    assert late <= 1
    states = Ranking.objects.filter(municipality=city).order_by("state").values_list("state", flat=True)
    assert list(states) == ["adopted", *(["proposed"] if late else []), *["replaced"] * (2 - late)]


def test_adopting_and_refusing_is_one_decision(city, desk):
    (one, first), (two, second) = copies(make_ranking(city), desk)
    results = race(
        lambda: actions.adopt_ranking(one, by=first), lambda: actions.refuse_ranking(two, by=second)
    )
    assert told(results) == 1


def test_a_pair_found_from_both_sides_at_once_is_one_row(city):
    challenge, solution = make_challenge(city), make_solution()
    results = race(
        lambda: actions.keep_for_challenge(challenge, [found(solution)]),
        lambda: actions.keep_for_seed(solution, [found(challenge)]),
    )
    assert told(results) == 0
    row = Suggestion.objects.get()
    assert (row.need_rank, row.seed_rank) == (1, 1)


def test_lists_kept_at_once_do_not_lock_each_other_up(city):
    challenges = [make_challenge(city) for _n in range(4)]
    solutions = [make_solution() for _n in range(4)]
    results = race(
        *(
            lambda one=one: actions.keep_for_challenge(one, [found(s) for s in reversed(solutions)])
            for one in challenges
        ),
        *(lambda one=one: actions.keep_for_seed(one, [found(c) for c in challenges]) for one in solutions),
    )
    assert told(results) == 0
    assert Suggestion.objects.filter(need_rank__isnull=False, seed_rank__isnull=False).count() == 16


def test_two_workers_find_each_thing_once(city, monkeypatch):
    challenges = [make_challenge(city) for _n in range(6)]
    asked = []
    monkeypatch.setattr(keeping, "find", lambda thing: asked.append(thing.pk) or [])
    assert sum(race(keeping.refresh_due, keeping.refresh_due)) == 6
    assert sorted(asked) == sorted(one.pk for one in challenges)
    assert Refreshed.objects.filter(at=None).count() == 0


def test_two_workers_read_the_journal_once_each(city):
    keeping.follow()
    make_challenge(city)
    assert sorted(race(keeping.follow, keeping.follow)) == [0, 1]


def test_two_workers_write_one_digest_to_each(city):
    organisation = make_organisation()
    people = [make_representative(organisation) for _n in range(3)]
    actions.keep_for_seed(organisation, [found(make_challenge(city))])
    morning = clock.at(clock.today(), 9)

    def write():
        with clock.standing_at(morning):
            return weekly.write()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weekly, "is_workday", lambda day: True)
        assert sum(race(write, write, write)) == 3
    assert {mail.user for mail in Delivery.objects.all()} == set(people)
    assert Mentioned.objects.count() == 3


def test_a_search_dropped_while_it_is_changed_stays_dropped_or_changed():
    person = make_representative()
    search = actions.save_search(person.represents.get().organisation, by=person, name="海", text="海岸")
    (one, first), (two, second) = copies(search, person)
    results = race(
        lambda: actions.drop_search(one, by=first),
        lambda: actions.change_search(two, by=second, name="海", text="漁港"),
    )
    assert told(results) in (0, 1)
    assert not SavedSearch.objects.exists()
