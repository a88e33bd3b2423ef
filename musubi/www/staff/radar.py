"""The radar: which open cases lie longer than their kind does, why, and what usually helps; as a picture and as a list."""

from urllib.parse import quote

from django import forms
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from musubi.cases import queries
from musubi.cases.models import Case, Pace
from musubi.cases.radar.pace import Paces, Source, track_label
from musubi.cases.radar.signs import Sign, Standing, for_page, silent_days, standings
from musubi.cases.states import CASE, PATH
from musubi.people.models import Department, Municipality
from musubi.people.permissions import Can, authority
from musubi.proposals.states import Track
from musubi.www.access import staff_city
from musubi.www.staff.frame import crumbs, page_of
from musubi.www.staff.radar_kept import Seen, kept
from musubi.www.staff.radar_line import SHAPES
from musubi.www.staff.radar_plot import MOST_DOTS, dot_name, drawings
from musubi.www.staff.radar_rows import rows

NO_PROPOSAL = "none"


class RadarFilter(forms.Form):
    """What the radar can be narrowed by. Odd values narrow nothing; they never fail."""

    q = forms.CharField(
        label=_("案件をさがす"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("案件名・番号・団体")}),
    )
    stage = forms.ChoiceField(label=_("段階"), required=False)
    department = forms.ModelChoiceField(None, label=_("主担当課"), required=False, empty_label=_("すべて"))
    track = forms.ChoiceField(label=_("提案の類型"), required=False)
    sign = forms.CharField(required=False, max_length=10, widget=forms.HiddenInput)

    def __init__(self, data, *, municipality: Municipality):
        super().__init__(data, auto_id="filter_%s")
        stages = [(stage, CASE[stage].label) for stage in [*PATH[:-1], "paused"]]
        self.fields["stage"].choices = [("", _("すべて")), *stages]
        self.fields["department"].queryset = Department.objects.filter(municipality=municipality)
        tracks = [*Track.choices, (NO_PROPOSAL, track_label(""))]
        self.fields["track"].choices = [("", _("すべて")), *tracks]
        self.is_valid()

    @property
    def sign_shown(self) -> str:
        value = self.cleaned_data.get("sign", "")
        return value if value in (*Sign.values, "all") else ""

    @property
    def track_shown(self) -> str | None:
        """The track asked for, as a kind of case: blank for those without a proposal, None for any."""
        value = self.cleaned_data.get("track")
        return None if not value else "" if value == NO_PROPOSAL else value

    def narrow(self, rows, municipality: Municipality):
        data = self.cleaned_data
        department = data.get("department")
        rows = queries.find(
            rows,
            text=data.get("q", ""),
            stage=data.get("stage", ""),
            department=department.pk if department else None,
            municipality=municipality,
        )
        if self.track_shown is not None:
            rows = (
                rows.filter(proposal__track=self.track_shown)
                if self.track_shown
                else rows.filter(proposal=None)
            )
        return rows

    def conditions(self) -> tuple:
        """What it is narrowed by, as a key."""
        data = self.cleaned_data
        return (
            data.get("q"),
            data.get("stage"),
            getattr(data.get("department"), "pk", None),
            data.get("track"),
        )

    def active(self) -> list[tuple[str, str]]:
        """(label, address without it) of each condition in force."""
        found = []
        for name in ("q", "stage", "department", "track"):
            if value := self.cleaned_data.get(name):
                rest = self.data.copy()
                rest.pop(name, None)
                rest.pop("page", None)
                label = dict(self.fields[name].choices).get(value) if name in ("stage", "track") else value
                found.append((str(label), f"?{rest.urlencode()}"))
        return found


