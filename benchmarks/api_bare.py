"""The least that a signal costs to read where the reading is written down: no real service, but what one is held against.

FastAPI, one query through SQLAlchemy's ORM, one line of an audit in the same transaction, and the document as it was stored. Nobody
is asked who they are, nothing is limited, checked, linked or put into words. It works in the event loop, where no thread waits
for another and everybody waits for everybody: a service that did so would hold up all others while it waits for the database.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, Response
from sqlalchemy import create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.api_load import request
from benchmarks.api_served import STARTS, answers, free_port

SIGNALS = 30
DOCUMENT = "x" * 4_000
"""About as many bytes as a signal has."""
ADDRESS = "AANWEZIG_BARE_URL"


class _Base(DeclarativeBase):
    pass


class _Signal(_Base):
    __tablename__ = "bare_signals"
    id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str]


class _Line(_Base):
    __tablename__ = "bare_audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str]
    subject: Mapped[int]


def bare() -> FastAPI:
    """Return the application, on the database that `ADDRESS` names."""
    engine = create_engine(os.environ[ADDRESS])
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepared)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    app = FastAPI()

    @app.get("/signals/{number}")
    async def signal(number: int) -> Response:
        with Session(engine) as session, session.begin():
            found = session.get_one(_Signal, number)
            session.add(_Line(at=datetime.now(UTC).replace(tzinfo=None), by="benchmark", subject=number))
            return Response(found.document, media_type="application/json")

    return app


def _prepared(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions, the driver does not
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


@contextmanager
def serving_bare(url: str, *, workers: int) -> Iterator[tuple[int, list[bytes]]]:
    """Serve signals from the database at `url` on loopback; give the port and a request for each of them."""
    engine = create_engine(url)
    _Base.metadata.drop_all(engine)
    _Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.add_all(_Signal(id=number, document=DOCUMENT) for number in range(SIGNALS))
    engine.dispose()
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "benchmarks.api_bare:bare", "--port", str(port)]
    said = {ADDRESS: url, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [*command, "--workers", str(workers), "--no-access-log", "--log-level", "error"], env=os.environ | said
    ) as process:
        try:
            answers(process, f"http://127.0.0.1:{port}/signals/0")
            yield port, [request("GET", f"/signals/{number}", headers={}) for number in range(SIGNALS)]
        finally:
            process.terminate()
            process.wait(STARTS)
