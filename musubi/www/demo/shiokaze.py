"""汐風区: a ward with a platform, a lab for trials and an SDGs plan, after a published account.

令和6年度 (2024): 17 members, two exchange gatherings, four sittings of the subcommittee (環境), 17 proposals (8 to
challenges, 9 asking for a field), two trials. 令和7年度: the trial with small and mid-size buildings. What is open
today follows the day of the build. The fund has a file of its own (`fund.py`); the students' proposals are not part of
this demo yet.
"""

from datetime import date, timedelta
from decimal import Decimal

from musubi.cases import actions as cases
from musubi.challenges import actions as challenges
from musubi.challenges.models import Challenge
from musubi.lib import clock
from musubi.lib.workdays import add_workdays
from musubi.outcomes import actions as outcomes
from musubi.plan import actions as plans
from musubi.proposals import actions as proposals
from musubi.proposals.models import Proposal, Routing
from musubi.www.demo import fund
from musubi.www.demo.parts import ahead, applicant, held, member, solutions
from musubi.www.demo.player import Story, day, open_day
from musubi.www.demo.register import agreement, looked_through
from musubi.www.demo.talks import Talk, moment, tell
from musubi.www.demo.town import Cast, Town, found, read

MEMBERS = [
    *((key, date(2024, 4, 17)) for key in ("shoten", "chokai", "kagerou", "minamo")),
    *((key, date(2024, 5, 15)) for key in ("towairo", "aosagi", "shiotobira", "hinata")),
    *((key, date(2024, 6, 19)) for key in ("tsumugi", "uramichi", "umineko")),
    *((key, date(2024, 8, 1)) for key in ("matatsuka", "shiomibashi", "hokenshitsu")),
    ("kanade", date(2024, 9, 12)),
    ("hakoniwa", date(2024, 10, 2)),
    ("soramame", date(2025, 2, 7)),
    ("komorebi", date(2025, 4, 16)),
    ("sorachika", date(2025, 9, 10)),
    ("yorimichi", date(2025, 10, 1)),
    ("kouka", date(2025, 12, 3)),
    ("drop", date(2026, 2, 12)),
    ("mitsumeru", date(2026, 5, 13)),
    ("digitalnohara", date(2026, 7, 1)),
]
EXCHANGE = "汐風区共創推進プラットフォーム 交流会"
INDICATORS = [
    ("共創推進プラットフォームの会員数", "団体", "up", 0, 2023, 40, 2026, "sdgs", [17], {2024: 17, 2025: 22}),
    ("実証実験の累計実施数", "件", "up", 0, 2023, 8, 2026, "sdgs", [9, 17], {2024: 2, 2025: 3}),
    ("区域の温室効果ガス排出量", "千t-CO2", "down", 1520, 2021, 1330, 2026, "kankyo", [7, 13], {2024: 1438, 2025: 1391}),
    ("区民1人1日あたりのごみの量", "g", "down", 512, 2023, 490, 2026, "kankyo", [11, 12], {2024: 507, 2025: 501}),
    ("保育所の待機児童数", "人", "down", 0, 2023, 0, 2026, "kosodate", [4, 5], {2024: 0, 2025: 0}),
    ("SDGsの内容を知っている区民の割合", "%", "up", "68.4", 2023, 85, 2026, "sdgs", [4], {2024: "71.9", 2025: "76.2"}),
]  # fmt: skip


def stories(cast: Cast, today: date) -> list[Story]:
    """All of the ward's stories. `today` is the day of the build."""
    town = Town(cast)
    now = read("shiokaze_now")
    return [
        founding(town),
        plan(town),
        *(member(town, key, joined) for key, joined in MEMBERS),
        applicant(
            town,
            "hikarinomi",
            today,
            4,
            "公共施設の屋根と壁での発電を、区の皆さんと考えたいです。",
        ),
        *gatherings(town, today),
        *(
            challenge(town, code, words, moment(words["published"], today).date())
            for code, words in read("shiokaze_challenges").items()
        ),
        *(
            challenge(town, words["code"], words, moment(words["published"], today).date(), today)
            for words in now["challenge"]
        ),
        unfinished(town, now, today),
        *(proposal(town, words, today) for words in read("shiokaze_proposals")["proposal"]),
        *(agreement(town, words, today) for words in now["agreement"]),
        looked_through(today),
        solutions(town, "shiokaze"),
        *fund.stories(town, today),
    ]


def founding(town: Town) -> Story:
    yield day(2024, 4, 1, 9)
    found(town, "shiokaze")


