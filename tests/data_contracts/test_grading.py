"""A week's grade follows from limits that stand in a file, each with a sentence."""

import pytest

from data_contracts.grading import grade_week, percentage, thresholds
from data_contracts.quality import Grade

GOOD: dict[str, float | None] = {
    "unmapped_share": 0.0,
    "unrecorded_share": 0.0,
    "timetable_share": 1.0,
    "unattended_share": 0.0,
    "late_recorded_share": 0.0,
    "assumed_moment_share": 0.0,
    "delivery_moment_share": 0.0,
    "duplicate_share": 0.0,
}


@pytest.mark.parametrize(
    ("measure", "share", "grade"),
    [
        ("unmapped_share", 0.02, Grade.GOOD),
        ("unmapped_share", 0.03, Grade.FAIR),
        ("unmapped_share", 0.11, Grade.POOR),
        ("unrecorded_share", 0.06, Grade.FAIR),
        ("timetable_share", 0.94, Grade.FAIR),
        ("timetable_share", 0.0, Grade.FAIR),
        ("unattended_share", 0.06, Grade.FAIR),
        ("unattended_share", 0.26, Grade.POOR),
        ("late_recorded_share", 0.41, Grade.POOR),
        ("assumed_moment_share", 1.0, Grade.FAIR),
        ("delivery_moment_share", 0.5, Grade.GOOD),
        ("delivery_moment_share", 1.0, Grade.FAIR),
        ("duplicate_share", 0.30, Grade.POOR),
    ],
)
def test_one_measure_beyond_its_limit_lowers_the_grade_and_says_so(measure: str, share: float, grade: Grade):
    given, reasons = grade_week(GOOD | {measure: share})
    assert given is grade
    assert len(reasons) == (grade is not Grade.GOOD)


def test_the_worst_measure_decides_and_all_are_said():
    grade, reasons = grade_week(GOOD | {"timetable_share": 0.5, "unmapped_share": 0.2})
    assert grade is Grade.POOR
    assert reasons == (
        "Van 20 % van de meldingen staat de code niet in het schoolbestand.",
        "Van 50 % van de leerlingen is een rooster bekend; voor de anderen geldt de vaste norm.",
    )


def test_a_school_without_a_timetable_is_not_told_about_nought_per_cent():
    _, reasons = grade_week(GOOD | {"timetable_share": 0.0})
    assert reasons == ("Er is geen rooster geleverd voor deze week; gerekend is met de vaste norm.",)


def test_nothing_to_take_a_share_of_is_no_fault():
    assert grade_week(dict.fromkeys(GOOD)) == (Grade.GOOD, ())


def test_every_measure_has_a_reason_beside_its_limits():
    assert {measure.name for measure in thresholds().measure} == set(GOOD)
    assert all(measure.why and measure.sentence for measure in thresholds().measure)


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (0.001, "minder dan 1 %"), (0.124, "12 %"), (0.999, "meer dan 99 %"), (1, "100 %")]
)
def test_a_share_is_never_rounded_to_a_false_nothing_or_all(share: float, text: str):
    assert percentage(share) == text
