import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.lib.numbers import format_yen, parse_yen


@pytest.mark.parametrize(
    ("text", "yen"),
    [
        ("1,234円", 1234),
        ("１，２３４円", 1234),
        ("¥1,234", 1234),
        ("￥１２３４", 1234),
        ("1 234 円也", 1234),
        ("120万円", 1_200_000),
        ("１２０万", 1_200_000),
        ("1億2,000万円", 120_000_000),
        ("1.5億円", 150_000_000),
        ("1億5百万円", 105_000_000),
        ("3兆", 3_000_000_000_000),
        ("500千円", 500_000),
        ("1,500 千円", 1_500_000),
        ("5百万円", 5_000_000),
        ("2千万円", 20_000_000),
        ("1億2千万円", 120_000_000),
        ("30百万円", 30_000_000),
        ("1万2千円", 12_000),
        ("2万500円", 20_500),
        ("100000兆円", 10**17),
        ("△1,000円", -1000),
        ("▲1千円", -1000),
        ("-5", -5),
        ("0", 0),
        (1234, 1234),
        (1234.0, 1234),
        ("1234.0", 1234),
    ],
)
def test_parse_yen_reads_amounts_as_they_are_written(text, yen):
    assert parse_yen(text) == yen


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "金額が空です。「1,200,000円」"),
        ("未定", "「未定」は金額として読めません。"),
        ("1,23円", "「1,23円」は金額として読めません。"),
        ("1,2340円", "「1,2340円」は金額として読めません。"),
        ("円", "「円」は金額として読めません。"),
        ("-", "「-」は金額として読めません。"),
        ("千円", "「千円」は金額として読めません。"),
        ("120万〜150万円", "金額として読めません。"),
        ("2千万3億", "金額として読めません。"),
        ("10%", "金額として読めません。"),
        ("1.00E+12", "金額として読めません。"),
        ("12.5円", "1円に満たない端数があります。"),
        (0.5, "1円に満たない端数があります。"),
        (float("nan"), "金額として読めません。"),
        ("10000000兆円", "大きすぎます。"),
        (None, "金額として読めません。"),
    ],
)
def test_parse_yen_refuses_with_a_sentence(text, sentence):
    with pytest.raises(ValueError) as caught:
        parse_yen(text)
    assert sentence in str(caught.value)


def test_format_yen_groups_by_thousands():
    assert format_yen(1234) == "1,234円"
    assert format_yen(0) == "0円"
    assert format_yen(-5_000_000) == "-5,000,000円"


@given(st.integers(-(2**62), 2**62))
def test_parse_yen_reads_back_what_format_yen_writes(amount):
    assert parse_yen(format_yen(amount)) == amount


@given(st.text(max_size=12))
def test_parse_yen_gives_a_whole_number_or_a_japanese_sentence(text):
    try:
        answer = parse_yen(text)
    except ValueError as error:
        answer = str(error)
    assert isinstance(answer, int) or answer.endswith("。")
