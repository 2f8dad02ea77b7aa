"""Figures about the service for Prometheus: how much was asked, of which kind of route, and how long it took.

Nobody's data: routes are templates, never the addresses themselves, and no label names a school, a pupil or a person.
"""

import hmac
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from fastapi import APIRouter, Request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy import Engine
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data_contracts.errors import NotAllowedError, SettingsError, StorageError
from service import auth, batch
from service.tables import now

router = APIRouter()

ADDRESS = "/metrics"
TOGETHER = "PROMETHEUS_MULTIPROC_DIR"
"""Where several workers keep their figures together; set by ``aanwezig serve --workers``."""

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
OTHER = "other"
LEAST_TOKEN = 20

REQUESTS = Counter("aanwezig_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("aanwezig_request_seconds", "Seconds until a request was answered in full", ["method", "route"])
RUNNING = Gauge("aanwezig_requests_running", "Requests being answered now", multiprocess_mode="livesum")


class Measured:
    """Counts and times every request.

    Parameters
    ----------
    app
        What is measured.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500  # what it was where nothing was answered

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begun = time.perf_counter()
        with RUNNING.track_inprogress():
            try:
                await self.app(scope, receive, noted)
            finally:
                method = scope["method"] if scope["method"] in METHODS else OTHER
                route = getattr(scope.get("route"), "path", OTHER)
                REQUESTS.labels(method, route, str(status)).inc()
                SECONDS.labels(method, route).observe(time.perf_counter() - begun)


@router.get(ADDRESS, include_in_schema=False)
def metrics(request: Request) -> Response:
    """Return the figures of all workers together, to this machine or to whoever has the token.

    Raises
    ------
    NotAllowedError
        It is asked from elsewhere, without the token.
    """
    if not _may_see(request):
        detail = "De meetwaarden zijn alleen te zien vanaf deze machine, of met het token."
        raise NotAllowedError(detail, remedy="Geef het token uit AANWEZIG_METRICS_TOKEN_FILE mee als Bearer.")
    figures = generate_latest(_registry()) + generate_latest(_deliveries(auth.installation(request).engine))
    return Response(figures, media_type=CONTENT_TYPE_LATEST)


def token_of(path: Path | None) -> str | None:
    """Return the token in the file at `path`; None where no file is named.

    Raises
    ------
    SettingsError
        The file cannot be read, or holds too little to be a secret.
    """
    if path is None:
        return None
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        detail = f"AANWEZIG_METRICS_TOKEN_FILE noemt {path}, en dat is niet te lezen."
        raise SettingsError(detail, remedy="Controleer de naam, en wie het bestand mag lezen.") from None
    if len(token) < LEAST_TOKEN:
        detail = f"Het token in {path} is te kort om geheim te zijn."
        raise SettingsError(
            detail, remedy=f"Gebruik minstens {LEAST_TOKEN} tekens, bijvoorbeeld van openssl rand -hex 32."
        )
    return token


def _may_see(request: Request) -> bool:
    token: str | None = request.app.state.metrics_token
    if token is not None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    if any(name in request.headers for name in FORWARDED):
        return False  # a web server on this machine asks for somebody elsewhere
    with suppress(ValueError):
        return request.client is not None and ip_address(request.client.host).is_loopback
    return False


def _registry() -> CollectorRegistry:
    folder = os.environ.get(TOGETHER)
    if not folder:
        return REGISTRY
    for path in Path(folder).glob("gauge_live*_*.db"):
        pid = path.stem.rpartition("_")[2]
        if not Path(f"/proc/{pid}").exists():  # a worker that was killed works on nothing any more
            mark_process_dead(int(pid), folder)  # type: ignore[no-untyped-call]
    together = CollectorRegistry()
    MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]
    return together


class _Deliveries:
    """What stands in the inbox, asked when the figures are."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def collect(self) -> Iterable[GaugeMetricFamily]:
        with suppress(StorageError):  # a database that is away is told by the health, and hides no other figure
            waiting = batch.waiting(self.engine)
            oldest = (now() - waiting[0].received_at).total_seconds() if waiting else 0.0
            yield GaugeMetricFamily("aanwezig_deliveries_waiting", "Deliveries not yet taken in", len(waiting))
            yield GaugeMetricFamily("aanwezig_deliveries_waiting_seconds", "Seconds that the oldest waits", oldest)


def _deliveries(engine: Engine) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Deliveries(engine))
    return registry
