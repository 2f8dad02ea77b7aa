"""The training panel: all pupils at the Monday after each of 40 school weeks, the whole catalogue, from the lake."""

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from benchmarks import plain_pandas
from benchmarks.agreement import differences
from benchmarks.any_series import tsfresh_panel
from benchmarks.lakes import BATCH, LAST_DAY, MONDAYS, ROOT, lake_of, registrations
from benchmarks.measured import apart, beside_plain, limits, peak_mb, show
from benchmarks.shape import PUPILS_A_SCHOOL, name_of, schools
from features.catalogue import NAMES
from features.panel import panel
from models.splits import as_of
from pipelines.home import Home
from pipelines.tables import load

PUPILS = {"small": 20_000, "full": 1_000_000}
LIMIT_S, LIMIT_MB = 300.0, 8_000
GROWTH = {"small": (2_000, 5_000, 10_000), "full": (10_000, 100_000, 1_000_000)}
LATE = 0.03
CORES = 2
BEARABLE = 100
"""Pupils of one school that tsfresh is given."""
COLUMNS = {
    "enrolments": ["school", "pupil", "group", "year_group", "valid_from", "valid_to"],
    "timetable": ["school", "group", "date", "slot", "minutes", "status", "register", "subject"],
    "absences": ["pupil", "start_date", "start_slot", "kind", "authorised"],
}


