"""The one shared record of desk, departments and organisation, from first contact to outcome."""

from musubi.cases.models.agreement import Agreement, AgreementFile
from musubi.cases.models.budget import BudgetCalendar
from musubi.cases.models.case import Case
from musubi.cases.models.mail import RefusedMail
from musubi.cases.models.pace import LastWord, Pace, Remedy, RemedyAct, Stay
from musubi.cases.models.talk import CaseFile, Meeting, MeetingSlot, Post, SlotAnswer, Todo
from musubi.cases.models.trial import Reading, Trial, TrialCost

__all__ = [
    "Agreement",
    "AgreementFile",
    "BudgetCalendar",
    "Case",
    "CaseFile",
    "LastWord",
    "Meeting",
    "MeetingSlot",
    "Pace",
    "Post",
    "Reading",
    "Remedy",
    "RemedyAct",
    "RefusedMail",
    "SlotAnswer",
    "Stay",
    "Todo",
    "Trial",
    "TrialCost",
]
