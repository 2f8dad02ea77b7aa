"""What we found at the door, and how good a school's week is: kept with the delivery, shown on the list."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from data_contracts.frozen import Frozen
from data_contracts.reasons import Authorised, Kind

LONGEST_CODE = 30
"""Characters; a longer text is no code, and may be about a pupil."""


class Verdict(StrEnum):
    """What became of a delivery; WAITING: nothing of it is stored yet, until the school has said what its codes mean."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted_with_warnings"
    REFUSED = "refused"
    UNCHANGED = "unchanged"
    WAITING = "waiting"


class Severity(StrEnum):
    """An error refuses the delivery; a warning is kept and shown."""

    ERROR = "error"
    WARNING = "warning"


class Grade(StrEnum):
    """Quality of a school's week: good enough, mind it, do not lean on it."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class Finding(Frozen):
    """One thing that is wrong or odd, said so that a school can mend it.

    Parameters
    ----------
    check
        Short name of the check (``unmapped_code``, ``bad_value``, ...).
    severity
        Error or warning.
    message, remedy
        What, and what to do, in plain Dutch.
    file, row, column, value
        Where. ``row`` counts as the file shows it (header = row 1). ``value`` never holds a name.
    count
        How many rows show the same.
    """

    check: str
    severity: Severity
    message: str
    remedy: str
    file: str = ""
    row: int | None = None
    column: str | None = None
    value: str | None = None
    count: int = 1


class ProposedCode(Frozen):
    """A code that a school has not said the meaning of yet, and what it may mean. A person at the school decides.

    Parameters
    ----------
    code
        As in the file, lower case; never a text that may be about a pupil.
    count
        Rows that have it.
    kind, authorised
        What is proposed; without `authorised` the kind says that.
    known
        Whether the file or common usage says so; where not, `kind` is a mere beginning.
    why
        Why this is proposed, in plain Dutch.
    """

    code: str = Field(min_length=1, max_length=LONGEST_CODE)
    count: int
    kind: Kind
    authorised: Authorised | None = None
    known: bool = True
    why: str = ""


class WeekQuality(Frozen):
    """Quality of one school week.

    Shares run from 0 to 1; None where there was nothing to take a share of.
    """

    week: date = Field(description="Monday of the week")
    grade: Grade
    registrations: int = 0
    unmapped_share: float | None = None
    unrecorded_share: float | None = Field(default=None, description="registers not taken, of scheduled minutes")
    timetable_share: float | None = Field(default=None, description="pupils with a timetable, of those enrolled")
    unattended_share: float | None = Field(
        default=None, description="scheduled minutes of groups in which nobody is enrolled, of those of all groups"
    )
    late_recorded_share: float | None = Field(default=None, description="recorded more than 7 days after the event")
    assumed_moment_share: float | None = Field(default=None, description="rows whose recorded moment is assumed")
    delivery_moment_share: float | None = Field(
        default=None, description="rows without a recorded moment, for which the delivery's stands"
    )
    duplicates: int = 0
    suddenly_silent: bool = Field(default=False, description="a week with suddenly no absences")
    reasons: tuple[str, ...] = Field(default=(), description="why the grade is not good, in plain Dutch")


class QualityReport(Frozen):
    """Everything said about one delivery.

    Parameters
    ----------
    delivery, school, source, table, file
        Which delivery: its id, school, source format, table and file name.
    delivered_at
        The moment it became known to us (UTC).
    sha256
        Digest of the file's bytes.
    rows, new, corrected, withdrawn, dropped
        Rows read; records new, changed, taken back; rows left out with a documented reason.
    codes
        Codes in it that the school has not said the meaning of, for whoever will.
    """

    delivery: str
    school: str
    source: str
    table: str
    file: str
    delivered_at: datetime
    sha256: str
    verdict: Verdict
    rows: int = 0
    new: int = 0
    corrected: int = 0
    withdrawn: int = 0
    dropped: int = 0
    findings: tuple[Finding, ...] = ()
    weeks: tuple[WeekQuality, ...] = ()
    codes: tuple[ProposedCode, ...] = ()
    contract_version: str
