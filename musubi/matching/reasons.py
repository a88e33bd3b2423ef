"""Why a suggestion is made, and what speaks against it: small dicts that last, and their sentences.

A reason is {"kind": …, …}; what is stored are codes and words of the texts, never a sentence, so that each reader
gets it in the own language.

    words       {"words": [[as written here, as written there], …]}
    synonyms    {"words": [[here, there], …]}           other words for the same
    goals       {"goals": [3, 11]}
    fields      {"fields": ["welfare"]}
    prefecture  {"name": "…"}
    member      {}                                       a member of this municipality
    experience  {"title": "…", "outcomes": 2, "city": "…"}
    newcomer    {}                                       has its turn: a member since a short time
    first_turn  {}                                       has its turn: was never among the first ten
    against: not_member {} · elsewhere {"name": "…"} · declined {"reason": code, "ref": "…"} ·
             misfit {"reason": code, "side": code} · hub {}
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from musubi.matching.states import Misfit, Side
from musubi.plan.models import Field, Goal
from musubi.proposals.states import DeclineReason

MOST_WORDS = 5


def of_match(match, text_here: str, text_there: str) -> list[dict]:
    """What the texts and the facts say for a match of the engine. Words are given as they stand in both texts,
    as long as both have them."""
    same, other = [], []
    for shared in match.shared:
        if shared.synonym:
            other.append([shared.here, shared.there])
            continue
        here, there = _lengthened(shared.here, shared.there, text_here, text_there)
        if not any(here in known[0] for known in same):
            same = [known for known in same if known[0] not in here] + [[here, there]]
    # One letter (「道」, 「人」) may stand in any two texts.
    same = [pair for pair in same if len(pair[0]) > 1]
    reasons = []
    if same:
        reasons.append({"kind": "words", "words": same[:MOST_WORDS]})
    if other:
        reasons.append({"kind": "synonyms", "words": other[:3]})
    return reasons


def say(reason: Mapping) -> str:
    """A reason as a sentence a citizen understands."""
    kind = reason["kind"]
    if kind == "words":
        return _("どちらの文章にも「%s」があります") % _("」「").join(word[0] for word in reason["words"])
    if kind == "synonyms":
        pairs = [_("「%(here)s」と「%(there)s」") % {"here": a, "there": b} for a, b in reason["words"]]
        return _("近い意味の言葉があります: %s") % _("、").join(pairs)
    if kind == "goals":
        return _("同じSDGsゴール: %s") % _("、").join(_goal_names().get(n, str(n)) for n in reason["goals"])
    if kind == "fields":
        return _("同じ分野: %s") % _("、").join(_field_names().get(code, code) for code in reason["fields"])
    if kind == "prefecture":
        return _("同じ%sの団体・自治体です") % reason["name"]
    if kind == "member":
        return _("この自治体の会員です")
    if kind == "experience":
        text = (
            _("%(city)sと「%(title)s」に取り組みました")
            if reason.get("city")
            else _("「%(title)s」に取り組みました")
        )
        text = text % {"city": reason.get("city", ""), "title": reason["title"]}
        if count := reason.get("outcomes", 0):
            text += ngettext("(成果%(n)d件)", "(成果%(n)d件)", count) % {"n": count}
        return text
    if kind == "newcomer":
        return _("新しい会員です(見てもらえるように、順番を上げています)")
    if kind == "first_turn":
        return _("これまで上位の候補になったことがない団体です(見てもらえるように、順番を上げています)")
    if kind == "not_member":
        return _("まだこの自治体の会員ではありません")
    if kind == "elsewhere":
        return _("所在地は%sです") % reason["name"]
    if kind == "declined":
        return _("以前の提案は見送りになりました: %s") % DeclineReason(reason["reason"]).label
    if kind == "misfit":
        return _("%(who)sが「合わない」と答えました: %(reason)s") % {
            "who": Side(reason["side"]).label,
            "reason": Misfit(reason["reason"]).label,
        }
    if kind == "hub":
        return _("多くの課題に同じくらい近い、幅の広い内容です")
    raise ValueError(f"unknown reason {kind!r}")


def words_of(reasons: Iterable[Mapping], *, there: bool = False) -> list[str]:
    """The words to mark in one of the two texts."""
    return [
        pair[1 if there else 0]
        for reason in reasons
        if reason["kind"] in ("words", "synonyms")
        for pair in reason["words"]
    ]


def _lengthened(here: str, there: str, text_here: str, text_there: str) -> tuple[str, str]:
    """A shared word with the letters around it that both texts hold as well: 子育て → 子育て支援センター."""
    if here != there:
        return here, there
    best = here
    one, two = _folded(text_here), _folded(text_there)
    at = one.find(here)
    if at < 0 or here not in two:
        return here, there
    start, end = at, at + len(here)
    while end < len(one) and _joins(one[end]) and one[start : end + 1] in two:
        end += 1
    while start > 0 and _joins(one[start - 1]) and one[start - 1 : end] in two:
        start -= 1
    best = one[start:end]
    return best, best


@lru_cache(maxsize=256)
def _folded(text: str) -> str:
    """The same text is compared with many others."""
    from musubi.matching.engine.analysis import fold

    return fold(text)


def _joins(letter: str) -> bool:
    return "\u4e00" <= letter <= "\u9fff" or "ァ" <= letter <= "ヺ" or letter in "々ー"


@lru_cache(maxsize=8)
def _names(model: str, language: str) -> dict:
    rows = Goal.objects.all() if model == "goal" else Field.objects.all()
    return {row.pk: row.display_name for row in rows}


def _goal_names() -> dict[int, str]:
    from django.utils.translation import get_language

    return _names("goal", get_language() or "")


def _field_names() -> dict[str, str]:
    from django.utils.translation import get_language

    return _names("field", get_language() or "")
