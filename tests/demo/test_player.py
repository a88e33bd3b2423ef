from datetime import timedelta

import pytest

from musubi.lib import clock
from musubi.www.demo.player import PAUSE, OutOfOrder, day, open_day, play

UNTIL = day(2026, 1, 1)


def noting(seen, name, *moments):
    """A story that writes down what the clock says at each of its steps."""
    for moment in moments:
        yield moment
        seen.append((name, clock.now()))


def test_stories_are_played_together_in_date_order():
    seen = []
    a = noting(seen, "a", day(2024, 1, 5), day(2024, 3, 1))
    b = noting(seen, "b", day(2024, 1, 4), day(2024, 2, 1))
    assert play([a, b], until=UNTIL) == 4
    assert seen == [
        ("b", day(2024, 1, 4)),
        ("a", day(2024, 1, 5)),
        ("b", day(2024, 2, 1)),
        ("a", day(2024, 3, 1)),
    ]


def test_steps_of_one_story_on_one_day_follow_each_other():
    seen = []
    play([noting(seen, "a", day(2024, 1, 5, 14), day(2024, 1, 5, 9))], until=UNTIL)
    assert [moment for _name, moment in seen] == [day(2024, 1, 5, 14), day(2024, 1, 5, 14) + PAUSE]


def test_story_that_goes_back_in_time_is_refused():
    with pytest.raises(OutOfOrder, match="noting: 2024-01-04 after 2024-01-05"):
        play([noting([], "a", day(2024, 1, 5), day(2024, 1, 4))], until=UNTIL)


def test_story_that_passes_the_end_is_refused():
    with pytest.raises(OutOfOrder, match="has not come yet"):
        play([noting([], "a", UNTIL + timedelta(minutes=1))], until=UNTIL)


def test_after_each_step_the_clock_still_stands():
    told = []
    play([noting([], "a", day(2024, 1, 5))], until=UNTIL, after=lambda at: told.append((at, clock.now())))
    assert told == [(day(2024, 1, 5), day(2024, 1, 5))]


def test_failing_step_names_its_story():
    def broken():
        yield day(2024, 1, 5)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as error:
        play([broken()], until=UNTIL)
    assert "broken" in error.value.__notes__[0]


def test_open_days_are_working_days():
    assert open_day(day(2024, 5, 5).date()).isoformat() == "2024-05-02"
    assert open_day(day(2024, 5, 3).date(), 1).isoformat() == "2024-05-07"
