from datetime import date

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musubi.challenges.models import Challenge
from musubi.imports.actions import abandon, carry_out, preview, reconsider
from musubi.imports.models import Run
from musubi.imports.rules import Options
from musubi.journal.models import Entry
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, NotAllowed, Refused
from musubi.people.models import Member, Organisation
from musubi.proposals.models import Proposal
from tests.factories.people import make_municipality, make_organisation, make_staff
from tests.imports.tables import csv_of, xlsx_of

pytestmark = pytest.mark.django_db
NUMBER = "7010701011370"
CHALLENGES = csv_of(["課題名", "内容", "SDGs"], ["海ごみ", "困っている", "14"], ["川ごみ", "困っている", ""])
ORGANISATIONS = csv_of(
    ["名称", "法人番号", "入会日"], ["みなと株式会社", NUMBER, "R6.9.2"], ["はま合同会社", "", ""]
)


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


def look(kind, data, city, by, **more) -> Run:
    return preview(kind, data, "表.csv", city, by=by, **more)


def verbs(thing):
    return [entry.verb for entry in history(thing)]


def test_preview_registers_nothing_and_keeps_the_file(city, desk):
    run = look("challenges", CHALLENGES, city, desk)
    assert (run.state, run.report["rows_in"], run.report["imported"]) == ("previewed", 2, False)
    assert run.data.read() == CHALLENGES
    assert Challenge.objects.count() == 0
    assert verbs(run) == ["run.previewed"]


def test_preview_by_an_officer_is_not_allowed(city):
    officer = make_staff(city, "officer")
    with pytest.raises(NotAllowed):
        look("challenges", CHALLENGES, city, officer)
    assert Run.objects.count() == 0


def test_preview_by_the_desk_of_another_municipality_is_not_allowed(city):
    with pytest.raises(NotAllowed):
        look("challenges", CHALLENGES, city, make_staff(make_municipality(), "desk"))


def test_preview_of_no_table_is_refused(city, desk):
    with pytest.raises(Refused, match="ファイルが空です"):
        look("challenges", b"", city, desk)
    assert Run.objects.count() == 0


def test_carry_out_drafts_every_challenge(city, desk):
    run = look("challenges", CHALLENGES, city, desk)
    carry_out(run, by=desk)
    rows = Challenge.objects.order_by("id")
    assert [(row.title, row.state, row.owner) for row in rows] == [
        ("海ごみ", "draft", desk),
        ("川ごみ", "draft", desk),
    ]
    assert [goal.number for goal in rows[0].goals.all()] == [14]
    run.refresh_from_db()
    assert (run.state, run.done_by, run.report["imported"]) == ("imported", desk, True)
    assert [row["ref"] for row in run.report["rows"]] == [row.ref for row in rows]
    assert verbs(run) == ["run.previewed", "run.imported"]
    assert verbs(rows[0]) == ["challenge.drafted"]


def test_carry_out_publishes_where_asked(city, desk):
    data = csv_of(["課題名", "内容", "目指す姿"], ["海ごみ", "困っている", "半分にする"])
    run = look("challenges", data, city, desk, options=Options(state="published"))
    carry_out(run, by=desk)
    assert Challenge.objects.get().state == "published"


def test_carry_out_registers_organisations_as_members_of_their_day(city, desk):
    run = look("organisations", ORGANISATIONS, city, desk)
    carry_out(run, by=desk)
    days = (
        Member.objects.filter(municipality=city, state="active")
        .order_by("id")
        .values_list("joined_on", flat=True)
    )
    assert list(days) == [date(2024, 9, 2), clock.today()]
    assert Organisation.objects.get(corporate_number=NUMBER).representatives.count() == 0


def test_carry_out_without_members_registers_organisations_alone(city, desk):
    run = look("organisations", ORGANISATIONS, city, desk, options=Options(members=False))
    carry_out(run, by=desk)
    assert (Organisation.objects.count(), Member.objects.count()) == (2, 0)


def test_carry_out_enrols_an_organisation_known_elsewhere_and_changes_nothing_of_it(city, desk):
    known = make_organisation("㈱みなと", corporate_number=NUMBER)
    run = look("organisations", csv_of(["名称", "法人番号"], ["みなと商会", NUMBER]), city, desk)
    carry_out(run, by=desk)
    known.refresh_from_db()
    assert (known.name, Organisation.objects.count()) == ("㈱みなと", 1)
    assert Member.objects.get(organisation=known).state == "active"


