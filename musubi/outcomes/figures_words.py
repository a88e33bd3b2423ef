"""The figures as lines of words: what the command prints, the table file holds and the page lists."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.cases.states import CASE
from musubi.lib.fiscal import label as year_label
from musubi.outcomes.figures.small import REST
from musubi.outcomes.figures_queries import GATHERINGS, TRIAL_TRACKS
from musubi.outcomes.states import OutcomeKind
from musubi.proposals.states import REFERRAL, DeclineReason, Track

PROPOSAL_STEPS = {
    "received": gettext_lazy("受付"),
    "answered": gettext_lazy("最初の回答"),
    "dialogue": gettext_lazy("対話"),
    "accepted": gettext_lazy("連携決定"),
    "realised": gettext_lazy("実現"),
    "open": gettext_lazy("継続中"),
    "declined": gettext_lazy("見送り"),
    "withdrawn": gettext_lazy("取下げ"),
}
CHALLENGE_STEPS = {
    "published": gettext_lazy("公開"),
    "answered": gettext_lazy("提案あり"),
    "dialogue": gettext_lazy("対話あり"),
    "realised": gettext_lazy("実現"),
}
TIMES = {
    "acknowledged": gettext_lazy("受付の控え"),
    "first_answer": gettext_lazy("最初の回答"),
    "dialogue": gettext_lazy("対話の開始"),
    "decision": gettext_lazy("決定"),
}
DIMENSIONS = {
    "channel": gettext_lazy("経路"),
    "track": gettext_lazy("類型"),
    "department": gettext_lazy("担当課"),
    "fiscal_year": gettext_lazy("年度"),
}
GROUPS = {
    "realised": gettext_lazy("実現した取組み"),
    "trial_done": gettext_lazy("実証完了"),
    "agreement_only": gettext_lazy("協定のみ"),
    "publicity": gettext_lazy("情報発信"),
}
AMOUNTS = {
    "yen_saved": (gettext_lazy("節減できた額"), gettext_lazy("円")),
    "hours_saved": (gettext_lazy("節減できた時間"), gettext_lazy("時間")),
    "yen_spent": (gettext_lazy("かかった額"), gettext_lazy("円")),
    "hours_spent": (gettext_lazy("職員がかけた時間"), gettext_lazy("時間")),
}


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
        *breakdown_lines(found),
        *time_lines(found),
        *effort_lines(found),
        *second_match_lines(found),
    ]


def row_label(dimension: str, row: dict) -> str:
    """What a row of a breakdown stands for, in words."""
    if row["key"] == REST:
        return _("そのほか")
    if dimension == "fiscal_year":
        return year_label(int(row["key"]))
    return row["label"] or _("担当課が決まる前")


def breakdown_lines(found: dict) -> list[Line]:
    """How far challenges and proposals came: all of them, and by each dimension."""
    made = []
    kinds = (("challenge", _("課題"), CHALLENGE_STEPS), ("proposal", _("提案"), PROPOSAL_STEPS))
    for kind, whole, steps in kinds:
        funnel = found[f"{kind}_funnel"]
        made += [
            Line(f"{kind}_funnel.{name}", f"{whole} · {steps[name]}", value, _("件"))
            for name, value in funnel.items()
        ]
        made += [
            Line(
                f"{kind}s_by.{dimension}.{row['key'] or 'none'}.{name}",
                f"{whole} · {DIMENSIONS[dimension]}: {row_label(dimension, row)} · {steps[name]}",
                value,
                _("件"),
            )
            for dimension, rows in found[f"{kind}s_by"].items()
            for row in rows
            for name, value in row.items()
            if name in steps
        ]
    return made


def time_lines(found: dict) -> list[Line]:
    """How long steps and stages took: half, and eight of ten."""
    named = [(f"times.{n}", TIMES[n], times) for n, times in found["times"].items()]
    named += [(f"stage_times.{n}", CASE[n].label, times) for n, times in found["stage_times"].items()]
    named += [
        (f"times_by_fiscal_year.{row['fiscal_year']}.{n}", f"{year_label(row['fiscal_year'])} {TIMES[n]}", row[n])
        for row in found["times_by_fiscal_year"]
        for n in TIMES
        if n in row
    ]  # fmt: skip
    words = (
        ("count", _("対象"), _("件")),
        ("ended", _("済んだもの"), _("件")),
        ("median_days", _("半数がかかった日数"), _("日")),
        ("p80_days", _("8割がかかった日数"), _("日")),
    )
    return [
        Line(f"{path}.{key}", f"{label} · {what}", times[key], unit)
        for path, label, times in named
        for key, what, unit in words
    ]


def effort_lines(found: dict) -> list[Line]:
    """Money and hours that outcomes saved and cost, by group."""
    return [
        Line(f"effort.{group}.{name}", f"{GROUPS[group]} · {label}", values[name], str(unit))
        for group, values in found["effort"].items()
        for name, (label, unit) in AMOUNTS.items()
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
                _("見送り · そのほかの理由")
                if reason == REST
                else _under(_("見送り"), DeclineReason(reason)),
                count,
                _("件"),
                "" if reason == REST else f"declines-{reason}",
            )
            for reason, count in declines.items()
            if reason != "total"
        ),
    ]


def second_match_lines(found: dict) -> list[Line]:
    """Declined proposals offered elsewhere: all, and by what came of it."""
    whole = _("見送りからの紹介")
    return [
        Line(
            f"second_matches.{state}",
            whole if state == "total" else f"{whole} · {REFERRAL[state].label}",
            count,
            _("件"),
            "second-matches" if state == "total" else "",
        )
        for state, count in found["second_matches"].items()
    ]


def _under(whole: str, choice) -> str:
    return f"{whole} · {choice.label}"
