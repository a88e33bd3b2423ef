"""A small city that lives: every move people can make with challenges, proposals and cases, and what must hold after each.

`MOVES` is played by Hypothesis (`test_lives.py`, one after the other) and by threads (`at_once/test_storm.py`).
A move takes the city and a `pick` function that chooses one of a list, and calls one action.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from musubi.ball.models import Held
from musubi.cases import actions as cases
from musubi.cases.handover.actions import move_department, reassign_many
from musubi.cases.handover.carried import left_without
from musubi.cases.models import Case, Post, Trial
from musubi.cases.queries import thread
from musubi.cases.queries import visible_to as visible_cases
from musubi.cases.states import CASE, PATH, TRIAL
from musubi.cases.states import OPEN as OPEN_STAGES
from musubi.cases.trials import actions as trials
from musubi.challenges import actions as challenges
from musubi.challenges.models import Challenge
from musubi.challenges.states import CHALLENGE, Visibility
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.fiscal import end_of_fiscal_year, fiscal_year
from musubi.outcomes import actions as outcomes
from musubi.outcomes.models import Outcome, Story
from musubi.outcomes.states import STORY, OutcomeKind
from musubi.people import actions as people
from musubi.people.models import Department, Member, Municipality, Numbering, Organisation, Staff, User
from musubi.people.states import MEMBERSHIP
from musubi.proposals import actions as proposals
from musubi.proposals import referrals
from musubi.proposals.models import Proposal, Referral, Routing
from musubi.proposals.queries import visible_to as visible_proposals
from musubi.proposals.states import PROPOSAL, WAITING, Answer, DeclineReason
from tests.factories.cases import make_contact
from tests.factories.challenges import make_challenge
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal

Pick = Callable[[list], object]
MOVES: dict[str, Callable] = {}


class Nothing(Exception):
    """There is nothing yet to make this move with."""


def move(function: Callable) -> Callable:
    MOVES[function.__name__] = function
    return function


@dataclass
class City:
    """Three departments (the desk among them), two companies, and somebody in every role."""

    municipality: Municipality
    departments: list[Department]
    companies: list[Organisation]
    desk: list[User]
    officers: list[User]
    managers: list[User]
    others: list[User]
    representatives: list[User]

    @classmethod
    def founded(cls) -> "City":
        city = make_municipality()
        departments = [make_department(city) for _ in range(2)]
        companies = [make_organisation() for _ in range(2)]
        return cls(
            city,
            departments,
            companies,
            desk=[make_staff(city, "desk") for _ in range(2)],
            officers=[make_staff(city, "officer", d) for d in departments],
            managers=[make_staff(city, "manager", d) for d in departments],
            others=[make_staff(city, "administrator"), make_staff(city, "auditor")],
            representatives=[make_representative(company) for company in companies],
        )

    @classmethod
    def busy(cls) -> "City":
        """With something in hand already: two challenges, a proposal that waits, one in dialogue, a walk-in case."""
        city = cls.founded()
        desk, officer = city.desk[0], city.officers[0]
        mine = [make_challenge(city.municipality, by=by, desk=desk) for by in city.officers]
        words = {"track": "challenge", "by": city.representatives[0]}
        make_proposal(city.municipality, city.companies[0], challenge=mine[0], **words)
        taken_up = make_proposal(city.municipality, city.companies[0], challenge=mine[1], **words)
        cases.open_case(taken_up, by=desk, lead=city.departments[0])
        make_contact(city.municipality, city.companies[1], officer=officer)
        return city

    @property
    def staff(self) -> list[User]:
        return self.desk + self.officers + self.managers + self.others

    def person(self, pick: Pick, *usual: str) -> User:
        """Mostly somebody whose work it is, sometimes anybody: who may not is refused."""
        mine = [person for name in usual for person in getattr(self, name)]
        # An own object each time, as each request has: what a person may do is kept on it.
        chosen = pick(mine) if pick([True] * 11 + [False]) else pick(self.staff + self.representatives)
        return User.objects.get(pk=chosen.pk)

    def one(self, pick: Pick, model, **wanted):
        """One of the rows as they are now."""
        found = list(model.objects.filter(**wanted).order_by("pk"))
        if not found:
            raise Nothing
        return pick(found)


def in_city(city: City) -> dict:
    return {"municipality": city.municipality}


# --- challenges


@move
def draft_a_challenge(city: City, pick: Pick):
    by = city.person(pick, "officers")
    challenges.draft_challenge(
        pick(city.departments),
        by=by,
        title="分別を続けたい",
        problem=pick(["", "週6時間"]),
        goal_image="週3時間",
    )


@move
def write_on_a_challenge(city: City, pick: Pick):
    challenge = city.one(pick, Challenge, **in_city(city))
    words = {"problem": "職員2人で週6時間", "goals": pick([None, [14], [12, 14], []])}
    challenges.save_challenge(challenge, by=city.person(pick, "officers"), **words)


@move
def ask_for_check(city: City, pick: Pick):
    challenges.ask_for_check(
        city.one(pick, Challenge, state="draft", **in_city(city)), by=city.person(pick, "officers")
    )


@move
def publish_a_challenge(city: City, pick: Pick):
    challenge = city.one(pick, Challenge, **in_city(city))
    challenges.publish(challenge, by=city.person(pick, "desk"), visibility=pick(Visibility.values))


@move
def return_a_challenge(city: City, pick: Pick):
    challenge = city.one(pick, Challenge, **in_city(city))
    challenges.return_to_draft(challenge, by=city.person(pick, "desk"), remarks=pick(["", "数字を一つ。"]))


@move
def widen_a_challenge(city: City, pick: Pick):
    challenge = city.one(pick, Challenge, **in_city(city))
    challenges.widen(challenge, by=city.person(pick, "desk", "managers"), visibility=pick(Visibility.values))


@move
def close_a_challenge(city: City, pick: Pick):
    challenge = city.one(pick, Challenge, **in_city(city))
    challenges.close(challenge, by=city.person(pick, "managers"), reason="budget")


@move
def reopen_a_challenge(city: City, pick: Pick):
    challenge = city.one(pick, Challenge, **in_city(city))
    challenges.reopen(challenge, by=city.person(pick, "managers", "desk"))


@move
def let_challenges_expire(city: City, pick: Pick):
    challenges.expire_due()


# --- proposals


@move
def draft_a_proposal(city: City, pick: Pick):
    answers = [None, *Challenge.objects.filter(**in_city(city)).order_by("pk")[:3]]
    challenge = pick(answers)
    proposals.draft_proposal(
        pick(city.companies),
        city.municipality,
        by=city.person(pick, "representatives"),
        track="challenge" if challenge else "open",
        challenge=challenge,
        title="画像で分別",
        content=pick(["写真を撮るだけです。", ""]),
    )


@move
def write_on_a_proposal(city: City, pick: Pick):
    proposal = city.one(pick, Proposal, state="draft", **in_city(city))
    proposals.save_proposal(
        proposal, by=city.person(pick, "representatives"), content="写真を撮るだけで分別先が分かります。"
    )


@move
def discard_a_proposal(city: City, pick: Pick):
    proposals.discard(city.one(pick, Proposal, **in_city(city)), by=city.person(pick, "representatives"))


@move
def submit_a_proposal(city: City, pick: Pick):
    proposal = city.one(pick, Proposal, state="draft", **in_city(city))
    proposals.submit(proposal, by=city.person(pick, "representatives"))


@move
def route_a_proposal(city: City, pick: Pick):
    proposal = city.one(pick, Proposal, **in_city(city))
    departments = pick([city.departments, city.departments[:1], city.departments[1:]])
    proposals.route(proposal, departments, by=city.person(pick, "desk"), question="所管ですか。")


@move
def answer_a_question(city: City, pick: Pick):
    routing = city.one(pick, Routing, proposal__municipality=city.municipality)
    proposals.answer_routing(
        routing, by=city.person(pick, "officers"), answer=pick(Answer.values), comment="現場を見て決めたい。"
    )


@move
def recall_a_proposal(city: City, pick: Pick):
    proposals.recall(city.one(pick, Proposal, **in_city(city)), by=city.person(pick, "desk"))


@move
def decline_a_proposal(city: City, pick: Pick):
    proposal = city.one(pick, Proposal, **in_city(city))
    words = {"reason": pick(DeclineReason.values), "feedback": "来年度の募集でぜひ。"}
    proposals.decline(proposal, by=city.person(pick, "desk", "managers"), **words)


@move
def withdraw_a_proposal(city: City, pick: Pick):
    proposals.withdraw(city.one(pick, Proposal, **in_city(city)), by=city.person(pick, "representatives"))


@move
def offer_a_proposal_elsewhere(city: City, pick: Pick):
    proposal = city.one(pick, Proposal, state=pick(["declined", "declined", "routing"]), **in_city(city))
    answerable = list(Challenge.objects.filter(**in_city(city)).order_by("pk")[:3])
    target = pick([*city.departments, *answerable])
    referrals.offer(proposal, target, by=city.person(pick, "desk", "managers"), reason="所管が近いため。")


@move
def answer_a_referral(city: City, pick: Pick):
    referral = city.one(pick, Referral, proposal__municipality=city.municipality)
    act = pick([referrals.consent, referrals.consent, referrals.refuse])
    act(referral, by=city.person(pick, "representatives"))


@move
def let_referrals_lapse(city: City, pick: Pick):
    with clock.standing_at(clock.now() + timedelta(days=pick([0, 31]))):
        referrals.lapse_due()


# --- hand-over


@move
def hand_cases_over(city: City, pick: Pick):
    mine = [city.one(pick, Case, **in_city(city)), city.one(pick, Case, **in_city(city))]
    successor = city.person(pick, "officers", "managers", "desk")
    reassign_many(
        {case.pk: case for case in mine}.values(),
        successor,
        by=city.person(pick, "desk", "managers"),
        reason="人事異動",
    )


@move
def move_a_department(city: City, pick: Pick):
    move_department(
        pick(city.departments),
        pick(city.departments),
        by=city.person(pick, "desk"),
        reason="組織改正",
    )


@move
def end_a_role(city: City, pick: Pick):
    """Whose role ends gets it again: the city keeps its people."""
    role = city.one(pick, Staff, ended_at=None, **in_city(city))
    administrator = User.objects.get(pk=city.others[0].pk)
    people.end_role(role, by=administrator)
    people.appoint(role.user, city.municipality, role.role, by=administrator, department=role.department)


# --- cases


@move
def open_a_case(city: City, pick: Pick):
    proposal = city.one(pick, Proposal, state__in=["submitted", "routing", "declined"], **in_city(city))
    cases.open_case(proposal, by=city.person(pick, "desk", "officers"), lead=pick([None, *city.departments]))


@move
def open_a_contact(city: City, pick: Pick):
    answers = [None, *Challenge.objects.filter(**in_city(city)).order_by("pk")[:3]]
    cases.open_contact(
        city.municipality,
        [pick(city.companies)],
        by=city.person(pick, "officers", "desk"),
        title="空き店舗の相談",
        lead=pick(city.departments),
        channel="walk_in",
        challenge=pick(answers),
    )


@move
def say_something(city: City, pick: Pick):
    case = city.one(pick, Case, **in_city(city))
    by = city.person(pick, "desk", "officers", "representatives")
    cases.say(case, by=by, body="いかがでしょうか。", asks=pick([True, False]))


@move
def write_a_note(city: City, pick: Pick):
    cases.note(city.one(pick, Case, **in_city(city)), by=city.person(pick, "officers"), body="庁内の話です。")


@move
def record_a_meeting(city: City, pick: Pick):
    case = city.one(pick, Case, **in_city(city))
    cases.record_meeting(
        case,
        by=city.person(pick, "officers", "desk"),
        held_at=clock.now() - timedelta(hours=1),
        minutes="費用を話した。",
        ball_to=pick([None, *city.departments, *city.companies]),
    )


@move
def put_a_file(city: City, pick: Pick):
    cases.add_file(
        city.one(pick, Case, **in_city(city)),
        by=city.person(pick, "officers", "representatives"),
        stored="cases/plan.txt",
        name="plan.txt",
        size=10,
        media_type="text/plain",
        internal=pick([True, False]),
    )


@move
def hand_the_ball(city: City, pick: Pick):
    case = city.one(pick, Case, **in_city(city))
    to = pick([*city.departments, *city.companies])
    cases.hand_ball(case, to, by=city.person(pick, "desk", "officers"), next_step="見積りを見る")


@move
def advance_a_case(city: City, pick: Pick):
    case = city.one(pick, Case, **in_city(city))
    cases.advance(
        case, pick(PATH), by=city.person(pick, "desk", "officers"), reason=pick(["", "話がまとまった。"])
    )


@move
def pause_a_case(city: City, pick: Pick):
    case = city.one(pick, Case, **in_city(city))
    until = clock.today() + timedelta(days=20)
    cases.pause(case, by=city.person(pick, "desk", "officers"), until=until, reason="議会を待つ。")


@move
def resume_a_case(city: City, pick: Pick):
    cases.resume(city.one(pick, Case, **in_city(city)), by=city.person(pick, "desk", "officers"))


@move
def close_a_case(city: City, pick: Pick):
    case = city.one(pick, Case, **in_city(city))
    words = {"reason": pick(DeclineReason.values), "feedback": "来年度にご相談します。"}
    cases.close(case, by=city.person(pick, "managers"), **words)


@move
def leave_a_case(city: City, pick: Pick):
    case = city.one(pick, Case, **in_city(city))
    cases.withdraw(case, by=city.person(pick, "representatives"), reason="体制が変わりました。")


@move
def agree_on_adoption(city: City, pick: Pick):
    cases.set_adoption_route(
        city.one(pick, Case, **in_city(city)),
        by=city.person(pick, "officers", "desk"),
        budget="清掃費",
        department=pick(city.departments),
        deadline=clock.today() + timedelta(days=100),
    )


@move
def change_the_owner(city: City, pick: Pick):
    case = city.one(pick, Case, **in_city(city))
    cases.change_owner(case, pick(city.officers), by=city.person(pick, "managers", "desk"))


@move
def let_a_department_join(city: City, pick: Pick):
    case = city.one(pick, Case, **in_city(city))
    cases.add_department(case, pick(city.departments), by=city.person(pick, "managers", "desk"))


@move
def let_an_organisation_join(city: City, pick: Pick):
    case = city.one(pick, Case, **in_city(city))
    cases.add_organisation(case, pick(city.companies), by=city.person(pick, "managers", "desk"))


@move
def plan_a_trial(city: City, pick: Pick):
    trials.plan_trial(
        city.one(pick, Case, **in_city(city)),
        by=city.person(pick, "officers", "desk"),
        title="海岸での試行",
        field="中央海岸",
        starts_on=clock.today(),
        ends_on=end_of_fiscal_year(clock.today()),
        measures=[{"name": "時間", "unit": "時間", "threshold": "3"}],
        knows_late=True,
    )


@move
def carry_a_trial_on(city: City, pick: Pick):
    trial, by = city.one(pick, Trial, case__municipality=city.municipality), city.person(pick, "desk")
    pick(
        [
            lambda: trials.approve_trial(trial, by=by),
            lambda: trials.start_trial(trial, by=by),
            lambda: trials.add_reading(trial, 0, "2.5", by=by),
            lambda: trials.report_trial(trial, by=by, findings="半分になった。"),
            lambda: trials.decide_trial(trial, by=by, decision="adopt", reason="効果があった。"),
            lambda: trials.cancel_trial(trial, by=by, reason="荒天が続いた。"),
        ]
    )()


@move
def record_an_outcome(city: City, pick: Pick):
    outcomes.record_outcome(
        city.one(pick, Case, **in_city(city)),
        by=city.person(pick, "officers", "desk"),
        kind=pick(OutcomeKind.values),
        title="時間が半分に",
        summary="週3時間になった。",
        started_on=clock.today(),
    )


@move
def write_a_story(city: City, pick: Pick):
    outcome = city.one(pick, Outcome, case__municipality=city.municipality)
    by = city.person(pick, "officers", "desk")
    outcomes.write_story(outcome, by=by, title="半分の時間に", body="写真を撮るだけです。")


@move
def publish_a_story(city: City, pick: Pick):
    outcomes.publish_story(city.one(pick, Story, **in_city(city)), by=city.person(pick, "desk"))


@move
def withdraw_a_story(city: City, pick: Pick):
    outcomes.withdraw_story(city.one(pick, Story, **in_city(city)), by=city.person(pick, "desk"))


# --- members


@move
def apply_for_membership(city: City, pick: Pick):
    by = city.person(pick, "representatives")
    people.apply_for_membership(pick(city.companies), city.municipality, by=by)


@move
def answer_an_application(city: City, pick: Pick):
    member, by = city.one(pick, Member, **in_city(city)), city.person(pick, "desk")
    if pick([True, True, False]):
        people.admit_member(member, by=by)
    else:
        people.refuse_member(member, "活動の内容を教えてください。", by=by)


@move
def leave_the_platform(city: City, pick: Pick):
    people.leave(
        city.one(pick, Member, **in_city(city)), by=city.person(pick, "representatives"), reason="移転"
    )


# --- what must hold

LIFECYCLES = [
    (Challenge, CHALLENGE, "state"),
    (Proposal, PROPOSAL, "state"),
    (Case, CASE, "stage"),
    (Trial, TRIAL, "state"),
    (Story, STORY, "state"),
    (Member, MEMBERSHIP, "state"),
]
# The state each journal entry leaves its record in; a function where the entry itself says which.
LEAVES = {
    "challenge.drafted": "draft",
    "challenge.submitted": "checking",
    "challenge.returned": "draft",
    "challenge.published": "published",
    "challenge.reopened": "published",
    "challenge.matched": "matched",
    "challenge.resolved": "resolved",
    "challenge.closed": "closed",
    "proposal.drafted": "draft",
    "proposal.submitted": "submitted",
    "proposal.routed": "routing",
    "proposal.recalled": "submitted",
    "proposal.taken_up": "dialogue",
    "proposal.accepted": "accepted",
    "proposal.declined": "declined",
    "proposal.withdrawn": "withdrawn",
    "proposal.referral_consented": lambda data: data["state"],
    "case.opened": lambda data: data["stage"],
    "case.advanced": lambda data: data["to"],
    "case.paused": "paused",
    "case.resumed": lambda data: data["to"],
    "case.reopened": lambda data: data["to"],
    "case.closed": "closed",
    "case.withdrawn": "closed",
    "trial.planned": "planned",
    "trial.approved": "approved",
    "trial.started": "running",
    "trial.reported": "reported",
    "trial.decided": "decided",
    "trial.cancelled": "cancelled",
    "story.drafted": "draft",
    "story.published": "published",
    "story.withdrawn": "withdrawn",
    "member.applied": "applied",
    "member.admitted": "active",
    "member.refused": "refused",
    "member.left": "left",
}


def states() -> dict:
    """{(kind, id): state} of every record with a lifecycle."""
    return {
        (model._meta.model_name, pk): state
        for model, _table, column in LIFECYCLES
        for pk, state in model.objects.values_list("pk", column)
    }


def told_states() -> dict:
    """The same, as the journal tells it: each record's entries read from the first to the last."""
    found = {}
    for entry in Entry.objects.order_by("id"):
        if entry.verb == "proposal.discarded":
            del found[entry.kind, entry.object_id]
        elif (state := LEAVES.get(entry.verb)) is not None:
            found[entry.kind, entry.object_id] = state(entry.data) if callable(state) else state
    return found


