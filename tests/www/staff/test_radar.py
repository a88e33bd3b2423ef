"""The radar's page: who sees which cases, the picture, the list, the one button; and the line on the case's page."""

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from musubi.cases import actions
from musubi.cases.agreements import actions as agreements
from musubi.cases.models import Case, Pace
from musubi.cases.radar.signs import standings as radar_standings
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.people.models import Staff
from musubi.www.staff import radar_kept, radar_plot
from tests.factories.cases import make_case, make_contact
from tests.factories.people import make_representative
from tests.www.staff.conftest import browser, text

pytestmark = pytest.mark.django_db

OPENED, LATER = date(2026, 6, 1), date(2026, 7, 1)
HERE = "/nagisa/staff/radar/"


@pytest.fixture(autouse=True)
def stand_later():
    with clock.standing_at(LATER):
        yield


def contact(town, title: str, *, days: int = 30, officer=None, **facts) -> Case:
    """A case at 受付 for `days` days, without a word."""
    with clock.standing_at(LATER - timedelta(days=days)):
        case = make_contact(town.city, officer=officer or town.officer, title=title)
    Case.objects.filter(pk=case.pk).update(**facts)
    case.refresh_from_db()
    return case


def learned(town, slow: float, stage: str = "intake") -> None:
    Pace.objects.create(
        municipality=town.city,
        stage=stage,
        stays=120,
        moved=100,
        median_days=slow / 2,
        slow_days=slow,
        fitted_at=clock.now(),
    )


def titles(response) -> list[str]:
    return [row.case.title for row in response.context["rows"]]


def test_radar_lists_what_hurts_with_sign_reason_and_one_button(town):
    learned(town, 12)
    case = contact(town, "空き店舗の活用")
    page = town.at("desk").get(HERE)

    (row,) = page.context["rows"]
    assert row.signs == [("停滞", "stop", "triangle"), ("やり取りなし", "neutral", "ring")]
    assert row.usual == (
        "半数は6日以内、8割は12日以内に次へ動きます(庁内の同じ段階 120件から)。"
        "最後のやり取りから30日たっています(目安は14日)。"
    )
    assert [reason.code for reason in row.reasons] == ["ball_late"]
    assert row.button == (f"/nagisa/staff/cases/{case.ref}/?act=say#act-say", "状況を知らせる")
    words = text(page)
    for shown in (
        "空き店舗の活用",
        "環境課の番のまま、期限を過ぎています",
        "令和8年6月8日(月)",
        "一般的な助言です",
    ):
        assert shown in words


def test_button_opens_its_form_without_scripts(town):
    case = contact(town, "空き店舗の活用")
    Staff.objects.filter(user=town.officer).update(ended_at=clock.now())

    (row,) = town.at("desk").get(HERE).context["rows"]
    page = text(town.at("desk").get(row.button[0].partition("#")[0]))

    assert row.button == (f"/nagisa/staff/cases/{case.ref}/?act=owner#act-owner", "担当者を決める")
    assert '<details class="act" open id="act-owner">' in page


def test_button_leads_to_the_agreement_that_waits_for_the_lawyers(town):
    case = contact(town, "空き店舗の活用", ball_due_on=LATER, last_spoken_at=clock.now())
    agreement = agreements.draft_agreement(
        case.lead, [town.organisation], by=town.desk, kind="individual", title="空き店舗の協定", cases=[case]
    )
    agreements.ask_review(agreement, by=town.desk)

    (row,) = town.at("desk").get(HERE).context["rows"]

    assert row.button == (f"/nagisa/staff/agreements/{agreement.ref}/", "協定を開く")
    assert town.at("officer").get(row.button[0]).status_code == 200


def test_button_leads_to_the_case_for_those_who_may_not_act(town):
    case = contact(town, "空き店舗の活用")

    (row,) = town.at("auditor").get(HERE).context["rows"]

    assert row.button == (f"/nagisa/staff/cases/{case.ref}/", "案件を開く")


def test_everybody_sees_the_cases_they_may_read(town):
    contact(town, "環境の案件")
    contact(town, "水産の案件", officer=town.other)
    seen = {
        role: sorted(titles(town.at(role).get(HERE)))
        for role in ("desk", "auditor", "officer", "other", "administrator")
    }
    assert seen == {
        "desk": ["水産の案件", "環境の案件"],
        "auditor": ["水産の案件", "環境の案件"],
        "officer": ["環境の案件"],
        "other": ["水産の案件"],
        "administrator": [],
    }
    assert "案件の中身は、この役割では開けません" in text(town.at("administrator").get(HERE))


def test_a_case_of_the_own_organisation_is_not_shown_to_its_representative(town):
    case = make_case(town.city, town.organisation, officer=town.officer, desk=town.desk)
    Case.objects.filter(pk=case.pk).update(stage_since=clock.at(OPENED), opened_at=clock.at(OPENED))
    both = make_representative(town.organisation)
    Staff.objects.create(
        user=both, municipality=town.city, department=town.city.departments.get(is_desk=True), role="desk"
    )

    assert titles(town.at("desk").get(HERE)) == [case.title]
    page = browser(both).get(HERE)
    assert titles(page) == []
    assert case.title not in text(page)


