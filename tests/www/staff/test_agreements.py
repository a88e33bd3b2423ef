"""The register of agreements on the staff's pages."""

import csv
import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from musubi.cases.agreements import actions as agreements
from musubi.cases.models import Agreement
from musubi.lib import clock
from tests.factories.cases import make_contact
from tests.factories.people import make_department, make_municipality, make_organisation, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def officer(city):
    return make_staff(city, "officer")


@pytest.fixture
def company():
    return make_organisation("うみかぜ環境株式会社")


@pytest.fixture
def case(city, company, officer):
    return make_contact(city, company, officer=officer, title="海岸の清掃")


def made(case, desk, *, title="海の包括協定", on="", until="", **words):
    words = {"kind": "comprehensive", "cases": [case], **words}
    row = agreements.draft_agreement(case.lead, case.organisations.all(), by=desk, title=title, **words)
    if on:
        with clock.standing_at(date.fromisoformat(on)):
            agreements.sign_agreement(
                row,
                by=desk,
                signed_on=date.fromisoformat(on),
                expires_on=date.fromisoformat(until) if until else None,
            )
    return row


def page(row, name="staff-agreement", *more):
    return reverse(name, args=[row.municipality.slug, row.ref, *more])


def act(client, row, code, **data):
    return client.post(page(row, "staff-agreement-act", code), data)


def text(response) -> str:
    return response.content.decode()


def test_register_narrows_says_how_many_and_survives_odd_values(client, city, case, desk):
    with clock.standing_at(date(2026, 10, 1)):
        made(case, desk, title="防災の協定", kind="individual", on="2026-04-01", until="2026-12-01")
        made(case, desk, title="見守りの協定", on="2026-05-01")
        made(case, desk, title="清掃の覚書", kind="memorandum")
        client.force_login(desk)

        def titles(**query):
            answer = client.get(reverse("staff-agreements", args=[city.slug]), query)
            rows = [row["agreement"].title for row in answer.context["rows"]]
            assert f"<b>{len(rows)}</b>" in text(answer)
            return rows

        assert titles() == ["防災の協定", "見守りの協定", "清掃の覚書"]
        assert titles(sort="signed") == ["清掃の覚書", "見守りの協定", "防災の協定"]
        assert titles(soon="on") == ["防災の協定"]
        assert titles(state="drafting") == ["清掃の覚書"]
        assert titles(kind="comprehensive") == ["見守りの協定"]
        assert titles(q="うみかぜ") == titles()
        assert titles(dormant="on") == []
        assert titles(state="nothing", kind="x", page="99", sort="up") == titles()
        assert "あと61日" in text(client.get(reverse("staff-agreements", args=[city.slug])))


def test_register_costs_the_same_for_few_and_for_many(
    client, city, case, desk, django_assert_max_num_queries
):
    client.force_login(desk)
    made(case, desk, on="2026-04-01")
    for _ in range(2):
        with django_assert_max_num_queries(18):
            client.get(reverse("staff-agreements", args=[city.slug]))
        for number in range(15):
            made(case, desk, title=f"協定{number}", on="2026-04-01", until="2029-03-31")


