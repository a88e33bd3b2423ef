"""Keeping suggestions current, the nationwide batch, and the weekly digest."""

import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from musubi.challenges.actions import close, save_challenge
from musubi.challenges.states import Visibility
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.matching import actions, ask, batch, documents, keeping, weekly
from musubi.matching.engine import batch as engine
from musubi.matching.engine.index import Preparing
from musubi.matching.models import Mentioned, Refreshed, Suggestion, WeeklyDigest
from musubi.matching.notices import WEEKLY
from musubi.matching.states import Misfit, Side
from musubi.notify.actions import set_preference
from musubi.notify.models import Delivery
from musubi.people.models import Organisation
from musubi.solutions.actions import withdraw_solution
from musubi.solutions.models import Solution
from tests.factories.challenges import make_challenge
from tests.factories.matching import found
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.solutions import make_solution
from tests.notify.test_two_workers import database_url

pytestmark = pytest.mark.django_db

BEACH = {
    "title": "海岸清掃で集めたごみの分別を続けたい",
    "problem": "年に約40回の海岸清掃で集めたごみの分別に、職員2人で週6時間かかっている。",
    "goal_image": "分別にかかる時間を半分の週3時間にする。",
}
SHOPPING = {
    "title": "高齢者の買い物を助けたい",
    "problem": "バスの減便で、坂の上の住宅地の高齢者が買い物に行けない。",
    "goal_image": "週に2回、買い物に行けるようにする。",
}
BEACH_KIT = {
    "title": "海岸ごみの分別を助ける画像判定",
    "summary": "海岸清掃で集めたごみを写真から判定し、分別にかかる時間を減らします。",
}
SHOP_BUS = {
    "title": "移動販売車と買い物バス",
    "summary": "住宅地の高齢者のもとへ買い物の機会を届け、バスの減便を補います。",
}


@pytest.fixture
def town(index):
    """Two challenges, two solutions, and an index of them; nothing was found yet."""
    city = make_municipality()
    rows = {
        "beach": make_challenge(city, **BEACH),
        "shopping": make_challenge(city, **SHOPPING),
        "kit": make_solution(**BEACH_KIT),
        "bus": make_solution(**SHOP_BUS),
    }
    index()
    keeping.follow()
    return rows


def all_due() -> int:
    total = 0
    while count := keeping.refresh_due():
        total += count
    return total


# --- keeping -------------------------------------------------------------------------------------------------


def test_everything_open_is_found_once_from_both_sides(town):
    assert all_due() == 4
    first = town["beach"].suggestions.get(need_rank=1)
    assert (first.solution, first.seed_rank) == (town["kit"], 1)
    assert first.reasons
    assert all_due() == 0


def test_what_is_open_is_found_anew_every_night(town):
    all_due()
    with clock.standing_at(clock.now() + timedelta(days=1)):
        assert all_due() == 4


def test_what_is_no_longer_open_is_left_alone(town):
    all_due()
    close(town["beach"], by=make_staff(town["beach"].municipality, "desk"), reason="withdrawn")
    withdraw_solution(town["bus"], by=None)
    with clock.standing_at(clock.now() + timedelta(days=1)):
        assert all_due() == 2


def test_new_words_of_a_challenge_are_found_at_once(town):
    all_due()
    officer = town["beach"].department.staff.get().user
    save_challenge(town["beach"], by=officer, **SHOPPING)
    assert keeping.follow() == 1
    assert all_due() >= 1
    assert town["beach"].suggestions.get(need_rank=1).solution == town["bus"]


def test_a_new_solution_is_found_from_both_sides_at_once(town, index):
    all_due()
    solution = make_solution(
        title="海岸ごみの分別ロボット", summary="海岸清掃で集めたごみの分別をロボットで行います。"
    )
    index.follow()
    keeping.follow()
    all_due()
    row = Suggestion.objects.get(solution=solution, challenge=town["beach"])
    assert (row.seed_rank, row.need_rank in (1, 2)) == (1, True)
    assert all_due() == 0


def test_a_withdrawn_solution_loses_its_places(town, index):
    all_due()
    withdraw_solution(town["kit"], by=None)
    index.follow()
    keeping.follow()
    all_due()
    assert not Suggestion.objects.filter(solution=town["kit"], seed_rank__isnull=False).exists()


