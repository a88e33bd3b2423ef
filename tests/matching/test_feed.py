import json
import os
import time
from datetime import timedelta

import pytest

from musubi.challenges import actions as challenges
from musubi.challenges.models import Challenge
from musubi.challenges.states import Visibility
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.matching import ask, documents, feed, live
from musubi.matching.engine import index as engine
from musubi.matching.engine import matcher as engine_matcher
from musubi.matching.engine.index import Busy, Preparing
from musubi.matching.engine.matcher import NEED, SEED, Question
from musubi.matching.engine.payload import unpack
from musubi.matching.models import Experience
from musubi.people import actions as people
from musubi.people.models import Organisation
from musubi.solutions import actions as solutions
from musubi.solutions.models import Solution
from tests.factories.challenges import make_challenge
from tests.factories.people import make_member, make_municipality, make_staff
from tests.factories.solutions import make_solution

SORTING = {
    "title": "海岸清掃のごみの分別",
    "summary": "海岸清掃で集めたごみの分別を、学生と半分の時間で行います。",
}


def keys() -> set[str]:
    """What the index holds."""
    return live.matcher().reader.keys()


def generations() -> list[str]:
    return sorted(path.name for path in live.root().iterdir() if path.is_dir())


def here() -> str:
    return engine.current(live.root()).name


def is_like_the_database() -> bool:
    return keys() == documents.every_key() and not any(found for _done, found in feed.compared())


@pytest.fixture
def city(db):
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


# --- made anew


def test_rebuild_holds_what_may_be_found(index, city):
    shown, draft = make_challenge(city), make_challenge(city, state="draft")
    solution = make_solution(make_member(city).organisation, **SORTING)
    index()
    expected = {documents.key_of(one) for one in (shown, solution, solution.organisation)}
    assert keys() == documents.every_key() == expected
    assert documents.key_of(draft) not in keys()
    answers = ask.for_challenge(
        shown, solutions=Solution.objects.all(), organisations=Organisation.objects.all()
    )
    assert [answer.thing for answer in answers] == [solution]


def test_rebuild_without_any_document_makes_an_empty_index(index):
    index()
    assert keys() == set()


def test_rebuild_tells_how_far_it_is(index, city):
    for _ in range(3):
        make_challenge(city)
    told = []
    feed.rebuild(told.append)
    assert told == [1, 2, 3]


def test_what_happens_during_a_rebuild_is_taken_in_afterwards(index, city, desk):
    make_challenge(city, desk=desk)
    solution = make_solution()
    there = documents.every_key()

    def meanwhile(count):
        if count == 2:
            solutions.withdraw_solution(solution, by=None)

    feed.rebuild(meanwhile)
    assert keys() == there
    index.follow()
    assert keys() == there - {documents.key_of(solution)} == documents.every_key()


def test_rebuild_while_another_one_is_at_it_is_refused(index):
    index()
    with feed.alone(live.root()), pytest.raises(Busy):
        feed.rebuild()
    feed.rebuild()


def test_rebuild_that_fails_leaves_the_one_in_use(index, city, monkeypatch):
    challenge = make_challenge(city)
    index()
    before = here()

    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(engine.Writer, "commit", full)
    with pytest.raises(OSError):
        feed.rebuild()
    assert (here(), generations()) == (before, [before])
    assert keys() == {documents.key_of(challenge)}


def test_half_made_generations_are_swept(index):
    index()
    used = here()
    (live.root() / "20200101-000000-abcdef" / "tantivy").mkdir(parents=True)
    feed.sweep()
    assert generations() == [used]
    # The one before is left until its readers have gone.
    feed.rebuild()
    feed.sweep()
    assert generations() == sorted([used, here()])
    a_while_ago = time.time() - feed.LEFT_BEHIND_SECONDS
    os.utime(live.root() / "CURRENT", (a_while_ago, a_while_ago))
    feed.sweep()
    assert generations() == [here()]


def test_sweep_leaves_alone_what_is_being_made(index):
    index()
    half = live.root() / "20200101-000000-abcdef"
    half.mkdir()
    with feed.alone(live.root()):
        feed.sweep()
    assert half.exists()


def test_two_databases_have_two_folders(index):
    from django.db import connection

    one = live.root()
    name = connection.settings_dict["NAME"]
    try:
        connection.settings_dict["NAME"] = f"{name}-other"
        assert live.root() != one
    finally:
        connection.settings_dict["NAME"] = name
    assert live.root() == one


# --- fed


def test_follow_takes_in_what_happened_since(index, city, desk):
    first = make_challenge(city, desk=desk)
    solution = make_solution(make_member(city).organisation, **SORTING)
    index()
    assert index.follow() == 0
    second = make_challenge(city, desk=desk, title="防災無線が聞こえない地区へ知らせたい")
    solutions.withdraw_solution(solution, by=None)
    assert index.follow() > 0
    assert documents.key_of(second) in keys()
    assert is_like_the_database()
    challenges.close(second, by=desk, reason="withdrawn")
    index.follow()
    assert is_like_the_database()
    assert [answer.thing for answer in ask.for_seed(solution, challenges=Challenge.objects.all())] == [first]


