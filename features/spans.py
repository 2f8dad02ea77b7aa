"""Registrations as spans of days: from which day to which each lasts, and the school days that it covers."""

import narwhals as nw

from data_contracts.reasons import KINDS, Authorised, Kind, Registration
from features.fixed import fixed
from features.frames import Frame, held, like, settle, with_day_numbers
from features.scheduled import Scheduled, week_of, weekday_of

BUCKET = 7  # days; a span is joined to the school days of the few buckets it touches, not of the whole year

REACHES = (2, 8, 32, 256)  # buckets; the largest is almost five years, counted from the first day looked at

AUTHORISED_CODES = {Authorised.YES: 0, Authorised.NO: 1, Authorised.UNKNOWN: 2}

_SATURDAY = 5

FIRST_EVENT = min(info.precedence for info in KINDS.values() if info.event_only) * 3
"""Codes from here on are of lateness and removal: they count, but take no time. See `_code`."""

_ARRANGED = [
    info.precedence
    for kind, info in KINDS.items()
    if info.authorised is Authorised.YES and kind is not Kind.SICK and not info.event_only
]
"""Kinds of what may be arranged beforehand, such as an hour with the doctor each week."""


@fixed
def _code() -> nw.Expr:
    """Return kind and authorised in one number that sorts by precedence: ``precedence * 3 + authorised``."""
    kinds = [kind.value for kind in KINDS]
    unknown = AUTHORISED_CODES[Authorised.UNKNOWN]
    by_kind = [info.precedence * 3 + AUTHORISED_CODES[info.authorised] for info in KINDS.values()]
    usual = nw.col("kind").replace_strict(
        kinds, by_kind, default=nw.lit(KINDS[Kind.UNEXPLAINED].precedence * 3 + unknown), return_dtype=nw.Int64
    )
    words = {word: number for word, number in AUTHORISED_CODES.items() if word is not Authorised.UNKNOWN}
    said = nw.col("authorised").replace_strict(
        [word.value for word in words], list(words.values()), default=nw.lit(-1), return_dtype=nw.Int64
    )
    return nw.when(said < 0).then(usual).otherwise(usual // 3 * 3 + said)


def spans_of(absences: Frame, enrolled: Frame, *, first_day: int, end_day: int, told_from: int) -> tuple[Frame, bool]:
    """Registrations of enrolled pupils with their first and last day, once for each period of the enrolment.

    Also whether any may be of several days.
    """
    found = with_day_numbers(absences, start_day="start_date", _end="end_date").filter(_begins_before(end_day))
    found = found.with_columns(*_last_day_and_code()).filter(_lasts_until(told_from)).with_columns(*_of_span())
    columns = [
        "start_day",
        "last_day",
        "one_day",
        "open_ended",
        "is_report",
        *_WHOLE,
        "amount",
        "unit_stated",
        "record",
    ]
    periods = enrolled.select("school", "pupil", "pupil_no", "unit_no", "from_day", "to_day")
    found = found.select("school", "pupil", "code", *columns).join(periods, on=["school", "pupil"], how="inner")
    kept = held(found.drop("pupil").with_columns(*_longer()))
    found = kept.frame
    if kept.any("open_ended"):
        found = _ended(found, enrolled, end_day=end_day)
    elsewhere = kept.any("_spread")
    found = _with_days_elsewhere(found, end_day=end_day) if elsewhere else found.with_columns(_nowhere_else())
    found = found.with_columns(*_last_day_within(end_day)).filter(_reaches(first_day))
    return found, kept.any("_longer")


_WHOLE = ("start_slot", "end_slot", "start_minute", "end_minute")


@fixed
def _begins_before(end_day: int) -> nw.Expr:
    return nw.col("start_day") < end_day


@fixed
def _last_day_and_code() -> dict[str, nw.Expr]:
    return {"last_day": nw.coalesce("_end", "start_day"), "code": _code()}


@fixed
def _lasts_until(told_from: int) -> nw.Expr:
    last = nw.col("last_day")
    return ((last >= nw.col("start_day")) & (last >= told_from)) | nw.col("open_ended")


@fixed
def _of_span() -> tuple[nw.Expr, ...]:
    return (
        nw.col(*_WHOLE).cast(nw.Int64),
        ((nw.col("start_day") == nw.col("last_day")) & ~nw.col("open_ended")).alias("one_day"),
        (nw.col("registration") == Registration.REPORT.value).alias("is_report"),
    )


@fixed
def _longer() -> dict[str, nw.Expr]:
    longer = ~nw.col("one_day")
    spread = longer & ~nw.col("open_ended") & ~nw.col("amount").is_null()
    return {"_longer": longer, "_spread": spread}


@fixed
def _last_day_within(end_day: int) -> dict[str, nw.Expr]:
    last = nw.col("last_day")
    return {"told_until": last, "last_day": nw.min_horizontal(last, nw.lit(end_day - 1))}


@fixed
def _nowhere_else() -> nw.Expr:
    return nw.lit(0).cast(nw.Int64).alias("days_elsewhere")


def _with_days_elsewhere(spans: Frame, *, end_day: int) -> Frame:
    """Add over how many days an amount is spread besides those looked at: still to come, or outside the enrolment.

    Which of those are school days is not known here, so weekdays count.
    """
    counted = spans.filter(nw.col("_spread")).with_columns(*_weekdays_of(end_day)).group_by(["pupil_no", "record"])
    elsewhere = counted.agg(nw.col("_all").max(), nw.col("_here").sum())
    elsewhere = elsewhere.select("pupil_no", "record", days_elsewhere=nw.col("_all") - nw.col("_here"))
    found = spans.join(elsewhere, on=["pupil_no", "record"], how="left")
    return found.with_columns(nw.col("days_elsewhere").fill_null(0).cast(nw.Int64))


@fixed
def _weekdays_of(end_day: int) -> dict[str, nw.Expr]:
    first = nw.max_horizontal("start_day", "from_day")
    last = nw.min_horizontal(nw.col("last_day"), nw.col("to_day"), nw.lit(end_day - 1))
    here = nw.when(first <= last).then(_weekdays_up_to(last) - _weekdays_up_to(first - 1)).otherwise(0)
    return {"_all": _weekdays_up_to(nw.col("last_day")) - _weekdays_up_to(nw.col("start_day") - 1), "_here": here}


def _weekdays_up_to(day: nw.Expr) -> nw.Expr:
    return (day + 3) // 7 * 5 + nw.min_horizontal(weekday_of(day) + 1, nw.lit(5))


@fixed
def _reaches(first_day: int) -> nw.Expr:
    return nw.col("last_day") >= first_day


def _ended(spans: Frame, enrolled: Frame, *, end_day: int) -> Frame:
    """Give open-ended reports a last day.

    A teacher's observation on the way does not end a report, nor does an hour that may have been arranged before (`_ARRANGED`);
    the next other report does, and so does leaving the school. Who is in one class until Friday and in another from Monday on
    has not left.
    """
    lasting = spans.filter(nw.col("open_ended"))
    left = enrolled.select("pupil_no", *_gone())
    left = left.join(enrolled.select("pupil_no", _back()), on=["pupil_no", "_weekday"], how="anti").drop("_weekday")
    begun = nw.concat([spans.filter(_ends_another()).select("pupil_no", _later="start_day"), left], how="vertical")
    until_next = (
        lasting.select("pupil_no", "record", "start_day")
        .join(begun, on="pupil_no", how="inner")
        .filter(nw.col("_later") > nw.col("start_day"))
        .group_by(["pupil_no", "record"])
        .agg(nw.col("_later").min())
    )
    lasting = (
        lasting.join(until_next, on=["pupil_no", "record"], how="left")
        .with_columns(last_day=nw.col("_later").fill_null(end_day) - 1)
        .drop("_later")
    )
    return settle(nw.concat([spans.filter(~nw.col("open_ended")), lasting], how="vertical"))


@fixed
def _ends_another() -> nw.Expr:
    part = ~nw.all_horizontal(*(nw.col(name).is_null() for name in (*_WHOLE, "amount")), ignore_nulls=False)
    arranged = (nw.col("code") // 3).is_in(_ARRANGED) & nw.col("one_day") & part
    return nw.col("is_report") & ~arranged


@fixed
def _gone() -> dict[str, nw.Expr]:
    gone = nw.col("to_day") + 1
    return {"_later": gone, "_weekday": _weekday_from(gone)}


@fixed
def _back() -> nw.Expr:
    return _weekday_from(nw.col("from_day")).alias("_weekday")


def _weekday_from(day: nw.Expr) -> nw.Expr:
    """Return `day` itself, or the Monday after it in a weekend."""
    return nw.when(weekday_of(day) < _SATURDAY).then(day).otherwise(week_of(day) + 7)


def over_days(spans: Frame, plan: Scheduled, *, first_day: int) -> Frame:
    """Registrations of several days, once for each school day that they cover."""
    offsets = like(
        plan.days,
        {
            "_reach": [reach for reach in REACHES for _ in range(reach)],
            "_offset": [offset for reach in REACHES for offset in range(reach)],
        },
        {"_reach": nw.Int64, "_offset": nw.Int64},
    )
    spans = spans.with_columns(*_stretch(first_day)).filter(_some_days()).with_columns(*_buckets())
    school_days = plan.days.select("school", "day").unique(keep="any").with_columns(_bucket_of_day())
    return (
        spans.with_columns(_reach())
        .join(offsets, on="_reach", how="inner")
        .with_columns(_bucket())
        .filter(_bucket_within())
        .join(school_days, on=["school", "_bucket"], how="inner")
        .filter(_day_within())
    )


@fixed
def _stretch(first_day: int) -> dict[str, nw.Expr]:
    first = nw.max_horizontal(nw.col("start_day"), nw.col("from_day"), nw.lit(first_day))
    return {"_from": first, "_to": nw.min_horizontal("last_day", "to_day")}


@fixed
def _some_days() -> nw.Expr:
    return nw.col("_from") <= nw.col("_to")


@fixed
def _buckets() -> dict[str, nw.Expr]:
    return {"_first": nw.col("_from") // BUCKET, "_last": nw.col("_to") // BUCKET}


@fixed
def _reach() -> nw.Expr:
    needed = nw.col("_last") - nw.col("_first") + 1
    reach = nw.lit(REACHES[-1])
    for enough in REACHES[-2::-1]:
        reach = nw.when(needed <= enough).then(nw.lit(enough)).otherwise(reach)
    return reach.cast(nw.Int64).alias("_reach")


@fixed
def _bucket_of_day() -> nw.Expr:
    return (nw.col("day") // BUCKET).alias("_bucket")


@fixed
def _bucket() -> nw.Expr:
    return (nw.col("_first") + nw.col("_offset")).alias("_bucket")


@fixed
def _bucket_within() -> nw.Expr:
    return nw.col("_bucket") <= nw.col("_last")


@fixed
def _day_within() -> nw.Expr:
    return (nw.col("day") >= nw.col("_from")) & (nw.col("day") <= nw.col("_to"))
