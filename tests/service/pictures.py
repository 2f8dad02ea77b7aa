"""The pictures of docs/walk.md, taken while the walk is walked: ``python tests/service/pictures.py URL [OUTDIR]``.

URL is a demo that nobody has worked in yet (`make demo`). What the walk says to do is done here, so a page that no longer
goes that way stops it.
"""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from screenshots import CHROMIUM, FLAGS

HERE = Path(__file__).parents[2] / "docs" / "images"
DESKTOP, PHONE = (1280, 860), (390, 844)
TALL = 1360
"""So high that the list has its first pupils on it."""

COLOURS = 96
"""Enough for flat pages with few colours, at a third of the weight."""


@contextmanager
def somebody(
    browser: Browser, url: str, task: str, *, size: tuple[int, int] = DESKTOP, dark: bool = False
) -> Iterator[Page]:
    """Sign in as the first of the cast whose task says `task`."""
    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.goto(f"{url}/aanmelden")
    page.locator("button[name=persoon]", has_text=task).first.click()
    page.wait_for_load_state()
    yield page
    context.close()


def keep(page: Page, out: Path, name: str, *, at: str = "") -> None:
    """Take what is on the screen, with `at` near its top, in few colours."""
    if at:
        page.locator(at).first.evaluate("one => window.scrollTo(0, one.getBoundingClientRect().top + scrollY - 24)")
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    taken.quantize(COLOURS, dither=Image.Dither.NONE).save(out / f"{name}.png", optimize=True)


def school(browser: Browser, url: str, out: Path) -> None:
    """Minutes one to three: this week, one pupil, what is done, the school."""
    with somebody(browser, url, "zorgcoördinator") as page:
        page.set_viewport_size({"width": DESKTOP[0], "height": TALL})
        keep(page, out, "weeklijst")
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        page.locator(".entry h3 a").first.click()
        keep(page, out, "leerling")
        page.locator("label[for='soort-gesprek']").click()
        page.locator("#notitie").fill("Mentor belt maandag met thuis.")
        keep(page, out, "plannen", at="#doen")
        page.locator(".doing button.main").click()
        page.locator("nav a[href='/opvolging']").click()
        keep(page, out, "opvolging")
        page.locator("section[aria-labelledby='gepland'] summary").first.click()
        page.locator("section[aria-labelledby='gepland'] textarea").first.fill(
            "Thuis gesproken; maandag een rustige start."
        )
        page.locator("section[aria-labelledby='gepland'] form[action$='/afronden'] button").first.click()
        keep(page, out, "afgerond", at="#gedaan")
        page.locator("nav a[href='/school']").click()
        keep(page, out, "school", at="#per-week, main h2")


def others(browser: Browser, url: str, out: Path) -> None:
    """Minutes four and five: who sees no pupil, and who looks after the rest."""
    for task, name, address in (
        ("samenwerkingsverband", "regio", "/regio"),
        ("leerplichtambtenaar", "verzuimmeldingen", "/verzuimmeldingen"),
        ("functionaris", "logboek", "/logboek"),
        ("beheerder, ziet geen leerlingen", "beheer", "/beheer"),
    ):
        with somebody(browser, url, task) as page:
            page.goto(f"{url}{address}")
            keep(page, out, name)


def looks(browser: Browser, url: str, out: Path) -> None:
    """The same pages on a phone, and in the dark."""
    with somebody(browser, url, "zorgcoördinator", size=PHONE) as page:
        keep(page, out, "weeklijst-telefoon", at="#lijst")
    with somebody(browser, url, "zorgcoördinator", dark=True) as page:
        page.locator(".entry h3 a").first.click()
        keep(page, out, "leerling-donker")


def main() -> None:
    """Take them all."""
    url, out = sys.argv[1].rstrip("/"), Path(sys.argv[2]) if len(sys.argv) > 2 else HERE
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
        page = context.new_page()
        page.goto(f"{url}/aanmelden")
        keep(page, out, "aanmelden")
        context.close()
        looks(browser, url, out)
        school(browser, url, out)
        others(browser, url, out)
        browser.close()


if __name__ == "__main__":
    main()
