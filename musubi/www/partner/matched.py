"""Challenges the person's organisations might answer: why, what speaks against it, and what they say to that.

What the worker kept is shown; where it has kept nothing yet, what the engine says right now. An answer is given to a
pair of a challenge and what the organisation offers, whether the pair is kept already or not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Exists, OuterRef, prefetch_related_objects
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.challenges.models import Challenge
from musubi.challenges.rules import takes_proposals
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.matching import actions, ask, documents, queries, reasons
from musubi.matching.models import Suggestion, Verdict
from musubi.matching.states import ACTED, Misfit, Side
from musubi.people.models import Municipality, Organisation
from musubi.people.permissions import Can, authority
from musubi.plan.queries import field_choices
from musubi.proposals.models import Proposal
from musubi.proposals.states import ENDINGS
from musubi.solutions.models import Solution
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.typed import keeps_words
from musubi.www.public.lists import Filter, Pick
from musubi.www.suggested import STRENGTHS, text_of
from musubi.www.templatetags.pieces import GOALS, days_left, goal_name, wareki

FIRST, ROWS = 5, 20
# So many are looked at for the list: more than anybody turns over.
MOST = 400
# Where nothing is kept yet, the engine is asked for so many solutions, the newest ones, each in its turn.
ASKED = 5


@dataclass(frozen=True)
class Pair:
    """A challenge and what answers it: a solution, or an organisation as a whole."""

    challenge: Challenge
    thing: Solution | Organisation
    likeness: float
    reasons: Sequence[dict]
    against: Sequence[dict]
    suggestion: Suggestion | None = None
    """None where it was found just now and is not kept"""

    @property
    def organisation(self) -> Organisation:
        return self.thing.organisation if isinstance(self.thing, Solution) else self.thing

    @property
    def verdict(self) -> Verdict | None:
        """What the organisation said of it."""
        said = self.suggestion.verdicts.all() if self.suggestion else ()
        return next((one for one in said if one.side == Side.ORGANISATION), None)

    @property
    def address(self) -> str:
        kind = self.thing._meta.model_name
        return reverse("my-match", args=[self.challenge.pk, kind, self.thing.pk])


# --- which ones ------------------------------------------------------------------------------------------------


def kept(user, *, misfits: bool = False) -> models.QuerySet[Suggestion]:
    """What was kept for the person's organisations, best first: what they have neither called a misfit nor answered
    with a proposal; or else what they have called one."""
    rows = queries.of_organisations(authority(user).where(Can.ANSWER_SUGGESTION)[2])
    said = Verdict.objects.filter(suggestion=OuterRef("pk"), side=Side.ORGANISATION, fits=False)
    if misfits:
        return rows.filter(Exists(said)).order_by("-score", "pk")
    # What was proposed is among what waits, and no longer here.
    proposed = Proposal.objects.filter(
        challenge=OuterRef("challenge"), organisation=OuterRef("organisation")
    ).exclude(state__in=["draft", *ENDINGS])
    return (
        rows.filter(~Exists(said), ~Exists(proposed))
        .exclude(state__in=set(ACTED) - {"introduced"})
        .order_by("-score", "pk")
    )


def is_kept(user) -> bool:
    """Whether the worker has kept anything for the person's organisations yet."""
    mine = authority(user).organisation_ids
    return Suggestion.objects.filter(organisation__in=mine, seed_rank__isnull=False).exists()


def once(keys: Iterable[tuple[int, int]]) -> list[int]:
    """Of (suggestion, challenge) the suggestions, each challenge only with its best."""
    best: dict[int, int] = {}
    for key, challenge in keys:
        best.setdefault(challenge, key)
    return list(best.values())


def whole(keys: Sequence[int]) -> list[Pair]:
    """The pairs of suggestions (ids), in this order, in a constant number of statements."""
    rows = queries.for_cards(Suggestion.objects.filter(pk__in=keys)).select_related("solution__organisation")
    found = {row.pk: row for row in rows}
    return [pair_of(found[key]) for key in keys if key in found]


def pair_of(row: Suggestion) -> Pair:
    thing = row.solution or row.organisation
    return Pair(row.challenge, thing, row.likeness, row.reasons, row.against, row)


def offers_of(organisations: Iterable[Organisation]) -> list[Solution | Organisation]:
    """What challenges are looked for: the newest published solutions, and organisations that have none."""
    organisations = {row.pk: row for row in organisations}
    rows = Solution.objects.filter(organisation__in=organisations, state="published")
    found = list(rows.order_by("-published_at", "-pk")[:ASKED])
    for row in found:
        row.organisation = organisations[row.organisation_id]
    have = {row.organisation_id for row in found}
    # Nothing can be like an organisation that says nothing of itself.
    return [*found, *(row for pk, row in organisations.items() if pk not in have and row.description)][:ASKED]


