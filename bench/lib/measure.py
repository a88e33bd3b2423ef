"""Measures requests in one process, through the real WSGI handler and every middleware, in turn with a yardstick."""

import gc
import gzip
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext, override_settings

WARM_UP = 3


@dataclass(frozen=True)
class Page:
    """One address to measure, as who, and in which way: `prepare` runs before each request, outside the clock."""

    name: str
    address: str
    cookie: str = ""
    headers: dict = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    status: int = 200


@dataclass(frozen=True)
class Answer:
    """What came back, and what it took. Milliseconds of the clock and of this process's CPU."""

    status: int
    headers: dict[str, str]
    body: bytes
    wall: float
    cpu: float


def product_handler() -> WSGIHandler:
    return WSGIHandler()


def bare_handler() -> WSGIHandler:
    """The yardstick's own handler; the middleware is read when it is made, so the product's settings stay."""
    from bench.lib.bare.middleware import STANDARD

    with override_settings(MIDDLEWARE=STANDARD):
        return WSGIHandler()


def ask(handler: WSGIHandler, page: Page) -> Answer:
    """One GET, as a web server would hand it over, from the first line of Django to the last byte."""
    more = {"HTTP_ACCEPT_ENCODING": "gzip", "HTTP_ACCEPT_LANGUAGE": "ja", **page.headers}
    if page.cookie:
        more["HTTP_COOKIE"] = page.cookie
    environ = RequestFactory().get(page.address, **more).environ
    got = {}

    def start_response(status, headers, exc_info=None):
        got.update(status=int(status.split()[0]), headers=dict(headers))

    page.prepare()
    wall, cpu = time.perf_counter(), time.process_time()
    response = handler(environ, start_response)
    body = b"".join(response)
    response.close()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if got["status"] != page.status:
        raise RuntimeError(f"{page.name}: {page.address} answered {got['status']}, not {page.status}")
    return Answer(got["status"], got["headers"], body, wall * 1000, cpu * 1000)


def html_of(answer: Answer) -> bytes:
    return gzip.decompress(answer.body) if answer.headers.get("Content-Encoding") == "gzip" else answer.body


def statements(handler: WSGIHandler, page: Page) -> list[str]:
    """The SQL of one request."""
    with CaptureQueriesContext(connection) as captured:
        ask(handler, page)
    return [query["sql"] for query in captured.captured_queries]


def compare(pages: list[Page], yardstick: Page, *, rounds: int) -> dict[str, dict]:
    """Each page and the yardstick, in turn, `rounds` times; figures by name, the yardstick's under its own.

    A page's `ratio` is the median of its CPU over the yardstick's CPU *in the same round*: what else the machine
    does at that moment weighs on both.
    """
    product, bare = product_handler(), bare_handler()
    figures = {}
    for page in pages:
        figures[page.name] = {"address": page.address, "statements": len(statements(product, page))}
    figures[yardstick.name] = {"address": "", "statements": len(statements(bare, yardstick))}
    answers: dict[str, list[Answer]] = {page.name: [] for page in [yardstick, *pages]}
    for number in range(-WARM_UP, rounds):
        for page in [yardstick, *pages]:
            # The rounds are alike: left alone, the collector's turn would come on the same page in every one of them.
            gc.collect(0)
            answer = ask(bare if page is yardstick else product, page)
            if number >= 0:
                answers[page.name].append(answer)
    yard = [answer.cpu for answer in answers[yardstick.name]]
    for name, several in answers.items():
        html = html_of(several[-1])
        figures[name] |= {
            "milliseconds": round(median(a.wall for a in several), 2),
            "cpu_milliseconds": round(median(a.cpu for a in several), 2),
            "ratio": round(median(a.cpu / y for a, y in zip(several, yard, strict=True)), 3),
            "html_bytes": len(html),
            "html_bytes_gzip": len(gzip.compress(html, 6)),
        }
    return figures