def test_carry_out_receives_proposals_on_their_days(city, desk):
    data = csv_of(
        ["提案者", "提案名", "内容", "受付日"],
        ["みなと株式会社", "後の提案", "a", "令和7年5月1日"],
        ["みなと㈱", "先の提案", "b", "令和6年9月2日"],
        ["はま合同会社", "今日の提案", "c", ""],
    )
    with clock.standing_at(date(2025, 6, 2)):
        run = look("proposals", data, city, desk)
        carry_out(run, by=desk)
    found = {p.title: p for p in Proposal.objects.all()}
    assert [found[t].ref for t in ("先の提案", "後の提案", "今日の提案")] == [
        "2024-001",
        "2025-001",
        "2025-002",
    ]
    assert found["先の提案"].submitted_at == clock.at(date(2024, 9, 2))
    assert found["先の提案"].organisation == found["後の提案"].organisation
    assert Organisation.objects.count() == 2
    assert Entry.objects.get(verb="run.imported").at == clock.at(date(2025, 6, 2))


def test_carry_out_with_one_error_imports_nothing(city, desk):
    data = csv_of(["名称", "法人番号"], ["みなと株式会社", NUMBER], ["はま合同会社", "1.00E+12"])
    run = look("organisations", data, city, desk)
    assert run.report["counts"] == {"imported": 0, "duplicate": 0, "error": 1, "left_out": 0, "held": 1}
    with pytest.raises(Refused, match="1行も取り込んでいません。次のセルを直してください: CSV B3"):
        carry_out(run, by=desk)
    run.refresh_from_db()
    assert (run.state, Organisation.objects.count()) == ("previewed", 0)


def test_carry_out_undoes_every_row_when_an_action_refuses_one(city, desk, monkeypatch):
    from musubi.imports import actions

    run = look("challenges", CHALLENGES, city, desk)
    draft = actions.challenges.draft_challenge

    def refuse_the_second(department, *, title, **words):
        if title == "川ごみ":
            raise Refused("いまは登録できません。")
        return draft(department, title=title, **words)

    monkeypatch.setattr(actions.challenges, "draft_challenge", refuse_the_second)
    with pytest.raises(Refused, match="シート「CSV」3行目: いまは登録できません"):
        carry_out(run, by=desk)
    run.refresh_from_db()
    assert (run.state, Challenge.objects.count()) == ("previewed", 0)
    assert verbs(run) == ["run.previewed"]


def test_carry_out_twice_imports_once(city, desk):
    run = look("challenges", CHALLENGES, city, desk)
    seen_by_the_other = Run.objects.get(pk=run.pk)
    carry_out(run, by=desk)
    with pytest.raises(Refused):
        carry_out(run, by=desk)
    with pytest.raises(Conflict):
        carry_out(seen_by_the_other, by=desk)
    assert Challenge.objects.count() == 2
    assert verbs(run).count("run.imported") == 1


def test_carry_out_looks_again_at_what_is_here_now(city, desk):
    first = look("challenges", CHALLENGES, city, desk)
    second = look("challenges", csv_of(["課題名", "内容"], ["海ごみ", "a"], ["山ごみ", "b"]), city, desk)
    carry_out(first, by=desk)
    carry_out(second, by=desk)
    assert second.report["counts"]["duplicate"] == 1
    assert Challenge.objects.count() == 3


def test_carry_out_by_an_officer_is_not_allowed(city, desk):
    run = look("challenges", CHALLENGES, city, desk)
    with pytest.raises(NotAllowed):
        carry_out(run, by=make_staff(city, "officer"))
    assert Challenge.objects.count() == 0


def test_carry_out_by_nobody_is_refused_where_a_person_must_own_the_rows(city, desk):
    run = look("challenges", CHALLENGES, city, None)
    with pytest.raises(Refused, match="--by"):
        carry_out(run, by=None)
    organisations = look("organisations", ORGANISATIONS, city, None)
    carry_out(organisations, by=None)
    assert Organisation.objects.count() == 2


