"""Template tags for the shared pieces; every piece is shown on the gallery page and listed in docs/look.md."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache, lru_cache
from html import escape as escape_text

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from musubi.lib import era
from musubi.www.drawings import bar_rows, funnel_steps

register = template.Library()

# How a tone from a lifecycle table looks: the class of the chip and the shape that says the same without colour.
TONES = {
    "neutral": ("", "circle"),
    "info": ("info", "half"),
    "active": ("go", "move"),
    "good": ("go", "dot"),
    "done": ("ok", "done"),
    "warn": ("warn", "warn"),
    "stop": ("stop", "stop"),
}

# The United Nations' short names; a page that has `plan.Goal` rows passes those instead.
GOALS = {
    1: ("貧困をなくそう", "No Poverty"),
    2: ("飢餓をゼロに", "Zero Hunger"),
    3: ("すべての人に健康と福祉を", "Good Health and Well-being"),
    4: ("質の高い教育をみんなに", "Quality Education"),
    5: ("ジェンダー平等を実現しよう", "Gender Equality"),
    6: ("安全な水とトイレを世界中に", "Clean Water and Sanitation"),
    7: ("エネルギーをみんなに そしてクリーンに", "Affordable and Clean Energy"),
    8: ("働きがいも経済成長も", "Decent Work and Economic Growth"),
    9: ("産業と技術革新の基盤をつくろう", "Industry, Innovation and Infrastructure"),
    10: ("人や国の不平等をなくそう", "Reduced Inequalities"),
    11: ("住み続けられるまちづくりを", "Sustainable Cities and Communities"),
    12: ("つくる責任 つかう責任", "Responsible Consumption and Production"),
    13: ("気候変動に具体的な対策を", "Climate Action"),
    14: ("海の豊かさを守ろう", "Life Below Water"),
    15: ("陸の豊かさも守ろう", "Life on Land"),
    16: ("平和と公正をすべての人に", "Peace, Justice and Strong Institutions"),
    17: ("パートナーシップで目標を達成しよう", "Partnerships for the Goals"),
}

# A traditional pattern for each goal: waves for the sea, linked rings for partnership, checks for equality …
TILES = {
    1: "shippo", 2: "kagome", 3: "kikko", 4: "yagasuri", 5: "ichimatsu", 6: "seigaiha", 7: "yagasuri",
    8: "kikko", 9: "kagome", 10: "ichimatsu", 11: "uroko", 12: "kagome", 13: "tatewaku", 14: "seigaiha",
    15: "asanoha", 16: "uroko", 17: "shippo",
}  # fmt: skip


@cache
def _sprite() -> str:
    return static("musubi/icons.svg")


@register.simple_tag(takes_context=True)
def told(context, place: str = "") -> list:
    """The messages of the last action that are read at `place`, or on top: those that name no place the page has.

    A page with such places lists them as `told_at`; a message names one as its `extra_tags`.
    """
    places = context.get("told_at", ())
    return [
        message
        for message in context.get("messages", ())
        if (message.extra_tags if message.extra_tags in places else "") == (place or "")
    ]


@register.simple_tag
@cache
def asset(path: str) -> str:
    """The address of a static file, as `{% static %}` gives it, asked for once: a page names ten of them."""
    return static(path)


@register.simple_block_tag
def once(content: str) -> SafeString:
    """`{% once as nav %}…{% endonce %}` draws something that is shown in two places of the page."""
    return content


def goal_name(number: int) -> str:
    """The short name of goal `number` (1–17) in the language of the page."""
    return GOALS[number][1 if get_language() == "en" else 0]


@register.simple_tag
def icon(name: str, classes: str = "icon") -> SafeString:
    """One drawing of the sprite, hidden from readers: always put words beside it."""
    return _icon(name, classes)


@lru_cache(maxsize=500, typed=True)
def _icon(name: str, classes: str) -> SafeString:
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes,
        _sprite(),
        name,
    )


@register.simple_tag
def chip(label: str, tone: str = "neutral", shape: str = "") -> SafeString:
    """A small label. `tone`: neutral, info, active, good, done, warn, stop; `shape` replaces the tone's icon."""
    return _chip(str(label), tone, shape)


@lru_cache(maxsize=1000, typed=True)
def _chip(label: str, tone: str, shape: str) -> SafeString:
    look, drawing = TONES.get(tone, TONES["neutral"])
    return format_html('<span class="chip {}">{}{}</span>', look, icon(shape or drawing), label)


@register.simple_tag
def state_chip(state, public: bool = False) -> SafeString:
    """A lifecycle `State` as a chip, with the staff label or, where `public`, everybody's."""
    return chip((state.public if public else "") or state.label, state.tone)


@register.simple_tag
def sdg_row(goals: Iterable, named: bool = False) -> SafeString:
    """Numbered squares for goals given as numbers or `plan.Goal` rows; `named` writes the names out beside them."""
    rows = tuple((g, goal_name(g)) if isinstance(g, int) else (g.number, g.display_name) for g in goals)
    return _sdg_row(rows, named, _("SDGsゴール")) if rows else mark_safe("")


