"""A town in which an officer is about to leave."""

from types import SimpleNamespace

import pytest

from tests.factories.cases import make_contact
from tests.factories.people import (
    make_department,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)


@pytest.fixture
def town():
    city = make_municipality("nagisa", name="なぎさ市")
    env, sea = make_department(city, "環境課"), make_department(city, "水産課")
    organisation = make_organisation("うみかぜ環境株式会社")
    return SimpleNamespace(
        city=city,
        env=env,
        sea=sea,
        organisation=organisation,
        representative=make_representative(organisation, name="潮見 遥", email="shiomi@example.jp"),
        desk=make_staff(city, "desk", name="青木 直"),
        leaver=make_staff(city, "officer", env, name="髙﨑 邉子", email="takasaki@example.jp"),
        successor=make_staff(city, "officer", env, name="森 和子"),
        manager=make_staff(city, "manager", env, name="林 一郎"),
        other=make_staff(city, "officer", sea, name="浜 二郎"),
        administrator=make_staff(city, "administrator", name="管理 花子"),
        auditor=make_staff(city, "auditor", name="監査 次郎"),
    )


@pytest.fixture
def case(town):
    return contact(town, "海岸ごみの分別を助ける画像判定")


def contact(town, title="相談", **words):
    """A case of the leaving officer."""
    return make_contact(town.city, town.organisation, officer=town.leaver, title=title, **words)
