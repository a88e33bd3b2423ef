import pytest
from django.test import Client

from tests.factories.people import make_municipality, make_organisation, make_representative


@pytest.fixture
def city():
    return make_municipality("shiohama", name="汐浜市")


@pytest.fixture
def company():
    return make_organisation("うみかぜ環境株式会社")


@pytest.fixture
def person(company):
    return make_representative(company, name="潮見 遥", email="haruka@example.jp")


@pytest.fixture
def stranger():
    """A representative of another organisation."""
    return make_representative(make_organisation("よその株式会社"), email="stranger@example.jp")


@pytest.fixture
def here(client, person):
    """The person's browser."""
    client.force_login(person)
    return client


@pytest.fixture
def there(stranger):
    """The stranger's browser."""
    client = Client()
    client.force_login(stranger)
    return client


@pytest.fixture
def text():
    """The words of a response."""
    return lambda response: response.content.decode()
