"""What is done with municipalities, their people, organisations and memberships, by topic."""

from musubi.people.actions.members import (
    admit_member,
    apply_for_membership,
    enrol_member,
    leave,
    refuse_member,
)
from musubi.people.actions.municipalities import (
    add_department,
    appoint,
    change_department,
    change_settings,
    close_department,
    end_role,
    found_municipality,
    remove_closing_day,
    set_closing_day,
)
from musubi.people.actions.organisations import (
    change_organisation,
    change_ownership,
    invite_representative,
    register_organisation,
    remove_representative,
)
from musubi.people.actions.users import restore_user, stop_user

__all__ = [
    "found_municipality",
    "change_settings",
    "add_department",
    "change_department",
    "close_department",
    "appoint",
    "end_role",
    "set_closing_day",
    "remove_closing_day",
    "register_organisation",
    "change_organisation",
    "invite_representative",
    "change_ownership",
    "remove_representative",
    "apply_for_membership",
    "admit_member",
    "refuse_member",
    "leave",
    "enrol_member",
    "stop_user",
    "restore_user",
]
