"""Breakdowns, times and downloads on the figures page, and the sentence on the front page."""

import csv
import io
import json
import re
import zipfile
from datetime import date

import pytest
from django.core.cache import cache

from musubi.lib import clock
from musubi.lib.tables.workbook import read_workbook
from musubi.outcomes.figures import figures
from musubi.proposals import actions as proposals
from musubi.proposals import referrals
from musubi.www.public.figures_charts import Span, columns, dot_plot
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.people import make_municipality, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today():
    cache.clear()
    with clock.standing_at(date(2026, 6, 15)):
        yield
    cache.clear()


@pytest.fixture
def city():
    return make_municipality("minato", name="港見市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


def answered(city, desk, *days):
    """A proposal of 1 April 2026 per number, declined after so many days."""
    for after in days:
        with clock.standing_at(date(2026, 4, 1)):
            proposal = make_proposal(city)
        with clock.standing_at(date.fromordinal(date(2026, 4, 1).toordinal() + after)):
            proposals.decline(proposal, by=desk, reason="timing", feedback="来年度にご相談ください。")


def test_department_narrows_the_page_and_its_links(client, city, desk, officer):
    section = officer.staff.get().department
    make_case(city, officer=officer, desk=desk)
    make_proposal(city)
    page = client.get(f"/minato/figures/?department={section.pk}")
    assert page.context["found"]["proposals"]["total"] == 1
    assert f'value="{section.pk}" selected' in page.text
    assert f"/minato/figures/proposals/?department={section.pk}" in page.text
    listed = client.get(f"/minato/figures/proposals/?department={section.pk}")
    assert listed.context["page"].paginator.count == 1
    assert client.get("/minato/figures/proposals/").context["page"].paginator.count == 2


@pytest.mark.parametrize("text", ["x", "²", "0", "99999999999999999999"])
def test_unknown_department_is_not_found(client, city, text):
    assert client.get("/minato/figures/", {"department": text}).status_code == 404
    assert client.get("/minato/figures.csv", {"department": text}).status_code == 404


def test_department_of_another_municipality_is_not_found(client, city):
    far = make_staff(make_municipality(), "officer").staff.get().department
    assert client.get(f"/minato/figures/?department={far.pk}").status_code == 404


def test_number_of_a_breakdown_leads_to_its_records(client, city, desk):
    make_proposal(city, track="trial")
    make_proposal(city, track="open")
    page = client.get("/minato/figures/")
    assert 'href="/minato/figures/proposals/?track=trial"' in page.text
    listed = client.get("/minato/figures/proposals/?track=trial")
    assert listed.context["page"].paginator.count == 1
    assert "実証実験提案型" in listed.text


def test_staff_see_exact_numbers_where_everybody_sees_none(client, city, desk):
    answered(city, desk, 2)
    page = client.get("/minato/figures/")
    assert "見送った提案は1〜2件です" in page.text
    assert page.context["proposal_steps"] == []
    client.force_login(desk)
    inside = client.get("/minato/staff/figures/")
    assert 'href="/minato/figures/declines-timing/"' in inside.text
    assert [step["value"] for step in inside.context["proposal_steps"]] == [1, 1, 0, 0, 0]
    assert json.loads(client.get("/minato/staff/figures/figures.json").text) == figures(city)
    assert client.get("/minato/staff/figures/figures.pdf").status_code == 404


def test_second_matches_lead_staff_to_their_proposals(client, city, desk, officer):
    declined = make_proposal(city, state="declined", desk=desk)
    referrals.offer(declined, officer.staff.get().department, by=desk, reason="取組みに近いため。")
    assert "見送りからの紹介" not in client.get("/minato/figures/").text
    client.force_login(desk)
    assert 'href="/minato/figures/second-matches/"' in client.get("/minato/staff/figures/").text
    listed = client.get("/minato/figures/second-matches/")
    assert listed.context["rows"][0][1:] == [
        str(officer.staff.get().department),
        "令和8年6月",
        "団体の返事待ち",
    ]
    assert f"/minato/staff/proposals/{declined.ref}/" in listed.text
    client.force_login(make_staff(city, "officer"))
    assert client.get("/minato/figures/second-matches/").context["rows"][0][1] == "—"


def test_plot_and_its_table_say_the_same(client, city, desk):
    answered(city, desk, 3, 5, 8, 13, 40)
    page = client.get("/minato/figures/")
    first = page.context["times"][0]
    assert first["rows"] == [["令和8年度(2026年度)", 5, 5, 8, 13]]
    assert "令和8年度(2026年度) 半数8日・8割13日" in first["aria"]
    assert page.text.count('class="figure dot-plot"') == 2
    assert "目安 14日" in page.text
    assert "目安 30日" in page.text


def test_downloads_hold_every_number_of_the_page(client, city, desk):
    answered(city, desk, 3, 5, 8, 13, 40)
    rows = list(csv.reader(io.StringIO(client.get("/minato/figures.csv").content.decode("utf-8-sig"))))
    numbers = {row[-1]: row[3] for row in rows[1:]}
    assert numbers["times.first_answer.median_days"] == "8"
    assert numbers["times_by_fiscal_year.2026.first_answer.p80_days"] == "13"
    assert numbers["proposals_by.track.open.received"] == "5"
    assert len(numbers) == len(rows) - 1  # every path once


def test_workbook_has_a_table_per_sheet_as_machines_want_it(client, city, desk, officer):
    make_challenge(city, by=officer, desk=desk)
    answered(city, desk, 3, 5, 8, 13, 40)
    answer = client.get("/minato/figures.xlsx?year=2026")
    assert answer["Content-Disposition"] == 'attachment; filename="minato-figures-2026.xlsx"'
    sheets = read_workbook(answer.content)
    names = [
        "数字", "課題の内訳", "提案の内訳", "日数", "案件の段階の日数", "年度ごとの日数", "成果の金額と時間",
        "見送りの理由", "見送りからの紹介", "説明",
    ]  # fmt: skip
    assert [sheet.sheet for sheet in sheets] == names
    for sheet in sheets:
        header, *rows = sheet.rows
        assert not sheet.merged
        assert len(set(header)) == len(header), sheet.sheet
        assert all(header), sheet.sheet
        assert all(len(row) == len(header) for row in rows)
    header, *rows = next(sheet for sheet in sheets if sheet.sheet == "日数").rows
    assert dict(zip(header, rows[1], strict=True)) == {
        "全国地方公共団体コード": city.code,
        "自治体": "港見市",
        "期間": "令和8年度(2026年度)",
        "部署": None,
        "段階": "最初の回答",
        "対象(件)": 5,
        "済んだもの(件)": 5,
        "半数がかかった日数(日)": 8,
        "8割がかかった日数(日)": 13,
    }
    assert b"mergeCell" not in b"".join(
        zipfile.ZipFile(io.BytesIO(answer.content)).read(name)
        for name in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    )


def test_front_page_says_how_fast_once_there_is_enough(client, city, desk):
    answered(city, desk, 3, 5, 8, 13)
    assert "最初の回答" not in client.get("/minato/").text
    cache.clear()
    answered(city, desk, 40)
    page = client.get("/minato/").text
    sentence = (
        "令和8年度(2026年度)にいただいた提案の半数に、8日以内で最初の回答を、8日以内で決定をしています。"
    )
    assert sentence in page
    assert 'href="/minato/figures/#figures-times"' in page
    assert 'id="figures-times"' in client.get("/minato/figures/").text


def test_dot_plot_places_what_it_is_given():
    found = dot_plot(
        [Span("2026", 7, None, "…"), Span("2025", 10, 20, "…"), Span("2024", None, None, "…")], 14
    )
    wide = found["wide"]
    x = {tick["day"]: float(tick["x"]) for tick in wide["ticks"]}
    assert list(x) == [0, 5, 10, 15, 20]
    assert float(wide["rows"][1]["dot"]) == x[10]
    assert float(wide["rows"][1]["end"]) == x[20]
    assert wide["rows"][0]["is_open"]
    assert float(wide["rows"][0]["end"]) == x[20]
    assert wide["rows"][2]["dot"] is None
    assert x[10] < float(wide["line"]) < x[15]


def test_columns_stand_on_their_line():
    found = columns([{"label": "2025", "short": "25", "values": [4, 0]}], ["課題", "提案"])
    first, none = found["wide"]["groups"][0]["bars"]
    assert float(first["y"]) + float(first["h"]) == pytest.approx(found["wide"]["base"])
    assert float(none["h"]) == 0
    assert float(first["x"]) + float(first["w"]) <= float(none["x"])


def test_drawings_have_no_style_and_are_named(client, city, desk):
    answered(city, desk, 3, 5, 8, 13, 40)
    text = client.get("/minato/figures/").text
    assert " style=" not in text
    for drawing in re.findall(r'<svg class="(?:wide|tall)"[^>]*>', text):
        assert 'role="img"' in drawing
        assert re.search(r'aria-label="[^"]+"', drawing), drawing
