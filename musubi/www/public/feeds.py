"""What is new, for feed readers."""

import unicodedata

from django.contrib.syndication.views import Feed
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from musubi.challenges.queries import listed
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
    """The newest challenges and stories of one municipality, as Atom."""

    feed_type = Atom1Feed

    def get_object(self, request, city: str) -> Municipality:
        return city_here(request, city)

    def title(self, municipality):
        return _("%(name)s の公民連携") % {"name": municipality.display_name}

    def subtitle(self, municipality):
        return _("新しい課題と連携事例")

    def link(self, municipality):
        return reverse("city", args=[municipality.slug])

    def feed_url(self, municipality):
        return reverse("feed", args=[municipality.slug])

    def items(self, municipality):
        challenges = listed(municipality).order_by("-published_at", "-pk").only(
            "title", "problem", "ref", "published_at"
        )  # fmt: skip
        stories = published_stories(municipality).order_by("-published_at", "-pk")
        rows = [
            *((row.published_at, "challenge", row, row.problem) for row in challenges[:NEWEST]),
            *((row.published_at, "story", row, row.lead or row.body) for row in stories[:NEWEST]),
        ]
        rows.sort(key=lambda item: item[0], reverse=True)
        return [(*item, municipality.slug) for item in rows[:NEWEST]]

    def item_title(self, item):
        kind = {"challenge": _("課題"), "story": _("連携事例")}[item[1]]
        return _readable(f"[{kind}] {item[2].title}")

    def item_description(self, item):
        return _readable(item[3][:400])

    def item_link(self, item):
        return reverse(item[1], args=[item[4], item[2].ref])

    def item_pubdate(self, item):
        return item[0]

    item_updateddate = item_pubdate


news = public_page(News())
