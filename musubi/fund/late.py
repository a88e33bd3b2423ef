"""What a late return costs: the claim × the yearly rate × the days late ÷ the days of a year, cut to the yen."""

from datetime import date
from fractions import Fraction


def late_charge(yen: int, *, due_on: date, on: date, rate: Fraction, days: int) -> int:
    """Yen of late charge for a claim paid on a day; nothing up to the due day itself."""
    late = (on - due_on).days
    if late <= 0:
        return 0
    return int(yen * rate * late / days)
