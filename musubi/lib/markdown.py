"""Text that people write, shown as HTML: a small Markdown without raw HTML, cleaned once more by nh3.

Headings begin at h3, because h1 and h2 belong to the page. A plain line break stays one, because people who have
never heard of Markdown press Enter where they want a new line.
"""

import re
from importlib import import_module

import nh3
from django.utils.html import linebreaks
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_TAGS = {
    "h3",
    "h4",
    "h5",
    "h6",
    "p",
    "br",
    "hr",
    "strong",
    "em",
    "s",
    "a",
    "ul",
    "ol",
    "li",
    "blockquote",
    "code",
    "pre",
}
_TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto", "tel"}

_parser = (
    MarkdownIt("commonmark", {"html": False, "breaks": True})
    .enable(["table", "strikethrough"])
    .disable("image")
)


# One paragraph of letters in which neither Markdown nor HTML sees anything: most of what people write.
_PLAIN = re.compile(r"[^\W_]([^\x00-\x1f!-/:-@\[-`{-\xa0\u2028\u2029]*[^\W_]|[^\W_]*)[、。]?")


# A text of a few kilobytes must not become megabytes, nor minutes: a table whose rows are shorter than its head is
# filled up with empty cells (up to 65,536 of them as it comes), and what is longer than a chapter is shown as typed.
# (The package exports a function of the module's name, so the module is asked for by its own.)
import_module("markdown_it.rules_block.table").MAX_AUTOCOMPLETED_CELLS = 500
LONGEST = 20_000


def render(text: str) -> SafeString:
    """HTML of a text, safe to put into a page. Links carry rel="nofollow noopener"; images are not shown.

    A text of more than `LONGEST` characters is shown as it was typed, in paragraphs.
    """
    if len(text) > LONGEST:
        return mark_safe(linebreaks(text, autoescape=True))
    if _PLAIN.fullmatch(text):
        return mark_safe(f"<p>{text}</p>\n")
    tokens = _parser.parse(text)
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    # The highest heading that was used becomes h3, whether people begin with # or with ##: no level is skipped.
    top = min((int(token.tag[1]) for token in headings), default=1)
    for token in headings:
        token.tag = f"h{min(int(token.tag[1]) - top + 3, 6)}"
    html = _parser.renderer.render(tokens, _parser.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener",
        strip_comments=True,
    )
    return mark_safe(clean)
