from django.utils.translation import gettext_lazy as _

from musubi.lib.lifecycle import Lifecycle, State

MEMBERSHIP = Lifecycle(
    "membership",
    "会員登録",
    [
        State("applied", _("申込み"), to=("active", "refused", "left"), public=_("申込み中"), tone="info"),
        State("active", _("会員"), to=("left",), public=_("会員"), requires=("joined_on",), tone="good"),
        State("left", _("退会"), to=("applied",), public=_("退会"), requires=("reason",), closing=True),
        State(
            "refused", _("見送り"), to=("applied",), public=_("見送り"), requires=("reason",), closing=True
        ),
    ],
)
