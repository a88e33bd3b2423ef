"""The secretariat's screening: applications, the committee, who scores what, the ranking, decisions, the release."""

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from musubi.fund import actions
from musubi.fund.models import Application, Assignment, Award, Decision, Interest
from musubi.fund.rules import correction_due
from musubi.fund.states import Stage
from musubi.lib import clock
from musubi.notify.models import Delivery
from musubi.plan.models import Goal
from tests.factories.fund import (
    general,
    make_application,
    make_call,
    make_contribution,
    make_fund,
    score_all,
    screen,
)
from tests.factories.people import make_municipality, make_staff
from tests.www.committee.conftest import browser, make_screening, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2025, 7, 14)):
        yield


@pytest.fixture
def screening():
    return make_screening()


def at(name: str, *parts) -> str:
    return reverse(name, args=["nagisa", *parts])


def desk_of(screening):
    return browser(screening.desk)


def pass_both(screening, *, money: int = 10_000_000) -> None:
    """Both stages scored and passed; the fund has `money`."""
    make_contribution(general(screening.fund), yen=money)
    screen(screening.call)


def award(application, yen: int = 800_000) -> Decision:
    return actions.prepare_decision(
        Application.objects.get(pk=application.pk),
        by=None,
        outcome="awarded",
        reasons="効果が見込まれる。",
        yen=yen,
        shares={general(application.call.fund).pk: yen},
    )


# --- the list -------------------------------------------------------------------------------------------------------


def test_the_list_says_how_many_and_narrows_by_state_and_words(screening):
    client = desk_of(screening)
    page = text(client.get(at("staff-fund-applications")))
    assert '<p role="status"><b>2</b>件' in page
    page = text(client.get(at("staff-fund-applications") + "?state=submitted"))
    assert "ここに当たる申請はありません" in page
    page = text(client.get(at("staff-fund-applications") + "?q=見本の事業1"))
    assert ("見本の事業1" in page, "見本の事業0<" in page) == (True, False)
    page = text(client.get(at("staff-fund-applications") + "?q=海洋研究所0"))
    assert ("見本の事業0<" in page, "見本の事業1<" in page) == (True, False)


def test_the_list_finds_applications_that_lack_a_required_paper():
    city = make_screening(assign=False).city
    call = make_call(make_fund(city, name="別のファンド"), title="別の募集")
    call.edition.papers.update(is_required=True)
    with_none = make_application(call, state="draft")
    Application.objects.filter(pk=with_none.pk).update(
        state="submitted", ref="2025-900", filed_at=clock.now(), filed_by=make_staff(city)
    )
    client = browser(make_staff(city, "desk"))
    page = text(client.get(at("staff-fund-applications") + "?call=all&papers=lacking"))
    assert "2025-900" in page
    assert '<p role="status"><b>1</b>件' in page


def test_a_draft_is_not_the_secretariats(screening):
    call = make_call(screening.fund, title="次の募集")
    make_application(call, state="draft", title="書きかけの事業")
    page = text(desk_of(screening).get(at("staff-fund-applications") + "?call=all"))
    assert "書きかけの事業" not in page


def test_the_lists_ask_no_more_for_more(django_assert_max_num_queries):
    screening = make_screening(count=6, members=3)
    pass_both(screening)
    client = desk_of(screening)
    ref = screening.call.ref
    most = {
        at("staff-fund-applications"): 12,
        at("staff-fund-stage", ref, "first"): 12,
        at("staff-fund-ranking", ref, "first"): 12,
        at("staff-fund-decisions", ref): 12,
        at("staff-fund-timetable", ref): 12,
        at("staff-fund-choice", ref): 18,
        at("staff-fund-committee"): 18,
    }
    for address, count in most.items():
        with django_assert_max_num_queries(count):
            assert client.get(address).status_code == 200


# --- one application ------------------------------------------------------------------------------------------------


