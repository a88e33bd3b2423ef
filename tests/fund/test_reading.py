"""Terms of support read from texts: what is certain is offered, what is not is left for a person."""

import csv
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musubi.fund.terms.reading import Reading, percent, read, written, yen_of

REAL = Path(__file__).parents[3] / "shared" / "data" / "grants" / "rs2024_subsidy_terms_shared.csv"
HALF, TWO_THIRDS, FOUR_FIFTHS = Fraction(1, 2), Fraction(2, 3), Fraction(4, 5)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("1/2", Reading(rate=HALF)),
        ("１／２", Reading(rate=HALF)),
        ("'1/2", Reading(rate=HALF)),
        ("2分の1以内", Reading(rate=HALF)),
        ("三分の二以内", Reading(rate=TWO_THIRDS)),
        ("10/10", Reading(rate=Fraction(1))),
        ("100％", Reading(rate=Fraction(1))),
        ("補助率：８割", Reading(rate=FOUR_FIFTHS)),
        ("12.5%", Reading(rate=Fraction(1, 8))),
        ("定額", Reading(fixed=True)),
        ("定額（10/10）", Reading(fixed=True)),
        ("対象経費の5分の4以内（上限500万円）", Reading(rate=FOUR_FIFTHS, cap=5_000_000)),
        ("対象経費の八割以内、一件につき三百万円を限度とする", Reading(rate=FOUR_FIFTHS, cap=3_000_000)),
        ("1/2以内(上限額：1.5億円)", Reading(rate=HALF, cap=150_000_000)),
        ("補助上限額：51百万円", Reading(cap=51_000_000)),
        ("17.5万円を上限", Reading(cap=175_000)),
        ("上限５億円、下限250万円", Reading(cap=500_000_000, floor=2_500_000)),
    ],
)
def test_reads_what_is_certain(text, reading):
    assert read(text) == reading
    assert read(text).sure


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "書かれていません"),
        ("―", "書かれていません"),
        ("該当なし", "書かれていません"),
        ("1", "率とも金額とも"),
        ("0.2", "率とも金額とも"),
        ("1/2等", "「等」"),
        ("1/3〜4/5", "いくつも"),
        ("国1/3、都道府県2/3", "いくつも"),
        ("定額、1/2", "定額と率の両方"),
        ("1/2以内の定額", "定額と率の両方"),
        ("3/2", "率として読めません"),
        ("5分の0", "率として読めません"),
        ("300万円", "何の金額か"),
        ("1,000万円～1,500万円", "「~」"),
        ("上限500万円、上限300万円", "上限がいくつも"),
        ("0.00005万円を上限", "割り切れません"),
        ("交付対象項目に応じ設定", "読み取れなかった"),
    ],
)
def test_leaves_to_a_person_what_is_not(text, why):
    reading = read(text)
    assert not reading.sure
    assert any(why in sentence for sentence in reading.unsure)
    assert (reading.rate, reading.fixed) == (None, False)


def test_offers_the_sure_part_of_a_text_with_more_in_it():
    reading = read("事業費総額の１／２以内。※補助事業に係る事業費の下限は３００万円。")
    assert (reading.rate, reading.floor) == (HALF, 3_000_000)
    assert not reading.sure


@given(st.integers(1, 50).flatmap(lambda below: st.tuples(st.integers(1, below), st.just(below))))
def test_reads_back_any_rate_it_writes(pair):
    rate = Fraction(*pair)
    assert read(written(rate)) == Reading(rate=rate)


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (Fraction(219, 2000), "10.95%"),
        (Fraction(117, 800), "14.625%"),
        (Fraction(1, 64), "1.5625%"),
        (Fraction(1, 10**7), "0.00001%"),
        (Fraction(1, 20), "5%"),
        (Fraction(0), "0%"),
        (Fraction(1, 7), "7分の1"),
        (Fraction(1, 3), "3分の1"),
    ],
)
def test_a_rate_is_written_exactly(rate, words):
    assert percent(rate) == words


@given(st.fractions(0, 1, max_denominator=10**6))
def test_a_rate_written_as_percent_is_the_same_rate(rate):
    words = percent(rate)
    assert words == written(rate) or Fraction(words.removesuffix("%")) / 100 == rate


@given(st.text(max_size=200))
def test_any_text_is_answered(text):
    reading = read(text)
    assert reading.sure <= (reading.unsure == ())


@pytest.mark.parametrize(
    ("number", "unit", "yen"),
    [("500", "万", 5_000_000), ("1.5", "億", 150_000_000), ("三百五十", "万", 3_500_000), ("1.55", "", None)],
)
def test_sums_are_whole_yen(number, unit, yen):
    assert yen_of(number, unit) == yen


@pytest.mark.skipif(not REAL.exists(), reason="REAL TERMS ARE NOT HERE: ../shared/data/grants is absent")
def test_real_terms_are_never_guessed():
    with REAL.open(encoding="utf-8-sig", newline="") as file:
        texts = [row["補助率"] for row in csv.DictReader(file)]
    readings = {text: read(text) for text in texts}
    # Half of the rows; of the different texts a quarter, for the plain ones repeat.
    assert sum(readings[text].sure for text in texts) >= 0.5 * len(texts)
    for text, reading in readings.items():
        if reading.sure:
            assert not any(word in text for word in ("等", "又は", "原則", "程度", "①")), text
            assert text.count("/") + text.count("／") + text.count("分の") <= 1, text


@pytest.mark.parametrize(
    ("text", "unit", "direction"),
    [
        ("対象経費の5分の4以内(上限500万円)、1,000円未満切捨て", 1000, "down"),
        ("補助率1/2、上限300万円、千円未満の端数は切り捨てる", 1000, "down"),
        ("2/3 上限100万円 百円未満四捨五入", 100, "half_up"),
        ("定額(上限50万円)。1万円未満切上げ", 10_000, "up"),
        ("1/2(上限10万円)、円未満切捨て", 1, "down"),
    ],
)
def test_what_is_left_over_is_read(text, unit, direction):
    reading = read(text)
    assert (reading.unit, reading.direction, reading.unsure) == (unit, direction, ())
    assert reading.cap is not None


def test_two_ways_with_what_is_left_over_are_left_for_a_person():
    reading = read("1/2、上限10万円、千円未満切捨て、ただし100円未満切上げ")
    assert (reading.unit, reading.direction) == (None, "")
    assert "端数の扱いがいくつも書かれています。" in reading.unsure