def check_moves(before: dict, after: dict) -> None:
    """Every change of state since `before` is one the tables permit."""
    tables = {model._meta.model_name: table for model, table, _column in LIFECYCLES}
    for (kind, pk), here in after.items():
        was = before.get((kind, pk))
        if was is not None and was != here:
            assert tables[kind].allows(was, here), f"{kind} {pk}: {was} → {here}"


def check_holders() -> None:
    """An open case and a proposal that waits are held by exactly one; everything else by nobody."""
    for model, column, held in ((Proposal, "state", WAITING), (Case, "stage", OPEN_STAGES)):
        assert issubclass(model, Held)
        for row in model.objects.all():
            holders = [row.ball_department_id, row.ball_organisation_id]
            count = sum(holder is not None for holder in holders)
            assert count == (getattr(row, column) in held), f"{row!r} {getattr(row, column)} {holders}"
            assert (row.ball_due_on is not None) == bool(count)


def check_numbers() -> None:
    """Each kind is numbered 1, 2, 3 … without a gap in each fiscal year, and the counter stands at the last."""
    kinds = {"challenge": Challenge, "proposal": Proposal, "case": Case, "story": Story}
    for counter in Numbering.objects.filter(kind__in=kinds):
        refs = (
            kinds[counter.kind]
            .objects.filter(municipality=counter.municipality_id, ref__startswith=f"{counter.year}-")
            .values_list("ref", flat=True)
        )
        assert sorted(int(ref.split("-")[1]) for ref in refs) == list(range(1, counter.last + 1)), counter
    for kind, model in kinds.items():
        years = {
            int(ref.split("-")[0]) for ref in model.objects.exclude(ref="").values_list("ref", flat=True)
        }
        assert years == set(Numbering.objects.filter(kind=kind).values_list("year", flat=True))
        assert all(year <= fiscal_year(clock.today()) for year in years)


