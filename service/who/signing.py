"""The key that signs our own tokens, as files: ``current.pem`` signs, and every other one beside it is still known.

To change keys, rename ``current.pem``: the next token is signed with a new one, and tokens that were given before hold until
they end. Nothing needs a restart.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from data_contracts.errors import StorageError
from data_contracts.files import create_secret

CURVE = "P-256"
CURRENT = "current.pem"


@dataclass(frozen=True)
class KeyRing:
    """The keys of one moment.

    Parameters
    ----------
    moment
        When their folder was last changed, in nanoseconds.
    current
        Signs.
    public
        What tokens may have been signed with.
    """

    moment: int
    current: ECKey
    public: KeySet

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Read the keys in `folder`; the first is made where there is none."""
        if not (folder / CURRENT).exists():
            create_secret(folder / CURRENT, ECKey.generate_key(CURVE).as_pem(private=True))
        moment = folder.stat().st_mtime_ns
        keys = {path.name: ECKey.import_key(path.read_bytes()) for path in sorted(folder.glob("[!.]*.pem"))}
        public = [ECKey.import_key(key.as_dict(private=False, use="sig", alg="ES256")) for key in keys.values()]
        current = keys[CURRENT]
        current.ensure_kid()
        return cls(moment, current, KeySet(list(public)))


class SigningKeys:
    """The keys in a folder, read again when the folder changes.

    Parameters
    ----------
    folder
        Where they are; made at the first use.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._ring: KeyRing | None = None

    def ring(self) -> KeyRing:
        """Return the keys as they are now.

        Raises
        ------
        StorageError
            A key cannot be read or made.
        """
        with self._lock:
            try:
                if self._ring is None or self.folder.stat().st_mtime_ns != self._ring.moment:
                    self._ring = KeyRing.of(self.folder)
            except (OSError, JoseError, ValueError) as error:
                detail = f"de sleutels in {self.folder} zijn niet te lezen of te maken ({type(error).__name__})."
                raise StorageError(detail, remedy="Geef deze gebruiker lees- en schrijfrecht op die map.") from None
            return self._ring
