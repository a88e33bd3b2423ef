"""Reads terms of support as notices write them, and says what was understood. Never a guessed number.

What a text says for certain is offered to the editor; 「1/2等」 (and others), 「1/3〜4/5」, several rates at once, a bare
「1」 or 「0.2」 are left for a person, with the reason.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _

from musubi.lib.text import normalise

_DIGITS = dict(zip("〇一二三四五六七八九", range(10), strict=True)) | {"零": 0}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "億": 10**8, "兆": 10**12}
_KANJI = "〇零一二三四五六七八九十百千"
_NUMBER = rf"(?:\d[\d,]*(?:\.\d+)?|[{_KANJI}]+)"

# Longest first; each alternative is one way a rate is written.
_RATE = re.compile(
    rf"(?P<below>{_NUMBER})分の(?P<above>{_NUMBER})"
    rf"|(?P<top>\d+)\s*/\s*(?P<bottom>\d+)"
    rf"|(?P<percent>\d+(?:\.\d+)?)\s*(?:%|パーセント)"
    rf"|(?P<wari>[\d{_KANJI}]+)割"
    r"|(?P<whole>全額|定率10割)"
)
_FIXED = re.compile(r"定額")
_UNITS = r"(?:兆|億|千万|百万|十万|万|千)"
_YEN = re.compile(
    rf"(?P<number>{_NUMBER})\s*(?P<unit>{_UNITS})?円|(?P<bare>\d[\d,]*(?:\.\d+)?)(?P<large>億|万)(?=[^\d分割]|$)"
)
_MOST = re.compile(r"上限|限度|以内|まで|を超えない|最大|最高")
_LEAST = re.compile(r"下限|以上|最低")
_VAGUE = re.compile(
    r"等|ほか|その他|程度|約|原則|概ね|おおむね|又は|または|若しくは|もしくは|~|〜|から|ないし|-"
    # A rate that is taken off another, or of a loan's interest, is no rate of support.
    r"|減じ|差し引|差引|控除|加算|利率|金利|利息|利子"
)
# What is left over: 1,000円未満切捨て, 千円未満の端数は切り捨てる.
_ROUNDING = re.compile(
    rf"(?P<number>{_NUMBER})?(?P<unit>{_UNITS})?円未満(?:の端数|端数)?(?:は|を|が)?(?:生じた|ある)?(?:とき|場合)?(?:は)?、?(?:これを)?"
    r"(?:(?P<down>切り?捨て)|(?P<up>切り?上げ)|(?P<half>四捨五入))(?:る|とする|するものとする|する)?"
)
# What may stand around the numbers without saying anything more.
_FILLER = re.compile(
    r"補助対象経費|助成対象経費|対象経費|対象となる経費|総事業費|事業費|経費|補助金|助成金|補助率|助成率|交付率|補助|助成|交付|定率|"
    r"直接|上限額?|限度額?|上限とする|金額|額|[1一]件|[1一]団体|[1一]事業者?|当たり|あたり|につき|年間|年度|以内|まで|に相当する|相当|"
    r"とする|とし|ただし|但し|かつ|、?の|を|は|が|で|に|と|最大|最高|なし|[()「」【】\[\]、。・:;,/\s]"
)
_NOTHING = re.compile(r"[-―ー—–]*|なし|無し|特になし|特に無し|該当なし|未定|別途定める.*")


@dataclass(frozen=True)
class Reading:
    """What a text says for certain. `rate` None with `fixed` False: no rate was understood.

    `cap` and `floor` in yen, `unit` in yen with the `direction` of rounding ("down", "up", "half_up"). `unsure` are sentences for the editor: what is left for a person, and why.
    """

    rate: Fraction | None = None
    fixed: bool = False
    cap: int | None = None
    floor: int | None = None
    unit: int | None = None
    direction: str = ""
    unsure: tuple[str, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether the whole text was understood."""
        return not self.unsure and (self.rate is not None or self.fixed or self.cap is not None)


def read(text: str) -> Reading:
    """What terms such as 「対象経費の5分の4以内(上限500万円)」, 「定額」 or 「'１／２」 say."""
    # Sheets write '1/2 so that it is not taken for a date.
    folded = normalise(text).strip().lstrip("'’").replace("／", "/").replace("⁄", "/")
    if not folded or _NOTHING.fullmatch(folded):
        return Reading(unsure=(_("率も金額も書かれていません。"),))
    unsure: list[str] = []
    rest = folded
    (unit, direction), rest = _rounding(rest, unsure)
    rates, rest = _taken(_RATE, rest, _rate, unsure)
    yen, rest = _sums(rest, unsure)
    fixed = bool(_FIXED.search(rest))
    rest = _FIXED.sub(" ", rest)
    if vague := _VAGUE.search(rest):
        unsure.append(_("「%s」とあり、ほかの場合があります。") % vague[0])
        rest = _VAGUE.sub(" ", rest)
    rates = list(dict.fromkeys(rates))
    if len(rates) > 1:
        unsure.append(_("率がいくつも書かれています: %s") % _("、").join(map(written, rates)))
    if fixed and rates and rates != [Fraction(1)]:
        unsure.append(_("定額と率の両方が書かれています。"))
    caps = [amount for kind, amount in yen if kind == "cap"]
    floors = [amount for kind, amount in yen if kind == "floor"]
    plain = [amount for kind, amount in yen if kind == ""]
    if len(set(caps)) > 1:
        unsure.append(_("上限がいくつも書かれています。"))
    if plain:
        unsure.append(_("何の金額か分からない数字があります: %s円") % _("円、").join(f"{n:,}" for n in plain))
    if not rates and not fixed and not caps and re.search(r"\d", rest):
        unsure.append(_("「%s」は率とも金額とも読めます。") % _short(folded))
    if left := re.sub(r"\s+", " ", _FILLER.sub(" ", rest)).strip():
        unsure.append(_("読み取れなかった部分: %s") % _short(left))
    # With any doubt about which number is meant, none is offered.
    one = len(rates) == 1 and not (fixed and rates != [Fraction(1)]) and not vague
    return Reading(
        rate=rates[0] if one and not fixed else None,
        fixed=fixed and (not rates or rates == [Fraction(1)]) and not vague,
        cap=caps[0] if len(set(caps)) == 1 and not vague else None,
        floor=floors[0] if len(set(floors)) == 1 and not vague else None,
        unit=unit,
        direction=direction,
        unsure=tuple(dict.fromkeys(unsure)),
    )


