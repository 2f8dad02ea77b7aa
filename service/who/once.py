"""What may be used only once, and only for a while: assertions of clients, and attempts to sign in."""

import hashlib
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.tables import OnceRow, now


def digest(*parts: str) -> str:
    """Return under what `parts` are kept; what was kept cannot be read from the database."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def keep(session: Session, key: str, *, until: datetime, content: str | None = None) -> bool:
    """Keep `key` (a digest) until it ends; False where it is kept already. What has ended is thrown away."""
    session.execute(delete(OnceRow).where(OnceRow.expires_at <= now()))
    try:
        with session.begin_nested():
            session.add(OnceRow(digest=key, expires_at=until, content=content))
    except IntegrityError:
        return False
    return True


def take(session: Session, key: str) -> str | None:
    """Take out what is kept under `key`; None where there is nothing, or it has ended, or somebody was first."""
    taken = delete(OnceRow).where(OnceRow.digest == key, OnceRow.expires_at > now()).returning(OnceRow.content)
    return session.execute(taken).scalar()
