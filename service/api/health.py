"""Whether the service is alive, and ready to answer."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import Field

from data_contracts.errors import AanwezigError
from service import auth, db
from service.api.base import PREFIX, Resource

router = APIRouter(prefix=PREFIX)


class Gezondheid(Resource):
    """Whether the service is alive, and ready to answer."""

    status: str = Field(examples=["gereed"])
    databank: str = Field(examples=["bereikbaar"])


@router.get(
    "/gezondheid",
    tags=["gezondheid"],
    responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": Gezondheid, "description": "alive, but not ready"}},
)
def health(request: Request, response: Response) -> Gezondheid:
    """Say whether the service is ready. Any answer at all means that it is alive."""
    try:
        current = db.revision(auth.installation(request).engine) == db.HEAD
    except AanwezigError:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return Gezondheid(status="niet gereed", databank="onbereikbaar")
    if not current:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return Gezondheid(status="niet gereed", databank="verouderd")
    return Gezondheid(status="gereed", databank="bereikbaar")
