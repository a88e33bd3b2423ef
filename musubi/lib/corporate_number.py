"""法人番号: 13 digits, the first of them a check digit (法人番号の指定等に関する省令2条; computed by python-stdnum).

Spreadsheets damage them on the way, so a refusal says which damage it looks like. A registered body's number is
check digit + registry office (4) + kind (2) + serial (6), and serials begin at 000001; public bodies have
000020 + their local government code and the like, which do not end in a row of zeros either. Six trailing zeros
therefore never occur (among 595 real ones the longest run is two), while a spreadsheet that shows
4011005003009 as 4.01101E+12 leaves seven.
"""

import re
import unicodedata

from stdnum.jp import cn

_LOOK_UP = "国税庁の法人番号公表サイトで確かめて、13桁を入力してください。"
_AS_TEXT = "表のセルの書式を文字列にしてから、13桁を入力し直してください。"
_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+", re.IGNORECASE)
_PLACEHOLDERS = {"1234567890123", *(digit * 13 for digit in "0123456789")}


def check(text: str | int | float) -> str:
    """The 13 digits of a corporate number, as text.

    Full-width digits, spaces, hyphens, an apostrophe in front, the T of an invoice number, and a number cell's
    trailing `.0` are forgiven. Raises ValueError with a Japanese sentence that says what is wrong and how to mend it.
    """
    shown = _shown(text)
    compact = _compact(text)
    if not compact:
        raise ValueError("法人番号が空です。13桁の数字を入力してください。")
    if _SCIENTIFIC.fullmatch(compact):
        raise ValueError(
            f"法人番号「{shown}」は表計算ソフトが指数表示に変えています。元の桁は失われています。{_AS_TEXT}"
        )
    if strange := re.search(r"[^0-9]", compact):
        raise ValueError(
            f"法人番号「{shown}」に数字でない文字「{strange[0]}」があります。13桁の数字だけを入力してください。"
        )
    if compact in _PLACEHOLDERS:
        raise ValueError(
            f"法人番号「{shown}」は仮の番号です。{_LOOK_UP}番号のない団体は空のままにしてください。"
        )
    if len(compact) == 12:
        raise ValueError(
            f"法人番号「{shown}」は12桁です。先頭の1桁(検査数字)が欠けているようです。"
            f"補うと{cn.calc_check_digit(compact)}{compact}になります。{_LOOK_UP}"
        )
    if len(compact) != 13:
        raise ValueError(f"法人番号「{shown}」は{len(compact)}桁です。法人番号は13桁です。{_LOOK_UP}")
    if compact.endswith("000000"):
        raise ValueError(
            f"法人番号「{shown}」は表計算ソフトが下の桁を0に丸めた値のようです。元の桁は失われています。{_AS_TEXT}"
        )
    if not cn.is_valid(compact):
        raise ValueError(f"法人番号「{shown}」は検査数字が合いません。どこかの桁が違っています。{_LOOK_UP}")
    return compact


def _shown(text: str | int | float) -> str:
    return " ".join(str(text).split())[:40]


def _compact(text: str | int | float) -> str:
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    folded = re.sub(r"[\s\-‐‑‒–—―−ー']", "", unicodedata.normalize("NFKC", str(text)))
    folded = re.sub(r"(?<=^\d{13})\.0+$", "", folded)
    return re.sub(r"^T(?=\d)", "", folded, flags=re.IGNORECASE)
