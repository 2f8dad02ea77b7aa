"""What was known at a moment: the one filter that keeps every feature honest about time."""

from datetime import UTC, datetime

import narwhals as nw
from narwhals.typing import IntoFrame

from features.fixed import fixed, quick
from features.frames import Frame, held

RECORD = ("school", "record")
SUPERSEDED = "superseded_at"


def with_successors(versions: IntoFrame) -> Frame:
    """Add to each version the moment at which the next version of its record was recorded (null: none was).

    With it, what was known at a moment is a filter; without it, `known` works it out each time.
    """
    frame = quick(nw.from_native(versions).lazy())
    # Few records are ever corrected: only those are put in order.
    several = held(frame.group_by(list(RECORD)).agg(_versions()).filter(_several()))
    if several.empty():
        return frame.with_columns(_never())
    once = frame.join(several.frame, on=list(RECORD), how="anti").with_columns(_never())
    # Two versions with one moment exist only in frames from elsewhere: one of them is kept.
    corrected = frame.join(several.frame, on=list(RECORD), how="semi")
    corrected = corrected.unique(subset=[*RECORD, "recorded_at"], keep="any").with_columns(_next())
    return nw.concat([once, corrected], how="vertical")


@fixed
def _versions() -> nw.Expr:
    return nw.len().alias("_versions")


@fixed
def _several() -> nw.Expr:
    return nw.col("_versions") > 1


@fixed
def _never() -> nw.Expr:
    return nw.when(nw.lit(value=False)).then(nw.col("recorded_at")).alias(SUPERSEDED)


@fixed
def _next() -> nw.Expr:
    return nw.col("recorded_at").shift(-1).over(*RECORD, order_by="recorded_at").alias(SUPERSEDED)


def known(versions: IntoFrame, as_of: datetime) -> Frame:
    """Return each record in the version that was known at `as_of`; facts taken back by then are left out.

    Parameters
    ----------
    versions
        Rows with ``school``, ``record``, ``recorded_at`` (UTC) and ``withdrawn``; one row a version.
    as_of
        The moment. What was recorded later does not exist yet.

    Returns
    -------
    narwhals.LazyFrame
        At most one row a record.
    """
    moment = as_of.astimezone(UTC)
    frame = quick(nw.from_native(versions).lazy())
    if SUPERSEDED not in frame.collect_schema().names():
        frame = with_successors(frame.filter(_recorded_by(moment)).to_native())
    return frame.filter(_told(moment))


@fixed
def _recorded_by(moment: datetime) -> nw.Expr:
    return nw.col("recorded_at") <= _at(moment)


@fixed
def _at(moment: datetime) -> nw.Expr:
    return nw.lit(moment)


@fixed
def _told(moment: datetime) -> nw.Expr:
    superseded = nw.col(SUPERSEDED)
    return _recorded_by(moment) & (superseded.is_null() | (superseded > _at(moment))) & ~nw.col("withdrawn")
