"""What the log may hold: of a request the path, and never what stands behind the question mark; of an error no values.

Coming back from the provider, a browser has a code behind the question mark that signs somebody in.
"""

import logging

from sqlalchemy.exc import IntegrityError

ACCESS = "uvicorn.access"


class WithoutQuery(logging.Filter):
    """Takes the query out of a line of the access log; all lines pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten every address among the record's parts."""
        if isinstance(record.args, tuple):
            record.args = tuple(_without_query(part) for part in record.args)
        return True


def _without_query(part: object) -> object:
    return part.partition("?")[0] if isinstance(part, str) and part.startswith("/") else part


def without_queries() -> None:
    """Have the access log leave out queries."""
    logger = logging.getLogger(ACCESS)
    if not any(isinstance(one, WithoutQuery) for one in logger.filters):
        logger.addFilter(WithoutQuery())


def constraint_of(error: IntegrityError) -> str:
    """Return what kind of rule of the database was broken, and which; the driver's own text has the values too."""
    told = error.orig
    named = getattr(getattr(told, "diag", None), "constraint_name", None) or getattr(told, "sqlite_errorname", "")
    return f"{type(told).__name__} {named}".strip()
