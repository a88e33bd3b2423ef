"""The figures as `parts/figures.html` shows them: tiles, drawings and tables, each number a way to its records."""

from collections.abc import Callable

from django.core.cache import cache
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from musubi.cases.states import CASE
from musubi.lib import clock
from musubi.outcomes import figures_words as words
from musubi.outcomes.figures import answer_times, figures, years
from musubi.outcomes.figures.breakdowns import PROPOSAL_STEPS
from musubi.outcomes.figures.small import LEAST, REST
from musubi.outcomes.figures.times import FEWEST, PROMISED, PUBLIC_STEPS
from musubi.outcomes.figures_queries import GATHERINGS, SOURCES, TRIAL_TRACKS, Period, realised
from musubi.outcomes.states import OutcomeKind
from musubi.people.models import Municipality
from musubi.people.queries import section_names
from musubi.proposals.states import DeclineReason, Track
from musubi.www.public.cards import year_words
from musubi.www.public.figures_asked import Asked
from musubi.www.public.figures_charts import Span, columns, dot_plot
from musubi.www.public.figures_evidence import is_public

MOST_YEARS = 6
KEPT_SECONDS = 4 * 3600
# The records behind a step of the proposals' funnel; "" where they are nobody's but the staff's.
STEP_KEYS = {"received": "proposals", "answered": "first_answer"}
STAFF_STEP_KEYS = {
    **STEP_KEYS,
    "dialogue": "proposal-dialogue",
    "accepted": "proposal-accepted",
    "realised": "proposal-realised",
    "open": "proposal-open",
    "declined": "proposal-declined",
    "withdrawn": "proposal-withdrawn",
}
CHALLENGE_KEYS = {
    "published": "funnel-challenges",
    "answered": "challenge-answered",
    "dialogue": "challenge-dialogue",
    "realised": "funnel-realised",
}


def shown(asked: Asked, *, here: str, public: bool = True) -> dict:
    """The context of `parts/figures.html`; `here` is the address of the page it stands on."""
    city = asked.municipality
    found = figures(city, asked.year, department=asked.department, public=public)

    def href(key: str, **narrow) -> str:
        return reverse("figures-evidence", args=[city.slug, key]) + asked.query(**narrow)

    step_keys = STEP_KEYS if public else STAFF_STEP_KEYS
    return {
        "found": found,
        "span": asked.words,
        "tabs": _tabs(asked, here),
        "sections": [
            (pk, en if en and get_language() == "en" else name) for pk, name, en in section_names(city.pk)
        ],
        "asked": asked,
        "here": here,
        "tiles": _tiles(found, href),
        "funnel_steps": _funnel(found, href),
        "channels": [
            _bar(_("マッチングイベントで"), found["dialogues_by_channel"]["event"], href("dialogues-event")),
            _bar(_("イベントの外で"), found["dialogues_by_channel"]["other"], href("dialogues-other")),
        ],
        "proposal_steps": _proposal_funnel(found, step_keys, href),
        "tracks": _bars(found["proposals"], Track, "proposals", href),
        "trials": _bars(found["trials"], TRIAL_TRACKS, "trials", href),
        "gatherings": _bars(found["gatherings"], GATHERINGS, "gatherings", href),
        "outcomes": _bars(found["outcomes"], OutcomeKind, "outcomes", href),
        "declines": _declines(found["declines"], href, public=public),
        "decline_note": _decline_note(found["declines"]),
        "second_matches": _second_matches(found, href, public=public),
        "months": _months(asked, found, href),
        "proposal_tables": _breakdowns(
            found["proposals_by"], words.PROPOSAL_STEPS, step_keys, href, whole="received"
        ),
        "challenge_tables": _breakdowns(
            found["challenges_by"], words.CHALLENGE_STEPS, CHALLENGE_KEYS, href, whole="published"
        ),
        "few": LEAST if public else 0,
        "times": [_time_plot(found, name) for name in PUBLIC_STEPS],
        "step_times": _times_table(found["times"], words.TIMES),
        "stage_times": _times_table(
            {stage: times for stage, times in found["stage_times"].items() if times["count"]},
            {stage: CASE[stage].label for stage in found["stage_times"]},
        ),
        "effort": _effort(found["effort"]),
        "year_chart": _year_chart(found["by_fiscal_year"], here, asked),
        "fewest": FEWEST,
    }


