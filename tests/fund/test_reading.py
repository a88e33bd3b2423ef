"""Terms of support read from texts: what is certain is offered, what is not is left for a person."""

import csv
from decimal import Decimal
from fractions import Fraction
from functools import cache
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
        ("補助率1/2（上限1億2,000万円）", Reading(rate=HALF, cap=120_000_000)),
        ("補助率１／２（上限１億５０００万円）", Reading(rate=HALF, cap=150_000_000)),
        ("1/2(上限1千5百万円)", Reading(rate=HALF, cap=15_000_000)),
        ("1/2(上限1,500万5千円)", Reading(rate=HALF, cap=15_005_000)),
        ("1/2、上限一億二千万円", Reading(rate=HALF, cap=120_000_000)),
        ("上限500万円、補助対象経費の2分の1", Reading(rate=HALF, cap=5_000_000)),
        ("1/2以内かつ500万円以内", Reading(rate=HALF, cap=5_000_000)),
        ("対象経費の1/2（500万円を超えない額）", Reading(rate=HALF, cap=5_000_000)),
        ("1/2、限度額なし", Reading(rate=HALF)),
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
        ("0.00005万円を上限", "円の単位で読めません"),
        ("交付対象項目に応じ設定", "読み取れなかった"),
        ("対象経費の3割を除く額", "「除く」"),
        ("1/2を超える額", "「を超え」"),
        ("1/2未満", "「未満」"),
        ("1/2以上", "読み取れなかった部分: 以上"),
        ("下限1/2、上限500万円", "読み取れなかった部分: 下限"),
        ("負担率3/4", "読み取れなかった部分: 負担率"),
        ("国1/2、県1/2", "いくつも"),
        ("1/2の1/2", "いくつも"),
        ("補助金の1/2", "何に対する率か"),
        ("上限額の1/2", "何に対する率か"),
        ("8割5分", "率として読めません"),
        ("1/2500万円", "率として読めません"),
        ("1/2.5", "率として読めません"),
        ("10,1/2", "率として読めません"),
    ],
)
def test_leaves_to_a_person_what_is_not(text, why):
    reading = read(text)
    assert not reading.sure
    assert any(why in sentence for sentence in reading.unsure)
    assert (reading.rate, reading.fixed) == (None, False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        # It limits what the project costs, not the grant.
        ("対象経費500万円以内の1/2", "経費などの額"),
        ("500万円以内の1/2", "経費などの額"),
        ("対象経費(上限500万円)の1/2", "経費などの額"),
        ("1/2、対象経費の上限500万円", "経費などの額"),
        ("上限500万円(対象経費)、補助率1/2", "経費などの額"),
        ("500万円以内の経費。補助率1/2", "経費などの額"),
        ("総事業費1,000万円まで、1/2", "経費などの額"),
        # Commas, units and spaces where none belong.
        ("上限1,5000円", "円の単位で読めません"),
        ("1/2(上限15,00万円)", "円の単位で読めません"),
        ("上限1億20000万円", "円の単位で読めません"),
        ("上限2万1億円", "円の単位で読めません"),
        ("上限1億51百万円", "円の単位で読めません"),
        ("上限1億5000", "円の単位で読めません"),
        ("上限0万1円", "円の単位で読めません"),
        ("上限1 500万円", "円の単位で読めません"),
        ("上限1、500円", "円の単位で読めません"),
        ("上限1二百万円", "円の単位で読めません"),
        ("上限〇〇万円", "円の単位で読めません"),
        ("上限100万、200万円", "円の単位で読めません"),
        # More is said than the number.
        ("上限数百万円", "読み取れなかった部分: 数"),
        ("上限500万円超", "読み取れなかった部分: 超"),
        ("上限500万円（2年間）", "読み取れなかった部分: 2"),
        ("上限額（百万円）：51", "読み取れなかった部分: 51"),
        ("上限1万人", "読み取れなかった部分: 人"),
        ("1/2以内、500万円", "何の金額か"),
        ("上限1億円5000万円", "何の金額か"),
        ("上限500万円、限度額なし", "上限なしとも"),
        ("500万円を超える部分を上限", "「を超え」"),
    ],
)
def test_a_sum_that_is_not_surely_a_cap_is_left(text, why):
    reading = read(text)
    assert (reading.cap, reading.floor, reading.sure) == (None, None, False)
    assert any(why in sentence for sentence in reading.unsure), reading.unsure


