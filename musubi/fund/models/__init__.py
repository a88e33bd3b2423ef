"""The fund's tables, by topic: rules, money, calls, applications, screening, awards."""

from musubi.fund.models.application import Application, CostLine, MaskedPaper, Paper
from musubi.fund.models.award import Asset, Award, AwardShare, Change, Claim, Payment, Report, StatusReport
from musubi.fund.models.call import Call, CallQuestion
from musubi.fund.models.letters import LetterBatch, LetterIssue, LetterStyle
from musubi.fund.models.money import Contribution, Fund, Posting, Pot
from musubi.fund.models.programme import (
    CostCategory,
    Criterion,
    Edition,
    Programme,
    RequiredPaper,
    SupportYear,
)
from musubi.fund.models.screening import (
    Assignment,
    CommitteeMember,
    Decision,
    Interest,
    KeptStanding,
    PanelNote,
    Score,
    Slot,
)

__all__ = [
    "Programme",
    "Edition",
    "SupportYear",
    "CostCategory",
    "Criterion",
    "RequiredPaper",
    "Fund",
    "Pot",
    "Contribution",
    "Posting",
    "Call",
    "CallQuestion",
    "Application",
    "CostLine",
    "Paper",
    "MaskedPaper",
    "CommitteeMember",
    "Interest",
    "Assignment",
    "Score",
    "KeptStanding",
    "Slot",
    "PanelNote",
    "Decision",
    "Award",
    "AwardShare",
    "Payment",
    "Change",
    "StatusReport",
    "Asset",
    "Report",
    "Claim",
    "LetterStyle",
    "LetterIssue",
    "LetterBatch",
]
