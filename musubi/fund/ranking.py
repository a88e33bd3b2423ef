"""The standings of a call's applications in a stage, read from the sheets. Five statements for any number."""

from musubi.fund.models import Application, Assignment, Call, Criterion, Score
from musubi.fund.scoring import Item, Sheet, Standing, rank, standing
from musubi.fund.states import Recusal, Stage, Tie

# Who stands in a stage, and who has left it already.
STANDING = {
    Stage.FIRST: ["checked", "first_passed", "first_failed"],
    Stage.SECOND: ["first_passed", "second_passed", "second_failed", "reserve", "awarded", "not_awarded"],
}


def standings(call: Call, stage: Stage) -> list[Standing]:
    """Everybody in a stage, in order."""
    edition = call.edition
    items = [
        Item(row.pk, row.most, row.weight) for row in Criterion.objects.filter(edition=edition, stage=stage)
    ]
    states = STANDING[stage]
    if stage == Stage.FIRST:
        states = [*states, *STANDING[Stage.SECOND]]
    applications = dict(
        Application.objects.filter(call=call, state__in=states).values_list("pk", "requested")
    )
    points: dict[int, dict[int, int]] = {}
    scored: dict[int, list[int]] = {}
    recused: dict[int, int] = {}
    assignments = Assignment.objects.filter(application__in=applications, stage=stage)
    for pk, application, state in assignments.values_list("pk", "application", "state"):
        if state == "scored":
            scored.setdefault(application, []).append(pk)
        elif state == "recused":
            recused[application] = recused.get(application, 0) + 1
    scores = Score.objects.filter(
        assignment__application__in=applications, assignment__stage=stage, assignment__state="scored"
    )
    for assignment, criterion, given in scores.values_list("assignment", "criterion", "points"):
        points.setdefault(assignment, {})[criterion] = given
    found = [
        standing(
            application,
            [Sheet(points.get(pk, {})) for pk in scored.get(application, [])],
            items,
            recused=recused.get(application, 0),
            recusal=Recusal(edition.recusal),
            pass_share=edition.pass_share,
            criterion_share=edition.criterion_share,
        )
        for application in applications
    ]
    return rank(found, items, tie=Tie(edition.tie), requested=applications)
