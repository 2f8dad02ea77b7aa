"""Requests over loopback, bounded in number and time: as many as fit through some connections, or so many a second.

At a fixed rate each request is counted from the moment at which it was due, not from when a connection was free for it:
a service that stalls cannot hide the requests that it kept waiting. Raw sockets, since a client that does more work than
the service would measure itself.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.measured import apart

LATE = 30.0
"""Seconds after which a request is given up."""

OK = 200
CONNECTIONS = 8
GIVEN_UP = 0
"""Status of a request that got no answer."""


@dataclass(frozen=True)
class Answers:
    """What came back: seconds until each answer, its status and the moment that it was there (from the beginning)."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)

    def of(self, *statuses: int) -> "np.ndarray":
        """Latencies of the answers with one of `statuses`."""
        return np.array(
            [took for took, status in zip(self.latencies, self.statuses, strict=True) if status in statuses]
        )

    @property
    def counts(self) -> dict[int, int]:
        """How many answers there are of each status."""
        return dict(sorted(Counter(self.statuses).items()))


def percentiles(latencies: "np.ndarray") -> dict[str, float | None]:
    """Return p50, p95 and p99 in milliseconds."""
    if not len(latencies):
        return {"p50_ms": None, "p95_ms": None, "p99_ms": None}
    found = np.percentile(latencies, (50, 95, 99)) * 1000
    return dict(zip(("p50_ms", "p95_ms", "p99_ms"), map(float, found), strict=True))


def request(method: str, path: str, *, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Return a whole request, as it goes over the connection."""
    every = {"Host": "127.0.0.1", **headers} | ({"Content-Length": str(len(body))} if body else {})
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def as_many_as_fit(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Answers:
    """Ask over each of `connections` as soon as it is free, for `seconds`."""
    return asyncio.run(_as_many_as_fit(port, itertools.cycle(requests), connections, seconds))


def at_rate(port: int, requests: Sequence[bytes], *, a_second: float, seconds: float, connections: int = 32) -> Answers:
    """Ask `a_second`, evenly, for `seconds`."""
    return asyncio.run(_at_rate(port, itertools.cycle(requests), a_second, seconds, connections))


def measured(port: int, requests: Sequence[bytes], *, seconds: float, a_second: float) -> tuple[Answers, Answers]:
    """Ask as much as fits, then at a fixed rate; each from a process of its own, after a moment to warm up."""
    apart(_fitting, port, requests, 1.0)
    return apart(_fitting, port, requests, seconds).result, apart(_rated, port, requests, seconds, a_second).result


def line(most: Answers, rated: Answers) -> dict[str, object]:
    """Say how much fitted, and how long each took at the fixed rate."""
    fitted, at_rate = most.of(OK), rated.of(OK)
    return {
        "a_second": len(fitted) / most.seconds,
        "connections": CONNECTIONS,
        **{f"at_rate_{name}": value for name, value in percentiles(at_rate).items()},
        "not_200": len(most.latencies) - len(fitted) + len(rated.latencies) - len(at_rate),
    }


def _fitting(port: int, requests: Sequence[bytes], seconds: float) -> Answers:
    return as_many_as_fit(port, requests, connections=CONNECTIONS, seconds=seconds)


def _rated(port: int, requests: Sequence[bytes], seconds: float, a_second: float) -> Answers:
    return at_rate(port, requests, a_second=a_second, seconds=seconds)


class _Connection:
    """One connection that stays open; opened again where the other side closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def ask(self, whole: bytes) -> int:
        try:
            async with asyncio.timeout(LATE):
                return await self._ask(whole)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            self.close()
            return GIVEN_UP

    async def _ask(self, whole: bytes) -> int:
        if self.reader is None or self.writer is None or self.reader.at_eof():
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        self.writer.write(whole)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        await self.reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0))
        if b"connection: close" in head:
            self.close()
        return int(head[9:12])

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


async def _as_many_as_fit(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Answers:
    found = Answers(seconds)
    begun = time.perf_counter()

    async def keep_asking() -> None:
        connection = _Connection(port)
        while (now := time.perf_counter()) < begun + seconds:
            status = await connection.ask(next(requests))
            _note(found, begun, now, status)
            if status == GIVEN_UP:
                await asyncio.sleep(0.01)
        connection.close()

    await asyncio.gather(*(keep_asking() for _ in range(connections)))
    return found


async def _at_rate(port: int, requests: Iterator[bytes], a_second: float, seconds: float, connections: int) -> Answers:
    found = Answers(seconds)
    free: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
    for _ in range(connections):
        free.put_nowait(_Connection(port))
    begun = time.perf_counter()

    async def one(due: float, whole: bytes) -> None:
        connection = await free.get()
        status = await connection.ask(whole)
        _note(found, begun, due, status)
        free.put_nowait(connection)

    running = []
    for number in range(int(a_second * seconds)):
        due = begun + number / a_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        running.append(asyncio.create_task(one(due, next(requests))))
    await asyncio.gather(*running)
    while not free.empty():
        free.get_nowait().close()
    return found


def _note(found: Answers, begun: float, since: float, status: int) -> None:
    now = time.perf_counter()
    found.latencies.append(now - since)
    found.statuses.append(status)
    found.moments.append(now - begun)
