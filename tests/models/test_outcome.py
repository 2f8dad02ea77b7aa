"""Labels: who, seen from a date, came into the outcome afterwards."""

from dataclasses import dataclass
from datetime import date, timedelta

import narwhals as nw
import polars as pl
import pytest

from data_contracts.errors import SettingsError
from features.history import number_of
from models.outcome import AbsentDays, Registered, labels, read_outcome

MONDAY = date(2025, 9, 1)
OUTCOME = AbsentDays(
    name="short",
    label="kort",
    meaning="in 2 schoolweken 3 dagen",
    source="test",
    kind="absent_days",
    horizon_weeks=2,
    min_days=3,
    min_share=0.8,
    settle_days=0,
)


@dataclass
class Known:
    enrolments: object
    school_days: object
    days: object


def day(week: int, weekday: int = 0) -> date:
    return MONDAY + timedelta(weeks=week, days=weekday)


def lazy(rows: list[tuple], schema: dict) -> object:
    return nw.from_native(pl.LazyFrame(rows, schema=schema, orient="row"))


def known(absent, *, enrolled=None, weeks=range(12), told_until=None):
    """School A; `absent` is {pupil: [(day, share of 100 minutes)]}; pupil 'told' closes the registrations."""
    enrolled = enrolled or {}
    pupils = {pupil: [(day(0), day(52))] for pupil in (*absent, "told")} | enrolled
    rows = [("A", pupil, number_of(d), 100, round(100 * share)) for pupil, ds in absent.items() for d, share in ds]
    rows.append(("A", "told", number_of(told_until or day(11, 4)), 100, 1))
    int_ = pl.Int64
    return Known(
        enrolments=lazy(
            [("A", p, number_of(a), number_of(b)) for p, spells in pupils.items() for a, b in spells],
            {"school": pl.String, "pupil": pl.String, "from_day": int_, "to_day": int_},
        ),
        school_days=lazy(
            [("A", number_of(day(w, d)), number_of(day(w))) for w in weeks for d in range(5)],
            {"school": pl.String, "day": int_, "week": int_},
        ),
        days=lazy(
            rows,
            {"school": pl.String, "pupil": pl.String, "day": int_, "scheduled_minutes": int_, "absent_minutes": int_},
        ),
    )


def seen(history, origin, outcome=OUTCOME, *, until=None, registered=None) -> dict:
    frame = labels(history, [origin], outcome, until=until or day(12), registered=registered).collect().to_native()
    return {row["pupil"]: row for row in frame.iter_rows(named=True)}


def test_three_whole_days_within_two_school_weeks_are_the_outcome():
    row = seen(known({"x": [(day(4), 1.0), (day(4, 2), 0.8), (day(5, 4), 0.9)]}), day(4))["x"]
    assert row["outcome"] == 1
    assert row["onset"] == number_of(day(4))
    assert row["reached"] == number_of(day(5, 4))
    assert row["horizon_end"] == number_of(day(5, 4))
    assert row["already"] is False


def test_a_day_mostly_attended_does_not_count():
    row = seen(known({"x": [(day(4), 1.0), (day(4, 2), 0.79), (day(5, 4), 0.9)]}), day(4))["x"]
    assert row["outcome"] == 0
    assert row["onset"] is None
    assert row["reached"] is None


def test_a_day_after_the_horizon_does_not_count():
    assert seen(known({"x": [(day(4), 1.0), (day(4, 2), 1.0), (day(6), 1.0)]}), day(4))["x"]["outcome"] == 0


def test_the_day_of_the_origin_is_future_and_the_day_before_is_past():
    history = known({"x": [(day(3, 4), 1.0), (day(4), 1.0), (day(4, 1), 1.0)]})
    assert seen(history, day(4))["x"]["outcome"] == 0


def test_weeks_without_school_days_are_skipped_ahead_and_back():
    without_autumn = [week for week in range(12) if week not in {5, 3}]
    ahead = known({"x": [(day(4), 1.0), (day(6), 1.0), (day(6, 1), 1.0)]}, weeks=without_autumn)
    assert seen(ahead, day(4))["x"]["outcome"] == 1
    back = known({"x": [(day(1, 4), 1.0), (day(2), 1.0), (day(2, 1), 1.0)]}, weeks=without_autumn)
    assert seen(back, day(4))["x"]["already"] is True


def test_an_origin_in_a_holiday_looks_at_the_school_weeks_around_it():
    history = known({"x": [(day(5), 1.0), (day(6), 1.0), (day(6, 1), 1.0)]}, weeks=[0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11])
    assert seen(history, day(4))["x"]["outcome"] == 1


def test_who_is_there_already_is_marked_and_still_gets_an_outcome():
    days = [(day(2, 4), 1.0), (day(3), 1.0), (day(3, 1), 1.0)]
    row = seen(known({"x": days}), day(4))["x"]
    assert (row["already"], row["outcome"]) == (True, 0)
    earlier = seen(known({"x": [(day(1, 4), 1.0), *days[1:]]}), day(4))["x"]
    assert earlier["already"] is False


def test_without_any_registration_the_outcome_is_zero():
    assert seen(known({}, enrolled={"x": [(day(0), day(52))]}), day(4))["x"]["outcome"] == 0


