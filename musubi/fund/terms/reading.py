"""Reads terms of support as notices write them, and says what was understood. Never a guessed number.

What a text says for certain is offered to the editor. A number is left for a person, with the reason, wherever the text
holds more than was understood about it: 「1/2等」 (and others), 「1/3〜4/5」, 「1/2以上」, 「3割を除く額」, several rates at
once, a bare 「1」 or 「0.2」, a sum that limits the cost and not the grant, a number whose commas stand wrongly.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction

from django.utils.translation import gettext as _

from musubi.lib.text import normalise

_DIGITS = "〇一二三四五六七八九"
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "億": 10**8, "兆": 10**12}
_KANJI = f"{_DIGITS}零十百千"
_TO_ARABIC = str.maketrans(f"{_DIGITS}零", "01234567890")
# Whole numbers with their commas where they belong, or without any.
_PLAIN = r"(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)"
# One number with one unit: 1.5億, 51百万, 2,500千.
_ONE = re.compile(rf"(?P<number>{_PLAIN}(?:\.[0-9]+)?)(?P<unit>[十百千]?[万億兆]?)")
_COMPOUND = re.compile(
    r"(?:(?P<兆>[^兆億万]+)兆)?(?:(?P<億>[^兆億万]+)億)?(?:(?P<万>[^兆億万]+)万)?(?P<rest>[^兆億万]*)"
)
_SECTION = re.compile(rf"(?:([1-9]?)千)?(?:([1-9]?)百)?(?:([1-9]?)十)?({_PLAIN})?")

# What was found is replaced by a mark; `normalise` leaves no such letter in any text.
_RATE_MARK, _FIXED_MARK, _SUM_MARK, _ROUNDING_MARK = "\x01", "\x02", "\x03", "\x04"
_MARKS = re.compile(f"[{_RATE_MARK}{_FIXED_MARK}{_SUM_MARK}]")
# Longest first; each alternative is one way a rate is written.
_RATE = re.compile(
    rf"(?P<below>\d+|[{_KANJI}]+)分の(?P<above>\d+|[{_KANJI}]+)"
    r"|(?P<top>\d+)\s*/\s*(?P<bottom>\d+)"
    r"|(?P<percent>\d+(?:\.\d+)?)\s*(?:%|パーセント)"
    rf"|(?P<wari>[\d{_KANJI}]+)割"
    r"|(?P<whole>全額|定率10割)"
)
# Such a neighbour makes it another number: 0.1/2, 3/1/2, 1/2.5, 1/2000万円, 8割5分.
_BEFORE_RATE = re.compile(rf"(?:[\d{_KANJI}][.,/・]?|[./])$")
_AFTER_RATE = re.compile(rf"(?:[.,/]\d|[\d{_KANJI}万億兆円倍年月日分割%])")
_FIXED = re.compile(r"定額")
# As much as can belong to one number, right or wrong: cut anywhere, its end would be read as a smaller one.
_RUN = rf"[\d{_KANJI}](?:[\d{_KANJI}万億兆,.]*[\d{_KANJI}万億兆])?(?: (?=[十百千万億兆])[十百千]?[万億兆]?(?![\d{_KANJI}万億兆]))?"
_YEN = re.compile(rf"(?:金 ?)?(?P<sign>¥ ?)?(?P<number>{_RUN})(?P<yen> ?円也?)?")
_SPLIT_BEFORE = re.compile(rf"[\d{_KANJI}万億兆][ ,.、・'’_]{{1,2}}$")
_SPLIT_AFTER = re.compile(rf"[ ,.、・'’_]{{1,2}}[\d{_KANJI}]")
_UP_TO = r"以内|以下|まで|を超えない(?:範囲内?|額)?"
_MOST_BEFORE = re.compile(r"上限|限度|最大|最高")
_MOST_BEHIND = re.compile(rf"(?:{_UP_TO}|[をが(]?(?:上限|限度))")
_LEAST_BEFORE = re.compile(r"下限|最低")
_LEAST_BEHIND = re.compile(r"以上|[をが(]?下限")
_NO_LIMIT = re.compile(r"(?:上限|限度|下限)額?[はが:]?(?:なし|無し)")
# A sum beside one of these limits what the project costs, or is no sum of the grant at all.
_COST = re.compile(r"費|対象|支出|収入|所得|価格|単価|代金|基準額|売上|予算")
# 補助金の1/2 is a part of another grant, 上限額の1/2 of the cap.
_OF_A_GRANT = re.compile(r"(?:(?:補助|助成|交付)(?:金|額|金額)|上限額?|限度額?)の(?:額の)?$")
_VAGUE = re.compile(
    r"等|ほか|その他|程度|約|原則|概ね|おおむね|又は|または|若しくは|もしくは|~|〜|から|ないし|-"
    # A rate that is taken off another, or of a loan's interest, is no rate of support.
    r"|減じ|差し引|差引|控除|加算|利率|金利|利息|利子"
    # What turns a number's meaning: 3割を除く額, 500万円を超える部分, 1/2未満.
    r"|除く|除き|除い|を?超え(?!ない)|未満|上回|下回|場合|いずれ"
)
# What is left over: 1,000円未満切捨て, 千円未満の端数は切り捨てる.
_ROUNDING = re.compile(
    rf"(?P<number>{_RUN})?円未満(?:の端数|端数)?(?:は|を|が)?(?:生じた|ある)?(?:とき|場合)?(?:は)?、?(?:これを)?"
    r"(?:(?P<down>切り?捨て)|(?P<up>切り?上げ)|(?P<half>四捨五入))(?:る|とする|するものとする|する)?"
)
# What may stand around the numbers without saying anything more.
_FILLER = re.compile(
    rf"{_NO_LIMIT.pattern}|補助対象経費|助成対象経費|対象経費|対象となる経費|総事業費|事業費総額|事業費|経費|補助金|助成金|補助率|助成率|"
    r"交付率|補助|助成|交付|定率|直接(?!経費)|上限額?|限度額?|上限とする|金額|額|[1一]件|[1一]団体|[1一]事業者?|当たり|あたり|につき|"
    rf"年間|年度|{_UP_TO}|に相当する|相当|"
    rf"とする|とし|ただし|但し|かつ|、?の|を|は|が|で|に|と|最大|最高|[()「」【】\[\]、。・:;,/\s※{_ROUNDING_MARK}]"
)
_SENTENCE = re.compile(r"[。;\n※]")
_NUMERAL = re.compile(rf"[\d{_KANJI}万億兆]")
_NOTHING = re.compile(r"[-―ー—–]*|なし|無し|特になし|特に無し|該当なし|未定|別途定める.*")


@dataclass(frozen=True)
class Reading:
    """What a text says for certain. `rate` None with `fixed` False: no rate was understood.

    `cap` and `floor` of the grant in yen, `unit` in yen with the `direction` of rounding ("down", "up", "half_up").
    `unsure` are sentences for the editor: what is left for a person, and why.
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