def written(rate: Fraction) -> str:
    """A rate as notices write it: 5分の4, 10分の10."""
    if rate == 1:
        return "10分の10"
    return f"{rate.denominator}分の{rate.numerator}"


def percent(rate: Fraction) -> str:
    """A rate exactly: 219/2000 as 10.95%, 117/800 as 14.625%; one whose decimals have no end, as a fraction."""
    hundred, places = rate * 100, 0
    rest = hundred.denominator
    for prime in (2, 5):
        times = 0
        while rest % prime == 0:
            rest, times = rest // prime, times + 1
        places = max(places, times)
    if rest != 1:
        return written(rate)
    whole, decimals = divmod(hundred.numerator * 10**places // hundred.denominator, 10**places)
    return f"{whole}.{decimals:0{places}}%" if places else f"{whole}%"


def yen_of(number: str, unit: str = "") -> int | None:
    """An amount in yen, None where it is not a whole number of yen: ("1.5", "億") is 150,000,000."""
    scale = 1
    for letter in unit:
        scale *= _SMALL.get(letter) or _LARGE[letter]
    value = Fraction(_kanji(number)) if number[0] in _KANJI else Fraction(number.replace(",", ""))
    value *= scale
    return int(value) if value.denominator == 1 else None


def _taken(pattern: re.Pattern, text: str, value, unsure: list[str]) -> tuple[list, str]:
    """(the values of all that match, the text without them)."""
    found = []
    for match in pattern.finditer(text):
        one = value(match)
        if one is None:
            unsure.append(_("「%s」は率として読めません。") % match[0])
        else:
            found.append(one)
    return found, pattern.sub(" ", text)


def _rounding(text: str, unsure: list[str]) -> tuple[tuple[int | None, str], str]:
    """((unit in yen, direction), the text without them); two that differ are left for a person."""
    found = set()
    for match in _ROUNDING.finditer(text):
        unit = yen_of(match["number"] or "1", match["unit"] or "")
        if unit:
            found.add((unit, "down" if match["down"] else "up" if match["up"] else "half_up"))
    if len(found) > 1:
        unsure.append(_("端数の扱いがいくつも書かれています。"))
    one = found.pop() if len(found) == 1 else (None, "")
    return one, _ROUNDING.sub(" ", text)


def _rate(match: re.Match) -> Fraction | None:
    if match["whole"]:
        return Fraction(1)
    if match["percent"]:
        rate = Fraction(match["percent"]) / 100
    elif match["wari"]:
        rate = Fraction(_whole(match["wari"]), 10)
    else:
        above = _whole(match["above"] or match["top"])
        below = _whole(match["below"] or match["bottom"])
        if not below:
            return None
        rate = Fraction(above, below)
    return rate if 0 < rate <= 1 else None


def _whole(number: str) -> int:
    number = number.replace(",", "")
    if number[0] in _KANJI:
        return _kanji(number)
    return int(number) if number.isdecimal() else 0


def _kanji(number: str) -> int:
    """三百五十 → 350, 二〇 → 20."""
    if not any(letter in _SMALL for letter in number):
        return int("".join(str(_DIGITS[letter]) for letter in number))
    total, last = 0, 0
    for letter in number:
        if letter in _SMALL:
            total += (last or 1) * _SMALL[letter]
            last = 0
        else:
            last = _DIGITS[letter]
    return total + last


def _sums(text: str, unsure: list[str]) -> tuple[list[tuple[str, int]], str]:
    """(what each sum of money is: `cap`, `floor` or "", with the yen; the text without them)."""
    found, parts, last = [], [], 0
    matches = list(_YEN.finditer(text))
    for number, match in enumerate(matches):
        amount = yen_of(match["number"] or match["bare"], match["unit"] or match["large"] or "")
        before = text[last : match.start()]
        end = matches[number + 1].start() if number + 1 < len(matches) else len(text)
        # The word that says what it is stands close before it, or right behind: 上限500万円, 500万円を上限.
        behind = re.match(r"[^\d、。]{0,8}", text[match.end() : end])[0]
        near = f"{before[-12:]}|{behind}"
        if amount is None:
            unsure.append(_("「%s」は円の単位で割り切れません。") % match[0])
        elif _LEAST.search(near):
            found.append(("floor" if not _MOST.search(near) else "", amount))
        else:
            found.append(("cap" if _MOST.search(near) else "", amount))
        parts.append(before)
        last = match.end()
    parts.append(text[last:])
    rest = " ".join(parts)
    return found, re.sub(r"下限", " ", rest) if found else rest


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"
