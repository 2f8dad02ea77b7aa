"""An outcome may say how origins are laid for it; calendar weeks serve horizons that are not counted in school weeks."""

from datetime import date

import pytest

from data_contracts.errors import SettingsError
from models.outcome import Registered, read_outcome
from models.splits import Plan, calendar_weeks, plan_for

WITHDRAWAL = Registered(
    name="gone", label="weg", meaning="weg", source="toets", kind="registered", outcome="withdrawal", horizon_days=28
)


def test_an_outcome_without_a_plan_has_the_usual_one():
    assert plan_for(read_outcome("long_absence")) == Plan()


def test_what_an_outcome_asks_for_replaces_that_part_of_the_plan_alone():
    asked = WITHDRAWAL.model_copy(update={"plan": {"step_weeks": 2, "history_weeks": 1}})
    assert plan_for(asked) == Plan(step_weeks=2, history_weeks=1)


def test_a_word_that_a_plan_does_not_have_is_named():
    asked = WITHDRAWAL.model_copy(update={"plan": {"stap": 2}})
    with pytest.raises(SettingsError, match="stap"):
        plan_for(asked)


def test_calendar_weeks_have_no_gaps():
    days = [("11ZZ03", date(2026, 9, 2)), ("22YY00", date(2026, 9, 24))]
    assert calendar_weeks(days) == [date(2026, 8, 31), date(2026, 9, 7), date(2026, 9, 14), date(2026, 9, 21)]
    assert calendar_weeks([]) == []
