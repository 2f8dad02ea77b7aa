"""Work that falls apart by school, done side by side: in this process and in others beside it."""

import atexit
import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from operator import itemgetter
from threading import Lock
from typing import Any, TypeVar

from data_contracts.errors import StorageError
from features.cores import allowed, staying_on

Made = TypeVar("Made")
Item = TypeVar("Item")
THREADS = "POLARS_MAX_THREADS"
COLLECTED_EVERY = 100_000
"""New objects after which circles among them are looked for. Python's own 700 is for programs that make fewer, and costs a
tenth of an import: nearly all that is made here stays, or goes without a circle."""
_STAYS = ExitStack()
"""Where a process that was begun stays until it ends."""


class Crew:
    """Processes that share work out: the one that asks, and those beside it. Make one with `crew_of`.

    Parameters
    ----------
    beside
        The other processes; None where this one works alone.
    size
        How many there are together.
    """

    def __init__(self, beside: ProcessPoolExecutor | None = None, size: int = 1) -> None:
        self.size = size
        self._beside = beside

    def work(
        self,
        function: Callable[..., Made],
        jobs: Sequence[tuple[Any, ...]],
        *,
        done: Callable[[int], None] = lambda _at: None,
    ) -> list[Made]:
        """Return what `function` makes of each of `jobs`, in their order.

        Each process takes the next job when it is done with one.

        Parameters
        ----------
        done
            Told of each job, by its place, that it is done.

        Raises
        ------
        StorageError
            The system ended one of the processes.
        """
        waiting = deque(enumerate(jobs))
        made: dict[int, Made] = {}
        telling = Lock()

        def keep(at: int, result: Made) -> None:
            made[at] = result
            with telling:
                done(at)

        def beside(pool: ProcessPoolExecutor) -> None:
            for at, job in _each(waiting):
                keep(at, pool.submit(function, *job).result())

        threads = self.size - 1
        with ThreadPoolExecutor(max(1, threads)) as pool:
            others = [pool.submit(beside, self._beside) for _ in range(threads) if self._beside is not None]
            try:
                for at, job in _each(waiting):
                    keep(at, function(*job))
                for other in others:
                    other.result()
            except BrokenProcessPool:
                detail = "een proces is door het systeem gestopt, waarschijnlijk omdat het geheugen vol was"
                raise StorageError(
                    detail, remedy="Probeer het opnieuw, per school; wat al klaar was verandert niet."
                ) from None
            finally:
                waiting.clear()
        return [made[at] for at in range(len(jobs))]


ALONE = Crew()


def shared_out(items: Iterable[Item], parts: int, *, size: Callable[[Item], float]) -> list[list[Item]]:
    """Share `items` out over at most `parts` parts of about the same size, none of them empty, the largest part first."""
    shared: list[list[Item]] = [[] for _ in range(parts)]
    filled = [0.0] * parts
    for item, large in sorted(((item, size(item)) for item in items), key=itemgetter(1), reverse=True):
        place = filled.index(min(filled))
        shared[place].append(item)
        filled[place] += large
    return [part for _, part in sorted(zip(filled, shared, strict=True), key=itemgetter(0), reverse=True) if part]


@contextmanager
def crew_of(size: int, *, imports: Sequence[str] = ()) -> Iterator[Crew]:
    """Hold a crew of `size` processes. The others begin at once to import `imports`, while this one goes on.

    Fresh interpreters: a forked one may hang in a thread that it did not start. Each gets its share of the cores; where that is
    one core, it stays there: a step of Polars then takes an eighth less, for nobody is woken up elsewhere.
    """
    if size == 1:
        yield ALONE
        return
    cores, context = sorted(allowed()), get_context("spawn")
    one_each = size == len(cores)
    theirs = context.SimpleQueue()
    for core in cores[1:] if one_each else ():
        theirs.put(core)
    here = staying_on(cores[0]) if one_each else nullcontext()
    begin = (tuple(imports), theirs if one_each else None)
    with _seldom_collected(), polars_threads(max(1, (os.cpu_count() or 1) // size)), here:
        pool = ProcessPoolExecutor(size - 1, mp_context=context, initializer=_begin, initargs=begin)
        try:
            for _ in range(size - 1):
                pool.submit(len, ())  # a process begins with its first job
            yield Crew(pool, size)
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def polars_threads(number: int) -> Iterator[None]:
    """Let Polars use so many threads a process, here too where it was not used yet, unless the user says otherwise."""
    said = os.environ.get(THREADS)
    if said is None:
        os.environ[THREADS] = str(number)
    try:
        yield
    finally:
        if said is None:
            del os.environ[THREADS]


@contextmanager
def _seldom_collected() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED_EVERY)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _each(waiting: deque[Made]) -> Iterator[Made]:
    """Take from `waiting` what nobody else took."""
    with suppress(IndexError):
        while True:
            yield waiting.popleft()


def _begin(imports: Sequence[str], cores: "SimpleQueue[int] | None") -> None:
    """Make a fresh process ready to work, and to end at once when it is done: taking apart all it made took 0.9 s."""
    gc.set_threshold(COLLECTED_EVERY)
    if cores is not None:
        _STAYS.enter_context(staying_on(cores.get()))
    atexit.register(os._exit, 0)  # first in, so last out: what others still have to finish comes before
    for name in imports:
        import_module(name)
