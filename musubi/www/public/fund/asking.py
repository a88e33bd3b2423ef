"""A question about a call: anybody with an account may ask; the answer is everybody's, without a name."""

from uuid import uuid4

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.fund import actions
from musubi.fund.actions.calls import LONGEST_QUESTION
from musubi.people.models import Organisation
from musubi.people.permissions import Can, authority
from musubi.www.public.common import city_here
from musubi.www.public.fund.calls import call_or_404
from musubi.www.public.fund.common import left, show
from musubi.www.staff.frame import attempt, posted, status_of


class QuestionForm(forms.Form):
    question = forms.CharField(
        label=gettext_lazy("質問"),
        max_length=LONGEST_QUESTION,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "回答といっしょに、お名前を出さずに公開します。個人のことは書かないでください。"
        ),
    )
    organisation = forms.ModelChoiceField(
        label=gettext_lazy("団体"),
        queryset=Organisation.objects.none(),
        required=False,
        empty_label=gettext_lazy("団体としてではなく質問する"),
        help_text=gettext_lazy("事務局だけに伝わります。"),
    )
    key = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)


def page(request, city: str, ref: str):
    """Signed in: the question, then back to the call. Nothing typed is lost when the call closes meanwhile."""
    municipality = city_here(request, city)
    call = call_or_404(municipality, ref)
    own = authority(request.user).where(Can.APPLY_TO_FUND)[2]
    form = QuestionForm(posted(request))
    form.fields["organisation"].queryset = Organisation.objects.filter(pk__in=own)
    if not own:
        del form.fields["organisation"]
    if request.method == "POST" and form.is_valid() and attempt(form, lambda: _ask(request, call, form)):
        messages.success(
            request, _("質問を受け付けました。事務局が回答すると、この画面に質問と回答が載ります。")
        )
        return redirect(reverse("fund-call", args=[city, ref]) + "#questions")
    response = show(
        request,
        municipality,
        "ask",
        _("募集について質問する"),
        (_("募集"), reverse("fund-calls", args=[city])),
        (call.title, reverse("fund-call", args=[city, ref])),
        call=call,
        form=form,
        left=left(call),
        back=reverse("fund-call", args=[city, ref]),
    )
    response.status_code = status_of(form)
    return response


def _ask(request, call, form) -> None:
    said = form.cleaned_data
    actions.ask(
        call,
        by=request.user,
        question=said["question"],
        organisation=said.get("organisation"),
        key=said["key"],
    )
