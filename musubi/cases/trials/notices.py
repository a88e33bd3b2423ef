"""Who is told what about trials: always the side that did not do it."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from musubi.cases.models import Trial
from musubi.cases.states import TrialDecision
from musubi.cases.trials import budget
from musubi.lib import fiscal
from musubi.lib.era import format_date
from musubi.notify.registry import Letter, tells
from musubi.people.permissions import Can, may
from musubi.people.queries import answering_for, people_of, representatives_of


def _to_organisations(trial: Trial, title: str, body: str):
    case = trial.case
    for user in representatives_of(case.organisation_ids):
        path = f"/my/cases/{case.municipality.slug}/{case.ref}/trials/{trial.pk}/"
        yield Letter(user, f"{title}: {trial.title}", body, path)


def _to_staff(trial: Trial, title: str, body: str):
    case = trial.case
    for user in answering_for(case, owner=case.owner, department=case.lead, can=Can.SEE_CASE):
        yield Letter(user, f"{title}: {trial.title}", body, _staff_path(trial))


def _to_approvers(trial: Trial, title: str, body: str):
    """Who manages the lead department now: they approve and decide."""
    case = trial.case
    named = [case.lead.manager] if case.lead.manager_id else []
    for people in (named, people_of(case.lead)):
        # The one named for the department may have moved on.
        if managers := [user for user in people if may(user, Can.MANAGE_CASE, case)]:
            for user in managers:
                yield Letter(user, f"{title}: {trial.title}", body, _staff_path(trial))
            return


def _staff_path(trial: Trial) -> str:
    case = trial.case
    return f"/{case.municipality.slug}/staff/cases/{case.ref}/trials/{trial.pk}/"


def _trial(entry) -> Trial:
    return Trial.objects.select_related("case__municipality", "case__lead", "case__owner").get(
        pk=entry.object_id
    )


def _period(entry) -> str:
    starts_on, ends_on = (
        format_date(date.fromisoformat(entry.data[name])) for name in ("starts_on", "ends_on")
    )
    return f"期間: {starts_on}から{ends_on}まで"


@tells("trial.planned", _("実証実験の計画"))
def planned(entry):
    trial = _trial(entry)
    late = f"\n\n{budget.of_trial(trial).words}" if entry.data["knows_late"] else ""
    words = f"場所: {trial.field}\n{_period(entry)}{late}"
    yield from _to_organisations(
        trial,
        "実証実験の計画ができました",
        f"{words}\n\n指標としきい値は、承認されると変えられなくなります。今のうちに確かめてください。",
    )
    yield from _to_approvers(
        trial, "実証実験の計画を確かめてください", f"{words}\n\n内容がよければ承認してください。"
    )


@tells("trial.changed", _("実証実験の計画の変更"))
def changed(entry):
    trial = _trial(entry)
    yield from _to_organisations(
        trial, "実証実験の計画が変わりました", f"{_period(entry)}\n\n指標・費用・条件を確かめてください。"
    )


@tells("trial.approved", _("実証実験の承認"))
def approved(entry):
    trial = _trial(entry)
    words = "計画が承認されました。指標としきい値は、これで確定です。"
    yield from _to_organisations(trial, "実証実験が承認されました", words)
    yield from _to_staff(
        trial, "実証実験が承認されました", f"{words}始める日に「実証を始める」を押してください。"
    )


@tells("trial.started", _("実証実験の開始"))
def started(entry):
    yield from _to_organisations(
        _trial(entry), "実証実験が始まりました", "測った値を、実証の画面から入れられます。"
    )


@tells("trial.read", _("実績値の記録"), mail=False)
def read(entry):
    trial, data = _trial(entry), entry.data
    what = "訂正されました" if data["corrects"] else "記録されました"
    words = (
        f"{data['measure']}: {data['value']}{data['unit']}({format_date(date.fromisoformat(data['day']))})"
    )
    if data["side"] == "organisation":
        yield from _to_staff(trial, f"実績値が{what}", words)
    else:
        yield from _to_organisations(trial, f"実績値が{what}", words)


@tells("trial.drafted", _("実証の報告の案"))
def drafted(entry):
    trial = _trial(entry)
    if entry.data["side"] == "organisation":
        yield from _to_staff(
            trial, "実証の報告の案が届きました", "団体が報告の案を書きました。確かめて、報告にしてください。"
        )
    else:
        yield from _to_organisations(
            trial, "実証の報告の案が書かれました", "報告の案を確かめて、足りないことを書き加えてください。"
        )


@tells("trial.reported", _("実証実験の報告"))
def reported(entry):
    trial = _trial(entry)
    yield from _to_organisations(
        trial, "実証実験の結果が報告されました", f"{trial.findings}\n\nこのあと、担当課が判定します。"
    )
    yield from _to_approvers(
        trial, "実証実験を判定してください", f"{trial.findings}\n\n指標としきい値を見て、判定してください。"
    )


@tells("trial.decided", _("実証実験の判定"))
def decided(entry):
    trial = _trial(entry)
    label = TrialDecision(entry.data["decision"]).label
    words = f"判定: {label}\n理由: {entry.data['reason']}"
    yield from _to_organisations(trial, f"実証実験の判定({label})", words)
    yield from _to_staff(trial, f"実証実験の判定({label})", f"{words}{_what_next(trial)}")


def _what_next(trial: Trial) -> str:
    case = trial.case
    if trial.decision == TrialDecision.EXTEND:
        return "\n\n続きの実証は、実証の画面の「続きを計画する」から、今の計画を写して始められます。"
    if trial.decision != TrialDecision.ADOPT or case.adoption_deadline is None:
        return ""
    request_on, year = budget.next_request(trial.municipality_id)
    return (
        f"\n\n導入の道筋: {case.adoption_budget}({case.adoption_department}、判断の期限"
        f"{format_date(case.adoption_deadline)})\n次の予算要求の締切: {format_date(request_on)}({fiscal.label(year)}の当初予算)"
    )


@tells("trial.cancelled", _("実証実験の取りやめ"))
def cancelled(entry):
    yield from _to_organisations(_trial(entry), "実証実験を取りやめました", f"理由: {entry.data['reason']}")
