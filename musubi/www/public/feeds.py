"""What is new, for feed readers."""

import unicodedata

from django.contrib.syndication.views import Feed
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from musubi.challenges.queries import listed
from musubi.fund import shown
from musubi.outcomes.queries import published_stories
from musubi.people.models import Municipality
from musubi.www.kept import public_page
from musubi.www.public.common import city_here

NEWEST = 20


def _readable(text: str) -> str:
    """`text` without the control characters that XML cannot hold: one of them, pasted into one title, would take
    the whole feed down."""
    return "".join(letter for letter in text if letter in "\t\n" or unicodedata.category(letter) != "Cc")


class News(Feed):
    """The newest challenges and stories of one municipality, its fund's calls and their results, as Atom."""

    feed_type = Atom1Feed

    def get_object(self, request, city: str) -> Municipality:
        return city_here(request, city)

    def title(self, municipality):
        return _("%(name)s の公民連携") % {"name": municipality.display_name}

    def subtitle(self, municipality):
        return _("新しい課題、連携事例、助成の募集")

    def link(self, municipality):
        return reverse("city", args=[municipality.slug])

    def feed_url(self, municipality):
        return reverse("feed", args=[municipality.slug])

    def items(self, municipality):
        challenges = listed(municipality).order_by("-published_at", "-pk").only(
            "title", "problem", "ref", "published_at"
        )  # fmt: skip
        stories = published_stories(municipality).order_by("-published_at", "-pk")
        calls = shown.calls(municipality).only(
            "title", "text", "ref", "published_at", "first_released_at", "released_at", "fund_id"
        )
        calls = calls.select_related(None)
        rows = [
            *((row.published_at, "call", row, row.text) for row in calls.order_by("-published_at")[:NEWEST]),
            *(
                (row.released_at, "result", row, _("審査の結果を発表しました。"))
                for row in calls.filter(released_at__isnull=False).order_by("-released_at")[:NEWEST]
            ),
            *(
                (row.first_released_at, "result", row, _("第一次審査の結果を発表しました。"))
                for row in calls.filter(first_released_at__isnull=False)
                .exclude(state="cancelled")
                .order_by("-first_released_at")[:NEWEST]
            ),
            *((row.published_at, "challenge", row, row.problem) for row in challenges[:NEWEST]),
            *((row.published_at, "story", row, row.lead or row.body) for row in stories[:NEWEST]),
        ]
        rows.sort(key=lambda item: item[0], reverse=True)
        return [(*item, municipality.slug) for item in rows[:NEWEST]]

    def item_title(self, item):
        kind = {
            "challenge": _("課題"),
            "story": _("連携事例"),
            "call": _("助成の募集"),
            "result": _("助成の結果"),
        }[item[1]]
        return _readable(f"[{kind}] {item[2].title}")

    def item_description(self, item):
        return _readable(item[3][:400])

    def item_link(self, item):
        name, place = {"call": ("fund-call", ""), "result": ("fund-call", "#results")}.get(
            item[1], (item[1], "")
        )
        return reverse(name, args=[item[4], item[2].ref]) + place

    def item_pubdate(self, item):
        return item[0]

    item_updateddate = item_pubdate


news = public_page(News())
