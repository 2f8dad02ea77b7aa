"""Which request an act belongs to, as W3C Trace Context has it: ``traceparent`` in, ids in the audit and in logs."""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

PARENT = re.compile(r"^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:$|-)")


@dataclass(frozen=True)
class Trace:
    """One operation of ours.

    Parameters
    ----------
    trace
        32 hexadecimal digits: of the whole chain of requests that this one belongs to.
    operation
        16 hexadecimal digits: of this request.
    parent
        16 hexadecimal digits: of the request that caused this one; None where it starts with us.
    """

    trace: str
    operation: str
    parent: str | None

    @property
    def header(self) -> str:
        """The ``traceparent`` under which this operation is known to others."""
        return f"00-{self.trace}-{self.operation}-01"


_CURRENT: ContextVar[Trace | None] = ContextVar("trace", default=None)


def begin(traceparent: str | None) -> Trace:
    """Begin an operation, within the trace of `traceparent` where that is one (a malformed one starts anew)."""
    found = PARENT.match(traceparent or "")
    trace, parent = found.groups() if found else (secrets.token_hex(16), None)
    current = Trace(trace, secrets.token_hex(8), parent)
    _CURRENT.set(current)
    return current


def current() -> Trace:
    """Return the operation that runs now; a program outside any request begins its own."""
    return _CURRENT.get() or begin(None)
