import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.jp import cn

from musubi.lib.corporate_number import check
from tests.lib.shared_data import shared

REAL = "4011005003009"


def _rows(relative: str) -> list[dict]:
    with shared(relative).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _refusal(text) -> str:
    with pytest.raises(ValueError) as caught:
        check(text)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        REAL,
        "４０１１００５００３００９",
        "4-0110-0500-3009",
        "4－0110－0500－3009",
        " 4011 0050 03009　",
        "T4011005003009",
        "Ｔ４０１１００５００３００９",
        "t4011005003009",
        "'4011005003009",
        "4011005003009.0",
        4011005003009,
        4011005003009.0,
    ],
)
def test_check_forgives_the_way_it_is_written(text):
    assert check(text) == REAL


@pytest.mark.parametrize("number", ["1000020222127", "8000020130001", "7000020010006", "7000012050002"])
def test_check_passes_public_bodies(number):
    assert check(number) == number


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1.00E+12", "指数表示に変えています"),
        ("4.01101E+12", "指数表示に変えています"),
        ("４．０１Ｅ＋１２", "指数表示に変えています"),
        ("1e12", "指数表示に変えています"),
        ("4011010000000", "下の桁を0に丸めた値のようです"),
        ("2010010000000", "下の桁を0に丸めた値のようです"),
        (4.01101e12, "下の桁を0に丸めた値のようです"),
        (
            "130005004315",
            "12桁です。先頭の1桁(検査数字)が欠けているようです。補うと8130005004315になります。",
        ),
        ("1234567890123", "仮の番号です"),
        ("0000000000000", "仮の番号です"),
        ("9999999999999", "仮の番号です"),
        ("4011005003008", "検査数字が合いません"),
        ("0011005003009", "検査数字が合いません"),
        ("40110050030", "11桁です。法人番号は13桁です。"),
        ("40110050030091", "14桁です。法人番号は13桁です。"),
        ("4011005OO3009", "数字でない文字「O」があります"),
        ("4011005003009.5", "数字でない文字「.」があります"),
        ("なし", "数字でない文字「な」があります"),
        ("", "法人番号が空です"),
        (" 　", "法人番号が空です"),
    ],
)
def test_check_says_what_is_wrong(text, sentence):
    assert sentence in _refusal(text)


def test_check_on_the_collected_cases():
    accepted = set()
    rows = _rows("calendar_ids/corporate_number_cases.csv")
    for row in rows:
        try:
            accepted.add(check(row["値"]))
        except ValueError:
            continue
    assert accepted == {"4011005003009", "2010005003854", "1000020222127"}
    assert len(rows) >= 7


def test_no_real_member_is_refused():
    numbers = [row["法人番号"] for row in _rows("members/organisations_shinagawa_shared.csv")]
    assert len(numbers) >= 191
    assert [check(number) for number in numbers] == numbers


def test_real_grantees_are_refused_only_for_a_wrong_check_digit():
    numbers = [
        row["grantee_jcn"] for row in _rows("grants/japan_subsidies_to_public_interest_corps_shared.csv")
    ]
    refusals = {number: _refusal(number) for number in set(numbers) if not cn.is_valid(number)}
    assert len(numbers) == 400
    assert [n for n in numbers if n not in refusals and check(n) != n] == []
    assert [s for s in refusals.values() if "検査数字" not in s] == []


def test_no_municipality_code_ends_a_number_in_six_zeros():
    codes = [row["lgcode"] for row in _rows("codes/municipalities_utf8.csv")]
    numbers = [cn.calc_check_digit("000020" + code) + "000020" + code for code in codes]
    assert [check(number) for number in numbers] == numbers


@given(st.integers(1, 9999), st.integers(1, 99), st.integers(1, 999_999))
def test_every_registered_number_passes_and_each_single_wrong_digit_is_noticed(office, kind, serial):
    body = f"{office:04}{kind:02}{serial:06}"
    number = cn.calc_check_digit(body) + body
    assert check(number) == number
    wrong = str(int(number[0]) % 9 + 1) + body
    assert "検査数字が合いません" in _refusal(wrong) or wrong in ("1234567890123",)
