"""The list of open needs and one of them, as a visitor asks for it."""

from datetime import date
from urllib.parse import unquote

import pytest

from musubi.lib import clock
from musubi.outcomes import actions as outcomes
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.matching import make_suggestion
from tests.factories.people import (
    make_department,
    make_member,
    make_municipality,
    make_representative,
    make_staff,
)
from tests.factories.solutions import make_solution

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality("minato", name="港見市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


def titles(response) -> list[str]:
    return [card["title"] for card in response.context["cards"]]


def test_the_list_shows_what_is_public_newest_first(client, city, desk):
    with clock.standing_at(date(2026, 5, 1)):
        make_challenge(city, title="先の課題", desk=desk)
    with clock.standing_at(date(2026, 5, 2)):
        make_challenge(city, title="後の課題", desk=desk)
        make_challenge(city, title="庁内の課題", desk=desk, visibility=20)
        make_challenge(city, title="下書きの課題", state="draft")
        make_challenge(city, title="終わった課題", state="closed", desk=desk)
        response = client.get("/minato/challenges/")
    assert titles(response) == ["後の課題", "先の課題"]
    assert "<b>2</b>" in response.text


def test_filters_narrow_the_list(client, city, desk):
    section = make_department(city, "環境課")
    officer = make_staff(city, "officer", section)
    make_challenge(
        city, by=officer, desk=desk, title="海ごみを減らす", goals=[14], fields=["environment"], scale="large"
    )
    make_challenge(
        city, desk=desk, title="読み聞かせを広げる", goals=[4], fields=["children"], state="matched"
    )
    for query, expected in {
        "goal=14": ["海ごみを減らす"],
        "field=children": ["読み聞かせを広げる"],
        f"department={section.pk}": ["海ごみを減らす"],
        "scale=large": ["海ごみを減らす"],
        "state=matched": ["読み聞かせを広げる"],
        "open=1": ["海ごみを減らす"],
        "q=読み聞かせ": ["読み聞かせを広げる"],
        "q=ごみ&goal=4": ["読み聞かせを広げる"],
        "q=海ごみ&scale=small": [],
    }.items():
        assert titles(client.get(f"/minato/challenges/?{query}")) == expected, query


def test_a_search_with_a_filter_finds_what_is_older_than_the_newest(client, city, desk, monkeypatch):
    monkeypatch.setattr("musubi.www.public.challenges.NEWEST_HERE", 2)
    officer = make_staff(city, "officer")
    make_challenge(city, by=officer, desk=desk, title="古い海ごみ", goals=[14], visibility=20)
    make_challenge(city, by=officer, desk=desk, title="海ごみ", goals=[14])
    for n in range(3):
        make_challenge(city, by=officer, desk=desk, title=f"山ごみ{n}", goals=[15])
    assert titles(client.get("/minato/challenges/?q=ごみ&goal=14")) == ["海ごみ"]
    assert titles(client.get("/minato/challenges/?q=ごみ")) == ["山ごみ2", "山ごみ1"]
    assert len(titles(client.get("/minato/challenges/?q=ごみ&open=1"))) == 4
    assert len(titles(client.get("/minato/challenges/?q=ごみ&sort=deadline"))) == 4
    client.force_login(officer)
    assert titles(client.get("/minato/challenges/?q=ごみ&goal=14")) == ["海ごみ", "古い海ごみ"]
    assert len(titles(client.get("/minato/challenges/?q=ごみ"))) == 5


def test_deadlines_to_come_are_first_when_sorted_by_deadline(client, city, desk):
    with clock.standing_at(date(2026, 5, 10)):
        make_challenge(city, desk=desk, title="随時")
        make_challenge(city, desk=desk, title="六月", deadline=date(2026, 6, 1))
        make_challenge(city, desk=desk, title="五月末", deadline=date(2026, 5, 31))
    with clock.standing_at(date(2026, 5, 31)):
        assert titles(client.get("/minato/challenges/?sort=deadline")) == ["五月末", "六月", "随時"]
    with clock.standing_at(date(2026, 6, 1)):
        assert titles(client.get("/minato/challenges/?sort=deadline")) == ["六月", "随時", "五月末"]


def test_twenty_to_a_page_and_a_number_that_does_not_exist_gives_the_nearest(client, city, desk):
    officer = make_staff(city, "officer")
    for n in range(21):
        make_challenge(city, by=officer, desk=desk, title=f"課題{n:02d}")
    assert len(titles(client.get("/minato/challenges/"))) == 20
    last = titles(client.get("/minato/challenges/?page=2"))
    assert len(last) == 1
    for number in ("999", "-1", "0", "abc", "9" * 60):
        response = client.get(f"/minato/challenges/?page={number}")
        assert response.status_code == 200
        assert len(titles(response)) in (1, 20)


@pytest.mark.parametrize(
    "query",
    [
        {"goal": "abc"},
        {"goal": "99"},
        {"goal": "14; DROP TABLE"},
        {"field": "nothing"},
        {"department": "99999999999999999999999"},
        {"department": "-1"},
        {"scale": "\x00"},
        {"state": "draft"},
        {"sort": "nothing"},
        {"sort": "__class__"},
        {"q": "\x00\x00"},
        {"q": '"*(NEAR'},
        {"q": "' OR 1=1 --"},
        {"q": "🗾"},
        {"open": "nothing"},
    ],
)
def test_odd_parameters_count_as_not_given_and_never_break_the_page(client, city, desk, query):
    make_challenge(city, desk=desk, title="いつもの課題")
    response = client.get("/minato/challenges/", query)
    assert response.status_code == 200
    if not query.get("q", "").strip("\x00"):
        assert titles(response) == ["いつもの課題"]


def test_a_very_long_search_is_cut_and_answered(client, city):
    response = client.get("/minato/challenges/", {"q": "海" * 5000})
    assert response.status_code == 200
    assert "海" * 201 not in response.text


def test_bytes_that_are_no_text_never_break_the_page(client, city):
    for query in ("q=%00", "q=%ff%fe", "q=%ed%a0%80", "goal=%00", "page=%00", "&&&=&=="):
        assert client.get(f"/minato/challenges/?{query}").status_code == 200, query


def test_what_was_asked_is_shown_escaped_and_can_be_taken_back(client, city):
    response = client.get("/minato/challenges/", {"q": "<script>", "scale": "small"})
    assert "<script>alert" not in response.text
    assert "「&lt;script&gt;」" in response.text
    assert response.context["form"].active() == [
        ("「<script>」", "?scale=small"),
        ("小さく具体的", "?q=%3Cscript%3E"),
    ]


def test_words_on_a_card_are_shown_as_they_were_typed(client, city, desk):
    section = make_department(city, 'A&B<i>課"')
    officer = make_staff(city, "officer", section)
    make_challenge(
        city,
        by=officer,
        desk=desk,
        title='<img src=x onerror="alert(1)">',
        problem="'><script>alert(2)</script>{{ 1 }}",
    )
    for path in ("/minato/challenges/", "/minato/", "/", "/?q=alert"):
        text = client.get(path).text
        assert "<img src=x" not in text, path
        assert "<script>alert" not in text, path
        assert "<i>課" not in text, path
        assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;" in text, path


def test_an_empty_list_says_what_to_do(client, city):
    assert "公開中の課題はまだありません" in client.get("/minato/challenges/").text
    assert "条件に合う課題はありません" in client.get("/minato/challenges/?goal=3").text


def test_the_list_costs_the_same_for_one_and_for_twenty(client, city, desk, django_assert_max_num_queries):
    officer = make_staff(city, "officer")
    for n in range(20):
        make_challenge(
            city, by=officer, desk=desk, title=f"課題{n}", goals=[n % 17 + 1, 5], fields=["children"]
        )
    with django_assert_max_num_queries(8):
        client.get("/minato/challenges/?q=課題&field=children&sort=deadline")


def test_one_challenge_costs_at_most_eight_statements(client, city, desk, django_assert_max_num_queries):
    challenge = make_challenge(city, desk=desk, goals=[14, 12], fields=["environment", "children"])
    for n in range(5):
        make_suggestion(challenge, make_solution(make_member(city).organisation, title=f"海岸の道具{n}"))
    make_case(city, desk=desk, track="challenge", challenge=challenge)
    with django_assert_max_num_queries(8):
        response = client.get(f"/minato/challenges/{challenge.ref}/")
    assert len(response.context["solutions"]) == 3


def test_one_challenge_shows_its_words_cleaned(client, city, desk):
    challenge = make_challenge(
        city,
        desk=desk,
        problem="**週6時間**かかる<script>alert(1)</script>",
        offers_field=True,
        offer_note="海岸",
        conditions="市内で",
    )
    text = client.get(f"/minato/challenges/{challenge.ref}/").text
    assert "<strong>週6時間</strong>" in text
    assert "<script>alert" not in text
    assert "実証の場" in text
    assert "この課題に提案する" in text


def test_a_challenge_widened_only_inside_is_not_found_by_others(client, city, desk):
    challenge = make_challenge(city, desk=desk, visibility=20)
    path = f"/minato/challenges/{challenge.ref}/"
    assert client.get(path).status_code == 404
    client.force_login(make_staff(make_municipality("tonari"), "desk"))
    assert client.get(path).status_code == 404
    client.force_login(desk)
    response = client.get(path)
    assert "この課題が見えるのは「庁内」の範囲の人だけです。" in response.text
    assert "この課題に提案する" not in response.text


def test_another_municipalitys_reference_is_not_found_here(client, city, desk):
    challenge = make_challenge(city, desk=desk)
    make_municipality("tonari")
    assert client.get(f"/tonari/challenges/{challenge.ref}/").status_code == 404


def test_a_closed_challenge_stays_readable_at_its_address_and_takes_no_proposals(client, city, desk):
    challenge = make_challenge(city, desk=desk, state="closed")
    response = client.get(f"/minato/challenges/{challenge.ref}/")
    assert "取りやめ" in response.text
    assert "この課題に提案する" not in response.text


def test_the_chain_counts_without_naming_anybody(client, city, desk):
    challenge = make_challenge(city, desk=desk)
    case = make_case(city, desk=desk, track="challenge", challenge=challenge, title="ひみつの提案名")
    response = client.get(f"/minato/challenges/{challenge.ref}/")
    steps = response.context["chain"]
    assert [step.get("title") for step in steps] == [challenge.title, "1件の提案", "1件の連携", None]
    assert steps[2]["note"] == "いまの段階: 対話"
    assert case.organisations.get().name not in response.text
    assert "ひみつの提案名" not in response.text


def test_the_chain_ends_with_the_story_once_it_is_published(client, city, desk):
    challenge = make_challenge(city, desk=desk)
    case = make_case(city, desk=desk, track="challenge", challenge=challenge)
    outcome = outcomes.record_outcome(
        case, by=desk, kind="implemented", title="本格導入", summary="始めました。", started_on=clock.today()
    )
    path = f"/minato/challenges/{challenge.ref}/"
    assert client.get(path).context["chain"][3]["title"] == "本格導入"
    story = outcomes.write_story(outcome, by=desk, title="浜がきれいになった", body="本文")
    assert "浜がきれいになった" not in client.get(path).text
    outcomes.publish_story(story, by=desk)
    last = client.get(path).context["chain"][3]
    assert (last["title"], last["href"]) == ("浜がきれいになった", f"/minato/stories/{story.ref}/")


def test_list_offers_representatives_to_save_what_it_is_narrowed_by(client, city, desk):
    address = "/minato/challenges/?q=海ごみ&goal=14&field=environment&scale=small"
    assert "/my/searches/new/" not in client.get(address).text
    client.force_login(desk)
    assert "/my/searches/new/" not in client.get(address).text
    client.force_login(make_representative())
    saving = client.get(address).text.split('href="/my/searches/new/?')[1].split('"')[0]
    assert unquote(saving) == "q=海ごみ&amp;goal=14&amp;field=environment&amp;city=minato"
