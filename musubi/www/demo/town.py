"""Who plays: the organisations and their representatives, and a municipality with its departments and staff."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from musubi.people import actions as people
from musubi.people.models import Department, Municipality, Organisation, User

DATA = Path(__file__).parent / "data"
MAIL = "demo.example"


@cache
def read(name: str) -> dict:
    """A file of `data/`."""
    with (DATA / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


def person(key: str, name: str) -> User:
    """Someone who signs in with one click: without a usable password there is no other way in."""
    return User.objects.create_user(f"{key}@{MAIL}", None, name=name)


@dataclass
class Cast:
    """Organisations and the person who acts for each, by the key in `organisations.toml`. Made when first needed."""

    organisations: dict[str, Organisation] = field(default_factory=dict)
    speakers: dict[str, User] = field(default_factory=dict)

    def organisation(self, key: str) -> Organisation:
        if key not in self.organisations:
            words = dict(read("organisations")[key])
            speaker = self.speakers[key] = person(key, words.pop("speaker"))
            self.organisations[key] = people.register_organisation(by=speaker, **words)
        return self.organisations[key]

    def speaker(self, key: str) -> User:
        self.organisation(key)
        return self.speakers[key]


@dataclass
class Town:
    """One municipality, empty until it is founded. Departments and their people by key; `desk` is the desk officer who does most things."""

    cast: Cast
    municipality: Municipality | None = None
    departments: dict[str, Department] = field(default_factory=dict)
    officers: dict[str, User] = field(default_factory=dict)
    managers: dict[str, User] = field(default_factory=dict)
    committee: dict[str, User] = field(default_factory=dict)
    desk: User | None = None

    def decides(self, key: str) -> User:
        """Who decides for a department: its manager, else the desk."""
        return self.managers.get(key, self.desk)

    def key_of(self, department: Department) -> str:
        return next(key for key, row in self.departments.items() if row.pk == department.pk)


def found(town: Town, name: str) -> None:
    """Found the municipality described in `<name>.toml`, with its departments and staff, and fill `town` with them."""
    words = read(name)
    city = town.municipality = people.found_municipality(by=None, **words["municipality"])
    town.departments["desk"] = city.departments.get(is_desk=True)
    for key, staff in words["staff"].items():
        user = person(f"{key}.{name}", staff["name"])
        people.appoint(user, city, staff["role"], by=None)
        if key == "desk":
            town.desk = town.officers["desk"] = user
    for position, (key, facts) in enumerate(words["departments"].items(), 1):
        facts = dict(facts)
        officer, manager = facts.pop("officer"), facts.pop("manager", "")
        department = people.add_department(city, facts.pop("name"), by=None, position=position, **facts)
        town.departments[key] = department
        town.officers[key] = person(f"{key}.{name}", officer)
        people.appoint(town.officers[key], city, "officer", by=None, department=department)
        if manager:
            town.managers[key] = person(f"{key}-manager.{name}", manager)
            people.appoint(town.managers[key], city, "manager", by=None, department=department)
