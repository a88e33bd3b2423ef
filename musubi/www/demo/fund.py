"""汐風区's fund: a small first round in 令和6年度, the year of the scenario in 令和7年度, and what is going on today.

The words are in `data/fund*.toml`; `tests/fund/test_year.py` reckons every yen of 令和7年度 on its own.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile

from musubi.fund import actions
from musubi.fund.actions.closing import INSPECTION
from musubi.fund.models import (
    Application,
    Assignment,
    Award,
    Call,
    Change,
    Claim,
    CommitteeMember,
    Contribution,
    CostLine,
    Edition,
    Fund,
    Paper,
    Payment,
    Pot,
)
from musubi.fund.states import Phase, Source, Stage
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.lib.fiscal import fiscal_year, label, span
from musubi.lib.text import normalise
from musubi.people.models import Organisation, User
from musubi.plan.models import Goal
from musubi.services.storage import keep
from musubi.www.demo.player import Story, day, open_day
from musubi.www.demo.talks import day_to_come, moment
from musubi.www.demo.town import Town, person, read

TEXTS = ["purpose", "content", "schedule", "structure", "effect", "future"]
MONEY = ["requested", "income"]
# By the first words of the name; an association that has none of them is led by its 代表.
HEADS = {"合同会社": "代表社員", "一般社団法人": "代表理事", "特定非営利": "理事長", "学校法人": "理事長"}
CLIMATE, CHILDREN = 13, "子どもの居場所"
HALL = "汐風区役所 大会議室"
SLOT = timedelta(minutes=30)
# Who reads how long after the sheets went out, in 令和7年度; the last one is nudged before.
SCORED = [
    day(2025, 7, 4, 19),
    day(2025, 7, 7, 21),
    day(2025, 7, 8, 10),
    day(2025, 7, 9, 13),
    day(2025, 7, 11, 9),
]
FIRST_ON, SECOND_ON = date(2025, 7, 14), date(2025, 8, 22)


@dataclass
class Purse:
    """The fund of one year as the stories know it: its rows by name, looked up anew where others act on them."""

    town: Town
    name: str
    fund: Fund | None = None
    edition: Edition | None = None
    pots: dict[str, Pot] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)

    def call(self, name: str = "call") -> Call:
        return Call.objects.get(pk=self.calls[name].pk)

    def application(self, org: str, call: str = "call") -> Application:
        return self.call(call).applications.get(organisation=self.town.cast.organisation(org))

    def member(self, key: str) -> CommitteeMember:
        return self.fund.committee.get(user=self.town.committee[key])


def stories(town: Town, today: date) -> list[Story]:
    """Everything about the fund. `today` is the day of the build."""
    pilot, year, now = (Purse(town, name) for name in ("fund_2024", "fund_2025", "fund_now"))
    return [
        pilot_round(pilot),
        *(contribution(pilot, words) for words in read(pilot.name)["contribution"]),
        *(application(pilot, words) for words in read(pilot.name)["application"]),
        *this_year(town, year),
        present(now, today),
    ]


def this_year(town: Town, year: Purse | None = None) -> list[Story]:
    """令和7年度 alone; it goes on from the first round."""
    year = year or Purse(town, "fund_2025")
    words = read(year.name)
    return [
        scenario(year),
        *(contribution(year, one) for one in words["contribution"]),
        *(question(year, one) for one in words["question"]),
        *(application(year, one) for one in words["application"]),
    ]


# --- the secretariat's year -----------------------------------------------------------------------------------------


def pilot_round(purse: Purse) -> Story:
    """令和6年度: one call, two applications, one of them awarded."""
    town = purse.town
    yield day(2024, 8, 1)
    open_purse(purse, 2024)
    words = read("fund")
    edition = actions.draft_programme(town.municipality, by=town.desk, **words["programme"])
    parts = actions.Parts(**{name: words[name] for name in ("years", "categories", "criteria", "papers")})
    actions.save_edition(edition, by=town.desk, parts=parts, **{**words["rules"], "has_reserve": False})
    yield day(2024, 8, 9, 11)
    actions.use_edition(edition, by=town.desk)
    purse.edition = edition
    appoint(purse)
    yield day(2024, 8, 26)
    prepare(
        purse,
        title="令和6年度 ウェルビーイング・SDGs推進助成の募集",
        text="はじめての募集です。2件ほどの採択を予定しています。",
        opens_at=day(2024, 9, 2, 9),
        closes_at=day(2024, 9, 20, 17),
        first_on=date(2024, 10, 3),
        second_on=date(2024, 10, 22),
        decision_on=date(2024, 10, 30),
        payment_on=date(2024, 11, 8),
        report_on=date(2025, 3, 14),
        outcome_on=date(2025, 3, 31),
    )
    yield day(2024, 9, 24)
    actions.begin_screening(purse.call(), by=town.desk)
    actions.assign(purse.call(), by=town.desk, stage=Stage.FIRST, due_on=date(2024, 10, 2))
    yield day(2024, 10, 2, 20)
    for key in town.committee:
        score(purse, key, Stage.FIRST)
    yield day(2024, 10, 3, 15)
    decide(purse, Stage.FIRST)
    actions.release_first(purse.call(), by=town.desk)
    actions.assign(purse.call(), by=town.desk, stage=Stage.SECOND, due_on=date(2024, 10, 22))
    set_slots(purse, day(2024, 10, 22, 14))
    yield day(2024, 10, 22, 16)
    for key in town.committee:
        score(purse, key, Stage.SECOND)
    decide(purse, Stage.SECOND)
    yield day(2024, 10, 28)
    prepare_decisions(purse)
    yield day(2024, 10, 30, 13)
    actions.release(purse.call(), by=town.desk)


def scenario(purse: Purse) -> Story:
    """令和7年度: the call in June, the screenings on 14 July and 22 August, the decision in late August."""
    town = purse.town
    yield day(2025, 4, 8, 9)
    open_purse(purse, 2025)
    for pot in (
        {"goal": Goal.objects.get(pk=CLIMATE)},
        {"theme": CHILDREN},
        {"programme": town.municipality.programmes.get(code=read("fund")["programme"]["code"])},
    ):
        name = {"goal": "climate", "theme": "children", "programme": "programme"}[next(iter(pot))]
        purse.pots[name] = actions.earmark(purse.fund, by=town.desk, **pot)
    appoint(purse)
    yield day(2025, 5, 19, 14)
    purse.edition = actions.draft_edition(purse.pots["programme"].programme, by=town.desk)
    actions.save_edition(purse.edition, by=town.desk, has_reserve=True)
    yield day(2025, 5, 26)
    actions.use_edition(purse.edition, by=town.desk)
    yield day(2025, 6, 4, 11)
    prepare(
        purse,
        title="令和7年度 ウェルビーイング・SDGs推進助成の募集",
        text="新しい技術やサービスで、区民の毎日を良くする事業を募ります。1年目の事業も、2年目に進む事業も申請できます。"
        "財源が増えたときのために、補欠を置きます。",
        opens_at=day(2025, 6, 11, 9),
        closes_at=day(2025, 6, 30, 17),
        first_on=FIRST_ON,
        second_on=SECOND_ON,
        decision_on=date(2025, 8, 27),
        payment_on=date(2025, 9, 8),
        report_on=date(2026, 3, 10),
        outcome_on=date(2026, 3, 31),
    )
    yield day(2025, 7, 1, 16)
    actions.begin_screening(purse.call(), by=town.desk)
    yield day(2025, 7, 2, 18)
    actions.declare_interest(
        purse.member("yuki"),
        by=town.committee["yuki"],
        organisation=town.cast.organisation("soramame"),
        words="令和5年度まで、ひろばの運営に助言していた",
    )
    yield day(2025, 7, 3, 17)
    actions.assign(purse.call(), by=town.desk, stage=Stage.FIRST, due_on=date(2025, 7, 10))
    for key, at in zip(town.committee, SCORED, strict=True):
        if at == SCORED[-1]:
            yield day(2025, 7, 10, 9)
            actions.nudge(purse.call(), by=town.desk, stage=Stage.FIRST)
        yield at
        score(purse, key, Stage.FIRST)
    yield clock.at(FIRST_ON, 15)
    decide(purse, Stage.FIRST)
    yield clock.at(FIRST_ON, 17)
    actions.release_first(purse.call(), by=town.desk)
    yield day(2025, 7, 17)
    actions.assign(purse.call(), by=town.desk, stage=Stage.SECOND, due_on=SECOND_ON)
    set_slots(purse, clock.at(SECOND_ON, 9, 30))
    yield clock.at(SECOND_ON, 16)
    for key in town.committee:
        score(purse, key, Stage.SECOND)
    yield clock.at(SECOND_ON, 17, 30)
    decide(purse, Stage.SECOND)
    yield day(2025, 8, 25, 11)
    prepare_decisions(purse)
    yield day(2025, 8, 27)
    actions.release(purse.call(), by=town.desk)


def present(purse: Purse, today: date) -> Story:
    """The days before the build: one call is being read by the committee, another takes applications."""
    town, words = purse.town, read(purse.name)
    begun = moment(75, today)
    year = fiscal_year(begun.date())
    yield begun
    open_purse(purse, year)
    purse.pots["children"] = actions.earmark(purse.fund, by=town.desk, theme=CHILDREN)
    purse.edition = Edition.objects.get(programme__municipality=town.municipality, state="in_use")
    appoint(purse)
    for one in words["contribution"]:
        row = pledge(purse, one)
        if not one.get("waiting"):
            actions.receive(row, by=town.desk)
    yield moment(62, today)
    ends = today + timedelta(days=120)
    prepare(
        purse,
        title=f"{era(year)} ウェルビーイング・SDGs推進助成の募集",
        text="1年目の事業も、2年目に進む事業も申請できます。",
        opens_at=clock.at(today - timedelta(days=58), 9),
        closes_at=clock.at(today - timedelta(days=32), 17),
        first_on=day_to_come(-8, today),
        second_on=day_to_come(-36, today),
        decision_on=day_to_come(-44, today),
        payment_on=day_to_come(-58, today),
        report_on=max(span(year)[1] - timedelta(days=14), ends),
        outcome_on=max(span(year)[1], ends),
    )
    for one in words["reading"]:
        yield moment(one["days"], today)
        row = file(purse, one)
        actions.check_application(row, by=town.desk)
    yield moment(18, today)
    actions.begin_screening(purse.call(), by=town.desk)
    actions.declare_interest(
        purse.member("yuki"),
        by=town.committee["yuki"],
        organisation=town.cast.organisation("soramame"),
        words="令和5年度まで、ひろばの運営に助言していた",
    )
    actions.assign(purse.call(), by=town.desk, stage=Stage.FIRST, due_on=day_to_come(-5, today))
    yield moment(16, today)
    prepare(
        purse,
        "open",
        title=f"{era(year)} ウェルビーイング・SDGs推進助成 追加募集",
        text="財源に残りがあるため、追加で募集します。事業の期間は、交付決定から6か月までです。",
        opens_at=clock.at(today - timedelta(days=15), 9),
        closes_at=clock.at(today + timedelta(days=18), 17),
        first_on=day_to_come(-30, today),
        second_on=day_to_come(-51, today),
        decision_on=day_to_come(-58, today),
        payment_on=day_to_come(-70, today),
        report_on=day_to_come(-260, today),
        outcome_on=day_to_come(-290, today),
    )
    yield moment(9, today)
    score(purse, "hashimoto", Stage.FIRST)
    yield moment(8, today)
    row = actions.ask(
        purse.call("open"),
        by=town.cast.speaker("mokei"),
        organisation=town.cast.organisation("mokei"),
        question="町会と一緒に申請するときは、どちらの名前で申請すればよいですか。",
    )
    score(purse, "santa", Stage.FIRST)
    yield moment(7, today)
    actions.answer(
        row,
        by=town.desk,
        words="お金を受け取り、報告をする団体の名前で申請してください。もう一方は「実施体制」に書いてください。",
    )
    for one in words["open"]:
        yield moment(one["days"], today)
        stand(purse, one)
    yield moment(2, today)
    # The chair has read some, and has the others before her.
    score(purse, "kazama", Stage.FIRST, most=2)
    actions.ask(
        purse.call("open"),
        by=town.cast.speaker("greennote"),
        organisation=town.cast.organisation("greennote"),
        question="測定器をリースで借りる費用は、物品費と委託費のどちらになりますか。",
    )


# --- its steps ------------------------------------------------------------------------------------------------------


def open_purse(purse: Purse, year: int) -> None:
    words, town = read("fund"), purse.town
    purse.fund = actions.open_fund(
        town.municipality, by=town.desk, name=words["name"], fiscal_year=year, lead=words["lead"]
    )
    purse.pots["general"] = purse.fund.pots.get(earmark="general")


def appoint(purse: Purse) -> None:
    """The same five people in every year's committee."""
    town = purse.town
    for key, words in read("fund")["committee"].items():
        words = dict(words)
        name, employer = words.pop("name"), words.pop("employer", None)
        if key not in town.committee:
            town.committee[key] = person(f"{key}.committee", name)
        if employer:
            words["employer"] = town.cast.organisation(employer)
        actions.appoint_member(purse.fund, by=town.desk, user=town.committee[key], **words)


