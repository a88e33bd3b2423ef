"""Words marked in a text."""

import pytest

from musubi.www.marking import marked, marked_paragraphs


@pytest.mark.parametrize(
    ("text", "words", "html"),
    [
        ("海岸のごみ", ["ごみ"], "海岸の<mark>ごみ</mark>"),
        ("ＡＩで見分ける", ["ai"], "<mark>ＡＩ</mark>で見分ける"),
        ("ﾃﾞｼﾞﾀﾙ化", ["デジタル化"], "<mark>ﾃﾞｼﾞﾀﾙ化</mark>"),
        ("district ICT", ["ict"], "district <mark>ICT</mark>"),
        ("海岸清掃", ["海岸", "岸清掃"], "<mark>海岸清掃</mark>"),
        ("海岸清掃", ["海岸", "清掃"], "<mark>海岸</mark><mark>清掃</mark>"),
        ("<b>ごみ</b> & 砂", ["ごみ"], "&lt;b&gt;<mark>ごみ</mark>&lt;/b&gt; &amp; 砂"),
        ("㍿の話", ["株式会社"], "<mark>㍿</mark>の話"),
        ("㍿の話", ["株式", "会社"], "<mark>㍿</mark>の話"),
        ("open  data", ["open data"], "<mark>open  data</mark>"),
        ("何もない", ["", "ごみ", "<"], "何もない"),
        ("", ["ごみ"], ""),
        ("amp & amp", ["amp"], "<mark>amp</mark> &amp; <mark>amp</mark>"),
    ],
)
def test_words_are_marked_where_they_stand(text, words, html):
    assert marked(text, words) == html


def test_folded_letters_that_come_apart_keep_the_text_whole():
    text = "①②ｶﾞ㌍e\u0301\u200b終"
    assert marked(text, ["カロリー", "が", "é"]).replace("<mark>", "").replace("</mark>", "") == text


def test_paragraphs_are_kept():
    assert marked_paragraphs("一\n<二>\n\n三", ["三"]) == "<p>一<br>&lt;二&gt;</p>\n\n<p><mark>三</mark></p>"
    assert marked_paragraphs("", ["三"]) == ""
