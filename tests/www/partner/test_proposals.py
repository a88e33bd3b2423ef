"""One's proposals after submission: what a proposer may know, taking back, throwing away."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from musubi.cases import actions as cases
from musubi.lib import clock
from musubi.proposals import actions
from musubi.proposals.models import Proposal
from musubi.www.templatetags.pieces import wareki
from tests.factories.cases import make_case
from tests.factories.people import make_department, make_municipality, make_staff
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer", make_department(city, "環境課"))


def submitted(city, company, person, **words):
    return make_proposal(city, company, by=person, title="漁網のごみ袋", **words)


def test_proposal_shows_whose_hands_since_when_by_when(here, city, company, person, text):
    page = text(here.get(f"/my/proposals/{submitted(city, company, person).pk}/"))
    assert "受け付けました" in page
    assert "汐浜市 公民連携デスク" in page
    assert "営業日)" in page


def test_proposal_never_shows_what_was_said_inside(here, city, company, person, desk, officer, text):
    proposal = submitted(city, company, person)
    department = officer.staff.get().department
    (routing,) = actions.route(proposal, [department], by=desk, question="内輪の問いです")
    actions.answer_routing(routing, by=officer, answer="not_now", comment="内輪の答えです")
    pages = [
        text(here.get(path))
        for path in (
            "/my/",
            "/my/proposals/",
            f"/my/proposals/{proposal.pk}/",
            f"/my/proposals/{proposal.pk}/receipt/",
        )
    ]
    assert "環境課で検討を始めました" in pages[2]
    assert "担当課からデスクに回答がありました" in pages[2]
    for page in pages:
        assert "内輪の" not in page
        assert "今回は見送りたい" not in page


def test_proposal_declined_shows_reason_and_feedback(here, city, company, person, text):
    proposal = submitted(city, company, person, state="declined")
    page = text(here.get(f"/my/proposals/{proposal.pk}/"))
    assert "時期が合わない" in page
    assert "来年度の募集でぜひご提案ください。" in page


def test_proposal_with_a_case_leads_to_it(here, city, company, person, text):
    case = make_case(city, company, by=person)
    assert f'href="/my/cases/shiohama/{case.ref}/"' in text(here.get(f"/my/proposals/{case.proposal_id}/"))


def test_proposal_that_is_a_draft_leads_to_its_form(here, city, company, person):
    draft = submitted(city, company, person, state="draft")
    assert here.get(f"/my/proposals/{draft.pk}/")["Location"] == f"/my/proposals/{draft.pk}/edit/"
    assert here.get(f"/my/proposals/{draft.pk}/receipt/")["Location"] == f"/my/proposals/{draft.pk}/edit/"


@pytest.mark.parametrize("state", ["draft", "submitted", "declined"])
@pytest.mark.parametrize("page", ["", "edit/", "check/", "receipt/", "withdraw/", "discard/"])
def test_proposal_of_another_organisation_is_not_found(there, city, company, person, state, page):
    proposal = submitted(city, company, person, state=state)
    assert there.get(f"/my/proposals/{proposal.pk}/{page}").status_code == 404
    assert there.post(f"/my/proposals/{proposal.pk}/{page}").status_code == 404
    assert Proposal.objects.get().state == state


def test_withdraw_asks_first_and_keeps_the_reason(here, city, company, person, text):
    proposal = submitted(city, company, person)
    url = f"/my/proposals/{proposal.pk}/withdraw/"
    assert "元に戻せません" in text(here.get(url))
    assert Proposal.objects.get().state == "submitted"
    here.post(url, {"reason": "社内の都合です"})
    assert Proposal.objects.get().state == "withdrawn"
    assert "社内の都合です" in text(here.get(f"/my/proposals/{proposal.pk}/"))


def test_withdraw_with_a_reason_too_long_keeps_it(here, city, company, person, text):
    proposal = submitted(city, company, person)
    response = here.post(f"/my/proposals/{proposal.pk}/withdraw/", {"reason": "長" * 1001})
    assert response.status_code == 422
    assert "長" * 1001 in text(response)
    assert Proposal.objects.get().state == "submitted"


def test_withdraw_of_a_declined_one_is_not_offered(here, city, company, person, text):
    proposal = submitted(city, company, person, state="declined")
    url = f"/my/proposals/{proposal.pk}/withdraw/"
    assert url not in text(here.get(f"/my/proposals/{proposal.pk}/"))
    assert here.post(url)["Location"] == f"/my/proposals/{proposal.pk}/"
    assert Proposal.objects.get().state == "declined"


def test_discard_asks_first(here, city, company, person):
    draft = submitted(city, company, person, state="draft")
    url = f"/my/proposals/{draft.pk}/discard/"
    assert here.get(url).status_code == 200
    assert Proposal.objects.exists()
    assert here.post(url)["Location"] == "/my/proposals/"
    assert not Proposal.objects.exists()


def test_discard_of_a_submitted_one_does_nothing(here, city, company, person):
    proposal = submitted(city, company, person)
    assert here.post(f"/my/proposals/{proposal.pk}/discard/")["Location"] == f"/my/proposals/{proposal.pk}/"
    assert Proposal.objects.exists()


def test_proposals_are_counted_by_group(here, city, company, person, text):
    submitted(city, company, person)
    submitted(make_municipality(), company, person)
    submitted(city, company, person, state="draft")
    submitted(city, company, person, state="declined")
    assert "<b>4</b>件" in text(here.get("/my/proposals/"))
    assert "<b>2</b>件" in text(here.get("/my/proposals/?state=open"))
    assert "<b>1</b>件" in text(here.get("/my/proposals/?state=draft"))
    assert "<b>1</b>件" in text(here.get("/my/proposals/?state=closed"))


def test_proposals_when_empty_say_what_to_do(here, text):
    assert "提案はまだありません" in text(here.get("/my/proposals/"))


def test_proposals_cost_the_same_for_one_row_and_for_many(here, city, company, person):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert here.get("/my/proposals/").status_code == 200
        return len(queries)

    submitted(city, company, person)
    one = cost()
    for _ in range(4):
        submitted(city, company, person)
        submitted(make_municipality(), company, person)
    assert cost() == one


def says(page: str, *, holder: str, since: str, due: str) -> None:
    """In whose hands, since when, by when: all three, whatever the state."""
    for words in (holder, f"{since}から", f"{due}まで"):
        assert words in page, words


@pytest.mark.parametrize("path", ["/my/", "/my/proposals/", "/my/proposals/{pk}/"])
def test_submitted_proposal_says_holder_since_and_due(here, city, company, person, text, path):
    with clock.standing_at(date(2026, 6, 1)):
        proposal = submitted(city, company, person)
        page = text(here.get(path.format(pk=proposal.pk)))
    says(page, holder="公民連携デスク", since="令和8年6月1日(月)", due="令和8年6月4日(木)")


@pytest.mark.parametrize("path", ["/my/", "/my/proposals/", "/my/proposals/{pk}/"])
def test_proposal_asked_about_in_several_departments_says_each(
    here, city, company, person, desk, officer, text, path
):
    other = make_department(city, "防災課")
    with clock.standing_at(date(2026, 6, 1)):
        proposal = submitted(city, company, person)
        actions.route(proposal, [officer.staff.get().department, other], by=desk, due_on=date(2026, 6, 10))
        page = text(here.get(path.format(pk=proposal.pk)))
    says(page, holder="環境課", since="令和8年6月1日(月)", due="令和8年6月10日(水)")
    if path.endswith("{pk}/"):
        assert "検討している部署" in page
        assert "防災課" in page


def test_proposal_answered_by_all_says_the_desk_gathers(here, city, company, person, desk, officer, text):
    with clock.standing_at(date(2026, 6, 1)):
        proposal = submitted(city, company, person)
        (routing,) = actions.route(proposal, [officer.staff.get().department], by=desk)
    with clock.standing_at(date(2026, 6, 3)):
        actions.answer_routing(routing, by=officer, answer="interested", comment="会いたい。")
        page = text(here.get(f"/my/proposals/{proposal.pk}/"))
    says(page, holder="公民連携デスク", since="令和8年6月3日(水)", due="令和8年6月8日(月)")
    assert "担当課の回答をまとめ" in page
    assert "検討している部署" not in page


@pytest.mark.parametrize(
    "path", ["/my/", "/my/proposals/", "/my/proposals/{pk}/", "/my/cases/", "/my/{case}/"]
)
@pytest.mark.parametrize("paused", [False, True])
def test_proposal_in_dialogue_says_what_its_case_says(
    here, city, company, person, desk, officer, text, path, paused
):
    with clock.standing_at(date(2026, 6, 1)):
        case = make_case(city, company, officer=officer, desk=desk, by=person)
        if paused:
            cases.pause(case, by=officer, until=date(2026, 7, 15), reason="予算の見通しを待つため。")
        case.refresh_from_db()
        page = text(here.get(path.format(pk=case.proposal_id, case=f"cases/{city.slug}/{case.ref}")))
    due = "令和8年7月15日(水)" if paused else f"{wareki(case.ball_due_on)}"
    says(page, holder="環境課", since="令和8年6月1日(月)", due=due)


def test_proposal_whose_organisation_must_act_says_so(here, city, company, person, desk, officer, text):
    case = make_case(city, company, officer=officer, desk=desk, by=person)
    cases.say(case, by=officer, body="見本を送ってください。", asks=True)
    for path in ("/my/", "/my/proposals/", f"/my/proposals/{case.proposal_id}/", "/my/cases/"):
        assert "あなたの番" in text(here.get(path)), path
