"""What is read at once is what the careful way reads, and what breaks a promise is left to it."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from service.live import quick
from service.live.asked import Asked
from service.live.score_checks import FaultyRequestError, carefully
from service.live.score_request import COLUMNS, EXAMPLE

DAILY: dict[str, Any] = EXAMPLE | {
    "weekrooster": [],
    "rooster": [
        {"group": "2hv1", "date": "2026-11-09", "slot": 1, "minutes": 50, "start_minute": 510, "subject": "wi"},
        {"pupil": "leerling-0001", "date": "2026-11-09", "minutes": 50, "status": "cancelled", "register": "taken"},
    ],
    "verzuim": [
        *EXAMPLE["verzuim"],
        {
            "record": "a",
            "pupil": "leerling-0001",
            "start_date": "2026-11-13",
            "open_ended": True,
            "amount": 1.5,
            "unit": "days",
            "kind": "leave",
            "recorded_at": "2026-11-13T08:15:30.250+01:00",
        },
    ],
}
ODD: tuple[Any, ...] = (
    None, "", "x", " ", "2026-11-09", "2026-11-9", "2026-02-30", "1999-12-31", "10000-01-01", "2026-11-09\n", "\uff12\uff10\uff12\uff16-11-09",
    "2026-11-09T08:00:00Z", "2026-11-09T08:00:00", "2026-11-09T08:00Z", "2026-11-09 08:00:00Z", "2026-11-09T08:00:00+01:00",
    "2026-11-09T08:00:00.123456Z", "2026-11-09T08:00:00.1234567Z", "2026-11-09T24:00:00Z", "2026-11-09T08:00:60Z",
    "2026-11-09T08:00:00z", "2026-11-09T08:00:00+0100", "2026-11-09T08:00:00-00:00", "2026-11-09T08:00:00+25:00",
    "1899-12-31T23:59:59Z", "2999-12-31T00:00:01Z", "leerling-0001", "leerling-0001\n", "leerling-0002", "123456782",
    "sick", "yes", "12", "1", "taken", 0, 1, 2, 7, 8, 20, 21, -1, 1440, 1.0, 1.5, 1e300, 2**63, 10**30, True, False,
    [], {}, "é", "\x00", "a" * 100, "a" * 101, 1793952000, "1793952000", "20261109",
)  # fmt: skip


def written(request: dict[str, Any]) -> bytes:
    return json.dumps(request).encode()


def careful(text: bytes) -> Asked | None:
    try:
        return carefully(text)
    except FaultyRequestError:
        return None


def agrees(text: bytes) -> Asked | None:
    """Whatever is read at once, the careful way reads the same."""
    found = quick.read(text)
    if found is not None:
        other = careful(text)
        assert other is not None
        assert (found.moment, found.school) == (other.moment, other.school)
        assert found.tables.keys() == other.tables.keys()
        for name, frame in found.tables.items():
            assert_frame_equal(frame, other.tables[name])
    return found


@pytest.mark.parametrize("request_", [EXAMPLE, DAILY], ids=["week", "day"])
def test_a_usual_request_is_read_at_once(request_: dict[str, Any]):
    assert agrees(written(request_)) is not None


@given(st.data())
def test_one_value_that_is_otherwise(data: st.DataObject):
    request = copy.deepcopy(data.draw(st.sampled_from([EXAMPLE, DAILY])))
    name = data.draw(st.sampled_from([name for name in COLUMNS if request.get(name)]))
    row = data.draw(st.sampled_from(request[name]))
    field = data.draw(st.sampled_from([*(column.name for column in COLUMNS[name]), "notitie"]))
    row[field] = data.draw(st.sampled_from(ODD))
    agrees(written(request))


@pytest.mark.parametrize("field", ["valid_from", "valid_to", "recorded_at", "group", "withdrawn", "year_group"])
@pytest.mark.parametrize("value", ODD, ids=lambda value: ascii(value)[:30])
def test_every_odd_value_in_an_enrolment(field: str, value: object):
    agrees(written(EXAMPLE | {"inschrijvingen": [EXAMPLE["inschrijvingen"][0] | {field: value}]}))


@pytest.mark.parametrize(
    "other",
    [
        {"notitie": "x"},
        {"school": None},
        {"school": EXAMPLE["school"] | {"naam": "x"}},
        {"peilmoment": "gisteren"},
        {"peilmoment": None},
        {"verzuim": None},
        {"verzuim": {}},
        {"verzuim": [[]]},
        {"rooster": None},
        {"inschrijvingen": []},
        {"verzuim": [EXAMPLE["verzuim"][0] | {"pupil": "iemand-anders"}]},
        {"verzuim": [EXAMPLE["verzuim"][0] | {"pupil": "Jan Jansen"}]},
    ],
    ids=str,
)
def test_another_request(other: dict[str, Any]):
    agrees(written(EXAMPLE | other))


def test_a_part_that_is_missing():
    for name in EXAMPLE:
        agrees(written({key: value for key, value in EXAMPLE.items() if key != name}))


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b"\xff", b"\xef\xbb\xbf{}", b'{"verzuim": NaN}', b'{"school": "\\ud800"}', b"[" * 9999],
)
def test_what_is_no_request_is_never_read_at_once(text: bytes):
    assert quick.read(text) is None
    assert careful(text) is None


def test_of_a_part_that_is_there_twice_the_last_holds():
    other = json.dumps(EXAMPLE["school"] | {"code": "99ZZ99"}).encode()
    found = agrees(b'{"school": ' + other + b", " + written(EXAMPLE)[1:])
    assert found is not None
    assert found.school.code == EXAMPLE["school"]["code"]


def test_a_part_that_is_there_twice_must_be_text_both_times():
    text = b'{"school": "\xff", ' + written(EXAMPLE)[1:]
    assert quick.read(text) is None
    assert careful(text) is None


def test_who_is_not_enrolled_is_left_to_the_careful_way():
    assert quick.read(written(EXAMPLE | {"verzuim": [EXAMPLE["verzuim"][0] | {"pupil": "iemand-anders"}]})) is None


def test_more_rows_than_allowed_are_left_to_the_careful_way(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(quick, "MOST_ROWS", 2)
    quick._decoder.cache_clear()
    try:
        assert quick.read(written(EXAMPLE | {"weekrooster": EXAMPLE["weekrooster"][:2]})) is not None
        assert quick.read(written(EXAMPLE)) is None
    finally:
        quick._decoder.cache_clear()