@pytest.mark.parametrize("role", ["representative", "stranger"])
def test_radar_is_refused_to_others(town, role):
    assert town.at(role).get(HERE).status_code == 403


def test_tabs_count_and_narrow_by_sign(town):
    learned(town, 12)
    contact(town, "停滞した案件", last_spoken_at=clock.now())
    contact(town, "遅れた案件", last_spoken_at=clock.now(), ball_due_on=date(2026, 12, 1))
    contact(town, "静かな案件", days=100, stage="implementation", ball_due_on=date(2026, 12, 1))
    contact(town, "順調な案件", days=2)
    Pace.objects.filter(stage="intake").update(slow_days=12)
    learned(town, 300, "implementation")

    page = town.at("desk").get(HERE)

    assert [(str(tab[0]), tab[3]) for tab in page.context["tabs"]] == [
        ("気になる案件", 3),
        ("停滞", 1),
        ("遅れ", 1),
        ("やり取りなし", 1),
        ("すべて", 4),
    ]
    assert titles(town.at("desk").get(HERE, {"sign": "slow"})) == ["遅れた案件"]
    assert titles(town.at("desk").get(HERE, {"sign": "all"}))[-1] == "順調な案件"
    assert "動いている案件 4 件のうち、3 件が気になります。" in text(page)


def test_filter_narrows_list_and_picture_alike_and_survives_odd_values(town):
    case = make_case(town.city, town.organisation, officer=town.officer, desk=town.desk, track="open")
    Case.objects.filter(pk=case.pk).update(stage_since=clock.at(OPENED), opened_at=clock.at(OPENED))
    contact(town, "水産の相談", officer=town.other)

    def shown(**query) -> list:
        page = town.at("desk").get(HERE, {"sign": "all", **query})
        dots = [dot.standing.case_id for stage in page.context["wide"].stages for dot in stage.dots]
        assert sorted(dots) == sorted(row.case.pk for row in page.context["rows"])
        return titles(page)

    assert shown(stage="intake") == ["水産の相談"]
    assert shown(track="open") == [case.title]
    assert shown(track="none") == ["水産の相談"]
    assert shown(department=town.sea.pk) == ["水産の相談"]
    assert shown(q="水産") == ["水産の相談"]
    assert len(shown(stage="nowhere", track="x", department="x", sign="x", page="x")) == 2


def test_picture_draws_each_case_as_a_named_link_with_its_shape(town):
    learned(town, 12)
    stalled = contact(town, "停滞 <b>した</b> 案件")
    contact(town, "順調な案件", days=2, last_spoken_at=clock.now())
    page = town.at("desk").get(HERE)

    intake = page.context["wide"].stages[0]
    assert (intake.label, intake.count, intake.slow_words, intake.median_words) == (
        "受付",
        2,
        "8割 12日",
        "半数 6日",
    )
    assert sorted((dot.shape, bool(dot.ring), dot.name) for dot in intake.dots) == [
        ("stalled", True, "停滞 <b>した</b> 案件(受付、30日、停滞・やり取りなし)"),
        ("usual", False, "順調な案件(受付、2日、目安の内)"),
    ]
    words = text(page)
    # Once in the wide drawing, once in the narrow one.
    link = f'<a class="r-stalled" href="/nagisa/staff/cases/{stalled.ref}/"><title>停滞 &lt;b&gt;した'
    assert words.count(link) == 2
    assert len(re.findall(r'<a class="r-usual" [^>]*tabindex="-1">', words)) == 2


def test_older_cases_lie_higher_and_none_covers_another(town):
    learned(town, 60)
    for days in [1, 1, 1, 5, 5, 40, 40, 200]:
        contact(town, f"{days}日の案件", days=days)

    page = town.at("desk").get(HERE)

    for drawing, along in (("wide", lambda dot: -dot.y), ("narrow", lambda dot: dot.x)):
        dots = page.context[drawing].stages[0].dots
        by_age = sorted(dots, key=lambda dot: dot.standing.age)
        assert [along(dot) for dot in by_age] == sorted(along(dot) for dot in dots)
        for number, one in enumerate(dots):
            for other in dots[number + 1 :]:
                assert (one.x - other.x) ** 2 + (one.y - other.y) ** 2 >= (one.r + other.r) ** 2


def test_a_great_many_are_counted_in_blocks(town, monkeypatch):
    for module in (radar_plot, radar_kept):
        monkeypatch.setattr(module, "MOST_DOTS", 3)
    learned(town, 12)
    for days in (2, 2, 30, 30):
        contact(town, "案件", days=days, last_spoken_at=clock.now())

    page = town.at("desk").get(HERE)

    intake = page.context["wide"].stages[0]
    assert intake.dots == []
    assert sum(int(block["text"].split("/")[1]) for block in intake.blocks) == 4
    assert sum(int(block["text"].split("/")[0]) for block in intake.blocks) == 2
    assert intake.blocks[0]["href"] == f"{HERE}?stage=intake&sign=all#list"
    assert len(page.context["narrow"].stages[0].blocks) == len(intake.blocks)


