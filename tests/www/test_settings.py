"""What the environment of an installation says about signing in, read by a process of its own."""

import json
import os
import subprocess
import sys

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings

from musubi.people.models import User
from tests.factories.people import make_user

ASK = (
    "import json, config.settings as s;"
    "print(json.dumps({'proxies': s.ALLAUTH_TRUSTED_PROXY_COUNT, 'forms': [str(x) for x in s.SECURE_CSP['form-action']]}))"
)


def said(tmp_path, **environment) -> dict:
    found = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=settings.BASE_DIR,
        env=os.environ | {"MUSUBI_VAR": str(tmp_path)} | environment,
        capture_output=True,
        check=True,
    )
    return json.loads(found.stdout)


def test_forms_lead_nowhere_else_and_no_forwarded_address_is_believed(tmp_path):
    assert said(tmp_path) == {"proxies": 0, "forms": ["'self'"]}


def test_forms_may_lead_to_the_single_sign_on(tmp_path):
    sso = {"SERVER": "https://sso.example.jp/realms/city", "CLIENT_ID": "musubi", "SECRET": "x"}
    forms = said(tmp_path, **{f"MUSUBI_OIDC_{name}": value for name, value in sso.items()})["forms"]
    assert forms == ["'self'", "https://sso.example.jp"]


@pytest.mark.django_db
def test_wrong_passwords_of_one_visitor_do_not_lock_out_the_others(client, settings):
    """Behind one proxy, which appends whom it speaks for: what the visitor claims before that is not believed."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    def try_at(claimed: str, address: str, email: str):
        words = {"login": email, "password": "wrong"}
        return client.post("/accounts/login/", words, headers={"X-Forwarded-For": f"{claimed}, {address}"})

    answers = [try_at(f"198.51.100.{n}", "203.0.113.9", f"n{n}@example.jp") for n in range(40)]
    assert (answers[0].status_code, answers[-1].status_code) == (200, 429)
    assert try_at("203.0.113.9", "203.0.113.10", "other@example.jp").status_code == 200


@pytest.mark.django_db
def test_signing_in_leads_to_no_other_place(client):
    email = make_user(email="haruka@example.jp", password="長い合言葉です").email
    EmailAddress.objects.create(user=User.objects.get(), email=email, verified=True, primary=True)
    before = client.session.session_key
    words = {"login": email, "password": "長い合言葉です"}
    answer = client.post("/accounts/login/?next=//elsewhere.example/", words)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/home/")
    assert client.session.session_key != before
