"""Who asks too much is sent away at once, with a time to come back; who is in is served, and room is made again."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from anyio import to_thread
from conftest import CAST, OWN, Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from data_contracts.errors import SettingsError
from service.app import create_app
from service.front import limits
from service.front.admission import ASKED_OVER_ONE, Admission
from service.front.limits import Buckets, Limits, Rate, TooManyError
from service.settings import Mode, Settings

OWN_FIGURES = """
[person]
burst = 3
a_second = 0.5
[address]
burst = 2
[at_once]
everything = 2
apart = { "/api/v1/scores" = 1 }
[body]
everything = 10
apart = { "/api/v1/leveringen" = 20 }
[slow]
piece = 0.05
request = 0.2
"""


@pytest.fixture
def figures(tmp_path: Path) -> Limits:
    (tmp_path / "limits.toml").write_text(OWN_FIGURES)
    return Limits.at(tmp_path)


@pytest.fixture
def demo(tmp_path: Path, figures: Limits):
    """A real service under small limits."""
    del figures
    (tmp_path / "limits.toml").write_text(OWN_FIGURES.replace("everything = 10\n", "everything = 1000\n"))
    app = create_app(Settings(mode=Mode.DEMO, home=tmp_path, database_url=f"sqlite:///{tmp_path / 's.db'}"))
    yield app
    app.state.installation.engine.dispose()


def clock(*moments: float) -> Callable[[], float]:
    coming = iter(moments)
    return lambda: next(coming)


def test_a_bucket_gives_its_burst_then_its_rate_and_never_more_than_its_burst():
    buckets = Buckets(Rate(a_second=0.5, burst=2), clock=clock(0, 0, 0, 1, 2, 1000, 1000, 1000))
    buckets.spend("a")
    buckets.spend("a")
    with pytest.raises(TooManyError) as told:  # at 0: empty, the next one is there in 2 s
        buckets.spend("a")
    assert told.value.retry_after == 2
    with pytest.raises(TooManyError) as told:  # at 1: halfway
        buckets.spend("a")
    assert told.value.retry_after == 1
    buckets.spend("a")  # at 2
    buckets.spend("a")  # at 1000: full, which is 2
    buckets.spend("a")
    with pytest.raises(TooManyError):
        buckets.spend("a")


def test_each_has_a_bucket_and_who_asked_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "MOST_KEYS", 2)
    buckets = Buckets(Rate(a_second=0.001, burst=1))
    for who in ("a", "b", "c"):
        buckets.spend(who)
    with pytest.raises(TooManyError):
        buckets.spend("c")
    buckets.spend("a")


def test_an_installation_says_otherwise_table_by_table(figures: Limits, tmp_path: Path):
    ours = Limits.at(tmp_path / "elsewhere")
    assert (figures.person.burst, ours.person.burst) == (3, 200)
    assert figures.address.paths == ours.address.paths
    assert figures.address.a_second == ours.address.a_second


@pytest.mark.parametrize("text", ["[person", "[person]\nburst = 0", "[persoon]\nburst = 1", "person = 3"])
def test_wrong_figures_are_told_with_their_file(tmp_path: Path, text: str):
    (tmp_path / "limits.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"limits\.toml"):
        Limits.at(tmp_path)


def test_fewer_threads_work_than_there_are_connections_to_the_database(demo):
    ours = Limits.at(Path("nowhere")).at_once
    assert 2 * ours.working < 15  # SQLAlchemy keeps 5, and opens 10 more; a page may look something up beside its own

    async def threads() -> float:
        async with demo.router.lifespan_context(demo):
            return to_thread.current_default_thread_limiter().total_tokens

    assert asyncio.run(threads()) == ours.working


def test_one_person_who_asks_too_much_is_told_when_to_come_back(demo):
    client = Client(demo)
    client.post("/aanmelden", data={"persoon": "datateam"}, headers=OWN)
    answers = [client.get("/api/v1/weeklijsten") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert answers[-1].headers["retry-after"] == "2"
    assert answers[-1].headers["api-version"] == "1.0.0"
    assert answers[-1].json()["title"] == "Te veel verzoeken"
    assert client.get("/weeklijst").status_code == 429


def test_signing_in_is_limited_by_address(demo):
    answers = [Client(demo).post("/aanmelden", data={"persoon": CAST["care"]}, headers=OWN) for _ in range(3)]
    assert [one.status_code for one in answers] == [404, 404, 429]
    assert answers[-1].headers["content-type"].startswith("text/html")
    assert "retry-after" in answers[-1].headers
    assert Client(demo).get("/api/v1/gezondheid").status_code == 200


class Inside:
    """An application in which requests stay until they are let go."""

    def __init__(self, figures: Limits, *, several: bool = False) -> None:
        self.go = asyncio.Event()
        self.entered = asyncio.Semaphore(0)
        self.admission = Admission(
            Starlette(routes=[Route("/{path:path}", self.stay, methods=["GET", "POST"])]),
            limits=figures,
            one_of_several=several,
        )
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.admission), base_url="http://testserver")

    async def stay(self, _: Request) -> JSONResponse:
        self.entered.release()
        await self.go.wait()
        return JSONResponse("done")

    async def enter(self, number: int) -> None:
        """Wait until so many more are inside."""
        async with asyncio.timeout(5):
            for _ in range(number):
                await self.entered.acquire()


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 20))


def test_who_comes_on_top_is_sent_away_at_once_and_let_in_when_there_is_room(figures: Limits):
    async def story() -> None:
        inside = Inside(figures)
        first = [asyncio.create_task(inside.http.get("/api/v1/weeklijsten")) for _ in range(2)]
        await inside.enter(2)
        refused = await inside.http.get("/api/v1/weeklijsten")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["title"] == "Het is nu te druk"
        inside.go.set()
        assert [one.status_code for one in await asyncio.gather(*first)] == [200, 200]
        assert (await inside.http.get("/api/v1/weeklijsten")).status_code == 200

    run(story)


def test_computing_does_not_starve_reading_nor_the_other_way_round(figures: Limits):
    async def story() -> None:
        inside = Inside(figures)
        scoring = asyncio.create_task(inside.http.post("/api/v1/scores"))
        await inside.enter(1)
        assert (await inside.http.post("/api/v1/scores")).status_code == 503
        reading = [asyncio.create_task(inside.http.get("/api/v1/weeklijsten")) for _ in range(2)]
        await inside.enter(2)
        inside.go.set()
        answers = await asyncio.gather(scoring, *reading)
        assert [one.status_code for one in answers] == [200, 200, 200]

    run(story)


def test_who_had_something_computed_asks_again_over_a_connection_that_any_worker_may_take(figures: Limits):
    async def story() -> None:
        inside = Inside(figures, several=True)
        inside.go.set()
        scored, read = await inside.http.post("/api/v1/scores"), await inside.http.get("/api/v1/weeklijsten")
        assert (scored.headers.get("connection"), read.headers.get("connection")) == ("close", None)
        inside.go.clear()
        scoring = asyncio.create_task(inside.http.post("/api/v1/scores"))
        await inside.enter(3)
        refused = await inside.http.post("/api/v1/scores", content=b"x")
        # Its body was not read: closed now, the connection would take the answer with it.
        assert (refused.status_code, refused.headers.get("connection")) == (503, None)
        inside.go.set()
        await scoring

    run(story)


def test_of_all_others_now_and_then_one_does(figures: Limits):
    async def story() -> None:
        inside = Inside(figures, several=True)
        inside.go.set()
        said = [(await inside.http.get("/weeklijst")).headers.get("connection") for _ in range(2 * ASKED_OVER_ONE)]
        assert said == ([None] * (ASKED_OVER_ONE - 1) + ["close"]) * 2

    run(story)


def test_who_answers_alone_closes_nothing(figures: Limits):
    async def story() -> None:
        inside = Inside(figures)
        inside.go.set()
        said = [(await inside.http.post("/api/v1/scores")).headers.get("connection") for _ in range(ASKED_OVER_ONE)]
        assert said == [None] * ASKED_OVER_ONE

    run(story)


@pytest.mark.parametrize("path", ["/api/v1/gezondheid", "/api/v1/gezondheid/levend", "/metrics", "/static/x.css"])
def test_who_watches_the_service_is_answered_when_it_is_full(figures: Limits, path: str):
    async def story() -> None:
        inside = Inside(figures)
        full = [asyncio.create_task(inside.http.get("/weeklijst")) for _ in range(2)]
        await inside.enter(2)
        watching = asyncio.create_task(inside.http.get(path))
        await inside.enter(1)
        inside.go.set()
        assert (await watching).status_code == 200
        await asyncio.gather(*full)

    run(story)


def test_an_error_inside_makes_room_again(figures: Limits):
    async def story() -> None:
        async def fail(_: Request) -> None:
            raise ZeroDivisionError

        admission = Admission(Starlette(routes=[Route("/", fail)]), limits=figures)
        http = httpx.AsyncClient(transport=httpx.ASGITransport(admission), base_url="http://testserver")
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                await http.get("/")

    run(story)


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def reader(figures: Limits) -> httpx.AsyncClient:
    admission = Admission(Starlette(routes=[Route("/{path:path}", echo, methods=["POST"])]), limits=figures)
    return httpx.AsyncClient(transport=httpx.ASGITransport(admission), base_url="http://testserver")


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/api/v1/opvolgingen", 10, 200),
        ("/api/v1/opvolgingen", 11, 413),
        ("/api/v1/leveringen", 20, 200),
        ("/api/v1/leveringen", 21, 413),
        ("/api/v1/leveringenlijst", 11, 413),
    ],
)
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_is_no_larger_than_may_be_announced_or_not(
    figures: Limits, path: str, size: int, status: int, *, announced: bool
):
    async def pieces():
        for _ in range(size):
            yield b"x"

    async def story() -> None:
        answer = await reader(figures).post(path, content=b"x" * size if announced else pieces())
        assert answer.status_code == status
        if status == 413:
            assert answer.json()["title"] == "Te groot"

    run(story)


def test_a_body_that_stops_coming_is_not_waited_for(figures: Limits):
    async def stalls():
        yield b"x"
        await asyncio.sleep(5)
        yield b"x"

    async def story() -> None:
        answer = await reader(figures).post("/api/v1/x", content=stalls())
        assert (answer.status_code, answer.json()["title"]) == (408, "Verzoek niet afgemaakt")

    run(story)


def test_a_body_that_trickles_is_not_waited_for_either(figures: Limits):
    async def trickles():
        for _ in range(9):
            await asyncio.sleep(0.04)
            yield b"x"

    async def story() -> None:
        assert (await reader(figures).post("/", content=trickles())).status_code == 408

    run(story)


def test_an_answer_that_takes_long_is_no_slow_client(figures: Limits):
    async def slowly():
        for _ in range(3):
            await asyncio.sleep(0.06)
            yield b"x"

    async def story() -> None:
        async def long(_: Request) -> StreamingResponse:
            return StreamingResponse(slowly())

        admission = Admission(Starlette(routes=[Route("/", long)]), limits=figures)
        http = httpx.AsyncClient(transport=httpx.ASGITransport(admission), base_url="http://testserver")
        assert (await http.get("/")).text == "xxx"

    run(story)


def test_who_does_not_take_the_answer_makes_room(figures: Limits):
    async def story() -> None:
        admission = Admission(Starlette(routes=[Route("/", echo, methods=["POST"])]), limits=figures)
        scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}

        async def receive():
            return {"type": "http.request", "body": b""}

        async def never(_: object) -> None:
            await asyncio.sleep(5)

        with pytest.raises(TimeoutError):
            await admission(scope, receive, never)
        assert not admission.within[""]

    run(story)
