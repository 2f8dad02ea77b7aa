"""What every table shares: opaque ids, moments in UTC, names of constraints."""

from collections.abc import Callable
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any

from sqlalchemy import Dialect, MetaData, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TIMESTAMP

ID_BYTES = 16


def new_id() -> str:
    """Return an opaque id: 128 random bits, nothing of a person or a number in it."""
    return token_urlsafe(ID_BYTES)


def now() -> datetime:
    """Return this moment, UTC."""
    return datetime.now(UTC)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets the zone, so it is put back on the way out."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; a moment without a zone is a mistake of ours."""
        del dialect
        if value is not None and value.tzinfo is None:
            msg = "a moment needs a time zone"
            raise ValueError(msg)
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return UTC, aware."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Names of constraints are fixed, so migrations can name them on both engines."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: dict[Any, Any] = {datetime: Moment()}  # noqa: RUF012 (SQLAlchemy reads it as a class variable)


def opaque(default: Callable[[], str] = new_id) -> Mapped[str]:
    """Return a column for an opaque id."""
    return mapped_column(String(32), primary_key=True, default=default)