def prepare(purse: Purse, name: str = "call", **words) -> None:
    call = actions.prepare_call(
        purse.fund,
        by=purse.town.desk,
        edition=Edition.objects.get(pk=purse.edition.pk),
        pots=list(purse.pots.values()),
        **words,
    )
    actions.publish_call(call, by=purse.town.desk)
    purse.calls[name] = call


def score(purse: Purse, key: str, stage: Stage, *, most: int | None = None) -> None:
    """A member fills in the sheets that were given to them: all of them, or the first few."""
    user = purse.town.committee[key]
    place = list(purse.town.committee).index(key)
    sheets = Assignment.objects.filter(
        member=purse.member(key), application__call=purse.call(), stage=stage, state="assigned"
    ).select_related("application__organisation", "application__edition")
    for sheet in sheets.order_by("application__ref")[:most]:
        words = words_of(purse, sheet.application)
        marks = words[stage.value].split()[place]
        items = sheet.application.edition.criteria.filter(stage=stage).order_by("position")
        actions.score(
            sheet,
            by=user,
            points={item.pk: int(mark) for item, mark in zip(items, marks, strict=True)},
            comment=words.get("comment", "") if place == 0 else "",
        )


def decide(purse: Purse, stage: Stage) -> None:
    """Whoever has an entry for what follows goes on; the others are told why not."""
    here = {Stage.FIRST: "checked", Stage.SECOND: "first_passed"}[stage]
    passed, reasons = [], {}
    for row in purse.call().applications.filter(state=here):
        words = words_of(purse, row)
        if words.get("second" if stage == Stage.FIRST else "outcome"):
            passed.append(row.pk)
        else:
            reasons[row.pk] = words["reasons"]
        if stage == Stage.SECOND and "comment" in words:
            actions.note_panel(row, by=purse.town.desk, stage=stage, text=words["comment"])
    actions.decide_stage(purse.call(), by=purse.town.desk, stage=stage, passed=passed, reasons=reasons)


