"""A programme's rules as data: an edition is written, put to use and never changed; the next one takes its place."""

from datetime import date
from itertools import repeat

import pytest
from django.db import DatabaseError, transaction

from musubi.fund import actions
from musubi.fund.actions import Parts
from musubi.fund.models import Edition, Programme, SupportYear
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from tests.at_once.race import cut_in, race, seen, told
from tests.factories.fund import SHIOKAZE_TERMS, make_application, make_call, make_edition, make_fund
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2025, 5, 1)):
        yield


@pytest.fixture
def city():
    return make_municipality("shiokaze")


@pytest.fixture
def desk(city):
    return make_staff(city)


@pytest.fixture
def draft(city):
    return actions.draft_programme(city, by=None, code="wellbeing", name="ウェルビーイング助成")


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def rows(edition: Edition, part: str, *columns: str) -> list[tuple]:
    return list(getattr(edition, part).values_list(*columns))


# --- a programme ---------------------------------------------------------------------------------------------


def test_a_programme_begins_with_an_empty_edition(city, desk):
    edition = actions.draft_programme(
        city, by=desk, code=" wellbeing ", name=" ウェルビーイング助成 ", lead=" 心身ともに。 "
    )
    programme = edition.programme
    assert (programme.code, programme.name, programme.lead) == (
        "wellbeing",
        "ウェルビーイング助成",
        "心身ともに。",
    )
    assert (edition.number, edition.state, edition.kinds) == (1, "draft", [])
    assert str(edition) == "ウェルビーイング助成 第1版"
    assert verbs(programme) == ["programme.drafted"]


def test_rename_programme_keeps_its_short_name_and_the_words_there_were(draft, desk):
    programme = draft.programme
    actions.rename_programme(programme, by=desk, name=" 海の助成 ", lead=" 海のために。 ")
    programme.refresh_from_db()
    assert (programme.code, programme.name, programme.lead) == ("wellbeing", "海の助成", "海のために。")
    entry = history(programme).last()
    assert (entry.verb, entry.data["name"]) == ("programme.renamed", "ウェルビーイング助成")


def test_rename_programme_is_refused_without_a_name_and_without_a_change(draft, desk):
    programme = draft.programme
    for name, error in ((" ", Missing), ("ウェルビーイング助成 ", Refused), ("海" * 81, Refused)):
        with pytest.raises(error):
            actions.rename_programme(programme, by=desk, name=name, lead="")
        programme.refresh_from_db()
        assert programme.name == "ウェルビーイング助成"


@pytest.mark.parametrize("role", ["officer", "manager", "administrator", "auditor"])
def test_rename_programme_is_the_desks(city, draft, role):
    with pytest.raises(NotAllowed):
        actions.rename_programme(draft.programme, by=make_staff(city, role), name="別の名", lead="")


@pytest.mark.parametrize(
    ("code", "name", "field"),
    [
        ("a", " ", "name"),
        ("", "制度", "code"),
        ("助成", "制度", "code"),
        ("a b", "制度", "code"),
        ("a" * 100_000, "制度", "code"),
        ("a", "制" * 100_000, "name"),
    ],
)
def test_a_programme_without_a_proper_name_is_refused(city, desk, code, name, field):
    with pytest.raises(Refused) as refusal:
        actions.draft_programme(city, by=desk, code=code, name=name)
    assert (refusal.value.field, Programme.objects.count()) == (field, 0)


def test_a_short_name_is_given_once_in_a_municipality(city, desk, draft):
    with pytest.raises(Conflict):
        actions.draft_programme(city, by=desk, code="wellbeing", name="別の制度")
    actions.draft_programme(make_municipality(), by=None, code="wellbeing", name="別の制度")
    assert Programme.objects.count() == 2


