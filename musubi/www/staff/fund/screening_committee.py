"""The committee of a fund: who sits on it, where they work, what they declared; asking people, letting them go."""

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from musubi.fund import actions
from musubi.fund.models import CommitteeMember, Fund
from musubi.fund.ties import tied_organisations
from musubi.journal.models import Entry
from musubi.people.models import Municipality
from musubi.people.permissions import Can
from musubi.www.access import fetch
from musubi.www.committee.interests import InterestForm
from musubi.www.committee.invitations import invite, uninvite, waiting
from musubi.www.staff.frame import act_page, attempt, posted
from musubi.www.staff.fund.frame import crumbs, fund_city, page

PART = "staff-fund-committee"


def _funds(municipality: Municipality) -> list[Fund]:
    rows = Fund.objects.filter(municipality=municipality).select_related("municipality")
    return list(rows.order_by("-fiscal_year", "name")[:100])


def _fund(request, funds: list[Fund]) -> Fund | None:
    asked = request.GET.get("fund", "")
    return next((row for row in funds if str(row.pk) == asked), funds[0] if funds else None)


@require_safe
def committee(request, city: str):
    """The members of one fund, with what each may not screen and how much each has to do."""
    municipality = fund_city(request, city)
    funds = _funds(municipality)
    fund = _fund(request, funds)
    rows, former, asked = [], [], []
    if fund:
        live = Q(assignments__state__in=["assigned", "scored"])
        members = list(
            CommitteeMember.objects.filter(fund=fund)
            .select_related("user", "employer")
            .annotate(
                given=Count("assignments", filter=live),
                left=Count("assignments", filter=Q(assignments__state="assigned")),
            )
            .order_by("-is_chair", "pk")
        )
        here = [row for row in members if row.ended_on is None]
        former = [row for row in members if row.ended_on is not None]
        tied = tied_organisations(here)
        names = _names({pk for found in tied.values() for pk in found})
        rows = [
            {
                "member": row,
                "ties": sorted((names[pk], why) for pk, why in tied[row.pk].items()),
            }
            for row in here
        ]
        asked = waiting(fund)
    return page(
        request,
        municipality,
        "staff/fund/screening/committee.html",
        part=PART,
        page_title=_("審査委員"),
        crumbs=crumbs(municipality, _("審査委員")),
        fund=fund,
        funds=[
            (f"{row.fiscal_year}{_('年度')} {row.name}", f"?fund={row.pk}", row == fund, None)
            for row in funds
        ],
        rows=rows,
        former=former,
        asked=asked,
    )


def _names(pks: set[int]) -> dict[int, str]:
    from musubi.people.models import Organisation

    return dict(Organisation.objects.filter(pk__in=pks).values_list("pk", "name"))


