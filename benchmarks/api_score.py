"""Live scoring over the API, from raw absences to sentences, beside ``mlflow models serve`` on ready-made features.

Ours reads and checks a year of registrations and timetable, counts 71 features, scores, explains, words and audits. Theirs
gets the features, and answers a probability and its contributions.
"""

import polars as pl

from benchmarks.api_load import OK, Answers, as_many_as_fit, at_rate, percentiles
from benchmarks.api_peer import invocation, serving_mlflow
from benchmarks.api_read import learnt
from benchmarks.api_served import MOMENT, Served, database, fill, serving
from benchmarks.explain import _card
from benchmarks.measured import apart, show
from benchmarks.shape import Frames, one_school
from models.scorecard import Scorecard
from service.live.score_request import COLUMNS

SECONDS = {"small": 6.0, "full": 20.0}
BATCH = 500
SCHOOL = "00ZZ00"
LIMIT_P99_MS, LIMIT_TIMES = 60.0, 2.0
ONE_A_SECOND = 10.0
"""Rate at which single pupils are asked for: a page that somebody opens, not a batch."""


def api_score(size: str) -> None:
    """Print a line for one pupil and for batches of 500, with 1 and 2 workers."""
    seconds = SECONDS[size]
    matrix, outcome = learnt()
    peers = {}
    with serving_mlflow(matrix, outcome) as port:
        for pupils in (1, BATCH):
            rows = [invocation(matrix[start : start + pupils]) for start in range(0, 20 * pupils, pupils)]
            peers[pupils] = _asked(port, rows, pupils=pupils, seconds=seconds)
    card: Scorecard = _card(matrix, outcome)
    school = one_school(0, BATCH, seed=1)
    with database("sqlite") as (home, url):
        fill(url, card, matrix)
        for workers in (1, 2):
            with serving(home, url, workers=workers) as served:
                _line(served, school, 1, peers[1], workers=workers, seconds=seconds)
                _line(served, school, BATCH, peers[BATCH], workers=workers, seconds=seconds)


def _line(
    served: Served, school: Frames, pupils: int, peer: tuple[Answers, Answers], *, workers: int, seconds: float
) -> None:
    names = school[0].filter(pl.len().over("pupil") == 1).get_column("pupil").unique(maintain_order=True)
    sent = (
        [names[start : start + pupils] for start in range(0, 10 * pupils, pupils)] if pupils == 1 else [names[:pupils]]
    )
    requests = [served.post("/api/v1/scores", question(school, each)) for each in sent]
    most, rated = _asked(served.port, requests, pupils=pupils, seconds=seconds)
    a_second, peer_a_second = (pupils * len(one.of(OK)) / one.seconds for one in (most, peer[0]))
    p99, times = percentiles(rated.of(OK))["p99_ms"], a_second / peer_a_second
    fast = pupils > 1 or (p99 is not None and p99 <= LIMIT_P99_MS)
    show(
        {
            "bench": "api_score",
            "n": pupils,
            "workers": workers,
            "registrations": school[2].filter(pl.col("pupil").is_in(sent[0].implode())).height,
            "request_kb": len(requests[0]) // 1000,
            "pupils_a_second": a_second,
            **percentiles(rated.of(OK)),
            "not_200": len(most.latencies) + len(rated.latencies) - len(most.of(OK)) - len(rated.of(OK)),
            "peer": "mlflow models serve, LightGBM and shap, ready-made features",
            "peer_pupils_a_second": peer_a_second,
            **{f"peer_{name}": value for name, value in percentiles(peer[1].of(OK)).items()},
            "ratio": times,
            "limit_p99_ms": LIMIT_P99_MS if pupils == 1 else None,
            "limit_ratio": LIMIT_TIMES if pupils > 1 else None,
            "within": fast and (pupils == 1 or times >= LIMIT_TIMES),
        }
    )


def _asked(port: int, requests: list[bytes], *, pupils: int, seconds: float) -> tuple[Answers, Answers]:
    """As much as fits; and single pupils at a fixed rate, batches one after the other."""
    apart(_fitting, port, requests, 1, 1.0)
    most = apart(_fitting, port, requests, 2, seconds).result
    rated = apart(_single, port, requests, seconds) if pupils == 1 else apart(_fitting, port, requests, 1, seconds)
    return most, rated.result


def _fitting(port: int, requests: list[bytes], connections: int, seconds: float) -> Answers:
    return as_many_as_fit(port, requests, connections=connections, seconds=seconds)


def _single(port: int, requests: list[bytes], seconds: float) -> Answers:
    return at_rate(port, requests, a_second=ONE_A_SECOND, seconds=seconds)


def question(school: Frames, pupils: "pl.Series") -> dict[str, object]:
    """Return what is asked about `pupils`: their enrolments and registrations, and the lessons of their groups."""
    enrolments, timetable, absences = school
    mine = enrolments.filter(pl.col("pupil").is_in(pupils.implode()))
    return {
        "peilmoment": MOMENT.isoformat(),
        "school": {"code": SCHOOL, "sector": "vo", "regio": "midden"},
        "inschrijvingen": _rows("inschrijvingen", mine),
        "verzuim": _rows("verzuim", absences.filter(pl.col("pupil").is_in(pupils.implode()))),
        "weekrooster": _rows("weekrooster", _week(timetable.join(mine, on=["school", "group"], how="semi"))),
    }


def _week(timetable: pl.DataFrame) -> pl.DataFrame:
    """Return the lessons of a week, which is what a school has in its system; cancelled ones are left to the days."""
    return timetable.group_by("group", pl.col("date").dt.weekday().cast(pl.Int64).alias("weekday"), "slot").agg(
        pl.col("start_minute", "minutes").first(),
        pl.col("subject").mode().sort().first(),
        pl.col("date").min().alias("valid_from"),
        pl.col("date").max().alias("valid_to"),
    )


def _rows(name: str, frame: pl.DataFrame) -> list[dict[str, object]]:
    """Return rows with the columns of a request; what is empty is left out."""
    columns = [column.name for column in COLUMNS[name] if column.name in frame.columns]
    told = frame.select(columns).with_columns(
        pl.selectors.date().dt.to_string(), pl.selectors.datetime().dt.to_string("%Y-%m-%dT%H:%M:%SZ")
    )
    return [{key: value for key, value in row.items() if value is not None} for row in told.to_dicts()]
