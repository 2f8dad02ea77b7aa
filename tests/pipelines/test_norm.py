"""The norm stands in for a timetable on every date as it was known then, also where the timetable came later."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.identifiers import Region, Sector
from data_contracts.school import Norm, SchoolSettings
from data_contracts.tables import TABLES
from features.calendar import AMSTERDAM, school_days
from pipelines.begun import begun
from pipelines.lake import as_known, schema
from pipelines.norm import (
    Heard,
    heard_of_lessons,
    heard_of_pupils,
    norm_as_known,
    norm_timetable,
)

SCHOOL = SchoolSettings(
    school="11ZZ03",
    name="De Proef",
    sector=Sector.VO,
    region=Region.MIDDEN,
    norm=Norm(slot_minutes=50, slots_per_day=(1, 1, 1, 1, 1)),
)
MONDAY = date(2026, 9, 7)
LAST = date(2026, 9, 20)
AUGUST = date(2026, 8, 1)
EARLY = datetime(2026, 8, 1, tzinfo=UTC)
Enrolled = tuple[str, str, date, date | None, datetime]


def moment(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def table(name: str, *facts: dict[str, object]) -> pl.LazyFrame:
    usual = {"school": SCHOOL.school, "withdrawn": False, "recorded_at": EARLY}
    filled = [usual | {"record": f"{name}{at}"} | fact for at, fact in enumerate(facts)]
    return pl.LazyFrame(filled, schema=schema(TABLES[name]))


def delivered(
    *lessons: tuple[str, date, datetime],
    absences: tuple[tuple[date, datetime], ...] = ((MONDAY, EARLY),),
    also: tuple[Enrolled, ...] = (),
    mended: tuple[tuple[int, date | None, datetime], ...] = (),
) -> dict[str, pl.LazyFrame]:
    """Two groups with a pupil each; lessons as (group or pupil, day, when that became known).

    With `mended` it becomes known of an absence, by its place, that it was on another day, or was none.

    With `also` there are more pupils, or it becomes known of one that its enrolment ended: (pupil, group, first day, last
    day, when that became known).
    """
    enrolled: list[dict[str, object]] = [
        {"pupil": pupil, "group": group, "record": pupil, "valid_from": first, "valid_to": last, "recorded_at": at}
        for pupil, group, first, last, at in (
            ("pa", "a", AUGUST, None, EARLY),
            ("pb", "b", AUGUST, None, EARLY),
            *also,
        )
    ]
    return {
        "enrolments": table("enrolments", *enrolled),
        "timetable": table(
            "timetable",
            *(
                {("pupil" if whose.startswith("p") else "group"): whose, "date": day, "minutes": 50, "recorded_at": at}
                for whose, day, at in lessons
            ),
        ),
        "absences": table(
            "absences",
            *({"start_date": day, "recorded_at": at} for day, at in absences),
            *(
                {
                    "record": f"absences{place}",
                    "start_date": day or absences[place][0],
                    "withdrawn": day is None,
                    "recorded_at": at,
                }
                for place, day, at in mended
            ),
        ),
    }


def on_norm(rows: dict[str, pl.LazyFrame], as_of: datetime) -> set[tuple[str, date]]:
    """Groups and days that stand on the norm, as known at `as_of`, of the days that were over by then."""
    made = norm_timetable(SCHOOL, rows, last=LAST)
    assert of_some_days(rows, as_of) == known_lessons(made, as_of)
    if made is None:
        return set()
    assert not made.select("record", "recorded_at").is_duplicated().any(), "two versions share a moment"
    today = as_of.astimezone(AMSTERDAM).date()
    known = as_known(made.lazy(), as_of).filter(pl.col("date") < today).select("group", "date").collect()
    return set(known.rows())


SOME_DAYS = (MONDAY + timedelta(days=1), LAST - timedelta(days=5))


def of_some_days(rows: dict[str, pl.LazyFrame], as_of: datetime) -> list[tuple[object, ...]]:
    """What the door asks of the norm: a few days, as known then."""
    (pupils,) = heard_of_pupils(rows["enrolments"])
    lessons = pl.collect_all(heard_of_lessons(rows["timetable"]))
    heard = Heard.of(lessons, pupils.collect(), begun(rows["absences"]))
    return sorted(norm_as_known(SCHOOL, heard, days=SOME_DAYS, as_of=as_of).select(LESSON).rows())


def known_lessons(norm: pl.DataFrame | None, as_of: datetime) -> list[tuple[object, ...]]:
    """The same days from all versions of the norm."""
    if norm is None:
        return []
    known = as_known(norm.lazy(), as_of).filter(pl.col("date").is_between(*SOME_DAYS))
    return sorted(known.select(LESSON).collect().rows())


LESSON = ("school", "record", "group", "date", "slot", "start_minute", "minutes", "status", "register", "recorded_at")


def days(first: date, last: date) -> set[date]:
    return set(school_days(Region.MIDDEN, first, last))


def test_without_a_timetable_every_group_has_the_norm_from_the_first_absence_on():
    assert on_norm(delivered(), moment(LAST)) == {(g, d) for g in "ab" for d in days(MONDAY, LAST - timedelta(days=1))}


def test_without_a_timetable_or_an_absence_nothing_is_known_of_school_days():
    assert on_norm(delivered(absences=()), moment(LAST)) == set()


def test_an_absence_of_earlier_that_came_later_adds_no_school_days_to_the_past():
    late = moment(MONDAY + timedelta(days=9))
    rows = delivered(absences=((MONDAY + timedelta(days=2), EARLY), (MONDAY, late)))
    before, after = (on_norm(rows, late + timedelta(hours=hours)) for hours in (-1, 0))
    assert min(day for _, day in before) == MONDAY + timedelta(days=2)
    assert min(day for _, day in after) == MONDAY


def test_what_was_put_on_a_wrong_day_begins_the_norm_until_it_is_mended():
    thursday, wrong = MONDAY + timedelta(days=3), ((MONDAY, EARLY), (MONDAY + timedelta(days=3), EARLY))
    late = moment(MONDAY + timedelta(days=9))
    for truth in (thursday, None):
        rows = delivered(absences=wrong, mended=((0, truth, late),))
        before, after = (on_norm(rows, late + timedelta(hours=hours)) for hours in (-1, 0))
        assert (min(day for _, day in before), min(day for _, day in after)) == (MONDAY, thursday)


def test_a_timetable_that_came_later_replaces_the_norm_from_that_moment_and_not_before():
    week = [MONDAY + timedelta(days=n) for n in range(5)]
    late = moment(MONDAY + timedelta(days=9))
    rows = delivered(*(("a", day, late) for day in week))
    assert {("a", day) for day in week} <= on_norm(rows, late - timedelta(seconds=1))
    assert not {("a", day) for day in week} & on_norm(rows, late)
    assert {("b", day) for day in week} <= on_norm(rows, late), "a group without a timetable keeps the norm"


def test_a_day_that_the_schools_own_timetable_leaves_out_is_no_school_day_once_that_is_known():
    late = moment(MONDAY + timedelta(days=9))
    closed = MONDAY + timedelta(days=1)
    rows = delivered(("a", MONDAY, late), ("a", MONDAY + timedelta(days=2), late))
    assert ("b", closed) in on_norm(rows, late - timedelta(seconds=1))
    assert ("b", closed) not in on_norm(rows, late)


def test_a_timetable_known_beforehand_needs_no_norm_rows_at_all():
    rows = delivered(*((g, day, EARLY) for g in "ab" for day in days(MONDAY, LAST)))
    assert norm_timetable(SCHOOL, rows, last=LAST) is None


def test_lessons_of_one_pupil_end_no_norm_of_a_class_and_make_no_school_day():
    late = moment(MONDAY + timedelta(days=9))
    whole = {(g, d) for g in "ab" for d in days(MONDAY, LAST - timedelta(days=1))}
    rows = delivered(
        ("p3", MONDAY, late), ("p3", MONDAY + timedelta(days=3), late), also=(("p3", "a", AUGUST, None, EARLY),)
    )
    assert on_norm(rows, moment(LAST)) == whole


def test_a_class_of_which_everybody_has_lessons_of_their_own_loses_the_norm_when_that_becomes_known():
    late = moment(MONDAY + timedelta(days=9))
    rows = delivered(("pa", MONDAY, late))
    assert {g for g, _ in on_norm(rows, late - timedelta(seconds=1))} == {"a", "b"}
    assert {g for g, _ in on_norm(rows, late)} == {"b"}


def test_a_newcomer_without_lessons_has_the_norm_from_the_first_day_until_they_come():
    thursday, later = MONDAY + timedelta(days=3), moment(MONDAY + timedelta(days=8))
    rows = delivered(("pa", MONDAY, EARLY), ("p3", thursday, later), also=(("p3", "a", thursday, None, EARLY),))
    before = on_norm(rows, later - timedelta(seconds=1))
    assert {d for g, d in before if g == "a"} == days(thursday, MONDAY + timedelta(days=7))
    assert {g for g, _ in on_norm(rows, later)} == {"b"}


def test_after_the_last_day_of_a_pupil_without_lessons_the_class_needs_no_norm():
    thursday, friday = MONDAY + timedelta(days=3), MONDAY + timedelta(days=4)
    gone = (("p3", "a", AUGUST, None, EARLY), ("p3", "a", AUGUST, thursday, moment(friday)))
    found = on_norm(delivered(("pa", MONDAY, EARLY), also=gone), moment(LAST))
    assert {d for g, d in found if g == "a"} == days(MONDAY, thursday)


def who_is_there(rows: dict[str, pl.LazyFrame], as_of: datetime) -> dict[tuple[str, date], set[str]]:
    """Pupils of each group and day on which there are any, as known at `as_of`."""
    told = rows["enrolments"].filter(pl.col("recorded_at") <= as_of).sort("recorded_at").collect()
    there: dict[tuple[str, date], set[str]] = {}
    for stay in told.unique("record", keep="last").to_dicts():
        for day in (MONDAY + timedelta(days=n) for n in range((LAST - MONDAY).days + 1)):
            if stay["valid_from"] <= day <= (stay["valid_to"] or LAST):
                there.setdefault((stay["group"], day), set()).add(stay["pupil"])
    return there


def by_the_book(rows: dict[str, pl.LazyFrame], as_of: datetime) -> set[tuple[str, date]]:
    """The same question answered from nothing but what was known at `as_of`, for each day on which somebody was there."""
    known = {name: frame.filter(pl.col("recorded_at") <= as_of).collect() for name, frame in rows.items()}
    lessons = known["timetable"]
    own = sorted(set(lessons.drop_nulls("group")["date"].to_list()))
    absences = known["absences"].sort("recorded_at").unique("record", keep="last", maintain_order=True)
    first = min(absences.filter(~pl.col("withdrawn"))["start_date"].to_list(), default=None)
    personal = set(lessons["pupil"].drop_nulls())
    found = set()
    for (group, day), pupils in who_is_there(rows, as_of).items():
        timetabled = group in lessons["group"].to_list()
        within = bool(own) and own[0] <= day <= own[-1]
        begun = (first is not None and first <= day) or (bool(own) and own[-1] < day)
        counts = (day in own and not timetabled) if within else (begun and day in days(MONDAY, LAST))
        over = day < as_of.astimezone(AMSTERDAM).date()
        if counts and over and day.weekday() < 5 and not pupils <= personal:
            found.add((group, day))
    return found


some_day = st.integers(0, 13).map(lambda n: MONDAY + timedelta(days=n))
some_moment = st.integers(-3, 13).map(lambda n: moment(MONDAY + timedelta(days=n)))


an_end = st.tuples(
    st.sampled_from(["pa", "p3"]), st.just("a"), st.sampled_from([AUGUST, MONDAY]), st.none() | some_day, some_moment
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "pa", "p3"]), some_day, some_moment), max_size=6),
    st.lists(st.tuples(some_day, some_moment), max_size=3),
    st.lists(an_end, max_size=4, unique_by=lambda end: (end[0], end[-1])),
    st.lists(
        st.tuples(st.integers(0, 2), st.none() | some_day, some_moment),
        max_size=4,
        unique_by=lambda one: (one[0], one[2]),
    ),
    some_moment,
)
def test_on_every_date_the_norm_stands_where_what_was_known_then_says_so(
    lessons: list[tuple[str, date, datetime]],
    absences: list[tuple[date, datetime]],
    also: list[Enrolled],
    mended: list[tuple[int, date | None, datetime]],
    as_of: datetime,
):
    later = tuple(one for one in mended if one[0] < len(absences) and one[2] > absences[one[0]][1])
    rows = delivered(*lessons, absences=tuple(absences), also=tuple(also), mended=later)
    assert on_norm(rows, as_of) & set(who_is_there(rows, as_of)) == by_the_book(rows, as_of)
