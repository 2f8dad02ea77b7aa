"""Dutch clock times: in UTC, also in the two nights a year when the clock changes, and when a week begins to count."""

from datetime import UTC, datetime, time

from features.calendar import AMSTERDAM

MONDAY_MORNING = time(6, 0, tzinfo=AMSTERDAM)
"""A list counts what was known then."""


def utc_of(clock: datetime) -> datetime:
    """Return the moment of a Dutch clock time (without a zone) in UTC; a moment with a zone is only converted.

    An hour that the clock shows twice is read as the second one, an hour that it skips as the hour after it, as the
    readers do (`pipelines.sources.values.moments`): a moment may seem later than it was, never earlier.
    """
    if clock.tzinfo is not None:
        return clock.astimezone(UTC)
    return max(clock.replace(tzinfo=AMSTERDAM, fold=fold).astimezone(UTC) for fold in (0, 1))
