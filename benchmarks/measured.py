"""What every benchmark prints, and how it is measured: one JSON object a line, each side in a process of its own."""

import json
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """Result of some work, its wall and processor seconds, and the peak memory of the process that did it."""

    result: Any
    seconds: float
    cpu_s: float
    peak_mb: int


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Wall seconds and result of one run."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def median_of(times: int, work: Callable[[], Any]) -> float:
    """Median of the wall seconds of so many runs."""
    return statistics.median(timed(work)[0] for _ in range(times))


def peak_mb() -> int:
    """Most memory that this process has held so far, in MB.

    From /proc: what `getrusage` tells of a young process includes the parent that started it.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


def _measure(work: Callable[..., Any], arguments: tuple[Any, ...]) -> Measured:
    before = _cpu_seconds()
    seconds, result = timed(lambda: work(*arguments))
    return Measured(result, seconds, _cpu_seconds() - before, peak_mb())


def _cpu_seconds() -> float:
    """Processor seconds of this process and those it started: unlike wall seconds, the same on a busy machine."""
    return sum(os.times()[:4])


def apart(work: Callable[..., Any], *arguments: Any) -> Measured:  # noqa: ANN401 - whatever the work takes
    """Do `work` in a fresh process, so that neither side's memory or warm caches help or burden the other."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measure, work, arguments).result()


def show(line: dict[str, object]) -> None:
    """Print one line, numbers rounded to what they are worth."""
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in line.items()}
    print(json.dumps(rounded), flush=True)


def beside_plain(theirs: Measured, *, n: int, peer_n: int, ours_s: float) -> dict[str, object]:
    """Return what a line says of plain pandas, which counted `peer_n` of `n` pupils."""
    scaled = theirs.seconds * n / peer_n
    return {
        "peer": "plain pandas, groupby and rolling, on a tenth",
        "peer_n": peer_n,
        "peer_s": theirs.seconds,
        "peer_s_scaled": scaled,
        "peer_cpu_s": theirs.cpu_s,
        "peer_peak_mb": theirs.peak_mb,
        "ratio": scaled / ours_s,
    }


def limits(*, seconds: float, limit_s: float, peak: int, limit_mb: int | None = None) -> dict[str, object]:
    """Say what was allowed, and whether it was kept."""
    kept = seconds <= limit_s and (limit_mb is None or peak <= limit_mb)
    return {"limit_s": limit_s, "limit_mb": limit_mb, "within": kept}
