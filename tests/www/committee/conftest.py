"""A call that is screened, its committee, and a browser for each member."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from musubi.fund import actions
from musubi.fund.models import Assignment
from musubi.fund.states import Stage
from musubi.lib import clock
from tests.factories.fund import make_application, make_call, make_committee, make_edition, make_fund
from tests.factories.people import make_municipality, make_organisation, make_staff

JULY = date(2025, 7, 14)


def browser(user=None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def text(response) -> str:
    return response.content.decode()


def make_screening(city=None, *, count: int = 2, members: int = 2, assign: bool = True, **rules):
    """`call`, `applications`, `members`, `desk`, `at(user)`; both members score each application, first stage."""
    city = city or make_municipality("nagisa", name="なぎさ市")
    fund = make_fund(city)
    desk = make_staff(city, "desk", name="青木 直")
    with clock.standing_at(date(2025, 6, 12)):
        call = make_call(fund, edition=make_edition(city, **rules))
        applications = []
        for number in range(count):
            organisation = make_organisation(f"見本海洋研究所{number}株式会社")
            with_papers = make_application(
                call,
                organisation=organisation,
                state="draft",
                title=f"見本の事業{number}",
                content=f"見本海洋研究所{number}が藻場を増やす。",
            )
            person = organisation.representatives.first().user
            stored = default_storage.save(f"fund/{number}.pdf", ContentFile(b"%PDF-1.4"))
            actions.add_paper(
                with_papers,
                by=person,
                stored=stored,
                name=f"決算書{number}.pdf",
                size=8,
                media_type="application/pdf",
                required=call.edition.papers.get(code="accounts"),
            )
            actions.file_application(with_papers, by=person)
            actions.check_application(with_papers, by=None)
            applications.append(with_papers)
    committee = make_committee(fund, members)
    actions.begin_screening(call, by=None)
    if assign:
        actions.assign(call, by=None, stage=Stage.FIRST, due_on=date(2025, 7, 20))
    return SimpleNamespace(
        city=city, fund=fund, call=call, applications=applications, members=committee, desk=desk
    )


@pytest.fixture
def july():
    with clock.standing_at(JULY):
        yield


@pytest.fixture
def screening(july):
    return make_screening()


def sheet_of(member, application) -> Assignment:
    return Assignment.objects.get(member=member, application=application)
