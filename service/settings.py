"""How this installation is set up, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from data_contracts.errors import SettingsError
from service.who.lifetimes import LIFETIMES

DEFAULT_HOME = "var"
DEMO_URL = "http://127.0.0.1:8000"


class Mode(StrEnum):
    """Demo has a cast to sign in as and simulated pupils; production has neither."""

    DEMO = "demo"
    PRODUCTION = "production"


@dataclass(frozen=True)
class Settings:
    """Settings of one installation. `service.safe` says which of them may not go together.

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
    public_url
        Where people and programs reach this service; the name of our own issuer of tokens.
    oidc_issuer, oidc_client_id
        The provider at which people sign in, and how it knows us; empty: nobody can.
    oidc_secret_file, oidc_key_file
        What we show that provider: a secret, or the private key (PEM) that signs instead of it.
    token_issuer, token_audience
        The outside issuer of programs' tokens, and how it calls us; empty: we issue them ourselves.
    metrics_token_file
        Where the secret stands with which figures about the service may be asked; left out: only from this machine.
    """

    mode: Mode
    home: Path
    database_url: str
    session_hours: int = LIFETIMES.session_hours
    public_url: str = DEMO_URL
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_secret_file: Path | None = None
    oidc_key_file: Path | None = None
    token_issuer: str = ""
    token_audience: str = ""
    metrics_token_file: Path | None = None

    @property
    def is_demo(self) -> bool:
        """Whether the demo cast may exist here."""
        return self.mode is Mode.DEMO

    @property
    def cookie(self) -> str:
        """Name of the session cookie. ``__Host-`` makes the browser itself insist on Secure, path / and this host."""
        return "aanwezig" if self.is_demo else "__Host-aanwezig"

    @property
    def issues_tokens(self) -> bool:
        """Whether programs get their tokens here; not where an outside issuer gives them."""
        return not self.token_issuer

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the ``AANWEZIG_`` variables; an empty one counts as unset.

        Raises
        ------
        SettingsError
            The mode is not a mode.
        """
        said = {
            name.removeprefix("AANWEZIG_").lower(): value.strip()
            for name, value in (os.environ if environment is None else environment).items()
            if name.startswith("AANWEZIG_") and value.strip()
        }
        mode = said.get("mode", Mode.PRODUCTION).lower()
        if mode not in set(Mode):
            detail = f"AANWEZIG_MODE is {mode!r}, en dat is geen bekende stand."
            raise SettingsError(detail, remedy=f"Kies een van: {', '.join(Mode)}.")
        home = Path(said.get("home", DEFAULT_HOME)).expanduser().resolve()

        def file(name: str) -> Path | None:
            return Path(said[name]).expanduser() if name in said else None

        return cls(
            mode=Mode(mode),
            home=home,
            database_url=said.get("database_url", f"sqlite:///{home / 'service.db'}"),
            public_url=said.get("public_url", DEMO_URL if mode == Mode.DEMO else "").rstrip("/"),
            oidc_issuer=said.get("oidc_issuer", ""),
            oidc_client_id=said.get("oidc_client_id", ""),
            oidc_secret_file=file("oidc_client_secret_file"),
            oidc_key_file=file("oidc_client_key_file"),
            token_issuer=said.get("token_issuer", ""),
            token_audience=said.get("token_audience", ""),
            metrics_token_file=file("metrics_token_file"),
        )
