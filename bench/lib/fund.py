"""One busy fund: a call that is being screened, one that is about to be decided, and choices to be made of money.

Written in bulk as `bench.load` does, but every rule, pot and committee comes through the actions.
"""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from bench.load import Country
from musubi.fund import actions
from musubi.fund.choosing import Candidate
from musubi.fund.models import (
    Application,
    Assignment,
    Call,
    CommitteeMember,
    CostLine,
    Criterion,
    Decision,
    Score,
)
from musubi.fund.states import Source, Stage
from musubi.lib import clock
from musubi.lib.fiscal import fiscal_year
from musubi.lib.text import organisation_key
from musubi.people.models import Organisation, User

SHEETS_A_MEMBER = 500
KINDS = ["company", "npo", "university", "research"]
CRITERIA = [("地域課題への効果", 2), ("実現の見込み", 1), ("費用の妥当性", 1)]
EARMARKS = ["子どもの居場所", "海の環境", "暑さ対策", "防災", "働く人の健康"]
MOST_EACH = 5_000_000


class FundYear(Country):
    """A municipality with a fund whose edition has its criteria in both stages, and money in five earmarks."""

    def open(self, *, scorers: int) -> None:
        self.found(1)
        town = self.towns[0]
        self.city, self.desk = town.row, town.desk_person
        today = clock.today()
        edition = actions.draft_programme(self.city, by=None, code="busy", name="見本助成")
        parts = actions.Parts(
            years=[{"year": 1, "rate_above": 4, "rate_below": 5, "cap": MOST_EACH}],
            categories=[{"code": "wages", "name": "人件費"}, {"code": "things", "name": "物品費"}],
            criteria=[
                {"stage": stage, "name": name, "weight": weight}
                for stage in Stage.values
                for name, weight in CRITERIA
            ],
            papers=[{"code": "accounts", "name": "決算書", "is_required": False}],
        )
        actions.save_edition(edition, by=None, parts=parts, kinds=KINDS, scorers=scorers, has_reserve=True)
        actions.use_edition(edition, by=None)
        self.edition = edition
        self.fund = actions.open_fund(self.city, by=None, name="見本ファンド", fiscal_year=fiscal_year(today))
        self.pots = [self.fund.pots.get(earmark="general")]
        self.pots += [actions.earmark(self.fund, by=None, theme=theme) for theme in EARMARKS]
        for pot in self.pots:
            money = actions.pledge(pot, by=None, source=Source.PUBLIC, yen=10**10, name=self.city.name)
            actions.receive(money, by=None)

    def add_committee(self, count: int) -> list[CommitteeMember]:
        people = self._write(
            User,
            (
                User(email=f"member{n}@committee.example", name=self.words.person(), password="!")
                for n in range(count)
            ),
        )
        return self._write(
            CommitteeMember,
            (CommitteeMember(fund=self.fund, user=one, appointed_on=self.today) for one in people),
        )

    def add_call(self, count: int, *, state: str = "checked") -> Call:
        """A call in screening with `count` applications of as many organisations."""
        now = clock.now()
        call = actions.prepare_call(
            self.fund,
            by=None,
            edition=self.edition,
            pots=self.pots,
            title=f"見本助成の募集({count}件)",
            opens_at=now - timedelta(days=30),
            closes_at=now + timedelta(days=1),
        )
        actions.publish_call(call, by=None)
        with clock.standing_at(now + timedelta(days=1, seconds=1)):
            actions.begin_screening(call, by=None)
        organisations = self._write(Organisation, self._applicants(count))
        person = next(iter(self.speakers.values()))
        rows = self._write(Application, self._filed(call, organisations, person, state))
        categories = list(self.edition.categories.all())
        self._write(
            CostLine,
            (
                CostLine(
                    application=row,
                    category=category,
                    label="見本の内訳",
                    yen=row.requested // len(categories) * 5 // 4 + 1_000,
                    position=position,
                )
                for row in rows
                for position, category in enumerate(categories)
            ),
        )
        self._keep_numbers()
        return call

    def _applicants(self, count: int) -> Iterator[Organisation]:
        for number in range(count):
            name = f"{self.words.organisation(number, 'npo')} 第{self.written['organisation'] + number}支部"
            yield Organisation(
                kind=KINDS[number % len(KINDS)],
                name=name,
                name_key=organisation_key(name),
                prefecture="東京都",
                created_at=clock.now(),
            )

    def _filed(self, call: Call, organisations, person: User, state: str) -> Iterator[Application]:
        at = clock.now() - timedelta(days=5)
        for organisation in organisations:
            theme = self.words.theme()
            yield Application(
                call=call,
                edition=self.edition,
                organisation=organisation,
                ref=self._ref(self.towns[0], "application", self.today),
                title=self.words.title(theme),
                purpose=self.words.trouble(theme),
                content=self.words.offer(theme),
                schedule=self.words.line(theme),
                structure=self.words.line(theme),
                effect=self.words.picture(theme),
                future=self.words.line(theme),
                requested=self.random.randrange(200, MOST_EACH // 1000) * 1000,
                state=state,
                started_at=at,
                saved_at=at,
                filed_at=at,
                filed_by=person,
            )

    def tie(self, call: Call, members: list[CommitteeMember], count: int) -> None:
        """`count` declared interests, no two alike."""
        organisations = list(call.applications.order_by("pk").values_list("organisation", flat=True))
        pairs = self.random.sample(range(len(members) * len(organisations)), count)
        for number in pairs:
            member, place = members[number % len(members)], number // len(members)
            actions.declare_interest(
                member,
                by=member.user,
                organisation=Organisation(pk=organisations[place]),
                words="顧問を務めている",
            )

    def score(self, call: Call, stage: Stage) -> None:
        """Every sheet of a stage is filled in."""
        items = list(Criterion.objects.filter(edition=self.edition, stage=stage))
        sheets = Assignment.objects.filter(application__call=call, stage=stage, state="assigned")
        pks = list(sheets.values_list("pk", flat=True))
        self._write(
            Score,
            (
                Score(assignment_id=pk, criterion=item, points=self.random.randrange(1, 6))
                for pk in pks
                for item in items
            ),
        )
        sheets.update(state="scored", scored_at=clock.now(), comment="実現の見込みがある。")

    def decide(self, call: Call) -> None:
        """Everybody is to be awarded what was asked for."""
        self._write(
            Decision,
            (
                Decision(
                    application=row,
                    outcome="awarded",
                    yen=row.requested,
                    place=place,
                    reasons="地域の課題への効果が見込まれる。",
                    conditions="実施の状況を毎月報告すること。",
                    shares={str(self.pots[place % len(self.pots)].pk): row.requested},
                    serves=[pot.pk for pot in self.pots if pot.theme],
                    prepared_at=clock.now(),
                )
                for place, row in enumerate(call.applications.order_by("pk"), 1)
            ),
        )


def load_call(count: int, *, scorers: int = 5, ties: int = 200, seed: int = 2026) -> tuple[FundYear, Call]:
    """An empty, migrated database gets a fund and a call of `count` applications, to be assigned. A committee so large
    that nobody has more than 500 sheets; the ties are as many as were asked for, fewer where there are fewer pairs."""
    year = FundYear(seed=seed)
    year.open(scorers=scorers)
    call = year.add_call(count)
    members = year.add_committee(max(2 * scorers, -(-count * scorers // SHEETS_A_MEMBER)))
    year.tie(call, members, min(ties, count * len(members) // 20))
    return year, call


def choices(count: int, earmarks: int, seed: int) -> tuple[list[Candidate], dict[int, int]]:
    """`count` applications that passed, and the pots: a general one and so many that are meant for something. The money
    is enough for some two fifths of what is asked for."""
    random = Random(seed)
    pots = list(range(1, earmarks + 2))
    found = []
    for pk in range(1, count + 1):
        meant = random.sample(pots[1:], random.choice([0, 1, 1, 2]))
        found.append(
            Candidate(
                pk,
                random.randrange(200, MOST_EACH // 1000) * 1000,
                random.randrange(75, 126),
                frozenset([pots[0], *meant]),
            )
        )
    whole = sum(one.yen for one in found) * 2 // 5
    money = dict.fromkeys(pots[1:], whole // 2 // earmarks)
    return found, {pots[0]: whole - sum(money.values()), **money}
