"""Several people at the same moment: real threads, each with a connection of its own, and real commits."""

import sys
import threading
from collections.abc import Callable

from django.db import connection, models

from musubi.lib.errors import Refused

LONGEST = 30


def race(*steps: Callable) -> list:
    """Every step in a thread of its own, all started together: what each returned, or the exception it raised."""
    results, gate = [None] * len(steps), threading.Barrier(len(steps))

    def run(place: int, step: Callable) -> None:
        try:
            connection.ensure_connection()
            gate.wait(LONGEST)
            results[place] = step()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return results


def cut_in(monkeypatch, owner, name: str, *, first: Callable, second: Callable) -> list:
    """Run `first`; the moment it calls `owner.name`, let `second` run on another connection.

    The function is replaced wherever the product knows it by that name, in whichever file the caller stands.
    `first` goes on when `second` has ended, or after half a second where `second` has to wait for it. So the order
    that a race hits once in a thousand times is hit every time. Returns the result or exception of each.
    """
    real, ended, results = getattr(owner, name), threading.Event(), [None, None]

    def run() -> None:
        try:
            results[1] = second()
        except Exception as error:
            results[1] = error
        finally:
            connection.close()
            ended.set()

    thread = threading.Thread(target=run)

    def interrupted(*args, **kwargs):
        if threading.current_thread() is not thread and not thread.ident:
            thread.start()
            ended.wait(0.5)
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupted)
        for module in [m for key, m in sys.modules.items() if key.startswith("musubi.")]:
            if vars(module).get(name) is real:
                patch.setattr(module, name, interrupted)
        try:
            results[0] = first()
        except Exception as error:
            results[0] = error
    assert thread.ident, f"{name} was never called"
    thread.join(LONGEST)
    assert not thread.is_alive(), "the second waits for ever"
    return results


def told(results: list) -> int:
    """How many were told that it does not go; anything but a refusal in words fails."""
    unexpected = [each for each in results if isinstance(each, Exception) and not isinstance(each, Refused)]
    assert unexpected == []
    return sum(isinstance(each, Refused) for each in results)


def seen(thing: models.Model) -> models.Model:
    """The row as another person has it on the screen: an object of its own."""
    return type(thing).objects.get(pk=thing.pk)
