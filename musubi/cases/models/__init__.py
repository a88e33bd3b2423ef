"""The one shared record of desk, departments and organisation, from first contact to outcome."""

from musubi.cases.models.agreement import Agreement, AgreementFile
from musubi.cases.models.budget import BudgetCalendar
from musubi.cases.models.case import Case
from musubi.cases.models.pace import Pace, Stay
from musubi.cases.models.talk import CaseFile, Meeting, MeetingSlot, Post, SlotAnswer, Todo
from musubi.cases.models.trial import Reading, Trial, TrialCost

__all__ = [
    "Agreement",
    "AgreementFile",
    "BudgetCalendar",
    "Case",
    "CaseFile",
    "Meeting",
    "MeetingSlot",
    "Pace",
    "Post",
    "Reading",
    "SlotAnswer",
    "Stay",
    "Todo",
    "Trial",
    "TrialCost",
]
