"""Commands about the service: show lists and answer the API, and describe that."""

import os
import socket
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data_contracts.errors import SettingsError, UsageError
from pipelines.beside import beside
from pipelines.crew import polars_threads
from pipelines.home import Home
from pipelines.mondays import monday_time

if TYPE_CHECKING:  # it loads what only `serve` needs
    from uvicorn import Config

commands = typer.Typer()

KEEP_ALIVE = 20
"""Seconds that a connection stays open for a next request; longer than a web server before us waits to use it again."""

FINISH = 30
"""Seconds in which requests that run are finished when the service is asked to stop."""

WAITING_CONNECTIONS = 1024
"""Connections that may wait to be answered, for all workers together."""

FIGURES_TOGETHER = "PROMETHEUS_MULTIPROC_DIR"


@commands.command(epilog="Voorbeeld: aanwezig openapi --out openapi.json")
def openapi(
    *,
    out: Annotated[Path | None, typer.Option(help="Bestand; anders verschijnt het op het scherm.")] = None,
) -> None:
    """Beschrijf de API als OpenAPI-document. Een databank is er niet voor nodig."""
    done = subprocess.run([sys.executable, "-m", "service.openapi"], stdout=subprocess.PIPE, check=True)
    if out is None:
        sys.stdout.buffer.write(done.stdout)
        return
    try:
        out.write_bytes(done.stdout)
    except OSError as error:
        detail = f"{out} is niet te schrijven ({error.strerror or error})"
        raise UsageError(detail, remedy="Kies een map die bestaat en waarin u mag schrijven.") from None


@commands.command(epilog="Voorbeeld: AANWEZIG_MODE=demo aanwezig serve --port 8000")
def serve(
    *,
    host: Annotated[str, typer.Option(help="Adres waarop wordt geluisterd.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Poort.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processen die antwoorden.")] = 1,
    batch: Annotated[
        bool, typer.Option("--batch", help="Neem ook aan wat binnenkomt, en maak daarna de weeklijst van die school.")
    ] = False,
) -> None:
    """Toon de weeklijst als webpagina en API."""
    import uvicorn  # noqa: PLC0415 - only here

    _refuse_where_taken(host, port)
    if os.environ.get("AANWEZIG_MODE", "").strip().lower() == "demo":
        os.environ.setdefault("AANWEZIG_PUBLIC_URL", f"http://127.0.0.1:{port}")
        typer.echo(f"De demo draait op http://{host}:{port}")
        typer.echo("Aanmelden: open die pagina en kies iemand uit de lijst; een wachtwoord is er in de demo niet.")
    if batch:
        monday_time()  # a wrong setting is told here, and not by the batch over and over
    else:
        _say_what_waits()
    if workers > 1 and (code := subprocess.run([sys.executable, "-m", "service.ready"], check=False).returncode):
        raise typer.Exit(code)
    settings: dict[str, Any] = {
        "factory": True,
        "host": host,
        "port": port,
        "log_level": "warning",
        "server_header": False,
        "backlog": WAITING_CONNECTIONS,
        "timeout_keep_alive": KEEP_ALIVE,
        "timeout_graceful_shutdown": FINISH,
    }
    # A score is many small steps: threads that wait for each other between them took a fifth of it.
    with beside() if batch else nullcontext(), polars_threads(1):
        if workers == 1:
            uvicorn.run("service.app:create_app", **settings)
            return
        with tempfile.TemporaryDirectory(prefix="aanwezig-figures-") as together:
            os.environ[FIGURES_TOGETHER] = together
            _run_together(uvicorn.Config("service.app:create_app", workers=workers, **settings))


def _run_together(config: "Config") -> None:
    """Run several workers on one socket.

    As `uvicorn.run` does, but with TCP_NODELAY: the socket that it shares among workers lacks it, and then every answer
    waits 40 ms for the client to confirm its headers.
    """
    from uvicorn.supervisors import Multiprocess  # noqa: PLC0415 - only here

    shared = config.bind_socket()
    shared.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # whoever is accepted inherits it
    Multiprocess(config, sockets=[shared]).run()


def _refuse_where_taken(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        detail = f"op {host}:{port} kan niet worden geluisterd ({error.strerror or error})"
        raise SettingsError(detail, remedy="Kies een ander adres of een vrije poort, zoals --port 8080.") from None


def _say_what_waits() -> None:
    from pipelines.inbox import unattended  # noqa: PLC0415 - loads SQLAlchemy

    number = unattended(Home.from_environment())
    if number:
        typer.echo(
            f"Er wachten leveringen ({number}) en niemand neemt ze aan: start met --batch, of start ook 'aanwezig inbox --watch 30'."
        )
