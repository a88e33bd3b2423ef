"""Members, gatherings, settings, the journal and the mails."""

from datetime import timedelta

import pytest

from musubi.ball.rules import limit
from musubi.gatherings.models import Gathering
from musubi.journal import actions as journal
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.notify.models import Delivery
from musubi.people import actions as people
from musubi.people.models import ClosingDay, Department, Member, Organisation, Staff
from musubi.www.staff.verbs import WORDS, sentence
from tests.factories.challenges import make_challenge
from tests.factories.gatherings import make_gathering
from tests.factories.notify import make_delivery, make_notice
from tests.factories.people import make_organisation, make_representative, make_user
from tests.factories.proposals import make_proposal
from tests.www.staff.conftest import text

pytestmark = pytest.mark.django_db


def post(town, role, path, /, follow=False, **data):
    return town.at(role).post(f"/nagisa/staff/{path}", data, follow=follow)


def get(town, role, path, /):
    return town.at(role).get(f"/nagisa/staff/{path}")


# --- members -----------------------------------------------------------------------------------------------------


@pytest.fixture
def applicant(town):
    organisation = make_organisation("ひかり電子株式会社")
    return people.apply_for_membership(
        organisation, town.city, "通学路の安全に協力したい。", by=make_representative(organisation)
    )


def test_desk_admits_an_applicant_from_the_page(town, applicant):
    assert "ひかり電子株式会社" in text(get(town, "desk", ""))
    assert "通学路の安全に協力したい。" in text(get(town, "desk", f"members/{applicant.pk}/"))
    post(town, "desk", f"members/{applicant.pk}/admit/")
    applicant.refresh_from_db()
    assert applicant.state == "active"
    again = post(town, "desk", f"members/{applicant.pk}/admit/", follow=True)
    assert "この会員登録は「会員」のため" in text(again)


def test_desk_refuses_an_applicant_with_a_reason(town, applicant):
    assert post(town, "desk", f"members/{applicant.pk}/refuse/", reason="").status_code == 422
    post(town, "desk", f"members/{applicant.pk}/refuse/", reason="区域外のため。来年度にまた申し込めます。")
    applicant.refresh_from_db()
    assert (applicant.state, applicant.reason) == ("refused", "区域外のため。来年度にまた申し込めます。")


def test_applications_are_for_who_manages_members(town, applicant):
    assert "ひかり電子株式会社" not in text(get(town, "officer", "members/?state=applied"))
    assert "ひかり電子株式会社" in text(get(town, "desk", "members/?state=applied"))
    assert post(town, "officer", f"members/{applicant.pk}/admit/").status_code == 404


def test_officer_sees_no_persons_of_an_organisation(town):
    member = town.city.members.get(organisation=town.organisation)
    assert town.representative.email in text(get(town, "desk", f"members/{member.pk}/"))
    assert town.representative.email not in text(get(town, "officer", f"members/{member.pk}/"))


def test_desk_enrols_a_new_organisation_on_paper(town):
    post(
        town,
        "desk",
        "members/new/",
        name="なぎさ竹工房",
        kind="community",
        joined_on="2025-06-01",
        message="竹林",
    )
    member = Member.objects.get(organisation__name="なぎさ竹工房")
    assert (member.state, str(member.joined_on), member.message) == ("active", "2025-06-01", "竹林")


def test_desk_is_asked_about_a_similar_name_before_enrolling(town):
    known = make_organisation("潮風トラベル株式会社")
    answer = post(town, "desk", "members/new/", name="潮風トラベル(株)", kind="company")
    assert answer.status_code == 422
    assert "よく似た名前の団体が登録されています" in text(answer)
    post(town, "desk", "members/new/", name="潮風トラベル(株)", kind="company", organisation=known.pk)
    assert Member.objects.get(organisation=known).state == "active"
    assert Organisation.objects.filter(name__contains="潮風").count() == 1


