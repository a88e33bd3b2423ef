"""Every staff page × every role: who may, who is refused, who does not even learn that it is there."""

import pytest
from django.urls import reverse

from musubi.people.models import Member
from musubi.proposals.actions import decline
from musubi.proposals.referrals import offer
from tests.factories.challenges import make_challenge
from tests.factories.gatherings import make_gathering
from tests.factories.matching import make_ranking, make_suggestion
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db

STAFF = {"desk", "officer", "manager", "other", "administrator", "auditor"}
DESK = {"desk"}
WRITERS = {"desk", "officer", "manager", "other"}
ADMIN = {"administrator"}
JOURNAL = {"desk", "administrator", "auditor"}
ROLES = [
    "desk",
    "officer",
    "manager",
    "other",
    "administrator",
    "auditor",
    "representative",
    "stranger",
    None,
]

# name, what the address names, who may open it; "hidden" are staff who get 404 because the row is not theirs to see
PAGES = [
    ("staff-home", [], STAFF, set()),
    ("staff-inbox", [], DESK, set()),
    ("staff-challenges", [], STAFF, set()),
    ("staff-challenge-new", [], WRITERS, set()),
    ("staff-challenge", ["draft"], {"desk", "officer", "manager", "auditor"}, {"other", "administrator"}),
    ("staff-challenge-edit", ["draft"], {"desk", "officer", "manager"}, {"other", "administrator"}),
    ("staff-challenge-publish", ["checking"], DESK, {"other", "administrator"}),
    ("staff-challenge-return", ["checking"], DESK, {"other", "administrator"}),
    ("staff-challenge-widen", ["inside"], {"desk", "manager"}, set()),
    ("staff-challenge-renew", ["inside"], {"desk", "officer", "manager"}, set()),
    ("staff-challenge-close", ["inside"], {"desk", "manager"}, set()),
    ("staff-challenge-reopen", ["closed"], {"desk", "manager"}, set()),
    ("staff-suggestions", ["inside"], STAFF, set()),
    ("staff-suggestion-judge", ["inside", "candidate"], {"desk", "officer", "manager"}, set()),
    ("staff-suggestion-introduce", ["inside", "candidate"], {"desk", "officer", "manager"}, set()),
    ("staff-matching-figures", [], STAFF, set()),
    ("staff-matching-file", ["csv"], STAFF, set()),
    ("staff-matching-records", ["made"], STAFF, set()),
    ("staff-rankings", [], DESK, set()),
    ("staff-ranking-adopt", ["weights"], DESK, set()),
    ("staff-ranking-refuse", ["weights"], DESK, set()),
    ("staff-proposals", [], STAFF, set()),
    ("staff-proposal", ["proposal"], {"desk", "officer", "manager", "auditor"}, {"other", "administrator"}),
    ("staff-proposal-decline", ["proposal"], {"desk", "manager"}, {"other", "administrator"}),
    ("staff-proposal-refer", ["declined"], {"desk", "manager"}, {"other", "administrator"}),
    ("staff-referral-withdraw", ["declined", "referral"], {"desk", "manager"}, {"other", "administrator"}),
    ("staff-referral-answer", ["declined", "referral"], set(), {"other", "administrator"}),
    ("staff-proposal-new", [], DESK, set()),
    ("staff-handover", [], STAFF, set()),
    (
        "staff-handover-person",
        ["person"],
        {"desk", "officer", "manager", "administrator"},
        {"other", "auditor"},
    ),
    ("staff-handover-person-book", ["person"], {"desk", "officer", "manager"}, {"other", "auditor"}),
    (
        "staff-handover-person-file",
        ["person", "pdf"],
        {"desk", "officer", "manager"},
        {"other", "auditor"},
    ),
    (
        "staff-handover-department",
        ["department"],
        {"desk", "manager", "administrator"},
        {"officer", "other", "auditor"},
    ),
    (
        "staff-handover-department-book",
        ["department"],
        {"desk", "manager"},
        {"officer", "other", "auditor"},
    ),
    (
        "staff-handover-department-file",
        ["department", "docx"],
        {"desk", "manager"},
        {"officer", "other", "auditor"},
    ),
    ("staff-radar", [], STAFF, set()),
    ("staff-members", [], STAFF, set()),
    ("staff-member", ["member"], STAFF, set()),
    ("staff-member-new", [], DESK, set()),
    ("staff-member-refuse", ["applicant"], DESK, STAFF - DESK),
    ("staff-member-leave", ["member"], DESK, set()),
    ("staff-gatherings", [], STAFF, set()),
    ("staff-gathering", ["gathering"], STAFF, set()),
    ("staff-gathering-new", [], DESK, set()),
    ("staff-gathering-edit", ["gathering"], DESK, set()),
    ("staff-gathering-report", ["gathering"], DESK, set()),
    ("staff-gathering-cancel", ["gathering"], DESK, set()),
    ("staff-journal", [], JOURNAL, set()),
    ("staff-mail", [], DESK, set()),
    ("staff-settings", [], ADMIN, set()),
    ("staff-settings-general", [], ADMIN, set()),
    ("staff-departments", [], ADMIN, set()),
    ("staff-department-new", [], ADMIN, set()),
    ("staff-department", ["department"], ADMIN, set()),
    ("staff-people", [], ADMIN, set()),
    ("staff-appoint", [], ADMIN, set()),
    ("staff-closing-days", [], ADMIN, set()),
    ("staff-reminders", [], ADMIN, set()),
    ("staff-proposal-ball", ["proposal"], {"desk", "officer", "manager"}, {"other", "administrator"}),
    ("staff-wordings", [], DESK | ADMIN, set()),
    ("staff-wording-new", [], DESK | ADMIN, set()),
    ("staff-wording", ["wording"], DESK | ADMIN, set()),
    ("staff-limits", [], ADMIN, set()),
    ("staff-limit", ["proposal_kind", "submitted"], ADMIN, set()),
]