def test_follow_finds_new_words_and_no_longer_the_old_ones(index, city):
    organisation = make_member(city).organisation
    solution = make_solution(organisation, **SORTING)
    challenge = make_challenge(city)
    index()
    solutions.save_solution(
        solution,
        by=None,
        title="鳥獣害を防ぐ電気柵",
        summary="いのししとしかから畑を守る電気柵を貸し出します。",
    )
    index.follow()
    assert (
        ask.for_challenge(
            challenge, solutions=Solution.objects.all(), organisations=Organisation.objects.none()
        )
        == []
    )


def test_follow_moves_a_document_to_its_new_readers(index, city, desk):
    challenge = make_challenge(city, desk=desk, visibility=Visibility.MUNICIPALITY)
    index()
    question = Question(SEED, "", documents.challenge_text(challenge))
    assert live.matcher().match(question, marks=[NEED, documents.PUBLIC]) == []
    challenges.widen(challenge, by=desk, visibility=Visibility.PUBLIC)
    index.follow()
    assert len(live.matcher().match(question, marks=[NEED, documents.PUBLIC])) == 1


def test_follow_carries_membership_to_the_organisation_and_its_solutions(index, city, desk):
    member = make_member(city)
    solution = make_solution(member.organisation)
    index()
    mark = f"m{city.pk}"
    both = [documents.key_of(solution), documents.key_of(member.organisation)]
    assert [mark in unpack(live.matcher().reader.get(key)).facts.regions for key in both] == [True, True]
    people.leave(member, by=desk, reason="事業の終了")
    index.follow()
    # Its solution is still published; the organisation itself has left.
    assert mark not in unpack(live.matcher().reader.get(both[0])).facts.regions
    assert is_like_the_database()


