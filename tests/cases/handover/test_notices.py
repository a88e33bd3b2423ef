"""One notice each, however many cases change hands."""

import pytest

from musubi.cases.handover.actions import move_department, reassign_each, reassign_many
from musubi.journal.models import Entry
from musubi.notify.actions import tell
from musubi.notify.models import Delivery, Notice
from tests.cases.handover.conftest import contact
from tests.factories.people import make_organisation, make_representative

pytestmark = pytest.mark.django_db


def told() -> dict[str, list[Notice]]:
    Notice.objects.all().delete()
    Delivery.objects.all().delete()
    for entry in Entry.objects.filter(done_at=None).order_by("pk"):
        tell(entry)
    found: dict[str, list[Notice]] = {}
    for notice in Notice.objects.order_by("pk"):
        found.setdefault(notice.user.name, []).append(notice)
    return found


def quiet():
    Entry.objects.update(done_at="2026-01-01T00:00:00Z")


def test_successor_of_many_cases_gets_one_notice_that_lists_them(town):
    cases = [contact(town, f"相談{n}") for n in range(5)]
    quiet()
    reassign_many(cases, town.successor, by=town.manager, reason="4月の異動")
    found = told()
    assert list(found) == ["森 和子"]
    (notice,) = found["森 和子"]
    assert notice.title == "案件5件の担当になりました"
    assert all(case.ref in notice.body for case in cases)
    assert "髙﨑 邉子さんから、次の案件を引き継ぎました。4月の異動" in notice.body
    assert notice.path == f"/nagisa/staff/handover/people/{town.successor.pk}/"


def test_successors_of_one_hand_over_get_one_each(town):
    one, two, three = (contact(town, f"相談{n}") for n in range(3))
    quiet()
    reassign_each({town.successor: [one, two], town.manager: [three]}, by=town.desk, reason="異動")
    found = told()
    assert {name: [n.title for n in notices] for name, notices in found.items()} == {
        "森 和子": ["案件2件の担当になりました"],
        "林 一郎": ["案件1件の担当になりました"],
    }


def test_very_many_cases_are_named_up_to_fifty(town):
    cases = [contact(town, f"相談{n}") for n in range(52)]
    quiet()
    reassign_many(cases, town.successor, by=town.desk, reason="異動")
    (notice,) = told()["森 和子"]
    assert notice.body.count("・") == 50
    assert "ほか2件" in notice.body


def test_moved_department_tells_organisations_and_the_new_owner_once(town):
    cases = [contact(town, f"相談{n}") for n in range(3)]
    other = make_organisation("べつの会社")
    make_representative(other, name="別 人")
    quiet()
    move_department(town.env, town.sea, by=town.desk, reason="機構改革")
    found = told()
    assert set(found) == {"浜 二郎", "潮見 遥"}
    (mine,), (theirs,) = found["浜 二郎"], found["潮見 遥"]
    assert mine.title == "案件3件の担当になりました"
    assert theirs.title == "担当課が変わりました: なぎさ市 水産課"
    assert all(case.title in theirs.body for case in cases)
    assert theirs.path == "/my/cases/"
    # What is said inside stays inside.
    assert "機構改革" not in theirs.body
