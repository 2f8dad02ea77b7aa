"""The database: one engine for SQLite and PostgreSQL, one transaction at a time, migrations from inside the package."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import cast

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text, update
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from data_contracts.errors import SettingsError, StorageError
from service.tables import ChangeRow

HEAD = "0008"
"""The newest migration; a test holds it equal to the scripts, so start-up needs no Alembic to know it is current."""

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 20_261_121
"""Any fixed number: the PostgreSQL advisory lock under which one process at a time migrates."""

VIEWER = "aanwezig_viewer"
"""The role on PostgreSQL that a viewer's transaction becomes: it owns nothing, so row-level security holds for it."""


WRITING = RLock()
PATIENCE = 10.0
"""Seconds that who writes to SQLite waits for who is writing."""

WRITES = "BEGIN IMMEDIATE"
BUSY_TIMEOUT = f"PRAGMA busy_timeout={round(PATIENCE * 1000)}"
LOOKS_AGAIN = 0.0005
"""Seconds until who waits for another process looks again: half of what a read with its line of the audit takes."""


def connect(url: str) -> Engine:
    """Open the database at `url`, without touching its content.

    Raises
    ------
    SettingsError
        The URL is no database URL, or its driver is not installed.
    StorageError
        The folder of the database file cannot be made.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(url, parsed.database)
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)  # an error's text may end in a log
    except (ArgumentError, NoSuchModuleError):
        detail = "AANWEZIG_DATABASE_URL is geen adres van een databank."
        remedy = "Bijvoorbeeld sqlite:////pad/naar/service.db of postgresql+psycopg://gebruiker@host/databank."
        raise SettingsError(detail, remedy=remedy) from None
    except ModuleNotFoundError as error:
        detail = f"Het stuurprogramma {error.name} voor deze databank is niet geïnstalleerd."
        raise SettingsError(detail, remedy="Installeer het, bijvoorbeeld psycopg voor PostgreSQL.") from None


def _sqlite(url: str, path: str | None) -> Engine:
    if path and path != ":memory:":
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            detail = f"De map {Path(path).parent} is niet te maken: {error.strerror}."
            raise StorageError(detail, remedy="Kies een map waarin u mag schrijven (AANWEZIG_HOME).") from None
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy begins transactions below, the driver does not
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(BUSY_TIMEOUT)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A reading transaction that turns into a writing one can fail at once instead of waiting, so
        # one that will write says so from the start.
        options = connection.get_execution_options()
        driver = cast("sqlite3.Connection", connection.connection.dbapi_connection)
        driver.execute(f"PRAGMA synchronous={'FULL' if options.get('durable') else 'NORMAL'}")
        if options.get("writes", True):
            _begin_writing(driver)
        else:
            driver.execute("BEGIN")

    return engine


def _begin_writing(driver: sqlite3.Connection) -> None:
    """Begin a transaction that writes, as soon as another process ends its own.

    SQLite itself would sleep ever longer, up to 100 ms, while the database is free again after one.
    """
    until = time.monotonic() + PATIENCE
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                driver.execute(WRITES)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise OperationalError(WRITES, None, error) from error
                time.sleep(LOOKS_AGAIN)
            else:
                return
    finally:
        driver.execute(BUSY_TIMEOUT)


@contextmanager
def transaction(engine: Engine, *, writes: bool = True, durable: bool = False) -> Iterator[Session]:
    """Open one session in one transaction: committed at the end, rolled back on any error.

    Parameters
    ----------
    engine
        The database.
    writes
        False where nothing is written: SQLite then lets others write meanwhile.
    durable
        Wait for the disk itself at the commit, for what somebody is told is kept. PostgreSQL always does. SQLite without it
        outlives a process that is killed, but may lose the last moments of a machine that loses its power.

    Raises
    ------
    StorageError
        The database does not answer.
    """
    try:
        with (
            _turn(engine, writes=writes),
            Session(_with(engine, writes=writes, durable=durable), expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session
    except OperationalError as error:
        raise _unreachable(engine) from error


@lru_cache(maxsize=16)
def _with(engine: Engine, *, writes: bool, durable: bool) -> Engine:
    """Return `engine` with what the listeners above are told; to make one takes longer than a short query."""
    return engine.execution_options(writes=writes, durable=durable)


@contextmanager
def _turn(engine: Engine, *, writes: bool) -> Iterator[None]:
    """Let who will write to SQLite wait in this process first: SQLite itself sleeps and tries again, ever longer."""
    if writes and engine.dialect.name == "sqlite":
        with WRITING:
            yield
    else:
        yield


def next_change(session: Session) -> int:
    """Return the number of a change that this transaction makes, higher than that of any change committed before.

    Whoever asks holds the counter until the commit, so numbers become visible in their order.
    """
    changed = update(ChangeRow).where(ChangeRow.id == 1).values(value=ChangeRow.value + 1).returning(ChangeRow.value)
    return session.execute(changed).scalar_one()


def _unreachable(engine: Engine) -> StorageError:
    where = engine.url.render_as_string(hide_password=True)
    return StorageError(
        f"De databank {where} antwoordt niet, of is bezet.",
        remedy="Controleer of zij draait, of het pad beschrijfbaar is, en probeer het opnieuw.",
    )


def revision(engine: Engine) -> str | None:
    """Which migration the database stands at; None where it is still empty."""
    try:
        with engine.execution_options(writes=False).connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except OperationalError as error:
        raise _unreachable(engine) from error


def upgrade(engine: Engine, to: str = "head") -> None:
    """Bring the database to migration `to`. Safe to call from several processes at once."""
    if to == "head" and revision(engine) == HEAD:
        return
    _migrate(engine, "upgrade", to)


def downgrade(engine: Engine, to: str = "base") -> None:
    """Take migrations back, down to `to`."""
    _migrate(engine, "downgrade", to)


def _migrate(engine: Engine, direction: str, to: str) -> None:
    # Alembic takes as long to import as the rest of the service, and only a stale database needs it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            config.attributes["connection"] = connection
            getattr(command, direction)(config, to)
    except OperationalError as error:
        raise _unreachable(engine) from error
