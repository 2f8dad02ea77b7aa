"""Numbers and days as a Dutch reader expects them."""

import re
from datetime import date

MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)  # fmt: skip


def day_text(day: date, *, year: bool = False) -> str:
    """``3 november``, or with the year ``3 november 2026``."""
    text = f"{day.day} {MONTHS[day.month - 1]}"
    return f"{text} {day.year}" if year else text


def span_text(first: date, last: date) -> str:
    """``2 tot en met 13 november``, ``26 oktober tot en met 20 november``."""
    start = str(first.day) if (first.year, first.month) == (last.year, last.month) else day_text(first)
    return f"{start} tot en met {day_text(last)}"


def number_text(value: float) -> str:
    """``16``, ``16,5``: at most one decimal, with a comma."""
    rounded = round(float(value), 1)
    return str(int(rounded)) if rounded == int(rounded) else f"{rounded:.1f}".replace(".", ",")


def percent_text(share: float) -> str:
    """``12 %``: whole per cents of a share from 0 to 1."""
    return f"{round(100 * float(share))} %"


_PLURALS = {
    "ziekmeldingen": "ziekmelding",
    "hele dagen": "hele dag",
    "dagen": "dag",
    "schooldagen": "schooldag",
    "lesweken": "lesweek",
}
_ONE = re.compile(rf"\b1 ({'|'.join(_PLURALS)})\b")


def singular(text: str) -> str:
    """``1 ziekmeldingen`` becomes ``1 ziekmelding``."""
    return _ONE.sub(lambda found: f"1 {_PLURALS[found[1]]}", text)
