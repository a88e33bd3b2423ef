"""One municipality with at least one record of every kind in every state that an address may name, and somebody in
every role. Built through the actions; everything is called by a short word (`world["draft"]`)."""

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from musubi.cases import actions as cases
from musubi.cases.agreements import actions as agreements
from musubi.cases.meetings import todos
from musubi.cases.trials import actions as trials
from musubi.challenges import actions as challenges
from musubi.challenges.states import Visibility
from musubi.fund import actions as funds
from musubi.fund.models import LetterBatch
from musubi.fund.states import Stage
from musubi.imports.actions import preview
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.fiscal import fiscal_year
from musubi.matching import actions as matching
from musubi.notify.models import Delivery, Notice
from musubi.outcomes import actions as outcomes
from musubi.people import actions as people
from musubi.people.models import Municipality, Representative, Staff, User
from musubi.proposals import actions as proposals
from musubi.proposals.referrals import offer
from musubi.www.committee.invitations import invite as invite_member
from musubi.www.partner.invitations import invite
from tests.factories.cases import make_case, make_contact
from tests.factories.challenges import make_challenge
from tests.factories.fund import (
    general,
    make_application,
    make_award,
    make_call,
    make_contribution,
    make_fund,
)
from tests.factories.gatherings import make_gathering
from tests.factories.matching import found, make_ranking, make_suggestion
from tests.factories.meetings import make_fixed, make_offer
from tests.factories.people import (
    make_department,
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
    make_user,
)
from tests.factories.proposals import make_proposal
from tests.factories.solutions import make_solution
from tests.imports.tables import csv_of

# Column heads of the matrix: who asks.
ROLES = {
    "anon": "nobody signed in",
    "none": "signed in, without any role",
    "rep": "representative of the organisation concerned, who answers for it",
    "mate": "another representative of it, who does not",
    "rival": "representative of another organisation, also a member here",
    "off": "officer of the department concerned",
    "other": "officer of another department",
    "man": "manager of the department concerned",
    "desk": "the desk",
    "adm": "administrator",
    "aud": "auditor",
    "far": "the desk of another municipality",
    "oper": "operator of the installation, who sits on the committee of the municipality's fund",
}


@dataclass
class World:
    """`things` by their word, `people` by role."""

    city: Municipality
    people: dict[str, User | None]
    things: dict[str, object] = field(default_factory=dict)

    def __getitem__(self, word: str):
        return self.things[word]

    def browser(self, role: str) -> Client:
        client = Client()
        if self.people[role]:
            client.force_login(self.people[role])
        return client

    def address(self, name: str, *words: str) -> str:
        """The address `name` of the things called by `words`; a word that names nothing stands for itself."""
        parts, queue = {}, list(words)
        for part, converter in addresses()[name].items():
            if part == "city":
                parts[part] = self.city.slug
                continue
            thing = self.things.get(queue[0], queue[0])
            queue.pop(0)
            if converter == "int":
                parts[part] = thing.pk
            else:
                parts[part] = thing if isinstance(thing, str) else thing.ref
        assert not queue, f"{name} takes {list(parts)}; {queue} is too much"
        return reverse(name, kwargs=parts)


def addresses(*, foreign: bool = False) -> dict[str, dict[str, str]]:
    """{name: {part: converter}} of every address of the product, or with `foreign` of the packages in it."""
    found = {}

    def walk(resolver: URLResolver, parts: dict) -> None:
        for each in resolver.url_patterns:
            here = parts | {
                name: type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
                for name, converter in each.pattern.converters.items()
            }
            if isinstance(each, URLResolver):
                walk(each, here)
            elif isinstance(each, URLPattern):
                ours = each.callback.__module__.startswith("musubi.")
                if ours != foreign:
                    assert each.name or foreign, f"{each} has no name"
                    if each.name:
                        found[each.name] = here

    walk(get_resolver(), {})
    return found


def make_file(name: str) -> dict:
    stored = default_storage.save(f"world/{name}", ContentFile(b"words"))
    return {"stored": stored, "name": name, "size": 5, "media_type": "text/plain"}


