"""The committee's pages: what a member may read and score, what a tie shuts, and that nothing else is seen."""

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from musubi.fund import actions
from musubi.fund.models import Assignment, Interest, Score
from musubi.fund.states import Source, Stage
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import NotAllowed, Refused
from musubi.notify.models import Delivery
from musubi.people.models import Representative
from musubi.www.committee.invitations import accept, invite, read, uninvite, waiting
from tests.factories.fund import general, make_committee, make_fund
from tests.factories.people import make_municipality, make_organisation, make_user
from tests.www.committee.conftest import browser, make_screening, sheet_of, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("july")]


def at(name: str, *parts) -> str:
    return reverse(name, args=["nagisa", *parts])


def points_of(sheet, each: int = 4) -> dict[str, int]:
    criteria = sheet.application.edition.criteria.filter(stage=sheet.stage)
    return {f"points_{row.pk}": each for row in criteria}


def addresses_of(sheet) -> list[str]:
    """Every address under which a member reads or writes an application."""
    paper = sheet.application.papers.get()
    return [
        at("committee-sheet", sheet.pk),
        at("committee-paper", sheet.pk, paper.pk),
        at("committee-sheet-interest", sheet.pk),
    ]


# --- who may come in ------------------------------------------------------------------------------------------------


def test_who_is_not_of_the_committee_is_refused(screening):
    assert browser().get(at("committee")).status_code == 302
    for user in (
        make_user(),
        screening.desk,
        screening.applications[0].organisation.representatives.first().user,
    ):
        assert browser(user).get(at("committee")).status_code == 403


def test_a_member_of_another_citys_committee_is_refused(screening):
    other = make_committee(make_fund(make_municipality("hoka")), 1)[0]
    assert browser(other.user).get(at("committee")).status_code == 403
    assert browser(screening.members[0].user).get("/hoka/committee/").status_code == 403


def test_a_member_sees_nothing_else_of_the_municipality(screening):
    client = browser(screening.members[0].user)
    for name in ("staff-home", "staff-proposals", "staff-cases", "staff-fund"):
        assert client.get(at(name)).status_code == 403
    assert client.get("/accounts/home/")["Location"] == at("committee")


def test_who_was_released_comes_in_no_more(screening):
    member = screening.members[0]
    sheet = sheet_of(member, screening.applications[0])
    actions.release_member(member, by=None)
    client = browser(member.user)
    assert client.get(at("committee")).status_code == 403
    assert [client.get(address).status_code for address in addresses_of(sheet)] == [403, 403, 403]


# --- the first page -------------------------------------------------------------------------------------------------


def test_the_first_page_says_what_to_score_and_until_when(screening):
    answer = browser(screening.members[0].user).get(at("committee"))
    assert answer["Cache-Control"] == "private, no-store"
    page = text(answer)
    assert "あと2件です。" in page
    assert "令和7年7月20日(日)" in page
    assert [title in page for title in ("見本の事業0", "見本の事業1")] == [True, True]


def test_what_is_late_is_said(screening):
    with clock.standing_at(date(2025, 7, 21)):
        page = text(browser(screening.members[0].user).get(at("committee")))
    assert "期限を過ぎたものが2件あります。" in page


def test_the_first_page_asks_no_more_for_more(django_assert_max_num_queries):
    screening = make_screening(count=6)
    client = browser(screening.members[0].user)
    with django_assert_max_num_queries(12):
        assert client.get(at("committee")).status_code == 200


# --- reading --------------------------------------------------------------------------------------------------------


def test_an_open_application_is_read_with_its_papers(screening):
    sheet = sheet_of(screening.members[0], screening.applications[0])
    client = browser(screening.members[0].user)
    page = text(client.get(at("committee-sheet", sheet.pk)))
    assert "見本海洋研究所0株式会社" in page
    assert "決算書0.pdf" in page
    response = client.get(at("committee-paper", sheet.pk, sheet.application.papers.get().pk))
    assert b"".join(response.streaming_content) == b"%PDF-1.4"
    assert response["Cache-Control"] == "private, no-store"


