"""Signals as they are stored: what the API makes of them is what their class would have said."""

from types import SimpleNamespace

import pytest
from pydantic_core import from_json, to_json
from sample_lists import weekly_list

from data_contracts.weekly_list import Signal
from service import stored
from service.api import shaping
from service.lists import CALENDAR

OPTIONAL = sorted(name for name, field in Signal.model_fields.items() if not field.is_required())


def answered(signal: Signal, *, without: str = "") -> bytes:
    """What the API says of a signal that was published without a part."""
    row = SimpleNamespace(
        id="id",
        rank=0,
        pupil=signal.pupil,
        list_id="lijst",
        edition=1,
        published_at=weekly_list().as_of,
        change=1,
        list_document=weekly_list().model_dump_json(exclude={"signals"}),
        document=signal.model_dump_json(exclude={"calendar", without}),
        calendar=CALENDAR.dump_json(signal.calendar).decode(),
        _fields=("document",) if without == "calendar" else ("document", "calendar"),
    )
    made = stored.of_row(row)
    assert from_json(shaping.written(made, name=None)) == from_json(to_json(shaping.signaal(made, name=None)))
    return shaping.written(made, name=None)


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_part_that_did_not_exist_when_it_was_published_is_as_if_it_was_left_out(name: str):
    for signal in weekly_list().signals:
        plain = signal.model_copy(update={name: Signal.model_fields[name].get_default()})
        assert answered(plain, without=name) == answered(plain)
