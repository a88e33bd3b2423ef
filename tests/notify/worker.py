"""The `work` command as a process of its own, with a kind of notice and a lease short enough for a test.

python -m tests.notify.worker LEASE-SECONDS work [--once]
"""

import os
import sys
from datetime import timedelta

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.core.management import execute_from_command_line

    from musubi.notify import tasks
    from tests.factories.notify import registered

    tasks.LEASE = timedelta(seconds=float(sys.argv[1]))
    with registered("test.done"):
        execute_from_command_line(["manage.py", *sys.argv[2:]])
