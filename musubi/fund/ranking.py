"""The standings of a call's applications in a stage, read from the sheets. Five statements for any number."""

from django.db.models import Q

from musubi.fund.models import Application, Assignment, Call, Criterion, Score
from musubi.fund.scoring import Item, Sheet, Standing, rank, standing
from musubi.fund.states import Recusal, Stage, Tie

# Who stands in a stage, or has been through it; whoever was awarded has, whatever came after.
STANDING = {
    Stage.FIRST: ["checked", "first_passed", "first_failed", "second_passed", "second_failed"],
    Stage.SECOND: ["first_passed", "second_passed", "second_failed"],
}
RELEASED = ["reserve", "not_awarded"]


def standings(call: Call, stage: Stage) -> list[Standing]:
    """Everybody in a stage, in order."""
    edition = call.edition
    items = [
        Item(row.pk, row.most, row.weight) for row in Criterion.objects.filter(edition=edition, stage=stage)
    ]
    standing_here = Q(state__in=[*STANDING[stage], *RELEASED]) | Q(award__isnull=False)
    applications = dict(Application.objects.filter(standing_here, call=call).values_list("pk", "requested"))
    points: dict[int, dict[int, int]] = {}
    scored: dict[int, list[int]] = {}
    recused: dict[int, int] = {}
    waiting: dict[int, int] = {}
    assignments = Assignment.objects.filter(application__call=call, stage=stage)
    for pk, application, state in assignments.values_list("pk", "application", "state"):
        if state == "scored":
            scored.setdefault(application, []).append(pk)
        elif state == "recused":
            recused[application] = recused.get(application, 0) + 1
        elif state == "assigned":
            waiting[application] = waiting.get(application, 0) + 1
    scores = Score.objects.filter(
        assignment__application__call=call, assignment__stage=stage, assignment__state="scored"
    )
    for assignment, criterion, given in scores.values_list("assignment", "criterion", "points"):
        points.setdefault(assignment, {})[criterion] = given

    def excluded(application: int) -> int:
        """How many recused are to be made up for: another member who scores in the place of one does so already."""
        live = len(scored.get(application, ())) + waiting.get(application, 0)
        return min(recused.get(application, 0), max(edition.scorers - live, 0))

    found = [
        standing(
            application,
            [Sheet(points.get(pk, {})) for pk in scored.get(application, [])],
            items,
            recused=excluded(application),
            recusal=Recusal(edition.recusal),
            pass_share=edition.pass_share,
            criterion_share=edition.criterion_share,
        )
        for application in applications
    ]
    return rank(found, items, tie=Tie(edition.tie), requested=applications)