def plan(town: Town) -> Story:
    """Adopted in October 2024 by the headquarters that the mayor has led since 令和5年度; read each summer."""
    yield day(2024, 10, 15, 14)
    row = plans.adopt_plan(
        town.municipality,
        title="汐風区SDGs未来都市計画",
        vision="運河の風と人のつながりが、だれの毎日も心地よくするまち。困りごとを隠さずに開き、区の内と外の力で一つずつ解いていきます。",
        first_year=2024,
        last_year=2026,
        headquarters_since=2023,
        by=town.desk,
    )
    indicators = []
    for name, unit, direction, baseline, since, target, until, key, goals, readings in INDICATORS:
        indicator = plans.add_indicator(
            row,
            name=name,
            unit=unit,
            direction=direction,
            baseline=baseline,
            baseline_year=since,
            target=target,
            target_year=until,
            department=town.departments[key],
            goals=goals,
            by=town.desk,
        )
        indicators.append((indicator, readings))
    for year in (2024, 2025):
        yield day(year + 1, 7, 8, 13)
        for indicator, readings in indicators:
            outcomes.read_indicator(
                indicator,
                by=town.desk,
                year=year,
                value=Decimal(readings[year]),
                source=f"{indicator.department.name}調べ",
            )


def gatherings(town: Town, today: date) -> list[Story]:
    """Two exchange gatherings a year, the subcommittee of the environment section, and what lies ahead."""
    hall, room = "汐風区民会館 小ホール", "汐風区役所 会議室402"
    exchanges = [
        (day(2024, 9, 5, 14), "第1回", "", "11の会員と8つの課、あわせて46人が集まりました。3つの課題の説明のあと、7つの机に分かれて話しました。"),
        (day(2025, 2, 6, 14), "第2回", "", "14の会員、61人が集まりました。夏の路面冷却の実証の報告に、質問が20件ありました。"),
        (day(2025, 9, 4, 14), "令和7年度 第1回", "9月上旬", "19の会員、72人が集まりました。中小ビルの脱炭素の実証の始まりを紹介しました。"),
        (day(2026, 2, 5, 14), "令和7年度 第2回", "2月上旬", "21の会員、68人が集まりました。"),
        (day(2026, 9, 3, 14), "令和8年度 第1回", "", "23の会員、80人が集まりました。"),
    ]  # fmt: skip
    sittings = [
        (day(2024, 6, 20, 10), "第1回", "脱炭素の進め方と、部会で扱う3つの話題を決めました。"),
        (day(2024, 9, 19, 10), "第2回", "路面冷却の現場を見学し、測り方について話しました。"),
        (
            day(2024, 12, 12, 10),
            "第3回",
            "食品の受け取り便の始まりと、家具の再使用の進み具合を確かめました。",
        ),
        (
            day(2025, 2, 20, 10),
            "第4回",
            "中小の建物の脱炭素を、次の年度の課題として公開することを決めました。",
        ),
        (day(2025, 7, 17, 10), "令和7年度 第1回", "診断を受ける建物の集め方を話しました。"),
        (day(2026, 1, 15, 10), "令和7年度 第2回", "20棟の中間の結果を確かめました。"),
        (day(2026, 7, 16, 10), "令和8年度 第1回", "助成の窓口の一本化について話しました。"),
    ]
    return [
        *(
            held(
                town,
                "desk",
                at,
                report,
                kind="exchange",
                title=f"{name} {EXCHANGE}",
                place=hall,
                date_note=note,
                description="会員どうし、会員と担当課が出会う場です。課題の説明と、少人数での話し合いを行います。",
            )
            for at, name, note, report in exchanges
        ),
        *(
            held(
                town,
                "kankyo",
                at,
                report,
                kind="subcommittee",
                series="専門部会(環境)",
                title=f"{name} 専門部会(環境)",
                place=room,
                description="環境に取り組む会員と環境課が、続けて話し合う部会です。",
            )
            for at, name, report in sittings
        ),
        ahead(
            town,
            "kankyo",
            today,
            announced=16,
            in_days=19,
            kind="subcommittee",
            series="専門部会(環境)",
            title="専門部会(環境) 運河の日陰を考える",
            description="公開中の課題「夏の運河沿いの日陰」について、現地を歩いてから話します。",
            place=room,
        ),
        ahead(
            town,
            "desk",
            today,
            announced=5,
            in_days=54,
            kind="exchange",
            title=f"次回 {EXCHANGE}",
            description="公開中の課題の担当課が、それぞれの机でお待ちしています。はじめての方もどうぞ。",
            place=hall,
        ),
    ]


