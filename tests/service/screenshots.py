"""Real pictures of the pages in Chromium: ``python tests/service/screenshots.py URL OUTDIR [KEY]``.

KEY is whom of the demo cast to sign in as (default: the first on the page). Each page is taken 1280
and 390 wide, in light and dark, and as the sheet that comes out of a printer.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next((found for found in map(shutil.which, PROGRAMS) if found), None)
"""The machine's own Chromium; None leaves it to Playwright, which says what to install where it has none either."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOOKS = {"desktop": (1280, 900, "light"), "donker": (1280, 900, "dark"), "telefoon": (390, 844, "light")}

OTHERS = {
    "beheerder": (
        "/beheer",
        "/beheer/mensen",
        "/beheer/groepen",
        "/beheer/programmas",
        "/beheer/school",
        "/beheer/bewaren",
    ),
    "fg": ("/logboek", "/logboek/overzicht", "/beheer/bewaren"),
}
"""Who sees no list, and what they see instead."""


def sign_in(page: Page, url: str, key: str = "") -> None:
    """Sign in through the page, as `key` or as the first of the cast."""
    page.goto(f"{url}/aanmelden")
    page.locator(f'button[value="{key}"]' if key else "button[name=persoon]").first.click()
    page.wait_for_load_state()


def pages(page: Page, url: str, key: str) -> dict[str, str]:
    """Addresses of the pages to take; the pupil is the first on the list."""
    if key in OTHERS:
        return {one.strip("/").replace("/", "-"): f"{url}{one}" for one in OTHERS[key]}
    page.goto(f"{url}/weeklijst")
    first = page.locator(".entry h3 a").first.get_attribute("href")
    return {
        "weeklijst": f"{url}/weeklijst",
        "weeklijst-gefilterd": f"{url}/weeklijst?nieuw=ja&opvolging=wacht&volgorde=naam",
        "leerling": f"{url}{first}",
        "ouders": f"{url}{first}/ouders",
        "rechten": f"{url}/rechten",
        "opvolging": f"{url}/opvolging",
        "niet-pluis": f"{url}/opvolging/niet-pluis",
        "draaiboek": f"{url}/beheer/draaiboek",
        "begin": f"{url}/beheer/begin",
        "leveringen": f"{url}/beheer/leveringen",
        "codes": f"{url}/beheer/codes",
        "dossiers": f"{url}/dossiers",
        "school": f"{url}/school",
        "uitleg": f"{url}/uitleg",
        "model": f"{url}/model",
        "aanmelden": f"{url}/aanmelden",
    }


def take(browser: Browser, url: str, out: Path, key: str) -> None:
    """Take every page in every look."""
    out.mkdir(parents=True, exist_ok=True)
    for look, (width, height, scheme) in LOOKS.items():
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        page = context.new_page()
        sign_in(page, url, key)
        for name, address in pages(page, url, key).items():
            page.goto(address)
            page.screenshot(path=out / f"{name}-{look}.png", full_page=True)
            if look == "desktop":
                page.screenshot(path=out / f"{name}-boven.png")
                pdf = out / f"{name}.pdf"
                page.pdf(path=pdf, prefer_css_page_size=True)
                subprocess.run(["pdftoppm", "-png", "-r", "70", str(pdf), str(out / f"{name}-druk")], check=True)
        context.close()


def main() -> None:
    """Take the pictures."""
    url, out = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        take(browser, url, out, sys.argv[3] if len(sys.argv) > 3 else "")
        browser.close()


if __name__ == "__main__":
    main()
