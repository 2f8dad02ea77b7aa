"""The application: settings in, a ready web service out. Started with ``uvicorn --factory service.app:create_app``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from sqlalchemy import Engine
from starlette.staticfiles import StaticFiles

from data_contracts.errors import AanwezigError
from service import api, auth, db, headers, model, pages, problems, web
from service.auth import Installation
from service.settings import Settings
from service.vault import Vault

TITLE = "Aanwezig"
DESCRIPTION = (
    "Weekly attention lists on school attendance, with the reasons for each pupil. Resource names are Dutch; "
    "GLOSSARY.md joins them to the English names in the code. Errors are application/problem+json."
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the service, with its database brought up to date.

    Parameters
    ----------
    settings
        Left out: read from the environment.

    Raises
    ------
    SettingsError
        A setting is wrong, or a production database holds the demo cast.
    StorageError
        The database does not answer.
    """
    settings = settings or Settings.from_environment()
    engine = _ready(settings)

    @asynccontextmanager
    async def closing(_: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = FastAPI(
        title=TITLE,
        version=headers.API_VERSION,
        description=DESCRIPTION,
        openapi_url=headers.OPENAPI,
        docs_url=None,  # the interactive pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=closing,
    )
    app.state.installation = Installation(settings, engine, Vault.at(settings.home))
    app.include_router(pages.router)
    app.include_router(model.router)
    for router in api.ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=web.STATIC), name="static")
    app.add_middleware(headers.Guard, secure=not settings.is_demo)
    problems.install(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's own way to say it
    return app


def _ready(settings: Settings) -> Engine:
    """Open the database, bring it up to date, and refuse what may not be there."""
    engine = db.connect(settings.database_url)
    try:
        db.upgrade(engine)
        if not settings.is_demo:
            auth.refuse_demo_people(engine)
    except AanwezigError:
        engine.dispose()
        raise
    return engine


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Describe the API as it answers: errors are problems, and invalid input is 400."""
    if app.openapi_schema:
        return app.openapi_schema
    described = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    for path in described["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            for answer in operation["responses"].values():
                answer["headers"] = {"API-Version": {"schema": {"type": "string"}, "description": "semver"}}
    schemas = described["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    reference = "#/components/schemas/{model}"
    problem = problems.Problem.model_json_schema(ref_template=reference)
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    app.openapi_schema = described
    return described
