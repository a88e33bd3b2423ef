"""Building the demo: all or nothing, in one transaction, with an entry in the journal that says it is whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from musubi.cases.radar.learning import learn
from musubi.fund.models import Posting
from musubi.journal import actions as journal
from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.notify import actions as notify
from musubi.notify import tasks
from musubi.people.models import Municipality, User
from musubi.www.demo import hamanagi, shiokaze
from musubi.www.demo.parts import turns_of_the_year
from musubi.www.demo.player import Story, play
from musubi.www.demo.town import MAIL, Cast

SLUGS = ("shiokaze", "hamanagi")
BUILT = "municipality.demonstrated"
LEDGER = Posting._meta.db_table
EARLIEST = date(2026, 11, 21)
# What is older has been read: a person who signs in finds the news of the last days, not of four years.
NEWS = timedelta(days=10)


class CannotBuild(Refused):
    """This database, or this day, is not one to build the demo on."""


type Progress = Callable[[float, datetime], None]


def stories(today: date) -> list[Story]:
    """Everything that happens, in both municipalities."""
    cast = Cast()
    return [*shiokaze.stories(cast, today), *hamanagi.stories(cast, today), turns_of_the_year(today)]


def is_built() -> bool:
    """Whether this database holds the whole demo."""
    return Entry.objects.filter(verb=BUILT).count() == len(SLUGS)


def build(*, rebuild: bool = False, progress: Progress = lambda share, moment: None) -> int:
    """Build both municipalities; returns the number of steps played.

    Until the last step is done nobody sees any of it, and whatever interrupts it leaves the database as it was.
    Raises CannotBuild where municipalities are here that the demo did not make: it shares a database with nobody.
    """
    with transaction.atomic():
        if rebuild:
            _refuse_others("作り直すと、すべての記録が消えます。")
            _empty()
        _refuse_others("", allowed=())
        return _build(progress)


def _build(progress: Progress) -> int:
    now = clock.now()
    today = clock.today()
    if today < EARLIEST:
        raise CannotBuild(
            f"デモは{EARLIEST}以降の日付で作ります。この機械の日付({today})を確かめてください。"
        )
    begin = clock.at(date(2022, 6, 1))
    tasks.discover()

    def after(moment: datetime) -> None:
        _tell()
        progress(min((moment - begin) / (now - begin), 1.0), moment)

    steps = play([*stories(today), _reading(now)], until=now, after=after)
    for city in Municipality.objects.filter(slug__in=SLUGS):
        journal.write(BUILT, city, by=None)
    _tell()
    # What the worker does every night: whoever looks at the radar first finds what four years have taught.
    learn()
    return steps


def _tell() -> None:
    """Do what the worker does, on the day it would have: notices and mails carry the date of what they tell of."""
    while tasks.tell_waiting():
        pass
    # With a real mail server in the settings nothing is sent from here.
    if settings.MAILERS["default"]["BACKEND"].endswith("dummy.EmailBackend"):
        while tasks.send_waiting():
            pass


def _reading(now: datetime) -> Story:
    yield now - NEWS
    for user in User.objects.filter(email__endswith=f"@{MAIL}"):
        notify.mark_all_read(user)


def _refuse_others(consequence: str, *, allowed: tuple[str, ...] = SLUGS) -> None:
    others = Municipality.objects.exclude(slug__in=allowed).values_list("name", flat=True)
    if others:
        names = "、".join(others[:5])
        raise CannotBuild(
            f"このデータベースにはすでに自治体({names})があります。{consequence}"
            "DATABASE_URL で、デモだけのデータベースを指定してください。"
        )


@contextmanager
def ledger_let_go() -> Iterator[None]:
    """While everything is thrown away the ledger may go too. SQLite deletes row by row, which the ledger's own triggers
    refuse; PostgreSQL truncates, and asks no trigger."""
    triggers = []
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [LEDGER]
            )
            triggers = cursor.fetchall()
            for name, _sql in triggers:
                cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")
    yield
    with connection.cursor() as cursor:
        for _name, sql in triggers:
            cursor.execute(sql)


def _empty() -> None:
    connection.check_constraints()  # PostgreSQL truncates no table that a constraint still waits to look at
    with ledger_let_go():
        call_command("flush", interactive=False, verbosity=0, reset_sequences=True)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.endswith("_search"):  # beside the models, so the flush does not know them
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
