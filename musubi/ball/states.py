"""The default number of business days the ball may lie, per kind and stage. A municipality may set its own."""

DEFAULT_LIMITS: dict[tuple[str, str], int] = {
    ("proposal", "acknowledge"): 1,
    ("proposal", "submitted"): 3,
    ("proposal", "routing"): 10,
    ("proposal", "dialogue"): 20,
    ("case", "intake"): 5,
    ("case", "dialogue"): 10,
    ("case", "planning"): 15,
    ("case", "trial"): 20,
    ("case", "evaluation"): 15,
    ("case", "implementation"): 20,
    ("case", "paused"): 5,
}
