"""The tables as data. The checks at the door, the docs page and the simulator all derive from these.

A *delivered* table carries the school's own ``pupil_number``; on the way in it becomes ``pupil``, a
keyed pseudonym, and three columns are added that say when the row became known (`LAKE_COLUMNS`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from data_contracts.identifiers import PUPIL_PATTERN, SCHOOL_PATTERN, YEAR_GROUP_PATTERN
from data_contracts.reasons import Authorised, Kind, Registration

ColumnType = Literal["string", "int", "float", "bool", "date", "datetime"]

CONTRACT_VERSION = "1.0.0"
NO_END = 2100
"""From this year on a last day stands for *no end yet*: systems write an end that never comes as a year like 9999."""
"""Version of these tables (semver). Logged with every model and every list."""


@dataclass(frozen=True)
class Column:
    """One column of a table, and everything that is promised about its values.

    Parameters
    ----------
    name, type, meaning
        Name, type and a sentence for the docs page.
    required
        The value may not be empty.
    optional
        The whole column may be left out of a file; it then holds `default`.
    values, pattern, minimum, maximum
        What a value may be. ``minimum``/``maximum`` are inclusive.
    default
        Value where the cell is empty and the column is not required.
    example
        One value, for the docs page.
    """

    name: str
    type: ColumnType
    meaning: str
    required: bool = False
    optional: bool = True
    values: tuple[str, ...] | None = None
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    default: str | bool | None = None
    example: str = ""


class Unit(StrEnum):
    """The unit in which a school states an amount of absence."""

    MINUTES = "minutes"
    LESSON_SLOTS = "lesson_slots"
    HALF_DAYS = "half_days"
    DAYS = "days"


class SlotStatus(StrEnum):
    """What became of a scheduled slot. Only ``planned`` counts as scheduled time."""

    PLANNED = "planned"
    CANCELLED = "cancelled"
    NOT_REQUIRED = "not_required"


class Register(StrEnum):
    """Whether attendance was taken. ``not_taken`` means unknown, never present."""

    TAKEN = "taken"
    NOT_TAKEN = "not_taken"
    BY_EXCEPTION = "by_exception"


class RecordedBasis(StrEnum):
    """Where the moment a row became known comes from."""

    SOURCE = "source"
    DELIVERY = "delivery"
    ASSUMED = "assumed"


@dataclass(frozen=True)
class Table:
    """One table of the contract.

    Parameters
    ----------
    name, meaning
        Name and a sentence for the docs page.
    columns
        Its columns, in order.
    identity
        The columns that together say *which fact* a row states; where a file has no ``record`` of
        its own, the record is derived from these.
    event_date
        The column that says when it happened; None for names.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    event_date: str | None

    def column(self, name: str) -> Column:
        """Return the column called `name`; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)


_PUPIL_NUMBER = Column(
    "pupil_number",
    "string",
    "The school's own number of the pupil; becomes a keyed pseudonym on the way in.",
    required=True,
    optional=False,
    example="204817",
)
_RECORD = Column(
    "record",
    "string",
    "The source's own key of this fact. A later row with the same record corrects an earlier one. "
    "Derived from the identifying columns where the source has none.",
    example="81237",
)
_RECORDED_AT = Column(
    "recorded_at",
    "datetime",
    "The moment this version was entered at the school. Where it is empty, the delivery's own moment stands.",
    example="2026-09-14T08:41:00+02:00",
)
_WITHDRAWN = Column(
    "withdrawn",
    "bool",
    "The school took this fact back; from `recorded_at` on it no longer counts.",
    default=False,
    example="false",
)

ENROLMENTS = Table(
    "enrolments",
    "Who is in which group, from when until when. A pupil who changes group has two rows.",
    (
        _RECORD,
        _PUPIL_NUMBER,
        Column("group", "string", "Class or base group.", required=True, optional=False, example="2hv1"),
        Column(
            "year_group",
            "string",
            "OSO jaargroep: P, 0-8, S, or 11-16 for years 1-6 of secondary.",
            pattern=YEAR_GROUP_PATTERN,
            example="12",
        ),
        Column("valid_from", "date", "First day in this group.", required=True, optional=False, example="2026-08-31"),
        Column("valid_to", "date", "Last day in this group, inclusive; empty while it lasts.", example=""),
        _RECORDED_AT,
        _WITHDRAWN,
    ),
    identity=("pupil_number", "group", "valid_from"),
    event_date="valid_from",
)

TIMETABLE = Table(
    "timetable",
    "Scheduled time, per group or per pupil and day: one row a lesson hour or half-day, or one row for the whole day. "
    "A pupil's own rows on a day replace those of the group, for that pupil only; on other days the group's stand.",
    (
        _RECORD,
        Column("group", "string", "The group it is scheduled for; empty when it is for one pupil.", example="2hv1"),
        Column("pupil_number", "string", "The pupil it is scheduled for; empty when it is for a group."),
        Column("date", "date", "The day.", required=True, optional=False, example="2026-09-14"),
        Column(
            "slot",
            "int",
            "Lesson hour (1 = first), or half-day (1 morning, 2 afternoon); empty for the whole day.",
            minimum=1,
            maximum=20,
            example="3",
        ),
        Column("start_minute", "int", "Start in minutes after midnight, local time.", minimum=0, maximum=1439),
        Column(
            "minutes", "int", "Scheduled minutes.", required=True, optional=False, minimum=1, maximum=720, example="50"
        ),
        Column(
            "status",
            "string",
            "What became of it; cancelled and not-required time is not scheduled time.",
            values=tuple(SlotStatus),
            default=SlotStatus.PLANNED,
            example="planned",
        ),
        Column(
            "register",
            "string",
            "Whether attendance was taken; `not_taken` is unknown, not present. `by_exception`: the school only "
            "registers absence.",
            values=tuple(Register),
            default=Register.BY_EXCEPTION,
            example="taken",
        ),
        Column("subject", "string", "Subject, as the school writes it.", example="wi"),
        _RECORDED_AT,
        _WITHDRAWN,
    ),
    identity=("group", "pupil_number", "date", "slot", "start_minute"),
    event_date="date",
)

ABSENCES = Table(
    "absences",
    "What was registered: absence, lateness, removal. A report may span days and be open-ended; an observation belongs "
    "to one lesson. Rows may overlap: minutes are a union over slots, never a sum.",
    (
        _RECORD,
        _PUPIL_NUMBER,
        Column("start_date", "date", "First day.", required=True, optional=False, example="2026-09-14"),
        Column("end_date", "date", "Last day, inclusive; empty means the first day.", example="2026-09-15"),
        Column(
            "open_ended",
            "bool",
            "No end is known yet; counted up to the as-of date. Then there is no end_date, end_slot or end_minute.",
            default=False,
            example="false",
        ),
        Column("start_slot", "int", "First slot on the first day; empty for the whole day.", minimum=1, maximum=20),
        Column("end_slot", "int", "Last slot on the last day, inclusive.", minimum=1, maximum=20),
        Column("start_minute", "int", "Start on the first day, minutes after midnight.", minimum=0, maximum=1439),
        Column("end_minute", "int", "End on the last day, minutes after midnight, exclusive.", minimum=1, maximum=1440),
        Column(
            "amount",
            "float",
            "How much was missed, where that is all the school states; over several days their total.",
            minimum=0,
        ),
        Column("unit", "string", "Unit of `amount`.", values=tuple(Unit), example="lesson_slots"),
        Column("kind", "string", "Shared reason vocabulary.", required=True, optional=False, values=tuple(Kind)),
        Column(
            "authorised",
            "string",
            "Geoorloofd, as registered.",
            values=tuple(Authorised),
            default=Authorised.UNKNOWN,
            example="yes",
        ),
        Column(
            "registration",
            "string",
            "Report (melding) or observation of one lesson (waarneming).",
            values=tuple(Registration),
            default=Registration.REPORT,
            example="report",
        ),
        Column("code", "string", "The school's own code, kept so that a mapping can be mended.", example="Z"),
        Column("mapped", "bool", "The code was found in the school's mapping.", default=True, example="true"),
        _RECORDED_AT,
        _WITHDRAWN,
    ),
    identity=("pupil_number", "start_date", "start_slot", "start_minute", "registration"),
    event_date="start_date",
)

OUTCOMES = Table(
    "outcomes",
    "Registered outcomes, where a school or alliance has them; optional.",
    (
        _RECORD,
        _PUPIL_NUMBER,
        Column("outcome", "string", "Name of the outcome.", required=True, optional=False, example="withdrawal"),
        Column("date", "date", "Day it began.", required=True, optional=False, example="2026-11-02"),
        _RECORDED_AT,
        _WITHDRAWN,
    ),
    identity=("pupil_number", "outcome"),
    event_date="date",
)

NAMES = Table(
    "names",
    "Names, apart from everything else: stored encrypted, shown only to who may see them.",
    (
        _PUPIL_NUMBER,
        Column("given_name", "string", "First name in daily use.", required=True, optional=False, example="Noor"),
        Column(
            "family_name", "string", "Family name with its prefix.", required=True, optional=False, example="de Vries"
        ),
    ),
    identity=("pupil_number",),
    event_date=None,
)

TABLES: dict[str, Table] = {table.name: table for table in (ENROLMENTS, TIMETABLE, ABSENCES, OUTCOMES, NAMES)}

LAKE_COLUMNS: tuple[Column, ...] = (
    Column("school", "string", "BRIN with location.", required=True, pattern=SCHOOL_PATTERN, example="11ZZ03"),
    Column("pupil", "string", "Keyed pseudonym.", pattern=PUPIL_PATTERN),
    Column("recorded_basis", "string", "Where `recorded_at` comes from.", values=tuple(RecordedBasis)),
)
"""Columns that the import adds. ``pupil`` replaces ``pupil_number``; ``recorded_at`` is filled for every row."""


def lake_columns(table: Table) -> tuple[Column, ...]:
    """Columns of `table` as stored: pseudonym instead of number, and when it became known."""
    school, pupil, basis = LAKE_COLUMNS
    kept = [pupil if column.name == "pupil_number" else column for column in table.columns]
    return (school, *kept, basis)
