from datetime import date

import pytest

from musubi.gatherings import actions
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.notify.registry import KINDS
from tests.factories.gatherings import make_gathering
from tests.factories.people import make_member, make_municipality, make_representative, make_staff

pytestmark = pytest.mark.django_db


def letters(gathering):
    entry = history(gathering).last()
    return list(KINDS[entry.verb].write(entry)) if entry.verb in KINDS else []


@pytest.fixture
def city():
    return make_municipality("minato")


@pytest.fixture
def member(city):
    with clock.standing_at(date(2025, 4, 1)):
        return make_representative(make_member(city).organisation)


def test_open_gathering_tells_members_alone(city, member):
    make_representative()
    with clock.standing_at(date(2025, 8, 1)):
        row = make_gathering(city, state="draft", starts_at=clock.at(date(2025, 9, 5), 14), place="区民会館")
        assert letters(row) == []
        actions.open_gathering(row, by=make_staff(city, "desk"))
        (letter,) = letters(row)
    assert letter.user == member
    assert letter.title == "イベントのお知らせ: 公民連携交流会"
    assert "日時: 2025年9月5日 14:00〜16:00\n会場: 区民会館" in letter.body
    assert letter.path == f"/minato/gatherings/{row.ref}/"
    assert not KINDS["gathering.opened"].mail


def test_open_gathering_without_a_settled_day_says_so(city, member):
    row = make_gathering(city, date_note="9月上旬")
    assert "日時: 9月上旬" in letters(row)[0].body


def test_open_gathering_again_tells_nobody(city, member):
    row = make_gathering(city, state="closed")
    actions.open_gathering(row, by=None)
    assert letters(row) == []


def test_open_gathering_entered_afterwards_tells_nobody(city, member):
    with clock.standing_at(date(2025, 8, 1)):
        row = make_gathering(city, starts_at=clock.at(date(2025, 7, 1)))
    assert letters(row) == []


def test_rearranged_gathering_tells_members_where_and_when(city, member):
    row = make_gathering(city)
    actions.save_gathering(row, by=None, place="防災センター")
    assert "会場: 防災センター" in letters(row)[0].body


def test_cancelled_gathering_tells_members_the_reason(city, member):
    (letter,) = letters(make_gathering(city, state="cancelled"))
    assert letter.body == "「公民連携交流会」は中止になりました。\n理由: 台風のため"


def test_cancelled_draft_tells_nobody(city, member):
    row = make_gathering(city, state="draft")
    actions.cancel(row, by=None, reason="取りやめ")
    assert letters(row) == []