def test_members_only_challenges_are_suggested_to_members_only(index):
    city = make_municipality()
    make_challenge(city, visibility=Visibility.MEMBERS, **BEACH)
    inside, outside = make_solution(**BEACH_KIT), make_solution(**BEACH_KIT)
    make_member(city, inside.organisation)
    index()
    all_due()
    assert list(Suggestion.objects.filter(seed_rank__isnull=False).values_list("solution", flat=True)) == [
        inside.pk
    ]
    assert set(Suggestion.objects.filter(need_rank__isnull=False).values_list("solution", flat=True)) == {
        inside.pk,
        outside.pk,
    }


def test_an_adopted_ranking_has_the_city_found_anew(town):
    from tests.factories.matching import make_ranking

    all_due()
    city = town["beach"].municipality
    ranking = make_ranking(city, weights={"hubness": 0.6})
    actions.adopt_ranking(ranking, by=make_staff(city, "desk"))
    assert keeping.follow() == 2
    assert keeping.refresh_due() >= 2


def test_without_an_index_nothing_changes_and_it_is_tried_later(settings, tmp_path):
    make_challenge(**BEACH)
    settings.INDEX_DIR = tmp_path / "none"
    with pytest.raises(Preparing):
        keeping.refresh_due()
    assert not Refreshed.objects.filter(at__gt=keeping.LONG_AGO).exists()
    assert not Refreshed.objects.filter(claimed_at__isnull=False).exists()
    asked = []
    keeping.keep(lambda: asked.append(1) or len(asked) > 3)  # never raises, and ends when asked to


def test_keeping_stops_when_asked(town):
    assert keeping.refresh_due(lambda: True) == 0
    left = iter([False, False, True, True, True])
    assert keeping.refresh_due(lambda: next(left)) == 2


def test_one_that_cannot_be_done_keeps_nobody_from_the_others(town, monkeypatch):
    real = keeping.find

    def find(thing):
        if thing == town["kit"]:
            raise ValueError("unheard of")
        return real(thing)

    monkeypatch.setattr(keeping, "find", find)
    assert all_due() == 4
    assert Suggestion.objects.filter(need_rank=1).count() == 2
    # It is tried again the next night.
    monkeypatch.setattr(keeping, "find", real)
    assert not town["kit"].suggestions.filter(seed_rank=1).exists()
    with clock.standing_at(clock.now() + timedelta(days=1)):
        all_due()
    assert town["kit"].suggestions.filter(seed_rank=1).exists()


def test_what_is_asked_for_while_it_is_being_found_is_found_again(town, monkeypatch):
    real = keeping.find
    monkeypatch.setattr(
        keeping, "find", lambda thing: keeping.ask_anew("challenge", [town["beach"].pk]) or real(thing)
    )
    assert keeping.refresh("challenge", town["beach"].pk, keeping.night())
    monkeypatch.setattr(keeping, "find", real)
    assert Refreshed.objects.get(kind="challenge", object_id=town["beach"].pk).at is None


def test_what_a_dead_worker_was_at_is_taken_up(town):
    beach = {"kind": "challenge", "object_id": town["beach"].pk}
    Refreshed.objects.create(**beach, at=None, claimed_at=clock.now() - timedelta(minutes=9))
    assert not keeping.refresh("challenge", town["beach"].pk, keeping.night())
    Refreshed.objects.update(claimed_at=clock.now() - timedelta(minutes=11))
    assert keeping.refresh("challenge", town["beach"].pk, keeping.night())


def test_once_does_what_waits(town):
    keeping.keep(lambda: False, once=True)
    assert all_due() == 0
    assert Suggestion.objects.filter(need_rank=1).count() == 2


# --- what came to an end -------------------------------------------------------------------------------------


def places() -> set:
    rows = Suggestion.objects.filter(need_rank__isnull=False) | Suggestion.objects.filter(
        seed_rank__isnull=False
    )
    return set(rows.values_list("challenge", "solution"))


