"""The default number of business days the ball may lie, per kind and stage, and the steps of reminding.

A municipality may set its own of both.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

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


class Step(models.IntegerChoices):
    """How far the reminding of one ball has come; it only ever goes up. The later ones tell more people."""

    SOON = 1, _("期限の前")
    TODAY = 2, _("期限の日")
    LATE = 3, _("期限の翌営業日")
    MANAGER = 4, _("管理職にも")
    DESK = 5, _("デスクにも")
