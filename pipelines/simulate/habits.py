"""How often pupils are away in an ordinary year, per sector: the figures that `calibration` holds against the sources."""

from dataclasses import dataclass

from data_contracts.identifiers import Sector


@dataclass(frozen=True)
class Habits:
    """Figures of one sector; chances a school day unless stated otherwise.

    Parameters
    ----------
    sick
        Chance of falling ill; `sick_end`: chance that a day of illness is the last; `flu`: share of spells that last
        three to five days longer; `sick_midday`: share of spells that begin during the day.
    season_power
        Power of ILI in the chance of falling ill.
    start_shape
        Multiplier Monday..Friday of falling ill, from which the weekday shape of illness follows.
    appointment, leave, other
        Chances a day.
    luxury
        Chance a break.
    religious
        Chance to stay away on a religious day, for those whose background may observe it.
    lesson
        Chance to skip a lesson, in secondary; `edge`: how much more at the first and last lesson.
    day_off
        Chance of a whole day without any reason.
    late, removed
        Chances a day.
    chronic_sick, chronic_appointment
        What chronic illness multiplies and adds.
    wave
        How much more often a class falls ill during its wave of flu.
    """

    sick: float
    sick_end: float
    flu: float
    sick_midday: float
    season_power: float
    start_shape: tuple[float, float, float, float, float]
    appointment: float
    leave: float
    other: float
    luxury: float
    religious: float
    lesson: float
    edge: float
    day_off: float
    late: float
    removed: float
    chronic_sick: float
    chronic_appointment: float
    wave: float


HABITS = {
    Sector.VO: Habits(
        sick=0.0177,
        sick_end=0.52,
        flu=0.035,
        sick_midday=0.12,
        season_power=0.115,
        start_shape=(0.82, 1.00, 0.90, 0.96, 1.32),
        appointment=0.0085,
        leave=0.0040,
        other=0.0022,
        luxury=0.012,
        religious=0.6,
        lesson=0.022,
        edge=1.8,
        day_off=0.0008,
        late=0.0525,
        removed=0.0028,
        chronic_sick=3.0,
        chronic_appointment=0.045,
        wave=2.5,
    ),
    Sector.PO: Habits(
        sick=0.0070,
        sick_end=0.53,
        flu=0.02,
        sick_midday=0.06,
        season_power=0.13,
        start_shape=(0.93, 0.92, 0.84, 0.95, 1.36),
        appointment=0.0017,
        leave=0.0010,
        other=0.0002,
        luxury=0.006,
        religious=0.35,
        lesson=0.0,
        edge=1.0,
        day_off=0.0002,
        late=0.0172,
        removed=0.0,
        chronic_sick=3.0,
        chronic_appointment=0.03,
        wave=2.5,
    ),
}
