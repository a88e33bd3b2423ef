"""Which column of a municipality's table is which of our fields, and why we think so.

Headings are compared folded (width, case, spaces, marks and remarks in brackets forgiven): first the whole heading
with the words we know, then its last part (merged headings read 「連絡先 電話」), then its beginning or end. The best
pair is taken first, each field once, each column once. A person can put every choice right in the preview.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.imports.states import Kind
from musubi.lib.tables import Column, Table
from musubi.lib.text import normalise


@dataclass(frozen=True)
class Slot:
    """One field a column can fill. `words` are headings it goes by, likeliest first; `stored` is False for columns
    that are understood but not taken over, with the reason in `hint`."""

    name: str
    label: str
    words: tuple[str, ...]
    hint: str = ""
    example: str = ""
    required: bool = False
    stored: bool = True


@dataclass(frozen=True)
class Guess:
    """What a column was taken for: a slot's name, or "" for 使わない, and the reason in words."""

    column: Column
    field: str
    why: str


def _slot(name: str, label: str, words: str, **more) -> Slot:
    return Slot(name, label, tuple(words.split()), **more)


_GOALS = _slot(
    "goals",
    gettext_lazy("SDGsゴール"),
    "SDGs SDGsゴール SDGs目標 SDGsの目標 関連するSDGs 関連SDGs 関連するゴール ゴール番号 ゴール sdgs_by_municipality goals",
    hint=gettext_lazy("番号。二つ以上は読点で区切る"),
    example="14、12",
)
_FIELDS = _slot(
    "fields",
    gettext_lazy("分野"),
    "分野 政策分野 分野名 カテゴリ カテゴリー ジャンル 分類 category",
    hint=gettext_lazy("分野の名前。二つ以上は読点で区切る"),
)
_NUMBER = _slot(
    "number",
    gettext_lazy("元の表の番号"),
    "番号 No № ID 通番 連番 整理番号 項番 管理番号 受付番号 need_id",
    hint=gettext_lazy("番号は新しく付きます"),
    stored=False,
)
_MUNICIPALITY = _slot(
    "municipality",
    gettext_lazy("自治体名"),
    "自治体名 自治体 市区町村 市区町村名 市町村名 市町村 地方公共団体名 地方公共団体 municipality city",
    hint=gettext_lazy("取り込み先は画面の自治体です。別の自治体の行がないかだけ確かめます"),
    stored=False,
)
_LGCODE = _slot(
    "lgcode",
    gettext_lazy("団体コード"),
    "団体コード 自治体コード 市区町村コード 全国地方公共団体コード 都道府県コード又は市区町村コード lgcode",
    hint=gettext_lazy("取り込み先は画面の自治体です。別の自治体の行がないかだけ確かめます"),
    stored=False,
)
_CORPORATE_NUMBER = _slot(
    "corporate_number",
    gettext_lazy("法人番号"),
    "法人番号 法人番号13桁 法人No corporate_number",
    hint=gettext_lazy("13桁。表のセルは文字列の書式にする"),
    example="",
)

