"""Any bytes in: a clear refusal or a valid delivery out, never a traceback."""

import contextlib
import json
import string
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sources_cast import KEYS, school, workbook

from data_contracts.column_types import TYPES
from data_contracts.errors import RefusedDeliveryError, UsageError
from data_contracts.quality import Severity
from data_contracts.tables import TABLES, lake_columns
from pipelines.sources import Reading, propose_mapping, read

FILES = {
    "magister": ("verantwoordingen.csv", "absenties.json", "afspraken.csv", "leerlingen.xlsx"),
    "somtoday": ("absentiemeldingen.json", "waarnemingen.csv", "afspraken.json", "leerlingen.csv"),
    "eduarte": ("verzuim.xlsx", "absentiemeldingen.csv", "waarnemingen.csv"),
    "parnassys": ("absenties.csv", "leerlingen.csv"),
    "edfi": ("attendance_events.csv",),
    "canonical": ("absences.csv", "enrolments.parquet", "timetable.csv", "outcomes.json", "names.csv"),
}
ALL = [(source, name) for source, names in FILES.items() for name in names]

VALID = {
    "verantwoordingen.csv": (
        "magister",
        (
            "idverantwoording;stamnr;daanwezigheid;lesuur;code;idverantwoordingtypen;geoorloofd;bvervallen;dinvoer\n"
            '1;204817;14-09-2026;3;Z;3;1;0;14-09-2026 08:41\n2;204818;14-09-2026;3;"AB";1;0;0;14-09-2026 08:41\n'
        ),
    ),
    "absentiemeldingen.json": (
        "somtoday",
        (
            '{"items": [{"leerling": {"leerlingnummer": 204817}, "absentieReden": {"absentieSoort": "Absent", '
            '"afkorting": "Z", "geoorloofd": true}, "beginDatumTijd": "2026-09-14T00:00:00", "eindDatumTijd": null}]}'
        ),
    ),
    "leerlingen.csv": (
        "parnassys",
        "leerlingnummer;roepnaam;voorvoegsel;achternaam;groep;jaargroep;begindatum\n1001;Zoë;de;Vries;5a;5;1-8-2026\n",
    ),
    "verzuim.csv": (
        "eduarte",
        "datumvan;ovnr;deelnemernaam;lesuurbegin;lesuureind;tijd;reden\n14-9-2026;1;Noor Smit;1;2;1u40m;Z\n",
    ),
    "attendance_events.csv": ("edfi", "student_id,school_id,event_date,category\n604822,255901001,2021-11-09,Tardy\n"),
}

quickly = settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # making a failure smaller can take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # every example writes its own file
)


def refused_or_valid(path: Path, source: str, content: bytes) -> None:
    path.write_bytes(content)
    found = []
    with contextlib.suppress(RefusedDeliveryError):
        found = read(path, source=source, school=school(), keys=KEYS)
        assert found
    for reading in found:
        assert_keeps_the_contract(reading)
    if found:
        with contextlib.suppress(UsageError, RefusedDeliveryError):  # no codes
            propose_mapping(path, source=source)


def assert_keeps_the_contract(reading: Reading):
    if reading.table == "names":
        assert reading.frame.columns == ["pupil", "sealed", "_row"]
        return
    columns = [c for c in lake_columns(TABLES[reading.table]) if c.name not in {"school", "recorded_basis"}]
    assert reading.frame.schema == {column.name: TYPES[column.type] for column in columns} | {"_row": pl.Int64()}
    assert 0 <= reading.dropped <= reading.rows
    wrong = any(finding.severity is Severity.ERROR for finding in reading.findings)
    for column in columns:
        if not wrong and (column.required or column.name == "record"):
            assert reading.frame[column.name].null_count() == 0, column.name


@pytest.mark.parametrize(("source", "name"), ALL)
@quickly
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes(tmp_path: Path, source: str, name: str, content: object):
    refused_or_valid(tmp_path / name, source, content)


@pytest.mark.parametrize("name", VALID)
@quickly
@given(data=st.data())
def test_a_valid_file_with_something_changed(tmp_path: Path, name: str, data: st.DataObject):
    source, text = VALID[name]
    content = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 30)))
        content[start:end] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b";", b'"', b"\n", b"{", b"null", b"9999"])
        )
    refused_or_valid(tmp_path / name, source, bytes(content))


CELL = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.lists(st.integers(), max_size=1)
)


@quickly
@given(
    items=st.lists(
        st.dictionaries(
            st.sampled_from(["Id", "Start", "Eind", "Lesuur", "Geoorloofd", "Code", "Verantwoordingtype", "x"]), CELL
        ),
        max_size=4,
    ),
    number=CELL,
)
def test_any_json_in_the_right_shape(tmp_path: Path, items: object, number: object):
    content = json.dumps([{"Stamnr": number, "Items": items}]).encode()
    refused_or_valid(tmp_path / "absenties.json", "magister", content)


