"""Whole numbers in place of names: a pupil, a timetable, a day and a slot packed in one number, for quick joins.

Pupils and units (see `features.scheduled`) are numbered within one history. Those numbers mean nothing outside it.
"""

import narwhals as nw

_DAYS = 1 << 17
"""More than any day number (the year 2328)."""
_SLOTS = 1 << 16
"""More than any slot number, also of the slots that stand for events (see `features.absent`)."""


def with_day(number: nw.Expr, day: nw.Expr) -> nw.Expr:
    """Pack the number of a pupil or unit, and a day (or a week's Monday)."""
    return number * _DAYS + day


def number_in(packed: nw.Expr) -> nw.Expr:
    """Return the number of the pupil or unit in what `with_day` packed."""
    return packed // _DAYS


def day_in(packed: nw.Expr) -> nw.Expr:
    """Return the day in what `with_day` packed."""
    return packed - packed // _DAYS * _DAYS


def with_slot(packed: nw.Expr, slot: nw.Expr) -> nw.Expr:
    """Pack what `with_day` packed, and a slot."""
    return packed * _SLOTS + slot


def day_key_in(packed: nw.Expr) -> nw.Expr:
    """Return what `with_day` packed in what `with_slot` packed."""
    return packed // _SLOTS


def slot_in(packed: nw.Expr) -> nw.Expr:
    """Return the slot in what `with_slot` packed."""
    return packed - packed // _SLOTS * _SLOTS
