"""The platform's members: who applied, who has joined, who left."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.cases import queries as cases
from musubi.cases.states import CASE
from musubi.journal.queries import history
from musubi.lib import fulltext
from musubi.lib.errors import Refused
from musubi.people import actions, queries
from musubi.people.models import Member, Organisation
from musubi.people.permissions import Can, authority, may
from musubi.people.rules import similar_organisations
from musubi.people.states import MEMBERSHIP
from musubi.proposals import queries as proposals
from musubi.proposals.states import PROPOSAL
from musubi.solutions.models import Solution
from musubi.www.access import fetch, staff_city
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.forms_proposals import NEW, _organisation_label
from musubi.www.staff.frame import act_page, attempt, crumbs, page_of, posted
from musubi.www.staff.suggestions_shown import suiting
from musubi.www.staff.verbs import history_items
from musubi.www.templatetags.pieces import wareki


class MemberFilter(forms.Form):
    q = forms.CharField(
        label=gettext_lazy("団体をさがす"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("種別"),
        required=False,
        choices=[("", gettext_lazy("すべて")), *Organisation.Kind.choices],
    )

    def __init__(self, data):
        super().__init__(data, auto_id="filter_%s")


class RefuseForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("見送りの理由"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("申し込んだ団体に届きます。また申し込めることも書き添えてください。"),
    )


class LeaveForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("退会の理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )


class EnrolForm(forms.Form):
    """A member that applied on paper; the organisation is found, or registered with it."""

    organisation = forms.ChoiceField(
        label=gettext_lazy("この団体ですか"), required=False, widget=forms.RadioSelect
    )
    name = forms.CharField(label=gettext_lazy("団体名"), max_length=120)
    corporate_number = forms.CharField(
        label=gettext_lazy("法人番号"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("分かれば13桁で入力してください。"),
    )
    kind = forms.ChoiceField(label=gettext_lazy("種別"), choices=Organisation.Kind)
    size = forms.ChoiceField(
        label=gettext_lazy("規模"),
        choices=[("", gettext_lazy("分からない")), *Organisation.Size.choices],
        required=False,
        help_text=gettext_lazy("働いている人の数"),
    )
    prefecture = forms.CharField(label=gettext_lazy("都道府県"), max_length=10, required=False)
    address = forms.CharField(label=gettext_lazy("所在地"), max_length=200, required=False)
    description = forms.CharField(
        label=gettext_lazy("団体の紹介"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    joined_on = forms.DateField(
        label=gettext_lazy("入会日"),
        required=False,
        widget=DateInput,
        help_text=gettext_lazy("空けておくと今日になります。"),
    )
    message = forms.CharField(
        label=gettext_lazy("参加の目的"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.candidates = (
            similar_organisations(self.data.get("name", "")[:120], self.data.get("corporate_number", "")[:20])
            if self.is_bound
            else []
        )
        if self.candidates:
            self.fields["organisation"].choices = [
                *((str(row.pk), _organisation_label(row)) for row in self.candidates),
                (NEW, gettext_lazy("どれでもない(新しく登録する)")),
            ]
        else:
            del self.fields["organisation"]

    def clean(self):
        if self.candidates and not self.cleaned_data.get("organisation"):
            self.add_error(
                "organisation",
                _("よく似た名前の団体が登録されています。同じ団体か、新しい団体かを選んでください。"),
            )


@require_safe
def member_list(request, city: str):
    municipality = staff_city(request, city)
    form = MemberFilter(request.GET)
    form.is_valid()
    wanted = form.cleaned_data
    rows = queries.memberships_visible_to(request.user, municipality)
    if text := wanted.get("q", "").strip():
        rows = rows.filter(organisation__in=fulltext.search(Organisation.objects.all(), text))
    if wanted.get("kind"):
        rows = rows.filter(organisation__kind=wanted["kind"])
    manages = authority(request.user).may_in(Can.MANAGE_MEMBERS, municipality.pk)
    counts = dict(rows.order_by().values_list("state").annotate(n=Count("pk")))
    state = request.GET.get("state", "")
    if state not in MEMBERSHIP.states:
        state = "active"
    here = Q(organisation__proposals__municipality=municipality) & ~Q(organisation__proposals__state="draft")
    shown = (
        rows.filter(state=state)
        .select_related("organisation")
        .annotate(answers=Count("organisation__proposals", filter=here, distinct=True))
        .order_by("applied_at" if state == "applied" else "organisation__name_key", "id")
    )
    rest = request.GET.copy()
    for name in ("page", "state"):
        rest.pop(name, None)
    tabs = []
    for value in ["active", "applied", "left", "refused"] if manages else ["active"]:
        query = rest.copy()
        query["state"] = value
        tabs.append((MEMBERSHIP[value].label, f"?{query.urlencode()}", value == state, counts.get(value, 0)))
    context = {
        "municipality": municipality,
        "page_title": _("会員・団体"),
        "crumbs": crumbs(municipality, _("会員・団体")),
        "filter": form,
        "is_open": bool(wanted.get("kind")),
        "is_filtered": bool(text or wanted.get("kind")),
        "tabs": tabs,
        "state": state,
        "sorted_by": _("申込みの古い順") if state == "applied" else _("名前の順"),
        "page": page_of(request, shown),
        "manages": manages,
    }
    return render(request, "staff/members.html", context)


def _member(request, city: str, pk: int, can: Can | None = None):
    municipality = staff_city(request, city)
    rows = queries.memberships_visible_to(request.user, municipality).select_related(
        "organisation", "municipality"
    )
    return municipality, fetch(request, rows, can, pk=pk)


@require_safe
def member(request, city: str, pk: int):
    municipality, row = _member(request, city, pk)
    organisation = row.organisation
    sent = (
        proposals.visible_to(request.user, municipality)
        .filter(organisation=organisation)
        .exclude(state="draft")
    )
    moving = cases.visible_to(request.user, municipality).filter(organisations=organisation)
    manages = may(request.user, Can.MANAGE_MEMBERS, row)
    people = organisation.representatives.filter(ended_at=None).select_related("user") if manages else []
    context = {
        "municipality": municipality,
        "page_title": organisation.name,
        "crumbs": crumbs(
            municipality, (_("会員・団体"), reverse("staff-members", args=[city])), organisation.name
        ),
        "member": row,
        "state": MEMBERSHIP[row.state],
        "manages": manages,
        "facts": [
            (_("種別"), organisation.get_kind_display()),
            (_("規模"), organisation.get_size_display()),
            (_("法人番号"), organisation.corporate_number),
            (_("所在地"), f"{organisation.prefecture}{organisation.address}"),
            (_("設立日"), wareki(organisation.founded_on)),
            (_("申込日"), wareki(row.applied_at)),
            (_("入会日"), wareki(row.joined_on)),
            (_("退会日"), wareki(row.left_on)),
            (_("理由"), row.reason),
        ],
        "people": list(people),
        "proposals": [(p, PROPOSAL[p.state]) for p in sent.order_by("-submitted_at")[:50]],
        "cases": [(c, CASE[c.stage]) for c in moving.select_related("lead").order_by("-id")[:50]],
        "solutions": list(Solution.objects.filter(organisation=organisation, state="published")[:50]),
        "suiting": suiting(organisation, municipality, request.user) if row.state == "active" else None,
        "history": history_items(history(row)) if manages else [],
    }
    return render(request, "staff/member.html", context)


@require_POST
def admit(request, city: str, pk: int):
    _city, row = _member(request, city, pk, Can.MANAGE_MEMBERS)
    try:
        actions.admit_member(row, by=request.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("%(name)sを会員として迎えました。団体に知らせます。") % {"name": row.organisation}
        )
    return redirect("staff-member", city, pk)


@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request, city: str, pk: int):
    municipality, row = _member(request, city, pk, Can.MANAGE_MEMBERS)
    form = RefuseForm(posted(request))
    if form.is_valid() and attempt(
        form, lambda: actions.refuse_member(row, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("申込みを見送り、理由を団体に知らせます。"))
        return redirect("staff-member", city, pk)
    return _act(
        request, municipality, row, form, title=_("申込みを見送る"), submit_label=_("見送る"), danger=True
    )


@require_http_methods(["GET", "HEAD", "POST"])
def leave(request, city: str, pk: int):
    municipality, row = _member(request, city, pk, Can.MANAGE_MEMBERS)
    form = LeaveForm(posted(request))
    if form.is_valid() and attempt(form, lambda: actions.leave(row, by=request.user, **form.cleaned_data)):
        messages.success(request, _("退会を記録しました。"))
        return redirect("staff-member", city, pk)
    return _act(
        request, municipality, row, form, title=_("退会を記録する"), submit_label=_("退会にする"), danger=True
    )


@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request, city: str):
    municipality = staff_city(request, city, Can.MANAGE_MEMBERS)
    form = EnrolForm(posted(request))
    if form.is_valid():
        made: list[Member] = []
        if attempt(form, lambda: made.append(_enrol(request.user, municipality, form))):
            messages.success(request, _("%(name)sを会員に登録しました。") % {"name": made[0].organisation})
            return redirect("staff-member", city, made[0].pk)
    return act_page(
        request,
        municipality,
        form,
        title=_("会員を登録する"),
        lead=_("紙で申し込んだ団体を、会員として登録します。"),
        trail=[(_("会員・団体"), reverse("staff-members", args=[city]))],
        submit_label=_("会員に登録する"),
        autosave=f"enrol-{city}",
    )


@transaction.atomic
def _enrol(user, municipality, form: EnrolForm) -> Member:
    data = form.cleaned_data
    choice = data.get("organisation")
    organisation = next((row for row in form.candidates if str(row.pk) == choice), None)
    if organisation is None:
        facts = {
            name: data[name]
            for name in ("name", "kind", "size", "corporate_number", "prefecture", "address", "description")
        }
        organisation = actions.register_organisation(by=user, represent=False, **facts)
    return actions.enrol_member(
        organisation, municipality, by=user, joined_on=data["joined_on"], message=data["message"]
    )


def _act(request, municipality, row: Member, form, **context):
    trail = [
        (_("会員・団体"), reverse("staff-members", args=[municipality.slug])),
        (row.organisation.name, reverse("staff-member", args=[municipality.slug, row.pk])),
    ]
    return act_page(request, municipality, form, trail=trail, eyebrow=row.organisation.name, **context)


urlpatterns = [
    path("", member_list, name="staff-members"),
    path("new/", enrol, name="staff-member-new"),
    path("<int:pk>/", member, name="staff-member"),
    path("<int:pk>/admit/", admit, name="staff-member-admit"),
    path("<int:pk>/refuse/", refuse, name="staff-member-refuse"),
    path("<int:pk>/leave/", leave, name="staff-member-leave"),
]