def test_follow_stopped_before_its_position_is_written_does_the_same_again(index, city, monkeypatch):
    index()
    make_challenge(city)

    def killed(self, folder):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(feed.Fed, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            feed.follow()
    assert is_like_the_database()
    assert index.follow() > 0
    assert is_like_the_database()
    assert index.follow() == 0


def test_follow_stopped_before_the_commit_does_it_again(index, city, monkeypatch):
    index()
    make_challenge(city)

    def killed(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(engine.Writer, "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            feed.follow()
    assert keys() == set()
    index.follow()
    assert is_like_the_database()


def test_follow_in_small_batches_misses_nothing(index, city, monkeypatch):
    monkeypatch.setattr(feed.following.after, "__defaults__", (3,))
    index()
    for _ in range(4):
        make_challenge(city)
    index.follow()
    assert is_like_the_database()
    assert len(keys()) == 4


def test_one_feeds_and_the_other_takes_over(index, city):
    index()
    first, second = feed.Feeder(), feed.Feeder()
    make_challenge(city)
    assert first.step() > 0
    assert second.step() == 0
    make_challenge(city)
    with pytest.raises(Busy):
        second.step()
    first.close()
    assert second.step() > 0
    # The first reads what the second has noted, and does nothing twice.
    assert first.step() == 0
    second.close()
    assert is_like_the_database()


def test_feeder_turns_to_the_new_generation(index, city):
    index()
    feeder = feed.Feeder()
    make_challenge(city)
    feeder.step()
    feed.rebuild()
    make_challenge(city)
    assert feeder.step() > 0
    feeder.close()
    live.forget()
    assert is_like_the_database()


def test_idle_feeder_gives_the_writer_back(index, city, monkeypatch):
    index()
    feeder = feed.Feeder()
    make_challenge(city)
    feeder.step()
    monkeypatch.setattr(feed, "IDLE_SECONDS", 0)
    assert feeder.step() == 0
    engine.Writer(engine.current(live.root())).close()


def test_document_that_cannot_be_read_does_not_keep_the_others_waiting(index, city, monkeypatch, caplog):
    index()
    bad, good = make_challenge(city), make_challenge(city)
    real = engine_matcher.entry

    def entry(document, model):
        if document.key == documents.key_of(bad):
            raise RuntimeError("unreadable")
        return real(document, model)

    with monkeypatch.context() as patch:
        patch.setattr(engine_matcher, "entry", entry)
        index.follow()
    assert keys() == {documents.key_of(good)}
    assert f"{documents.key_of(bad)} cannot be taken into the index" in caplog.text
    # The nightly comparison brings it once it can be read.
    assert [found for _done, found in feed.compared() if found] == [{documents.key_of(bad)}]


def test_index_of_a_restored_database_is_not_fed(index, city):
    make_challenge(city)
    index()
    Entry.objects.all().delete()
    with pytest.raises(Preparing, match="another journal"):
        feed.follow()
    feed.rebuild()
    feed.follow()


# --- missing, torn, old


def torn(what: str) -> None:
    folder = engine.current(live.root())
    if what == "nothing there":
        (live.root() / "CURRENT").unlink()
    elif what == "no such generation":
        (live.root() / "CURRENT").write_text("20200101-000000-abcdef")
    elif what == "old":
        about = json.loads((folder / "about.json").read_text())
        (folder / "about.json").write_text(json.dumps(about | {"format": 0}))
    elif what == "from before this file":
        about = json.loads((folder / "about.json").read_text())
        del about["journal"]
        (folder / "about.json").write_text(json.dumps(about))
    elif what == "position":
        (folder / "fed.json").write_text('{"journal": {"top"')
    else:
        path = next((folder / "tantivy").glob(what)) if "*" in what else folder / what
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    "what",
    [
        *("nothing there", "no such generation", "old", "from before this file", "position"),
        *("model.npz", "about.json", "tantivy/meta.json", "*.store", "*.term"),
    ],
)
def test_index_that_is_not_whole_says_so_and_can_be_made_anew(index, city, what):
    challenge = make_challenge(city)
    index()
    torn(what)
    live.forget()
    with pytest.raises(Preparing):
        feed.follow()
    feed.rebuild()
    feed.follow()
    live.forget()
    assert keys() == {documents.key_of(challenge)}


def test_machine_without_a_folder_prepares_for_ever(db):
    for ask_for in (live.matcher, feed.follow, feed.rebuild):
        with pytest.raises(Preparing):
            ask_for()


def test_folder_that_cannot_be_made_is_an_error_of_the_disk(db, settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.INDEX_DIR = tmp_path / "file" / "index"
    with pytest.raises(OSError):
        feed.rebuild()
    with pytest.raises(Preparing):
        live.matcher()


# --- compared


def experience(organisation, city, **words) -> Experience:
    words = {"case_id": 1, "title": "海岸のごみ", "outcomes": 2, "at": clock.now(), **words}
    return Experience.objects.create(organisation=organisation, municipality=city, **words)


def differing() -> set[str]:
    return set().union(*(found for _done, found in feed.compared()))


def test_comparison_finds_what_no_entry_told(index, city):
    member = make_member(city)
    solution = make_solution(member.organisation)
    gone, challenge = make_challenge(city), make_challenge(city)
    index()
    assert differing() == set()
    experience(member.organisation, city)
    Challenge.objects.filter(pk=gone.pk).update(state="draft")
    new = Challenge.objects.get(pk=challenge.pk)
    new.pk, new.ref = None, "2026-9999"
    new.save()
    expected = {documents.key_of(one) for one in (member.organisation, solution, gone, new)}
    assert differing() == expected
    feeder = feed.Feeder()
    feeder.mend(expected)
    feeder.close()
    assert differing() == set()
    assert unpack(live.matcher().reader.get(documents.key_of(solution))).facts.worked == 2


def test_what_another_process_wants_looked_at_again_is(index, city):
    member = make_member(city)
    index()
    experience(member.organisation, city)
    path = feed.want_again(differing())
    assert index.follow() > 0
    assert (path.exists(), differing()) == (False, set())


def test_wish_that_is_not_whole_is_passed_over(index):
    index()
    path = feed.want_again(set())
    path.write_text('["chall')
    assert index.follow() == 1
    assert not path.exists()


# --- when to make it anew


def note(**changes) -> None:
    from dataclasses import replace

    folder = engine.current(live.root())
    replace(feed.Fed.read(folder), **changes).write(folder)


def test_small_index_learns_again_every_night(index, city):
    make_challenge(city)
    index()
    night = clock.at(clock.today(), 2) + timedelta(days=2)
    with clock.standing_at(night):
        assert feed.why_learn_again() == ""  # nothing happened
    note(changed=1)
    with clock.standing_at(clock.now() + timedelta(hours=2)):
        assert feed.why_learn_again() == ""
    with clock.standing_at(night):
        assert feed.why_learn_again() != ""
    with clock.standing_at(clock.now() + timedelta(days=3)):
        assert feed.why_learn_again() != ""


def test_large_index_learns_again_every_week(index, monkeypatch):
    monkeypatch.setattr(feed, "SMALL", 0)
    index()
    note(changed=1)
    night = clock.at(clock.today(), 2)
    with clock.standing_at(night + timedelta(days=5)):
        assert feed.why_learn_again() == ""
    with clock.standing_at(night + timedelta(days=8)):
        assert feed.why_learn_again() != ""


def test_index_learns_again_when_there_is_a_fifth_more(index, city):
    for _ in range(10):
        make_challenge(city)
    index()
    make_challenge(city)
    index.follow()
    soon = clock.now() + feed.LEAST_AGE
    with clock.standing_at(soon):
        assert feed.why_learn_again() == ""
    make_challenge(city)
    index.follow()
    assert feed.why_learn_again() == ""
    with clock.standing_at(soon):
        assert feed.why_learn_again() == "it learned from 10 documents, and there are 12 now"


def test_it_is_compared_at_night(index):
    index()
    made = clock.now()
    with clock.standing_at(clock.at(clock.today(), 2) + timedelta(days=2)):
        assert feed.is_to_be_compared()
    with clock.standing_at(clock.at(clock.today(), 12) + timedelta(days=1)):
        assert not feed.is_to_be_compared()
    with clock.standing_at(made + timedelta(days=2)):
        assert feed.is_to_be_compared()
