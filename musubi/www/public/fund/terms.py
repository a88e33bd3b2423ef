"""The rules of an edition in plain words: data in, sentences out."""

from django.utils.translation import gettext as _

from musubi.fund.models import CostCategory, Criterion, Edition, RequiredPaper, SupportYear
from musubi.fund.states import ConsumptionTax, FormStyle, Recusal, Stage, Tie
from musubi.fund.terms.amounts import Direction
from musubi.people.models import Organisation
from musubi.www.public.fund.common import yen


def who(edition: Edition) -> list[str]:
    """Which organisations may apply, one condition a sentence; what people wrote stands in their own words."""
    kinds = _("、").join(str(Organisation.Kind(kind).label) for kind in edition.kinds)
    found = [_("次の種別の団体: %(kinds)s") % {"kinds": kinds}] if kinds else []
    if edition.startup_years:
        found.append(_("ほかの種別でも、創業から%(n)d年以内の団体") % {"n": edition.startup_years})
    return found


def must(edition: Edition) -> list[str]:
    """What else an organisation has to fulfil."""
    found = []
    if edition.accounts_years:
        words = _("直近%(n)d年分の決算書があること(設立が浅い団体は、あるだけ)")
        found.append(words % {"n": edition.accounts_years})
    if edition.excludes_controlled:
        found.append(_("企業の場合、大企業が支配する会社でないこと"))
    return found + _lines(edition.conditions)


def never(edition: Edition) -> list[str]:
    return _lines(edition.exclusions)


def money(edition: Edition) -> list[str]:
    """The conditions that hold for every year of support."""
    found = []
    if edition.own_above:
        words = _("対象経費の%(below)d分の%(above)d以上を、自己資金で負担していただきます。")
        found.append(words % {"above": edition.own_above, "below": edition.own_below})
    if edition.tax == ConsumptionTax.DEDUCT:
        found.append(_("消費税等の仕入控除ができる額は、申請のときに経費から引いてください。"))
    elif edition.tax == ConsumptionTax.REPORT:
        found.append(_("消費税等の仕入控除が確定したら報告し、その分を返還していただきます。"))
    found.append(
        _("%(yen)s以上の物を買ったときは、財産として登録していただきます。") % {"yen": yen(edition.asset_yen)}
    )
    return found


def years(edition: Edition) -> dict:
    """For `parts/table.html`: what each year of support pays."""
    return {
        "columns": [
            {"label": _("年次")},
            {"label": _("助成率")},
            {"label": _("上限額"), "num": True},
            {"label": _("端数")},
            {"label": _("要綱の書き方")},
        ],
        "rows": [
            [
                _("%(n)d年目") % {"n": row.year},
                rate(row),
                _("上限なし") if row.cap is None else yen(row.cap),
                rounding(row),
                row.text or "—",
            ]
            for row in edition.years.all()
        ],
    }


def rate(row: SupportYear) -> str:
    if row.rate is None:
        return _("定額(対象経費の全額)")
    if row.rate == 1:
        return _("対象経費の全額")
    return _("対象経費の%(below)d分の%(above)d以内") % {"above": row.rate_above, "below": row.rate_below}


def rounding(row: SupportYear) -> str:
    words = {
        Direction.DOWN: _("%(yen)s未満を切捨て"),
        Direction.UP: _("%(yen)s未満を切上げ"),
        Direction.HALF_UP: _("%(yen)s未満を四捨五入"),
    }[Direction(row.direction)]
    return words % {"yen": yen(row.unit)}


def costs(edition: Edition) -> dict:
    """For `parts/table.html`: the kinds of cost, those that are not supported last."""
    rows = sorted(edition.categories.all(), key=lambda row: not row.is_eligible)
    return {
        "columns": [
            {"label": _("費目")},
            {"label": _("助成の対象")},
            {"label": _("上限")},
            {"label": _("説明")},
        ],
        "rows": [
            [row.name, _("対象") if row.is_eligible else _("対象外"), _cap(row), row.note or "—"]
            for row in rows
        ],
    }


