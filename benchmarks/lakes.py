"""Lakes of the national shape, made once and kept under ``var/bench``; `make clean` removes them."""

from datetime import date
from pathlib import Path

from benchmarks.measured import apart
from benchmarks.shape import days_of, origins
from benchmarks.shape_lake import write_lake
from pipelines.home import Home

ROOT = Path("var/bench")
SEED = 1
YEAR = 2025
BATCH = 4
"""Schools at a time: 3,200 pupils. Schools are independent; of more, a panel no longer fits in a core's own memory, and each
pupil takes longer."""

MONDAYS: list[date] = origins(YEAR)
LAST_DAY: date = days_of(YEAR)[-1]


def lake_of(pupils: int, *, late_share: float = 0.0) -> Path:
    """Return the root of the home whose lake has so many pupils; made if it is not there yet."""
    root = ROOT / f"{pupils}-late{late_share:g}"
    whole = root / "registrations.txt"
    if not whole.exists():
        made = apart(_make, root, pupils, late_share)
        whole.write_text(str(made.result), encoding="ascii")
    return root


def registrations(root: Path) -> int:
    """How many absence registrations the lake at `root` has."""
    return int((root / "registrations.txt").read_text(encoding="ascii"))


def _make(root: Path, pupils: int, late_share: float) -> int:
    return write_lake(Home.at(root), pupils, SEED, late_share=late_share)