@pytest.fixture
def refs(town):
    facts = {"by": town.officer, "desk": town.desk}
    applicant = Member.objects.create(
        municipality=town.city,
        organisation=make_proposal(town.city).organisation,
        state="applied",
        applied_at="2025-04-01T00:00:00Z",
    )
    declined = make_proposal(
        town.city,
        town.organisation,
        by=town.representative,
        state="routing",
        departments=[town.env],
        desk=town.desk,
    )
    decline(declined, by=town.desk, reason="timing", feedback="来年度にぜひ。")
    inside = make_challenge(town.city, visibility=20, **facts)
    return {
        "declined": declined.ref,
        "referral": offer(declined, town.sea, by=town.desk, reason="藻場に役立つ").pk,
        "draft": make_challenge(town.city, state="draft", **facts).ref,
        "checking": make_challenge(town.city, state="checking", **facts).ref,
        "inside": inside.ref,
        "candidate": make_suggestion(inside, town.organisation).pk,
        "closed": make_challenge(town.city, state="closed", **facts).ref,
        "proposal": make_proposal(
            town.city,
            town.organisation,
            by=town.representative,
            state="routing",
            departments=[town.env],
            desk=town.desk,
        ).ref,
        "member": town.city.members.get(organisation=town.organisation).pk,
        "applicant": applicant.pk,
        "gathering": make_gathering(town.city).ref,
        "department": town.env.pk,
        "person": town.officer.pk,
        "weights": make_ranking(town.city).pk,
        "made": "made",
        "csv": "csv",
        "pdf": "pdf",
        "docx": "docx",
        "proposal_kind": "proposal",
        "submitted": "submitted",
        "wording": "decline",
    }


@pytest.mark.parametrize(("name", "parts", "allowed", "hidden"), PAGES, ids=[page[0] for page in PAGES])
def test_page_by_role(town, refs, name, parts, allowed, hidden):
    address = reverse(name, args=["nagisa", *(refs[part] for part in parts)])
    answers = {role: town.at(role).get(address).status_code for role in ROLES}
    wanted = {role: 200 if role in allowed else 404 if role in hidden else 403 for role in ROLES}
    wanted[None] = 302
    assert answers == wanted


def test_every_page_of_this_part_is_in_the_table():
    """A new page without a row fails here; steps that are only posted have tests of their own."""
    from musubi.www.staff import (
        challenges,
        gatherings,
        handover,
        inbox,
        journal,
        mail,
        matching_figures,
        members,
        proposal_ball,
        proposals,
        radar,
        rankings,
        referrals,
        reminders,
        settings,
        suggestions,
        urls,
        wordings,
    )

    modules = (
        challenges, gatherings, handover, inbox, journal, mail, matching_figures, members, proposal_ball, proposals, radar, rankings, referrals, reminders, settings, suggestions, wordings,
    )  # fmt: skip
    names = {pattern.name for module in modules for pattern in module.urlpatterns}
    names |= {pattern.name for pattern in urls.urlpatterns if getattr(pattern, "name", None)}
    posted = {
        "staff-challenge-hints", "staff-challenge-submit", "staff-proposal-file", "staff-proposal-route",
        "staff-proposal-answer", "staff-proposal-case", "staff-proposal-recall", "staff-member-admit",
        "staff-gathering-open", "staff-gathering-close", "staff-gathering-hold", "staff-mail-retry",
        "staff-department-close", "staff-end-role", "staff-closing-day-remove", "staff-wording-act", "staff-proposal-nudge",
        "staff-ranking-learn",
        "staff-stop-person", "staff-restore-person",  # the operator's, who is none of these: see test_matrix
    }  # fmt: skip
    assert names - posted == {page[0] for page in PAGES}


def test_refusal_says_who_to_ask(town):
    answer = town.at("officer").get("/nagisa/staff/inbox/")
    assert answer.status_code == 403
    assert "この画面は、この自治体の担当職員だけが使えます。" in answer.content.decode()


def test_no_such_rows_are_not_found(town):
    for address in ("challenges/2020-999/", "proposals/2020-999/", "members/999999/", "gatherings/2020-999/"):
        assert town.at("desk").get(f"/nagisa/staff/{address}").status_code == 404, address
    assert town.at("desk").get("/nowhere/staff/").status_code == 404


def test_menu_shows_only_what_the_person_may_open(town):
    desk, officer = (town.at(role).get("/nagisa/staff/").content.decode() for role in ("desk", "officer"))
    assert "/nagisa/staff/inbox/" in desk
    assert "/nagisa/staff/settings/" not in desk
    assert "/nagisa/staff/inbox/" not in officer
    assert "/nagisa/staff/settings/" in town.at("administrator").get("/nagisa/staff/").content.decode()
