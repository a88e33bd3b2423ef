"""Amounts as Japanese documents write them: 1,200,000円, １２０万円, 1億2,000万円, 500千円."""

import re
import unicodedata
from decimal import Decimal

_HOW = "「1,200,000円」「120万円」「500千円」のように書いてください。"
_SMALL = {"": 1, "十": 10, "百": 100, "千": 1000}
_LARGE = {"": 1, "万": 10**4, "億": 10**8, "兆": 10**12}
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_PARTS = re.compile(rf"(?P<number>{_NUMBER})(?P<small>[十百千]?)(?P<large>[万億兆]?)")
_LARGEST = 2**63 - 1  # what the database keeps


def parse_yen(text: str | int | float) -> int:
    """Whole yen from text or a number cell.

    Full-width digits, thousands commas, ¥ and 円 are understood, so are 千 (500千円), 百万, 万, 千万 and 億 in falling
    order (1億2,000万円, 1.5億円), and △, ▲ or - for less than nothing. Raises ValueError with a Japanese sentence: not an
    amount, a fraction of a yen, or more than can be kept.
    """
    shown = " ".join(str(text).split())[:40]
    folded = re.sub(r"[\s'¥\\]", "", unicodedata.normalize("NFKC", str(text)))
    if not folded:
        raise ValueError(f"金額が空です。{_HOW}")
    sign = -1 if re.match(r"[-−–△▲]", folded) else 1
    amount = _amount(re.sub(r"^[-−–△▲+]", "", folded).removesuffix("也").removesuffix("円"))
    if amount is None:
        raise ValueError(f"「{shown}」は金額として読めません。{_HOW}")
    if amount != int(amount):
        raise ValueError(f"「{shown}」は1円に満たない端数があります。円未満を切り捨てて書いてください。")
    if amount > _LARGEST:
        raise ValueError(f"「{shown}」は大きすぎます。桁と単位(千円・万円・億円)を確かめてください。")
    return sign * int(amount)


def _amount(text: str) -> Decimal | None:
    """Number and unit, again and again, each unit smaller than the one before: 1億 2000万 500."""
    total, at, limit = Decimal(0), 0, None
    while at < len(text) or at == 0:
        part = _PARTS.match(text, at)
        if part is None or limit == 1:
            return None
        size = _SMALL[part["small"]] * _LARGE[part["large"]]
        value = Decimal(part["number"].replace(",", "")) * size
        if limit is not None and value >= limit:
            return None
        total, at, limit = total + value, part.end(), size
    return total


def format_yen(amount: int) -> str:
    """`1,234円`; less than nothing as `-1,234円`."""
    return f"{amount:,}円"