def test_a_closed_challenge_and_a_withdrawn_solution_lose_their_places_at_once(town, index):
    all_due()
    assert {(town["beach"].pk, town["kit"].pk), (town["shopping"].pk, town["bus"].pk)} <= places()
    close(town["beach"], by=make_staff(town["beach"].municipality, "desk"), reason="withdrawn")
    withdraw_solution(town["bus"], by=None)
    index.follow()
    keeping.follow()
    all_due()
    assert {pair for pair in places() if town["beach"].pk in pair[:1] or town["bus"].pk in pair[1:]} == set()
    # What was shown still counts among what was made.
    assert Suggestion.objects.filter(challenge=town["beach"], best_rank=1, state="suggested").exists()


def test_what_somebody_decided_on_stays_where_it_was(town):
    all_due()
    row = Suggestion.objects.get(challenge=town["beach"], solution=town["kit"])
    actions.judge(row, by=make_staff(row.challenge.municipality, "desk"), side=Side.MUNICIPALITY, fits=True)
    close(town["beach"], by=make_staff(row.challenge.municipality, "desk"), reason="withdrawn")
    keeping.follow()
    all_due()
    row.refresh_from_db()
    assert (row.state, row.need_rank) == ("fits", 1)


def test_what_ended_with_a_day_loses_its_places_in_the_night(town):
    all_due()
    type(town["beach"]).objects.filter(pk=town["beach"].pk).update(expires_on=clock.today())
    with clock.standing_at(clock.now() + timedelta(days=1)):
        assert all_due() == 3
        assert town["beach"].pk not in {challenge for challenge, _solution in places()}


def test_what_speaks_against_a_pair_is_looked_at_again_when_it_changes(town):
    all_due()
    row = Suggestion.objects.get(challenge=town["beach"], solution=town["kit"])
    assert {"kind": "not_member"} in row.against
    keeping.follow()
    journal.write("member.enrolled", make_member(row.challenge.municipality, row.organisation), by=None)
    keeping.follow()
    all_due()
    row.refresh_from_db()
    assert {"kind": "not_member"} not in row.against
    actions.judge(
        row,
        by=make_staff(row.challenge.municipality, "desk"),
        side=Side.MUNICIPALITY,
        fits=False,
        reason=Misfit.SCALE,
    )
    keeping.follow()
    all_due()
    row.refresh_from_db()
    assert {"kind": "misfit", "reason": "scale", "side": "municipality"} in row.against


# --- the batch -----------------------------------------------------------------------------------------------


