from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.lib.lifecycle import Lifecycle, State

STORY = Lifecycle(
    "story",
    "連携事例",
    [
        State("draft", _("下書き"), to=("published",)),
        State(
            "published",
            _("公開中"),
            to=("withdrawn",),
            public=_("公開中"),
            requires=("title", "body"),
            tone="good",
        ),
        State("withdrawn", _("取下げ"), to=("published",), closing=True),
    ],
)


class OutcomeKind(models.TextChoices):
    IMPLEMENTED = "implemented", _("本格導入")
    TRIAL_DONE = "trial_done", _("実証完了")
    JOINT_EVENT = "joint_event", _("共同事業")
    DONATION = "donation", _("寄附・物品提供")
    PUBLICITY = "publicity", _("情報発信")
    AGREEMENT_ONLY = "agreement_only", _("協定のみ")


# What counts as a need met. A finished trial, publicity or a signature alone is not yet a realisation.
REALISED = [OutcomeKind.IMPLEMENTED, OutcomeKind.JOINT_EVENT, OutcomeKind.DONATION]
