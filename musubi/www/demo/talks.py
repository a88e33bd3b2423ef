"""A case told in lines: what was said, noted, met about, moved and handed over, each on its day.

A line of the data files is `[when, verb, …]`, where `when` is the number of days before the build or a date:

| verb | rest | who |
| --- | --- | --- |
| `org` | words | the organisation says |
| `say` | words | the lead department says, and asks |
| `tell` | words | the lead department informs; the ball stays |
| `note` | words | an internal note of the lead department |
| `desk` | words | an internal note of the desk |
| `meet` | place, minutes, decisions, who has the ball next (`org`, `lead` or empty) | a meeting |
| `offer` | a talk's title and place and its `times` as a table | the lead department offers times |
| `answer` | who (`org`, a department), `yes`, `maybe` or `no` for each time | says when they can come |
| `fix` | which of the times, counted from 0 | the talk is fixed |
| `minutes` | attendees, minutes, decisions, to-dos of `[who, words, when due]` | the fixed talk is put on the record |
| `done` | who (`org`, `lead`, a department) | ticks the to-do off that is due first |
| `mail` | words, what they quote | the organisation answers a notice by mail |
| `to` | stage, reason | the case moves on |
| `ball` | who (`org`, `lead`, a department), next step, days until due (optional) | the ball is handed |
| `join` | department | the desk lets a department take part |
| `route` | budget, days until the decision | the adoption route is agreed |
| `trial` | the fields of `trials.plan_trial` as a table | a trial is planned and, unless `approved` is false, approved |
| `start` | | the trial begins |
| `read` | place of the measure, value, note, who (`org` or `lead`) | something is measured |
| `draft` | findings, next steps | the organisation drafts the report |
| `report` | findings | the trial is reported |
| `decide` | decision, reason | the trial is decided |
| `pause` | days, reason | the case is laid aside |
| `outcome` | the fields of `record_outcome` as a table | an outcome is recorded |
| `story` | the fields of `write_story` as a table | the outcome's story is written, and published by the desk |
| `close` | reason, feedback | the case ends without one |

`times` are `[when, hour]`, and a day to come is negative: -4 is four days after the build, or the next working day.
"""

from datetime import date, datetime, timedelta

from musubi.cases import actions as cases
from musubi.cases.meetings import actions as meetings
from musubi.cases.meetings import todos
from musubi.cases.models import Case, Meeting, Trial
from musubi.cases.trials import actions as trials
from musubi.gatherings.models import Gathering
from musubi.lib import clock
from musubi.lib.fiscal import end_of_fiscal_year
from musubi.outcomes import actions as outcomes
from musubi.outcomes.models import Outcome
from musubi.people.models import Department, Organisation, User
from musubi.www.demo.player import Story, open_day
from musubi.www.demo.town import Town

# The first talk takes a case from 受付 to 対話.
TALKING = {"org", "say", "tell", "meet", "offer", "mail"}


def moment(when: int | date | datetime, today: date) -> datetime:
    """The moment of a line: a working day so many days ago, or ten o'clock of a date."""
    if isinstance(when, datetime):
        return when.replace(tzinfo=clock.TOKYO)
    if isinstance(when, date):
        return clock.at(when)
    # Spread over the day by the number itself, so that not everybody speaks at ten.
    return clock.at(open_day(today - timedelta(days=when)), 9 + when % 7, when * 13 % 60)


def day_to_come(when: int, today: date) -> date:
    """The day so many days before the build (negative: after it), or the next working day."""
    return open_day(today - timedelta(days=when), 1)


