"""The words of an HTML mail. Nothing of it is ever shown as HTML, nothing it points to is fetched."""

import re
from html import unescape
from html.parser import HTMLParser

import nh3

_SILENT = {"script", "style", "title", "template", "svg", "object", "iframe", "noscript"}
_BLOCKS = {
    "p", "div", "section", "article", "header", "footer", "table", "ul", "ol", "pre", "blockquote", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "hr", "dl", "dt", "dd", "center",
}  # fmt: skip
_LINES = {"br", "tr", "li"}
_CELLS = {"td", "th"}
_EMPTY = {
    "br",
    "hr",
    "img",
    "meta",
    "link",
    "input",
    "col",
    "area",
    "base",
    "wbr",
    "source",
    "track",
    "embed",
}
# What mail programs put what they answer to into.
_QUOTES = re.compile(r"\b(gmail_quote|yahoo_quoted|moz-cite|protonmail_quote|zmail_extra)\b", re.IGNORECASE)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(px|pt|;|$)", re.IGNORECASE
)
_MOST_LINES = 20_000
_LONGEST = 200_000
_MOST_TAGS = 15_000


def text_of(html: str) -> str:
    """The words of `html`, line by line; what it quotes begins with `>` as in a plain mail."""
    html = html[:_LONGEST]
    if html.count("<") > _MOST_TAGS:  # no mail program writes this: the words will do
        return unescape(re.sub(r"<[^<>]{0,1000}>", " ", html)).strip()
    # First made whole by nh3: on broken HTML Python's own parser takes time with the square of its length.
    whole = nh3.clean(
        html,
        tags=_BLOCKS | _LINES | _CELLS | {"span", "font", "a", "b", "i", "tbody", "thead"},
        attributes={"*": {"class", "style"}},
        clean_content_tags=_SILENT,
        link_rel=None,
    )
    reader = _Reader()
    reader.feed(whole)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.lines: list[tuple[int, str]] = []
        self.words: list[str] = []
        # Each open tag, and whether it began something silent or a quote. Never deeper than this, whatever comes.
        self.open: list[tuple[str, bool, bool]] = []
        self.silent = self.quote = self.pre = 0

    def handle_starttag(self, tag: str, attrs):
        if tag in _BLOCKS or tag in _LINES:
            self._end_line(keep_empty=tag == "br")
        if tag in _CELLS and self.words:
            self.words.append(" ")
        if tag == "li":
            self.words.append("- ")
        if tag in _EMPTY:
            return
        about = dict(attrs)
        silent = tag in _SILENT or bool(_HIDDEN.search(about.get("style") or ""))
        quote = tag == "blockquote" or bool(_QUOTES.search(about.get("class") or ""))
        if tag == "blockquote" and self.open and self.open[-1][2] and self.open[-1][0] == "div":
            quote = False  # Gmail puts a blockquote into its quote: one `>` is enough
        if len(self.open) < 500:
            self.open.append((tag, silent, quote))
            self.silent += silent
            self.quote += quote

    def handle_endtag(self, tag: str):
        if tag in _BLOCKS or tag in ("tr", "li"):
            self._end_line(gap=tag == "p")
        for at in range(len(self.open) - 1, -1, -1):
            if self.open[at][0] == tag:
                for _, silent, quote in self.open[at:]:
                    self.silent -= silent
                    self.quote -= quote
                del self.open[at:]
                return

    def handle_data(self, data: str):
        if self.silent:
            return
        if any(tag == "pre" for tag, _, _ in self.open[-5:]):
            first, *rest = data.split("\n")
            self.words.append(first)
            for line in rest:
                self._end_line(keep_empty=True)
                self.words.append(line)
        else:
            self.words.append(re.sub(r"[ \t\r\n\f]+", " ", data))

    def _end_line(self, *, keep_empty: bool = False, gap: bool = False):
        line = re.sub(r" {2,}", " ", "".join(self.words).replace("\xa0", " ")).strip(" ")
        had_words = bool(self.words)
        self.words = []
        if (line or keep_empty or (had_words and gap)) and len(self.lines) < _MOST_LINES:
            self.lines.append((min(self.quote, 5), line))
        if gap and line and len(self.lines) < _MOST_LINES:
            self.lines.append((min(self.quote, 5), ""))

    def text(self) -> str:
        self._end_line()
        lines = [("> " * depth + line).rstrip() if depth else line for depth, line in self.lines]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
