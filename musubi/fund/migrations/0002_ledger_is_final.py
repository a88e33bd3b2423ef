"""A posting is never changed nor deleted, whatever comes past the actions: what is wrong is reversed by another."""

from django.db import migrations

WORDS = "a posting is final: reverse it by another"
SQLITE = [
    f"""
CREATE TRIGGER posting_is_final_{verb.lower()} BEFORE {verb} ON fund_posting
BEGIN SELECT RAISE(ABORT, '{WORDS}'); END
"""
    for verb in ("UPDATE", "DELETE")
]
POSTGRESQL = [
    f"""
CREATE FUNCTION posting_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'check_violation';
END $$
""",
    """
CREATE TRIGGER posting_is_final BEFORE UPDATE OR DELETE ON fund_posting
FOR EACH ROW EXECUTE FUNCTION posting_is_final()
""",
]


def fix(apps, schema_editor):
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def loosen(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER posting_is_final ON fund_posting")
        schema_editor.execute("DROP FUNCTION posting_is_final()")
    else:
        for verb in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER posting_is_final_{verb}")


class Migration(migrations.Migration):
    dependencies = [("fund", "0001_tables")]
    operations = [migrations.RunPython(fix, loosen)]
