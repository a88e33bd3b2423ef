"""Who could do a challenge: the candidates with their reasons, and what a person says of them."""

from dataclasses import replace

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from musubi.challenges.models import Challenge
from musubi.challenges.queries import visible_to
from musubi.lib.errors import NotAllowed
from musubi.matching import actions, keeping, rules
from musubi.matching.models import Suggestion
from musubi.matching.states import Misfit, Side
from musubi.people.models import Municipality
from musubi.people.permissions import Can, authority, may
from musubi.people.queries import representatives_of
from musubi.wordings.states import Kind
from musubi.www.access import fetch, staff_city
from musubi.www.staff.frame import attempt, crumbs, posted, status_of
from musubi.www.staff.suggestions_shown import FIRST, OPEN, candidates, dress
from musubi.www.staff.wording_picker import as_typed, challenge_facts, offer_wordings, wants_text

YES, NO = "yes", "no"


class JudgeForm(forms.Form):
    fits = forms.ChoiceField(
        label=gettext_lazy("この候補は"),
        choices=[(YES, gettext_lazy("合う")), (NO, gettext_lazy("合わない"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("「合う」か「合わない」を選んでください。")},
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("合わない理由"),
        choices=Misfit,
        required=False,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("「合わない」のときに選びます。次からの並べ方に生かします。"),
    )
    words = forms.CharField(
        label=gettext_lazy("ひとこと"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("庁内だけで読みます。団体には伝わりません。"),
    )

    def clean(self):
        data = super().clean()
        if data.get("fits") == NO and not data.get("reason") and "reason" not in self.errors:
            self.add_error("reason", _("合わない理由を一つ選んでください。次の候補の並べ方に使います。"))
        return data

    def said(self) -> dict:
        """The judgement as `actions.judge` takes it; a reason left over from before a change of mind is dropped."""
        data = self.cleaned_data
        fits = data["fits"] == YES
        return {"fits": fits, "reason": "" if fits else data["reason"], "words": data["words"]}


class IntroduceForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("添えることば"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("課題のページへのリンクといっしょに、団体の担当者へ届きます。"),
        error_messages={
            "required": gettext_lazy("紹介することばを書いてください。なぜ声をかけるのかが団体に伝わります。")
        },
    )


def of_challenge(request, row: Challenge) -> dict:
    """For the challenge's own page: `found`, the first few, and `may_act`, whether this person may act on them."""
    if row.state not in OPEN:
        return {"found": None, "may_act": False}
    return {"found": candidates(row, request.user, most=FIRST), "may_act": _may_act(request.user, row)}


def _may_act(user, row: Challenge) -> bool:
    return row.state in OPEN and may(user, Can.DECIDE_SUGGESTION, row)


@require_http_methods(["GET", "HEAD", "POST"])
def suggestion_list(request, city: str, ref: str):
    """All who could do it. What was found just now is acted on by sending which (`thing`) and what (`act`)."""
    municipality, row = _challenge(request, city, ref)
    if request.method == "POST":
        return _act_on_found(request, municipality, row)
    context = {
        "municipality": municipality,
        "page_title": _("だれができそうか"),
        "eyebrow": f"{row.ref} {row.title}",
        "lead": _(
            "課題の文章に近いソリューションと団体です。理由と、合わないかもしれない点を見て判断してください。"
        ),
        "crumbs": crumbs(municipality, *_trail(municipality, row), _("だれができそうか")),
        "challenge": row,
        "found": candidates(row, request.user, page=request.GET.get("page", 1)),
        "may_act": _may_act(request.user, row),
        "here": "all",
    }
    return render(request, "staff/suggestions/all.html", context)


def _challenge(request, city: str, ref: str) -> tuple[Municipality, Challenge]:
    municipality = staff_city(request, city)
    rows = visible_to(request.user, municipality).select_related("department", "owner", "municipality")
    return municipality, fetch(request, rows, ref=ref)


def _act_on_found(request, municipality: Municipality, row: Challenge):
    """What was found just now is kept as the worker would a little later, and then acted on: 合う at once, what needs
    words on its form. Of two at once each keeps the same; the second word is told of the first (`Conflict`)."""
    from musubi.matching.engine.index import Preparing

    if not _may_act(request.user, row):
        raise NotAllowed
    listed = reverse("staff-suggestions", args=[municipality.slug, row.ref])
    try:
        suggestion = keeping.keep_now(row, request.POST.get("thing", ""))
    except Preparing:
        messages.error(request, _("候補を準備しています。しばらくしてから開き直してください。"))
        return redirect(listed)
    if suggestion is None:
        messages.error(request, _("この候補は、いまは候補に入っていません。一覧を見直してください。"))
        return redirect(listed)
    if request.POST.get("act") == "fits":
        actions.judge(suggestion, by=request.user, side=Side.MUNICIPALITY, fits=True)
        messages.success(
            request,
            _("「%(what)s」を「%(said)s」と記録しました。") % {"what": _name(suggestion), "said": _("合う")},
        )
        return _back(request, municipality, row, suggestion)
    what = "introduce" if request.POST.get("act") == "introduce" else "judge"
    form = reverse(f"staff-suggestion-{what}", args=[municipality.slug, row.ref, suggestion.pk])
    return redirect(f"{form}?from=all" if _from(request) else form)


def _trail(municipality: Municipality, row: Challenge) -> list[tuple[str, str]]:
    return [
        (_("課題"), reverse("staff-challenges", args=[municipality.slug])),
        (row.title, reverse("staff-challenge", args=[municipality.slug, row.ref])),
    ]


def _suggestion(request, city: str, ref: str, pk: int) -> tuple[Municipality, Challenge, Suggestion]:
    municipality, row = _challenge(request, city, ref)
    rows = row.suggestions.select_related("organisation", "solution__organisation")
    suggestion = fetch(request, rows, Can.DECIDE_SUGGESTION, pk=pk)
    suggestion.challenge = row
    return municipality, row, suggestion


@require_http_methods(["GET", "HEAD", "POST"])
def judge(request, city: str, ref: str, pk: int):
    """合う or 合わない. The button of the list sends `fits` alone; the form has room for a reason and words."""
    municipality, row, suggestion = _suggestion(request, city, ref, pk)
    form = JudgeForm(posted(request), initial=_judged(suggestion))
    if form.is_valid() and attempt(
        form, lambda: actions.judge(suggestion, by=request.user, side=Side.MUNICIPALITY, **form.said())
    ):
        said = _("合う") if form.said()["fits"] else _("合わない")
        messages.success(
            request,
            _("「%(what)s」を「%(said)s」と記録しました。") % {"what": _name(suggestion), "said": said},
        )
        return _back(request, municipality, row, suggestion)
    return _act(
        request,
        municipality,
        row,
        suggestion,
        form,
        template="staff/suggestions/judge.html",
        page_title=_("この候補を判断する"),
    )


def _judged(suggestion: Suggestion) -> dict:
    """What this side said before, for changing it; the form is mostly opened to say no."""
    before = next((one for one in suggestion.verdicts.all() if one.side == Side.MUNICIPALITY), None)
    if before is None or before.fits:
        return {"fits": NO, "words": before.words if before else ""}
    return {"fits": NO, "reason": before.reason, "words": before.words}


@require_http_methods(["GET", "HEAD", "POST"])
def introduce(request, city: str, ref: str, pk: int):
    """Tell the organisation of the challenge: who will read it is shown before it is sent."""
    municipality, row, suggestion = _suggestion(request, city, ref, pk)
    form = IntroduceForm(initial=as_typed(IntroduceForm(request.POST))) if wants_text(request) else None
    form = form or IntroduceForm(posted(request))
    if (
        form.is_bound
        and form.is_valid()
        and attempt(form, lambda: actions.introduce(suggestion, by=request.user, **form.cleaned_data))
    ):
        messages.success(
            request,
            _("%(organisation)sに、この課題を紹介しました。返事があるとここに表示されます。")
            % {"organisation": suggestion.organisation},
        )
        return _back(request, municipality, row, suggestion)
    offer_wordings(
        form,
        request,
        field="words",
        kinds=[Kind.INTRODUCTION],
        municipality=municipality,
        facts=challenge_facts(row, suggestion.organisation, request.user),
    )
    if request.method != "POST" and not form.picker.picked and form.picker.groups:
        # The first text of the office is there from the start.
        first = form.picker.groups[0][1][0]
        form.initial["words"] = first["text"]
        form.picker = replace(form.picker, picked=first["code"])
    people = list(representatives_of([suggestion.organisation_id]).order_by("name"))
    return _act(
        request,
        municipality,
        row,
        suggestion,
        form,
        template="staff/suggestions/introduce.html",
        page_title=_("この団体に紹介する"),
        why_not=rules.why_not_introduce(suggestion),
        people=people,
        names=authority(request.user).may_in(Can.MANAGE_MEMBERS, municipality.pk),
        autosave=f"introduce-{city}-{suggestion.pk}",
    )


def _act(request, municipality, row: Challenge, suggestion: Suggestion, form, *, template: str, **context):
    context = {
        "municipality": municipality,
        "challenge": row,
        "form": form,
        "c": dress([suggestion], row)[0],
        "eyebrow": f"{row.ref} {row.title}",
        "crumbs": crumbs(
            municipality,
            *_trail(municipality, row),
            (_("だれができそうか"), reverse("staff-suggestions", args=[municipality.slug, row.ref])),
            context["page_title"],
        ),
        "back": _back_href(request, municipality, row, suggestion),
        "here": _from(request),
        **context,
    }
    return render(request, template, context, status=status_of(form))


def _name(suggestion: Suggestion) -> str:
    return suggestion.solution.title if suggestion.solution else suggestion.organisation.name


def _from(request) -> str:
    sent = request.POST if request.method == "POST" else request.GET
    return "all" if sent.get("from") == "all" else ""


def _back_href(request, municipality, row: Challenge, suggestion: Suggestion) -> str:
    name = "staff-suggestions" if _from(request) else "staff-challenge"
    return f"{reverse(name, args=[municipality.slug, row.ref])}#suggestion-{suggestion.pk}"


def _back(request, municipality, row: Challenge, suggestion: Suggestion):
    return redirect(_back_href(request, municipality, row, suggestion))


urlpatterns = [
    path("<str:ref>/suggestions/", suggestion_list, name="staff-suggestions"),
    path("<str:ref>/suggestions/<int:pk>/judge/", judge, name="staff-suggestion-judge"),
    path("<str:ref>/suggestions/<int:pk>/introduce/", introduce, name="staff-suggestion-introduce"),
]