def asked(things: Sequence[Solution | Organisation]) -> list[Pair]:
    """What the engine says right now, each challenge once, best first. Raises `engine.index.Preparing`."""
    best: dict[int, tuple[float, Pair]] = {}
    for thing in things:
        owner = thing.organisation if isinstance(thing, Solution) else thing
        for found in ask.for_seed(thing, challenges=queries.challenges_for(owner), marks=marks_of(owner)):
            challenge = found.thing
            if challenge.pk not in best or best[challenge.pk][0] < found.score:
                pair = Pair(challenge, thing, found.likeness, found.reasons, found.against)
                best[challenge.pk] = found.score, pair
    return [pair for _score, pair in sorted(best.values(), key=lambda one: -one[0])]


def marks_of(owner: Organisation) -> list[str | list[str]]:
    """What the index is narrowed to: open challenges that the people of the organisation may read."""
    return [documents.OPEN, ask.readable_marks(owner)]


def without_answered(pairs: Sequence[Pair]) -> list[Pair]:
    """Without those called a misfit, by whichever side, and with what is kept of the others."""
    rows = Suggestion.objects.filter(
        challenge__in=[pair.challenge.pk for pair in pairs],
        organisation__in={pair.organisation.pk for pair in pairs},
    )
    known = {
        (row.challenge_id, row.organisation_id, row.solution_id): row
        for row in rows.prefetch_related("verdicts")
    }
    found = []
    for pair in pairs:
        solution = pair.thing.pk if isinstance(pair.thing, Solution) else None
        row = known.get((pair.challenge.pk, pair.organisation.pk, solution))
        if row is None or row.state != "misfit":
            found.append(
                Pair(pair.challenge, pair.thing, pair.likeness, pair.reasons, pair.against, row)
                if row
                else pair
            )
    return found


@dataclass(frozen=True)
class Found:
    """For `partner/matched.html`. `preparing`: the index is being made; `is_empty`: nothing is described yet by which
    challenges could be found."""

    cards: Sequence[dict] = ()
    preparing: bool = False
    is_live: bool = False
    is_empty: bool = False


def first_of(user, organisations: Sequence[Organisation], *, most: int = FIRST) -> Found:
    """The best ones for the person's organisations, in every municipality."""
    if is_kept(user):
        keys = once(kept(user).values_list("pk", "challenge")[: 10 * most])[:most]
        return Found(cards_of(whole(keys), user))
    return live(offers_of(organisations), user, most=most)


def of_solution(user, solution: Solution, *, most: int = FIRST) -> Found:
    """The challenges that one of the person's own published solutions may help with."""
    if not solution.suggestions.filter(seed_rank__isnull=False).exists():
        return live([solution], user, most=most)
    keys = kept(user).filter(solution=solution).values_list("pk", flat=True)[:most]
    return Found(cards_of(whole(keys), user))


def live(things: Sequence[Solution | Organisation], user, *, most: int) -> Found:
    """What the engine says right now."""
    from musubi.matching.engine.index import Preparing

    if not things:
        return Found(is_empty=True)
    try:
        pairs = without_answered(asked(things))
    except Preparing:
        return Found(preparing=True)
    return Found(cards_of(pairs[:most], user), is_live=True)


# --- how they are shown ----------------------------------------------------------------------------------------


def cards_of(pairs: Sequence[Pair], user) -> list[dict]:
    """For `partner/matched.html`, in a constant number of statements."""
    prefetch_related_objects([pair.challenge for pair in pairs], "goals")
    mine = authority(user).organisation_ids
    several = len(mine) > 1
    rows = Proposal.objects.filter(
        challenge__in=[pair.challenge.pk for pair in pairs], organisation__in=mine
    ).exclude(state="withdrawn")
    proposals = {(row.challenge_id, row.organisation_id): row for row in rows.order_by("pk")}
    return [
        card_of(pair, proposals.get((pair.challenge.pk, pair.organisation.pk)), several=several)
        for pair in pairs
    ]


