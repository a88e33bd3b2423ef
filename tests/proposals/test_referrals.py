"""Second match: a declined proposal goes elsewhere with its organisation's consent, and never without."""

from datetime import timedelta

import pytest

from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.notify.actions import tell
from musubi.notify.models import Notice
from musubi.people.models import Representative
from musubi.proposals import actions, queries, referrals
from musubi.proposals.models import Proposal, Referral
from tests.factories.challenges import make_challenge
from tests.factories.people import (
    make_department,
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db
REASON = "藻場の再生に向いた技術だと思います。"


@pytest.fixture
def city():
    return make_municipality("nagisa", name="なぎさ市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk", name="青木 直")


@pytest.fixture
def officer(city):
    """Of the department it is offered to."""
    return make_staff(city, "officer", make_department(city, "水産課"))


@pytest.fixture
def sea(officer):
    return officer.staff.get().department


@pytest.fixture
def company():
    return make_organisation("うみかぜ環境株式会社")


@pytest.fixture
def person(company):
    return make_representative(company, name="潮見 遥")


@pytest.fixture
def proposal(city, company, person, desk):
    """Asked of one department, and declined."""
    asked = make_department(city, "環境課")
    row = make_proposal(city, company, by=person, state="routing", departments=[asked], desk=desk)
    actions.decline(row, by=desk, reason="capacity", feedback="環境課では体制が整いません。")
    return row


@pytest.fixture
def referral(proposal, sea, desk):
    return referrals.offer(proposal, sea, by=desk, reason=REASON)


@pytest.fixture
def challenge(city, desk):
    return make_challenge(city, desk=desk, title="藻場が減っている")


def fresh(thing):
    return type(thing).objects.get(pk=thing.pk)


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def tell_all():
    for entry in Entry.objects.filter(done_at=None).order_by("pk"):
        tell(entry)


# --- offering ----------------------------------------------------------------------------------------------------


def test_offer_asks_the_organisation(referral, proposal, sea, desk, person):
    assert (referral.state, referral.target, referral.offered_by) == ("offered", sea, desk)
    assert referral.expires_on == clock.today() + timedelta(days=30)
    assert fresh(proposal).state == "declined"
    tell_all()
    notice = Notice.objects.get(kind="proposal.referral_offered")
    assert (notice.user, notice.path) == (person, f"/my/referrals/{referral.pk}/")
    assert "水産課" in notice.body
    assert REASON in notice.body


def test_offer_shows_the_target_nothing(referral, proposal, officer, city):
    assert not queries.visible_to(officer, city).filter(pk=proposal.pk).exists()
    assert not queries.questions_to([referral.department_id], city).exists()
    tell_all()
    assert not Notice.objects.filter(user=officer).exists()


def test_offer_is_in_the_proposals_history(referral, proposal):
    entry = history(proposal).last()
    assert (entry.verb, entry.actor) == ("proposal.referral_offered", "青木 直")
    assert entry.data == {
        "referral": referral.pk,
        "to": "水産課",
        "department": referral.department_id,
        "challenge": None,
        "elsewhere": False,
        "reason": REASON,
    }


def test_offer_by_the_manager_who_declined(city, company, person, desk, sea):
    boss = make_staff(city, "manager")
    mine = boss.staff.get().department
    row = make_proposal(city, company, by=person, state="routing", departments=[mine], desk=desk)
    actions.decline(row, by=boss, reason="capacity", feedback="体制が整いません。")
    assert referrals.offer(row, sea, by=boss, reason=REASON).offered_by == boss


def test_offer_by_who_may_not(proposal, sea, officer, person, city):
    for who in (officer, person, make_staff(city, "auditor"), make_staff(city, "administrator"), make_staff(make_municipality(), "desk")):  # fmt: skip
        with pytest.raises(NotAllowed):
            referrals.offer(proposal, sea, by=who, reason=REASON)
    assert Referral.objects.count() == 0


def test_offer_of_the_own_organisations_proposal(proposal, sea, desk, company):
    Representative.objects.create(user=desk, organisation=company)
    with pytest.raises(NotAllowed):
        referrals.offer(proposal, sea, by=fresh(desk), reason=REASON)


@pytest.mark.parametrize("state", ["submitted", "routing", "withdrawn"])
def test_offer_of_what_was_not_declined(city, company, desk, sea, state):
    row = make_proposal(city, company, state=state, desk=desk)
    with pytest.raises(Refused, match="見送った提案だけ"):
        referrals.offer(row, sea, by=desk, reason=REASON)


def test_offer_without_a_reason(proposal, sea, desk):
    with pytest.raises(Missing) as refused:
        referrals.offer(proposal, sea, by=desk, reason="  ")
    assert refused.value.field == "reason"


def test_offer_to_where_it_cannot_go(proposal, desk, city):
    asked = proposal.routings.get().department
    closed = make_department(city, "旧課", is_active=False)
    for target in (asked, closed, city.departments.get(is_desk=True), make_department(make_municipality())):
        with pytest.raises(Refused) as refused:
            referrals.offer(proposal, target, by=desk, reason=REASON)
        assert refused.value.field == "target"


def test_offer_twice_or_after_a_refusal(referral, proposal, sea, desk, person):
    with pytest.raises(Refused, match="返事を待っています"):
        referrals.offer(proposal, sea, by=desk, reason=REASON)
    referrals.refuse(referral, by=person)
    with pytest.raises(Refused, match="前に断っています"):
        referrals.offer(proposal, sea, by=desk, reason=REASON)


def test_offer_of_a_challenge_the_organisation_cannot_read(proposal, desk, city):
    inside = make_challenge(city, desk=desk, visibility=20)
    members = make_challenge(city, desk=desk, visibility=30)
    for target in (inside, members):
        with pytest.raises(Refused, match="受け付けていません"):
            referrals.offer(proposal, target, by=desk, reason=REASON)
    make_member(city, proposal.organisation)
    assert referrals.offer(proposal, members, by=desk, reason=REASON).challenge == members


def test_offer_of_the_challenge_it_answered_or_a_closed_one(city, company, person, desk, challenge):
    row = make_proposal(city, company, by=person, track="challenge", challenge=challenge)
    actions.decline(row, by=desk, reason="timing", feedback="来年度にぜひ。")
    closed = make_challenge(city, desk=desk, state="closed")
    for target in (challenge, closed):
        with pytest.raises(Refused):
            referrals.offer(row, target, by=desk, reason=REASON)


# --- the organisation answers ------------------------------------------------------------------------------------


def test_consent_asks_the_department_and_keeps_number_and_history(
    referral, proposal, sea, officer, person, city
):
    number = proposal.ref
    referrals.consent(referral, by=person, words="ぜひお願いします。")
    here = fresh(proposal)
    assert (here.state, here.ref, here.holder, here.decline_reason) == ("routing", number, sea, "")
    routing = here.routings.get(department=sea)
    assert (routing.asked_by, routing.question) == (referral.offered_by, REASON)
    assert queries.visible_to(officer, city).filter(pk=proposal.pk).exists()
    assert verbs(proposal)[-4:] == [
        "proposal.declined",
        "proposal.referral_offered",
        "proposal.routed",
        "proposal.referral_consented",
    ]
    assert (referral.state, referral.answered_by, referral.words) == (
        "consented",
        person,
        "ぜひお願いします。",
    )


def test_consent_tells_the_desk_and_the_department(referral, desk, officer, person):
    referrals.consent(referral, by=person)
    tell_all()
    assert Notice.objects.filter(kind="proposal.referral_consented", user=desk).count() == 1
    assert Notice.objects.filter(kind="proposal.routed", user=officer).count() == 1


def test_consent_to_a_challenge_here_makes_it_an_answer_to_that_challenge(proposal, challenge, desk, person):
    number = proposal.ref
    referral = referrals.offer(proposal, challenge, by=desk, reason=REASON)
    referrals.consent(referral, by=person)
    here = fresh(proposal)
    assert (here.state, here.challenge, here.track, here.ref) == ("submitted", challenge, "challenge", number)
    assert here.holder.is_desk
    assert (here.decided_at, here.feedback) == (None, "")
    assert list(queries.inbox(here.municipality)) == [here]


def test_consent_to_a_challenge_elsewhere_makes_a_draft_there(proposal, person, desk):
    other = make_municipality("hoka", name="ほか市")
    there = make_challenge(other, title="磯焼けを止めたい")
    referral = referrals.offer(proposal, there, by=desk, reason=REASON)
    referrals.consent(referral, by=person)
    draft = fresh(referral).draft
    assert (draft.state, draft.municipality, draft.challenge, draft.track) == (
        "draft",
        other,
        there,
        "challenge",
    )
    assert (draft.title, draft.content, draft.organisation) == (
        proposal.title,
        proposal.content,
        proposal.organisation,
    )
    assert fresh(proposal).state == "declined"
    stranger = make_staff(other, "desk")
    assert not queries.visible_to(stranger, other).filter(pk=draft.pk).exists()
    actions.submit(draft, by=person)
    assert queries.visible_to(stranger, other).filter(pk=draft.pk).exists()


def test_consent_by_who_may_not(referral, desk, officer):
    for who in (desk, officer, make_representative(), None):
        with pytest.raises(NotAllowed):
            referrals.consent(referral, by=who)
        with pytest.raises(NotAllowed):
            referrals.refuse(referral, by=who)
    assert fresh(referral).state == "offered"


def test_consent_twice(referral, person):
    seen = fresh(referral)
    referrals.consent(referral, by=person)
    with pytest.raises((Conflict, Refused)):
        referrals.consent(seen, by=person)
    assert fresh(referral).proposal.routings.count() == 2


def test_consent_after_its_day(referral, person):
    with (
        clock.standing_at(clock.today() + timedelta(days=31)),
        pytest.raises(Refused, match="期限が過ぎています"),
    ):
        referrals.consent(referral, by=person)


def test_consent_to_a_challenge_that_closed_meanwhile(proposal, challenge, desk, person):
    from musubi.challenges.actions import close

    referral = referrals.offer(proposal, challenge, by=desk, reason=REASON)
    close(challenge, by=desk, reason="budget", note="予算がつきませんでした。")
    with pytest.raises(Refused, match="受け付けていません"):
        referrals.consent(referral, by=person)
    assert (fresh(referral).state, fresh(proposal).state) == ("offered", "declined")


def test_consent_to_one_of_two_departments_leaves_the_other_to_be_answered(
    referral, proposal, desk, person, city
):
    another = make_department(city, "港湾課")
    second = referrals.offer(proposal, another, by=desk, reason=REASON)
    referrals.consent(referral, by=person)
    referrals.consent(fresh(second), by=person)
    assert {r.department.name for r in proposal.routings.all()} == {"環境課", "水産課", "港湾課"}
    assert fresh(proposal).state == "routing"


def test_consent_ends_offers_of_other_challenges_here_and_keeps_those_elsewhere(
    referral, proposal, challenge, desk, person
):
    here = referrals.offer(proposal, challenge, by=desk, reason=REASON)
    there = referrals.offer(proposal, make_challenge(make_municipality()), by=desk, reason=REASON)
    referrals.consent(referral, by=person)
    assert (fresh(here).state, fresh(there).state) == ("withdrawn", "offered")


def test_refuse_tells_the_desk_and_moves_nothing(referral, proposal, officer, desk, person, city):
    referrals.refuse(referral, by=person, words="今期は手が回りません。")
    assert (fresh(referral).state, fresh(proposal).state) == ("refused", "declined")
    assert not queries.visible_to(officer, city).filter(pk=proposal.pk).exists()
    assert verbs(proposal)[-1] == "proposal.referral_refused"
    tell_all()
    notice = Notice.objects.get(kind="proposal.referral_refused")
    assert notice.user == desk
    assert "今期は手が回りません。" in notice.body


def test_refuse_after_consent(referral, person):
    seen = fresh(referral)
    referrals.consent(referral, by=person)
    with pytest.raises((Conflict, Refused)):
        referrals.refuse(seen, by=person)


def test_desk_records_the_word_of_an_organisation_nobody_signs_in_for(city, desk, sea):
    row = make_proposal(city, state="declined", desk=desk)
    Representative.objects.update(ended_at=clock.now())
    referral = referrals.offer(row, sea, by=desk, reason=REASON)
    with pytest.raises(Missing) as refused:
        referrals.consent(referral, by=desk)
    assert refused.value.field == "words"
    referrals.consent(referral, by=desk, words="11月4日に電話で代表の同意を得ました。")
    assert fresh(row).state == "routing"


# --- taking it back, and letting it lapse ------------------------------------------------------------------------


def test_withdraw_offer_tells_the_organisation(referral, desk, person, proposal):
    referrals.withdraw_offer(referral, by=desk, reason="水産課の体制が変わったため")
    assert fresh(referral).state == "withdrawn"
    assert verbs(proposal)[-1] == "proposal.referral_withdrawn"
    tell_all()
    assert "水産課の体制が変わったため" in Notice.objects.get(kind="proposal.referral_withdrawn").body
    with pytest.raises((Conflict, Refused)):
        referrals.consent(fresh(referral), by=person)


def test_withdraw_offer_by_who_may_not_or_without_a_reason(referral, desk, officer, person):
    for who in (officer, person):
        with pytest.raises(NotAllowed):
            referrals.withdraw_offer(referral, by=who, reason="都合")
    with pytest.raises(Missing):
        referrals.withdraw_offer(referral, by=desk, reason="")


def test_withdraw_offer_after_the_answer(referral, desk, person):
    seen = fresh(referral)
    referrals.refuse(referral, by=person)
    with pytest.raises((Conflict, Refused)):
        referrals.withdraw_offer(seen, by=desk, reason="都合")


def test_lapse_due_after_thirty_days_and_once(referral, proposal, desk, person):
    with clock.standing_at(clock.today() + timedelta(days=30)):
        assert referrals.lapse_due() == 0
    with clock.standing_at(clock.today() + timedelta(days=31)):
        assert referrals.lapse_due() == 1
        assert referrals.lapse_due() == 0
    assert (fresh(referral).state, fresh(proposal).state) == ("lapsed", "declined")
    entry = history(proposal).last()
    assert (entry.verb, entry.actor) == ("proposal.referral_lapsed", "システム")
    tell_all()
    assert {n.user for n in Notice.objects.filter(kind="proposal.referral_lapsed")} == {desk, person}


# --- no way around it --------------------------------------------------------------------------------------------


def test_route_and_recall_of_a_declined_proposal_want_consent(proposal, sea, desk):
    with pytest.raises(Refused, match="団体の同意が必要です"):
        actions.route(proposal, [sea], by=desk)
    with pytest.raises(Refused, match="団体の同意"):
        actions.recall(proposal, by=desk)
    assert fresh(proposal).state == "declined"


def test_referrals_for_are_those_of_the_persons_organisations(referral, person, desk):
    assert list(queries.referrals_for(person)) == [referral]
    assert list(queries.referrals_waiting_for(person)) == [referral]
    assert list(queries.referrals_for(make_representative())) == []
    assert list(queries.referrals_for(desk)) == []
    referrals.refuse(referral, by=person)
    assert list(queries.referrals_waiting_for(person)) == []


def test_proposal_that_was_referred_may_be_declined_again(referral, proposal, desk, person):
    referrals.consent(referral, by=person)
    actions.decline(fresh(proposal), by=desk, reason="timing", feedback="来年度にぜひ。")
    assert fresh(proposal).state == "declined"
    assert Proposal.objects.count() == 1


def test_who_offered_it_and_has_left_is_told_no_more(proposal, sea, city, person, desk):
    gone = make_staff(city, "desk", name="波野 一")
    referral = referrals.offer(proposal, sea, by=gone, reason=REASON)
    gone.staff.update(ended_at=clock.now())
    referrals.refuse(referral, by=person, words="今回は見合わせます。")
    tell_all()
    assert [notice.user for notice in Notice.objects.filter(kind="proposal.referral_refused")] == [desk]