def sentence(municipality: Municipality) -> str:
    """How fast the town hall answers, for its front page: of the newest year with enough proposals ("" where neither
    this one nor the last has). Worked out a few times a day: a front page should not read a year of proposals after
    each message somebody writes."""
    key = f"answers-{municipality.code}-{get_language()}-{clock.today()}"
    found = cache.get(key)
    if found is None:
        found = _sentence(answer_times(municipality))
        cache.set(key, found, KEPT_SECONDS)
    return found


def _sentence(rows: list[dict]) -> str:
    for row in reversed(rows):
        first, decision = row["first_answer"]["median_days"], row["decision"]["median_days"]
        if first is None:
            continue
        words_of = {"year": year_words(row["fiscal_year"]), "days": first, "decision": decision}
        if decision is None:
            return _("%(year)sにいただいた提案の半数に、%(days)s日以内で最初の回答をしています。") % words_of
        return (
            _(
                "%(year)sにいただいた提案の半数に、%(days)s日以内で最初の回答を、%(decision)s日以内で決定をしています。"
            )
            % words_of
        )
    return ""


def _tabs(asked: Asked, here: str) -> list[tuple]:
    offered = years(asked.municipality)
    if asked.year and asked.year not in offered:
        offered.append(asked.year)
    kept = [one for index, one in enumerate(offered) if index < MOST_YEARS or one == asked.year]
    return [
        (_("全期間"), here + asked.query(year=None), asked.year is None, ""),
        *((year_words(one), here + asked.query(year=one), one == asked.year, "") for one in kept),
    ]


def _tiles(found: dict, href) -> list[dict]:
    times = found["times"]
    return [
        {"label": _("会員"), "value": found["members"], "unit": _("団体"), "href": href("members")},
        {"label": _("提案"), "value": found["proposals"]["total"], "unit": _("件"), "href": href("proposals")},
        {"label": _("動いている連携案件"), "value": found["cases_open"], "unit": _("件"), "href": href("cases_open")},
        {"label": _("締結している協定"), "value": found["agreements"], "unit": _("件"), "href": href("agreements")},
        _days_tile(_("最初の回答まで"), times["first_answer"], href("first_answer")),
        _days_tile(_("決定まで"), times["decision"], href("decision")),
    ]  # fmt: skip


def _days_tile(label: str, times: dict, href: str) -> dict:
    days = times["median_days"]
    return {
        "label": label,
        "value": "—" if days is None else days,
        "unit": "" if days is None else _("日"),
        "href": href,
        "note": _("半数がこの日数以内"),
    }


def _funnel(found: dict, href) -> list[dict]:
    steps = [
        {"label": line.label, "value": line.value, "href": href(line.evidence), "share": "", "note": ""}
        for line in words.funnel_lines(found)
    ]
    challenges, proposals, dialogues, met = steps
    if challenges["value"]:
        proposals["share"] = _("1課題あたり%(n)s件") % {
            "n": f"{proposals['value'] / challenges['value']:.1f}"
        }
        met["share"] = _("課題の%(n)s%%") % {"n": f"{words.percent(found['challenges_realised_share']):g}"}
    # Organisations over proposals would be a share of nothing: the dialogues have none.
    channel = found["dialogues_by_channel"]
    if dialogues["value"]:
        dialogues["note"] = _("イベントで%(event)s、その外で%(other)s") % channel
    return steps


def _proposal_funnel(found: dict, keys: dict, href) -> list[dict]:
    """The five steps; none where they may not be told."""
    funnel = found["proposal_funnel"]
    if not funnel["received"] or any(value is None for value in funnel.values()):
        return []
    return [
        {
            "label": str(words.PROPOSAL_STEPS[name]),
            "value": funnel[name],
            "href": href(keys[name]) if name in keys else "",
            "share": "" if name == "received" else f"{100 * funnel[name] / funnel['received']:.0f}%",
            "note": "",
        }
        for name in PROPOSAL_STEPS
    ]


