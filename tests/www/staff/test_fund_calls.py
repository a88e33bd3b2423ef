"""The secretariat's calls: prepared, previewed, published, asked about, given up."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from musubi.fund import actions
from musubi.fund.models import Call
from musubi.lib import clock
from tests.factories.fund import (
    general,
    make_application,
    make_call,
    make_contribution,
    make_edition,
    make_fund,
)
from tests.factories.people import make_municipality, make_staff, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _day():
    with clock.standing_at(date(2025, 6, 1)):
        yield


@pytest.fixture
def city():
    return make_municipality("shiokaze", name="しおかぜ市")


@pytest.fixture
def desk(city, client):
    person = make_staff(city)
    client.force_login(person)
    return person


@pytest.fixture
def fund(city):
    fund = make_fund(city)
    make_contribution(general(fund), yen=3_000_000)
    return fund


@pytest.fixture
def edition(city):
    return make_edition(city)


def at(name: str, *parts) -> str:
    return reverse(name, args=["shiokaze", *parts])


def text(response) -> str:
    return response.content.decode()


def words(fund, edition, **changed) -> dict:
    return {
        "fund": fund.pk,
        "edition": edition.pk,
        "pots": [general(fund).pk],
        "title": "第1回募集",
        "text": "海のために。",
        "opens_at": "2025-06-11T09:00:00",
        "closes_at": "2025-06-30T17:00:00",
        "first_on": "2025-07-14",
        **changed,
    }


def test_a_call_is_prepared_looked_at_and_published(client, desk, fund, edition):
    bad = client.post(at("staff-fund-call-new"), words(fund, edition, closes_at="2025-06-11T08:59:59"))
    assert (bad.status_code, "受付開始より後に" in text(bad), "第1回募集" in text(bad)) == (422, True, True)
    answer = client.post(at("staff-fund-call-new"), words(fund, edition))
    call = Call.objects.get()
    page = at("staff-fund-call", call.ref)
    assert (answer["Location"], call.state, list(call.pots.all())) == (page, "draft", [general(fund)])
    assert call.closes_at == clock.at(date(2025, 6, 30), 17)
    assert "3,000,000円" in text(client.get(page))
    preview = client.get(at("staff-fund-call-preview", call.ref))
    assert "下見です。まだだれにも見えていません" in text(preview)
    assert ("海のために。" in text(preview), "地域課題への効果" in text(preview)) == (True, True)
    client.logout()
    assert client.get(reverse("fund-call", args=["shiokaze", call.ref])).status_code == 404
    client.force_login(desk)
    edit = client.get(at("staff-fund-call-edit", call.ref))
    # The seconds of the window come back as they are.
    assert 'value="2025-06-30T17:00:00"' in text(edit)
    assert (
        client.post(at("staff-fund-call-edit", call.ref), words(fund, edition, title="第2回募集")).status_code
        == 302
    )
    assert client.post(at("staff-fund-call-act", call.ref, "publish", call.pk)).status_code == 302
    call.refresh_from_db()
    assert (call.state, call.title) == ("published", "第2回募集")
    assert "公開中・受付前" in text(client.get(page))
    assert "第2回募集" in text(client.get(reverse("fund-call", args=["shiokaze", call.ref])))


def test_a_published_call_is_only_put_off(client, desk, fund, edition):
    call = make_call(fund, edition=edition)
    page = at("staff-fund-call-edit", call.ref)
    asked = text(client.get(page))
    assert ('name="closes_at"' in asked, 'name="opens_at"' in asked, 'name="pots"' in asked) == (
        True,
        False,
        False,
    )
    sent = {"title": call.title, "text": "", "closes_at": "2025-06-02T12:00:00"}
    early = client.post(page, sent)
    assert (early.status_code, "早められません" in text(early)) == (422, True)
    assert client.post(page, {**sent, "closes_at": "2025-07-01T12:00:00"}).status_code == 302
    with clock.standing_at(date(2025, 7, 2)):
        asked = text(client.get(page))
        assert ('name="closes_at"' in asked, "受付終了は変えられません" in asked) == (False, True)
        assert "受付終了・審査前" in text(client.get(at("staff-fund-call", call.ref)))
        assert client.post(page, {**sent, "closes_at": "2025-08-01T12:00:00"}).status_code == 302
    call.refresh_from_db()
    assert call.closes_at == clock.at(date(2025, 7, 1), 12)


def test_a_call_is_given_up_with_what_was_filed(client, desk, fund, edition):
    call = make_call(fund, edition=edition)
    filed, draft = make_application(call, state="submitted"), make_application(call, state="draft")
    page = at("staff-fund-call", call.ref)
    shown = text(client.get(page))
    assert ("書きかけが1件" in shown, "出された申請はすべて「取下げ」" in shown) == (True, True)
    empty = client.post(at("staff-fund-call-act", call.ref, "cancel", call.pk), {"reason": ""})
    assert empty.status_code == 422
    answer = client.post(
        at("staff-fund-call-act", call.ref, "cancel", call.pk), {"reason": "財源がなくなったため"}
    )
    assert answer.status_code == 302
    states = [type(row).objects.get(pk=row.pk).state for row in (call, filed, draft)]
    assert states == ["cancelled", "withdrawn", "draft"]
    shown = text(client.get(page))
    assert ("この募集は中止しました" in shown, "act-cancel" in shown) == (True, False)
    again = client.post(at("staff-fund-call-act", call.ref, "cancel", call.pk), {"reason": "もう一度"})
    assert (again.status_code, "「中止」にはできません" in text(again)) == (422, True)


def test_questions_are_answered_the_open_ones_first(client, desk, fund, edition):
    call = make_call(fund, edition=edition)
    person = make_user()
    one, other = (
        actions.ask(call, by=person, question=words) for words in ("先の質問ですか", "後の質問ですか")
    )
    page = at("staff-fund-call", call.ref)
    assert text(client.get(at("staff-fund"))).count("先の質問ですか") >= 1
    assert (
        client.post(at("staff-fund-call-act", call.ref, "answer", one.pk), {"answer": " "}).status_code == 422
    )
    answer = client.post(at("staff-fund-call-act", call.ref, "answer", one.pk), {"answer": "はい、先です。"})
    assert answer["Location"] == page + "#questions"
    shown = client.get(page)
    assert [row["question"].pk for row in shown.context["questions"]] == [other.pk, one.pk]
    assert shown.context["unanswered"] == 1
    client.post(at("staff-fund-call-act", call.ref, "answer", one.pk), {"answer": "直した回答です。"})
    one.refresh_from_db()
    assert (one.answer, one.answered_by) == ("直した回答です。", desk)
    elsewhere = make_call(fund, edition=edition)
    assert (
        client.post(at("staff-fund-call-act", elsewhere.ref, "answer", one.pk), {"answer": "×"}).status_code
        == 404
    )


def test_another_citys_call_is_not_found(client, desk):
    there = make_call(make_fund(make_municipality("hoka")))
    for name in ("staff-fund-call", "staff-fund-call-edit", "staff-fund-call-preview"):
        assert client.get(at(name, there.ref)).status_code == 404


def test_nothing_to_prepare_from_says_what_comes_first(client, desk):
    assert "ファンドがまだありません" in text(client.get(at("staff-fund-call-new")))


def test_calls_are_found_and_the_list_asks_no_more_for_more(
    client, desk, fund, edition, django_assert_max_num_queries
):
    now = clock.now()
    for number in range(22):
        make_call(
            fund,
            edition=edition,
            state="draft",
            title=f"募集{number}",
            opens_at=now + timedelta(hours=number),
        )
    page = at("staff-fund-calls")
    client.get(page)
    with django_assert_max_num_queries(12):
        found = client.get(page, {"state": "draft"})
    assert (found.context["page"].paginator.count, len(found.context["rows"])) == (22, 20)
    assert [call.title for call, *_rest in client.get(page, {"q": "募集21"}).context["rows"]] == ["募集21"]
    assert "条件に合う募集はありません" in text(client.get(page, {"state": "screening"}))