def set_slots(purse: Purse, begin: datetime) -> None:
    for number, row in enumerate(purse.call().applications.filter(state="first_passed").order_by("ref")):
        # An hour at noon.
        at = begin + SLOT * (number + (2 if number > 4 else 0))
        actions.set_slot(row, by=purse.town.desk, starts_at=at, ends_at=at + SLOT, place=HALL)


def prepare_decisions(purse: Purse) -> None:
    rows = purse.call().applications.filter(state="second_passed").order_by("ref")
    for row in rows:
        words = words_of(purse, row)
        money = {}
        if words["outcome"] == "awarded":
            shares = {purse.pots[pot].pk: yen for pot, yen in words["shares"].items()}
            money = {"yen": sum(shares.values()), "shares": shares, "serves": themed(purse)}
        actions.prepare_decision(
            row,
            by=purse.town.desk,
            outcome=words["outcome"],
            reasons=words["reasons"],
            conditions=words.get("conditions", ""),
            **money,
        )


def themed(purse: Purse) -> list[int]:
    """The pots of a theme: who is paid from one here serves it."""
    return [pot.pk for pot in purse.pots.values() if pot.theme]


def contribution(purse: Purse, words: dict) -> Story:
    """Promised, and received, taken back or given back."""
    yield clock.at(words["pledged"], 11)
    desk = purse.town.desk
    row = pledge(purse, words)
    for key in ("received", "returned", "cancelled"):
        if key not in words:
            continue
        yield clock.at(words[key], 14)
        row = Contribution.objects.get(pk=row.pk)
        if key == "received":
            actions.receive(row, by=desk)
        elif key == "returned":
            actions.return_contribution(row, by=desk, reason=words["reason"])
        else:
            actions.cancel_pledge(row, by=desk, reason=words["reason"])


