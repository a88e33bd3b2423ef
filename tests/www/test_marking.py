"""Words marked in a text."""

import pytest

from musubi.www.marking import marked


@pytest.mark.parametrize(
    ("text", "words", "html"),
    [
        ("海岸のごみ", ["ごみ"], "<p>海岸の<mark>ごみ</mark></p>"),
        ("ＡＩで見分ける", ["ai"], "<p><mark>ＡＩ</mark>で見分ける</p>"),
        ("ﾃﾞｼﾞﾀﾙ化", ["デジタル化"], "<p><mark>ﾃﾞｼﾞﾀﾙ化</mark></p>"),
        ("district ICT", ["ict"], "<p>district <mark>ICT</mark></p>"),
        ("海岸清掃", ["海岸", "岸清掃"], "<p><mark>海岸清掃</mark></p>"),
        ("海岸清掃", ["海岸", "清掃"], "<p><mark>海岸</mark><mark>清掃</mark></p>"),
        ("<b>ごみ</b> & 砂", ["ごみ"], "<p>&lt;b&gt;<mark>ごみ</mark>&lt;/b&gt; &amp; 砂</p>"),
        ("一\n二\n\n三", ["三"], "<p>一<br>二</p>\n\n<p><mark>三</mark></p>"),
        ("㍿の話", ["株式会社"], "<p><mark>㍿</mark>の話</p>"),
        ("㍿の話", ["株式", "会社"], "<p><mark>㍿</mark>の話</p>"),
        ("open  data", ["open data"], "<p><mark>open  data</mark></p>"),
        ("何もない", ["", "ごみ", "<"], "<p>何もない</p>"),
        ("", ["ごみ"], ""),
        ("amp & amp", ["amp"], "<p><mark>amp</mark> &amp; <mark>amp</mark></p>"),
    ],
)
def test_words_are_marked_where_they_stand(text, words, html):
    assert marked(text, words) == html


def test_folded_letters_that_come_apart_keep_the_text_whole():
    text = "①②ｶﾞ㌍e\u0301\u200b終"
    assert (
        marked(text, ["カロリー", "が", "é"]).replace("<mark>", "").replace("</mark>", "") == f"<p>{text}</p>"
    )