def _cap(row: CostCategory) -> str:
    parts = [] if row.cap is None else [yen(row.cap)]
    if row.share is not None:
        parts.append(_("対象経費の%(share)d%%") % {"share": row.share})
    if not row.is_eligible or not parts:
        return "—"
    return (
        parts[0]
        if len(parts) == 1
        else _("%(one)sか%(other)sの少ないほう") % {"one": parts[0], "other": parts[1]}
    )


def papers(edition: Edition) -> dict:
    """For `parts/table.html`: what to hand in, and when."""
    return {
        "columns": [{"label": _("書類")}, {"label": _("様式")}, {"label": _("提出")}, {"label": _("いつ")}],
        "rows": [
            [
                row.name,
                form_number(row, edition),
                _("必須") if row.is_required else _("該当するとき"),
                _("実績報告のとき") if row.for_report else _("申請のとき"),
            ]
            for row in edition.papers.all()
        ],
    }


def form_number(paper: RequiredPaper, edition: Edition) -> str:
    if paper.form_number is None:
        return "—"
    number = {"n": paper.form_number}
    return (_("様式第%(n)d号") if edition.form_style == FormStyle.BEFORE else _("第%(n)d号様式")) % number


def criteria(edition: Edition) -> list[dict]:
    """For each stage its table (`parts/table.html`): name, guidance, full points, weight, and the least where one asks for
    it."""
    rows = list(edition.criteria.all())
    found = []
    for stage in Stage:
        here = [row for row in rows if row.stage == stage]
        if here:
            most = sum(row.most * row.weight for row in here)
            least = any(row.least for row in here)
            found.append(
                {
                    "caption": _("%(stage)s・満点%(n)d点") % {"stage": stage.label, "n": most},
                    "columns": [
                        {"label": _("項目")},
                        {"label": _("見るところ")},
                        {"label": _("満点"), "num": True},
                        {"label": _("重み"), "num": True},
                        {"label": _("配点"), "num": True},
                        *([{"label": _("最低点(委員の平均)"), "num": True}] if least else []),
                    ],
                    "rows": [_criterion(row, least) for row in here],
                }
            )
    return found


def _criterion(row: Criterion, least: bool) -> list:
    words = [row.name, row.guidance or "—", row.most, f"×{row.weight}", row.most * row.weight]
    return [*words, row.least or "—"] if least else words


def judging(edition: Edition) -> list[str]:
    """How it is decided, beside the points."""
    found = [_("1件を%(n)d人の審査委員が採点します。") % {"n": edition.scorers}]
    if edition.pass_share:
        words = _("合計の%(share)d%%以上の得点が必要です。")
        found.append(words % {"share": edition.pass_share})
    if edition.criterion_share:
        words = _("どの項目も、満点の%(share)d%%以上の得点が必要です。")
        found.append(words % {"share": edition.criterion_share})
    found.append(
        _("審査委員には、団体名を伏せて審査します。")
        if edition.is_blind
        else _("審査委員は、団体名を見て審査します。")
    )
    found.append(_("申請した団体と関わりのある審査委員は、その申請を読まず、採点もしません。"))
    found.append(
        {
            Recusal.MEAN: _("外れた委員がいる申請は、残りの委員の平均点で比べます。"),
            Recusal.FILL: _("外れた委員の分は、ほかの委員の平均点で補います(小数点以下切捨て)。"),
        }[Recusal(edition.recusal)]
    )
    found.append(
        {
            Tie.CRITERION: _("同点のときは、重みの大きい項目の点が高いほうを上にします。"),
            Tie.LESS: _("同点のときは、申請額が少ないほうを上にします。"),
            Tie.DRAW: _("同点のときは、委員会で決めます。"),
        }[Tie(edition.tie)]
    )
    if edition.has_reserve:
        found.append(_("予算に空きが出たときのために、補欠を決めることがあります。"))
    return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
