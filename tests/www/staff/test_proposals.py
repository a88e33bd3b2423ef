"""A proposal's way through the municipality, on the pages: inbox, routing, answer, case, decline."""

import pytest
from django.core.files.base import ContentFile

from musubi.ball.rules import due
from musubi.cases import actions as case_actions
from musubi.cases.models import Case
from musubi.people.models import Organisation
from musubi.proposals import actions
from musubi.proposals.models import Attachment, Proposal
from tests.factories.challenges import make_challenge
from tests.factories.proposals import make_proposal
from tests.www.staff.conftest import text

pytestmark = pytest.mark.django_db
SEA = {
    "title": "漂着ごみの画像判定",
    "content": "海岸清掃で集めた海洋プラスチックの種類を写真で判定し、分別を助けます。",
}


def send(town, role, row, name, follow=False, **data):
    answer = town.at(role).post(f"/nagisa/staff/proposals/{row.ref}/{name}/", data, follow=follow)
    row.refresh_from_db()
    return answer


def receive(town, **words):
    return make_proposal(town.city, town.organisation, by=town.representative, **{**SEA, **words})


def routed(town, *departments, **words):
    return receive(town, state="routing", departments=departments or [town.env], desk=town.desk, **words)


# --- inbox -------------------------------------------------------------------------------------------------------


def test_inbox_shows_whom_to_ask_and_what_was_like_it(town):
    past = receive(town, title="海岸の漂着ごみを写真で記録")
    actions.decline(past, by=town.desk, reason="timing", feedback="来年度にぜひ。")
    row = receive(town)
    page = text(town.at("desk").get("/nagisa/staff/inbox/"))
    assert row.title in page
    assert "担当する仕事の「海洋プラスチック」「分別」「海岸清掃」に合う" in page
    assert f'name="departments" value="{town.env.pk}"' in page
    assert past.title in page
    assert "見送り: 時期が合わない" in page


def test_inbox_routes_with_one_click_and_the_usual_date(town):
    row = receive(town)
    answer = send(town, "desk", row, "route", departments=town.env.pk, **{"from": "inbox"})
    assert answer["Location"] == "/nagisa/staff/inbox/"
    routing = row.routings.get()
    assert (row.state, routing.department, routing.due_on) == (
        "routing",
        town.env,
        due(town.city.pk, "proposal", "routing"),
    )


def test_inbox_says_when_it_is_empty(town):
    routed(town)
    assert "受付箱は空です" in text(town.at("desk").get("/nagisa/staff/inbox/"))


def test_inbox_costs_the_same_for_one_and_for_twenty(town, django_assert_num_queries):
    browser = town.at("desk")
    receive(town, title="海岸の漂着ごみを写真で記録", state="declined", desk=town.desk)
    receive(town)
    browser.get("/nagisa/staff/inbox/")
    with django_assert_num_queries(16):
        browser.get("/nagisa/staff/inbox/")
    for n in range(19):
        receive(town, title=f"漂着ごみの調べ方 {n}")
    with django_assert_num_queries(16):
        assert len(browser.get("/nagisa/staff/inbox/").context["rows"]) == 20


# --- routing and answering ---------------------------------------------------------------------------------------


def test_desk_asks_several_departments_with_a_date_and_a_question(town):
    row = receive(town)
    day = due(town.city.pk, "proposal", "routing").isoformat()
    send(
        town,
        "desk",
        row,
        "route",
        departments=[town.env.pk, town.sea.pk],
        due_on=day,
        question="漁港で試せますか。",
    )
    assert [(r.department, str(r.due_on), r.question) for r in row.routings.all()] == [
        (town.env, day, "漁港で試せますか。"),
        (town.sea, day, "漁港で試せますか。"),
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"due_on": "2040-01-10"}, "照会する部署を一つ以上選んでください。"),
        ({"due_on": "2001-01-10"}, "今日以降の日付"),
        ({"due_on": "いつか"}, "日付"),
    ],
)
def test_route_that_cannot_be_keeps_what_was_typed(town, data, said):
    row = receive(town)
    departments = {} if "2040" in data["due_on"] else {"departments": town.env.pk}
    answer = send(town, "desk", row, "route", question="漁港で試せますか。", **departments, **data)
    assert answer.status_code == 422
    assert said in text(answer)
    assert "漁港で試せますか。" in text(answer)
    assert row.state == "submitted"


