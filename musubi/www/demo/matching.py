"""What the demo shows of matching: who would have been suggested for every challenge on its day, what came of it, and
what people decided on the day of the build.

Played once the records are there and the index of them is made, through the product's own actions.
"""

from datetime import timedelta

from django.db import transaction

from musubi.cases.models import Case
from musubi.challenges.models import Challenge
from musubi.lib import clock
from musubi.matching import actions, ask, documents, keeping, queries
from musubi.matching.models import Suggestion
from musubi.matching.rules import why_not_introduce
from musubi.matching.states import Misfit, Side
from musubi.notify import tasks
from musubi.outcomes.states import REALISED
from musubi.people.models import Municipality, Organisation
from musubi.people.queries import desk_of, people_of, representatives_of
from musubi.solutions.models import Solution

WORDS_OF_FIT = "実績の内容が、この課題で困っている場面にそのまま当てはまります。"
WORDS_OF_INTRODUCTION = (
    "貴団体の取組みを拝見し、この課題に合うのではないかと思いご紹介します。"
    "くわしくお話しできますので、ご関心があればお気軽にご提案ください。"
)
ANSWER = "関心があります。来月にもお話を伺いたいです。"
# Why the weaker ones of a list do not fit, one after the other.
MISFITS = [
    (Misfit.SUBJECT, "扱う対象が違うようです。"),
    (Misfit.SCALE, "求めている規模と合いません。"),
    (Misfit.SUBJECT, ""),
    (Misfit.REGION, "現地に来ていただける団体を探しています。"),
]
INTRODUCED = 2


def suggest() -> int:
    """Suggestions and decisions for the demo as it stands; returns how many suggestions there are. A second time
    nothing is done. Raises `engine.index.Preparing`."""
    with transaction.atomic():
        if not Suggestion.objects.exists():
            _look_back()
            while keeping.refresh_due():
                pass
            for city in Municipality.objects.order_by("pk"):
                _decide(city)
    while tasks.tell_waiting():
        pass
    return Suggestion.objects.count()


def _look_back() -> None:
    """What was to be found on the day each challenge was published, and what came of it since."""
    for challenge in Challenge.objects.filter(published_at__isnull=False).order_by("published_at"):
        with clock.standing_at(challenge.published_at + timedelta(hours=1)):
            found = ask.for_challenge(
                challenge,
                solutions=documents.findable(Solution).filter(published_at__lte=clock.now()),
                organisations=documents.findable(Organisation).filter(created_at__lte=clock.now()),
            )
            actions.keep_for_challenge(challenge, found)
    for case in Case.objects.filter(challenge__isnull=False).order_by("opened_at"):
        actions.note_case(
            case.municipality,
            case.organisation_ids,
            case_id=case.pk,
            title=case.title,
            text=case.summary,
            at=case.opened_at,
            challenge=case.challenge,
            solution=case.proposal.solution if case.proposal else None,
        )
        for outcome in case.outcomes.order_by("recorded_at"):
            actions.note_outcome(
                case.pk,
                at=outcome.recorded_at,
                outcomes=case.outcome_count,
                is_realised=outcome.kind in REALISED,
            )


def _decide(city: Municipality) -> None:
    """Of every open challenge the desk has looked at some: it left others to whoever tries the demo."""
    desk = people_of(desk_of(city.pk)).order_by("pk").first()
    introduced, misfits = 0, 0
    for challenge in queries.open_challenges(city).order_by("pk"):
        rows = list(challenge.suggestions.filter(need_rank__lte=8, state="suggested").order_by("need_rank"))
        for row in rows:
            if ask.strength(row.likeness) != "weak" and row.need_rank <= 2:
                if introduced < INTRODUCED and not why_not_introduce(row):
                    actions.introduce(row, by=desk, words=WORDS_OF_INTRODUCTION)
                    introduced += 1
                    if introduced == 1:
                        _answer(row)
                else:
                    actions.judge(row, by=desk, side=Side.MUNICIPALITY, fits=True, words=WORDS_OF_FIT)
            elif row.need_rank in (4, 7):
                reason, words = MISFITS[misfits % len(MISFITS)]
                actions.judge(row, by=desk, side=Side.MUNICIPALITY, fits=False, reason=reason, words=words)
                misfits += 1
    _save_a_search(city)


def _answer(row: Suggestion) -> None:
    speaker = representatives_of([row.organisation_id]).order_by("pk").first()
    actions.judge(row, by=speaker, side=Side.ORGANISATION, fits=True, words=ANSWER)


def _save_a_search(city: Municipality) -> None:
    """The first who joined looks for more."""
    member = city.members.filter(state="active").order_by("joined_on", "pk").first()
    speaker = member and representatives_of([member.organisation_id]).order_by("pk").first()
    if speaker:
        actions.save_search(
            member.organisation,
            by=speaker,
            name="子どもと環境",
            text="子どもが参加できる環境学習や、まちのごみを減らす取組みを一緒に進めたい。",
        )
