"""Whether the service is alive, and ready to answer."""

from http import HTTPStatus

from fastapi import Request
from pydantic import Field

from data_contracts.errors import StorageError
from service import auth, db
from service.api.base import OPEN_TO_ALL, Resource, new_router
from service.front.problems import responses

router = new_router()
router.tags = ["gezondheid"]


class Gezondheid(Resource):
    """Whether the service is ready to answer."""

    status: str = Field(examples=["gereed"])
    databank: str = Field(examples=["bereikbaar"])


class Levend(Resource):
    """That the service is alive."""

    status: str = Field(examples=["levend"])


@router.get(
    "/gezondheid",
    operation_id="readHealth",
    summary="Whether the service is ready",
    openapi_extra=OPEN_TO_ALL,
    responses=responses(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_ACCEPTABLE, HTTPStatus.SERVICE_UNAVAILABLE),
)
def health(request: Request) -> Gezondheid:
    """Say whether the service is ready: its database answers and is up to date."""
    if db.revision(auth.installation(request).engine) != db.HEAD:
        detail = "De databank is verouderd."
        raise StorageError(detail, remedy="Start de dienst opnieuw: dan wordt zij bijgewerkt.", is_inside=False)
    return Gezondheid(status="gereed", databank="bereikbaar")


@router.get(
    "/gezondheid/levend",
    operation_id="readLiveness",
    summary="Whether the service is alive",
    openapi_extra=OPEN_TO_ALL,
    responses=responses(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_ACCEPTABLE),
)
async def alive() -> Levend:
    """Say that the service is alive. It asks nothing of database, disk or workers: no answer means that it must restart."""
    return Levend(status="levend")
