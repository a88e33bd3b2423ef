"""An invented country in words: names of municipalities, departments, organisations, and what troubles them.

Everything is put together from these lists by the random generator that is handed in, so a seed gives the same
country again. No name is meant to be anybody's.
"""

from dataclasses import dataclass
from random import Random

_FIRST = ["青凪", "灯里", "風音", "星渡", "花綴", "雲結", "霧立", "月待", "陽向", "鈴波"]
_LAST = ["浦", "原", "沢", "丘", "川", "島", "森", "崎", "台", "野"]
HUES = ["ai", "moegi", "suou", "kaki"]

DEPARTMENTS = [
    "総務課", "企画課", "防災危機管理課", "子育て支援課", "福祉課", "健康増進課", "環境政策課", "産業振興課",
    "観光交流課", "都市整備課", "生涯学習課", "地域づくり課",
]  # fmt: skip
_DUTIES = ["計画の策定", "窓口の運営", "補助金の交付", "施設の管理", "啓発と広報", "関係団体との調整"]

_SURNAMES = ["青木原", "石渡部", "上里", "梅沢田", "岡野目", "川辺井", "木下村", "小波", "桜庭野", "白川瀬"]
_GIVEN = ["あおい", "いつき", "かえで", "さくら", "たける", "なぎさ", "はると", "ひなた", "みお", "りく"]

_MAKERS = [
    "みなも",
    "ひだまり",
    "こもれび",
    "つむぎ",
    "はるかぜ",
    "やまびこ",
    "うみかぜ",
    "ほしぞら",
    "きずな",
    "あさひ",
]
_TRADES = [
    "工房",
    "技研",
    "システムズ",
    "環境サービス",
    "デザイン",
    "物流",
    "農園",
    "ケア",
    "エナジー",
    "地域研究所",
]
_FORMS = {"company": "株式会社{}", "npo": "NPO法人{}", "university": "{}大学", "research": "{}研究機構",
          "community": "{}の会", "sole": "{}事務所"}  # fmt: skip


@dataclass(frozen=True)
class Theme:
    """What a need is about: its field of work, its goals, who suffers, what is missing, what would help."""

    field: str
    goals: tuple[int, ...]
    people: tuple[str, ...]
    things: tuple[str, ...]
    means: tuple[str, ...]
    weight: int = 1


# Disaster readiness is a quarter of all, so that a search for 防災 has much to carry.
THEMES = [
    Theme("safety", (11, 13), ("自主防災組織", "避難所の担当職員", "水辺の住民", "消防団員"),
          ("防災備蓄の点検", "防災訓練の参加者名簿", "避難所の開設状況", "防災無線の聞こえない地区", "冠水しやすい道路の見回り"),
          ("見回りの自動記録", "防災情報の多言語配信", "備蓄の共同管理"), 4),
    Theme("children", (3, 4), ("共働きの家庭", "保育士", "放課後児童クラブの支援員"),
          ("一時預かりの空き状況", "子育て相談の予約", "園の連絡帳"), ("空き状況の見える化", "相談のオンライン化")),
    Theme("education", (4,), ("中学校の教員", "図書館の利用者", "部活動の指導者"),
          ("部活動の地域移行", "学校図書の貸出", "不登校の児童との連絡"), ("指導者の人材バンク", "学びの場の共有")),
    Theme("welfare", (3, 10), ("一人暮らしの高齢者", "民生委員", "介護事業所の職員"),
          ("見守りの訪問記録", "買い物の足", "介護認定の待ち時間"), ("見守りの当番表づくり", "移動販売との連携")),
    Theme("health", (3,), ("働き盛りの世代", "保健師", "地域の診療所"),
          ("健診の受診率", "運動習慣のきっかけ", "服薬の相談"), ("歩数に応じたポイント", "出張の健康相談")),
    Theme("environment", (7, 13, 14), ("海岸清掃のボランティア", "ごみ収集の職員", "公共施設の管理者"),
          ("海ごみの分別", "庁舎の電力使用量", "生ごみの資源化"), ("分別の画像判定", "使用量の見える化")),
    Theme("industry", (8, 9), ("商店街の店主", "後継者のいない事業主", "創業を考える若者"),
          ("空き店舗の貸し手探し", "事業承継の相談", "伝統工芸の販路"), ("貸し手と借り手の引き合わせ", "共同の販売会")),
    Theme("tourism", (8, 11), ("宿の経営者", "観光案内所の職員", "一人旅の旅行者"),
          ("平日の宿泊客", "二次交通の案内", "体験の予約"), ("体験の共同予約", "周遊きっぷの電子化")),
    Theme("culture", (4, 11), ("祭りの担い手", "文化財の所有者", "体育館の利用者"),
          ("祭りの写真と記録", "文化財の修理費", "施設の予約の抽選"), ("記録の電子化", "寄附の募集")),
    Theme("town", (9, 11), ("バス路線の利用者", "空き家の近隣住民", "道路の点検員"),
          ("空き家の実態", "道路の穴の通報", "バスの乗り継ぎ"), ("写真による通報", "予約型の乗合い")),
    Theme("digital", (9, 16), ("窓口の職員", "申請に来る住民", "会議の事務局"),
          ("窓口の待ち時間", "紙の申請書の転記", "議事録づくり"), ("書かない窓口", "申請の電子化")),
    Theme("community", (11, 17), ("自治会の役員", "転入したばかりの住民", "集会所の管理人"),
          ("回覧板の届かない世帯", "役員のなり手", "集会所の使い方"), ("回覧の電子化", "集会所の共同利用")),
    Theme("food", (2, 12, 15), ("新規就農者", "給食センターの職員", "漁業者"),
          ("給食の食べ残し", "規格外の野菜", "有害鳥獣の見回り"), ("余った食材の橋渡し", "わなの遠隔監視")),
    Theme("diversity", (5, 10), ("外国にルーツのある家庭", "女性の管理職", "障害のある働き手"),
          ("窓口での通訳", "働き方の相談", "やさしい日本語の案内"), ("通訳の遠隔対応", "相談窓口の一本化")),
]  # fmt: skip
_WEIGHTS = [theme.weight for theme in THEMES]

