"""What an administrator changes on the page is what the next list is made with: there is one place where settings stand."""

import asyncio
import re
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
from small_world import SCHOOLS, region

from pipelines.weekly import weekly
from service.app import create_app
from service.settings import Mode, Settings

SCHOOL = SCHOOLS[0]
MONDAY, NOW = date(2026, 6, 22), datetime(2026, 6, 28, 9, tzinfo=UTC)
OURS = {"origin": "http://testserver"}


async def change(settings: Settings, **changes: str) -> None:
    """Change settings of the school through the form of the page."""
    app = create_app(settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
        assert (await client.post("/aanmelden", data={"persoon": "beheerder"}, headers=OURS)).status_code == 303
        page = (await client.get("/beheer/school", params={"school": SCHOOL})).text
        seen = re.search(r'name="gezien" value="(\w+)"', page)
        assert seen is not None
        sent = {"school": SCHOOL, "gezien": seen[1], "naam": f"School {SCHOOL}", "plaats": "6"} | changes
        answer = await client.post("/beheer/school", data=sent, headers=OURS)
        assert answer.status_code == 303, answer.text
    app.state.installation.engine.dispose()


def test_the_next_list_holds_as_many_pupils_as_the_page_says(tmp_path: Path):
    home = region(tmp_path)
    (before,) = weekly(home, week=MONDAY, schools=[SCHOOL], now=NOW)
    assert sum(one.on_list for one in before.weekly_list.signals) == 6
    settings = Settings(mode=Mode.DEMO, home=home.root, database_url=home.database_url)
    asyncio.run(change(settings, plaats="9", regelset="mazl"))
    (after,) = weekly(home, week=MONDAY, schools=[SCHOOL], now=NOW)
    assert (after.weekly_list.capacity, after.published.edition) == (9, 2)
    assert sum(one.on_list for one in after.weekly_list.signals) == 9
