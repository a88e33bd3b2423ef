"""The secretariat's rules: a programme written section by section, texts read without guessing, editions compared."""

from datetime import date
from fractions import Fraction

import pytest
from django.urls import reverse

from musubi.fund import actions
from musubi.fund.models import Edition, Programme
from musubi.lib import clock
from musubi.www.staff.fund.forms_programmes import AfterSection
from tests.factories.fund import make_edition
from tests.factories.people import make_municipality, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2025, 6, 1)):
        yield


@pytest.fixture
def city():
    return make_municipality("shiokaze", name="しおかぜ市")


@pytest.fixture
def desk(city, client):
    person = make_staff(city)
    client.force_login(person)
    return person


@pytest.fixture
def draft(city, desk):
    return actions.draft_programme(city, by=desk, code="umi", name="海の助成")


def at(name: str, *parts) -> str:
    return reverse(name, args=["shiokaze", *parts])


def text(response) -> str:
    return response.content.decode()


def section(name: str) -> str:
    return at("staff-fund-edition-edit", "umi", 1, name)


def rows(prefix: str, *given: dict) -> dict:
    """What a browser sends of a formset."""
    sent = {f"{prefix}-TOTAL_FORMS": str(len(given)), f"{prefix}-INITIAL_FORMS": "0"}
    for number, row in enumerate(given):
        sent |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return sent


YEAR = {"text": "", "rate": "", "cap": "", "unit": "1000", "direction": "down"}


def test_a_programme_is_made_and_its_first_edition_opened(client, city, desk):
    answer = client.post(at("staff-fund-programme-new"), {"name": "海の助成", "code": "umi", "lead": ""})
    assert answer["Location"] == at("staff-fund-edition", "umi", 1)
    again = client.post(at("staff-fund-programme-new"), {"name": "別の助成", "code": "umi", "lead": ""})
    assert (again.status_code, "もう使われています" in text(again), "別の助成" in text(again)) == (
        422,
        True,
        True,
    )
    clash = client.post(at("staff-fund-programme-new"), {"name": "別の助成", "code": "new", "lead": ""})
    assert (clash.status_code, Programme.objects.count()) == (422, 1)


def test_what_a_programme_is_called_is_put_right(client, draft):
    address, home = at("staff-fund-programme-edit", "umi"), at("staff-fund-programme", "umi")
    assert address in text(client.get(home))
    page = text(client.get(address))
    assert 'value="海の助成"' in page
    assert 'name="code"' not in page
    assert client.post(address, {"name": ""}).status_code == 422
    same = client.post(address, {"name": "海の助成", "lead": ""})
    assert (same.status_code, "変わっていません" in text(same)) == (422, True)
    answer = client.post(address, {"name": "海と暮らしの助成", "lead": "海のために"})
    assert answer["Location"] == home
    page = text(client.get(home))
    assert "海と暮らしの助成" in page
    assert "助成制度の名前・趣旨を直した" in page


