from datetime import date, timedelta

import pytest

from musubi.gatherings import actions
from musubi.gatherings.models import Gathering
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from tests.factories.gatherings import make_gathering
from tests.factories.people import make_department, make_municipality, make_representative, make_staff

pytestmark = pytest.mark.django_db
START = clock.at(date(2025, 9, 5), 14)
END = clock.at(date(2025, 9, 5), 16)


@pytest.fixture(autouse=True)
def summer():
    with clock.standing_at(date(2025, 8, 1)):
        yield


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def test_draft_gathering_for_a_section_gets_a_number(city, desk):
    section = make_department(city, "環境課")
    row = actions.draft_gathering(
        section,
        by=desk,
        kind="subcommittee",
        series="専門部会(環境)",
        title="第1回 専門部会(環境)",
        starts_at=START,
        ends_at=END,
        date_note="9月上旬",
        place="防災センター",
    )
    row.refresh_from_db()
    assert (row.ref, row.state, row.department, row.municipality) == ("2025-001", "draft", section, city)
    assert (row.series, row.date_note, row.place, row.opened_at) == (
        "専門部会(環境)",
        "9月上旬",
        "防災センター",
        None,
    )
    entry = history(row).get()
    assert (entry.verb, entry.ref, entry.municipality) == ("gathering.drafted", "2025-001", city.code)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"title": " "}, "title"),
        ({"kind": "party"}, "kind"),
        ({"ends_at": START}, "ends_at"),
        ({"place": "所" * 121}, "place"),
    ],
)
def test_draft_gathering_with_bad_words_says_where_and_wastes_no_number(city, desk, words, field):
    given = {"kind": "exchange", "title": "交流会", "starts_at": START, "ends_at": END, **words}
    with pytest.raises(Refused) as refusal:
        actions.draft_gathering(city.departments.get(), by=desk, **given)
    assert refusal.value.field == field
    assert make_gathering(city).ref == "2025-001"


@pytest.mark.parametrize("role", ["officer", "manager", "administrator", "auditor"])
def test_draft_gathering_by_others_than_the_desk_is_not_allowed(city, role):
    person = make_staff(city, role)
    department = person.staff.get().department or city.departments.get(is_desk=True)
    with pytest.raises(NotAllowed):
        actions.draft_gathering(
            department, by=person, kind="exchange", title="交流会", starts_at=START, ends_at=END
        )


def test_save_gathering_that_moves_an_opened_one_is_told_apart(city, desk):
    row = make_gathering(city)
    actions.save_gathering(row, by=desk, description="名刺をお持ちください。")
    actions.save_gathering(row, by=desk, starts_at=START, ends_at=END)
    row.refresh_from_db()
    assert (row.starts_at, row.description) == (START, "名刺をお持ちください。")
    assert verbs(row)[-2:] == ["gathering.saved", "gathering.rearranged"]
    assert history(row).last().data == {"changed": ["ends_at", "starts_at"]}


def test_save_gathering_gives_it_to_another_section(city, desk):
    row, section = make_gathering(city), make_department(city)
    actions.save_gathering(row, by=desk, department=section)
    assert Gathering.objects.get(pk=row.pk).department == section
    with pytest.raises(Refused, match="この自治体の部署"):
        actions.save_gathering(row, by=desk, department=make_department(make_municipality()))


def test_save_gathering_so_that_it_ends_before_it_starts_is_refused(city, desk):
    row = make_gathering(city)
    with pytest.raises(Refused) as refusal:
        actions.save_gathering(row, by=desk, ends_at=row.starts_at - timedelta(hours=1))
    assert refusal.value.field == "ends_at"


def test_save_gathering_after_it_took_place_is_refused(city, desk):
    with pytest.raises(Refused, match="開催報告に"):
        actions.save_gathering(make_gathering(city, state="held"), by=desk, title="別の題")


def test_save_gathering_by_a_representative_is_not_allowed(city):
    with pytest.raises(NotAllowed):
        actions.save_gathering(make_gathering(city), by=make_representative(), title="別の題")


def test_open_close_and_open_again_remembers_the_first_day(city, desk):
    row = make_gathering(city, state="draft")
    actions.open_gathering(row, by=desk)
    with clock.standing_at(date(2025, 8, 5)):
        actions.close_gathering(row, by=desk)
        actions.open_gathering(row, by=desk)
    row.refresh_from_db()
    assert (row.state, row.opened_at) == ("open", clock.at(date(2025, 8, 1)))
    assert verbs(row) == [
        "gathering.drafted",
        "gathering.opened",
        "gathering.closed",
        "gathering.reopened",
    ]


def test_open_gathering_after_the_report_is_refused(city, desk):
    with pytest.raises(Refused, match="報告済"):
        actions.open_gathering(make_gathering(city, state="reported"), by=desk)


def test_close_gathering_that_was_cancelled_meanwhile_is_a_conflict(city, desk):
    row = make_gathering(city)
    seen_before = Gathering.objects.get(pk=row.pk)
    actions.cancel(row, by=desk, reason="台風のため")
    with pytest.raises(Conflict):
        actions.close_gathering(seen_before, by=desk)


def test_hold_before_it_begins_is_refused(city, desk):
    row = make_gathering(city, starts_at=START)
    with clock.standing_at(START - timedelta(minutes=1)), pytest.raises(Refused, match="まだ開始の日時"):
        actions.hold(row, by=desk)
    with clock.standing_at(START):
        actions.hold(row, by=desk)
    assert Gathering.objects.get(pk=row.pk).state == "held"
    assert history(row).last().verb == "gathering.held"


def test_hold_a_draft_is_refused(city, desk):
    row = make_gathering(city, state="draft", starts_at=START)
    with clock.standing_at(END), pytest.raises(Refused, match="下書き"):
        actions.hold(row, by=desk)


def test_report_without_words_is_refused(city, desk):
    row = make_gathering(city, state="held")
    with pytest.raises(Missing) as refusal:
        actions.report(row, "  ", by=desk)
    assert refusal.value.field == "report"
    actions.report(row, "17団体が参加しました。", by=desk)
    row.refresh_from_db()
    assert (row.state, row.report) == ("reported", "17団体が参加しました。")
    assert history(row).last().verb == "gathering.reported"


def test_cancel_without_a_reason_is_refused(city, desk):
    row = make_gathering(city)
    with pytest.raises(Missing) as refusal:
        actions.cancel(row, by=desk, reason=" ")
    assert refusal.value.field == "cancel_reason"
    actions.cancel(row, by=desk, reason="台風のため")
    assert Gathering.objects.get(pk=row.pk).cancel_reason == "台風のため"
    assert history(row).last().data == {"reason": "台風のため"}


def test_cancel_what_took_place_is_refused(city, desk):
    with pytest.raises(Refused, match="開催済"):
        actions.cancel(make_gathering(city, state="held"), by=desk, reason="なし")


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("draft", lambda row, by: actions.open_gathering(row, by=by)),
        ("open", lambda row, by: actions.close_gathering(row, by=by)),
        ("open", lambda row, by: actions.hold(row, by=by)),
        ("held", lambda row, by: actions.report(row, "報告", by=by)),
        ("open", lambda row, by: actions.cancel(row, by=by, reason="理由")),
    ],
)
def test_steps_by_the_desk_of_another_municipality_are_not_allowed(city, state, step):
    row = make_gathering(city, state=state)
    with pytest.raises(NotAllowed):
        step(row, make_staff(make_municipality(), "desk"))
    assert Gathering.objects.get(pk=row.pk).state == state
