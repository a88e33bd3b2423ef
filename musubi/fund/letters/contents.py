"""What each letter says: a small dataclass per letter, read from the records, feeding the PDF and the Word copy alike.

`values` are the words a municipality may name in its own texts, `facts` the numbered 記, `tables` what is listed.
Everything is text and numbers of Python, so that `as_json` and `from_json` keep a letter exactly as it was.
"""

from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import ClassVar

from musubi.fund.letters.kinds import LetterKind
from musubi.lib.era import format_date

Fact = tuple[str, str | list[str]]


@dataclass(frozen=True)
class Table:
    """Rows of text. `right` are the columns of numbers; the last row is a sum where `sum` says so."""

    caption: str
    head: list[str]
    rows: list[list[str]]
    right: list[int] = field(default_factory=list)
    sum: bool = False


def added(caption: str, head: list[str], rows: list[list]) -> Table:
    """Rows of words and then sums, with what the sums come to below them."""
    right = [at for at in range(len(head)) if rows and isinstance(rows[0][at], int)] or [len(head) - 1]
    total = [
        "合計",
        *(f"{sum(row[at] for row in rows):,}" if at in right else "" for at in range(1, len(head))),
    ]
    body = [[f"{cell:,}" if at in right else cell for at, cell in enumerate(row)] for row in rows]
    return Table(caption, head, [*body, total], right, True)


def money(yen: int) -> str:
    """金1,234,567円"""
    return f"金{yen:,}円"


def day(on: date | None) -> str:
    """令和8年6月15日; nothing where there is no day."""
    return format_date(on, weekday=False) if on else ""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What every letter has. `city` is the municipality's name, `party` the other side's; `number` and `on` head it."""

    kind: ClassVar[LetterKind]
    city: str
    head: str
    on: date
    number: str = ""
    party: str = ""
    representative: str = ""
    address: str = ""
    is_person: bool = False
    seal: bool = False
    form_style: str = "before"
    programme_rules: dict[str, str] = field(default_factory=dict)
    """What the programme's edition asks of this very kind: `form`, `title`, `seal` (seal or omitted)."""

    def values(self) -> dict[str, str]:
        found = {
            "自治体名": self.city,
            "首長": self.head,
            "団体名": self.party,
            "代表者": self.representative or ("" if self.is_person else "代表者"),
            "所在地": self.address,
            "日付": day(self.on),
            "文書番号": self.number,
        }
        return found | self.more()

    def more(self) -> dict[str, str]:
        return {}

    def facts(self) -> list[Fact]:
        return []

    def tables(self) -> list[Table]:
        return []

    def conditions(self, always: list[str]) -> list[str]:
        """The numbered conditions; `always` are those the municipality adds to every letter of this kind."""
        return []


@dataclass(frozen=True, kw_only=True)
class OfApplication(Content):
    """What every letter about an application knows of it."""

    programme: str
    call: str
    ref: str
    project: str
    filed_on: date | None
    requested: int

    def more(self):
        return {
            "制度名": self.programme,
            "募集名": self.call,
            "整理番号": self.ref,
            "事業名": self.project,
            "申請日": day(self.filed_on),
            "申請額": money(self.requested),
        }


@dataclass(frozen=True, kw_only=True)
class ApplicationCopy(OfApplication):
    kind = LetterKind.APPLICATION
    support_year: int
    texts: list[list[str]]
    goals: list[str]
    costs: list[list]
    incomes: list[list]
    papers: list[str]
    filed_by: str

    def facts(self):
        return [
            ("申請の整理番号", self.ref),
            ("助成の年次", f"{self.support_year}年目"),
            ("事業の名称", self.project),
            ("交付申請額", money(self.requested)),
            ("関係するSDGsゴール", "、".join(self.goals) or "なし"),
            *((label, text) for label, text in self.texts),
            ("添付書類", self.papers or "なし"),
            ("申請した人", self.filed_by),
        ]

    def tables(self):
        return [
            added("収入", ["区分", "金額(円)"], self.incomes),
            added("支出", ["費目", "内訳", "金額(円)"], self.costs),
        ]


