"""The first screening's results, released before the rest: who passed has to know when to present."""

from django.db import transaction

from musubi.fund.models import Application, Call, Decision
from musubi.fund.states import APPLICATION, CALL
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.lib.lifecycle import hold, update
from musubi.people.models import User
from musubi.people.permissions import Can, require

BEFORE_THE_RESULT = ["submitted", "returned", "checked"]


@transaction.atomic
def release_first(call: Call, *, by: User | None) -> None:
    """Every result of the first screening at once: who failed may read that and the reason from now on, who passed just
    that, and when to present. Nothing the second screening has found is told. A call may as well release only at the end.

    Raises Refused where an application is not through the first screening, while the call is not screened, or where it
    was done before. Follows: everybody is told.
    """
    require(by, Can.MANAGE_FUND, call.fund.municipality)
    hold(call, CALL.subject)
    if call.state != "screening":
        raise Refused(
            f"この募集は「{CALL[call.state].label}」のため、第一次審査の結果を発表できません。"
            "発表できるのは、審査中だけです。"
        )
    if call.first_released_at is not None:
        raise Refused("第一次審査の結果は、もう発表しました。")
    applications = list(
        Application.objects.select_for_update(no_key=True, of=["self"])
        .select_related("organisation")
        .filter(call=call)
        .exclude(state__in=["draft", "withdrawn"])
        .order_by("pk")
    )
    if not applications:
        raise Refused("結果を発表する申請がありません。")
    if waiting := [row for row in applications if row.state in BEFORE_THE_RESULT]:
        raise Refused(
            f"第一次審査の結果が決まっていない申請が{len(waiting)}件あります: "
            f"{'、'.join(row.ref for row in waiting[:5])}。すべて決めてから発表してください。"
        )
    reasons = dict(
        Decision.objects.filter(application__call=call, outcome="first_failed").values_list(
            "application", "reasons"
        )
    )
    passed = 0
    for application in applications:
        # What the second screening has found since is nobody's business, in the journal neither.
        to = "first_passed"
        if application.state == "first_failed":
            to = "first_failed"
            update(application, APPLICATION.subject, guard={"state": to}, reason=reasons[application.pk])
        passed += to == "first_passed"
        journal.write(
            "application.first_decided",
            application,
            by=by,
            to=to,
            organisation=application.organisation.name,
        )
    update(
        call,
        CALL.subject,
        guard={"state": "screening", "first_released_at": None},
        first_released_at=clock.now(),
        first_released_by=by,
        first_filed=len(applications),
        first_passed=passed,
    )
    journal.write("call.first_released", call, by=by, applications=len(applications), passed=passed)