def test_each_section_is_written(client, draft):
    who = {
        "kinds": ["npo", "company"],
        "conditions": "市内で活動",
        "startup_years": "",
        "accounts_years": "2",
    }
    assert client.post(section("who"), who)["Location"] == at("staff-fund-edition", "umi", 1) + "#who"
    money = {
        "own_share": "1/5",
        "tax": "report",
        **rows(
            "years",
            {**YEAR, "text": "5分の4以内", "rate": "80%", "cap": "5,000,000"},
            {**YEAR, "is_fixed": "on", "cap": "300000", "unit": "1"},
            YEAR,
        ),
    }
    assert client.post(section("money"), {**money, "step": "next"})["Location"] == section("costs")
    costs = rows(
        "categories",
        {"name": "人件費", "is_eligible": "1"},
        {"name": "旅費", "is_eligible": "1", "cap": "200000", "share": "30"},
        {"name": "", "is_eligible": "1"},
    )
    assert client.post(section("costs"), costs).status_code == 302
    screening = {
        "scorers": "3", "is_blind": "on", "pass_share": "60", "criterion_share": "40", "tie": "less", "recusal": "mean", "has_reserve": "on",
        **rows("criteria", {"stage": "first", "name": "効果", "most": "5", "weight": "2", "least": "3"}, {"stage": "second", "name": "説明", "most": "10", "weight": "1"}),
    }  # fmt: skip
    assert client.post(section("screening"), screening).status_code == 302
    papers = {
        "form_style": "after", "number_style": "{city}助第{number}号",
        **rows("papers", {"name": "決算書", "form_number": "2", "is_required": "1", "for_report": "0"}, {"name": "領収書", "is_required": "0", "for_report": "1"}),
    }  # fmt: skip
    assert client.post(section("papers"), papers).status_code == 302
    letters = rows(
        "letters",
        {"kind": "award", "form": "7の2", "title": "{制度名} 交付決定書", "seal": "omitted"},
        {"kind": "refusal", "form": "", "title": "", "seal": ""},
    )
    assert client.post(section("letters"), letters).status_code == 302
    wrong = client.post(section("letters"), {**letters, "letters-0-title": "{誰か}への通知"})
    assert (wrong.status_code, "{誰か}は使えません" in text(wrong), "{誰か}への通知" in text(wrong)) == (
        422,
        True,
        True,
    )
    after = {
        "correction_days": "5",
        "acceptance_days": "14",
        "asset_yen": "300,000",
        "return_days": "30",
        "late_rate": "年10.95%",
        "late_days": "365",
    }
    assert client.post(section("after"), after).status_code == 302
    edition = Edition.objects.get()
    assert (sorted(edition.kinds), edition.accounts_years) == (["company", "npo"], 2)
    assert (edition.own_above, edition.own_below, edition.tax) == (1, 5, "report")
    first = edition.years.first()
    assert [(y.year, y.rate, y.cap, y.unit) for y in edition.years.all()] == [
        (1, Fraction(4, 5), 5_000_000, 1000),
        (2, None, 300_000, 1),
    ]
    assert (first.rate_above, first.rate_below, first.text) == (4, 5, "5分の4以内")
    assert [(c.code, c.name, c.cap, c.share) for c in edition.categories.all()] == [
        ("cost-1", "人件費", None, None),
        ("cost-2", "旅費", 200_000, 30),
    ]
    assert [(c.stage, c.name, c.most, c.weight, c.least) for c in edition.criteria.all()] == [
        ("first", "効果", 5, 2, 3),
        ("second", "説明", 10, 1, 0),
    ]
    assert [(p.code, p.form_number, p.is_required, p.for_report) for p in edition.papers.all()] == [
        ("paper-1", 2, True, False),
        ("paper-2", None, False, True),
    ]
    assert (edition.correction_days, edition.acceptance_days) == (5, 14)
    assert edition.letters == {"award": {"form": "7の2", "title": "{制度名} 交付決定書", "seal": "omitted"}}
    assert (edition.late_above, edition.late_below, edition.asset_yen, edition.has_seal) == (
        219,
        2000,
        300_000,
        False,
    )
    page = text(client.get(at("staff-fund-edition", "umi", 1)))
    for words in (
        "対象経費の5分の4、上限5,000,000円、1,000円未満切捨て",
        "定額、上限300,000円",
        "第2号様式",
        "年10.95%",
        "題名「{制度名} 交付決定書」",
        "5点満点 × 重み2(最低3点)",
    ):
        assert words in page, words
    # Short names stay when a row is renamed.
    costs = rows(
        "categories",
        {"code": "cost-1", "name": "賃金", "is_eligible": "1"},
        {"code": "", "name": "謝金", "is_eligible": "0"},
    )
    client.post(section("costs"), costs)
    assert [(c.code, c.name, c.is_eligible) for c in edition.categories.all()] == [
        ("cost-1", "賃金", True),
        ("cost-2", "謝金", False),
    ]


def test_a_text_is_read_beside_what_is_typed_and_nothing_is_kept(client, draft):
    sent = {"own_share": "", "tax": "ignore", "step": "read"}
    years = [
        {**YEAR, "text": "対象経費の5分の4以内（上限500万円）、100円未満切捨て"},
        {**YEAR, "text": "1/2等"},
        {**YEAR, "text": "2/3以内(上限300万円)", "rate": "1/2"},
    ]
    answer = client.post(section("money"), {**sent, **rows("years", *years)})
    page = text(answer)
    assert answer.status_code == 200
    form = answer.context["form"].rows[0].forms
    assert [row["rate"].value() for row in form[:3]] == ["4/5", "", "1/2"]
    assert [row["cap"].value() for row in form[:3]] == ["5,000,000", "", "3,000,000"]
    assert form[0]["unit"].value() == "100"
    assert form[0].reading == {
        "understood": ["助成率 5分の4", "上限 5,000,000円", "100円未満切捨て"],
        "left": [],
    }
    assert form[1].reading["understood"] == []
    assert "「等」とあり" in form[1].reading["left"][0]
    assert "入力した助成率(1/2)と違います。" in form[2].reading["left"]
    assert ("文から読み取れたこと" in page, draft.years.count()) == (True, 0)


@pytest.mark.parametrize(
    ("above", "below", "words"),
    [(117, 800, "14.625%"), (0, 1, "0%"), (1095, 10_000, "10.95%"), (1, 7, "1/7")],
)
def test_a_late_rate_comes_back_from_the_form_as_it_was(draft, above, below, words):
    draft.late_above, draft.late_below = above, below
    form = AfterSection(edition=draft)
    assert form["late_rate"].value() == words
    assert form.fields["late_rate"].clean(words) == Fraction(above, below)


def test_nothing_is_filled_in_from_a_text_with_any_doubt(client, draft):
    sent = {"own_share": "", "tax": "ignore", "step": "read"}
    texts = ["対象経費500万円以内の1/2", "補助率1/2(上限1,5000円)、100円未満切捨て", "対象経費の3割を除く額"]
    answer = client.post(
        section("money"), {**sent, **rows("years", *({**YEAR, "text": one} for one in texts))}
    )
    for row in answer.context["form"].rows[0].forms[:3]:
        assert (row["rate"].value(), row["cap"].value(), row["unit"].value()) == ("", "", YEAR["unit"])
        assert row.reading["left"], row["text"].value()