@dataclass(frozen=True, kw_only=True)
class Receipt(OfApplication):
    kind = LetterKind.RECEIPT
    filed_at: str
    filed_by: str

    def facts(self):
        return [
            ("整理番号", self.ref),
            ("募集", self.call),
            ("事業の名称", self.project),
            ("交付申請額", money(self.requested)),
            ("受付日時", self.filed_at),
            ("申請した人", self.filed_by),
        ]


@dataclass(frozen=True, kw_only=True)
class Invitation(OfApplication):
    kind = LetterKind.INVITATION
    starts: str
    ends: str
    place: str

    def more(self):
        return super().more() | {"審査の日時": f"{self.starts}{self.ends}", "審査の場所": self.place}

    def facts(self):
        return [
            ("事業の名称", f"{self.project}(整理番号 {self.ref})"),
            ("日時", f"{self.starts}{self.ends}"),
            *([("場所", self.place)] if self.place else []),
        ]


@dataclass(frozen=True, kw_only=True)
class AwardLetter(OfApplication):
    kind = LetterKind.AWARD
    yen: int
    eligible: int
    terms: str
    own_conditions: list[str]
    reasons: str
    pay_on: date | None = None
    report_on: date | None = None
    outcome_on: date | None = None

    def more(self):
        return super().more() | {
            "交付決定額": money(self.yen),
            "助成対象経費": money(self.eligible),
            "助成の内容": self.terms,
            "決定日": day(self.on),
            "実績報告の期限": day(self.report_on),
        }

    def facts(self):
        return [
            ("事業の名称", f"{self.project}(整理番号 {self.ref})"),
            ("交付決定額", money(self.yen)),
            ("助成の対象となる経費", money(self.eligible)),
            ("助成の内容", self.terms),
            *([("概算払の予定", day(self.pay_on))] if self.pay_on else []),
            *([("実績報告の期限", day(self.report_on))] if self.report_on else []),
            *([("成果報告の期限", day(self.outcome_on))] if self.outcome_on else []),
            ("講評", self.reasons),
        ]

    def conditions(self, always):
        return [*self.own_conditions, *always]


@dataclass(frozen=True, kw_only=True)
class Refusal(OfApplication):
    kind = LetterKind.REFUSAL
    reasons: str

    def more(self):
        return super().more() | {"理由": self.reasons}

    def facts(self):
        return [
            ("事業の名称", f"{self.project}(整理番号 {self.ref})"),
            ("交付申請額", money(self.requested)),
            ("理由", self.reasons),
        ]


@dataclass(frozen=True, kw_only=True)
class Reserve(Refusal):
    kind = LetterKind.RESERVE
    place: int | None = None

    def more(self):
        return super().more() | {"順位": f"{self.place}位" if self.place else ""}

    def facts(self):
        place = [("順位", f"{self.place}位")] if self.place else []
        return [*super().facts()[:2], *place, ("講評", self.reasons)]


@dataclass(frozen=True, kw_only=True)
class OfAward(OfApplication):
    """What every letter after the award knows of it."""

    decided_on: date
    award_number: str
    decided: int

    def more(self):
        return super().more() | {
            "決定日": day(self.decided_on),
            "交付決定額": money(self.decided),
            # The letter that is spoken of, not the one that speaks.
            "文書番号": self.award_number,
        }


@dataclass(frozen=True, kw_only=True)
class AdvanceRequest(OfAward):
    kind = LetterKind.ADVANCE
    yen: int
    paid: int
    reason: str

    def more(self):
        return super().more() | {"請求額": money(self.yen)}

    def facts(self):
        return [
            ("事業の名称", f"{self.project}(整理番号 {self.ref})"),
            ("交付決定額", money(self.decided)),
            ("すでに請求した額", money(self.paid)),
            ("今回の請求額", money(self.yen)),
            ("残りの額", money(self.decided - self.paid - self.yen)),
            ("概算払が必要な理由", self.reason),
            ("振込先", "金融機関・支店:\n預金の種別・口座番号:\n口座名義(カナ):"),
        ]


