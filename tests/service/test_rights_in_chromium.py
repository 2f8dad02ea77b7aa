"""The whole way of a parent's question, in a real browser, on lists that the weekly run made of a school's export."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from playwright.sync_api import Page
from pypdf import PdfReader
from screenshots import sign_in
from watching import Watched, a_browser, follow, serving

from pipelines.home import Home
from pipelines.ingest import ingest
from pipelines.lake import Lake
from pipelines.simulate import simulate
from pipelines.weekly import weekly
from service.app import create_app
from service.settings import Mode, Settings

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
MONDAY = date(2026, 11, 16)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One school, simulated and delivered, with the list of a Monday."""
    root = tmp_path_factory.mktemp("rights")
    simulate(root / "region", pupils_vo=200, pupils_po=0, schools_vo=1, schools_po=0, seed=11)
    home = Home.at(root / "var")
    ingest(home, root / "region" / "exports")
    weekly(home, week=MONDAY, now=NOW)
    return home


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[str]:
    with serving(create_app(Settings(mode=Mode.DEMO, home=home.root, database_url=home.database_url))) as address:
        yield address


@pytest.fixture
def watched(server: str) -> Iterator[Watched]:
    """A browser on a phone, in which no script runs."""
    with a_browser() as browser:
        watched = Watched(browser, server, width=360, scripts=False)
        yield watched
        watched.context.close()
        assert watched.complaints == []


def names(page: Page, server: str) -> list[str]:
    page.goto(f"{server}/weeklijst")
    return page.locator("ol.entries h3 a").all_text_contents()


def test_a_parent_reads_the_sheet_objects_and_takes_part_again(watched: Watched, server: str, home: Home):
    page = watched.page
    (school,) = Lake(home).schools()
    sign_in(page, server, f"zorg-{school}")
    listed = names(page, server)
    follow(page.get_by_role("link", name=listed[0]))
    reasons = page.locator(".hit-full > p:nth-of-type(2)").all_text_contents()
    follow(page.get_by_role("link", name="Voor ouders en leerling"))
    assert page.get_by_role("heading", level=1).text_content() == f"Over de aanwezigheid van {listed[0]}"
    sheets = [_text(one.extract_text()) for one in PdfReader(BytesIO(page.pdf(prefer_css_page_size=True))).pages]
    assert len(sheets) in {1, 2}
    whole = " ".join(sheets)
    assert all(_text(one) in whole for one in reasons), reasons
    for said in (
        listed[0],
        "Wat is er vastgelegd?",
        "Wie heeft dit gezien?",
        "Bezwaar maken",
        "Doel: uitleg aan ouders",
    ):
        assert said in whole, said
    assert "Weeklijst" not in whole

    follow(page.get_by_role("link", name="Terug naar de leerling"))
    page.get_by_text("Leg een bezwaar vast").click()
    follow(page.get_by_role("button", name="Leg bezwaar vast"))
    assert page.get_by_role("heading", level=1).text_content() == "Rechten"
    assert page.get_by_role("heading", name=listed[0]).is_visible()
    assert listed[0] not in names(page, server)
    assert page.get_by_text("1 leerling doet niet mee na bezwaar.").is_visible()

    weekly(home, week=MONDAY, now=NOW)
    after = names(page, server)
    assert listed[0] not in after
    assert len(after) == len(listed)
    assert after[: len(listed) - 1] == listed[1:]

    page.goto(f"{server}/rechten")
    page.get_by_text("Ingetrokken?").click()
    follow(page.get_by_role("button", name="Leg intrekking vast"))
    assert page.get_by_text("Alle leerlingen doen mee.").is_visible()
    weekly(home, week=MONDAY, now=NOW)
    assert names(page, server) == listed


def test_a_record_is_said_to_be_wrong_and_answered(watched: Watched, server: str, home: Home):
    page = watched.page
    (school,) = Lake(home).schools()
    sign_in(page, server, f"zorg-{school}")
    listed = names(page, server)
    follow(page.get_by_role("link", name=listed[1]))
    page.get_by_text("Leg een verzoek om correctie vast").click()
    page.get_by_label("Eerste dag").fill("2026-11-10")
    page.get_by_label("Laatste dag").fill("2026-11-09")
    page.get_by_label("Wat zegt de ouder of leerling?").fill("Was er gewoon.")
    follow(page.get_by_role("button", name="Leg verzoek vast"))
    assert page.get_by_role("alert").is_visible()
    assert page.get_by_label("Wat zegt de ouder of leerling?").input_value() == "Was er gewoon."
    page.get_by_label("Laatste dag").fill("2026-11-10")
    follow(page.get_by_role("button", name="Leg verzoek vast"))
    assert page.get_by_text("correctie gevraagd").is_visible()

    page.goto(f"{server}/opvolging")
    follow(page.get_by_role("link", name="Bekijk het verzoek"))
    page.get_by_text("Beantwoord (").click()
    page.get_by_label("Wat hebt u laten weten?").fill("Aangepast, moeder gebeld.")
    follow(page.get_by_role("button", name="Leg antwoord vast"))
    assert page.get_by_text("Er wacht geen verzoek").is_visible()
    assert page.get_by_text("Aangepast, moeder gebeld.").is_visible()


def _text(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\N{NO-BREAK SPACE}", " ")).strip()