SLOTS: dict[str, tuple[Slot, ...]] = {
    Kind.CHALLENGES: (
        _slot(
            "title",
            gettext_lazy("課題名"),
            "課題名 課題タイトル 課題件名 ニーズ名 ニーズ 件名 タイトル 題名 募集テーマ テーマ名 課題テーマ テーマ 案件名 "
            "課題 課題・ニーズ title subject need",
            hint=gettext_lazy("120字まで"),
            example="海岸清掃で集めたごみの分別を続けたい",
            required=True,
        ),
        _slot(
            "department",
            gettext_lazy("担当課"),
            "担当課 担当部署 担当部署名 担当課名 部署名 部署 所管課 所管 所管部署 主管課 担当部局 課名 所属 原課 担当 department",
            hint=gettext_lazy("登録済みの部署の名前"),
        ),
        _slot(
            "problem",
            gettext_lazy("いま困っていること"),
            "いま困っていること 困っていること 現状と課題 現状・課題 現状及び課題 現状 課題の内容 課題内容 課題の概要 課題概要 課題の詳細 "
            "ニーズの内容 ニーズ内容 背景・課題 背景と課題 背景 内容 概要 詳細 説明 本文 課題 body description problem summary",
            example="年に約40回の海岸清掃で集めたごみの分別に、職員2人で週6時間かかっている。",
        ),
        _slot(
            "goal_image",
            gettext_lazy("目指す姿"),
            "目指す姿 目指す状態 ありたい姿 あるべき姿 実現したい姿 実現したいこと 解決後の姿 解決のイメージ 期待する成果 "
            "期待する効果 求める提案 求める解決策 求める提案内容 ゴールイメージ goal_image",
            example="来年度末までに、分別にかかる時間を半分にする。",
        ),
        _slot(
            "offer_note",
            gettext_lazy("自治体が提供できるもの"),
            "自治体が提供できるもの 提供できるもの 提供できるリソース 提供リソース 市が提供できるもの 区が提供できるもの 支援内容 offer_note",
            example="実証の場所、広報紙での周知",
        ),
        _slot(
            "conditions",
            gettext_lazy("条件・留意点"),
            "条件・留意点 条件 留意点 留意事項 制約条件 前提条件 応募条件 備考 conditions",
        ),
        _slot(
            "scale",
            gettext_lazy("規模"),
            "規模 課題の規模 scale",
            hint=gettext_lazy("「小さく具体的」か「大きな社会課題」"),
            example="小さく具体的",
        ),
        _GOALS,
        _FIELDS,
        _slot(
            "deadline",
            gettext_lazy("提案の締切"),
            "提案の締切 提案締切 締切日 締切 締め切り 〆切 募集期限 募集締切 応募期限 応募締切 受付期限 提出期限 期限 募集終了日 deadline",
            hint=gettext_lazy("令和8年3月31日、R8.3.31、2026/3/31 のどれでも"),
            example="令和9年3月31日",
        ),
        _NUMBER,
        _MUNICIPALITY,
        _LGCODE,
    ),
    Kind.ORGANISATIONS: (
        _CORPORATE_NUMBER,
        _slot(
            "name",
            gettext_lazy("団体名"),
            "団体名 名称 団体名称 企業名 事業者名 法人名 法人名称 会社名 商号又は名称 商号・名称 商号 社名 会員名 組織名 機関名 "
            "企業・団体名 団体・企業名 交付先名 支出先名 主催者 organisation company name",
            hint=gettext_lazy("120字まで"),
            example="株式会社みなと海業",
            required=True,
        ),
        _slot(
            "name_kana",
            gettext_lazy("団体名(カナ)"),
            "団体名カナ 名称カナ 名称フリガナ 団体名フリガナ 法人名カナ 企業名カナ フリガナ ふりがな カナ よみ name_kana",
            example="ミナトウミギョウ",
        ),
        _slot("name_en", gettext_lazy("英語名"), "英語名 名称英字 名称英語 英文名 英文名称 name_en"),
        _slot(
            "kind",
            gettext_lazy("種別"),
            "種別 団体種別 団体の種別 法人種別 団体区分 法人区分 組織形態 法人格 区分 kind",
            hint=gettext_lazy("企業、NPO・公益団体、大学・学校、研究機関、地域団体、個人事業主"),
            example="企業",
        ),
        _slot(
            "size",
            gettext_lazy("規模"),
            "規模 従業員数 従業員規模 社員数 職員数 団体の規模 企業規模 size employees",
            hint=gettext_lazy("働いている人の数。50、約50人、21〜300人 のどれでも"),
            example="50人",
        ),
        _slot("prefecture", gettext_lazy("都道府県"), "都道府県 都道府県名 prefecture pref"),
        _slot(
            "address",
            gettext_lazy("所在地"),
            "所在地 住所 本社所在地 本店所在地 主たる事務所の所在地 所在地_連結表記 所在地住所 address",
            example="汐風区港町一丁目1番1号",
        ),
        _slot(
            "url",
            gettext_lazy("ウェブサイト"),
            "ウェブサイト URL ホームページ HP webサイト サイト コンテンツURL website",
            example="https://www.example.jp/",
        ),
        _slot(
            "description",
            gettext_lazy("団体の紹介"),
            "団体の紹介 紹介文 事業内容 事業概要 活動内容 活動概要 紹介 自己紹介 PR 概要 説明 description",
            example="使わなくなった漁網を回収し、かばんに作り直しています。",
        ),
        _slot(
            "industry", gettext_lazy("業種"), "業種 業種名 業種分類 産業分類 業態 industry", example="製造業"
        ),
        _slot("founded_on", gettext_lazy("設立日"), "設立日 設立年月日 創業日 創立日 設立 founded_on"),
        _slot(
            "joined_on",
            gettext_lazy("入会日"),
            "入会日 会員登録日 加入日 参加日 登録日 登録年月日 joined_on",
            hint=gettext_lazy("空欄なら取り込んだ日"),
            example="令和6年9月2日",
        ),
        _NUMBER,
        _MUNICIPALITY,
        _LGCODE,
    ),
    Kind.PROPOSALS: (
        _slot(
            "title",
            gettext_lazy("提案名"),
            "提案名 提案件名 提案タイトル 提案事業名 提案の名称 件名 タイトル 題名 事業名 title",
            hint=gettext_lazy("120字まで"),
            example="分別を楽しく学べる海岸清掃の日",
            required=True,
        ),
        _slot(
            "organisation",
            gettext_lazy("提案した団体"),
            "提案した団体 提案者名 提案者 提案団体 提案団体名 提案企業 提案企業名 提案事業者 団体名 企業名 事業者名 法人名 会社名 企業・団体名 "
            "応募者名 応募者 名称 organisation company",
            example="株式会社みなと海業",
            required=True,
        ),
        _CORPORATE_NUMBER,
        _slot(
            "track",
            gettext_lazy("類型"),
            "類型 提案類型 提案の類型 提案区分 提案の区分 提案種別 区分 種別 track",
            hint=gettext_lazy("課題解決型、実証実験提案型、自由提案"),
            example="課題解決型",
        ),
        _slot(
            "challenge",
            gettext_lazy("対象の課題"),
            "対象の課題 対象課題 対象課題名 課題名 課題番号 課題の整理番号 課題 対象テーマ テーマ challenge",
            hint=gettext_lazy("登録済みの課題の整理番号か課題名"),
            example="海岸清掃で集めたごみの分別を続けたい",
        ),
        _slot(
            "content",
            gettext_lazy("提案の内容"),
            "提案の内容 提案内容 提案概要 提案の概要 内容 概要 詳細 説明 本文 content body description",
            example="清掃に集まった人がその場で分別を競う催しを、年4回開きます。",
        ),
        _slot(
            "submitted_on",
            gettext_lazy("受付日"),
            "受付日 受付年月日 受理日 提案日 提出日 申込日 応募日 申請日 受付日時 submitted_on",
            hint=gettext_lazy("空欄なら取り込んだ日"),
            example="令和6年9月2日",
        ),
        _slot(
            "effect",
            gettext_lazy("見込まれる効果"),
            "見込まれる効果 期待される効果 期待できる効果 効果 effect",
        ),
        _slot(
            "request",
            gettext_lazy("自治体にお願いしたいこと"),
            "自治体にお願いしたいこと 自治体への要望 市への要望 区への要望 行政への要望 希望する支援 要望 request",
        ),
        _slot(
            "schedule",
            gettext_lazy("進め方と時期"),
            "進め方と時期 実施スケジュール スケジュール 実施時期 進め方 schedule",
        ),
        _slot(
            "cost",
            gettext_lazy("費用と負担の考え方"),
            "費用と負担の考え方 費用負担 概算費用 費用 経費 予算 cost",
        ),
        _slot(
            "field_wanted",
            gettext_lazy("実証したい場所・期間"),
            "実証したい場所・期間 実証場所 実証フィールド 実証の場所 実施場所 field_wanted",
        ),
        _slot(
            "channel",
            gettext_lazy("経路"),
            "経路 受付経路 受付方法 提案経路 きっかけ channel",
            hint=gettext_lazy("サイト、イベント、持ち込み、紹介、メールなど"),
            example="持ち込み",
        ),
        _GOALS,
        _FIELDS,
        _NUMBER,
        _MUNICIPALITY,
        _LGCODE,
    ),
    Kind.CONTRIBUTIONS: (
        _slot(
            "name",
            gettext_lazy("拠出者"),
            "拠出者 拠出者名 拠出団体 拠出団体名 拠出企業 拠出企業名 寄附者 寄附者名 寄付者 寄付者名 寄附者氏名 企業名 団体名 会社名 法人名 "
            "氏名 名称 name donor",
            hint=gettext_lazy("120字まで"),
            example="株式会社みなと海業",
            required=True,
        ),
        _CORPORATE_NUMBER,
        _slot(
            "source",
            gettext_lazy("区分"),
            "区分 拠出者の種類 拠出者の区分 拠出者区分 財源区分 財源 寄附者区分 種別 source",
            hint=gettext_lazy("公費、企業・団体、個人"),
            example="企業・団体",
        ),
        _slot(
            "yen",
            gettext_lazy("金額"),
            "金額 拠出額 拠出金額 寄附額 寄附金額 寄付額 寄付金額 受入額 受領額 金額円 yen amount",
            hint=gettext_lazy("円。1,000,000、100万円 のどれでも"),
            example="1,000,000",
            required=True,
        ),
        _slot(
            "earmark",
            gettext_lazy("使いみち"),
            "使いみち 使途 使途指定 使途の指定 指定使途 指定 充当先 充当事業 earmark",
            hint=gettext_lazy(
                "空欄なら指定なし。「ゴール14」、登録済みの助成制度の名前、それ以外はテーマになります"
            ),
            example="ゴール14",
        ),
        _slot(
            "is_anonymous",
            gettext_lazy("名前の公開"),
            "名前の公開 氏名の公開 公開 公表 公開可否 公表可否 公表の可否 氏名公表 匿名 匿名希望 anonymous",
            hint=gettext_lazy("「公開」か「匿名」。空欄の個人は匿名"),
            example="公開",
        ),
        _slot(
            "pledged_on",
            gettext_lazy("約束の日"),
            "約束の日 申込日 申出日 約束日 拠出申込日 寄附申込日 寄附申出日 pledged_on",
            hint=gettext_lazy("空欄なら受領日、それも無ければ取り込んだ日"),
        ),
        _slot(
            "received_on",
            gettext_lazy("受領日"),
            "受領日 受入日 入金日 入金確認日 収納日 領収日 寄附日 受領年月日 received_on",
            hint=gettext_lazy("空欄なら、まだ受け取っていない拠出(約束)になります"),
            example="令和7年5月20日",
        ),
        _slot(
            "state",
            gettext_lazy("状態"),
            "状態 状況 受入状況 state",
            hint=gettext_lazy("「取りやめ」「返還」の行は取り込みません。そのほかは受領日から分かります"),
            stored=False,
        ),
        _slot(
            "message",
            gettext_lazy("寄せられた言葉"),
            "寄せられた言葉 メッセージ 応援メッセージ 一言 コメント message",
        ),
        _NUMBER,
        _MUNICIPALITY,
        _LGCODE,
    ),
}


