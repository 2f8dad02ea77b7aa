"""On SQLite who reads over the API takes turns; on PostgreSQL they read at once, and who watches the service waits for nobody."""

import asyncio
import threading
from http import HTTPStatus

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response

from service import db
from service.api.base import OPEN_TO_ALL, new_router
from service.front import problems, turns

SQLITE, POSTGRESQL = "sqlite://", "postgresql+psycopg://nobody@127.0.0.1:1/none"


class Reads:
    """An application of which the routes know how many are read at once."""

    def __init__(self, *, waits: float = 0.0) -> None:
        self.waits = waits
        self.app, router = FastAPI(), new_router()
        self.at_once = self.most = 0
        self.meet = threading.Barrier(2)
        router.get("/gelezen")(self.read)
        router.get("/open", openapi_extra=OPEN_TO_ALL)(self.read)
        self.app.include_router(router)
        problems.install(self.app)

    def read(self) -> Response:
        """Wait for another reader."""
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            self.meet.wait(self.waits)
        except threading.BrokenBarrierError:
            self.meet.reset()
        self.at_once -= 1
        return Response()

    def two(self, url: str, path: str) -> int:
        """Read twice at the same time, over the database at `url`; how many were there at once."""

        async def both() -> list[httpx.Response]:
            turns.begin(self.app, db.connect(url))
            async with self.client() as client:
                return await asyncio.gather(*(client.get(f"/api/v1/{path}") for _ in range(2)))

        answers = asyncio.run(both())
        assert [one.status_code for one in answers] == [HTTPStatus.OK] * 2
        return self.most

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test")


def test_who_reads_takes_turns_on_sqlite():
    assert Reads(waits=0.3).two(SQLITE, "gelezen") == 1


@pytest.mark.parametrize(("url", "path"), [(SQLITE, "open"), (POSTGRESQL, "gelezen")])
def test_others_read_at_once(url: str, path: str):
    assert Reads(waits=60).two(url, path) == 2


def test_a_turn_that_does_not_come_is_told_and_leaves_the_next_to_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    reads = Reads()

    async def refused_then_not() -> list[httpx.Response]:
        turns.begin(reads.app, db.connect(SQLITE))
        async with reads.client() as client:
            async with turns.of(reads.app):
                refused = await client.get("/api/v1/gelezen")
            return [refused, await client.get("/api/v1/gelezen")]

    refused, later = asyncio.run(refused_then_not())
    assert later.status_code == HTTPStatus.OK
    assert refused.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["detail"].startswith("De databank is te lang bezet.")


def test_who_stops_waiting_leaves_the_turn_to_others():
    reads = Reads()

    async def story() -> int:
        turns.begin(reads.app, db.connect(SQLITE))
        async with reads.client() as client, turns.of(reads.app):
            waits = asyncio.create_task(client.get("/api/v1/gelezen"))
            await asyncio.sleep(0.05)
            waits.cancel()
            await asyncio.gather(waits, return_exceptions=True)
        async with reads.client() as client:
            return (await client.get("/api/v1/gelezen")).status_code

    assert asyncio.run(story()) == HTTPStatus.OK