def test_an_application_shows_its_papers_and_what_the_records_say(screening):
    application = screening.applications[0]
    client = desk_of(screening)
    page = text(client.get(at("staff-fund-application", application.ref)))
    assert [words in page for words in ("決算書0.pdf", "見本海洋研究所0株式会社", "800,000")] == [True] * 3
    paper = application.papers.get()
    assert client.get(at("staff-fund-paper", application.ref, paper.pk)).status_code == 200
    other = screening.applications[1].papers.get()
    assert client.get(at("staff-fund-paper", application.ref, other.pk)).status_code == 404


def test_what_the_committee_sees_is_shown_blind():
    screening = make_screening(is_blind=True)
    page = text(
        desk_of(screening).get(at("staff-fund-application", screening.applications[0].ref) + "?view=member")
    )
    assert (
        "見本海洋研究所0"
        not in page.split('<main id="main"')[1].split("breadcrumbs")[0].split("</nav>", 1)[1]
    )
    assert "(申請団体)が藻場を増やす。" in page


def test_an_application_is_checked_or_returned_with_remarks():
    city = make_screening(assign=False).city
    call = make_call(make_fund(city, name="別のファンド"), title="別の募集")
    first, second = (make_application(call, state="submitted") for _ in range(2))
    client = browser(make_staff(city, "desk"))
    client.post(at("staff-fund-check", first.ref))
    first.refresh_from_db()
    assert first.state == "checked"
    address, due = at("staff-fund-return", second.ref), correction_due(call)
    assert f'value="{due}"' in text(client.get(address))
    assert client.post(address, {"remarks": " ", "correct_by": due}).status_code == 422
    response = client.post(address, {"remarks": "内訳", "correct_by": clock.today() - timedelta(days=1)})
    assert response.status_code == 422
    assert "今日より後の日" in text(response)
    client.post(address, {"remarks": "内訳を書いてください。", "correct_by": due})
    second.refresh_from_db()
    assert (second.state, second.remarks) == ("returned", "内訳を書いてください。")
    assert "補正の期限は" in text(client.get(at("staff-fund-application", second.ref)))
    assert client.get(at("staff-fund")).context["count"] == 0
    with clock.standing_at(clock.at(due + timedelta(days=2))):
        page = client.get(at("staff-fund"))
        assert [(row["label"], row["late"]) for row in page.context["rows"]] == [
            ("補正が遅れている申請", True)
        ]
        assert "2日超過" in text(client.get(at("staff-fund-application", second.ref)))
        assert "2日超過" in text(client.get(at("staff-fund-applications")))


def test_the_panel_is_noted_on_the_application(screening):
    ref = screening.applications[0].ref
    client = desk_of(screening)
    client.post(at("staff-fund-note", ref), {"stage": "first", "text": "続け方を確かめたい。"})
    assert "続け方を確かめたい。" in text(client.get(at("staff-fund-application", ref)))


# --- who may --------------------------------------------------------------------------------------------------------


def test_an_auditor_reads_and_does_not_act(screening):
    client = browser(make_staff(screening.city, "auditor"))
    ref, application = screening.call.ref, screening.applications[0].ref
    for name, *parts in (
        ("staff-fund-applications",),
        ("staff-fund-application", application),
        ("staff-fund-committee",),
        ("staff-fund-stage", ref, "first"),
        ("staff-fund-ranking", ref, "first"),
        ("staff-fund-timetable", ref),
        ("staff-fund-choice", ref),
        ("staff-fund-decisions", ref),
    ):
        response = client.get(at(name, *parts))
        assert response.status_code == 200
        assert 'method="post"' not in text(response).split('<main id="main"')[1]
    for name, *parts in (
        ("staff-fund-check", application),
        ("staff-fund-begin", ref),
        ("staff-fund-assign", ref, "first"),
        ("staff-fund-remind", ref, "first"),
        ("staff-fund-timetable", ref),
        ("staff-fund-decide", ref, "first"),
        ("staff-fund-decision", application),
        ("staff-fund-release-first", ref),
        ("staff-fund-release", ref),
        ("staff-fund-committee-invite",),
    ):
        assert client.post(at(name, *parts)).status_code == 403


