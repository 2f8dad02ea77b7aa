"""Files that are there whole, or not at all: a reader never sees half of one, nor does a crash leave one."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from data_contracts.errors import StorageError


def write_whole(
    path: Path, write: Callable[[Path], object], *, remedy: str = "Maak ruimte, of geef schrijfrechten op die map."
) -> None:
    """Let `write` write to a temporary name beside `path`, force it to the disk and move it, in place of an earlier one.

    Parameters
    ----------
    remedy
        What a user can do where it cannot be written, in Dutch.

    Raises
    ------
    StorageError
        The folder cannot be made or written.
    """
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.touch(mode=0o600)  # what is written here is of pupils more often than not
            write(fresh)
            with fresh.open("rb+") as file:
                os.fsync(file.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        detail = f"{path} is niet te schrijven: {error.strerror or error}"
        raise StorageError(detail, remedy=remedy) from None


def write_text(path: Path, text: str) -> None:
    """Write `text` as `write_whole` does."""
    write_whole(path, lambda fresh: fresh.write_text(text, encoding="utf-8"))


def create_secret(path: Path, content: bytes) -> bool:
    """Write a file that only its owner can read, where there is none yet; of two processes at once, one wins.

    Returns
    -------
    bool
        False where there was one already; that one stays.

    Raises
    ------
    OSError
        The folder cannot be made or written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.link(fresh, path)  # fails where the file exists, and never shows half a secret
    except FileExistsError:
        return False
    finally:
        fresh.unlink(missing_ok=True)
    return True
