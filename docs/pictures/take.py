"""Takes the pictures of the documentation from a running demo: `script/screenshots` calls it.

    take.py ORIGIN FOLDER

Writes `demo.png`: the public page of the seaside city beside one shared record, as they are.
"""

import base64
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SIZE = {"width": 1280, "height": 960}
FRAME = """<!doctype html><style>
body{margin:0;padding:40px;background:#e9eef0;display:flex;gap:32px;width:1720px}
img{width:844px;border-radius:14px;box-shadow:0 10px 40px #0b2b3326,0 1px 3px #0b2b3333}</style>"""


def main(origin: str, folder: Path) -> None:
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(viewport=SIZE, locale="ja-JP", color_scheme="light").new_page()
        page.goto(f"{origin}/hamanagi/")
        shots = [page.screenshot()]
        page.goto(f"{origin}/accounts/demo/")
        page.locator("form", has_text="渡会 汐里").locator("button").first.click()
        page.goto(f"{origin}/hamanagi/staff/cases/?view=list")
        page.locator("table tbody a").first.click()
        page.wait_for_load_state()
        shots.append(page.screenshot())
        pictures = "".join(f'<img src="data:image/png;base64,{base64.b64encode(s).decode()}">' for s in shots)
        frame = browser.new_page(viewport={"width": 1800, "height": 720})
        frame.set_content(FRAME + pictures)
        frame.screenshot(path=folder / "demo.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
