"""Four times as much as the service can do: who is sent away hears it at once, and the service recovers; and a killed worker.

First the capacity is measured, then four times that is asked for a while, then half of it, to see how soon it is normal.
"""

import os
import signal
import threading
import time

import numpy as np

from benchmarks.api_load import OK, Answers, as_many_as_fit, at_rate, percentiles
from benchmarks.api_read import learnt
from benchmarks.api_served import STARTS, Served, database, fill, serving
from benchmarks.explain import _card
from benchmarks.measured import apart, show

SECONDS = {"small": 5.0, "full": 15.0}
TIMES = 4
WORKERS = 2
MANY = 512
"""Connections under overload: more than are let in, fewer than the machine's limits."""
REFUSED = (429, 503)
LIMIT_REFUSAL_MS, LIMIT_RECOVERY_S = 100.0, 2.0
NORMAL = 0.01
"""Share that may be late in a normal second: it is by what p99 is."""
PERSON = "[person]\na_second = 1000000\nburst = 1000000\n[address]\na_second = 1000\nburst = 1000\n"
"""What one person may ask is not what is measured here; all other limits are those of an installation."""


def api_overload(size: str) -> None:
    """Print a line about overload, and one about a killed worker."""
    seconds = SECONDS[size]
    matrix, outcome = learnt()
    card = _card(matrix, outcome)
    with database("sqlite") as (home, url):
        fill(url, card, matrix)
        with serving(home, url, workers=WORKERS, limits=PERSON) as served:
            ids = [one["id"] for one in served.read("/api/v1/weeklijsten")["weeklijsten"]]
            requests = [served.get(f"/api/v1/weeklijsten/{one}") for one in ids]
            apart(_fitting, served.port, requests, 1.0)
            most = apart(_fitting, served.port, requests, seconds).result
            capacity = len(most.of(OK)) / seconds
            _overload(served, requests, capacity=capacity, seconds=seconds)
            _killed(served, requests, a_second=capacity / 4, seconds=seconds)


def _fitting(port: int, requests: list[bytes], seconds: float) -> Answers:
    return as_many_as_fit(port, requests, connections=8, seconds=seconds)


def _rated(port: int, requests: list[bytes], a_second: float, seconds: float, connections: int) -> Answers:
    return at_rate(port, requests, a_second=a_second, seconds=seconds, connections=connections)


def _overload(served: Served, requests: list[bytes], *, capacity: float, seconds: float) -> None:
    before = apart(_rated, served.port, requests, capacity / 2, seconds, 64).result
    storm = apart(_rated, served.port, requests, capacity * TIMES, seconds, MANY).result
    after = apart(_rated, served.port, requests, capacity / 2, seconds, 64).result
    refusals, answered = storm.of(*REFUSED), storm.of(OK)
    recovery = recovered(before, after)
    p99 = percentiles(refusals)["p99_ms"]
    show(
        {
            "bench": "api_overload",
            "what": f"{TIMES} times the capacity",
            "workers": WORKERS,
            "capacity_a_second": capacity,
            "asked_a_second": capacity * TIMES,
            "answered_a_second": len(answered) / seconds,
            "refused_share": _refused(storm),
            "no_answer_share": len(storm.of(0)) / len(storm.latencies),
            "other_statuses": sorted(set(storm.counts) - {OK, 0, *REFUSED}),
            **{f"refusal_{name}": value for name, value in percentiles(refusals).items()},
            **{f"answer_{name}": value for name, value in percentiles(answered).items()},
            **{f"before_{name}": value for name, value in percentiles(before.of(OK)).items()},
            **{f"after_{name}": value for name, value in percentiles(after.of(OK)).items()},
            "before_refused_share": _refused(before),
            "after_refused_share": _refused(after),
            "recovery_s": recovery,
            "limit_refusal_p99_ms": LIMIT_REFUSAL_MS,
            "limit_recovery_s": LIMIT_RECOVERY_S,
            "within": p99 is not None and p99 <= LIMIT_REFUSAL_MS and recovery <= LIMIT_RECOVERY_S,
        }
    )


def _refused(answers: Answers) -> float:
    return len(answers.of(*REFUSED)) / len(answers.latencies)


def recovered(before: Answers, after: Answers) -> float:
    """Seconds after the storm until the first whole second as it was before: at most one in a hundred refused or late.

    Late is later than twice the p99 before. What happens after that second is told as ``after_refused_share``, beside that of
    before: half of the capacity of two workers is nearly all of one, so a few may be refused at any time.
    """
    normal = 2 * float(np.percentile(before.of(OK), 99))
    late = (np.array(after.statuses) != OK) | (np.array(after.latencies) > normal)
    seconds = np.array(after.moments).astype(int)
    quiet = (second for second in np.unique(seconds) if late[seconds == second].mean() <= NORMAL)
    return float(next(quiet, after.seconds))


def _killed(served: Served, requests: list[bytes], *, a_second: float, seconds: float) -> None:
    workers = served.workers()
    moment = []

    def kill() -> None:
        time.sleep(seconds / 3)
        moment.append(time.monotonic())
        os.kill(workers[0], signal.SIGKILL)
        while len({*served.workers()} - {workers[0]}) < WORKERS and time.monotonic() < moment[0] + STARTS:
            time.sleep(0.02)
        moment.append(time.monotonic())

    killer = threading.Thread(target=kill)
    killer.start()
    found = apart(_rated, served.port, requests, a_second, seconds, 64).result
    killer.join()
    show(
        {
            "bench": "api_overload",
            "what": "a worker of two is killed",
            "asked_a_second": a_second,
            "asked": len(found.latencies),
            "answered": len(found.of(OK)),
            "no_answer": len(found.of(0)),
            "refused": len(found.of(*REFUSED)),
            **percentiles(found.of(OK)),
            "replaced_after_s": moment[1] - moment[0],
            "note": "writes that were confirmed are all there: tests/service/test_workers.py",
        }
    )