def pledge(purse: Purse, words: dict) -> Contribution:
    return actions.pledge(
        purse.pots[words.get("pot", "general")],
        by=purse.town.desk,
        source=Source(words["source"]),
        yen=words["yen"],
        name=words.get("name", ""),
        organisation=purse.town.cast.organisation(words["org"]) if "org" in words else None,
        is_anonymous=words.get("is_anonymous", False),
        message=words.get("message", ""),
    )


def question(purse: Purse, words: dict) -> Story:
    yield at(words["asked"])
    cast = purse.town.cast
    row = actions.ask(
        purse.call(),
        by=cast.speaker(words["org"]),
        organisation=cast.organisation(words["org"]),
        question=words["question"],
    )
    yield at(words["answered"])
    actions.answer(row, by=purse.town.desk, words=words["answer"])


# --- one application ------------------------------------------------------------------------------------------------


def application(purse: Purse, words: dict) -> Story:
    """From its first line to what became of it; the screening in between is the secretariat's story."""
    org = words["org"]
    filed = at(words.get("late") or words["filed"])
    # Some days before, but not before the call opens.
    yield max(clock.at(open_day(filed.date() - timedelta(days=6)), 10), opening(filed))
    desk, speaker = purse.town.desk, purse.town.cast.speaker(org)
    start(purse, words)
    yield filed
    row = purse.application(org)
    write(row, speaker, words)
    try:
        actions.file_application(row, by=speaker)
    except Refused:
        if "late" not in words:
            raise
        return
    if "returned_for_correction" in words:
        yield at(words["returned_for_correction"])
        row = purse.application(org)
        actions.return_application(row, by=desk, remarks=words["remarks"])
        yield at(words["corrected"])
        row = purse.application(org)
        actions.save_application(row, by=speaker, version=row.version, structure=words["structure"])
        actions.file_application(row, by=speaker)
    yield clock.at(open_day(clock.today() + timedelta(days=1), 1), 10 + row.pk % 5)
    actions.check_application(purse.application(org), by=desk)
    if "withdrawn" in words:
        when, reason = words["withdrawn"]
        yield at(when)
        actions.withdraw_application(purse.application(org), by=speaker, reason=reason)
    if "awarded_later" in words:
        later = words["awarded_later"]
        yield at(later["at"])
        shares = {purse.pots[pot].pk: yen for pot, yen in later["shares"].items()}
        actions.award_from_reserve(
            purse.application(org),
            by=desk,
            yen=sum(shares.values()),
            shares=shares,
            serves=themed(purse),
            conditions=later["conditions"],
        )
    if "dropped" in words:
        when, reason = words["dropped"]
        yield at(when)
        actions.drop_reserve(purse.application(org), by=desk, reason=reason)
    if "accepted" in words:
        yield from award(purse, words, speaker)


