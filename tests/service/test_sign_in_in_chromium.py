"""To the provider and back in a real browser, which holds our policy and the rules for cookies as it sees fit."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from oidc_provider import SECRET, OidcProvider
from playwright.sync_api import sync_playwright
from sample_lists import SCHOOL
from screenshots import CHROMIUM, FLAGS

from service import lists
from service.app import create_app
from service.settings import Mode, Settings
from service.who import accounts
from service.who.access import Access


@pytest.fixture
def server(tmp_path: Path, elsewhere: OidcProvider) -> Iterator[str]:
    """The service, at the address that the provider knows, with one person who is known."""
    url = f"sqlite:///{tmp_path / 'service.db'}"
    engine = lists.open_database(url)
    access = Access.of("care_coordinator", schools=[SCHOOL])
    accounts.add_person(engine, by="test", name="Sanne", email="sanne@school.example", access=access)
    engine.dispose()
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    settings = Settings(
        mode=Mode.DEMO,
        home=tmp_path,
        database_url=url,
        public_url=elsewhere.ours,
        oidc_issuer=elsewhere.issuer,
        oidc_client_id="aanwezig",
        oidc_secret_file=secret,
    )
    service = uvicorn.Server(uvicorn.Config(create_app(settings), port=elsewhere.port_of_ours, log_level="error"))
    thread = threading.Thread(target=service.run)
    thread.start()
    while not service.started:
        time.sleep(0.01)
    yield elsewhere.ours
    service.should_exit = True
    thread.join()


def test_the_button_leads_to_the_provider_and_back_and_out_again(server: str, elsewhere: OidcProvider):
    complaints: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.on("console", lambda one: complaints.append(one.text) if one.location["url"].startswith(server) else None)
        page.goto(f"{server}/uitleg")
        page.get_by_role("button", name="Aanmelden met uw schoolaccount").click()
        page.wait_for_url(f"{elsewhere.issuer}/interaction/*")
        page.locator("[name=login]").fill("sanne")
        page.locator("[name=password]").fill("x")
        page.locator("[type=submit]").click()
        page.locator("[type=submit]").click()  # agrees
        page.wait_for_url(f"{server}/uitleg")
        assert page.locator(".who-name").inner_text() == "Sanne"
        ours = [one for one in page.context.cookies(server) if one["name"].startswith("aanwezig")]
        assert [(one["name"], one["httpOnly"], one["sameSite"]) for one in ours] == [("aanwezig", True, "Lax")]
        page.get_by_role("button", name="Afmelden").click()
        page.wait_for_url(f"{elsewhere.issuer}/session/end*")
        page.goto(f"{server}/weeklijst")
        assert page.url.startswith(f"{server}/aanmelden")
        browser.close()
    assert complaints == []
