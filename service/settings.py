"""How this installation is set up, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from data_contracts.errors import SettingsError

DEFAULT_HOME = "var"
DEFAULT_SESSION_HOURS = 10


class Mode(StrEnum):
    """Demo has a cast to sign in as and simulated pupils; production has neither."""

    DEMO = "demo"
    PRODUCTION = "production"


@dataclass(frozen=True)
class Settings:
    """Settings of one installation.

    Parameters
    ----------
    mode
        Where nothing is said it is production: forgetting a setting may never open the demo door.
    home
        Folder with the keys and, by default, the database.
    database_url
        SQLAlchemy URL: ``sqlite:///...`` or ``postgresql://...``.
    session_hours
        Hours after which a sign-in ends, whatever happened in between.
    """

    mode: Mode
    home: Path
    database_url: str
    session_hours: int = DEFAULT_SESSION_HOURS

    @property
    def is_demo(self) -> bool:
        """Whether the demo cast may exist here."""
        return self.mode is Mode.DEMO

    @property
    def cookie(self) -> str:
        """Name of the session cookie. ``__Host-`` makes the browser itself insist on Secure, path / and this host."""
        return "aanwezig" if self.is_demo else "__Host-aanwezig"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read ``AANWEZIG_MODE``, ``AANWEZIG_HOME`` and ``AANWEZIG_DATABASE_URL``.

        Raises
        ------
        SettingsError
            The mode is not a mode.
        """
        values = os.environ if environment is None else environment
        mode = values.get("AANWEZIG_MODE", Mode.PRODUCTION).strip().lower()
        if mode not in set(Mode):
            detail = f"AANWEZIG_MODE is {mode!r}, en dat is geen bekende stand."
            raise SettingsError(detail, remedy=f"Kies een van: {', '.join(Mode)}.")
        home = Path(values.get("AANWEZIG_HOME") or DEFAULT_HOME).expanduser().resolve()
        url = values.get("AANWEZIG_DATABASE_URL") or f"sqlite:///{home / 'service.db'}"
        return cls(mode=Mode(mode), home=home, database_url=url)