def award(purse: Purse, words: dict, speaker: User) -> Story:
    """What the organisation and the secretariat do after the decision, each thing on its day."""
    desk, org = purse.town.desk, words["org"]

    def now():
        return purse.application(org).award

    yield at(words["accepted"])
    actions.accept_award(now(), by=speaker)
    if "advance" in words:
        actions.request_advance(now(), by=speaker, yen=words["advance"], reason=words["advance_reason"])
        yield clock.at(words["paid"], 14)
        actions.pay(Payment.objects.get(award=now(), kind="advance"), by=desk)
    if "asset" in words:
        name, yen, bought, place = words["asset"]
        yield clock.at(open_day(bought + timedelta(days=5), 1), 15)
        actions.register_asset(
            now(),
            by=speaker,
            name=name,
            yen=yen,
            bought_on=bought,
            keep_until=bought.replace(year=bought.year + 5),
            place=place,
        )
    if "change" in words:
        yield from change(now().pk, words["change"], speaker, desk)
    for when, text in words.get("status", []):
        yield at(when)
        actions.report_status(now(), by=speaker, text=text)
    if "reported" not in words:
        return
    yield at(words["reported"])
    actions.save_report(
        now(), by=speaker, done=words["done"], effect=words["effect_seen"], costs=lines(words["actual"])
    )
    prove(now().application, speaker)
    actions.file_report(now(), by=speaker, unproven_too=False)
    yield clock.at(words["fixed"], 11)
    actions.fix_amount(now(), by=desk, inspection=dict.fromkeys(INSPECTION, True))
    if "rest_paid" in words:
        yield clock.at(words["rest_paid"], 14)
        actions.pay(Payment.objects.get(award=now(), kind="rest"), by=desk)
    if "returned_back" in words:
        yield clock.at(words["returned_back"], 14)
        actions.receive_return(Claim.objects.get(award=now()), by=desk)
    yield clock.at(open_day(clock.today() + timedelta(days=3), 1), 11)
    actions.report_outcome(now(), by=speaker, outcome=words["outcome_text"])


