"""The real service on loopback, with lists and a scorecard in it: ``aanwezig serve`` on SQLite or a real PostgreSQL."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import URLError

import numpy as np

from benchmarks.api_load import request
from benchmarks.shape import _pseudonym
from data_contracts.model_page import ModelPage
from data_contracts.weekly_list import (
    AttendanceWeek,
    Basis,
    CalendarDay,
    Contribution,
    Direction,
    Reason,
    RuleHit,
    Signal,
    Standing,
    Tier,
    WeeklyList,
)
from features.catalogue import CATALOGUE
from models.scorecard import Scorecard
from pipelines.publishing import open_database, publish, publish_model
from tests.postgres_server import Postgres

SCHOOLS, SIGNALS = 10, 30
MONDAY = date(2026, 6, 29)
MOMENT = datetime(2026, 6, 29, 4, tzinfo=UTC)
STARTS = 60.0
NO_LIMITS = "[person]\na_second = 1000000\nburst = 1000000\n[address]\na_second = 1000\nburst = 1000\n"
"""The machine is measured, not what one person may ask of it."""


class Durable(Postgres):
    """The server of the tests, but it waits for the disk, as in an installation."""

    def start(self) -> None:
        """Start it."""
        self.run("initdb", "-U", "aanwezig", "--auth=trust", "--encoding=utf8", "--no-instructions")
        self.run("pg_ctl", "-w", "-l", str(self.home / "log"), "-o", f"-h '' -k {self.home}", "start")


@dataclass(frozen=True)
class Served:
    """A service that runs.

    Parameters
    ----------
    process
        ``aanwezig serve``.
    port
        On loopback.
    cookie
        Of somebody of the data team, who sees every school and may ask for scores.
    """

    process: subprocess.Popen[bytes]
    port: int
    cookie: str

    def get(self, path: str) -> bytes:
        """Return the request for `path`."""
        return request("GET", path, headers={"Cookie": self.cookie})

    def post(self, path: str, content: object) -> bytes:
        """Return the request that sends `content` as JSON."""
        headers = {"Cookie": self.cookie, "Origin": "http://127.0.0.1", "Content-Type": "application/json"}
        return request("POST", path, headers=headers, body=json.dumps(content).encode())

    def read(self, path: str) -> dict[str, object]:
        """Return what is at `path`."""
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"Cookie": self.cookie})
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - loopback
            return dict(json.load(answer))

    def workers(self) -> list[int]:
        """Return the processes that answer."""
        parent = self.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        return [
            int(one) for one in children if "spawn_main" in Path(f"/proc/{one}/cmdline").read_text(encoding="ascii")
        ]


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def database(kind: str) -> Iterator[tuple[Path, str]]:
    """Give a home and the address of an empty database of `kind`: sqlite or postgresql."""
    with tempfile.TemporaryDirectory(prefix="aanwezig-bench-") as folder:
        home = Path(folder)
        if kind == "sqlite":
            yield home, f"sqlite:///{home / 'service.db'}"
            return
        server = Durable()
        server.start()
        try:
            yield home, server.new_database()
        finally:
            server.stop()


@contextmanager
def serving(home: Path, url: str, *, workers: int, limits: str = NO_LIMITS) -> Iterator[Served]:
    """Start the service on what is in `home` and the database at `url`; stop it afterwards."""
    (home / "limits.toml").write_text(limits, encoding="utf-8")
    said = {"AANWEZIG_HOME": str(home), "AANWEZIG_DATABASE_URL": url, "AANWEZIG_MODE": "demo"}
    port = free_port()
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "serve"]
    options = ["--port", str(port), "--workers", str(workers)]
    with subprocess.Popen([*command, *options], env=os.environ | said, stdout=subprocess.DEVNULL) as process:
        try:
            answers(process, f"http://127.0.0.1:{port}/api/v1/gezondheid")
            yield Served(process, port, _signed_in(port))
        finally:
            process.terminate()
            process.wait(STARTS)


def answers(process: "subprocess.Popen[bytes]", address: str) -> None:
    """Wait until `process` answers well at `address`.

    Raises
    ------
    TimeoutError
        It does not.
    """
    ends = time.monotonic() + STARTS
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - loopback
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise TimeoutError(address)


def _signed_in(port: int) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=STARTS)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{port}"}
    connection.request("POST", "/aanmelden", "persoon=datateam", form)
    cookie = connection.getresponse().headers["set-cookie"].partition(";")[0]
    connection.close()
    return cookie


def fill(url: str, card: Scorecard, matrix: "np.ndarray") -> None:
    """Publish a list for each of the schools, and the page of the model that made them."""
    engine = open_database(url)
    rows = np.array_split(matrix[: SCHOOLS * SIGNALS], SCHOOLS)
    for number, part in enumerate(rows):
        publish(engine, _list(f"{number:02d}ZZ00", card, part), names=(), by="benchmark")
    publish_model(engine, ModelPage(scorecard=card.to_json(), since=MOMENT, by="benchmark"))
    engine.dispose()


def _list(school: str, card: Scorecard, matrix: "np.ndarray") -> WeeklyList:
    scored = card.score(matrix)
    signals = tuple(
        _signal(school, place, values, parts, (card.baseline, float(log_odds), float(probability)))
        for place, (values, parts, log_odds, probability) in enumerate(
            zip(matrix, scored.contributions, scored.log_odds, scored.probability, strict=True), start=1
        )
    )
    return WeeklyList(
        school=school,
        school_name=f"School {school}",
        sector="vo",
        week=MONDAY,
        as_of=MOMENT,
        data_moment=MOMENT,
        basis=Basis.SCORECARD,
        model_version=card.version,
        contract_version=card.contract_version,
        capacity=10,
        pupils_considered=800,
        tie_rule="Bij gelijke score beslist het aantal drempels.",
        school_days=tuple(MONDAY - timedelta(days=n) for n in range(280, 0, -1)),
        signals=signals,
    )


def _signal(
    school: str, place: int, values: "np.ndarray", parts: "np.ndarray", score: tuple[float, float, float]
) -> Signal:
    """All parts of a real signal, with the sentences, thresholds, weeks and days that a typical one has."""
    baseline, log_odds, probability = score
    told = tuple(
        Reason(
            features=(one.name,), direction=Direction.RAISES, text=f"{one.label}: meer dan bij anderen.", log_odds=0.2
        )
        for one in CATALOGUE[:4]
    )
    days = tuple(
        CalendarDay(
            day=MONDAY - timedelta(days=7 * n + 1),
            kind="sick",
            absent_minutes=300,
            scheduled_minutes=300,
            authorised="yes",
        )
        for n in range(20)
    )
    return Signal(
        pupil=_pseudonym(f"{school}:{place}"),
        group="2hv1",
        year_group="12",
        standing=Standing.CANDIDATE,
        position=place,
        on_list=place <= 10,  # noqa: PLR2004 - the capacity
        log_odds=log_odds,
        probability=probability,
        baseline=baseline,
        contributions=tuple(
            Contribution(
                feature=one.name, label=one.label, value=None if np.isnan(value) else float(value), log_odds=float(part)
            )
            for one, value, part in zip(CATALOGUE, values, parts, strict=True)
        ),
        tier=Tier.ATTENTION,
        frequency="ongeveer 1 van de 10 leerlingen met dit patroon",
        raising=told,
        rule_hits=(_hit(),),
        attendance=tuple(
            AttendanceWeek(week=MONDAY - timedelta(weeks=n), pupil=0.8, group=0.95) for n in range(30, 0, -1)
        ),
        calendar=days,
    )


def _hit() -> RuleHit:
    return RuleHit(
        rule="mazl_vo",
        label="M@ZL",
        source="M@ZL",
        statutory=False,
        value=5,
        threshold=4,
        unit="ziekmeldingen",
        reached_on=MONDAY - timedelta(days=7),
        text="Deze leerling is vijf keer ziekgemeld.",
    )
