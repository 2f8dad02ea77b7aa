"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

Say = Callable[[str, int, int], None]
QUIET_SECONDS = 5.0


@contextmanager
def progress(title: str) -> Iterator[Say]:
    """Give a function to call with (what, how far, of how much); it writes to standard error.

    Parameters
    ----------
    title
        What is being done.
    """
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    columns = (
        TextColumn("{task.fields[title]}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", title=title, total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


def _lines(title: str) -> Say:
    """Return plain lines, at most one every few seconds, and always the first and the last."""
    told = 0.0
    begun = time.monotonic()

    def say(what: str, done: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        if told and now - told < QUIET_SECONDS and done < total:
            return
        told = now
        sys.stderr.write(f"{title}: {done}/{total} {what} ({now - begun:.0f} s)\n")
        sys.stderr.flush()

    return say