SMALL_STEPS = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.core.management import call_command
from musubi.matching import batch
batch.CHUNK = 2
call_command("match-all")
"""


def match_all(*arguments) -> str:
    out = StringIO()
    call_command("match-all", *arguments, stdout=out)
    return out.getvalue()


def test_the_batch_goes_on_where_it_stopped(town):
    assert "課題 1 件の候補を選びました" in (first := match_all("--limit", "1"))
    assert "残り 1 件" in first
    assert "課題 1 件の候補を選びました" in (second := match_all())
    assert "残りはありません" in second
    assert "すべての課題が済んでいます" in match_all()
    assert "課題 2 件の候補を選びました" in match_all("--again")
    assert Suggestion.objects.filter(need_rank=1).count() == 2


def test_the_batch_does_nothing_twice_that_the_worker_did(town):
    before = batch.began(again=False)
    all_due()
    assert batch.run(before) == 0


def test_the_batch_says_how_fast_it_goes(town, monkeypatch):
    told = []
    monkeypatch.setattr(batch, "CHUNK", 1)
    batch.run(batch.began(again=False), progress=told.append)
    assert told == [1, 2]
    assert "件/秒" in match_all("--again")


def test_the_batch_says_what_is_wrong(settings, tmp_path):
    make_challenge(**BEACH)
    settings.INDEX_DIR = tmp_path / "none"
    with pytest.raises(CommandError, match="index --rebuild"):
        match_all()
    with pytest.raises(CommandError, match="1以上"):
        match_all("--limit", "0")


def test_the_batch_keeps_what_the_screens_show(town, index):
    city = town["beach"].municipality
    fresh = [
        make_solution(title=f"海岸ごみの分別の手伝い{n}", summary=BEACH_KIT["summary"]) for n in range(14)
    ]
    make_member(city, fresh[-1].organisation)
    index()
    before = batch.began(again=False)
    shown = {}
    for name in ("beach", "shopping"):
        # One after the other: whose turn it was at the first was shown when it comes to the second.
        shown[name] = ask.for_challenge(
            town[name], solutions=documents.findable(Solution), organisations=documents.findable(Organisation)
        )
        actions.keep_for_challenge(town[name], shown[name])
    Suggestion.objects.all().delete()
    assert batch.run(before) == 2
    for name, answers in shown.items():
        kept = town[name].suggestions.order_by("need_rank")
        assert [(row.solution, row.reasons, row.against) for row in kept] == [
            (one.thing, one.reasons, one.against) for one in answers
        ]
        assert [row.score for row in kept] == pytest.approx([one.score for one in answers], abs=1e-4)
    assert len(shown["beach"]) > 10


def test_the_batch_asks_several_processes(town, monkeypatch):
    monkeypatch.setattr(engine, "ALONE", 0)
    assert batch.run(batch.began(again=False), helpers=2) == 2
    assert town["beach"].suggestions.get(need_rank=1).solution == town["kit"]


def test_the_number_of_statements_does_not_grow_with_the_challenges(
    town, index, django_assert_max_num_queries
):
    city = town["beach"].municipality
    officer, desk = make_staff(city, "officer"), make_staff(city, "desk")
    for n in range(28):
        make_challenge(city, by=officer, desk=desk, **{**BEACH, "title": f"{BEACH['title']} {n}"})
    index()
    before = batch.began(again=False)
    with django_assert_max_num_queries(40):
        assert batch.run(before, helpers=0) == 30
    assert Suggestion.objects.filter(need_rank=1).count() == 30


def test_what_the_batch_cannot_do_keeps_nobody_from_the_others(town, monkeypatch):
    real = ask.from_matches

    def from_matches(asked, **rows):
        if town["beach"] in [challenge for challenge, _matches in asked]:
            raise ValueError("unheard of")
        return real(asked, **rows)

    monkeypatch.setattr(ask, "from_matches", from_matches)
    before = batch.began(again=False)
    assert batch.run(before) == 2
    assert not town["beach"].suggestions.exists()
    assert town["shopping"].suggestions.get(need_rank=1).solution == town["bus"]
    assert batch.run(before) == 0


def test_what_is_asked_for_while_the_batch_is_at_it_is_left_to_be_done(town, monkeypatch):
    real = ask.from_matches
    monkeypatch.setattr(
        ask,
        "from_matches",
        lambda asked, **rows: keeping.ask_anew("challenge", [town["beach"].pk]) or real(asked, **rows),
    )
    before = batch.began(again=False)
    assert batch.run(before) == 1
    monkeypatch.setattr(ask, "from_matches", real)
    assert Refreshed.objects.get(kind="challenge", object_id=town["beach"].pk).at is None
    assert batch.run(before) == 1


@pytest.mark.django_db(transaction=True)
def test_the_batch_killed_in_the_middle_goes_on(index, settings):
    city = make_municipality()
    officer, desk = make_staff(city, "officer"), make_staff(city, "desk")
    for n in range(40):
        make_challenge(city, by=officer, desk=desk, **{**BEACH, "title": f"{BEACH['title']} {n}"})
    make_solution(**BEACH_KIT)
    index()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "MUSUBI_VAR": str(settings.VAR_DIR),
        "MUSUBI_INDEX": str(settings.INDEX_DIR),
        "MUSUBI_STATIC_MANIFEST": "0",
        "MUSUBI_SECRET_KEY": "x" * 50,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SMALL_STEPS],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    done = Refreshed.objects.filter(kind="challenge", at__gt=keeping.LONG_AGO)
    try:
        end = time.monotonic() + 60
        while done.count() < 3 and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        output, _ = process.communicate()
    before = done.count()
    assert 3 <= before < 40, output
    # At once: nobody waits for the dead.
    assert f"課題 {40 - before} 件の候補を選びました" in match_all()
    assert "すべての課題が済んでいます" in match_all()
    assert Suggestion.objects.filter(need_rank=1).count() == Suggestion.objects.count() == 40


# --- the weekly digest ---------------------------------------------------------------------------------------

MONDAY = date(2026, 11, 30)
MORNING = clock.at(MONDAY, 9)


@pytest.fixture
def person():
    """A representative whose organisation offers a solution."""
    return make_representative()


@pytest.fixture
def solution(person):
    return make_solution(person.represents.get().organisation, **BEACH_KIT)


@pytest.fixture
def challenge():
    return make_challenge(**BEACH)


@pytest.fixture
def near(challenge, solution):
    """The challenge is suggested to the solution."""
    actions.keep_for_seed(solution, [found(challenge, likeness=0.5)])
    return Suggestion.objects.get()


def digest(at=MORNING) -> list[Delivery]:
    """Write the digests of a morning, and give the mails they made."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    with clock.standing_at(at):
        count = weekly.write()
    mails = list(Delivery.objects.exclude(pk__in=before).order_by("pk"))
    assert len(mails) == count
    return mails


