"""A town with its people, and a browser for each of them."""

from types import SimpleNamespace

import pytest
from django.test import Client

from tests.factories.people import (
    make_department,
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)


def browser(user=None) -> Client:
    """A signed-in browser that checks the forgery token, as a real one does not have to: forms are posted directly."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


@pytest.fixture
def town():
    """`town.city`, `town.env` and `town.sea` (departments), people by role, and `town.at(role)`, their browser."""
    city = make_municipality("nagisa", name="なぎさ市")
    env = make_department(city, "環境課", duties="海岸清掃、海洋プラスチック、廃棄物の分別")
    sea = make_department(city, "水産課", duties="漁業、漁港、藻場")
    organisation = make_organisation("うみかぜ環境株式会社")
    make_member(city, organisation)
    people = {
        "desk": make_staff(city, "desk", name="青木 直"),
        "officer": make_staff(city, "officer", env, name="森 和子"),
        "manager": make_staff(city, "manager", env, name="林 一郎"),
        "other": make_staff(city, "officer", sea, name="浜 二郎"),
        "administrator": make_staff(city, "administrator", name="管理 花子"),
        "auditor": make_staff(city, "auditor", name="監査 次郎"),
        "representative": make_representative(organisation, name="潮見 遥"),
        "stranger": make_staff(make_municipality("hoka"), "desk", name="他市 職員"),
    }
    browsers = {}

    def at(role: str | None) -> Client:
        if role not in browsers:
            browsers[role] = browser(people[role] if role else None)
        return browsers[role]

    return SimpleNamespace(city=city, env=env, sea=sea, organisation=organisation, at=at, **people)


def text(response) -> str:
    return response.content.decode()