@pytest.fixture(scope="module")
def good_files(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("good")
    workbook(folder / "verzuim.xlsx", [["ovnr", "datumvan", "reden"], ["1", date(2026, 9, 14), "Z"]])
    pl.DataFrame({"pupil_number": ["1"], "group": ["a"], "valid_from": [date(2026, 8, 31)]}).write_parquet(
        folder / "enrolments.parquet"
    )
    return folder


@pytest.mark.parametrize(("name", "source"), [("verzuim.xlsx", "eduarte"), ("enrolments.parquet", "canonical")])
@quickly
@given(start=st.floats(0, 1), length=st.integers(0, 40), noise=st.binary(max_size=40))
def test_a_damaged_workbook_or_parquet_file(
    tmp_path: Path, good_files: Path, name: str, source: str, start: object, length: int, noise: bytes
):
    content = bytearray((good_files / name).read_bytes())
    place = int(start * len(content))
    content[place : place + length] = noise
    refused_or_valid(tmp_path / name, source, bytes(content))


WORD = st.text(alphabet=string.ascii_letters + string.digits + "éëüç -;,\t", min_size=1, max_size=8).filter(str.strip)
DAY = st.dates(date(2020, 8, 1), date(2027, 7, 31))
FIRST_MOMENT, LAST_MOMENT = datetime(2020, 8, 1), datetime(2027, 7, 31)  # noqa: DTZ001 - Hypothesis adds the zone
FACTS = st.lists(
    st.fixed_dictionaries(
        {
            "record": st.uuids().map(lambda key: f"r{key.hex[:12]}x"),
            "pupil_number": st.integers(1, 10**7).map(str),
            "start_date": DAY,
            "start_slot": st.none() | st.integers(1, 12),
            "amount": st.none() | st.integers(0, 2880).map(lambda half: half / 2),
            "kind": st.sampled_from(["sick", "late", "truancy"]),
            "code": WORD.map(str.strip),
            "recorded_at": st.none() | st.datetimes(FIRST_MOMENT, LAST_MOMENT, timezones=st.just(UTC)),
            "withdrawn": st.booleans(),
        }
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda fact: fact["record"],
)


def written(facts: list[dict[str, Any]], *, dutch: object):
    def cell(value: object) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return ("ja" if value else "nee") if dutch else str(value).lower()
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, date):
            return f"{value.day}-{value.month}-{value.year}" if dutch else value.isoformat()
        return str(value).replace(".", ",") if dutch and isinstance(value, float) else str(value)

    columns = sorted(facts[0])
    return [columns, *([cell(fact[column]) for column in columns] for fact in facts)]


@settings(quickly, max_examples=20)
@given(
    facts=FACTS,
    delimiter=st.sampled_from(";,\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    dutch=st.booleans(),
)
def test_rows_read_the_same_in_every_dialect(
    tmp_path: Path, facts: list[dict[str, Any]], delimiter: str, encoding: str, line_end: str, *, dutch: bool
):
    rows = written(facts, dutch=dutch)
    text = line_end.join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    (tmp_path / "absences.csv").write_bytes(text.encode(encoding))
    workbook(tmp_path / "absences.xlsx", written(facts, dutch=not dutch))
    (tmp_path / "absences.json").write_text(json.dumps(facts, default=str), encoding="utf-8")
    pl.DataFrame(facts, infer_schema_length=None).write_parquet(tmp_path / "absences.parquet")
    frames = []
    for name in ("absences.csv", "absences.xlsx", "absences.json", "absences.parquet"):
        reading = read(tmp_path / name, source="canonical", school=school(), keys=KEYS)[0]
        assert [f for f in reading.findings if f.severity is Severity.ERROR] == []
        frames.append(reading.frame.drop("_row").rows())
    assert frames[0] == frames[1] == frames[2] == frames[3]
    plain = [
        (fact["record"], fact["start_date"], fact["start_slot"], fact["amount"], fact["recorded_at"]) for fact in facts
    ]
    first = reading.frame.select("record", "start_date", "start_slot", "amount", "recorded_at").rows()
    assert first == plain


@given(st.lists(st.lists(st.text(alphabet="ab é'", max_size=4), min_size=4, max_size=4), min_size=1, max_size=5))
@quickly
def test_quoted_and_plain_text_read_the_same(tmp_path: Path, rows: object):
    header = ["pupil_number", "group", "valid_from", "x"]
    frames = []
    for quote in ("", '"'):
        lines = [";".join(f"{quote}{cell}{quote}" for cell in row) for row in [header, *rows]]
        (tmp_path / "enrolments.csv").write_text("\n".join(lines), encoding="utf-8")
        try:
            reading = read(tmp_path / "enrolments.csv", source="canonical", school=school(), keys=KEYS)[0]
            frames.append(reading.frame.select("group", "_row").rows())
        except RefusedDeliveryError as refused:
            frames.append(refused.detail)
    assert frames[0] == frames[1]
