"""A person's own pages: where sign-in leads, notices, preferences, the name, the demo's doors."""

import re

import pytest
from django.test import Client

from musubi.cases.mail.address import reply_address
from musubi.cases.models import Post
from musubi.fund import actions
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.fiscal import fiscal_year
from musubi.notify.models import Delivery, Preference
from musubi.notify.queries import preferences_of
from tests.factories.cases import make_case
from tests.factories.fund import fill_application, make_application, make_call, make_fund
from tests.factories.notify import make_delivery, make_notice, registered
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
    make_user,
)

pytestmark = pytest.mark.django_db
PASSWORD = "naginagi-2026-umi"


@pytest.fixture
def person(client):
    user = make_user("波野 ゆう")
    client.force_login(user)
    return user


def verified(**fields):
    user = make_user(password=PASSWORD, **fields)
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    return user


# --- who may --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["home/", "notices/", "notices/1/", "preferences/", "profile/"])
def test_own_pages_ask_to_sign_in(client, path):
    response = client.get(f"/accounts/{path}")
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next=/accounts/{path}")


# --- home -----------------------------------------------------------------------------------------------------------


def test_staff_land_in_their_municipality(client):
    client.force_login(make_staff(make_municipality("minato"), "officer"))
    assert client.get("/accounts/home/")["Location"] == "/minato/staff/"


def test_representatives_land_on_their_own_page(client):
    client.force_login(make_representative())
    assert client.get("/accounts/home/")["Location"] == "/my/"


def test_who_has_several_places_chooses(client):
    user = make_staff(make_municipality("minato", name="港見市"), "desk")
    organisation = make_organisation("うみかぜ株式会社")
    organisation.representatives.create(user=user)
    client.force_login(user)
    response = client.get("/accounts/home/")
    assert [place["href"] for place in response.context["places"]] == ["/minato/staff/", "/my/"]
    assert "うみかぜ株式会社" in response.text


def test_who_has_no_place_yet_reads_what_to_do(client, person):
    text = client.get("/accounts/home/").text
    assert "団体を登録する" in text
    assert person.email in text


def test_the_language_chosen_elsewhere_holds_on_a_new_browser(client):
    client.force_login(make_staff(make_municipality("minato"), "officer", language="en"))
    client.get("/accounts/home/")
    assert client.cookies["django_language"].value == "en"
    client.cookies["django_language"] = "ja"
    assert "django_language" not in client.get("/accounts/home/").cookies


# --- notices --------------------------------------------------------------------------------------------------------


def test_notices_are_the_persons_own_newest_first(client, person):
    make_notice(person, title="先のお知らせ")
    make_notice(person, title="後のお知らせ")
    make_notice(title="人のお知らせ")
    response = client.get("/accounts/notices/")
    assert [item["title"] for item in response.context["items"]] == ["後のお知らせ", "先のお知らせ"]
    assert "人のお知らせ" not in response.text


def test_opening_a_notice_reads_it(client, person):
    notice = make_notice(person, title="届きました", body="本文 <b>", path="/minato/")
    response = client.get(f"/accounts/notices/{notice.pk}/")
    assert 'href="/minato/"' in response.text
    assert "本文 &lt;b&gt;" in response.text
    notice.refresh_from_db()
    assert notice.read_at is not None
    assert client.get("/accounts/notices/?show=unread").context["items"] == []


def test_a_notice_never_links_to_another_site(client, person):
    notice = make_notice(person, path="//evil.example/")
    assert "evil.example" not in client.get(f"/accounts/notices/{notice.pk}/").text


def test_somebody_elses_notice_is_not_found_and_stays_unread(client, person):
    notice = make_notice()
    assert client.get(f"/accounts/notices/{notice.pk}/").status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


def test_all_notices_are_read_at_once_but_only_by_post(client, person):
    make_notice(person)
    other = make_notice()
    assert client.get("/accounts/notices/read/").status_code == 405
    assert client.post("/accounts/notices/read/").status_code == 302
    assert not person.notices.filter(read_at=None).exists()
    other.refresh_from_db()
    assert other.read_at is None


