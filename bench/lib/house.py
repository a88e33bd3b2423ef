"""A house to measure in: settings as in production, everything it writes in a folder that goes afterwards.

`open_house()` comes before any import of the product's models. `DATABASE_URL` names an empty database
(`script/postgres -- script/bench …` makes one); without it there is a SQLite file in the folder.
"""

import atexit
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

_started = time.perf_counter()


def tell(*words) -> None:
    """Progress, on standard error."""
    print(f"[{time.perf_counter() - _started:6.1f} s]", *words, file=sys.stderr, flush=True)


def open_house() -> Path:
    """Sets Django up and collects the static files. Returns the folder."""
    folder = Path(tempfile.mkdtemp(prefix="musubi-bench."))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in [name for name in os.environ if name.startswith(("MUSUBI_", "EMAIL_"))]:
        del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MUSUBI_VAR": str(folder),
        "MUSUBI_HOSTS": "testserver",
        "MUSUBI_LOG_LEVEL": "ERROR",
    }
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    # The yardstick's own page; the loaders are made when the first template is asked for.
    settings.TEMPLATES[0]["DIRS"] = [Path(__file__).parent / "bare" / "templates"]
    tell("Collecting the static files")
    call_command("collectstatic", interactive=False, verbosity=0)
    return folder


def fresh_database() -> None:
    """The tables, empty. What was loaded by this run is thrown away; a database that held anything before is
    left alone and the run ends."""
    from django.core.management import call_command
    from django.db import connection

    if not _ours:
        if connection.introspection.table_names():
            sys.exit("This database is not empty. A bench throws away what is in it: give it an empty one.")
        _ours.append(True)
    elif connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
    else:
        connection.close()
        for path in Path(connection.settings_dict["NAME"]).parent.glob("musubi.sqlite3*"):
            path.unlink()
    call_command("migrate", verbosity=0)


def settle_database() -> None:
    """What PostgreSQL does by itself a minute after so many rows came; SQLite is left as the product leaves it."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def describe_database() -> str:
    from django.db import connection

    if connection.vendor == "postgresql":
        return f"PostgreSQL {connection.pg_version // 10000}"
    return "SQLite {}.{}.{}".format(*connection.Database.sqlite_version_info)


_ours: list[bool] = []
