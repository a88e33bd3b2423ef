"""What a case needs before it moves on, and what each stage reminds people of."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from musubi.cases.models import Case
from musubi.cases.states import PATH, RAN, PostKind


@dataclass(frozen=True)
class Need:
    """One condition of a gate: what it asks, and whether the record meets it."""

    text: str
    met: bool


def is_skip(here: str, there: str) -> bool:
    """Whether moving from `here` to `there` leaves stages out or goes back, which wants a reason."""
    return PATH.index(there) != PATH.index(here) + 1


def needs(case: Case, to: str) -> list[Need]:
    """What must be on the record for the case to move to stage `to`, met or not.

    The gates belong to the stage that is entered, so that a case that skips a stage is not asked for what
    only that stage would have brought.
    """
    found = []
    if to in PATH[2:]:
        # A time that is only offered or fixed is no talk yet.
        talked = case.posts.filter(
            Q(kind=PostKind.MESSAGE) | Q(kind=PostKind.MEETING, meeting__state="held")
        ).exists()
        found.append(Need(_("団体とのやり取りか打合せが一つ以上記録されている"), talked))
    if to == "trial":
        found.append(
            Need(_("導入時の予算・担当部署・判断期限(導入の道筋)が決まっている"), has_adoption_route(case))
        )
        found.append(
            Need(
                _("承認された実証計画がある"), case.trials.filter(state__in=["approved", "running"]).exists()
            )
        )
    if to == "evaluation":
        found.append(
            Need(
                _("実証の結果が報告されている"),
                case.trials.filter(state__in=["reported", "decided"]).exists(),
            )
        )
    if to == "implementation" and case.trials.filter(state__in=RAN).exists():
        found.append(
            Need(
                _("実証の判定が済んでいる"),
                not case.trials.filter(state__in=["running", "reported"]).exists(),
            )
        )
    if to == "completed":
        found.append(Need(_("成果が一つ以上記録されている"), case.outcome_count > 0))
    return found


def has_adoption_route(case: Case) -> bool:
    return bool(case.adoption_budget.strip() and case.adoption_department_id and case.adoption_deadline)


def next_stages(case: Case) -> list[str]:
    """Where the case may go from here along the path, the usual next stage first."""
    here = case.paused_from or case.stage
    if here not in PATH or case.stage in ("completed", "closed"):
        return []
    onward = PATH[PATH.index(here) + 1 :]
    back = [PATH[PATH.index(here) - 1]] if PATH.index(here) else []
    return onward + back


CHECKLISTS: dict[str, list[str]] = {
    "intake": [
        _("相手の連絡先と希望を聞いた"),
        _("関係しそうな部署を確かめた"),
        _("次の打合せの候補日を示した"),
    ],
    "dialogue": [
        _("困りごとの背景を担当課から説明した"),
        _("団体ができること・できないことを聞いた"),
        _("費用と役割の考え方を話した"),
    ],
    "planning": [
        _("役割分担と日程を書面にした"),
        _("個人情報・安全の条件を確かめた"),
        _("導入する場合の予算と時期を財政担当に相談した"),
    ],
    "trial": [_("開始前の値を測った"), _("現場の窓口を決めた"), _("中間で振り返る日を決めた")],
    "evaluation": [
        _("指標としきい値を比べた"),
        _("利用した人の声を聞いた"),
        _("導入・継続・終了の案を作った"),
    ],
    "implementation": [_("契約・協定などの手続を済ませた"), _("広報した"), _("成果を記録する日を決めた")],
}
