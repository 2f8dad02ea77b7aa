"""Which rows of a list somebody wants to see, in which order: kept in a cookie, and told on the page whenever it holds."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from data_contracts.weekly_list import Signal, Since
from service import words
from service.pages.listed import Row
from service.reading import Shown
from service.settings import Settings

COOKIE = "aanwezig-filters"
PATH = "/weeklijst"
KEPT_SECONDS = 90 * 24 * 3600
"""Longer than any holiday, shorter than a school year: classes change with the year."""


class Ticked(StrEnum):
    """A box of the form: ticked or not."""

    NO = ""
    YES = "ja"


class Picked(StrEnum):
    """Which pupils, by what was agreed about them."""

    ALL = ""
    WAITING = "wacht"
    OPEN = "loopt"


class Order(StrEnum):
    """In which order the pupils on the list stand."""

    PLACE = ""
    NAME = "naam"
    GROUP = "klas"
    WAITING = "wachttijd"


PICKED: dict[Picked, str] = {Picked.ALL: "alle", Picked.WAITING: "nog niet opgepakt", Picked.OPEN: "loopt"}
ORDERS: dict[Order, str] = {
    Order.PLACE: "plaats op de lijst",
    Order.NAME: "naam",
    Order.GROUP: "klas",
    Order.WAITING: "langst niet opgepakt",
}

Short = Annotated[str, Field(max_length=80)]


class Filters(BaseModel):
    """What somebody wants to see of a list; the names are those of the form.

    Parameters
    ----------
    year, group, new, picked
        Only these pupils; empty is all.
    order
        Order of the pupils on the list.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    year: Short = Field("", alias="leerjaar")
    group: Short = Field("", alias="klas")
    new: Ticked = Field(Ticked.NO, alias="nieuw")
    picked: Picked = Field(Picked.ALL, alias="opvolging")
    order: Order = Field(Order.PLACE, alias="volgorde")

    @property
    def text(self) -> str:
        """As a query, only what is not as usual."""
        return urlencode({name: value for name, value in self.model_dump(by_alias=True, mode="json").items() if value})

    @property
    def said(self) -> list[str]:
        """Which pupils are shown, in words; empty where all are."""
        said = [words.year_group(self.year) if self.year else "", f"klas {self.group}" if self.group else ""]
        return [one for one in (*said, "nieuw" if self.new else "", PICKED[self.picked] if self.picked else "") if one]

    def places(self, signal: Signal) -> bool:
        """Whether year and class are those asked for; all that a legal duty is filtered on, so that none slips away."""
        return self.year in {"", signal.year_group} and self.group in {"", signal.group}

    def shows(self, row: Row) -> bool:
        """Whether the pupil is one of those asked for."""
        signal = row.shown.signal
        if not self.places(signal) or (self.new and signal.since is not Since.NEW):
            return False
        if not self.picked or row.care is None:
            return True
        if self.picked is Picked.WAITING:
            return not row.care.picked_up
        return row.care.last is not None and row.care.last.open

    def sorted(self, rows: Iterable[Row]) -> list[Row]:
        """Return `rows` in the order asked for."""
        return sorted(rows, key=_KEYS[self.order])

    def within(self, shown: Iterable[Shown], *, may_know: bool) -> Self:
        """Return these filters without what does not exist on this list, or is not for this viewer to know."""
        signals = [one.signal for one in shown]
        update: dict[str, str] = {}
        if self.year not in {one.year_group for one in signals}:
            update["year"] = ""
        if self.group not in {one.group for one in signals}:
            update["group"] = ""
        if not may_know:
            update["picked"] = Picked.ALL
        if not may_know and self.order is Order.WAITING:
            update["order"] = Order.PLACE
        return self.model_copy(update=update)


class Asked(Filters):
    """A request for a list: which, and what of it.

    Parameters
    ----------
    chosen
        The form was sent: what it says holds, and what was remembered does not.
    """

    school: str = ""
    week: date | None = Field(None, description="Monday")
    chosen: Ticked = Field(Ticked.NO, alias="gekozen")

    @property
    def filters(self) -> Filters:
        """The filters alone."""
        return Filters(year=self.year, group=self.group, new=self.new, picked=self.picked, order=self.order)

    def wanted(self, request: Request) -> Filters:
        """Return the filters that hold: those of the request, or where it says nothing those of last time."""
        own = self.filters
        return own if self.chosen or own.text else remembered(request)


def remembered(request: Request) -> Filters:
    """Return the filters of last time; none where they cannot be read."""
    try:
        return Filters.model_validate(dict(parse_qsl(request.cookies.get(COOKIE, ""))))
    except ValidationError:
        return Filters()


def remember(response: Response, filters: Filters, settings: Settings) -> None:
    """Keep the filters in the browser for next time, or have it forget them. They name no pupil."""
    secure = not settings.is_demo
    if filters.text:
        response.set_cookie(
            COOKIE, filters.text, max_age=KEPT_SECONDS, path=PATH, secure=secure, httponly=True, samesite="lax"
        )
    else:
        response.delete_cookie(COOKIE, path=PATH, secure=secure, httponly=True, samesite="lax")


def years(shown: Sequence[Shown]) -> list[str]:
    """Return the year groups that occur."""
    return sorted({one.signal.year_group for one in shown if one.signal.year_group}, key=lambda one: (len(one), one))


def groups(shown: Sequence[Shown]) -> list[str]:
    """Return the classes that occur."""
    return sorted({one.signal.group for one in shown})


def _by_place(row: Row) -> tuple[object, ...]:
    position = row.shown.signal.position
    return (position is None, position or 0)


def _by_name(row: Row) -> tuple[object, ...]:
    return (sortable(row.name), row.id)


def _by_group(row: Row) -> tuple[object, ...]:
    return (row.shown.signal.group, *_by_place(row))


def _by_waiting(row: Row) -> tuple[object, ...]:
    waits = row.care is not None and not row.care.picked_up
    since = row.care.since if row.care and row.care.since else date.max
    return (not waits, since, *_by_place(row))


_KEYS: dict[Order, Callable[[Row], tuple[object, ...]]] = {
    Order.PLACE: _by_place,
    Order.NAME: _by_name,
    Order.GROUP: _by_group,
    Order.WAITING: _by_waiting,
}

_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "\N{LATIN SMALL LETTER DOTLESS I}": "i", "æ": "ae", "ß": "ss"})
"""Letters that Unicode does not take apart in a letter and its mark."""


def sortable(name: str) -> str:
    """Return `name` as it is looked up: without case and marks, so that Çelik and Şahin stand among the C and the S."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(one for one in letters if not unicodedata.combining(one)).translate(_PLAIN)
