"""The model that makes the lists: how it did at earlier dates, who signed for it, and the scorecard itself."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from data_contracts.model_page import ModelPage
from models.scorecard import Scorecard
from service import auth, reading
from service.api.answers import answer, answer_json
from service.api.base import PREFIX, UNCHANGED, WITH_ID, Link, Resource, new_router
from service.front.entitled import needs
from service.front.negotiation import JSON
from service.pages import model
from service.viewer import Permission, Viewer

router = new_router()

READ = needs(Permission.READ_MODEL)
VERSION = Annotated[
    str, Path(pattern=r"^[0-9A-Za-z._-]{1,64}$", description="of the scorecard", examples=["4f1c0d2ab97e"])
]
VERDICTS = {"calm": "rustig", "recording": "registratie", "drift": "verschoven", "unknown": "onbekend"}
ANSWERS = {"pass": "ja", "fail": "nee", "unknown": "onbekend"}

WHOLE: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK: {
        "description": "the scorecard as docs/model.md describes it",
        "content": {
            JSON: {
                "schema": {"type": "object"},
                "example": {
                    "version": "4f1c0d2ab97e",
                    "baseline": -3.2,
                    "calibration": {"intercept": 0.02, "slope": 0.97},
                    "shapes": [{"name": "absence_rate_4w", "edges": [0.1], "values": [-0.4, 1.25], "missing": 0.0}],
                },
            }
        },
    }
}


class Methode(Resource):
    """New cases that one way to order found at earlier dates, at the length of the lists."""

    naam: str = Field(examples=["de scorekaart"])
    gevonden: float = Field(examples=[37])
    laag: float | None = Field(description="of the 95 % interval", examples=[26])
    hoog: float | None = Field(description="of the 95 % interval", examples=[51])


class Keuring(Resource):
    """One question of the gate that a model has to pass."""

    vraag: str = Field(examples=["Genoeg peildata"])
    antwoord: str = Field(description="ja, nee or onbekend", examples=["ja"])
    toelichting: str = Field(examples=["Er is teruggekeken vanaf 4 peildata."])


class Afwijking(Resource):
    """Whether a school in your scope, or how it registers, has moved away from the others."""

    school: str = Field(examples=["11ZZ03"])
    oordeel: str = Field(description="rustig, registratie, verschoven or onbekend", examples=["rustig"])
    toelichting: str = Field(examples=["Geen verandering te zien."])
    sinds: date | None = Field(examples=[None])


class Model(Resource):
    """What makes the lists now. Without a version they stand on rules, and `reden` says why."""

    versie: str | None = Field(examples=["4f1c0d2ab97e"])
    reden: str = Field(description="why lists stand on rules; empty otherwise", examples=[""])
    uitkomst: str | None = Field(description="what the score predicts", examples=["langdurig afwezig"])
    getraind_op: datetime | None
    in_gebruik_sinds: datetime | None
    getekend_door: str = Field(examples=["Fatima Bakker"])
    samenvatting: str = Field(examples=["Bij deze lijstlengte vinden wij 37 van de 154 nieuwe gevallen; de regels 14."])
    gevallen: int = Field(description="new cases at the earlier dates", examples=[154])
    plaatsen: int = Field(description="places on the lists at those dates", examples=[648])
    peildata: list[date]
    vergelijking: list[Methode]
    keuring: list[Keuring]
    afwijkingen: list[Afwijking]
    uitdager: str | None = Field(description="version of a newer model that nobody signed for yet", examples=[None])
    links: dict[str, Link] = Field(alias="_links")


@router.get(
    "/modellen/huidig", tags=["modellen"], responses=WITH_ID | UNCHANGED, response_model=Model, openapi_extra=READ
)
def current_model(request: Request) -> Response:
    """Return the model card of what makes the lists now."""
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        page = _page(viewer, session)
    return answer(request, _model(viewer, page))


@router.get(
    "/modellen/{version}/scorekaart", tags=["modellen"], responses=WITH_ID | UNCHANGED | WHOLE, openapi_extra=READ
)
def scorecard(request: Request, version: VERSION) -> Response:
    """Return a scorecard that made lists: per feature its bins and values, the baseline and the calibration.

    This file is the whole model: what it gives a pupil is a sum of its values.
    """
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        stored = model.scorecard(viewer, session, version)
    return answer_json(request, stored.encode())


def _page(viewer: Viewer, session: Session) -> ModelPage:
    page = model.newest(viewer, session)
    if page is None:
        raise reading.not_found(model.A_MODEL)
    return page


def _model(viewer: Viewer, page: ModelPage) -> Model:
    card = None if page.scorecard is None else Scorecard.from_json(page.scorecard)
    links = {"self": Link(href=f"{PREFIX}/modellen/huidig")}
    if card is not None:
        links["scorekaart"] = Link(href=f"{PREFIX}/modellen/{card.version}/scorekaart")
    return Model(
        versie=None if card is None else card.version,
        reden=page.reason,
        uitkomst=None if card is None else card.target.label,
        getraind_op=None if card is None else card.trained_at,
        in_gebruik_sinds=page.since,
        getekend_door=page.by,
        samenvatting=page.headline,
        gevallen=page.cases,
        plaatsen=page.places,
        peildata=list(page.origins),
        vergelijking=[Methode(naam=one.label, gevonden=one.found, laag=one.low, hoog=one.high) for one in page.bars],
        keuring=[Keuring(vraag=one.label, antwoord=ANSWERS[one.answer], toelichting=one.text) for one in page.answers],
        afwijkingen=[
            Afwijking(school=one.school, oordeel=VERDICTS[one.verdict], toelichting=one.text, sinds=one.since)
            for one in model.drift(viewer, page)
        ],
        uitdager=page.challenger,
        links=links,
    )
