"""The pages in a real browser: nothing refused, nothing fetched elsewhere, nothing sticking out, all of it by keyboard."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from demo_home import fill
from playwright.sync_api import Browser, Page, Request, sync_playwright
from sample_lists import NAMES, SCHOOL, STRANGER
from sample_model import page as model_page
from screenshots import CHROMIUM, FLAGS, pages, sign_in

from service.app import create_app
from service.lists import open_database, publish_model
from service.settings import Mode, Settings

KEY = f"zorg-{SCHOOL}"
SIZES = {"desktop": (1280, "light"), "small": (320, "dark")}
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
MEASURES = """(() => {
    document.querySelectorAll('details').forEach(one => { one.open = true });
    const named = one => one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length;
    const all = [...document.querySelectorAll('a, button, select, svg[role=img]')];
    return {
        tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        scripted: document.querySelectorAll('script, [style], [onclick]').length,
        titles: document.querySelectorAll('h1').length,
        language: document.documentElement.lang,
        nameless: all.filter(one => !named(one)).map(one => one.outerHTML),
    };
})()"""
SOUND = {"tooWide": 0, "scripted": 0, "titles": 1, "language": "nl", "nameless": []}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service, on a free port."""
    home = tmp_path_factory.mktemp("browser") / "home"
    url = f"sqlite:///{home / 'service.db'}"
    fill(home, url)
    engine = open_database(url)
    publish_model(engine, model_page(SCHOOL, STRANGER))
    engine.dispose()
    app = create_app(Settings(mode=Mode.DEMO, home=home, database_url=url))
    service = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=service.run)
    thread.start()
    while not service.started:
        time.sleep(0.01)
    port = service.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    service.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Watched:
    """A page, and everything it complained of or fetched from elsewhere."""

    def __init__(self, browser: Browser, server: str, *, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", lambda request: self._asked(request.url, server))

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the next page was asked for before this one's icon had come
            self.complaints.append(f"{request.failure} {request.url}")

    def _asked(self, address: str, server: str) -> None:
        if not address.startswith(server):
            self.complaints.append(address)


@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_quiet_stays_home_fits_and_can_be_read(chromium: Browser, server: str, size: str):
    width, scheme = SIZES[size]
    watched = Watched(chromium, server, width=width, scheme=scheme)
    page = watched.page
    sign_in(page, server, KEY)
    for name, address in pages(page, server).items():
        page.goto(address)
        assert page.evaluate(MEASURES) == SOUND, (name, width)
        assert page.evaluate(CONTRAST) == [], (name, scheme)
    watched.context.close()
    assert watched.complaints == []


SUM = "leerlingen=12.500&lijst=200&rondes=5&uren=2,5&kosten=150&thuis=20000&aandeel=10"
ELSEWHERE = {
    "swv": ("/regio", "/dossiers", "/regio/rekenhulp", f"/regio/rekenhulp?{SUM}"),
    "leerplicht": ("/verzuimmeldingen",),
}
"""Pages of those outside the school, by who of the cast sees them."""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("who", ELSEWHERE)
def test_so_is_every_page_of_those_outside_the_school(chromium: Browser, server: str, who: str, size: str):
    width, scheme = SIZES[size]
    watched = Watched(chromium, server, width=width, scheme=scheme)
    sign_in(watched.page, server, who)
    for address in ELSEWHERE[who]:
        watched.page.goto(f"{server}{address}")
        assert watched.page.evaluate(MEASURES) == SOUND, (address, width)
        assert watched.page.evaluate(CONTRAST) == [], (address, scheme)
    watched.context.close()
    assert watched.complaints == []


def test_a_pupil_is_brought_before_the_alliance_seen_there_and_taken_back(chromium: Browser, server: str):
    school, alliance = (Watched(chromium, server, width=320) for _ in range(2))
    page = school.page
    sign_in(page, server, KEY)
    sign_in(alliance.page, server, "swv")
    page.goto(f"{server}/weeklijst")
    page.get_by_role("link", name="Noor de Vries").first.click()
    page.get_by_text("Breng deze leerling in").click()
    assert page.evaluate(MEASURES) == SOUND
    page.get_by_label("De ouders gaven toestemming").check()
    page.get_by_label("Tot en met").fill(page.get_by_label("Tot en met").get_attribute("max"))
    page.get_by_role("button", name="Breng in").click()
    assert page.get_by_text("Er loopt een dossier").is_visible()
    alliance.page.goto(f"{server}/dossiers")
    assert alliance.page.get_by_role("heading", name="Noor de Vries").is_visible()
    assert alliance.page.evaluate(MEASURES) == SOUND
    page.get_by_role("button", name="Sluit dossier").click()
    assert page.url == f"{server}/dossiers"
    assert page.evaluate(MEASURES) == SOUND
    alliance.page.reload()
    assert not alliance.page.get_by_text("Noor de Vries").count()
    for one in (school, alliance):
        one.context.close()
        assert one.complaints == []


def test_the_sum_of_the_alliance_is_filled_in_and_printed(chromium: Browser, server: str):
    watched = Watched(chromium, server)
    page = watched.page
    sign_in(page, server, "swv")
    page.get_by_role("link", name="Rekenhulp").click()
    page.get_by_role("heading", name="Rekenhulp").wait_for()
    for label, text in zip(page.locator(".sums label").all(), SUM.split("&"), strict=True):
        page.get_by_label(label.inner_text()).fill(text.split("=")[1])
    page.get_by_role("button", name="Reken uit").click()
    assert page.get_by_role("heading", name="Wat eruit komt").is_visible()
    page.emulate_media(media="print")
    assert not page.get_by_role("button", name="Reken uit").is_visible()
    assert page.get_by_text("Afgedrukt door Meral").is_visible()
    watched.context.close()
    assert watched.complaints == []


def test_the_policy_is_in_force(chromium: Browser, server: str):
    watched = Watched(chromium, server)
    watched.page.goto(f"{server}/aanmelden")
    watched.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
    watched.context.close()
    assert any("Content Security Policy" in one for one in watched.complaints)


def test_from_signing_in_to_signing_out_by_keyboard_alone(chromium: Browser, server: str):
    watched = Watched(chromium, server)
    page = watched.page

    def focused() -> str:
        return page.evaluate("document.activeElement.textContent.trim()")

    def tab_to(text: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if text in focused():
                with page.expect_navigation():
                    page.keyboard.press("Enter")
                return
        pytest.fail(f"no way by keyboard to {text!r}")

    page.goto(f"{server}/aanmelden")
    page.keyboard.press("Tab")
    assert focused() == "Naar de inhoud"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "inhoud"
    tab_to("Karim")
    assert page.locator("h1").inner_text() == "Aandachtslijst"
    tab_to("Noor de Vries")
    assert page.locator("h1").inner_text() == "Noor de Vries"
    tab_to("Afmelden")
    assert page.url == f"{server}/aanmelden"
    page.goto(f"{server}/weeklijst")
    assert "/aanmelden?naar=" in page.url
    watched.context.close()
    assert watched.complaints == []


def test_the_page_works_with_scripts_switched_off(chromium: Browser, server: str):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, server, KEY)
    page.locator("select#week").select_option("2026-11-09")
    page.get_by_role("button", name="Toon").click()
    assert "9 november 2026" in page.locator(".lead").inner_text()
    assert page.locator(".entry").count() == 3
    context.close()


def test_filters_work_by_keyboard_and_without_scripts_and_stay_until_they_are_cleared(chromium: Browser, server: str):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, server, KEY)
    page.get_by_text("Filter en volgorde").focus()
    page.keyboard.press("Enter")
    page.locator("select#klas").focus()
    page.keyboard.type("2hv1")
    page.get_by_role("button", name="Pas toe").press("Enter")
    assert "2 van 10 getoond" in page.locator(".filtered").inner_text()
    page.goto(f"{server}/weeklijst")
    assert page.locator("ol .entry").count() == 2
    page.get_by_role("link", name="Filters wissen").press("Enter")
    assert page.locator("ol .entry").count() == 10
    page.locator('a[href="#lijst"]').focus()
    assert page.locator('a[href="#lijst"]').is_visible()
    context.close()


