"""Whether the suite shows of every action what becomes of it: done, refused, not allowed, and told in the journal.

`script/test` runs the suite on SQLite with `-p tests.every_action --actions-seen FOLDER`; each worker notes there what
it saw. Then `python -m tests.every_action FOLDER` adds the notes up and names every action with what was never seen.

Names prove nothing here. An action counts as done or refused where a file of tests calls it, itself or through a
factory, not where a page, another action or the demo does; and as told in the journal where a file of tests calls it
itself, it writes an entry itself, and the same test then looks there.
"""

import contextlib
import inspect
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from sys import monitoring
from types import FrameType

import pytest

ROOT = Path(__file__).parent.parent
FACTORIES = str(ROOT / "tests" / "factories")
DONE, REFUSED, NOT_ALLOWED, JOURNAL = "done", "refused", "not allowed", "journal"
OUTCOMES = [DONE, REFUSED, NOT_ALLOWED, JOURNAL]

# What takes a `by` and is a help to actions.
HELPERS = {
    "journal.actions.write": "the last line of every action",
    "people.actions.steps.require_keeper": "a permission that several actions ask for",
    "proposals.actions.ask": "the question that `route` and a consented referral put",
    "proposals.actions.require_impartial": "a permission that several actions ask for",
}

# What cannot be, and why: (action, outcome). One that is seen after all must go from here.
MADE_SURE = "what calls it, an action itself, has asked who may"
NEVER = {
    ("cases.actions.parties.note_outcome", NOT_ALLOWED): MADE_SURE,
    ("cases.actions.parties.note_outcome", JOURNAL): "the outcome's own entry tells it",
    ("cases.handover.actions.reassign_each", JOURNAL): "`reassign_many` writes one for each successor",
    ("cases.agreements.actions.add_agreement_file", REFUSED): "the record takes papers in every state",
    ("challenges.actions.match", NOT_ALLOWED): MADE_SURE,
    ("challenges.actions.match", REFUSED): "one that is matched, resolved or closed stays as it is",
    ("challenges.actions.resolve", NOT_ALLOWED): MADE_SURE,
    ("challenges.actions.resolve", REFUSED): "one that is resolved or closed stays as it is",
    (
        "fund.actions.applying.save_application",
        JOURNAL,
    ): "a draft is saved while it is typed, every few seconds",
    ("fund.actions.closing.save_report", JOURNAL): "a draft is saved while it is typed, every few seconds",
    ("notify.actions.mark_read", REFUSED): "read a second time, nothing changes",
    ("notify.actions.mark_read", JOURNAL): "who read which notice concerns nobody else",
    ("outcomes.actions.read_indicator", REFUSED): "a value is recorded or corrected at any time",
    ("people.actions.municipalities.remove_closing_day", REFUSED): "it can be taken back at any time",
    ("proposals.actions.accept", NOT_ALLOWED): MADE_SURE,
    ("proposals.actions.accept", REFUSED): "one that is accepted stays so",
    ("proposals.actions.decline_from_case", NOT_ALLOWED): MADE_SURE,
    ("proposals.actions.enter_dialogue", NOT_ALLOWED): MADE_SURE,
    ("proposals.actions.save_proposal", JOURNAL): "a draft is saved while it is typed, every few seconds",
    ("proposals.actions.withdraw_from_case", NOT_ALLOWED): MADE_SURE,
    ("proposals.carried.move_questions", NOT_ALLOWED): MADE_SURE,
    ("proposals.carried.move_questions", REFUSED): "a question that was answered meanwhile stays where it is",
    ("wordings.actions.move_wording", REFUSED): "at the end of the list it stays where it is",
}