def test_a_guessed_address_is_not_found(screening):
    """Another member's sheet, another application's paper under the own sheet."""
    mine = sheet_of(screening.members[0], screening.applications[0])
    others = sheet_of(screening.members[1], screening.applications[1])
    client = browser(screening.members[0].user)
    assert [client.get(address).status_code for address in addresses_of(others)] == [404, 404, 404]
    foreign = screening.applications[1].papers.get()
    assert client.get(at("committee-paper", mine.pk, foreign.pk)).status_code == 404
    assert (
        client.post(at("committee-sheet", others.pk), {"do": "submit", **points_of(others)}).status_code
        == 404
    )
    assert Score.objects.count() == 0


def test_blind_screening_hides_the_applicant_and_the_papers():
    screening = make_screening(is_blind=True)
    sheet = sheet_of(screening.members[0], screening.applications[0])
    client = browser(screening.members[0].user)
    pages = [text(client.get(address)) for address in (at("committee"), at("committee-sheet", sheet.pk))]
    for page in pages:
        assert "見本海洋研究所" not in page
        assert "決算書0.pdf" not in page
        assert "(申請団体)" in page
    assert "(申請団体)が藻場を増やす。" in pages[1]
    paper = sheet.application.papers.get()
    assert client.get(at("committee-paper", sheet.pk, paper.pk)).status_code == 404


def test_blind_screening_hides_the_name_from_who_steps_back():
    screening = make_screening(is_blind=True)
    sheet = sheet_of(screening.members[0], screening.applications[0])
    page = text(browser(screening.members[0].user).get(at("committee-sheet-interest", sheet.pk)))
    assert "見本海洋研究所" not in page


def test_the_evidence_of_a_report_is_not_the_committees(screening):
    sheet = sheet_of(screening.members[0], screening.applications[0])
    sheet.application.papers.update(for_report=True)
    client = browser(screening.members[0].user)
    assert client.get(addresses_of(sheet)[1]).status_code == 404


def test_after_the_release_nothing_is_read_any_more(screening):
    sheet = sheet_of(screening.members[0], screening.applications[0])
    for one in Assignment.objects.all():
        actions.score(
            one,
            by=one.member.user,
            points={row.pk: 3 for row in one.application.edition.criteria.filter(stage="first")},
        )
    reasons = {row.pk: "点が足りない。" for row in screening.applications}
    actions.decide_stage(screening.call, by=None, stage=Stage.FIRST, passed=[], reasons=reasons)
    client = browser(screening.members[0].user)
    assert client.get(at("committee-sheet", sheet.pk)).status_code == 200
    actions.release(screening.call, by=None)
    assert [client.get(address).status_code for address in addresses_of(sheet)] == [404, 404, 404]


# --- ties -----------------------------------------------------------------------------------------------------------


def make_employer(screening, member, organisation):
    member.employer = organisation
    member.save()


def make_seat(screening, member, organisation):
    Representative.objects.create(user=member.user, organisation=organisation)


def make_donors(screening, member, organisation):
    own = make_organisation("委員の勤め先")
    make_employer(screening, member, own)
    for donor in (own, organisation):
        actions.pledge(
            general(screening.fund), by=None, source=Source.ORGANISATION, organisation=donor, yen=1, name=""
        )


def make_found(screening, member, organisation):
    actions.declare_interest(member, by=screening.desk, organisation=organisation, words="親族が役員")


@pytest.mark.parametrize("arise", [make_employer, make_seat, make_donors, make_found])
def test_a_tie_that_arises_later_shuts_reading_and_scoring_at_once(screening, arise):
    member, application = screening.members[0], screening.applications[0]
    sheet = sheet_of(member, application)
    client = browser(member.user)
    assert [client.get(address).status_code for address in addresses_of(sheet)] == [200, 200, 200]
    arise(screening, member, application.organisation)
    assert [client.get(address).status_code for address in addresses_of(sheet)] == [404, 404, 404]
    for do in ("submit", "save", "autosave", "reopen"):
        response = client.post(at("committee-sheet", sheet.pk), {"do": do, **points_of(sheet)})
        assert response.status_code == 404
    assert Score.objects.count() == 0
    page = text(client.get(at("committee")))
    assert "見本の事業0" not in page
    assert "見本の事業1" in page


