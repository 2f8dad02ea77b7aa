"""On which days of a group its norm would be laid over timetables that its pupils have of their own.

A pupil's own lessons say nothing about the others. Only where everybody who is in the group that day has lessons of their
own, nobody needs a norm; and as enrolments and timetables become known, that can begin, end and begin again.
"""

from datetime import UTC, datetime

import polars as pl

from pipelines.lake import MOMENT

DAY = ["group", "date"]
_NEVER = pl.lit(datetime(9999, 1, 1, tzinfo=UTC), dtype=MOMENT)


def memberships(enrolments: pl.LazyFrame, *school: str) -> pl.LazyFrame:
    """Say who is known to be in which group on which days, and from which moment up to which that is what is known.

    Returns
    -------
    polars.LazyFrame
        ``pupil, group, valid_from, valid_to, known_from, known_to``; null at the end where it is still known. With the
        column `school` all is told per school.
    """
    # The file does not promise an order, and the next version of a record ends what the one before said.
    told = enrolments.sort("record", "recorded_at").with_columns(
        known_from="recorded_at", known_to=pl.col("recorded_at").shift(-1).over(*school, "record")
    )
    return told.filter(~pl.col("withdrawn")).select(
        *school, "pupil", "group", "valid_from", "valid_to", "known_from", "known_to"
    )


def with_someone_without(days: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """From which moments up to which a group has, on a day, a pupil without own lessons, or nobody with them.

    Parameters
    ----------
    days
        ``group, date``.
    members
        As `memberships` gives them, and ``own``: when the pupil's own lessons became known, null where never.

    Returns
    -------
    polars.DataFrame
        ``group, date, since, until``, null where there is no beginning or end; only of those of `days` on which somebody
        ever has lessons of their own. Periods of one day do not touch.
    """
    some = members.filter(pl.col("own").is_not_null()).select("group").unique()
    there = days.select(DAY).join(members.join(some, on="group", how="semi"), on="group")
    not_over = pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("date"))
    there = there.filter((pl.col("valid_from") <= pl.col("date")) & not_over)
    begun = there.filter(pl.col("own").is_not_null()).select(
        *DAY, "known_to", at=pl.max_horizontal("known_from", "own")
    )
    begun = begun.filter(pl.col("known_to").is_null() | (pl.col("known_to") > pl.col("at")))
    before = begun.group_by(DAY).agg(since=pl.lit(None, dtype=MOMENT), until=pl.col("at").min())
    without = there.select(*DAY, since="known_from", until=pl.min_horizontal("known_to", "own"))
    without = without.filter(pl.col("until").is_null() | (pl.col("until") > pl.col("since")))
    return _joined(pl.concat([before, without.join(before, on=DAY, how="semi")]))


def _joined(periods: pl.DataFrame) -> pl.DataFrame:
    """Make one period of those that overlap or touch."""
    ends = periods.with_columns(_end=pl.col("until").fill_null(_NEVER)).sort(*DAY, "since")
    apart = (pl.col("since") > pl.col("_end").cum_max().shift(1).over(DAY)).fill_null(value=False)
    return (
        ends.with_columns(_one=apart.cum_sum().over(DAY))
        .group_by(*DAY, "_one")
        .agg(pl.col("since").first(), until=pl.col("_end").max())
        .select(*DAY, "since", until=pl.when(pl.col("until") < _NEVER).then("until"))
    )
