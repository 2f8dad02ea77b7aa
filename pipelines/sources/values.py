"""Strict, vectorised parsing of cells: what is not clearly a value becomes null, never a guess.

Every parser takes text and returns as many values; the caller says which cells it could not read.
Dates repeat, so each distinct text is parsed once.
"""

from collections.abc import Callable

import polars as pl

from data_contracts.tables import NO_END

LAST_SLOT = 99
"""Lesson hours have at most two digits."""

LOCAL = "Europe/Amsterdam"
"""Time zone of every school: a time without an offset is meant here."""

_MOMENT = (
    r"^(?:(?<y>(?:19|2[01])\d\d|9999)-(?<m>\d{1,2})-(?<d>\d{1,2})|(?<d2>\d{1,2})-(?<m2>\d{1,2})-(?<y2>(?:19|2[01])\d\d|9999))"
    r"(?:[T ](?<hour>\d{1,2}):(?<minute>[0-5]\d)(?::(?<second>[0-5]\d)(?:[.,](?<fraction>\d{1,6})\d*)?)?"
    r"(?: ?(?<offset>Z|[+-][01]\d:?[0-5]\d))?)?$"
)
_EXCEL_DAY = r"^[3-7]\d{4}(?:\.\d+)?$"
_EXCEL_FIRST, _EXCEL_LAST = 36526, 73415  # 2000-01-01 and 2100-12-31
_EXCEL_EPOCH = "1899-12-30"
_LAST_SUNDAYS, _SUNDAY, _CHANGING_HOUR = 24, 7, 2
"""The clock changes on a Sunday after the 24th, between two and three."""

_DURATION = (
    r"^(?:(?<hours>\d{1,4}) ?u(?:ur)? ?(?:(?<minutes>\d{1,2}) ?m?(?:in)?)?"
    r"|(?<only>\d{1,5}) ?m(?:in)?"
    r"|(?<plain>\d{1,5})"
    r"|(?<h>\d{1,4}):(?<mm>[0-5]\d)(?::[0-5]\d)?)$"
)
_EXCEL_DURATION = r"^(?:1899-12-3[01]|1900-0[12]-\d\d)(?: |$)"
_NUMBER = r"^-?\d+(?:[.,]\d+)?(?:[eE][+-]?\d{1,3})?$"

BOOLEANS: dict[str, bool] = {
    "true": True,
    "false": False,
    "waar": True,
    "onwaar": False,
    "ja": True,
    "nee": False,
    "j": True,
    "n": False,
    "1": True,
    "0": False,
}
"""Words for yes and no, lower case. Dutch Excel writes WAAR and ONWAAR."""


def _each_once(text: pl.Series, parse: Callable[[pl.Series], pl.Series]) -> pl.Series:
    distinct = text.drop_nulls().unique()
    if distinct.len() * 2 > text.len():
        return parse(text)
    values = parse(distinct)
    return text.replace_strict(distinct, values, default=None, return_dtype=values.dtype)


def _parts(text: pl.Series) -> pl.DataFrame:
    """Split moments into ``naive`` (as written) and ``offset`` (minutes east of Greenwich, null where not written)."""
    part = pl.col("part").struct
    frame = text.to_frame("text").with_columns(pl.col("text").str.extract_groups(_MOMENT).alias("part"))
    written = pl.concat_str(
        pl.coalesce(part.field("y"), part.field("y2")),
        pl.coalesce(part.field("m"), part.field("m2")).str.zfill(2),
        pl.coalesce(part.field("d"), part.field("d2")).str.zfill(2),
        part.field("hour").fill_null("00").str.zfill(2),
        part.field("minute").fill_null("00"),
        part.field("second").fill_null("00"),
        part.field("fraction").fill_null("0").str.pad_end(6, "0"),
        separator="-",
    )
    offset = part.field("offset")
    hours, minutes = (offset.str.extract(r"^.(\d\d):?(\d\d)$", group).cast(pl.Int64) for group in (1, 2))
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    excel_day = pl.when(pl.col("text").str.contains(_EXCEL_DAY)).then(pl.col("text").cast(pl.Float64, strict=False))
    seconds = (excel_day * 86_400).round(0).cast(pl.Int64)
    epoch = pl.lit(_EXCEL_EPOCH).str.to_datetime("%Y-%m-%d", time_unit="us")
    serial = pl.when(excel_day.is_between(_EXCEL_FIRST, _EXCEL_LAST)).then(epoch + pl.duration(seconds=seconds))
    return frame.select(
        pl.coalesce(written.str.to_datetime("%Y-%m-%d-%H-%M-%S-%6f", time_unit="us", strict=False), serial).alias(
            "naive"
        ),
        pl.when(offset == "Z").then(0).otherwise(sign * (hours * 60 + minutes)).alias("offset"),
    )


def _utc(text: pl.Series) -> pl.Series:
    naive = pl.col("naive")
    offset = naive.dt.replace_time_zone("UTC") - pl.duration(minutes=pl.col("offset"))
    # The hour that occurs twice in autumn is read as the second one, the hour that is skipped in spring as the hour
    # after it: a moment may seem later than it was, never earlier.
    local = naive.dt.replace_time_zone(LOCAL, ambiguous="latest", non_existent="null").dt.convert_time_zone("UTC")
    skipped = (naive - pl.duration(hours=1)).dt.replace_time_zone("UTC")
    return _parts(text).select(
        pl.when(pl.col("offset").is_not_null()).then(offset).otherwise(pl.coalesce(local, skipped)).alias(text.name)
    )[text.name]