def card_of(pair: Pair, proposal: Proposal | None = None, *, several: bool = False) -> dict:
    """For `parts/suggestion.html` and the acts below it."""
    challenge, verdict = pair.challenge, pair.verdict
    city = challenge.municipality
    label, tone = STRENGTHS[ask.strength(pair.likeness)]
    sub = [f"{city.display_name} {challenge.department.display_name}", until(challenge)]
    if isinstance(pair.thing, Solution):
        sub.append(_("御団体の「%s」から") % pair.thing.title)
    elif several:
        sub.append(_("「%s」から") % pair.thing.display_name)
    state_label, state_tone = "", "neutral"
    if pair.suggestion and pair.suggestion.state == "introduced":
        state_label, state_tone = _("自治体から紹介されています"), "info"
    elif verdict and verdict.fits:
        state_label, state_tone = _("「合う」と答えました"), "good"
    return {
        "href": reverse("challenge", args=[city.slug, challenge.ref]),
        "title": challenge.title,
        "sub": sub,
        "goals": challenge.goals.all(),
        "strength_label": str(label),
        "strength_tone": tone,
        "state_label": state_label,
        "state_tone": state_tone,
        "reasons": [reasons.say(reason) for reason in pair.reasons],
        "against": against_of(pair),
        "why_href": pair.address,
        "address": pair.address,
        "verdict": verdict,
        "open": takes_proposals(challenge),
        **propose_of(pair, proposal),
    }


def until(challenge: Challenge) -> str:
    if challenge.deadline is None:
        return _("随時受付")
    left = days_left(challenge.deadline, clock.today())
    return _("%(deadline)sまで(%(left)s)") % {"deadline": wareki(challenge.deadline), "left": left}


def against_of(pair: Pair) -> list[str]:
    """What speaks against it, in sentences. What the municipality thinks of it is the municipality's, and what the
    organisation said itself stands beside its answer."""
    elsewhere = _("御団体の所在地(%s)は、この自治体の都道府県と異なります")
    return [
        elsewhere % reason["name"] if reason["kind"] == "elsewhere" else reasons.say(reason)
        for reason in pair.against
        if reason["kind"] != "misfit"
    ]


def propose_of(pair: Pair, proposal: Proposal | None) -> dict:
    """Where 「提案する」 leads: to what is there already, or to a new draft with everything chosen."""
    if proposal and proposal.state == "draft":
        return {
            "propose_label": _("続きを書く"),
            "propose_href": reverse("my-proposal-edit", args=[proposal.pk]),
        }
    if proposal and proposal.state != "declined":
        return {
            "propose_label": _("提案を見る"),
            "propose_href": reverse("my-proposal", args=[proposal.pk]),
        }
    chosen = {
        "city": pair.challenge.municipality.slug,
        "challenge": pair.challenge.ref,
        "organisation": pair.organisation.pk,
    }
    if isinstance(pair.thing, Solution):
        chosen["solution"] = pair.thing.pk
    return {
        "propose_label": _("提案する"),
        "propose_href": reverse("my-proposal-new") + "?" + urlencode(chosen),
    }


# --- the list --------------------------------------------------------------------------------------------------


class MatchFilter(Filter):
    city = Pick(label=gettext_lazy("自治体"))
    goal = Pick(label=gettext_lazy("SDGsゴール"), as_number=True)
    field = Pick(label=gettext_lazy("分野"))
    answered = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, request, cities: Iterable[Municipality]):
        super().__init__(request)
        self.fields["city"].offer((city.slug, city.display_name) for city in cities)
        self.fields["goal"].offer((n, f"{n} {goal_name(n)}") for n in GOALS)
        self.fields["field"].offer(field_choices())

    @property
    def narrowing(self) -> dict:
        return {name: value for name, value in super().narrowing.items() if name != "answered"}


def matches(request):
    """All challenges that may fit, best first; or those the organisations have called a misfit, to think again."""
    user = request.user
    organisations = list(Organisation.objects.filter(pk__in=authority(user).organisation_ids))
    misfits = request.GET.get("answered") == "misfit"
    more = {"organisations": organisations, "misfits": misfits}
    if not organisations or not is_kept(user):
        found = live(offers_of(organisations), user, most=ROWS)
        return page(request, "matches", _("合いそうな課題"), found=found, **more)
    rows = kept(user, misfits=misfits)
    slugs = rows.order_by().values("challenge__municipality")
    form = MatchFilter(request, Municipality.objects.filter(pk__in=slugs))
    wanted = form.narrowing
    if "city" in wanted:
        rows = rows.filter(challenge__municipality__slug=wanted["city"])
    if "goal" in wanted:
        rows = rows.filter(challenge__goals=wanted["goal"])
    if "field" in wanted:
        rows = rows.filter(challenge__fields=wanted["field"])
    keys = once(rows.values_list("pk", "challenge")[:MOST])
    shown = Paginator(keys, ROWS).get_page(request.GET.get("page"))
    here = reverse("my-matches")
    tabs = [
        (_("候補"), here, not misfits, None),
        (_("合わないと答えた課題"), f"{here}?answered=misfit", misfits, None),
    ]
    return page(
        request,
        "matches",
        _("合いそうな課題"),
        found=Found(cards_of(whole(shown.object_list), user)),
        form=form,
        rows=shown,
        tabs=tabs,
        clear_href=f"{here}?answered=misfit" if misfits else here,
        **more,
    )


