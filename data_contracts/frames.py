"""Where an error came from that nobody expected, without what it says: that may hold the data of a child."""

import traceback
from collections.abc import Iterator


def frames(error: BaseException) -> str:
    """Return the kinds of `error` and of what caused it, each with the lines of code that it came through."""
    return "".join(_each(error))


def _each(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield f"{type(error).__module__}.{type(error).__qualname__}, from:\n"
        yield from traceback.format_tb(error.__traceback__)
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _each(one)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
