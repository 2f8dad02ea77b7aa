"""Moments as they come in: any that can be told in every time zone. At the ends of the calendar some cannot."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)

Moment = Annotated[AwareDatetime, Field(ge=FIRST, le=LAST)]
