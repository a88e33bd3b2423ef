"""One action in a process of its own that stops in the middle, to be killed there.

python -m tests.at_once.killed ACTION PERSON-ID RECORD-ID
"""

import os
import sys
import time

# action: where it stops, just before that function would run.
ACTIONS = {
    "submit": "musubi.lib.fulltext.index",
    "route": "musubi.journal.actions.write",
    "open_case": "musubi.lib.fulltext.index",
    "close": "musubi.journal.actions.write",
    "say": "musubi.journal.actions.write",
    "record_outcome": "musubi.journal.actions.write",
}


def stop(*args, **kwargs) -> None:
    print("in the middle", flush=True)
    time.sleep(120)


def act(name: str, person_id: int, record_id: int) -> None:
    from musubi.cases import actions as cases
    from musubi.cases.models import Case
    from musubi.lib import clock
    from musubi.outcomes import actions as outcomes
    from musubi.people.models import Department, User
    from musubi.proposals import actions as proposals
    from musubi.proposals.models import Proposal

    by = User.objects.get(pk=person_id)
    model = Case if name in ("close", "say", "record_outcome") else Proposal
    record = model.objects.get(pk=record_id)
    department = Department.objects.filter(municipality=record.municipality_id, is_desk=False).first()
    calls = {
        "submit": lambda: proposals.submit(record, by=by),
        "route": lambda: proposals.route(record, [department], by=by),
        "open_case": lambda: cases.open_case(record, by=by, lead=department),
        "close": lambda: cases.close(record, by=by, reason="budget", feedback="来年度にご相談します。"),
        "say": lambda: cases.say(record, by=by, body="いつ始められますか。"),
        "record_outcome": lambda: outcomes.record_outcome(
            record,
            by=by,
            kind="implemented",
            title="時間が半分に",
            summary="週3時間になった。",
            started_on=clock.today(),
        ),
    }
    calls[name]()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from unittest.mock import patch

    name, person_id, record_id = sys.argv[1:]
    with patch(ACTIONS[name], stop):
        act(name, int(person_id), int(record_id))
