"""How long a sign-in, a token and an attempt hold, and how long we wait for others; read once from TOML."""

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True)
class Lifetimes:
    """The figures of ``lifetimes.toml``, where each stands with its reason."""

    session_hours: int
    token_minutes: int
    assertion_minutes: int
    attempt_minutes: int
    skew_seconds: int
    refetch_seconds: int
    keep_minutes: int
    answer_seconds: int
    answer_bytes: int

    @property
    def token(self) -> timedelta:
        """How long a token of our own issuer holds."""
        return timedelta(minutes=self.token_minutes)

    @property
    def assertion(self) -> timedelta:
        """How far ahead a client's assertion may end."""
        return timedelta(minutes=self.assertion_minutes)

    @property
    def attempt(self) -> timedelta:
        """How long an attempt to sign in elsewhere stays open."""
        return timedelta(minutes=self.attempt_minutes)

    @property
    def skew(self) -> timedelta:
        """How much the clocks of others may differ from ours."""
        return timedelta(seconds=self.skew_seconds)


LIFETIMES = Lifetimes(**tomllib.loads(Path(__file__).with_suffix(".toml").read_text()))
