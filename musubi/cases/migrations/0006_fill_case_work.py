"""What the new tables would hold had they been there from the first case on: the stays of each case, read from its
thread; the meetings' names in calendars; which meetings are still to come."""

from uuid import uuid4

from django.db import migrations
from django.utils import timezone

PATH = ["intake", "dialogue", "planning", "trial", "evaluation", "implementation"]


def fill(apps, schema_editor):
    Case, Meeting = apps.get_model("cases", "Case"), apps.get_model("cases", "Meeting")
    Post, Stay = apps.get_model("cases", "Post"), apps.get_model("cases", "Stay")
    for meeting in Meeting.objects.filter(uid=None).iterator():
        meeting.uid = uuid4()
        meeting.state = "fixed" if meeting.held_at > timezone.now() else "held"
        meeting.save(update_fields=["uid", "state"])
    made = []
    cases = Case.objects.select_related("proposal").filter(stays=None)
    for case in cases.iterator(chunk_size=500):
        now = None
        moves = Post.objects.filter(case=case, kind__in=["stage", "decision"]).order_by("at", "id")
        for post in moves:
            to = post.data.get("to")
            if not to:
                continue
            if now is not None:
                now.until = post.at
                now.end = {"paused": "paused", "closed": "closed"}.get(to, "moved")
                made.append(now)
                now = None
            if to in PATH:
                now = Stay(
                    case=case,
                    municipality_id=case.municipality_id,
                    department_id=case.lead_id,
                    track=case.proposal.track if case.proposal_id else "",
                    stage=to,
                    since=post.at,
                )
        if now is not None:
            made.append(now)
        if len(made) >= 1000:
            Stay.objects.bulk_create(made)
            made = []
    Stay.objects.bulk_create(made)


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_case_work")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
