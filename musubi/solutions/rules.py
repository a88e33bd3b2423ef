"""Conditions on a solution beyond a person's role."""

from musubi.people.permissions import Can, may
from musubi.solutions.models import Solution


def is_readable(user, solution: Solution) -> bool:
    """Everyone reads a published one; a draft and a withdrawn one are the organisation's own."""
    return solution.state == "published" or may(user, Can.WRITE_SOLUTION, solution)
