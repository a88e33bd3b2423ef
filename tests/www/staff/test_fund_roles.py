"""Every address of the fund's secretariat × every role: the desk acts, an auditor reads, nobody else is let in."""

from datetime import date, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.urls import reverse

from musubi.fund import actions
from musubi.fund.states import Stage
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.www.committee.invitations import invite
from musubi.www.staff import fund as package
from tests.factories.fund import (
    general,
    make_application,
    make_award,
    make_call,
    make_committee,
    make_contribution,
    make_edition,
    make_fund,
)
from tests.www.staff.test_roles import ROLES

pytestmark = pytest.mark.django_db

# Who may read what the secretariat reads, with what each address names.
READ = [
    ("staff-fund",),
    ("staff-fund-money",),
    ("staff-fund-fund", "fund"),
    ("staff-fund-contributions",),
    ("staff-fund-contribution", "gift"),
    ("staff-fund-contribution-letters", "gift"),
    ("staff-fund-contribution-letter", "gift", "gift-receipt", "docx"),
    ("staff-fund-ledger",),
    ("staff-fund-ledger-file", "csv"),
    ("staff-fund-programmes",),
    ("staff-fund-programme", "programme"),
    ("staff-fund-compare", "programme"),
    ("staff-fund-edition", "programme", "draft"),
    ("staff-fund-calls",),
    ("staff-fund-call", "call"),
    ("staff-fund-call-preview", "call"),
    ("staff-fund-call-letters", "screened"),
    ("staff-fund-call-letter", "screened", "minutes", "first", "docx"),
    ("staff-fund-applications",),
    ("staff-fund-application", "sent"),
    ("staff-fund-application-letters", "sent"),
    ("staff-fund-application-letter", "sent", "receipt", "sent_pk", "docx"),
    ("staff-fund-committee",),
    ("staff-fund-stage", "screened", "first"),
    ("staff-fund-ranking", "screened", "first"),
    ("staff-fund-timetable", "screened"),
    ("staff-fund-timetable-ics", "screened"),
    ("staff-fund-choice", "screened"),
    ("staff-fund-decisions", "screened"),
    ("staff-fund-awards",),
    ("staff-fund-award", "granted"),
    ("staff-fund-letters",),
    ("staff-fund-letter-example", "receipt", "docx"),
]
# Whose first step is a form; some send back to the record, in words, where its time is not now.
ACT = [
    ("staff-fund-new",),
    ("staff-fund-edit", "fund"),
    ("staff-fund-pot-new", "fund"),
    ("staff-fund-contribution-new", "fund"),
    ("staff-fund-programme-new",),
    ("staff-fund-programme-edit", "programme"),
    *(
        ("staff-fund-edition-edit", "programme", "draft", section)
        for section in ("who", "money", "costs", "screening", "papers", "letters", "after")
    ),
    ("staff-fund-call-new",),
    ("staff-fund-call-edit", "call"),
    ("staff-fund-return", "sent"),
    ("staff-fund-blind-words", "sent"),
    ("staff-fund-note", "sent"),
    ("staff-fund-slot", "sent"),
    ("staff-fund-decision", "sent"),
    ("staff-fund-call-up", "sent"),
    ("staff-fund-drop", "sent"),
    ("staff-fund-committee-invite",),
    ("staff-fund-committee-uninvite", "invited"),
    ("staff-fund-committee-release", "seat"),
    ("staff-fund-committee-interest", "seat"),
    ("staff-fund-assign", "screened", "first"),
    ("staff-fund-decide", "screened", "first"),
    ("staff-fund-release-first", "screened"),
    ("staff-fund-release", "screened"),
    ("staff-fund-letter-style", "receipt"),
    ("staff-fund-letter-template", "receipt"),
    ("staff-fund-letter-again", "sent", "receipt", "sent_pk"),
]
# Only posted; sent empty, by whoever may, they end in words.
POSTED = [
    ("staff-fund-contribution-act", "gift", "return", "gift_pk"),
    ("staff-fund-edition-new", "programme"),
    ("staff-fund-edition-act", "programme", "draft", "use", "draft_pk"),
    ("staff-fund-call-act", "call", "cancel", "call_pk"),
    ("staff-fund-call-act", "call", "finish", "call_pk"),
    ("staff-fund-check", "granted"),
    ("staff-fund-begin", "call"),
    ("staff-fund-remind", "screened", "first"),
    ("staff-fund-take-back", "screened", "sheet"),
    ("staff-fund-award-act", "granted", "revoke", "award"),
    ("staff-fund-letter-act", "receipt", "restore"),
]
# Found by a row's number that this town does not have; how they answer: tests/www/test_matrix.py.
ELSEWHERE = {
    "staff-fund-paper",
    "staff-fund-letter-batch",
    "staff-fund-blind-file",
    "staff-fund-blind-show",
    "staff-fund-blind-copy",
}


