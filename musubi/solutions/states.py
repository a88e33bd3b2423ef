from django.utils.translation import gettext_lazy as _

from musubi.lib.lifecycle import Lifecycle, State

SOLUTION = Lifecycle(
    "solution",
    "ソリューション",
    [
        State("draft", _("下書き"), to=("published",)),
        State(
            "published",
            _("公開中"),
            to=("withdrawn",),
            public=_("公開中"),
            requires=("summary",),
            tone="good",
        ),
        State("withdrawn", _("取下げ"), to=("published",), closing=True),
    ],
)
