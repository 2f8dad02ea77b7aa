"""The page of this week for a school with 400 pupils in view: how long a care coordinator waits for it, and how heavy it is."""

import statistics
from http.client import HTTPConnection
from pathlib import Path

from cryptography.fernet import Fernet

from benchmarks.api_load import OK
from benchmarks.api_read import learnt
from benchmarks.api_served import STARTS, Served, _list, database, serving
from benchmarks.explain import _card
from benchmarks.measured import show, timed
from data_contracts.weekly_list import SealedName
from pipelines.publishing import open_database, publish

PUPILS = 400
TIMES = {"small": 20, "full": 200}
SCHOOL = "00ZZ00"
LIMIT_MS, LIMIT_KB = 150.0, 200.0
PAPERS = ("/weeklijst", "/weeklijst.pdf", "/weeklijst.xlsx")


def page_week(size: str) -> None:
    """Print a line for the page and for each kind of paper, on SQLite and on PostgreSQL."""
    matrix, outcome = learnt()
    weekly = _list(SCHOOL, _card(matrix, outcome), matrix[:PUPILS])
    for kind in ("sqlite", "postgresql"):
        with database(kind) as (home, url):
            names = _sealed(home, [signal.pupil for signal in weekly.signals])
            engine = open_database(url)
            publish(engine, weekly, names=names, by="benchmark")
            engine.dispose()
            with serving(home, url, workers=1) as served:
                for path in PAPERS:
                    _line(served, path, kind=kind, times=TIMES[size])


def _sealed(home: Path, pupils: list[str]) -> list[SealedName]:
    key = Fernet.generate_key()
    (home / "keys").mkdir()
    (home / "keys" / "names.key").write_bytes(key)
    seal = Fernet(key)
    return [
        SealedName(pupil=one, sealed=seal.encrypt(f"Leerling\t{place}".encode()).decode())
        for place, one in enumerate(pupils)
    ]


def _line(served: Served, path: str, *, kind: str, times: int) -> None:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=STARTS)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{served.port}"}
    connection.request("POST", "/aanmelden", f"persoon=zorg-{SCHOOL}", form)
    answer = connection.getresponse()
    answer.read()
    cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    waits, weight = [], 0
    for _ in range(times):
        wait, weight = _get(connection, path, cookie)
        waits.append(wait)
    connection.close()
    found = {
        "bench": "page_week",
        "what": path,
        "database": kind,
        "pupils": PUPILS,
        "median_ms": round(statistics.median(waits) * 1000, 1),
        "p95_ms": round(sorted(waits)[int(0.95 * times) - 1] * 1000, 1),
        "kb": round(weight / 1000, 1),
    }
    show(found | ({"limit_ms": LIMIT_MS, "limit_kb": LIMIT_KB} if path == PAPERS[0] else {}))


def _get(connection: HTTPConnection, path: str, headers: dict[str, str]) -> tuple[float, int]:
    """Ask for a page; seconds until all of it was there, and its bytes."""

    def ask() -> int:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != OK:
            raise RuntimeError(path, answer.status)
        return len(content)

    return timed(ask)
