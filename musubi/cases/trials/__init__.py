"""A trial: planned, approved, run, measured, reported and decided inside its case, with the budget in sight."""
