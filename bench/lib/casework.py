"""An invented country with nothing but casework: as many open cases as finished ones, with their stays and threads.

Written in bulk as `bench.load` does, on the same municipalities; the biggest holds 15 % of them all.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction

from bench.lib.house import tell
from bench.lib.words import NEXT_STEPS
from bench.load import BIGGEST, CHUNK, DAYS, Country, Town
from musubi.cases.models import Case, Post, Stay
from musubi.lib import clock
from musubi.people.models import Department

OPEN_AT = {
    "intake": 10,
    "dialogue": 40,
    "planning": 20,
    "trial": 12,
    "evaluation": 8,
    "implementation": 8,
    "paused": 2,
}
WAY = ["dialogue", "planning", "trial", "evaluation", "implementation"]
USUAL_DAYS = {
    "intake": 6,
    "dialogue": 25,
    "planning": 40,
    "trial": 70,
    "evaluation": 30,
    "implementation": 90,
}
TRACKS = ["challenge", "challenge", "trial", "open", ""]
SLIGHTLY = 1.4  # spread of the stays' logarithmic normal distribution, as a factor


class Casework(Country):
    def add_cases(self, count: int) -> None:
        """`count` open and `count` finished cases."""
        shares = [BIGGEST] + [(1 - BIGGEST) / max(1, len(self.towns) - 1)] * (len(self.towns) - 1)
        towns = self.random.choices(self.towns, shares, k=count)
        for start in range(0, count, CHUNK):
            with transaction.atomic():
                self._chunk_of_cases(towns[start : start + CHUNK])
            done = min(start + CHUNK, count)
            if done % (10 * CHUNK) == 0 or done == count:
                tell(f"{done:,} of {count:,} open and as many finished cases loaded")
        self._keep_numbers()

    def _chunk_of_cases(self, towns: list[Town]) -> None:
        made = [self._life(town, finished) for town in towns for finished in (False, True)]
        rows = self._write(Case, [row for row, _lived, _town in made])
        self._tie(Case.departments, ((row.pk, row.lead_id) for row in rows))
        self._tie(
            Case.organisations,
            ((row.pk, town.members[row.pk % len(town.members)].pk) for row, _, town in made),
        )
        for row, _lived, town in made:
            row._prefetched_objects_cache = {"organisations": [town.members[row.pk % len(town.members)]]}
        self._index(rows)
        self._write(Stay, (stay for row, lived, _town in made for stay in self._stays(row, lived)))
        self._write(Post, (post for row, _lived, town in made for post in self._lines(row, town)))

    def _life(
        self, town: Town, finished: bool
    ) -> tuple[Case, list[tuple[str, datetime, datetime | None]], Town]:
        """A case, and its stays: (stage, since, until)."""
        random = self.random
        department: Department = random.choice(town.departments)
        stage = "completed" if finished else self._pick(OPEN_AT)
        last = "dialogue" if stage == "paused" else stage
        visited = WAY if finished else [*WAY[: WAY.index(last)], last] if last in WAY else ["intake"]
        lengths = [USUAL_DAYS[one] * random.lognormvariate(0, 0.34 * SLIGHTLY) for one in visited]
        end = clock.at(self.today - timedelta(days=random.randrange(DAYS))) if finished else clock.now()
        at = end - timedelta(days=sum(lengths))
        opened, stays = at, []
        for one, days in zip(visited, lengths, strict=True):
            stays.append([one, at, at + timedelta(days=days)])
            at = stays[-1][2]
        row = Case(
            municipality=town.row,
            ref=self._ref(town, "case", opened.date()),
            title=f"{self.words.title(self.words.theme())}の連携",
            lead=department,
            owner=random.choice(town.officers[department.pk]),
            channel="site",
            stage=stage,
            stage_since=stays[-1][1],
            opened_at=opened,
            last_spoken_at=stays[-1][1] + timedelta(days=random.random() * lengths[-1]),
        )
        if finished:
            row.closed_at, row.outcome_count, row.started_on = end, 1, end.date()
        else:
            stays[-1][2] = row.stage_since + timedelta(days=3) if stage == "paused" else None
            row.ball_since = row.last_spoken_at
            row.ball_due_on = self.today + timedelta(days=random.randrange(-10, 20))
            row.ball_next = random.choice(NEXT_STEPS)
            if random.random() < 0.6:
                row.ball_department = department
            else:
                row.ball_organisation = random.choice(town.members)
            if stage == "paused":
                row.paused_from, row.paused_until = "dialogue", self.today + timedelta(days=60)
        return row, stays, town

    def _stays(self, case: Case, lived) -> Iterator[Stay]:
        track = TRACKS[case.pk % len(TRACKS)]
        for stage, since, until in lived:
            paused = case.stage == "paused" and stage == "dialogue"
            yield Stay(
                case=case,
                municipality_id=case.municipality_id,
                department_id=case.lead_id,
                track=track,
                stage=stage,
                since=since,
                until=until,
                end=("paused" if paused else "moved") if until else "",
            )

    def _lines(self, case: Case, town: Town) -> Iterator[Post]:
        department = {"author": case.owner, "side": "department", "department_id": case.lead_id}
        organisation = town.members[case.pk % len(town.members)]
        partner = {
            "author": self.speakers[organisation.pk],
            "side": "organisation",
            "organisation": organisation,
        }
        start = {"from": "", "to": "dialogue"}
        yield Post(case=case, kind="stage", at=case.opened_at, data=start, **department)
        theme = self.words.theme()
        for n in range(3):
            at = case.opened_at + timedelta(days=1 + n)
            yield Post(
                case=case,
                kind="message",
                at=at,
                body=self.words.line(theme),
                **(partner if n % 2 else department),
            )


def load_cases(count: int, *, seed: int = 2026) -> dict[str, int]:
    """An empty, migrated database gets `count` open and `count` finished cases. Returns the rows written by kind.

    A thousand of each a municipality, so that the biggest, which is measured, has full lists at every size.
    """
    country = Casework(seed=seed)
    country.found(max(1, count // 1000))
    country.add_cases(count)
    return dict(country.written)
