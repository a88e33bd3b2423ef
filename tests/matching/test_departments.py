import pytest

from musubi.matching import index
from musubi.matching.departments import Knowledge, suggest_departments
from musubi.proposals import actions as proposals
from tests.factories.challenges import make_challenge
from tests.factories.people import make_department, make_municipality, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db
TEXT = "海岸の漂着ごみを写真で分別する\n画像判定で海洋プラスチックの種類を記録します。"


@pytest.fixture(autouse=True)
def fresh_statistics():
    index.forget_statistics()


@pytest.fixture
def city():
    return make_municipality()


def names(found):
    return [suggestion.department.name for suggestion in found]


def test_suggest_departments_by_their_duties(city):
    make_department(city, "環境保全課", duties="海岸清掃、海洋プラスチック、廃棄物の分別、公害")
    make_department(city, "都市計画課", duties="都市計画、景観、公共交通")
    found = suggest_departments(TEXT, city)
    assert names(found) == ["環境保全課"]
    assert found[0].reasons == ["担当する仕事の「海洋プラスチック」「海岸」「分別」に合う"]


def test_suggest_departments_by_what_they_answered_before(city):
    yes, no = make_department(city, "水産課"), make_department(city, "広報課")
    past = make_proposal(
        city,
        state="routing",
        departments=[yes, no],
        title="海岸の漂着ごみを写真で記録",
        content="海洋プラスチックの画像判定",
    )
    for department, answer in ((yes, "interested"), (no, "not_ours")):
        proposals.answer_routing(
            past.routings.get(department=department),
            by=make_staff(city, "officer", department),
            answer=answer,
            comment="回答します",
        )
    found = suggest_departments(TEXT, city)
    assert names(found) == ["水産課"]
    assert found[0].reasons == ["似た提案「海岸の漂着ごみを写真で記録」に前向きに回答"]


def test_suggest_departments_weighs_an_answer_not_ours_against(city):
    department = make_department(city, "環境課", duties="海岸清掃、海洋プラスチック")
    before = suggest_departments(TEXT, city)[0]
    past = make_proposal(
        city,
        state="routing",
        departments=[department],
        title="海岸の漂着ごみを写真で記録",
        content="海洋プラスチックの画像判定",
    )
    proposals.answer_routing(
        past.routings.get(), by=make_staff(city, "officer", department), answer="not_ours", comment="道路課へ"
    )
    after = suggest_departments(TEXT, city)[0]
    assert after.score < before.score
    assert after.against == ["似た提案「海岸の漂着ごみを写真で記録」に「所管ではない」と回答"]


def test_suggest_departments_puts_the_owner_of_the_challenge_first(city):
    make_department(city, "環境課", duties="海岸清掃、海洋プラスチック、廃棄物の分別")
    challenge = make_challenge(city, title="広報紙の配布", problem="広報紙の配布に年12回、毎回3日かかる。")
    found = suggest_departments(TEXT, city, challenge=challenge)
    assert names(found) == [challenge.department.name, "環境課"]
    assert found[0].reasons == ["提案先の課題の担当課"]


def test_suggest_departments_takes_what_a_later_step_knows(city):
    department = make_department(city, "港湾課")
    found = suggest_departments(
        TEXT, city, led=[(department.pk, "漂着ごみの画像判定 海洋プラスチック", "浜の見守り")]
    )
    assert (names(found), found[0].reasons) == (["港湾課"], ["似た案件「浜の見守り」を担当"])


def test_suggest_departments_never_names_the_desk_or_a_closed_department(city):
    make_department(city, "海岸ごみ課", duties="海洋プラスチック", is_active=False)
    city.departments.filter(is_desk=True).update(duties="海洋プラスチック 漂着 画像判定")
    assert suggest_departments(TEXT, city) == []


def test_knowledge_reads_three_times_for_any_number_of_texts(city, django_assert_num_queries):
    make_department(city, "環境課", duties="海岸清掃")
    Knowledge(city).suggest(TEXT)
    with django_assert_num_queries(3):
        knowledge = Knowledge(city)
        for n in range(20):
            knowledge.suggest(f"{TEXT}{n}")


@pytest.mark.parametrize("text", ["", "あ", "海", "🎉", "\x00", "海岸\x00🎉清掃" * 20_000])
def test_suggest_departments_of_odd_text_answers_without_error(city, text):
    make_department(city, "環境課", duties="海岸清掃")
    assert len(suggest_departments(text, city)) <= 4
