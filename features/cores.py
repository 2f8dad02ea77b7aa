"""On which cores work is done: small steps are quickest where nobody has to be woken up on another core.

Polars hands each step to a thread of its own. Where that thread sleeps on a core that has nothing else to do, to wake it up takes
a tenth of a millisecond, which is more than most steps of a single pupil or a single file take. Linux alone lets a
program choose; elsewhere all this does nothing.
"""

import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

THREADS = Path("/proc/self/task")
THIS_THREAD = Path("/proc/thread-self/stat")
CORE = 36
"""Place of the core in what Linux tells of a thread, counted from behind its name (proc(5))."""
ENGINES_OWN = "polars-"
"""How the threads are named to which Polars hands its steps, before their number."""


def allowed() -> frozenset[int]:
    """Cores that this thread may work on; empty where a program has no say in it."""
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()


@contextmanager
def beside_engine() -> Iterator[None]:
    """While this lasts, this thread stays on its core, and the one thread of Polars comes to it.

    Nothing is done where Polars has more threads than one, which had better be apart, or is with another thread already.
    """
    before = allowed()
    engine = _engine() if len(before) > 1 else None
    if engine is None or not _TAKEN.acquire(blocking=False):
        yield
        return
    try:
        with suppress(OSError):  # a system that forbids it: then both stay where they are
            here = {int(THIS_THREAD.read_text(encoding="utf-8").rpartition(")")[2].split()[CORE])}
            for thread in (engine, 0):
                os.sched_setaffinity(thread, here)
        yield
    finally:
        for thread in (engine, 0):
            with suppress(OSError):
                os.sched_setaffinity(thread, before)
        _TAKEN.release()


@contextmanager
def staying_on(core: int) -> Iterator[None]:
    """While this lasts, all threads of this process stay on one core, where the system lets them.

    For processes that work side by side, one a core: each hands its steps to its own thread of Polars.
    """
    before = allowed()
    _all_to({core})
    try:
        yield
    finally:
        _all_to(before)


def _all_to(cores: AbstractSet[int]) -> None:
    """Send every thread of this process to `cores`, where the system lets it; those to come go there by themselves."""
    for thread in _threads():
        with suppress(OSError):
            os.sched_setaffinity(int(thread.name), cores)


_TAKEN = Lock()
_FOUND: list[int] = []


def _engine() -> int | None:
    """Return the one thread of Polars; None where there is none yet, or more."""
    if not _FOUND:
        _FOUND.extend(int(thread.name) for thread in _threads() if _name(thread) == ENGINES_OWN)
    return _FOUND[0] if len(_FOUND) == 1 == _engines_threads() else None


def _engines_threads() -> int:
    """Return how many threads Polars has: of several that have just begun, one may have its name before the others."""
    import narwhals as nw  # noqa: PLC0415 - who counts nothing need not wait for it

    polars: Any = nw.Implementation.POLARS.to_native_namespace()
    return int(polars.thread_pool_size())


def _threads() -> tuple[Path, ...]:
    with suppress(OSError):
        return tuple(THREADS.iterdir())
    return ()


def _name(thread: Path) -> str:
    with suppress(OSError):
        return (thread / "comm").read_text(encoding="utf-8").rstrip("0123456789\n")
    return ""
