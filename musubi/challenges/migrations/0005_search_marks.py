"""The search index learns each challenge's marks (goals, fields, department, scale, state, listed or not)."""

from django.db import migrations

from musubi.lib.fulltext import index_many

CHUNK = 500


def mark(apps, schema_editor):
    model, database = apps.get_model("challenges", "Challenge"), schema_editor.connection.alias
    rows = model.objects.using(database).prefetch_related("goals", "fields").order_by("pk")
    last = 0
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        index_many(model, [_described(row) for row in chunk], using=database)
        last = chunk[-1].pk


def _described(row) -> tuple[int, str, int, list[str]]:
    text = " ".join([row.ref, row.title, row.problem, row.goal_image, row.offer_note, row.conditions])
    marks = [f"d{row.department_id}", f"k{row.scale}", f"s{row.state}"]
    marks += [f"g{goal.pk}" for goal in row.goals.all()] + [f"f{field.pk}" for field in row.fields.all()]
    if row.visibility == 40 and row.state in ("published", "matched", "resolved"):
        marks.append("listed")
    return row.pk, text, row.municipality_id, marks


class Migration(migrations.Migration):
    dependencies = [("challenges", "0004_renewal")]
    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