def actions() -> dict[str, Callable]:
    """The actions by name, e.g. `cases.trials.plan_trial`: public functions that take `by`, in a file of actions all of
    them, elsewhere those that are a transaction."""
    found = {}
    for path in sorted((ROOT / "musubi").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if {"www", "migrations", "management", "__init__"}.isdisjoint(parts):
            for name, function in inspect.getmembers(import_module(".".join(parts)), inspect.isfunction):
                is_its_own = function.__module__ == ".".join(parts) and not name.startswith("_")
                is_step = "actions" in parts or hasattr(function, "__wrapped__")
                if is_its_own and is_step and "by" in inspect.signature(function).parameters:
                    found[".".join([*parts[1:], name])] = function
    return {name: function for name, function in found.items() if name not in HELPERS}


# --- while the tests run -----------------------------------------------------------------------------------------


def pytest_addoption(parser):
    parser.addoption("--actions-seen", metavar="FOLDER", help="note there what became of every action")


def pytest_collection_finish(session):
    if folder := session.config.getoption("actions_seen"):
        session.config.pluginmanager.register(Watch(Path(folder)))


def is_test(frame: FrameType | None) -> bool:
    return frame is not None and Path(frame.f_code.co_filename).name.startswith("test_")


def caller(frame: FrameType, *, behind: str = "") -> FrameType | None:
    """Who called an action: the frame behind `@transaction.atomic`, and behind files in the folder `behind`."""
    back = frame.f_back
    passed = (contextlib.__file__, behind) if behind else contextlib.__file__
    while back and back.f_code.co_filename.startswith(passed):
        back = back.f_back
    return back


def is_ours(frame: FrameType) -> bool:
    path = Path(frame.f_code.co_filename)
    return path != Path(__file__) and any(path.is_relative_to(ROOT / name) for name in ("musubi", "tests"))


class Watch:
    """Notes what becomes of actions; Python itself tells when one begins, returns, or is left by an exception."""

    TOOL = 4

    def __init__(self, folder: Path):
        from musubi.journal.actions import write

        self.folder = folder
        self.seen: dict[str, set[str]] = defaultdict(set)
        self.written: set[str] = set()
        # By identity: to hash code is slow, and every exception in the suite asks.
        self.codes = [inspect.unwrap(function).__code__ for function in actions().values()]
        self.names = dict(zip(map(id, self.codes), actions(), strict=True))
        self.write = write.__code__
        self.begin()

    def begin(self) -> None:
        monitoring.use_tool_id(self.TOOL, "every action")
        monitoring.register_callback(self.TOOL, monitoring.events.PY_RETURN, self.returned)
        monitoring.register_callback(self.TOOL, monitoring.events.PY_UNWIND, self.left)
        self.listen(monitoring.events.PY_RETURN, monitoring.events.PY_UNWIND)

    def listen(self, to_actions: int, to_all: int) -> None:
        for code in [*self.codes, self.write]:
            monitoring.set_local_events(self.TOOL, code, to_actions)
        monitoring.set_events(self.TOOL, to_all)

    def end(self) -> None:
        self.listen(monitoring.events.NO_EVENTS, monitoring.events.NO_EVENTS)
        monitoring.free_tool_id(self.TOOL)

    def returned(self, code, _offset, _value) -> None:
        frame = sys._getframe(1)
        if code is not self.write:
            if is_test(caller(frame, behind=FACTORIES)):
                self.seen[self.names[id(code)]].add(DONE)
            return
        # The entry is that of the innermost action.
        while frame and id(frame.f_code) not in self.names:
            frame = frame.f_back
        if frame and is_test(caller(frame)):
            self.written.add(self.names[id(frame.f_code)])

    def left(self, code, _offset, error) -> None:
        if id(code) not in self.names:
            return
        from musubi.lib.errors import NotAllowed, Refused

        if isinstance(error, Refused) and is_test(caller(sys._getframe(1), behind=FACTORIES)):
            self.seen[self.names[id(code)]].add(NOT_ALLOWED if isinstance(error, NotAllowed) else REFUSED)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self):
        from django.db import connection

        self.written.clear()
        with connection.execute_wrapper(self.asked):
            return (yield)

    def asked(self, execute, sql, params, many, context):
        if self.written and sql.startswith("SELECT") and "journal_entry" in sql:
            frame = sys._getframe(1)
            while frame and not is_ours(frame):
                frame = frame.f_back
            if is_test(frame):
                for name in self.written:
                    self.seen[name].add(JOURNAL)
        return execute(sql, params, many, context)

    def pytest_sessionfinish(self):
        self.end()
        self.folder.mkdir(parents=True, exist_ok=True)
        noted = {name: sorted(outcomes) for name, outcomes in self.seen.items()}
        (self.folder / f"{os.getpid()}.json").write_text(json.dumps(noted))


# --- afterwards --------------------------------------------------------------------------------------------------


def add_up(folder: Path) -> dict[str, set[str]]:
    seen: dict[str, set[str]] = defaultdict(set)
    for path in folder.glob("*.json"):
        for name, outcomes in json.loads(path.read_text()).items():
            seen[name].update(outcomes)
    return seen


def complaints(names: list[str], seen: dict[str, set[str]], never: dict[tuple[str, str], str]) -> list[str]:
    """A line for each action of which something was never seen, and for each line of `never` that is no longer true."""
    lines = []
    for name in names:
        missing = [o for o in OUTCOMES if o not in seen.get(name, ()) and (name, o) not in never]
        if missing:
            lines.append(f"{name}: never seen {', '.join(missing)}")
    for name, outcome in never:
        if name not in names:
            lines.append(f"{name}: there is no such action; take its line out of NEVER")
        elif outcome in seen.get(name, ()):
            lines.append(f"{name}: seen {outcome} after all; take its line out of NEVER")
    return lines


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    found = actions()
    lines = complaints(list(found), add_up(Path(sys.argv[1])), NEVER)
    print("\n".join([*lines, f"{len(found)} actions, {len(lines)} complaints"]))
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
