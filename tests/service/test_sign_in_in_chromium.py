"""To the provider and back in a real browser, which holds our policy and the rules for cookies as it sees fit."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from looking import DESKTOP, EVERYWHERE, ONCE, Findings, equip, prepare
from oidc_provider import SECRET, OidcProvider
from playwright.sync_api import Page, Route
from sample_lists import SCHOOL
from watching import a_browser

from service import lists
from service.app import create_app
from service.settings import Mode, Settings
from service.who import accounts
from service.who.access import Access


@pytest.fixture
def server(tmp_path: Path, elsewhere: OidcProvider) -> Iterator[str]:
    """The service, at the address that the provider knows, with somebody in one role and somebody in two."""
    url = f"sqlite:///{tmp_path / 'service.db'}"
    engine = lists.open_database(url)
    for name, role in (("Sanne", "care_coordinator"), ("Karim", "care_coordinator"), ("Karim", "mentor")):
        access = Access.of(role, schools=[SCHOOL], groups=["2hv1"] if role == "mentor" else ())
        accounts.add_person(engine, by="test", name=name, email=f"{name.lower()}@school.example", access=access)
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
    with a_browser() as browser:
        page = browser.new_page()
        page.on("console", lambda one: complaints.append(one.text) if one.location["url"].startswith(server) else None)
        page.goto(f"{server}/uitleg")
        page.get_by_role("button", name="Aanmelden met uw schoolaccount").click()
        signs_in(page, elsewhere, "sanne")
        page.wait_for_url(f"{server}/uitleg")
        assert page.locator(".who-name").inner_text() == "Sanne"
        ours = [one for one in page.context.cookies(server) if one["name"].startswith("aanwezig")]
        assert [(one["name"], one["httpOnly"], one["sameSite"]) for one in ours] == [("aanwezig", True, "Lax")]
        page.get_by_role("button", name="Afmelden").click()
        page.wait_for_url(f"{elsewhere.issuer}/session/end*")
        page.goto(f"{server}/weeklijst")
        assert page.url.startswith(f"{server}/aanmelden")
    assert complaints == []


def test_who_has_two_roles_chooses_one_and_every_page_on_the_way_is_in_order(server: str, elsewhere: OidcProvider):
    found: dict[str, dict[str, Findings]] = {}
    with a_browser() as browser:
        page = browser.new_page(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
        equip(page)
        for one in ("**/aanmelden/begin", "**/afmelden"):
            page.route(one, stays)
        page.goto(f"{server}/aanmelden")
        found["sign in"] = looked_at(page)
        with page.expect_navigation():
            page.get_by_role("button", name="Aanmelden met uw schoolaccount").click()
        found["on the way"] = looked_at(page)
        page.get_by_role("link", name="Verder naar het aanmeldsysteem van uw school").click()
        signs_in(page, elsewhere, "karim")
        assert page.locator("h1").inner_text() == "Kies uw rol"
        assert page.locator(".cast button").all_inner_texts() == ["zorgcoördinator", "mentor"]
        found["roles"] = looked_at(page)
        page.get_by_role("button", name="mentor").click()
        page.wait_for_url(f"{server}/weeklijst")
        assert page.locator(".who-name").inner_text() == "Karim"
        assert not page.locator("nav a[href='/rechten']").count()  # which a care coordinator has
        found["no list"] = looked_at(page)
        with page.expect_navigation():
            page.get_by_role("button", name="Afmelden").click()
        assert page.locator("h1").inner_text() == "Afgemeld"
        found["signed out"] = looked_at(page)
        page.goto(f"{server}/aanmelden/terug?state=x&code=y")
        found["too late"] = looked_at(page)
    assert {where: wrong for where, wrong in found.items() if wrong} == {}


def signs_in(page: Page, elsewhere: OidcProvider, who: str) -> None:
    """Sign in at the provider, and agree."""
    page.wait_for_url(f"{elsewhere.issuer}/interaction/*")
    page.locator("[name=login]").fill(who)
    page.locator("[name=password]").fill("x")
    page.locator("[type=submit]").click()
    page.locator("[type=submit]").click()
    page.wait_for_url(f"{elsewhere.ours}/**")


def stays(route: Route) -> None:
    """Have a page that goes on by itself stay, so that it can be looked at."""
    answer = route.fetch(max_redirects=0)
    route.fulfill(response=answer, headers={name: value for name, value in answer.headers.items() if name != "refresh"})


def looked_at(page: Page) -> dict[str, Findings]:
    """Look at a page in every way, as `test_every_page` does at those that need no provider; what is wrong, by check."""
    prepare(page)
    return {check: wrong for check, look in (ONCE | EVERYWHERE).items() if (wrong := look(page))}