def test_who_steps_back_reads_no_more(screening):
    member, application = screening.members[0], screening.applications[0]
    sheet = sheet_of(member, application)
    client = browser(member.user)
    client.post(at("committee-sheet", sheet.pk), {"do": "submit", **points_of(sheet)})
    response = client.post(at("committee-sheet-interest", sheet.pk), {"words": "昨年まで顧問だった"})
    assert response["Location"] == at("committee")
    sheet.refresh_from_db()
    assert (sheet.state, sheet.why) == ("recused", "届け出のあった関係: 昨年まで顧問だった")
    assert [client.get(address).status_code for address in addresses_of(sheet)] == [404, 404, 404]


def test_stepping_back_from_a_blind_application_does_not_tell_whose_it_was():
    screening = make_screening(is_blind=True)
    member, application = screening.members[0], screening.applications[0]
    client = browser(member.user)
    client.post(at("committee-sheet-interest", sheet_of(member, application).pk), {"words": "顧問だった"})
    page = text(client.get(at("committee-interests")))
    assert application.organisation.name not in page
    assert "団体名を伏せて審査している申請の団体" in page
    actions.cancel_call(screening.call, by=None, reason="予算の都合")
    assert application.organisation.name in text(client.get(at("committee-interests")))


def test_stepping_back_wants_words_and_keeps_what_was_typed(screening):
    sheet = sheet_of(screening.members[0], screening.applications[0])
    response = browser(screening.members[0].user).post(
        at("committee-sheet-interest", sheet.pk), {"words": " "}
    )
    assert response.status_code == 422
    assert Interest.objects.count() == 0


def test_an_interest_is_declared_by_name_before_anything_is_filed(screening):
    company = make_organisation("浜の見本商店株式会社")
    client = browser(screening.members[0].user)
    response = client.post(
        at("committee-interests"), {"organisation": "（株）浜の見本商店", "words": "取引がある"}
    )
    assert response["Location"] == at("committee-interests")
    assert Interest.objects.get().organisation == company
    assert "浜の見本商店株式会社" in text(client.get(at("committee-interests")))


def test_an_interest_in_nobody_is_refused_with_the_words_kept(screening):
    response = browser(screening.members[0].user).post(
        at("committee-interests"), {"organisation": "だれも知らない会", "words": "取引がある"}
    )
    assert response.status_code == 422
    assert "取引がある" in text(response)
    assert "この名前の団体が見つかりません。" in text(response)


# --- the sheet ------------------------------------------------------------------------------------------------------


def test_a_sheet_is_saved_as_it_is_typed(screening):
    sheet = sheet_of(screening.members[0], screening.applications[0])
    (first, _points), *_rest = points_of(sheet).items()
    client = browser(screening.members[0].user)
    answer = text(
        client.post(at("committee-sheet", sheet.pk), {"do": "autosave", first: 5, "comment": "よい"})
    )
    assert "に保存しました。まだ提出していません。" in answer
    assert "<html" not in answer
    sheet.refresh_from_db()
    assert (sheet.state, sheet.comment) == ("assigned", "よい")
    assert list(sheet.scores.values_list("points", flat=True)) == [5]
    client.post(at("committee-sheet", sheet.pk), {"do": "autosave", "comment": "よい"})
    assert sheet.scores.count() == 0


def test_what_cannot_be_saved_is_said_and_the_rest_is(screening):
    sheet = sheet_of(screening.members[0], screening.applications[0])
    first, second = points_of(sheet)
    client = browser(screening.members[0].user)
    answer = text(client.post(at("committee-sheet", sheet.pk), {"do": "autosave", first: 9, second: 3}))
    assert "0〜5点で入れてください。" in answer
    assert list(sheet.scores.values_list("points", flat=True)) == [3]


def test_a_sheet_is_filed_once_and_put_right(screening):
    sheet = sheet_of(screening.members[0], screening.applications[0])
    client = browser(screening.members[0].user)
    here = at("committee-sheet", sheet.pk)
    response = client.post(here, {"do": "submit", "comment": "続け方が弱い", **points_of(sheet)})
    assert response["Location"] == at("committee")
    sheet.refresh_from_db()
    assert sheet.state == "scored"
    # An older window that still saves does not take it back.
    client.post(here, {"do": "autosave", **points_of(sheet, 1)})
    client.post(here, {"do": "save", **points_of(sheet, 1)})
    sheet.refresh_from_db()
    assert sheet.state == "scored"
    assert set(sheet.scores.values_list("points", flat=True)) == {4}
    client.post(here, {"do": "reopen"})
    sheet.refresh_from_db()
    assert (sheet.state, sheet.comment, sheet.scores.count()) == ("assigned", "続け方が弱い", 2)


