"""The secretariat's pages of letters: lists with both files, the editor of words and layout, the Word template."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from musubi.fund.models import LetterIssue, LetterStyle
from tests.factories.fund import make_application, make_call, make_fund
from tests.factories.people import make_municipality, make_staff
from tests.fund.after import advance, award_of, on
from tests.fund.test_letters_style import docx

pytestmark = pytest.mark.django_db
HOME = "/shiokaze/staff/fund/"


@pytest.fixture
def city():
    return make_municipality("shiokaze", name="潮風市")


@pytest.fixture
def desk(city, client):
    desk = make_staff(city, "desk")
    client.force_login(desk)
    return desk


@pytest.fixture
def award(city):
    award = award_of(make_fund(city))
    advance(award, 500_000)
    return award


def test_letters_of_an_award_are_listed_with_their_files_and_numbers(client, desk, award):
    address = f"{HOME}applications/{award.application.ref}/letters/"
    page = client.get(address).text
    assert "まだ発行していません" in page
    word = client.get(f"{address}award-{award.pk}.docx")
    assert word["Content-Type"].endswith("wordprocessingml.document")
    assert word["Cache-Control"] == "private, no-store"
    assert "attachment" in word["Content-Disposition"]
    pdf = client.get(f"{address}award-{award.pk}.pdf")
    assert pdf.content.startswith(b"%PDF-")
    page = client.get(address).text
    assert award.number in page
    assert f"{address}award-{award.pk}/again/" in page
    assert client.get(f"{address}award-{award.pk + 1}.pdf").status_code == 404
    assert client.get(f"{address}postcard-{award.pk}.pdf").status_code == 404
    assert client.get(f"{address}award-{award.pk}.exe").status_code == 404


def test_list_of_letters_takes_as_many_statements_whatever_followed(
    client, desk, award, django_assert_max_num_queries
):
    with django_assert_max_num_queries(24):
        client.get(f"{HOME}applications/{award.application.ref}/letters/")


def test_letter_with_a_character_no_typeface_has_says_which_and_can_be_made_anew(client, desk, award):
    organisation = award.application.organisation
    type(organisation).objects.update(name="😀の会")
    address = f"{HOME}applications/{award.application.ref}/letters/"
    page = client.get(f"{address}award-{award.pk}.pdf", follow=True)
    assert "U+1F600" in page.text
    type(organisation).objects.update(name="笑顔の会")
    assert client.post(f"{address}award-{award.pk}/again/", {"reason": ""}).status_code == 422
    client.post(f"{address}award-{award.pk}/again/", {"reason": "団体名の文字"})
    assert client.get(f"{address}award-{award.pk}.pdf").content.startswith(b"%PDF-")
    assert LetterIssue.objects.get(kind="award").content["party"] == "笑顔の会"


def test_style_is_tried_kept_and_given_back(client, desk):
    address = f"{HOME}letters/award/"
    form = client.get(address).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields} | {"title": "{制度名}決定書"}
    assert client.post(address, typed | {"preview": "1"}).content.startswith(b"%PDF-")
    assert not LetterStyle.objects.exists()
    assert client.post(address, typed).status_code == 302
    style = LetterStyle.objects.get()
    assert (style.title, style.blocks, style.body) == ("{制度名}決定書", [], "")
    wrong = client.post(address, typed | {"body": "{返還額}を返す。", "margin_top": "25"})
    assert wrong.status_code == 422
    assert "{返還額}を返す。" in wrong.text
    assert "{返還額}は使えません" in wrong.text
    assert client.post(address, typed | {"body": "{返還額}", "preview": "1"}).status_code == 422
    assert client.post(address, typed | {"place_title": ""}).status_code == 422
    moved = client.post(address, typed | {"place_title": "1", "place_notes": ""})
    assert moved.status_code == 302
    style.refresh_from_db()
    assert style.blocks[:2] == ["form", "title"]
    assert "notes" not in style.blocks
    client.post(f"{address}restore/")
    style.refresh_from_db()
    assert (style.title, style.blocks) == ("", [])


@pytest.mark.parametrize("kind", ["all", "receipt", "gift-thanks", "minutes"])
def test_style_of_any_kind_is_kept_as_it_was_when_nothing_is_changed(client, desk, kind):
    address = f"{HOME}letters/{kind}/"
    form = client.get(address).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields}
    assert client.post(address, typed).status_code == 302
    style = LetterStyle.objects.get()
    assert (style.body, style.sender, style.blocks, style.margins) == ("", "", [], {})


def test_word_template_is_tried_kept_shown_and_given_back(client, desk):
    address = f"{HOME}letters/award/word/"
    ours = client.get(f"{HOME}letters/award/example/template/")
    assert ours.content.startswith(b"PK")
    wrong = client.post(address, {"word": SimpleUploadedFile("x.docx", docx("{{ 口座番号 }}"))})
    assert wrong.status_code == 422
    assert "口座番号" in wrong.text
    assert client.post(address, {}).status_code == 422
    sent = client.post(address, {"word": SimpleUploadedFile("決定.docx", docx("{{ 団体名 }} 御中"))})
    assert sent.status_code == 302
    page = client.get(address).text
    assert "決定.docx" in page
    assert "一般社団法人𠮷野の浜づくり 御中" in page
    client.post(f"{HOME}letters/award/drop/")
    assert "標準のひな形" in client.get(address).text
    assert not LetterStyle.objects.exclude(file="").exists()


def test_call_offers_its_papers_and_makes_letters_in_the_background(client, desk, city):
    with on(6, 12):
        call = make_call(make_fund(city))
        make_application(call, state="submitted")
    address = f"{HOME}calls/{call.ref}/letters/"
    assert client.post(address, {"kind": "minutes"}).status_code == 422
    assert client.post(address, {"kind": "receipt"}).status_code == 302
    assert "順番待ち" in client.get(address).text
    assert client.post(address, {"kind": "receipt"}).status_code == 422
    batch = call.letter_batches.get()
    assert client.get(f"{address}batch-{batch.pk}.zip").status_code == 404


def test_auditor_reads_the_lists_and_changes_nothing(client, city, award):
    client.force_login(make_staff(city, "auditor"))
    page = client.get(f"{HOME}letters/")
    assert page.status_code == 200
    assert f"{HOME}letters/award/" not in page.text.replace(f"{HOME}letters/award/example", "")
    assert client.get(f"{HOME}letters/award/").status_code == 403
    assert client.get(f"{HOME}applications/{award.application.ref}/letters/").status_code == 200


def test_other_municipality_s_letters_are_not_there(client, award):
    client.force_login(make_staff(make_municipality("hoka"), "desk"))
    ref = award.application.ref
    assert client.get(f"/hoka/staff/fund/applications/{ref}/letters/").status_code == 404
    assert client.get(f"{HOME}applications/{ref}/letters/").status_code == 403


def test_applicant_fetches_the_own_letters_and_nobody_else_s(client, award):
    application = award.application
    client.force_login(application.filed_by)
    address = f"/my/fund/{application.pk}/letters/"
    pdf = client.get(f"{address}award.pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert client.get(f"{address}award-{award.pk}.pdf").content.startswith(b"%PDF-")
    assert client.get(f"{address}scores.pdf").status_code == 404
    assert client.get(f"{address}claim.pdf").status_code == 404
    client.force_login(make_staff(application.call.fund.municipality, "desk"))
    assert client.get(f"{address}award.pdf").status_code == 404


def test_applicant_has_no_result_by_a_letter_before_the_release(client, city):
    with on(6, 12):
        application = make_application(make_call(make_fund(city)))
    type(application).objects.filter(pk=application.pk).update(state="first_failed", reason="弱い")
    client.force_login(application.filed_by)
    answers = {
        kind: client.get(f"/my/fund/{application.pk}/letters/{kind}.pdf").status_code
        for kind in ("award", "refusal", "reserve", "claim")
    }
    assert answers == dict.fromkeys(answers, 404)
    assert client.get(f"/my/fund/{application.pk}/letters/receipt.pdf").content.startswith(b"%PDF-")
