"""Plain pandas: from sums over windows to the 71 features. See ``plain_pandas.py``."""

import pandas as pd

FLOOR = 300  # scheduled minutes below which a window says nothing
OTHERS = 3_000  # scheduled minutes of others that a comparison needs
PATTERN = 3  # days with absence, or lessons, that a pattern needs


def features(at: pd.DataFrame) -> pd.DataFrame:
    """All features of `at`: a row a pupil and Monday, with the sums of `plain_pandas.windowed`."""
    found = at[["origin", "school", "pupil"]].copy()
    for part in (_amounts, _spells, _trends, _patterns, _compared, _earlier, _recording):
        found = pd.concat([found, pd.DataFrame(part(at))], axis=1)
    return found


def _rate(at: pd.DataFrame, kind: str, window: str) -> pd.Series:
    scheduled = at[f"scheduled_minutes_{window}"]
    return (at[f"{kind}_minutes_{window}"] / scheduled).where(scheduled >= FLOOR)


def _sum(at: pd.DataFrame, column: str, window: str) -> pd.Series:
    return at[f"{column}_{window}"].where(at[f"scheduled_minutes_{window}"] >= FLOOR)


RATES = {
    "absent": ["1w", "2w", "4w", "8w", "12w", "year"],
    "sick": ["4w", "12w", "year"],
    "medical": ["12w"],
    "authorised": ["4w", "12w", "year"],
    "unauthorised": ["2w", "4w", "12w", "year"],
    "unexplained": ["4w", "12w"],
}
COUNTS = {
    "late_count": ["2w", "4w", "12w", "year"],
    "removed_count": ["12w"],
    "days_away": ["4w", "12w", "year"],
    "days_part": ["4w", "12w"],
    "first_slot_missed": ["4w", "12w"],
    "last_slot_missed": ["12w"],
}


def _amounts(at: pd.DataFrame) -> dict[str, pd.Series]:
    rates = {f"{kind}_rate_{w}": _rate(at, kind, w) for kind, windows in RATES.items() for w in windows}
    counts = {f"{column}_{w}": _sum(at, column, w) for column, windows in COUNTS.items() for w in windows}
    weeks = {
        "weeks_with_absence_12w": _sum(at, "week_with_absence", "12w"),
        "worst_week_12w": _sum(at, "week_rate", "12w"),
    }
    return rates | counts | weeks


def _spells(at: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        "sick_spells_12w": _sum(at, "sick_starts", "12w"),
        "sick_spells_year": _sum(at, "sick_starts", "year"),
        "absence_spells_12w": _sum(at, "absence_starts", "12w"),
        "longest_away_12w": _sum(at, "away_run", "12w"),
        "longest_away_year": _sum(at, "away_run", "year"),
        "sick_length_mean_year": at["sick_days_year"] / at["sick_starts_year"].where(at["sick_starts_year"] > 0),
        "sick_gap_last": at["sick_gap_last"],
        "sick_gap_shortening": at["sick_gap_shortening"],
        "days_since_absence": at["number"] - at["absent_number"],
    }


def _change(at: pd.DataFrame, kind: str, window: str, then: str = "before") -> pd.Series:
    return _rate(at, kind, window) - _rate_then(at, kind, window, then)


def _rate_then(at: pd.DataFrame, kind: str, window: str, then: str) -> pd.Series:
    scheduled = at[f"scheduled_minutes_{window}_{then}"]
    return (at[f"{kind}_minutes_{window}_{then}"] / scheduled).where(scheduled >= FLOOR)


