"""What happens to suggestions: they are kept as the engine finds them, judged, introduced, and followed by cases.

`keep_for_challenge` and `keep_for_seed` write no journal: what the engine finds is derived data like the search index,
nobody did it, and every night it is found anew for every open challenge. What people say of it is in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from musubi.challenges.models import Challenge
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.lib.lifecycle import hold, move, update
from musubi.matching.models import Experience, Ranking, SavedSearch, Suggestion, Verdict
from musubi.matching.rules import MOST_SEARCHES, MOST_TEXT, may_read, why_not_introduce
from musubi.matching.states import RANKING, SUGGESTION, Misfit, Side
from musubi.people.models import Municipality, Organisation, User
from musubi.people.permissions import Can, authority, require
from musubi.people.rules import check_fields
from musubi.solutions.models import Solution

if TYPE_CHECKING:
    from musubi.matching.ask import Found

SUBJECT = "候補"

# --- keeping what the engine finds ---------------------------------------------------------------------------

type Pair = tuple[int, int, int | None]
FOUND = ["score", "likeness", "need_rank", "seed_rank", "best_rank", "reasons", "against", "features"]


def keep_for_challenge(challenge: Challenge, found: Sequence[Found]) -> None:
    """Keep what was found for a challenge, best first. What fell out loses its place; it stays as it was where
    somebody decided on it, or where it once was shown."""
    keep_for_challenges([(challenge, found)])


@transaction.atomic
def keep_for_challenges(lists: Sequence[tuple[Challenge, Sequence[Found]]]) -> None:
    """The same for several challenges at once."""
    pairs = {
        _pair(challenge, one.thing): (place, one)
        for challenge, found in lists
        for place, one in enumerate(found, start=1)
    }

    def write(row: Suggestion, place: int | None, one: Found | None) -> None:
        row.need_rank = place
        if one:
            row.best_rank = min(place, row.best_rank or place)
            _take(row, one, one.reasons)

    _keep(pairs, Q(challenge__in=[challenge.pk for challenge, _found in lists]), "need_rank", write)


@transaction.atomic
def keep_for_seed(thing: Solution | Organisation, found: Sequence[Found]) -> None:
    """Keep the challenges that were found for a solution or an organisation, best first."""
    pairs = {_pair(one.thing, thing): (place, one) for place, one in enumerate(found, start=1)}

    def write(row: Suggestion, place: int | None, one: Found | None) -> None:
        row.seed_rank = place
        if one and row.need_rank is None and row.best_rank is None:
            _take(row, one, [_turned(reason) for reason in one.reasons])

    solution = thing if isinstance(thing, Solution) else None
    owner = thing.organisation_id if isinstance(thing, Solution) else thing.pk
    _keep(pairs, Q(organisation=owner, solution=solution), "seed_rank", write)


def _keep(
    pairs: dict[Pair, tuple[int, Found]],
    kept: Q,
    rank: str,
    write: Callable[[Suggestion, int | None, Found | None], None],
) -> None:
    now = clock.now()
    there = set(Suggestion.objects.filter(kept).values_list("challenge", "organisation", "solution"))
    # A pass for the other side may be keeping the same pair this very moment.
    Suggestion.objects.bulk_create(
        [
            Suggestion(
                challenge_id=challenge,
                organisation_id=organisation,
                solution_id=solution,
                score=0,
                likeness=0,
                suggested_at=now,
                refreshed_at=now,
            )
            for challenge, organisation, solution in pairs
            if (challenge, organisation, solution) not in there
        ],
        ignore_conflicts=True,
    )
    # In one order, so that of two passes one waits for the other.
    rows = list(Suggestion.objects.select_for_update(no_key=True).filter(kept).order_by("pk"))
    seen, changed = [], []
    for row in rows:
        place, one = pairs.get((row.challenge_id, row.organisation_id, row.solution_id), (None, None))
        if one is None and getattr(row, rank) is None:
            continue
        before = _as_found(row)
        write(row, place, one)
        seen.append(row.pk)
        if _as_found(row) != before:
            changed.append(row)
    Suggestion.objects.bulk_update(changed, FOUND, batch_size=100)
    Suggestion.objects.filter(pk__in=seen).update(refreshed_at=now)
    # Never shown to anybody, and nobody's any more.
    gone = [
        row.pk
        for row in changed
        if row.need_rank is None
        and row.seed_rank is None
        and row.best_rank is None
        and row.state == "suggested"
    ]
    if gone:
        Suggestion.objects.filter(pk__in=gone, state="suggested").delete()


@transaction.atomic
def end_undecided(rows: QuerySet[Suggestion]) -> int:
    """Suggestions that came to nothing, as their challenge is closed or their solution withdrawn, lose their places where
    nobody decided on them; what was never shown goes. Returns how many. No journal: like finding them."""
    standing = rows.filter(Q(need_rank__isnull=False) | Q(seed_rank__isnull=False), state="suggested")
    # Held, so that what somebody judges this very moment is seen to be judged.
    held = standing.select_for_update(no_key=True, of=["self"]).order_by("pk")
    keys = [row.pk for row in held.only("pk") if row.pk]
    rows = Suggestion.objects.filter(pk__in=keys, state="suggested")
    rows.filter(best_rank=None).delete()
    rows.update(need_rank=None, seed_rank=None)
    return len(keys)


def _as_found(row: Suggestion) -> tuple:
    """What is written again only where it has changed. Scores fade a little every day: to two places."""
    places = row.need_rank, row.seed_rank, row.best_rank
    return *places, round(row.score, 2), round(row.likeness, 2), row.reasons, row.against


def _pair(challenge: Challenge, thing: Solution | Organisation) -> Pair:
    if isinstance(thing, Solution):
        return challenge.pk, thing.organisation_id, thing.pk
    return challenge.pk, thing.pk, None


def _take(row: Suggestion, one: Found, reasons: list[dict]) -> None:
    row.score, row.likeness = round(one.score, 5), round(one.likeness, 5)
    row.reasons, row.against = reasons, one.against
    row.features = {name: round(value, 5) for name, value in one.features.items()}


def _turned(reason: dict) -> dict:
    """A reason found from the other side: of its pairs of words the challenge's comes first."""
    if reason["kind"] not in ("words", "synonyms"):
        return reason
    return {**reason, "words": [[there, here] for here, there in reason["words"]]}


