"""Fills an empty database with an invented country and tells how long it took.

    script/bench load [--json] [--challenges N] [--municipalities N] [--seed N]

Rows are written in bulk, past the actions, but stand as the actions would have left them: every constraint
holds, every text can be searched, every number is taken from its municipality's count, and the journal has its
entries, already handled. The same seed on the same day gives the same country.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

if __name__ == "__main__":
    from bench.lib.house import open_house

    open_house()

from django.db import models, transaction

from bench.lib.house import tell
from bench.lib.words import DEPARTMENTS, HUES, NEXT_STEPS, Theme, Words
from musubi.cases.models import Case, Post
from musubi.cases.states import PATH
from musubi.challenges.models import Challenge
from musubi.challenges.queries import marks
from musubi.journal.models import Entry
from musubi.lib import clock, fulltext
from musubi.lib.fiscal import fiscal_year
from musubi.lib.lgcode import check_digit
from musubi.lib.text import organisation_key
from musubi.outcomes.models import Outcome, Story
from musubi.people.models import (
    Department,
    Member,
    Municipality,
    Numbering,
    Organisation,
    Representative,
    Staff,
    User,
)
from musubi.proposals.models import Proposal, Routing

CHUNK = 2000
DAYS = 3 * 365
BIGGEST = 0.15  # of all challenges lie in the first municipality, the others share the rest evenly
PROPOSALS = 0.4  # a challenge, on average
OFFICERS = 3  # a department, the first of them its manager
ORGANISATIONS = 12  # a municipality
PROPOSAL_STATES = {
    "submitted": 12,
    "routing": 15,
    "dialogue": 13,
    "accepted": 20,
    "declined": 25,
    "withdrawn": 15,
}
STAGES = {
    "planning": 3,
    "trial": 3,
    "evaluation": 2,
    "implementation": 2,
    "completed": 8,
    "paused": 1,
    "closed": 2,
}


@dataclass
class Town:
    """A municipality with whom and what the generator picks from."""

    row: Municipality
    desk: Department
    desk_person: User
    departments: list[Department]
    officers: dict[int, list[User]]  # by department
    members: list[Organisation]


class Country:
    """Writes municipalities first, then challenges with what follows from them, chunk by chunk."""

    def __init__(self, *, seed: int = 2026):
        self.random = Random(seed)
        self.words = Words(self.random)
        self.today = clock.today()
        self.towns: list[Town] = []
        self.speakers: dict[int, User] = {}  # by organisation
        self.numbers: Counter[tuple[int, str, int]] = Counter()
        self.written: Counter[str] = Counter()
        self.entries: list[Entry] = []

    # --- who is there ----------------------------------------------------------------------------------------

    @transaction.atomic
    def found(self, municipalities: int) -> None:
        """The municipalities, each with a desk, departments, staff and member organisations."""
        longest_ago = clock.at(self.today - timedelta(days=DAYS + 30))
        rows = self._write(Municipality, map(self._municipality, range(municipalities)))
        desks = self._write(
            Department, (Department(municipality=row, name="公民連携デスク", is_desk=True) for row in rows)
        )
        sections = self._write(
            Department,
            (
                Department(municipality=row, name=name, duties=self.words.duties(), position=n)
                for row in rows
                for n, name in enumerate(DEPARTMENTS, 1)
            ),
        )
        seats = [(desk, "desk") for desk in desks]
        seats += [(s, "officer" if n else "manager") for s in sections for n in range(OFFICERS)]
        people = self._write(
            User,
            (
                User(
                    email=f"staff{n}@{department.municipality.slug}.example",
                    name=self.words.person(),
                    password="!",
                )
                for n, (department, _role) in enumerate(seats, 1)
            ),
        )
        self._write(
            Staff,
            (
                Staff(user=person, municipality=department.municipality, department=department, role=role)
                for person, (department, role) in zip(people, seats, strict=True)
            ),
        )
        organisations = self._organisations(municipalities * ORGANISATIONS, longest_ago)
        officers: dict[int, list[User]] = {}
        for person, (department, _role) in zip(people, seats, strict=True):
            officers.setdefault(department.pk, []).append(person)
        for n, (row, desk) in enumerate(zip(rows, desks, strict=True)):
            mine = sections[n * len(DEPARTMENTS) : (n + 1) * len(DEPARTMENTS)]
            members = self.random.sample(organisations, ORGANISATIONS)
            self.towns.append(Town(row, desk, officers[desk.pk][0], mine, officers, members))
        self._write(
            Member,
            (
                Member(
                    municipality=town.row,
                    organisation=organisation,
                    state="active",
                    applied_at=longest_ago,
                    joined_on=longest_ago.date(),
                )
                for town in self.towns
                for organisation in town.members
            ),
        )

    def _municipality(self, number: int) -> Municipality:
        name, slug, prefecture = self.words.municipality(number)
        # No prefecture of Japan begins with 9, so no real municipality has such a code.
        five = f"9{number:04d}"
        return Municipality(
            code=five + check_digit(five),
            slug=slug,
            name=name,
            prefecture=prefecture,
            hue=HUES[number % len(HUES)],
            lead=f"{name}の困りごとを、一緒に解いてくださる方を探しています。",
        )

    def _organisations(self, count: int, at: datetime) -> list[Organisation]:
        kinds = [*Organisation.Kind.values, "company", "company", "company", "npo"]
        rows = []
        for number in range(count):
            kind = kinds[number % len(kinds)]
            name = self.words.organisation(number, kind)
            rows.append(
                Organisation(
                    kind=kind,
                    name=name,
                    name_key=organisation_key(name),
                    prefecture=self.words.municipality(number % 100)[2],
                    description=self.words.offer(self.words.theme()),
                    created_at=at,
                )
            )
        rows = self._write(Organisation, rows)
        self._index(rows)
        people = self._write(
            User,
            (
                User(email=f"speaker{n}@partner.example", name=self.words.person(), password="!")
                for n in range(count)
            ),
        )
        self._write(
            Representative,
            (
                Representative(user=p, organisation=o, is_owner=True)
                for p, o in zip(people, rows, strict=True)
            ),
        )
        self.speakers = {row.pk: person for row, person in zip(rows, people, strict=True)}
        return rows

    # --- what they do ----------------------------------------------------------------------------------------

    def add_challenges(self, count: int, progress: Callable[[int], None] = lambda done: None) -> None:
        """`count` challenges, the oldest first, with their proposals, cases, outcomes and journal."""
        shares = [BIGGEST] + [(1 - BIGGEST) / (len(self.towns) - 1)] * (len(self.towns) - 1)
        towns = self.random.choices(self.towns, shares, k=count)
        for start in range(0, count, CHUNK):
            with transaction.atomic():
                ages = (DAYS * (count - n) // count for n in range(start, start + CHUNK))
                self._chunk(list(zip(towns[start : start + CHUNK], ages, strict=False)))
            progress(min(start + CHUNK, count))
        self._keep_numbers()

    def _chunk(self, places: list[tuple[Town, int]]) -> None:
        told = [self._challenge(town, self.today - timedelta(days=age)) for town, age in places]
        challenges = self._write(Challenge, [row for row, _town, _theme in told])
        themes = {row.pk: theme for row, _town, theme in told}
        self._tie(Challenge.goals, ((row.pk, goal) for row, _, theme in told for goal in theme.goals))
        self._tie(Challenge.fields, ((row.pk, theme.field) for row, _, theme in told))
        self._index(challenges, {row.pk: marks(row, theme.goals, [theme.field]) for row, _, theme in told})
        for row, town, _theme in told:
            self._note("challenge.drafted", row, town, row.owner, row.created_at)
            if row.published_at:
                self._note("challenge.published", row, town, town.desk_person, row.published_at)
        open_to = [
            (row, town) for row, town, _theme in told if row.state in ("published", "matched", "resolved")
        ]
        self._proposals(open_to, themes, round(len(told) * PROPOSALS))
        Entry.objects.bulk_create(self.entries)
        self.written["entry"] += len(self.entries)
        self.entries = []

    def _challenge(self, town: Town, day: date) -> tuple[Challenge, Town, Theme]:
        words, random = self.words, self.random
        theme = words.theme()
        department = random.choice(town.departments)
        at = clock.at(day, random.randrange(8, 18), random.randrange(60))
        row = Challenge(
            municipality=town.row,
            department=department,
            owner=random.choice(town.officers[department.pk]),
            ref=self._ref(town, "challenge", day),
            title=words.title(theme),
            problem=words.trouble(theme),
            goal_image=words.picture(theme),
            offer_note=words.offer(theme),
            conditions=words.condition(theme),
            offers_field=random.random() < 0.5,
            offers_data=random.random() < 0.3,
            offers_publicity=random.random() < 0.6,
            offers_budget=random.random() < 0.1,
            scale="small" if random.random() < 0.8 else "large",
            visibility=40,
            created_at=at - timedelta(days=10),
            submitted_at=at - timedelta(days=3),
            published_at=at,
            expires_on=day + timedelta(days=365),
            deadline=day + timedelta(days=90) if random.random() < 0.5 else None,
        )
        young = day > self.today - timedelta(days=300)
        states = {"published": 60, "matched": 15, "resolved": 10, "closed": 9, "checking": 3, "draft": 3}
        row.state = self._pick(states if young else {"matched": 25, "resolved": 45, "closed": 30})
        if row.state == "closed":
            row.closed_at, row.close_reason = at + timedelta(days=100), random.choice(["expired", "budget"])
        elif row.state in ("draft", "checking"):
            row.published_at = row.expires_on = None
            row.visibility = 10
            row.submitted_at = None if row.state == "draft" else row.submitted_at
        return row, town, theme

    def _proposals(self, open_to: list[tuple[Challenge, Town]], themes: dict[int, Theme], count: int) -> None:
        told = []
        for challenge, town in self.random.choices(open_to, k=count) if open_to else ():
            told.append((self._proposal(challenge, town, themes[challenge.pk]), challenge, town))
        rows = self._write(Proposal, [proposal for proposal, _, _ in told])
        self._tie(Proposal.fields, ((row.pk, themes[row.challenge_id].field) for row in rows))
        self._index(rows)
        self._write(
            Routing,
            (
                Routing(
                    proposal=row,
                    department=challenge.department,
                    question="この提案について、担当課としての考えをお聞かせください。",
                    asked_at=row.submitted_at,
                    asked_by=town.desk_person,
                    due_on=row.ball_due_on or row.submitted_at.date() + timedelta(days=14),
                    **self._answer(row, challenge),
                )
                for row, challenge, town in told
                if row.state not in ("submitted", "withdrawn")
            ),
        )
        for row, _challenge, town in told:
            self._note("proposal.submitted", row, town, row.author, row.submitted_at)
        self._cases([t for t in told if t[0].state in ("dialogue", "accepted")], themes)

    def _proposal(self, challenge: Challenge, town: Town, theme: Theme) -> Proposal:
        words, random = self.words, self.random
        organisation = random.choice(town.members)
        state = self._pick(PROPOSAL_STATES)
        # Questions that are still open came in lately, whatever the age of the challenge.
        waiting = state in ("submitted", "routing")
        latest = self.today - timedelta(days=1)
        day = min(challenge.published_at.date() + timedelta(days=random.randrange(5, 80)), latest)
        day = latest - timedelta(days=random.randrange(20)) if waiting else day
        at = clock.at(day, random.randrange(8, 20))
        row = Proposal(
            municipality=town.row,
            organisation=organisation,
            challenge=challenge,
            ref=self._ref(town, "proposal", day),
            track="challenge",
            title=f"{random.choice(theme.means)}のご提案",
            content=words.picture(theme) + words.offer(theme),
            effect=words.picture(theme),
            state=state,
            created_at=at - timedelta(days=2),
            saved_at=at,
            author=self.speakers[organisation.pk],
            submitted_at=at,
        )
        if waiting:
            row.ball_department = town.desk if state == "submitted" else challenge.department
            row.ball_since, row.ball_due_on = at, day + timedelta(days=random.randrange(3, 25))
            row.ball_next = "照会先を決める" if state == "submitted" else "照会に回答する"
        else:
            row.first_answered_at = at + timedelta(days=8)
        if state in ("accepted", "declined", "withdrawn"):
            row.decided_at = at + timedelta(days=20)
        if state == "declined":
            row.decline_reason, row.feedback = random.choice(["budget", "timing", "rules"]), words.line(theme)
        return row

    def _answer(self, proposal: Proposal, challenge: Challenge) -> dict:
        if proposal.state == "routing":
            return {}
        answer = "not_now" if proposal.state == "declined" else "interested"
        return {"answer": answer, "answered_at": proposal.first_answered_at, "answered_by": challenge.owner}

    def _cases(self, told: list[tuple[Proposal, Challenge, Town]], themes: dict[int, Theme]) -> None:
        rows = self._write(Case, [self._case(*one) for one in told])
        self._tie(Case.departments, ((row.pk, row.lead_id) for row in rows))
        self._tie(Case.organisations, ((row.pk, row.proposal.organisation_id) for row in rows))
        for row in rows:
            row._prefetched_objects_cache = {"organisations": [row.proposal.organisation]}
        self._index(rows)
        self._write(Post, (post for row in rows for post in self._thread(row, themes[row.challenge_id])))
        for row, (_proposal, _challenge, town) in zip(rows, told, strict=True):
            self._note("case.opened", row, town, row.owner, row.opened_at)
        done = [(row, town) for row, (_, _, town) in zip(rows, told, strict=True) if row.stage == "completed"]
        self._stories(done, themes)

    def _case(self, proposal: Proposal, challenge: Challenge, town: Town) -> Case:
        random = self.random
        stage = "dialogue" if proposal.state == "dialogue" else self._pick(STAGES)
        at = proposal.first_answered_at
        row = Case(
            municipality=town.row,
            ref=self._ref(town, "case", at.date()),
            title=proposal.title,
            summary=proposal.content,
            challenge=challenge,
            proposal=proposal,
            lead=challenge.department,
            owner=challenge.owner,
            channel="site",
            stage=stage,
            stage_since=at + timedelta(days=30),
            opened_at=at,
            last_spoken_at=at + timedelta(days=40),
        )
        if stage in ("completed", "closed"):
            row.closed_at = at + timedelta(days=200)
            row.outcome_count = int(stage == "completed")
            if stage == "closed":
                row.close_reason, row.feedback = "budget", "予算の見通しが立ちませんでした。"
            else:
                row.started_on = row.closed_at.date()
            return row
        if random.random() < 0.6:
            row.ball_department = challenge.department
        else:
            row.ball_organisation = proposal.organisation
        row.ball_since = at + timedelta(days=40)
        row.ball_due_on = self.today + timedelta(days=random.randrange(-10, 30))
        row.ball_next = random.choice(NEXT_STEPS)
        if stage == "paused":
            row.paused_from, row.paused_until = "dialogue", self.today + timedelta(days=60)
        return row

    def _thread(self, case: Case, theme: Theme) -> Iterable[Post]:
        """The opening, four messages in turn, an internal note, and how far it has come."""
        department = {"author": case.owner, "side": "department", "department_id": case.lead_id}
        organisation = case.proposal.organisation
        partner = {
            "author": self.speakers[organisation.pk],
            "side": "organisation",
            "organisation": organisation,
        }
        start = {"from": "", "to": "dialogue"}
        yield Post(
            case=case, kind="stage", side="department", at=case.opened_at, author=case.owner, data=start
        )
        for n in range(4):
            at = case.opened_at + timedelta(days=2 + 3 * n)
            side = partner if n % 2 else department
            yield Post(case=case, kind="message", at=at, body=self.words.line(theme), **side)
        at = case.opened_at + timedelta(days=15)
        yield Post(case=case, kind="note", internal=True, at=at, body=self.words.line(theme), **department)
        if case.stage in PATH and case.stage != "dialogue":
            move = {"from": "dialogue", "to": case.stage}
            yield Post(case=case, kind="stage", at=case.stage_since, data=move, **department)

    def _stories(self, done: list[tuple[Case, Town]], themes: dict[int, Theme]) -> None:
        outcomes = self._write(
            Outcome,
            (
                Outcome(
                    case=case,
                    kind=self.random.choice(["implemented", "joint_event", "trial_done"]),
                    title=case.title.removesuffix("のご提案"),
                    summary=self.words.picture(themes[case.challenge_id]),
                    started_on=case.started_on,
                    recorded_at=case.closed_at,
                    recorded_by=case.owner,
                )
                for case, _town in done
            ),
        )
        stories = self._write(
            Story,
            (
                Story(
                    municipality=town.row,
                    outcome=outcome,
                    ref=self._ref(town, "story", case.closed_at.date()),
                    title=f"{outcome.title}が始まりました",
                    body=outcome.summary,
                    state="published",
                    published_at=case.closed_at,
                    written_by=town.desk_person,
                )
                for outcome, (case, town) in zip(outcomes, done, strict=True)
            ),
        )
        self._tie(
            Story.goals,
            ((s.pk, goal) for s in stories for goal in themes[s.outcome.case.challenge_id].goals),
        )

    # --- writing ---------------------------------------------------------------------------------------------

    def _write(self, model: type[models.Model], rows: Iterable[models.Model]) -> list:
        rows = model._default_manager.bulk_create(list(rows), batch_size=CHUNK)
        self.written[model._meta.model_name] += len(rows)
        return rows

    def _tie(self, relation, pairs: Iterable[tuple]) -> None:
        """Rows of a many-to-many table: (key here, key there)."""
        here, there = relation.field.m2m_field_name(), relation.field.m2m_reverse_field_name()
        table = relation.through
        rows = [table(**{f"{here}_id": a, f"{there}_id": b}) for a, b in pairs]
        table._default_manager.bulk_create(rows, batch_size=CHUNK)

    def _index(self, rows: list, marked: dict[int, list[str]] | None = None) -> None:
        """`marked` are the marks by key, for what has some."""
        if rows:
            marked = marked or {}
            described = (
                (row.pk, row.searchable, getattr(row, "municipality_id", None), marked.get(row.pk, ()))
                for row in rows
            )
            fulltext.index_many(type(rows[0]), described)

    def _note(self, verb: str, thing: models.Model, town: Town, by: User, at: datetime) -> None:
        self.entries.append(
            Entry(
                at=at,
                verb=verb,
                actor_id=by.pk,
                actor=str(by),
                kind=thing._meta.model_name,
                object_id=thing.pk,
                municipality=town.row.code,
                ref=thing.ref,
                title=thing.title,
                done_at=at,
            )
        )

    def _ref(self, town: Town, kind: str, day: date) -> str:
        key = (town.row.pk, kind, fiscal_year(day))
        self.numbers[key] += 1
        return f"{key[2]}-{self.numbers[key]:03d}"

    def _keep_numbers(self) -> None:
        """So that the product's own actions count on from here."""
        Numbering.objects.bulk_create(
            [
                Numbering(municipality_id=city, kind=kind, year=year, last=last)
                for (city, kind, year), last in self.numbers.items()
            ],
            update_conflicts=True,
            unique_fields=["municipality", "kind", "year"],
            update_fields=["last"],
        )

    def _pick(self, weights: dict[str, int]) -> str:
        return self.random.choices(list(weights), list(weights.values()))[0]


