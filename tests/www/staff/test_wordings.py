"""定型文: kept in the settings, chosen where something is written, never at the cost of what was typed."""

import pytest
from django.urls import reverse

from musubi.cases.models import Post
from musubi.proposals.models import Proposal
from musubi.wordings import actions, queries
from musubi.wordings.models import Wording
from tests.factories.cases import make_case
from tests.factories.proposals import make_proposal

from .conftest import text

pytestmark = pytest.mark.django_db
HERE = "/nagisa/staff/settings/wordings/"


@pytest.fixture
def case(town):
    return make_case(
        town.city, town.organisation, officer=town.officer, by=town.representative, title="海岸清掃"
    )


def say(case):
    return f"/nagisa/staff/cases/{case.ref}/say/"


def body_of(response, code="say", field="body") -> str:
    return response.context["forms"][code][field].value() or ""


# In the settings


def test_list_shows_the_texts_by_what_they_are_for(town):
    shown = text(town.at("desk").get(HERE))
    for words in ("最初の返事", "資料のお願い", "見送り", "資料をお願いする", "標準の文面"):
        assert words in shown


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("desk", 200),
        ("administrator", 200),
        ("officer", 403),
        ("auditor", 403),
        ("stranger", 403),
        (None, 302),
    ],
)
def test_settings_are_for_the_desk_and_the_administrators(town, role, status):
    assert town.at(role).get(HERE).status_code == status
    assert town.at(role).get(f"{HERE}decline/").status_code == status
    done = 302 if status == 200 else status
    assert town.at(role).post(f"{HERE}decline/retire/").status_code == done


def test_text_is_changed_and_brought_back(town):
    form = {"title": "催促", "body": "{団体名}様、いかがですか。"}
    assert town.at("administrator").post(f"{HERE}reminder/", form)["Location"] == HERE
    assert "標準から直した文面" in text(town.at("desk").get(HERE))
    town.at("desk").post(f"{HERE}reminder/restore/")
    assert queries.find(town.city, "reminder").title == "お返事をお願いする"


def test_unknown_placeholder_is_named_and_nothing_is_lost(town):
    answer = town.at("desk").post(f"{HERE}reminder/", {"title": "催促", "body": "{住所}の{団体名}様"})
    assert answer.status_code == 422
    assert "{住所}は使えません。" in text(answer)
    assert "{住所}の{団体名}様" in text(answer)
    assert Wording.objects.count() == 0


def test_preview_fills_an_invented_case_and_keeps_nothing(town):
    form = {"title": "催促", "body": "{団体名}の{担当者名}様", "preview": "1"}
    answer = town.at("desk").post(f"{HERE}reminder/", form)
    assert answer.context["preview"] == "うみかぜ環境株式会社の潮見 遥様"
    assert Wording.objects.count() == 0


def test_own_text_is_added_ordered_and_retired(town):
    form = {"kind": "decline", "title": "時期が合わない", "body": "またの機会に。"}
    assert town.at("desk").post(f"{HERE}new/", form)["Location"] == HERE
    code = Wording.objects.get().code
    town.at("desk").post(f"{HERE}{code}/up/")
    rows = [row.code for row in queries.of_municipality(town.city) if row.kind == "decline"]
    assert rows == ["decline", code, "decline-budget"]
    town.at("desk").post(f"{HERE}{code}/retire/")
    assert queries.find(town.city, code).is_active is False


def test_no_such_text_is_not_found(town):
    assert town.at("desk").get(f"{HERE}nothing/").status_code == 404
    assert town.at("desk").post(f"{HERE}decline/burn/").status_code == 404


# Where something is written


def test_text_is_chosen_and_stands_above_what_was_typed(town, case):
    form = {"body": "追伸です。", "next_step": "資料", "wording": "ask-material", "fill": "1"}
    answer = town.at("officer").post(say(case), form)
    assert answer.status_code == 200
    body = body_of(answer)
    assert body.startswith("うみかぜ環境株式会社\n潮見 遥 様\n")
    assert f"「海岸清掃」({case.ref})" in body
    assert body.endswith("\n\n追伸です。")
    assert answer.context["forms"]["say"]["next_step"].value() == "資料"
    assert answer.context["forms"]["say"]["asks"].value() is False
    assert Post.objects.filter(kind="message").count() == 0


