from datetime import date
from uuid import uuid4

import pytest

from musubi.challenges import actions
from musubi.challenges.models import Challenge
from musubi.challenges.states import Visibility
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from tests.factories.challenges import make_challenge
from tests.factories.people import make_department, make_municipality, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def test_draft_challenge_belongs_to_the_department(officer):
    department = officer.staff.get().department
    with clock.standing_at(date(2025, 5, 1)):
        challenge = actions.draft_challenge(
            department, by=officer, title="放置自転車を減らしたい", goals=[11], fields=[]
        )
    assert (challenge.state, challenge.visibility, challenge.ref) == (
        "draft",
        Visibility.DEPARTMENT,
        "2025-001",
    )
    assert list(challenge.goals.values_list("number", flat=True)) == [11]
    assert verbs(challenge) == ["challenge.drafted"]


def test_draft_challenge_without_title_is_refused(officer):
    with pytest.raises(Missing) as refusal:
        actions.draft_challenge(officer.staff.get().department, by=officer, title="  ")
    assert refusal.value.field == "title"
    assert Challenge.objects.count() == 0


def test_draft_challenge_for_another_department_is_not_allowed(city, officer):
    with pytest.raises(NotAllowed):
        actions.draft_challenge(make_department(city), by=officer, title="よその課の課題")


def test_draft_challenge_of_a_form_sent_twice_is_one_with_the_later_words(officer):
    department, key = officer.staff.get().department, uuid4()
    first = actions.draft_challenge(department, by=officer, key=key, title="落ち葉の", goals=[15])
    second = actions.draft_challenge(department, by=officer, key=key, title="落ち葉の片づけ", goals=[11])
    challenge = Challenge.objects.get()
    assert first == second == challenge
    assert (challenge.title, challenge.ref) == ("落ち葉の片づけ", first.ref)
    assert list(challenge.goals.values_list("pk", flat=True)) == [11]
    assert verbs(challenge) == ["challenge.drafted", "challenge.saved"]
    later = actions.draft_challenge(department, by=officer, key=uuid4(), title="別の課題")
    assert int(later.ref[-3:]) == int(first.ref[-3:]) + 1


def test_draft_challenge_of_a_form_whose_draft_is_published_is_refused(city, officer):
    department, key = officer.staff.get().department, uuid4()
    challenge = make_challenge(city, by=officer, key=key, title="落ち葉")
    with pytest.raises(Refused, match=challenge.ref):
        actions.draft_challenge(department, by=officer, key=key, title="別の課題")
    assert Challenge.objects.get().title == "落ち葉"


def test_draft_challenge_with_the_key_of_another_department_is_not_allowed(city, officer):
    key = uuid4()
    actions.draft_challenge(officer.staff.get().department, by=officer, key=key, title="落ち葉")
    other = make_staff(city, "officer")
    with pytest.raises(NotAllowed):
        actions.draft_challenge(other.staff.get().department, by=other, key=key, title="よその課題")
    assert Challenge.objects.get().title == "落ち葉"


def test_numbers_have_no_gap_after_a_refusal(officer):
    department = officer.staff.get().department
    first = actions.draft_challenge(department, by=officer, title="一つ目")
    with pytest.raises(Missing):
        actions.draft_challenge(department, by=officer, title="")
    second = actions.draft_challenge(department, by=officer, title="二つ目")
    assert int(second.ref[-3:]) == int(first.ref[-3:]) + 1


def test_save_challenge_keeps_which_words_changed(city, officer):
    challenge = make_challenge(city, state="draft", by=officer)
    actions.save_challenge(challenge, by=officer, title="新しい題名", conditions=challenge.conditions)
    challenge.refresh_from_db()
    assert challenge.title == "新しい題名"
    assert history(challenge).last().data == {"changed": ["title"]}


def test_save_challenge_after_the_end_is_refused(city, officer):
    challenge = make_challenge(city, state="closed", by=officer)
    with pytest.raises(Refused, match="終了した課題は書き直せません"):
        actions.save_challenge(challenge, by=officer, title="もう一度")


def test_ask_for_check_without_a_picture_of_success_is_refused(city, officer):
    challenge = make_challenge(city, state="draft", by=officer, goal_image="")
    with pytest.raises(Missing) as refusal:
        actions.ask_for_check(challenge, by=officer)
    assert refusal.value.field == "goal_image"
    challenge.refresh_from_db()
    assert challenge.state == "draft"


def test_return_to_draft_carries_remarks(city, officer, desk):
    challenge = make_challenge(city, state="checking", by=officer)
    actions.return_to_draft(challenge, by=desk, remarks="件数を書いてください。")
    challenge.refresh_from_db()
    assert (challenge.state, challenge.remarks) == ("draft", "件数を書いてください。")
    assert verbs(challenge)[-1] == "challenge.returned"


def test_return_to_draft_without_remarks_is_refused(city, officer, desk):
    challenge = make_challenge(city, state="checking", by=officer)
    with pytest.raises(Missing):
        actions.return_to_draft(challenge, by=desk, remarks=" ")