def _local(text: pl.Series) -> pl.Series:
    naive = pl.col("naive")
    moved = (naive.dt.replace_time_zone("UTC") - pl.duration(minutes=pl.col("offset"))).dt.convert_time_zone(LOCAL)
    return _parts(text).select(
        pl.when(pl.col("offset").is_not_null()).then(moved.dt.replace_time_zone(None)).otherwise(naive).alias(text.name)
    )[text.name]


def moments(text: pl.Series) -> pl.Series:
    """Parse moments: ISO 8601, ``d-m-Y H:M[:S]`` or Excel's day number; without an offset in Dutch local time.

    Returns
    -------
    polars.Series
        UTC, microseconds. A date alone is its midnight in local time.
    """
    return _each_once(text, _utc)


def on_clock_change(text: pl.Series, moments_read: pl.Series) -> pl.Series:
    """Whether a moment was written without an offset in an hour that the Dutch clock shows twice, or skips.

    Parameters
    ----------
    text, moments_read
        The cells, and what `moments` made of them.
    """
    # Both nights end in the hour after 01:00 UTC on the last Sunday of the month: few moments need a second look.
    moment = pl.col("moment")
    night = (
        moment.dt.month().is_in([3, 10])
        & (moment.dt.day() > _LAST_SUNDAYS)
        & (moment.dt.weekday() == _SUNDAY)
        & (moment.dt.hour() == 1)
    )
    near = moments_read.to_frame("moment").select(night.fill_null(value=False))["moment"]
    if not near.any():
        return near.alias(text.name)
    # An offset says which of the two hours is meant.
    unsaid = _parts(text).select(pl.col("offset").is_null() & (pl.col("naive").dt.hour() == _CHANGING_HOUR))
    return (near & unsaid.to_series()).alias(text.name)


def local_moments(text: pl.Series) -> pl.Series:
    """Parse moments as `moments` does, and return the Dutch clock's time (without a zone)."""
    return _each_once(text, _local)


def dates(text: pl.Series) -> pl.Series:
    """Parse dates: ``d-m-Y``, ``Y-m-d``, Excel's day number, or the local date of a moment."""
    return _each_once(text, lambda distinct: _local(distinct).dt.date())


def drop_never(last: pl.Series) -> pl.Series:
    """Return null for a last day that stands for *no end yet*, such as 31-12-9999."""
    return last.to_frame("last").select(pl.when(pl.col("last").dt.year() < NO_END).then(pl.col("last")))["last"]


def is_plain_date(text: pl.Series) -> pl.Series:
    """Whether a cell holds a date without a time."""
    return text.str.contains(r"^\d+-\d+-\d+$|^\d{5}$")


def durations(text: pl.Series) -> pl.Series:
    """Parse durations: ``107u24m``, ``0u50m``, ``1:30``, ``50`` minutes, or a duration of Excel's.

    Returns
    -------
    polars.Series
        Whole minutes.
    """
    return _each_once(text, _durations)


def _durations(text: pl.Series) -> pl.Series:
    part = pl.col("part").struct
    frame = text.to_frame("text").with_columns(
        pl.col("text").str.to_lowercase().str.extract_groups(_DURATION).alias("part")
    )
    count = {name: part.field(name).cast(pl.Int64) for name in ("hours", "minutes", "only", "plain", "h", "mm")}
    excel = pl.when(pl.col("text").str.contains(_EXCEL_DURATION)).then(pl.col("text"))
    moment = pl.coalesce(
        excel.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us"),
        excel.str.to_datetime("%Y-%m-%d", strict=False, time_unit="us"),
    )
    day_zero = pl.lit("1899-12-31").str.to_datetime("%Y-%m-%d", time_unit="us")
    return frame.select(
        pl.coalesce(
            pl.when(count["hours"].is_not_null()).then(count["hours"] * 60 + count["minutes"].fill_null(0)),
            count["only"],
            count["plain"],
            count["h"] * 60 + count["mm"],
            ((moment - day_zero).dt.total_seconds() / 60).round(0).cast(pl.Int64),
        ).alias(text.name)
    )[text.name]


def booleans(text: pl.Series) -> pl.Series:
    """Parse yes and no, as in `BOOLEANS`."""
    return text.str.to_lowercase().replace_strict(BOOLEANS, default=None, return_dtype=pl.Boolean)


def numbers(text: pl.Series) -> pl.Series:
    """Parse numbers, with a point or a comma before the decimals."""
    plain = pl.when(pl.col("text").str.contains(_NUMBER)).then(pl.col("text").str.replace(",", ".", literal=True))
    value = plain.cast(pl.Float64, strict=False)
    return text.to_frame("text").select(pl.when(value.is_finite()).then(value).alias(text.name))[text.name]


def whole_numbers(text: pl.Series) -> pl.Series:
    """Parse whole numbers; ``3.0``, as spreadsheets write it, is 3."""
    plain = pl.when(pl.col("text").str.contains(r"^-?\d{1,18}(?:[.,]0+)?$")).then(pl.col("text"))
    return text.to_frame("text").select(
        plain.str.replace(r"[.,]0+$", "").cast(pl.Int64, strict=False).alias(text.name)
    )[text.name]


def slots(text: pl.Series) -> pl.Series:
    """Parse lesson hours. What has more than two digits is something else, perhaps a pupil's number."""
    number = whole_numbers(text)
    return number.to_frame("slot").select(pl.when(pl.col("slot").is_between(0, LAST_SLOT)).then("slot"))["slot"]
