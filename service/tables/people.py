"""Who may come in, how, and what they did."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.base import Base, now, opaque


class PersonRow(Base):
    """Someone, or some program, that may sign in. ``demo_key`` is set for the demo cast only; ``email`` is where an
    outside provider of identities finds a person the first time.
    """

    __tablename__ = "people"

    id: Mapped[str] = opaque()
    name: Mapped[str] = mapped_column(Text)
    demo_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    email: Mapped[str | None] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]


class GrantRow(Base):
    """A role of a person, and where it holds: one group, one school, or (both empty) every school."""

    __tablename__ = "grants"

    id: Mapped[str] = opaque()
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

    id: Mapped[str] = opaque()
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
    """Who did or saw what, of whom, in which role and to what end. Written once; no foreign keys, so it outlives all.

    ``detail`` says what of a thing was touched, in words of ours: a role and a place, names of settings, counts.
    """

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "at"), Index(None, "subject"))

    id: Mapped[str] = opaque()
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
    detail: Mapped[str | None] = mapped_column(Text)


class RetentionRunRow(Base):
    """When what was past its term was removed, by whom, and how many of each kind; nobody's data."""

    __tablename__ = "retention_runs"

    id: Mapped[str] = opaque()
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    by: Mapped[str] = mapped_column(Text)
    counts: Mapped[str] = mapped_column(Text)