def test_publish_expires_at_the_end_of_the_fiscal_year(city, officer, desk):
    with clock.standing_at(date(2025, 11, 4)):
        challenge = make_challenge(city, state="checking", by=officer)
        actions.publish(challenge, by=desk)
    challenge.refresh_from_db()
    assert challenge.expires_on == date(2026, 3, 31)
    assert (challenge.state, challenge.visibility) == ("published", Visibility.PUBLIC)
    assert verbs(challenge) == ["challenge.drafted", "challenge.submitted", "challenge.published"]


def test_publish_by_the_officer_is_not_allowed(city, officer):
    challenge = make_challenge(city, state="checking", by=officer)
    with pytest.raises(NotAllowed):
        actions.publish(challenge, by=officer)


def test_publish_a_draft_is_refused(city, officer, desk):
    challenge = make_challenge(city, state="draft", by=officer)
    with pytest.raises(Refused, match="下書き"):
        actions.publish(challenge, by=desk)


def test_publish_what_somebody_returned_meanwhile_is_a_conflict(city, officer, desk):
    challenge = make_challenge(city, state="checking", by=officer)
    seen_by_the_other = Challenge.objects.get(pk=challenge.pk)
    actions.return_to_draft(challenge, by=desk, remarks="直してください。")
    with pytest.raises(Conflict):
        actions.publish(seen_by_the_other, by=desk)
    assert verbs(challenge)[-1] == "challenge.returned"


def test_widen_only_widens(city, desk):
    challenge = make_challenge(city, desk=desk, visibility=Visibility.MUNICIPALITY)
    actions.widen(challenge, by=desk, visibility=Visibility.MEMBERS)
    assert Challenge.objects.get(pk=challenge.pk).visibility == Visibility.MEMBERS
    with pytest.raises(Refused, match="広げることだけ"):
        actions.widen(challenge, by=desk, visibility=Visibility.MUNICIPALITY)
    assert verbs(challenge)[-1] == "challenge.widened"


def test_close_for_another_reason_wants_words(city, desk):
    challenge = make_challenge(city, desk=desk)
    with pytest.raises(Missing):
        actions.close(challenge, by=desk, reason="other")
    actions.close(challenge, by=desk, reason="other", note="隣の市と一緒に進めることになりました。")
    challenge.refresh_from_db()
    assert (challenge.state, challenge.close_reason) == ("closed", "other")


def test_reopen_gives_a_new_date(city, desk):
    with clock.standing_at(date(2025, 3, 1)):
        challenge = make_challenge(city, desk=desk, state="closed")
    with clock.standing_at(date(2025, 6, 2)):
        actions.reopen(challenge, by=desk)
    challenge.refresh_from_db()
    assert (challenge.state, challenge.expires_on, challenge.close_reason) == (
        "published",
        date(2026, 3, 31),
        "",
    )


def test_renew_into_the_past_is_refused(city, desk):
    challenge = make_challenge(city, desk=desk)
    with pytest.raises(Refused) as refusal:
        actions.renew(challenge, by=desk, expires_on=date(2020, 1, 1))
    assert refusal.value.field == "expires_on"


def test_expire_due_closes_only_what_has_passed(city, desk):
    with clock.standing_at(date(2025, 3, 1)):
        old = make_challenge(city, desk=desk)
    with clock.standing_at(date(2025, 4, 1)):
        new = make_challenge(city, desk=desk)
        assert actions.expire_due() == 1
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, old.close_reason, new.state) == ("closed", "expired", "published")
    assert history(old).last().actor == "システム"


def test_match_and_resolve_follow_the_later_steps(city, desk):
    challenge = make_challenge(city, desk=desk)
    actions.match(challenge, by=desk)
    actions.match(challenge, by=desk)
    actions.resolve(challenge, by=desk)
    assert verbs(challenge)[-2:] == ["challenge.matched", "challenge.resolved"]


def test_ask_to_renew_asks_once_per_date_a_fortnight_before(city, desk):
    with clock.standing_at(date(2025, 5, 1)):
        challenge = make_challenge(city, desk=desk)
    with clock.standing_at(date(2026, 3, 16)):
        assert actions.ask_to_renew_due() == 0
    with clock.standing_at(date(2026, 3, 20)):
        assert actions.ask_to_renew_due() == 1
        assert actions.ask_to_renew_due() == 0
        challenge.refresh_from_db()
        actions.renew(challenge, by=desk, expires_on=date(2026, 4, 1))
        assert actions.ask_to_renew_due() == 1
    assert verbs(challenge)[-3:] == ["challenge.expiring", "challenge.renewed", "challenge.expiring"]


def test_reopen_what_the_desk_has_not_checked_is_refused(city, officer):
    challenge = make_challenge(city, state="checking", by=officer)
    manager = make_staff(city, "manager", challenge.department)
    with pytest.raises(Refused):
        actions.reopen(challenge, by=manager)
    challenge.refresh_from_db()
    assert challenge.state == "checking"


@pytest.mark.parametrize("state", ["matched", "closed"])
def test_publish_again_never_narrows_who_reads_it(city, desk, state):
    challenge = make_challenge(city, state=state, desk=desk)
    with pytest.raises(Refused):
        actions.publish(challenge, by=desk, visibility=Visibility.DEPARTMENT)
    challenge.refresh_from_db()
    assert (challenge.state, challenge.visibility) == (state, Visibility.PUBLIC)
