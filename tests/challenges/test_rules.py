"""The hints that help to write a good challenge."""

import time

import pytest

from musubi.challenges.rules import hints

WORDS = {"title": "落ち葉を集めたい", "goal_image": "秋の終わりに歩道が片付いている。"}


@pytest.mark.parametrize("problem", ["年に約40回ある。", "職員が三千 時間かけている。", "2割減らしたい。"])
def test_a_number_with_its_unit_needs_no_hint(problem):
    found = hints(problem=problem, **WORDS)
    assert not any("数字を一つ" in hint.text for hint in found)


def test_a_page_of_digits_is_read_once():
    began = time.process_time()
    found = hints(problem="9" * 50_000, **WORDS)
    assert any("数字を一つ" in hint.text for hint in found)
    assert time.process_time() - began < 2
