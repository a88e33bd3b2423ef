"""The index: Tantivy in a folder of its own, made anew beside the old one and switched to in one step.

    <root>/CURRENT            the name of the generation in use
    <root>/<generation>/      about.json · model.npz · tantivy/

One process writes (Tantivy's own lock sees to that); any number read and are never blocked. A commit is whole or
not there, whatever happens between; what is older than this file or than the analysis is not opened, but made anew.
"""

import json
import os
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import tantivy

from musubi.matching.engine import analysis, whole
from musubi.matching.engine.model import Model

FORMAT = 2
MEMORY = 64_000_000
RELOAD_SECONDS = 0.3
WORDS, PAIRS = "words", "pairs"


class Preparing(Exception):
    """There is no index that can be read: none made yet, a torn one, one from an older version."""


class Busy(Exception):
    """Another process is writing."""


@dataclass(frozen=True)
class Entry:
    """A document as the index takes it. `marks` are what questions may be narrowed to; `words` and `pairs` are the terms
    of its text, each as often as it is there, with a space between."""

    key: str
    marks: frozenset[str]
    words: str
    pairs: str
    payload: bytes


def spelled(counts: Counter[str]) -> str:
    """Terms as an `Entry` takes them."""
    spelled = " ".join(counts.elements())
    if spelled.count(" ") < counts.total():
        return spelled
    return " ".join(term.replace(" ", "_") for term in counts.elements())


@contextmanager
def _as(error: type[Exception], *, whatever: bool = False):
    """Tantivy's own errors, and its panics, as one of ours; with `whatever`, all that a torn file can lead to."""
    try:
        yield
    except (Preparing, Busy):
        raise
    except (ValueError, OSError, KeyError) as problem:
        raise error(str(problem)) from problem
    except BaseException as problem:
        is_panic = type(problem).__name__ == "PanicException"
        if not is_panic and not (whatever and isinstance(problem, Exception)):
            raise
        raise error(str(problem)) from problem


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("marks", tokenizer_name="raw", index_option="basic")
    builder.add_text_field(WORDS, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field(PAIRS, tokenizer_name="whitespace", index_option="freq")
    builder.add_bytes_field("payload", stored=True, indexed=False, fast=False)
    return builder.build()


def current(root: Path) -> Path:
    """The folder of the generation in use. Raises Preparing."""
    with _as(Preparing, whatever=True):
        folder = root / (root / "CURRENT").read_text(encoding="utf-8").strip()
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        if (about["format"], about["analysis"]) != (FORMAT, analysis.fingerprint()):
            raise Preparing("the index is from another version")
        return folder


def _open(folder: Path) -> tuple[tantivy.Index, tuple[int, ...]]:
    """The index of a generation, and which commit it shows. Raises Preparing where it is not whole."""
    with _as(Preparing, whatever=True):
        # Looked at first: a commit in between is then seen at the next look.
        committed = _stamp(folder)
        whole.check(folder / "tantivy")
        return tantivy.Index.open(str(folder / "tantivy")), committed


def _stamp(folder: Path) -> tuple[int, ...]:
    """Changes with every commit."""
    about = (folder / "tantivy" / "meta.json").stat()
    return about.st_ino, about.st_size, about.st_mtime_ns


class Reader:
    """Reads one generation. What was committed is seen `RELOAD_SECONDS` later at the latest."""

    def __init__(self, folder: Path, *, embed=None):
        self.folder = folder
        self.index, self._seen = _open(folder)
        with _as(Preparing, whatever=True):
            self.model = Model.load(folder / "model.npz", embed=embed)
        self.schema = self.index.schema
        self._looked_at = time.monotonic()

    def searcher(self) -> tantivy.Searcher:
        with _as(Preparing):
            if time.monotonic() - self._looked_at > RELOAD_SECONDS:
                if (committed := _stamp(self.folder)) != self._seen:
                    self.index.reload()
                self._seen, self._looked_at = committed, time.monotonic()
            return self.index.searcher()

    def search(
        self,
        wanted: dict[str, dict[str, float]],
        *,
        marks: Iterable[str | Iterable[str]] = (),
        without: Iterable[str] = (),
        limit: int,
    ) -> list[tuple[str, bytes, float]]:
        """(key, payload, score) of what holds most of the `wanted` (field → term → weight), best first.

        Every one of `marks` is required; of several in one, any. `without` are keys left out.
        """
        with _as(Preparing):
            query = self.query(wanted, marks=marks, without=without)
            searcher = self.searcher()
            found = []
            for score, address in searcher.search(query, limit, count=False).hits:
                document = searcher.doc(address)
                found.append((document.get_first("key"), bytes(document.get_first("payload")), score))
            return found

    def query(self, wanted, *, marks=(), without=()) -> tantivy.Query:
        """The same question as Tantivy takes it."""
        term = tantivy.Query.term_query
        parts = [
            (
                tantivy.Occur.Should,
                tantivy.Query.boost_query(term(self.schema, name, word, index_option="freq"), weight),
            )
            for name, words in wanted.items()
            for word, weight in words.items()
        ]
        query = tantivy.Query.boolean_query(parts)
        required = []
        for mark in marks:
            if isinstance(mark, str):
                one = term(self.schema, "marks", mark, index_option="basic")
            else:
                any_of = [term(self.schema, "marks", m, index_option="basic") for m in mark]
                one = tantivy.Query.boolean_query([(tantivy.Occur.Should, m) for m in any_of])
            required.append((tantivy.Occur.Must, tantivy.Query.const_score_query(one, 0.0)))
        left_out = [
            (tantivy.Occur.MustNot, term(self.schema, "key", key, index_option="basic")) for key in without
        ]
        if required or left_out:
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *required, *left_out])
        return query

    def get(self, key: str) -> bytes | None:
        """The payload of one document, None where it is not in the index."""
        with _as(Preparing):
            searcher = self.searcher()
            query = tantivy.Query.term_query(self.schema, "key", key, index_option="basic")
            for _score, address in searcher.search(query, 1, count=False).hits:
                return bytes(searcher.doc(address).get_first("payload"))
        return None

    def keys(self) -> set[str]:
        """Every key there is."""
        with _as(Preparing):
            searcher = self.searcher()
            if not searcher.num_docs:
                return set()
            hits = searcher.search(tantivy.Query.all_query(), searcher.num_docs, count=False).hits
            return {searcher.doc(address).get_first("key") for _score, address in hits}


