"""浜凪市: a city with a desk, after a published account; see `data/hamanagi*.toml` for the words.

Four challenges on the national platform, its matching event in December 2022 (令和4年度), nineteen proposals, ten
organisations in dialogue (seven met at the event), two challenges realised afterwards; two agreements, each after
a track record; and some dozens of cases that move without one.
"""

from datetime import date, timedelta

from musubi.cases import actions as cases
from musubi.challenges import actions as challenges
from musubi.challenges.models import Challenge
from musubi.gatherings import actions as gatherings
from musubi.gatherings.models import Gathering
from musubi.lib import clock
from musubi.lib.fiscal import end_of_fiscal_year
from musubi.outcomes import actions as outcomes
from musubi.outcomes.models import Outcome
from musubi.proposals import actions as proposals
from musubi.proposals import referrals
from musubi.proposals.models import Proposal
from musubi.www.demo.parts import ahead, applicant, member, solutions
from musubi.www.demo.player import Story, day, open_day
from musubi.www.demo.register import agreement
from musubi.www.demo.talks import Talk, contact, moment, tell
from musubi.www.demo.town import Cast, Town, found, read

EVENT = day(2022, 12, 8, 10)
# When the first, second … proposal to a challenge came, and when its department answered the desk.
RECEIVED = [
    day(2022, 10, 12, 13),
    day(2022, 10, 14, 11),
    day(2022, 10, 19, 16),
    day(2022, 11, 7, 9),
    day(2022, 11, 9),
]
ANSWERED = [
    day(2022, 11, 21, 15),
    day(2022, 11, 22),
    day(2022, 11, 24, 17),
    day(2022, 11, 25, 11),
    day(2022, 11, 28),
]
MEMBERS = [
    ("naginohc", date(2023, 5, 10)),
    ("digitalnohara", date(2023, 6, 1)),
    ("naminowa", date(2023, 6, 14)),
    ("hamashin", date(2023, 9, 6)),
    ("kamome", date(2024, 5, 22)),
    ("radio", date(2024, 8, 7)),
    ("densha", date(2025, 4, 16)),
    ("midori", date(2025, 10, 1)),
    ("kango", date(2026, 4, 8)),
    ("surf", date(2026, 6, 3)),
]


def stories(cast: Cast, today: date) -> list[Story]:
    """All of the city's stories. `today` is the day of the build."""
    town = Town(cast)
    return [
        founding(town),
        matching_event(town),
        *(challenge(town, code, position) for position, code in enumerate(read("hamanagi_challenges"))
          if code != "cases"),
        *(
            proposal(town, code, position, words, today)
            for code, block in read("hamanagi_challenges").items()
            if code != "cases"
            for position, words in enumerate(block["proposals"])
        ),
        sea_litter_again(town, today),
        second_match(town, today),
        story_of_the_course(town),
        *(contact(town, words, today) for words in read("hamanagi_history")["contact"]),
        *(agreement(town, words, today) for words in read("hamanagi_history")["agreement"]),
        *(contact(town, words, today) for words in read("hamanagi_open")["contact"]),
        *(member(town, key, joined) for key, joined in MEMBERS),
        solutions(town, "hamanagi"),
        applicant(
            town,
            "farm",
            today,
            2,
            "畑の見学や野菜の活用など、子どもたちと一緒にできることを探しています。",
        ),
        ahead(
            town,
            "desk",
            today,
            announced=9,
            in_days=26,
            hours=2.5,
            kind="briefing",
            title="公民連携デスク ひらかれた相談会",
            description="「こんなことができるかもしれない」の段階で大丈夫です。担当課の職員が5つの机でお待ちしています。",
            place="浜凪市役所 1階 市民ロビー",
        ),
    ]  # fmt: skip


def founding(town: Town) -> Story:
    yield day(2022, 6, 1, 9)
    found(town, "hamanagi")


# --- the four challenges and their event ----------------------------------------------------------------------


def challenge(town: Town, code: str, position: int) -> Story:
    """Raised by its department in July, checked by the desk, on the national platform from September."""
    words = dict(read("hamanagi_challenges")[code])
    key, _proposals = words.pop("department"), words.pop("proposals")
    officer = None
    yield day(2022, 7, 4 + 2 * position, 14)
    officer = town.officers[key]
    row = challenges.draft_challenge(
        town.departments[key], by=officer, code=code, channel="national", deadline=date(2022, 11, 30), **words
    )
    yield day(2022, 7, 19 + position)
    challenges.ask_for_check(row, by=officer)
    if code == "carbon_neutral":
        yield day(2022, 7, 27)
        challenges.return_to_draft(
            row,
            by=town.desk,
            remarks="相談会の来場者数など、今の体制で届いていないことが分かる数字を一つ足してください。",
        )
        yield day(2022, 8, 3)
        challenges.ask_for_check(row, by=officer)
    yield day(2022, 9, 1, 9 + position)
    challenges.publish(row, by=town.desk)


