"""What the pages cost with 1,000 and with 100,000 challenges, beside a bare view of 20 rows.

    script/bench pages [--json] [--rounds N] [--sizes 1000,100000]
    script/postgres -- script/bench pages

Measured in the busiest municipality (15 % of everything), through the real middleware, one process.
"""

from collections.abc import Iterator

from bench.lib.house import fresh_database, open_house, settle_database, tell

if __name__ == "__main__":
    open_house()

from django.conf import settings
from django.core.cache import caches
from django.test import Client
from django.urls import NoReverseMatch, reverse

from bench.lib.measure import Page, ask, compare, html_of, product_handler
from bench.lib.report import Wanted, growth, page_lines, run
from bench.lib.weight import weigh
from bench.load import load
from musubi.cases.models import Case
from musubi.challenges.queries import listed
from musubi.people.models import Municipality, Staff

BARE = "bare view of 20 rows"
LIST = "list"
DETAIL = "detail"
STATEMENTS, GROWTH, COLD, KEPT, WEIGHT = 8, 1.3, 2.0, 0.3, 60_000


def forget_pages() -> None:
    caches["pages"].clear()


def cold(name: str, address: str) -> Page:
    """A public page as its first visitor after a change gets it: made, compressed and put away."""
    return Page(name, address, prepare=forget_pages)


def signed_in(city: Municipality) -> str:
    """The cookie of a person at the city's desk."""
    client = Client()
    client.force_login(Staff.objects.filter(municipality=city, role="desk").first().user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def public_pages(city: Municipality) -> list[Page]:
    here = reverse("challenges", args=[city.slug])
    shown = listed(city).filter(state="matched", cases__isnull=False).order_by("-published_at", "-pk").first()
    one = reverse("challenge", args=[city.slug, shown.ref])
    kept = Page("kept list", here)
    mark = ask(product_handler(), kept).headers["ETag"]
    return [
        # The kept ones come right after the cold one of the same address, which leaves its page behind.
        cold(LIST, here),
        kept,
        Page("kept list, unchanged (304)", here, headers={"HTTP_IF_NONE_MATCH": mark}, status=304),
        cold("list, by goal and field", f"{here}?goal=13&field=safety"),
        cold("list, search 防災", f"{here}?q=防災"),
        cold("list, search and filter", f"{here}?q=防災&goal=13&field=safety"),
        cold("list, page 5", f"{here}?page=5"),
        cold(DETAIL, one),
        cold("front of the municipality", reverse("city", args=[city.slug])),
        cold("search everywhere", f"{reverse('front')}?q=防災"),
    ]


def staff_pages(city: Municipality) -> list[Page]:
    """The pages of the desk; one that has no address yet is told and left out."""
    cookie = signed_in(city)
    case = Case.objects.filter(municipality=city, stage="trial").order_by("-pk").first()
    pages = []
    for name, view, more, query in [
        ("staff: today", "staff-home", [], ""),
        ("staff: inbox", "staff-inbox", [], ""),
        ("staff: cases, board", "staff-cases", [], ""),
        ("staff: cases, list", "staff-cases", [], "?view=list"),
        ("staff: one case", "staff-case", [case.ref], ""),
    ]:
        try:
            address = reverse(view, args=[city.slug, *more])
        except NoReverseMatch:
            tell(f"No address is called {view}: left out")
        else:
            pages.append(Page(name, address + query, cookie=cookie))
    return pages


def measure(challenges: int, rounds: int) -> dict:
    """Loads so many challenges into the emptied database and measures every page there."""
    fresh_database()
    forget_pages()
    rows = load(challenges)
    settle_database()
    city = Municipality.objects.order_by("pk").first()
    pages = public_pages(city) + staff_pages(city)
    tell(f"Measuring {len(pages)} pages with {challenges:,} challenges, {rounds} times each")
    figures = compare(pages, Page(BARE, "/"), rounds=rounds)
    html = html_of(ask(product_handler(), pages[0]))
    weight = weigh(html, figures[LIST]["html_bytes_gzip"])
    return {
        "challenges": challenges,
        "rows": rows,
        "pages": figures,
        "wire": {"html": weight.html, "files": weight.files, "total": weight.total},
    }


def wanted(sizes: list[dict]) -> Wanted:
    small, large = sizes[0], sizes[-1]
    found = Wanted()
    for size in sizes:
        n, pages = size["challenges"], size["pages"]
        lists = [name for name in pages if name.startswith(LIST)]
        for name in [*lists, DETAIL]:
            found.at_most(f"statements, {name}, {n}", pages[name]["statements"], STATEMENTS)
        for name in [*lists, DETAIL]:
            found.at_most(f"cold / bare view, {name}, {n}", pages[name]["ratio"], COLD)
        for name in (name for name in pages if name.startswith("kept")):
            found.at_most(f"kept / bare view, {name}, {n}", pages[name]["ratio"], KEPT)
        found.at_most(f"bytes over the wire, {LIST}, {n}", size["wire"]["total"], WEIGHT)
    if small is not large:
        for name in (name for name in small["pages"] if name.startswith(LIST) and name in large["pages"]):
            sizes_named = f"{large['challenges']} / {small['challenges']} challenges, {name}"
            found.at_most(sizes_named, growth(small, large, name), GROWTH)
    return found


def lines(size: dict) -> Iterator[str]:
    yield from (f"{size['challenges']:,} challenges", "")
    yield from page_lines(size["pages"])
    wire = size["wire"]
    yield f"A first visit to the list: {wire['total']:,} bytes, {wire['html']:,} of them the page"


if __name__ == "__main__":
    run(__doc__, sizes="1000,100000", rounds=60, measure=measure, wanted=wanted, lines=lines)
