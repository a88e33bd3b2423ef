"""Who could do a challenge, dressed for the staff's pages: what was kept, or what the engine says right now."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.challenges.models import Challenge
from musubi.challenges.queries import visible_to
from musubi.challenges.states import Visibility
from musubi.matching import ask, documents, queries, reasons
from musubi.matching.models import Suggestion
from musubi.matching.states import SUGGESTION, Side
from musubi.people.models import Member, Municipality, Organisation
from musubi.people.permissions import Can, may
from musubi.solutions.models import Solution
from musubi.solutions.queries import published
from musubi.www.suggested import STRENGTHS, Text, text_of

FIRST = 5
# A challenge with fewer letters says too little of what is wanted.
SHORT = 60
OPEN = ("published", "matched")
MOST_SOLUTIONS = 8


@dataclass(frozen=True)
class Candidate:
    """One who could do it: `s` is what `parts/suggestion.html` takes, the rest what `staff/suggestions/about.html`
    shows below it."""

    s: dict
    organisation: Organisation
    organisation_href: str
    texts: tuple[Text, Text]
    others: Sequence[tuple[str, str]]
    """(title, href or "") of its other solutions"""
    suggestion: Suggestion | None = None
    """None where it was asked for just now and is not kept yet"""
    found: str = ""
    """the key of what was found"""
    said: Sequence[tuple[str, str]] = ()
    """(who says what, in which words) of those who judged it"""

    @property
    def key(self) -> str:
        """Of what was found just now: how it is named when it is acted on."""
        return "" if self.suggestion else self.found

    @property
    def can_fit(self) -> bool:
        return self._allows("fits")

    @property
    def can_misfit(self) -> bool:
        return self._allows("misfit")

    @property
    def can_introduce(self) -> bool:
        return self._allows("introduced")

    def _allows(self, there: str) -> bool:
        return self.suggestion is not None and SUGGESTION.allows(self.suggestion.state, there)


@dataclass(frozen=True)
class Candidates:
    """Those of one challenge. `at` says when they were last looked for, None where that was just now; `why_none`
    what to do where there are none."""

    rows: Sequence[Candidate] = ()
    total: int = 0
    at: datetime | None = None
    page: Page | None = None
    preparing: bool = False
    why_none: dict = field(default_factory=dict)


def candidates(challenge: Challenge, user, *, most: int = ask.LIMIT, page: int | str = 1) -> Candidates:
    """Who could do `challenge`, best first, `most` to a page. The number of statements does not grow with them."""
    # What was called a misfit stays to be seen, below the others.
    rows = sorted(queries.suggestions_for(challenge), key=lambda row: row.state == "misfit")
    if rows:
        shown = Paginator(rows, most).get_page(page)
        return Candidates(
            dress(list(shown), challenge), len(rows), max(row.refreshed_at for row in rows), page=shown
        )
    if challenge.state not in OPEN:
        return Candidates(why_none={"title": _("候補は、公開している課題についてさがします")})
    from musubi.matching.engine.index import Preparing

    try:
        found = ask.for_challenge(
            challenge, solutions=published(), organisations=documents.findable(Organisation)
        )
    except Preparing:
        return Candidates(preparing=True)
    if not found:
        return Candidates(why_none=_why_none(challenge, user))
    return Candidates(dress(found[:most], challenge), len(found))


def dress(rows: Sequence[Suggestion | ask.Found], challenge: Challenge) -> list[Candidate]:
    """Suggestions, or what was found just now, as the page shows them: three statements for any number."""
    owners = {row.organisation_id: row.organisation for row in map(_seed, rows) if isinstance(row, Solution)}
    owners |= {row.pk: row for row in map(_seed, rows) if isinstance(row, Organisation)}
    offered = Prefetch("solutions", published().order_by("-published_at", "-id"), to_attr="offered")
    prefetch_related_objects(list(owners.values()), offered)
    stored = [row for row in rows if isinstance(row, Suggestion)]
    prefetch_related_objects(stored, "verdicts")
    city = challenge.municipality
    members = dict(
        Member.objects.filter(municipality=city, organisation__in=owners, state="active").values_list(
            "organisation", "pk"
        )
    )
    return [_candidate(row, owners, members, challenge, city) for row in rows]


def _seed(row: Suggestion | ask.Found) -> Solution | Organisation:
    if isinstance(row, Suggestion):
        return row.solution or row.organisation
    return row.thing


def _candidate(row, owners: dict, members: dict, challenge: Challenge, city: Municipality) -> Candidate:
    thing = _seed(row)
    is_solution = isinstance(thing, Solution)
    owner = owners[thing.organisation_id if is_solution else thing.pk]
    suggestion = row if isinstance(row, Suggestion) else None
    state = SUGGESTION[suggestion.state] if suggestion else None
    strength, tone = STRENGTHS[ask.strength(row.likeness)]
    member = members.get(owner.pk)

    def href(solution: Solution) -> str:
        # The public pages show what members offer.
        return reverse("solution", args=[city.slug, solution.pk]) if member else ""

    here, there = reasons.words_of(row.reasons), reasons.words_of(row.reasons, there=True)
    said = (
        {verdict.side for verdict in suggestion.verdicts.all() if not verdict.fits} if suggestion else set()
    )
    return Candidate(
        s={
            "title": thing.title if is_solution else owner.name,
            "href": href(thing) if is_solution else "",
            "sub": [owner.name] if is_solution else [],
            "chips": _chips(owner),
            "strength_label": strength,
            "strength_tone": tone,
            "state_label": state.label if state and state.value != "suggested" else "",
            "state_tone": state.tone if state else "",
            "reasons": [reasons.say(reason) for reason in row.reasons],
            # What was said of this very pair stands below with its words.
            "against": [
                reasons.say(reason)
                for reason in row.against
                if not (reason["kind"] == "misfit" and reason["side"] in said)
            ],
        },
        organisation=owner,
        organisation_href=reverse("staff-member", args=[city.slug, member]) if member else "",
        texts=(text_of(challenge, here), text_of(thing, there, offers=() if is_solution else owner.offered)),
        others=[
            (other.title, href(other))
            for other in owner.offered[: MOST_SOLUTIONS + 1]
            if not (is_solution and other.pk == thing.pk)
        ][:MOST_SOLUTIONS],
        suggestion=suggestion,
        found=documents.key_of(thing),
        said=_said(suggestion) if suggestion else (),
    )


def _chips(owner: Organisation) -> list[tuple[str, str]]:
    """(label, drawing): kind, size, where it is."""
    chips = [(owner.get_kind_display(), "people")]
    if owner.size:
        chips.append((owner.get_size_display(), "person"))
    if owner.prefecture:
        chips.append((owner.prefecture, "pin"))
    return chips


def _said(suggestion: Suggestion) -> list[tuple[str, str]]:
    found = []
    for verdict in sorted(suggestion.verdicts.all(), key=lambda verdict: verdict.at):
        who = Side(verdict.side).label
        if verdict.fits:
            says = _("%(who)sの判断: 合う") % {"who": who}
        else:
            says = _("%(who)sの判断: 合わない(%(reason)s)") % {
                "who": who,
                "reason": verdict.get_reason_display(),
            }
        found.append((says, verdict.words))
    return found


def _why_none(challenge: Challenge, user) -> dict:
    """What is likely the reason that nobody was found, and what helps: title, text, and a step where there is one."""
    slug = challenge.municipality.slug
    letters = len(challenge.problem) + len(challenge.goal_image)
    if letters < SHORT:
        step = (
            {
                "action_label": _("課題を書き足す"),
                "action_href": reverse("staff-challenge-edit", args=[slug, challenge.ref]),
            }
            if may(user, Can.WRITE_CHALLENGE, challenge)
            else {}
        )
        return {
            "title": _("文章が短いため、候補を見つけられません"),
            "text": _(
                "どこで、誰が、何に、どれくらい困っているかを2〜3行書き足すと、近い内容の団体を探せます。"
            ),
            **step,
        }
    if challenge.visibility < Visibility.PUBLIC and may(user, Can.CLOSE_CHALLENGE, challenge):
        return {
            "title": _("内容の近い会員・ソリューションは見つかりませんでした"),
            "text": _("いまの公開範囲は「%(now)s」です。広げると、まだ登録していない団体の目にもとまります。")
            % {"now": challenge.get_visibility_display()},
            "action_label": _("公開範囲を広げる"),
            "action_href": reverse("staff-challenge-widen", args=[slug, challenge.ref]),
        }
    return {
        "title": _("内容の近い会員・ソリューションは見つかりませんでした"),
        "text": _(
            "会員のイベントで紹介したり、心当たりの団体に登録を勧めたりすると、候補が増えます。新しく登録されたものは、ここに自動で加わります。"
        ),
    }


# --- from the organisation's side --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Suiting:
    """Challenges of a municipality that would suit an organisation: what `parts/suggestion.html` takes of each."""

    rows: Sequence[dict] = ()
    at: datetime | None = None
    preparing: bool = False


def suiting(organisation: Organisation, municipality: Municipality, user) -> Suiting:
    """The open challenges that would suit an organisation best, among those the person may read; each once."""
    readable = visible_to(user, municipality).filter(state__in=OPEN)
    kept = Suggestion.objects.filter(organisation=organisation, challenge__in=readable.order_by())
    kept = kept.exclude(state="misfit").select_related("challenge__department", "challenge__municipality")
    best: dict[int, Suggestion] = {}
    for row in kept.order_by("-score", "pk"):
        best.setdefault(row.challenge_id, row)
    if best:
        rows = [_suiting(row.challenge, row, SUGGESTION[row.state]) for row in list(best.values())[:FIRST]]
        return Suiting(rows, max(row.refreshed_at for row in best.values()))
    from musubi.matching.engine.index import Preparing

    try:
        found = ask.for_seed(
            organisation,
            challenges=readable,
            limit=FIRST,
            marks=(documents.OPEN, f"staff:{municipality.pk}"),
        )
    except Preparing:
        return Suiting(preparing=True)
    return Suiting([_suiting(one.thing, one) for one in found])


def _suiting(challenge: Challenge, row: Suggestion | ask.Found, state=None) -> dict:
    strength, tone = STRENGTHS[ask.strength(row.likeness)]
    return {
        "title": challenge.title,
        "href": reverse("staff-challenge", args=[challenge.municipality.slug, challenge.ref])
        + "#suggestions",
        "sub": [challenge.department.name, challenge.ref],
        "strength_label": strength,
        "strength_tone": tone,
        "state_label": state.label if state and state.value != "suggested" else "",
        "state_tone": state.tone if state else "",
        "reasons": [reasons.say(reason) for reason in row.reasons],
        "against": [reasons.say(reason) for reason in row.against],
    }