def test_enrolling_a_member_again_registers_nothing(town):
    answer = post(
        town,
        "desk",
        "members/new/",
        name=town.organisation.name,
        kind="company",
        organisation=town.organisation.pk,
    )
    assert answer.status_code == 422
    assert Member.objects.filter(organisation=town.organisation).count() == 1


def test_members_are_found_by_name_and_kind(town):
    def names(query):
        return [row.organisation.name for row in get(town, "desk", f"members/{query}").context["page"]]

    assert names("") == ["うみかぜ環境株式会社"]
    assert names("?kind=npo") == []
    assert names("?state=odd&kind=odd") == ["うみかぜ環境株式会社"]


def test_members_list_costs_the_same_for_one_and_for_many(town, django_assert_max_num_queries):
    get(town, "desk", "members/")
    with django_assert_max_num_queries(11) as one:
        get(town, "desk", "members/")
    for n in range(5):
        people.enrol_member(make_organisation(f"団体{n}"), town.city, by=None)
    with django_assert_max_num_queries(len(one)):
        get(town, "desk", "members/")


# --- gatherings --------------------------------------------------------------------------------------------------

EVENT = {
    "title": "秋の交流会",
    "kind": "exchange",
    "starts_at": "2040-09-05T14:00",
    "ends_at": "2040-09-05T16:00",
    "place": "なぎさ会館",
}


def test_desk_enters_opens_and_closes_a_gathering(town):
    desk = town.desk.staff.get().department
    post(town, "desk", "gatherings/new/", department=desk.pk, **EVENT)
    row = Gathering.objects.get()
    assert (row.title, row.state, row.starts_at) == (
        "秋の交流会",
        "draft",
        clock.at(clock.datetime(2040, 9, 5).date(), 14),
    )
    post(town, "desk", f"gatherings/{row.ref}/open/")
    post(town, "desk", f"gatherings/{row.ref}/close/")
    row.refresh_from_db()
    assert row.state == "closed"
    assert "まだ開始の日時になっていません" in text(
        post(town, "desk", f"gatherings/{row.ref}/hold/", follow=True)
    )


def test_gathering_that_ends_before_it_starts_is_told_beside_the_field(town):
    desk = town.desk.staff.get().department
    answer = post(
        town, "desk", "gatherings/new/", department=desk.pk, **{**EVENT, "ends_at": "2040-09-05T13:00"}
    )
    assert answer.status_code == 422
    assert answer.context["form"].errors["ends_at"]
    assert "なぎさ会館" in text(answer)


def test_gathering_held_is_reported(town):
    row = make_gathering(town.city, starts_at=clock.now() - timedelta(hours=3))
    post(town, "desk", f"gatherings/{row.ref}/hold/")
    assert post(town, "desk", f"gatherings/{row.ref}/report/", report="").status_code == 422
    post(town, "desk", f"gatherings/{row.ref}/report/", report="32団体が参加しました。")
    row.refresh_from_db()
    assert (row.state, row.report) == ("reported", "32団体が参加しました。")
    assert row.title in text(get(town, "officer", "gatherings/?view=past"))


def test_gathering_cancelled_wants_a_reason(town):
    row = make_gathering(town.city)
    assert post(town, "desk", f"gatherings/{row.ref}/cancel/", reason="").status_code == 422
    post(town, "desk", f"gatherings/{row.ref}/cancel/", reason="台風のため")
    row.refresh_from_db()
    assert row.state == "cancelled"


@pytest.mark.parametrize("step", ["open", "close", "hold"])
def test_gathering_steps_are_the_desks(town, step):
    row = make_gathering(town.city)
    assert post(town, "officer", f"gatherings/{row.ref}/{step}/").status_code == 403
    assert get(town, "desk", f"gatherings/{row.ref}/{step}/").status_code == 405


def test_gathering_changed_keeps_its_words(town):
    row = make_gathering(town.city)
    desk = town.desk.staff.get().department
    post(town, "desk", f"gatherings/{row.ref}/edit/", department=desk.pk, **EVENT)
    row.refresh_from_db()
    assert (row.title, row.place, row.department) == ("秋の交流会", "なぎさ会館", desk)