# --- the committee --------------------------------------------------------------------------------------------------


def test_a_member_is_asked_by_mail(screening):
    client = desk_of(screening)
    words = {
        "fund": screening.fund.pk,
        "email": "sensei@example.jp",
        "title": "教授",
        "employer_name": "見本大学",
    }
    response = client.post(at("staff-fund-committee-invite"), words)
    assert response.status_code == 302
    assert Delivery.objects.latest("pk").address == "sensei@example.jp"
    assert "sensei@example.jp" in text(client.get(at("staff-fund-committee")))


def test_an_employers_number_that_cannot_be_is_said_at_its_field(screening):
    words = {"fund": screening.fund.pk, "email": "sensei@example.jp", "employer_number": "4011005003008"}
    response = desk_of(screening).post(at("staff-fund-committee-invite"), words)
    assert response.status_code == 422
    assert "sensei@example.jp" in text(response)


def test_the_secretariat_notes_a_tie_and_lets_a_member_go(screening):
    client, member = desk_of(screening), screening.members[0]
    organisation = screening.applications[0].organisation
    words = {"organisation": organisation.name, "words": "親族が役員"}
    client.post(at("staff-fund-committee-interest", member.pk), words)
    assert Interest.objects.get().member == member
    assert "届け出のあった関係: 親族が役員" in text(client.get(at("staff-fund-committee")))
    client.post(at("staff-fund-committee-release", member.pk))
    member.refresh_from_db()
    assert member.ended_on == date(2025, 7, 14)


# --- who scores what ------------------------------------------------------------------------------------------------


def test_the_window_ends_before_screening_begins():
    city = make_screening(assign=False).city
    call = make_call(make_fund(city, name="別のファンド"), title="別の募集")
    client = browser(make_staff(city, "desk"))
    client.post(at("staff-fund-begin", call.ref))
    call.refresh_from_db()
    assert call.state == "published"
    with clock.standing_at(call.closes_at):
        client.post(at("staff-fund-begin", call.ref))
    call.refresh_from_db()
    assert call.state == "screening"


def test_what_would_be_assigned_is_shown_with_the_ties_and_their_reasons():
    screening = make_screening(assign=False, members=3)
    member, application = screening.members[0], screening.applications[0]
    actions.declare_interest(
        member, by=member.user, organisation=application.organisation, words="顧問を務めている"
    )
    client = desk_of(screening)
    here = at("staff-fund-assign", screening.call.ref, "first")
    page = text(client.get(here))
    assert "届け出のあった関係: 顧問を務めている" in page
    assert "採点表4件を渡す" in page
    assert Assignment.objects.count() == 0
    client.post(here, {"due_on": "2025-07-20"})
    assert Assignment.objects.filter(state="assigned", due_on=date(2025, 7, 20)).count() == 4
    assert not Assignment.objects.filter(member=member, application=application).exists()


def test_a_tie_that_came_to_light_is_shown_and_recused_at_the_next_assignment():
    screening = make_screening(members=3, count=1)
    sheet = Assignment.objects.filter(state="assigned").first()
    sheet.member.employer = screening.applications[0].organisation
    sheet.member.save()
    client = desk_of(screening)
    here = at("staff-fund-assign", screening.call.ref, "first")
    page = text(client.get(here))
    assert "渡したあとに利害関係が分かった採点表があります" in page
    assert "採点表1件を渡す" in page
    client.post(here, {"due_on": ""})
    sheet.refresh_from_db()
    assert (sheet.state, sheet.why) == ("recused", "勤務先からの申請")
    assert Assignment.objects.filter(state="assigned").count() == 2
    assert "新しく渡す採点表はありません。" in text(client.get(here))


