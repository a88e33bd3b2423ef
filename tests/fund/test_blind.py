"""Blind copies: the names by which an organisation and its people are registered do not come through."""

import pytest

from musubi.fund.blind import Mask, is_hidden, masks_of
from musubi.fund.models import Application, Edition
from musubi.fund.states import Stage
from tests.factories.fund import make_application, make_call, make_fund
from tests.factories.people import make_organisation, make_representative

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("見本海洋株式会社が行う。", "(申請団体)が行う。"),
        ("見本海洋が行う。", "(申請団体)が行う。"),
        ("見本 海洋㈱の社員", "(申請団体)(株)の社員"),
        ("ミホンカイヨウ", "(申請団体)"),
        ("ﾐﾎﾝｶｲﾖｳ", "(申請団体)"),
        ("mihon ocean inc.", "(申請団体)"),
        ("法人番号4011005003009", "法人番号(申請団体)"),
        ("代表の潮見 遥が話す。", "代表の(担当者)が話す。"),
        ("潮見遥さん、潮見さん", "(担当者)さん、(担当者)さん"),
        ("海の生きもの", "海の生きもの"),
    ],
)
def test_a_name_is_taken_out_however_it_is_written(written, read):
    organisation = make_organisation(
        "見本海洋株式会社",
        name_kana="ミホンカイヨウ",
        name_en="Mihon Ocean Inc.",
        corporate_number="4011005003009",
    )
    make_representative(organisation, name="潮見 遥")
    assert Mask(organisation)(written) == read


def test_who_represents_it_is_taken_out_as_well():
    application = make_application(make_call(make_fund()), representative_name="𠮷野 洋")
    assert Mask(application.organisation)("会長の𠮷野洋が話す。") == "会長の(担当者)が話す。"


def test_a_short_name_does_not_eat_every_text():
    organisation = make_organisation("海株式会社")
    assert Mask(organisation)("海の生きもの、海株式会社") == "海の生きもの、(申請団体)"


def test_many_masks_are_made_in_one_statement(django_assert_num_queries):
    organisations = [make_organisation(f"見本の会{n}") for n in range(3)]
    rows = [Application(pk=n, organisation=row, hidden_words="藻場\n") for n, row in enumerate(organisations)]
    with django_assert_num_queries(1):
        masks = masks_of(rows)
    assert masks[1]("見本の会1と見本の会2の藻 場") == "(申請団体)と見本の会2の(申請団体)"


def test_only_the_first_screening_is_blind():
    blind, open_ = (Application(edition=Edition(is_blind=is_blind)) for is_blind in (True, False))
    assert [is_hidden(blind, stage) for stage in Stage] == [True, False]
    assert [is_hidden(open_, stage) for stage in Stage] == [False, False]
