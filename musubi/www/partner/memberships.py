"""Joining municipalities' platforms, and leaving them."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from musubi.lib.errors import Refused
from musubi.people import actions
from musubi.people.models import Member, Municipality
from musubi.people.permissions import Can, authority
from musubi.people.queries import organisations_of
from musubi.people.states import MEMBERSHIP
from musubi.www.access import fetch
from musubi.www.partner.forms_organisations import JoinForm, ReasonForm
from musubi.www.partner.page import add_refusal, page
from musubi.www.partner.typed import keeps_words


def memberships(request):
    """Where the person's organisations have joined or asked to, and where they could."""
    mine = list(_own(request.user))
    taken = {row.municipality_id for row in mine if row.state in ("applied", "active")}
    organisations = list(organisations_of(request.user))
    several = len(organisations) > 1
    return page(
        request,
        "memberships",
        _("会員登録"),
        rows=[(row, MEMBERSHIP[row.state]) for row in mine],
        others=[city for city in Municipality.objects.all() if several or city.pk not in taken],
        organisations=organisations,
    )


@keeps_words
def join(request, city):
    """Ask one municipality to take an organisation in."""
    municipality = get_object_or_404(Municipality, slug=city)
    organisations = organisations_of(request.user)
    if not organisations:
        messages.info(request, _("はじめに、あなたの団体を登録してください。"))
        return redirect(reverse("my-organisation-new") + f"?next={request.path}")
    form = JoinForm(request.POST or None, organisations=organisations)
    if request.method == "POST" and form.is_valid():
        try:
            member = actions.apply_for_membership(
                form.cleaned_data["organisation"],
                municipality,
                form.cleaned_data["message"],
                by=request.user,
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            if member.state == "active":
                said = _("%(city)sの会員になりました。")
            else:
                said = _("%(city)sに会員の申込みをしました。確認が済むと、お知らせが届きます。")
            messages.success(request, said % {"city": municipality.display_name})
            return redirect("my-memberships")
    return page(
        request,
        "join",
        _("%(city)sの会員になる") % {"city": municipality.display_name},
        crumbs=[(_("会員登録"), reverse("my-memberships"))],
        city=municipality,
        form=form,
        status=422 if request.method == "POST" else 200,
    )


@keeps_words
def leave(request, pk):
    """Asks for the reason, then leaves the municipality or takes the application back."""
    member = fetch(request, _own(request.user), Can.JOIN_MUNICIPALITY, pk=pk)
    applied = member.state == "applied"
    form = ReasonForm(request.POST or None, help_text=_("自治体の担当者が読みます。"))
    if request.method == "POST" and form.is_valid():
        try:
            actions.leave(member, by=request.user, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            said = (
                _("%(city)sへの申込みを取り下げました。") if applied else _("%(city)sの会員を退会しました。")
            )
            messages.success(request, said % {"city": member.municipality.display_name})
            return redirect("my-memberships")
    title = _("申込みを取り下げる") if applied else _("退会する")
    return page(
        request,
        "confirm",
        title,
        crumbs=[(_("会員登録"), reverse("my-memberships"))],
        lead=_(
            "「%(organisation)s」の%(city)sでの会員登録です。提案や案件の記録は残り、もう一度申し込むこともできます。"
        )
        % {
            "organisation": member.organisation.display_name,
            "city": member.municipality.display_name,
        },
        form=form,
        submit_label=title,
        back=reverse("my-memberships"),
        status=422 if request.method == "POST" else 200,
    )


def _own(user):
    return (
        Member.objects.filter(organisation__in=authority(user).organisation_ids)
        .select_related("municipality", "organisation")
        .order_by("municipality__code", "organisation__name_key")
    )