def test_the_list_of_notices_costs_the_same_for_one_and_for_twenty(
    client, person, django_assert_max_num_queries
):
    for n in range(25):
        make_notice(person, title=f"お知らせ{n}")
    with django_assert_max_num_queries(8):
        response = client.get("/accounts/notices/?page=abc")
    assert len(response.context["items"]) == 20
    assert len(client.get("/accounts/notices/?page=999").context["items"]) == 5


# --- preferences and name -------------------------------------------------------------------------------------------


def test_preferences_are_saved_where_they_differ(client, person):
    with (
        registered("test.mailed", mail=True),
        registered("test.silent", mail=False),
        registered("test.kept", mail=True),
    ):
        chosen = [kind.verb for kind, by_mail in preferences_of(person) if by_mail and not kind.always]
        chosen.remove("test.mailed")
        response = client.post(
            "/accounts/preferences/", {"language": "ja", "kinds": [*chosen, "test.silent"]}
        )
        assert response.status_code == 302
        assert dict(Preference.objects.filter(user=person).values_list("kind", "by_mail")) == {
            "test.mailed": False,
            "test.silent": True,
        }


def test_a_kind_everybody_gets_is_named_but_not_offered(client, person):
    with registered("test.always", always=True):
        form = client.get("/accounts/preferences/").context["form"]
        offered = {verb for _heading, kinds in form.fields["kinds"].choices for verb, _name in kinds}
        assert "test.always" not in offered
        assert "試験のお知らせ" in form.always
        client.post("/accounts/preferences/", {"language": "ja", "kinds": []})
        assert not Preference.objects.filter(kind="test.always").exists()


def test_kinds_stand_under_headings_with_the_digest_first(client, person):
    choices = client.get("/accounts/preferences/").context["form"].fields["kinds"].choices
    headings = [str(heading) for heading, _kinds in choices]
    assert headings[:3] == ["期限", "提案", "案件"]
    assert [verb for verb, _name in choices[0][1]] == ["ball.digest", "ball.reminded"]
    assert all(kinds for _heading, kinds in choices)


def test_unknown_choices_change_nothing_and_are_told(client, person):
    response = client.post("/accounts/preferences/", {"language": "xx", "kinds": ["no.such"]})
    assert response.status_code == 422
    person.refresh_from_db()
    assert person.language == "ja"
    assert not Preference.objects.filter(user=person).exists()


def test_the_language_is_saved_and_shown_at_once(client, person):
    client.post("/accounts/preferences/", {"language": "en", "kinds": []})
    person.refresh_from_db()
    assert person.language == "en"
    assert client.cookies["django_language"].value == "en"
    assert client.get("/accounts/notices/")["Content-Language"] == "en"
    assert Entry.objects.get(verb="user.changed_language").data == {"language": "en"}


def test_the_name_is_changed_and_written_down(client, person):
    response = client.post("/accounts/profile/", {"name": "  波野 優  "})
    assert response.status_code == 302
    person.refresh_from_db()
    assert person.name == "波野 優"
    assert Entry.objects.get(verb="user.renamed").data == {"before": "波野 ゆう"}


@pytest.mark.parametrize("name", ["", "   ", "あ" * 81, "\x00", "\u200b\u200b"])
def test_a_name_that_is_none_is_refused_in_words(client, person, name):
    response = client.post("/accounts/profile/", {"name": name})
    assert response.status_code == 422
    assert response.context["form"].errors["name"]
    person.refresh_from_db()
    assert person.name == "波野 ゆう"


