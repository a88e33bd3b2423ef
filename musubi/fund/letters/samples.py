"""An invented letter of each kind: what an editor of texts and layouts sees, and what a Word template is tried with."""

from datetime import date

from musubi.fund.letters.contents import CLASSES, Content
from musubi.fund.letters.kinds import LetterKind

_ALL = {
    "on": date(2026, 6, 15),
    "number": "なぎさ市発第12号",
    "party": "一般社団法人𠮷野の浜づくり",
    "representative": "代表理事 𠮷野 洋",
    "address": "なぎさ市浜町二丁目3番4号",
    "seal": True,
}
_APPLICATION = {
    "programme": "なぎさ市SDGs推進助成金",
    "call": "令和8年度 SDGs推進助成金の募集",
    "ref": "2026-012",
    "project": "高校生と髙橋漁港で育てる藻場の再生",
    "filed_on": date(2026, 5, 8),
    "requested": 1_200_000,
}
_AWARD = {"decided_on": date(2026, 6, 15), "award_number": "なぎさ市発第12号", "decided": 1_200_000}
_GIFT = {
    "representative": "",
    "fund": "なぎさ市SDGs推進ファンド",
    "ref": "2026-003",
    "yen": 3_000_000,
    "purpose": "海の豊かさを守ろう",
    "received_on": date(2026, 6, 1),
    "party": "株式会社うみかぜ銀行",
}
_STAGE = {
    "programme": "なぎさ市SDGs推進助成金",
    "call": "令和8年度 SDGs推進助成金の募集",
    "stage": "第一次審査(書類)",
}
_MORE = {
    LetterKind.APPLICATION: {
        "support_year": 1,
        "texts": [
            ["目的と地域の課題", "磯焼けが進み、稚魚の育つ場所が減っている。"],
            ["事業の内容", "高校生と漁協が、月に1回、藻場の手入れと記録を行う。"],
        ],
        "goals": ["14 海の豊かさを守ろう"],
        "costs": [["物品費", "苗と網", 900_000], ["旅費", "指導者の交通費", 600_000]],
        "incomes": [["交付申請額", 1_200_000], ["自己資金", 300_000]],
        "papers": ["決算書.pdf"],
        "filed_by": "潮見 遥",
    },
    LetterKind.RECEIPT: {"filed_at": "令和8年5月8日 14時03分25秒", "filed_by": "潮見 遥"},
    LetterKind.INVITATION: {
        "starts": "令和8年5月29日 13時30分から",
        "ends": "14時00分まで",
        "place": "なぎさ市役所 4階 大会議室",
    },
    LetterKind.AWARD: {
        "yen": 1_200_000,
        "eligible": 1_500_000,
        "terms": "助成対象経費の5分の4以内(1年目、上限5,000,000円)",
        "own_conditions": ["活動の記録を、年に2回公開すること。"],
        "reasons": "地域の担い手が育つ計画であり、高く評価しました。",
        "pay_on": date(2026, 7, 1),
        "report_on": date(2027, 3, 31),
    },
    LetterKind.REFUSAL: {"reasons": "効果の測り方に、さらに具体的な計画が必要と判断しました。"},
    LetterKind.RESERVE: {"reasons": "優れた計画でしたが、予算の範囲を超えました。", "place": 6},
    LetterKind.ADVANCE: {"yen": 600_000, "paid": 0, "reason": "苗の購入を9月までに行うため。"},
    LetterKind.CHANGE: {
        "what": "金額の変更",
        "approved": True,
        "asked_on": date(2026, 9, 1),
        "before": 1_200_000,
        "after": 1_000_000,
        "reason": "苗の単価が下がったため。",
        "content": "物品費を250,000円減らす。",
        "words": "",
    },
    LetterKind.REPORT: {
        "support_year": 1,
        "paid": 1_000_000,
        "done": "高校生と漁協が、月に1回、藻場の手入れと記録を行った。のべ180人が参加した。",
        "effect": "藻場が1.2ha広がり、稚魚の数は前の年の1.6倍になった。",
        "costs": [["物品費", "苗と網", 820_000], ["旅費", "指導者の交通費", 280_000]],
        "compared": [["物品費", 900_000, 820_000, -80_000], ["旅費", 300_000, 280_000, -20_000]],
        "incomes": [
            ["助成金(この報告から計算した額)", 880_000],
            ["ほかの助成金", 0],
            ["事業の収入", 0],
            ["自己資金", 220_000],
        ],
        "papers": ["領収書(苗と網).pdf", "活動の写真.pdf"],
        "reported_by": "潮見 遥",
    },
    LetterKind.FIXING: {
        "eligible": 1_100_000,
        "final": 880_000,
        "paid": 1_000_000,
        "back_by": date(2027, 5, 10),
    },
    LetterKind.REVOCATION: {"reason": "助成金を目的の外に使ったため。", "claimed": 600_000},
    LetterKind.CLAIM: {
        "why": "概算払の残り",
        "is_order": False,
        "yen": 120_000,
        "due_on": date(2027, 5, 10),
        "rate": "10.95%",
        "days": 365,
    },
    LetterKind.SCORES: {
        "criteria": ["地域課題への効果", "実現の見込み"],
        "standings": [
            [
                "1",
                "2026-012",
                "高校生と髙橋漁港で育てる藻場の再生\n一般社団法人𠮷野の浜づくり",
                "4.50",
                "4.00",
                "26",
                "86.6%",
                "2・0",
                "満たす",
            ],
            ["2", "2026-004", "団地の見守り便\n槗本商店会", "3.00", "3.50", "19", "63.3%", "1・1", "満たす"],
        ],
        "recusals": [["2026-004", "汐見 亮", "勤務先が申請した団体"]],
        "rules": ["通過に必要な得点率 60%", "除斥した委員の分を、ほかの委員の平均で補う(小数点以下切捨て)"],
    },
    LetterKind.MINUTES: {
        "held_on": date(2026, 5, 25),
        "members": ["委員長 汐見 亮(なぎさ大学 教授)", "浜田 薫(公認会計士)"],
        "results": [
            [
                "1",
                "2026-012",
                "高校生と髙橋漁港で育てる藻場の再生",
                "一般社団法人𠮷野の浜づくり",
                "",
                "通過",
            ],
            ["2", "2026-004", "団地の見守り便", "槗本商店会", "汐見 亮", "通過しない"],
        ],
        "notes": [
            [
                "2026-012",
                "担い手の育て方が具体的である。測る方法は、漁協の記録と合わせるとよい。",
                "令和8年5月25日 14:20",
            ]
        ],
    },
}


def sample(kind: str, *, city: str = "なぎさ市", head: str = "なぎさ市長") -> Content:
    """The invented letter of a kind, in the name of a municipality."""
    of = CLASSES[kind]
    known = (
        {**_ALL, **_APPLICATION, **_AWARD, **_GIFT}
        if kind.startswith("gift")
        else {**_ALL, **_APPLICATION, **_AWARD}
    )
    known |= _STAGE if kind in (LetterKind.SCORES, LetterKind.MINUTES) else {}
    known |= _MORE.get(kind, {}) | {"city": city, "head": head}
    names = of.__dataclass_fields__
    return of(**{name: value for name, value in known.items() if name in names})
