"""What the service stores. A published list and the audit are written once; triggers in the database hold that."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from secrets import token_urlsafe
from typing import Any

from sqlalchemy import Dialect, ForeignKey, Index, MetaData, String, Text, TypeDecorator, UniqueConstraint
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


def _opaque(default: Callable[[], str] = new_id) -> Mapped[str]:
    return mapped_column(String(32), primary_key=True, default=default)


class SchoolRow(Base):
    """A school of which a list was published."""

    __tablename__ = "schools"

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    sector: Mapped[str] = mapped_column(String(8))


class ListRow(Base):
    """One edition of one school's list of one week. ``document`` is the list as published, without its signals."""

    __tablename__ = "weekly_lists"
    __table_args__ = (UniqueConstraint("school", "week", "edition"),)

    id: Mapped[str] = _opaque()
    school: Mapped[str] = mapped_column(ForeignKey("schools.id"))
    week: Mapped[date]
    edition: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    provisional: Mapped[bool]
    published_at: Mapped[datetime] = mapped_column(default=now)
    published_by: Mapped[str] = mapped_column(Text)
    change: Mapped[int] = mapped_column(server_default="0", index=True)
    document: Mapped[str] = mapped_column(Text)


class ChangeRow(Base):
    """One row that counts changes. Whoever changes something holds it until the commit, so a change that is seen later
    has a higher number than every change that was seen before: a client that asks for what came after misses nothing.
    """

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int]


class SignalRow(Base):
    """One pupil on one list. School, group and pupil stand beside the document, since scope is decided on them;
    ``on_list`` too, since the next list asks for it alone, and the calendar, which only a pupil's own page needs.
    """

    __tablename__ = "signals"
    __table_args__ = (UniqueConstraint("list_id", "pupil"), Index(None, "school", "pupil"))

    id: Mapped[str] = _opaque()
    list_id: Mapped[str] = mapped_column(ForeignKey("weekly_lists.id"))
    school: Mapped[str] = mapped_column(String(12))
    pupil: Mapped[str] = mapped_column(String(32))
    group_name: Mapped[str] = mapped_column(Text)
    rank: Mapped[int]
    on_list: Mapped[bool]
    document: Mapped[str] = mapped_column(Text)
    calendar: Mapped[str] = mapped_column(Text, deferred=True)


class DutyRow(Base):
    """A legal duty of one pupil on one list, for those who may see unauthorised absence and nothing else."""

    __tablename__ = "duties"
    __table_args__ = (Index(None, "school", "pupil"),)

    id: Mapped[str] = _opaque()
    list_id: Mapped[str] = mapped_column(ForeignKey("weekly_lists.id"), index=True)
    school: Mapped[str] = mapped_column(String(12))
    pupil: Mapped[str] = mapped_column(String(32))
    group_name: Mapped[str] = mapped_column(Text)
    week: Mapped[date]
    edition: Mapped[int]
    document: Mapped[str] = mapped_column(Text)


class RegionCellRow(Base):
    """How many pupils of one year group a list brought into view: what a region may count, and nobody's data.

    ``members`` is a digest of whose they are: the same pupils are always rounded the same way.
    """

    __tablename__ = "region_cells"
    __table_args__ = (Index(None, "week", "school"),)

    id: Mapped[str] = _opaque()
    list_id: Mapped[str] = mapped_column(ForeignKey("weekly_lists.id"), index=True)
    school: Mapped[str] = mapped_column(String(12))
    week: Mapped[date]
    edition: Mapped[int]
    year_group: Mapped[str] = mapped_column(Text)
    measure: Mapped[str] = mapped_column(String(32))
    count: Mapped[int]
    members: Mapped[str] = mapped_column(String(64))


class FollowUpRow(Base):
    """What people do about a signal. A note is sealed like a name; who, when and what for stands open.

    ``before`` is what stood there before the last change, so that it can be put back; ``signs`` is what there was to see
    when the pupil was left for now, so that something new is noticed.
    """

    __tablename__ = "follow_ups"
    __table_args__ = (Index(None, "school", "pupil"), Index(None, "change"))

    id: Mapped[str] = _opaque()
    school: Mapped[str] = mapped_column(String(12))
    pupil: Mapped[str] = mapped_column(String(32))
    group_name: Mapped[str] = mapped_column(Text)
    signal_id: Mapped[str | None] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))
    owner: Mapped[str] = mapped_column(Text)
    planned_on: Mapped[date | None]
    done_on: Mapped[date | None]
    outcome: Mapped[str | None] = mapped_column(String(32))
    note_sealed: Mapped[str | None] = mapped_column(Text)
    opened_by: Mapped[str] = mapped_column(String(32))
    opened_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now)
    changed_by: Mapped[str | None] = mapped_column(String(32))
    before: Mapped[str | None] = mapped_column(Text)
    signs: Mapped[str | None] = mapped_column(Text)
    withdrawn_at: Mapped[datetime | None]
    change: Mapped[int]


