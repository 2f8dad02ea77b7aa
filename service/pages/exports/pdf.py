"""A list as pages to print: tagged for a screen reader (PDF/UA), with its own font, so that every name comes out right."""

import json
from dataclasses import asdict
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from service import words
from service.pages.exports.sheet import DutyLine, Line, Sheet

PAGES = Path(__file__).parent / "list.typ"
Standard = Literal["ua-1"]
STANDARD: Final = "ua-1"


def pages(sheet: Sheet) -> bytes:
    """Return `sheet` as PDF. What stands in it is text to the typesetter, never markup."""
    import typst  # noqa: PLC0415 - a large library, and the service should start quickly

    said = {
        "title": sheet.title,
        "footer": sheet.footer,
        "told": sheet.told,
        "knows_care": sheet.knows_care,
        "lines": [_line(one, week=sheet.week) for one in sheet.lines],
        "absent": [_line(one, week=sheet.week) for one in sheet.absent],
        "due": [_duty(one) for one in sheet.due],
        "passed": [_duty(one) for one in sheet.passed],
    }
    made = partial(_typeset, json.dumps(said), at=sheet.made_at)
    try:
        return made(STANDARD)
    except typst.TypstError:
        # The standard refuses a sign that no font here has. A box in its place is better than no list.
        return made(None)


def _typeset(said: str, standard: Standard | None, *, at: datetime) -> bytes:
    import typst  # noqa: PLC0415 - as above

    return typst.compile(
        PAGES.read_bytes(),
        sys_inputs={"sheet": said},
        ignore_system_fonts=True,  # the same pages on every machine
        pdf_standards=standard,
        timestamp=at,
    )


def _line(one: Line, *, week: date) -> dict[str, Any]:
    since = one.on_list_since
    chart = None
    if one.chart is not None:
        weeks = one.chart.weeks
        chart = {
            "width": one.chart.width,
            "height": one.chart.height,
            "bars": [asdict(bar) for bar in one.chart.bars],
            "group": [week.group for week in weeks],
            "summary": one.chart.summary,
        }
    return {
        "place": one.place,
        "name": one.name,
        "group": one.group,
        "since": one.since,
        "what": one.what,
        "hits": [asdict(hit) for hit in one.hits],
        "notes": [note for note in one.notes if note != one.what],
        "likely": one.likely,
        "chart": chart,
        "on_list_since": words.day(since) if since and since < week else None,
        "owner": one.owner,
        "step": one.step,
    }


def _duty(one: DutyLine) -> dict[str, Any]:
    return {
        "name": one.name,
        "group": one.group,
        "label": one.label,
        "times": one.times,
        "reached_on": words.day(one.reached_on),
        "deadline": words.long_day(one.deadline) if one.deadline else None,
    }
