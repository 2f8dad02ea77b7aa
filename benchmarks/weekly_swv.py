"""One Monday of an SWV: from the export files of sixteen schools to published lists, with an empty installation.

Timed is the command that a school types, ``aanwezig weekly --from MAP``, from its start to its end. Where the time goes
is told apart, in one process that does the same.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measured import limits, show, timed
from benchmarks.swv_exports import SCHOOLS, WEEK, write_swv
from benchmarks.swv_pandas import lists_in_pandas
from features.catalogue import CATALOGUE
from models.fit import About, Sample, fit
from models.outcome import LISTED, read_outcome
from models.scorecard import Scorecard
from models.serving import Decision, decide, save
from pipelines import ingest, opening, weekly
from pipelines.home import Home

PUPILS = {"small": 2_000, "full": 12_000}
RUNS = 3
SAMPLED_EVERY = 0.05  # seconds between two looks at the memory
MEGABYTE = 1 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")
LIMIT_S, LIMIT_MB = 15, 2_048

STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "read": ((opening, "read"),),
    "check": ((opening, "check_all"),),
    "compare": ((ingest, "_stage_all"),),
    "store": ((ingest, "_settle"),),
    "features": ((weekly, "count"),),
    "lists": ((weekly, "weekly_list"), (weekly, "gathered")),
    "publish": ((weekly, "publish"),),
}
"""Functions whose time is that of a stage. Of two, one calls nothing of the other."""


def weekly_swv(size: str) -> None:
    """Print one JSON line: the command against plain pandas over the same files, which does much less."""
    pupils = PUPILS[size]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        exports = root / "exports"
        write_swv(exports, pupils=pupils)
        scorecard = _scorecard()
        ours, peer, peaks = [], [], []
        for run in range(RUNS):
            seconds, peak = _command(_home(root / f"home-{run}", scorecard), exports)
            ours.append(seconds)
            peaks.append(peak)
            peer.append(timed(lambda: lists_in_pandas(exports, root / "peer", week=pd.Timestamp(WEEK)))[0])
        stages = _stages(_home(root / "home-stages", scorecard), exports)
        exported = sum(path.stat().st_size for path in exports.rglob("*.*"))
    ours_s, peer_s, peak_mb = statistics.median(ours), statistics.median(peer), round(max(peaks))
    show(
        {
            "bench": "weekly_swv",
            "n": pupils,
            "ours_s": ours_s,
            "peer": "plain pandas, a sorted CSV per school",
            "peer_s": peer_s,
            "ratio": peer_s / ours_s,
            "peak_mb": peak_mb,
            **limits(seconds=ours_s, limit_s=LIMIT_S, peak=peak_mb, limit_mb=LIMIT_MB),
            "schools": SCHOOLS,
            "exports_mb": round(exported / MEGABYTE),
            "stages_in_one_process_s": stages,
            "note": "the peer counts hours and sick spells and believes the newest file; it checks, dates, keeps, scores and "
            "explains nothing. Ours includes starting Python; peak_mb is of all its processes together",
        }
    )


def _scorecard() -> Scorecard:
    """A scorecard over the whole catalogue, learned from noise: it costs what a real one costs."""
    rng = np.random.default_rng(2)
    rows, half = 20_000, 10_000
    matrix = rng.gamma(0.6, 0.1, (rows, len(CATALOGUE)))
    outcome = (rng.random(rows) < 1 / (1 + np.exp(4 - 6 * matrix[:, 2]))).astype(np.float64)
    pupils = np.arange(rows)
    moment = pd.Timestamp(WEEK, tz="UTC").to_pydatetime()
    return fit(
        Sample(matrix[:half], outcome[:half], pupils[:half]),
        Sample(matrix[half:], outcome[half:], pupils[half:]),
        features=CATALOGUE,
        outcome=read_outcome(LISTED),
        about=About(catalogue_version="benchmark", trained_at=moment, data_moment=moment),
    ).scorecard


def _home(root: Path, scorecard: Scorecard) -> Home:
    home = Home.at(root)
    save(home.scorecards, scorecard)
    version, at = scorecard.version, scorecard.data_moment
    decide(home.scorecards, Decision(at=at, what="promoted", version=version, serves=version, by="benchmark"))
    return home


def _command(home: Home, exports: Path) -> tuple[float, float]:
    """Wall seconds of the command, and the most megabytes that it and its processes held together."""
    command = [sys.executable, "-c", "from pipelines.cli import main; main()"]
    asked = ["weekly", "--from", str(exports), "--week", str(WEEK), "--brief"]
    begun = time.perf_counter()
    with subprocess.Popen(
        [*command, *asked],
        env={"AANWEZIG_HOME": str(home.root), "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        peak = 0.0
        while running.poll() is None:
            peak = max(peak, _held(running.pid))
            time.sleep(SAMPLED_EVERY)
        seconds = time.perf_counter() - begun
        if running.returncode:
            raise SystemExit(running.stderr.read() if running.stderr else "aanwezig weekly failed")
    return seconds, peak


def _held(pid: int) -> float:
    """Megabytes that a process and all those it started hold now; what they share is counted each time."""
    held = 0.0
    with suppress(OSError):  # it ended while we looked
        held = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE / MEGABYTE
        for task in Path(f"/proc/{pid}/task").iterdir():
            held += sum(_held(int(child)) for child in (task / "children").read_text(encoding="ascii").split())
    return held


def _stages(home: Home, exports: Path) -> dict[str, float]:
    spent = dict.fromkeys(STAGES, 0.0)
    with _timed(spent):
        ingest.ingest(home, exports)
        weekly.weekly(home, week=WEEK)
    return {name: round(seconds, 2) for name, seconds in spent.items()}


@contextmanager
def _timed(spent: dict[str, float]) -> Iterator[None]:
    """Add up the seconds within the functions of each stage."""
    kept = [(module, name, getattr(module, name)) for places in STAGES.values() for module, name in places]
    for stage, places in STAGES.items():
        for module, name in places:
            setattr(module, name, _counting(getattr(module, name), spent, stage))
    try:
        yield
    finally:
        for module, name, function in kept:
            setattr(module, name, function)


def _counting(function: Callable[..., Any], spent: dict[str, float], stage: str) -> Callable[..., Any]:
    @wraps(function)
    def counted(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
        begun = time.perf_counter()
        try:
            return function(*args, **named)
        finally:
            spent[stage] += time.perf_counter() - begun

    return counted
