"""A municipality makes the texts its own."""

import pytest

from musubi.journal.queries import history
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.wordings import actions, queries
from musubi.wordings.defaults import BY_CODE, DEFAULTS
from musubi.wordings.models import Wording
from musubi.wordings.rules import is_changed
from tests.factories.people import make_municipality, make_staff, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality("nagisa")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def codes(city, kind):
    return [row.code for row in queries.of_municipality(city) if row.kind == kind]


def test_a_new_municipality_has_the_texts_of_the_product(city, django_assert_num_queries):
    with django_assert_num_queries(1):
        rows = queries.of_municipality(city)
    assert [row.code for row in rows] == [default.code for default in DEFAULTS]
    assert Wording.objects.count() == 0


def test_change_makes_a_default_the_municipality_s_own(city, desk):
    actions.change_wording(
        queries.find(city, "reminder"), by=desk, title="催促", body="{団体名}様、いかがですか。"
    )
    row = queries.find(city, "reminder")
    assert (row.title, row.body, is_changed(row)) == ("催促", "{団体名}様、いかがですか。", True)
    assert queries.find(make_municipality(), "reminder").title == BY_CODE["reminder"].title
    assert verbs(row) == ["wording.changed"]
    assert history(row).get().data["changed"] == ["title", "body"]


def test_change_with_an_unknown_placeholder_is_refused(city, desk):
    with pytest.raises(Refused) as refusal:
        actions.change_wording(queries.find(city, "reminder"), by=desk, title="催促", body="{住所}")
    assert refusal.value.field == "body"
    assert Wording.objects.count() == 0


@pytest.mark.parametrize(
    ("title", "body", "field"),
    [(" ", "本文", "title"), ("名", " ", "body"), ("長" * 61, "本文", "title"), ("名", "長" * 2001, "body")],
)
def test_change_that_is_not_whole_is_refused(city, desk, title, body, field):
    with pytest.raises(Refused) as refusal:
        actions.change_wording(queries.find(city, "reminder"), by=desk, title=title, body=body)
    assert refusal.value.field == field


def test_restore_brings_the_product_s_words_back(city, desk):
    actions.change_wording(queries.find(city, "reminder"), by=desk, title="催促", body="いかが。")
    actions.restore_wording(queries.find(city, "reminder"), by=desk)
    row = queries.find(city, "reminder")
    assert (row.title, row.body) == BY_CODE["reminder"][2:]
    assert verbs(row) == ["wording.changed", "wording.restored"]


def test_restore_of_an_own_text_is_refused(city, desk):
    row = actions.add_wording(city, by=desk, kind="decline", title="時期が合わない", body="またの機会に。")
    with pytest.raises(Refused):
        actions.restore_wording(row, by=desk)


def test_add_stands_after_the_others_of_its_kind(city, desk):
    row = actions.add_wording(city, by=desk, kind="decline", title="時期が合わない", body="またの機会に。")
    assert codes(city, "decline") == ["decline", "decline-budget", f"w{row.pk}"]
    assert queries.find(city, f"w{row.pk}") == row
    assert verbs(row) == ["wording.added"]


def test_add_without_a_kind_is_asked_for(city, desk):
    with pytest.raises(Missing) as refusal:
        actions.add_wording(city, by=desk, kind="other", title="名", body="文")
    assert refusal.value.field == "kind"


def test_move_changes_places_with_the_neighbour(city, desk):
    row = actions.add_wording(city, by=desk, kind="decline", title="時期が合わない", body="またの機会に。")
    own = f"w{row.pk}"
    actions.move_wording(queries.find(city, own), by=desk, up=True)
    assert codes(city, "decline") == ["decline", own, "decline-budget"]
    actions.move_wording(queries.find(city, own), by=desk, up=True)
    assert codes(city, "decline") == [own, "decline", "decline-budget"]
    actions.move_wording(queries.find(city, "decline"), by=desk, up=False)
    assert codes(city, "decline") == [own, "decline-budget", "decline"]
    assert not is_changed(queries.find(city, "decline"))
    assert verbs(row) == ["wording.added", "wording.moved", "wording.moved"]


def test_move_at_the_end_changes_nothing(city, desk):
    actions.move_wording(queries.find(city, "decline"), by=desk, up=True)
    assert codes(city, "decline") == ["decline", "decline-budget"]
    assert Wording.objects.count() == 0


def test_retired_text_is_offered_no_longer_until_it_is_revived(city, desk):
    actions.retire_wording(queries.find(city, "reminder"), by=desk)
    assert queries.in_use(city, ["reminder"]) == []
    with pytest.raises(Conflict):
        actions.retire_wording(queries.find(city, "reminder"), by=desk)
    actions.revive_wording(queries.find(city, "reminder"), by=desk)
    with pytest.raises(Conflict):
        actions.revive_wording(queries.find(city, "reminder"), by=desk)
    assert [row.code for row in queries.in_use(city, ["reminder"])] == ["reminder"]
    assert verbs(queries.find(city, "reminder")) == ["wording.retired", "wording.revived"]


ACTS = {
    "add": lambda city, by: actions.add_wording(city, by=by, kind="decline", title="名", body="文"),
    "change": lambda city, by: actions.change_wording(
        queries.find(city, "decline"), by=by, title="名", body="文"
    ),
    "restore": lambda city, by: actions.restore_wording(queries.find(city, "decline"), by=by),
    "retire": lambda city, by: actions.retire_wording(queries.find(city, "decline"), by=by),
    "revive": lambda city, by: actions.revive_wording(queries.find(city, "decline"), by=by),
    "move": lambda city, by: actions.move_wording(queries.find(city, "decline"), by=by, up=False),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ["officer", "manager", "auditor", "elsewhere"])
def test_act_by_who_may_not_is_not_allowed(city, act, role):
    by = make_staff(make_municipality(), "desk") if role == "elsewhere" else make_staff(city, role)
    with pytest.raises(NotAllowed):
        ACTS[act](city, by)
    assert Wording.objects.count() == 0


@pytest.mark.parametrize("role", ["desk", "administrator"])
def test_add_by_who_may(city, role):
    assert ACTS["add"](city, make_staff(city, role)).title == "名"


def test_add_by_the_operator(city):
    assert ACTS["add"](city, make_user(is_operator=True)).title == "名"