def slots(kind: str) -> dict[str, Slot]:
    """The fields of a kind by name, in the order people see them."""
    return {slot.name: slot for slot in SLOTS[kind]}


def required(kind: str) -> list[Slot]:
    return [slot for slot in SLOTS[kind] if slot.required]


def headings(kind: str) -> list[Slot]:
    """The columns of the template sheet."""
    return [slot for slot in SLOTS[kind] if slot.stored]


# --- matching ------------------------------------------------------------------------------------------------


def fold(heading: str) -> str:
    """A heading made comparable: width, case, spaces, underscores and marks forgiven."""
    return re.sub(r"[\W_]+", "", normalise(heading).casefold())


def _without_remarks(heading: str) -> str:
    return re.sub(r"[(\[【〔〈].*?[)\]】〕〉]", "", normalise(heading))


def guess(kind: str, table: Table) -> list[Guess]:
    """What each column of the table is taken for, in the table's order."""
    offers = []
    for index, column in enumerate(table.columns):
        for slot in SLOTS[kind]:
            score, why = _score(column.name, slot)
            if score:
                offers.append((-score, index, slot.name, why))
    offers += _by_values(kind, table)
    taken: dict[int, tuple[str, str]] = {}
    used: dict[str, str] = {}
    beaten: dict[int, str] = {}
    for _worst, index, name, why in sorted(offers):
        if index in taken:
            continue
        if name in used:
            beaten.setdefault(index, name)
            continue
        taken[index] = (name, why)
        used[name] = table.columns[index].letter
    return [
        Guess(column, *taken.get(index, ("", _why_not(kind, column, beaten.get(index), used))))
        for index, column in enumerate(table.columns)
    ]


