"""The organisations a person acts for: registering, changing."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from musubi.lib.errors import Refused
from musubi.people import actions
from musubi.people.models import Member, Organisation
from musubi.people.permissions import Can
from musubi.people.queries import organisations_of
from musubi.people.rules import similar_organisations
from musubi.people.states import MEMBERSHIP
from musubi.www.access import fetch
from musubi.www.partner.forms_organisations import OrganisationForm
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.typed import keeps_words

FIELDS = list(OrganisationForm.base_fields)


def organisations(request):
    """The person's organisations; straight to it where there is one."""
    rows = list(organisations_of(request.user))
    if len(rows) == 1:
        return redirect("my-organisation", rows[0].pk)
    return page(request, "organisations", _("団体の情報"), rows=rows)


@keeps_words
def register(request):
    """A person registers the organisation they act for. Near-same names are shown first, so that none is doubled."""
    form = OrganisationForm(request.POST or None)
    onward = _onward(request)
    similar = []
    if request.method == "POST" and form.is_valid():
        number = form.cleaned_data["corporate_number"]
        similar = similar_organisations(form.cleaned_data["name"], number)
        # The very same number is no matter of judgement: the action refuses it and says what to do.
        known = any(row.corporate_number == number for row in similar if number)
        if known or not similar or request.POST.get("sure"):
            try:
                organisation = actions.register_organisation(by=request.user, **form.cleaned_data)
            except Refused as refusal:
                add_refusal(form, refusal)
            else:
                messages.success(
                    request, _("「%(name)s」を登録しました。") % {"name": organisation.display_name}
                )
                return redirect(onward or "my")
    return page(
        request,
        "organisation_new",
        _("団体を登録する"),
        form=form,
        similar=similar,
        onward=onward,
        status=422 if request.method == "POST" else 200,
    )


@keeps_words
def organisation(request, pk):
    """The organisation's particulars, its people and its memberships; the form to change the first."""
    row = fetch(request, organisations_of(request.user), Can.EDIT_ORGANISATION, pk=pk)
    form = OrganisationForm(request.POST or None, initial={name: getattr(row, name) for name in FIELDS})
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_organisation(row, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("団体の情報を保存しました。"))
            return redirect("my-organisation", row.pk)
    return page(
        request,
        "organisation",
        row.display_name,
        # What was typed must not show as the heading before it is saved.
        organisation=Organisation.objects.get(pk=row.pk),
        form=form,
        memberships=[
            (member, MEMBERSHIP[member.state])
            for member in Member.objects.filter(organisation=row).select_related("municipality")
        ],
        status=422 if request.method == "POST" else 200,
    )


def _onward(request) -> str:
    """Where the person was going when they were sent here to register first; only within this installation."""
    onward = request.POST.get("next") or request.GET.get("next", "")
    inside = url_has_allowed_host_and_scheme(onward, {request.get_host()}, require_https=request.is_secure())
    return onward if inside else ""