_PLACES = ["北部地区", "駅周辺", "沿岸部", "山あいの集落", "中心市街地", "団地", "小学校区", "市内全域"]
_ASKS = ["{thing}をもっと楽にしたい", "{thing}を{people}と一緒に見直したい", "{thing}の困りごとを減らしたい",
         "{means}で{thing}を良くしたい"]  # fmt: skip
_TROUBLES = [
    "{place}では{people}から{thing}について年に約{n}件の相談があります。",
    "{thing}は職員{m}人が週に{h}時間かけて手作業で行っています。",
    "{people}の声が担当課に届くまでに平均で{n}日かかっています。",
    "この{m}年で{thing}にかかる時間が{h}割増え、ほかの仕事が後回しになっています。",
    "紙と電話でのやり取りが中心で、{people}にも職員にも負担がかかっています。",
    "昨年度は{place}で{n}世帯に説明しましたが、参加は{h}割にとどまりました。",
]
_PICTURES = [
    "{people}が{thing}を自分の端末で確かめられ、相談が年{n}件より少なくなる。",
    "{means}により、職員の作業が週{h}時間から{m}時間に減る。",
    "{place}の{people}の{h}割が「前より楽になった」と答える。",
]
_OFFERS = ["{place}の公共施設を実証の場として使えます。", "過去{m}年分の{thing}の記録を提供できます。",
           "広報紙と公式サイトで取組を紹介します。", "{people}への説明会を開きます。"]  # fmt: skip
_CONDITIONS = ["個人情報は庁内の機器から持ち出せません。", "年度内に効果を確かめられる提案を希望します。",
               "{people}が無理なく続けられることを重んじます。"]  # fmt: skip
_LINES = [
    "先日はありがとうございました。{thing}の件、庁内で確認しました。",
    "{place}での進め方の案を作りました。ご意見をお聞かせください。",
    "{people}への聞き取りの結果をまとめました。約{n}人から回答がありました。",
    "費用は初年度{n}万円ほどを見込んでいます。",
    "次の打合せまでに{means}の見積りをご用意ください。",
]
NEXT_STEPS = ["返事をする", "資料を確かめる", "打合せの日程を決める", "見積りを出す"]


class Words:
    """The lists above, drawn from with one random generator."""

    def __init__(self, random: Random):
        self.random = random

    def municipality(self, number: int) -> tuple[str, str, str]:
        """(name, slug, prefecture) of municipality `number`, from 0; beyond a hundred a numeral joins the name."""
        round_, n = divmod(number, 100)
        name = _FIRST[n // 10] + _LAST[n % 10] + (f"第{round_ + 1}" if round_ else "") + "市町村"[number % 3]
        return name, f"city-{number + 1:04d}", f"{_FIRST[n // 10]}県"

    def duties(self) -> str:
        theme = self.random.choice(THEMES)
        return "、".join([*self.random.sample(theme.things, 2), self.random.choice(_DUTIES)])

    def person(self) -> str:
        return f"{self.random.choice(_SURNAMES)} {self.random.choice(_GIVEN)}"

    def organisation(self, number: int, kind: str) -> str:
        name = _MAKERS[number % 10] + _TRADES[number // 10 % 10]
        return _FORMS[kind].format(name + (str(number // 100) if number >= 100 else ""))

    def theme(self) -> Theme:
        return self.random.choices(THEMES, _WEIGHTS)[0]

    def title(self, theme: Theme) -> str:
        return f"{self.random.choice(_PLACES)}の" + self._fill(self.random.choice(_ASKS), theme)

    def trouble(self, theme: Theme) -> str:
        return self._sentences(_TROUBLES, 3, theme)

    def picture(self, theme: Theme) -> str:
        return self._sentences(_PICTURES, 1, theme)

    def offer(self, theme: Theme) -> str:
        return self._sentences(_OFFERS, 1, theme)

    def condition(self, theme: Theme) -> str:
        return self._sentences(_CONDITIONS, 1, theme)

    def line(self, theme: Theme) -> str:
        """One message of a case."""
        return self._sentences(_LINES, 2, theme)

    def _sentences(self, choices: list[str], most: int, theme: Theme) -> str:
        return "".join(self._fill(sentence, theme) for sentence in self.random.sample(choices, most))

    def _fill(self, pattern: str, theme: Theme) -> str:
        random = self.random
        return pattern.format(
            place=random.choice(_PLACES),
            people=random.choice(theme.people),
            thing=random.choice(theme.things),
            means=random.choice(theme.means),
            n=random.randrange(20, 400),
            m=random.randrange(2, 6),
            h=random.randrange(3, 10),
        )