@lru_cache(maxsize=1000, typed=True)
def _sdg_row(rows: tuple, named: bool, label: str) -> SafeString:
    if named:
        items = format_html_join(
            "",
            '<li><span class="sdg sdg-no sdg-{}" aria-hidden="true">{}</span>{}</li>',
            ((n, n, name) for n, name in rows),
        )
        return format_html('<ul class="sdgs named" aria-label="{}">{}</ul>', label, items)
    items = format_html_join(
        "",
        '<li class="sdg sdg-no sdg-{}" title="{} {}">{}<span class="vh"> {}</span></li>',
        ((n, n, name, n, name) for n, name in rows),
    )
    return format_html('<ul class="sdgs" aria-label="{}">{}</ul>', label, items)


def escape(text) -> str:
    """Any text for HTML, without Django's care for lazy and safe strings: for what is drawn by the dozen."""
    return escape_text(str(text))


@register.simple_tag
def challenge_card(
    *,
    href: str,
    title: str,
    department: str = "",
    municipality_name: str = "",
    goals: Iterable = (),
    summary: str = "",
    deadline: str = "",
    left: str = "",
    scale: str = "",
    scale_label: str = "",
    state_label: str = "",
    state_tone: str = "",
    proposals: int | str | None = None,
    level: str = "",
) -> SafeString:
    """`parts/challenge_card.html`, which says what is what. Drawn here because a list shows twenty of them, and a
    template takes ten times as long; and kept, because after a change in a city nineteen of them are the same."""
    numbers = tuple(getattr(goal, "number", goal) for goal in goals or ())
    state = (str(state_label), state_tone or "good")
    size = (str(scale_label), scale)
    where = (municipality_name, department)
    until = (deadline, left)
    return _challenge_card(
        get_language(), href, title, where, numbers, summary, until, size, state, proposals, level or "h2"
    )


@lru_cache(maxsize=4000)
def _challenge_card(_language, href, title, where, goals, summary, until, size, state, proposals, level):
    municipality_name, department = where
    scale_label, scale = size
    state_label, state_tone = state
    deadline, left = until
    head = chip(state_label, state_tone) if state_label else ""
    if scale_label:
        head += chip(scale_label, "neutral", "mountain" if scale == "large" else "sprout")
    until = _("%(deadline)sまで") % {"deadline": deadline} if deadline else _("随時受付")
    if deadline and left:
        until += f" ({left})"
    answers = ""
    if proposals is not None and proposals != "":
        answers = ngettext("提案 %(n)s件", "提案 %(n)s件", proposals) % {"n": proposals}
    return mark_safe(
        f'<article class="card"><div class="row">{head}</div>'
        f'<{level}><a href="{escape(href)}">{escape(title)}</a></{level}>'
        + (f'<p class="clamp">{escape(summary)}</p>' if summary else "")
        + f'<p class="meta"><span>{icon("building")}{escape(municipality_name)}{" " if municipality_name else ""}'
        f"{escape(department)}</span><span>{icon('calendar')}{escape(until)}</span></p>"
        f'<div class="foot-row">{sdg_row(goals)}{f"<span>{escape(answers)}</span>" if answers else ""}</div>'
        "</article>"
    )


@register.simple_tag
def challenge_cards(cards: Iterable[dict], level: str = "") -> SafeString:
    """A `parts/challenge_card.html` for each dict of its parameters."""
    return mark_safe("\n".join(challenge_card(**card, level=level) for card in cards))


@register.simple_tag
def art(goal: int | None = None, drawing: str = "") -> SafeString:
    """A drawn picture where there is no photograph: the goal's colour under a traditional pattern. Decorative."""
    number = getattr(goal, "number", goal)
    tile = TILES.get(number, "shippo")
    inner = icon(drawing, "icon") if drawing else ""
    sdg = f" sdg sdg-{number}" if number else ""
    return format_html('<span class="art{} tile-{}" aria-hidden="true">{}</span>', sdg, tile, inner)


@register.simple_tag(takes_context=True)
def nav_link(
    context, href: str, label: str, shape: str = "", count: int | None = None, exact: bool = False
) -> SafeString:
    """A link of a navigation that knows whether the page lies under it (`exact`: is exactly it)."""
    request = context.get("request")
    here = request.path if request else ""
    current = ""
    if here == href:
        current = mark_safe(' aria-current="page"')
    elif not exact and href != "/" and here.startswith(href):
        current = mark_safe(' aria-current="true"')
    badge = (
        format_html('<span class="count">{}<span class="vh">{}</span></span>', count, _("件"))
        if count
        else ""
    )
    return format_html('<a href="{}"{}>{}{}{}</a>', href, current, icon(shape) if shape else "", label, badge)


