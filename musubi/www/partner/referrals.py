"""Whether a declined proposal may go elsewhere: the organisation reads what would be passed on, and decides."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.proposals import referrals
from musubi.proposals.models import Referral
from musubi.proposals.queries import referrals_for
from musubi.proposals.rules import may_answer_referral
from musubi.proposals.states import REFERRAL
from musubi.www.access import fetch
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.typed import keeps_words


class AnswerForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("自治体に伝えたいこと"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("書かなくても返事はできます。"),
    )


@keeps_words
def referral(request, pk):
    """The question, what would be passed on, and two buttons; once answered, what became of it."""
    row = fetch(request, referrals_for(request.user), pk=pk)
    open_ = row.state == "offered" and row.expires_on >= clock.today()
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and open_ and form.is_valid():
        agrees = request.POST.get("answer") == "yes"
        act = referrals.consent if agrees else referrals.refuse
        if request.POST.get("answer") not in ("yes", "no"):
            form.add_error(None, _("「同意する」か「断る」を選んでください。"))
        else:
            try:
                act(row, by=request.user, words=form.cleaned_data["words"])
            except Refused as refusal:
                add_refusal(form, refusal)
            else:
                messages.success(request, _said(row, agrees))
                if row.draft_id:
                    return redirect("my-proposal-edit", row.draft_id)
                return redirect("my-proposal", row.proposal_id)
    proposal = row.proposal
    return page(
        request,
        "referral",
        _("ほかで検討してもよいですか"),
        crumbs=[
            (_("提案"), reverse("my-proposals")),
            (str(proposal), reverse("my-proposal", args=[proposal.pk])),
        ],
        referral=row,
        proposal=proposal,
        state=REFERRAL[row.state],
        where=where(row),
        is_open=open_,
        may_answer=open_ and may_answer_referral(request.user, proposal),
        form=form,
        status=422 if form.is_bound and form.errors else 200,
    )


def where(row: Referral) -> str:
    """The target with its municipality, in the reader's language."""
    if row.department_id:
        return f"{row.proposal.municipality.display_name} {row.department.display_name}"
    return _("%(city)sの課題「%(title)s」") % {
        "city": row.challenge.municipality.display_name,
        "title": row.challenge.title,
    }


def _said(row: Referral, agrees: bool) -> str:
    if not agrees:
        return _("断ったことを自治体に伝えます。提案の内容は伝わりません。")
    if row.draft_id:
        return _("提案の下書きを作りました。内容を確かめ、必要なら直してから提出してください。")
    return _("同意を自治体に伝えました。ここからの検討の様子は、この画面で見られます。")
