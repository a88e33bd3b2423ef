"""The template tags of the shared pieces, and the geometry of the drawn figures."""

import re
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from musubi.www import gallery
from musubi.www.drawings import bar_rows, funnel_steps
from musubi.www.forms.widgets import SdgGoalPicker, goal_choices
from musubi.www.templatetags import pieces

WWW = Path(pieces.__file__).parent.parent
STATIC = WWW / "static" / "musubi"


def test_wareki_of_a_day():
    assert pieces.wareki(date(2026, 6, 15)) == "令和8年6月15日(月)"


def test_wareki_in_english_is_western():
    with translation.override("en"):
        assert pieces.wareki(date(2026, 6, 15)) == "Jun 15, 2026"


def test_wareki_of_nothing_is_empty():
    assert pieces.wareki(None) == ""


def test_when_shows_the_hour_in_tokyo():
    moment = datetime(2026, 6, 14, 23, 30, tzinfo=ZoneInfo("UTC"))
    assert pieces.when(moment) == '<time datetime="2026-06-15T08:30+09:00">令和8年6月15日(月) 08:30</time>'


@pytest.mark.parametrize(("day", "words"), [(14, "1日超過"), (15, "本日まで"), (16, "あと1日")])
def test_days_left_around_today(day, words):
    assert pieces.days_left(date(2026, 6, day), date(2026, 6, 15)) == words


def test_chip_escapes_its_label():
    assert "<b>" not in pieces.chip("<b>悪い</b>", "warn")


def test_sdg_row_names_each_goal_for_readers():
    row = pieces.sdg_row([14, 17])
    assert re.findall(r'<span class="vh"> ([^<]+)</span>', row) == [
        "海の豊かさを守ろう",
        "パートナーシップで目標を達成しよう",
    ]


def test_sdg_row_of_nothing_is_empty():
    assert pieces.sdg_row([]) == ""


def test_every_goal_has_a_name_a_pattern_and_a_colour():
    colours = (STATIC / "css" / "tokens.css").read_text()
    for number in range(1, 18):
        assert pieces.goal_name(number)
        assert (STATIC / "art" / f"{pieces.TILES[number]}.svg").exists()
        assert f".sdg-{number} {{ --sdg:" in colours


def test_every_icon_named_in_a_template_is_drawn():
    drawn = {s.get("id") for s in ElementTree.parse(STATIC / "icons.svg").getroot()}
    used = set()
    for template in (WWW / "templates").rglob("*.html"):
        used |= set(re.findall(r'{% icon "([a-z]+)"', template.read_text()))
    used |= {shape for _, shape in pieces.TONES.values()}
    assert used - drawn == set()


def test_no_template_carries_a_style_or_script_of_its_own():
    for template in (WWW / "templates").rglob("*.html"):
        assert not re.search(r'\sstyle="|<style|\son[a-z]+="|<script>', template.read_text()), template.name


def test_page_numbers_leave_out_the_middle():
    page = Paginator(range(240), 20).page(6)
    assert list(pieces.page_numbers(page)) == [1, "…", 5, 6, 7, "…", 12]


def test_table_cell_heads_its_row_and_labels_the_others():
    columns = [{"label": "団体"}, {"label": "提案", "num": True}]
    assert pieces.table_cell({"text": "凪の台所", "href": "/m/1/"}, columns, 0) == (
        '<th scope="row"><a href="/m/1/">凪の台所</a></th>'
    )
    assert pieces.table_cell(3, columns, 1) == '<td class="num" data-label="提案">3</td>'


def test_funnel_is_as_thick_as_its_numbers():
    steps = [{"label": "提案", "value": 20}, {"label": "対話", "value": 10}, {"label": "実現", "value": 0}]
    assert [step["h"] for step in funnel_steps(steps)["wide"]] == ["200.0", "100.0", "4.0"]


def test_funnel_of_nothing_draws_nothing():
    assert funnel_steps([]) == {"wide": [], "tall": [], "tall_height": 0}


def test_bars_are_measured_against_the_longest():
    rows = bar_rows([{"label": "a", "value": 8}, {"label": "b", "value": 2}])
    assert [row["share"] for row in rows] == ["100.0", "25.0"]


def test_bars_of_zeros_have_no_length():
    assert [row["share"] for row in bar_rows([{"label": "a", "value": 0}])] == ["0.0"]


def test_goal_picker_ticks_what_was_chosen():
    html = SdgGoalPicker(choices=goal_choices()).render("goals", ["14"], {"id": "id_goals"})
    assert html.count('type="checkbox"') == 17
    assert re.findall(r'value="(\d+)"[^>]*checked', html) == ["14"]


def test_form_ties_help_and_error_to_the_field():
    form = gallery.SampleForm({})
    html = form["title"].as_field_group()
    assert 'aria-describedby="id_title_helptext id_title_error"' in html
    assert 'id="id_title_helptext"' in html
    assert 'id="id_title_error"' in html


def test_error_summary_leads_to_each_field():
    form = gallery.SampleForm({})
    html = render_to_string("parts/error_summary.html", {"form": form})
    page = str(form)
    targets = re.findall(r'href="#([^"]+)"', html)
    assert len(targets) == 5
    for target in targets:
        assert f'id="{target}"' in page


def test_nav_link_marks_the_page_it_leads_to():
    request = RequestFactory().get("/minato/challenges/R8-1/")
    assert 'aria-current="true"' in pieces.nav_link({"request": request}, "/minato/challenges/", "課題")
    assert "aria-current" not in pieces.nav_link({"request": request}, "/minato/solutions/", "ソリューション")
    assert "aria-current" not in pieces.nav_link({"request": request}, "/minato/", "はじめ", exact=True)


def test_language_link_comes_back_to_the_same_page():
    request = RequestFactory().get("/minato/challenges/?q=sea&page=2")
    assert pieces.language_href({"request": request}, "en") == (
        "/language/?to=en&next=%2Fminato%2Fchallenges%2F%3Fq%3Dsea%26page%3D2"
    )


def _said(*pairs):
    return [Message(constants.SUCCESS, words, extra_tags=place) for words, place in pairs]


def test_messages_stand_where_they_name_a_place_of_the_page():
    context = {"messages": _said(("上", ""), ("宿題を加えました。", "meetings")), "told_at": ["meetings"]}
    assert [str(each) for each in pieces.told(context)] == ["上"]
    assert [str(each) for each in pieces.told(context, "meetings")] == ["宿題を加えました。"]


def test_messages_for_a_place_that_the_page_lacks_stand_on_top():
    context = {"messages": _said(("宿題を加えました。", "meetings"))}
    assert [str(each) for each in pieces.told(context)] == ["宿題を加えました。"]


def test_messages_can_be_jumped_to_and_are_not_there_without_any():
    html = render_to_string("parts/messages.html", {"messages": _said(("できました。", None))})
    assert 'id="told" tabindex="-1" role="status"' in html
    assert render_to_string("parts/messages.html", {"messages": []}).strip() == ""
