"""What of a mail is new, and what only repeats or signs. The rest is folded away, never thrown away.

Line by line, in one pass: a mail built to keep a clever pattern busy finds none here. Knows how Gmail, Outlook (Windows,
web, telephone), Thunderbird, Apple Mail, Becky! and Yahoo! mark what they answer to, in Japanese and English.
"""

import re
from typing import NamedTuple

from musubi.services.mail import ANSWER_MARKS

LONGEST_BODY = 20_000
LONGEST_QUOTE = 100_000
_LONGEST_LINE = 400

_QUOTE = re.compile(r"[\s\u3000]*[>＞|]")
_PREFIX = re.compile(r"^[\s\u3000>＞|]*")
_DAY = r"(?:\d{4}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日|令和\s?\d{1,2}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日|\d{4}[/.-]\d{1,2}[/.-]\d{1,2})"
# 2026年11月22日(日) 10:00 山田 <a@b>:  ·  2026/11/22 10:00、山田<a@b>のメール:  ·  2026/11/22 10:00 に 山田 さんは書きました:
_ATTRIBUTION = re.compile(rf"^(?:On\s|\[)?{_DAY}.{{0,300}}(?:[:：]|wrote:?|書きました[:：]?|のメール[:：]?)$")
_WROTE = re.compile(r"^(?:On\s.{1,300}\swrote:|.{1,200}さん(?:は|が)書きました[:：]?|.{1,200}\swrote:)$")
_RULED = re.compile(
    r"^[-–—_=＿\s]{2,40}\s?(?:Original Message|Original Appointment|Forwarded message|元のメッセージ|元のメール|転送メッセージ|"
    r"転送されたメッセージ|転送元メール|Reply message)\s?[-–—_=＿\s]{2,40}$",
    re.IGNORECASE,
)
# Outlook's block of headers: two of these in a row, the first of them one that says from whom or when.
_FIRST_FIELD = re.compile(
    r"^\W{0,3}(?:From|差出人|送信者|送信元|Sent|送信日時|送信|日時|日付|Date)\W{0,3}\s?[:：]"
)
_FIELD = re.compile(
    r"^\W{0,3}(?:From|To|Cc|Sent|Date|Subject|Reply-To|差出人|送信者|送信元|送信日時|送信|日時|日付|宛先|受信者|CC|件名)\W{0,3}\s?[:：]",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*_{10,}\s*$")
_PHONE = re.compile(
    r"^(?:(?:iPhone|iPad|Android|スマートフォン|私の\w{1,20}|Galaxy|Xperia|モバイル端末)\s?から送信.{0,20}|Sent from .{1,60}|"
    r"Get Outlook for .{1,80}|(?:iOS|Android|Mac)\s?(?:版|用)?\s?の?\s?Outlook\s?(?:を入手|から送信).{0,80}|Outlook for (?:iOS|Android).{0,80}|"
    r"(?:Yahoo!メール|Outlook|Spark)\s?(?:アプリ)?から送信.{0,40})$",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"^\s*(?:[-=_*＿━─―ー～~+＝＊◆◇■□●○☆★※・.:/]\s?){5,}\s*$")
_CONTACT = re.compile(r"(?:TEL|Tel|電話|FAX|Fax|℡|〒|https?://|[\w.+-]{1,64}@[\w-]{1,63}\.|E-?mail|内線)")
_SIGNATURE_LINES = 16


class Said(NamedTuple):
    """`body` is what the person wrote now, `quoted` what is folded away behind it."""

    body: str
    quoted: str


def split(text: str) -> Said:
    """Tell what is new from what is quoted and signed. Answers written between quoted lines stay with those lines."""
    lines = [line.rstrip() for line in text.split("\n")]
    bare = [_PREFIX.sub("", line[:_LONGEST_LINE]).strip() for line in lines]
    cut = _cut(lines, bare)
    if cut < len(lines) and (below := _answers_below(lines, bare, cut)):
        first, last = below
        if not _words(lines[:cut]):
            # All of it stands below one quotation.
            return _fitted(lines[first:last], [*lines[:first], *lines[last:]])
        return _fitted([*lines[:cut], *lines[_after_attribution(lines, bare, cut) : last]], lines[last:])
    cut = min(cut, _signature(lines[:cut], bare))
    return _fitted(lines[:cut], lines[cut:])


def _cut(lines: list[str], bare: list[str]) -> int:
    """Where what is answered to begins; the number of lines where it never does."""
    last_own = max((at for at, line in enumerate(lines) if line and not _QUOTE.match(line)), default=-1)
    for at, words in enumerate(bare):
        if not words:
            continue
        if all(mark in words for mark in ANSWER_MARKS) or _RULED.match(words):
            return _back_over(lines, bare, at)
        if _length(bare, at):
            return at
        if _FIRST_FIELD.match(words) and _is_header_block(bare, at):
            return _back_over(lines, bare, at)
        if at > last_own:  # quoted lines to the end: nobody answers below
            return at
    return len(lines)


def _length(bare: list[str], at: int) -> int:
    """How many lines the attribution that begins at `at` takes; 0 where none does. Mail programs wrap long ones."""
    joined = ""
    for length in (1, 2, 3):
        if at + length > len(bare) or not bare[at + length - 1]:
            return 0
        joined = f"{joined} {bare[at + length - 1]}".strip()
        if length > 1 and not re.match(rf"(?:On\s|{_DAY})", joined):
            return 0
        if _ATTRIBUTION.match(joined) and ("@" in joined or length == 1 or "wrote" in joined):
            # A line such as 「2026年11月22日の予定:」 is somebody's own.
            return length if re.search(r"@|wrote|書きました|のメール|\d:\d\d", joined) else 0
        if _WROTE.match(joined) and ("@" in joined or "さん" in joined or joined.startswith("On ")):
            return length
    return 0


def _is_header_block(bare: list[str], at: int) -> bool:
    """Whether at least two more of a mail's headers stand right below."""
    return sum(bool(_FIELD.match(words)) for words in bare[at + 1 : at + 6]) >= 2


def _back_over(lines: list[str], bare: list[str], at: int) -> int:
    """The line of an attribution, a rule or an empty line right above `at` belongs to what is cut."""
    while at > 0:
        above = next((n for n in (1, 2, 3) if at - n >= 0 and _length(bare, at - n) == n), 0)
        if above:
            at -= above
        elif not bare[at - 1] or _RULE.match(lines[at - 1]):
            at -= 1
        else:
            break
    return at


def _answers_below(lines: list[str], bare: list[str], cut: int) -> tuple[int, int] | None:
    """(first, last + 1) of the words below the quotation that begins at `cut`, where it is marked by `>`; else None.

    What is quoted without a mark (Outlook) cannot be told from what is written below it: then all of it is quoted.
    """
    start = _after_attribution(lines, bare, cut)
    following = next((at for at in range(start, len(lines)) if lines[at].strip()), None)
    if following is None or not _QUOTE.match(lines[following]):
        return None
    end = start + _signature(lines[start:], bare[start:])
    own = [at for at in range(start, end) if lines[at].strip() and not _QUOTE.match(lines[at])]
    # The far ends of wrapped quoted lines are not somebody's words: an answer follows an empty line or a sentence's end.
    own = [at for at in own if not (lines[at - 1].strip() and _QUOTE.match(lines[at - 1]) and len(bare[at]) < 12 and len(bare[at - 1]) > 60)]  # fmt: skip
    return (own[0], end) if own else None


def _after_attribution(lines: list[str], bare: list[str], cut: int) -> int:
    return cut + (_length(bare, cut) if not _QUOTE.match(lines[cut]) else 0)


def _signature(lines: list[str], bare: list[str]) -> int:
    """Where the signature begins; the number of lines where there is none."""
    last = len(lines)
    for at in range(last):
        if lines[at].strip() == "--" and _words(lines[:at]):
            return at
    tail = range(max(0, last - _SIGNATURE_LINES), last)
    for at in tail:
        if _PHONE.match(bare[at]) and all(not bare[n] or _PHONE.match(bare[n]) for n in range(at, last)):
            return at
    for at in tail:
        if _SEPARATOR.match(lines[at]) and any(_CONTACT.search(words) for words in bare[at + 1 : last]):
            return at
    return last


def _words(lines: list[str]) -> bool:
    return any(line.strip() for line in lines)


def _fitted(body: list[str], quoted: list[str]) -> Said:
    words, rest = "\n".join(body).strip("\n \u3000"), "\n".join(quoted).strip("\n")
    if len(words) > LONGEST_BODY:
        rest = f"{words[LONGEST_BODY:]}\n\n{rest}".rstrip("\n")
        words = words[:LONGEST_BODY]
    return Said(words, rest[:LONGEST_QUOTE])
