"""One import a school at a time. The lock dies with its process, so a crash leaves nothing to clean up."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from data_contracts.errors import StorageError
from pipelines.home import Home

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(home: Home, school: str, *, busy: str = "") -> Iterator[None]:
    """Hold the lock of `school` while the block runs; `busy` is what is said where another holds it.

    Raises
    ------
    StorageError
        Another import of this school is running, or the lock cannot be made.
    """
    path = home.root / "locks" / f"{school}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        detail = f"{path} is niet te maken: {error.strerror}"
        raise StorageError(detail, remedy="Geef deze gebruiker schrijfrecht op die map.") from None
    with file:
        try:
            _take(file)
        except OSError:
            detail = busy or f"er loopt al een import van school {school}"
            raise StorageError(detail, remedy="Wacht tot die klaar is en probeer het opnieuw.") from None
        yield
