"""When the list of a week is made by itself, also where nothing new came: from a time on Monday on."""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from data_contracts.errors import SettingsError
from features.calendar import AMSTERDAM, local_date, monday
from pipelines.clock import MONDAY_MORNING

SETTING = "AANWEZIG_WEEKLY_AT"
NEVER = "uit"


def monday_time(environment: Mapping[str, str] | None = None) -> time | None:
    """Return from what time on Monday (Dutch) a list is made that is not there; None for never.

    Left out it is six o'clock, and never in the demo: there it stays the week that was simulated.

    Raises
    ------
    SettingsError
        It is no time, or before six: a list counts what was known at six.
    """
    said = os.environ if environment is None else environment
    demo = said.get("AANWEZIG_MODE", "").strip().lower() == "demo"
    text = said.get(SETTING, "").strip().lower() or (NEVER if demo else f"{MONDAY_MORNING:%H:%M}")
    if text == NEVER:
        return None
    try:
        found = time.fromisoformat(text).replace(tzinfo=AMSTERDAM)
    except ValueError:
        found = time.min.replace(tzinfo=AMSTERDAM)
    if found.replace(tzinfo=None) < MONDAY_MORNING.replace(tzinfo=None):
        detail = f"{SETTING} is {text!r}, en dat is geen tijd vanaf 06:00"
        raise SettingsError(detail, remedy=f"Kies een tijd zoals 06:00 of 08:30, of {NEVER!r}.")
    return found


def week_due(now: datetime | None, at: time | None) -> date | None:
    """Return the Monday of the running week, of which every school should have a list; None where it is too early."""
    present = now or datetime.now(UTC)
    week = monday(local_date(present))
    return week if at is not None and present >= datetime.combine(week, at) else None
