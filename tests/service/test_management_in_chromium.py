"""An administrator at work in a real browser, with a real provider to sign in at, and without scripts."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
import uvicorn
from demo_home import fill
from oidc_provider import SECRET, OidcProvider
from playwright.sync_api import Browser, Page
from sample_lists import SCHOOL
from watching import Watched, a_browser, follow

from data_contracts.school import read_school
from service import lists
from service.app import create_app
from service.settings import Mode, Settings
from service.who import accounts
from service.who.access import Access

MINE, OTHERS = "2hv1", "3m2"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The sample lists, the settings of a school, and an administrator and a privacy officer whom the server let in."""
    home = tmp_path / "home"
    url = f"sqlite:///{home / 'service.db'}"
    fill(home, url)
    (home / "schools").mkdir()
    text = f'school = "{SCHOOL}"\nname = "Het Baken College"\nsector = "vo" # de grote locatie\ncapacity = 10\n'
    (home / "schools" / f"{SCHOOL}.toml").write_text(text, encoding="utf-8")
    engine = lists.open_database(url)
    for name, role in (("anouk", "administrator"), ("ingrid", "privacy_officer")):
        access = Access.of(role, schools=[SCHOOL])
        accounts.add_person(engine, by="test", name=name.title(), email=f"{name}@school.example", access=access)
    engine.dispose()
    return home


@pytest.fixture
def server(home: Path, elsewhere: OidcProvider) -> Iterator[str]:
    """The service, at the address that the provider knows."""
    secret = home / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    settings = Settings(
        mode=Mode.DEMO,
        home=home,
        database_url=f"sqlite:///{home / 'service.db'}",
        public_url=elsewhere.ours,
        oidc_issuer=elsewhere.issuer,
        oidc_client_id="aanwezig",
        oidc_secret_file=secret,
    )
    service = uvicorn.Server(uvicorn.Config(create_app(settings), port=elsewhere.port_of_ours, log_level="error"))
    thread = Thread(target=service.run)
    thread.start()
    while not service.started:
        sleep(0.01)
    yield elsewhere.ours
    service.should_exit = True
    thread.join()


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


def signed_in(browser: Browser, server: str, elsewhere: OidcProvider, *, who: str, width: int = 1280) -> Page:
    """Somebody in a browser of their own, come in by the provider."""
    page = Watched(browser, server, width=width, scripts=False).page
    page.goto(f"{server}/")
    page.get_by_role("button", name="Aanmelden met uw schoolaccount").click()
    page.wait_for_url(f"{elsewhere.issuer}/interaction/*")
    page.locator("[name=login]").fill(who)
    page.locator("[name=password]").fill("x")
    page.locator("[type=submit]").click()
    page.locator("[type=submit]").click()
    page.wait_for_url(f"{server}/*")
    return page


def test_an_administrator_lets_a_mentor_in_who_sees_the_own_group_and_nothing_else(
    chromium: Browser, server: str, elsewhere: OidcProvider
):
    manager = signed_in(chromium, server, elsewhere, who="anouk")
    assert manager.url == f"{server}/beheer"
    assert manager.locator("header nav a").all_inner_texts() == ["Beheer", "Uitleg"]
    follow(manager.get_by_role("link", name="Mensen en rollen"))
    manager.get_by_label("Naam").fill("Karin Smit")
    manager.get_by_label("E-mailadres van het schoolaccount").fill("karin@school.example")
    manager.get_by_label("Rol", exact=True).select_option(label="mentor")
    follow(manager.get_by_role("button", name="Laat toe"))
    assert manager.get_by_role("alert").inner_text().startswith("Een mentor heeft een of meer groepen")
    assert manager.get_by_label("Naam").input_value() == "Karin Smit"
    manager.get_by_role("checkbox", name=MINE).check()
    follow(manager.get_by_role("button", name="Laat toe"))
    assert manager.get_by_role("heading", name="Karin Smit").is_visible()

    mentor = signed_in(chromium, server, elsewhere, who="karin", width=320)
    assert mentor.url == f"{server}/weeklijst"
    groups = set(mentor.locator(".entry .group").all_inner_texts())
    assert groups, "the mentor has nobody to see"
    assert all(MINE in one for one in groups)
    assert mentor.get_by_text(OTHERS).count() == 0
    assert mentor.goto(f"{server}/beheer/mensen").status == 403

    manager.get_by_text("Beëindig de toegang", exact=True).click()
    follow(manager.get_by_role("button", name="Ja, beëindig de toegang van Karin Smit"))
    assert manager.get_by_text("Karin Smit").count() == 0
    mentor.goto(f"{server}/weeklijst")
    assert mentor.url.startswith(f"{server}/aanmelden")


def test_settings_are_changed_by_two_and_nothing_is_lost(
    chromium: Browser, server: str, elsewhere: OidcProvider, home: Path
):
    one = signed_in(chromium, server, elsewhere, who="anouk", width=320)
    one.goto(f"{server}/beheer/school")
    two = one.context.new_page()
    two.goto(f"{server}/beheer/school")
    one.get_by_label("Leerlingen op de lijst").fill("12")
    follow(one.get_by_role("button", name="Bewaar"))
    assert one.get_by_role("status").inner_text().startswith("Bewaard.")
    two.get_by_label("Leerlingen op de lijst").fill("8")
    follow(two.get_by_role("button", name="Bewaar"))
    assert two.get_by_role("heading", name="Instellingen van de school").is_visible()
    assert "gewijzigd sinds u het opende" in two.get_by_role("alert").inner_text()
    assert two.get_by_label("Leerlingen op de lijst").input_value() == "8"
    path = home / "schools" / f"{SCHOOL}.toml"
    assert read_school(path).capacity == 12
    follow(two.get_by_role("button", name="Bewaar"))
    assert read_school(path).capacity == 8
    assert "# de grote locatie" in path.read_text(encoding="utf-8")


def test_who_gives_themselves_a_role_is_seen_by_the_privacy_officer(
    chromium: Browser, server: str, elsewhere: OidcProvider
):
    manager = signed_in(chromium, server, elsewhere, who="anouk")
    manager.goto(f"{server}/beheer/mensen")
    follow(manager.get_by_role("link", name="Anouk"))
    assert "De functionaris gegevensbescherming ziet het." in manager.get_by_role("note").inner_text()
    offered = manager.get_by_label("Rol", exact=True).locator("option").all_inner_texts()
    assert not {"datateam", "samenwerkingsverband", "functionaris gegevensbescherming"} & set(offered)
    manager.get_by_label("Rol", exact=True).select_option(label="zorgcoördinator")
    follow(manager.get_by_role("button", name="Geef deze rol"))

    officer = signed_in(chromium, server, elsewhere, who="ingrid")
    assert officer.url == f"{server}/logboek"
    said = officer.get_by_role("note").inner_text()
    assert "Beheerders gaven zichzelf een rol." in said
    assert "Anouk, zorgcoördinator" in said
    officer.get_by_label("Wat", exact=True).select_option(label="toegang aan zichzelf gegeven")
    follow(officer.get_by_role("button", name="Zoek"))
    assert officer.locator("tbody tr").count() == 1
    assert officer.url == f"{server}/logboek"
    with officer.expect_download() as kept:
        officer.get_by_role("button", name="Bewaar als bestand (CSV)").click()
    assert "zorgcoördinator" in kept.value.path().read_text(encoding="utf-8")
    follow(officer.get_by_role("link", name="Wie keek het meest"))
    assert officer.get_by_role("row", name="Anouk").count() == 2