def test_route_offers_only_departments_of_this_municipality(town):
    row = receive(town)
    foreign = town.stranger.staff.get().department
    assert send(town, "desk", row, "route", departments=foreign.pk).status_code == 422
    assert row.state == "submitted"


def test_department_sees_the_question_first_and_answers(town):
    row = routed(town)
    assert row.title in text(town.at("officer").get("/nagisa/staff/"))
    page = text(town.at("officer").get(f"/nagisa/staff/proposals/{row.ref}/"))
    assert "次にすること: 環境課として回答する" in page
    routing = row.routings.get()
    name = f"answer/{routing.pk}"
    empty = send(town, "officer", row, name, **{f"r{routing.pk}-answer": "interested"})
    assert (empty.status_code, row.routings.get().answer) == (422, "waiting")
    send(
        town,
        "officer",
        row,
        name,
        **{f"r{routing.pk}-answer": "interested", f"r{routing.pk}-comment": "試したい。"},
    )
    routing.refresh_from_db()
    assert (routing.answer, routing.comment, routing.answered_by) == (
        "interested",
        "試したい。",
        town.officer,
    )
    assert "次にすること: 案件を開いて、対話を始める" in text(
        town.at("desk").get(f"/nagisa/staff/proposals/{row.ref}/")
    )


def test_second_answer_of_a_department_is_told_and_kept_on_the_page(town):
    row = routed(town)
    routing = row.routings.get()
    actions.answer_routing(routing, by=town.manager, answer="not_now", comment="今年は難しい。")
    answer = send(
        town,
        "officer",
        row,
        f"answer/{routing.pk}",
        **{f"r{routing.pk}-answer": "interested", f"r{routing.pk}-comment": "試したい。"},
    )
    assert answer.status_code == 422
    assert "別の人が先に変更しました" in text(answer)
    assert "試したい。" in text(answer)


def test_answer_of_another_department_is_refused(town):
    row = routed(town, town.env, town.sea)
    theirs = row.routings.get(department=town.sea)
    data = {f"r{theirs.pk}-answer": "interested", f"r{theirs.pk}-comment": "はい"}
    assert send(town, "officer", row, f"answer/{theirs.pk}", **data).status_code == 403
    assert send(town, "auditor", row, f"answer/{theirs.pk}", **data).status_code == 403
    assert send(town, "stranger", row, f"answer/{theirs.pk}", **data).status_code == 403
    theirs.refresh_from_db()
    assert theirs.answer == "waiting"


def test_proposal_not_asked_of_a_department_is_not_found_there(town):
    row = routed(town, town.env)
    for name in ("route", "case", "decline", "recall"):
        assert send(town, "other", row, name).status_code == 404, name


def test_draft_of_an_organisation_is_nobodys_business(town):
    row = receive(town, state="draft")
    assert row.title not in text(town.at("desk").get("/nagisa/staff/proposals/"))
    assert row.title not in text(town.at("desk").get("/nagisa/staff/journal/"))


# --- taking up, declining ----------------------------------------------------------------------------------------


def test_desk_opens_the_case_and_lands_in_it(town):
    row = routed(town)
    answer = send(
        town, "desk", row, "case", lead=town.env.pk, owner=town.officer.pk, title="画像判定の共同実証"
    )
    case = Case.objects.get()
    assert answer["Location"] == f"/nagisa/staff/cases/{case.ref}/"
    assert (case.lead, case.owner, case.title, case.proposal) == (
        town.env,
        town.officer,
        "画像判定の共同実証",
        row,
    )
    page = text(town.at("desk").get(f"/nagisa/staff/proposals/{row.ref}/"))
    assert "この提案は案件になっています" in page


def test_case_opened_twice_is_one_case(town):
    row = routed(town)
    send(town, "desk", row, "case", lead=town.env.pk)
    answer = send(town, "officer", row, "case", lead=town.env.pk, follow=True)
    assert answer.status_code == 200
    assert Case.objects.count() == 1


def test_officer_opens_cases_for_the_own_department_only(town):
    row = routed(town, town.env, town.sea)
    assert send(town, "officer", row, "case", lead=town.sea.pk).status_code == 422
    assert send(town, "auditor", row, "case", lead=town.env.pk).status_code == 403
    assert not Case.objects.exists()


