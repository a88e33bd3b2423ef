"""Somebody walking through the product: `Walk` presses, types and reads as a person would, and looks at every page."""

import hashlib
import re

from playwright.sync_api import Locator, Page, expect

# Pages that were looked at before in this run, at the same width: what they are built of, whatever they say.
_looked: set[str] = set()
# Elements inside elements, by name and class, that were looked at in dark: colours do not depend on more.
_dark: set[str] = set()
_PAIRS = """() => {
  const name = e => e.localName + (typeof e.className === 'string' ? '.' + e.className : '');
  return [...new Set([...document.querySelectorAll('body *')].map(e => name(e.parentElement) + '>' + name(e)))];
}"""


def build_of(page: str) -> str:
    """The page's elements with their attributes; words and numbers do not count, only that there are some."""
    page = re.sub(r">[^<>]*[^\s<>][^<>]*<", ">t<", page)
    page = re.sub(
        r' (value|title|content|alt|aria-label|placeholder|nonce|data-[\w-]+)="[^"]+"', r' \1="t"', page
    )
    return re.sub(r"\d+", "0", page)


class Walk:
    """One person's browser.

    `go`, `press` and `follow` come to a page and look at it: no violation of axe-core's rules, one main heading, not
    wider than the window. A page that is left without a look ends the test (see the fixture `walker`).
    """

    def __init__(self, page: Page, url: str, axe, width: int, reader: Page | None = None):
        """`reader`: where `page` runs no scripts, a page that does, in which axe-core reads what `page` shows."""
        self.page, self.url, self.width = page, url, width
        self._axe, self._reader = axe, reader
        # Pages that were left without a look, and the one that was come to but not yet looked at.
        self.missed: list[str] = []
        self.unseen = ""
        page.on("domcontentloaded", self._arrive)

    def _arrive(self, page: Page) -> None:
        if self.unseen:
            self.missed.append(self.unseen)
        self.unseen = page.url

    def new_tab(self) -> "Walk":
        """Another tab of the same browser."""
        return Walk(self.page.context.new_page(), self.url, self._axe, self.width, self._reader)

    def close(self) -> None:
        self.page.context.close()
        if self._reader:
            self._reader.context.close()

    # Coming to a page

    def go(self, path: str, *, status: int = 200) -> "Walk":
        answer = self.page.goto(self.url + path)
        assert answer is None or answer.status == status, f"{path}: {answer.status}"
        return self.look()

    def press(self, name: str, *, within: Locator | None = None, status: int = 200) -> "Walk":
        """Press the button and look at the page that answers."""
        return self._leave(self.button(name, within=within), status)

    def follow(self, name: str | re.Pattern, *, within: Locator | None = None) -> "Walk":
        """Follow the (first) link and look at the page it leads to."""
        return self._leave(self.link(name, within=within).first, 200)

    def press_on(self, what: Locator, *, status: int = 200) -> "Walk":
        """Press this very element and look at the page it leads to."""
        return self._leave(what, status)

    def _leave(self, what: Locator, status: int) -> "Walk":
        with self.page.expect_navigation() as found:
            what.click()
        answer = found.value
        assert answer is None or answer.status == status, f"{self.page.url}: {answer.status}"
        return self.look()

    def look(self) -> "Walk":
        """Look at the page as it is now."""
        self.unseen = ""
        page = self.page
        assert page.locator("h1").count() == 1, f"{page.url}: {page.locator('h1').all_inner_texts()}"
        mark = hashlib.sha256(f"{self.width}\n{build_of(page.content())}".encode()).hexdigest()
        self.fits()
        if mark not in _looked:
            pairs = set(page.evaluate(_PAIRS))
            self._axe(self._read() if self._reader else page, dark=not pairs <= _dark)
            _looked.add(mark)
            _dark.update(pairs)
        return self

    def _read(self) -> Page:
        reader, url, text = self._reader, self.page.url.partition("#")[0], self.page.content()
        reader.route(url, lambda route: route.fulfill(body=text, content_type="text/html; charset=utf-8"))
        # The words are what is looked at; the page's own scripts would change them.
        reader.route("**/*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
        reader.goto(url)
        reader.unroute_all()
        return reader

    def fits(self) -> None:
        """Nothing makes the window scroll sideways."""
        wide = self.page.evaluate(
            """() => document.scrollingElement.scrollWidth <= innerWidth ? [] :
            [`${document.scrollingElement.scrollWidth} px`, ...[...document.querySelectorAll('body *')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 6).map(e => e.outerHTML.slice(0, 160))]"""
        )
        assert wide == [], f"{self.page.url} is wider than {self.width} px:\n" + "\n".join(wide)

    # What is on it

    def button(self, name: str, *, within: Locator | None = None) -> Locator:
        return (within or self.page).get_by_role("button", name=name, exact=True)

    def link(self, name: str | re.Pattern, *, within: Locator | None = None) -> Locator:
        exact = None if isinstance(name, re.Pattern) else True
        return (within or self.page.get_by_role("main")).get_by_role("link", name=name, exact=exact)

    def field(self, label: str, *, within: Locator | None = None) -> Locator:
        return (within or self.page.get_by_role("main")).get_by_label(label, exact=True)

    def fill(self, label: str, text: str, *, within: Locator | None = None) -> "Walk":
        self.field(label, within=within).fill(text)
        return self

    def pick(self, label: str, *, within: Locator | None = None) -> "Walk":
        """Tick the box, or choose the radio button."""
        self.field(label, within=within).check()
        return self

    def choose(self, label: str, option: str, *, within: Locator | None = None) -> "Walk":
        """Choose from the drop-down list."""
        self.field(label, within=within).select_option(label=option)
        return self

    def part(self, heading: str) -> Locator:
        """The section, panel or list entry under this heading."""
        return self.page.locator(
            "section, article, .panel, li", has=self.page.get_by_role("heading", name=heading)
        ).last

    def unfold(self, summary: str) -> Locator:
        """What is folded away under this summary, unfolded."""
        folded = (
            self.page.get_by_role("main")
            .locator("details", has=self.page.locator("summary", has_text=summary))
            .last
        )
        if folded.get_attribute("open") is None:
            folded.locator("summary").first.click()
        return folded

    def sees(self, *words: str, within: Locator | None = None) -> "Walk":
        """Each of the words is shown (waits for them)."""
        for word in words:
            expect(within or self.page.get_by_role("main")).to_contain_text(word)
        return self

    def misses(self, *words: str) -> "Walk":
        """None of the words is anywhere in the page, shown or not."""
        content = self.page.content()
        assert [word for word in words if word in content] == []
        return self

    @property
    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).inner_text()
