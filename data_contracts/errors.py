"""One family of errors. Each carries its exit code, its HTTP status and a title a user understands.

The command line turns an error into one message and its exit code; the service turns it into
``application/problem+json``. Nobody shows a traceback for a user's mistake.
"""

from http import HTTPStatus
from typing import ClassVar


class AanwezigError(Exception):
    """Something a user can understand and mend.

    Parameters
    ----------
    detail
        What is wrong, and where (file, row, column, value), in plain Dutch.
    remedy
        What to do about it, in plain Dutch.
    """

    exit_code: ClassVar[int] = 1
    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    title: ClassVar[str] = "Er ging iets mis"

    def __init__(self, detail: str, *, remedy: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy

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


class SettingsError(AanwezigError):
    """Settings are missing, contradictory or unsafe."""

    exit_code = 8
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    title = "Instellingen kloppen niet"


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
