"""What may be asked, in the words in which it is stored. It asks no other module of the service: `service.scope` asks it."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from http import HTTPStatus

from data_contracts.errors import UsageError


class Kind(StrEnum):
    """What is asked. BY_NUMBER: an objection of whom the page knows the number alone; the batch finds out who that is."""

    OBJECTION = "bezwaar"
    CORRECTION = "correctie"
    BY_NUMBER = "bezwaarOpNummer"


class AskedBy(StrEnum):
    """Who asks. Until 16 the parents do it for the pupil (UAVG, article 5)."""

    PARENTS = "ouders"
    PUPIL = "leerling"


class Wrong(StrEnum):
    """What is said to be wrong with what was recorded."""

    WAS_PRESENT = "wasAanwezig"
    REASON = "reden"
    AUTHORISED = "geoorloofd"
    TIME = "duur"
    OTHER = "anders"


class Answer(StrEnum):
    """How a request ended; while there is none it runs."""

    CORRECTED = "aangepast"
    REFUSED = "afgewezen"
    WITHDRAWN = "ingetrokken"
    NOBODY = "onbekend"
    ALREADY = "liepAl"


ASKED_BY: dict[AskedBy, str] = {
    AskedBy.PARENTS: "ouder of verzorger",
    AskedBy.PUPIL: "de leerling zelf (16 jaar of ouder)",
}
WRONGS: dict[Wrong, str] = {
    Wrong.WAS_PRESENT: "de leerling was aanwezig",
    Wrong.REASON: "de reden klopt niet",
    Wrong.AUTHORISED: "er was toestemming, of juist niet",
    Wrong.TIME: "de tijd of de duur klopt niet",
    Wrong.OTHER: "iets anders",
}
ANSWERS: dict[Answer, str] = {
    Answer.CORRECTED: "aangepast in het schoolsysteem",
    Answer.REFUSED: "afgewezen, met reden",
    Answer.WITHDRAWN: "ingetrokken",
    Answer.NOBODY: "niet vastgelegd: dit leerlingnummer is bij deze school niet bekend",
    Answer.ALREADY: "niet nodig: voor deze leerling liep al een bezwaar",
}
ABOUT_A_RECORD = (Answer.CORRECTED, Answer.REFUSED, Answer.WITHDRAWN)
"""How a request about a record may end."""


class RunningObjectionError(UsageError):
    """There is an objection already."""

    status = HTTPStatus.CONFLICT
    title = "Er loopt al een bezwaar"


class EndedError(UsageError):
    """Somebody answered it in between."""

    status = HTTPStatus.CONFLICT
    title = "Al afgehandeld"


@dataclass(frozen=True)
class Asked:
    """Who asked, and on which day."""

    by: AskedBy
    on: date


@dataclass(frozen=True)
class Record:
    """What was recorded and is said to be wrong: of which days, what, and in the words of who asks."""

    first_day: date
    last_day: date
    wrong: Wrong
    note: str


@dataclass(frozen=True)
class Reply:
    """How a request about a record ends: what the school did, on which day, and why."""

    answer: Answer
    on: date
    note: str


@dataclass(frozen=True)
class Request:
    """One request as it stands; it runs while there is no `answer`."""

    id: str
    school: str
    pupil: str
    group: str
    kind: Kind
    asked: Asked
    record: Record | None
    registered_at: datetime
    answer: Answer | None = None
    answered_on: date | None = None
    reply: str | None = None
    withdrawn_by: AskedBy | None = None

    @property
    def runs(self) -> bool:
        """Whether it is still to be answered, or still holds."""
        return self.answer is None

    @property
    def due(self) -> date:
        """The last day to answer."""
        return a_month_after(self.asked.on)


def a_month_after(day: date) -> date:
    """Return the same day of the next month, or its last: within a month an answer is due (GDPR, article 12(3))."""
    year, month = day.year + day.month // 12, day.month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
