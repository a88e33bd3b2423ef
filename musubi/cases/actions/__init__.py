"""What happens in a case. The desk, the departments and the organisation all act here, on one record.

By topic: opening, talking, the ball, moving along, who takes part. Trials and agreements have rooms of their
own beside this one: `cases/trials/`, `cases/agreements/`, `cases/meetings/`, as have mail, hand-over and the radar.
"""

from musubi.cases.actions.ball import hand_ball, nudge
from musubi.cases.actions.moving import advance, close, pause, resume, set_adoption_route, withdraw
from musubi.cases.actions.opening import open_case, open_contact
from musubi.cases.actions.parties import add_department, add_organisation, change_owner, note_outcome
from musubi.cases.actions.talking import add_file, note, record_meeting, say

__all__ = [
    "open_case",
    "open_contact",
    "say",
    "note",
    "record_meeting",
    "add_file",
    "hand_ball",
    "nudge",
    "advance",
    "pause",
    "resume",
    "close",
    "withdraw",
    "set_adoption_route",
    "change_owner",
    "add_department",
    "add_organisation",
    "note_outcome",
]