# --- what people say -----------------------------------------------------------------------------------------


@transaction.atomic
def judge(
    suggestion: Suggestion, *, by: User, side: str, fits: bool, reason: str = "", words: str = ""
) -> Verdict:
    """One side says that a suggestion fits (合う) or does not (合わない), and why. The latest word of a side counts.

    It stands as 合わない as long as either side says so. An introduced one that fits stays introduced.
    Raises NotAllowed unless `by` decides for that side, Missing for a misfit without a reason, Refused once a case
    has come of it, Conflict where somebody moved it since `suggestion` was read.
    """
    is_municipality = side == Side.MUNICIPALITY
    require(by, Can.DECIDE_SUGGESTION if is_municipality else Can.ANSWER_SUGGESTION, suggestion)
    if is_municipality:
        _require_impartial(by, suggestion)
    elif not may_read(suggestion.organisation, suggestion.challenge):
        raise NotAllowed
    if not fits and reason not in Misfit.values:
        raise Missing("「合わない」理由を選んでください。次の候補選びに役立ちます。", field="reason")
    reason, words = "" if fits else reason, words.strip()
    _check_length(words, "words", "ひとこと")
    if suggestion.state in ("in_case", "realised"):
        raise Refused("この候補はもう案件になっています。つづきは案件の画面で話し合ってください。")
    # First, so that whoever judges at the same moment waits here, and then sees this one's word.
    update(suggestion, SUBJECT, guard={"state": suggestion.state}, state=suggestion.state)
    verdict, _is_new = Verdict.objects.update_or_create(
        suggestion=suggestion,
        side=side,
        defaults={"fits": fits, "reason": reason, "words": words, "at": clock.now(), "by": by},
    )
    declined = Verdict.objects.filter(suggestion=suggestion, fits=False).exists()
    state = "misfit" if declined else "introduced" if suggestion.state == "introduced" else "fits"
    if state != suggestion.state:
        move(suggestion, SUGGESTION, state)
    journal.write(
        "suggestion.judged",
        suggestion,
        by=by,
        side=str(side),
        fits=fits,
        reason=reason,
        words=words,
        organisation=suggestion.organisation.name,
    )
    return verdict


