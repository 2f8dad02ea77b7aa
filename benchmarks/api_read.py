"""Reading lists and signals over the API, beside ``mlflow models serve`` answering one row of ready-made features.

Each GET is the real thing: who is asking, what is in scope, a row in the audit for every pupil, committed to disk.
"""

import numpy as np

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
                with serving(home, url, workers=workers) as served:
                    _lines(served, peer, kind=kind, workers=workers, seconds=seconds)


def _lines(served: Served, peer: tuple[Answers, Answers], *, kind: str, workers: int, seconds: float) -> None:
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
            | _kept(what, most, rated, peer)
        )


def _kept(what: str, most: Answers, rated: Answers, peer: tuple[Answers, Answers]) -> dict[str, object]:
    times = (len(most.of(OK)) / most.seconds) / (len(peer[0].of(OK)) / peer[0].seconds)
    p99 = percentiles(rated.of(OK))["p99_ms"]
    fast = p99 is not None and p99 <= LIMIT_P99_MS
    within = fast and (what != "signal" or times >= LIMIT_TIMES)
    return {"ratio": times, "limit_p99_ms": LIMIT_P99_MS, "limit_ratio": LIMIT_TIMES, "within": within}
