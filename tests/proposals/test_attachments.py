"""Files with a draft, drafts that are sent twice, and drafts that two windows write."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, NotAllowed, Refused
from musubi.proposals import actions
from musubi.proposals.models import Attachment, Proposal
from musubi.proposals.rules import MOST_FILES
from tests.factories.people import make_municipality, make_organisation, make_representative
from tests.factories.proposals import make_proposal

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return make_organisation()


@pytest.fixture
def person(company):
    return make_representative(company)


@pytest.fixture
def draft(company, person):
    return make_proposal(organisation=company, by=person, state="draft")


def store() -> str:
    return default_storage.save("proposals/2026/x.pdf", ContentFile(b"%PDF-1.7"))


def attach(proposal, by, name="計画.pdf"):
    return actions.attach(proposal, by=by, stored=store(), name=name, size=8, media_type="application/pdf")


def test_attach_keeps_the_file_with_the_draft(draft, person):
    attachment = attach(draft, person)
    assert (attachment.name, attachment.size, attachment.media_type) == ("計画.pdf", 8, "application/pdf")
    assert attachment.file.read() == b"%PDF-1.7"
    entry = history(draft).last()
    assert (entry.verb, entry.data) == ("proposal.attached", {"file": attachment.pk, "name": "計画.pdf"})


def test_attach_to_a_submitted_proposal_is_refused(draft, person):
    actions.submit(draft, by=person)
    with pytest.raises(Refused, match="足せません"):
        attach(draft, person)


def test_attach_by_another_organisation_is_not_allowed(draft):
    with pytest.raises(NotAllowed):
        attach(draft, make_representative())


def test_attach_beyond_the_most_is_refused(draft, person):
    for _ in range(MOST_FILES):
        attach(draft, person)
    with pytest.raises(Refused, match="10個まで") as refusal:
        attach(draft, person)
    assert refusal.value.field == "files"
    assert draft.attachments.count() == MOST_FILES


def test_detach_takes_the_row_and_the_bytes(draft, person, django_capture_on_commit_callbacks):
    attachment = attach(draft, person)
    stored = attachment.file.name
    with django_capture_on_commit_callbacks(execute=True):
        actions.detach(attachment, by=person)
    assert not Attachment.objects.exists()
    assert not default_storage.exists(stored)
    assert history(draft).last().verb == "proposal.detached"


def test_detach_from_a_submitted_proposal_is_refused(draft, person):
    attachment = attach(draft, person)
    actions.submit(draft, by=person)
    with pytest.raises(Refused, match="外せません"):
        actions.detach(attachment, by=person)
    assert default_storage.exists(attachment.file.name)


def test_detach_by_another_organisation_is_not_allowed(draft, person):
    with pytest.raises(NotAllowed):
        actions.detach(attach(draft, person), by=make_representative())


def test_discard_takes_the_files_too(draft, person, django_capture_on_commit_callbacks):
    stored = attach(draft, person).file.name
    with django_capture_on_commit_callbacks(execute=True):
        actions.discard(draft, by=person)
    assert not default_storage.exists(stored)


def test_draft_of_a_form_sent_twice_is_one_with_the_later_words(company, person):
    city, key = make_municipality(), uuid4()
    first = actions.draft_proposal(company, city, by=person, track="open", key=key, title="海の")
    second = actions.draft_proposal(company, city, by=person, track="open", key=key, title="海の教室")
    assert first.pk == second.pk
    assert Proposal.objects.get().title == "海の教室"


def test_draft_with_the_key_of_another_organisation_is_not_allowed(company, person):
    city, key = make_municipality(), uuid4()
    actions.draft_proposal(company, city, by=person, track="open", key=key, title="海の")
    other = make_organisation()
    with pytest.raises(NotAllowed):
        actions.draft_proposal(
            other, city, by=make_representative(other), track="open", key=key, title="山の"
        )


def test_save_proposal_from_an_older_window_conflicts_and_changes_nothing(draft, person):
    seen = draft.saved_at
    with clock.standing_at(seen + timedelta(minutes=1)):
        actions.save_proposal(
            Proposal.objects.get(pk=draft.pk), by=person, seen=seen, content="新しい窓の言葉"
        )
    with clock.standing_at(seen + timedelta(minutes=2)), pytest.raises(Conflict):
        actions.save_proposal(draft, by=person, seen=seen, content="古い窓の言葉")
    assert Proposal.objects.get(pk=draft.pk).content == "新しい窓の言葉"
