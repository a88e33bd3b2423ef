"""One cell to one value: what people write in tables, read the way they meant it. Nothing here knows the database."""

import re
import unicodedata
from datetime import date

from django.utils.translation import gettext as _

from musubi.challenges.states import Channel, Scale
from musubi.fund.terms.reading import yen_of
from musubi.imports.columns import fold
from musubi.lib.tables import Cell
from musubi.lib.text import normalise
from musubi.people.models import Organisation
from musubi.proposals.states import Track

Kind, Size = Organisation.Kind, Organisation.Size
# The most people of each size but the largest.
_SIZES = ((5, Size.MICRO), (20, Size.SMALL), (300, Size.MEDIUM))

_NOTHING = {
    "",
    "なし",
    "無し",
    "無",
    "該当なし",
    "該当無し",
    "未定",
    "未設定",
    "不明",
    "na",
    "nan",
    "none",
    "null",
}
_ALWAYS = {"随時", "随時受付", "随時募集", "通年", "期限なし", "期限無し", "締切なし", "常時"}
_SPLIT = re.compile(r"[,、，;；/／|｜\n\t]+|・(?=\s*\d)")
_GOAL = re.compile(
    r"(?:sdgs?|ゴール|目標|goals?|no\.?|第|#)*[\s:：.]*(\d{1,3})(?:\.(?:\d{1,2}|[a-z]))?(?!\d)(.*)",
    re.IGNORECASE | re.DOTALL,
)


def text(cell: Cell) -> str:
    """The cell as text, line breaks kept; a date as 2026/3/31, a whole number without its `.0`."""
    if cell is None:
        return ""
    if isinstance(cell, date):
        return f"{cell.year}/{cell.month}/{cell.day}"
    found = str(cell).replace("\r\n", "\n").replace("\r", "\n")
    found = "".join(
        c for c in found if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn")
    )
    # Our own sheets put an apostrophe before a text that a spreadsheet would take for a formula.
    return re.sub(r"^'(?=[=+\-@＝＋－＠])", "", found.strip())


def line(cell: Cell) -> str:
    """The cell as one line: line breaks inside a cell become spaces."""
    return " ".join(text(cell).split())


def is_nothing(cell: Cell) -> bool:
    """Empty, or one of the ways to write that there is nothing: -, なし, 該当なし."""
    return fold(text(cell)) in _NOTHING


def is_always(cell: Cell) -> bool:
    """「随時」 and the like where a deadline is asked for."""
    return fold(text(cell)) in _ALWAYS


def goals(cell: Cell) -> tuple[list[int], list[str]]:
    """Goal numbers, each once, and what could not be read, in words.

    Takes 9, 「3,11」, 「11 住み続けられるまちづくりを」, 「目標14、ゴール12」, targets (11.5 counts as 11).
    """
    if is_nothing(cell):
        return [], []
    if isinstance(cell, date):
        # 「3,11」 and 「3/11」 turn into 3 November in a spreadsheet.
        return [], [
            _("日付(%(day)s)に変わっています。セルの書式を文字列にして「3、11」のように書いてください")
            % {"day": text(cell)}
        ]
    found: list[int] = []
    strange: list[str] = []
    for part in _SPLIT.split(normalise(text(cell))):
        part = part.strip()
        if not part:
            continue
        if re.fullmatch(r"\d{1,2}(?: \d{1,2})+", part):
            numbers = [int(number) for number in part.split()]
        elif match := _GOAL.match(part):
            numbers = [int(match[1])]
        elif found:
            continue  # the rest of a goal's name that holds a separator itself: 12 つくる責任、つかう責任
        else:
            strange.append(_("「%(text)s」は1から17の番号で書いてください") % {"text": part[:30]})
            continue
        for number in numbers:
            if 1 <= number <= 17:
                found.append(number)
            else:
                strange.append(_("「%(text)s」は1から17の番号ではありません") % {"text": part[:30]})
    return list(dict.fromkeys(found)), strange


