"""Placeholders, and the product's own texts."""

import pytest

from musubi.lib.errors import Refused
from musubi.wordings.defaults import DEFAULTS
from musubi.wordings.rules import check_body, fill, gist
from musubi.wordings.states import PLACEHOLDERS, Kind


def test_fill_puts_facts_in_and_leaves_room_for_what_is_missing():
    assert fill("{団体名} {担当者名} 様", {"団体名": "うみかぜ", "担当者名": ""}) == "うみかぜ （　　） 様"


def test_fill_does_not_fill_what_a_fact_brings():
    assert fill("{件名}", {"件名": "{団体名}", "団体名": "うみかぜ"}) == "{団体名}"


def test_check_body_names_what_cannot_be_filled():
    with pytest.raises(Refused) as refusal:
        check_body("{団体名}の{住所}と{電話}と{住所}")
    assert str(refusal.value).startswith("{住所}、{電話}は使えません。差し込めるのは{団体名}{担当者名}")
    assert refusal.value.field == "body"


@pytest.mark.parametrize("body", ["{団体名", "団体名}", "{団体{名}}", "{団体\n名}"])
def test_check_body_refuses_braces_that_do_not_pair(body):
    with pytest.raises(Refused):
        check_body(body)


def test_check_body_takes_wide_braces_and_blanks():
    assert check_body("｛団体名｝ { 件名 } ") == "{団体名} {件名}"


@pytest.mark.parametrize("default", DEFAULTS, ids=[default.code for default in DEFAULTS])
def test_default_can_be_filled_whole(default):
    assert check_body(default.body) == default.body
    assert "（　　）" not in fill(default.body, PLACEHOLDERS)
    assert default.kind in Kind.values


def test_every_kind_has_a_default_and_every_code_is_its_own():
    assert {default.kind for default in DEFAULTS} == set(Kind)
    assert len({default.code for default in DEFAULTS}) == len(DEFAULTS)


def test_gist_leaves_out_the_salutation_and_what_other_texts_say_too():
    ours = "{団体名}\n{担当者名} 様\n\n{所属}の{職員名}です。\n「{件名}」を拝見しました。予算がありません。"
    other = "「{件名}」を拝見しました。お会いしたいです。"
    assert gist(ours, [other]) == "予算がありません。"
    assert gist(other, [ours]) == "お会いしたいです。"


def test_gist_puts_placeholders_by_their_names():
    assert gist("「{件名}」の資料をお願いします。", []) == "「件名」の資料をお願いします。"


def test_gist_of_a_text_that_others_repeat_is_the_text():
    assert gist("お待ちください。", ["お待ちください。"]) == "お待ちください。"


def test_the_products_texts_differ_in_their_first_words():
    bodies = {default.code: default.body for default in DEFAULTS}
    firsts = [
        gist(body, [other for code, other in bodies.items() if code != mine])[:30]
        for mine, body in bodies.items()
    ]
    assert len(set(firsts)) == len(DEFAULTS)
