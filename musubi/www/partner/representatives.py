"""Who acts for an organisation: inviting, owners, removing; and the page an invitation leads to."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from musubi.lib.errors import Refused
from musubi.people import actions
from musubi.people.models import Representative
from musubi.people.permissions import Can, may
from musubi.people.queries import organisations_of
from musubi.www.access import fetch
from musubi.www.partner import invitations
from musubi.www.partner.forms_organisations import InviteForm
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.typed import keeps_words


@keeps_words
def representatives(request, pk):
    """Who acts for the organisation; an owner invites others here."""
    needs = Can.INVITE_REPRESENTATIVE if request.method == "POST" else None
    organisation = fetch(request, organisations_of(request.user), needs, pk=pk)
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            invitations.invite(organisation, email, by=request.user, is_owner=form.cleaned_data["is_owner"])
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("%(email)sに招待のメールを送りました。") % {"email": email})
            return redirect("my-representatives", organisation.pk)
    return page(
        request,
        "representatives",
        _("担当者"),
        crumbs=[(organisation.display_name, reverse("my-organisation", args=[organisation.pk]))],
        organisation=organisation,
        people=list(_acting_for(organisation)),
        may_invite=may(request.user, Can.INVITE_REPRESENTATIVE, organisation),
        form=form,
        status=422 if request.method == "POST" else 200,
    )


def change_owner(request, pk, person):
    """An owner makes a representative an owner, or an ordinary one again."""
    organisation = fetch(request, organisations_of(request.user), Can.INVITE_REPRESENTATIVE, pk=pk)
    row = fetch(request, _acting_for(organisation), pk=person)
    if request.method == "POST":
        try:
            actions.change_ownership(row, is_owner=request.POST.get("is_owner") == "1", by=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("%(name)sさんの役割を変えました。") % {"name": row.user})
    return redirect("my-representatives", organisation.pk)


def remove(request, pk, person):
    """Asks once, then ends a person's acting for the organisation; anybody may give up their own."""
    organisation = fetch(request, organisations_of(request.user), pk=pk)
    row = fetch(request, _acting_for(organisation), pk=person)
    own = row.user_id == request.user.pk
    if not own:
        fetch(request, organisations_of(request.user), Can.INVITE_REPRESENTATIVE, pk=pk)
    if request.method == "POST":
        try:
            actions.remove_representative(row, by=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("my-representatives", organisation.pk)
        messages.success(request, _("%(name)sさんを担当者から外しました。") % {"name": row.user})
        return redirect("my") if own else redirect("my-representatives", organisation.pk)
    people = reverse("my-representatives", args=[organisation.pk])
    title = _("担当者をやめる") if own else _("担当者から外す")
    return page(
        request,
        "confirm",
        title,
        crumbs=[(organisation.display_name, reverse("my-organisation", args=[pk])), (_("担当者"), people)],
        lead=_("%(name)sさん(%(email)s)は、「%(organisation)s」の提案や案件を見られなくなります。")
        % {"name": row.user, "email": row.user.email, "organisation": organisation},
        submit_label=title,
        back=people,
    )


@login_not_required
def invitation(request, token):
    """What a link from an invitation mail opens: who invites to what, and the way in."""
    try:
        invited = invitations.read(token)
    except Refused as refusal:
        return page(request, "invitation", _("招待"), problem=str(refusal), status=410)
    if request.method == "POST" and request.user.is_authenticated:
        try:
            invitations.accept(invited, by=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("my-invitation", token)
        messages.success(
            request, _("「%(name)s」の担当者になりました。") % {"name": invited.organisation.display_name}
        )
        return redirect("my")
    return page(
        request,
        "invitation",
        _("担当者への招待"),
        invited=invited,
        fits=request.user.is_authenticated and request.user.email.lower() == invited.email,
        onward=urlencode({"next": request.path}),
    )


def _acting_for(organisation):
    return (
        Representative.objects.filter(organisation=organisation, ended_at=None)
        .select_related("user")
        .order_by("-is_owner", "pk")
    )