def change(award: int, words: dict, speaker: User, desk: User) -> Story:
    """The organisation asks to change or to stop, the secretariat looks at it."""
    yield at(words["at"])
    more = {"yen": words["yen"], "costs": lines(words["costs"])} if "yen" in words else {}
    row = actions.request_change(
        Award.objects.get(pk=award),
        by=speaker,
        kind=words["kind"],
        reason=words["reason"],
        content=words.get("content", ""),
        **more,
    )
    yield at(words["decided"])
    actions.decide_change(Change.objects.get(pk=row.pk), by=desk, approve=True, words=words["words"])


def stand(purse: Purse, words: dict) -> None:
    """An application to the open call, as far as it has come."""
    desk, speaker = purse.town.desk, purse.town.cast.speaker(words["org"])
    if words["state"] == "draft":
        write(start(purse, words, "open"), speaker, words)
        return
    row = file(purse, words, "open")
    if words["state"] == "returned":
        actions.return_application(row, by=desk, remarks=words["remarks"])


def file(purse: Purse, words: dict, call: str = "call") -> Application:
    row = start(purse, words, call)
    speaker = purse.town.cast.speaker(words["org"])
    write(row, speaker, words)
    actions.file_application(row, by=speaker)
    return row


def start(purse: Purse, words: dict, call: str = "call") -> Application:
    """A draft with its accounts; one that goes on from last year's begins with last year's words."""
    cast, org = purse.town.cast, words["org"]
    before = None
    if words.get("before"):
        before = (
            Application.objects.filter(organisation=cast.organisation(org), award__isnull=False)
            .order_by("-filed_at")
            .first()
        )
    row = actions.start_application(
        purse.call(call),
        by=cast.speaker(org),
        organisation=cast.organisation(org),
        title=words["title"],
        before=before,
    )
    accounts = row.edition.papers.get(code="accounts")
    name = f"{accounts.name}.csv"
    kept = keep(Paper, SimpleUploadedFile(name, accounts_of(org, clock.today().year)))
    actions.add_paper(row, by=cast.speaker(org), required=accounts, **kept)
    return row