def _why_not(kind: str, column: Column, beaten: str | None, used: dict[str, str]) -> str:
    if beaten:
        return _("「%(label)s」には%(letter)s列のほうが合うため、使いません") % {
            "label": slots(kind)[beaten].label,
            "letter": used[beaten],
        }
    if not column.name:
        return _("見出しがないため、使いません")
    return _("あてはまる項目がないため、使いません")


def _score(heading: str, slot: Slot) -> tuple[float, str]:
    """How well a heading names a slot (0–100), and the sentence that says so."""
    whole = fold(heading)
    if not whole:
        return 0, ""
    plain = fold(_without_remarks(heading))
    last = fold(_without_remarks(heading.split(" ")[-1])) if " " in heading.strip() else ""
    best, why = 0.0, ""
    for rank, word in enumerate(slot.words):
        key = fold(word)
        if whole == key:
            score, says = 100 - rank / 2, _("見出しが「%(word)s」と同じ")
        elif plain == key:
            score, says = 92 - rank / 2, _("かっこ書きを除くと見出しが「%(word)s」と同じ")
        elif last == key:
            score, says = 80 - rank / 2, _("見出しの下の段が「%(word)s」と同じ")
        elif len(key) >= 3 and _japanese(key) and plain.endswith(key):
            score, says = 40 + 30 * len(key) / len(plain), _("見出しが「%(word)s」で終わる")
        elif len(key) >= 3 and plain.startswith(key) and len(plain) <= 2 * len(key) + 2:
            score, says = 40 + 25 * len(key) / len(plain), _("見出しが「%(word)s」で始まる")
        else:
            continue
        if score > best:
            best, why = score, says % {"word": word}
    return best, why


def _japanese(text: str) -> bool:
    return any(letter > "\u3000" for letter in text)


def _by_values(kind: str, table: Table) -> Iterable[tuple[float, int, str, str]]:
    """A column of 13-digit numbers is one of 法人番号, whatever it is called."""
    if "corporate_number" not in slots(kind):
        return
    for index in range(len(table.columns)):
        values = [str(row.cells[index]) for row in table.rows[:200] if row.cells[index] not in (None, "")]
        long = [value for value in values if re.fullmatch(r"\d{13}", normalise(value))]
        if len(values) >= 3 and len(long) >= 0.8 * len(values):
            yield -30, index, "corporate_number", _("値が13桁の数字")
