"""How much may be asked of the service: figures from ``limits.toml``, and buckets that run empty for who asks too much."""

import time
import tomllib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from http import HTTPStatus
from math import ceil
from pathlib import Path
from threading import Lock
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from data_contracts.errors import AanwezigError, SettingsError, UsageError

FIGURES = Path(__file__).with_name("limits.toml")
MOST_KEYS = 10_000
"""Buckets that are kept; who asked longest ago is forgotten first, and starts with a full one."""


class LaterError(UsageError):
    """Not now, but after `retry_after` seconds.

    Parameters
    ----------
    retry_after
        Whole seconds, for the header of that name.
    """

    def __init__(self, detail: str, *, remedy: str, retry_after: int) -> None:
        super().__init__(detail, remedy=remedy)
        self.retry_after = retry_after


class TooManyError(LaterError):
    """One person, program or address asks too much."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    title = "Te veel verzoeken"


class OverloadedError(LaterError):
    """Everybody together asks too much."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Het is nu te druk"


class TooLargeError(UsageError):
    """The body of a request is larger than may be sent there."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "Te groot"


class TooSlowError(UsageError):
    """A client left us waiting for the rest of its request."""

    status = HTTPStatus.REQUEST_TIMEOUT
    title = "Verzoek niet afgemaakt"


class _Figures(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rate(_Figures):
    """Requests a second that may go on for ever, and how many may come at once before that."""

    a_second: PositiveFloat
    burst: PositiveInt


class AddressRate(Rate):
    """The rate of one address, for everything below `paths`."""

    paths: tuple[str, ...]


class Apart(_Figures):
    """A figure for everything, and those of paths that have their own."""

    everything: PositiveInt
    apart: dict[str, PositiveInt]

    def of(self, path: str) -> tuple[str, int]:
        """Return the area that `path` is in ('' where it has none of its own), and its figure."""
        area = next((one for one in self.apart if path == one or path.startswith(f"{one}/")), "")
        return area, self.apart[area] if area else self.everything


class AtOnce(Apart):
    """Requests at the same time; `outside` is not counted. `working` of those let in are worked on, the others wait."""

    outside: tuple[str, ...]
    working: PositiveInt
    retry_after: PositiveInt


class Slow(_Figures):
    """Seconds for one piece of a request or answer, and for the whole request."""

    piece: PositiveFloat
    request: PositiveFloat


class Quota(_Figures):
    """Files and bytes that a school may hand in within 24 hours, all ways together."""

    files_a_day: PositiveInt
    bytes_a_day: PositiveInt


class Limits(_Figures):
    """All of ``limits.toml``."""

    person: Rate
    address: AddressRate
    at_once: AtOnce
    body: Apart = Field(description="bytes")
    slow: Slow
    deliveries: Quota

    @classmethod
    def at(cls, home: Path) -> Self:
        """Return the figures that hold for the installation at `home`: ours, with its own laid over them.

        Raises
        ------
        SettingsError
            Its own are not TOML, or not these tables and figures.
        """
        own = home / FIGURES.name
        try:
            return cls.model_validate(_laid_over(_read(FIGURES), _read(own) if own.exists() else {}))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            detail = f"{own} is geen geldig TOML: {error}"
            raise SettingsError(detail, remedy="Herstel de genoemde regel.") from None
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            detail = f"{own}: {wrong}"
            raise SettingsError(detail, remedy="Zie docs/running-for-real.md, onder 'Limits'.") from None


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `under` with what `over` says, table by table."""
    both = {**under, **over}
    for name in under.keys() & over.keys():
        if isinstance(under[name], dict) and isinstance(over[name], dict):
            both[name] = under[name] | over[name]
    return both


class Buckets:
    """A bucket of tokens for each who asks: every request takes one, and they come back at a steady rate.

    Parameters
    ----------
    rate
        How fast they come back, and how many a bucket holds.
    clock
        Seconds that never go back.
    """

    def __init__(self, rate: Rate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def spend(self, who: str) -> None:
        """Take a token of `who`.

        Raises
        ------
        TooManyError
            There is none left.
        """
        moment = self._clock()
        with self._lock:
            left, since = self._left.pop(who, (float(self._rate.burst), moment))
            left = min(left + (moment - since) * self._rate.a_second, self._rate.burst)
            enough = left >= 1
            self._left[who] = (left - 1 if enough else left, moment)
            if len(self._left) > MOST_KEYS:
                self._left.popitem(last=False)
        if not enough:
            raise too_many(ceil((1 - left) / self._rate.a_second))


def too_many(retry_after: int) -> AanwezigError:
    """Return what somebody is told who asks too much."""
    detail = "U vraagt te veel in korte tijd."
    remedy = f"Wacht {retry_after} s en probeer het opnieuw; een programma houdt zich aan Retry-After."
    return TooManyError(detail, remedy=remedy, retry_after=retry_after)