# --- settings ----------------------------------------------------------------------------------------------------


def test_administrator_adds_changes_and_closes_a_department(town):
    post(
        town,
        "administrator",
        "settings/departments/new/",
        name="港湾課",
        duties="港、桟橋",
        parent=town.sea.pk,
    )
    row = Department.objects.get(name="港湾課")
    assert (row.parent, row.duties) == (town.sea, "港、桟橋")
    assert "港湾課" in text(get(town, "administrator", "settings/departments/"))
    post(
        town,
        "administrator",
        f"settings/departments/{row.pk}/",
        name="港湾振興課",
        duties="港",
        parent="",
        position=3,
    )
    row.refresh_from_db()
    assert (row.name, row.parent, row.position) == ("港湾振興課", None, 3)
    post(town, "administrator", f"settings/departments/{row.pk}/close/")
    row.refresh_from_db()
    assert not row.is_active


def test_department_name_taken_is_told_beside_the_field(town):
    answer = post(town, "administrator", "settings/departments/new/", name="環境課", duties="残したい言葉")
    assert answer.status_code == 422
    assert answer.context["form"].errors["name"]
    assert "残したい言葉" in text(answer)


def test_department_with_people_is_not_closed(town):
    answer = post(town, "administrator", f"settings/departments/{town.env.pk}/close/", follow=True)
    assert "この部署にはまだ職員がいます" in text(answer)


def test_administrator_appoints_and_ends_a_role(town):
    newcomer = make_user("新人 さくら")
    answer = post(town, "administrator", "settings/people/new/", email="nobody@example.jp", role="officer")
    assert answer.status_code == 422
    assert "このメールアドレスの利用者はいません" in text(answer)
    answer = post(town, "administrator", "settings/people/new/", email=newcomer.email, role="officer")
    assert answer.context["form"].errors["department"]
    post(
        town,
        "administrator",
        "settings/people/new/",
        email=newcomer.email.upper(),
        role="officer",
        department=town.env.pk,
    )
    row = Staff.objects.get(user=newcomer)
    assert (row.department, row.role) == (town.env, "officer")
    post(town, "administrator", f"settings/people/{row.pk}/end/")
    row.refresh_from_db()
    assert row.ended_at is not None


def test_last_administrator_stays(town):
    mine = town.administrator.staff.get()
    answer = post(town, "administrator", f"settings/people/{mine.pk}/end/", follow=True)
    assert "自治体管理者が一人もいなくなります" in text(answer)


def test_closing_day_is_set_and_taken_back(town):
    post(town, "administrator", "settings/closing-days/", day="2040-10-01", name="開庁記念日")
    row = ClosingDay.objects.get()
    assert "開庁記念日" in text(get(town, "administrator", "settings/closing-days/"))
    assert post(town, "administrator", "settings/closing-days/", day="いつか").status_code == 422
    post(town, "administrator", f"settings/closing-days/{row.pk}/remove/")
    assert not ClosingDay.objects.exists()


def test_limit_is_changed_within_its_bounds(town):
    address = "settings/limits/proposal/routing/"
    assert post(town, "administrator", address, days=0).status_code == 422
    post(town, "administrator", address, days=5)
    assert limit(town.city.pk, "proposal", "routing") == 5
    assert "標準は10営業日" in text(get(town, "administrator", "settings/limits/"))
    assert get(town, "administrator", "settings/limits/odd/odd/").status_code == 302


def test_general_settings_are_kept(town):
    words = {"name": "なぎさ市", "lead": "海のまち", "hue": "moegi", "contact": "企画課"}
    post(town, "administrator", "settings/general/", **words)
    town.city.refresh_from_db()
    assert (town.city.lead, town.city.hue, town.city.members_need_approval) == ("海のまち", "moegi", False)
    assert post(town, "administrator", "settings/general/", **{**words, "hue": "<b>"}).status_code == 422


