"""An action that breaks off between any two postings, or is killed between any two statements, as a machine that loses
its power does."""

import os
import signal
import traceback
from collections.abc import Callable
from itertools import count
from typing import NoReturn

import pytest
from django.apps import apps
from django.db import connection

from musubi.fund.models import Posting


class PowerCut(Exception):
    pass


def everything() -> dict[str, list[tuple]]:
    """Every row of the fund, of the journal and of the numbering."""
    models = [*apps.get_app_config("fund").get_models(), *apps.get_app_config("journal").get_models()]
    models.append(apps.get_model("people", "Numbering"))
    return {model._meta.label: sorted(model._base_manager.values_list(), key=str) for model in models}


def interrupted_at_each_posting(act: Callable[[], object]) -> int:
    """Break `act` off before its first posting, its second, and so on, and see that nothing of it stayed each time; then
    let it run. Returns how many postings it writes. `act` reads its rows anew each time."""
    create = Posting.objects.create
    number = 0
    while True:
        written = 0

        def counted(*, stop=number, **words):
            nonlocal written
            if written == stop:
                raise PowerCut
            written += 1
            return create(**words)

        before = everything()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Posting.objects, "create", counted)
            try:
                act()
            except PowerCut:
                assert everything() == before
                number += 1
                continue
        assert written == number
        return written


def killed_before_each_statement(act: Callable[[], object]) -> int:
    """Have a process of its own do `act` and die of SIGKILL before its first statement, its second, … and before its
    COMMIT; see each time that nothing of it stayed, and let the last one finish. Returns how many statements it takes.

    `act` reads its rows anew each time. The test commits for real (`transaction=True`).
    """
    before = everything()
    for number in count():
        if not _dies(act, before_statement=number):
            assert everything() != before
            return number
        assert everything() == before
    raise AssertionError


def _dies(act: Callable[[], object], *, before_statement: int) -> bool:
    """Whether the child was killed; False where it came to its end. Raises AssertionError where it failed by itself."""
    pid = os.fork()
    if not pid:
        _child(act, before_statement)
    _pid, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def _child(act: Callable[[], object], stop: int) -> NoReturn:
    code = 1
    try:
        # The parent's connection is neither used nor closed here: both would be felt there.
        inherited.append(connection.connection)
        connection.connection = None
        connection.connect()
        left = stop

        def one_less() -> None:
            nonlocal left
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

        def statement(execute, *arguments):
            one_less()
            return execute(*arguments)

        commit = connection._commit

        def committed():
            one_less()
            return commit()

        connection._commit = committed
        with connection.execute_wrapper(statement):
            act()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        # No handler of the parent runs here a second time.
        os._exit(code)


inherited: list = []
