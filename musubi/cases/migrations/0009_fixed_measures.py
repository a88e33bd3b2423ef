"""From the approval on, a trial's measures are fixed: readings and decisions point to them by their place.

The actions refuse to change them; the database refuses whatever comes past the actions.
"""

from django.db import migrations

SQLITE = """
CREATE TRIGGER trial_measures_fixed BEFORE UPDATE OF measures ON cases_trial
FOR EACH ROW WHEN OLD.state <> 'planned' AND OLD.measures IS NOT NEW.measures
BEGIN SELECT RAISE(ABORT, 'the measures of an approved trial are fixed'); END
"""
POSTGRESQL = [
    """
CREATE FUNCTION trial_measures_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the measures of an approved trial are fixed' USING ERRCODE = 'check_violation';
END $$
""",
    """
CREATE TRIGGER trial_measures_fixed BEFORE UPDATE OF measures ON cases_trial
FOR EACH ROW WHEN (OLD.state <> 'planned' AND OLD.measures IS DISTINCT FROM NEW.measures)
EXECUTE FUNCTION trial_measures_fixed()
""",
]


def write_alike(apps, schema_editor):
    """Older measures name no direction, and some hold their threshold as a number."""
    Trial = apps.get_model("cases", "Trial")
    for trial in Trial.objects.only("measures").iterator():
        measures = [
            {
                "name": measure.get("name", ""),
                "unit": measure.get("unit", ""),
                "threshold": str(measure.get("threshold", "")),
                "direction": measure.get("direction") or "at_least",
                "baseline": str(measure.get("baseline", "")),
            }
            for measure in trial.measures
        ]
        if measures != trial.measures:
            Trial.objects.filter(pk=trial.pk).update(measures=measures)


def fix(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else [SQLITE]:
        schema_editor.execute(statement)


def loosen(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER trial_measures_fixed ON cases_trial")
        schema_editor.execute("DROP FUNCTION trial_measures_fixed()")
    else:
        schema_editor.execute("DROP TRIGGER trial_measures_fixed")


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_trials_and_agreements")]
    operations = [
        migrations.RunPython(write_alike, migrations.RunPython.noop),
        migrations.RunPython(fix, loosen),
    ]