def prove(row: Application, speaker: User) -> None:
    """A list of receipts for every cost that was reported and can be supported."""
    for line in row.costs.filter(phase=Phase.ACTUAL, category__is_eligible=True).order_by("position"):
        name = f"領収書の一覧({line.label}).csv"
        kept = keep(Paper, SimpleUploadedFile(name, receipts_of(line, clock.today())))
        actions.add_paper(row, by=speaker, cost=line, for_report=True, **kept)


def receipts_of(line: CostLine, reported: date) -> bytes:
    """Three payments that come to what the line says, in the months before the report."""
    part = line.yen // 3 // 100 * 100
    rows = ["番号,支払日,内容,金額(円)"]
    for number, yen in enumerate((part, part, line.yen - 2 * part), 1):
        on = open_day(reported - timedelta(days=150 - 40 * number + line.position))
        rows.append(f"{line.position + 1}-{number},{on:%Y-%m-%d},{line.label.replace(',', '、')},{yen}")
    return "\ufeff".encode() + "\r\n".join([*rows, ""]).encode()


def accounts_of(key: str, year: int) -> bytes:
    """Three years' accounts of an invented organisation; the same ones every time."""
    size = 8_000_000 + sum(ord(letter) * (place + 3) for place, letter in enumerate(key)) % 997 * 41_000
    rows = ["年度,収入(円),支出(円),差引(円)"]
    for number in range(3, 0, -1):
        income = size + size // 20 * (3 - number)
        spent = income - income // (23 + number)
        rows.append(f"{era(year - number)},{income},{spent},{income - spent}")
    return "\ufeff".encode() + "\r\n".join([*rows, ""]).encode()


def write(row: Application, speaker: User, words: dict) -> None:
    """All of the form; the own money is what is left of the costs."""
    total = sum(yen for _code, _label, yen in words["costs"])
    texts = {name: words[name] for name in TEXTS}
    texts["structure"] = words.get("wrong_structure", texts["structure"])
    money = {name: words.get(name, 0) for name in MONEY}
    actions.save_application(
        row,
        by=speaker,
        version=row.version,
        costs=lines(words["costs"]),
        goals=words["goals"],
        title=words["title"],
        representative_title=head(row.organisation),
        representative_name="" if row.organisation.kind == Organisation.Kind.SOLE else speaker.name,
        own_money=total - sum(money.values()),
        **texts,
        **money,
    )


def head(organisation: Organisation) -> str:
    """What who leads an organisation is called."""
    known = next((title for start, title in HEADS.items() if organisation.name.startswith(start)), "")
    return known or ("代表取締役" if organisation.kind == Organisation.Kind.COMPANY else "代表")


def words_of(purse: Purse, row: Application) -> dict:
    """What stands in the data about an application."""
    read_from = read(purse.name)
    return next(
        one
        for one in read_from.get("application", read_from.get("reading", []))
        if purse.town.cast.organisation(one["org"]).pk == row.organisation_id
    )


def opening(filed: datetime) -> datetime:
    """An hour after the call of a round opened, known before there is one; never later than the filing."""
    opens = {2024: day(2024, 9, 2), 2025: day(2025, 6, 11)}[filed.year]
    return min(opens, filed - timedelta(hours=2))


def lines(costs: list[list]) -> list[dict]:
    return [{"category": code, "label": text, "yen": yen} for code, text, yen in costs]


def era(year: int) -> str:
    """令和8年度, without the year of the other calendar."""
    return normalise(label(year)).partition("(")[0]


def at(when: datetime) -> datetime:
    """A moment of the data, which is in Japanese time."""
    return when.replace(tzinfo=clock.TOKYO)
