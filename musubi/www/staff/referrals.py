"""Second match, from the municipality's side: where a declined proposal might be wanted, and asking its organisation."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from musubi.challenges.models import Challenge
from musubi.challenges.queries import visible_to as visible_challenges
from musubi.matching.similar import Similar, similar_challenges
from musubi.people.models import Department, Municipality
from musubi.proposals import referrals
from musubi.proposals.models import Proposal, Referral
from musubi.proposals.rules import can_answer_challenge, has_representatives, may_answer_referral, may_refer
from musubi.www.staff.frame import act_page, attempt, crumbs, posted, status_of
from musubi.www.staff.matches import advise
from musubi.www.staff.proposals import proposal_here
from musubi.www.suggested import STRENGTHS

MOST_CHALLENGES = 5


class ReferForm(forms.Form):
    """Where to, by one of the buttons beside the candidates or by the fields below them, and why."""

    reason = forms.CharField(
        label=gettext_lazy("紹介する理由"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "団体が、同意するかどうかを決めるときに読みます。同意があれば、紹介先の部署も読みます。"
            "例: 水産課が藻場の再生を進めており、画像判定の技術が役に立つと思います。"
        ),
        error_messages={
            "required": gettext_lazy("紹介する理由を書いてください。団体が判断するときに読みます。")
        },
    )
    target = forms.CharField(required=False, widget=forms.HiddenInput)
    department = forms.ModelChoiceField(
        Department.objects.none(),
        label=gettext_lazy("候補にない部署"),
        required=False,
        empty_label=gettext_lazy("選んでください"),
    )
    challenge = forms.CharField(
        label=gettext_lazy("候補にない課題の整理番号"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("この自治体の課題に紹介するときに入れます。"),
    )

    def __init__(self, *args, user, proposal: Proposal, departments, challenges, **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.proposal = user, proposal
        self.offered = {f"d{row.pk}": row for row in departments} | {f"c{row.pk}": row for row in challenges}
        asked = proposal.routings.values("department")
        self.fields["department"].queryset = Department.objects.filter(
            municipality=proposal.municipality_id, is_active=True, is_desk=False
        ).exclude(pk__in=asked)

    def clean(self):
        data = super().clean()
        named = data.get("target") or ""
        if named and named not in self.offered:
            self.add_error(
                None, _("この候補は、いまは選べません。画面を読み込み直して、選び直してください。")
            )
        ref = (data.get("challenge") or "").strip()
        found = None
        if ref:
            readable = visible_challenges(self.user, self.proposal.municipality)
            found = readable.filter(ref=ref).first()
            if found is None:
                self.add_error("challenge", _("この整理番号の課題は見つかりません。番号を確かめてください。"))
        chosen = [each for each in (self.offered.get(named), data.get("department"), found) if each]
        if named:
            # The button pressed beside a candidate says it; what stands in the fields below is of no account then.
            chosen = chosen[:1]
        if not self.errors and len(chosen) != 1:
            self.add_error(
                "department", _("紹介先を一つ選んでください(候補のボタンか、部署、課題の整理番号のどれか)。")
            )
        self.chosen: Department | Challenge | None = chosen[0] if len(chosen) == 1 else None
        return data


class WordsForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("団体にどのように確かめたか"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("例: 11月4日に電話で、代表の方から同意を得ました。"),
    )


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("取りやめる理由"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("団体に伝わります。"),
    )


def _referring(request, city: str, ref: str) -> tuple[Municipality, Proposal]:
    municipality, row = proposal_here(request, city, ref)
    if not may_refer(request.user, row):
        raise PermissionDenied(_("提案を紹介できるのは、デスクと、見送りを決められる部署の管理職だけです。"))
    return municipality, row


@require_http_methods(["GET", "HEAD", "POST"])
def refer(request, city: str, ref: str):
    """Candidates with their reasons; one button each asks the organisation."""
    municipality, row = _referring(request, city, ref)
    if row.state != "declined":
        messages.info(request, _("紹介できるのは、見送った提案だけです。"))
        return redirect("staff-proposal", city, ref)
    settled = row.referrals.filter(state__in=["offered", "refused"])
    done_departments = set(settled.values_list("department_id", flat=True))
    done_challenges = set(settled.values_list("challenge_id", flat=True))
    departments = [
        item
        for item in advise([row], municipality, user=request.user)[0]["departments"]
        if item["pk"] not in done_departments
    ]
    likes, preparing = _likes(row, municipality)
    likes = [
        like
        for like in likes
        if like.thing.pk not in done_challenges and can_answer_challenge(row, like.thing)
    ]
    form = ReferForm(
        posted(request),
        user=request.user,
        proposal=row,
        departments=Department.objects.filter(pk__in=[item["pk"] for item in departments]),
        challenges=[like.thing for like in likes],
    )
    if form.is_valid() and attempt(
        form,
        lambda: referrals.offer(row, form.chosen, by=request.user, reason=form.cleaned_data["reason"]),
    ):
        messages.success(
            request,
            _("%(to)sへの紹介について、団体に尋ねました。同意があるまで、提案の内容は伝わりません。")
            % {"to": form.chosen},
        )
        return redirect("staff-proposal", city, ref)
    context = {
        "municipality": municipality,
        "page_title": _("ほかの部署や課題に紹介する"),
        "crumbs": crumbs(municipality, *_trail(municipality, row), _("紹介する")),
        "proposal": row,
        "form": form,
        "departments": [
            item
            | {
                "action_label": _("この部署に紹介する"),
                "action_name": "target",
                "action_value": f"d{item['pk']}",
            }
            for item in departments
        ],
        "challenges": [_challenge_item(like, municipality) for like in likes],
        "preparing": preparing,
        "reachable": has_representatives(row),
    }
    return render(request, "staff/refer.html", context, status=status_of(form))


def _likes(row: Proposal, municipality: Municipality) -> tuple[list[Similar], bool]:
    """(challenges like a proposal, whether they cannot be looked for now)."""
    from musubi.matching.engine.index import Preparing

    try:
        found = similar_challenges(
            row.title,
            f"{row.content}\n{row.effect}",
            municipality,
            limit=MOST_CHALLENGES,
            exclude=row.challenge if row.challenge_id else None,
        )
    except Preparing:
        return [], True
    return found, False


def _challenge_item(like: Similar, municipality: Municipality) -> dict:
    row = like.thing
    reasons = [_("「%(words)s」が共通") % {"words": _("」「").join(like.shared[:3])}]
    if not like.here:
        reasons.append(_("ほかの自治体の課題です。同意があると、そこへの提案の下書きができます。"))
    return {
        "title": row.title,
        "href": reverse("challenge", args=[row.municipality.slug, row.ref]),
        "sub": f"{row.municipality} {row.department} · {row.ref}",
        "score": min(like.likeness, 1.0),
        "score_words": STRENGTHS[like.strength][0],
        "reasons": reasons,
        "against": [],
        "action_label": _("この課題に紹介する"),
        "action_name": "target",
        "action_value": f"c{row.pk}",
    }


def _trail(municipality: Municipality, row: Proposal) -> list:
    return [
        (_("提案"), reverse("staff-proposals", args=[municipality.slug])),
        (row.title, reverse("staff-proposal", args=[municipality.slug, row.ref])),
    ]


def _waiting(row: Proposal, pk: int) -> Referral:
    found = row.referrals.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request, city: str, ref: str, pk: int):
    municipality, row = _referring(request, city, ref)
    referral = _waiting(row, pk)
    form = WithdrawForm(posted(request))
    if form.is_valid() and attempt(
        form, lambda: referrals.withdraw_offer(referral, by=request.user, reason=form.cleaned_data["reason"])
    ):
        messages.success(request, _("紹介を取りやめ、団体に知らせます。"))
        return redirect("staff-proposal", city, ref)
    return act_page(
        request,
        municipality,
        form,
        title=_("紹介を取りやめる"),
        lead=_("「%(to)s」への紹介を取りやめます。") % {"to": referral.target},
        trail=_trail(municipality, row),
        submit_label=_("取りやめる"),
        danger=True,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request, city: str, ref: str, pk: int):
    """The desk records what an organisation said for which nobody signs in."""
    municipality, row = _referring(request, city, ref)
    referral = _waiting(row, pk)
    if not may_answer_referral(request.user, row):
        raise PermissionDenied(_("この団体の担当者が、自分の画面で返事をします。返事をお待ちください。"))
    form = WordsForm(posted(request))
    said = request.POST.get("answer")
    act = referrals.consent if said == "yes" else referrals.refuse
    if form.is_bound and said not in ("yes", "no"):
        form.add_error(None, _("「同意を得た」か「断られた」を選んでください。"))
    if form.is_valid() and attempt(
        form, lambda: act(referral, by=request.user, words=form.cleaned_data["words"])
    ):
        messages.success(request, _("団体の返事を記録しました。"))
        return redirect("staff-proposal", city, ref)
    context = {
        "municipality": municipality,
        "page_title": _("団体の返事を記録する"),
        "crumbs": crumbs(municipality, *_trail(municipality, row), _("団体の返事を記録する")),
        "referral": referral,
        "form": form,
        "back": reverse("staff-proposal", args=[city, ref]),
    }
    return render(request, "staff/refer_answer.html", context, status=status_of(form))


urlpatterns = [
    path("<str:ref>/refer/", refer, name="staff-proposal-refer"),
    path("<str:ref>/refer/<int:pk>/withdraw/", withdraw, name="staff-referral-withdraw"),
    path("<str:ref>/refer/<int:pk>/answer/", answer, name="staff-referral-answer"),
]
