"""The open needs: the list and one of them with its chain."""

from django.db.models import Case, F, Value, When
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from musubi.challenges import queries
from musubi.challenges.models import Challenge
from musubi.challenges.rules import takes_proposals
from musubi.challenges.states import LISTED, Scale, Visibility
from musubi.lib import clock, markdown
from musubi.matching import live
from musubi.people.models import Municipality
from musubi.people.permissions import authority
from musubi.people.queries import section_names
from musubi.plan.queries import field_choices
from musubi.www.kept import public_page
from musubi.www.public.cards import challenge_cards, dress_challenges_here, state_words
from musubi.www.public.chain import of_challenge
from musubi.www.public.common import city_here, crumbs
from musubi.www.public.lists import MOST, MOST_NARROWED, NEWEST_HERE, Filter, Pick, Words, page_of
from musubi.www.public.related import KEEP_SECONDS, challenges_like, solutions_near
from musubi.www.templatetags.pieces import GOALS, goal_name, wareki

# How many like a challenge are shown, of its municipality and of others each: beside it, and on a page of their own.
PART, WHOLE = 3, 10

STATES = [
    ("published", gettext_lazy("募集中")),
    ("matched", gettext_lazy("連携中")),
    ("resolved", gettext_lazy("解決")),
]


class ChallengeFilter(Filter):
    sorts = {"new": gettext_lazy("新しい順"), "deadline": gettext_lazy("締切が近い順")}
    q = Words(label=gettext_lazy("課題をさがす"), required=False)
    goal = Pick(label=gettext_lazy("SDGsゴール"), as_number=True)
    field = Pick(label=gettext_lazy("分野"))
    department = Pick(label=gettext_lazy("担当課"), as_number=True)
    scale = Pick(label=gettext_lazy("規模"), choices=Scale.choices)
    state = Pick(label=gettext_lazy("状態"), choices=STATES)
    open = Pick(label=gettext_lazy("受付"), choices=[("1", gettext_lazy("提案を受け付けている課題だけ"))])
    field_order = ["q", "field", "goal", "department", "scale", "state", "open"]

    def __init__(self, request, municipality: Municipality):
        super().__init__(request)
        self.fields["q"].widget.attrs["placeholder"] = _("例: 海ごみ、子育て、防災")
        self.fields["goal"].offer((n, f"{n} {goal_name(n)}") for n in GOALS)
        self.fields["field"].offer(field_choices())
        english = get_language() == "en"
        names = section_names(municipality.pk)
        self.fields["department"].offer((pk, (english and name_en) or name) for pk, name, name_en in names)


def _order(name: str) -> list:
    if name != "deadline":
        return ["-published_at", "-pk"]
    # Deadlines to come, then those always open, then what is over.
    turn = Case(
        When(deadline__gte=clock.today(), then=Value(0)), When(deadline=None, then=Value(1)), default=Value(2)
    )
    return [turn, F("deadline").asc(nulls_last=True), "-published_at", "-pk"]


def readable(user, municipality: Municipality):
    """What the list shows this person: the public ones, and to members and staff those widened to them."""
    if not authority(user).seats:
        return queries.listed(municipality)
    rows = queries.visible_to(user, municipality).filter(state__in=LISTED)
    return rows.exclude(state="published", expires_on__lt=clock.today())


@public_page
def challenges(request, city: str):
    municipality = city_here(request, city)
    form = ChallengeFilter(request, municipality)
    wanted = form.narrowing
    is_anyone = not authority(request.user).seats
    # All are looked at where the index alone cannot tell which fit: by date, or for who reads more than the public.
    may_cut = is_anyone and form.order == "new" and "open" not in wanted
    rows = queries.find(
        readable(request.user, municipality),
        text=wanted.get("q", ""),
        goal=wanted.get("goal"),
        field=wanted.get("field", ""),
        department=wanted.get("department"),
        scale=wanted.get("scale", ""),
        state=wanted.get("state", ""),
        open_only="open" in wanted,
        municipality=municipality,
        public=is_anyone,
        newest=NEWEST_HERE if may_cut else None,
    )
    most = MOST_NARROWED if wanted else MOST
    page = page_of(rows.order_by(*_order(form.order)), request.GET.get("page"), dress_challenges_here, most)
    return render(
        request,
        "public/challenges.html",
        {
            "municipality": municipality,
            "crumbs": crumbs(municipality, _("課題")),
            "page_title": _("課題"),
            "form": form,
            "page": page,
            "cards": challenge_cards(page, municipality),
            "save_href": _save_href(request.user, municipality, wanted),
        },
    )


