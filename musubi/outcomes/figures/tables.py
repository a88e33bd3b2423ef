"""All figures as tables for a workbook: one table per sheet, one header row, one value per cell.

The check list is the Digital Agency's rules for machine-readable statistics: the municipality's code and the period
stand in every row, units in the header, numbers are numbers, an empty cell is "not known or not shown" and never zero,
and a last sheet says what everything means.
"""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from musubi.cases.states import CASE
from musubi.lib import clock
from musubi.outcomes import figures_words as words
from musubi.people.models import Municipality


@dataclass
class Table:
    """One sheet: its name (31 characters at most, as Excel wants it), its columns and rows."""

    name: str
    columns: list[str]
    rows: list[list] = field(default_factory=list)


def tables(municipality: Municipality, found: dict, span: str) -> list[Table]:
    """The figures (`outcomes.figures.figures`) as tables; `span` is the period in words."""
    where = [municipality.code, municipality.display_name, span, found["department"] or ""]
    made = [
        Table(
            _("数字"),
            [_("項目"), _("値"), _("単位"), _("データの名前")],
            [[line.label, line.value, line.unit.strip(), line.path] for line in words.lines(found)],
        ),
        _breakdown(_("課題の内訳"), found["challenge_funnel"], found["challenges_by"], words.CHALLENGE_STEPS),
        _breakdown(_("提案の内訳"), found["proposal_funnel"], found["proposals_by"], words.PROPOSAL_STEPS),
        _times(_("日数"), _("段階"), [(words.TIMES[n], t) for n, t in found["times"].items()]),
        _times(
            _("案件の段階の日数"), _("段階"), [(CASE[n].label, t) for n, t in found["stage_times"].items()]
        ),
        _times(
            _("年度ごとの日数"),
            _("段階"),
            [
                (words.TIMES[name], row[name], row["fiscal_year"])
                for row in found["times_by_fiscal_year"]
                for name in words.TIMES
                if name in row
            ],
            by_year=True,
        ),
        Table(
            _("成果の金額と時間"),
            [_("成果の種類"), _("成果(件)"), *(f"{label}({unit})" for label, unit in words.AMOUNTS.values())],
            [
                [str(words.GROUPS[group]), values["count"], *(values[name] for name in words.AMOUNTS)]
                for group, values in found["effort"].items()
            ],
        ),
        Table(
            _("見送りの理由"),
            [_("理由"), _("件数(件)")],
            [[line.label, line.value] for line in words.decline_lines(found)],
        ),
        Table(
            _("見送りからの紹介"),
            [_("項目"), _("件数(件)")],
            [[line.label, line.value] for line in words.second_match_lines(found)],
        ),
    ]
    for table in made:
        table.columns = [_("全国地方公共団体コード"), _("自治体"), _("期間"), _("部署"), *table.columns]
        table.rows = [[*where, *row] for row in table.rows]
    return [*made, _meaning()]


def _breakdown(name: str, funnel: dict, by: dict, steps: dict) -> Table:
    present = [step for step in steps if step in funnel or any(step in row for rows in by.values() for row in rows)]  # fmt: skip
    rows = [[_("すべて"), _("すべて"), *(funnel.get(step) for step in present)]]
    rows += [
        [str(words.DIMENSIONS[dimension]), words.row_label(dimension, row), *(row.get(step) for step in present)]
        for dimension, of_it in by.items()
        for row in of_it
    ]  # fmt: skip
    return Table(name, [_("区分"), _("項目"), *(f"{steps[step]}({_('件')})" for step in present)], rows)


def _times(name: str, first: str, rows: list[tuple], *, by_year: bool = False) -> Table:
    columns = [
        first,
        _("対象(件)"),
        _("済んだもの(件)"),
        _("半数がかかった日数(日)"),
        _("8割がかかった日数(日)"),
    ]
    made = []
    for label, times, *year in rows:
        made.append(
            [*year, str(label), times["count"], times["ended"], times["median_days"], times["p80_days"]]
        )
    return Table(name, [_("年度(西暦)"), *columns] if by_year else columns, made)


def _meaning() -> Table:
    """What the sheets hold, in words: the definitions go with the data."""
    return Table(
        _("説明"),
        [_("項目"), _("内容")],
        [
            [_("作成日"), clock.today()],
            [_("出典"), _("Musubi 結の記録から、その場で数えたもの")],
            [_("年度"), _("4月1日から翌年3月31日まで。西暦の数字は年度が始まる年")],
            [_("空欄"), _("値がないか、少数のため出していないもの。0は0と書いています")],
            [_("日数"), _("提案を受け付けた日からの暦日。まだ済んでいないものも含めて推定(カプラン・マイヤー法)")],
            [_("担当課"), _("案件の主担当課。案件がなければ課題の担当課、どちらもなければ最初に照会した部署")],
        ],
    )  # fmt: skip
