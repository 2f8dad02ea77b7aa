"""Reading lists and signals over the API, beside ``mlflow models serve`` answering one row of ready-made features.

Each GET is the real thing: who is asking, what is in scope, a row in the audit for every pupil, committed to disk. Beside a
signal stands the least that FastAPI, SQLAlchemy and that row may cost (`benchmarks.api_bare`): more than that nobody reads.
"""

from pathlib import Path

import numpy as np

from benchmarks.api_bare import serving_bare
from benchmarks.api_load import OK, Answers, line, measured, percentiles
from benchmarks.api_peer import invocation, serving_mlflow
from benchmarks.api_served import Served, database, fill, serving
from benchmarks.explain import LEARN, _card, _pupils
from benchmarks.measured import show
from models.calibration import sigmoid

SECONDS = {"small": 4.0, "full": 15.0}
RATE = 100.0
LIMIT_P99_MS, LIMIT_TIMES = 50.0, 5.0


def learnt() -> tuple["np.ndarray", "np.ndarray"]:
    """Return features of pupils who do not exist, and what became of them."""
    rng = np.random.default_rng(2)
    matrix = _pupils(LEARN, rng)
    outcome = (rng.random(LEARN) < sigmoid(-3.5 + 4 * np.nan_to_num(matrix[:, :5]).sum(axis=1))).astype(np.float64)
    return matrix, outcome


def api_read(size: str) -> None:
    """Print a line for each database, number of workers and kind of GET; mlflow was asked in the same run."""
    seconds = SECONDS[size]
    matrix, outcome = learnt()
    with serving_mlflow(matrix, outcome) as port:
        rows = [invocation(matrix[number : number + 1]) for number in range(50)]
        peer = measured(port, rows, seconds=seconds, a_second=RATE)
    card = _card(matrix, outcome)
    for kind in ("sqlite", "postgresql"):
        with database(kind) as (home, url):
            fill(url, card, matrix)
            for workers in (1, 2):
                with serving_bare(_apart(home, url), workers=workers) as (port, requests):
                    bare = measured(port, requests, seconds=seconds, a_second=RATE)
                with serving(home, url, workers=workers) as served:
                    _lines(served, peer, bare, kind=kind, workers=workers, seconds=seconds)


def _apart(home: Path, url: str) -> str:
    """Return a database beside the one at `url`, where that is a file; a server keeps tables apart itself."""
    return f"sqlite:///{home / 'bare.db'}" if url.startswith("sqlite") else url


Both = tuple[Answers, Answers]


def _lines(served: Served, peer: Both, bare: Both, *, kind: str, workers: int, seconds: float) -> None:
    lists = served.read("/api/v1/weeklijsten")["weeklijsten"]
    ids = [one["id"] for one in lists]
    signals = served.read(f"/api/v1/weeklijsten/{ids[0]}/signalen")["signalen"]
    paths = {
        "list": [f"/api/v1/weeklijsten/{one}" for one in ids],
        "signals of a list": [f"/api/v1/weeklijsten/{one}/signalen" for one in ids],
        "signal": [f"/api/v1/signalen/{one['id']}" for one in signals],
    }
    for what, addresses in paths.items():
        most, rated = measured(served.port, [served.get(path) for path in addresses], seconds=seconds, a_second=RATE)
        show(
            {"bench": "api_read", "what": what, "database": kind, "workers": workers, "rate": RATE}
            | line(most, rated)
            | {"peer": "mlflow models serve, LightGBM and shap, one row of ready-made features"}
            | {f"peer_{name}": value for name, value in line(*peer).items()}
            | (
                {"bare_a_second": _a_second(bare), "bare_ratio": _a_second(bare) / _a_second(peer)}
                if what == "signal"
                else {}
            )
            | _kept(what, most, rated, peer)
        )


def _a_second(both: Both) -> float:
    return len(both[0].of(OK)) / both[0].seconds


def _kept(what: str, most: Answers, rated: Answers, peer: Both) -> dict[str, object]:
    times = _a_second((most, rated)) / _a_second(peer)
    p99 = percentiles(rated.of(OK))["p99_ms"]
    fast = p99 is not None and p99 <= LIMIT_P99_MS
    within = fast and (what != "signal" or times >= LIMIT_TIMES)
    return {"ratio": times, "limit_p99_ms": LIMIT_P99_MS, "limit_ratio": LIMIT_TIMES, "within": within}
