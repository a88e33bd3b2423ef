"""What a first visit to a page weighs on the wire: the page and every file it leads the browser to."""

import posixpath
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from django.conf import settings

_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)""")


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        wanted = {"script": "src", "img": "src", "source": "src", "use": "href"}.get(tag)
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload", "modulepreload"):
            wanted = "href"
        if wanted and given.get(wanted, "").startswith(settings.STATIC_URL):
            self.found.add(given[wanted].partition("#")[0])


@dataclass(frozen=True)
class Weight:
    """Bytes of bodies, compressed as WhiteNoise serves them to every browser (gzip where that is smaller)."""

    html: int
    files: dict[str, int]

    @property
    def total(self) -> int:
        return self.html + sum(self.files.values())


def weigh(html: bytes, html_gzip: int) -> Weight:
    """Counts every file the page names, and every file those stylesheets name, used on the page or not."""
    links = _Links()
    links.feed(html.decode())
    files: dict[str, int] = {}
    waiting = list(links.found)
    while waiting:
        address = waiting.pop()
        if address in files:
            continue
        path = Path(settings.STATIC_ROOT, address.removeprefix(settings.STATIC_URL))
        packed = path.with_name(path.name + ".gz")
        files[address] = (packed if packed.exists() else path).stat().st_size
        if path.suffix == ".css":
            for named in _URL.findall(path.read_text()):
                if not named.startswith(("data:", "#")):
                    waiting.append(
                        posixpath.normpath(
                            posixpath.join(posixpath.dirname(address), named.partition("#")[0])
                        )
                    )
    return Weight(html_gzip, dict(sorted(files.items())))