@pytest.fixture
def refs(town):
    """A fund with a call that takes applications, one that is screened and one with an award."""
    with clock.standing_at(date(2025, 5, 1)):
        fund = make_fund(town.city)
        gift = make_contribution(general(fund), yen=5_000_000)
        edition = make_edition(town.city, is_blind=True)
        over = make_call(fund, edition=edition)
        granted = make_application(over)
    with clock.standing_at(date(2025, 6, 1)):
        award = make_award(granted)
        screened = make_call(fund, edition=edition)
        make_application(screened)
    with clock.standing_at(date(2025, 7, 1)):
        actions.begin_screening(screened, by=None)
        make_committee(fund)
        invite(fund, "member@example.jp", by=town.desk)
        actions.assign(screened, by=None, stage=Stage.FIRST)
        call = make_call(fund, edition=edition, closes_at=clock.now() + timedelta(days=4000))
        sent = make_application(call, state="submitted")
        draft = actions.draft_edition(edition.programme, by=None)
    return {
        "fund": fund.pk,
        "gift": gift.ref,
        "gift_pk": gift.pk,
        "programme": edition.programme.code,
        "draft": draft.number,
        "draft_pk": draft.pk,
        "call": call.ref,
        "call_pk": call.pk,
        "screened": screened.ref,
        "sent": sent.ref,
        "sent_pk": sent.pk,
        "granted": granted.ref,
        "award": award.pk,
        "invited": Entry.objects.get(verb="committee.invited").pk,
        "seat": fund.committee.first().pk,
        "sheet": screened.applications.get().assignments.first().pk,
    }


def address(refs: dict, name: str, *parts: str) -> str:
    return reverse(name, args=["nagisa", *(refs.get(part, part) for part in parts)])


def answers(town, method: str, where: str) -> dict:
    return {role: getattr(town.at(role), method)(where).status_code for role in ROLES}


def wanted(*may: str) -> dict:
    return {role: 302 if role is None else 200 if role in may else 403 for role in ROLES}


def test_the_desk_and_an_auditor_read(town, refs):
    for row in READ:
        assert answers(town, "get", address(refs, *row)) == wanted("desk", "auditor"), row


def test_the_desk_alone_acts(town, refs):
    for row in ACT:
        found = answers(town, "get", address(refs, *row))
        assert found.pop("desk") in (200, 302), row
        assert found == {role: code for role, code in wanted().items() if role != "desk"}, row
    for row in POSTED:
        found = answers(town, "post", address(refs, *row))
        assert found.pop("desk") in (302, 422), row
        assert found == {role: code for role, code in wanted().items() if role != "desk"}, row


def test_no_page_of_the_fund_is_kept_by_a_browser(town, refs):
    for row in [*READ, *ACT]:
        answer = town.at("desk").get(address(refs, *row))
        assert "no-store" in answer["Cache-Control"], row
    for row in POSTED:
        assert town.at("desk").post(address(refs, *row))["Cache-Control"] == "private, no-store", row


def test_every_address_is_in_a_table():
    """A new address without a row fails here."""
    names = set()
    for file in Path(package.__file__).parent.rglob("*.py"):
        path = file.relative_to(Path(package.__file__).parent).with_suffix("")
        module = import_module(".".join([package.__name__, *path.parts]).removesuffix(".__init__"))
        found = getattr(module, "urlpatterns", [])
        names |= {pattern.name for pattern in found if getattr(pattern, "name", None)}
    assert names - ELSEWHERE == {row[0] for row in [*READ, *ACT, *POSTED]}