# --- allauth's pages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "login/",
        "signup/",
        "password/reset/",
        "password/reset/done/",
        "inactive/",
        "confirm-email/",
        "confirm-email/x/",
    ],
)
def test_the_doors_look_like_the_rest_and_speak_japanese(client, path):
    text = client.get(f"/accounts/{path}").text
    assert 'class="skip"' in text
    assert text.count("<h1") == 1
    main = re.sub(
        r"<(script|noscript).*?</\1>", "", text[text.index("<main") : text.index("</main>")], flags=re.S
    )
    words = re.sub(r"<[^>]+>", " ", main)
    assert not re.search(r"[A-Za-z]{3,} [a-z]{2,}", words), words


@pytest.mark.parametrize(
    "path", ["email/", "password/change/", "2fa/", "2fa/webauthn/", "logout/", "reauthenticate/"]
)
def test_the_accounts_pages_look_like_the_rest_and_speak_japanese(client, path):
    client.force_login(verified())
    response = client.get(f"/accounts/{path}")
    assert response.status_code == 200
    text = response.text
    main = re.sub(
        r"<(script|noscript).*?</\1>", "", text[text.index("<main") : text.index("</main>")], flags=re.S
    )
    assert not re.search(r"[A-Za-z]{3,} [a-z]{2,}", re.sub(r"<[^>]+>", " ", main))


def test_signing_up_asks_for_the_name_and_sends_a_mail(client):
    words = {"email": "atarashii@example.jp", "password1": PASSWORD, "password2": PASSWORD}
    response = client.post("/accounts/signup/", words)
    assert response.context["form"].errors.keys() == {"name"}
    assert response.context["form"]["email"].value() == "atarashii@example.jp"
    response = client.post("/accounts/signup/", words | {"name": "新しい 人"})
    assert response["Location"] == "/accounts/confirm-email/"
    mail = Delivery.objects.get(address="atarashii@example.jp")
    assert mail.state == "queued"


def test_signing_up_does_not_tell_who_has_an_account(client):
    user = verified()
    answers = []
    for email in (user.email, "dare@example.jp"):
        words = {"email": email, "password1": PASSWORD, "password2": PASSWORD, "name": "だれか"}
        response = client.post("/accounts/signup/", words)
        answers.append((response.status_code, response["Location"]))
        client.logout()
    assert answers[0] == answers[1]


