"""Terms and payments as ministries publish them: what is understood is right to the yen, the rest is left to a person."""

import csv
import re
import unicodedata
from fractions import Fraction

import pytest

from musubi.fund.terms.amounts import Category, Terms, reckon
from musubi.fund.terms.reading import Reading, read, yen_of
from tests.lib.shared_data import shared

TERMS = "grants/rs2024_subsidy_terms_shared.csv"
PAYMENTS = "grants/japan_subsidies_to_public_interest_corps_shared.csv"
CAP = 5_000_000
# A text about one rate and nothing else, as a second pair of eyes reads it: its words, the rate, 以内.
ONE_RATE = re.compile(
    r"(?:【?補助率:?|定率補助\(補助率:|補助\(補助率|補助対象経費の|負担率)?"
    r"(?:(?P<above>\d+)/(?P<below>\d+)|(?P<under>\d+)分の(?P<over>\d+)|(?P<percent>\d+)%)(?:以内)?\)?】?"
)
FIXED = re.compile(r"(?:【?補助率:)?定額(?:補助)?】?|定額\(10/10(?:相当)?\)")


def rows(path: str) -> list[dict[str, str]]:
    with shared(path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def texts() -> list[str]:
    return [text for row in rows(TERMS) if (text := row["補助率"].strip().lstrip("'")) not in ("", "-", "－")]


def folded(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).replace("⁄", "/")


def by_hand(text: str) -> Fraction | str | None:
    """The one rate of a plain text, "fixed", or None where it is not as plain as that."""
    plain = folded(text)
    if FIXED.fullmatch(plain):
        return "fixed"
    match = ONE_RATE.fullmatch(plain)
    if match is None:
        return None
    if match["percent"]:
        return Fraction(int(match["percent"]), 100)
    return Fraction(int(match["above"] or match["over"]), int(match["below"] or match["under"]))


def said(found: Reading) -> Fraction | str | None:
    return "fixed" if found.fixed else found.rate


def test_more_than_half_is_understood_and_each_of_it_rightly():
    """Each one that is understood for certain is checked against a second, stricter reading."""
    found = [(text, read(text)) for text in texts()]
    sure = [(text, one) for text, one in found if one.sure]
    assert {text: said(one) for text, one in sure} == {text: by_hand(text) for text, _one in sure}
    assert (len(found), len(sure)) == (298, 165)


def test_a_plain_text_is_never_left():
    assert [text for text in texts() if by_hand(text) not in (None, Fraction(0)) and not read(text).sure] == [
        "負担率３／４"
    ]


def test_no_number_is_guessed():
    """Of what is not understood for certain a rate is offered only where the text has no other, with what is in doubt."""
    for text in texts():
        found = read(text)
        if found.sure:
            continue
        assert found.unsure, text
        if found.rate is None and not found.fixed:
            continue
        plain = folded(text)
        fractions = {Fraction(int(a), int(b)) for a, b in re.findall(r"(\d+)/(\d+)", plain) if int(b)}
        fractions |= {Fraction(one) / 100 for one in re.findall(r"(\d+(?:\.\d+)?)%", plain)}
        fractions |= {Fraction(1)} if "全額" in plain else set()
        if found.fixed:
            assert "定額" in plain, text
            assert fractions <= {Fraction(1)}, text
        else:
            assert fractions == {found.rate}, text
            assert "定額" not in plain, text
        assert not re.search("等[^式]|又は|または|減じ|利率", plain), text


def test_what_was_not_a_rate_is_left():
    assert said(read("石油の備蓄に必要な購入資金を借り入れる場合は、借入利率より0.1％を減じた率")) is None
    for text in ("1", "0.2", "44989", "委託", "1/2等", "定額、1/2", "国1/3、都道府県2/3"):
        assert said(read(text)) is None, text


@pytest.mark.parametrize("text", ["1/2", "２分の１", "10/27", "４／５", "９/10", "定額"])
def test_every_payment_is_reckoned_to_the_yen(text):
    """What a ministry paid, taken as a cost: the grant by terms that were read, in whole numbers alone."""
    found = read(text)
    terms = Terms(found.rate, CAP, categories=(Category("costs"),))
    paid = [row["amount"] for row in rows(PAYMENTS)]
    assert len(paid) == 400
    for amount in paid:
        yen = yen_of(amount)
        assert str(yen) == amount
        above, below = (found.rate.numerator, found.rate.denominator) if found.rate else (1, 1)
        assert reckon(terms, {"costs": yen})[-1].yen == min(yen * above // below, CAP) // 1000 * 1000