def make_world() -> World:
    city = make_municipality("nagisa", name="なぎさ市")
    env, sea = make_department(city, "環境課", duties="海岸清掃"), make_department(city, "水産課")
    company, rival = make_organisation("うみかぜ環境株式会社"), make_organisation("やまかぜ商事株式会社")
    far = make_municipality("hoka", name="ほか市")
    who = {
        "anon": None,
        "none": make_user(),
        "rep": make_representative(company),
        "mate": make_representative(company, is_owner=False),
        "rival": make_representative(rival),
        "off": make_staff(city, "officer", env),
        "other": make_staff(city, "officer", sea),
        "man": make_staff(city, "manager", env),
        "desk": make_staff(city, "desk"),
        "adm": make_staff(city, "administrator"),
        "aud": make_staff(city, "auditor"),
        "far": make_staff(far, "desk"),
        "oper": make_user(is_operator=True),
    }
    world = World(city, who)
    off, man, desk, rep = who["off"], who["man"], who["desk"], who["rep"]
    things = world.things
    things |= {
        "env": env,
        "officer": off,
        "sea": sea,
        "empty": make_department(city, "空課"),
        "company": company,
        "rival": rival,
        "nagisa": "nagisa",
    }

    # Who belongs where
    things["member"] = make_member(city, company)
    make_member(city, rival)
    applicant, former = make_organisation("会員-applicant"), make_organisation("会員-left")
    things["applicant"] = people.apply_for_membership(applicant, city, by=None)
    things["left"] = make_member(city, former)
    people.leave(things["left"], by=None, reason="移転のため")
    make_member(far, company)
    things["applicant-company"], things["former-company"] = applicant, former
    things["colleague"] = Representative.objects.get(user=who["mate"])
    things["role"] = Staff.objects.get(user=who["other"])
    things["closing-day"] = people.set_closing_day(city, clock.today(), by=None, name="開庁記念日")
    invite(company, "new@example.jp", by=rep)
    letter = Delivery.objects.latest("pk")
    things["token"] = letter.body.split("/my/invitations/")[1].split("/")[0]
    entry = Entry.objects.filter(municipality=city.code).latest("pk")
    notice = {"user": rep, "kind": entry.verb, "entry_id": entry.pk, "at": clock.now()}
    things["notice"] = Notice.objects.create(title="お知らせ", path="/my/", **notice)
    things["letter"] = Delivery.objects.create(
        notice=things["notice"],
        user=rep,
        address=rep.email,
        subject="お知らせ",
        body="本文",
        state="failed",
        created_at=clock.now(),
        next_try_at=clock.now(),
    )

    # Challenges, from the narrowest to the widest, all of 環境課
    for state in ("draft", "checking"):
        things[f"c-{state}"] = make_challenge(city, state=state, by=off, desk=desk, title=f"課題-{state}")
    for step in ("department", "municipality", "members", "public"):
        words = {"visibility": Visibility[step.upper()], "title": f"課題-{step}"}
        things[f"c-{step}"] = make_challenge(city, by=off, desk=desk, **words)
    things["c-closed"] = make_challenge(city, by=off, desk=desk)
    challenges.close(things["c-closed"], by=man, reason="budget")

    # Proposals of the company
    words = {"track": "challenge", "challenge": things["c-public"], "by": rep}
    things["p-draft"] = make_proposal(city, company, state="draft", title="提案-draft", **words)
    things["p-draft-paper"] = proposals.attach(things["p-draft"], by=rep, **make_file("draft.txt"))
    things["p-new"] = make_proposal(city, company, by=rep, title="提案-new")
    things["p-submitted"] = make_proposal(city, company, state="draft", title="提案-submitted", **words)
    things["paper"] = proposals.attach(things["p-submitted"], by=rep, **make_file("plan.txt"))
    proposals.submit(things["p-submitted"], by=rep)
    words = {"state": "routing", "departments": [env], "desk": desk, "by": rep}
    things["p-routed"] = make_proposal(city, company, title="提案-routed", **words)
    things["question"] = things["p-routed"].routings.get()
    things["p-declined"] = make_proposal(city, company, title="提案-declined", **words)
    proposals.decline(things["p-declined"], by=desk, reason="timing", feedback="来年度にぜひ。")
    things["referral"] = offer(things["p-declined"], sea, by=desk, reason="水産課の仕事に近いため。")

    # Cases of 環境課 with the company, from an agreement to a story
    words = {"track": "challenge", "challenge": things["c-public"], "by": rep, "title": "案件-company"}
    case = things["case"] = make_case(city, company, officer=off, desk=desk, **words)
    things["shared"] = cases.add_file(case, by=off, **make_file("shared.txt"))
    things["secret"] = cases.add_file(case, by=off, internal=True, **make_file("secret.txt"))
    cases.note(case, by=off, body="メモ-庁内だけの話")
    cases.say(case, by=off, body="いつ始められますか。")
    things["talk-offered"] = make_offer(case, off)
    things["talk-fixed"] = make_fixed(case, off)
    words = {"text": "見積りを出す", "doer": company, "due_on": clock.today()}
    things["promise"] = todos.add_todo(case, by=off, **words)
    other = make_contact(city, rival, officer=off, title="案件-rival")
    words = {"by": desk, "kind": "individual", "title": "分別の協定"}
    things["agreement"] = agreements.draft_agreement(env, [company], cases=[case], **words)
    things["paper-agreement"] = agreements.add_agreement_file(
        things["agreement"], by=desk, **make_file("agreement.txt")
    )
    things["trial"] = trials.plan_trial(
        case,
        by=off,
        title="実証-company",
        field="なぎさ海岸",
        starts_on=clock.today(),
        ends_on=clock.today(),
        measures=[{"name": "時間", "unit": "時間", "threshold": "3", "direction": "at_most"}],
        knows_late=True,
    )
    words = {"kind": "implemented", "summary": "週3時間になった。", "started_on": clock.today()}
    for word in ("o-new", "o-told", "o-untold"):
        things[word] = outcomes.record_outcome(other, by=off, title=f"成果-{word}", **words)
    words = {"by": off, "body": "写真を撮るだけです。"}
    things["s-draft"] = outcomes.write_story(things["o-untold"], title="事例-draft", **words)
    things["s-public"] = outcomes.write_story(things["o-told"], title="事例-public", **words)
    outcomes.publish_story(things["s-public"], by=desk)

    # Solutions and what is suggested for them, gatherings, an import
    for word, state in (("sol-draft", "draft"), ("sol", "published"), ("sol-withdrawn", "withdrawn")):
        things[word] = make_solution(company, state=state, title=f"シーズ-{state}")
    things["candidate"] = make_suggestion(things["c-public"], things["sol"])
    things["weights"] = make_ranking(city)
    shown = [found(things[word]) for word in ("c-public", "c-department")]
    matching.keep_for_seed(things["sol"], shown)
    things["search"] = matching.save_search(company, by=rep, name="海岸の仕事", text="海岸のごみ")
    for state in ("draft", "open"):
        things[f"g-{state}"] = make_gathering(city, state=state, title=f"イベント-{state}")
    past = clock.now() - timedelta(days=20)
    things["g-over"] = make_gathering(city, state="closed", starts_at=past, title="イベント-over")
    things["g-held"] = make_gathering(city, state="held", starts_at=past, title="イベント-held")
    table = csv_of(["課題名", "内容"], ["海ごみ", "困っている"])
    things["run"] = preview("challenges", table, "表.csv", city, by=desk)
    add_fund(world)
    add_applying(world)
    add_rules(world)
    add_screening(world)
    return world