def test_a_sheet_with_a_gap_is_not_filed_and_nothing_typed_is_lost(screening):
    sheet = sheet_of(screening.members[0], screening.applications[0])
    first, second = points_of(sheet)
    response = browser(screening.members[0].user).post(
        at("committee-sheet", sheet.pk), {"do": "submit", first: 4, "comment": "もう少し"}
    )
    assert response.status_code == 422
    page = text(response)
    assert "「実現の見込み」の点を入れてください。" in page
    assert "もう少し" in page
    assert re.search(rf'name="{first}" value="4"[^>]*checked', page)
    sheet.refresh_from_db()
    assert sheet.state == "assigned"


def test_no_other_members_points_or_words_are_seen(screening):
    application = screening.applications[0]
    theirs = sheet_of(screening.members[1], application)
    criteria = application.edition.criteria.filter(stage="first")
    actions.score(
        theirs, by=screening.members[1].user, points={row.pk: 1 for row in criteria}, comment="甲乙つけがたい"
    )
    client = browser(screening.members[0].user)
    page = text(client.get(at("committee-sheet", sheet_of(screening.members[0], application).pk)))
    assert "甲乙つけがたい" not in page
    assert screening.members[1].user.name not in page
    assert "checked" not in page


def test_once_the_stage_is_decided_the_sheet_is_only_read(screening):
    for one in Assignment.objects.all():
        criteria = one.application.edition.criteria.filter(stage="first")
        actions.score(one, by=one.member.user, points={row.pk: 3 for row in criteria})
    sheet = sheet_of(screening.members[0], screening.applications[0])
    passed = {row.pk for row in screening.applications}
    actions.decide_stage(screening.call, by=None, stage=Stage.FIRST, passed=passed, reasons={})
    client = browser(screening.members[0].user)
    page = text(client.get(at("committee-sheet", sheet.pk)))
    assert "審査は終わりました" in page
    assert "採点を直す" not in page
    response = client.post(at("committee-sheet", sheet.pk), {"do": "submit", **points_of(sheet, 5)})
    assert response.status_code == 422


# --- the timetable --------------------------------------------------------------------------------------------------


def make_second_stage(screening):
    for one in Assignment.objects.all():
        criteria = one.application.edition.criteria.filter(stage="first")
        actions.score(one, by=one.member.user, points={row.pk: 3 for row in criteria})
    passed = {row.pk for row in screening.applications}
    actions.decide_stage(screening.call, by=None, stage=Stage.FIRST, passed=passed, reasons={})
    actions.assign(screening.call, by=None, stage=Stage.SECOND)
    begins = clock.at(date(2025, 8, 22), 10)
    for number, application in enumerate(screening.applications):
        application.refresh_from_db()
        actions.set_slot(
            application,
            by=None,
            starts_at=begins + timedelta(minutes=30 * number),
            ends_at=begins + timedelta(minutes=30 * number + 20),
            place="第1会議室",
        )


def test_the_timetable_leaves_out_what_a_tie_shuts(screening):
    make_second_stage(screening)
    member = screening.members[0]
    client = browser(member.user)
    assert "見本の事業1" in text(client.get(at("committee-timetable")))
    make_seat(screening, member, screening.applications[1].organisation)
    page = text(client.get(at("committee-timetable")))
    assert "見本の事業0" in page
    assert "見本の事業1" not in page
    assert "席を外してください" in page
    book = text(client.get(at("committee-ics")))
    assert book.count("BEGIN:VEVENT") == 1
    assert "見本の事業0" in book.replace("\r\n ", "")


# --- joining --------------------------------------------------------------------------------------------------------


def link_of(screening, email: str, **words) -> str:
    invite(screening.fund, email, by=screening.desk, **words)
    letter = Delivery.objects.latest("pk")
    assert letter.address == email
    return re.search(r"https?://[^/]+(/nagisa/committee/invitations/\S+)", letter.body)[1]


