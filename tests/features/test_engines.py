"""One definition, several engines: the same histories give the same features in pandas as in Polars."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from made_school import School

from features.build import build, build_from
from features.history import history
from features.rules import hits, rule_packs
from features.tables import Tables, prepared

FIRST, LAST = date(2026, 8, 31), date(2026, 10, 9)
AS_OF = datetime(2026, 10, 12, 4, tzinfo=UTC)
IDENTITY = ("school", "pupil", "rule", "reached", "week", "day", "first_day", "subject")
KINDS = ["sick", "truancy", "late", "unexplained", "leave", "medical_appointment", "removed_from_class", "not_required"]


def in_pandas(tables: Tables) -> Tables:
    """The same tables as pandas frames with Arrow types, which know missing whole numbers and dates."""
    frames = (tables.enrolments, tables.timetable, tables.absences)
    return Tables(
        *(pl.LazyFrame(frame.collect()).collect().to_pandas(use_pyarrow_extension_array=True) for frame in frames)
    )


def rows(frame: Any) -> list[dict[str, Any]]:
    """Rows as plain Python, missing as None."""
    listed = frame.to_dicts() if isinstance(frame, pl.DataFrame) else frame.to_dict("records")
    plain = [{name: _plain(value) for name, value in row.items()} for row in listed]
    return sorted(plain, key=lambda row: [str(row[name]) for name in IDENTITY if name in row])


def _plain(value: Any) -> Any:
    if value is None or str(value) in {"nan", "<NA>", "None"}:
        return None
    return float(value) if isinstance(value, (int, float)) else value


def assert_same(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for name, value in other.items():
            if isinstance(value, float):
                assert one[name] is not None, name
                assert math.isclose(one[name], value, rel_tol=0, abs_tol=1e-9), name
            else:
                assert one[name] == value, name


absences = st.fixed_dictionaries(
    {
        "pupil": st.sampled_from(["a", "b", "c"]),
        "start_date": st.dates(FIRST, LAST),
        "days": st.integers(0, 20),
        "kind": st.sampled_from(KINDS),
        "authorised": st.sampled_from(["yes", "no", "unknown"]),
        "start_slot": st.sampled_from([None, None, 1, 4, 6]),
        "start_minute": st.sampled_from([None, None, 540, 610]),
        "amount": st.sampled_from([None, None, 1.0, 45.0]),
        "unit": st.sampled_from(["minutes", "lesson_slots", "half_days", "days"]),
        "open_ended": st.sampled_from([False, False, False, True]),
        "recorded_at": st.integers(0, 60).map(lambda n: datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=n)),
        "record": st.sampled_from([f"r{n}" for n in range(12)]),
        "withdrawn": st.sampled_from([False, False, False, True]),
    }
)


@given(registered=st.lists(absences, max_size=15, unique_by=lambda row: (row["record"], row["recorded_at"])))
# pandas takes seconds an example: other ones are drawn each time, but a failing one is not made smaller, which
# would take many minutes. It is printed as it was drawn.
@settings(
    deadline=None,
    max_examples=5,
    phases=[Phase.generate],
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_pandas_and_polars_agree_on_every_feature_and_rule(registered: list[dict[str, Any]]):
    school = School()
    for pupil in "abc":
        school.pupil(pupil)
    school.pupil("c", "2b", start=date(2026, 9, 16))
    school.lessons(FIRST, LAST)
    school.lessons(FIRST, LAST, "2b", slots=4, subject="wi")
    school.lessons(date(2026, 9, 21), date(2026, 9, 21), register="not_taken")
    school.timetable += [{"pupil": "b", "date": date(2026, 9, 14), "slot": 2, "minutes": 50}]
    school.absences += [row | {"end_date": row["start_date"] + timedelta(days=row["days"])} for row in registered]
    tables = school.tables()
    pasts = [history(each, AS_OF) for each in (in_pandas(tables), tables)]
    assert_same(*(rows(build_from(past).collect().to_native()) for past in pasts))
    for name in ("weeks", "days", "lessons", "registers", "sick_spells"):
        assert_same(*(rows(getattr(past, name).collect().to_native()) for past in pasts))
    rules = [rule for pack in rule_packs().values() for rule in pack]
    assert_same(*(rows(hits(past, rules).collect().to_native()) for past in pasts))


def test_preparing_works_in_pandas_too():
    school = School()
    school.pupil("a")
    school.lessons(FIRST, LAST)
    school.absent("a", date(2026, 9, 14), record="x")
    school.absent("a", date(2026, 9, 14), "leave", record="x", recorded_at=datetime(2026, 10, 1, tzinfo=UTC))
    tables = school.tables()
    assert_same(rows(build(prepared(in_pandas(tables)), AS_OF)), rows(build(tables, AS_OF)))


def test_the_comparison_can_fail():
    with pytest.raises(AssertionError):
        assert_same([{"school": "x", "pupil": "a", "n": 1.0}], [{"school": "x", "pupil": "a", "n": 1.0 + 1e-8}])