def check_journal() -> None:
    """The journal tells the state of every record, and one entry for each line that was added."""
    assert told_states() == states()
    verbs, kinds = Counter(Entry.objects.values_list("verb", flat=True)), Counter()
    kinds.update(Post.objects.values_list("kind", flat=True))
    assert kinds["message"] == verbs["case.spoken"]
    assert kinds["ball"] == verbs["case.handed"]
    assert kinds["meeting"] == verbs["case.met"]
    assert kinds["file"] == verbs["case.filed"]
    assert kinds["stage"] == sum(
        verbs[f"case.{verb}"] for verb in ("opened", "advanced", "paused", "resumed", "reopened")
    )
    assert (
        Outcome.objects.count()
        == verbs["outcome.recorded"]
        == sum(Case.objects.values_list("outcome_count", flat=True))
    )
    answered = Routing.objects.exclude(answer="waiting").count()
    assert answered == verbs["proposal.answered"]


def check_cases() -> None:
    """A proposal in dialogue has an open case; nothing is said in a closed case after it was closed."""
    for proposal in Proposal.objects.filter(state__in=["dialogue", "accepted"]).select_related("case"):
        assert proposal.state == "accepted" or proposal.case.stage in OPEN_STAGES
    for case in Case.objects.filter(stage="closed"):
        posts = list(Post.objects.filter(case=case).order_by("id"))
        # The last time it was closed: it may have been taken up again before.
        last = max(n for n, post in enumerate(posts) if post.data.get("to") == "closed")
        # The municipality may still write to itself, and bring a trial that ran to its end.
        ends = {"trial_reported", "trial_decided", "trial_cancelled"}
        assert all(p.kind == "note" or p.data.get("decision") in ends for p in posts[last + 1 :]), posts
    for proposal in Proposal.objects.filter(state="routing"):
        waiting = list(proposal.routings.filter(answer="waiting").values_list("department", flat=True))
        if waiting:
            assert proposal.ball_department_id in waiting


def check_owners(city: City) -> None:
    """No open case is left without somebody who works in it."""
    for case in Case.objects.filter(stage__in=OPEN_STAGES, **in_city(city)):
        owner = User.objects.get(pk=case.owner_id)
        assert not left_without(owner, city.municipality).filter(pk=case.pk).exists(), f"{case.ref} {owner}"


def check_eyes(city: City) -> None:
    """An organisation reads no internal line and no case of others; staff read no draft of an organisation."""
    for person in city.representatives:
        person = User.objects.get(pk=person.pk)
        own = set(person.represents.values_list("organisation", flat=True))
        mine = visible_cases(person, city.municipality)
        for case in Case.objects.filter(**in_city(city)).prefetch_related("organisations"):
            party = not own.isdisjoint(case.organisation_ids)
            assert mine.filter(pk=case.pk).exists() == party
            assert not thread(case, person).filter(internal=True).exists()
        assert not visible_proposals(person).exclude(organisation__in=own).exists()
    for person in city.staff:
        person = User.objects.get(pk=person.pk)
        assert not visible_proposals(person, city.municipality).filter(state="draft").exists()


def check(city: City) -> None:
    check_holders()
    check_numbers()
    check_journal()
    check_cases()
    check_owners(city)
    check_eyes(city)
