"""A few documents of a small town, and indexes made of them, through the engine's own ways."""

from pathlib import Path

from musubi.matching.engine import index
from musubi.matching.engine.matcher import NEED, SEED, Document, Matcher, build

NEEDS = {
    "need:beach": ("海岸のごみ", "砂浜に流れ着く漂着ごみが増え、回収する人手が足りない。"),
    "need:house": ("空き家の増加", "使われない空き家が増え、活用の担い手を探している。"),
    "need:elders": ("一人暮らしの高齢者", "離れて暮らす家族に代わり、高齢者の見守りを続けたい。"),
    "need:bus": ("バス路線の廃止", "路線バスがなくなり、買い物や通院の足がない地区がある。"),
}
SEEDS = {
    "seed:boat": ("清掃船による漂着ごみの回収", "小型の船で砂浜と海岸に近づき、漂着ごみを回収します。"),
    "seed:reform": ("古民家の改修", "空き家を宿や工房に改修し、地域の担い手に貸し出します。"),
    "seed:sensor": ("センサーによる見守り", "電気の使い方から高齢者の異変に気づき、家族に知らせます。"),
    "seed:taxi": ("予約制の乗合タクシー", "電話で呼べる乗合タクシーで、路線バスのない地区の通院を支えます。"),
}


def documents(texts: dict[str, tuple[str, str]], side: str) -> list[Document]:
    return [Document(key, side, title, text) for key, (title, text) in texts.items()]


TOWN = documents(NEEDS, NEED) + documents(SEEDS, SEED)


def made(root: Path, texts: list[Document] = TOWN, **more) -> Matcher:
    """An index of some documents in a folder, and who answers from it."""
    build(root, texts, sample=texts, **more)
    return opened(root, embed=more.get("embed"))


def opened(root: Path, *, embed=None) -> Matcher:
    return Matcher(index.Reader(index.current(root), embed=embed))


def keys(matches) -> list[str]:
    return [match.key for match in matches]
