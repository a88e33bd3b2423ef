"""The index in its folder: what is put in is found, by those who may, at once, and in one generation at a time."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from musubi.matching.engine import index
from musubi.matching.engine.index import (
    RELOAD_SECONDS,
    Busy,
    Entry,
    Generation,
    Preparing,
    Reader,
    Writer,
    current,
)
from musubi.matching.engine.matcher import NEED, SEED, Question, build
from musubi.matching.engine.model import Model
from tests.matching.engine.corpus import TOWN, keys, made, opened


def an_entry(key: str, words: str = "", *marks: str, pairs: str = "", payload: bytes = b"") -> Entry:
    return Entry(key, frozenset(marks), words, pairs, payload)


@pytest.fixture
def root(tmp_path):
    """An index of five entries."""
    generation = Generation(tmp_path, Model())
    for entry in (
        an_entry("a:1", "海岸 清掃", "need", "city:1", payload=b"one"),
        an_entry("a:2", "海岸 海岸 海岸", "need", "city:2"),
        an_entry("b:1", "公園 清掃", "seed", "city:1"),
        an_entry("b:2", "公園 花", "seed", "city:2", pairs="公園"),
        an_entry("b:3", "", "seed", "city:3"),
    ):
        generation.writer.add(entry)
    generation.adopt(documents=5)
    return tmp_path


def reader(root) -> Reader:
    return Reader(current(root))


def found(view: Reader, *words: str, limit: int = 10, **more) -> list[str]:
    wanted = {"words": dict.fromkeys(words, 1.0)}
    return [key for key, _payload, _score in view.search(wanted, limit=limit, **more)]


def wait_for(view: Reader, *words: str) -> list[str]:
    """What is found once the reader has looked again."""
    time.sleep(RELOAD_SECONDS + 0.05)
    return found(view, *words)


# --- questions -----------------------------------------------------------------------------------------------


def test_search_finds_what_holds_most_of_it(root):
    assert found(reader(root), "海岸", "清掃") == ["a:1", "a:2", "b:1"]
    assert found(reader(root), "鯨") == []
    assert found(reader(root)) == []


def test_search_weighs_terms_and_fields(root):
    view = reader(root)
    assert [k for k, *_ in view.search({"words": {"花": 1.0, "海岸": 50.0}}, limit=1)] == ["a:2"]
    assert [k for k, *_ in view.search({"words": {"花": 50.0, "海岸": 1.0}}, limit=1)] == ["b:2"]
    assert [k for k, *_ in view.search({"pairs": {"公園": 1.0}, "words": {}}, limit=9)] == ["b:2"]


def test_search_returns_the_payload_and_the_best_only(root):
    ((key, payload, score),) = reader(root).search({"words": {"海岸": 1.0, "清掃": 1.0}}, limit=1)
    assert (key, payload) == ("a:1", b"one")
    assert score > 0


def test_every_mark_is_required(root):
    assert found(reader(root), "清掃", marks=["city:1"]) == ["a:1", "b:1"]
    assert found(reader(root), "清掃", marks=["city:1", "seed"]) == ["b:1"]
    assert found(reader(root), "清掃", marks=["city:2", "seed"]) == []
    assert found(reader(root), "清掃", marks=["nobody"]) == []


def test_of_several_marks_in_one_any_will_do(root):
    assert set(found(reader(root), "花", "清掃", marks=[["city:1", "city:3"]])) == {"a:1", "b:1"}
    assert set(found(reader(root), "花", "清掃", marks=[["city:1", "city:2"]])) == {"a:1", "b:1", "b:2"}
    assert found(reader(root), "海岸", "公園", marks=[["city:2", "city:3"], "need"]) == ["a:2"]
    assert found(reader(root), "海岸", marks=[[]]) == []


def test_marks_do_not_change_the_score(root):
    asked = {"words": {"清掃": 1.0}}
    free = {key: score for key, _payload, score in reader(root).search(asked, limit=9)}
    marked = reader(root).search(asked, marks=["city:1", ["seed", "need"]], limit=9)
    assert {key: score for key, _payload, score in marked} == pytest.approx(free)


def test_keys_may_be_left_out(root):
    assert found(reader(root), "海岸", without=["a:2"]) == ["a:1"]
    assert found(reader(root), "海岸", without=["a:1", "a:2", "gone:1"]) == []


def test_document_is_got_by_its_key(root):
    assert reader(root).get("a:1") == b"one"
    assert reader(root).get("a:2") == b""
    assert reader(root).get("a:3") is None


def test_every_key_is_told(root):
    assert reader(root).keys() == {"a:1", "a:2", "b:1", "b:2", "b:3"}


def test_empty_index_answers(tmp_path):
    Generation(tmp_path, Model()).adopt()
    view = reader(tmp_path)
    assert (view.keys(), view.get("a:1"), found(view, "海岸")) == (set(), None, [])


# --- changes -------------------------------------------------------------------------------------------------


def test_put_is_seen_after_its_commit(root):
    view, writer = reader(root), Writer(current(root))
    writer.put(an_entry("a:3", "鯨"))
    assert wait_for(view, "鯨") == []
    writer.commit()
    assert wait_for(view, "鯨") == ["a:3"]
    writer.close()


def test_put_replaces_what_has_the_same_key(root):
    view, writer = reader(root), Writer(current(root))
    writer.put(an_entry("a:1", "鯨", payload=b"two"))
    writer.put(an_entry("a:1", "鯨 鯨", payload=b"three"))
    writer.commit()
    writer.close()
    assert wait_for(view, "鯨") == ["a:1"]
    assert found(view, "海岸") == ["a:2"]
    assert view.get("a:1") == b"three"


def test_removed_is_gone(root):
    view, writer = reader(root), Writer(current(root))
    writer.remove("a:1")
    writer.remove("never:1")
    writer.commit()
    writer.close()
    assert wait_for(view, "海岸") == ["a:2"]
    assert view.keys() == {"a:2", "b:1", "b:2", "b:3"}


def test_what_was_not_committed_is_dropped(root):
    writer = Writer(current(root))
    writer.put(an_entry("a:3", "鯨"))
    writer.remove("a:1")
    writer.close()
    assert reader(root).keys() == {"a:1", "a:2", "b:1", "b:2", "b:3"}


def test_reader_goes_on_while_another_writes(root):
    view, writer = reader(root), Writer(current(root))
    for number in range(20):
        writer.put(an_entry(f"c:{number}", "鯨"))
        writer.commit()
        assert found(view, "海岸") == ["a:2", "a:1"]
    writer.close()
    time.sleep(RELOAD_SECONDS + 0.05)
    assert set(found(view, "鯨", limit=99)) == {f"c:{number}" for number in range(20)}


def test_second_writer_is_told_that_the_first_is_busy(root):
    first = Writer(current(root))
    with pytest.raises(Busy):
        Writer(current(root))
    first.close()
    Writer(current(root)).close()


def test_writer_may_be_closed_twice(root):
    writer = Writer(current(root))
    writer.close()
    writer.close()


def test_eight_threads_read_from_one_reader(root):
    view = reader(root)

    def work(_number):
        return [found(view, "海岸", "清掃") for _ in range(50)]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(8))) == [[["a:1", "a:2", "b:1"]] * 50] * 8


# --- generations ---------------------------------------------------------------------------------------------


def test_nothing_is_there_before_the_first_is_adopted(tmp_path):
    with pytest.raises(Preparing):
        current(tmp_path)
    with pytest.raises(Preparing):
        current(tmp_path / "nowhere")
    generation = Generation(tmp_path, Model())
    with pytest.raises(Preparing):
        current(tmp_path)
    generation.adopt()
    assert current(tmp_path) == generation.folder


def test_new_generation_changes_nothing_until_it_is_adopted(root):
    view, before = reader(root), current(root)
    generation = Generation(root, Model())
    generation.writer.add(an_entry("a:9", "鯨"))
    assert current(root) == before
    assert (wait_for(view, "鯨"), found(reader(root), "鯨")) == ([], [])
    generation.adopt()
    assert found(reader(root), "鯨") == ["a:9"]


def test_reader_of_the_last_generation_goes_on(root):
    view = reader(root)
    Generation(root, Model()).adopt()
    assert current(root) != view.folder
    assert wait_for(view, "海岸") == ["a:2", "a:1"]


def test_all_but_the_last_two_generations_are_cleared_away(root):
    first = current(root)
    half_made = Generation(root, Model())
    half_made.writer.close()
    for _ in range(2):
        before = current(root)
        Generation(root, Model()).adopt()
    assert not first.exists()
    assert not half_made.folder.exists()
    assert {folder for folder in root.iterdir() if folder.is_dir()} == {before, current(root)}


def test_dropped_generation_leaves_nothing(root):
    before = sorted(root.iterdir())
    generation = Generation(root, Model())
    generation.writer.add(an_entry("a:9", "鯨"))
    generation.drop()
    assert sorted(root.iterdir()) == before


def test_what_is_told_with_a_generation_is_kept_with_it(tmp_path):
    Generation(tmp_path, Model()).adopt(documents=5, journal=[7, 3])
    about = json.loads((current(tmp_path) / "about.json").read_text())
    assert (about["documents"], about["journal"]) == (5, [7, 3])


def test_index_of_another_format_is_not_opened(root, monkeypatch):
    monkeypatch.setattr(index, "FORMAT", index.FORMAT + 1)
    with pytest.raises(Preparing, match="another version"):
        current(root)


def test_index_of_another_analysis_is_not_opened(root, monkeypatch):
    monkeypatch.setattr(index.analysis, "fingerprint", lambda: "other")
    with pytest.raises(Preparing, match="another version"):
        current(root)


def test_index_made_anew_is_opened(tmp_path, monkeypatch):
    made(tmp_path)
    monkeypatch.setattr(index.analysis, "fingerprint", lambda: "other")
    assert keys(made(tmp_path).match(question(), limit=1, marks=[SEED])) == ["seed:boat"]


def test_build_that_fails_leaves_the_index_as_it_was(tmp_path):
    made(tmp_path)
    before = current(tmp_path)

    def torn_off():
        yield TOWN[0]
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        build(tmp_path, torn_off(), sample=TOWN)
    assert current(tmp_path) == before
    assert keys(opened(tmp_path).match(question(), limit=1, marks=[SEED])) == ["seed:boat"]
    assert [folder for folder in tmp_path.iterdir() if folder.is_dir()] == [before]


def question():
    return Question(NEED, "漂着ごみ", "砂浜の漂着ごみを回収したい。")
