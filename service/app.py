"""The application: settings in, a ready web service out. Started with ``uvicorn --factory service.app:create_app``."""

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.staticfiles import StaticFiles

from data_contracts.errors import AanwezigError
from service import api, auth, db, openapi, safe, web
from service.auth import Installation
from service.front import admission, headers, logs, metrics, problems, turns, verbs
from service.front.limits import Buckets, Limits
from service.pages import api_docs, model, pupil, school, week
from service.pages import start as pages
from service.pages.deliveries import code_pages, delivery_pages, first_hour
from service.pages.following import case_pages, follow_up_pages, playbook_pages
from service.pages.management import audit_pages, client_pages, keeping_pages, management, people_pages, school_settings
from service.pages.region import duty_pages, region_pages
from service.pages.rights import parents_page, rights_pages
from service.settings import Settings
from service.who import oauth, sign_in

NEW_OBJECTS = 50_000
"""More objects made than let go of, until Python looks for those that hold each other. A page or a request makes some
10,000 that go by themselves; looking through them every 700, as it does where nothing is said, was a fifth of a live score.
"""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the service, with its database brought up to date.

    Parameters
    ----------
    settings
        Left out: read from the environment.

    Raises
    ------
    SettingsError
        A setting is wrong or unsafe, or a production database holds the demo cast.
    StorageError
        The database does not answer.
    """
    settings = settings or Settings.from_environment()
    figures = Limits.at(settings.home)
    metrics_token = metrics.token_of(settings.metrics_token_file)
    engine = _ready(settings)

    @asynccontextmanager
    async def closing(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = figures.at_once.working
        turns.begin(app, engine)
        gc.freeze()  # what was loaded to start with stays, so nobody need look through it again
        gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
        yield
        engine.dispose()

    app = FastAPI(
        title=openapi.TITLE,
        version=headers.API_VERSION,
        openapi_url=headers.OPENAPI,
        docs_url=None,  # the interactive pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=closing,
    )
    app.state.installation = Installation.of(settings, engine)
    app.state.people = Buckets(figures.person)
    app.state.quota = figures.deliveries
    app.state.metrics_token = metrics_token
    for router in api.ROUTERS:  # first, for programs ask most, and finding a page takes longer than showing a signal
        app.include_router(router)
    app.include_router(sign_in.router)
    if settings.issues_tokens:
        app.include_router(oauth.router)
    app.include_router(pages.router)
    app.include_router(week.router)
    app.include_router(pupil.router)
    app.include_router(follow_up_pages.router)
    app.include_router(playbook_pages.router)
    app.include_router(model.router)
    app.include_router(school.router)
    app.include_router(region_pages.router)
    app.include_router(case_pages.router)
    app.include_router(duty_pages.router)
    app.include_router(parents_page.router)
    app.include_router(rights_pages.router)
    for room in (management, people_pages, client_pages, school_settings, keeping_pages, audit_pages):
        app.include_router(room.router)
    for room in (delivery_pages, code_pages, first_hour):
        app.include_router(room.router)
    app.include_router(api_docs.router)
    app.include_router(metrics.router)
    app.mount("/static", StaticFiles(directory=web.STATIC), name="static")
    app.add_middleware(verbs.Verbs)
    app.add_middleware(admission.Admission, limits=figures, one_of_several=metrics.TOGETHER in os.environ)
    app.add_middleware(headers.Guard, secure=not settings.is_demo)
    app.add_middleware(metrics.Measured)
    problems.install(app)
    app.openapi = openapi.document  # type: ignore[method-assign]  # FastAPI's own way to say it
    return app


def _ready(settings: Settings) -> Engine:
    """Refuse what is unsafe, open the database, bring it up to date, and refuse what may not be there."""
    safe.refuse_unsafe(settings)
    logs.without_queries()
    engine = db.connect(settings.database_url)
    try:
        db.upgrade(engine)
        if not settings.is_demo:
            auth.refuse_demo_people(engine)
    except AanwezigError:
        engine.dispose()
        raise
    return engine
