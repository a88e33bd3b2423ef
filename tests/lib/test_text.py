import csv
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.lib.text import bigrams, normalise, organisation_key, similar_names, terms
from tests.lib.shared_data import shared


def test_normalise_folds_width_spaces_and_line_ends():
    assert normalise("　ＡＢＣ　 １２３\tｶﾞｽ \r\n次の行\r三行目 ") == "ABC 123 ガス\n次の行\n三行目"
    assert normalise("段落\n\n\n \n次") == "段落\n\n次"


def test_normalise_removes_what_cannot_be_seen():
    assert normalise("課\x00題\u200b\ufeff名\x07\u202e") == "課題名"
    assert normalise("か\u3099") == "が"
    assert normalise("a\ud800b") == "ab"


@given(st.text())
def test_normalise_twice_is_normalise_once(text):
    assert normalise(normalise(text)) == normalise(text)


def test_bigrams_of_mixed_text():
    assert bigrams("地域防災計画") == ["地域", "域防", "防災", "災計", "計画"]
    assert bigrams("海ごみ") == ["海ご", "ごみ"]
    assert bigrams("海") == ["海"]
    assert bigrams("Wi-Fi環境とＣＯ２削減、2050年") == [
        "wi",
        "fi",
        "環境",
        "境と",
        "co2",
        "削減",
        "2050",
        "年",
    ]
    assert bigrams("ｻｰﾋﾞｽ・デザイン") == ["サー", "ービ", "ビス", "デザ", "ザイ", "イン"]
    assert bigrams("佐々木 Café_bar") == ["佐々", "々木", "café", "bar"]
    assert bigrams("!? 　") == []


def test_terms_drop_hiragana_and_numbers():
    assert terms("海のごみを2050年までに減らす。海のAI") == Counter({"海": 2, "年": 1, "減": 1, "ai": 1})
    assert terms("環境サービスの環境") == Counter({"環境": 2, "境サ": 1, "サー": 1, "ービ": 1, "ビス": 1})


@given(st.text(alphabet="海洋ごみプラa1 、", max_size=30))
def test_bigrams_of_a_part_are_bigrams_of_the_whole(text):
    for run in text.replace("、", " ").split():
        if len(run) > 1 and not any(c in "a1" for c in run):
            assert set(bigrams(run)) <= set(bigrams(text))


@pytest.mark.parametrize(
    "variants",
    [
        [
            "株式会社みなと環境",
            "みなと環境株式会社",
            "(株)みなと環境",
            "みなと環境（株）",
            "㈱みなと環境",
            "みなと環境 ㈱",
        ],
        [
            "NPO法人海の森",
            "特定非営利活動法人 海の森",
            "ＮＰＯ法人　海の森",
            "認定NPO法人海の森",
            "(特非)海の森",
        ],
        ["一般社団法人ミナト", "（一社）ミナト", "一般社団法人 ﾐﾅﾄ"],
        ["合同会社Blue Sea", "合同会社ＢＬＵＥ　ＳＥＡ", "blue-sea合同会社"],
        ["有限会社髙﨑商店", "㈲高崎商店"],
        ["茅ヶ浜サ-ビス", "茅ケ浜サービス", "茅ヶ浜ｻｰﾋﾞｽ"],
    ],
)
def test_organisation_key_is_one_for_all_spellings(variants):
    assert len({organisation_key(name) for name in variants}) == 1


def test_organisation_key_keeps_different_organisations_apart():
    names = [
        "株式会社みなと",
        "NPO法人みなと",
        "みなと",
        "一般財団法人みなと",
        "公益財団法人みなと",
        "株式会社みなとカード",
        "株式会社みなとカド",
    ]
    assert len({organisation_key(name) for name in names}) == len(names)
    assert organisation_key("株式会社") == "株式会社"
    assert organisation_key("") == ""


def test_similar_names_points_at_likely_twins():
    assert similar_names("株式会社みなと", "NPO法人みなと")
    assert similar_names("みなと環境サービス", "みなと環境サービス株式会社 汐風支店")
    assert similar_names("汐風地域環境保全協議会", "汐風区地域環境保全協議会")
    assert not similar_names("みなと電気", "みなと電気硝子")
    assert not similar_names("みなと", "")
    assert not similar_names("株式会社", "有限会社")


def test_real_members_are_told_apart_by_key_and_by_similarity():
    with shared("members/organisations_shinagawa_shared.csv").open(encoding="utf-8-sig", newline="") as file:
        numbers = {row["名称"]: row["法人番号"] for row in csv.DictReader(file)}
    same_key = [(a, b) for a, b in combinations(numbers, 2) if organisation_key(a) == organisation_key(b)]
    similar = [(a, b) for a, b in combinations(numbers, 2) if similar_names(a, b)]
    assert [{*pair} for pair in same_key] == [
        {"ＡＯＩ　ＴＹＯ　Ｈｏｌｄｉｎｇｓ株式会社", "ＡＯＩ　ＴＹＯ　Ｈｏｌｄｉｎｇｓ　株式会社"}
    ]
    assert similar == same_key
    # Two legal persons of one name and two numbers (a merger): a key suggests, the corporate number decides.
    assert [numbers[a] == numbers[b] for a, b in same_key] == [False]


@given(st.text(), st.text())
def test_similar_names_is_symmetric(a, b):
    assert similar_names(a, b) == similar_names(b, a)
