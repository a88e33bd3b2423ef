"""What every page of the fund has around it: who may open it, its tabs and its path."""

from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from musubi.people.models import Municipality
from musubi.people.permissions import Can, authority
from musubi.www.access import staff_city
from musubi.www.staff import frame

# the name of each part's first page, its words
PARTS = {
    "staff-fund": gettext_lazy("いまの仕事"),
    "staff-fund-calls": gettext_lazy("募集"),
    "staff-fund-applications": gettext_lazy("申請と審査"),
    "staff-fund-awards": gettext_lazy("交付決定"),
    "staff-fund-money": gettext_lazy("お金"),
    "staff-fund-programmes": gettext_lazy("制度"),
    "staff-fund-committee": gettext_lazy("審査委員"),
    "staff-fund-letters": gettext_lazy("通知書"),
}


def fund_city(request, slug: str, can: Can = Can.SEE_FUND) -> Municipality:
    """The municipality, for whoever reads the inside of its fund (or `can` there); else 403."""
    return staff_city(request, slug, can)


def may_manage(request, municipality: Municipality) -> bool:
    """Whether the person belongs to the secretariat; who does not (an auditor) reads the same pages without forms."""
    return authority(request.user).may_in(Can.MANAGE_FUND, municipality.pk)


def crumbs(municipality: Municipality, *rest) -> list[tuple[str, str]]:
    """As the staff's `crumbs`, below the first page of the fund."""
    return frame.crumbs(municipality, (_("ファンド"), reverse("staff-fund", args=[municipality.slug])), *rest)


def tabs(municipality: Municipality, here: str) -> list[tuple]:
    """For `parts/tabs.html`; a part whose first page is not there (yet) is left out."""
    found = []
    for name, words in PARTS.items():
        try:
            found.append((words, reverse(name, args=[municipality.slug]), name == here, None))
        except NoReverseMatch:
            continue
    return found


def page(request, municipality: Municipality, template: str, *, part: str, status: int = 200, **context):
    """One page of the fund. `part` is the key of `PARTS` it belongs to."""
    words = {
        "municipality": municipality,
        "fund_tabs": tabs(municipality, part),
        "may_manage": may_manage(request, municipality),
        **context,
    }
    return render(request, template, words, status=status)