def test_a_sheet_is_taken_back_and_given_to_another():
    screening = make_screening(members=3, count=1)
    sheet = Assignment.objects.filter(state="assigned").first()
    client = desk_of(screening)
    client.post(at("staff-fund-take-back", screening.call.ref, sheet.pk), {"do": "reassign"})
    sheet.refresh_from_db()
    assert sheet.state == "taken_back"
    assert Assignment.objects.filter(state="assigned").count() == 2


def test_progress_is_by_member_and_the_late_are_reminded_once_a_day(screening):
    client = desk_of(screening)
    here = at("staff-fund-stage", screening.call.ref, "first")
    with clock.standing_at(date(2025, 7, 21)):
        assert "期限を過ぎた" in text(client.get(here))
        page = text(client.post(at("staff-fund-remind", screening.call.ref, "first"), follow=True))
        assert "2人に、採点をお願いするお知らせを送ります。" in page
        page = text(client.post(at("staff-fund-remind", screening.call.ref, "first"), follow=True))
        assert "催促する人はいません。" in page


def test_the_late_are_told_by_mail(screening):
    from musubi.notify.tasks import tell_waiting

    actions.nudge(screening.call, by=screening.desk, stage=Stage.FIRST)
    tell_waiting()
    letters = Delivery.objects.filter(address=screening.members[0].user.email)
    assert any("採点" in letter.subject for letter in letters)


# --- the ranking ----------------------------------------------------------------------------------------------------


def test_each_place_is_explained():
    screening = make_screening(count=3, members=2, pass_share=60)
    member, application = screening.members[0], screening.applications[0]
    actions.declare_interest(member, by=member.user, organisation=application.organisation, words="顧問")
    for number, sheet in enumerate(Assignment.objects.filter(state="assigned").order_by("application", "pk")):
        criteria = sheet.application.edition.criteria.filter(stage="first")
        each = 2 if sheet.application == screening.applications[2] else 4
        actions.score(sheet, by=sheet.member.user, points={row.pk: each for row in criteria})
        assert number < 5
    page = text(desk_of(screening).get(at("staff-fund-ranking", screening.call.ref, "first")))
    assert (
        "採点1人の合計12点に、除斥した1人分として平均×1=12点(小数点以下切捨て)を補い、合計24点(満点30点)。"
        in page
    )
    assert "採点2人の合計は24点(満点30点)。" in page
    assert "得点率が、通過に必要な60%に届きません。" in page
    assert "同点です。" in page
    assert "80.0%" in page


def test_a_mean_below_a_criterion_s_minimum_is_named():
    screening = make_screening(count=1, members=2)
    criterion = screening.call.edition.criteria.filter(stage="first").first()
    type(criterion).objects.filter(pk=criterion.pk).update(least=5)
    score_all(screening.call, Stage.FIRST)
    page = text(desk_of(screening).get(at("staff-fund-ranking", screening.call.ref, "first")))
    assert f"「{criterion.name}」の平均が、通過に必要な5点に届きません。" in page


def test_the_stage_is_decided_with_reasons_for_who_fails(screening):
    score_all(screening.call, Stage.FIRST)
    first, second = screening.applications
    client = desk_of(screening)
    here = at("staff-fund-decide", screening.call.ref, "first")
    response = client.post(here, {f"pass_{first.pk}": "on"})
    assert response.status_code == 422
    assert f"「{second.title}」を通さない理由を書いてください。" in text(response)
    client.post(here, {f"pass_{first.pk}": "on", f"reason_{second.pk}": "効果が見えない。"})
    states = dict(Application.objects.values_list("title", "state"))
    assert states == {first.title: "first_passed", second.title: "first_failed"}
    assert Decision.objects.get().reasons == "効果が見えない。"