class PlaybookRow(Base):
    """A school's own steps for one pattern, from a moment on; the newest version stands, an empty one is the example."""

    __tablename__ = "playbooks"
    __table_args__ = (UniqueConstraint("school", "pattern", "version"),)

    id: Mapped[str] = _opaque()
    school: Mapped[str] = mapped_column(String(12))
    pattern: Mapped[str] = mapped_column(String(32))
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    written_by: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(default=now)


class CaseRow(Base):
    """A pupil whom the school brought before the alliance: on what ground, and until when."""

    __tablename__ = "cases"
    __table_args__ = (Index(None, "school", "pupil"),)

    id: Mapped[str] = _opaque()
    school: Mapped[str] = mapped_column(String(12))
    pupil: Mapped[str] = mapped_column(String(32))
    group_name: Mapped[str] = mapped_column(Text)
    ground: Mapped[str] = mapped_column(String(32))
    opened_by: Mapped[str] = mapped_column(String(32))
    opened_at: Mapped[datetime] = mapped_column(default=now)
    expires_on: Mapped[date]
    closed_at: Mapped[datetime | None]


class DeliveryRow(Base):
    """A delivery that came in over the API: received, then accepted or refused by the batch, with its report."""

    __tablename__ = "deliveries"
    __table_args__ = (Index(None, "school", "received_at"),)

    id: Mapped[str] = _opaque()
    school: Mapped[str] = mapped_column(String(12))
    status: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[datetime] = mapped_column(default=now)
    received_by: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))
    suffix: Mapped[str] = mapped_column(String(8))
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    finished_at: Mapped[datetime | None]
    report: Mapped[str | None] = mapped_column(Text)


class ModelPageRow(Base):
    """The page about the model as it stood from a moment on; the newest is shown."""

    __tablename__ = "model_pages"

    id: Mapped[str] = _opaque()
    published_at: Mapped[datetime] = mapped_column(default=now, index=True)
    document: Mapped[str] = mapped_column(Text)


class SchoolPageRow(Base):
    """The page about a school that was published beside a list: counts and rates, and nothing of any one pupil."""

    __tablename__ = "school_pages"
    __table_args__ = (UniqueConstraint("school", "week", "edition"),)

    id: Mapped[str] = _opaque()
    list_id: Mapped[str] = mapped_column(ForeignKey("weekly_lists.id"), index=True)
    school: Mapped[str] = mapped_column(String(12))
    week: Mapped[date]
    edition: Mapped[int]
    document: Mapped[str] = mapped_column(Text)


class SealedNameRow(Base):
    """A pupil's name, encrypted with a key that is not in the database."""

    __tablename__ = "sealed_names"

    school: Mapped[str] = mapped_column(String(12), primary_key=True)
    pupil: Mapped[str] = mapped_column(String(32), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)


class PersonRow(Base):
    """Someone, or some program, that may sign in. ``demo_key`` is set for the demo cast only; ``email`` is where an
    outside provider of identities finds a person the first time.
    """

    __tablename__ = "people"

    id: Mapped[str] = _opaque()
    name: Mapped[str] = mapped_column(Text)
    demo_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    email: Mapped[str | None] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]


class GrantRow(Base):
    """A role of a person, and where it holds: one group, one school, or (both empty) every school."""

    __tablename__ = "grants"

    id: Mapped[str] = _opaque()
    person: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    school: Mapped[str | None] = mapped_column(String(12))
    group_name: Mapped[str | None] = mapped_column(Text)


class IdentityRow(Base):
    """How an outside issuer of tokens knows a person or a program."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class ClientRow(Base):
    """A program that gets its tokens from our own issuer, by a secret (its digest stands here) or by its public key."""

    __tablename__ = "clients"

    id: Mapped[str] = _opaque()
    person: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    secret_digest: Mapped[str | None] = mapped_column(String(64))
    public_key: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]


class OnceRow(Base):
    """What may be used only once: assertions of clients, and attempts to sign in elsewhere (with what they need)."""

    __tablename__ = "once"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    content: Mapped[str | None] = mapped_column(Text)


class SessionRow(Base):
    """A sign-in. The token itself is only in the browser; here stands its digest."""

    __tablename__ = "sessions"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AuditRow(Base):
    """Who did or saw what, of whom, in which role and to what end. Written once; no foreign keys, so it outlives all."""

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "at"), Index(None, "subject"))

    id: Mapped[str] = _opaque()
    at: Mapped[datetime] = mapped_column(default=now)
    actor: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(32))
    purpose: Mapped[str] = mapped_column(Text)
    school: Mapped[str | None] = mapped_column(String(12))
    subject: Mapped[str | None] = mapped_column(String(32))
    object: Mapped[str | None] = mapped_column(String(32))
    trace: Mapped[str | None] = mapped_column(String(32))
    operation: Mapped[str | None] = mapped_column(String(16))
    parent: Mapped[str | None] = mapped_column(String(16))