class Writer:
    """Changes one generation. Raises Busy while another process does, Preparing where the folder is not whole or cannot
    be written to (then, or at any later step)."""

    def __init__(self, folder: Path, *, memory: int = MEMORY):
        self.folder = folder
        self.index, _seen = _open(folder)
        try:
            with _as(Preparing):
                self._writer = self.index.writer(memory, 1)
        except Preparing as problem:
            raise (Busy if "LockBusy" in str(problem) else Preparing)(str(problem)) from problem

    def put(self, entry: Entry) -> None:
        """Add a document, in place of the one of the same key."""
        self.remove(entry.key)
        self.add(entry)

    def add(self, entry: Entry) -> None:
        """Add a document of a key that is not there yet."""
        document = tantivy.Document()
        document.add_text("key", entry.key)
        for mark in entry.marks:
            document.add_text("marks", mark)
        document.add_text(WORDS, entry.words)
        document.add_text(PAIRS, entry.pairs)
        document.add_bytes("payload", entry.payload)
        with _as(Preparing):
            self._writer.add_document(document)

    def remove(self, key: str) -> None:
        with _as(Preparing):
            self._writer.delete_documents_by_term("key", key)

    def commit(self) -> None:
        """From here on it is there, even if the machine stops the next moment."""
        with _as(Preparing):
            self._writer.commit()

    def close(self) -> None:
        """Give the lock back; what was not committed is dropped."""
        with suppress(Preparing), _as(Preparing, whatever=True):
            self._writer.rollback()
            self._writer.wait_merging_threads()


class Generation:
    """A new index beside the one in use. `adopt` switches to it; until then, and if never, nothing changes."""

    def __init__(self, root: Path, model: Model):
        self.root = root
        self.folder = root / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        (self.folder / "tantivy").mkdir(parents=True)
        tantivy.Index(_schema(), path=str(self.folder / "tantivy"))
        self.model_path = self.folder / "model.npz"
        model.save(self.model_path)
        self.writer = Writer(self.folder)

    def adopt(self, **about) -> None:
        """Commit, and let everybody read this one from now on. `about` is kept with it."""
        self.writer.commit()
        self.writer.close()
        told = {"format": FORMAT, "analysis": analysis.fingerprint(), **about}
        write_whole(self.folder / "about.json", json.dumps(told))
        before = _read(self.root / "CURRENT")
        write_whole(self.root / "CURRENT", self.folder.name)
        # Readers may still be on their way out of the last one.
        for folder in self.root.iterdir():
            if folder.is_dir() and folder.name not in (self.folder.name, before):
                shutil.rmtree(folder, ignore_errors=True)

    def drop(self) -> None:
        self.writer.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that it is there as a whole or as it was before."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8").strip()
    return ""
