"""The database itself keeps the books: both sides of a posting lie in one group of accounts, a reversal mirrors what it
reverses, and what is free in a pot moves with its postings and with nothing else.

On SQLite a table that is altered is made anew and loses its triggers, and a trigger that names the table stops it:
whoever alters `fund_posting` or `fund_pot` later calls `loosen` before and `fix` after it.
"""

from importlib import import_module

from django.db import migrations, models

FINAL = import_module("musubi.fund.migrations.0002_ledger_is_final")
MIRRORS = "a reversal mirrors the posting it reverses"
MOVES = "what is free in a pot moves with its postings only"

# SQLite reckons with `sum`, PostgreSQL knows that a trigger is at work.
FREED = "CASE WHEN NEW.credit = 'free' THEN NEW.yen ELSE -NEW.yen END"
SUM = """
    SELECT coalesce(sum(CASE WHEN credit = 'free' THEN yen ELSE -yen END), 0) FROM fund_posting
    WHERE pot_id = {pot} AND (debit = 'free' OR credit = 'free')
"""
ORIGINAL = """
    SELECT 1 FROM fund_posting WHERE id = NEW.reverses_id AND fund_id = NEW.fund_id AND pot_id = NEW.pot_id
        AND debit = NEW.credit AND credit = NEW.debit AND yen = NEW.yen
        AND award_id {same} NEW.award_id AND contribution_id {same} NEW.contribution_id
"""
SQLITE = {
    ("posting_mirrors", "fund_posting"): f"""
CREATE TRIGGER posting_mirrors BEFORE INSERT ON fund_posting
WHEN NEW.reverses_id IS NOT NULL AND NOT EXISTS ({ORIGINAL.format(same="IS")})
BEGIN SELECT RAISE(ABORT, '{MIRRORS}'); END
""",
    ("posting_moves_free", "fund_posting"): f"""
CREATE TRIGGER posting_moves_free AFTER INSERT ON fund_posting
WHEN NEW.debit = 'free' OR NEW.credit = 'free'
BEGIN UPDATE fund_pot SET available = available + {FREED} WHERE id = NEW.pot_id; END
""",
    ("pot_opens_empty", "fund_pot"): f"""
CREATE TRIGGER pot_opens_empty BEFORE INSERT ON fund_pot WHEN NEW.available <> 0
BEGIN SELECT RAISE(ABORT, '{MOVES}'); END
""",
    ("pot_follows_ledger", "fund_pot"): f"""
CREATE TRIGGER pot_follows_ledger BEFORE UPDATE OF available ON fund_pot
WHEN NEW.available <> OLD.available AND NEW.available <> ({SUM.format(pot="NEW.id")})
BEGIN SELECT RAISE(ABORT, '{MOVES}'); END
""",
}


def _raising(name: str, words: str, condition: str = "true") -> str:
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {condition} THEN RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation'; END IF;
    RETURN NEW;
END $$
"""


POSTGRESQL = {
    ("posting_mirrors", "fund_posting"): [
        _raising("posting_mirrors", MIRRORS, f"NOT EXISTS ({ORIGINAL.format(same='IS NOT DISTINCT FROM')})"),
        """
CREATE TRIGGER posting_mirrors BEFORE INSERT ON fund_posting
FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL) EXECUTE FUNCTION posting_mirrors()
""",
    ],
    ("posting_moves_free", "fund_posting"): [
        f"""
CREATE FUNCTION posting_moves_free() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE fund_pot SET available = available + {FREED} WHERE id = NEW.pot_id;
    RETURN NEW;
END $$
""",
        """
CREATE TRIGGER posting_moves_free AFTER INSERT ON fund_posting
FOR EACH ROW WHEN (NEW.debit = 'free' OR NEW.credit = 'free') EXECUTE FUNCTION posting_moves_free()
""",
    ],
    ("pot_opens_empty", "fund_pot"): [
        _raising("pot_opens_empty", MOVES),
        """
CREATE TRIGGER pot_opens_empty BEFORE INSERT ON fund_pot
FOR EACH ROW WHEN (NEW.available <> 0) EXECUTE FUNCTION pot_opens_empty()
""",
    ],
    ("pot_follows_ledger", "fund_pot"): [
        _raising("pot_follows_ledger", MOVES),
        # Depth 0: the UPDATE is nobody's but its sender's, and not that of `posting_moves_free`.
        """
CREATE TRIGGER pot_follows_ledger BEFORE UPDATE OF available ON fund_pot
FOR EACH ROW WHEN (NEW.available <> OLD.available AND pg_trigger_depth() = 0)
EXECUTE FUNCTION pot_follows_ledger()
""",
    ],
}


def settle(apps, schema_editor):
    """Where somebody set `available` past the ledger, the ledger is right."""
    held = SUM.format(pot="fund_pot.id")
    schema_editor.execute(f"UPDATE fund_pot SET available = ({held}) WHERE available <> ({held})")


def fix(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statements in POSTGRESQL.values():
            for statement in statements:
                schema_editor.execute(statement)
    else:
        finish(apps, schema_editor)
        for statement in SQLITE.values():
            schema_editor.execute(statement)


def loosen(apps, schema_editor):
    for name, table in SQLITE:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {name} ON {table}")
            schema_editor.execute(f"DROP FUNCTION {name}()")
        else:
            schema_editor.execute(f"DROP TRIGGER {name}")


def finish(apps, schema_editor):
    """What 0002 says, which SQLite forgets with the table."""
    if schema_editor.connection.vendor == "sqlite":
        for verb in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS posting_is_final_{verb}")
        FINAL.fix(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("fund", "0016_decision_serves")]
    operations = [
        migrations.RunPython(settle, finish),
        migrations.AddConstraint(
            "posting",
            models.CheckConstraint(
                condition=models.Q(
                    debit__in=["cash", "advances", "claims", "free", "committed", "payable"],
                    credit__in=["cash", "advances", "claims", "free", "committed", "payable"],
                )
                | models.Q(debit__in=["pledges", "promised"], credit__in=["pledges", "promised"]),
                name="posting_keeps_balance",
            ),
        ),
        migrations.RunPython(fix, loosen),
    ]