def test_an_outside_member_joins_by_mail(screening):
    company = make_organisation("見本大学", corporate_number="4011005003009")
    link = link_of(
        screening,
        "sensei@example.jp",
        title="教授",
        employer_name="見本大学",
        employer_number="4011005003009",
    )
    assert "アカウントを作る" in text(browser().get(link))
    person = make_user(email="sensei@example.jp")
    client = browser(person)
    assert client.post(link)["Location"] == at("committee")
    member = person.committees.get()
    assert (member.title, member.employer, member.fund) == ("教授", company, screening.fund)
    assert client.get(at("committee")).status_code == 200


def test_an_invitation_is_one_persons_and_works_once(screening):
    link = link_of(screening, "sensei@example.jp")
    other = browser(make_user())
    assert "招待先のアドレスのアカウントでログインし直し" in text(other.get(link))
    assert "別のメールアドレスあてです" in text(other.post(link, follow=True))
    assert screening.fund.committee.count() == 2
    person = make_user(email="sensei@example.jp")
    client = browser(person)
    client.post(link)
    actions.release_member(person.committees.get(), by=None)
    client.post(link)
    assert person.committees.filter(ended_on=None).count() == 0


def test_an_old_or_changed_link_is_refused(screening):
    link = link_of(screening, "sensei@example.jp")
    assert browser().get(link[:-4] + "xyz/").status_code == 410
    with clock.standing_at(date(2025, 7, 29)):
        assert browser().get(link).status_code == 410


def test_an_invitation_that_was_taken_back_is_refused_and_a_new_one_is_not(screening):
    link = link_of(screening, "sensei@example.jp")
    other = link_of(screening, "kyoju@example.jp")
    opened = read(link.rstrip("/").rpartition("/")[2], "nagisa")
    desk = browser(screening.desk)
    first = next(one for one in waiting(screening.fund) if one.data["address"] == "sensei@example.jp")
    take_back = at("staff-fund-committee-uninvite", first.pk)
    assert take_back in text(desk.get(at("staff-fund-committee")))
    assert "sensei@example.jp" in text(desk.get(take_back))
    with clock.standing_at(clock.now() + timedelta(minutes=1)):
        assert desk.post(take_back).status_code == 302
        assert take_back not in text(desk.get(at("staff-fund-committee")))
        assert [one.data["address"] for one in waiting(screening.fund)] == ["kyoju@example.jp"]
        entry = history(screening.fund).last()
        assert (entry.verb, entry.data["address"]) == ("committee.uninvited", "sensei@example.jp")
        assert desk.post(take_back).status_code == 422
        assert browser().get(link).status_code == 410
        person = make_user(email="sensei@example.jp")
        browser(person).post(link)
        # Who had opened the link before is too late as well.
        with pytest.raises(Refused):
            accept(opened, by=person)
        assert not person.committees.exists()
        assert browser().get(other).status_code == 200
    with clock.standing_at(clock.now() + timedelta(minutes=2)):
        assert browser(person).post(link_of(screening, "sensei@example.jp"))["Location"] == at("committee")


def test_who_may_not_run_the_fund_takes_no_invitation_back(screening):
    link_of(screening, "sensei@example.jp")
    for by in (make_user(), screening.members[0].user):
        with pytest.raises(NotAllowed):
            uninvite(screening.fund, "sensei@example.jp", by=by)
    with pytest.raises(Refused):
        uninvite(screening.fund, "nobody@example.jp", by=screening.desk)
    assert len(waiting(screening.fund)) == 1


def test_who_joined_waits_no_more_and_who_left_may_be_asked_and_taken_back(screening):
    person = make_user(email="sensei@example.jp")
    browser(person).post(link_of(screening, person.email))
    assert waiting(screening.fund) == []
    with pytest.raises(Refused):
        uninvite(screening.fund, person.email, by=screening.desk)
    actions.release_member(person.committees.get(), by=None)
    assert waiting(screening.fund) == []
    link_of(screening, person.email)
    assert len(waiting(screening.fund)) == 1
    uninvite(screening.fund, person.email, by=screening.desk)
    assert waiting(screening.fund) == []