def test_same_file_again_is_told(city, desk):
    carry_out(look("challenges", CHALLENGES, city, desk), by=desk)
    again = look("challenges", CHALLENGES, city, desk)
    assert "取り込み済み" in again.report["problems"][0]["message"]
    assert again.report["counts"]["duplicate"] == 2


def test_reconsider_reads_the_columns_as_told(city, desk):
    run = look("challenges", csv_of(["甲", "乙"], ["海ごみ", "内容"]), city, desk)
    assert not run.report["ok"]
    reconsider(run, by=desk, mapping={"CSV": {"A": "title", "B": "problem"}}, options=Options(strict=True))
    assert run.report["problems"][0]["cell"] == "A2"
    reconsider(run, by=desk, mapping={"CSV": {"A": "title", "B": "problem"}}, options=Options())
    assert run.report["ok"]
    carry_out(run, by=desk)
    assert Challenge.objects.get().problem == "内容"
    assert verbs(run) == ["run.previewed", "run.reconsidered", "run.reconsidered", "run.imported"]


def test_reconsider_after_the_import_is_a_conflict(city, desk):
    run = look("challenges", CHALLENGES, city, desk)
    carry_out(run, by=desk)
    with pytest.raises(Conflict):
        reconsider(run, by=desk, mapping={}, options=Options())


def test_reconsider_by_an_officer_is_not_allowed(city, desk):
    run = look("challenges", CHALLENGES, city, desk)
    with pytest.raises(NotAllowed):
        reconsider(run, by=make_staff(city, "officer"), mapping={}, options=Options())


def test_abandon_removes_the_file(city, desk, django_capture_on_commit_callbacks):
    run = look("challenges", CHALLENGES, city, desk)
    storage, name = run.data.storage, run.data.name
    with django_capture_on_commit_callbacks(execute=True):
        abandon(run, by=desk)
    assert not storage.exists(name)
    assert verbs(run) == ["run.previewed", "run.abandoned"]
    with pytest.raises(Refused):
        carry_out(run, by=desk)


def test_abandon_after_the_import_is_refused(city, desk):
    run = look("challenges", CHALLENGES, city, desk)
    carry_out(run, by=desk)
    with pytest.raises(Refused):
        abandon(run, by=desk)
    assert run.data.storage.exists(run.data.name)


def test_abandon_by_an_officer_is_not_allowed(city, desk):
    run = look("challenges", CHALLENGES, city, desk)
    with pytest.raises(NotAllowed):
        abandon(run, by=make_staff(city, "officer"))


def test_characters_no_database_keeps_do_no_harm(city, desk):
    bad = xlsx_of(["課題名", "内容", "締切"], ["海\x00ごみ", "困って\x00いる", "\x00きのう"])
    assert look("challenges", bad, city, desk).report["rows_reported"] == 1
    run = look("challenges", xlsx_of(["課題名", "内容"], ["海\x00ごみ", "困って\x00いる"]), city, desk)
    carry_out(run, by=desk)
    challenge = Challenge.objects.get()
    assert (challenge.title, challenge.problem) == ("海ごみ", "困っている")


NAMES = st.sampled_from(
    ["みなと株式会社", "㈱みなと", "はま合同会社", "かぜ大学", "港町町内会", "", "合計", "い" * 121]
)
NUMBERS = st.sampled_from(["", NUMBER, "6010701009184", "1.00E+12", "-"])
ROWS = st.lists(st.tuples(NAMES, NUMBERS, st.sampled_from(["", "R6.9.2", "きのう"])), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_rows_imported_are_the_rows_that_stand_in_the_database(city, desk, rows):
    """Rows in = rows imported + rows reported, and all or nothing, counted in the database itself."""
    with transaction.atomic():
        run = look("organisations", csv_of(["名称", "法人番号", "入会日"], *rows), city, desk)
        try:
            carry_out(run, by=desk)
            imported = run.report["rows_imported"]
        except Refused:
            imported = 0
        assert Member.objects.filter(municipality=city).count() == Organisation.objects.count() == imported
        run.refresh_from_db()
        assert run.report["rows_in"] == run.report["rows_imported"] + run.report["rows_reported"]
        assert run.report["imported"] == (imported > 0)
        transaction.set_rollback(True)
