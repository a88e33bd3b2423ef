"""The gallery: every shared piece on one page, with invented content, for whoever builds or checks a screen."""

from datetime import date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.shortcuts import render

from musubi.www.forms.widgets import DateInput, SdgGoalPicker, goal_choices

TOKYO = ZoneInfo("Asia/Tokyo")
CITY = SimpleNamespace(
    slug="minato-no-machi",
    name="見本市",
    display_name="見本市",
    hue="",
    contact="企画課 公民連携デスク 00-0000-0000",
)


class SampleFilter(forms.Form):
    q = forms.CharField(
        label="課題をさがす",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "例: 海ごみ、子育て"}),
    )
    department = forms.ChoiceField(
        label="部署", choices=[("", "すべて"), ("1", "環境課"), ("2", "子育て支援課")], required=False
    )
    scale = forms.MultipleChoiceField(
        label="大きさ", choices=[("small", "小さく具体的"), ("large", "大きな社会課題")], required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    until = forms.DateField(label="締切", widget=DateInput, required=False)


class SampleForm(forms.Form):
    title = forms.CharField(
        label="題名", max_length=60, help_text="ひと目でわかる30字くらいの題名にしてください。"
    )
    problem = forms.CharField(
        label="いま困っていること", max_length=800, help_text="だれが、どこで、どのくらい困っているか。数字があると伝わります。",
        widget=forms.Textarea(attrs={"rows": 5}),
    )  # fmt: skip
    scale = forms.ChoiceField(
        label="大きさ", widget=forms.RadioSelect,
        choices=[("small", "小さく具体的 — 数か月で試せること"), ("large", "大きな社会課題 — 何年もかけて取り組むこと")],
    )  # fmt: skip
    offers = forms.MultipleChoiceField(
        label="市が用意できるもの", required=False, widget=forms.CheckboxSelectMultiple,
        choices=[("field", "試す場所"), ("data", "データ"), ("publicity", "広報"), ("budget", "予算")],
    )  # fmt: skip
    goals = forms.MultipleChoiceField(
        label="SDGsゴール", required=False, widget=SdgGoalPicker, choices=goal_choices
    )
    field = forms.ChoiceField(
        label="分野", choices=[("", "選んでください"), ("sea", "海・河川"), ("child", "子育て")]
    )
    deadline = forms.DateField(
        label="提案の締切", required=False, widget=DateInput, help_text="空けておくと随時受付になります。"
    )
    plan = forms.FileField(label="資料", required=False, help_text="PDF・Excel・画像、20MBまで。")
    consent = forms.BooleanField(label="公開してよい内容であることを確かめました")


class SampleComposer(forms.Form):
    text = forms.CharField(label="内容", max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))
    internal = forms.BooleanField(label="内部メモにする(団体には見えません)", required=False)


def at(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=TOKYO)


THREAD = [
    {"kind": "message", "side": "organisation", "author": "潮見 遥", "affiliation": "うみかぜ環境株式会社", "at": at(5, 12),
     "text": "海岸清掃ごみ袋の共同製作について、御市の課題を拝見しました。\n袋の原料に回収した漁網を使えます。"},
    {"kind": "stage", "side": "desk", "author": "公民連携デスク", "title": "段階を「受付」から「対話」に進めました", "at": at(5, 13, 9)},
    {"kind": "note", "side": "desk", "author": "青木 直", "affiliation": "公民連携デスク", "at": at(5, 13, 9, 20),
     "text": "環境課は6月議会の準備中。打合せは18日以降で調整したい。"},
    {"kind": "meeting", "side": "department", "author": "環境課", "affiliation": "見本市", "at": at(5, 20, 14), "title": "第1回打合せ 議事メモ",
     "text": "袋は年間3万枚。試作500枚を7月の清掃で使う。費用は団体が持ち、市は配布と広報を担う。",
     "files": [{"href": "#file", "name": "打合せメモ_20260520.pdf", "size": 183_000, "by": "環境課", "at": date(2026, 5, 20)}]},
    {"kind": "decision", "side": "department", "author": "環境課長 森 和子", "affiliation": "見本市", "at": at(6, 2, 16),
     "title": "試作500枚での実証に進む", "text": "9月の清掃後に、使い心地と費用を見て本格導入を判断します。", "text_why": "単価が現行品と同水準で、予算の増額なしに続けられるため"},
]  # fmt: skip