# --- one of them -----------------------------------------------------------------------------------------------


class AnswerForm(forms.Form):
    """Fits or not, and if not, why."""

    fits = forms.ChoiceField(
        label=_("この課題は御団体に合いますか"),
        choices=[("yes", gettext_lazy("合う")), ("no", gettext_lazy("合わない"))],
        widget=forms.RadioSelect,
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("合わない理由"),
        choices=[("", gettext_lazy("選んでください")), *Misfit.choices],
        required=False,
        help_text=gettext_lazy("「合わない」のときだけ選びます。"),
    )
    words = forms.CharField(
        label=gettext_lazy("ひとこと"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("自治体の担当者も読みます。"),
    )

    def clean(self):
        clean = super().clean()
        if clean.get("fits") == "no" and not clean.get("reason"):
            self.add_error("reason", _("合わない理由を選んでください。次からの順位に生かします。"))
        return clean


@keeps_words
def match(request, challenge: int, kind: str, pk: int):
    """Why this challenge is shown, both texts beside each other, and the organisation's answer."""
    pair, found = pair_or_404(request.user, challenge, kind, pk)
    verdict = pair.verdict
    initial = (
        {"fits": "yes" if verdict.fits else "no", "reason": verdict.reason, "words": verdict.words}
        if verdict
        else {}
    )
    form = AnswerForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        clean = form.cleaned_data
        fits = clean["fits"] == "yes"
        try:
            actions.judge(
                keep(pair, found),
                by=request.user,
                side=Side.ORGANISATION,
                fits=fits,
                reason="" if fits else clean["reason"],
                words=clean["words"],
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            said = (
                _("「%s」を「合う」と記録しました。次からの順位に生かします。")
                if fits
                else _("「%s」を「合わない」と記録しました。次からの順位に生かします。")
            )
            messages.success(request, said % pair.challenge.title)
            return redirect(onward(request))
    words = {*reasons.words_of(pair.reasons), *reasons.words_of(pair.reasons, there=True)}
    offers = (
        list(pair.thing.solutions.filter(state="published")) if isinstance(pair.thing, Organisation) else []
    )
    return page(
        request,
        "match",
        pair.challenge.title,
        crumbs=[(_("合いそうな課題"), reverse("my-matches"))],
        status=422 if request.method == "POST" else 200,
        card=cards_of([pair], request.user)[0],
        texts=(text_of(pair.challenge, words), text_of(pair.thing, words, offers=offers)),
        form=form,
        back=onward(request),
        at=pair.suggestion.refreshed_at if pair.suggestion else None,
    )


def pair_or_404(user, challenge: int, kind: str, pk: int) -> tuple[Pair, list[ask.Found]]:
    """The pair of the address: what is kept of it, or what the engine says now, with all that it says of the
    thing. A challenge that its organisation may not read, and what belongs to somebody else, is not there."""
    mine = authority(user).where(Can.ANSWER_SUGGESTION)[2]
    things = {
        "solution": Solution.objects.filter(organisation__in=mine, state="published"),
        "organisation": Organisation.objects.filter(pk__in=mine),
    }
    if kind not in things:
        raise Http404
    thing = get_object_or_404(things[kind], pk=pk)
    solution, owner = (thing, thing.organisation) if kind == "solution" else (None, thing)
    readable = queries.challenges_for(owner)
    same = owner.suggestions.filter(challenge__in=readable.filter(pk=challenge), solution=solution)
    if row := queries.for_cards(same).first():
        return pair_of(row), []
    if not readable.filter(pk=challenge).exists():
        raise Http404
    from musubi.matching.engine.index import Preparing

    try:
        found = ask.for_seed(thing, challenges=readable, marks=marks_of(owner))
    except Preparing:
        found = []
    for one in found:
        if one.thing.pk == challenge:
            return Pair(one.thing, thing, one.likeness, one.reasons, one.against), found
    raise Http404


def keep(pair: Pair, found: Sequence[ask.Found]) -> Suggestion:
    """The suggestion of a pair, kept now where it was not yet, so that it can be judged."""
    if pair.suggestion:
        return pair.suggestion
    actions.keep_for_seed(pair.thing, found)
    solution = pair.thing if isinstance(pair.thing, Solution) else None
    return Suggestion.objects.get(challenge=pair.challenge, organisation=pair.organisation, solution=solution)


def onward(request) -> str:
    """Back to the page the answer was given on; only within this installation."""
    there = request.POST.get("next") or request.GET.get("next", "")
    inside = url_has_allowed_host_and_scheme(there, {request.get_host()}, require_https=request.is_secure())
    return there if inside and there.startswith("/") else reverse("my-matches")
