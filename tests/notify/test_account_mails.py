"""allauth's mails go through delivery rows."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail as django_mail
from django.template.loader import render_to_string

from musubi.notify import tasks
from musubi.notify.models import Delivery
from tests.factories.people import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(settings):
    settings.ORIGIN = "https://musubi.example.jp"
    person = make_user("山田 & 子", email="yamada@example.jp")
    person.set_password("ひみつのことば123")
    person.save()
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
    return person


def test_password_reset_is_queued_and_sent_by_the_worker(client, person, configured):
    client.post("/accounts/password/reset/", {"email": person.email}, HTTP_HOST="localhost")
    row = Delivery.objects.get()
    assert (row.address, row.subject, row.state, row.notice) == (
        person.email,
        "パスワードの再設定",
        "queued",
        None,
    )
    assert re.search(
        r"^https://musubi\.example\.jp/accounts/password/reset/key/\S+/$", row.body, re.MULTILINE
    )
    assert row.body.startswith(
        "このメールアドレスのアカウントについて、パスワードの再設定の申込みがありました。\n"
    )
    assert row.body.endswith("Musubi(結) https://musubi.example.jp")
    assert django_mail.outbox == []
    tasks.send_waiting()
    assert [(m.to, m.subject, m.body) for m in django_mail.outbox] == [
        ([person.email], row.subject, row.body)
    ]


def test_reset_for_an_unknown_address_queues_nothing(client):
    client.post("/accounts/password/reset/", {"email": "nobody@example.jp"}, HTTP_HOST="localhost")
    assert not Delivery.objects.exists()


def test_sign_up_queues_the_confirmation(client, settings):
    settings.ORIGIN = "https://musubi.example.jp"
    client.post(
        "/accounts/signup/",
        {
            "email": "new@example.jp",
            "name": "新田",
            "password1": "kaigan-doori-7",
            "password2": "kaigan-doori-7",
        },
        HTTP_HOST="localhost",
    )
    row = Delivery.objects.get()
    assert (row.address, row.subject) == ("new@example.jp", "メールアドレスの確認をお願いします")
    assert row.body.startswith("新田 様\n\nMusubi(結)に、このメールアドレスが登録されました。\n")
    link = re.search(r"^https://musubi\.example\.jp(/accounts/confirm-email/\S+/)$", row.body, re.MULTILINE)
    client.post(link[1], HTTP_HOST="localhost")
    assert EmailAddress.objects.get(email="new@example.jp").verified


def test_sign_up_with_a_known_address_tells_its_owner(client, person):
    client.post(
        "/accounts/signup/",
        {"email": person.email, "name": "x", "password1": "kaigan-doori-7", "password2": "kaigan-doori-7"},
        HTTP_HOST="localhost",
    )
    row = Delivery.objects.get()
    assert row.subject == "このメールアドレスはすでに登録されています"
    assert "https://musubi.example.jp/accounts/password/reset/" in row.body


@pytest.mark.parametrize(
    "name",
    [
        *(
            f"account/email/{name}"
            for name in [
                "account_already_exists",
                "email_changed",
                "email_confirm",
                "email_confirmation",
                "email_confirmation_signup",
                "email_deleted",
                "login_code",
                "password_changed",
                "password_reset",
                "password_reset_code",
                "password_reset_key",
                "password_set",
                "unknown_account",
            ]
        ),
        *(
            f"mfa/email/{name}"
            for name in [
                "recovery_codes_generated",
                "totp_activated",
                "totp_deactivated",
                "webauthn_added",
                "webauthn_removed",
            ]
        ),
        *(f"socialaccount/email/{name}" for name in ("account_connected", "account_disconnected")),
    ],
)
def test_every_account_mail_is_in_japanese_and_escapes_nothing(name):
    context = {
        key: f"<{key}&>"
        for key in [
            "user",
            "email",
            "code",
            "activate_url",
            "password_reset_url",
            "signup_url",
            "from_email",
            "to_email",
            "deleted_email",
            "provider",
            "ip",
            "user_agent",
            "origin",
        ]
    }
    subject = render_to_string(f"{name}_subject.txt", context).strip()
    body = render_to_string(f"{name}_message.txt", context)
    assert re.search(r"[ぁ-ん]", subject)
    assert "\n" not in subject
    assert "&lt;" not in body
    assert "&amp;" not in body
    assert not re.search(r"[A-Za-z]{3,} [a-z]{2,} [a-z]{2,}", body), body
    assert "Musubi(結) <origin&>" in body