@transaction.atomic
def introduce(suggestion: Suggestion, *, by: User, words: str) -> None:
    """The desk or the department tells the organisation of the challenge, in its own words.

    Raises NotAllowed unless `by` decides on suggestions there, Missing without words, Refused where the challenge
    takes no proposals, where the organisation may not read it, or where nobody represents the organisation; Conflict
    where somebody was faster. Follows: the organisation's representatives are told, with the reasons.
    """
    require(by, Can.DECIDE_SUGGESTION, suggestion)
    _require_impartial(by, suggestion)
    words = words.strip()
    if not words:
        raise Missing("団体に伝えるひとことを書いてください。", field="words")
    _check_length(words, "words", "ひとこと")
    # Nobody closes it until it is introduced.
    hold(suggestion.challenge, "課題")
    if problem := why_not_introduce(suggestion):
        raise Refused(str(problem))
    now = clock.now()
    move(suggestion, SUGGESTION, "introduced", introduced_at=now, acted_at=suggestion.acted_at or now)
    journal.write(
        "suggestion.introduced", suggestion, by=by, words=words, organisation=suggestion.organisation.name
    )


def _require_impartial(by: User | None, suggestion: Suggestion) -> None:
    """Raise NotAllowed where `by` acts for the very organisation that is suggested."""
    if by is not None and suggestion.organisation_id in authority(by).organisation_ids:
        raise NotAllowed("あなたが担当者を務める団体の候補です。自治体としての判断は、ほかの職員が行います。")


def _check_length(text: str, field: str, label: str) -> None:
    if len(text) > MOST_TEXT:
        raise Refused(f"「{label}」は{MOST_TEXT:,}字以内で書いてください。", field=field)


# --- what came of it: the later steps call these inside their transactions ------------------------------------


@transaction.atomic
def note_case(
    municipality: Municipality,
    organisations: Iterable[int],
    *,
    case_id: int,
    title: str,
    text: str,
    at: datetime,
    challenge: Challenge | None = None,
    solution: Solution | None = None,
) -> None:
    """A case opened with the organisations (ids), or they joined it: each has an experience, and what was suggested
    of them for its challenge has become a case. Where the proposal named a solution that was suggested, only that."""
    owners = set(organisations)
    Experience.objects.bulk_create(
        [
            Experience(
                organisation_id=owner,
                municipality=municipality,
                challenge=challenge,
                case_id=case_id,
                title=title[:120],
                text=text,
                at=at,
            )
            for owner in sorted(owners)
        ],
        ignore_conflicts=True,
    )
    if challenge is None:
        return
    rows = Suggestion.objects.filter(challenge=challenge, organisation__in=owners)
    if solution and rows.filter(solution=solution).exists():
        rows = rows.filter(solution=solution)
    for row in rows.select_for_update(no_key=True).order_by("pk"):
        if SUGGESTION.allows(row.state, "in_case"):
            move(row, SUGGESTION, "in_case", acted_at=row.acted_at or at)


@transaction.atomic
def note_outcome(case_id: int, *, at: datetime, outcomes: int, is_realised: bool) -> None:
    """An outcome of the case was recorded: it has `outcomes` now. One that meets the need (`is_realised`) makes its
    suggestions 成果が出た."""
    Experience.objects.filter(case_id=case_id).update(outcomes=outcomes, at=at)
    if not is_realised:
        return
    for challenge, owner in Experience.objects.filter(case_id=case_id, challenge__isnull=False).values_list(
        "challenge", "organisation"
    ):
        rows = Suggestion.objects.filter(challenge=challenge, organisation=owner, state="in_case")
        for row in rows.select_for_update(no_key=True).order_by("pk"):
            move(row, SUGGESTION, "realised")


def note_story(case_id: int, *, is_public: bool, title: str = "", text: str = "") -> None:
    """A story of the case was published, changed, or taken back. What others read of the experience is what was
    written for the story, never what the case holds."""
    words = {"title": title[:120], "text": text} if title else {}
    Experience.objects.filter(case_id=case_id).update(is_public=is_public, **words)


# --- the ranking ---------------------------------------------------------------------------------------------


@transaction.atomic
def propose_ranking(municipality: Municipality) -> Ranking:
    """Learn the weights of the ranking from what people here decided, and lay them before the desk. Nothing is ranked
    by them until somebody adopts them; an earlier proposal nobody decided on makes room.

    Raises Refused where there is too little to learn from.
    """
    from musubi.matching.learning import learn

    learned = learn(municipality)
    Ranking.objects.filter(municipality=municipality, state="proposed").delete()
    ranking = Ranking.objects.create(
        municipality=municipality,
        weights=learned.weights,
        decisions=learned.decisions,
        before=learned.before,
        after=learned.after,
        fitted_at=clock.now(),
    )
    journal.write(
        "ranking.proposed",
        ranking,
        by=None,
        weights=learned.weights,
        decisions=learned.decisions,
        before=learned.before,
        after=learned.after,
    )
    return ranking