def test_offers_the_sure_part_of_a_text_with_more_in_it():
    reading = read("事業費総額の１／２以内。※補助事業に係る事業費の下限は３００万円。")
    # The floor is one of the cost.
    assert (reading.rate, reading.floor) == (HALF, None)
    assert not reading.sure
    assert read("1/2（上限1,5000円）").rate == HALF


# --- amounts, however they are written --------------------------------------------------------------------------

SMALL = [(1000, "千"), (100, "百"), (10, "十")]
LARGE = [(10**12, "兆"), (10**8, "億"), (10**4, "万"), (1, "")]
UNITS = {one * large: small + letter for one, small in [*SMALL, (1, "")] for large, letter in LARGE[1:]}
KANJI = str.maketrans("0123456789", "〇一二三四五六七八九")
FULL_WIDTH = str.maketrans("0123456789,.", "０１２３４５６７８９，．")


@cache
def hybrids(number: int) -> frozenset[str]:
    """1500 as 1500, 1千500, 千500, 1千5百, 千5百; "" for nothing."""
    if not number:
        return frozenset({""})
    found = {str(number)}
    scale, letter = next(((scale, letter) for scale, letter in SMALL if scale <= number), (None, ""))
    if scale and (digit := number // scale) < 10:
        heads = {f"{digit}{letter}"} | ({letter} if digit == 1 else set())
        found |= {
            head + rest for head in heads for rest in hybrids(number % scale) if scale > 10 or len(rest) < 2
        }
    return frozenset(found)


@cache
def writings(yen: int) -> frozenset[str]:
    """Every way in which these tests take a number of yen to be written, in half width and without decimals."""
    found = {
        way
        for scale, unit in UNITS.items()
        if yen % scale == 0
        for way in (f"{yen // scale}{unit}", f"{yen // scale:,}{unit}")
    }
    for place, (scale, _letter) in enumerate(LARGE):
        top, rest = divmod(yen, scale)
        if not top:
            continue
        ways = {""}
        for step, (below, letter) in enumerate(LARGE[place:]):
            part, rest = (top, rest) if not step else divmod(rest, below)
            heads = {f"{part:,}", str(part)} | (hybrids(part) if part < 10_000 else set())
            ways = {f"{way}{head}{letter}" for way in ways for head in heads} if part else ways
        found |= ways
    return frozenset(found)


# Round sums are what notices name; any other may be.
AMOUNTS = st.integers(1, 10**9) | st.builds(
    lambda digits, zeros: digits * 10**zeros, st.integers(1, 99_999), st.integers(0, 4)
)
DECIMALS = st.builds(
    lambda number, places, scale: (Decimal(number).scaleb(-places), scale),
    st.integers(1, 99_999),
    st.integers(1, 3),
    st.sampled_from(sorted(UNITS)),
)


def kanji(number: str) -> str:
    return number.replace(",", "").translate(KANJI)


@given(
    yen=AMOUNTS,
    data=st.data(),
    look=st.sampled_from([str, kanji, lambda number: number.translate(FULL_WIDTH)]),
    around=st.sampled_from(
        ["上限{}円", "上限金{}円也", "上限額：￥{}", "{}円以内", "({}円を限度とする)", "{} 円まで"]
    ),
    has_rate=st.booleans(),
)
def test_amounts_are_read_to_the_yen_however_they_are_written(yen, data, look, around, has_rate):
    number = look(data.draw(st.sampled_from(sorted(writings(yen)))))
    reading = read(("補助率1/2、" if has_rate else "") + around.format(number))
    assert (reading.cap, reading.unsure) == (yen, ()), number


@given(DECIMALS)
def test_decimals_of_a_unit_are_read_to_the_yen_or_left(amount):
    number, scale = amount
    yen = number * scale
    reading = read(f"上限{number:,f}{UNITS[scale]}円")
    assert reading.cap == (int(yen) if yen == int(yen) else None)


@given(
    yen=AMOUNTS,
    data=st.data(),
    letters=st.text("0159,億万千百十", min_size=1, max_size=3),
    start=st.integers(0, 20),
    length=st.integers(0, 3),
)
def test_an_amount_that_nobody_writes_is_left(yen, data, letters, start, length):
    """A few letters wrong, too many or too few: what is read is written so, or nothing is."""
    right = data.draw(st.sampled_from(sorted(writings(yen))))
    number = (right[:start] + letters + right[start + length :]).strip(",")
    cap = read(f"補助率1/2、上限{number}円").cap
    assert cap is None or number in writings(cap), (number, cap)


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
    [
        ("500", "万", 5_000_000),
        ("1.5", "億", 150_000_000),
        ("三百五十", "万", 3_500_000),
        ("1.55", "", None),
        ("1,5000", "", None),
    ],
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