def test_one_below_the_marks_passes_only_with_a_reason_of_its_own():
    screening = make_screening(count=2, pass_share=90)
    score_all(screening.call, Stage.FIRST)
    first, second = screening.applications
    client = desk_of(screening)
    here = at("staff-fund-decide", screening.call.ref, "first")
    page = text(client.get(here))
    assert page.count("条件に届かないが通すときは、その理由を書く") == 2
    assert "得点率が、通過に必要な90%に届きません。" in page
    # The reason shared by those who fail says nothing of one that passes.
    words = {f"pass_{first.pk}": "on", "common": "効果が見えない。"}
    response = client.post(here, words)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [f"exception_{first.pk}"]
    assert "審査会議事録に載ります。" in text(response)
    client.post(here, {**words, f"exception_{first.pk}": "ほかにない試みである。"})
    states = dict(Application.objects.values_list("title", "state"))
    assert states == {first.title: "first_passed", second.title: "first_failed"}
    page = text(client.get(at("staff-fund-application", first.ref)))
    assert "点の条件に届かないが、通過とした。理由: ほかにない試みである。" in page


# --- the timetable --------------------------------------------------------------------------------------------------


def test_times_are_set_in_a_row_and_one_by_one(screening):
    score_all(screening.call, Stage.FIRST)
    passed = {row.pk for row in screening.applications}
    actions.decide_stage(screening.call, by=None, stage=Stage.FIRST, passed=passed, reasons={})
    client, ref = desk_of(screening), screening.call.ref
    words = {"starts_at": "2025-08-22T10:00", "minutes": 20, "pause": 5, "place": "第1会議室"}
    client.post(at("staff-fund-timetable", ref), words)
    slots = [row.slot for row in Application.objects.order_by("ref")]
    begins = clock.at(date(2025, 8, 22), 10)
    assert [slot.starts_at for slot in slots] == [begins, begins + timedelta(minutes=25)]
    words = {"starts_at": "2025-08-22T10:10", "ends_at": "2025-08-22T10:40", "place": "第1会議室"}
    response = client.post(at("staff-fund-slot", screening.applications[1].ref), words)
    assert response.status_code == 422
    assert "の時間と重なっています。" in text(response)
    book = text(client.get(at("staff-fund-timetable-ics", ref)))
    assert book.count("BEGIN:VEVENT") == 2


# --- the money ------------------------------------------------------------------------------------------------------


def test_what_if_changes_nothing_and_shows_both_ways(screening):
    pass_both(screening, money=1_000_000)
    client = desk_of(screening)
    page = text(client.get(at("staff-fund-choice", screening.call.ref) + "?line=&solve=1&reserves=1"))
    assert "これより良い組合せはないと証明できました" in page
    assert page.count("outcome=awarded") == 2
    assert page.count("outcome=reserve") == 2
    assert Decision.objects.count() == 0
    page = text(client.get(at("staff-fund-choice", screening.call.ref) + "?line=500000&solve="))
    assert page.count("outcome=awarded") == 0


def test_money_meant_for_a_theme_goes_where_somebody_says(screening):
    pot = actions.earmark(screening.fund, by=None, theme="藻場")
    other = actions.earmark(screening.fund, by=None, theme="火星")
    screening.call.pots.add(pot, other)
    make_contribution(pot, yen=800_000)
    make_contribution(other, yen=800_000)
    screen(screening.call)
    client = desk_of(screening)
    page = text(client.get(at("staff-fund-choice", screening.call.ref)))
    assert page.count("outcome=awarded") == 1
    page = text(client.get(at("staff-fund-choice", screening.call.ref) + f"?solve=&theme_{other.pk}=all"))
    assert page.count("outcome=awarded") == 2
    page = text(client.get(at("staff-fund-choice", screening.call.ref) + f"?solve=&theme_{pot.pk}=none"))
    assert page.count("outcome=awarded") == 0