def test_what_was_seen_of_many_is_kept_until_something_happens(town, monkeypatch):
    monkeypatch.setattr(radar_kept, "MOST_DOTS", 3)
    first, *_rest = [contact(town, f"案件{n}") for n in range(4)]
    looks = []
    monkeypatch.setattr(
        "musubi.www.staff.radar.standings",
        lambda rows, paces, of=radar_standings: looks.append(1) or of(rows, paces),
    )

    def ask(role: str = "desk") -> int:
        page = town.at(role).get(HERE)
        return page.context["count"]

    assert [ask(), ask(), ask("officer")] == [4, 4, 4]
    assert len(looks) == 2  # the desk's, and the officer's own
    actions.close(first, by=town.officer, reason="budget", feedback="来年度にぜひ。")
    assert [ask(), ask()] == [3, 3]
    assert len(looks) == 4  # three are few: looked at anew each time


def test_twenty_a_page(town):
    for number in range(23):
        contact(town, f"案件{number}")

    first, second = town.at("desk").get(HERE), town.at("desk").get(HERE, {"page": 2})

    assert (len(titles(first)), len(titles(second))) == (20, 3)
    assert first.context["page"].paginator.count == 23


def test_radar_costs_the_same_for_one_and_for_many(
    town, django_assert_num_queries, django_assert_max_num_queries
):
    case = make_case(town.city, town.organisation, officer=town.officer, desk=town.desk)
    Case.objects.filter(pk=case.pk).update(stage_since=clock.at(OPENED), opened_at=clock.at(OPENED))
    desk = town.at("desk")
    with django_assert_max_num_queries(28) as one:
        desk.get(HERE)
    for number in range(8):
        contact(town, f"案件{number}", officer=town.other if number % 2 else town.officer)
    with django_assert_num_queries(len(one)):
        desk.get(HERE)


def test_empty_radar_says_what_to_do(town):
    assert "動いている案件がまだありません" in text(town.at("desk").get(HERE))

    contact(town, "順調な案件", days=1)
    page = text(town.at("desk").get(HERE))
    assert "気になる案件はありません" in page
    assert "どれも目安の内で進んでいます" in page
    assert "条件に合う案件はありません" in text(town.at("desk").get(HERE, {"stage": "trial"}))


def test_radar_is_in_the_menu(town):
    page = text(town.at("officer").get(HERE))
    assert f'<a href="{HERE}" aria-current="page">' in page
    assert "<h1>レーダー</h1>" in page
    assert "<title>レーダー | なぎさ市" in page


def test_case_page_tells_how_long_it_has_lain_beside_its_kind(town):
    learned(town, 12)
    case = contact(town, "空き店舗の活用", last_spoken_at=clock.now())
    address = reverse("staff-case", args=["nagisa", case.ref])

    page = text(town.at("officer").get(address))

    assert (
        "この段階は、半数は6日以内、8割は12日以内に次へ動きます(庁内の同じ段階 120件から)。この案件は今日で30日です。"
    ) in page
    with clock.standing_at(LATER - timedelta(days=29)):
        assert "レーダーを見る" not in text(town.at("officer").get(address))


def test_looking_writes_nothing(town):
    contact(town, "空き店舗の活用")
    before = Entry.objects.count()
    town.at("desk").get(HERE)
    assert Entry.objects.count() == before


def test_nudge_is_offered_where_others_are_late_and_leads_back(town):
    case = contact(town, "空き店舗の活用", days=30)

    (row,) = town.at("desk").get(HERE, {"stage": "intake"}).context["rows"]
    (own,) = town.at("officer").get(HERE).context["rows"]
    answer = town.at("desk").post(row.nudge, {"back": "radar", "asked": "stage=intake"})

    assert row.nudge == f"/nagisa/staff/cases/{case.ref}/nudge/"
    assert own.nudge == ""
    assert (answer.status_code, answer["Location"]) == (302, HERE + "?stage=intake#list")
    assert Entry.objects.filter(verb="case.nudged").count() == 1
    assert "に、きょう催促しました。" in text(town.at("desk").get(HERE))
    assert [row.is_nudged for row in town.at("desk").get(HERE).context["rows"]] == [True]


def test_nudge_is_not_offered_before_the_ball_is_late_nor_to_those_who_may_not(town):
    case = contact(town, "空き店舗の活用", days=30)
    (auditor,) = town.at("auditor").get(HERE).context["rows"]
    Case.objects.filter(pk=case.pk).update(ball_due_on=LATER + timedelta(days=1))
    (desk,) = town.at("desk").get(HERE).context["rows"]

    assert (auditor.nudge, desk.nudge) == ("", "")