def test_decline_wants_reason_and_feedback_and_keeps_either(town):
    row = receive(town)
    answer = send(town, "desk", row, "decline", feedback="来年度にぜひ。")
    assert answer.status_code == 422
    assert "見送りの理由を選んでください。" in text(answer)
    assert "来年度にぜひ。" in text(answer)
    answer = send(town, "desk", row, "decline", reason="budget", feedback=" ")
    assert "提案者へのフィードバックを書いてください" in text(answer)
    assert row.state == "submitted"
    send(town, "desk", row, "decline", reason="budget", feedback="来年度にぜひ。")
    assert (row.state, row.decline_reason, row.feedback) == ("declined", "budget", "来年度にぜひ。")
    page = text(town.at("desk").get(f"/nagisa/staff/proposals/{row.ref}/"))
    assert "来年度にぜひ。" in page
    assert "ほかの部署や課題に紹介する" in page  # a no is not the end: it may be wanted elsewhere


def test_recall_brings_it_back_to_the_desk(town):
    row = routed(town)
    send(town, "desk", row, "recall")
    assert row.state == "submitted"
    assert send(town, "officer", row, "recall").status_code == 403


# --- walk-ins ----------------------------------------------------------------------------------------------------

NEW = "/nagisa/staff/proposals/new/"
PAPER = {
    "organisation_name": "なぎさ竹工房",
    "kind": "community",
    "channel": "walk_in",
    "track": "open",
    "title": "竹林の手入れ",
    "content": "放置竹林の手入れを手伝います。",
}


def test_walk_in_registers_organisation_and_proposal_together(town):
    answer = town.at("desk").post(NEW, PAPER)
    row = Proposal.objects.get()
    assert answer["Location"] == f"/nagisa/staff/proposals/{row.ref}/"
    assert (row.organisation.name, row.channel, row.state) == ("なぎさ竹工房", "walk_in", "submitted")
    assert not row.organisation.representatives.exists()


def test_walk_in_asks_when_the_organisation_may_be_known(town):
    answer = town.at("desk").post(NEW, {**PAPER, "organisation_name": "うみかぜ環境(株)"})
    assert answer.status_code == 422
    assert "よく似た名前の団体が登録されています" in text(answer)
    assert "放置竹林の手入れを手伝います。" in text(answer)
    town.at("desk").post(
        NEW, {**PAPER, "organisation_name": "うみかぜ環境(株)", "organisation": town.organisation.pk}
    )
    assert Proposal.objects.get().organisation == town.organisation


def test_walk_in_that_lacks_something_registers_nothing(town):
    answer = town.at("desk").post(NEW, {**PAPER, "track": "trial"})
    assert answer.status_code == 422
    assert "実証したい場所と期間" in text(answer)
    assert not Organisation.objects.filter(name="なぎさ竹工房").exists()


def test_walk_in_with_a_damaged_corporate_number_says_so_beside_it(town):
    answer = town.at("desk").post(NEW, {**PAPER, "corporate_number": "5.01E+12"})
    assert answer.status_code == 422
    assert answer.context["form"].errors["corporate_number"]


def test_walk_in_may_answer_a_challenge(town):
    challenge = make_challenge(town.city, by=town.officer, desk=town.desk)
    town.at("desk").post(NEW, {**PAPER, "track": "challenge", "challenge": challenge.pk, "channel": "event"})
    row = Proposal.objects.get()
    assert (row.challenge, row.channel) == (challenge, "event")


# --- files, lists ------------------------------------------------------------------------------------------------


def test_attachment_is_a_download_for_who_may_read_the_proposal(town):
    row = receive(town, state="draft")
    file = Attachment(
        proposal=row,
        name="計画書.txt",
        size=5,
        media_type="text/plain",
        added_at=row.created_at,
        added_by=town.representative,
    )
    file.file.save("abc", ContentFile(b"hello"))
    actions.submit(row, by=town.representative)
    address = f"/nagisa/staff/proposals/{row.ref}/files/{file.pk}/"
    answer = town.at("desk").get(address)
    assert (b"".join(answer.streaming_content), answer["X-Content-Type-Options"]) == (b"hello", "nosniff")
    assert answer["Content-Disposition"].startswith("attachment")
    assert "計画書.txt" in text(town.at("desk").get(f"/nagisa/staff/proposals/{row.ref}/"))
    assert town.at("other").get(address).status_code == 404
    assert town.at("stranger").get(address).status_code == 403
    other = receive(town)
    assert town.at("desk").get(f"/nagisa/staff/proposals/{other.ref}/files/{file.pk}/").status_code == 404


