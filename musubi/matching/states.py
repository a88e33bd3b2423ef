"""The states of a suggestion, what people say of one, and the states of a ranking."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.lib.lifecycle import Lifecycle, State

SUGGESTION = Lifecycle(
    "suggestion",
    _("マッチング候補"),
    [
        State("suggested", _("候補"), to=("fits", "misfit", "introduced", "in_case"), tone="info"),
        State("fits", _("合う"), to=("misfit", "introduced", "in_case"), tone="good"),
        State("misfit", _("合わない"), to=("fits", "in_case")),
        State("introduced", _("紹介済み"), to=("misfit", "in_case"), tone="info"),
        State("in_case", _("案件になった"), to=("realised",), tone="good"),
        State("realised", _("成果が出た"), closing=True, tone="good"),
    ],
)
# What counts as acted on.
ACTED = ["introduced", "in_case", "realised"]

RANKING = Lifecycle(
    "ranking",
    _("順位づけ"),
    [
        State("proposed", _("確認待ち"), to=("adopted", "refused"), tone="info"),
        State("adopted", _("使用中"), to=("replaced",), tone="good"),
        State("refused", _("採用しない"), closing=True),
        State("replaced", _("以前のもの"), closing=True),
    ],
)


class Side(models.TextChoices):
    """Who says whether a suggestion fits."""

    MUNICIPALITY = "municipality", _("自治体")
    ORGANISATION = "organisation", _("団体")


class Misfit(models.TextChoices):
    """Why a suggestion does not fit. It teaches the ranking, and says against the same pair the next time."""

    SUBJECT = "subject", _("内容が合わない")
    REGION = "region", _("対応できる地域ではない")
    KIND = "kind", _("求める団体の種類と違う")
    SCALE = "scale", _("規模・体制が合わない")
    COST = "cost", _("費用が合わない")
    TIMING = "timing", _("時期が合わない")
    KNOWN = "known", _("すでに検討した")
    OTHER = "other", _("その他")
