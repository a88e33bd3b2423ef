import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.lib.lgcode import check, check_digit
from tests.lib.shared_data import shared


def _codes(relative: str) -> list[str]:
    with shared(relative).open(encoding="utf-8-sig", newline="") as file:
        return [row["lgcode"] for row in csv.DictReader(file)]


def _refusal(code) -> str:
    with pytest.raises(ValueError) as caught:
        check(code)
    return str(caught.value)


def test_every_municipality_passes():
    codes = _codes("codes/municipalities_utf8.csv")
    assert len(codes) == 1916
    assert [check(code) for code in codes] == codes


def test_every_prefecture_passes_once_its_leading_zero_is_back():
    codes = _codes("codes/prefectures_utf8.csv")
    assert len(codes) == 47
    assert [check(code.zfill(6)) for code in codes] == [code.zfill(6) for code in codes]


def test_check_forgives_full_width_digits_and_spaces():
    assert check(" １３１０９１ ") == "131091"
    assert check(131091) == "131091"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("10006", "先頭の0が落ちていれば010006、検査数字が抜けていれば100064です。"),
        ("13109", "6桁で入力してください。検査数字が抜けていれば131091です。"),
        ("131092", "検査数字(6桁目)が合いません"),
        ("480000", "先頭2桁は都道府県(01から47)ではありません"),
        ("1310", "4桁です"),
        ("1310910", "7桁です"),
        ("品川区", "6桁の数字を入力してください"),
        ("", "6桁の数字を入力してください"),
    ],
)
def test_check_says_what_is_wrong(code, sentence):
    assert sentence in _refusal(code)


@given(st.integers(1, 47), st.integers(0, 999), st.integers(0, 9))
def test_only_one_check_digit_passes(prefecture, municipality, digit):
    five = f"{prefecture:02}{municipality:03}"
    if str(digit) == check_digit(five):
        assert check(f"{five}{digit}") == f"{five}{digit}"
    else:
        assert "検査数字" in _refusal(f"{five}{digit}")