def _save_href(user, municipality: Municipality, wanted: dict) -> str:
    """Where a representative saves what the list is narrowed by, to be told of new ones; "" for everybody else."""
    if not authority(user).organisation_ids:
        return ""
    asked = {name: wanted[name] for name in ("q", "goal", "field") if name in wanted}
    return reverse("my-search-new") + "?" + urlencode({**asked, "city": municipality.slug})


@public_page
def challenge(request, city: str, ref: str):
    municipality, row = _readable_or_404(request, city, ref)
    goals, codes = queries.goals_and_fields(row.pk)
    its_fields = [(code, name) for code, name in field_choices() if code in codes]
    label, tone = state_words(row)
    response = render(
        request,
        "public/challenge.html",
        {
            "municipality": municipality,
            "crumbs": crumbs(municipality, (_("課題"), reverse("challenges", args=[city])), row.title),
            "page_title": row.title,
            "challenge": row,
            "state_label": label,
            "state_tone": tone,
            "unpublished": row.state in ("draft", "checking") or row.visibility < Visibility.PUBLIC,
            "takes_proposals": takes_proposals(row) and row.visibility >= Visibility.MEMBERS,
            "problem": markdown.render(row.problem),
            "goal_image": markdown.render(row.goal_image),
            "offer_note": markdown.render(row.offer_note),
            "conditions": markdown.render(row.conditions),
            "offers": _offers(row),
            "facts": _facts(row, its_fields),
            "goals": goals,
            "chain": of_challenge(row),
            "solutions": solutions_near(row),
            "shows_similar": live.is_made(),
        },
    )
    response.keep_seconds = KEEP_SECONDS
    return response


@public_page
def similar(request, city: str, ref: str):
    """Challenges like this one, here and elsewhere: a page, or with `part` what the challenge's own page shows."""
    from musubi.matching.engine.index import Preparing

    municipality, row = _readable_or_404(request, city, ref)
    is_part = "part" in request.GET
    preparing = False
    try:
        here, elsewhere = challenges_like(row, most=PART if is_part else WHOLE)
    except Preparing:
        here, elsewhere, preparing = [], [], True
    context = {"here": here, "elsewhere": elsewhere, "municipality": municipality}
    if is_part:
        response = render(request, "public/_similar.html", context)
    else:
        trail = [
            (_("課題"), reverse("challenges", args=[city])),
            (row.title, reverse("challenge", args=[city, ref])),
        ]
        title = _("似た課題")
        context |= {
            "crumbs": crumbs(municipality, *trail, title),
            "page_title": f"{title} — {row.title}",
            "title": title,
            "challenge": row,
            "preparing": preparing,
        }
        response = render(request, "public/similar.html", context)
    response.keepable, response.keep_seconds = not preparing, KEEP_SECONDS
    return response


def _readable_or_404(request, city: str, ref: str) -> tuple[Municipality, Challenge]:
    municipality = city_here(request, city)
    row = queries.visible_to(request.user, municipality).filter(ref=ref).select_related("department").first()
    if row is None:
        raise Http404
    row.municipality = municipality
    return municipality, row


def _offers(row: Challenge) -> list[str]:
    names = ["offers_field", "offers_data", "offers_publicity", "offers_budget"]
    return [Challenge._meta.get_field(name).verbose_name for name in names if getattr(row, name)]


def _facts(row: Challenge, its_fields: list[tuple[str, str]]) -> list[tuple]:
    return [
        (_("担当課"), row.department.display_name),
        (_("提案の締切"), wareki(row.deadline, "western") if row.deadline else _("随時受付")),
        (_("規模"), row.get_scale_display()),
        (_("分野"), _("、").join(name for _code, name in its_fields)),
        (_("公開日"), wareki(row.published_at, "western")),
        (_("掲載期限"), wareki(row.expires_on, "western") if row.state == "published" else ""),
        (_("終了の理由"), row.get_close_reason_display() if row.state == "closed" else ""),
        (_("整理番号"), row.ref),
    ]