def test_another_text_takes_the_place_of_the_one_before(town, case):
    first = body_of(
        town.at("officer").post(say(case), {"body": "追伸", "wording": "ask-material", "fill": "1"})
    )
    form = {
        "body": first.replace("\n", "\r\n"),
        "wording": "reminder",
        "wording_was": "ask-material",
        "fill": "1",
    }
    body = body_of(town.at("officer").post(say(case), form))
    assert "資料をいただけますでしょうか" not in body
    assert "先日お願いした件はいかがでしょうか。" in body
    assert body.endswith("\n\n追伸")


def test_address_may_begin_with_a_text(town, case):
    page = f"/nagisa/staff/cases/{case.ref}/"
    assert "先日お願いした件" in body_of(town.at("officer").get(page + "?wording=reminder"))
    assert body_of(town.at("officer").get(page + "?wording=nothing")) == ""
    assert body_of(town.at("officer").get(page)) == ""


def test_no_choice_made_keeps_what_was_typed(town, case):
    answer = town.at("officer").post(say(case), {"body": "追伸", "wording": "", "fill": "1"})
    assert body_of(answer) == "追伸"


def test_text_is_sent_as_it_was_edited(town, case):
    town.at("officer").post(say(case), {"body": "直した文面", "wording": "reminder", "asks": "on"})
    assert Post.objects.get(kind="message").body == "直した文面"


def test_retired_text_is_not_offered(town, case):
    page = f"/nagisa/staff/cases/{case.ref}/"
    assert 'value="reminder"' in text(town.at("officer").get(page))
    actions.retire_wording(queries.find(town.city, "reminder"), by=town.desk)
    assert 'value="reminder"' not in text(town.at("officer").get(page))


def test_case_is_closed_from_a_text(town, case):
    address = f"/nagisa/staff/cases/{case.ref}/close/"
    answer = town.at("officer").post(address, {"reason": "budget", "wording": "decline-budget", "fill": "1"})
    assert "今年度の予算に見込んでおらず" in body_of(answer, "close", "feedback")
    assert answer.context["forms"]["close"]["reason"].value() == "budget"
    assert body_of(answer) == ""


@pytest.fixture
def proposal(town):
    words = {"state": "routing", "departments": [town.env, town.sea], "desk": town.desk}
    return make_proposal(town.city, town.organisation, by=town.representative, title="ごみマップ", **words)


def test_proposal_is_declined_from_a_text(town, proposal):
    address = reverse("staff-proposal-decline", args=["nagisa", proposal.ref])
    answer = town.at("desk").post(
        address, {"reason": "budget", "feedback": "追伸", "wording": "decline", "fill": "1"}
    )
    assert answer.status_code == 200
    feedback = answer.context["form"]["feedback"].value()
    assert f"「ごみマップ」({proposal.ref})" in feedback
    assert feedback.endswith("\n\n追伸")
    assert answer.context["form"]["reason"].value() == "budget"
    assert Proposal.objects.get(pk=proposal.pk).state == "routing"


def test_question_is_answered_from_a_text_and_the_other_one_stays_empty(town, proposal):
    routing, other = proposal.routings.order_by("pk")
    address = reverse("staff-proposal-answer", args=["nagisa", proposal.ref, routing.pk])
    form = {f"r{routing.pk}-answer": "interested", "wording": "routing-interested", "fill": "1"}
    answer = town.at("desk").post(address, form)
    forms = {r.pk: form for r, form, _own in answer.context["answers"]}
    assert (
        "うみかぜ環境株式会社のご提案「ごみマップ」について、環境課として"
        in forms[routing.pk]["comment"].value()
    )
    assert forms[routing.pk]["answer"].value() == "interested"
    assert not forms[other.pk]["comment"].value()
