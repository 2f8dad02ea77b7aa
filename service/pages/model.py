"""The page about the model that makes the lists: what it scores, who signed, whether it beats the rules, and drift."""

from dataclasses import dataclass
from functools import lru_cache

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from data_contracts.model_page import Bar, ModelPage, SchoolDrift
from models.scorecard import Scorecard, Shape
from models.shape_plot import HEIGHT, WIDTH, Drawn, drawn
from service import auth, reading, web, words
from service.tables import ModelPageRow
from service.viewer import Permission, Viewer

router = APIRouter(include_in_schema=False)

A_MODEL = "dit model"
SHOWN = 12
"""Features with a picture at once; the others are a click away."""


@dataclass(frozen=True)
class Picture:
    """One feature: its label, how far it moves the score, and its shape in words and as geometry."""

    label: str
    low: str
    high: str
    words: str
    drawn: Drawn
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class BarRow:
    """One way to order: where its bar ends and its interval runs, in percent of the width, and the same in words."""

    label: str
    own: bool
    end: float
    low: float
    width: float
    text: str


@router.get("/model")
def model_page(request: Request) -> Response:
    """Show what makes the lists, as it was published last."""
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        page = newest(viewer, session)
    card = None if page is None or page.scorecard is None else _card(page.scorecard)
    pictures = () if card is None else _pictures(card.shapes)
    return web.render(
        request,
        "model.html",
        viewer=viewer,
        page=page,
        card=card,
        bars=() if page is None else _bars(page.bars),
        drifting=() if page is None or page.drift is None else _drifting(viewer, page.drift.schools),
        judged=0 if page is None or page.drift is None else len(_in_scope(viewer, page.drift.schools)),
        shown=pictures[:SHOWN],
        others=pictures[SHOWN:],
        width=WIDTH,
        height=HEIGHT,
    )


def newest(viewer: Viewer, session: Session) -> ModelPage | None:
    """Return the page as it was published last; None where nothing was.

    Raises
    ------
    NotAllowedError
        The viewer's role does not read it.
    """
    viewer.must(Permission.READ_MODEL)
    row = session.scalar(select(ModelPageRow).order_by(ModelPageRow.published_at.desc()).limit(1))
    return None if row is None else ModelPage.model_validate_json(row.document)


def scorecard(viewer: Viewer, session: Session, version: str) -> str:
    """Return the scorecard of a version that was shown on the page at some time, as it was published.

    Raises
    ------
    NotAllowedError
        The viewer's role does not read it.
    NotFoundError
        There was no such version.
    """
    viewer.must(Permission.READ_MODEL)
    for document in session.scalars(select(ModelPageRow.document).order_by(ModelPageRow.published_at.desc())):
        text = ModelPage.model_validate_json(document).scorecard
        if text is not None and _card(text).version == version:
            return text
    raise reading.not_found(A_MODEL)


def drift(viewer: Viewer, page: ModelPage) -> tuple[SchoolDrift, ...]:
    """Return what was found of drift at the schools in scope."""
    return () if page.drift is None else _in_scope(viewer, page.drift.schools)


@lru_cache(maxsize=2)
def _card(text: str) -> Scorecard:
    return Scorecard.from_json(text)


def _in_scope(viewer: Viewer, schools: tuple[SchoolDrift, ...]) -> tuple[SchoolDrift, ...]:
    return tuple(one for one in schools if viewer.schools is None or one.school in viewer.schools)


def _drifting(viewer: Viewer, schools: tuple[SchoolDrift, ...]) -> tuple[SchoolDrift, ...]:
    """Schools in scope about which there is something to say."""
    return tuple(one for one in _in_scope(viewer, schools) if one.verdict != "calm")


def _bars(bars: tuple[Bar, ...]) -> tuple[BarRow, ...]:
    """Lay out the bars, most found first, on one scale that holds every interval."""
    most = max([1.0, *(one.high or one.found for one in bars)])

    def place(value: float) -> float:
        return round(96 * value / most, 2)

    rows = []
    for one in sorted(bars, key=lambda bar: -bar.found):
        low, high = (one.found if end is None else end for end in (one.low, one.high))
        interval = "" if one.low is None else f" (tussen {words.number(low)} en {words.number(high)})"
        text = f"{words.number(one.found)}{interval}"
        rows.append(
            BarRow(
                one.label, one.kind == "model", place(one.found), place(low), round(place(high) - place(low), 2), text
            )
        )
    return tuple(rows)


def _pictures(shapes: tuple[Shape, ...]) -> tuple[Picture, ...]:
    """Draw every feature that does something, that which moves the score most first, all on one scale."""
    reaches = {shape.name: max(shape.values) - min(shape.values) for shape in shapes}
    working = [shape for shape in shapes if reaches[shape.name] > 0]
    reach = max((abs(value) for shape in working for value in (*shape.values, shape.missing)), default=1.0)
    return tuple(_picture(shape, reach) for shape in sorted(working, key=lambda shape: -reaches[shape.name]))


def _picture(shape: Shape, reach: float) -> Picture:
    laid = drawn(shape, reach=reach)
    first, last = words.signed(shape.values[0]), words.signed(shape.values[-1])
    text = f"{first} punten"
    if shape.edges:
        below, above = (words.bound(edge, shape.unit) for edge in (shape.edges[0], shape.edges[-1]))
        text = f"{first} punten onder {below}, {last} punten vanaf {above}"
    if laid.missing is not None:
        text += f"; onbekend: {words.signed(shape.missing)}"
    return Picture(
        label=shape.label,
        low=words.signed(laid.low),
        high=words.signed(laid.high),
        words=text,
        drawn=laid,
        ticks=tuple((place, words.bound(edge, shape.unit)) for place, edge in laid.ticks),
    )