def _breakdowns(by: dict, names: dict, keys: dict, href: Callable, *, whole: str) -> list[dict]:
    """A table per dimension that has something to tell, for `parts/table.html`."""
    made = []
    for dimension, rows in by.items():
        if not rows or (dimension == "fiscal_year" and len(rows) == 1):
            continue
        steps = [name for name in names if name in rows[0]]
        made.append(
            {
                "caption": _("%(what)sごと") % {"what": words.DIMENSIONS[dimension]},
                "columns": [
                    {"label": str(words.DIMENSIONS[dimension])},
                    *({"label": str(names[step]), "num": True} for step in steps),
                ],
                "rows": [
                    [
                        _label(dimension, row),
                        *(
                            _number(
                                row[step], keys.get(step, ""), dimension, row, href, is_whole=step == whole
                            )
                            for step in steps
                        ),
                    ]
                    for row in (reversed(rows) if dimension == "fiscal_year" else rows)
                ],
            }
        )
    return made


def _label(dimension: str, row: dict) -> str:
    return year_words(int(row["key"])) if dimension == "fiscal_year" else words.row_label(dimension, row)


def _number(value: int | None, key: str, dimension: str, row: dict, href, *, is_whole: bool):
    if value is None:
        return "—"
    if not value or not key or not row["key"]:
        return value
    name = "year" if dimension == "fiscal_year" else dimension
    return {"text": value, "href": href(key, **{name: row["key"]})}


def _declines(declines: dict, href, *, public: bool) -> list[dict]:
    rows = [(reason, count) for reason, count in declines.items() if reason != "total"]
    if not rows:
        return []
    bars = [_bar(_("すべて"), declines["total"], "" if public else href("declines"))]
    for reason, count in rows:
        label = _("そのほかの理由") if reason == REST else DeclineReason(reason).label
        bars.append(_bar(label, count, "" if public or reason == REST else href(f"declines-{reason}")))
    return bars


def _decline_note(declines: dict) -> str:
    """Where the reasons say nothing: why, with the total as far as it may be told."""
    if len(declines) > 1:
        return ""
    total = declines["total"]
    if total == 0:
        return _("この期間に見送った提案はありません。")
    if total is None:
        return _("見送った提案は1〜2件です。件数が少ないため、理由ごとの数は出していません。")
    return _("見送った提案は%(n)s件です。理由ごとの件数が少ないため、内訳は出していません。") % {"n": total}


def _second_matches(found: dict, href, *, public: bool) -> list[dict]:
    """Bars: offered elsewhere, and for staff what came of it. None where nothing was, or too little to tell."""
    if not found["second_matches"]["total"]:
        return []
    return [
        _bar(
            _("紹介した提案") if line.evidence else line.label.split(" · ")[-1],
            line.value,
            href(line.evidence) if line.evidence and not public else "",
        )
        for line in words.second_match_lines(found)
    ]


def _months(asked: Asked, found: dict, href) -> list[tuple]:
    """For `parts/facts.html`: how long from the event to the start, by the challenge's name where everybody may read it."""
    if not found["months_to_start"]:
        return []
    names: dict[str, str] = {}
    period = Period(asked.year, asked.department)
    for row in realised(asked.municipality, period).only("code", "ref", "title", "visibility"):
        title = row.title if is_public(row) else row.ref
        names[row.ref] = title
        names.setdefault(row.code, title)
    link = '<a href="{}">{}</a>'
    return [
        (names[code], format_html(link, href("funnel-realised"), _("%(months)sか月") % {"months": months}))
        for code, months in found["months_to_start"].items()
    ]


# --- how long it took -----------------------------------------------------------------------------------------


def _time_plot(found: dict, name: str) -> dict:
    """For `parts/dot_plot.html`: one step, a row per fiscal year of receipt, newest first."""
    rows = [(row["fiscal_year"], row[name]) for row in reversed(found["times_by_fiscal_year"])]
    spans = [
        Span(year_words(year), times["median_days"], times["p80_days"], _span_words(times))
        for year, times in rows[:MOST_YEARS]
    ]
    label, promised = str(words.TIMES[name]), PROMISED[name]
    return {
        "title": _("受付から%(step)sまで") % {"step": label},
        "note": _("年度ごと。まだ済んでいないものも含めて推定した暦日。目安は%(n)s日です。")
        % {"n": promised},
        "plot": dot_plot(spans, promised) if any(span.median is not None for span in spans) else None,
        "promised_label": _("目安 %(n)s日") % {"n": promised},
        "aria": _("受付から%(step)sまでの日数。目安は%(n)s日。%(rows)s")
        % {
            "step": label,
            "n": promised,
            "rows": _("、").join(f"{span.label} {span.words}" for span in spans),
        },
        "columns": [{"label": _("年度")}, *_time_columns()],
        "rows": [[year_words(year), *_time_cells(times)] for year, times in rows],
    }


