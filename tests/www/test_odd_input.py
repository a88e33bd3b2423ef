"""Whatever is typed into an address or sent with a form: an answer in words, never a fault.

Every address is asked as somebody who may use it (see `test_matrix.py`), with questions no page offers; every form that
any page shows is sent back empty, and with values no browser would send.
"""

import logging
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

import pytest
from django.db import DataError, connection, transaction
from django.test import Client
from django.urls import reverse

from tests.www.test_matrix import rows
from tests.www.world import ROLES, World, addresses, make_world

pytestmark = pytest.mark.django_db

HUGE = "9" * 20
# Names that some page reads from its address.
NAMES = [
    "page", "q", "goal", "field", "department", "scale", "state", "sort", "view", "year", "kind", "track", "channel",
    "challenge", "stage", "series", "fiscal_year", "organisation", "next", "to", "show", "tab", "mine", "open",
    "solution", "city", "verb", "since", "until", "case", "who", "text", "status", "lang", "begin", "ref", "account",
    "pot",
]  # fmt: skip
FIRST = {"year", "challenge", "solution", "organisation", "to"}
VALUES = {
    "nothing": "",
    "below zero": "-1",
    "a word": "zzz",
    "a number without end": HUGE,
    "a number of another script": "１２٣",
    "a null byte": "a\x00b",
    "5,000 letters": "海" * 5000,
    "emoji": "🐙🏽‍💻",
    "half a letter": "\ud800",
    "signs of a query language": "%' OR 1=1 --\"*:&|!()",
    "a day that is none": "2025-02-31",
}


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def world() -> World:
    return make_world()


def users() -> list[tuple[str, str, list[str], str]]:
    """(method, address, words, role) of each row of the matrix, with somebody who may."""
    order = ["desk", "rep", "off", "adm", *ROLES]
    found = []
    for method, name, words, cells in rows():
        role = next((role for role in order if cells[role] in ("ok", "told")), None)
        if role:
            found.append((method, name, words, role))
    return found


class Browsers:
    """A browser for each role; a request is undone afterwards and tells what went wrong, if anything."""

    def __init__(self, world: World):
        self.world, self.open = world, {}

    def of(self, role: str) -> Client:
        if role not in self.open:
            self.open[role] = self.world.browser(role)
        return self.open[role]

    def ask(self, role: str, method: str, address: str, data=None):
        """(response or None, fault or "")."""
        # Signed in before, so that it is not undone with the request.
        browser = self.of(role)
        try:
            with transaction.atomic():
                response = getattr(browser, method.lower())(address, data)
                transaction.set_rollback(True)
        except Exception as fault:
            return None, f"{type(fault).__name__}: {fault}"[:200]
        fault = f"answered {response.status_code}" if response.status_code >= 500 else ""
        return response, fault


@pytest.mark.parametrize("what", VALUES)
def test_odd_question_to_any_page_is_answered(what, world):
    browsers, faults = Browsers(world), {}
    value = VALUES[what].encode("utf-8", "surrogatepass")
    # Once more without what some pages look at first and answer 404 for.
    queries = [urlencode([(name, value) for name in names]) for names in (NAMES, set(NAMES) - FIRST)]
    for method, name, words, role in users():
        for query in queries if method == "GET" else []:
            _response, fault = browsers.ask(role, method, f"{world.address(name, *words)}?{query}")
            if fault:
                faults[" ".join([name, *words])] = fault
    assert faults == {}


def test_odd_part_of_any_address_is_not_found():
    """A number too great for the database, a reference that is none."""
    world = make_world()
    browsers, faults = Browsers(world), {}
    for name, parts in addresses().items():
        for text in ("zzz", "0", "x" * 2000):
            # A row's number is digits alone, or the address is none of ours.
            odd = {
                part: {"city": world.city.slug}.get(part, HUGE if converter == "int" else text)
                for part, converter in parts.items()
            }
            for role in ("anon", "desk", "rep", "adm"):
                for method in ("GET", "POST"):
                    _response, fault = browsers.ask(role, method, reverse(name, kwargs=odd))
                    if fault:
                        faults[f"{method} {name} as {role}"] = fault
    assert faults == {}


class Forms(HTMLParser):
    """The forms of a page: {(method, address): names of their fields}."""

    def __init__(self, here: str):
        super().__init__()
        self.here, self.found, self.fields = here, {}, None

    def handle_starttag(self, tag, attrs):
        words = dict(attrs)
        if tag == "form":
            key = (words.get("method", "get").upper(), urljoin(self.here, words.get("action") or self.here))
            self.fields = self.found.setdefault(key, {})
        elif self.fields is not None and words.get("name"):
            self.fields.setdefault(words["name"], words.get("type", tag))

    def handle_endtag(self, tag):
        if tag == "form":
            self.fields = None


def forms_of(world: World, browsers: Browsers) -> dict[tuple[str, str], dict[str, str]]:
    """{(role, address): {field: type}} of every form that is sent, on every page somebody may read."""
    found = {}
    for method, name, words, role in users():
        address = world.address(name, *words)
        if method == "POST":
            found.setdefault((role, address), {})
            continue
        response, _fault = browsers.ask(role, "GET", address)
        if response is None or response.streaming or "html" not in response.headers.get("Content-Type", ""):
            continue
        page = Forms(address)
        page.feed(response.content.decode())
        for (how, where), fields in page.found.items():
            if how == "POST" and not where.startswith("/accounts/log") and "://" not in where:
                found.setdefault((role, where), {}).update(fields)
    return found


ODD = {
    "nothing": lambda kind: "",
    "null bytes": lambda kind: "\x00" if kind in ("radio", "checkbox") else "a\x00b",
    "100,000 letters": lambda kind: "海" * 100_000,
    "choices that are none": lambda kind: "zzz",
    "numbers without end": lambda kind: HUGE,
    "below zero": lambda kind: "-1",
    "half a letter": lambda kind: "海\ud800".encode("utf-8", "surrogatepass"),
}


@pytest.mark.parametrize("what", ODD)
def test_odd_values_in_any_form_are_answered(what, world):
    browsers, faults = Browsers(world), {}
    forms = forms_of(world, browsers)
    assert len(forms) > 60
    for (role, address), fields in forms.items():
        data = {
            name: ODD[what](kind)
            for name, kind in fields.items()
            if kind not in ("file", "submit", "button") and name != "csrfmiddlewaretoken"
        }
        response, fault = browsers.ask(role, "POST", address, data)
        if fault:
            faults[f"{address} as {role}"] = fault
        elif response.status_code not in (200, 204, 302, 303, 400, 403, 404, 409, 413, 422):
            faults[f"{address} as {role}"] = f"answered {response.status_code}"
    assert faults == {}


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite keeps null bytes; PostgreSQL refuses them")
def test_null_bytes_do_reach_the_database_here():
    """So the tests above mean something: what forms let through would be a fault."""
    from musubi.people.models import Municipality

    with pytest.raises(DataError, match="NUL"):
        Municipality.objects.filter(name="a\x00b").exists()
