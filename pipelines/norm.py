"""A school's plain norm as a timetable, for groups and days for which it delivered none.

Norm rows have versions like everything else: they hold from the moment at which the school was known to have a school
day there, and are taken back at the moment its own timetable for that day became known. So an earlier date is seen as it
was seen then, also where a timetable came weeks afterwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import polars as pl

from data_contracts.school import SchoolSettings
from data_contracts.tables import TIMETABLE, RecordedBasis, Register, SlotStatus
from features.calendar import covered, school_days
from pipelines.begun import begun, heard_of_absences, no_longer_so
from pipelines.lake import MOMENT, as_known, schema
from pipelines.personal import memberships, with_someone_without

NORM = "norm:"
"""How the record of a row begins that no school delivered."""

FIRST_SLOT_MINUTE = 510  # half past eight
LOCAL = "Europe/Amsterdam"
_COLUMNS = {name: kind for name, kind in schema(TIMETABLE).items() if name not in {"delivered_at", "delivery"}}


@dataclass(frozen=True)
class Heard:
    """When what the norm depends on became known.

    Parameters
    ----------
    days
        Days on the school's own timetable, in order: ``date, own``.
    groups
        Groups: ``group, timetabled`` (its own timetable became known); null where that never happened.
    members
        Who is known to be in which group (`pipelines.personal.memberships`), and ``own``: when a timetable of the pupil's
        own became known; null where that never happened.
    absences
        In which periods it is known, of a day and those after it, that absences are registered, in order (`pipelines.begun`).
    """

    days: pl.DataFrame
    groups: pl.DataFrame
    members: pl.DataFrame
    absences: pl.DataFrame

    @classmethod
    def of(cls, lessons: Sequence[pl.DataFrame], pupils: pl.DataFrame, absences: pl.DataFrame) -> "Heard":
        """Put together what `heard_of_lessons`, `heard_of_pupils` and `pipelines.begun` say of one school."""
        by_day, by_group, by_pupil = lessons
        groups = pupils.select("group").unique().join(by_group, on="group", how="left")
        return cls(by_day, groups, pupils.join(by_pupil, on="pupil", how="left"), absences)


def norm_timetables(
    schools: Sequence[SchoolSettings], rows: Mapping[str, pl.LazyFrame], *, last: date
) -> list[pl.DataFrame]:
    """Scheduled time by each school's plain norm, in versions.

    At any moment the school's own timetable, as known then, covers the days from its first to its last. Within, only
    days on it are school days: a group without any timetable gets the norm on those, and a group whose own timetable has
    ended has no lessons any more (an exam class in May). Before and after, every group gets the norm on the school days
    of the region's calendar, from the first known absence on, for as long as that stands. Lessons of single pupils say nothing about the others: they
    make no school day and end no norm, and on days without any their pupil has those of the group. Only on a day on which
    all pupils of a group are known to have timetables of their own it gets none: the norm would be laid over those.

    Parameters
    ----------
    schools
        Settings of the schools that have deliveries.
    rows
        Versions of ``enrolments``, ``timetable`` and ``absences`` as the lake holds them, of these schools.
    last
        Last day to fill.

    Returns
    -------
    list of polars.DataFrame
        Rows of the table ``timetable``, of those schools to which the norm ever applies.
    """
    known = _delivered(rows)
    of = {each.school: each for each in schools if each.school in known}
    filled = {school: _filled(each, known[school], last=last) for school, each in of.items()}
    # What was taken back can only make it less; so nobody looks for that where there is no norm.
    steps = [
        known[school].absences.with_columns(school=pl.lit(school))
        for school, norm in filled.items()
        if norm is not None
    ]
    if steps:
        for school in no_longer_so(pl.concat(steps).lazy(), rows["absences"]):
            exact = replace(known[school], absences=begun(rows["absences"].filter(pl.col("school") == school)))
            filled[school] = _filled(of[school], exact, last=last)
    return [norm for norm in filled.values() if norm is not None]


def norm_timetable(settings: SchoolSettings, rows: Mapping[str, pl.LazyFrame], *, last: date) -> pl.DataFrame | None:
    """As `norm_timetables`, of one school among `rows`; None where its norm never applies."""
    mine = {name: frame.filter(pl.col("school") == settings.school) for name, frame in rows.items()}
    return next(iter(norm_timetables([settings], mine, last=last)), None)


def _filled(settings: SchoolSettings, known: Heard, *, last: date) -> pl.DataFrame | None:
    """One school's rows; None where the norm never applies."""
    days = _candidates(settings, known, last=last)
    if days.is_empty() or known.groups.is_empty():
        return None
    filled = _events(_group_days(known, days)).join(_slots(settings), on="weekday", how="inner")
    if filled.is_empty():
        return None
    values = _lesson(settings)
    return filled.select(**{name: values.get(name, pl.lit(None)).cast(kind) for name, kind in _COLUMNS.items()})


