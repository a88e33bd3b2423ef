"""What the municipality's members offer."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.lib import markdown
from musubi.people.models import Municipality
from musubi.plan.queries import field_choices
from musubi.solutions import queries
from musubi.www.kept import public_page
from musubi.www.public.cards import solution_card
from musubi.www.public.common import city_here, crumbs
from musubi.www.public.lists import Filter, Pick, Words, page_of
from musubi.www.public.related import KEEP_SECONDS, challenges_near
from musubi.www.templatetags.pieces import GOALS, goal_name, wareki


class SolutionFilter(Filter):
    q = Words(label=gettext_lazy("ソリューションをさがす"), required=False)
    field = Pick(label=gettext_lazy("分野"))
    goal = Pick(label=gettext_lazy("SDGsゴール"), as_number=True)

    def __init__(self, request):
        super().__init__(request)
        self.fields["q"].widget.attrs["placeholder"] = _("例: 見守り、省エネ")
        self.fields["field"].offer(field_choices())
        self.fields["goal"].offer((n, f"{n} {goal_name(n)}") for n in GOALS)


def shown(municipality: Municipality):
    """The published solutions of the active members."""
    return queries.find(queries.published(), members=municipality)


@public_page
def solutions(request, city: str):
    municipality = city_here(request, city)
    form = SolutionFilter(request)
    wanted = form.narrowing
    rows = queries.find(
        shown(municipality),
        text=wanted.get("q", ""),
        goal=wanted.get("goal"),
        field=wanted.get("field", ""),
    )
    page = page_of(rows.order_by("-published_at", "-pk"), request.GET.get("page"), queries.for_cards)
    return render(
        request,
        "public/solutions.html",
        {
            "municipality": municipality,
            "crumbs": crumbs(municipality, _("ソリューション")),
            "page_title": _("ソリューション"),
            "form": form,
            "page": page,
            "cards": [solution_card(row, municipality) for row in page],
        },
    )


@public_page
def solution(request, city: str, pk: int):
    municipality = city_here(request, city)
    row = get_object_or_404(queries.for_cards(shown(municipality)), pk=pk)
    member = reverse("member", args=[city, row.organisation_id])
    response = render(
        request,
        "public/solution.html",
        {
            "municipality": municipality,
            "crumbs": crumbs(
                municipality, (_("ソリューション"), reverse("solutions", args=[city])), row.title
            ),
            "page_title": row.title,
            "solution": row,
            "member_href": member,
            "challenges": challenges_near(row),
            "goals": row.goals.all(),
            "sections": [
                (_("できること"), markdown.render(row.summary)),
                (_("これまでの実績"), markdown.render(row.results)),
                (_("自治体に求めるもの"), markdown.render(row.needs)),
            ],
            "facts": [
                (_("費用の目安"), row.cost),
                (_("分野"), _("、").join(field.display_name for field in row.fields.all())),
                (_("公開日"), wareki(row.published_at, "western")),
            ],
        },
    )
    response.keep_seconds = KEEP_SECONDS
    return response
