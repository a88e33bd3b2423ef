"""The figures as lines of words: what the command prints, the table file holds and the page lists."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from musubi.lib.fiscal import label as year_label
from musubi.outcomes.figures_queries import GATHERINGS, TRIAL_TRACKS
from musubi.outcomes.states import OutcomeKind
from musubi.proposals.states import DeclineReason, Track


@dataclass(frozen=True)
class Line:
    """One number: its path in the JSON, its words, its value and unit, and the key of its evidence ("" for none)."""

    path: str
    label: str
    value: float | int | None
    unit: str = ""
    evidence: str = ""

    @property
    def shown(self) -> str:
        return "—" if self.value is None else f"{self.value:g}{self.unit}"


def percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 1)


def lines(found: dict) -> list[Line]:
    """Every figure of `outcomes.figures.figures`, in reading order."""
    proposals, trials, outcomes = found["proposals"], found["trials"], found["outcomes"]
    n, groups, days = _("件"), _("団体"), _("営業日")
    return [
        Line("members", _("会員"), found["members"], groups, "members"),
        *(
            Line(
                f"gatherings.{k.value}",
                str(k.label),
                found["gatherings"][k.value],
                _("回"),
                f"gatherings-{k.value}",
            )
            for k in GATHERINGS
        ),
        Line("proposals.total", _("提案"), proposals["total"], n, "proposals"),
        *(
            Line(f"proposals.{t.value}", _under(_("提案"), t), proposals[t.value], n, f"proposals-{t.value}")
            for t in Track
        ),
        Line("trials.total", _("実施した実証実験"), trials["total"], n, "trials"),
        *(
            Line(f"trials.{t.value}", _under(_("実証実験"), t), trials[t.value], n, f"trials-{t.value}")
            for t in TRIAL_TRACKS
        ),
        Line("agreements", _("締結している協定"), found["agreements"], n, "agreements"),
        Line("cases_open", _("動いている連携案件"), found["cases_open"], n, "cases_open"),
        *funnel_lines(found),
        Line(
            "dialogues_by_channel.event",
            _("対話した団体(イベントで)"),
            found["dialogues_by_channel"]["event"],
            groups,
            "dialogues-event",
        ),
        Line(
            "dialogues_by_channel.other",
            _("対話した団体(イベントの外で)"),
            found["dialogues_by_channel"]["other"],
            groups,
            "dialogues-other",
        ),
        Line(
            "challenges_realised_share",
            _("課題の実現率"),
            percent(found["challenges_realised_share"]),
            "%",
            "funnel-realised",
        ),
        *(
            Line(
                f"months_to_start.{code}",
                _("イベントから事業開始まで(%(code)s)") % {"code": code},
                months,
                _("か月"),
                "funnel-realised",
            )
            for code, months in found["months_to_start"].items()
        ),
        Line("outcomes.total", _("成果"), outcomes["total"], n, "outcomes"),
        *(
            Line(f"outcomes.{k.value}", _under(_("成果"), k), outcomes[k.value], n, f"outcomes-{k.value}")
            for k in OutcomeKind
        ),
        *decline_lines(found),
        Line(
            "median_workdays.first_answer",
            _("最初の回答まで(中央値)"),
            found["median_workdays"]["first_answer"],
            days,
            "first_answer",
        ),
        Line(
            "median_workdays.decision",
            _("決定まで(中央値)"),
            found["median_workdays"]["decision"],
            days,
            "decision",
        ),
        *(
            Line(
                f"by_fiscal_year.{row['fiscal_year']}.{key}",
                f"{year_label(row['fiscal_year'])} {label}",
                row[key],
                unit,
            )
            for row in found["by_fiscal_year"]
            for key, label, unit in (
                ("challenges", _("登録した課題"), n),
                ("proposals", _("提案"), n),
                ("outcomes", _("成果"), n),
                ("median_workdays_to_first_answer", _("最初の回答まで(中央値)"), days),
                ("median_workdays_to_decision", _("決定まで(中央値)"), days),
            )
        ),
    ]


def funnel_lines(found: dict) -> list[Line]:
    """The four steps of the funnel."""
    funnel = found["funnel"]
    return [
        Line("funnel.challenges", _("登録した課題"), funnel["challenges"], _("件"), "funnel-challenges"),
        Line("funnel.proposals", _("届いた提案"), funnel["proposals"], _("件"), "funnel-proposals"),
        Line("funnel.dialogues", _("対話した団体"), funnel["dialogues"], _("団体"), "funnel-dialogues"),
        Line("funnel.realised", _("実現した課題"), funnel["realised"], _("件"), "funnel-realised"),
    ]


def decline_lines(found: dict) -> list[Line]:
    declines = found["declines"]
    return [
        Line("declines.total", _("見送った提案"), declines["total"], _("件"), "declines"),
        *(
            Line(
                f"declines.{reason}",
                _under(_("見送り"), DeclineReason(reason)),
                count,
                _("件"),
                f"declines-{reason}",
            )
            for reason, count in declines.items()
            if reason != "total"
        ),
    ]


def _under(whole: str, choice) -> str:
    return f"{whole} · {choice.label}"