def _samples() -> dict:
    return {
        "cards": [
            {"href": "#c1", "title": "海岸清掃で使うごみ袋を、続けられる形で用意したい", "department": "環境課", "goals": [14, 12, 17],
             "summary": "年間3万枚の袋を市費で購入。ボランティアは年8,000人。素材や費用の分かち合いを、一緒に考えてくれる団体をさがしています。",
             "deadline": "令和8年7月31日(金)", "left": "あと46日", "scale": "small", "scale_label": "小さく具体的", "state_label": "募集中", "state_tone": "good", "proposals": 3},
            {"href": "#c2", "title": "中小ビルの省エネを、無理なく始められる仕組みがほしい", "department": "地球温暖化対策課", "goals": [7, 11, 13],
             "summary": "区内の業務用ビルの8割は延床2,000㎡未満。診断から改修までを支える担い手が足りません。",
             "deadline": "", "scale": "large", "scale_label": "大きな社会課題", "state_label": "連携中", "state_tone": "active", "proposals": 12},
            {"href": "#c3", "title": "保護者と子どもが一緒に学べる情報リテラシー講座", "department": "子育て支援課", "goals": [4, 16],
             "summary": "小学校21校で保護者からの相談が1年で2倍に。", "deadline": "令和8年3月31日(火)", "scale": "small", "scale_label": "小さく具体的", "state_label": "解決", "state_tone": "done", "proposals": 5},
        ],
        "stories": [
            {"href": "#s1", "title": "漁網から生まれたごみ袋が、8,000人の手に", "summary": "マッチングイベントから4か月。試作500枚の実証を経て、本格導入に至りました。",
             "goal": 14, "goals": [14, 12], "partners": "うみかぜ環境株式会社", "year": "令和7年度"},
            {"href": "#s2", "title": "放課後に、親子でスマホの約束をつくる", "summary": "講座は21校に広がり、相談件数は前の年の半分になりました。",
             "goal": 4, "goals": [4, 16], "partners": "NPO法人まなびの灯", "year": "令和7年度"},
            {"href": "#s3", "title": "空き店舗を、地域の食卓に", "summary": "", "goal": 11, "goals": [11, 2], "partners": "凪の台所", "year": "令和6年度"},
        ],
        "chain": [
            {"kind": "課題", "icon": "flag", "title": "海岸清掃のごみ袋", "href": "#c1", "note": "環境課・令和7年9月"},
            {"kind": "提案", "icon": "document", "title": "漁網再生袋の共同製作", "href": "#p1", "note": "うみかぜ環境株式会社"},
            {"kind": "連携案件", "icon": "board", "title": "ごみ袋の共同製作", "href": "#k1", "note": "実証中", "current": True},
            {"kind": "成果", "icon": "star"},
        ],
        "stages": [{"label": "受付", "state": "done", "note": "5/12"}, {"label": "対話", "state": "done", "note": "5/13"},
                   {"label": "企画", "state": "skipped", "note": "省略"}, {"label": "実証", "state": "current", "note": "6/2から"},
                   {"label": "検証", "state": "todo"}, {"label": "事業化", "state": "todo"}, {"label": "完了", "state": "todo"}],
        "board": [
            {"label": "対話", "count": 2, "cards": [
                {"href": "#k2", "title": "見守りセンサーの試行", "sub": "ひかり電子株式会社", "holder": "高齢福祉課", "due_words": "4営業日超過", "late": True},
                {"href": "#k3", "title": "移動図書室の共同運行", "sub": "凪バス株式会社", "holder": "凪バス株式会社", "due_words": "あと6営業日"}]},
            {"label": "企画", "count": 0, "cards": []},
            {"label": "実証", "count": 1, "cards": [
                {"href": "#k1", "title": "ごみ袋の共同製作", "sub": "うみかぜ環境株式会社", "holder": "環境課", "due_words": "あと3営業日"}]},
        ],
        "tiles": [{"label": "課題", "value": 4, "unit": "件", "href": "#f1"}, {"label": "提案", "value": 19, "unit": "件", "href": "#f2", "note": "前年度より +6"},
                  {"label": "返事までの中央値", "value": "5", "unit": "営業日"}, {"label": "課題の実現率", "value": "50", "unit": "%", "href": "#f4", "note": "4件のうち2件"}],
        "stats": [{"label": "募集中の課題", "value": 12, "unit": "件", "href": "#a"}, {"label": "動いている連携", "value": 30, "unit": "件"},
                  {"label": "会員の団体", "value": 17, "unit": "団体"}, {"label": "実現した連携", "value": 21, "unit": "件"}],
        "funnel_steps": [{"label": "登録した課題", "value": 4, "href": "#f1", "share": "—"}, {"label": "届いた提案", "value": 19, "href": "#f2", "share": "1課題あたり4.8件"},
                         {"label": "対話した団体", "value": 10, "href": "#f3", "share": "52.6%", "note": "イベント7・その他3"}, {"label": "実現", "value": 2, "href": "#f4", "share": "20.0%"}],
        "bar_items": [{"label": "環境・脱炭素", "value": 14, "href": "#b1"}, {"label": "子育て・教育", "value": 9}, {"label": "防災", "value": 5}, {"label": "観光", "value": 1}],
        "columns": [{"label": "団体"}, {"label": "種別"}, {"label": "状態"}, {"label": "提案", "num": True}, {"label": "連携", "num": True}],
        "table_rows": [[{"text": "うみかぜ環境株式会社", "href": "#m1"}, "企業", {"text": "会員", "tone": "good"}, 3, 1],
                       [{"text": "NPO法人まなびの灯", "href": "#m2"}, "NPO", {"text": "会員", "tone": "good"}, 12, 2],
                       [{"text": "凪の台所", "href": "#m3"}, "地域団体", {"text": "申込み", "tone": "info"}, 1, 0]],
        "facts": [("部署", "環境課"), ("市が用意できるもの", "海岸清掃の場、年間の利用枚数データ、広報紙"), ("条件", "市内の清掃活動で試せること"), ("受付", "令和8年7月31日(金)まで")],
        "suggestions": [{"title": "環境課", "sub": "海岸・河川の清掃、資源循環", "score": 0.82, "score_words": "高い", "reasons": ["「海ごみ」「袋」が所管に合う", "似た案件を2件担当"], "action_label": "照会する", "action_href": "#r1"},
                        {"title": "産業振興課", "sub": "地場産業、漁業", "score": 0.41, "score_words": "ふつう", "reasons": ["「漁網」が所管に合う"], "against": ["いま停滞が3件あります"], "action_label": "照会する", "action_href": "#r2"}],
        "hints": [{"text": "数字を1つ入れると、団体が規模をつかめます。", "why": "例: 年に何回、何人、いくら"}, {"text": "うまくいった姿を書きましょう。", "why": "「〜できるようになる」の形で"}, {"good": True, "text": "題名が具体的です"}],
        "similar": [{"href": "#x1", "title": "河川清掃の資材を企業と用意したい", "where": "汐見町 環境課", "state_label": "解決", "state_tone": "done", "became": "地元企業3社が費用を分担して実現"},
                    {"href": "#x2", "title": "海洋プラスチックの学びの場", "where": "見本市 教育委員会", "state_label": "募集中", "state_tone": "good"}],
        "roles": [{"value": "desk", "title": "公民連携デスク", "name": "青木 直", "what": "届いた提案を担当課につなぎ、止まったものを動かす", "icon": "inbox"},
                  {"value": "officer", "title": "担当課の職員", "name": "森 和子(環境課)", "what": "課題を書き、団体と対話する", "icon": "building"},
                  {"value": "rep", "title": "団体の担当者", "name": "潮見 遥(うみかぜ環境)", "what": "課題に提案し、案件を一緒に進める", "icon": "people"}],
        "steps": [{"label": "提案の種類", "state": "done", "href": "#1"}, {"label": "内容", "state": "current"}, {"label": "団体の情報", "state": "todo"}, {"label": "確認", "state": "todo"}],
        "notices": [{"href": "#n1", "title": "「ごみ袋の共同製作」であなたの番になりました", "at": at(6, 14, 9), "kind": "連携案件", "unread": True},
                    {"href": "#n2", "title": "提案「見守りセンサーの試行」を受け付けました", "at": at(6, 10, 9), "kind": "提案"}],
        "files": [{"href": "#f", "name": "実証計画書.pdf", "size": 482_113, "by": "環境課", "at": date(2026, 6, 2)}, {"href": "#f", "name": "単価の比較.xlsx", "size": 18_220}],
        "gatherings": [{"href": "#g1", "title": "第1回 公民連携交流会", "date": date(2026, 9, 4), "kind": "交流会", "place": "市民ホール", "state_label": "受付中", "state_tone": "good"},
                       {"href": "#g2", "title": "環境専門部会 第3回", "date": date(2026, 10, 16), "kind": "専門部会", "place": "会議室201", "state_label": "満席", "state_tone": "warn"}],
        "thread": THREAD,
    }  # fmt: skip


