"""The list of data traps, and what becomes of those that are no matter of counting."""

from dataclasses import dataclass

TRAPS: dict[int, str] = {
    1: "A sick report is not a spell",
    2: "Codes change later",
    3: "A register not taken is unknown",
    4: "Not required, cancelled, exempt",
    5: "Reports and observations overlap",
    6: "Reports of a whole day",
    7: "Reports without an end",
    8: "Reports that repeat",
    9: "Late, sent out",
    10: "*Geoorloofd* hangs on a school's own code",
    11: "Hours differ",
    12: "Days on which the school was closed",
    13: "Denominators that shift",
    14: "Transfers",
    15: "*Absoluut verzuim* is in no school's books",
    16: "Long absence that is reported as illness",
    17: "Free text, odd formats",
    18: "ISO week 53",
    19: "Errors in holiday files",
}
"""The traps in registrations of school absence that this project knows of."""


@dataclass(frozen=True)
class Elsewhere:
    """A trap, or the part of one, that is dealt with outside the features; or that nothing here can mend.

    Parameters
    ----------
    trap
        Its number in `TRAPS`.
    says
        What is done, where, or why nothing can be.
    tests
        ``path::name`` of the tests that hold it.
    """

    trap: int
    says: str
    tests: tuple[str, ...] = ()


ELSEWHERE: tuple[Elsewhere, ...] = (
    Elsewhere(
        2,
        "Which moment a row holds from, and what the grade of a week says where that moment is the delivery's or an "
        "assumption, is settled at the import.",
        (
            "tests/pipelines/test_versions.py::test_the_moment_of_the_source_stands_but_never_after_the_delivery",
            "tests/pipelines/test_versions.py::test_the_day_itself_can_stand_for_the_moment_and_says_that_it_is_assumed",
            "tests/pipelines/test_quality.py::test_without_a_moment_of_its_own_nothing_is_late_but_it_is_said_where_it_is_assumed",
        ),
    ),
    Elsewhere(
        3,
        "Registers that were not taken also lower the grade of the week, which stands on the list.",
        ("tests/pipelines/test_quality.py::test_registers_not_taken_count_by_minutes_and_only_for_days_that_are_over",),
    ),
    Elsewhere(
        8,
        "The reader of the source turns a repeating report into leave. Nothing in a feature could tell it from separate ones.",
        ("tests/pipelines/test_sources_topicus.py::test_a_repeating_report_is_leave",),
    ),
    Elsewhere(
        10,
        "Codes are mapped per school at the import. The share of unmapped codes is reported and lowers the grade.",
        (
            "tests/pipelines/test_sources_mapping.py::test_unmapped_codes_are_named_with_their_counts",
            "tests/pipelines/test_quality.py::test_unmapped_codes_lower_the_grade_and_are_said",
        ),
    ),
    Elsewhere(
        15,
        "A pupil who is enrolled nowhere has no row at any school, so no feature, list or total made here can include them. "
        "National counts cannot be rebuilt from these data, and nothing here claims to.",
    ),
    Elsewhere(
        16,
        "The statutory category of long absence leaves out who is reported ill at home. The outcome that the score predicts by "
        "default therefore counts long absence for any reason.",
        (
            "tests/models/test_outcome.py::test_the_default_outcome_reads_as_agreed",
            "tests/models/test_outcome.py::test_three_whole_days_within_two_school_weeks_are_the_outcome",
        ),
    ),
    Elsewhere(
        17,
        "Free text is not read at all: it never reaches a table that features could see. Dates and durations in odd formats "
        "are read strictly, or refused.",
        (
            "tests/pipelines/test_sources_privacy.py::test_what_is_read_tells_no_secret",
            "tests/pipelines/test_sources_values.py::test_durations",
            "tests/pipelines/test_sources_values.py::test_dates",
        ),
    ),
    Elsewhere(
        18,
        "No key anywhere holds a week number.",
        ("tests/features/test_calendar.py::test_weeks_are_keyed_on_their_monday_also_in_a_year_with_week_53",),
    ),
    Elsewhere(
        19,
        "Which days are school days follows from the school's own timetable. Only where there is none does the holiday calendar "
        "count; each of its holidays must have a plausible length, each school year a plausible number of days, and a school's "
        "own closures win.",
        (
            "tests/features/test_calendar.py::test_every_holiday_lasts_one_two_or_six_weeks",
            "tests/features/test_calendar.py::test_a_school_year_has_as_many_days_as_dutch_schools_have",
            "tests/features/test_calendar.py::test_a_school_own_closure_leaves_the_calendar",
        ),
    ),
)