def test_a_representative_is_told_what_matches_and_why(near, person, challenge):
    (mail,) = digest()
    assert (mail.user, mail.subject) == (person, "合いそうな新しい課題 1件")
    assert f"・{challenge.title}({challenge.municipality} {challenge.ref})" in mail.body
    assert (
        "お知らせする理由: 「海岸ごみの分別を助ける画像判定」と内容が近い課題です。どちらの文章にも「浜辺」があります"
        in mail.body
    )
    assert f"/{challenge.municipality.slug}/challenges/{challenge.ref}/" in mail.body
    assert "このお知らせを止める: http" in mail.body
    assert "/my/searches/" not in mail.body
    assert Mentioned.objects.get().challenge == challenge


def test_nothing_is_told_twice(near):
    assert len(digest()) == 1
    assert digest() == []
    assert digest(MORNING + timedelta(days=7)) == []
    assert WeeklyDigest.objects.count() == 2


def test_what_is_new_next_week_is_told_then(near, solution):
    digest()
    other = make_challenge(**SHOPPING)
    actions.keep_for_seed(solution, [found(near.challenge), found(other)])
    (mail,) = digest(MORNING + timedelta(days=7))
    assert other.title in mail.body
    assert near.challenge.title not in mail.body


def test_nothing_is_written_when_there_is_nothing(person):
    assert digest() == []


@pytest.mark.parametrize(
    ("day", "hour", "count"),
    [
        (date(2026, 11, 30), 7, 0),  # before the hour
        (date(2026, 11, 30), 8, 1),
        (date(2026, 11, 28), 9, 0),  # a Saturday
        (date(2026, 11, 23), 9, 0),  # a Monday, but a holiday
        (date(2026, 11, 24), 9, 1),  # the first business day after it
        (date(2026, 12, 3), 15, 1),  # the worker was down until Thursday afternoon
    ],
)
def test_it_is_written_on_the_first_business_morning_of_a_week(near, day, hour, count):
    assert len(digest(clock.at(day, hour))) == count


def test_after_weeks_without_a_worker_there_is_one_digest(near, solution):
    digest()
    for _n in range(2):
        actions.keep_for_seed(
            solution, [*(found(row.challenge) for row in solution.suggestions.all()), found(make_challenge())]
        )
    assert len(digest(MORNING + timedelta(days=28))) == 1
    assert digest(MORNING + timedelta(days=29)) == []


def test_who_does_not_want_it_gets_none(near, person):
    set_preference(person, WEEKLY.verb, by_mail=False)
    assert digest() == []
    assert not Mentioned.objects.exists()


def test_what_a_side_called_a_misfit_is_not_told(near, person):
    actions.judge(near, by=person, side=Side.ORGANISATION, fits=False, reason=Misfit.SCALE)
    assert digest() == []


@pytest.mark.parametrize("change", [{"likeness": 0.29}, {"seed_rank": 11}, {"state": "introduced"}])
def test_what_is_far_away_or_introduced_is_not_told(near, change):
    Suggestion.objects.update(acted_at=clock.now(), **change)
    assert digest() == []


def test_what_the_organisation_may_not_read_is_not_told(near, challenge):
    type(challenge).objects.update(visibility=Visibility.MEMBERS)
    assert digest() == []


def test_what_is_closed_is_not_told(near, challenge):
    close(challenge, by=make_staff(challenge.municipality, "desk"), reason="withdrawn")
    assert digest() == []


