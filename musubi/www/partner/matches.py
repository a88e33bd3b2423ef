"""The list of challenges that may fit, and one of them: why it is shown, and what the organisation says to it."""

from collections.abc import Iterable, Sequence

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.lib.errors import Refused
from musubi.matching import actions, ask, queries, reasons
from musubi.matching.models import Suggestion
from musubi.matching.states import Misfit, Side
from musubi.people.models import Municipality, Organisation
from musubi.people.permissions import Can, authority
from musubi.plan.queries import field_choices
from musubi.solutions.models import Solution
from musubi.www.partner.matched import (
    Found,
    Pair,
    cards_of,
    is_kept,
    kept,
    live,
    marks_of,
    offers_of,
    once,
    pair_of,
    whole,
)
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.typed import keeps_words
from musubi.www.public.lists import Filter, Pick
from musubi.www.suggested import text_of
from musubi.www.templatetags.pieces import GOALS, goal_name

ROWS = 20
# So many are looked at for the list: more than anybody turns over.
MOST = 400


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
