"""The features of one week of all pupils, from the lake: what was counted of the weeks before is kept and extended."""

import math
import shutil
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.agreement import of_frames, of_pandas
from benchmarks.lakes import MONDAYS, ROOT, lake_of, registrations
from benchmarks.measured import apart, beside_plain, limits, show
from benchmarks.shape import PUPILS_A_SCHOOL, name_of, schools
from benchmarks.training import LATE, PUPILS, batches, plain_panel
from features.catalogue import NAMES
from models.splits import as_of
from pipelines.home import Home
from pipelines.kept import features_of_week

LIMIT_S = 40.0
BEFORE, MONDAY = MONDAYS[-2:]


def ours(root: Path, monday: date, out: Path) -> int:
    """Write the features of all pupils at `monday`; return how many there are."""
    return features_of_week(Home.at(root), week=monday, as_of=as_of(monday), out=out).pupils


def plain(root: Path, names: list[str]) -> pl.DataFrame:
    """Count the year again in plain pandas, of schools `names`."""
    return pl.concat(of_pandas(plain_panel(root, some, [MONDAY])) for _, some in batches(names))


def features_week(size: str) -> None:
    """The week after which a year ends, when all weeks before it were counted; then the same with late registrations."""
    pupils = PUPILS[size]
    names = [name_of(number) for number, _ in schools(pupils)]
    tenth = names[: math.ceil(len(names) / 10)]
    root, out = lake_of(pupils), ROOT / "week.parquet"
    line = _ours_line(root, out, pupils)
    theirs = apart(plain, root, tenth)
    found = pl.read_parquet(out).filter(pl.col("school").is_in(tenth)).sort("school", "pupil")
    if differ := of_frames(found, theirs.result.sort("school", "pupil")):
        msg = f"features differ from plain pandas: {differ}"
        raise SystemExit(msg)
    peer_n = min(len(tenth) * PUPILS_A_SCHOOL, pupils)
    peer = beside_plain(theirs, n=pupils, peer_n=peer_n, ours_s=float(str(line["ours_s"]))) | {
        "equal": f"all {len(NAMES)} features of {len(found)} pupils",
        "note": "the peer keeps nothing: it counts the year again",
    }
    show(line | peer)
    show(_ours_line(lake_of(pupils, late_share=LATE), out, pupils) | {"late_share": LATE})
    out.unlink()


def _ours_line(root: Path, out: Path, pupils: int) -> dict[str, object]:
    """Count everything up to the Monday before, untimed, and time what one more week takes."""
    shutil.rmtree(Home.at(root).kept, ignore_errors=True)
    first = apart(ours, root, BEFORE, out)
    done = apart(ours, root, MONDAY, out)
    return {
        "bench": "features_week",
        "n": pupils,
        "ours_s": done.seconds,
        "peer": None,
        "peer_s": None,
        "ratio": None,
        "peak_mb": done.peak_mb,
        "ours_cpu_s": done.cpu_s,
        "pupils_now": done.result,
        "features": len(NAMES),
        "registrations_in_lake": registrations(root),
        "first_time_s": first.seconds,
        "first_time_peak_mb": first.peak_mb,
        **limits(seconds=done.seconds, limit_s=LIMIT_S, peak=done.peak_mb),
    }
