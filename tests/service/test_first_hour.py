"""The first hour in a real browser, without scripts: from an empty home to a first list, by following the page.

The service and its batch are those of `aanwezig serve --batch`; the school's files are those of the simulator.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from looking import axe_in_dark, axe_in_light, bare, equip, on_a_phone, prepare
from playwright.sync_api import Browser, Page
from screenshots import sign_in
from watching import Watched, a_browser, follow

from pipelines.simulate import newcomer

SCHOOL = "99PB00"
LOOKS = (axe_in_light, axe_in_dark, bare, on_a_phone)
SERVE = [sys.executable, "-c", "from pipelines.cli import main; main()", "serve", "--batch", "--port"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`aanwezig serve --batch` on an empty home."""
    home = tmp_path_factory.mktemp("first") / "home"
    home.mkdir()
    (home / "limits.toml").write_text('[body]\napart = { "/beheer/leveringen" = 400_000 }\n')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    environment = os.environ | {"AANWEZIG_HOME": str(home), "AANWEZIG_MODE": "demo"}
    service = subprocess.Popen([*SERVE, str(port)], env=environment)
    url = f"http://127.0.0.1:{port}"
    until(lambda: _answers(url))
    yield url
    service.send_signal(signal.SIGTERM)
    service.wait(40)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/aanmelden").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a small school exports; nobody in it exists."""
    return newcomer(tmp_path_factory.mktemp("export"), pupils=80)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


def until(true: Callable[[], bool], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.3)


def look(page: Page, watched: Watched, looked: list[str]) -> None:
    """Look at where `page` is, in every way, with a window of its own that has scripts."""
    watched.context.add_cookies(page.context.cookies())
    watched.page.goto(page.url)
    prepare(watched.page)
    for one in LOOKS:
        looked += [f"{page.url} {one.__name__}: {found}" for found in one(watched.page)]


def test_a_school_without_data_gets_to_its_first_list_by_following_the_page(
    chromium: Browser, server: str, exported: Path
):
    page = chromium.new_context(java_script_enabled=False).new_page()
    watched, looked = Watched(chromium, server), []
    equip(watched.page)
    begin = f"{server}/beheer/begin?school={SCHOOL}&stil=ja"

    def current(step: str) -> bool:
        page.goto(begin)
        return page.locator('[aria-current="step"] h2').inner_text().startswith(step)

    # From where somebody lands, without an address to know.
    sign_in(page, server, f"zorg-{SCHOOL}")
    assert page.get_by_role("heading", name="Er is nog geen lijst").is_visible()
    follow(page.get_by_role("link", name="Begin hier"))

    # 1 The school
    look(page, watched, looked)
    page.get_by_label("Naam").fill("Basisschool De Verrekijker")
    for label, choice in (("Soort onderwijs", "basisonderwijs"), ("Vakantieregio", "Midden")):
        page.get_by_label(label).select_option(label=choice)
    page.get_by_label("Waarin registreert u?").select_option(label="ParnasSys")
    page.get_by_label("Gesprekken per week").fill("4")
    follow(page.get_by_role("button", name="Bewaar en ga verder"))

    # 2 The files
    look(page, watched, looked)
    assert page.get_by_text("Nog nodig: de leerlingen en de afwezigheid.").is_visible()
    page.locator("input[type=file]").set_input_files(sorted(exported.iterdir()))
    follow(page.get_by_role("button", name="Stuur op"))
    waits = page.get_by_text("Deze pagina ververst vanzelf").is_visible()
    assert page.get_by_role("link", name="Stuur nog een bestand op").is_visible() == waits
    assert waits or current("De codes")  # the batch may have been quicker than this page
    until(lambda: current("De codes"))
    assert page.get_by_text("ververst vanzelf").count() == 0

    # 3 The codes
    look(page, watched, looked)
    follow(page.get_by_role("link", name="Kies wat de codes betekenen"))
    look(page, watched, looked)
    rows = page.locator("tr").filter(has=page.locator('input[name="code"][type="hidden"]'))
    assert rows.filter(has_text="gebruikelijke afkorting van ziekmelding").count() == 1
    for row in rows.filter(has_text="kies zelf").all():
        row.locator('select[name="soort"]').select_option(label="overig geoorloofd")
    follow(page.get_by_role("button", name="Bewaar deze codes"))

    # 4 and 5 What was found, and the list
    until(lambda: page.goto(begin) is not None and page.get_by_text("Er is een lijst.").count() == 1)
    look(page, watched, looked)
    assert page.locator("[aria-current='step']").count() == 0
    follow(page.get_by_role("link", name="Lees het rapport"))
    look(page, watched, looked)
    assert page.get_by_role("heading", name="Kwaliteit van de laatste weken").is_visible()
    assert "Geen inschrijvingen" not in page.content()  # the pupils were taken in first, though their file came last
    page.goto(begin)
    follow(page.get_by_role("link", name="Naar de weeklijst"))
    assert page.get_by_role("heading", name="Aandachtslijst").is_visible()
    assert 1 <= page.locator(".entries").first.locator(".entry").count() <= 4
    assert not re.search(r"Leerling p[a-z2-7]{7}", page.content())  # the key of the names was made meanwhile
    assert looked == []
    assert watched.complaints == []


def test_a_wrong_file_is_refused_in_words_and_so_is_one_that_is_too_large(
    chromium: Browser, server: str, exported: Path, tmp_path: Path
):
    page = chromium.new_context(java_script_enabled=False, viewport={"width": 320, "height": 700}).new_page()
    watched, looked = Watched(chromium, server), []
    equip(watched.page)
    sign_in(page, server, "beheer-nieuw")
    here = f"{server}/beheer/leveringen?school={SCHOOL}&meer=ja"
    text = (exported / "leerlingen.csv").read_text(encoding="cp1252")

    def send(name: str, content: str) -> None:
        file = tmp_path / name
        file.write_text(content)
        page.goto(here)
        page.locator("input[type=file]").set_input_files(file)
        follow(page.get_by_role("button", name="Stuur op"))

    send("foto.jpg", "x")
    assert "Dit soort bestand lezen wij niet." in page.get_by_role("alert").inner_text()
    look(page, watched, looked)
    send("leerlingen.csv", text.replace("31-08-2026", "31-31-2026"))

    def refused() -> bool:
        page.goto(here)
        return page.get_by_text("geweigerd").count() > 0

    until(refused)
    look(page, watched, looked)
    follow(page.get_by_role("row").filter(has_text="geweigerd").get_by_role("link"))
    assert page.get_by_text("Van dit bestand is niets bewaard.").is_visible()
    assert page.get_by_text("Waarden die niet te lezen zijn").is_visible()
    assert page.get_by_text("kolom begindatum: 31-31-2026").first.is_visible()
    look(page, watched, looked)
    send("absenties.csv", "x" * 500_000)
    assert "groter dan hier mag" in page.inner_text("main")
    assert looked == []
    assert watched.complaints == []