def test_posted_steps_of_the_settings_are_the_administrators(town):
    row = town.officer.staff.get()
    for path in (f"departments/{town.env.pk}/close/", f"people/{row.pk}/end/", "closing-days/1/remove/"):
        for role in ("desk", "officer", "auditor", "stranger", "representative"):
            assert post(town, role, f"settings/{path}").status_code == 403, (path, role)


def test_settings_of_another_municipality_are_out_of_reach(town):
    foreign = town.stranger.staff.get()
    assert post(town, "administrator", f"settings/people/{foreign.pk}/end/").status_code == 404
    assert (
        post(town, "administrator", f"settings/departments/{foreign.department_id}/close/").status_code == 404
    )


# --- the journal -------------------------------------------------------------------------------------------------


def test_journal_tells_in_words_and_narrows(town):
    make_challenge(town.city, by=town.officer, desk=town.desk, title="落ち葉")
    page = text(get(town, "auditor", "journal/"))
    assert "課題を公開した" in page
    assert "公開範囲: 公開" in page

    def words(query):
        return [row["words"] for row in get(town, "desk", f"journal/{query}").context["rows"]]

    assert words("?q=落ち葉") == ["課題を公開した", "課題の確認を依頼した", "課題を書きはじめた"]
    assert words("?q=青木") == ["課題を公開した"]
    assert words("?kind=case") == []
    assert words("?since=2099-01-01") == []
    assert words("?since=odd&kind=odd&page=0") != []


def test_journal_is_of_this_municipality_alone(town):
    make_challenge(title="よその課題")
    assert "よその課題" not in text(get(town, "desk", "journal/"))


def test_journal_says_nothing_of_drafts_of_organisations(town):
    make_proposal(town.city, state="draft", title="ひみつの下書き")
    assert "ひみつの下書き" not in text(get(town, "desk", "journal/"))


def test_every_verb_written_has_words():
    """Every verb that stands in an action has a sentence; a new one without fails here."""
    import re
    from pathlib import Path

    import musubi

    found = set()
    for path in Path(musubi.__file__).parent.rglob("*.py"):
        if "www" not in path.parts and "migrations" not in path.parts:
            found |= set(re.findall(r'journal\.write\(\s*"([a-z_]+\.[a-z_]+)"', path.read_text()))
    assert len(found) > 60
    assert found - set(WORDS) == set()


def test_verb_without_words_is_shown_as_it_is(town):
    entry = journal.write("challenge.teleported", make_challenge(town.city), by=None)
    assert sentence(Entry.objects.get(pk=entry.pk)) == "challenge.teleported"
    assert "challenge.teleported" in text(get(town, "desk", "journal/"))


# --- mails -------------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(town):
    entry = Entry.objects.filter(pk=journal.write("municipality.changed", town.city, by=None).pk).get()
    return make_delivery(
        notice=make_notice(entry_id=entry.pk),
        state="failed",
        attempts=6,
        error="宛先がありません",
        subject="届かない知らせ",
    )


def test_desk_sees_why_a_mail_failed_and_sends_it_again(town, failed):
    page = text(get(town, "desk", "mail/"))
    assert "届かない知らせ" in page
    assert "宛先がありません" in page
    post(town, "desk", f"mail/{failed.pk}/retry/")
    assert Delivery.objects.get(pk=failed.pk).state == "queued"


def test_mail_of_another_municipality_is_out_of_sight(town, failed):
    address = f"/hoka/staff/mail/{failed.pk}/retry/"
    assert town.at("stranger").post(address).status_code == 404
    assert "届かない知らせ" not in text(town.at("stranger").get("/hoka/staff/mail/?state=failed"))
    assert Delivery.objects.get(pk=failed.pk).state == "failed"


@pytest.mark.parametrize(
    "address", ["agreements/csv/", "figures/figures.csv", "figures/figures.json", "figures/events.json"]
)
def test_what_is_taken_home_is_kept_by_no_browser(town, address):
    answer = town.at("desk").get(f"/nagisa/staff/{address}")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
