"""Who was enrolled when, and in which group: periods that do not overlap, of numbered pupils."""

import narwhals as nw

from features.fixed import fixed
from features.frames import Frame, held, settle, with_day_numbers

FOREVER = 1_000_000
COLUMNS = ("school", "pupil", "group", "year_group", "pupil_no", "from_day", "to_day")


def periods(enrolments: Frame, *, end_day: int, numbers: Frame | None = None) -> Frame:
    """Enrolments as periods that do not overlap: ``school, pupil, group, year_group, pupil_no, from_day, to_day``.

    Where enrolments of one pupil at one school overlap, the one that began last stands while it lasts; of two that
    began on the same day, the one that was recorded last, or else the shorter.
    Only periods that began before or on `end_day` (the as-of day) are known to count. Pupils are numbered here, unless
    they have `numbers` already (``school, pupil, pupil_no``).
    """
    who = ["school", "pupil"]
    columns = [*who, "group", "year_group", "recorded_at", "record", "from_day", "until"]
    begun = with_day_numbers(enrolments, from_day="valid_from", until="valid_to").select(columns)
    begun = settle(begun.filter(_begun(end_day)).with_columns(_until()))
    pupils = begun.group_by(who).agg(_number_of_periods())
    if numbers is None:
        pupils = pupils.with_row_index("pupil_no", order_by=who)
    else:
        pupils = pupils.join(numbers, on=who, how="inner")
    numbered = held(begun.join(pupils, on=who, how="inner").with_columns(*_number_and_several()))
    begun = numbered.frame
    once = begun.filter(~nw.col("_several")) if numbered.any("_several") else begun
    once = once.with_columns(_to_day()).select(COLUMNS)
    if numbered.any("_several"):
        several = _one_after_another(begun.filter(nw.col("_several")))
        once = nw.concat([once, several.select(COLUMNS)], how="vertical")
    return once.filter(_lasting(end_day))


@fixed
def _begun(end_day: int) -> nw.Expr:
    return nw.col("from_day") <= end_day


@fixed
def _until() -> nw.Expr:
    return nw.col("until").fill_null(FOREVER)


@fixed
def _to_day() -> nw.Expr:
    return nw.col("until").alias("to_day")


@fixed
def _number_of_periods() -> nw.Expr:
    return nw.len().alias("_periods")


@fixed
def _number_and_several() -> dict[str, nw.Expr]:
    return {"pupil_no": nw.col("pupil_no").cast(nw.Int64), "_several": nw.col("_periods") > 1}


@fixed
def _lasting(end_day: int) -> nw.Expr:
    return (nw.col("from_day") <= nw.col("to_day")) & (nw.col("from_day") <= end_day)


def _one_after_another(begun: Frame) -> Frame:
    """Periods of pupils who have several: at any moment the enrolment that began last of those that go on.

    An enrolment within another one, say two weeks in another class, stands for its own time; then the outer resumes.
    """
    who = ["school", "pupil_no"]
    edges = [begun.select(*who, _at=edge) for edge in (nw.col("from_day"), nw.col("until") + 1)]
    edge = nw.concat(edges, how="vertical").unique()
    # One order over everybody, and a look whether the next row is the same pupil's: a window per pupil costs ten times
    # as much. Per school, so that a cluster can part the work.
    ahead = {
        f"_{name}": nw.col(name).shift(-1).over("school", order_by=["pupil_no", "_at"]) for name in ("pupil_no", "_at")
    }
    edge = settle(edge.with_columns(**ahead).rename({"__at": "_next"}))
    same = (nw.col("_pupil_no") == nw.col("pupil_no")).fill_null(value=False)
    pieces = edge.filter(same).select("pupil_no", "_at", "_next")
    there = begun.join(pieces, on="pupil_no", how="inner").filter(
        (nw.col("from_day") <= nw.col("_at")) & (nw.col("_at") <= nw.col("until"))
    )
    order = ["from_day", "recorded_at", "_shorter", "record"]
    there = there.with_columns(_shorter=-nw.col("until"))
    standing = there.unique(subset=["pupil_no", "_at"], keep="last", order_by=order)
    return standing.with_columns(from_day=nw.col("_at"), to_day=nw.col("_next") - 1)


def current(enrolled: Frame, *, today: int) -> Frame:
    """Pupils enrolled on day `today`: ``school, pupil, group, year_group, pupil_no, enrolled_from``."""
    now = enrolled.filter(_on_day(today))
    since = enrolled.group_by("pupil_no").agg(_first_day())
    return now.select("school", "pupil", "group", "year_group", "pupil_no").join(since, on="pupil_no", how="inner")


@fixed
def _on_day(today: int) -> nw.Expr:
    return (nw.col("from_day") <= today) & (today <= nw.col("to_day"))


@fixed
def _first_day() -> nw.Expr:
    return nw.col("from_day").min().alias("enrolled_from")
