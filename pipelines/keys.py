"""The two secrets of an installation: one turns pupil numbers into pseudonyms, one seals names.

Pupil numbers are few and easy to guess, so a plain hash could be undone by trying them all; with a
key it cannot. The key never leaves this directory. Whoever loses it can no longer tell which new
row belongs to which stored pupil, so it is made once, and only while nothing is stored yet.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

import polars as pl
from cryptography.fernet import Fernet, InvalidToken

from data_contracts.errors import StorageError
from data_contracts.files import create_secret
from pipelines.home import Home

PSEUDONYM_CHARACTERS = 26
"""Base32 characters of a pseudonym: 26 x 5 = 130 bits, so that two pupils never share one by chance."""

KEY_BYTES = 32


@dataclass(frozen=True)
class Keys:
    """The keys of one installation. Make them with `Keys.of`.

    Parameters
    ----------
    pseudonym_key
        32 bytes; keys the HMAC that makes pseudonyms.
    names_key
        32 bytes; encrypts names.
    """

    pseudonym_key: bytes = field(repr=False)
    names_key: bytes = field(repr=False)

    @classmethod
    def of(cls, home: Home) -> Self:
        """Load the keys of `home`; make them when it stores nothing yet.

        Raises
        ------
        StorageError
            A key cannot be read or written, is damaged, or is gone while data is stored.
        """
        stored = any((home.lake / "reports").glob("*/*.json"))
        try:
            return cls(
                _load(home.keys / "pseudonyms.key", may_create=not stored),
                _load(home.keys / "names.key", may_create=not stored),
            )
        except OSError as error:
            detail = f"de sleutels in {home.keys} zijn niet te lezen of te maken: {error.strerror}"
            raise StorageError(detail, remedy="Geef deze gebruiker lees- en schrijfrecht op die map.") from None

    def pseudonyms(self, numbers: pl.Series, scope: str) -> pl.Series:
        """Turn pupil numbers into pseudonyms.

        Parameters
        ----------
        numbers
            The school's own numbers, as text. White space around a number is no part of it.
        scope
            Within which body a number is unique: a school, or the name several schools share.

        Returns
        -------
        polars.Series
            Text, as long as `numbers`; empty where the number is empty.
        """
        clean = numbers.cast(pl.String).str.strip_chars()
        distinct = clean.filter(clean != "").unique()
        made = pl.Series([self._pseudonym(number, scope) for number in distinct], dtype=pl.String)
        return clean.replace_strict(distinct, made, default=None, return_dtype=pl.String).alias("pupil")

    def seal(self, text: str) -> str:
        """Encrypt `text`; the same text gives another result each time."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """Decrypt what `seal` made.

        Raises
        ------
        StorageError
            It was sealed with another key, or it is damaged.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            detail = "een opgeslagen naam is met een andere sleutel versleuteld, of beschadigd"
            raise StorageError(detail, remedy="Zet het bestand names.key terug uit de reservekopie.") from None

    @cached_property
    def _made(self) -> dict[tuple[str, str], str]:
        """Pseudonyms made before: each file of a school names the same pupils."""
        return {}

    @cached_property
    def _fernet(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self.names_key))

    def _pseudonym(self, number: str, scope: str) -> str:
        if (scope, number) not in self._made:
            digest = hmac.digest(self.pseudonym_key, f"{scope}\0{number}".encode(), "sha256")
            text = base64.b32encode(digest)[:PSEUDONYM_CHARACTERS].decode("ascii").lower()
            self._made[scope, number] = f"p{text}"
        return self._made[scope, number]


def _load(path: Path, *, may_create: bool) -> bytes:
    if not path.exists():
        if not may_create:
            detail = f"de sleutel {path} ontbreekt, terwijl er al gegevens met die sleutel zijn opgeslagen"
            raise StorageError(detail, remedy="Zet het bestand terug uit de reservekopie. Maak geen nieuwe sleutel.")
        create_secret(path, secrets.token_bytes(KEY_BYTES))
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        detail = f"de sleutel {path} is beschadigd: {len(key)} bytes in plaats van {KEY_BYTES}"
        raise StorageError(detail, remedy="Zet het bestand terug uit de reservekopie.")
    return key
