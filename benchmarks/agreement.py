"""Whether our panel is the one that plain pandas counted: counts exactly, rates to 1e-9, unknown where unknown."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from features.catalogue import CATALOGUE, NAMES

KEY = ["origin", "school", "pupil"]
WHOLE = frozenset(feature.name for feature in CATALOGUE if feature.of in {"sum", "longest", "since"})
CLOSE = 1e-9


def day_number(day: date) -> int:
    """Return the number by which a panel names its days."""
    return (day - date(1970, 1, 1)).days


def of_pandas(panel: pd.DataFrame) -> pl.DataFrame:
    """Return the panel of `plain_pandas` in our form: Polars, with day numbers."""
    return pl.from_pandas(panel).with_columns(pl.col("origin").cast(pl.Date).to_physical().cast(pl.Int64))


def differences(out: Path) -> dict[str, str]:
    """Compare each ``0000.parquet`` in `out` with the ``0000-plain.parquet`` beside it; return what differs, and how."""
    found: dict[str, str] = {}
    for plain in sorted(out.glob("*-plain.parquet")):
        ours = pl.read_parquet(plain.with_name(plain.name.replace("-plain", "")))
        found |= of_frames(ours.sort(KEY), of_pandas(pd.read_parquet(plain)).sort(KEY))
    return found


def of_frames(ours: pl.DataFrame, theirs: pl.DataFrame) -> dict[str, str]:
    """Compare two frames with the same rows in the same order; return each feature that differs, and where first."""
    for name in KEY:
        if name in ours.columns and ours[name].to_list() != theirs[name].to_list():
            return {name: f"other rows: {len(ours)} and {len(theirs)}"}
    found = {}
    for name in NAMES:
        mine, other = (frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for frame in (ours, theirs))
        close = np.isclose(mine, other, rtol=0, atol=0 if name in WHOLE else CLOSE, equal_nan=True)
        if not close.all():
            first = int(np.flatnonzero(~close)[0])
            found[name] = f"{int((~close).sum())}: {theirs['pupil'][first]} {mine[first]} and {other[first]}"
    return found
