"""What the web server writes of each request: the path, and never what stands behind the question mark.

Coming back from the provider, a browser has a code there that signs somebody in.
"""

import logging

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