def test_the_list_comes_as_pdf_and_as_workbook(chromium: Browser, server: str):
    context = chromium.new_context(accept_downloads=True)
    page = context.new_page()
    sign_in(page, server, KEY)
    for kind, begins in (("PDF", b"%PDF-1.7"), ("Excel", b"PK")):
        with page.expect_download() as coming:
            page.get_by_role("link", name=kind, exact=True).click()
        assert Path(coming.value.path()).read_bytes().startswith(begins)
    context.close()


def test_the_print_sheet_holds_the_list_and_says_whose_it_is(chromium: Browser, server: str):
    context = chromium.new_context()
    page = context.new_page()
    sign_in(page, server, KEY)
    page.emulate_media(media="print")
    for given, family in NAMES:
        assert page.get_by_role("link", name=f"{given} {family}").first.is_visible()
    assert page.get_by_text("Afgedrukt door Karim").is_visible()
    assert not page.get_by_role("button", name="Afmelden").is_visible()
    sheet = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", sheet)) == 2
    context.close()


def test_a_follow_up_is_planned_finished_and_taken_back_by_keyboard_alone_and_without_scripts(
    chromium: Browser, server: str
):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, server, KEY)

    def tab_to(selector: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.locator(f"{selector}:focus").count():
                return
        pytest.fail(f"no way by keyboard to {selector!r}")

    def press(selector: str, key: str = "Enter") -> None:
        tab_to(selector)
        with page.expect_navigation():
            page.keyboard.press(key)

    press('nav a[href="/opvolging"]')
    waiting = page.locator('section[aria-labelledby="wacht"] .follow')
    before = waiting.count()
    name = waiting.first.locator("h3").inner_text()
    press('a[href$="#doen"]')
    tab_to("#soort-gesprek")
    page.keyboard.press("Space")
    tab_to("#eigenaar")
    page.keyboard.press("Control+a")
    page.keyboard.type("S. Jansen")
    tab_to("#notitie")
    page.keyboard.type("Na het tweede uur.")
    press('form[action$="/opvolging"] button')
    mine = page.locator('section[aria-labelledby="opvolging"] .follow')
    assert "Na het tweede uur." in mine.inner_text()
    press('nav a[href="/opvolging"]')
    assert waiting.count() == before - 1
    tab_to('section[aria-labelledby="gepland"] summary')
    page.keyboard.press("Enter")
    tab_to("textarea")
    page.keyboard.type("Belt zelf.")
    press('form[action$="/afronden"] button')
    done = page.locator('section[aria-labelledby="gedaan"] .follow')
    assert name in done.inner_text()
    assert "Na het tweede uur.\nBelt zelf." in done.inner_text()
    press('section[aria-labelledby="gedaan"] .undo button')
    assert done.count() == 0
    planned = page.locator('section[aria-labelledby="gepland"] .follow')
    assert name in planned.inner_text()
    assert "Belt zelf." not in planned.inner_text()
    context.close()


def test_the_print_sheet_of_follow_ups_holds_no_form_and_fits_on_two_pages(chromium: Browser, server: str):
    context = chromium.new_context()
    page = context.new_page()
    sign_in(page, server, KEY)
    page.goto(f"{server}/opvolging")
    page.emulate_media(media="print")
    assert page.get_by_text("Afgedrukt door Karim").is_visible()
    assert not page.locator("form:visible, .button:visible, summary:visible").count()
    sheet = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", sheet)) <= 2
    context.close()