def test_a_budget_line_leaves_the_general_money_to_who_needs_it(screening):
    """Eight hundred thousand for anything, as much for what nobody does, and a line of eight hundred thousand: one."""
    screening.call.pots.add(pot := actions.earmark(screening.fund, by=None, theme="火星"))
    make_contribution(pot, yen=800_000)
    pass_both(screening, money=800_000)
    client = desk_of(screening)
    page = client.get(at("staff-fund-choice", screening.call.ref) + "?line=800000&solve=1")
    for found in (page.context["plain"], page.context["best"]):
        assert (found["count"], found["yen"], found["left"]) == (1, 800_000, 0)
    assert page.context["best"]["proven"]


def test_a_choice_without_candidates_says_why(screening):
    client, here = desk_of(screening), at("staff-fund-choice", screening.call.ref)
    assert "第二次審査を通過した申請がまだありません" in text(client.get(here))
    pass_both(screening)
    for application in screening.applications:
        award(application)
    actions.release(screening.call, by=None)
    page = text(client.get(here))
    assert "結果は発表済みです" in page
    assert "まだありません" not in page
    assert 'name="line"' not in page


def test_a_choice_after_everybody_failed_says_so(screening):
    score_all(screening.call, Stage.FIRST)
    reasons = dict.fromkeys([row.pk for row in screening.applications], "効果が見えない。")
    actions.decide_stage(screening.call, by=None, stage=Stage.FIRST, passed=[], reasons=reasons)
    page = text(desk_of(screening).get(at("staff-fund-choice", screening.call.ref)))
    assert "第二次審査を通過した申請はありません" in page


def test_the_decision_says_which_pot_may_pay_and_asks_whether_a_theme_is_served(screening):
    reef = actions.earmark(screening.fund, by=None, theme="藻場")
    mars = actions.earmark(screening.fund, by=None, theme="<b>火星</b>")
    goal = actions.earmark(screening.fund, by=None, goal=Goal.objects.get(pk=13))
    screening.call.pots.add(reef, mars, goal)
    pass_both(screening)
    client, one = desk_of(screening), screening.applications[0]
    here = at("staff-fund-decision", one.ref)
    page = client.get(here)
    assert "このゴールを選んでいないので、使えません。" in text(page)
    assert "<b>火星</b>" not in text(page)
    form = page.context["form"]
    ticks = {pot: form[f"serves_{pot.pk}"].value() for pot in (reef, mars)}
    assert ticks == {reef: True, mars: False}
    # Proposed by whoever said so on the page of the choice.
    proposed = client.get(here + f"?outcome=awarded&yen=800000&pot_{mars.pk}=800000")
    assert proposed.context["form"][f"serves_{mars.pk}"].value() is True
    words = {"outcome": "awarded", "yen": 800_000, "reasons": "よい。"}
    answer = client.post(here, {**words, f"pot_{goal.pk}": 800_000})
    assert answer.status_code == 422
    assert "ほかの財源にしてください。" in text(answer)
    answer = client.post(here, {**words, f"pot_{mars.pk}": 800_000})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [f"serves_{mars.pk}"]
    assert not Decision.objects.exists()
    assert (
        client.post(here, {**words, f"pot_{mars.pk}": 800_000, f"serves_{mars.pk}": "on"}).status_code == 302
    )
    assert Decision.objects.get().serves == [mars.pk]
    assert client.get(here).context["form"][f"serves_{mars.pk}"].value() is True