def test_resetting_a_password_does_not_tell_who_has_an_account(client):
    user = verified()
    known = client.post("/accounts/password/reset/", {"email": user.email})
    unknown = client.post("/accounts/password/reset/", {"email": "dare@example.jp"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert not Delivery.objects.filter(address="dare@example.jp").exists()


def test_a_wrong_password_and_an_unknown_address_get_the_same_words(client):
    user = verified()
    words = []
    for email in (user.email, "dare@example.jp"):
        response = client.post("/accounts/login/", {"login": email, "password": "chigau-password"})
        words.append(list(response.context["form"].non_field_errors()))
    assert words[0] == words[1] != []


def test_guessing_passwords_is_stopped(client):
    user = verified()
    for _ in range(12):
        client.post("/accounts/login/", {"login": user.email, "password": "chigau-password"})
    response = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    assert response.status_code in (200, 429)


def test_asking_too_often_is_told_in_words(client):
    for _ in range(30):
        response = client.post("/accounts/password/reset/", {"email": "dare@example.jp"})
    assert response.status_code == 429
    assert "数分たってから" in response.text


def test_signing_in_leads_home_and_never_to_another_site(client):
    user = verified()
    words = {"login": user.email, "password": PASSWORD}
    assert client.post("/accounts/login/", words)["Location"] == "/accounts/home/"
    client.logout()
    response = client.post("/accounts/login/?next=https://evil.example/", words)
    assert response["Location"] == "/accounts/home/"


def test_signing_out_needs_a_press(client, person):
    assert client.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session


def test_signing_out_has_the_browser_drop_what_it_kept_and_nothing_else_does(client, person):
    assert not client.get("/accounts/logout/").has_header("Clear-Site-Data")
    answer = client.post("/accounts/logout/")
    assert (answer.status_code, answer["Clear-Site-Data"]) == (302, '"cache", "storage"')
    # Nobody signs out here: what somebody typed is not for another site to throw away.
    assert not client.post("/accounts/logout/").has_header("Clear-Site-Data")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person)
    refused = strict.post("/accounts/logout/")
    assert (refused.status_code, refused.has_header("Clear-Site-Data")) == (403, False)


# --- the demo -------------------------------------------------------------------------------------------------------


@pytest.fixture
def demo(settings):
    settings.DEMO = True


def test_outside_a_demo_its_doors_do_not_exist(client, settings):
    settings.DEMO = False
    user = make_staff(make_municipality("minato"), "desk", email="desk@demo.example")
    make_delivery(subject="秘密のメール")
    for path in ("/accounts/demo/", "/accounts/demo/outbox/"):
        assert client.get(path).status_code == 404
    assert client.post("/accounts/demo/", {"role": user.pk}).status_code == 404
    client.force_login(user)
    assert client.get("/accounts/demo/outbox/").status_code == 404


def test_the_demo_offers_its_people_by_place(client, demo, django_assert_max_num_queries):
    city = make_municipality("minato", name="港見市")
    make_staff(city, "officer", make_department(city, "環境課"), email="env@demo.example", name="森 和子")
    make_representative(make_organisation("うみかぜ株式会社"), email="rep@demo.example", name="潮見 遥")
    make_staff(city, "desk", email="honmono@example.jp", name="本物の人")
    with django_assert_max_num_queries(3):
        response = client.get("/accounts/demo/")
    assert [(place, [p.name for p in people]) for place, people, rest in response.context["groups"]] == [
        ("港見市", ["森 和子"]),
        ("団体", ["潮見 遥"]),
    ]
    assert "本物の人" not in response.text


def test_the_demo_shows_one_of_each_role_first_desk_ahead_and_folds_the_rest(client, demo):
    city = make_municipality("minato", name="港見市")
    quiet, busy = make_department(city, "環境課"), make_department(city, "防災課")
    make_staff(city, "auditor", email="audit@demo.example", name="監物 一")
    make_staff(city, "officer", quiet, email="quiet@demo.example", name="静 一")
    officer = make_staff(city, "officer", busy, email="busy@demo.example", name="忙 一")
    make_staff(city, "desk", email="desk@demo.example", name="受付 一")
    make_case(city, officer=officer, desk=make_staff(city, "desk", email="other@example.jp"))
    for number in range(6):
        make_representative(
            make_organisation(f"団体{number}"), email=f"{number}@demo.example", name=f"人{number}"
        )
    groups = client.get("/accounts/demo/").context["groups"]
    assert [(place, [p.name for p in people], [p.name for p in rest]) for place, people, rest in groups] == [
        ("港見市", ["受付 一", "忙 一", "監物 一"], ["静 一"]),
        ("団体", ["人0", "人1", "人2", "人3"], ["人4", "人5"]),
    ]


def test_the_demo_offers_the_committee_and_somebody_who_applies(client, demo, django_assert_max_num_queries):
    city = make_municipality("minato", name="港見市")
    fund = make_fund(city, year=fiscal_year(clock.today()))
    for number in range(5):
        make_representative(
            make_organisation(f"団体{number}"), email=f"{number}@demo.example", name=f"人{number}"
        )
    call = make_call(fund)
    applicant = make_organisation("申請団体")
    person = make_representative(applicant, email="apply@demo.example", name="申 請人")
    reading = make_call(fund, edition=call.edition)
    make_application(reading, organisation=applicant)
    application = actions.start_application(call, by=person, organisation=applicant)
    fill_application(application, person)
    actions.file_application(application, by=person)
    actions.return_application(application, by=None, remarks="内訳を書いてください。")
    member = make_user(email="member@demo.example", name="委 員子")
    actions.appoint_member(fund, by=None, user=member, is_chair=True)
    assert "委 員子" not in client.get("/accounts/demo/").text  # nothing to screen yet
    with clock.standing_at(reading.closes_at):
        actions.begin_screening(reading, by=None)
    with django_assert_max_num_queries(4):
        groups = client.get("/accounts/demo/").context["groups"]
    shown = [(place, [(p.name, p.title) for p in people]) for place, people, _rest in groups]
    assert shown[0] == ("港見市のファンドの審査会", [("委 員子", "審査委員長")])
    assert [name for name, _title in shown[1][1]] == ["人0", "人1", "人2", "申 請人"]


def test_one_press_signs_in_as_one_of_the_demos_people(client, demo):
    user = make_staff(make_municipality("minato"), "desk", email="desk@demo.example")
    response = client.post("/accounts/demo/", {"role": str(user.pk)}, follow=False)
    assert response["Location"] == "/accounts/home/"
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize("role", ["", "abc", "0", "-1", "9" * 40, "\x00"])
def test_nobody_signs_in_as_somebody_who_is_not_of_the_demo(client, demo, role):
    real = make_staff(make_municipality("minato"), "desk", email="honmono@example.jp")
    for value in (role, str(real.pk)):
        assert client.post("/accounts/demo/", {"role": value}).status_code == 404
    assert "_auth_user_id" not in client.session


def test_the_demos_door_wants_a_csrf_token(demo):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/accounts/demo/", {"role": "1"}).status_code == 403


def test_the_demos_outbox_shows_the_mails(client, demo):
    make_delivery(subject="提案を受け付けました", body="受付番号は 2026-001 です。<script>")
    response = client.get("/accounts/demo/outbox/?page=-1")
    assert "提案を受け付けました" in response.text
    assert "&lt;script&gt;" in response.text


# --- answering by mail in the demo ---------------------------------------------------------------------------------


@pytest.fixture
def answerable(settings, demo):
    """A notice about a case to one of the demo's people, as it stands in the outbox."""
    settings.REPLY_ADDRESS, settings.TRUSTED_AUTHSERV = "reply@musubi.example", ""
    company = make_organisation()
    person = make_representative(company, email="rep@demo.example")
    case = make_case(make_municipality("minato"), company)
    return make_delivery(
        user=person,
        address=person.email,
        reply_to=reply_address(case.pk, person.pk),
        body="いつ始められますか。\n",
    )


def test_the_demos_outbox_answers_by_mail_as_the_receiver(client, answerable):
    page = client.get("/accounts/demo/outbox/")
    assert f'action="/accounts/demo/outbox/{answerable.pk}/reply/"' in page.text
    response = client.post(
        f"/accounts/demo/outbox/{answerable.pk}/reply/", {"body": "来月からです。"}, follow=True
    )
    assert "のメッセージになりました。" in response.text
    post = Post.objects.get(data__has_key="mail")
    assert (post.author, post.body) == (answerable.user, "来月からです。")
    assert "> いつ始められますか。" in post.quoted


def test_the_demos_outbox_says_why_an_answer_was_refused(client, answerable):
    answerable.user.represents.update(ended_at=clock.now())
    response = client.post(
        f"/accounts/demo/outbox/{answerable.pk}/reply/", {"body": "来月からです。"}, follow=True
    )
    assert "返信は受け付けられませんでした" in response.text
    assert not Post.objects.filter(data__has_key="mail").exists()


def test_the_demos_outbox_answers_for_nobody_else(client, answerable, settings):
    real = make_delivery(address="honmono@example.jp", reply_to=answerable.reply_to)
    silent = make_delivery(address="rep@demo.example")
    for delivery in (real, silent):
        assert client.post(f"/accounts/demo/outbox/{delivery.pk}/reply/", {"body": "x"}).status_code == 404
    assert client.get(f"/accounts/demo/outbox/{answerable.pk}/reply/").status_code == 405
    settings.DEMO = False
    assert client.post(f"/accounts/demo/outbox/{answerable.pk}/reply/", {"body": "x"}).status_code == 404