@dataclass
class _Found:
    """What a text is taken apart into: `text` with a mark for each thing found, and the things in their order."""

    text: str
    rates: list[Fraction] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)
    units: set[tuple[int, str]] = field(default_factory=set)
    unsure: list[str] = field(default_factory=list)
    bad_rate: bool = False
    bad_sum: bool = False


def read(text: str) -> Reading:
    """What terms such as 「対象経費の5分の4以内(上限500万円)」, 「定額」 or 「'１／２」 say."""
    # Sheets write '1/2 so that it is not taken for a date.
    folded = normalise(text).strip().lstrip("'’").replace("／", "/").replace("⁄", "/")
    if not folded or _NOTHING.fullmatch(folded):
        return Reading(unsure=(_("率も金額も書かれていません。"),))
    found = _Found(folded)
    _take_rates(found)
    _take_rounding(found)
    _take_sums(found)
    found.text = _FIXED.sub(_FIXED_MARK, found.text)
    unsure = found.unsure
    if vague := _VAGUE.search(found.text):
        unsure.append(_("「%s」とあり、ほかの場合があります。") % vague[0])
    caps, floors, is_plain = _limits(found)
    rest = _VAGUE.sub(" ", found.text)
    # A number is certain only where nothing else is said in its sentence.
    touched = "".join(sentence for sentence in _SENTENCE.split(rest) if _left(sentence))
    left = _left(rest)
    rates, fixed = list(dict.fromkeys(found.rates)), _FIXED_MARK in found.text
    if len(rates) > 1 or (len(found.rates) > 1 and not fixed):
        unsure.append(_("率がいくつも書かれています: %s") % _("、").join(map(written, rates)))
    if fixed and rates and rates != [Fraction(1)]:
        unsure.append(_("定額と率の両方が書かれています。"))
    if len(set(caps)) > 1:
        unsure.append(_("上限がいくつも書かれています。"))
    if caps and _NO_LIMIT.search(found.text):
        unsure.append(_("上限の金額があり、上限なしともあります。"))
    if len(found.units) > 1:
        unsure.append(_("端数の扱いがいくつも書かれています。"))
    if not rates and not fixed and not caps and re.search(r"\d", left):
        unsure.append(_("「%s」は率とも金額とも読めます。") % _short(folded))
    if left:
        unsure.append(_("読み取れなかった部分: %s") % _short(left))
    # With any doubt about which number is meant, none is offered: not beside a number nobody understood either.
    clear = not vague and not found.bad_rate and not _NUMERAL.search(left)
    for_rate = clear and not is_plain and not re.search(f"[{_RATE_MARK}{_FIXED_MARK}]", touched)
    for_sum = clear and not is_plain and not found.bad_sum and _SUM_MARK not in touched
    only_fixed = fixed and rates in ([], [Fraction(1)])
    unit, direction = found.units.pop() if clear and len(found.units) == 1 else (None, "")
    return Reading(
        rate=rates[0] if for_rate and not fixed and len(found.rates) == 1 else None,
        fixed=for_rate and only_fixed,
        cap=caps[0]
        if for_sum and len(set(caps)) == 1 and len(rates) < 2 and not _NO_LIMIT.search(rest)
        else None,
        floor=floors[0] if for_sum and len(set(floors)) == 1 and len(rates) < 2 else None,
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
    """An amount in yen: ("1.5", "億") is 150,000,000, 1億2,000万 120,000,000, 1千5百万 and 三百五十万 as they are said.

    None where it is not a whole number of yen, or not written as amounts are: 1,5000, 2万1億, 1億20000万.
    """
    text = number + unit
    if re.search(f"[{_DIGITS}零]", text):
        if re.search(r"\d", text):
            return None
        text = text.translate(_TO_ARABIC)
    if one := _ONE.fullmatch(text):
        value = Fraction(one["number"].replace(",", ""))
        for letter in one["unit"]:
            value *= _SMALL.get(letter) or _LARGE[letter]
        return int(value) if value.denominator == 1 else None
    match = _COMPOUND.fullmatch(text)
    if match is None or not text:
        return None
    total = 0
    for letter, scale in reversed([("rest", 1), *_LARGE.items()]):
        if not match[letter]:
            continue
        part = _section(match[letter])
        # Only the first part may be as great as it likes: 12,000万, but not 1億12,000万.
        if not part or (total and part >= 10_000):
            return None
        total += part * scale
    return total


def _section(text: str) -> int | None:
    """What stands before 万, 億 or 兆, or at the end: 1,500 or 1千5百 or 千五百; None where it is no such number."""
    match = _SECTION.fullmatch(text)
    if match is None:
        return None
    total, least = 0, None
    for scale, count in zip(reversed(_SMALL.values()), match.groups(), strict=False):
        if count is not None:
            total, least = total + int(count or 1) * scale, scale
    if match[4] is None:
        return total or None
    rest = int(match[4].replace(",", ""))
    return total + rest if least is None or 0 < rest < least else None


def _left(text: str) -> str:
    """What says something that was not understood."""
    return re.sub(r"\s+", " ", _MARKS.sub(" ", _FILLER.sub(" ", text))).strip()


def _take_rates(found: _Found) -> None:
    def one(match: re.Match) -> str:
        text = match.string
        rate = _rate(match)
        before = _BEFORE_RATE.search(text[: match.start()])
        if rate is None or before or _AFTER_RATE.match(text[match.end() :]):
            found.unsure.append(_("「%s」は率として読めません。") % match[0])
            found.bad_rate = True
            return " "
        if _OF_A_GRANT.search(text[: match.start()]):
            found.unsure.append(_("「%s」が何に対する率か分かりません。") % match[0])
            found.bad_rate = True
        found.rates.append(rate)
        return _RATE_MARK

    found.text = _RATE.sub(one, found.text)


def _take_rounding(found: _Found) -> None:
    def one(match: re.Match) -> str:
        unit = yen_of((match["number"] or "1").replace(" ", ""))
        if not unit or _SPLIT_BEFORE.search(match.string[: match.start()]):
            found.unsure.append(_("「%s」の金額は読めません。") % match[0])
            found.bad_sum = True
        else:
            found.units.add((unit, "down" if match["down"] else "up" if match["up"] else "half_up"))
        return _ROUNDING_MARK

    found.text = _ROUNDING.sub(one, found.text)


def _take_sums(found: _Found) -> None:
    def one(match: re.Match) -> str:
        number = match["number"].replace(" ", "")
        if not match["yen"] and not match["sign"] and not re.search("[億万兆]$", number):
            if not re.search("[億万兆]", number):
                return match[0]
            amount = None
        else:
            amount = yen_of(number)
        text = match.string
        is_split = _SPLIT_BEFORE.search(text[: match.start()]) or (
            not match["yen"] and _SPLIT_AFTER.match(text[match.end() :])
        )
        if not amount or is_split:
            found.unsure.append(_("「%s」は円の単位で読めません。") % match[0])
            found.bad_sum = True
            return " "
        found.sums.append(amount)
        return _SUM_MARK

    found.text = _YEN.sub(one, found.text)


def _rate(match: re.Match) -> Fraction | None:
    if match["whole"]:
        return Fraction(1)
    if match["percent"]:
        rate = Fraction(match["percent"]) / 100
    elif match["wari"]:
        rate = Fraction(yen_of(match["wari"]) or 0, 10)
    else:
        above = yen_of(match["above"] or match["top"])
        below = yen_of(match["below"] or match["bottom"])
        if not above or not below:
            return None
        rate = Fraction(above, below)
    return rate if 0 < rate <= 1 else None


def _limits(found: _Found) -> tuple[list[int], list[int], bool]:
    """(the sums that are a cap of the grant, those that are its floor, whether there are sums whose meaning is unsaid).

    The words that were understood as a floor are taken out of the text.
    """
    caps, floors, plain, of_cost = [], [], [], []
    parts = re.split(f"({_MARKS.pattern})", found.text)
    for place, amount in zip(
        [n for n, part in enumerate(parts) if part == _SUM_MARK], found.sums, strict=True
    ):
        before, behind = parts[place - 1], parts[place + 1]
        following = parts[place + 2] if place + 2 < len(parts) else ""
        most = (_MOST_BEFORE.search(before) and not _NO_LIMIT.search(before)) or _MOST_BEHIND.match(behind)
        least = _LEAST_BEFORE.search(before) or _LEAST_BEHIND.match(behind)
        if _COST.search(before) or _is_of_cost(behind, following):
            of_cost.append(amount)
            parts[place - 1] = _LEAST_BEFORE.sub(" ", before)
        elif bool(most) == bool(least):
            plain.append(amount)
        elif most:
            caps.append(amount)
        else:
            floors.append(amount)
            parts[place - 1] = _LEAST_BEFORE.sub(" ", before)
            parts[place + 1] = (
                _LEAST_BEHIND.sub(" ", behind, count=1) if _LEAST_BEHIND.match(behind) else behind
            )
    found.text = "".join(parts)
    for words, amounts in (
        (_("何の金額か分からない数字があります: %s円"), plain),
        (_("経費などの額で、助成の上限・下限ではない金額があります: %s円"), of_cost),
    ):
        if amounts:
            found.unsure.append(words % _("円、").join(f"{n:,}" for n in amounts))
    return caps, floors, bool(plain)


def _is_of_cost(behind: str, following: str) -> bool:
    """Whether what stands behind a sum, up to what was found next, makes it a limit of the cost: 500万円以内の1/2."""
    parts = re.split(r"[、。,;:()「」・\n ]", behind)
    if not following:
        return bool(_COST.search(behind))
    # The last part belongs to what follows: 上限500万円、対象経費の1/2.
    return bool(_COST.search(" ".join(parts[:-1]))) or (following == _RATE_MARK and len(parts) == 1)


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"
