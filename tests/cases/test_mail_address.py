"""The address an answer goes to: short, foldable, signed, of one person in one case."""

import pytest
from django.test import override_settings

from musubi.cases.mail.address import LONGEST_MAILBOX, read_address, reply_address


@pytest.fixture(autouse=True)
def mailbox(settings):
    settings.REPLY_ADDRESS = "reply@city.example"


def test_address_names_the_case_and_the_person():
    assert read_address(reply_address(12, 345)) == (12, 345)
    assert reply_address(12, 345) != reply_address(345, 12)


def test_address_survives_a_mail_system_that_folds_case():
    assert read_address(reply_address(12, 345).upper()) == (12, 345)
    assert reply_address(12, 345) == reply_address(12, 345).lower()


@pytest.mark.parametrize("ids", [(1, 1), (0, 0), (127, 128), (2**35 - 1, 2**35 - 1)])
def test_local_part_is_at_most_64_characters_long(ids, settings):
    settings.REPLY_ADDRESS = f"{'r' * LONGEST_MAILBOX}@city.example"
    local, _, domain = reply_address(*ids).rpartition("@")
    assert (len(local) <= 64, domain, read_address(f"{local}@{domain}")) == (True, "city.example", ids)


def test_any_changed_letter_makes_it_nobodys():
    address = reply_address(12, 345)
    start = address.index("+") + 1
    end = address.index("@")
    for place in range(start, end - 1):  # the last letter carries bits that mean nothing
        other = "a" if address[place] != "a" else "b"
        assert read_address(address[:place] + other + address[place + 1 :]) is None


@pytest.mark.parametrize(
    "address",
    ["", "reply@city.example", "reply+@city.example", "reply+abc@city.example", "reply+あ@city.example", "+@", "@",
     "reply+" + "a" * 500 + "@city.example", "reply+!!!!@city.example"],
)  # fmt: skip
def test_other_addresses_are_nobodys(address):
    assert read_address(address) is None


def test_address_of_another_mailbox_or_domain_is_nobodys():
    token = reply_address(12, 345).partition("+")[2].partition("@")[0]
    assert read_address(f"other+{token}@city.example") is None
    assert read_address(f"reply+{token}@evil.example") is None


def test_key_that_was_replaced_stays_good_while_it_is_a_fallback(settings):
    address = reply_address(12, 345)
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert read_address(address) == (12, 345)
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[]):
        assert read_address(address) is None


def test_without_a_mailbox_there_is_no_address(settings):
    address = reply_address(12, 345)
    settings.REPLY_ADDRESS = ""
    assert (reply_address(12, 345), read_address(address)) == ("", None)