@require_safe
def radar(request, city: str):
    """The picture of all open cases the person may read, and the list of those with a sign, what hurts most first."""
    municipality = staff_city(request, city)
    form = RadarFilter(request.GET, municipality=municipality)
    paces = Paces(municipality.pk)
    fitted_at = Pace.objects.order_by("-fitted_at").values_list("fitted_at", flat=True).first()
    department = form.cleaned_data.get("department")

    def usual(stage: str):
        return paces.usual(stage, department=department.pk if department else None, track=form.track_shown)

    def look() -> Seen:
        rows = form.narrow(_mine(request.user, municipality), municipality)
        return _look(standings(rows, paces), municipality, usual)

    mine = authority(request.user)
    reader = [sorted(ids) for ids in (*mine.where(Can.SEE_CASE), mine.organisation_ids)]
    seen = kept(municipality, (reader, form.conditions(), fitted_at), look)
    page = page_of(request, seen.order[form.sign_shown])
    context = {
        "municipality": municipality,
        "page_title": _("レーダー"),
        "crumbs": crumbs(municipality, _("レーダー")),
        "told_at": ("list",),
        "filter": form,
        "active": form.active(),
        "tabs": _tabs(request, form, seen),
        "count": len(seen.order["all"]),
        "signed": len(seen.order[""]),
        "sign": form.sign_shown,
        "page": page,
        "rows": rows(list(page), paces, municipality, request.user),
        "wide": seen.wide,
        "narrow": seen.narrow,
        "most": MOST_DOTS,
        "signs": [(sign.label, *SHAPES[sign], _EXPLAINED[sign]()) for sign in Sign],
        "usual_rows": _usual_rows(paces, usual, department),
        "fitted_at": fitted_at,
        "reads_cases": mine.may_in(Can.SEE_CASE, municipality.pk),
    }
    return render(request, "staff/radar.html", context)


_EXPLAINED = {
    Sign.STALLED: lambda: _("遅れていて、ボールの期限も過ぎている"),
    Sign.SLOW: lambda: _("同じ種類の案件の8割が次へ動いた日数を過ぎている"),
    Sign.SILENT: lambda: _("期限の2倍の間、だれも発言せず、段階も動いていない"),
}


def _mine(user, municipality: Municipality):
    """The cases whose inner life the person may read: not those of an organisation they speak for."""
    rows = queries.visible_to(user, municipality)
    if own := authority(user).organisation_ids:
        party = Case.organisations.through.objects.filter(organisation__in=own)
        rows = rows.exclude(pk__in=party.values("case"))
    return rows


def _look(every: list[Standing], municipality: Municipality, usual) -> Seen:
    order = {value: [each.case_id for each in for_page(every, value)] for value in ("", *Sign.values, "all")}
    return Seen(order, *_drawings(every, municipality, usual))


def _tabs(request, form: RadarFilter, seen: Seen) -> list[tuple]:
    labels = {"": _("気になる案件"), **{str(sign): sign.label for sign in Sign}, "all": _("すべて")}
    tabs = []
    for value, label in labels.items():
        query = request.GET.copy()
        query.pop("page", None)
        query.pop("sign", None)
        if value:
            query["sign"] = value
        tabs.append((label, f"?{query.urlencode()}#list", form.sign_shown == value, len(seen.order[value])))
    return tabs


def _drawings(every: list[Standing], municipality: Municipality, usual):
    """The picture. Titles and numbers are read for as many cases as are drawn one by one."""
    names = {}
    if len(every) <= MOST_DOTS:
        wanted = [each.case_id for each in every]
        found = Case.objects.filter(pk__in=wanted).order_by().values_list("pk", "ref", "title")
        names = {pk: (ref, title) for pk, ref, title in found}
    here = reverse("staff-radar", args=[municipality.slug])
    case = reverse("staff-case", args=[municipality.slug, "REF"])

    def name(each: Standing) -> str:
        return dot_name(each, names.get(each.case_id, ("", ""))[1])

    def href(each: Standing) -> str:
        return case.replace("REF", quote(names.get(each.case_id, ("", ""))[0]))

    def block_href(stage: str) -> str:
        return f"{here}?{urlencode({'stage': stage, 'sign': 'all'})}#list"

    return drawings(every, usual=usual, name=name, href=href, block_href=block_href)


def _usual_rows(paces: Paces, usual, department) -> list[dict]:
    """The bands of the picture as a table: per stage half, 80 %, silence, and where that was learned."""
    found = []
    for stage in PATH[:-1]:
        figures = usual(stage)
        found.append(
            {
                "stage": CASE[stage].label,
                "median": figures.median_days,
                "slow": figures.slow_days,
                "is_learned": figures.source is not Source.LIMIT and not figures.is_stretched,
                "silent": silent_days(paces.limit(stage)),
                "source": figures.source_words(department.name if department else ""),
            }
        )
    return found


urlpatterns = [path("", radar, name="staff-radar")]
