"""What all routes of the API have in common: where they are, how ids look, and which errors they may answer."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from service.problems import responses

PREFIX = "/api/v1"

OpaqueId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,32}$", description="opaque id")]
WITHOUT_ID = responses(HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
WITH_ID = WITHOUT_ID | responses(HTTPStatus.NOT_FOUND)


class Resource(BaseModel):
    """Snake case here, camel case outside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Link(Resource):
    """Where something else is found."""

    href: str = Field(examples=["/api/v1/weeklijsten/mB3x0GQ3TzqH1v4rYk2c8A"])