@pytest.mark.parametrize("role", ["officer", "manager", "administrator", "auditor"])
def test_rules_are_written_by_the_desk_alone(city, draft, role):
    person = make_staff(city, role)
    for act in (
        lambda: actions.draft_programme(city, by=person, code="other", name="制度"),
        lambda: actions.draft_edition(draft.programme, by=person),
        lambda: actions.save_edition(draft, by=person, kinds=["npo"]),
        lambda: actions.use_edition(draft, by=person),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_rules_are_not_written_by_another_municipalitys_desk(draft):
    with pytest.raises(NotAllowed):
        actions.save_edition(draft, by=make_staff(make_municipality()), kinds=["npo"])


# --- writing an edition ------------------------------------------------------------------------------------------


def test_saving_writes_rules_and_rows(desk, draft):
    actions.save_edition(draft, by=desk, parts=SHIOKAZE_TERMS, kinds=["company", "npo"], scorers=3)
    draft = seen(draft)
    assert (draft.kinds, draft.scorers, draft.state) == (["company", "npo"], 3, "draft")
    assert rows(draft, "years", "year", "rate_above", "rate_below", "cap", "unit", "direction") == [
        (1, 4, 5, 5_000_000, 1000, "down"),
        (2, 1, 2, 3_000_000, 1000, "down"),
    ]
    assert rows(draft, "categories", "position", "code", "is_eligible", "cap") == [
        (0, "wages", True, None),
        (1, "things", True, None),
        (2, "travel", True, 200_000),
        (3, "food", False, None),
    ]
    assert rows(draft, "criteria", "stage", "position", "name", "most", "weight") == [
        ("first", 0, "地域課題への効果", 5, 2),
        ("first", 1, "実現の見込み", 5, 1),
        ("second", 2, "説明の説得力", 5, 1),
    ]
    entry = history(draft).get()
    assert (entry.verb, entry.data["changed"]) == (
        "edition.saved",
        ["categories", "criteria", "kinds", "papers", "scorers", "years"],
    )


def test_saving_replaces_the_parts_that_are_given_and_leaves_the_others(desk, draft):
    actions.save_edition(draft, by=desk, parts=SHIOKAZE_TERMS)
    actions.save_edition(draft, by=desk, parts=Parts(years=[{"year": 1, "cap": 10**15}], papers=[]))
    assert rows(draft, "years", "year", "rate_above", "cap") == [(1, None, 10**15)]
    assert draft.years.get().rate is None
    assert [draft.papers.count(), draft.categories.count(), draft.criteria.count()] == [0, 4, 3]


def test_saving_what_is_there_already_says_that_nothing_changed(desk, draft):
    actions.save_edition(draft, by=desk, scorers=draft.scorers)
    assert history(draft).get().data["changed"] == []


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("kinds", ["company", "人"], "kinds"),
        ("kinds", "company", "kinds"),
        ("kinds", None, "kinds"),
        ("kinds", [["company"]], "kinds"),
        ("own_below", 0, "own_above"),
        ("own_above", 2, "own_above"),
        ("own_above", -1, "own_above"),
        ("own_above", None, "own_above"),
        ("pass_share", 101, "pass_share"),
        ("pass_share", -1, "pass_share"),
        ("pass_share", None, "pass_share"),
        ("criterion_share", 101, "criterion_share"),
        ("scorers", 0, "scorers"),
        ("scorers", 10**30, "scorers"),
        ("scorers", "多い", "scorers"),
        ("late_below", 0, "late_below"),
        ("late_days", 0, "late_days"),
        ("startup_years", 0, "startup_years"),
        ("startup_years", 32_767, "startup_years"),
        ("asset_yen", -1, "asset_yen"),
        ("tax", "forget", "tax"),
        ("tie", "coin", "tie"),
        ("number_style", "発第1号", "number_style"),
        ("number_style", "{number}" + "号" * 100_000, "number_style"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(desk, draft, name, value, field):
    with pytest.raises(Refused) as refusal:
        actions.save_edition(draft, by=desk, **{name: value})
    assert refusal.value.field == field
    draft = seen(draft)
    assert getattr(draft, name) == Edition._meta.get_field(name).get_default()


YEAR = {"year": 1, "rate_above": 1, "rate_below": 2}
WAGES = {"code": "wages", "name": "人件費"}
EFFECT = {"stage": "first", "name": "効果"}


@pytest.mark.parametrize(
    ("part", "given"),
    [
        ("years", [YEAR, YEAR]),
        ("years", [{**YEAR, "rate_above": 3}]),
        ("years", [{**YEAR, "rate_above": 0}]),
        ("years", [{**YEAR, "rate_below": None}]),
        ("years", [{**YEAR, "rate_above": None}]),
        ("years", [{**YEAR, "year": 0}]),
        ("years", [{**YEAR, "year": "一"}]),
        ("years", [{**YEAR, "unit": 0}]),
        ("years", [{**YEAR, "cap": -1}]),
        ("years", [{**YEAR, "cap": 10**30}]),
        ("years", [{**YEAR, "direction": "sideways"}]),
        ("years", [{**YEAR, "text": "率" * 100_000}]),
        ("categories", [WAGES, WAGES]),
        ("categories", [{**WAGES, "share": 0}]),
        ("categories", [{**WAGES, "share": 101}]),
        ("categories", [{**WAGES, "name": ""}]),
        ("categories", [{**WAGES, "name": "費" * 100_000}]),
        ("criteria", [EFFECT, EFFECT]),
        ("criteria", [{**EFFECT, "weight": 0}]),
        ("criteria", [{**EFFECT, "most": 0}]),
        ("criteria", [{**EFFECT, "stage": "third"}]),
        ("papers", [{"code": "決算", "name": "決算書"}]),
    ],
)
def test_a_row_that_cannot_be_is_refused_and_the_rows_before_stay(desk, draft, part, given):
    actions.save_edition(draft, by=desk, parts=SHIOKAZE_TERMS)
    before = rows(draft, part)
    with pytest.raises(Refused):
        actions.save_edition(draft, by=desk, parts=Parts(**{part: given}))
    assert rows(draft, part) == before


def test_a_list_without_end_is_refused(desk, draft):
    with pytest.raises(Refused, match="200行まで") as refusal:
        actions.save_edition(draft, by=desk, parts=Parts(criteria=repeat(EFFECT)))
    assert refusal.value.field == "criteria"


def test_a_name_that_is_no_rule_is_a_programmers_error(draft):
    with pytest.raises(TypeError):
        actions.save_edition(draft, by=None, state="in_use")
    with pytest.raises(TypeError):
        actions.save_edition(draft, by=None, parts=Parts(years=[{**YEAR, "edition_id": 1}]))


@pytest.mark.parametrize(("above", "below"), [(4, None), (None, 5)])
def test_the_database_refuses_half_a_rate(draft, above, below):
    with pytest.raises(DatabaseError), transaction.atomic():
        SupportYear.objects.create(edition=draft, year=1, rate_above=above, rate_below=below)


def test_an_edition_in_use_is_not_changed(city, desk):
    edition = make_edition(city)
    with pytest.raises(Refused, match="新しい版を作る"):
        actions.save_edition(edition, by=desk, scorers=9)
    actions.use_edition(actions.draft_edition(edition.programme, by=None), by=None)
    with pytest.raises(Refused, match="新しい版を作る"):
        actions.save_edition(seen(edition), by=desk, parts=Parts(years=[]))
    assert (seen(edition).scorers, edition.years.count()) == (2, 2)


def test_an_edition_that_was_used_meanwhile_is_not_changed(city, desk, draft):
    actions.save_edition(draft, by=None, parts=SHIOKAZE_TERMS, kinds=["npo"])
    stale = seen(draft)
    actions.use_edition(draft, by=None)
    with pytest.raises(Refused):
        actions.save_edition(stale, by=desk, scorers=9)
    assert seen(draft).scorers == 5


# --- putting it to use -------------------------------------------------------------------------------------------


def test_use_edition_from_now_on(desk, draft):
    actions.save_edition(draft, by=desk, parts=SHIOKAZE_TERMS, kinds=["npo"])
    actions.use_edition(draft, by=desk)
    draft = seen(draft)
    assert (draft.state, draft.used_at, draft.used_by) == ("in_use", clock.now(), desk)
    assert verbs(draft) == ["edition.saved", "edition.used"]


@pytest.mark.parametrize(
    ("lacking", "field"),
    [
        ({"kinds": []}, "kinds"),
        ({"parts": Parts(years=[])}, "years"),
        ({"parts": Parts(years=[{"year": 2, "cap": 1_000_000}])}, "years"),
        ({"parts": Parts(categories=[{**WAGES, "is_eligible": False}])}, "categories"),
        ({"parts": Parts(criteria=[{"stage": "second", "name": "説明"}])}, "criteria"),
    ],
)
def test_an_edition_that_lacks_something_is_not_used(desk, draft, lacking, field):
    actions.save_edition(draft, by=desk, parts=SHIOKAZE_TERMS, kinds=["npo"])
    actions.save_edition(draft, by=desk, **lacking)
    with pytest.raises(Missing) as refusal:
        actions.use_edition(draft, by=desk)
    assert (refusal.value.field, seen(draft).state) == (field, "draft")


def test_an_edition_is_used_once(city, desk):
    edition = make_edition(city)
    with pytest.raises(Refused, match="使用中"):
        actions.use_edition(edition, by=desk)
    assert seen(edition).state == "in_use"


def test_the_next_edition_takes_the_place_of_the_last(city, desk):
    first = make_edition(city)
    second = actions.draft_edition(first.programme, by=desk)
    assert seen(first).state == "in_use"
    actions.use_edition(second, by=desk)
    assert (seen(first).state, seen(second).state) == ("retired", "in_use")
    with pytest.raises(Refused, match="以前の版"):
        actions.use_edition(seen(first), by=desk)
    assert seen(second).state == "in_use"


# --- the next edition --------------------------------------------------------------------------------------------


def test_the_next_edition_begins_as_a_copy(city, desk):
    first = make_edition(city, tax="report", own_above=1, own_below=5, number_style="{year}第{number}号")
    second = actions.draft_edition(first.programme, by=desk)
    assert (second.number, second.state, second.used_at) == (2, "draft", None)
    same = [
        field.name
        for field in Edition._meta.fields
        if field.name not in ("id", "number", "state", "made_at", "used_at", "used_by")
    ]
    assert [getattr(second, name) for name in same] == [getattr(first, name) for name in same]
    for part in ("years", "categories", "criteria", "papers"):
        model = getattr(first, part).model
        columns = [field.name for field in model._meta.fields if field.name not in ("id", "edition")]
        assert rows(second, part, *columns) == rows(first, part, *columns) != []
    assert verbs(second) == ["edition.drafted"]


def test_only_one_edition_is_written_at_a_time(desk, draft):
    with pytest.raises(Conflict, match="編集中の版"):
        actions.draft_edition(draft.programme, by=desk)
    assert draft.programme.editions.count() == 1


def test_what_was_begun_under_an_edition_keeps_it(city):
    fund = make_fund(city)
    first = make_edition(city)
    with clock.standing_at(date(2025, 6, 12)):
        call = make_call(fund, edition=first)
        filed, organisation = make_application(call), make_organisation()
        draft = actions.start_application(
            call, by=make_representative(organisation), organisation=organisation
        )
        second = actions.draft_edition(first.programme, by=None)
        actions.save_edition(
            second, by=None, parts=Parts(years=[{"year": 1, "rate_above": 1, "rate_below": 10}])
        )
        actions.use_edition(second, by=None)
        late = make_application(call)
    assert [seen(one).edition for one in (filed, draft, late)] == [first, first, first]
    # 4/5 of a million, as the first edition gives: the second would give 100,000.
    assert (seen(late).requested, seen(late).state) == (800_000, "checked")


# --- two at once -------------------------------------------------------------------------------------------------


at_once = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def written(draft):
    actions.save_edition(draft, by=None, parts=SHIOKAZE_TERMS, kinds=["npo"])
    return draft


class TestTwoAtOnce:
    pytestmark = at_once

    def test_who_use_the_same_edition(self, written):
        people = [seen(written) for _ in range(4)]
        results = race(*(lambda one=one: actions.use_edition(one, by=None) for one in people))
        assert told(results) == 3
        assert seen(written).state == "in_use"
        assert verbs(written).count("edition.used") == 1

    def test_who_use_it_and_draft_the_next(self, monkeypatch, written):
        results = cut_in(
            monkeypatch,
            actions.programme,
            "move",
            first=lambda: actions.use_edition(seen(written), by=None),
            second=lambda: actions.draft_edition(seen(written.programme), by=None),
        )
        assert told(results) == 0
        states = written.programme.editions.order_by("number").values_list("number", "state")
        assert list(states) == [(1, "in_use"), (2, "draft")]

    def test_who_use_it_and_empty_it(self, monkeypatch, written):
        results = cut_in(
            monkeypatch,
            actions.programme,
            "move",
            first=lambda: actions.use_edition(seen(written), by=None),
            second=lambda: actions.save_edition(seen(written), by=None, parts=Parts(years=[])),
        )
        assert told(results) == 1
        assert (seen(written).state, written.years.count()) == ("in_use", 2)

    def test_who_draft_the_next(self, city):
        programme = make_edition(city).programme
        results = race(*(lambda: actions.draft_edition(Programme.objects.get(pk=programme.pk), by=None),) * 4)
        assert told(results) == 3
        assert sorted(programme.editions.values_list("number", "state")) == [(1, "in_use"), (2, "draft")]

    def test_who_prepare_a_call_and_use_the_next_edition(self, monkeypatch, city):
        fund, first = make_fund(city), make_edition(city)
        second = actions.draft_edition(first.programme, by=None)
        results = cut_in(
            monkeypatch,
            actions.calls,
            "_check_pots",
            first=lambda: make_call(fund, edition=seen(first), state="draft"),
            second=lambda: actions.use_edition(second, by=None),
        )
        assert told(results) == 0
        # The call stays with the edition it was prepared by, and cannot be published by it any more.
        with pytest.raises(Refused, match="使用中の版"):
            actions.publish_call(results[0], by=None)
