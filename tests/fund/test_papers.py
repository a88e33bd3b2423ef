"""Papers: handed in with an application and with a report, taken off again, closed once it is sent in."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from musubi.cases import scanning
from musubi.fund import actions
from musubi.fund.actions import Parts
from musubi.fund.actions.papers import MOST_PAPERS
from musubi.fund.models import Paper
from musubi.fund.states import Stage
from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, NotAllowed, Refused
from musubi.services.virus_scan import Result, Verdict
from tests.at_once.race import race, seen, told
from tests.factories.fund import (
    SHIOKAZE_TERMS,
    make_application,
    make_call,
    make_edition,
    make_fund,
    score_all,
)
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff
from tests.fund.after import accept, advance, award_of, fix, report

pytestmark = pytest.mark.django_db


def stored(name: str = "budget.pdf") -> dict:
    at = default_storage.save(f"fund/test/{uuid.uuid4().hex}.pdf", ContentFile(b"%PDF-1.7"))
    return {"stored": at, "name": name, "size": 8, "media_type": "application/pdf"}


@pytest.fixture
def fund():
    return make_fund(make_municipality("shiokaze"))


@pytest.fixture
def company():
    return make_organisation("見本環境株式会社")


@pytest.fixture
def person(company):
    return make_representative(company)


@pytest.fixture
def draft(fund, company):
    return make_application(make_call(fund), organisation=company, state="draft")


@pytest.fixture
def award(fund):
    award = award_of(fund)
    accept(award)
    return award


def papers(application) -> list[tuple]:
    return list(application.papers.values_list("name", "required__code", "for_report"))


def verbs(application) -> list[str]:
    return [entry.verb for entry in history(application)]


# --- with an application -----------------------------------------------------------------------------------------


def test_add_paper_keeps_the_file_with_the_application(draft, person):
    accounts = draft.edition.papers.get(code="accounts")
    paper = actions.add_paper(draft, by=person, required=accounts, scanned=Verdict.CLEAN, **stored())
    assert papers(draft) == [("budget.pdf", "accounts", False)]
    paper = seen(paper)
    assert (paper.size, paper.media_type, paper.scanned) == (8, "application/pdf", "clean")
    assert (paper.added_by, str(paper)) == (person, "budget.pdf")
    assert paper.file.read() == b"%PDF-1.7"


def test_add_paper_is_told_in_the_journal(draft, person):
    paper = actions.add_paper(draft, by=person, **stored())
    entry = Entry.objects.get(verb="application.paper_added")
    assert (entry.actor_id, entry.data["file"], entry.data["name"]) == (person.pk, paper.pk, "budget.pdf")


def test_add_paper_twice_by_one_form_keeps_one(draft, person):
    key = uuid.uuid4()
    first = actions.add_paper(draft, by=person, key=key, **stored())
    assert actions.add_paper(draft, by=person, key=key, **stored()) == first
    assert draft.papers.count() == 1


def test_the_key_of_another_applications_paper_is_refused(fund, draft, person):
    key = uuid.uuid4()
    other = make_application(make_call(fund), state="draft")
    actions.add_paper(other, by=other.organisation.representatives.get().user, key=key, **stored())
    with pytest.raises(Conflict):
        actions.add_paper(draft, by=person, key=key, **stored())
    assert draft.papers.count() == 0


def test_add_paper_by_another_organisation_or_the_secretariat_is_not_allowed(fund, draft):
    for other in (make_representative(make_organisation()), make_staff(fund.municipality)):
        with pytest.raises(NotAllowed):
            actions.add_paper(draft, by=other, **stored())
    assert draft.papers.count() == 0


@pytest.mark.parametrize("state", ["submitted", "checked", "withdrawn"])
def test_add_paper_to_one_that_was_sent_is_refused(fund, company, person, state):
    application = make_application(make_call(fund), organisation=company, state=state)
    with pytest.raises(Refused, match="送った申請の書類は変えられません"):
        actions.add_paper(application, by=person, **stored())
    assert application.papers.count() == 0


def test_one_returned_for_correction_takes_papers_again(fund, company, person):
    application = make_application(make_call(fund), organisation=company, state="returned")
    actions.add_paper(application, by=person, **stored())
    assert papers(application) == [("budget.pdf", None, False)]


def test_a_paper_of_another_programme_is_refused(fund, draft, person):
    other = make_edition(fund.municipality).papers.get()
    with pytest.raises(Refused, match="書類の種類"):
        actions.add_paper(draft, by=person, required=other, **stored())


def test_there_are_only_so_many_papers(draft, person):
    blank = {"name": "x", "file": "x", "size": 1, "added_at": draft.started_at, "added_by": person}
    Paper.objects.bulk_create(Paper(application=draft, **blank) for _ in range(MOST_PAPERS))
    with pytest.raises(Refused, match=f"{MOST_PAPERS}個まで"):
        actions.add_paper(draft, by=person, **stored())
    assert draft.papers.count() == MOST_PAPERS


def test_a_required_document_stands_no_more_against_filing(fund, company, person):
    parts = Parts(
        years=SHIOKAZE_TERMS.years,
        categories=SHIOKAZE_TERMS.categories,
        criteria=SHIOKAZE_TERMS.criteria,
        papers=[{"code": "accounts", "name": "決算書"}],
    )
    call = make_call(fund, edition=make_edition(fund.municipality, parts=parts))
    draft = make_application(call, organisation=company, state="draft")
    with pytest.raises(Refused, match="「決算書」を添付してください。"):
        actions.file_application(draft, by=person)
    actions.add_paper(draft, by=person, required=call.edition.papers.get(), **stored())
    actions.file_application(draft, by=person)
    assert seen(draft).state == "submitted"


# --- taking one off ----------------------------------------------------------------------------------------------


def test_remove_paper_takes_the_row_and_the_bytes(draft, person, django_capture_on_commit_callbacks):
    paper = actions.add_paper(draft, by=person, **stored())
    at = paper.file.name
    with django_capture_on_commit_callbacks(execute=True):
        actions.remove_paper(paper, by=person)
    assert papers(draft) == []
    assert not default_storage.exists(at)


def test_remove_paper_is_told_in_the_journal(draft, person):
    paper = actions.add_paper(draft, by=person, **stored())
    actions.remove_paper(paper, by=person)
    assert verbs(draft)[-1] == "application.paper_removed"


def test_remove_paper_by_another_organisation_is_not_allowed(draft, person):
    paper = actions.add_paper(draft, by=person, **stored())
    with pytest.raises(NotAllowed):
        actions.remove_paper(paper, by=make_representative(make_organisation()))
    assert draft.papers.count() == 1


def test_remove_paper_of_one_that_was_sent_is_refused(draft, person):
    paper = actions.add_paper(draft, by=person, **stored())
    actions.file_application(draft, by=person)
    with pytest.raises(Refused, match="送った申請の書類は変えられません"):
        actions.remove_paper(seen(paper), by=person)
    assert default_storage.exists(paper.file.name)


def test_remove_paper_that_was_removed_is_told(draft, person):
    paper = actions.add_paper(draft, by=person, **stored())
    again = seen(paper)
    actions.remove_paper(paper, by=person)
    with pytest.raises(Conflict):
        actions.remove_paper(again, by=person)


# --- with the report ---------------------------------------------------------------------------------------------


def test_evidence_hangs_on_the_cost_that_it_proves(award):
    application, person = award.application, award.application.filed_by
    costs = [{"category": "wages", "label": "担当者", "yen": 900_000}]
    actions.save_report(award, by=person, done="藻場を増やした。", effect="増えた。", costs=costs)
    line = application.costs.get(phase="actual")
    paper = actions.add_paper(application, by=person, cost=line, for_report=True, **stored("給与明細.pdf"))
    assert papers(application) == [("給与明細.pdf", None, True)]
    assert list(line.evidence.all()) == [paper]


def test_evidence_of_a_planned_cost_is_refused(award):
    person, plan = award.application.filed_by, award.application.costs.get(phase="plan")
    for words in ({"for_report": True}, {}):
        with pytest.raises(Refused):
            actions.add_paper(award.application, by=person, cost=plan, **words, **stored())


def test_papers_of_the_application_stay_as_they_are_after_the_award(award):
    with pytest.raises(Refused, match="送った申請の書類は変えられません"):
        actions.add_paper(award.application, by=award.application.filed_by, **stored())


def test_papers_of_a_report_that_was_sent_stay_as_they_are(award):
    application, person = award.application, award.application.filed_by
    paper = actions.add_paper(application, by=person, for_report=True, **stored())
    report(award, 1_000_000)
    with pytest.raises(Refused, match="実績報告の書類を変えられる段階"):
        actions.remove_paper(seen(paper), by=person)
    with pytest.raises(Refused, match="実績報告の書類を変えられる段階"):
        actions.add_paper(application, by=person, for_report=True, **stored())


def test_papers_for_the_report_before_the_award_are_refused(draft, person):
    with pytest.raises(Refused, match="実績報告の書類を変えられる段階"):
        actions.add_paper(draft, by=person, for_report=True, **stored())


def test_a_report_saved_from_an_older_form_is_refused(award):
    person = award.application.filed_by
    actions.save_report(award, by=person, done="藻場を増やした。", effect="増えた。", version=0)
    with pytest.raises(Conflict, match="先に保存しました"):
        actions.save_report(award, by=person, done="べつの言葉", effect="", version=0)
    assert seen(award).report.done == "藻場を増やした。"
    actions.save_report(seen(award), by=person, done="新しい言葉", effect="", version=1)
    assert seen(award).report.done == "新しい言葉"


# --- viruses -----------------------------------------------------------------------------------------------------


def test_papers_are_looked_through_later(draft, person, monkeypatch):
    paper = actions.add_paper(draft, by=person, **stored())
    monkeypatch.setattr(scanning, "is_configured", lambda: True)
    monkeypatch.setattr(scanning, "scan", lambda content: Result(Verdict.INFECTED, "Eicar"))
    assert scanning.scan_waiting() == 1
    assert seen(paper).scanned == "infected"
    assert verbs(draft)[-1] == "application.file_blocked"


# --- one award continued once ------------------------------------------------------------------------------------


@pytest.fixture
def ended(fund):
    """An award of last year whose programme calls again."""
    award = award_of(fund)
    advance(award, 300_000)
    report(award, 1_000_000)
    fix(award)
    return award


def again(award):
    return make_call(award.application.call.fund, edition=award.application.edition)


def start(award, call, **words):
    before = seen(award.application)
    return actions.start_application(
        call, by=before.filed_by, organisation=before.organisation, before=before, **words
    )


def test_an_award_is_continued_once(ended):
    call = again(ended)
    first = start(ended, call)
    assert (first.support_year, first.title) == (2, "藻場を増やす見本事業")
    for other in (call, again(ended)):
        with pytest.raises(Conflict, match="すでに始めています"):
            start(ended, other)
    assert list(ended.application.continued_by.all()) == [first]


def test_the_same_form_sent_twice_continues_it_once(ended):
    call, key = again(ended), uuid.uuid4()
    assert start(ended, call, key=key) == start(ended, call, key=key)


def test_an_award_is_continued_anew_after_the_withdrawal(ended):
    call = again(ended)
    first = start(ended, call)
    actions.withdraw_application(first, by=first.before.filed_by)
    assert start(ended, call).before == ended.application


def test_an_award_is_continued_anew_once_the_refusal_is_known(ended):
    call, person = again(ended), ended.application.filed_by
    first = start(ended, call)
    costs = [{"category": "wages", "label": "担当者", "yen": 1_000_000}]
    actions.save_application(first, by=person, version=0, costs=costs, requested=500_000, own_money=500_000)
    actions.file_application(first, by=person)
    actions.check_application(first, by=None)
    make_application(call)
    with clock.standing_at(call.closes_at):
        _screened_and_failed(call, first, ended)
    with clock.standing_at(call.closes_at + timedelta(days=1)):
        assert start(ended, again(ended)).support_year == 2


def _screened_and_failed(call, first, award):
    actions.begin_screening(call, by=None)
    for _member in range(2):
        actions.appoint_member(call.fund, by=None, user=make_representative(make_organisation()))
    later = again(award)
    score_all(call, Stage.FIRST)
    actions.decide_stage(
        call,
        by=None,
        stage=Stage.FIRST,
        passed=set(call.applications.exclude(pk=first.pk).values_list("pk", flat=True)),
        reasons={first.pk: "効果が見えにくい。"},
    )
    assert seen(first).state == "first_failed"
    # Whether another may be begun would tell what came out.
    with pytest.raises(Conflict, match="すでに始めています"):
        start(award, later)
    score_all(call, Stage.SECOND)
    passed = call.applications.get(state="first_passed")
    actions.decide_stage(call, by=None, stage=Stage.SECOND, passed={passed.pk}, reasons={})
    actions.prepare_decision(seen(passed), by=None, outcome="not_awarded", reasons="予算の都合による。")
    actions.release(call, by=None)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_continue_an_award_at_the_same_moment_make_one(ended):
    # The action refuses, and the table would.
    call, other = again(ended), again(ended)
    results = race(*[lambda which=which: start(ended, which) for which in (call, other, call, other)])
    assert told(results) == 3
    assert ended.application.continued_by.count() == 1
