"""Rows of the fund's lists, for `parts/table.html`."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.fund import shown
from musubi.fund.models import Award, Contribution
from musubi.fund.states import CONTRIBUTION, Source
from musubi.people.models import Municipality
from musubi.www.public.cards import year_words
from musubi.www.public.fund.common import yen
from musubi.www.templatetags.pieces import wareki


def award_rows(awards: Iterable[Award], municipality: Municipality, *, with_year: bool = True) -> dict:
    rows = []
    for row in awards:
        label, tone = shown.stage_of(row)
        application = row.application
        rows.append(
            [
                {
                    "text": application.title,
                    "href": reverse("fund-award", args=[municipality.slug, application.ref]),
                },
                application.organisation.display_name,
                *([year_words(application.call.fund.fiscal_year)] if with_year else []),
                yen(row.yen),
                yen(row.final_yen),
                {"text": label, "tone": tone},
            ]
        )
    columns = [
        {"label": _("事業名")},
        {"label": _("団体")},
        *([{"label": _("年度")}] if with_year else []),
        {"label": _("交付決定額"), "num": True},
        {"label": _("確定額"), "num": True},
        {"label": _("状態")},
    ]
    return {"columns": columns, "rows": rows}


def contribution_rows(contributions: Iterable[Contribution]) -> dict:
    rows = []
    for row in contributions:
        state = CONTRIBUTION[row.state]
        rows.append(
            [
                shown.giver(row),
                str(Source(row.source).label),
                yen(row.yen),
                shown.pot_words(row.pot),
                {"text": str(state.public), "tone": state.tone},
                wareki(row.received_on or row.pledged_on),
                shown.message_of(row) or "—",
            ]
        )
    columns = [
        {"label": _("拠出者")},
        {"label": _("種類")},
        {"label": _("金額"), "num": True},
        {"label": _("使いみち")},
        {"label": _("状態")},
        {"label": _("日付")},
        {"label": _("寄せられた言葉")},
    ]
    return {"columns": columns, "rows": rows}
