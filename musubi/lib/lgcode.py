"""全国地方公共団体コード: prefecture (2 digits), municipality (3), check digit (1).

The check digit is 11 less the remainder of (6a + 5b + 4c + 3d + 2e) by 11, of which the last digit counts
(総務省「全国地方公共団体コード仕様」). Tables often hold it without its leading zero or without its check digit,
both of them five digits long, so five digits are refused and the refusal names what they may have been.
"""

import re
import unicodedata

_WEIGHTS = (6, 5, 4, 3, 2)


def check_digit(five: str) -> str:
    """The sixth digit to five."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, five, strict=True))
    return str((11 - total % 11) % 10)


def check(code: str | int) -> str:
    """The six digits of a code as text; full-width digits and spaces are forgiven.

    Raises ValueError with a Japanese sentence. Only six digits are taken: see above.
    """
    shown = " ".join(str(code).split())[:20]
    digits = re.sub(r"[\s']", "", unicodedata.normalize("NFKC", str(code)))
    if not re.fullmatch(r"[0-9]+", digits):
        raise ValueError(
            f"団体コード「{shown}」は読めません。全国地方公共団体コード6桁の数字を入力してください。"
        )
    if len(digits) == 5:
        raise ValueError(
            f"団体コード「{shown}」は5桁です。検査数字を含む6桁で入力してください。{_guess(digits)}"
        )
    if len(digits) != 6:
        raise ValueError(f"団体コード「{shown}」は{len(digits)}桁です。全国地方公共団体コードは6桁です。")
    if not 1 <= int(digits[:2]) <= 47:
        raise ValueError(f"団体コード「{shown}」の先頭2桁は都道府県(01から47)ではありません。")
    if digits[5] != check_digit(digits[:5]):
        raise ValueError(
            f"団体コード「{shown}」は検査数字(6桁目)が合いません。総務省の一覧で確かめてください。"
        )
    return digits


def _guess(five: str) -> str:
    guesses = [f"検査数字が抜けていれば{five}{check_digit(five)}"]
    if five[0] != "0" and check_digit("0" + five[:4]) == five[4]:
        guesses.insert(0, f"先頭の0が落ちていれば0{five}")
    return "、".join(guesses) + "です。"