def norm_as_known(settings: SchoolSettings, heard: Heard, *, days: tuple[date, date], as_of: datetime) -> pl.DataFrame:
    """Lessons by a school's plain norm on some days, as known at `as_of` (UTC): rows of the table ``timetable``."""
    candidates = _candidates(settings, heard, last=days[1]).filter(pl.col("date").is_between(*days))
    events = _events(_group_days(heard, candidates))
    # A day of a group holds or does not, with all of its lessons.
    # Named before it is lazy: of no rows at all Polars' streaming engine cannot format a name.
    versions = events.with_columns(school=pl.lit(settings.school), record=pl.format("{}:{}", "group", "date"))
    holds = as_known(versions.lazy(), as_of).collect().join(_slots(settings), on="weekday", how="inner")
    values = _lesson(settings)
    return holds.select(**{name: values.get(name, pl.lit(None)).cast(kind) for name, kind in _COLUMNS.items()})


def _slots(settings: SchoolSettings) -> pl.DataFrame:
    """Lesson hours of a week: ``weekday`` (1 is Monday), ``slot``, ``start_minute``."""
    norm = settings.scheduled_norm
    return pl.DataFrame(
        [
            {"weekday": weekday + 1, "slot": slot, "start_minute": FIRST_SLOT_MINUTE + (slot - 1) * norm.slot_minutes}
            for weekday, count in enumerate(norm.slots_per_day)
            for slot in range(1, count + 1)
        ],
        schema={"weekday": pl.Int8, "slot": pl.Int64, "start_minute": pl.Int64},
    )


def _lesson(settings: SchoolSettings) -> dict[str, pl.Expr]:
    """Columns of a lesson of the norm."""
    return {name: pl.col(name) for name in ("group", "date", "slot", "start_minute", "recorded_at", "withdrawn")} | {
        "school": pl.lit(settings.school),
        "record": pl.format(NORM + "{}:{}:{}", "group", "date", "slot"),
        "minutes": pl.lit(settings.scheduled_norm.slot_minutes),
        "status": pl.lit(SlotStatus.PLANNED.value),
        "register": pl.lit(Register.BY_EXCEPTION.value),
        "recorded_basis": pl.lit(RecordedBasis.ASSUMED.value),
    }


def heard_of_lessons(timetable: pl.LazyFrame, *school: str) -> list[pl.LazyFrame]:
    """When lessons became known: of each day and each group of a group's, and of each pupil with lessons of its own.

    What was taken back later stays its own. With the column `school` all is told per school.
    """
    first = pl.col("recorded_at").min()
    lessons = timetable.filter(~pl.col("withdrawn"))
    of_groups = lessons.filter(of_group())
    return [
        of_groups.group_by(*school, "date").agg(own=first).sort("date"),
        of_groups.group_by(*school, "group").agg(timetabled=first),
        lessons.filter(pl.col("pupil").is_not_null()).group_by(*school, "pupil").agg(own=first),
    ]


def of_group() -> pl.Expr:
    """Whether a lesson is a group's: a row with a pupil is that pupil's alone."""
    return pl.col("group").is_not_null() & pl.col("pupil").is_null()


def heard_of_pupils(enrolments: pl.LazyFrame, *school: str) -> list[pl.LazyFrame]:
    """When pupils became known in their groups."""
    return [memberships(enrolments, *school)]


def _delivered(rows: Mapping[str, pl.LazyFrame]) -> dict[str, Heard]:
    """Read when timetables, pupils and absences became known, per school."""
    # All schools at once: reading them one by one opened every file once a school.
    found = pl.collect_all(
        [
            *heard_of_lessons(rows["timetable"], "school"),
            *heard_of_pupils(rows["enrolments"], "school"),
            *heard_of_absences(rows["absences"]),
        ]
    )
    per_school = [
        {str(key[0]): part for key, part in frame.partition_by("school", as_dict=True, include_key=False).items()}
        for frame in found
    ]
    empty = [frame.clear().drop("school") for frame in found]
    known = {}
    for school in sorted(set().union(*per_school)):
        parts = [parted.get(school, none) for parted, none in zip(per_school, empty, strict=True)]
        *lessons, pupils, absences = parts
        known[school] = Heard.of(lessons, pupils, absences)
    return known


