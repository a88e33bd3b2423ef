"""Japanese text made comparable: one spelling, organisation names, search tokens. What people typed is what is
stored and shown; these are for keys, comparing and searching."""

import re
import unicodedata
from collections import Counter
from operator import add

_KANJI = "々〆〇\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KATAKANA = "ァ-ヺー-ヿ"
_HIRAGANA = "ぁ-ゖゝ-ゟ"
_RUNS = re.compile(rf"(?P<japanese>[{_KANJI}{_KATAKANA}{_HIRAGANA}]+)|[^\W_{_KANJI}{_KATAKANA}{_HIRAGANA}]+")
_CONTENT_RUNS = re.compile(rf"(?P<japanese>[{_KANJI}{_KATAKANA}]+)|[^\W_{_KANJI}{_KATAKANA}{_HIRAGANA}]+")


def normalise(text: str) -> str:
    """NFKC, line ends as \\n, runs of spaces and of blank lines folded, control and invisible characters removed."""
    text = unicodedata.normalize("NFKC", text.replace("\r\n", "\n").replace("\r", "\n"))
    # Looking at each letter takes ten times as long as knowing that all of them can be seen, which is usual.
    if text.isprintable() and "  " not in text:
        # The only blank is a single space then.
        return text.strip()
    if not text.replace("\n", "").isprintable():
        text = "".join(
            c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")
        )
    text = re.sub(r"[^\S\n]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


# --- search tokens -------------------------------------------------------------------------------------------


def bigrams(text: str) -> list[str]:
    """Search tokens in order, repetitions kept.

    A run of Japanese letters, whatever mix of kanji and kana, becomes overlapping pairs (海ごみ → 海ご, ごみ); a run
    of one letter stays alone; Latin words and numbers are kept whole in lower case.
    """
    return _tokens(_RUNS, text)


def terms(*texts: str) -> Counter[str]:
    """What texts are about together, for similarity: as `bigrams`, but hiragana (mostly grammar) breaks runs and is
    dropped, and so are bare numbers."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_tokens(_CONTENT_RUNS, text))
    for number in [token for token in counts if token.isdecimal()]:
        del counts[number]
    return counts


def _tokens(runs: re.Pattern, text: str) -> list[str]:
    tokens = []
    # Case goes first: some capitals unfold into letters that only NFKC puts together again.
    for match in runs.finditer(normalise(text.casefold())):
        run = match[0]
        if match["japanese"] and len(run) > 1:
            tokens += map(add, run, run[1:])
        else:
            tokens.append(run)
    return tokens


# --- names of organisations ----------------------------------------------------------------------------------

# Each legal form with the ways it is written after NFKC in lower case (㈱ has become (株) by then).
_FORMS = {
    "株式会社": ("株式會社", "(株)"),
    "有限会社": ("有限會社", "(有)"),
    "合同会社": ("(同)", "(合同)"),
    "合名会社": ("(名)", "(合名)"),
    "合資会社": ("(資)", "(合資)"),
    "一般社団法人": ("(一社)",),
    "公益社団法人": ("(公社)",),
    "社団法人": ("(社)",),
    "一般財団法人": ("(一財)",),
    "公益財団法人": ("(公財)",),
    "財団法人": ("(財)",),
    "特定非営利活動法人": (
        "認定特定非営利活動法人",
        "認定npo法人",
        "npo法人",
        "(認定npo)",
        "(npo)",
        "(認定npo法人)",
        "(npo法人)",
        "(特非)",
        "(認特非)",
    ),
    "社会福祉法人": ("(福)", "(社福)"),
    "学校法人": ("(学)", "(学校)"),
    "医療法人": ("(医)",),
    "国立大学法人": ("(大)",),
    "独立行政法人": ("(独)",),
}
_FORM_OF = {spelling: form for form, ways in _FORMS.items() for spelling in (form, *ways)}
_FORM = re.compile("|".join(re.escape(way) for way in sorted(_FORM_OF, key=len, reverse=True)))

# Old and variant letters that the same organisation is written with; for comparing only.
_SAME_LETTERS = str.maketrans(
    "髙﨑邊邉齋齊濵濱澤廣櫻瀨德國學會藏眞榮惠龍瀧曾彌髮館ヶヵ",
    "高崎辺辺斎斉浜浜沢広桜瀬徳国学会蔵真栄恵竜滝曽弥髪館ケカ",
)
_BRANCH = re.compile(r".*(支店|支社|営業所|事業所|事業部|本社|本店|本部|支部|事務所|研究所|工場)")


def organisation_key(name: str) -> str:
    """A key that is equal for spellings of one organisation's name: width, case, spaces, punctuation, old letters, and
    the legal form however written and wherever it stands. Names that differ in legal form keep different keys:
    株式会社みなと and NPO法人みなと are two organisations.
    """
    core, form = _core_and_form(name)
    return f"{core}/{form}" if form else core


def similar_names(a: str, b: str) -> bool:
    """Whether a person should look if two names mean one organisation: equal but for the legal form, one the branch of
    the other, or nearly the same letters. Symmetric."""
    (core_a, _), (core_b, _) = _core_and_form(a), _core_and_form(b)
    if not core_a or not core_b:
        return False
    if core_a == core_b:
        return True
    short, long = sorted((core_a, core_b), key=len)
    if len(short) >= 2 and long.startswith(short) and _BRANCH.fullmatch(long[len(short) :]):
        return True
    pairs_a, pairs_b = Counter(_pairs(core_a)), Counter(_pairs(core_b))
    return 2 * (pairs_a & pairs_b).total() > 0.8 * (pairs_a.total() + pairs_b.total())


def _pairs(text: str) -> list[str]:
    return [text[i : i + 2] for i in range(len(text) - 1)]


def _core_and_form(name: str) -> tuple[str, str]:
    folded = re.sub(r"\s+", "", normalise(name.casefold())).translate(_SAME_LETTERS)
    folded = re.sub(r"(?<=[ァ-ヺー])[-‐‑‒–—―−]", "ー", folded)
    forms = [_FORM_OF[way] for way in _FORM.findall(folded)]
    core = re.sub(r"[\W_]+", "", _FORM.sub("", folded)) or re.sub(r"[\W_]+", "", folded)
    return core, forms[0] if forms and core != forms[0] else ""
