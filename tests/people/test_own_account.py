"""What a person changes about their own account, and nobody else."""

import pytest

from musubi.journal.queries import history
from musubi.lib.errors import Missing, NotAllowed, Refused
from musubi.people import own_account
from musubi.people.models import User
from tests.factories.people import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return make_user(name="森 和子")


def told(person) -> list[tuple[str, dict]]:
    return [(entry.verb, entry.data) for entry in history(person)]


def test_change_name_keeps_the_one_before_in_the_journal(person):
    own_account.change_name(person, " 林　和子\n", by=person)
    own_account.change_name(person, "林 和子", by=person)
    assert User.objects.get(pk=person.pk).name == "林 和子"
    assert told(person) == [("user.renamed", {"before": "森 和子"})]


@pytest.mark.parametrize(("name", "error"), [(" ", Missing), ("あ" * 81, Refused)])
def test_change_name_to_nothing_or_too_much_is_refused(person, name, error):
    with pytest.raises(error) as refusal:
        own_account.change_name(person, name, by=person)
    assert (refusal.value.field, User.objects.get(pk=person.pk).name) == ("name", "森 和子")


def test_change_language_is_in_the_journal_once(person):
    for _ in range(2):
        own_account.change_language(person, "en", by=person)
    assert User.objects.get(pk=person.pk).language == "en"
    assert told(person) == [("user.changed_language", {"language": "en"})]


def test_change_language_to_an_unknown_one_is_refused(person):
    with pytest.raises(Refused) as refusal:
        own_account.change_language(person, "tlh", by=person)
    assert (refusal.value.field, told(person)) == ("language", [])


def test_changes_of_somebody_else_are_not_allowed(person):
    other = make_user()
    with pytest.raises(NotAllowed):
        own_account.change_name(person, "別人", by=other)
    with pytest.raises(NotAllowed):
        own_account.change_language(person, "en", by=other)
    assert told(person) == []
