"""What was known at a moment: the one filter that keeps every feature honest about time."""

from datetime import datetime

import narwhals as nw
from narwhals.typing import IntoFrame

from features.frames import Frame

RECORD = ("school", "record")


def known(versions: IntoFrame, as_of: datetime) -> Frame:
    """Return each record in the version that was known at `as_of`; facts taken back by then are left out.

    Parameters
    ----------
    versions
        Rows with ``school``, ``record``, ``recorded_at`` (UTC) and ``withdrawn``; one row a version.
    as_of
        The moment (UTC). What was recorded later does not exist yet.

    Returns
    -------
    narwhals.LazyFrame
        At most one row a record, columns unchanged. The lake never holds two versions of a record with the same moment;
        should a frame from elsewhere do so, one of them is kept.
    """
    frame = nw.from_native(versions).lazy()
    return (
        frame.filter(nw.col("recorded_at") <= as_of)
        .with_columns(_newest=nw.col("recorded_at").max().over(*RECORD))
        .filter(nw.col("recorded_at") == nw.col("_newest"))
        .drop("_newest")
        .unique(subset=list(RECORD), keep="any")
        .filter(~nw.col("withdrawn"))
    )