def _trends(at: pd.DataFrame) -> dict[str, pd.Series]:
    both = (at["scheduled_minutes_4w"] >= FLOOR) & (at["scheduled_minutes_4w_before"] >= FLOOR)
    a_week = at["late_count_4w"] / at["weeks_4w"] - at["late_count_4w_before"] / at["weeks_4w_before"]
    fewer_late = at["late_count_4w_before"] - at["late_count_4w"]
    more_part = at["days_part_4w"] - at["days_part_4w_before"]
    now, before, earlier = (
        _rate(at, "absent", "2w"),
        _rate_then(at, "absent", "2w", "before"),
        _rate_then(at, "absent", "2w", "earlier"),
    )
    return {
        "absent_change_4w": _change(at, "absent", "4w"),
        "absent_change_2w": _change(at, "absent", "2w"),
        "sick_change_4w": _change(at, "sick", "4w"),
        "unauthorised_change_4w": _change(at, "unauthorised", "4w"),
        "late_change_4w": a_week.where(both),
        "absent_acceleration_2w": (now - before) - (before - earlier),
        "late_to_absent_4w": fewer_late.clip(upper=more_part).clip(lower=0).where(both),
    }


def _patterns(at: pd.DataFrame) -> dict[str, pd.Series]:
    known = at["days_absent_12w"] >= PATTERN
    minutes, days = at["absent_minutes_12w"].where(known), at["days_absent_12w"].where(known)
    weekdays = [f"weekday_{n}_12w" for n in range(5)]
    taught = at["scheduled_minutes_12w"] >= FLOOR
    return {
        "monday_share_12w": at["weekday_0_12w"] / minutes,
        "friday_share_12w": at["weekday_4_12w"] / minutes,
        "top_weekday_share_12w": at[weekdays].max(axis=1) / minutes,
        "weekend_edge_share_12w": at["week_edges_12w"] / days,
        "holiday_edge_days_year": _sum(at, "holiday_edges", "year"),
        "first_slot_share_12w": at["first_slot_missed_12w"] / days,
        "subjects_missed_12w": at["breadth"].where(taught),
        "top_subject_share_12w": (at["most"] / at["singles"]).where(taught & (at["singles"] >= PATTERN)),
    }


def _versus(at: pd.DataFrame, kind: str, window: str, *, among: list[str]) -> pd.Series:
    """Own share less that of the others who are in it now."""
    minutes, scheduled = at[f"{kind}_minutes_{window}"], at[f"scheduled_minutes_{window}"]
    group = [at["origin"], at["school"], *(at[column] for column in among)]
    others = minutes.groupby(group).transform("sum") - minutes.fillna(0)
    time = scheduled.groupby(group).transform("sum") - scheduled.fillna(0)
    return _rate(at, kind, window) - (others / time).where(time >= OTHERS)


def _compared(at: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        "absent_vs_class_4w": _versus(at, "absent", "4w", among=["group"]),
        "absent_vs_class_12w": _versus(at, "absent", "12w", among=["group"]),
        "absent_vs_year_group_4w": _versus(at, "absent", "4w", among=["year_group"]),
        "absent_vs_school_4w": _versus(at, "absent", "4w", among=[]),
        "sick_vs_school_2w": _versus(at, "sick", "2w", among=[]),
    }


def _earlier(at: pd.DataFrame) -> dict[str, pd.Series]:
    last_year = _rate(at, "absent", "last_year")
    return {
        "absent_rate_last_year": last_year,
        "unauthorised_rate_last_year": _rate(at, "unauthorised", "last_year"),
        "late_count_last_year": _sum(at, "late_count", "last_year"),
        "sick_spells_last_year": _sum(at, "sick_starts", "last_year"),
        "absent_vs_last_year": _rate(at, "absent", "year") - last_year,
    }


def _recording(at: pd.DataFrame) -> dict[str, pd.Series]:
    """Habits of the school: sums over everybody now there, the same for each of them."""
    columns = ["unexplained_minutes_12w", "absent_minutes_12w", "late_count_12w", "scheduled_minutes_12w"]
    sums = at.groupby(["origin", "school"])[columns].transform("sum")
    absent, hours = sums["absent_minutes_12w"], sums["scheduled_minutes_12w"] / 60
    return {
        "school_unexplained_share_12w": sums["unexplained_minutes_12w"] / absent.where(absent > 0),
        "school_late_rate_12w": sums["late_count_12w"] / hours.where(hours > 0),
        "school_unregistered_share_4w": at["school_unregistered_share_4w"],
    }