def load(challenges: int, *, municipalities: int = 100, seed: int = 2026) -> dict[str, int]:
    """An empty, migrated database becomes an invented country. Returns how many rows of each kind were written."""
    country = Country(seed=seed)
    country.found(municipalities)

    def progress(done: int) -> None:
        if done % (10 * CHUNK) == 0 or done == challenges:
            tell(f"{done:,} of {challenges:,} challenges loaded")

    country.add_challenges(challenges, progress)
    return dict(country.written)


def main() -> None:
    from bench.lib.house import describe_database, fresh_database

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.add_argument("--challenges", type=int, default=100_000)
    parser.add_argument("--municipalities", type=int, default=100)
    parser.add_argument("--seed", type=int, default=2026)
    given = parser.parse_args()
    fresh_database()
    start = time.perf_counter()
    rows = load(given.challenges, municipalities=given.municipalities, seed=given.seed)
    seconds = round(time.perf_counter() - start, 1)
    limit = 120 * given.challenges / 100_000
    wanted = [{"name": "seconds to load", "value": seconds, "limit": limit, "ok": seconds <= limit}]
    if given.json:
        print(
            json.dumps({"database": describe_database(), "rows": rows, "wanted": wanted}, ensure_ascii=False)
        )
        return
    for name, number in rows.items():
        print(f"{number:>12,} {name}")
    print(f"{seconds:>12,} s on {describe_database()} (wanted: at most {limit:g} s)")


if __name__ == "__main__":
    main()