def parts(cell: Cell) -> list[str]:
    """A cell with several values, split."""
    return [part.strip() for part in re.split(r"[,、，;；/／|｜\n\t]+", text(cell)) if part.strip()]


def _one_of(cell: Cell, table: list[tuple[str, tuple[str, ...]]]) -> str | None:
    """The value whose word the cell equals, else the first one whose word it holds."""
    key = fold(text(cell))
    words = [(value, fold(word)) for value, spellings in table for word in spellings]
    for value, word in words:
        if key == word:
            return value
    return next((value for value, word in words if len(word) > 1 and word in key), None)


_SCALES = [
    (Scale.SMALL, ("小さく具体的", "small", "小", "小規模", "小さい")),
    (Scale.LARGE, ("大きな社会課題", "large", "大", "大規模", "大きい")),
]
_TRACKS = [
    (Track.TRIAL, ("実証実験提案型", "実証実験", "実証", "trial")),
    (Track.CHALLENGE, ("課題解決型", "課題解決", "課題", "challenge", "テーマ型")),
    (Track.OPEN, ("自由提案", "自由", "フリー", "open", "その他")),
]
_CHANNELS = [
    (
        Channel.NATIONAL,
        (
            "地方創生SDGs官民連携プラットフォーム",
            "官民連携プラットフォーム",
            "全国プラットフォーム",
            "national",
        ),
    ),
    (Channel.EVENT, ("イベント", "交流会", "マッチング", "event")),
    (Channel.WALK_IN, ("持ち込み", "持込", "来庁", "窓口", "電話", "訪問", "walk_in")),
    (Channel.REFERRAL, ("紹介", "referral")),
    (Channel.MAIL, ("メール", "mail", "郵送", "email")),
    (Channel.SITE, ("サイト", "ウェブ", "web", "フォーム", "ホームページ", "site")),
]
_KINDS = [
    (Kind.SOLE, ("個人事業主", "個人事業", "個人", "フリーランス", "sole")),
    (
        Kind.RESEARCH,
        ("研究機関", "研究所", "研究開発法人", "研究機構", "研究センター", "research"),
    ),
    (
        Kind.UNIVERSITY,
        ("大学・学校", "大学", "学校法人", "高等専門学校", "高等学校", "専門学校", "学校", "教育機関", "university"),
    ),
    (
        Kind.NPO,
        (
            "NPO・公益団体", "NPO法人", "NPO", "特定非営利活動法人", "特例社団", "公益法人", "公益団体", "公社", "公財",
            "社団法人", "財団法人", "社会福祉法人", "社団", "財団", "協同組合", "医療法人",
        ),
    ),
    (
        Kind.COMMUNITY,
        (
            "地域団体", "町内会", "自治会", "市民団体", "住民団体", "任意団体", "商店会", "商店街", "実行委員会",
            "協議会", "振興組合", "保存会", "community",
        ),
    ),
    (
        Kind.COMPANY,
        ("企業", "民間企業", "株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "会社", "事業者", "相互会社", "company"),
    ),
]  # fmt: skip


def scale(cell: Cell) -> str | None:
    return _one_of(cell, _SCALES)


def track(cell: Cell) -> str | None:
    return _one_of(cell, _TRACKS)


def channel(cell: Cell) -> str | None:
    return _one_of(cell, _CHANNELS)


def organisation_kind(cell: Cell) -> str | None:
    """A kind from what a column says of it."""
    return _one_of(cell, _KINDS)


def kind_from_name(name: str) -> str | None:
    """A kind from an organisation's name (株式会社, NPO法人, 大学 …), or None where the name does not tell."""
    name = normalise(name)
    if re.search(r"株式会社|有限会社|合同会社|合資会社|合名会社|相互会社|\((株|有|同|資|名)\)", name):
        return Kind.COMPANY
    if re.search(r"\((特非|npo|一社|一財|公社|公財|社福|福|医)\)", name, re.IGNORECASE):
        return Kind.NPO
    if re.search(r"\((学|大)\)", name):
        return Kind.UNIVERSITY
    return next(
        (
            kind
            for kind, words in _KINDS
            if kind != Kind.SOLE and any(len(w) > 1 and w in name for w in words)
        ),
        None,
    )


def organisation_size(cell: Cell) -> str | None:
    """A size from how many people work there: 50, 約50人, 1,200名; or from its name (21〜300人). None where several
    numbers mean different ones, or there is none."""
    named = fold(text(cell))
    for size in Size:
        if named == fold(str(size.label)):
            return size
    numbers = [int(found.replace(",", "")) for found in re.findall(r"\d[\d,]{0,11}", normalise(text(cell)))]
    found = {next((size for most, size in _SIZES if number <= most), Size.LARGE) for number in numbers}
    return found.pop() if len(found) == 1 else None


_YEN = re.compile(r"金?[¥\\]?\s*(\d[\d,]*(?:\.\d+)?)\s*([百千]?[万億]?|)\s*円?(?:也)?")
_LONGEST_YEN = 40
_UNIT = re.compile(r"([百千]?[万億]?)円")
_ANONYMOUS = {"匿名", "匿名希望", "非公開", "非公表", "公開しない", "公表しない"}
_NAMED = {"公開", "公表", "記名", "実名", "公開する", "公表する"}
_YES = {"○", "〇", "◯", "✓", "レ", "1", "はい", "yes", "true", "有", "希望する", "希望", "可"}
_NO = {"×", "✕", "0", "いいえ", "no", "false", "希望しない", "不可", "否"}
_SOURCES = [
    ("public", ("公費", "市費", "区費", "町費", "村費", "一般財源", "一般会計", "予算", "自治体", "public")),
    ("person", ("個人", "市民", "区民", "町民", "村民", "person")),
    ("organisation", ("企業・団体", "企業", "団体", "法人", "事業者", "organisation")),
]


def yen(cell: Cell, heading: str = "") -> int | None:
    """A whole number of yen of at least 1: 1000000, 「1,000,000円」, 「100万円」; with a heading such as 「金額(千円)」 a bare
    number counts in its unit. None where it is none: nothing is rounded, nothing guessed."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    written = normalise(text(cell))
    match = _YEN.fullmatch(written) if len(written) <= _LONGEST_YEN else None
    if match is None:
        return None
    said = _UNIT.search(normalise(heading))
    has_unit = match[2] or "円" in written
    found = yen_of(match[1], match[2] if has_unit or said is None else said[1])
    return found or None


def is_anonymous(cell: Cell, heading: str = "") -> bool | None:
    """Whether the name stays unsaid in public; None where the cell does not say so plainly. A mark (○, はい, 可) stands
    for what the heading asks: under 「匿名」 for it, under 「公開」 for the opposite."""
    key = normalise(text(cell)).casefold().strip()
    if key in _ANONYMOUS or key in _NAMED:
        return key in _ANONYMOUS
    heading = normalise(heading).casefold()
    asks_for_silence = bool(re.search(r"匿名|非公|anonymous", heading))
    if (key in _YES or key in _NO) and (asks_for_silence or re.search(r"公開|公表", heading)):
        return (key in _YES) == asks_for_silence
    return None


def source(cell: Cell) -> str | None:
    """Where money comes from, by a column's word; None where it is unknown."""
    key = fold(text(cell))
    return next((value for value, words in _SOURCES if key in map(fold, words)), None)


def prefecture_in(address: str) -> str:
    """The prefecture an address begins with, or ""."""
    found = re.match(
        r"北海道|東京都|京都府|大阪府|神奈川県|和歌山県|鹿児島県|[^市区町村\s]{2}県", normalise(address)
    )
    return found[0] if found else ""
