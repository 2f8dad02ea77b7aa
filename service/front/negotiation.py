"""Which media type a request asks for, and which it sends (RFC 9110, sections 8.3 and 12.5.1)."""

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus

from data_contracts.errors import UsageError

JSON = "application/json"
ANY = "*/*"
IDENTITY = "identity"
QUALITY = re.compile(r"(0(\.[0-9]*)?|1(\.0*)?)\Z")


class NotAcceptableError(UsageError):
    """The answer does not exist in any of the media types that were asked for."""

    status = HTTPStatus.NOT_ACCEPTABLE
    title = "Deze vorm bestaat niet"


class MediaTypeError(UsageError):
    """What was sent is not of a media type that is read here."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    title = "Deze vorm wordt niet gelezen"


def preferred(accept: str | None, given: Sequence[str]) -> str:
    """Return which of `given` the header `accept` likes best; the earlier one where it likes two as much.

    Raises
    ------
    NotAcceptableError
        It likes none.
    """
    if not accept or accept == ANY:
        return given[0]
    ranges = tuple(_ranges(accept))
    best = max(given, key=lambda media_type: _liking(media_type, ranges))
    if not _liking(best, ranges):
        detail = "Dit antwoord bestaat niet in de vorm die wordt gevraagd (Accept)."
        raise NotAcceptableError(detail, remedy=f"Vraag om {' of '.join(dict.fromkeys(given))}.")
    return best


def must_be_acceptable(accept: str | None, given: Sequence[str]) -> None:
    """Refuse a request that takes none of `given`; errors are told as problem+json whatever was asked for.

    Raises
    ------
    NotAcceptableError
        It takes none.
    """
    preferred(accept, given)


def must_be_plain(codings: Sequence[str]) -> None:
    """Refuse a body that is packed, whatever the header `Content-Encoding` calls it: none is unpacked here.

    Raises
    ------
    MediaTypeError
        It is, or says so.
    """
    named = {one.strip().lower() for line in codings for one in line.split(",")}
    if named - {"", IDENTITY}:
        detail = "De inhoud van dit verzoek is ingepakt (Content-Encoding)."
        raise MediaTypeError(detail, remedy="Stuur de inhoud zoals zij is, zonder deze kop.")


def must_be_json(content_type: str | None) -> None:
    """Refuse a body that is not JSON.

    Raises
    ------
    MediaTypeError
        It is not, or does not say so.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type != JSON:
        detail = "De inhoud van dit verzoek is geen JSON (Content-Type)."
        raise MediaTypeError(detail, remedy=f"Stuur de inhoud als {JSON}.")


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Yield each media range with its quality; one that cannot be read counts as not wanted."""
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        said = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        if name:
            yield name, float(said) if QUALITY.match(said) else 0.0


def _liking(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the quality that the most precise range gives `media_type`."""
    fits = (ANY, f"{media_type.partition('/')[0]}/*", media_type)
    found = [(fits.index(name), quality) for name, quality in ranges if name in fits]
    return max(found, key=lambda one: one[0])[1] if found else 0.0
