"""What a live request for scores holds: one school's facts in the contract's own columns, checked all at once.

Rows keep the columns of `data_contracts.tables`, as docs/contracts.md has them, so a supplier who delivers files knows
them already. A pupil goes by the caller's own pseudonym. What nothing is counted from is refused: no free text, no names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from data_contracts.identifiers import SCHOOL_PATTERN, Region, Sector
from data_contracts.tables import ABSENCES, ENROLMENTS, TIMETABLE, Column, Table
from service.moments import DAY_WRITTEN, Day, Moment

MOST_PUPILS = 500
MOST_ROWS = 200_000
PSEUDONYM = r"^[A-Za-z][A-Za-z0-9_-]{7,31}$"
"""Begins with a letter, so that no pupil number and no citizen service number fits."""
LONGEST = 100
EARLIEST = date(2000, 1, 1)

_PUPIL = Column(
    "pupil",
    "string",
    "Your own pseudonym of the pupil: 8 to 32 letters, digits, - or _, beginning with a letter. Never a number or a name.",
    required=True,
    pattern=PSEUDONYM,
    example="leerling-0001",
)
_UNUSED = {"code", "mapped"}
"""Columns of the contract from which nothing is counted."""


def _columns(table: Table, *, pupil: Column = _PUPIL) -> tuple[Column, ...]:
    kept = (column for column in table.columns if column.name not in _UNUSED)
    return tuple(pupil if column.name == "pupil_number" else column for column in kept)


_OPTIONAL_PUPIL = replace(_PUPIL, required=False)
COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "inschrijvingen": _columns(ENROLMENTS),
    "verzuim": _columns(ABSENCES),
    "rooster": _columns(TIMETABLE, pupil=_OPTIONAL_PUPIL),
    "weekrooster": (
        TIMETABLE.column("group"),
        _OPTIONAL_PUPIL,
        Column("weekday", "int", "1 is Monday.", required=True, minimum=1, maximum=7, example="1"),
        *(TIMETABLE.column(name) for name in ("slot", "start_minute", "minutes", "subject")),
        Column("valid_from", "date", "First day on which it is taught.", required=True, example="2026-08-31"),
        Column("valid_to", "date", "Last day, inclusive; empty while it lasts."),
    ),
}
"""Columns of each list of rows."""


@dataclass(frozen=True)
class RowsOf:
    """Marks a field as rows with `COLUMNS` of `name`."""

    name: str

    def __get_pydantic_core_schema__(self, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check each row against the promises of its columns; a row becomes a dictionary that has all of them."""
        fields = {}
        for column in COLUMNS[self.name]:
            value = handler.generate_schema(_promised(column))
            if not column.required:
                value = core_schema.with_default_schema(value, default=column.default)
            fields[column.name] = core_schema.typed_dict_field(value, required=column.required)
        row = core_schema.typed_dict_schema(fields, extra_behavior="forbid")
        return core_schema.list_schema(row, max_length=MOST_ROWS)


_TYPES: Mapping[str, Any] = {
    "string": str,
    "int": int,
    "float": float,
    "bool": bool,
    "date": Annotated[date, Field(strict=False, ge=EARLIEST), DAY_WRITTEN],
    "datetime": Moment,
}


def _promised(column: Column) -> Any:  # noqa: ANN401 - a type, made from data
    limits: dict[str, Any] = {"ge": column.minimum, "le": column.maximum, "description": column.meaning}
    if column.type not in {"date", "datetime"}:
        limits["strict"] = True
    if column.type == "string":
        limits["pattern"] = "^(" + "|".join(column.values) + ")$" if column.values else column.pattern
        limits["max_length"] = LONGEST
    if column.type == "float":
        limits["allow_inf_nan"] = False
    if column.example:
        limits["examples"] = [column.example]
    kind: Any = _TYPES[column.type]
    promised: Any = Annotated[kind, Field(**limits)]
    return promised if column.required else promised | None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LesvrijeDagen(_Strict):
    """Days off beside the holidays of the region, from the first up to and with the last."""

    eerste: Day
    laatste: Day

    @property
    def first(self) -> date:
        """As `features.calendar` calls it."""
        return self.eerste

    @property
    def last(self) -> date:
        """As `features.calendar` calls it."""
        return self.laatste

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.laatste < self.eerste:
            raise PydanticCustomError("order", "'laatste' ligt vóór 'eerste'")  # noqa: EM101
        return self


class SchoolInVraag(_Strict):
    """What must be known of the school: as in its school file, see docs/contracts.md."""

    code: Annotated[str, StringConstraints(pattern=SCHOOL_PATTERN)] = Field(description="BRIN with location")
    sector: Sector
    regio: Region | None = Field(default=None, description="holiday region, for a weekrooster; null: no Dutch holidays")
    lesvrij: list[LesvrijeDagen] = Field(default=[], max_length=200, description="days off, for a weekrooster")
    regelsets: list[str] = Field(
        default=["wettelijk", "mazl", "aanwezigheid"], max_length=10, description="thresholds that the school works by"
    )


Rows = list[dict[str, Any]]


class ScoreVraag(_Strict):
    """One school's facts at a moment, of at most 500 pupils."""

    peilmoment: Moment | None = Field(
        default=None,
        description="what was recorded later does not count; the weeks before that of this moment do. Left out: now",
    )
    school: SchoolInVraag
    inschrijvingen: Annotated[Rows, RowsOf("inschrijvingen")] = Field(description="who is in which group, since when")
    verzuim: Annotated[Rows, RowsOf("verzuim")] = Field(
        description="what was registered; where recorded_at is left out, it counts as known at the peilmoment"
    )
    rooster: Annotated[Rows, RowsOf("rooster")] = Field(default=[], description="scheduled time, day by day")
    weekrooster: Annotated[Rows, RowsOf("weekrooster")] = Field(
        default=[], description="or the same for every week, on the school days of the region"
    )


EXAMPLE: dict[str, Any] = {
    "peilmoment": "2026-11-16T06:00:00+01:00",
    "school": {
        "code": "11ZZ03",
        "sector": "vo",
        "regio": "midden",
        "lesvrij": [{"eerste": "2026-10-05", "laatste": "2026-10-05"}],
    },
    "inschrijvingen": [{"pupil": "leerling-0001", "group": "2hv1", "year_group": "12", "valid_from": "2026-08-31"}],
    "verzuim": [
        {
            "pupil": "leerling-0001",
            "start_date": "2026-11-09",
            "end_date": "2026-11-10",
            "kind": "sick",
            "authorised": "yes",
        },
        {"pupil": "leerling-0001", "start_date": "2026-11-12", "start_slot": 3, "end_slot": 3, "kind": "truancy"},
    ],
    "weekrooster": [
        {"group": "2hv1", "weekday": weekday, "minutes": 300, "valid_from": "2026-08-31"} for weekday in range(1, 6)
    ],
}
"""A small but complete request."""
