"""Which rows of a list somebody wants to see, in which order: kept in a cookie, and told on the page whenever it holds."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from data_contracts.weekly_list import Signal, Since
from service import words
from service.moments import Day
from service.pages.listed import Row
from service.reading import Shown
from service.settings import Settings
from service.who.mentors import Mentor

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
    year, group, mentor, new, picked
        Only these pupils; empty is all. A mentor stands here by id: no name ends up in an address or a cookie.
    order
        Order of the pupils on the list.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    year: Short = Field("", alias="leerjaar")
    group: Short = Field("", alias="klas")
    mentor: Short = ""
    new: Ticked = Field(Ticked.NO, alias="nieuw")
    picked: Picked = Field(Picked.ALL, alias="opvolging")
    order: Order = Field(Order.PLACE, alias="volgorde")

    @property
    def text(self) -> str:
        """As a query, only what is not as usual."""
        return urlencode({name: value for name, value in self.model_dump(by_alias=True, mode="json").items() if value})

    def sorted(self, rows: Iterable[Row]) -> list[Row]:
        """Return `rows` in the order asked for."""
        return sorted(rows, key=_KEYS[self.order])

    def within(self, shown: Iterable[Shown], mentors: Iterable[Mentor] = (), *, may_know: bool) -> "Narrowing":
        """Return these filters without what does not exist on this list, or is not for this viewer to know."""
        signals = [one.signal for one in shown]
        mentor = next((one for one in mentors if one.id == self.mentor), None)
        update: dict[str, str] = {}
        if self.year not in {one.year_group for one in signals}:
            update["year"] = ""
        if self.group not in {one.group for one in signals}:
            update["group"] = ""
        if mentor is None:
            update["mentor"] = ""
        if not may_know:
            update["picked"] = Picked.ALL
        if not may_know and self.order is Order.WAITING:
            update["order"] = Order.PLACE
        return Narrowing(self.model_copy(update=update), mentor)


@dataclass(frozen=True)
class Narrowing:
    """Filters as they hold on one list, with the mentor of them."""

    filters: Filters
    mentor: Mentor | None = None

    @property
    def said(self) -> list[str]:
        """Which pupils are shown, in words; empty where all are."""
        asked = self.filters
        said = (
            words.year_group(asked.year) if asked.year else "",
            f"klas {asked.group}" if asked.group else "",
            f"leerlingen van {self.mentor.name}" if self.mentor else "",
            "nieuw" if asked.new else "",
            PICKED[asked.picked] if asked.picked else "",
        )
        return [one for one in said if one]

    def places(self, signal: Signal) -> bool:
        """Whether year, class and mentor are those asked for; a legal duty is filtered on these alone, so none slips away."""
        asked = self.filters
        if self.mentor is not None and signal.group not in self.mentor.groups:
            return False
        return asked.year in {"", signal.year_group} and asked.group in {"", signal.group}

    def shows(self, row: Row) -> bool:
        """Whether the pupil is one of those asked for."""
        asked, signal = self.filters, row.shown.signal
        if not self.places(signal) or (asked.new and signal.since is not Since.NEW):
            return False
        if not asked.picked or row.care is None:
            return True
        if asked.picked is Picked.WAITING:
            return not row.care.picked_up
        return row.care.last is not None and row.care.last.open


class Kept(Filters):
    """What a browser keeps for next time: the filters, and of several schools or locations the one that was looked at."""

    school: Short = ""

    @property
    def filters(self) -> Filters:
        """The filters alone."""
        return Filters.model_validate(self.model_dump(by_alias=True, include=set(Filters.model_fields)))


class Asked(Kept):
    """A request for a list: which, and what of it.

    Parameters
    ----------
    chosen
        The form was sent: what it says holds, and what was remembered does not.
    """

    week: Day | None = Field(None, description="Monday")
    chosen: Ticked = Field(Ticked.NO, alias="gekozen")

    def wanted(self, request: Request) -> Filters:
        """Return the filters that hold: those of the request, or where it says nothing those of last time."""
        own = self.filters
        return own if self.chosen or own.text else remembered(request).filters


def remembered(request: Request) -> Kept:
    """Return what was kept last time; nothing where it cannot be read."""
    try:
        return Kept.model_validate(dict(parse_qsl(request.cookies.get(COOKIE, ""))))
    except ValidationError:
        return Kept()


def remember(response: Response, filters: Filters, settings: Settings, *, school: str = "") -> None:
    """Keep the filters in the browser for next time, or have it forget them. They name nobody."""
    secure = not settings.is_demo
    kept = Kept.model_validate({**filters.model_dump(by_alias=True), "school": school})
    if kept.text:
        response.set_cookie(
            COOKIE, kept.text, max_age=KEPT_SECONDS, path=PATH, secure=secure, httponly=True, samesite="lax"
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
