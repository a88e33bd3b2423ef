"""Walks through the product in Chromium: `def test_x(live, page, sign_in, axe)`.

    live        the served product: `live.url`, on a database the test fills
    page        a Playwright page, 1280 × 800, Japanese, motion reduced; ends the test when the page had a fault
    sign_in     sign_in(page, user): as if the person had signed in
    axe         axe(page): no violation of axe-core's rules, in light and in dark
    walker      walker(user=None, …): somebody with a browser of their own, a `walks.Walk`; every page they come to
                is looked at: axe, one heading, no wider than the window
    faults      what went wrong in the browser so far; a test that expects a fault clears it: `faults.clear()`

All tests in this folder carry the marker `browser`. Without Chromium they are skipped, and fail with CI=true.
"""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import sync_playwright

from tests.browser.walks import Walk

HERE = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None and not IN_CI:
                item.add_marker(
                    pytest.mark.skip(reason="NO CHROMIUM: apt-get install chromium fonts-noto-cjk")
                )


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """One browser for the run. Any name but this machine's resolves to nothing."""
    assert CHROMIUM, "no Chromium on this machine: apt-get install chromium fonts-noto-cjk"
    # Playwright's loop runs in this thread, which makes Django think the tests were asynchronous.
    patch = pytest.MonkeyPatch()
    patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    # Without a home, Chromium has nowhere to put its crash reports and does not start.
    home = str(tmp_path_factory.mktemp("home"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            env=os.environ | {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home},
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            ],
        )
        yield browser
        browser.close()
    patch.undo()


@pytest.fixture
def live(live_server, settings, emptied_ledger):
    settings.ORIGIN = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return live_server


@pytest.fixture
def faults():
    return []


def open_page(chromium, faults, **options):
    """A page in a context of its own; whatever goes wrong in it is added to `faults`."""
    context = chromium.new_context(
        **{
            "locale": "ja-JP",
            "timezone_id": "Asia/Tokyo",
            "viewport": {"width": 1280, "height": 800},
            "reduced_motion": "reduce",
            **options,
        }
    )
    context.set_default_timeout(10_000)

    def on_console(message):
        # A refused page says this too; a missing file is caught below, with its address.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            faults.append(f"console: {message.text}")

    def on_request(asked):
        url = urlsplit(asked.url)
        if url.scheme in {"http", "https", "ws", "wss"} and url.hostname not in {"localhost", "127.0.0.1"}:
            faults.append(f"reached outside: {asked.url}")

    def on_response(response):
        if response.status >= 500 or (
            response.status >= 400 and response.request.resource_type != "document"
        ):
            faults.append(f"{response.status}: {response.url}")

    def watch(page):
        page.on("console", on_console)
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))

    context.on("page", watch)
    context.on("request", on_request)
    context.on("response", on_response)
    return context.new_page()


@pytest.fixture
def page(chromium, faults, request, tmp_path):
    page = open_page(chromium, faults)
    yield page
    if getattr(request.node, "failed_in_browser", False) or faults:
        picture = tmp_path / "page.png"
        page.screenshot(path=picture, full_page=True)
        print(f"The page when the test ended: {page.url} — {picture}")
    page.context.close()
    assert faults == []


@pytest.fixture
def walker(chromium, live, faults, sign_in, axe, request, tmp_path):
    walks = []

    def walker(user=None, *, width=1280, scripts=True, **options):
        height = 800 if width > 600 else 740
        viewport = {"width": width, "height": height}
        page = open_page(chromium, faults, viewport=viewport, java_script_enabled=scripts, **options)
        if user:
            sign_in(page, user)
        reader = None if scripts else open_page(chromium, faults, viewport=viewport)
        walks.append(Walk(page, live.url, axe, width, reader))
        return walks[-1]

    yield walker
    failed = getattr(request.node, "failed_in_browser", False)
    unseen = []
    if not failed:
        left = [url for walk in walks for url in [*walk.missed, walk.unseen] if url]
        unseen = [f"never looked at: {url}" for url in left]
    for number, walk in enumerate(walks, 1):
        if (failed or faults or unseen) and not walk.page.is_closed():
            picture = tmp_path / f"page-{number}.png"
            walk.page.screenshot(path=picture, full_page=True)
            print(f"Page {number} when the test ended: {walk.page.url} — {picture}")
        walk.close()
    assert faults + unseen == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and report.failed:
        item.failed_in_browser = True
    return report


@pytest.fixture
def sign_in(live):
    def sign_in(page, user):
        client = Client()
        client.force_login(user)
        cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [
                {
                    "name": django_settings.SESSION_COOKIE_NAME,
                    "value": cookie,
                    "url": live.url,
                    "httpOnly": True,
                }
            ]
        )

    return sign_in


@pytest.fixture
def axe():
    def run(page, options):
        # Evaluated by the browser itself, so that the page's own content security policy stays as it is.
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        # What was in order is not asked for: naming each of its elements takes most of the time.
        options = options | {"resultTypes": ["violations"]}
        return page.evaluate("options => axe.run(document, options)", options)["violations"]

    def axe(page, *, dark=True):
        page.emulate_media(color_scheme="light")
        found = [("light", violation) for violation in run(page, {})]
        if dark:
            page.emulate_media(color_scheme="dark")
            found += [
                ("dark", violation)
                for violation in run(page, {"runOnly": {"type": "rule", "values": ["color-contrast"]}})
            ]
            page.emulate_media(color_scheme="light")
        lines = [
            f"[{scheme}] {violation['id']} — {violation['help']}\n    {node['html'][:200]}\n    "
            + node["failureSummary"].replace("\n", "\n    ")
            for scheme, violation in found
            for node in violation["nodes"]
        ]
        assert lines == [], f"{page.url}\n" + "\n".join(lines)

    return axe
