"""What staff put with a case is looked through like what everybody else sends."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from musubi.cases.models import CaseFile
from tests.factories.cases import make_case
from tests.services.test_virus_scan import clamd as clamd
from tests.www.staff.conftest import text

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("clamd", ["unix"], indirect=True)]


@pytest.fixture
def send(town, clamd, monkeypatch):
    monkeypatch.setenv("MUSUBI_CLAMD", clamd.address)
    case = make_case(town.city, town.organisation, officer=town.officer, desk=town.desk)

    def send(content: bytes):
        file = SimpleUploadedFile("記録.txt", content)
        return town.at("officer").post(f"/nagisa/staff/cases/{case.ref}/file/", {"upload": file})

    return send


def test_file_with_a_virus_is_refused_in_words(send):
    answer = send(b"here is EICAR")
    assert answer.status_code == 422
    assert "ウイルスが見つかったため" in text(answer)
    assert not CaseFile.objects.exists()


def test_clean_file_is_kept_under_its_name(send):
    assert send("議事録です。".encode()).status_code == 302
    file = CaseFile.objects.get()
    assert (file.name, file.file.read().decode()) == ("記録.txt", "議事録です。")
