"""Stepping back: a member tells of a tie, and neither reads nor scores what that organisation files from then on."""

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from musubi.fund import actions
from musubi.fund.models import Assignment, CommitteeMember, Interest
from musubi.fund.states import Stage
from musubi.lib import corporate_number
from musubi.lib.errors import Refused
from musubi.lib.text import organisation_key
from musubi.people.models import Organisation
from musubi.www.committee.page import committee_city, members, own_sheet, page
from musubi.www.committee.shown import shown_for
from musubi.www.partner.page import add_refusal
from musubi.www.staff.frame import posted, status_of


class StepBackForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("どのような関係か"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "例: 理事を務めている、親族が働いている、昨年まで顧問だった。事務局だけが読みます。"
        ),
    )


class InterestForm(StepBackForm):
    organisation = forms.CharField(
        label=gettext_lazy("団体の名前か法人番号"),
        max_length=120,
        help_text=gettext_lazy(
            "登記のとおりの名前(例: 一般社団法人 見本の会)か、13桁の法人番号を入れてください。"
        ),
    )
    field_order = ["organisation", "words"]

    def clean_organisation(self) -> Organisation:
        """The organisation that is meant. Whether it applied is not told."""
        typed = self.cleaned_data["organisation"]
        try:
            number = corporate_number.check(typed)
        except ValueError:
            number = None
        wanted = Q(corporate_number=number) if number else Q(name_key=organisation_key(typed))
        found = list(Organisation.objects.filter(wanted)[:2])
        if len(found) != 1:
            raise forms.ValidationError(
                _(
                    "この名前の団体が見つかりません。登記のとおりの名前か、法人番号で試してください。"
                    "それでも見つからないときは、事務局にお知らせください。"
                )
            )
        return found[0]


@require_http_methods(["GET", "HEAD", "POST"])
def step_back(request, city: str, pk: int):
    """From a sheet: the member knows the applicant. The sheet is gone at once, also from reading."""
    municipality = committee_city(request, city)
    sheet = own_sheet(request, municipality, pk)
    form = StepBackForm(posted(request))
    shown = shown_for(sheet)
    if form.is_valid():
        try:
            actions.declare_interest(
                sheet.member,
                by=request.user,
                organisation=sheet.application.organisation,
                words=form.cleaned_data["words"],
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(
                request,
                _("届け出を受け付け、採点の担当から外しました。この申請は、もう開けません。"),
            )
            return redirect("committee", municipality.slug)
    return page(
        request,
        municipality,
        "step_back",
        _("利害関係を届け出る"),
        trail=[(shown.title, reverse("committee-sheet", args=[municipality.slug, sheet.pk]))],
        status=status_of(form),
        form=form,
        shown=shown,
        back=reverse("committee-sheet", args=[municipality.slug, sheet.pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def interests(request, city: str):
    """What the person declared, and a form for more: the tie is kept even where nothing was filed yet."""
    municipality = committee_city(request, city)
    mine: list[CommitteeMember] = list(members(request.user, municipality))
    form = InterestForm(posted(request))
    if form.is_valid():
        organisation = form.cleaned_data["organisation"]
        try:
            for member in mine:
                actions.declare_interest(
                    member, by=request.user, organisation=organisation, words=form.cleaned_data["words"]
                )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(
                request,
                _(
                    "「%(name)s」との関係を届け出ました。この団体の申請は、読むことも採点することもありません。"
                )
                % {"name": organisation.name},
            )
            return redirect("committee-interests", municipality.slug)
    declared = (
        Interest.objects.filter(member__user=request.user, member__fund__municipality=municipality)
        .select_related("organisation")
        .order_by("organisation__name_key", "-declared_at")
    )
    once = {row.organisation_id: row for row in declared}
    # Who files what is screened blind is not told by having stepped back from it.
    hidden = set(
        Assignment.objects.filter(
            member__user=request.user,
            stage=Stage.FIRST,
            application__organisation__in=once,
            application__edition__is_blind=True,
            application__call__state="screening",
            application__call__first_released_at=None,
        ).values_list("application__organisation", flat=True)
    )
    return page(
        request,
        municipality,
        "interests",
        _("利害関係の届出"),
        status=status_of(form),
        form=form,
        declared=[(row, row.organisation_id in hidden) for row in once.values()],
        employers=sorted({member.employer_name for member in mine if member.employer_name}),
    )
