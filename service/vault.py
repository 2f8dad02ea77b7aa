"""Opens sealed names, for those who may see them. The key lives beside the database, never in it."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.fernet import Fernet, InvalidToken

from data_contracts.errors import StorageError

KEY_BYTES = 32
KEY_FILE = Path("keys") / "names.key"
UNREADABLE = "niet leesbaar"


@dataclass(frozen=True)
class Vault:
    """The key to the names, or the lack of it.

    Parameters
    ----------
    fernet
        None where this installation has no key; then no name is shown at all.
    """

    fernet: Fernet | None

    @classmethod
    def at(cls, home: Path) -> Self:
        """Read the key under `home`, as 32 bytes or as Fernet's own text; without a usable key nothing is opened."""
        try:
            key = (home / KEY_FILE).read_bytes()
            return cls(Fernet(base64.urlsafe_b64encode(key) if len(key) == KEY_BYTES else key.strip()))
        except (OSError, ValueError):
            return cls(None)

    def name(self, sealed: str) -> str | None:
        """Return the full name; None without a key, a plain word where the seal does not fit the key."""
        if self.fernet is None:
            return None
        try:
            given, _, family = self.fernet.decrypt(sealed.encode()).decode().partition("\t")
        except (InvalidToken, UnicodeDecodeError):
            return UNREADABLE
        return f"{given} {family}".strip()

    def seal(self, text: str) -> str:
        """Seal what somebody wrote about a pupil.

        Raises
        ------
        StorageError
            There is no key, and open text about a pupil is not stored.
        """
        if self.fernet is None:
            detail = "Zonder de sleutel van de namen kan een notitie niet veilig worden bewaard."
            remedy = "Meld het uw beheerder: de sleutel van de namen ontbreekt op de server."
            raise StorageError(detail, remedy=remedy, is_inside=False)
        return self.fernet.encrypt(text.encode()).decode("ascii")

    def text(self, sealed: str | None) -> str | None:
        """Return what `seal` sealed; None where there is nothing, or no key."""
        if sealed is None or self.fernet is None:
            return None
        try:
            return self.fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeDecodeError):
            return UNREADABLE
