"""An index that is missing, torn, old, or on a disk that cannot be written to: it is being prepared, and no more.

The answers of an index that does open are the right ones; nothing is printed that would alarm whoever reads the log.
"""

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from musubi.matching.engine import index, matcher, whole
from musubi.matching.engine.index import Preparing, Reader, Writer, current
from musubi.matching.engine.matcher import NEED, Document, Question, build
from tests.matching.engine.corpus import TOWN, keys, made, opened

QUESTION = Question(NEED, "漂着ごみ", "砂浜の漂着ごみを回収したい。")
# Enough for topics, so that every part of the model holds something.
TEXTS = TOWN + [
    Document(f"{side}:{n}", side, f"{a}の{b}", f"{a}を{c}で{b}する")
    for side in ("need", "seed")
    for n, (a, b, c) in enumerate(
        (a, b, c)
        for a in ("海岸", "公園", "学校", "河川", "農地")
        for b in ("清掃", "点検", "改修", "見学")
        for c in ("小型船", "双眼鏡")
    )
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A sound index with a removed document, and what it answers."""
    root = tmp_path_factory.mktemp("sound") / "index"
    made(root, TEXTS)
    writer = Writer(current(root))
    writer.remove("need:house")
    writer.commit()
    writer.close()
    return root, answers(root)


@pytest.fixture
def copy(sound, tmp_path):
    """A copy of it that may be spoilt."""
    return Path(shutil.copytree(sound[0], tmp_path / "index"))


def answers(root: Path) -> tuple:
    town = opened(root)
    return keys(town.match(QUESTION, limit=9)), town.reader.keys()


def answers_or_prepares(root: Path) -> tuple | None:
    """What an index answers; None while it is being prepared."""
    try:
        return answers(root)
    except Preparing:
        return None


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def spoilt(data: bytes) -> dict[str, bytes | None]:
    """The ways a file may be spoilt; None where it is gone."""
    size = len(data)
    ways = {
        f"cut at {cut}": data[:cut]
        for cut in {0, 1, size // 7, size // 3, size // 2, size - 9, size - 1}
        if cut >= 0
    }
    for start in (0, size // 3, size // 2):
        ways[f"zeros from {start}"] = data[:start] + bytes(size - start)
        ways[f"zeros in {start}"] = data[:start] + bytes(min(9, size - start)) + data[start + 9 :]
        ways[f"other bytes in {start}"] = (
            data[:start] + bytes(255 - one for one in data[start : start + 3]) + data[start + 3 :]
        )
    return {way: new for way, new in ways.items() if new != data} | {"longer": data + b"\0" * 9, "gone": None}


def test_sound_index_answers(sound):
    found, every = sound[1]
    assert found[0] == "need:beach"
    assert every == {document.key for document in TEXTS} - {"need:house"}


# --- not there, not whole, not ours --------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["", "\n", "gone", "..", "../../etc", "\0", "a/b/c", "x" * 5_000, "."])
def test_current_that_points_nowhere_is_being_prepared(copy, told):
    (copy / "CURRENT").write_text(told)
    with pytest.raises(Preparing):
        current(copy)


def test_current_that_is_no_text_is_being_prepared(copy):
    (copy / "CURRENT").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(Preparing):
        current(copy)
    (copy / "CURRENT").unlink()
    (copy / "CURRENT").mkdir()
    with pytest.raises(Preparing):
        current(copy)


@pytest.mark.parametrize(
    "told", ["", "{", "[]", "null", "{}", '{"format": 1}', '"format"', "\ufeff{}", "[" * 100_000]
)
def test_torn_about_is_being_prepared(copy, told):
    (current(copy) / "about.json").write_text(told)
    with pytest.raises(Preparing):
        current(copy)


def test_index_from_an_older_version_is_being_prepared(copy):
    about = current(copy) / "about.json"
    about.write_text(about.read_text().replace(f'"format": {index.FORMAT}', f'"format": {index.FORMAT - 1}'))
    with pytest.raises(Preparing):
        current(copy)


def test_folder_in_place_of_a_file_is_being_prepared(copy):
    folder = current(copy)
    for path in (folder / "model.npz", folder / "tantivy" / "meta.json"):
        path.unlink()
        path.mkdir()
        with pytest.raises(Preparing):
            Reader(current(copy))


def test_spoilt_files_are_being_prepared_or_do_not_matter(sound, copy, tmp_path, capfd):
    """Each file in turn, in each way: the right answers, or Preparing; never others, never a crash, never a word."""
    right = sound[1]
    seen = 0
    for path in files(copy):
        data = path.read_bytes()
        for number, (way, new) in enumerate(spoilt(data).items()):
            # Another folder each time: a process may keep what it knows of a file.
            other = Path(shutil.copytree(copy, tmp_path / f"{path.name}-{number}"))
            torn = other / path.relative_to(copy)
            if new is None:
                torn.unlink()
            else:
                torn.write_bytes(new)
            found = answers_or_prepares(other)
            assert found in (None, right), f"{path.name} {way}"
            seen += found is None
            shutil.rmtree(other, ignore_errors=True)
    assert seen > 100
    assert capfd.readouterr() == ("", "")


def test_model_cut_anywhere_is_being_prepared(copy):
    path = current(copy) / "model.npz"
    data = path.read_bytes()
    for cut in range(0, len(data), max(len(data) // 60, 1)):
        path.write_bytes(data[:cut])
        with pytest.raises(Preparing):
            Reader(current(copy))
    path.write_bytes(data)
    Reader(current(copy))


def test_spoilt_index_is_not_written_to_either(copy):
    segment = next((current(copy) / "tantivy").glob("*.store"))
    data = segment.read_bytes()
    segment.write_bytes(data[: len(data) // 2] + bytes(5) + data[len(data) // 2 + 5 :])
    with pytest.raises(Preparing):
        Writer(current(copy))


def test_spoilt_index_mends_by_being_made_anew(copy):
    for path in files(copy):
        path.write_bytes(b"")
    assert keys(made(copy, TEXTS).match(QUESTION, limit=1)) == ["need:beach"]


def test_files_of_a_commit_in_the_making_are_not_looked_at(copy):
    folder = current(copy) / "tantivy"
    segment = next(folder.glob("*.store")).name.partition(".")[0]
    (folder / f"{segment}.99999.del").write_bytes(b"half")
    (folder / f"{'0' * 32}.store").write_bytes(b"half")
    whole.check(folder)


def test_file_is_looked_at_once_a_process(copy, monkeypatch):
    folder = current(copy) / "tantivy"
    whole.check(folder)
    monkeypatch.setattr(whole, "_is_whole", lambda *_: pytest.fail("looked at again"))
    whole.check(folder)


# --- what fails later ----------------------------------------------------------------------------------------


class PanicException(BaseException):
    """As pyo3 tells a panic of the Rust code: no Exception."""


class Failing:
    """In place of one of Tantivy's own things: everything asked of it fails."""

    def __init__(self, error):
        self.error = error

    def __getattr__(self, _name):
        def fail(*_given, **_named):
            raise self.error

        return fail


ERRORS = [
    PanicException("index out of bounds"),
    ValueError("Io error"),
    OSError(errno.EIO, "Input/output error"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_fails_while_reading_is_preparing(copy, error):
    town = opened(copy)
    town.reader.searcher = lambda: Failing(error)
    for ask in (
        lambda: town.match(QUESTION),
        lambda: town.reader.get("need:beach"),
        lambda: town.reader.keys(),
        lambda: town.reader.search({"words": {"海岸": 1.0}}, limit=3),
    ):
        with pytest.raises(Preparing):
            ask()


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_fails_while_opening_or_looking_again_is_preparing(copy, error, monkeypatch):
    town = opened(copy)
    town.reader.index, town.reader._seen, town.reader._looked_at = Failing(error), (), 0
    with pytest.raises(Preparing):
        town.match(QUESTION)
    monkeypatch.setattr(index.tantivy.Index, "open", lambda _path: Failing(error).open(), raising=True)
    for opening in (Reader, Writer):
        with pytest.raises(Preparing):
            opening(current(copy))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_fails_while_writing_is_preparing(copy, error):
    writer = Writer(current(copy))
    kept, writer._writer = writer._writer, Failing(error)
    town = opened(copy)
    for act in (
        lambda: writer.put(matcher.entry(TOWN[0], town.model)),
        lambda: writer.add(matcher.entry(TOWN[0], town.model)),
        lambda: writer.remove("need:beach"),
        writer.commit,
    ):
        with pytest.raises(Preparing):
            act()
    writer.close()
    writer._writer = kept
    writer.close()


def test_what_the_caller_does_wrong_is_not_hidden(copy):
    with pytest.raises((TypeError, AttributeError)):
        opened(copy).match(None)


def test_spoilt_payload_is_preparing(copy, monkeypatch):
    town = opened(copy)
    monkeypatch.setattr(town.reader, "search", lambda *_given, **_named: [("need:1", b"no payload", 1.0)])
    with pytest.raises(Preparing):
        town.match(QUESTION)


def test_index_that_goes_away_under_its_reader_is_preparing_or_answers(copy):
    town = opened(copy)
    before = keys(town.match(QUESTION, limit=9))
    shutil.rmtree(copy)
    town.reader._looked_at = 0
    with pytest.raises(Preparing):
        town.match(QUESTION)
    town.reader._looked_at = float("inf")
    assert keys(town.match(QUESTION, limit=9)) == before


# --- a disk that cannot be written to ------------------------------------------------------------------------


def test_folder_nobody_may_write_to_is_preparing_or_answers(sound, copy):
    """Whoever is root may write all the same: then it answers."""
    for path in [*files(copy), *(p for p in copy.rglob("*") if p.is_dir()), copy]:
        path.chmod(0o444 if path.is_file() else 0o555)
    try:
        assert answers_or_prepares(copy) in (None, sound[1])
    finally:
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o755)


READ_ONLY = """
import ctypes, os, sys
from pathlib import Path
from musubi.matching.engine.index import Busy, Preparing, Reader, Writer, current
from musubi.matching.engine.matcher import Matcher, build
from tests.matching.engine.test_torn import QUESTION
from tests.matching.engine.corpus import TOWN, keys, opened

root = Path(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
NEWNS, PRIVATE, RECURSIVE, BIND, REMOUNT, READONLY = 0x20000, 1 << 18, 1 << 14, 1 << 12, 32, 1

def sealed():
    # A view of the disk of this process's own, in which the folder cannot be written to.
    place = str(root).encode()
    return not (
        libc.unshare(NEWNS)
        or libc.mount(b"none", b"/", None, PRIVATE | RECURSIVE, None)
        or libc.mount(place, place, None, BIND, None)
        or libc.mount(b"none", place, None, REMOUNT | BIND | READONLY, None)
    )

def told(act):
    try:
        return act()
    except Exception as problem:
        return type(problem).__name__

before = opened(root)
print(keys(before.match(QUESTION, limit=1)))
if not sealed():
    print("cannot")
    raise SystemExit
before.reader._looked_at = 0
print(told(lambda: keys(before.match(QUESTION, limit=1))))
print(told(lambda: opened(root)))
print(told(lambda: Writer(current(root))))
print(told(lambda: build(root, TOWN, sample=TOWN)))
"""


def test_read_only_disk_is_preparing(copy):
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(copy)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=120,
    )
    told = done.stdout.splitlines()
    if told[1:] == ["cannot"]:
        pytest.skip("this machine lets nobody mount a folder read-only")
    # Whoever had it open goes on with what it has.
    assert (told, done.stderr) == (
        ["['need:beach']", "['need:beach']", "Preparing", "Preparing", "OSError"],
        "",
    )


def test_full_disk_while_building_leaves_the_index_as_it_was(copy, monkeypatch):
    before = answers(copy)

    def full(*_given):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(index, "write_whole", full)
    with pytest.raises(OSError, match="No space left"):
        build(copy, TEXTS, sample=TEXTS)
    assert answers(copy) == before
    assert len([folder for folder in copy.iterdir() if folder.is_dir()]) == 1