@dataclass(frozen=True, kw_only=True)
class ChangeLetter(OfAward):
    kind = LetterKind.CHANGE
    what: str
    approved: bool
    asked_on: date
    before: int
    after: int
    reason: str
    content: str
    words: str

    def more(self):
        return super().more() | {
            "変更申請日": day(self.asked_on),
            "可否": "承認" if self.approved else "不承認",
            "変更前の額": money(self.before),
            "変更後の額": money(self.after),
        }

    def facts(self):
        return [
            ("事業の名称", f"{self.project}(整理番号 {self.ref})"),
            ("変更の種類", self.what),
            *([("変更の内容", self.content)] if self.content else []),
            ("変更の理由", self.reason),
            ("変更前の交付決定額", money(self.before)),
            *([("変更後の交付決定額", money(self.after))] if self.approved else []),
            *([("変わる額", f"{money(self.before - self.after)}の減額")] if self.approved and self.before != self.after else []),
            *([("決定の理由" if self.approved else "承認しない理由", self.words)] if self.words else []),
        ]  # fmt: skip

    def conditions(self, always):
        return always if self.approved else []


@dataclass(frozen=True, kw_only=True)
class ReportCopy(OfAward):
    kind = LetterKind.REPORT
    support_year: int
    paid: int
    done: str
    effect: str
    costs: list[list]
    compared: list[list]
    papers: list[str]
    reported_by: str
    incomes: list[list] = field(default_factory=list)
    deductible_tax: int = 0

    def more(self):
        return super().more() | {"経費の合計": money(self._total)}

    @property
    def _total(self) -> int:
        return sum(row[-1] for row in self.costs)

    def facts(self):
        return [
            ("事業の名称", f"{self.project}(整理番号 {self.ref})"),
            ("助成の年次", f"{self.support_year}年目"),
            ("交付決定額", money(self.decided)),
            ("概算払を受けた額", money(self.paid)),
            ("実際にかかった経費", money(self._total)),
            ("控除できる消費税等", money(self.deductible_tax) if self.deductible_tax else ""),
            ("実施したこと", self.done),
            ("効果", self.effect),
            ("証拠書類", self.papers or "なし"),
            ("報告した人", self.reported_by),
        ]

    def tables(self):
        return [
            *([added("収入の実績", ["区分", "金額(円)"], self.incomes)] if self.incomes else []),
            added("予算と実績", ["費目", "予算(円)", "実績(円)", "差(円)"], self.compared),
            added("支出の内訳", ["費目", "内訳", "金額(円)"], self.costs),
        ]


@dataclass(frozen=True, kw_only=True)
class FixingNotice(OfAward):
    kind = LetterKind.FIXING
    eligible: int
    final: int
    paid: int
    back_by: date | None = None

    def more(self):
        return super().more() | {"確定額": money(self.final), "概算払済額": money(self.paid)}

    def facts(self):
        rest = self.final - self.paid
        settled = [("精算払をする額", money(rest))] if rest > 0 else []
        if rest < 0:
            settled = [("返還を求める額", f"{money(-rest)}(期限 {day(self.back_by)})")]
        return [
            ("事業の名称", f"{self.project}(整理番号 {self.ref})"),
            ("交付決定額", money(self.decided)),
            ("実績の助成対象経費", money(self.eligible)),
            ("交付額の確定額", money(self.final)),
            ("概算払を受けた額", money(self.paid)),
            *(settled or [("精算", "過不足はありません。")]),
        ]


@dataclass(frozen=True, kw_only=True)
class Revocation(OfAward):
    kind = LetterKind.REVOCATION
    reason: str
    claimed: int

    def more(self):
        return super().more() | {"理由": self.reason}

    def facts(self):
        return [
            ("事業の名称", f"{self.project}(整理番号 {self.ref})"),
            ("取り消す交付決定の額", money(self.decided)),
            ("取消しの理由", self.reason),
            (
                "助成金の返還",
                f"{money(self.claimed)}(返還命令書のとおり)" if self.claimed else "ありません。",
            ),
        ]


