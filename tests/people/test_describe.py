from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import translation

from musubi.people.management.commands.describe import lifecycles, pages, path
from musubi.people.permissions import ROLES, Can


@pytest.mark.parametrize("name", ["permissions", "states"])
def test_page_in_docs_is_what_the_code_says(name):
    assert path(name).read_text(encoding="utf-8") == pages()[name], (
        f"docs/{name}.md is behind the code: run script/musubi describe --write"
    )


def test_permissions_has_a_row_for_each_and_a_column_per_role():
    rows = [line for line in pages()["permissions"].splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(Can)
    assert {row.count(" | ") for row in rows} == {len(ROLES) + 1}
    (row,) = [row for row in rows if "`decide_proposal`" in row]
    assert row.split(" | ")[2:5] == ["自治体全体", "自分の部署", "—"]


def test_states_has_a_section_for_each_lifecycle():
    page = pages()["states"]
    assert page.count("\n## ") == len(list(lifecycles())) >= 9
    assert "| 見送り `refused` | 見送り | 申込み | 理由 | ○ |" in page


def test_pages_are_japanese_whatever_is_active():
    with translation.override("en"):
        english = pages()
    assert english == pages()


def test_describe_prints_one_page():
    out = StringIO()
    call_command("describe", "states", stdout=out)
    assert out.getvalue() == pages()["states"]
