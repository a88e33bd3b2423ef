"""What of an answer is new: each case is a mail as a real mail program lays it out (with invented people)."""

import time

import pytest

from musubi.cases.mail.quoting import LONGEST_BODY, split

ANSWER = "ご連絡ありがとうございます。\n来週の火曜で調整します。"
NOTICE = "##- 返信はこの線より上に書いてください。案件の参加者全員に届きます -##\n\n田中 様\n\n環境課さんから:\n\nいつ始められますか。"
QUOTED = "\n".join(f"> {line}".rstrip() for line in NOTICE.split("\n"))

PROGRAMS = {
    "Gmail": f"{ANSWER}\n\n2026年11月22日(日) 10:00 Musubi <noreply@city.example>:\n\n{QUOTED}",
    "Gmail, full-width": f"{ANSWER}\n\n2026年11月22日(日) 10:00 結 <noreply@city.example>:\n{QUOTED}",
    "Gmail, wrapped": f"{ANSWER}\n\n2026年11月22日(日) 10:00 見本市公民連携デスク\n<noreply@city.example>:\n\n{QUOTED}",
    "Gmail, English": f"{ANSWER}\n\nOn Sun, Nov 22, 2026 at 10:00 AM Musubi <noreply@city.example> wrote:\n\n{QUOTED}",
    "Gmail, English, wrapped": f"{ANSWER}\n\nOn Sun, Nov 22, 2026 at 10:00 AM 見本市 <\nnoreply@city.example> wrote:\n\n{QUOTED}",
    "iPhone": f"{ANSWER}\n\niPhoneから送信\n\n2026/11/22 10:00、Musubi <noreply@city.example>のメール:\n\n{QUOTED}",
    "Apple Mail": f"{ANSWER}\n\n2026年11月22日 10:00、Musubi <noreply@city.example>のメール:\n\n{QUOTED}",
    "Thunderbird": f"{ANSWER}\n\nOn 2026/11/22 10:00, Musubi wrote:\n{QUOTED}",
    "Thunderbird, Japanese": f"{ANSWER}\n\n2026/11/22 10:00、Musubi さんは書きました:\n{QUOTED}",
    "Becky!": f"{ANSWER}\n\nOn Sun, 22 Nov 2026 10:00:00 +0900\nMusubi <noreply@city.example> wrote:\n\n{QUOTED}",
    "Outlook, plain": f"{ANSWER}\n\n-----Original Message-----\nFrom: Musubi <noreply@city.example>\nSent: Sunday, November 22, 2026 10:00 AM\nTo: 田中\nSubject: メッセージ\n\n{NOTICE}",
    "Outlook, Japanese": f"{ANSWER}\n\n________________________________\n差出人: Musubi <noreply@city.example>\n送信日時: 2026年11月22日 10:00\n宛先: 田中 <tanaka@example.jp>\n件名: メッセージ\n\n{NOTICE}",
    "Outlook, Japanese, no rule": f"{ANSWER}\n\n差出人: Musubi <noreply@city.example>\n送信日時: 2026年11月22日 10:00\n宛先: 田中 <tanaka@example.jp>\n件名: メッセージ\n\n{NOTICE}",
    "Outlook, 元のメッセージ": f"{ANSWER}\n\n-----元のメッセージ-----\n差出人: Musubi\n送信日時: 2026年11月22日\n\n{NOTICE}",
    "Outlook for iOS": f"{ANSWER}\n\nOutlook for iOSを入手\n________________________________\n差出人: Musubi <noreply@city.example>\n送信日時: Sunday, November 22, 2026 10:00:00 AM\n宛先: 田中\n件名: メッセージ\n\n{NOTICE}",
    "Yahoo! mail": f"{ANSWER}\n\n----- Original Message -----\n> From: Musubi <noreply@city.example>\n{QUOTED}",
    "a program that marks nothing": f"{ANSWER}\n\n{NOTICE}",
    "a program that only quotes": f"{ANSWER}\n\n{QUOTED}",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_answer_above_the_quotation_is_told_apart(program):
    text = PROGRAMS[program]
    body, quoted = split(text)
    assert body == ANSWER
    assert "いつ始められますか。" in quoted
    # Folded, never thrown away.
    assert (body + quoted).replace("\n", "") == text.replace("\n", "")


@pytest.mark.parametrize("program", PROGRAMS)
def test_quotation_alone_leaves_nothing(program):
    assert split(PROGRAMS[program].removeprefix(ANSWER)).body == ""


@pytest.mark.parametrize(
    "attribution",
    ["2026年11月22日(日) 10:00 Musubi <noreply@city.example>:", "On 2026/11/22 10:00, Musubi wrote:"],
)
def test_answer_below_the_quotation_is_found(attribution):
    body, quoted = split(f"{attribution}\n{QUOTED}\n\n{ANSWER}\n\n-- \n田中 花子\ntanaka@example.jp")
    assert body == ANSWER
    assert "いつ始められますか。" in quoted
    assert "tanaka@example.jp" in quoted


def test_answers_between_the_quoted_lines_keep_what_they_answer():
    text = "田中です。\n\n2026/11/22 10:00、Musubi <a@city.example>のメール:\n> いつ始められますか。\n来月からです。\n> 費用は。\n無料です。\n\n> よろしくお願いします。"
    body, quoted = split(text)
    assert "> いつ始められますか。\n来月からです。\n> 費用は。\n無料です。" in body
    assert body.startswith("田中です。")
    assert "のメール:" not in body
    assert "> よろしくお願いします。" in body + quoted


SIGNATURES = [
    "--\n田中 花子",
    "--\n田中 花子\nうみかぜ環境株式会社",
    "━━━━━━━━━━━━━━\nうみかぜ環境株式会社\n田中 花子\nTEL 03-0000-0000\n━━━━━━━━━━━━━━",
    "==========================\n〒000-0000 見本県見本市1-1\n田中\n==========================",
    "*-*-*-*-*-*-*-*-*-*\n田中 tanaka@example.jp",
    "◇◆◇◆◇◆◇◆◇◆\nうみかぜ環境 田中\nhttps://umikaze.example.jp\n◇◆◇◆◇◆◇◆◇◆",
    "iPhoneから送信",
    "Sent from my iPhone",
    "Get Outlook for iOS",
    "Yahoo!メールアプリから送信",
]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_signature_is_folded(signature):
    assert split(f"{ANSWER}\n\n{signature}\n") == (ANSWER, signature.strip())


OWN_WORDS = [
    "次の日程ではいかがですか。\n- 火曜 10時\n- 水曜 14時\nよろしくお願いします。",
    "2026年11月22日の予定:\n現地を確認します。",
    "議題\n----------\n一つ目は予算です。\n----------\n二つ目は場所です。",
    "差出人: を書き忘れました。",
    "数量 > 10 のときは別にご相談ください。",
    "From: の行は要りません。\n\nほかに質問はありません。",
    "件名: 打合せ\n日時: 11月25日 14時\n場所: 市役所",
    "送信は月末までに行います。",
]


@pytest.mark.parametrize("text", OWN_WORDS)
def test_what_only_looks_like_a_quotation_stays(text):
    assert split(text) == (text, "")


def test_words_beyond_the_limit_are_folded_not_lost():
    text = "あ" * (LONGEST_BODY + 5)
    body, quoted = split(text)
    assert (len(body), quoted) == (LONGEST_BODY, "あ" * 5)


@pytest.mark.parametrize(
    "text",
    [
        "> a\n" * 60_000 + "x",
        "On " * 100_000,
        "2026年11月22日(日) 10:00 " + "<" * 300_000,
        "-" * 300_000 + "x",
        "- - " * 90_000,
        ("On 2026/11/22 10:00, " + "a" * 300 + "\n") * 1000,
        "From: a\n" * 40_000,
        "\n" * 400_000,
        "--\n" * 100_000,
    ],
    ids=["quotes", "On", "angles", "rule", "dashes", "attributions", "fields", "empty", "signatures"],
)
def test_hostile_text_takes_no_time(text):
    begun = time.process_time()
    split(text)
    assert time.process_time() - begun < 3