def add_fund(world: World) -> None:
    """A fund with a call in each stage, and an award to the company."""
    things, company = world.things, world["company"]
    with clock.standing_at(past := clock.now() - timedelta(days=40)):
        fund = things["fund"] = make_fund(world.city, year=fiscal_year(clock.today()))
        things["gift"] = make_contribution(general(fund), yen=5_000_000, organisation=world["rival"])
        over = things["call-released"] = make_call(fund, title="募集-released")
        things["grant"] = make_application(over, organisation=company, title="助成-grant")
    with clock.standing_at(past + timedelta(days=30)):
        things["award"] = make_award(things["grant"])
        zipped = make_file("letters.zip")["stored"]
        things["batch"] = LetterBatch.objects.create(
            call=over, kind="award", state="ready", file=zipped, asked_at=clock.now()
        )
    things["call-draft"] = make_call(fund, edition=over.edition, state="draft", title="募集-draft")
    things["call"] = make_call(fund, edition=over.edition, title="募集-open")


def add_applying(world: World) -> None:
    """The company applies again: a draft with a paper, one that was sent, and an advance of its award asked for."""
    things, rep = world.things, world.people["rep"]
    aid = things["aid-draft"] = make_application(
        things["call"], organisation=world["company"], state="draft", title="助成-draft"
    )
    things["aid-paper"] = funds.add_paper(aid, by=rep, **make_file("aid.txt"))
    things["aid-sent"] = make_application(
        things["call"], organisation=world["company"], state="submitted", title="助成-sent"
    )
    funds.accept_award(things["award"], by=rep)
    things["plea"] = funds.request_advance(things["award"], by=rep, yen=100_000, reason="準備のため")


def add_rules(world: World) -> None:
    """What a fund's rules and money may be asked for: two editions of a programme, a promise, a question."""
    things = world.things
    programme = things["call-draft"].edition.programme
    things["programme"] = programme.code
    things["first"], things["second"] = SimpleNamespace(pk=1, ref="first"), SimpleNamespace(pk=2)
    things["edition-draft"] = funds.draft_edition(programme, by=None)
    things["promise-of-money"] = make_contribution(general(things["fund"]), yen=30_000, state="pledged")
    things["asked-of-call"] = funds.ask(
        things["call"], by=world.people["rep"], question="個人も申請できますか。"
    )


def add_screening(world: World) -> None:
    """A call that is screened, with an application of the rival that the operator scores for the committee."""
    things, fund = world.things, world["fund"]
    with clock.standing_at(clock.now() - timedelta(days=40)):
        edition = things["call-released"].edition
        call = things["call-screening"] = make_call(fund, edition=edition, title="募集-screening")
        asked = things["asked"] = make_application(
            call, organisation=world["rival"], state="draft", title="助成-asked"
        )
        person = asked.organisation.representatives.get(user=world.people["rival"]).user
        kept = make_file("budget.txt")
        things["asked-paper"] = funds.add_paper(asked, by=person, **kept)
        funds.file_application(asked, by=person)
        funds.check_application(asked, by=None)
    things["seat"] = fund.committee.first()
    funds.appoint_member(fund, by=None, user=world.people["oper"])
    funds.begin_screening(call, by=None)
    funds.assign(call, by=None, stage=Stage.FIRST)
    things["sheet"] = asked.assignments.get(member__user=world.people["oper"])
    invite_member(fund, "member@example.jp", by=world.people["desk"])
    things["invited"] = Entry.objects.get(verb="committee.invited")
    letter = Delivery.objects.latest("pk")
    things["committee-token"] = letter.body.split("/committee/invitations/")[1].split("/")[0]
