"""Conditions on a challenge beyond a person's role, and the hints that help to write a good one."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from musubi.challenges.models import Challenge
from musubi.lib import clock


def is_editable(challenge: Challenge) -> bool:
    """The words may be changed until the challenge is closed or resolved."""
    return challenge.state in ("draft", "checking", "published", "matched")


def takes_proposals(challenge: Challenge) -> bool:
    """Whether a new proposal may answer it today."""
    today = clock.today()
    return (
        challenge.state in ("published", "matched")
        and (challenge.deadline is None or challenge.deadline >= today)
        and (challenge.expires_on is None or challenge.expires_on >= today)
    )


@dataclass(frozen=True)
class Hint:
    """One piece of advice: the form field it belongs to, and the sentence."""

    field: str
    text: str


# Begins only where a number begins, and gives no digit back: a page full of digits is read once.
_NUMBER = re.compile(
    r"(?<![0-9０-９〇一二三四五六七八九十百千万億])[0-9０-９〇一二三四五六七八九十百千万億]++\s*+(人|件|%|％|円|世帯|か所|箇所|回|年|日|時間|割|トン|t|kg|台|校|店|社)"
)
_WIDE = re.compile(r"(人口減少|少子高齢化|地域活性化|まちづくり全般|地方創生|にぎわい創出|持続可能なまち)")
_MEANS = re.compile(r"(アプリ|システム|AI|ドローン|プラットフォーム)(を|の)(導入|開発|構築)")


def hints(
    *, title: str, problem: str, goal_image: str, offer_note: str = "", offers: int = 0, scale: str = "small"
):
    """What would make the challenge easier to answer, most helpful first: a list of `Hint`, empty when it is good."""
    found = []
    if problem and not _NUMBER.search(problem):
        found.append(
            Hint(
                "problem",
                _(
                    "困りごとの大きさが伝わる数字を一つ入れてみましょう(例:「年に約120件」「職員2人で週6時間」)。"
                ),
            )
        )
    if len(problem) < 60:
        found.append(
            Hint(
                "problem", _("だれが、いつ、どのように困っているかを書くと、提案する側が考えやすくなります。")
            )
        )
    if not goal_image:
        found.append(
            Hint(
                "goal_image",
                _(
                    "「うまくいったらどんな場面になるか」を書きましょう。成功の姿があると提案の質が上がります。"
                ),
            )
        )
    elif not _NUMBER.search(goal_image):
        found.append(
            Hint("goal_image", _("どこまでできたら成功といえるか、目安の数字や時期を添えてみましょう。"))
        )
    if _WIDE.search(title) and scale == "small":
        found.append(
            Hint(
                "title",
                _("題名が広いようです。「だれの・何を・どうしたい」まで絞ると、提案が集まりやすくなります。"),
            )
        )
    if _MEANS.search(title):
        found.append(
            Hint(
                "title",
                _("手段が題名に入っています。困りごとを題名にすると、思いつかなかった解決策も届きます。"),
            )
        )
    if len(title) > 40:
        found.append(Hint("title", _("題名は40字以内にすると、一覧で読みやすくなります。")))
    if not offers and not offer_note:
        found.append(
            Hint(
                "offer_note",
                _(
                    "場所・データ・広報など、お金以外に提供できるものも書けます。一つあるだけで提案が増えます。"
                ),
            )
        )
    return found


def hints_for(challenge: Challenge) -> list[Hint]:
    return hints(
        title=challenge.title,
        problem=challenge.problem,
        goal_image=challenge.goal_image,
        offer_note=challenge.offer_note,
        offers=sum(
            [
                challenge.offers_field,
                challenge.offers_data,
                challenge.offers_publicity,
                challenge.offers_budget,
            ]
        ),
        scale=challenge.scale,
    )
