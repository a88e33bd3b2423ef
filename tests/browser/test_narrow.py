"""Every main page as each role: on a phone of 360 px and on a desktop nothing scrolls sideways."""

from datetime import timedelta

import pytest

from musubi.cases import actions as cases
from musubi.fund import actions as fund_actions
from musubi.fund.models import Assignment
from musubi.fund.states import Stage
from musubi.lib import clock
from musubi.lib.fiscal import fiscal_year
from musubi.notify.models import Notice
from musubi.outcomes import actions as outcomes
from tests.factories.cases import make_case
from tests.factories.challenges import make_challenge
from tests.factories.fund import (
    general,
    make_application,
    make_award,
    make_call,
    make_committee,
    make_contribution,
    make_fund,
)
from tests.factories.gatherings import make_gathering
from tests.factories.people import (
    make_department,
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal
from tests.factories.solutions import make_solution

# Words as people paste them: without a place to break.
LONG = "https://www.example.jp/minato/very-long-address-without-any-break/2026/06/15/report.html"
TITLE = "海岸清掃で集めたごみの分別を、来年度も同じ人数で続けられるようにしたい(港町から西の浜まで)"


class World:
    """One municipality with one of everything, its texts as long and unbroken as people make them."""

    def __init__(self):
        city = self.city = make_municipality(
            "nagihama", name="凪浜市", lead=LONG, contact="kyoso@nagihama.example"
        )
        self.desk = make_staff(city, "desk", name="結城 縁")
        self.administrator = make_staff(city, "administrator", name="管理 太郎")
        department = make_department(city, "環境生活部海岸環境・循環型社会推進課", duties="海岸清掃")
        self.officer = make_staff(city, "officer", department, name="青木 海")
        self.company = make_organisation(
            "一般社団法人みなと海洋環境・循環型社会見本推進協議会", description=LONG, url=LONG
        )
        self.member = make_member(city, self.company)
        self.person = make_representative(
            self.company, name="湊 はるか", email="a-rather-long-address.of.somebody@minato-kankyo.example"
        )
        self.solution = make_solution(self.company, summary=f"教材です。{LONG}")
        self.gathering = make_gathering(city, title=TITLE)
        self.challenge = make_challenge(
            city, by=self.officer, desk=self.desk, title=TITLE, problem=f"年に40回。{LONG}"
        )
        self.draft = make_challenge(city, by=self.officer, state="draft")
        self.checking = make_challenge(city, by=self.officer, state="checking", title="確認を待つ課題")
        words = {"by": self.person, "title": TITLE, "content": f"写真で分けます。{LONG}"}
        self.came_in = make_proposal(city, self.company, **words)
        self.asked = make_proposal(
            city, self.company, state="routing", desk=self.desk, departments=[department], **words
        )
        self.unfinished = make_proposal(city, self.company, state="draft", **words)
        self.case = make_case(
            city,
            self.company,
            officer=self.officer,
            desk=self.desk,
            track="challenge",
            challenge=self.challenge,
            **words,
        )
        cases.say(self.case, by=self.officer, body=f"資料はこちらです。{LONG}")
        cases.advance(self.case, "implementation", by=self.officer, reason="試す必要がないため")
        outcome = outcomes.record_outcome(
            self.case,
            by=self.officer,
            kind="joint_event",
            title=TITLE,
            summary=LONG,
            started_on=clock.today(),
        )
        self.story = outcomes.write_story(
            outcome, by=self.officer, title=TITLE, lead=LONG, body=f"袋の話。\n\n{LONG}\n\n`{LONG}`"
        )
        outcomes.publish_story(self.story, by=self.desk)
        self.aid()
        for user in (self.desk, self.officer, self.person):
            Notice.objects.create(user=user, kind="case.spoken", title=TITLE, body=LONG, at=clock.now())

    def aid(self):
        """A fund with an award of last season, and an open call with a draft."""
        past = clock.today() - timedelta(days=60)
        with clock.standing_at(past):
            fund = make_fund(self.city, year=fiscal_year(past), name=TITLE)
            make_contribution(general(fund), yen=10_000_000)
            words = {"title": TITLE, "purpose": LONG}
            self.grant = make_application(make_call(fund), organisation=self.company, **words)
            waiting = make_application(make_call(fund), **words).call
        with clock.standing_at(clock.today() - timedelta(days=30)):
            self.committee = make_committee(fund)[0].user
            award, who = make_award(self.grant), self.grant.filed_by
            fund_actions.accept_award(award, by=who)
            fund_actions.request_advance(award, by=who, yen=300_000, reason=LONG)
            fund_actions.begin_screening(waiting, by=None)
            fund_actions.assign(waiting, by=None, stage=Stage.FIRST)
        self.call = make_call(fund, title=TITLE)
        self.plan = make_application(self.call, organisation=self.company, state="draft", content=LONG)

    def pages(self, role: str) -> list[str]:
        """Addresses of everything the role works with."""
        staff = "/nagihama/staff"
        challenge, case = f"challenges/{self.challenge.ref}", f"cases/{self.case.ref}"
        everyone = [
            "/",
            "/?q=海岸",
            *(f"/nagihama/{place}" for place in (
                "", "challenges/", f"{challenge}/", f"{challenge}/similar/", "solutions/", f"solutions/{self.solution.pk}/", "propose/", "members/",
                f"members/{self.company.pk}/", "gatherings/", f"gatherings/{self.gathering.ref}/", "stories/",
                f"stories/{self.story.ref}/", "figures/",
            )),
            *(f"/nagihama/fund/{place}" for place in ("", "calls/", f"calls/{self.call.ref}/", f"awards/{self.grant.ref}/")),
            "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accessibility/", "/privacy/", "/terms/",
        ]  # fmt: skip
        own = [
            f"/accounts/{place}/"
            for place in ("home", "notices", "preferences", "profile", "email", "password/change", "2fa")
        ]
        officer = [
            *(f"{staff}/{place}" for place in (
                "", "challenges/", "challenges/new/", f"{challenge}/", f"{challenge}/edit/", f"challenges/{self.draft.ref}/",
                "proposals/", f"proposals/{self.asked.ref}/", "cases/", "cases/?view=list", f"{case}/", "cases/new/",
                "agreements/", "stories/", f"stories/{self.story.ref}/", "members/", "gatherings/", "figures/",
            )),
        ]  # fmt: skip
        desk = [
            *(f"{staff}/{place}" for place in (
                "", "inbox/", f"challenges/{self.checking.ref}/", f"challenges/{self.checking.ref}/return/", "proposals/new/",
                f"proposals/{self.came_in.ref}/", f"proposals/{self.came_in.ref}/decline/", f"{case}/", "import/", "members/",
                f"members/{self.member.pk}/", "gatherings/", "gatherings/new/", f"gatherings/{self.gathering.ref}/", "agreements/new/", "mail/",
            )),
        ]  # fmt: skip
        administrator = [
            *(f"{staff}/{place}" for place in (
                "", "settings/", "settings/departments/", "settings/people/", "settings/closing-days/", "settings/limits/",
                "settings/general/", "journal/",
            )),
        ]  # fmt: skip
        partner = [
            *(f"/my/{place}" for place in (
                "", "matches/", "searches/", "searches/new/", "organisation/", "organisations/new/", f"organisations/{self.company.pk}/",
                f"organisations/{self.company.pk}/people/", "memberships/", "solutions/", "solutions/new/",
                f"solutions/{self.solution.pk}/", "proposals/", "proposals/new/", f"proposals/{self.unfinished.pk}/edit/",
                f"proposals/{self.unfinished.pk}/check/", f"proposals/{self.came_in.pk}/", f"proposals/{self.came_in.pk}/receipt/",
                "cases/", f"cases/nagihama/{self.case.ref}/",
                "fund/", f"fund/begin/{self.call.pk}/", f"fund/{self.plan.pk}/edit/", f"fund/{self.plan.pk}/check/",
                *(f"fund/{self.grant.pk}/{page}" for page in (
                    "", "receipt/", "copy/", "decision/", "advance/", "change/", "status/", "assets/", "report/",
                )),
            )),
        ]  # fmt: skip
        sheet = Assignment.objects.filter(member__user=self.committee, state="assigned").first()
        committee = [
            f"/nagihama/committee/{place}"
            for place in (
                "",
                "timetable/",
                "interests/",
                f"sheets/{sheet.pk}/",
                f"sheets/{sheet.pk}/interest/",
            )
        ]
        return {
            "nobody": everyone,
            "officer": officer,
            "desk": desk,
            "administrator": administrator,
            "person": partner + own,
            "committee": committee,
        }[role]


@pytest.mark.parametrize("role", ["nobody", "officer", "desk", "administrator", "person", "committee"])
def test_pages_fit_a_phone_and_a_desktop(walker, live, role):
    world = World()
    user = None if role == "nobody" else getattr(world, role)
    for width in (360, 1280):
        walk = walker(user, width=width)
        for path in world.pages(role):
            walk.go(path)