def test_a_mail_has_an_end(solution, person):
    challenges = [make_challenge(title=f"海岸の課題{n}") for n in range(12)]
    actions.keep_for_seed(solution, [found(one, likeness=0.9 - n / 100) for n, one in enumerate(challenges)])
    Suggestion.objects.filter(seed_rank__gt=10).update(seed_rank=10)
    (mail,) = digest()
    assert mail.subject == "合いそうな新しい課題 10件"
    assert [f"海岸の課題{n}(" in mail.body for n in range(12)] == [True] * 10 + [False] * 2
    (mail,) = digest(MORNING + timedelta(days=7))
    assert mail.subject == "合いそうな新しい課題 2件"


def test_two_people_of_one_organisation_get_one_each(near, person):
    colleague = make_representative(near.organisation)
    assert {mail.user for mail in digest()} == {person, colleague}


def test_it_is_written_in_the_language_of_the_person(near, person):
    type(person).objects.filter(pk=person.pk).update(language="en")
    (mail,) = digest()
    assert "challenge" in mail.subject.lower()


def test_stopping_between_two_bunches_loses_nothing(near, monkeypatch):
    monkeypatch.setattr(weekly, "CHUNK", 1)
    for _n in range(2):
        make_representative(near.organisation)
    left = iter([False, True])
    with clock.standing_at(MORNING):
        assert weekly.write(lambda: next(left)) == 1
        assert weekly.write() == 2


def test_a_saved_search_finds_what_is_like_its_text(town, person):
    actions.save_search(
        person.represents.get().organisation, by=person, name="買い物", text="高齢者の買い物を手伝えます"
    )
    (mail,) = digest()
    assert SHOPPING["title"] in mail.body
    assert BEACH["title"] not in mail.body
    assert "お知らせする理由: 保存した検索「買い物」に合う課題です。どちらの文章にも" in mail.body
    assert "/my/searches/" in mail.body
    assert digest(MORNING + timedelta(days=7)) == []


def test_a_saved_search_is_narrowed_by_goals_fields_and_municipalities(index, person):
    here, there = make_municipality(), make_municipality()
    by_goal = make_challenge(here, goals=[14], **BEACH)
    make_challenge(here, goals=[3], **BEACH)
    make_challenge(there, goals=[14], **BEACH)
    index()
    organisation = person.represents.get().organisation
    actions.save_search(
        organisation, by=person, name="海", text="海岸のごみの分別", goals=[14], municipalities=[here.pk]
    )
    digest()
    assert [row.challenge for row in Mentioned.objects.all()] == [by_goal]


def test_a_search_without_text_needs_no_index(person):
    challenges = [make_challenge(goals=[14]) for _n in range(3)]
    make_challenge(goals=[3])
    organisation = person.represents.get().organisation
    actions.save_search(organisation, by=person, name="海の課題", goals=[14], most=2)
    assert len(digest()) == 1
    assert {row.challenge for row in Mentioned.objects.all()} == set(challenges[1:])


def test_a_resting_search_and_one_of_a_former_representative_are_not_asked(town, person):
    organisation = person.represents.get().organisation
    search = actions.save_search(organisation, by=person, name="海", text="海岸のごみ")
    actions.change_search(search, by=person, name="海", text="海岸のごみ", is_active=False)
    assert digest() == []
    actions.change_search(search, by=person, name="海", text="海岸のごみ", is_active=True)
    make_representative_of_another(person)
    assert digest(MORNING + timedelta(days=7)) == []


def make_representative_of_another(person):
    """From now on the person acts for another organisation."""
    person.represents.update(ended_at=clock.now())
    person.represents.create(organisation=make_organisation())


def test_without_an_index_a_search_waits_for_it(town, person, settings, tmp_path):
    actions.save_search(person.represents.get().organisation, by=person, name="海", text="海岸のごみの分別")
    there, settings.INDEX_DIR = settings.INDEX_DIR, tmp_path / "none"
    with clock.standing_at(MORNING):
        with pytest.raises(Preparing):
            weekly.write()
        assert not WeeklyDigest.objects.exists()
        settings.INDEX_DIR = there
        assert weekly.write() == 1


def test_a_digest_takes_the_same_statements_for_many_people(near, django_assert_max_num_queries):
    for _n in range(20):
        make_representative(near.organisation)
    with clock.standing_at(MORNING), django_assert_max_num_queries(25):
        assert weekly.write() == 21
