"""Days and moments as they come in: written out, and moments that can be told in every time zone.

A number, also as text, would be read as seconds since 1970. At the ends of the calendar a moment cannot be told everywhere.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, LiteralString

from pydantic import AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
ISO_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def _written_out(pattern: str, kind: LiteralString) -> BeforeValidator:
    """Refuse a number where a date belongs, as pydantic's error `kind`."""
    allowed = re.compile(pattern)

    def checked(value: object) -> object:
        if isinstance(value, str | int | float) and not allowed.match(str(value)):
            raise PydanticCustomError(kind, "not written out")
        return value

    return BeforeValidator(checked)


DAY_WRITTEN = _written_out(ISO_DATE + r"\Z", "date_parsing")
MOMENT_WRITTEN = _written_out(ISO_DATE, "datetime_parsing")
# Never strict: after a look at the text, pydantic no longer knows that it came from JSON.
Day = Annotated[date, Field(strict=False), DAY_WRITTEN]
Moment = Annotated[AwareDatetime, Field(strict=False, ge=FIRST, le=LAST), MOMENT_WRITTEN]
