"""Pages by key: a cursor says after which row the next page begins, so nothing shifts when rows are added."""

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self, TypeVar
from urllib.parse import urlencode

from fastapi import Query, Request
from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError, core_schema

from service.api.base import CURSOR, SINCE, Link
from service.moments import Moment
from service.pulling import Position

MOST = 100
CHECK_BYTES = 4
LONGEST = 400
LARGEST = 2**31 - 1

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,32}$")]
"""An id, or a school, in a cursor."""
Number = Annotated[int, Field(ge=-1, le=LARGEST)]
"""A change, or a rank, in a cursor: no larger than a column holds."""

WHOLE = re.compile(r"-?[0-9]+\Z")


def _whole(value: object) -> object:
    """Refuse what is a number in Python only, such as ``5_0``, and a fraction that happens to be none."""
    if isinstance(value, str) and not WHOLE.match(value):
        kind = "int_parsing"
        raise PydanticCustomError(kind, "not a whole number")
    return value


Amount = Annotated[
    int,
    Field(ge=1, le=MOST),
    BeforeValidator(_whole),
    Query(alias="aantal", description="most on one page", examples=[MOST]),
]
Since = Annotated[
    Moment | None,
    Query(
        alias=SINCE,
        description="everything published or changed from this moment on; not together with a cursor",
        examples=["2026-11-15T17:00:00Z"],
    ),
]


class Cursor:
    """After which row a page begins. Opaque outside; of whom a row is never stands in it.

    Parameters
    ----------
    kind
        Which order it belongs to: one of `shapes`.
    values
        The sort key of the last row that was given.
    """

    shapes: ClassVar[Mapping[str, TypeAdapter[Any]]]

    def __init__(self, kind: str, *values: object) -> None:
        self.kind = kind
        self.values: tuple[Any, ...] = values

    def __str__(self) -> str:
        key = json.dumps([self.kind, *self.values], separators=(",", ":"), default=str).encode()
        return urlsafe_b64encode(_check(key) + key).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the cursor that `text` stands for.

        Raises
        ------
        PydanticCustomError
            It is none of ours, or of another list.
        """
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            check, key = raw[:CHECK_BYTES], raw[CHECK_BYTES:]
            kind, *values = json.loads(key) if check == _check(key) else [""]
            return cls(kind, *cls.shapes[kind].validate_python(values, strict=False))
        except (ValueError, KeyError, TypeError, ValidationError):
            kind_of_error = "cursor"
            raise PydanticCustomError(kind_of_error, "not a cursor of this list") from None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Have it validated from, and described as, a string."""
        del source, handler
        text = core_schema.str_schema(max_length=LONGEST)
        return core_schema.no_info_after_validator_function(cls.parse, text)


class SignalCursor(Cursor):
    """Among all signals, in the order of publishing."""

    shapes: ClassVar[Mapping[str, TypeAdapter[Any]]] = {"change": TypeAdapter(tuple[Number, Key, Number])}

    @classmethod
    def at(cls, position: Position) -> Self:
        """Return the cursor of a position."""
        return cls("change", position.change, position.list_id, position.rank)


OfList = TypeVar("OfList", bound=Cursor)
After = Annotated[
    OfList | None, Query(alias=CURSOR, description="where the page before this one ended, from its `_links`")
]


def _check(key: bytes) -> bytes:
    """Return what tells a cursor that was changed on the way. It keeps no secret: scope is asked of every row anyway."""
    return hashlib.sha256(key).digest()[:CHECK_BYTES]


def links(request: Request, *, following: Cursor | None, **others: Cursor | str) -> dict[str, Link]:
    """Return the links of a page.

    Parameters
    ----------
    request
        For the address of this page, whose other parameters stay.
    following
        The end of this page; None where nothing follows.
    others
        More links: to this list from a cursor on, or to an address.
    """
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != CURSOR]

    def at(cursor: object) -> Link:
        # From a cursor on, the moment that the first page began at counts no more.
        rest = [pair for pair in asked if pair[0] != SINCE]
        return _link(request, [*rest, (CURSOR, str(cursor))])

    found = {"self": _link(request, request.query_params.multi_items()), "eerste": _link(request, asked)}
    if following is not None:
        found["volgende"] = at(following)
    return found | {
        name: at(target) if isinstance(target, Cursor) else Link(href=target) for name, target in others.items()
    }


def _link(request: Request, parameters: list[tuple[str, str]]) -> Link:
    return Link(href=request.url.path + (f"?{urlencode(parameters)}" if parameters else ""))
