"""What the secretariat, the committee and applicants do with a fund, in the order of a year.

Money in, rules, the call, applications, screening, decisions and their release, the award, its end.
"""

from musubi.fund.actions.applying import (
    check_application,
    file_application,
    return_application,
    save_application,
    start_application,
    withdraw_application,
)
from musubi.fund.actions.awarding import (
    accept_award,
    cancel_payment,
    decide_change,
    pay,
    register_asset,
    report_status,
    request_advance,
    request_change,
)
from musubi.fund.actions.blinding import hide_words, mask_paper, show_paper
from musubi.fund.actions.calls import answer, ask, cancel_call, prepare_call, publish_call, save_call
from musubi.fund.actions.closing import (
    file_report,
    fix_amount,
    receive_return,
    report_outcome,
    report_tax,
    revoke,
    save_report,
)
from musubi.fund.actions.deciding import (
    award_from_reserve,
    begin_screening,
    decide_stage,
    drop_reserve,
    prepare_decision,
    release,
)
from musubi.fund.actions.money import (
    cancel_pledge,
    earmark,
    open_fund,
    pledge,
    receive,
    rename_fund,
    return_contribution,
)
from musubi.fund.actions.papers import add_paper, remove_paper
from musubi.fund.actions.programme import (
    Parts,
    draft_edition,
    draft_programme,
    rename_programme,
    save_edition,
    use_edition,
)
from musubi.fund.actions.releasing import release_first
from musubi.fund.actions.reversing import reverse_payment, reverse_return
from musubi.fund.actions.screening import (
    appoint_member,
    assign,
    declare_interest,
    note_panel,
    nudge,
    release_member,
    score,
    set_slot,
    take_back,
)

__all__ = [
    "open_fund",
    "rename_fund",
    "earmark",
    "pledge",
    "receive",
    "cancel_pledge",
    "return_contribution",
    "Parts",
    "draft_programme",
    "rename_programme",
    "draft_edition",
    "save_edition",
    "use_edition",
    "prepare_call",
    "save_call",
    "publish_call",
    "cancel_call",
    "ask",
    "answer",
    "start_application",
    "save_application",
    "file_application",
    "return_application",
    "check_application",
    "withdraw_application",
    "add_paper",
    "remove_paper",
    "show_paper",
    "mask_paper",
    "hide_words",
    "appoint_member",
    "release_member",
    "declare_interest",
    "assign",
    "score",
    "take_back",
    "nudge",
    "set_slot",
    "note_panel",
    "begin_screening",
    "decide_stage",
    "release_first",
    "prepare_decision",
    "release",
    "award_from_reserve",
    "drop_reserve",
    "accept_award",
    "request_advance",
    "pay",
    "cancel_payment",
    "reverse_payment",
    "request_change",
    "decide_change",
    "report_status",
    "register_asset",
    "save_report",
    "file_report",
    "fix_amount",
    "receive_return",
    "reverse_return",
    "revoke",
    "report_tax",
    "report_outcome",
]