@register.simple_tag(takes_context=True)
def language_href(context, code: str) -> str:
    """Where the language switch leads: a plain link back to this page in the other language."""
    request = context.get("request")
    here = request.get_full_path() if request else "/"
    return f"/language/?{urlencode({'to': code, 'next': here})}"


def _day(value: date | datetime) -> date:
    return (
        timezone.localtime(value).date()
        if isinstance(value, datetime) and timezone.is_aware(value)
        else value
    )


@register.filter
def wareki(value: date | datetime | None, western: str = "") -> str:
    """令和8年6月15日(月); with "western" also the year of the common era. English pages: Jun 15, 2026."""
    if not value:
        return ""
    day = _day(value)
    if get_language() == "en":
        return date_format(day, "M j, Y")
    return era.format_date(day, western=bool(western))


@register.filter
def when(value: date | datetime | None) -> SafeString:
    """The same inside `<time>`, with the hour where there is one."""
    if not value:
        return mark_safe("")
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return format_html(
            '<time datetime="{}">{} {}</time>',
            local.isoformat(timespec="minutes"),
            wareki(value),
            f"{local:%H:%M}",
        )
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), wareki(value))


@register.filter
def days_left(day: date | None, today: date | None = None) -> str:
    """あと12日, 本日まで or 3日超過, counted in calendar days."""
    if not day:
        return ""
    left = (_day(day) - (today or timezone.localdate())).days
    if left == 0:
        return _("本日まで")
    if left > 0:
        return ngettext("あと%(days)d日", "あと%(days)d日", left) % {"days": left}
    return ngettext("%(days)d日超過", "%(days)d日超過", -left) % {"days": -left}


@register.filter
def page_numbers(page) -> Iterable[int | str]:
    """The numbers a pagination shows: both ends, two around this page, ellipses between."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)


@register.simple_tag(takes_context=True)
def pagination(context, page) -> SafeString:
    """`parts/pagination.html`, drawn here because each of its links repeats the query string."""
    if page.paginator.num_pages <= 1:
        return mark_safe("")
    query = context["request"].GET.copy()
    query.pop("page", None)
    before = escape(f"?{query.urlencode()}&page=" if query else "?page=")
    hidden = f'<span class="vh">{escape(_("ページ"))} </span>'
    items = []
    for n in page_numbers(page):
        if n == page.number:
            items.append(f'<li><span class="page" aria-current="page">{hidden}{n}</span></li>')
        elif n == page.paginator.ELLIPSIS:
            items.append('<li><span class="page" aria-hidden="true">…</span></li>')
        else:
            items.append(f'<li><a href="{before}{n}">{hidden}{n}</a></li>')
    back = onward = ""
    if page.has_previous():
        words = f"{icon('left')}{escape(_('前へ'))}"
        back = f'<a href="{before}{page.previous_page_number()}" rel="prev">{words}</a>'
    if page.has_next():
        words = f"{escape(_('次へ'))}{icon('right')}"
        onward = f'<a href="{before}{page.next_page_number()}" rel="next">{words}</a>'
    return mark_safe(
        f'<nav class="pages" aria-label="{escape(_("ページ"))}">{back}<ul>{"".join(items)}</ul>{onward}</nav>'
    )


@register.simple_tag
def table_cell(cell, columns: list[dict], index: int) -> SafeString:
    """One cell of `parts/table.html`; the first of a row is its heading."""
    column = columns[index]
    content = cell
    if isinstance(cell, dict):
        content = cell["text"]
        if "tone" in cell:
            content = chip(content, cell["tone"])
        if cell.get("href"):
            content = format_html('<a href="{}">{}</a>', cell["href"], content)
    if index == 0:
        return format_html('<th scope="row">{}</th>', content)
    number = mark_safe(' class="num"') if column.get("num") else ""
    return format_html('<td{} data-label="{}">{}</td>', number, column["label"], content)


@register.inclusion_tag("parts/funnel.html")
def funnel(steps: list[dict], title: str = "", note: str = "") -> dict:
    """`steps`: `{"label", "value", "href", "share", "note"}`, widest first; all but label and value may be missing."""
    return {"steps": steps, "title": title, "note": note, **funnel_steps(steps)}


@register.inclusion_tag("parts/bars.html")
def bars(items: list[dict], title: str = "", unit: str = "", note: str = "", most: int | None = None) -> dict:
    """`items`: `{"label", "value", "href"}`. A horizontal bar for each, with the number written beside it; `most` is
    what would fill the width, where that is not the largest (100 for shares)."""
    return {
        "rows": bar_rows(items, most),
        "title": title,
        "unit": unit,
        "note": note,
        "height": 44 * len(items) + 4,
    }


@register.filter
def goal_words(label: str, value) -> str:
    """The label of a goal without its leading number, which the square beside it already shows."""
    number, words = str(value), str(label)
    return words.removeprefix(number).lstrip(" .:：") or words