@transaction.atomic
def adopt_ranking(ranking: Ranking, *, by: User) -> None:
    """The desk has suggestions ranked by these weights from now on; those in use until now are replaced.

    Raises NotAllowed unless `by` adopts rankings there, Conflict where somebody was faster.
    """
    require(by, Can.ADOPT_RANKING, ranking.municipality)
    try:
        with transaction.atomic():
            for used in Ranking.objects.filter(municipality=ranking.municipality_id, state="adopted"):
                move(used, RANKING, "replaced")
            move(ranking, RANKING, "adopted", decided_at=clock.now(), decided_by=by)
    except IntegrityError as error:
        raise Conflict(
            "別の順位づけが、いま採用されたところです。画面を読み込み直して確かめてください。"
        ) from error
    journal.write("ranking.adopted", ranking, by=by, weights=ranking.weights)


@transaction.atomic
def refuse_ranking(ranking: Ranking, *, by: User) -> None:
    """The desk does not want these weights; those in use stay."""
    require(by, Can.ADOPT_RANKING, ranking.municipality)
    move(ranking, RANKING, "refused", decided_at=clock.now(), decided_by=by)
    journal.write("ranking.refused", ranking, by=by)


# --- saved searches ------------------------------------------------------------------------------------------


@transaction.atomic
def save_search(
    organisation: Organisation,
    *,
    by: User,
    name: str,
    text: str = "",
    goals: Iterable[int] = (),
    fields: Iterable[str] = (),
    municipalities: Iterable[int] = (),
    most: int = 5,
) -> SavedSearch:
    """A representative wants to be told every week of new challenges like `text`, of these goals, fields and
    municipalities (numbers and codes), at most `most` at once.

    Raises NotAllowed unless `by` represents the organisation, Missing without a name or where nothing is looked for,
    Refused for too many searches.
    """
    require(by, Can.ANSWER_SUGGESTION, organisation)
    if SavedSearch.objects.filter(organisation=organisation, user=by).count() >= MOST_SEARCHES:
        raise Refused(
            f"保存できる検索は{MOST_SEARCHES}件までです。使っていない検索を消してから保存してください。"
        )
    search = SavedSearch(organisation=organisation, user=by, created_at=clock.now())
    _write(search, name=name, text=text, goals=goals, fields=fields, municipalities=municipalities, most=most)
    journal.write("search.saved", search, by=by)
    return search


@transaction.atomic
def change_search(
    search: SavedSearch,
    *,
    by: User,
    name: str,
    text: str = "",
    goals: Iterable[int] = (),
    fields: Iterable[str] = (),
    municipalities: Iterable[int] = (),
    most: int = 5,
    is_active: bool = True,
) -> None:
    """Change a saved search of one's own, or let it rest (`is_active`). Raises like `save_search`; Conflict where it
    was dropped meanwhile."""
    require(by, Can.ANSWER_SUGGESTION, search)
    _require_own(search, by)
    hold(search, "検索")
    search.is_active = is_active
    _write(search, name=name, text=text, goals=goals, fields=fields, municipalities=municipalities, most=most)
    journal.write("search.changed", search, by=by, is_active=is_active)


@transaction.atomic
def drop_search(search: SavedSearch, *, by: User) -> None:
    """Delete a saved search of one's own: nothing is told of it any more. It goes even where `by` no longer acts for
    the organisation. Raises Conflict where it is gone already."""
    _require_own(search, by)
    hold(search, "検索")
    journal.write("search.dropped", search, by=by)
    search.delete()


def _require_own(search: SavedSearch, by: User) -> None:
    if search.user_id != by.pk:
        raise NotAllowed("この検索を変えられるのは、保存した本人だけです。")


def _write(search: SavedSearch, *, goals, fields, municipalities, name: str, text: str, most: int) -> None:
    search.name, search.text, search.most = name.strip(), text.strip(), most
    goals, fields, cities = list(goals), list(fields), list(municipalities)
    if not search.name:
        raise Missing("検索の名前を入力してください。", field="name")
    if not (search.text or goals or fields or cities):
        raise Missing("探していることを書くか、ゴール・分野・自治体のどれかを選んでください。", field="text")
    _check_length(search.text, "text", "探していること")
    if not 1 <= most <= 20:
        raise Refused("1回に知らせる件数は、1から20までの数で入力してください。", field="most")
    check_fields(search, only=["name"])
    search.save()
    search.goals.set(goals)
    search.fields.set(fields)
    search.municipalities.set(cities)