class InviteForm(forms.Form):
    fund = forms.ModelChoiceField(Fund.objects.none(), label=gettext_lazy("ファンド"), empty_label=None)
    email = forms.EmailField(
        label=gettext_lazy("メールアドレス"),
        help_text=gettext_lazy(
            "招待のメールが届きます。開いてアカウントを作る(またはログインする)と、審査の画面だけを使えるようになります。"
        ),
    )
    title = forms.CharField(
        label=gettext_lazy("肩書"), max_length=80, required=False, help_text=gettext_lazy("例: 見本大学 教授")
    )
    employer_name = forms.CharField(
        label=gettext_lazy("勤務先の名前"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("勤務先の申請は、読むことも採点することもできません。"),
    )
    employer_number = forms.CharField(
        label=gettext_lazy("勤務先の法人番号"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("分かれば13桁で。名前の書き方が違っても、同じ団体だと分かります。"),
    )
    is_chair = forms.BooleanField(label=gettext_lazy("委員長をお願いする"), required=False)

    def __init__(self, *args, municipality: Municipality, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["fund"].queryset = Fund.objects.filter(municipality=municipality).order_by(
            "-fiscal_year", "name"
        )


def _trail(municipality: Municipality) -> list[tuple[str, str]]:
    slug = municipality.slug
    return [(_("ファンド"), reverse("staff-fund", args=[slug])), (_("審査委員"), reverse(PART, args=[slug]))]


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request, city: str):
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    asked = _fund(request, _funds(municipality))
    form = InviteForm(posted(request), municipality=municipality, initial={"fund": asked})
    if form.is_valid():
        words = dict(form.cleaned_data)
        fund, email = words.pop("fund"), words.pop("email")
        if attempt(form, lambda: invite(fund, email, by=request.user, **words)):
            messages.success(request, _("%(email)sに招待のメールを送りました。") % {"email": email})
            return redirect(reverse(PART, args=[city]) + f"?fund={fund.pk}")
    return act_page(
        request,
        municipality,
        form,
        title=_("審査委員を招く"),
        trail=_trail(municipality),
        submit_label=_("招待のメールを送る"),
        autosave=f"fund-invite-{city}",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request, city: str, pk: int):
    """Asks once, then takes back an invitation, named by its entry in the journal."""
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    funds = {fund.pk: fund for fund in _funds(municipality)}
    rows = Entry.objects.filter(verb="committee.invited", kind="fund", object_id__in=funds)
    entry = fetch(request, rows, pk=pk)
    fund, email = funds[entry.object_id], entry.data["address"]
    form = forms.Form(posted(request))
    if form.is_valid() and attempt(form, lambda: uninvite(fund, email, by=request.user)):
        messages.success(request, _("%(email)sへの招待を取り消しました。") % {"email": email})
        return redirect(reverse(PART, args=[city]) + f"?fund={fund.pk}")
    return act_page(
        request,
        municipality,
        form,
        title=_("招待を取り消す"),
        eyebrow=email,
        lead=_("この方に送った招待のリンクは使えなくなります。あとでもう一度招くことはできます。"),
        trail=_trail(municipality),
        submit_label=_("招待を取り消す"),
        danger=True,
    )


def _member(request, city: str, pk: int) -> tuple[Municipality, CommitteeMember]:
    municipality = fund_city(request, city, Can.MANAGE_FUND)
    rows = CommitteeMember.objects.filter(fund__municipality=municipality, ended_on=None).select_related(
        "user", "fund__municipality"
    )
    return municipality, fetch(request, rows, pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def let_go(request, city: str, pk: int):
    """Asks once, then ends a person's term."""
    municipality, member = _member(request, city, pk)
    form = forms.Form(posted(request))
    if form.is_valid() and attempt(form, lambda: actions.release_member(member, by=request.user)):
        messages.success(request, _("%(name)sさんは委員を退きました。") % {"name": member.user})
        return redirect(reverse(PART, args=[city]) + f"?fund={member.fund_id}")
    return act_page(
        request,
        municipality,
        form,
        title=_("委員を解く"),
        eyebrow=str(member.user),
        lead=_(
            "%(name)sさんは、この画面の申請を読めなくなります。採点していない採点表は取り消され、提出された採点は残ります。"
        )
        % {"name": member.user},
        trail=_trail(municipality),
        submit_label=_("委員を解く"),
        danger=True,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def note_interest(request, city: str, pk: int):
    """The secretariat writes down a tie it learned of."""
    municipality, member = _member(request, city, pk)
    form = InterestForm(posted(request))
    if form.is_valid() and attempt(
        form,
        lambda: actions.declare_interest(
            member,
            by=request.user,
            organisation=form.cleaned_data["organisation"],
            words=form.cleaned_data["words"],
        ),
    ):
        messages.success(
            request,
            _("利害関係を記録しました。この委員は、その団体の申請を読むことも採点することもできません。"),
        )
        return redirect(reverse(PART, args=[city]) + f"?fund={member.fund_id}")
    return act_page(
        request,
        municipality,
        form,
        title=_("利害関係を記録する"),
        eyebrow=str(member.user),
        lead=_("記録すると、渡してある採点表はすぐに除斥になります。取り消せません。"),
        trail=_trail(municipality),
        submit_label=_("記録する"),
    )


urlpatterns = [
    path("", committee, name="staff-fund-committee"),
    path("invite/", ask, name="staff-fund-committee-invite"),
    path("invitations/<int:pk>/cancel/", take_back, name="staff-fund-committee-uninvite"),
    path("<int:pk>/release/", let_go, name="staff-fund-committee-release"),
    path("<int:pk>/interest/", note_interest, name="staff-fund-committee-interest"),
]
