import re

import pytest
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from musubi.lib import markdown
from musubi.lib.markdown import LONGEST, render


def test_render_gives_a_safe_string():
    html = render("**海**を守る")
    assert html == "<p><strong>海</strong>を守る</p>\n"
    assert isinstance(html, SafeString)


def test_plain_newlines_become_breaks_and_blank_lines_paragraphs():
    assert render("一行目\n二行目\n\n次の段落") == "<p>一行目<br>\n二行目</p>\n<p>次の段落</p>\n"


def test_headings_begin_at_h3():
    assert render("# 一\n\n## 二\n\n##### 五") == "<h3>一</h3>\n<h4>二</h4>\n<h6>五</h6>\n"
    assert render("題\n===") == "<h3>題</h3>\n"
    assert render("## 二\n\n### 三") == "<h3>二</h3>\n<h4>三</h4>\n"


def test_links_carry_rel():
    assert render("[様式](https://example.jp/a?b=1&c=2)") == (
        '<p><a href="https://example.jp/a?b=1&amp;c=2" rel="nofollow noopener">様式</a></p>\n'
    )
    assert render("<desk@example.jp>") == (
        '<p><a href="mailto:desk@example.jp" rel="nofollow noopener">desk@example.jp</a></p>\n'
    )


def test_lists_and_tables_are_kept():
    assert render("- 一\n- 二") == "<ul>\n<li>一</li>\n<li>二</li>\n</ul>\n"
    assert "<td>3</td>" in render("| 名 | 数 |\n| --- | --- |\n| 海 | 3 |")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://example.jp/track.png)",
        '<a href="https://example.jp" onclick="alert(1)">x</a>',
        "<style>body{display:none}</style>",
    ],
)
def test_nothing_runs_and_nothing_is_fetched(text):
    html = render(text)
    assert re.findall(r"<(?!/?p>|/?a[ >])", html) == []
    assert re.findall(r'(?:href|src)="(?!https://)', html) == []
    assert re.findall(r"<[^>]*\son\w+=", html) == []


@given(st.text(alphabet="<>[]()!#*_`'\"&|-= \nab/:海javascript", max_size=60))
def test_only_known_tags_ever_come_out(text):
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z0-9]+)", render(text)))
    allowed = {
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "br",
        "hr",
        "strong",
        "em",
        "s",
        "a",
        "ul",
        "ol",
        "li",
        "blockquote",
    }
    assert tags <= allowed | {"code", "pre", "table", "thead", "tbody", "tr", "th", "td"}


@given(st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("あ漢ア。、 1-.)_*\n　a2"))))
def test_a_plain_paragraph_is_what_markdown_would_make_of_it(text):
    quick = render(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(markdown, "_PLAIN", re.compile(r"(?!)"))
        assert quick == render(text)


def test_a_small_text_does_not_become_a_great_table():
    text = "|" + "a|" * 400 + "\n|" + "-|" * 400 + "\n" + "|\n" * 1000
    assert len(render(text)) < 20 * len(text)


def test_a_text_beyond_the_longest_is_shown_as_typed():
    html = render("> " * LONGEST + "**海**<script>alert(1)</script>\n次")
    assert isinstance(html, SafeString)
    assert html.endswith("**海**&lt;script&gt;alert(1)&lt;/script&gt;<br>次</p>")
