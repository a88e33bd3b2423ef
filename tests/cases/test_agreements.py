"""The register of agreements: drafted, checked, signed, renewed, ended; and what its days bring."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from musubi.cases import actions
from musubi.cases.agreements import actions as agreements
from musubi.cases.agreements import register
from musubi.cases.models import Agreement
from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.notify.actions import tell
from musubi.notify.models import Notice
from musubi.people import actions as people
from tests.factories.cases import make_case, make_contact
from tests.factories.people import make_municipality, make_organisation, make_staff

pytestmark = pytest.mark.django_db
FILE = {"stored": "agreements/a.pdf", "name": "協定書.pdf", "size": 10, "media_type": "application/pdf"}


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def case(city, officer):
    with clock.standing_at(date(2026, 4, 1)):
        return make_contact(city, officer=officer)


@pytest.fixture
def draft(case, desk):
    return agreements.draft_agreement(
        case.lead, [make_organisation()], by=desk, kind="memorandum", title="覚書", cases=[case]
    )


def signed(draft, desk, on="2026-04-01", until=None):
    day = date.fromisoformat(on)
    with clock.standing_at(day):
        agreements.sign_agreement(
            draft, by=desk, signed_on=day, expires_on=date.fromisoformat(until) if until else None
        )
    return draft


def verbs(agreement) -> list[str]:
    return [entry.verb for entry in history(agreement)]


# --- drafting, checking, signing --------------------------------------------------------------------------------


def test_agreement_is_in_force_once_signed(draft, desk):
    with pytest.raises(Refused):
        agreements.sign_agreement(draft, by=desk, signed_on=date(2099, 1, 1))
    with clock.standing_at(date(2026, 2, 2)):
        agreements.sign_agreement(draft, by=desk, signed_on=date(2026, 2, 2), expires_on=date(2029, 3, 31))
    draft.refresh_from_db()
    assert (draft.state, draft.signed_on) == ("active", date(2026, 2, 2))


def test_sign_agreement_that_expires_before_it_is_signed_is_refused(draft, desk):
    day = clock.today()
    with pytest.raises(Refused) as refusal:
        agreements.sign_agreement(draft, by=desk, signed_on=day, expires_on=day)
    assert refusal.value.field == "expires_on"


def test_agreement_sent_twice_is_kept_once(case, desk):
    words = {"by": desk, "kind": "individual", "title": "分別の協定", "key": uuid4()}
    made = [agreements.draft_agreement(case.lead, [make_organisation()], **words) for _ in range(2)]
    assert made[0] == made[1]
    assert Entry.objects.filter(verb="agreement.drafted").count() == 1


def test_draft_agreement_by_an_officer_is_not_allowed(case, officer):
    with pytest.raises(NotAllowed):
        agreements.draft_agreement(
            case.lead, [make_organisation()], by=officer, kind="memorandum", title="覚書"
        )


def test_draft_agreement_without_a_party_is_refused(case, desk):
    with pytest.raises(Missing) as refusal:
        agreements.draft_agreement(case.lead, [], by=desk, kind="memorandum", title="覚書")
    assert (refusal.value.field, Agreement.objects.count()) == ("organisations", 0)


def test_sign_agreement_by_an_officer_is_not_allowed(draft, officer):
    with pytest.raises(NotAllowed):
        agreements.sign_agreement(draft, by=officer, signed_on=clock.today())
    assert Agreement.objects.get(pk=draft.pk).signed_on is None


def test_draft_is_changed_until_it_is_signed(draft, desk, case, officer):
    other = make_organisation("やまかぜ商事株式会社")
    words = {"kind": "comprehensive", "title": "包括連携協定", "department": case.lead, "items": "清掃"}
    with pytest.raises(NotAllowed):
        agreements.change_agreement(draft, [other], by=officer, **words)
    with pytest.raises(Missing):
        agreements.change_agreement(draft, [], by=desk, **words)
    agreements.change_agreement(draft, [other], by=desk, **words)
    draft.refresh_from_db()
    assert (draft.title, draft.kind, [str(o) for o in draft.organisations.all()]) == (
        "包括連携協定",
        "comprehensive",
        ["やまかぜ商事株式会社"],
    )
    signed(draft, desk)
    with pytest.raises(Refused, match="更新の手続"):
        agreements.change_agreement(draft, [other], by=desk, **words)
    assert verbs(draft) == ["agreement.drafted", "agreement.changed", "agreement.signed"]


def test_legal_check_goes_forth_and_back_with_remarks(draft, desk, officer):
    with pytest.raises(NotAllowed):
        agreements.ask_review(draft, by=officer)
    agreements.ask_review(draft, by=desk)
    with pytest.raises(Refused):
        agreements.ask_review(draft, by=desk)
    with pytest.raises(Missing):
        agreements.return_to_drafting(draft, by=desk, remarks=" ")
    with pytest.raises(NotAllowed):
        agreements.return_to_drafting(draft, by=officer, remarks="期間を書く。")
    agreements.return_to_drafting(draft, by=desk, remarks="期間を書く。")
    assert draft.state == "drafting"
    assert verbs(draft) == ["agreement.drafted", "agreement.review_asked", "agreement.returned"]


# --- renewing and ending ----------------------------------------------------------------------------------------


def test_renewal_is_a_linked_copy_and_takes_over_when_it_is_signed(draft, desk, case):
    signed(draft, desk, until="2026-12-31")
    successor = agreements.renew_agreement(draft, by=desk)
    assert (successor.state, successor.title, successor.succeeds, draft.state) == (
        "drafting",
        "覚書",
        draft,
        "active",
    )
    assert list(successor.organisations.all()) == list(draft.organisations.all())
    assert list(successor.cases.all()) == [case]
    signed(successor, desk, on="2026-12-15", until="2029-12-31")
    draft.refresh_from_db()
    assert (draft.state, draft.ended_on) == ("renewed", date(2026, 12, 15))
    assert verbs(draft) == [
        "agreement.drafted",
        "agreement.signed",
        "agreement.renewal_begun",
        "agreement.renewed",
    ]


def test_renewal_is_begun_once_and_by_who_may(draft, desk, officer):
    with pytest.raises(Refused, match="調整"):
        agreements.renew_agreement(draft, by=desk)
    signed(draft, desk)
    with pytest.raises(NotAllowed):
        agreements.renew_agreement(draft, by=officer)
    agreements.renew_agreement(draft, by=desk)
    with pytest.raises(Refused, match="もう始まって"):
        agreements.renew_agreement(draft, by=desk)
    assert Agreement.objects.count() == 2


def test_expired_agreement_is_renewed_and_stays_expired(draft, desk):
    signed(draft, desk, until="2026-06-30")
    with clock.standing_at(date(2026, 7, 1)):
        agreements.expire_due()
        draft.refresh_from_db()
        successor = agreements.renew_agreement(draft, by=desk)
        agreements.sign_agreement(successor, by=desk, signed_on=date(2026, 7, 1))
    draft.refresh_from_db()
    assert (draft.state, successor.state) == ("expired", "active")


def test_termination_wants_a_reason_and_an_agreement_in_force(draft, desk, officer):
    with pytest.raises(Refused, match="調整"):
        agreements.terminate_agreement(draft, by=desk, reason="事業の終了")
    signed(draft, desk)
    with pytest.raises(NotAllowed):
        agreements.terminate_agreement(draft, by=officer, reason="事業の終了")
    with pytest.raises(Missing):
        agreements.terminate_agreement(draft, by=desk, reason=" ")
    with pytest.raises(Refused, match="今日まで"):
        agreements.terminate_agreement(draft, by=desk, reason="事業の終了", on=date(2099, 1, 1))
    with pytest.raises(Refused, match="締結日より後"):
        agreements.terminate_agreement(draft, by=desk, reason="事業の終了", on=date(2020, 1, 1))
    agreements.terminate_agreement(draft, by=desk, reason="事業の終了", on=date(2026, 5, 1))
    draft.refresh_from_db()
    assert (draft.state, draft.ended_on, draft.end_reason) == ("terminated", date(2026, 5, 1), "事業の終了")
    assert history(draft).last().data == {"reason": "事業の終了", "on": "2026-05-01"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Agreement.objects.update(end_reason="")


# --- cases and files --------------------------------------------------------------------------------------------


def test_cases_are_linked_and_unlinked_until_the_agreement_has_ended(draft, desk, officer, city):
    other = make_contact(city, officer=officer)
    agreements.link_case(draft, other, by=desk)
    agreements.unlink_case(draft, other, by=desk)
    with pytest.raises(Refused, match="結び付いていません"):
        agreements.unlink_case(draft, other, by=desk)
    with pytest.raises(Refused, match="ほかの自治体"):
        agreements.link_case(draft, make_case(), by=desk)
    for act in (agreements.link_case, agreements.unlink_case):
        with pytest.raises(NotAllowed):
            act(draft, other, by=officer)
    signed(draft, desk)
    agreements.terminate_agreement(draft, by=desk, reason="事業の終了")
    for act in (agreements.link_case, agreements.unlink_case):
        with pytest.raises(Refused, match="終了した協定"):
            act(draft, other, by=desk)
    assert verbs(draft)[1:3] == ["agreement.case_linked", "agreement.case_unlinked"]


def test_file_is_kept_once_and_by_who_may(draft, desk, officer):
    key = uuid4()
    for _ in range(2):
        agreements.add_agreement_file(draft, by=desk, key=key, **FILE)
    with pytest.raises(NotAllowed):
        agreements.add_agreement_file(draft, by=officer, **FILE)
    assert [(file.name, file.added_by) for file in draft.files.all()] == [("協定書.pdf", desk)]
    assert verbs(draft) == ["agreement.drafted", "agreement.filed"]


# --- what the days bring ----------------------------------------------------------------------------------------


def on(day: str, chore) -> int:
    with clock.standing_at(date.fromisoformat(day)):
        return chore()


def test_agreement_expires_by_itself_after_its_day(draft, desk):
    signed(draft, desk, until="2026-06-30")
    assert on("2026-06-30", agreements.expire_due) == 0
    assert on("2026-07-01", agreements.expire_due) == 1
    assert on("2026-07-02", agreements.expire_due) == 0
    draft.refresh_from_db()
    assert (draft.state, draft.ended_on) == ("expired", date(2026, 6, 30))
    assert verbs(draft)[-1] == "agreement.expired"


def test_reminders_go_out_once_each_at_90_and_30_days_on_business_days(draft, desk, city):
    # 90 days before is Saturday 3 October, 30 days before Wednesday 2 December.
    signed(draft, desk, until="2027-01-01")
    people.set_closing_day(city, date(2026, 12, 2), by=make_staff(city, "administrator"))
    found = {}
    day = date(2026, 9, 25)
    while day <= date(2027, 1, 1):
        if on(day.isoformat(), agreements.remind_due):
            found[day.isoformat()] = history(draft).last().data["days"]
        day += timedelta(days=1)
    assert found == {"2026-10-05": 88, "2026-12-03": 29}


def test_after_the_worker_was_down_only_the_nearest_reminder_goes_out(draft, desk, case):
    signed(draft, desk, until="2026-12-28")
    assert on("2026-12-10", agreements.remind_due) == 1
    assert on("2026-12-11", agreements.remind_due) == 0
    assert verbs(draft).count("agreement.expiring") == 1
    entry = Entry.objects.get(verb="agreement.expiring")
    tell(entry)
    told = {str(notice.user): notice.title for notice in Notice.objects.filter(entry_id=entry.pk)}
    assert told == {
        str(desk): "協定の満了まであと18日: 覚書",
        str(case.owner): "協定の満了まであと18日: 覚書",
    }


def test_reminder_that_two_workers_give_is_given_once(draft, desk):
    signed(draft, desk, until="2026-12-28")
    with clock.standing_at(date(2026, 12, 10)):
        rows = register.not_yet_told(Agreement.objects.filter(state="active"), clock.today())
        first, second = rows.get(), rows.get()
        assert agreements._remind(first, set()) is True
        with pytest.raises(Conflict):
            agreements._remind(second, set())
    assert verbs(draft).count("agreement.expiring") == 1


def test_agreement_sleeps_after_180_days_without_movement_and_the_desk_is_told_once(
    draft, desk, case, officer
):
    with clock.standing_at(date(2026, 4, 10)):
        actions.note(case, by=officer, body="次は秋に話す。")
    signed(draft, desk, on="2026-04-06")
    assert on("2026-10-07", agreements.mark_dormant) == 0
    assert on("2026-10-08", agreements.mark_dormant) == 1
    assert on("2026-10-09", agreements.mark_dormant) == 0
    draft.refresh_from_db()
    assert draft.dormant_since == date(2026, 10, 8)
    entry = Entry.objects.get(verb="agreement.lulled")
    assert entry.data == {"moved_on": "2026-04-10"}
    tell(entry)
    assert [str(notice.user) for notice in Notice.objects.filter(entry_id=entry.pk)] == [str(desk)]


def test_what_the_product_does_by_itself_moves_nothing(draft, desk, case):
    signed(draft, desk, on="2026-04-06")
    Entry.objects.create(
        at=clock.at(date(2026, 9, 1)), verb="case.reminded", kind="case", object_id=case.pk, actor="システム"
    )
    assert on("2026-10-05", agreements.mark_dormant) == 1


def test_sleeping_agreement_wakes_the_moment_a_case_moves(draft, desk, case, officer, city):
    signed(draft, desk, on="2026-04-06")
    on("2026-10-05", agreements.mark_dormant)
    with clock.standing_at(date(2026, 11, 2)):
        assert [register.is_dormant(row) for row in register.find(city)] == [True]
        assert list(register.find(city, dormant=True)) == [draft]
        actions.note(case, by=officer, body="声をかけた。")
        assert [register.is_dormant(row) for row in register.find(city)] == [False]
        assert list(register.find(city, dormant=True)) == []
        assert agreements.mark_dormant() == 1
        assert agreements.mark_dormant() == 0
    draft.refresh_from_db()
    assert draft.dormant_since is None
    assert verbs(draft)[-2:] == ["agreement.lulled", "agreement.woke"]


def test_agreement_without_cases_sleeps_180_days_after_it_was_signed(city, desk, officer):
    department = officer.staff.get().department
    bare = agreements.draft_agreement(
        department, [make_organisation()], by=desk, kind="comprehensive", title="包括連携協定"
    )
    signed(bare, desk, on="2026-04-06")
    # 180 days on is Saturday 3 October; the first business day after is Monday.
    assert [on(day, agreements.mark_dormant) for day in ("2026-10-03", "2026-10-04", "2026-10-05")] == [
        0,
        0,
        1,
    ]


def test_register_puts_what_ends_first_on_top_and_narrows(city, desk, officer):
    department = officer.staff.get().department
    company = make_organisation("うみかぜ環境株式会社")

    def made(title, kind="individual"):
        return agreements.draft_agreement(department, [company], by=desk, kind=kind, title=title)

    soon = signed(made("防災の協定"), desk, until="2026-12-01")
    later = signed(made("見守りの協定"), desk, until="2029-03-31")
    endless = signed(made("海の包括協定", "comprehensive"), desk)
    drafting = made("清掃の覚書", "memorandum")
    ended = signed(made("古い協定"), desk, until="2026-05-01")
    with clock.standing_at(date(2026, 10, 1)):
        agreements.expire_due()
        find = {
            "all": register.find(city),
            "soon": register.find(city, soon=True),
            "kind": register.find(city, kind="comprehensive"),
            "state": register.find(city, state="drafting"),
            "party": register.find(city, text="うみかぜ"),
            "words": register.find(city, text="見守り"),
        }
        found = {name: [row.pk for row in rows] for name, rows in find.items()}
    order = [soon.pk, later.pk, endless.pk, drafting.pk, ended.pk]
    assert found == {
        "all": order,
        "soon": [soon.pk],
        "kind": [endless.pk],
        "state": [drafting.pk],
        "party": order,
        "words": [later.pk],
    }
