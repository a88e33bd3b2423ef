"""Second match on the screens: the desk offers, the representative reads what would be passed on, and decides."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from musubi.people.models import Representative
from musubi.proposals import actions, referrals
from musubi.proposals.models import Proposal, Referral
from tests.factories.challenges import make_challenge
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db
REASON = "藻場の再生に役立つと思います。"


@pytest.fixture
def city():
    return make_municipality("nagisa", name="なぎさ市")


@pytest.fixture
def desk(city):
    return make_staff(city, "desk", name="青木 直")


@pytest.fixture
def sea(city):
    return make_department(city, "水産課", duties="漁業、漁港、藻場の再生")


@pytest.fixture
def person():
    return make_representative(make_organisation("うみかぜ環境株式会社"), name="潮見 遥")


@pytest.fixture
def proposal(city, person, desk):
    row = make_proposal(
        city,
        person.represents.get().organisation,
        by=person,
        state="routing",
        departments=[make_department(city, "環境課")],
        desk=desk,
        title="藻場の再生を写真で記録する",
        content="藻場の様子を写真で記録し、漁業者と共有します。",
    )
    actions.decline(row, by=desk, reason="capacity", feedback="体制が整いません。")
    return row


@pytest.fixture
def referral(proposal, sea, desk):
    return referrals.offer(proposal, sea, by=desk, reason=REASON)


def at(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(response) -> str:
    return response.content.decode()


def refer_page(proposal) -> str:
    return f"/nagisa/staff/proposals/{proposal.ref}/refer/"


# --- the desk ----------------------------------------------------------------------------------------------------


def test_decline_leads_to_where_it_may_be_offered(city, person, desk, sea):
    row = make_proposal(city, person.represents.get().organisation, by=person, title="藻場の再生")
    answer = at(desk).post(
        f"/nagisa/staff/proposals/{row.ref}/decline/", {"reason": "timing", "feedback": "来年度にぜひ。"}
    )
    assert (answer.status_code, answer["Location"]) == (302, refer_page(row))


def test_refer_page_shows_candidates_with_reasons(proposal, sea, desk, city, index):
    make_challenge(
        city, desk=desk, title="藻場が減っている", problem="藻場の様子が分からず、漁業者が困っています。"
    )
    make_challenge(
        make_municipality("hoka", name="ほか市"), title="藻場の再生", problem="藻場の写真の記録がない。"
    )
    index()
    page = text(at(desk).get(refer_page(proposal)))
    assert "水産課" in page
    assert "担当する仕事の" in page
    assert "この部署に紹介する" in page
    assert "藻場が減っている" in page
    assert "ほかの自治体の課題です。" in page


def test_refer_button_asks_the_organisation(proposal, sea, desk):
    answer = at(desk).post(refer_page(proposal), {"reason": REASON, "target": f"d{sea.pk}"}, follow=True)
    page = text(answer)
    assert "水産課への紹介について、団体に尋ねました。" in page
    assert "団体の返事待ち" in page
    assert Referral.objects.get().department == sea
    assert Proposal.objects.get(pk=proposal.pk).state == "declined"


def test_refer_to_a_department_or_challenge_that_is_no_candidate(proposal, desk, city):
    other = make_department(city, "観光課")
    at(desk).post(refer_page(proposal), {"reason": REASON, "department": other.pk})
    challenge = make_challenge(city, desk=desk, title="駐輪場が足りない")
    at(desk).post(refer_page(proposal), {"reason": REASON, "challenge": challenge.ref})
    assert [r.target for r in Referral.objects.order_by("pk")] == [other, challenge]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"reason": "", "target": "sea"}, "紹介する理由を書いてください。"),
        ({"reason": REASON}, "紹介先を一つ選んでください"),
        ({"reason": REASON, "target": "d999999"}, "この候補は、いまは選べません。"),
        ({"reason": REASON, "challenge": "2020-999"}, "この整理番号の課題は見つかりません。"),
    ],
)
def test_refer_refused_keeps_what_was_typed(proposal, sea, desk, typed, said):
    typed = {name: f"d{sea.pk}" if value == "sea" else value for name, value in typed.items()}
    answer = at(desk).post(refer_page(proposal), typed)
    assert answer.status_code == 422
    assert said in text(answer)
    assert typed["reason"] in text(answer)
    assert Referral.objects.count() == 0


def test_refer_page_by_who_may_not(proposal, sea, city, person):
    officer = make_staff(city, "officer", sea)
    assert at(officer).get(refer_page(proposal)).status_code == 404
    asked = make_staff(city, "officer", proposal.routings.get().department)
    assert at(asked).get(refer_page(proposal)).status_code == 403
    assert at(make_staff(city, "auditor")).get(refer_page(proposal)).status_code == 403
    assert at(person).get(refer_page(proposal)).status_code == 403


def test_refer_page_of_what_is_not_declined(city, desk):
    row = make_proposal(city)
    answer = at(desk).get(refer_page(row), follow=True)
    assert "紹介できるのは、見送った提案だけです。" in text(answer)


def test_declined_proposal_cannot_be_routed_by_its_page(proposal, sea, desk):
    page = text(at(desk).get(f"/nagisa/staff/proposals/{proposal.ref}/"))
    assert "この部署に照会する" not in page
    assert "ほかの部署や課題に紹介する" in page
    at(desk).post(f"/nagisa/staff/proposals/{proposal.ref}/route/", {"departments": [sea.pk]})
    assert Proposal.objects.get(pk=proposal.pk).state == "declined"


def test_other_department_does_not_see_it_before_consent(referral, proposal, sea, city, person):
    officer = at(make_staff(city, "officer", sea))
    address = f"/nagisa/staff/proposals/{proposal.ref}/"
    assert officer.get(address).status_code == 404
    assert proposal.title not in text(officer.get("/nagisa/staff/proposals/"))
    assert proposal.title not in text(officer.get("/nagisa/staff/"))
    at(person).post(f"/my/referrals/{referral.pk}/", {"answer": "yes"})
    page = text(officer.get(address))
    assert proposal.title in page
    assert REASON in page


def test_withdraw_offer_on_the_page(referral, proposal, desk):
    address = f"{refer_page(proposal)}{referral.pk}/withdraw/"
    assert "紹介を取りやめる" in text(at(desk).get(address))
    at(desk).post(address, {"reason": "水産課の都合"})
    assert Referral.objects.get().state == "withdrawn"


def test_desk_records_the_answer_of_an_organisation_without_representatives(referral, proposal, desk):
    address = f"{refer_page(proposal)}{referral.pk}/answer/"
    assert at(desk).get(address).status_code == 403
    Representative.objects.all().delete()
    assert at(desk).post(address, {"answer": "no", "words": ""}).status_code == 422
    at(desk).post(address, {"answer": "no", "words": "電話で断られました。"})
    assert Referral.objects.get().state == "refused"


def test_desk_that_says_neither_records_nothing(referral, proposal, desk):
    Representative.objects.update(ended_at="2026-01-01T00:00:00Z")
    page = at(desk).post(
        f"/nagisa/staff/proposals/{proposal.ref}/refer/{referral.pk}/answer/",
        {"words": "電話で確かめました。"},
    )
    assert page.status_code == 422
    assert "「同意を得た」か「断られた」を選んでください。" in text(page)
    assert Referral.objects.get().state == "offered"


def test_history_tells_a_department_nothing_of_other_offers(referral, proposal, person, city, desk):
    referrals.refuse(referral, by=person, words="水産課の担当の方とは、以前もめました。")
    harbour = make_department(city, "港湾課")
    second = referrals.offer(proposal, harbour, by=desk, reason="岸壁でも試せます。")
    referrals.consent(second, by=person)
    address = f"/nagisa/staff/proposals/{proposal.ref}/"
    page = text(at(make_staff(city, "officer", harbour)).get(address))
    assert "岸壁でも試せます。" in page
    assert "以前もめました" not in page
    assert "水産課" not in page
    assert "以前もめました" in text(at(desk).get(address))


# --- the representative ------------------------------------------------------------------------------------------


def test_home_shows_whose_turn_it_is(referral, person):
    page = text(at(person).get("/my/"))
    assert "「水産課」で検討してもよいか返事をする" in page
    assert f'href="/my/referrals/{referral.pk}/"' in page


def test_home_costs_the_same_for_many(referral, proposal, person, desk, city):
    browser = at(person)

    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            browser.get("/my/")
        return len(seen)

    statements()
    few = statements()
    for name in ("一課", "二課", "三課"):
        referrals.offer(proposal, make_department(city, name), by=desk, reason=REASON)
    assert statements() == few


def test_referral_page_shows_what_would_be_passed_on(referral, proposal, person):
    page = text(at(person).get(f"/my/referrals/{referral.pk}/"))
    for words in ("なぎさ市 水産課", REASON, proposal.content, "同意する", "断る"):
        assert words in page


def test_consent_by_a_plain_form(referral, proposal, person):
    answer = at(person).post(
        f"/my/referrals/{referral.pk}/", {"answer": "yes", "words": "ぜひ。"}, follow=True
    )
    assert "同意を自治体に伝えました。" in text(answer)
    assert "「水産課」への引き継ぎに同意しました" in text(answer)
    assert Proposal.objects.get(pk=proposal.pk).state == "routing"


def test_refusal_by_a_plain_form(referral, proposal, person):
    answer = at(person).post(
        f"/my/referrals/{referral.pk}/", {"answer": "no", "words": "忙しいため"}, follow=True
    )
    assert "断ったことを自治体に伝えます。" in text(answer)
    row = Referral.objects.get()
    assert (row.state, row.words) == ("refused", "忙しいため")


def test_answer_that_is_neither(referral, person):
    answer = at(person).post(f"/my/referrals/{referral.pk}/", {"words": "検討中"})
    assert answer.status_code == 422
    assert "検討中" in text(answer)
    assert Referral.objects.get().state == "offered"


def test_consent_to_a_challenge_elsewhere_leads_to_the_draft(proposal, person, desk):
    there = make_challenge(make_municipality("hoka", name="ほか市"), title="磯焼けを止めたい")
    referral = referrals.offer(proposal, there, by=desk, reason=REASON)
    assert "ほか市あての提案の下書きが" in text(at(person).get(f"/my/referrals/{referral.pk}/"))
    answer = at(person).post(f"/my/referrals/{referral.pk}/", {"answer": "yes"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/my/proposals/{Referral.objects.get().draft_id}/edit/"
    assert "磯焼けを止めたい" in text(answer)


def test_referral_page_of_others_is_not_there(referral, desk):
    assert at(make_representative()).get(f"/my/referrals/{referral.pk}/").status_code == 404
    assert at(desk).get(f"/my/referrals/{referral.pk}/").status_code == 404


def test_referral_page_after_the_answer_tells_what_became_of_it(referral, person):
    referrals.refuse(referral, by=person, words="忙しいため")
    page = text(at(person).get(f"/my/referrals/{referral.pk}/"))
    assert "引き継ぎを断りました" in page
    assert 'name="answer"' not in page
