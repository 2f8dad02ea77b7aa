"""One family of errors. Each carries its exit code, its HTTP status and a title a user understands.

The command line turns an error into one message and its exit code; the service turns it into
``application/problem+json``. Nobody shows a traceback for a user's mistake.
"""

from http import HTTPStatus
from typing import ClassVar

IN_THE_LOG = "Er klopt iets niet op de server zelf. Wie de server beheert, ziet in het logbestand wat."
REPORT = "Probeer het straks opnieuw. Blijft het misgaan, meld het dan uw beheerder, met het tijdstip."


class AanwezigError(Exception):
    """Something a user can understand and mend.

    Parameters
    ----------
    detail
        What is wrong, and where (file, row, column, value), in plain Dutch.
    remedy
        What to do about it, in plain Dutch.
    is_inside
        Whether that is for who runs this machine alone, since it may name a path or an address of it; left out: as the kind
        of error has it.
    """

    exit_code: ClassVar[int] = 1
    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    title: ClassVar[str] = "Er ging iets mis"
    inside: ClassVar[bool] = False

    def __init__(self, detail: str, *, remedy: str = "", is_inside: bool | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        self.is_inside = self.inside if is_inside is None else is_inside

    def for_outside(self) -> "AanwezigError":
        """Return the same as somebody elsewhere may read it: of what is for who runs this machine alone, that it is so."""
        return type(self)(IN_THE_LOG, remedy=REPORT, is_inside=False) if self.is_inside else self

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}" + (f"\n{self.remedy}" if self.remedy else "")


class UsageError(AanwezigError):
    """The command or request was put in a way we cannot follow."""

    exit_code = 2
    status = HTTPStatus.BAD_REQUEST
    title = "Opdracht niet begrepen"


class RefusedDeliveryError(AanwezigError):
    """A delivery does not keep its contract; nothing of it was stored."""

    exit_code = 3
    status = HTTPStatus.BAD_REQUEST
    title = "Levering geweigerd"


class NotFoundError(AanwezigError):
    """The thing asked for does not exist, or not for this viewer."""

    exit_code = 4
    status = HTTPStatus.NOT_FOUND
    title = "Niet gevonden"


class NotEnoughDataError(AanwezigError):
    """There is too little data to do what was asked honestly."""

    exit_code = 5
    status = HTTPStatus.CONFLICT
    title = "Te weinig gegevens"


class ModelError(AanwezigError):
    """A model is missing, unreadable, or fails its own exactness check."""

    exit_code = 6
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Model niet bruikbaar"


class StorageError(AanwezigError):
    """The lake, the keys or the database cannot be read or written."""

    exit_code = 7
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Opslag niet bereikbaar"
    inside = True


class SettingsError(AanwezigError):
    """Settings are missing, contradictory or unsafe."""

    exit_code = 8
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    title = "Instellingen kloppen niet"
    inside = True


class NotAllowedError(AanwezigError):
    """The viewer's role or scope does not allow this."""

    exit_code = 9
    status = HTTPStatus.FORBIDDEN
    title = "Geen toegang"


class SignInError(AanwezigError):
    """Nobody is signed in, or the sign-in has ended."""

    exit_code = 10
    status = HTTPStatus.UNAUTHORIZED
    title = "Niet aangemeld"


class ChangedMeanwhileError(AanwezigError):
    """Somebody else changed it since it was read; nothing was overwritten."""

    exit_code = 11
    status = HTTPStatus.CONFLICT
    title = "Intussen gewijzigd"


ERRORS: tuple[type[AanwezigError], ...] = (
    UsageError,
    RefusedDeliveryError,
    NotFoundError,
    NotEnoughDataError,
    ModelError,
    StorageError,
    SettingsError,
    NotAllowedError,
    SignInError,
    ChangedMeanwhileError,
)