def test_a_rate_is_never_guessed(client, draft):
    sent = {"own_share": "", "tax": "ignore", **rows("years", {**YEAR, "text": "1/2等"})}
    missing = client.post(section("money"), sent)
    assert (missing.status_code, "助成率を入力するか" in text(missing), "1/2等" in text(missing)) == (
        422,
        True,
        True,
    )
    for rate in ("1", "0.2", "2/1", "1/3〜4/5", "1/2等"):
        answer = client.post(section("money"), {**sent, "years-0-rate": rate})
        assert (answer.status_code, draft.years.count()) == (422, 0), rate
        assert "分数か%で" in text(answer)
    both = client.post(section("money"), {**sent, "years-0-rate": "1/2", "years-0-is_fixed": "on"})
    assert (both.status_code, "定額のときは" in text(both)) == (422, True)
    # What does not fit its text is said where the rules are read.
    client.post(section("money"), {**sent, "years-0-text": "3分の2以内", "years-0-rate": "1/2"})
    assert "要綱の文では率が3分の2です。" in text(client.get(at("staff-fund-edition", "umi", 1)))


def test_rows_are_added_with_what_was_typed_kept(client, draft):
    answer = client.post(
        section("costs"), {"step": "more", **rows("categories", {"name": "人件費", "is_eligible": "1"})}
    )
    assert (answer.status_code, len(answer.context["form"].rows[0].forms)) == (200, 3)
    assert "人件費" in text(answer)
    assert draft.categories.count() == 0


def test_twice_the_same_row_is_refused_with_all_kept(client, draft):
    twice = {"stage": "first", "name": "効果", "most": "5", "weight": "1"}
    sent = {
        "scorers": "7",
        "pass_share": "60",
        "criterion_share": "0",
        "tie": "draw",
        "recusal": "fill",
        **rows("criteria", twice, twice),
    }
    answer = client.post(section("screening"), sent)
    assert (answer.status_code, "同じものが2つある" in text(answer), 'value="7"' in text(answer)) == (
        422,
        True,
        True,
    )
    draft.refresh_from_db()
    assert (draft.criteria.count(), draft.scorers) == (0, 5)


def test_an_edition_in_use_is_not_edited_and_a_new_one_is_drafted(client, city, desk):
    edition = make_edition(city)
    code = edition.programme.code
    answer = client.get(at("staff-fund-edition-edit", code, 1, "who"))
    assert answer["Location"] == at("staff-fund-edition", code, 1)
    assert "変えられません" in text(
        client.post(at("staff-fund-edition-edit", code, 1, "who"), {}, follow=True)
    )
    assert client.post(at("staff-fund-edition-new", code))["Location"] == at("staff-fund-edition", code, 2)
    again = client.post(at("staff-fund-edition-new", code), follow=True)
    assert "編集中の版がもうあります" in text(again)
    client.post(
        at("staff-fund-edition-edit", code, 2, "after"),
        {
            "correction_days": "10",
            "acceptance_days": "7",
            "asset_yen": "1",
            "return_days": "14",
            "late_rate": "0",
            "late_days": "365",
        },
    )
    assert client.get(at("staff-fund-edition-edit", code, 2, "zzz")).status_code == 404
    compared = client.get(at("staff-fund-compare", code))
    assert (
        compared.context["before"].number,
        compared.context["after"].number,
        compared.context["n_changed"],
    ) == (1, 2, 3)
    page = text(compared)
    assert ("請求の日から20日" in page, "請求の日から14日" in page, "人件費" in page) == (True, True, False)
    assert "人件費" in text(client.get(at("staff-fund-compare", code), {"all": "1"}))
    new = Edition.objects.get(number=2)
    act = at("staff-fund-edition-act", code, 2, "use", new.pk)
    assert client.post(act).status_code == 302
    edition.refresh_from_db()
    new.refresh_from_db()
    assert (edition.state, new.state, new.used_by) == ("retired", "in_use", desk)


def test_an_edition_that_lacks_something_says_what(client, draft):
    page = at("staff-fund-edition", "umi", 1)
    answer = client.post(at("staff-fund-edition-act", "umi", 1, "use", draft.pk))
    assert (answer.status_code, "種別を選んでください" in text(answer)) == (422, True)
    draft.refresh_from_db()
    assert (draft.state, client.get(page).status_code) == ("draft", 200)


def test_an_auditor_reads_the_rules_without_editing(client, city, draft):
    client.force_login(make_staff(city, "auditor"))
    page = text(client.get(at("staff-fund-edition", "umi", 1)))
    assert ("対象となる団体" in page, "/edit/" in page, "act-use" in page) == (True, False, False)
    assert client.get(section("who")).status_code == 403


def test_the_list_asks_no_more_for_more_programmes(client, city, desk, django_assert_max_num_queries):
    for number in range(15):
        actions.draft_programme(city, by=None, code=f"p{number}", name=f"助成{number}")
    client.get(at("staff-fund-programmes"))
    with django_assert_max_num_queries(12):
        assert len(client.get(at("staff-fund-programmes")).context["rows"]) == 15