def matching_event(town: Town) -> Story:
    yield day(2022, 10, 4)
    row = gatherings.draft_gathering(
        town.departments["desk"],
        by=town.desk,
        kind="matching",
        title="官民連携マッチングイベント",
        description="全国のプラットフォームに登録した4つの課題について、担当課が提案者とその場で話します。",
        starts_at=EVENT,
        ends_at=EVENT + timedelta(hours=7),
        place="東京国際展示会議棟 第2ホール",
    )
    yield day(2022, 10, 11)
    gatherings.open_gathering(row, by=town.desk)
    yield day(2022, 12, 2)
    gatherings.close_gathering(row, by=town.desk)
    yield EVENT + timedelta(hours=7)
    gatherings.hold(row, by=town.desk)
    yield day(2022, 12, 20)
    gatherings.report(
        row,
        "4つの課題の担当課がブースを開き、事前に提案のあった7団体と面談しました。"
        "面談できなかった団体とは、年明けから個別にお話しします。",
        by=town.desk,
    )


def proposal(town: Town, code: str, position: int, words: dict, today: date) -> Story:
    """Comes through the national platform, is put to the department, and is talked about or declined."""
    words = dict(words)
    key, decline = words.pop("org"), words.pop("decline", None)
    department = read("hamanagi_challenges")[code]["department"]
    yield RECEIVED[position]
    row = proposals.receive_proposal(
        town.cast.organisation(key),
        town.municipality,
        by=town.desk,
        track="challenge",
        channel="national",
        challenge=Challenge.objects.get(municipality=town.municipality, code=code),
        **words,
    )
    yield day(2022, 11, 14, 9)
    (routing,) = proposals.route(
        row,
        [town.departments[department]],
        by=town.desk,
        due_on=date(2022, 11, 29),
        question="12月8日のイベントで面談したいか、その理由とあわせて教えてください。",
    )
    yield ANSWERED[position]
    interested = decline is None
    proposals.answer_routing(
        routing,
        by=town.officers[department],
        answer="interested" if interested else "not_now",
        comment="具体的に話を聞きたいです。" if interested else decline[2].split("。")[1] + "。",
    )
    if not interested:
        yield clock.at(decline[0], 16)
        row.refresh_from_db()
        proposals.decline(row, by=town.desk, reason=decline[1], feedback=decline[2])
        return
    case = read("hamanagi_challenges")["cases"][key]
    yield clock.at(case["opened"], 9, 30)
    row.refresh_from_db()
    opened = cases.open_case(row, by=town.officers[department], lead=town.departments[department])
    event = Gathering.objects.get(municipality=town.municipality, kind="matching")
    talk = Talk(town, opened, town.cast.speaker(key), today, gathering=event)
    for line in tell(talk, case["lines"], today):
        # Talks at the event are put on the record at its end.
        yield max(line, EVENT + timedelta(hours=7)) if line.date() == EVENT.date() else line


def sea_litter_again(town: Town, today: date) -> Story:
    """What was asked for is not reached yet, so the challenge is put out again and kept open year by year."""
    yield day(2024, 3, 27)
    row = Challenge.objects.get(municipality=town.municipality, code="sea_litter")
    manager = town.managers["kankyo"]
    challenges.close(
        row,
        by=manager,
        reason="other",
        note="作品展は実現しましたが、学校の授業には届いていません。年間計画を立てる時期に合わせて、もう一度募集します。",
    )
    yield day(2024, 5, 8)
    challenges.reopen(row, by=manager, expires_on=date(2025, 3, 31))
    challenges.save_challenge(row, by=town.officers["kankyo"], deadline=None)
    for year in range(2025, end_of_fiscal_year(today).year):
        yield clock.at(open_day(date(year, 3, 20)))
        challenges.renew(row, by=town.officers["kankyo"], expires_on=date(year + 1, 3, 31))


def second_match(town: Town, today: date) -> Story:
    """A proposal declined for want of a budget fits another department now, and waits for its organisation's word."""
    words = read("hamanagi_open")["referral"]
    yield moment(words["offered"], today)
    row = Proposal.objects.get(municipality=town.municipality, title=words["title"])
    referrals.offer(row, town.departments[words["department"]], by=town.desk, reason=words["reason"])


def story_of_the_course(town: Town) -> Story:
    """The one outcome that is told as a story."""
    yield day(2023, 10, 4)
    words = read("hamanagi_history")["story"]
    outcome = Outcome.objects.get(case__municipality=town.municipality, kind="joint_event",
                                  case__challenge__code="literacy_course")  # fmt: skip
    story = outcomes.write_story(outcome, by=town.officers["shakai"], **words)
    yield day(2023, 10, 18)
    outcomes.publish_story(story, by=town.desk)
