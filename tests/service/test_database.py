"""Migrations up and down on both engines, and an audit that nobody can rewrite."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from data_contracts.errors import AanwezigError, SettingsError, StorageError
from service import db
from service.tables import AuditRow, Base

COLUMNS = {"actor": "iemand", "role": "mentor", "action": "pupil.read", "purpose": "begeleiding"}


def test_migrations_go_up_down_and_up_again(new_url: str):
    engine = db.connect(new_url)
    for _ in range(2):
        db.upgrade(engine)
        assert db.revision(engine) == db.HEAD
        assert set(inspect(engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
        db.downgrade(engine)
        assert set(inspect(engine).get_table_names()) == {"alembic_version"}
        assert db.revision(engine) is None
    engine.dispose()


def test_the_migrations_make_what_the_code_expects(engine: Engine):
    db.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_head_is_the_newest_script():
    config = Config()
    config.set_main_option("script_location", str(db.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == db.HEAD


@pytest.fixture
def audited(engine: Engine):
    db.upgrade(engine)
    with db.transaction(engine) as session:
        session.add(AuditRow(id="een", at=datetime(2026, 11, 16, tzinfo=UTC), **COLUMNS))
    yield engine
    db.downgrade(engine)


REWRITES = {
    "sqlite": "INSERT OR REPLACE INTO audit_events (id, at, actor, role, action, purpose)"
    " VALUES ('een', '2026-11-16', 'een ander', 'mentor', 'pupil.read', '')",
    "postgresql": "TRUNCATE audit_events",
}
"""What only that engine can do."""


@pytest.mark.parametrize("attempt", ["UPDATE audit_events SET actor = 'een ander'", "DELETE FROM audit_events", "own"])
def test_the_audit_is_append_only_by_force_of_the_database(audited: Engine, attempt: str):
    statement = REWRITES[audited.dialect.name] if attempt == "own" else attempt
    with pytest.raises(DatabaseError, match="written once"), db.transaction(audited) as session:
        session.execute(text(statement))
    with db.transaction(audited) as session:
        assert session.get_one(AuditRow, "een").actor == "iemand"


def test_moments_come_back_in_utc(audited: Engine):
    with db.transaction(audited) as session:
        assert session.get_one(AuditRow, "een").at == datetime(2026, 11, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("geen adres", SettingsError),
        ("onbekend://host/databank", SettingsError),
        ("oracle://host/databank", SettingsError),
        ("postgresql+psycopg://gebruiker:geheim@127.0.0.1:1/databank", StorageError),
        ("sqlite:////proc/bestaat-niet/service.db", StorageError),
    ],
)
def test_a_wrong_or_absent_database_is_told_without_its_password(url: str, error: type[AanwezigError]):
    with pytest.raises(error) as told:  # noqa: PT012 - either may say so
        engine = db.connect(url)
        try:
            db.upgrade(engine)
        finally:
            engine.dispose()
    assert told.value.remedy
    assert "geheim" not in str(told.value)


@pytest.fixture
def held(tmp_path: Path):
    """A SQLite database in which another program is writing."""
    path = tmp_path / "service.db"
    engine = db.connect(f"sqlite:///{path}")
    db.upgrade(engine)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    yield engine, other
    other.close()
    engine.dispose()


def test_who_writes_to_sqlite_waits_for_another_program(held: tuple[Engine, sqlite3.Connection]):
    engine, other = held
    done = Timer(0.2, other.execute, ["COMMIT"])
    done.start()
    with db.transaction(engine) as session:
        session.add(AuditRow(id="een", at=datetime(2026, 11, 16, tzinfo=UTC), **COLUMNS))
    done.join()
    assert other.execute("SELECT count(*) FROM audit_events").fetchone() == (1,)


def test_a_program_that_keeps_writing_is_told_as_a_database_that_is_busy(
    held: tuple[Engine, sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
):
    engine, other = held
    monkeypatch.setattr(db, "PATIENCE", 0.05)
    with pytest.raises(StorageError, match="bezet"), db.transaction(engine) as session:
        session.get(AuditRow, "een")
    with db.transaction(engine, writes=False) as session:  # reading goes on
        assert session.get(AuditRow, "een") is None
    other.execute("ROLLBACK")
    with db.transaction(engine) as session:
        assert session.get(AuditRow, "een") is None
