"""The columns of a Word letter's tables: each by its words, all of them together the width of the page."""

from io import BytesIO

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st

from musubi.fund.letters.kinds import LetterKind
from musubi.fund.letters.samples import sample
from musubi.fund.letters.sheets import sheet_of
from musubi.fund.letters.styles import style_of
from musubi.fund.letters.word import as_word
from musubi.fund.letters.word_columns import LEAST, letters, shared_out
from tests.factories.people import make_municipality


def test_who_needs_little_gets_it_and_the_rest_share():
    assert shared_out([5, 5, 100], 40) == pytest.approx([5, 5, 30])
    assert shared_out([5, 50, 100], 45) == pytest.approx([5, 20, 20])


def test_what_is_left_over_goes_to_each_by_its_need():
    assert shared_out([5, 15], 40) == pytest.approx([10, 30])


@given(st.lists(st.floats(0, 500), min_size=1, max_size=12), st.floats(40, 90))
def test_the_columns_fill_the_page_and_none_is_too_narrow(needs, room):
    found = shared_out(needs, room)
    assert sum(found) == pytest.approx(room)
    assert min(found) >= min(LEAST, room / len(needs)) - 1e-9


def test_a_line_is_measured_by_its_letters():
    assert letters("整理番号\n1") == 4
    assert letters("2026") == pytest.approx(2.4)


@pytest.mark.django_db
def test_a_score_summary_gives_titles_more_room_than_places():
    city = make_municipality()
    sheet = sheet_of(sample(LetterKind.SCORES), style_of(city, LetterKind.SCORES))
    document = Document(BytesIO(as_word(sheet)))
    section = document.sections[0]
    page = section.page_width - section.left_margin - section.right_margin
    for table in document.tables:
        if table.style.name == "Table Grid":
            assert sum(column.width for column in table.columns) == pytest.approx(page, rel=0.001)
    scores = next(table for table in document.tables if table.style.name == "Table Grid")
    place, _ref, title = [column.width for column in scores.columns][:3]
    assert title > 2 * place