def ours(root: Path, names: Sequence[str], out: Path) -> tuple[int, int]:
    """Write the panel of schools `names`, a batch of schools at a time on each core; return its rows and the peak MB.

    Two processes with a thread each do more than one with two threads: nobody waits for the other.
    """
    numbered = list(batches(names))
    workers = min(CORES, len(numbered))
    os.environ["POLARS_MAX_THREADS"] = str(CORES // workers)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        done = list(pool.map(_batch, [root] * len(numbered), numbered, [out] * len(numbered)))
    peaks = {process: max(peak for one, _, peak in done if one == process) for process, _, _ in done}
    return sum(rows for _, rows, _ in done), sum(peaks.values()) + peak_mb()


def batches(names: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Part `names` into batches, each with its number."""
    for number in range(0, len(names), BATCH):
        yield number, names[number : number + BATCH]


def _batch(root: Path, numbered: tuple[int, Sequence[str]], out: Path) -> tuple[int, int, int]:
    """Write the panel of one batch; return process, rows and the process's peak MB so far."""
    number, names = numbered
    tables = load(Home.at(root), schools=names, until=LAST_DAY)
    found = panel(tables, [as_of(monday) for monday in MONDAYS])
    found.write_parquet(out / f"{number:04d}.parquet", compression="lz4", statistics=False)
    return os.getpid(), len(found), peak_mb()


def read(root: Path, table: str, names: Sequence[str]) -> pd.DataFrame:
    """Read one table of schools `names` with pandas, the columns that count."""
    files = [file for name in names for file in sorted((root / "lake" / table / name).glob("*.parquet"))]
    return pd.concat(pd.read_parquet(file, columns=COLUMNS[table]) for file in files)


def plain_panel(root: Path, names: Sequence[str], mondays: Sequence[date]) -> pd.DataFrame:
    """Read schools `names` and count them in plain pandas, all at once."""
    enrolments, timetable, absences = (read(root, table, names) for table in COLUMNS)
    return plain_pandas.panel(enrolments, timetable, absences, mondays)


def plain(root: Path, names: Sequence[str], out: Path) -> int:
    """Do the same in plain pandas, in the same batches: all at once would take 20 GB for a tenth; return its rows."""
    rows = 0
    for number, some in batches(names):
        found = plain_panel(root, some, MONDAYS)
        found.to_parquet(out / f"{number:04d}-plain.parquet")
        rows += len(found)
    return rows


def features_panel(size: str) -> None:
    """The whole panel, against plain pandas on a tenth of the schools, and against statistics of any series on one."""
    pupils = PUPILS[size]
    root = lake_of(pupils)
    names = [name_of(number) for number, _ in schools(pupils)]
    tenth = names[: math.ceil(len(names) / 10)]
    with TemporaryDirectory(dir=ROOT) as out:
        theirs = apart(plain, root, tenth, Path(out))
        apart(ours, root, tenth, Path(out))
        differ = apart(differences, Path(out)).result
    if differ:
        msg = f"features differ from plain pandas: {differ}"
        raise SystemExit(msg)
    line = _ours_line("features_panel", root, pupils, names)
    peer_n = min(len(tenth) * PUPILS_A_SCHOOL, pupils)
    peer = beside_plain(theirs, n=pupils, peer_n=peer_n, ours_s=float(str(line["ours_s"]))) | {
        "equal": f"all {len(NAMES)} features of {theirs.result} rows",
    }
    show(line | peer)
    show(_any_series(root, names[0]))
    late = lake_of(pupils, late_share=LATE)
    some = names if size == "small" else tenth  # each late record has its pupil counted anew: hours for a whole country
    show(_ours_line("features_panel", late, min(len(some) * PUPILS_A_SCHOOL, pupils), some) | {"late_share": LATE})


def _any_series(root: Path, school: str) -> dict[str, object]:
    """One school: our whole catalogue of everybody, and tsfresh's smallest set of statistics of some of them."""
    theirs = apart(tsfresh_panel, root, school, BEARABLE)
    line = _ours_line("features_panel", root, PUPILS_A_SCHOOL, [school])
    scaled = theirs.seconds * PUPILS_A_SCHOOL / BEARABLE
    return line | {
        "peer": "tsfresh, MinimalFCParameters of two weekly series",
        "peer_n": BEARABLE,
        "peer_s": theirs.seconds,
        "peer_s_scaled": scaled,
        "peer_cpu_s": theirs.cpu_s,
        "ratio": scaled / _number(line, "ours_s"),
        "peer_peak_mb": theirs.peak_mb,
        "peer_rows": theirs.result[0],
        "peer_features": theirs.result[1],
        "note": "tsfresh does more: 777 statistics of any series in its full set (some 200 ms a pupil and week), and a "
        "test of which matter for an outcome. It does less: no timetable, so no rates; no spells, no comparison "
        "with others, nothing of what was known when. Both start from the records in the lake",
    }


def features_growth(size: str) -> None:
    """The same panel of ever more pupils, and the power of their number with which time and memory grow."""
    root = lake_of(PUPILS[size])
    lines = []
    for pupils in GROWTH[size]:
        names = [name_of(number) for number in range(math.ceil(pupils / PUPILS_A_SCHOOL))]
        many = min(len(names) * PUPILS_A_SCHOOL, PUPILS[size])
        lines.append(_ours_line("features_growth", root, many, names))
        show(lines[-1])
    small, large = lines[0], lines[-1]
    times = math.log(_number(large, "n") / _number(small, "n"))
    powers = {
        f"power_of_{name}": math.log(_number(large, name) / _number(small, name)) / times
        for name in ("ours_s", "ours_cpu_s", "peak_mb")
    }
    show(
        {"bench": "features_growth", "from_n": small["n"], "n": large["n"], **powers, "note": "1 is linear, 0 is flat"}
    )


def _number(line: dict[str, object], name: str) -> float:
    return float(str(line[name]))


def _ours_line(bench: str, root: Path, pupils: int, names: Sequence[str]) -> dict[str, object]:
    with TemporaryDirectory(dir=ROOT) as out:  # on the disk of the lake, never in memory
        done = apart(ours, root, names, Path(out))
    return {
        "bench": bench,
        "n": pupils,
        "ours_s": done.seconds,
        "peer": None,
        "peer_s": None,
        "ratio": None,
        "peak_mb": done.result[1],
        "ours_cpu_s": done.cpu_s,
        "rows": done.result[0],
        "features": len(NAMES),
        "registrations_in_lake": registrations(root),
        **limits(seconds=done.seconds, limit_s=LIMIT_S, peak=done.result[1], limit_mb=LIMIT_MB),
    }