def test_list_narrows_and_survives_odd_values(town):
    receive(town, title="海岸ごみ")
    routed(town, title="竹林", content="竹林の手入れ", track="trial")

    def titles(query):
        return sorted(
            row.title
            for row, _s, _l in town.at("desk").get(f"/nagisa/staff/proposals/{query}").context["rows"]
        )

    assert titles("") == ["海岸ごみ", "竹林"]
    assert titles("?state=routing") == ["竹林"]
    assert titles("?track=trial") == ["竹林"]
    assert titles("?channel=event") == []
    assert titles("?q=竹林") == ["竹林"]
    assert titles("?state=odd&track=odd&page=x") == ["海岸ごみ", "竹林"]


def test_list_costs_the_same_for_one_and_for_many(town, django_assert_max_num_queries):
    routed(town)
    town.at("desk").get("/nagisa/staff/proposals/")
    with django_assert_max_num_queries(13) as one:
        town.at("desk").get("/nagisa/staff/proposals/")
    for _n in range(5):
        routed(town, town.env, town.sea)
    with django_assert_max_num_queries(len(one)):
        town.at("desk").get("/nagisa/staff/proposals/")


def test_page_costs_the_same_for_one_and_for_many_questions(town, django_assert_max_num_queries):
    row = routed(town)
    address = f"/nagisa/staff/proposals/{row.ref}/"
    town.at("desk").get(address)
    with django_assert_max_num_queries(37) as one:
        town.at("desk").get(address)
    actions.route(row, [town.sea], by=town.desk)
    with django_assert_max_num_queries(len(one)):
        town.at("desk").get(address)


# --- today -------------------------------------------------------------------------------------------------------


def test_today_puts_the_overdue_first_and_says_by_how_much(town):
    late, soon = receive(town, title="古い提案"), receive(town, title="新しい提案")
    Proposal.objects.filter(pk=late.pk).update(ball_due_on="2020-01-06")
    page = town.at("desk").get("/nagisa/staff/")
    assert [task.title for task in page.context["late"]] == ["古い提案"]
    assert [task.title for task in page.context["due"]] == [soon.title]
    assert "営業日超過" in text(page)


def test_today_shows_a_case_whose_ball_lies_with_the_department(town):
    row = routed(town)
    case = case_actions.open_case(row, by=town.officer, lead=town.env)
    Case.objects.filter(pk=case.pk).update(ball_department=town.env, ball_organisation=None)
    assert f"/nagisa/staff/cases/{case.ref}/" in text(town.at("officer").get("/nagisa/staff/"))
    assert case.title not in text(town.at("other").get("/nagisa/staff/"))


def test_today_with_nothing_to_do_says_so(town):
    assert "手元はすっきりしています" in text(town.at("officer").get("/nagisa/staff/"))


def test_today_costs_the_same_for_one_and_for_many(town, django_assert_max_num_queries):
    def fill():
        receive(town)
        routed(town)
        make_challenge(town.city, by=town.officer, state="checking")

    fill()
    town.at("desk").get("/nagisa/staff/")
    with django_assert_max_num_queries(20) as one:
        town.at("desk").get("/nagisa/staff/")
    for _n in range(4):
        fill()
    with django_assert_max_num_queries(len(one)):
        town.at("desk").get("/nagisa/staff/")


def test_only_the_department_asked_has_its_answer_as_the_next_step(town):
    row = routed(town)
    asked = text(town.at("officer").get(f"/nagisa/staff/proposals/{row.ref}/"))
    assert "次にすること: 環境課として回答する" in asked
    assert "に代わって回答する" not in asked
    overseeing = text(town.at("desk").get(f"/nagisa/staff/proposals/{row.ref}/"))
    assert "次にすること: 環境課として回答する" not in overseeing
    assert "環境課に代わって回答する" in overseeing
