"""The batch as a process of its own beside the web service: started anew where it dies, ended with the service."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread

from data_contracts.errors import StorageError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5
"""How often what came in is looked for; a person is waiting at the page."""

AGAIN_SECONDS = 5.0
ELSEWHERE_SECONDS = 30.0
"""After how long one that died is started anew, and one that found the work taken by another process."""

SHORT_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 300.0
"""One that lived no longer than this is waited with twice as long as the time before, up to five minutes: what is wrong
with the disk or the settings is not mended by trying, and each try costs a processor a few seconds.
"""

SIGN_SECONDS = 5
END_SECONDS = 20
"""In which it ends when it is asked to; a table that is being written is not waited for longer."""

COMMAND = (sys.executable, "-c", "from pipelines.cli import main; main()", "inbox")


@contextmanager
def beside() -> Iterator[None]:
    """Have the batch run as long as the block does."""
    stop = Event()
    # As it is now: what the service says to itself afterwards is not for the batch.
    thread = Thread(target=_keep_running, args=(stop, dict(os.environ)), name="batch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(END_SECONDS + AGAIN_SECONDS)


def _keep_running(stop: Event, environment: Mapping[str, str]) -> None:
    arguments = ("--watch", str(LOOK_SECONDS), "--weekly", "--with", str(os.getpid()))
    pause = AGAIN_SECONDS
    while not stop.is_set():
        begun = time.monotonic()
        try:
            child = subprocess.Popen((*COMMAND, *arguments), env=environment)  # noqa: S603 - our own command, with figures of ours
        except OSError:  # no memory or no process left just now: this thread must not end over that
            logger.exception("the batch could not be started")
            stop.wait(ELSEWHERE_SECONDS)
            continue
        while child.poll() is None and not stop.wait(0.2):
            pass
        if child.poll() is None:
            _end(child)
        if child.returncode == StorageError.exit_code:
            stop.wait(ELSEWHERE_SECONDS)
            continue
        stop.wait(pause)
        pause = next_pause(pause, lived=time.monotonic() - begun)


def next_pause(pause: float, *, lived: float) -> float:
    """Return after how many seconds the next one is started that dies, after one that `lived` so long, pause included."""
    return min(2 * pause, LONGEST_PAUSE_SECONDS) if lived - pause < SHORT_SECONDS else AGAIN_SECONDS


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@contextmanager
def attending(give_sign: Callable[[], None], *, parent: int | None) -> Iterator[None]:
    """Give a sign of life every few seconds, also during a long import, and end in order when asked to.

    A file that is being read when somebody stops this process must not count as one that killed it. A service that is
    killed cannot end its batch: the batch then sees that it was handed to another process than `parent`.
    """
    over = Event()

    def sign() -> None:
        while not over.is_set():
            give_sign()
            for _ in range(SIGN_SECONDS):
                if parent is not None and os.getppid() != parent:
                    os.kill(os.getpid(), signal.SIGTERM)
                if over.wait(1):
                    return

    def stop(_signal: int, _frame: object) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, stop)
    Thread(target=sign, name="sign of life", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        signal.signal(signal.SIGTERM, before)