class Talk:
    """The people of one case, and what each verb does. Every line acts on the record as it is then."""

    def __init__(
        self, town: Town, case: Case, speaker: User, today: date, *, gathering: Gathering | None = None
    ):
        self.town, self.pk, self.speaker, self.gathering = town, case.pk, speaker, gathering
        self.today = today
        self.lead = town.key_of(case.lead)
        self.officer = town.officers[self.lead]

    @property
    def case(self) -> Case:
        return Case.objects.get(pk=self.pk)

    @property
    def latest_meeting(self) -> Meeting:
        return Meeting.objects.filter(case=self.pk).latest("pk")

    @property
    def latest_trial(self) -> Trial:
        return Trial.objects.filter(case=self.pk).latest("pk")

    def line(self, verb: str, *rest) -> None:
        if verb in TALKING and self.case.stage == "intake":
            cases.advance(self.case, "dialogue", by=self.officer)
        getattr(self, f"do_{verb}")(*rest)

    def do_org(self, words: str) -> None:
        cases.say(self.case, by=self.speaker, body=words)

    def do_say(self, words: str) -> None:
        cases.say(self.case, by=self.officer, body=words)

    def do_tell(self, words: str) -> None:
        cases.say(self.case, by=self.officer, body=words, asks=False)

    def do_note(self, words: str) -> None:
        cases.note(self.case, by=self.officer, body=words)

    def do_desk(self, words: str) -> None:
        cases.note(self.case, by=self.town.desk, body=words)

    def do_meet(self, place: str, minutes: str, decisions: str = "", ball: str = "") -> None:
        case = self.case
        cases.record_meeting(
            case,
            by=self.officer,
            held_at=clock.now() - timedelta(hours=1),
            place=place,
            attendees=f"{self.speaker}、{self.officer}",
            minutes=minutes,
            decisions=decisions,
            ball_to=self._holder(case, ball) if ball else None,
        )

    def do_event(self, minutes: str, decisions: str = "", ball: str = "lead") -> None:
        """A talk at the matching event itself."""
        case = self.case
        cases.record_meeting(
            case,
            by=self.officer,
            held_at=self.gathering.starts_at + timedelta(minutes=30 * (self.pk % 8)),
            minutes_long=25,
            place=self.gathering.place,
            attendees=f"{self.speaker}、{self.officer}",
            minutes=minutes,
            decisions=decisions,
            gathering=self.gathering,
            ball_to=self._holder(case, ball),
        )

    def do_offer(self, words: dict) -> None:
        times = [clock.at(day_to_come(when, self.today), hour) for when, hour in words["times"]]
        meetings.offer_times(
            self.case, by=self.officer, title=words["title"], place=words["place"], times=times
        )

    def do_answer(self, who: str, answers: list[str]) -> None:
        meeting = self.latest_meeting
        slots = meeting.slots.order_by("starts_at").values_list("pk", flat=True)
        meetings.answer_times(meeting, by=self._person(who), answers=dict(zip(slots, answers, strict=True)))

    def do_fix(self, position: int) -> None:
        meeting = self.latest_meeting
        meetings.fix_time(meeting, by=self.officer, slot=meeting.slots.order_by("starts_at")[position])

    def do_minutes(self, attendees: str, minutes: str, decisions: str, promised: list[list]) -> None:
        case = self.case
        meetings.record_minutes(
            self.latest_meeting,
            by=self.officer,
            attendees=attendees,
            minutes=minutes,
            decisions=decisions,
            todos=[
                {
                    "text": text,
                    "doer": self._holder(case, who),
                    "due_on": day_to_come(when, self.today),
                }
                for who, text, when in promised
            ],
        )

    def do_done(self, who: str) -> None:
        todos.finish_todo(todos.first_open(self.case), by=self._person(who))

    def do_mail(self, words: str, quoted: str) -> None:
        cases.say(self.case, by=self.speaker, body=words, quoted=quoted, data={"mail": True})

    def do_to(self, stage: str, reason: str = "") -> None:
        cases.advance(self.case, stage, by=self.officer, reason=reason)

    def do_ball(self, who: str, next_step: str, days: int | None = None) -> None:
        case = self.case
        due_on = clock.today() + timedelta(days=days) if days is not None else None
        cases.hand_ball(case, self._holder(case, who), by=self.officer, next_step=next_step, due_on=due_on)

    def do_join(self, key: str) -> None:
        cases.add_department(self.case, self.town.departments[key], by=self.town.desk)

    def do_route(self, budget: str, days: int) -> None:
        case = self.case
        cases.set_adoption_route(
            case,
            by=self.officer,
            budget=budget,
            department=case.lead,
            deadline=clock.today() + timedelta(days=days),
        )

    def do_trial(self, words: dict) -> None:
        starts_on = clock.today() + timedelta(days=words["in_days"])
        ends_on = min(starts_on + timedelta(days=words["days"]), end_of_fiscal_year(starts_on))
        trial = trials.plan_trial(
            self.case,
            by=self.officer,
            title=words["title"],
            field=words["field"],
            starts_on=starts_on,
            ends_on=ends_on,
            measures=words["measures"],
            plan=words.get("plan", ""),
            safety=words.get("safety", ""),
            data_terms=words.get("data_terms", ""),
            costs=words.get("costs", ()),
            knows_late=True,
        )
        if words.get("approved") is False:
            return
        trials.approve_trial(trial, by=self.town.decides(self.lead))

    def do_start(self) -> None:
        trials.start_trial(self.latest_trial, by=self.officer)

    def do_read(self, measure: int, value: float, note: str = "", who: str = "org") -> None:
        by = self.speaker if who == "org" else self.officer
        trials.add_reading(self.latest_trial, measure, str(value), by=by, note=note)

    def do_draft(self, findings: str, next_steps: str = "") -> None:
        trials.draft_report(self.latest_trial, by=self.speaker, findings=findings, next_steps=next_steps)

    def do_report(self, findings: str, next_steps: str = "") -> None:
        trials.report_trial(self.latest_trial, by=self.officer, findings=findings, next_steps=next_steps)

    def do_decide(self, decision: str, reason: str) -> None:
        trials.decide_trial(
            self.latest_trial, by=self.town.decides(self.lead), decision=decision, reason=reason
        )

    def do_pause(self, days: int, reason: str) -> None:
        until = open_day(clock.today() + timedelta(days=days), 1)
        cases.pause(self.case, by=self.officer, until=until, reason=reason)

    def do_outcome(self, words: dict) -> None:
        words = {"started_on": clock.today(), **words}
        outcomes.record_outcome(self.case, by=self.officer, **words)

    def do_story(self, words: dict) -> None:
        outcome = Outcome.objects.filter(case=self.pk).latest("recorded_at")
        story = outcomes.write_story(outcome, by=self.officer, **words)
        outcomes.publish_story(story, by=self.town.desk)

    def do_close(self, reason: str, feedback: str) -> None:
        cases.close(self.case, by=self.officer, reason=reason, feedback=feedback)

    def _holder(self, case: Case, who: str) -> Department | Organisation:
        if who == "org":
            return case.organisations.first()
        return case.lead if who == "lead" else self.town.departments[who]

    def _person(self, who: str) -> User:
        if who == "org":
            return self.speaker
        return self.officer if who == "lead" else self.town.officers[who]


def tell(talk: Talk, lines: list[list], today: date) -> Story:
    """The lines of a case, each at its moment."""
    for when, verb, *rest in lines:
        yield moment(when, today)
        talk.line(verb, *rest)


def contact(town: Town, words: dict, today: date) -> Story:
    """A case without a proposal: somebody walked in or was referred."""
    yield moment(words["opened"], today)
    key = words["org"]
    organisation = town.cast.organisation(key)
    case = cases.open_contact(
        town.municipality,
        [organisation],
        by=town.officers[words["lead"]],
        title=words["title"],
        lead=town.departments[words["lead"]],
        channel=words["channel"],
        summary=words.get("summary", ""),
    )
    yield from tell(Talk(town, case, town.cast.speaker(key), today), words.get("lines", []), today)