def _span_words(times: dict) -> str:
    if times["count"] < FEWEST:
        return _("%(n)s件未満") % {"n": FEWEST}
    if times["median_days"] is None:
        return _("半数はまだ")
    if times["p80_days"] is None:
        return _("半数%(m)s日・8割はまだ") % {"m": times["median_days"]}
    return _("半数%(m)s日・8割%(p)s日") % {"m": times["median_days"], "p": times["p80_days"]}


def _time_columns() -> list[dict]:
    labels = (_("対象"), _("済んだもの"), _("半数(日)"), _("8割(日)"))
    return [{"label": label, "num": True} for label in labels]


def _time_cells(times: dict) -> list:
    days = ["—" if times[key] is None else times[key] for key in ("median_days", "p80_days")]
    return [times["count"], times["ended"], *days]


def _times_table(times: dict, names: dict) -> dict:
    return {
        "columns": [{"label": _("段階")}, *_time_columns()],
        "rows": [[str(names[name]), *_time_cells(one)] for name, one in times.items()],
    }


# --- outcomes and years ---------------------------------------------------------------------------------------


def _effort(effort: dict) -> dict:
    """Money and hours by group of outcomes: each sum with how many outcomes it is of."""

    def cell(values: dict, name: str, unit: str) -> str:
        if values[name] is None:
            return "—"
        known = ngettext("%(n)d件分", "%(n)d件分", values[f"{name}_known"]) % {"n": values[f"{name}_known"]}
        return f"{values[name]:,}{unit} ({known})"

    return {
        "columns": [
            {"label": _("成果の種類")},
            {"label": _("成果"), "num": True},
            *({"label": str(label), "num": True} for label, _unit in words.AMOUNTS.values()),
        ],
        "rows": [
            [
                str(words.GROUPS[group]),
                values["count"],
                *(cell(values, name, str(unit)) for name, (_label, unit) in words.AMOUNTS.items()),
            ]
            for group, values in effort.items()
        ],
    }


def _year_chart(rows: list[dict], here: str, asked: Asked) -> dict:
    """For `parts/columns.html`: challenges, proposals and outcomes of each year."""
    names = [_("課題"), _("提案"), _("成果")]
    keys = ["challenges", "proposals", "outcomes"]
    groups = [
        {
            "label": year_words(row["fiscal_year"]),
            "short": str(row["fiscal_year"]),
            "values": [row[key] for key in keys],
        }
        for row in rows
    ]
    return {
        "chart": columns(groups, names),
        "aria": _("、").join(
            f"{group['label']} "
            + " ".join(f"{name} {value}" for name, value in zip(names, group["values"], strict=True))
            for group in groups
        ),
        "columns": [{"label": _("年度")}, *({"label": name, "num": True} for name in names)],
        "rows": [
            [
                {"text": year_words(row["fiscal_year"]), "href": here + asked.query(year=row["fiscal_year"])},
                *(row[key] for key in keys),
            ]
            for row in reversed(rows)
        ],
    }


def _bar(label, value: int, href: str) -> dict:
    return {"label": str(label), "value": value, "href": href}


def _bars(counts: dict, choices, name: str, href) -> list[dict]:
    """A bar per choice, under one for all of them where they add up to something that has a list of its own."""
    bars = [_bar(choice.label, counts[choice.value], href(f"{name}-{choice.value}")) for choice in choices]
    whole = [_bar(_("すべて"), counts["total"], href(name))] if "total" in counts and bars else []
    return whole + bars


def has_key(key: str, *, insider: bool) -> bool:
    """Whether there is a list of records behind `key` for this reader."""
    return key in SOURCES and (insider or not SOURCES[key].internal)