@dataclass(frozen=True, kw_only=True)
class ClaimLetter(OfAward):
    kind = LetterKind.CLAIM
    why: str
    is_order: bool
    yen: int
    due_on: date
    rate: str
    days: int

    def more(self):
        return super().more() | {
            "請求か命令": "命令" if self.is_order else "請求",
            "返還額": money(self.yen),
            "返還期限": day(self.due_on),
            "延滞金の率": self.rate,
        }

    def facts(self):
        return [
            ("事業の名称", f"{self.project}(整理番号 {self.ref})"),
            ("返還していただく額", money(self.yen)),
            ("返還の理由", self.why),
            ("返還の期限", day(self.due_on)),
            ("納める方法", "同封する納入通知書により納めてください。"),
            ("延滞金", f"年{self.rate}(1年を{self.days}日として、1日ごとに計算)"),
        ]


@dataclass(frozen=True, kw_only=True)
class Gift(Content):
    """Money that somebody gave."""

    fund: str
    ref: str
    yen: int
    purpose: str
    received_on: date

    def more(self):
        return {
            "ファンド名": self.fund,
            "拠出額": money(self.yen),
            "使いみち": self.purpose,
            "受領日": day(self.received_on),
            "整理番号": self.ref,
        }


@dataclass(frozen=True, kw_only=True)
class GiftReceipt(Gift):
    kind = LetterKind.GIFT_RECEIPT

    def facts(self):
        return [
            ("受領額", money(self.yen)),
            ("受領日", day(self.received_on)),
            ("拠出の使いみち", self.purpose),
            ("整理番号", self.ref),
        ]


@dataclass(frozen=True, kw_only=True)
class GiftThanks(Gift):
    kind = LetterKind.GIFT_THANKS


@dataclass(frozen=True, kw_only=True)
class OfStage(Content):
    """What the house keeps of a stage of a call's screening."""

    programme: str
    call: str
    stage: str

    def more(self):
        return {"制度名": self.programme, "募集名": self.call, "審査": self.stage}


@dataclass(frozen=True, kw_only=True)
class ScoreSummary(OfStage):
    kind = LetterKind.SCORES
    criteria: list[str]
    standings: list[list[str]]
    recusals: list[list[str]]
    rules: list[str]

    def facts(self):
        return [("募集", self.call), ("審査", self.stage), ("集計のきまり", self.rules)]

    def tables(self):
        head = ["順位", "整理番号", "事業名・団体名", *self.criteria, "合計", "得点率", "採点・除斥", "基準"]
        found = [Table("採点の集計", head, self.standings, list(range(3, len(head) - 2)))]
        if self.recusals:
            found.append(Table("除斥", ["整理番号", "委員", "理由"], self.recusals))
        return found


@dataclass(frozen=True, kw_only=True)
class Minutes(OfStage):
    kind = LetterKind.MINUTES
    held_on: date | None
    members: list[str]
    results: list[list[str]]
    notes: list[list[str]]

    def facts(self):
        return [
            ("審査会", f"{self.call} {self.stage}"),
            ("開催日", day(self.held_on) or "（　　）"),
            ("審査委員", self.members),
            ("審査した申請", f"{len(self.results)}件"),
        ]

    def tables(self):
        found = [
            Table(
                "審査の結果", ["順位", "整理番号", "事業名", "団体名", "除斥した委員", "結果"], self.results
            )
        ]
        if self.notes:
            found.append(Table("審議の記録", ["整理番号", "記録", "日時"], self.notes))
        return found


def _concrete(of: type) -> list[type]:
    return [one for below in of.__subclasses__() for one in [below, *_concrete(below)]]


CLASSES: dict[str, type[Content]] = {one.kind: one for one in _concrete(Content) if "kind" in vars(one)}


def as_json(content: Content) -> dict:
    """The letter's content for a JSON column; `from_json` gives the same content back."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(content).items()
    }


def from_json(kind: str, data: dict) -> Content:
    """A content that was kept."""
    of = CLASSES[kind]
    dates = {one.name for one in fields(of) if one.type in (date, date | None)}
    return of(
        **{
            name: date.fromisoformat(value) if name in dates and value else value
            for name, value in data.items()
        }
    )
