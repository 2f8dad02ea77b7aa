"""Live scores over the API: facts in, scores with their reasons out, nothing kept but who asked about whom."""

from contextlib import nullcontext
from datetime import date, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from data_contracts.errors import NotFoundError, UsageError
from data_contracts.tables import CONTRACT_VERSION
from data_contracts.weekly_list import Standing
from features.cores import beside_engine
from service import audit, auth, words
from service.api.answers import answer
from service.api.base import PREFIX, WITH_BODY, WITH_ID, Link, Resource, new_router
from service.api.resources import Score
from service.api.shaping import Json, bijdragen, redenen, regels
from service.audit import Action
from service.front import problems
from service.front.entitled import needs
from service.front.negotiation import JSON, must_be_json
from service.front.problems import FieldError
from service.live.score_request import EXAMPLE, ScoreVraag
from service.tables import now
from service.viewer import Permission, Viewer

if TYPE_CHECKING:
    from service.live import scores
    from service.live.score_checks import Place

router = new_router()

PATH = "/scores"
FEW_BYTES = 1 << 20
"""Size up to which a request is of a few pupils, whose steps are shorter than it takes to wake another core up. Those of many
pupils are free to go where there is room.
"""


class Leerlingscore(Score):
    """One pupil's score, its exact parts and its reasons: as a signal on a weekly list, without a place."""

    leerling: str = Field(description="your pseudonym", examples=["leerling-0001"])
    stand: str = Field(description="aanwezig or al langdurig afwezig: then there is no score", examples=["aanwezig"])
    opmerkingen: list[str] = Field(examples=["Van deze leerling zijn dit schooljaar 3 lesweken bekend."])


class Scores(Resource):
    """The scores of the pupils who are enrolled at the moment that was asked about."""

    school: str = Field(examples=["11ZZ03"])
    peilmoment: datetime = Field(description="what was known at this moment counts")
    geteld_tot: date = Field(description="first day that does not count: the Monday of that week")
    modelversie: str = Field(examples=["4f1c0d2ab97e"])
    contractversie: str = Field(examples=["1.0.0"])
    scores: list[Leerlingscore] = Field(description="in the order of the pseudonyms")
    niet_ingeschreven: list[str] = Field(
        description="pupils of the request who are not enrolled at the peilmoment", examples=[[]]
    )
    opmerkingen: list[str] = Field(examples=["Klas, jaarlaag en school zijn hier de 412 meegestuurde leerlingen."])
    links: dict[str, Link] = Field(alias="_links")


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Write out what `schema` refers to: a body that we read ourselves has no components to refer to."""
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(part, definitions) for name, part in schema.items() if name != "$defs"}


def _body() -> dict[str, Any]:
    schema = ScoreVraag.model_json_schema()
    described = _inlined(schema, schema.get("$defs", {}))
    return {"requestBody": {"required": True, "content": {JSON: {"schema": described, "example": EXAMPLE}}}}


@router.post(
    PATH,
    tags=["scores"],
    summary="Score pupils from their absence history",
    response_model=Scores,
    responses=WITH_ID
    | WITH_BODY
    | problems.responses(HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.SERVICE_UNAVAILABLE),
    openapi_extra=needs(Permission.SCORE) | _body(),
)
async def score_pupils(request: Request) -> Response:
    """Return scores, exact contributions, sentences and thresholds of at most 500 pupils of one school.

    The facts are those of the data contract, with your own pseudonyms; none of them is kept. Whose score was asked for,
    by whom, is in the audit. The same facts give the same score as the weekly list, to the last bit.

    The pupils that you send are the group, the year group and the school of this request: features that compare a pupil
    with others compare with them, so send whole groups, or the school. With fewer than 10 pupils there is nothing to
    compare with: those features are then unknown, which counts as average. Facts count from the beginning of the
    previous school year on; send them from there. The running week does not count.
    """
    must_be_json(request.headers.get("content-type"))
    try:
        text = await request.body()
    except ClientDisconnect:
        detail = "Het verzoek kwam niet helemaal binnen."
        raise UsageError(detail, remedy="Controleer de verbinding en stuur het opnieuw.") from None
    return await run_in_threadpool(_answered, request, text)


def _answered(request: Request, text: bytes) -> Response:
    from service.live import scores  # noqa: PLC0415 - loads Polars
    from service.live.score_checks import FaultyRequestError, read  # noqa: PLC0415 - same

    with auth.asking(request, touches_pupils=False) as (viewer, session):
        viewer.must(Permission.SCORE)
        card = scores.serving(session)
    near = beside_engine if len(text) <= FEW_BYTES else nullcontext
    try:
        with near():
            asked = read(text)
    except FaultyRequestError as error:
        usage = UsageError("Dit verzoek klopt niet.", remedy="Verbeter de genoemde velden en probeer het opnieuw.")
        return problems.answer(request, usage, fields=[_field(place, wrong) for place, wrong in error.faults])
    _must_reach(viewer, asked.school.code)
    # Counting takes a while: the database is not held meanwhile.
    with near():
        found = scores.scores(asked, card, now=now())
    with auth.asking(request, durable=False) as (viewer, session):
        pupils = sorted(asked.pupils)
        audit.record(viewer, session, action=Action.SCORED, school=asked.school.code, subjects=pupils)
    return answer(request, _shaped(asked.school.code, found))


def _field(place: "Place", wrong: str) -> FieldError:
    return FieldError(plaats="body", naam=".".join(map(str, place)), detail=wrong)


def _must_reach(viewer: Viewer, school: str) -> None:
    if not viewer.reaches(school):
        detail = "Wij kunnen deze school niet vinden."
        raise NotFoundError(
            detail, remedy="Controleer 'school.code'; u kunt alleen scores vragen van uw eigen scholen."
        )


def _shaped(school: str, found: "scores.Scores") -> Json:
    """Return the JSON of `Scores`, made at once: a request may have 40,000 parts."""
    return {
        "school": school,
        "peilmoment": found.as_of,
        "geteldTot": found.until,
        "modelversie": found.card.version,
        "contractversie": CONTRACT_VERSION,
        "scores": [_score(one) for one in found.scores],
        "nietIngeschreven": found.elsewhere,
        "opmerkingen": found.notes,
        "_links": {"self": {"href": f"{PREFIX}{PATH}"}, "model": {"href": f"{PREFIX}/modellen/huidig"}},
    }


def _score(one: "scores.Score") -> Json:
    """Return the JSON of `Leerlingscore`."""
    told = one.told
    return {
        "leerling": one.pupil,
        "stand": words.STANDINGS[Standing.ALREADY_ABSENT if one.already else Standing.CANDIDATE],
        "logOdds": told.log_odds,
        "kans": told.probability,
        "basis": told.baseline,
        "bijdragen": bijdragen(told.contributions),
        "duiding": None if told.tier is None else words.TIERS[told.tier],
        "zekerheid": None if told.certainty is None else words.CERTAINTIES[told.certainty],
        "frequentie": told.frequency,
        "verhogend": redenen(told.raising),
        "verlagend": redenen(told.lowering),
        "regels": regels(one.hits),
        "opmerkingen": one.notes,
    }