@pytest.mark.parametrize(
    ("until", "expected"), [(day(5, 5), 1), (day(5, 4), None), (day(5, 1), None)], ids=["over", "last day", "halfway"]
)
def test_a_horizon_that_is_not_over_is_unknown_even_for_who_reached_it(until, expected):
    history = known({"x": [(day(4), 1.0), (day(4, 1), 1.0), (day(4, 2), 1.0)]})
    assert seen(history, day(4), until=until)["x"]["outcome"] == expected


def test_a_horizon_must_settle_before_it_counts():
    settling = OUTCOME.model_copy(update={"settle_days": 7})
    history = known({"x": []})
    assert seen(history, day(4), settling, until=day(6, 4))["told"]["outcome"] is None
    assert seen(history, day(4), settling, until=day(6, 5))["told"]["outcome"] == 0


def test_a_school_that_stopped_telling_has_no_known_outcomes():
    history = known({"x": [(day(4), 1.0)]}, told_until=day(5, 3))
    assert seen(history, day(4))["x"]["outcome"] is None


def test_school_weeks_that_do_not_reach_the_horizon_leave_it_unknown_but_not_who_was_there_already():
    history = known({"x": [(day(3), 1.0), (day(3, 1), 1.0), (day(3, 2), 1.0)]}, weeks=range(5))
    row = seen(history, day(4))["x"]
    assert (row["already"], row["outcome"]) == (True, None)
    row = seen(history, day(5))["x"]
    assert (row["already"], row["outcome"]) == (True, None)


def test_who_left_before_the_end_is_censored_unless_it_was_reached():
    away = [(day(4), 1.0), (day(4, 1), 1.0), (day(4, 2), 1.0)]
    left = [(day(0), day(5, 1))]
    history = known({"reached": away, "not": away[:2]}, enrolled={"reached": left, "not": left})
    rows = seen(history, day(4))
    assert rows["reached"]["outcome"] == 1
    assert rows["not"]["outcome"] is None


def test_who_changes_group_stays():
    history = known({}, enrolled={"x": [(day(0), day(4, 2)), (day(4, 3), day(52))]})
    assert seen(history, day(4))["x"]["outcome"] == 0


def test_only_pupils_enrolled_at_the_origin_are_labelled():
    history = known({}, enrolled={"later": [(day(4, 1), day(52))], "gone": [(day(0), day(3, 4))]})
    assert set(seen(history, day(4))) == {"told"}


def test_each_origin_is_labelled_by_itself():
    history = known({"x": [(day(6), 1.0), (day(6, 1), 1.0), (day(6, 2), 1.0)]})
    frame = labels(history, [day(4), day(5), day(7)], OUTCOME, until=day(12)).collect().to_native()
    rows = frame.filter(pl.col("pupil") == "x").sort("origin")
    assert rows["origin"].to_list() == [number_of(day(week)) for week in (4, 5, 7)]
    assert rows["outcome"].to_list() == [0, 1, 0]
    assert rows["already"].to_list() == [False, False, True]


REGISTERED = Registered(
    name="out",
    label="weg",
    meaning="m",
    source="test",
    kind="registered",
    outcome="exit",
    horizon_days=10,
    settle_days=0,
)


def registered(*rows: tuple[str, str, date]):
    schema = {"school": pl.String, "pupil": pl.String, "outcome": pl.String, "day": pl.Int64}
    return lazy([("A", pupil, name, number_of(when)) for pupil, name, when in rows], schema)


def test_a_registered_outcome_counts_calendar_days():
    pupils = {pupil: [(day(0), day(52))] for pupil in ("in", "after", "other", "before")}
    events = registered(
        ("in", "exit", day(5, 2)), ("after", "exit", day(5, 3)), ("other", "prize", day(4)), ("before", "exit", day(1))
    )
    rows = seen(known({}, enrolled=pupils), day(4), REGISTERED, registered=events)
    assert {pupil: rows[pupil]["outcome"] for pupil in pupils} == {"in": 1, "after": 0, "other": 0, "before": 0}
    assert {pupil for pupil in pupils if rows[pupil]["already"]} == {"before"}
    assert rows["in"]["reached"] == number_of(day(5, 2))


def test_a_registered_outcome_without_its_table_is_a_clear_error():
    with pytest.raises(SettingsError, match="outcomes"):
        labels(known({}), [day(4)], REGISTERED, until=day(12))


def test_the_default_outcome_reads_as_agreed():
    outcome = read_outcome("long_absence")
    assert isinstance(outcome, AbsentDays)
    assert (outcome.horizon_weeks, outcome.min_days, outcome.min_share) == (8, 20, 0.8)


def test_the_registered_example_reads():
    assert isinstance(read_outcome("registered"), Registered)


def test_an_outcome_of_ones_own_is_read_from_its_file(tmp_path):
    path = tmp_path / "eigen.toml"
    text = (
        'name = "eigen"\nlabel = "eigen"\nmeaning = "x"\nsource = "wij"\nkind = "absent_days"\n'
        "horizon_weeks = 4\nmin_days = 5\nmin_share = 0.5\n"
    )
    path.write_text(text, encoding="utf-8")
    assert read_outcome(path).name == "eigen"
    path.write_text(text.replace("min_share = 0.5", "min_share = 5"), encoding="utf-8")
    with pytest.raises(SettingsError, match="min_share"):
        read_outcome(path)


def test_an_unknown_outcome_says_what_to_choose():
    with pytest.raises(SettingsError, match="long_absence"):
        read_outcome("nope")