def _candidates(settings: SchoolSettings, known: Heard, *, last: date) -> pl.DataFrame:
    """Days that can be school days by the calendar or the school's own timetable, and from which moments.

    Returns
    -------
    polars.DataFrame
        ``date``; ``begins``, the calendar's day is known to count; ``within``, it lies within the own timetable;
        ``own``, it is on it. Null where that never happens. Once for each date, and once more, without ``own``, for each
        earlier period in which the calendar's day was held to count, until it ``stops``.
    """
    firsts = [frame["date"].min() for frame in (known.days, known.absences) if not frame.is_empty()]
    start = min((first for first in firsts if isinstance(first, date)), default=None)
    calendar: list[date] = []
    if start is not None:
        if settings.region is not None:
            start, last = max(start, covered()[0]), min(last, covered()[1])
        calendar = school_days(settings.region, start, last, settings.closures) if start <= last else []
    before = known.days.select("date", _after=pl.col("own").cum_min())
    ahead = known.days.select("date", _before=pl.col("own").cum_min(reverse=True))
    absent = known.absences.select("since", "until", _from="date")
    on_calendar = pl.DataFrame({"date": calendar}, schema={"date": pl.Date}).with_columns(_open=pl.lit(value=True))
    days = (
        on_calendar.join(known.days, on="date", how="full", coalesce=True)
        .sort("date")
        .join_asof(before, on="date")
        .join_asof(ahead, strategy="forward", on="date")
        .join_asof(absent.select(pl.col("_from").unique().sort()).with_columns(date="_from"), on="date")
        .join(absent, on="_from", how="left", maintain_order="left")
        .with_columns(
            within=pl.when(pl.col("_after").is_not_null() & pl.col("_before").is_not_null()).then(
                pl.max_horizontal("_after", "_before")
            )
        )
    )
    # What ended before the timetable of an earlier day became known is a period of its own; the rest goes on for good.
    ended = (
        pl.col("until").is_not_null() & (pl.col("_after").is_null() | (pl.col("until") < pl.col("_after")))
    ).fill_null(value=False)
    lasting = days.group_by("date", maintain_order=True).agg(
        pl.col("own", "within", "_open").first(),
        begins=pl.min_horizontal(pl.col("since").filter(~ended).min(), pl.col("_after").first()),
    )
    return pl.concat(
        [
            lasting.select(
                "date", "own", "within", begins=pl.when("_open").then("begins"), stops=pl.lit(None, dtype=MOMENT)
            ),
            days.filter(ended & pl.col("_open"))
            .select("date", "within", own=pl.lit(None, dtype=MOMENT), begins="since", stops="until")
            .select("date", "own", "within", "begins", "stops"),
        ]
    )


def _group_days(known: Heard, days: pl.DataFrame) -> pl.DataFrame:
    """Every group on each of `days`, once for each period in which its norm is needed: ``since, until``, null if always."""
    pairs = known.groups.join(days, how="cross")
    needed = with_someone_without(pairs.select("group", "date").unique(), known.members)
    return pairs.join(needed, on=["group", "date"], how="left")


def _events(days: pl.DataFrame) -> pl.DataFrame:
    """Versions of each group's day: ``group, date, weekday, recorded_at, withdrawn``.

    The norm holds as a day of the calendar, until the own timetable reaches the day or what began it is taken back; and as
    a day of the own timetable, until the group itself is on it. Of both only the part in which it is needed.
    """
    stays = (pl.col("timetabled") > pl.col("own")).fill_null(value=True)
    joined = (pl.col("own") == pl.col("within")).fill_null(value=False) & stays
    by_calendar = days.select(
        "group",
        "date",
        begins=_from_need("begins"),
        ends=pl.min_horizontal(pl.when(joined).then("timetabled").otherwise("within"), "until", "stops"),
    )
    apart = ~(joined & pl.col("begins").is_not_null())
    ends = pl.min_horizontal("timetabled", "until")
    by_own = days.filter(apart).select("group", "date", begins=_from_need("own"), ends=ends)
    # Nobody looks at a day before it is over: a norm that ended by then was never seen.
    midnight = (pl.col("date") + timedelta(days=1)).cast(pl.Datetime("us"))
    over = midnight.dt.replace_time_zone(LOCAL).dt.convert_time_zone("UTC")
    seen = pl.col("ends").is_null() | ((pl.col("ends") > pl.col("begins")) & (pl.col("ends") > over))
    periods = pl.concat([by_calendar, by_own]).filter(pl.col("begins").is_not_null() & seen)
    begun = periods.select("group", "date", recorded_at="begins", withdrawn=pl.lit(value=False))
    ended = periods.filter(pl.col("ends").is_not_null()).select(
        "group", "date", recorded_at="ends", withdrawn=pl.lit(value=True)
    )
    return pl.concat([begun, ended]).with_columns(weekday=pl.col("date").dt.weekday())


def _from_need(begins: str) -> pl.Expr:
    return pl.when(pl.col(begins).is_not_null()).then(pl.max_horizontal(begins, "since"))
