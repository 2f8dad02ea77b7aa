"""Looks at a page in a browser in every way there is; each look gives what is wrong, in words, and nothing when all is well."""

import io
import re
from collections.abc import Callable
from pathlib import Path

from every_page import holds_a_name
from playwright.sync_api import Page
from pypdf import PdfReader

HERE = Path(__file__).parent
AXE = (HERE.parent / "node" / "node_modules" / "axe-core" / "axe.min.js").read_text()
MEASURES = (HERE / "measures.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
RUN = """async (options) => {
    const found = await axe.run(document, options);
    return found.violations.map(one => `${one.id}: ${one.nodes.map(node => node.target.join(' ')).join(' | ')}`);
}"""
BRIEF = {"preload": False, "resultTypes": ["violations"]}
RULES = {"runOnly": {"type": "tag", "values": TAGS}, "rules": {"target-size": {"enabled": True}}, **BRIEF}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}, **BRIEF}
NARROW = {"runOnly": {"type": "rule", "values": ["target-size", "scrollable-region-focusable"]}, **BRIEF}

DESKTOP, PHONE, ZOOMED = (1280, 900), (320, 700), (640, 450)
"""The last is a window of 1280 x 900 at 200 %: a browser that zooms gives the page half the room."""

EXAMPLES = "/api/v1/docs"
"""A hundred sheets that nobody prints, and the names there are those of nobody."""

PERSONAL = "bevat persoonsgegevens"
FOOT = re.compile(rf"Aanwezig · {PERSONAL}|\d+ van \d+")

Findings = list[str]
Look = Callable[[Page], Findings]


def equip(page: Page) -> None:
    """Have every page that comes bring axe and the measures along; the browser then reads them once, and not each time."""
    page.add_init_script(AXE)
    page.add_init_script(MEASURES)


def prepare(page: Page) -> None:
    """Have a page that looks again by itself stay as it is, and open what can be opened. `equip` it before it comes."""
    page.evaluate("window.stop()")
    page.evaluate("measures.open()")


def axe_in_light(page: Page) -> Findings:
    _resize(page, DESKTOP)
    return page.evaluate(RUN, RULES)


def axe_in_dark(page: Page) -> Findings:
    _resize(page, DESKTOP)
    page.emulate_media(color_scheme="dark")
    found = page.evaluate(RUN, COLOURS)
    page.emulate_media(color_scheme="light")
    return found


def bare(page: Page) -> Findings:
    return page.evaluate("measures.bare()")


def on_a_phone(page: Page) -> Findings:
    _resize(page, PHONE)
    return page.evaluate("[...measures.sideways(), ...measures.cut()]") + page.evaluate(RUN, NARROW)


def zoomed(page: Page) -> Findings:
    _resize(page, ZOOMED)
    return page.evaluate("[...measures.sideways(), ...measures.cut()]")


def spaced(page: Page) -> Findings:
    _resize(page, DESKTOP)
    page.evaluate("measures.space()")
    found = page.evaluate("[...measures.sideways(), ...measures.cut()]")
    _resize(page, ZOOMED)
    found += page.evaluate("[...measures.sideways(), ...measures.cut()]")
    page.evaluate("measures.unspace()")
    return found


def by_keyboard(page: Page) -> Findings:
    _resize(page, DESKTOP)
    page.evaluate("document.activeElement.blur()")
    for _ in range(page.evaluate("measures.listen()")):
        page.keyboard.press("Tab")
    first = page.evaluate("walked.length ? document.querySelector('.skip') === stops[0] : false")
    return page.evaluate("measures.missed()") + ([] if first else ["the first stop is not to the content"])


def printed(page: Page) -> Findings:
    if EXAMPLES in page.url:
        return []
    _resize(page, DESKTOP)
    page.emulate_media(media="print")
    found = page.evaluate("measures.torn()")
    sheets = [sheet.extract_text() for sheet in PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages]
    page.emulate_media(media="screen")
    text = "\n".join(sheets)
    found += [f"sheet {at} is blank" for at, sheet in enumerate(sheets, 1) if not re.search(r"\w", FOOT.sub("", sheet))]
    found += [f"on paper: {word}" for word in ("Afmelden", "Naar de inhoud") if word in text]
    if holds_a_name(text):
        found += [
            f"a name, and not: {said}" for said in ("(Afgedrukt|Gemaakt) door", "Doel:") if not re.search(said, text)
        ]
        found += [
            f"sheet {number} says not: {PERSONAL}" for number, sheet in enumerate(sheets, 1) if PERSONAL not in sheet
        ]
    return found


EVERYWHERE: dict[str, Look] = {
    "axe finds nothing": axe_in_light,
    "axe finds nothing in dark": axe_in_dark,
    "no script, one title, every link within the page leads somewhere": bare,
    "nothing sticks out or is cut off with letters and lines further apart": spaced,
    "nor at 200 %": zoomed,
    "nor at 320 px": on_a_phone,
}
"""In an order in which the window changes its size as seldom as can be."""

ONCE: dict[str, Look] = {"every control is reached by Tab, in order, and shows it": by_keyboard, "paper": printed}
"""Looks that take long, and are the same for every role."""


def _resize(page: Page, size: tuple[int, int]) -> None:
    wanted = {"width": size[0], "height": size[1]}
    if page.viewport_size != wanted:
        page.set_viewport_size(wanted)
