import csv
import time
from collections import Counter

import pytest

from musubi.matching import near
from musubi.matching.departments import ANSWERED, Deed, Knowledge, suggest_departments
from musubi.people.models import Department
from musubi.proposals import actions as proposals
from tests.factories.challenges import make_challenge
from tests.factories.people import make_department, make_municipality, make_staff
from tests.factories.proposals import make_proposal
from tests.lib.shared_data import shared

pytestmark = pytest.mark.django_db
TEXT = "海岸の漂着ごみを写真で分別する\n画像判定で海洋プラスチックの種類を記録します。"


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
    assert found[0].reasons == ["担当する仕事の「海洋プラスチック」「分別」「海岸」に合う"]


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
    assert found[0].reasons == [
        "似た提案「海岸の漂着ごみを写真で記録」に前向きに回答(「漂着ごみ」「海洋プラスチック」「写真」が共通)"
    ]


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
    assert after.against == [
        "似た提案「海岸の漂着ごみを写真で記録」に「所管ではない」と回答(「漂着ごみ」「海洋プラスチック」「写真」が共通)"
    ]


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
    assert names(found) == ["港湾課"]
    assert found[0].reasons == [
        "似た案件「浜の見守り」を担当(「漂着ごみ」「海洋プラスチック」「画像判定」が共通)"
    ]


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


# --- measured ----------------------------------------------------------------------------------------------------

# What six departments of an invented city were asked about and answered positively.
HANDLED = {
    "環境課": [
        ("海岸の漂着ごみを写真で調べる", "漂着ごみを撮影し、プラスチックの種類を記録します。"),
        ("使い捨て容器の回収箱", "商店街に回収箱を置き、容器を洗って再び使います。"),
        ("ごみ分別の案内アプリ", "品目を入れると分別の区分と収集日を知らせます。"),
        ("清掃活動の参加募集", "河川敷の清掃活動に参加する人を募り、ごみ袋を届けます。"),
        ("生ごみの堆肥化講座", "家庭の生ごみを堆肥にする講座を開き、ごみの量を減らします。"),
    ],
    "福祉課": [
        ("一人暮らしの高齢者の見守り", "電力の使い方の変化から、高齢者の異変を家族に知らせます。"),
        ("介護予防の体操教室", "集会所で高齢者の体操教室を開き、足腰の力を測ります。"),
        ("配達員による見守り", "配達のついでに高齢者へ声をかけ、異変があれば知らせます。"),
        ("認知症カフェの運営", "認知症の人と家族が集まる場を月2回開きます。"),
        ("介護する家族の相談", "介護する家族の悩みを聞く相談の場を設けます。"),
    ],
    "防災課": [
        ("浸水を知らせる水位計", "用水路に水位計を置き、浸水の前に住民へ知らせます。"),
        ("避難所の受付を早くする", "避難所の受付を二次元コードで行い、名簿を作ります。"),
        ("防災備蓄の期限管理", "備蓄品の期限を管理し、期限前に配ります。"),
        ("外国人向け避難訓練", "やさしい日本語で避難訓練を行い、避難所の使い方を学びます。"),
        ("地震のあとの建物点検", "揺れを測る機器で、地震のあとの建物の傷みを知らせます。"),
    ],
    "商工観光課": [
        ("空き店舗の試し出店", "空き店舗で週末だけ出店できる仕組みを作り、商店街に客を呼びます。"),
        ("観光客の回遊を測る", "観光客の動きを携帯電話の位置から測り、回遊の道順を作ります。"),
        ("事業承継の相談会", "後継者のいない店と、店を始めたい人を引き合わせます。"),
        ("特産品の通信販売", "特産品を集めた通信販売の頁を作り、販路を広げます。"),
        ("宿と飲食店の共通予約", "宿と飲食店の予約をまとめ、観光客の滞在を延ばします。"),
    ],
    "学校教育課": [
        ("小学校の海の出前授業", "小学校で海の生きものの出前授業を行います。"),
        ("部活動の指導者紹介", "中学校の部活動に地域の指導者を紹介します。"),
        ("不登校の子の居場所", "学校に行けない児童が、家から参加できる学びの場を開きます。"),
        ("情報モラルの教材", "児童と保護者が情報モラルを学ぶ教材を作り、授業で使います。"),
        ("教員の事務を減らす", "学校の出欠や保護者への連絡を電子化し、教員の事務を減らします。"),
    ],
    "道路課": [
        ("舗装の傷みを車で調べる", "公用車に付けた機器で道路の舗装の傷みを調べます。"),
        ("橋の点検にドローン", "橋の点検をドローンの撮影で行い、足場を減らします。"),
        ("街路灯の故障通報", "街路灯の故障を住民が写真で通報する仕組みです。"),
        ("除雪車の位置公開", "除雪車の位置を地図に示し、道路の除雪の進みを知らせます。"),
        ("歩道の段差の地図", "車いすで通れない歩道の段差を集め、地図にします。"),
    ],
}


def ranks(departments, deeds, *, every=1):
    """For each `every`th deed: the place its department gets for the same text without that deed (99: none)."""
    found = []
    for deed in deeds[::every]:
        knowledge = Knowledge.of(departments, [other for other in deeds if other is not deed])
        suggested = [s.department.pk for s in knowledge.suggest(deed.text.body, title=deed.text.title)]
        found.append(suggested.index(deed.department_id) + 1 if deed.department_id in suggested else 99)
    return found


def within(found, most):
    return sum(rank <= most for rank in found) / len(found)


def test_suggest_departments_finds_who_handled_it_from_the_others(city):
    departments = [make_department(city, name) for name in HANDLED]
    deeds = [
        Deed(department.pk, near.Text(title, content), ANSWERED)
        for department in departments
        for title, content in HANDLED[department.name]
    ]
    found = ranks(departments, deeds)
    assert len(found) == 30
    assert within(found, 1) >= 0.45
    assert within(found, 3) >= 0.55


def test_suggest_departments_tells_ministries_apart_by_what_they_do():
    """Real policy texts: what a measure does, and which ministry it belongs to, learned from all other measures."""
    path = shared("matching/rs2024_need_solution_shared.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    often = [name for name, count in Counter(row["ministry"] for row in rows).most_common() if count >= 4]
    departments = [Department(pk=pk, name=name) for pk, name in enumerate(often, 1)]
    deeds = [
        Deed(often.index(row["ministry"]) + 1, near.Text(row["name"], row["solution"]), ANSWERED)
        for row in rows
        if row["ministry"] in often
    ]
    found = ranks(departments, deeds, every=3)
    assert (len(often), len(found)) == (16, 88)
    assert within(found, 1) >= 0.6
    assert within(found, 3) >= 0.83


def test_suggest_departments_for_a_full_inbox_stays_quick(city):
    departments = [make_department(city, name) for name in HANDLED]
    deeds = [
        Deed(department.pk, near.Text(f"{title} その{n}", content * 3), ANSWERED)
        for n in range(20)
        for department in departments
        for title, content in HANDLED[department.name]
    ]
    for _round in range(2):  # the first one analyses six hundred texts
        start = time.process_time()
        knowledge = Knowledge.of(departments, deeds)
        for deed in deeds[:20]:
            assert knowledge.suggest(deed.text.body, title=deed.text.title)
        took = time.process_time() - start
    assert took < 0.3