def challenge(town: Town, code: str, words: dict, published: date, today: date | None = None) -> Story:
    """Written by its department, checked a week later, public after five days more."""
    words = {name: value for name, value in words.items() if name not in ("code", "department", "published")}
    if "deadline" in words:
        words["deadline"] = open_day(today + timedelta(days=words["deadline"]), 1)
    key = _department_of(code)
    yield clock.at(open_day(published - timedelta(days=12)), 11)
    row = challenges.draft_challenge(town.departments[key], by=town.officers[key], code=code, **words)
    yield clock.at(open_day(published - timedelta(days=5)), 16)
    challenges.ask_for_check(row, by=town.officers[key])
    yield clock.at(published, 13)
    challenges.publish(row, by=town.desk)


def _department_of(code: str) -> str:
    old = read("shiokaze_challenges")
    if code in old:
        return old[code]["department"]
    return next(words["department"] for words in read("shiokaze_now")["challenge"] if words["code"] == code)


def unfinished(town: Town, now: dict, today: date) -> Story:
    """One challenge waits for the desk's check, one is still being written."""
    words = dict(now["waiting"])
    key, submitted = words.pop("department"), words.pop("submitted")
    yield moment(submitted + 5, today)
    row = challenges.draft_challenge(town.departments[key], by=town.officers[key], **words)
    yield moment(submitted, today)
    challenges.ask_for_check(row, by=town.officers[key])
    words = dict(now["draft"])
    key, written = words.pop("department"), words.pop("written")
    yield moment(written, today)
    challenges.draft_challenge(town.departments[key], by=town.officers[key], **words)


def proposal(town: Town, words: dict, today: date) -> Story:
    """Submitted by its organisation, put to one or two departments, and then a case, a no, or still waiting."""
    speaker = None
    submitted = moment(words["submitted"], today)
    key = words["department"]
    asks = words.get("asks", [key])
    yield submitted
    speaker = town.cast.speaker(words["org"])
    answering = {}
    if code := words.get("challenge"):
        answering["challenge"] = Challenge.objects.get(municipality=town.municipality, code=code)
    row = proposals.draft_proposal(
        town.cast.organisation(words["org"]),
        town.municipality,
        by=speaker,
        track=words.get("track", "challenge"),
        **answering,
        **{name: words[name] for name in ("title", "content", "effect", "field_wanted") if name in words},
    )
    proposals.submit(row, by=speaker)
    if words.get("new"):
        return

    routed = add_workdays(submitted.date(), 1)
    due = today - timedelta(days=words["due"]) if "due" in words else None
    yield clock.at(routed, 9, 40)
    routings = proposals.route(
        _again(row),
        [town.departments[name] for name in asks],
        by=town.desk,
        due_on=open_day(due, 1) if due else None,
        question="この提案について、話を聞きたいか、条件があればそれも教えてください。",
    )
    if "withdraw" in words:
        when, reason = words["withdraw"]
        yield clock.at(when)
        proposals.withdraw(_again(row), by=speaker, reason=reason)
        return
    if due and not (due < today and len(asks) > 1):
        return

    answered = add_workdays(routed, 4)
    yield clock.at(answered, 15)
    # The first of two departments would like to talk; the second is late.
    interested = "case" in words or bool(due)
    unable = "いまの進め方とは合わないため、今回は難しいです。"
    _answer(
        town,
        routings[0],
        asks[0],
        interested,
        words.get("answer", "話を聞きたいです。" if interested else unable),
    )
    if due:
        return  # the second department is late
    for routing, name in zip(routings[1:], asks[1:], strict=True):
        yield clock.at(answered, 16)
        _answer(
            town,
            routing,
            name,
            interested,
            "一緒に話を聞きます。" if interested else unable,
            conditional=True,
        )
    if not interested:
        when, reason, feedback = words["decline"]
        yield clock.at(when, 14)
        proposals.decline(_again(row), by=town.desk, reason=reason, feedback=feedback)
        return
    yield clock.at(add_workdays(answered, 1), 9)
    case = cases.open_case(_again(row), by=town.officers[key], lead=town.departments[key])
    yield from tell(Talk(town, case, speaker, today), words["case"], today)


def _again(row: Proposal) -> Proposal:
    """The proposal as it is now: others have acted on it since."""
    return Proposal.objects.get(pk=row.pk)


def _answer(
    town: Town, routing: Routing, key: str, interested: bool, comment: str, *, conditional: bool = False
) -> None:
    answer = "not_now" if not interested else "conditional" if conditional else "interested"
    proposals.answer_routing(
        Routing.objects.get(pk=routing.pk), by=town.officers[key], answer=answer, comment=comment
    )
