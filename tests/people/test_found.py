import pytest
from django.core.management import CommandError, call_command

from musubi.people.models import Municipality, User
from musubi.people.permissions import Can, may

pytestmark = pytest.mark.django_db


def test_found_makes_a_municipality_with_its_desk_and_administrator(capsys):
    person = User.objects.create_superuser("first@example.jp", "correct horse", name="最初の人")
    call_command("found", "131121", "my-city", "見本区", "東京都")
    city = Municipality.objects.get(slug="my-city")
    assert city.departments.get().is_desk
    assert may(User.objects.get(pk=person.pk), Can.MANAGE_MUNICIPALITY, city)
    assert "見本区を作りました" in capsys.readouterr().out


@pytest.mark.parametrize("code", ["131122", "abc", ""])
def test_found_with_a_wrong_code_says_so(code):
    User.objects.create_superuser("first@example.jp", "correct horse", name="最初の人")
    with pytest.raises(CommandError):
        call_command("found", code, "my-city", "見本区", "東京都")
    assert Municipality.objects.count() == 0


def test_found_without_a_person_says_what_to_do():
    with pytest.raises(CommandError, match="createsuperuser"):
        call_command("found", "131121", "my-city", "見本区", "東京都")
