"""Where Aanwezig keeps its state: one directory, and one database."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Home:
    """The directory that holds everything Aanwezig knows, and the service's database.

    Parameters
    ----------
    root
        The directory (`AANWEZIG_HOME`, or else ``./var``). It need not exist yet.
    database_url
        SQLAlchemy address of the service's database (`AANWEZIG_DATABASE_URL`).
    """

    root: Path
    database_url: str

    @classmethod
    def at(cls, root: Path, *, database_url: str = "") -> Self:
        """Return the home at `root`, with its own SQLite database unless another is given."""
        resolved = root.expanduser().resolve()
        return cls(resolved, database_url or f"sqlite:///{resolved.as_posix()}/service.db")

    @classmethod
    def from_environment(cls) -> Self:
        """Return the home that the environment names; an empty variable counts as unset."""
        return cls.at(
            Path(os.environ.get("AANWEZIG_HOME") or "var"),
            database_url=os.environ.get("AANWEZIG_DATABASE_URL") or "",
        )

    @property
    def lake(self) -> Path:
        """Accepted deliveries as immutable Parquet files, and their reports."""
        return self.root / "lake"

    @property
    def keys(self) -> Path:
        """The two keys: of the pseudonyms and of the names."""
        return self.root / "keys"

    @property
    def schools(self) -> Path:
        """One settings file per school, ``<school>.toml``."""
        return self.root / "schools"

    @property
    def kept(self) -> Path:
        """What was counted of the weeks that are over; can be deleted at any time."""
        return self.root / "kept"

    @property
    def reports(self) -> Path:
        """Reports that belong to no stored data: refused deliveries, model reports."""
        return self.root / "reports"

    @property
    def scorecards(self) -> Path:
        """Published scorecards (JSON)."""
        return self.root / "scorecards"

    @property
    def mlflow_uri(self) -> str:
        """Address of MLflow's own SQLite database."""
        return f"sqlite:///{self.root.as_posix()}/mlflow.db"

    @property
    def artifacts(self) -> Path:
        """Files that belong to MLflow runs."""
        return self.root / "artifacts"
