"""A form with files, as a browser sends it: each file goes to where it is kept as it comes in, and nowhere else.

The framework would lay files down in the machine's folder for temporary files first, and what comes here is about children.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from data_contracts.errors import UsageError
from service.front.limits import TooLargeError
from service.inbox import Arriving

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_FILES = 40
MOST_FIELDS = 20
LONGEST_FIELD = 1_000
"""Bytes. Files are held to the limits of a request, and these to what a form of ours has."""

MULTIPART = b"multipart/form-data"


@dataclass(frozen=True)
class Sent:
    """A file of the form: what the browser calls it, to tell the sender by and never kept, and where it was written."""

    name: str
    file: Arriving


@dataclass
class Form:
    """What came in: fields by name, and files in order."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[Sent] = field(default_factory=list)


async def received(request: Request, *, new_file: Callable[[], Arriving]) -> Form:
    """Take in a form; `new_file` is asked for a place for each file that was chosen.

    Raises
    ------
    UsageError
        It is no form with files, it broke off, or there is too much in it.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != MULTIPART or b"boundary" not in options:
        raise _broken()
    reading = _Reading(new_file)
    parser = MultipartParser(options[b"boundary"], reading.callbacks)
    try:
        async for chunk in request.stream():
            parser.write(chunk)
        parser.finalize()
    except (FormParserError, ClientDisconnect):
        raise _broken() from None
    if not reading.is_complete:  # the parser does not mind a form that just stops
        raise _broken()
    return reading.form


class _Reading:
    """One form that is coming in: the part that is being read, and what is complete."""

    def __init__(self, new_file: Callable[[], Arriving]) -> None:
        self.form = Form()
        self.is_complete = False
        self._new_file = new_file
        self._header, self._value = b"", b""
        self._disposition = b""
        self._name, self._text = "", bytearray()
        self._file: Sent | None = None
        self._parts = 0
        self.callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers,
            "on_part_data": self._on_data,
            "on_part_end": self._end,
            "on_end": self._on_end,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_FILES + MOST_FIELDS:  # also of parts in which nothing stands: the loop waits for each
            raise _too_much()
        self._disposition, self._name, self._text, self._file = b"", "", bytearray(), None

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        chosen = options.get(b"filename")
        if chosen:  # a field for files in which none was chosen has an empty name
            if len(self.form.files) >= MOST_FILES:
                detail = f"Dit zijn meer dan {MOST_FILES} bestanden."
                raise UsageError(detail, remedy="Stuur ze in een paar keer.")
            self._file = Sent(chosen.decode("utf-8", "replace"), self._new_file())
            self.form.files.append(self._file)

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.file.write(data[start:end])
            return
        self._text += data[start:end]
        if len(self._text) > LONGEST_FIELD or len(self.form.fields) >= MOST_FIELDS:
            raise _too_much()

    def _end(self) -> None:
        if self._file is None:
            self.form.fields[self._name] = bytes(self._text).decode("utf-8", "replace")

    def _on_end(self) -> None:
        self.is_complete = True


def _too_much() -> TooLargeError:
    return TooLargeError("In dit formulier staat meer dan erin hoort.", remedy="Begin opnieuw vanaf de pagina.")


def _broken() -> UsageError:
    return UsageError(
        "De bestanden kwamen niet helemaal binnen.", remedy="Controleer de verbinding en stuur ze opnieuw."
    )