@login_not_required
def gallery(request):
    """All pieces. The message texts are put up on each visit; nothing is stored."""
    for level, text in (
        (messages.SUCCESS, "課題を公開しました。会員17団体にお知らせします。"),
        (messages.WARNING, "締切まで3営業日です。"),
        (messages.ERROR, "ほかの人が先に進めていました。いまの状態を確かめてください。"),
        (messages.INFO, "下書きを保存しました。"),
    ):
        messages.add_message(request, level, text)
    invalid = SampleForm(
        {"problem": "年間3万枚の袋を市費で購入しています。", "goals": ["14"], "deadline": "2026-02-31"}
    )
    invalid.is_valid()
    return render(
        request,
        "gallery.html",
        {
            "municipality": CITY,
            "crumbs": [("見本市", "/"), ("部品の見本", "")],
            "filter": SampleFilter(auto_id="filter_%s"),
            "form": invalid,
            "composer": SampleComposer(auto_id="say_%s"),
            "page": Paginator(range(240), 20).page(5),
            "since": date(2026, 6, 8), "due": date(2026, 6, 19), "at": at(6, 15, 10, 24),
            "sorts": [("新しい順", "?sort=new", True), ("締切が近い順", "?sort=due", False), ("提案が少ない順", "?sort=few", False)],
            "actions": [("課題を書く", "#", "primary", "pencil"), ("CSVで保存", "#", "", "download")],
            "tabs": [("すべて", "?t=1", True, 12), ("自分の課", "?t=2", False, 3), ("停滞", "?t=3", False, 0)],
            "all_goals": range(1, 18),
            "tones": [("下書き", "neutral"), ("確認待ち", "info"), ("募集中", "good"), ("連携中", "active"), ("解決", "done"), ("満席", "warn"), ("見送り", "stop")],
            "hero_actions": [("課題を見る", "#", "primary"), ("提案する", "#", "")],
            **_samples(),
        },
    )  # fmt: skip