def test_sums_are_read_as_people_write_them_and_refused_where_they_cannot_be(screening):
    pass_both(screening)
    client, one = desk_of(screening), screening.applications[0]
    address = at("staff-fund-decision", one.ref)
    pot = f"pot_{general(screening.fund).pk}"
    words = {"outcome": "awarded", "reasons": "効果が見込まれる。"}
    for typed in ("-1", "1000000000000001", "8.5", "八十万"):
        answer = client.post(address, {**words, "yen": typed, pot: typed})
        assert answer.status_code == 422, typed
        assert f'value="{typed}"' in text(answer)
    assert client.post(address, {**words, "yen": "", pot: ""}).status_code == 422
    assert client.post(address, {**words, "yen": "８００，０００円", pot: "800,000"}).status_code == 302
    assert Decision.objects.get(application=one).yen == 800_000
    page = client.get(at("staff-fund-choice", screening.call.ref), {pot: "１，０００，０００", "line": ""})
    assert page.context["form"].cleaned_data[pot] == 1_000_000


def test_a_long_committee_is_cut_and_what_was_withdrawn_or_recused_is_not_missed():
    screening = make_screening(count=3, members=12, assign=False)
    client, address = desk_of(screening), at("staff-fund-stage", screening.call.ref, "first")
    tied = screening.applications[0].organisation
    for member in screening.members[:11]:
        actions.declare_interest(member, by=member.user, organisation=tied, words="顧問を務めている")
    page = client.get(address)
    assert (page.context["unassigned"], page.context["count"]) == (3, 3)
    actions.assign(screening.call, by=None, stage=Stage.FIRST)
    page = client.get(address)
    assert (page.context["unassigned"], len(page.context["members"]), page.context["members_count"]) == (
        0,
        10,
        12,
    )
    # One member is left for the first application, and one of the tied stands as recused for the other.
    assert page.context["total"] == {"given": 5, "scored": 0, "late": 0, "recused": 1}
    assert [lacking for _row, _sheets, lacking in page.context["rows"]] == [0, 0, 0]
    assert not client.get(address + "?show=short").context["rows"]
    assert len(client.get(address + "?members=all").context["members"]) == 12
    last = screening.applications[2]
    actions.withdraw_application(last, by=last.organisation.representatives.first().user)
    page = client.get(address)
    assert page.context["total"] == {"given": 3, "scored": 0, "late": 0, "recused": 1}
    assert page.context["count"] == 2
    assert len(client.get(address + "?show=waiting").context["rows"]) == 2


def test_what_stands_before_the_release_is_said_first(screening):
    client, ref = desk_of(screening), screening.call.ref
    page = client.get(at("staff-fund-decisions", ref))
    assert page.context["todo"]["href"] == at("staff-fund-stage", ref, "first")
    assert {row["step"][1] for row in page.context["rows"]} == {at("staff-fund-stage", ref, "first")}
    decide = at("staff-fund-decide", ref, "first")
    assert "採点がそろうまで、結果は決められません" in text(client.get(decide))
    pass_both(screening)
    assert "採点がそろうまで" not in text(client.get(decide))
    # Nothing is left to be decided of a stage that is over.
    assert decide not in text(client.get(at("staff-fund-ranking", ref, "first")))
    page = client.get(at("staff-fund-decisions", ref))
    assert page.context["todo"]["href"] == at("staff-fund-choice", ref)
    for application in screening.applications:
        award(application, 100_000)
    assert client.get(at("staff-fund-decisions", ref)).context["todo"] is None


def test_a_decision_is_prepared_from_a_plan_and_put_right(screening):
    pass_both(screening)
    application, pot = screening.applications[0], general(screening.fund)
    client = desk_of(screening)
    here = at("staff-fund-decision", application.ref)
    page = text(client.get(here + f"?outcome=awarded&yen=700000&pot_{pot.pk}=700000"))
    assert page.count('value="700,000"') == 2
    words = {"outcome": "awarded", "yen": 700_000, f"pot_{pot.pk}": 600_000, "reasons": "よい。"}
    response = client.post(here, words)
    assert response.status_code == 422
    assert "財源の内訳の合計(600,000円)を、交付額(700,000円)と同じにしてください。" in text(response)
    client.post(here, {**words, f"pot_{pot.pk}": 700_000})
    decision = Decision.objects.get()
    assert (decision.outcome, decision.yen, decision.shares) == ("awarded", 700_000, {str(pot.pk): 700_000})
    client.post(here, {"outcome": "not_awarded", "reasons": "予算の都合による。"})
    decision.refresh_from_db()
    assert (decision.outcome, decision.yen, decision.shares) == ("not_awarded", 0, {})


