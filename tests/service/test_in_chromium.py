"""Whole flows in a real browser, from signing in to done; by keyboard alone, and without scripts."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_home import fill
from playwright.sync_api import Browser
from sample_lists import NAMES, SCHOOL, STRANGER
from sample_model import page as model_page
from screenshots import sign_in
from watching import Keys, Watched, a_browser, follow, serving

from service.app import create_app
from service.lists import open_database, publish_model
from service.settings import Mode, Settings

KEY = f"zorg-{SCHOOL}"
AMOUNTS = ("12.500", "200", "5", "2,5", "150", "20000", "10")
"""What somebody fills in on the page of sums, in its order."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service, on a free port."""
    home = tmp_path_factory.mktemp("browser") / "home"
    url = f"sqlite:///{home / 'service.db'}"
    fill(home, url)
    engine = open_database(url)
    publish_model(engine, model_page(SCHOOL, STRANGER))
    engine.dispose()
    with serving(create_app(Settings(mode=Mode.DEMO, home=home, database_url=url))) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


def test_a_pupil_is_brought_before_the_alliance_seen_there_and_taken_back(chromium: Browser, server: str):
    school, alliance = (Keys(chromium, server, width=320) for _ in range(2))
    page = school.page
    sign_in(page, server, KEY)
    sign_in(alliance.page, server, "swv")
    school.press("h3 a:text-is('Noor de Vries')")
    school.to("summary:has-text('Breng deze leerling in')")
    page.keyboard.press("Enter")
    school.to("#grond-toestemmingOuders")
    page.keyboard.press("Space")
    school.to("#tot_en_met")
    page.locator("#tot_en_met").fill(page.locator("#tot_en_met").get_attribute("max"))
    school.press("button:text-is('Breng in')")
    assert page.get_by_text("Er loopt een dossier").is_visible()
    alliance.press("nav a[href='/dossiers']")
    assert alliance.page.get_by_role("heading", name="Noor de Vries").is_visible()
    school.press(".close-case button")
    assert page.url == f"{server}/dossiers"
    alliance.page.reload()
    assert not alliance.page.get_by_text("Noor de Vries").count()
    for one in (school, alliance):
        one.context.close()
        assert one.complaints == []


def test_the_sum_of_the_alliance_is_filled_in_and_printed(chromium: Browser, server: str):
    keys = Keys(chromium, server)
    page = keys.page
    sign_in(page, server, "swv")
    keys.press("a:text-is('Rekenhulp')")
    fields = [f"#{one.get_attribute('id')}" for one in page.locator(".sums input").all()]
    for field, amount in zip(fields, AMOUNTS, strict=True):
        keys.write(field, amount)
    keys.press("button:text-is('Reken uit')")
    assert page.get_by_role("heading", name="Wat eruit komt").is_visible()
    page.emulate_media(media="print")
    assert not page.get_by_role("button", name="Reken uit").is_visible()
    assert page.get_by_text("Afgedrukt door Meral").is_visible()
    keys.context.close()
    assert keys.complaints == []


def test_a_worry_of_the_school_itself_is_told_and_stands_on_the_list(chromium: Browser, server: str):
    keys = Keys(chromium, server)
    page = keys.page
    sign_in(page, server, KEY)
    keys.press("nav a[href='/opvolging']")
    keys.press("a[href^='/opvolging/niet-pluis']")
    keys.to("select[name=leerling]")
    page.keyboard.type("Imran")
    keys.write("#notitie", "Is stil geworden.")
    keys.press("main form button")
    assert page.get_by_text("Is stil geworden.").first.is_visible()
    keys.press("nav a[href='/weeklijst']")
    assert "Is stil geworden." in page.locator('section[aria-labelledby="niet-pluis"]').inner_text()
    keys.context.close()
    assert keys.complaints == []


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
    follow(page.get_by_role("button", name="Toon"))
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
    follow(page.get_by_role("button", name="Pas toe"), key="Enter")
    assert "2 van 10 getoond" in page.locator(".filtered").inner_text()
    page.goto(f"{server}/weeklijst")
    assert page.locator("ol .entry").count() == 2
    follow(page.get_by_role("link", name="Filters wissen"), key="Enter")
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


def test_a_follow_up_is_planned_finished_and_taken_back(chromium: Browser, server: str):
    keys = Keys(chromium, server)
    page = keys.page
    sign_in(page, server, KEY)
    keys.press('nav a[href="/opvolging"]')
    waiting = page.locator('section[aria-labelledby="wacht"] .follow')
    before = waiting.count()
    name = waiting.first.locator("h3").inner_text()
    keys.press('a[href$="#doen"]')
    keys.to("#soort-gesprek")
    page.keyboard.press("Space")
    keys.write("#eigenaar", "S. Jansen")
    keys.write("#notitie", "Na het tweede uur.")
    keys.press('form[action$="/opvolging"] button')
    mine = page.locator('section[aria-labelledby="opvolging"] .follow')
    assert "Na het tweede uur." in mine.inner_text()
    keys.press('nav a[href="/opvolging"]')
    assert waiting.count() == before - 1
    keys.to('section[aria-labelledby="gepland"] summary')
    page.keyboard.press("Enter")
    keys.write("textarea", "Belt zelf.")
    keys.press('form[action$="/afronden"] button')
    done = page.locator('section[aria-labelledby="gedaan"] .follow')
    assert name in done.inner_text()
    assert "Na het tweede uur.\nBelt zelf." in done.inner_text()
    keys.press('section[aria-labelledby="gedaan"] .undo button')
    assert done.count() == 0
    planned = page.locator('section[aria-labelledby="gepland"] .follow')
    assert name in planned.inner_text()
    assert "Belt zelf." not in planned.inner_text()
    keys.context.close()
    assert keys.complaints == []


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