def test_csv_holds_the_same_rows(client, city, case, desk):
    client.force_login(desk)
    made(case, desk, on="2026-04-01", until="2029-03-31", items="=清掃")
    made(case, desk, title="清掃の覚書", kind="memorandum")
    answer = client.get(reverse("staff-agreements-csv", args=[city.slug]), {"kind": "comprehensive"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [
        (row["名称"], row["相手の団体"], row["満了日"], row["案件数"], row["連携事項"]) for row in rows
    ] == [("海の包括協定", "うみかぜ環境株式会社", "2029-03-31", "1", "'=清掃")]


def test_agreement_from_registration_to_its_renewal(client, city, case, desk, company):
    client.force_login(desk)
    words = {
        "kind": "individual",
        "title": "清掃の協定",
        "department": case.lead_id,
        "organisations": [company.pk],
        "cases": [case.pk],
        "key": "9f6b1f0e-6f0e-4a53-9a3c-0d8f1f0e6f0e",
    }
    for _ in range(2):
        assert client.post(reverse("staff-agreement-new", args=[city.slug]), words).status_code == 302
    row = Agreement.objects.get()
    assert (
        client.post(page(row, "staff-agreement-edit"), {**words, "title": "海の清掃の協定"}).status_code
        == 302
    )
    assert act(client, row, "review").status_code == 302
    answer = act(client, row, "return", remarks="")
    assert answer.status_code == 422
    assert act(client, row, "return", remarks="期間を書く。").status_code == 302
    answer = act(client, row, "sign", signed_on="2999-01-01")
    assert (answer.status_code, "今日までの日付" in text(answer)) == (422, True)
    assert act(client, row, "sign", signed_on="2026-04-01", expires_on="2999-03-31").status_code == 302
    answer = act(client, row, "renew")
    successor = Agreement.objects.get(succeeds=row)
    assert (answer.status_code, answer["Location"]) == (302, page(successor) + "#told")
    shown = text(client.get(page(row)))
    assert "海の清掃の協定" in shown
    assert page(successor) in shown
    assert act(client, row, "renew").status_code == 422
    assert act(client, row, "terminate", reason="事業の終了").status_code == 302
    shown = text(client.get(page(row)))
    assert "事業の終了" in shown
    assert "act-terminate" not in shown


def test_papers_are_downloads_for_the_staff_of_the_municipality_only(client, case, desk, officer):
    row = made(case, desk)
    client.force_login(desk)
    paper = SimpleUploadedFile(
        "協定書.pdf", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj\n<<>>\nendobj\n%%EOF", "application/pdf"
    )
    assert act(client, row, "file", file=paper).status_code == 302
    file = row.files.get()
    answer = client.get(page(row, "staff-agreement-file", file.pk))
    assert answer["Content-Disposition"].startswith("attachment")
    client.force_login(officer)
    assert client.get(page(row, "staff-agreement-file", file.pk)).status_code == 200
    bad = SimpleUploadedFile("協定書.exe", b"MZ")
    assert act(client, row, "file", file=bad).status_code == 403
    client.force_login(desk)
    assert act(client, row, "file", file=bad).status_code == 422
    client.force_login(make_staff(make_municipality(), "desk"))
    assert client.get(page(row, "staff-agreement-file", file.pk)).status_code == 403


def test_cases_are_linked_and_unlinked_and_hidden_from_who_may_not_read_them(
    client, city, case, desk, company
):
    row = made(case, desk, cases=[])
    client.force_login(desk)
    assert act(client, row, "link", case=case.pk).status_code == 302
    assert act(client, row, "link", case=case.pk).status_code == 422
    assert "海岸の清掃" in text(client.get(page(row)))
    client.force_login(make_staff(city, "officer", make_department(city, "水産課")))
    shown = text(client.get(page(row)))
    assert "海岸の清掃" not in shown
    assert "ほかの部署の案件が1件" in shown
    assert act(client, row, "unlink", case=case.pk).status_code == 403
    client.force_login(desk)
    assert act(client, row, "unlink", case=case.pk).status_code == 302
    assert row.cases.count() == 0


def test_sleeping_agreement_says_so_on_its_page_and_in_the_list(client, city, case, desk):
    with clock.standing_at(date(2026, 4, 6)):
        bare = made(case, desk, cases=[], on="2026-04-06")
    with clock.standing_at(date(2026, 10, 5)):
        agreements.mark_dormant()
        client.force_login(desk)
        assert "休眠しています" in text(client.get(page(bare)))
        answer = client.get(reverse("staff-agreements", args=[city.slug]), {"dormant": "on"})
        assert [row["dormant"] for row in answer.context["rows"]] == [True]