# --- the release ----------------------------------------------------------------------------------------------------


def test_everything_is_released_at_once_behind_a_confirmation(screening):
    pass_both(screening)
    client, ref = desk_of(screening), screening.call.ref
    here = at("staff-fund-release", ref)
    award(screening.applications[0])
    page = text(client.get(here))
    assert "決定が準備されていない申請が1件あります" in page
    response = client.post(here, {"sure": "on"})
    assert response.status_code == 422
    assert Award.objects.count() == 0
    award(screening.applications[1])
    assert client.post(here).status_code == 422
    assert Award.objects.count() == 0
    client.post(here, {"sure": "on"})
    assert Award.objects.count() == 2
    screening.call.refresh_from_db()
    assert screening.call.state == "released"


def test_money_that_is_not_there_is_said_before_the_release(screening):
    pass_both(screening, money=1_000_000)
    for application in screening.applications:
        award(application)
    client = desk_of(screening)
    page = text(client.get(at("staff-fund-release", screening.call.ref)))
    assert "交付額1,600,000円に対し、使える額は1,000,000円です。" in page
    response = client.post(at("staff-fund-release", screening.call.ref), {"sure": "on"})
    assert response.status_code == 422
    assert Award.objects.count() == 0


def test_a_decision_of_one_that_was_withdrawn_is_never_shown(screening):
    pass_both(screening)
    application = Application.objects.get(pk=screening.applications[0].pk)
    award(application)
    person = application.organisation.representatives.first().user
    actions.withdraw_application(application, by=person, reason="事情が変わった")
    client = desk_of(screening)
    page = text(client.get(at("staff-fund-application", application.ref)))
    assert "効果が見込まれる。" not in page
    page = text(client.get(at("staff-fund-decisions", screening.call.ref)))
    assert application.title not in page
    assert re.search(r"交付額の合計 <b class=\"num\">0</b>", page)


def test_who_waits_in_reserve_is_called_up_or_dropped():
    screening = make_screening(has_reserve=True)
    pass_both(screening)
    for application in screening.applications:
        actions.prepare_decision(
            Application.objects.get(pk=application.pk), by=None, outcome="reserve", reasons="次点。"
        )
    actions.release(screening.call, by=None)
    client, pot = desk_of(screening), general(screening.fund)
    first, second = screening.applications
    response = client.post(at("staff-fund-call-up", first.ref), {"yen": 900_000, f"pot_{pot.pk}": 900_000})
    assert response.status_code == 422
    client.post(at("staff-fund-call-up", first.ref), {"yen": 500_000, f"pot_{pot.pk}": 500_000})
    client.post(at("staff-fund-drop", second.ref), {"reason": "残りの財源がないため"})
    states = list(Application.objects.order_by("ref").values_list("state", flat=True))
    assert states == ["awarded", "not_awarded"]


def test_another_city_learns_nothing(screening):
    other = make_staff(make_municipality("hoka"), "desk")
    client = browser(other)
    assert client.get(at("staff-fund-applications")).status_code == 403
    mine = reverse("staff-fund-application", args=["hoka", screening.applications[0].ref])
    assert client.get(mine).status_code == 404
    assert (
        client.get(reverse("staff-fund-stage", args=["hoka", screening.call.ref, "first"])).status_code == 404
    )


def test_an_organisations_person_learns_nothing(screening):
    person = screening.applications[0].organisation.representatives.first().user
    client = browser(person)
    for name in ("staff-fund-applications", "staff-fund-committee"):
        assert client.get(at(name)).status_code == 403
