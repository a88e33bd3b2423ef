"""The advice beside a challenge that is being written: hints, goals, and what is like it."""

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from musubi.cases.models import Case
from musubi.cases.states import CASE
from musubi.challenges.models import Challenge
from musubi.challenges.rules import hints
from musubi.challenges.states import CHALLENGE
from musubi.matching.documents import key_of
from musubi.matching.goals import suggest_goals
from musubi.matching.similar import Similar, similar_challenges
from musubi.outcomes.models import Outcome
from musubi.outcomes.states import OutcomeKind
from musubi.people.models import Municipality
from musubi.plan.models import Goal, Target
from musubi.www.staff.forms_challenges import OFFERS


def advise(form, municipality: Municipality, *, exclude: Challenge | None = None) -> dict:
    """What `staff/advice.html` shows for the words typed so far, valid or not."""
    title, problem, goal_image = (form.typed(name)[:4000] for name in ("title", "problem", "goal_image"))
    from musubi.matching.engine.index import Preparing

    if not f"{title}{problem}{goal_image}".strip():
        return {"similar": [], "goals": [], "hints": [], "has_text": False}
    preparing = False
    try:
        found = similar_challenges(title, f"{problem}\n{goal_image}", municipality, exclude=exclude)
    except Preparing:
        found, preparing = [], True
    advice = hints(
        title=title,
        problem=problem,
        goal_image=goal_image,
        offer_note=form.typed("offer_note"),
        offers=sum(bool(form[name].value()) for name in OFFERS),
        scale=form.typed("scale"),
    )
    good = (
        []
        if advice or len(problem) < 60
        else [{"good": True, "text": _("困りごとと目指す姿が、よく伝わる書き方です。")}]
    )
    return {
        "similar": similar_items(found, municipality),
        "preparing": preparing,
        "goals": goal_items(
            title, f"{problem}\n{goal_image}", form.chosen_goals(), municipality, exclude=exclude
        ),
        "hints": [{"text": hint.text} for hint in advice[:4]] + good,
        "has_text": True,
    }


def goal_items(
    title: str, text: str, chosen: set[int], municipality: Municipality, *, exclude: Challenge | None = None
) -> list[dict]:
    """Suggested goals that are not chosen yet: the words that speak for them, similar records that have them, and the
    targets nearest to the text."""
    without = [key_of(exclude)] if exclude is not None and exclude.pk else []
    found = [
        s
        for s in suggest_goals(text, title=title, municipality=municipality, without=without)
        if s.goal not in chosen
    ]
    if not found:
        return []
    names = {goal.number: goal.display_name for goal in Goal.objects.all()}
    codes = [target.code for s in found for target in s.targets]
    texts = {target.code: target for target in Target.objects.filter(code__in=codes)} if codes else {}
    return [
        {
            "number": s.goal,
            "name": names[s.goal],
            "words": s.words,
            "records": s.records,
            "targets": [
                {"code": t.code, "text": texts[t.code].text, "words": t.words}
                for t in s.targets
                if t.code in texts
            ],
        }
        for s in found
        if s.goal in names
    ]


def similar_items(found: list[Similar], municipality: Municipality) -> list[dict]:
    """Rows of `parts/similar.html`, with what became of each challenge: two statements for all of them."""
    keys = [similar.thing.pk for similar in found]
    became: dict[int, list[Case]] = {}
    if keys:
        outcomes = Prefetch("outcomes", Outcome.objects.select_related("story").order_by("started_on"))
        for case in Case.objects.filter(challenge__in=keys).prefetch_related(outcomes):
            became.setdefault(case.challenge_id, []).append(case)
    return [_item(similar, became.get(similar.thing.pk, []), municipality) for similar in found]


def _item(similar: Similar, cases: list[Case], municipality: Municipality) -> dict:
    challenge = similar.thing
    page = "staff-challenge" if similar.here else "challenge"
    state = CHALLENGE[challenge.state]
    return {
        "href": reverse(page, args=[challenge.municipality.slug, challenge.ref]),
        "title": challenge.title,
        "where": f"{challenge.municipality.name} {challenge.department.name}",
        "state_label": state.label if similar.here else state.public or state.label,
        "state_tone": state.tone,
        "became": _became(challenge, cases, here=similar.here),
        "shared": similar.shared,
    }


def _became(challenge: Challenge, cases: list[Case], *, here: bool) -> str:
    """What came of it, in words. Elsewhere only what a published story tells."""
    outcomes = [outcome for case in cases for outcome in case.outcomes.all()]
    for outcome in reversed(outcomes):
        story = getattr(outcome, "story", None)
        if story is not None and story.state == "published":
            return _("事例「%(title)s」(%(kind)s)") % {
                "title": story.title,
                "kind": OutcomeKind(outcome.kind).label,
            }
    if outcomes and here:
        return _("成果: %(title)s(%(kind)s)") % {
            "title": outcomes[-1].title,
            "kind": OutcomeKind(outcomes[-1].kind).label,
        }
    if cases:
        moving = [case for case in cases if case.stage not in ("closed", "completed")]
        if moving and here:
            return _("案件が「%(stage)s」まで進んでいます") % {"stage": CASE[moving[-1].stage].label}
        return ngettext("%(n)d件の連携につながりました", "%(n)d件の連携につながりました", len(cases)) % {
            "n": len(cases)
        }
    if challenge.state == "closed":
        return _("終了: %(reason)s") % {"reason": challenge.get_close_reason_display()}
    return ""
