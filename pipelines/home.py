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
    mlflow_url
        Where trainings are recorded: a database or a tracking server (`AANWEZIG_MLFLOW_URL`); empty: in `root`.
    """

    root: Path
    database_url: str
    mlflow_url: str = ""

    @classmethod
    def at(cls, root: Path, *, database_url: str = "", mlflow_url: str = "") -> Self:
        """Return the home at `root`, with its own SQLite databases unless others are given."""
        resolved = root.expanduser().resolve()
        return cls(resolved, database_url or f"sqlite:///{resolved.as_posix()}/service.db", mlflow_url)

    @classmethod
    def from_environment(cls) -> Self:
        """Return the home that the environment names; an empty variable counts as unset."""
        return cls.at(
            Path(os.environ.get("AANWEZIG_HOME") or "var"),
            database_url=os.environ.get("AANWEZIG_DATABASE_URL") or "",
            mlflow_url=os.environ.get("AANWEZIG_MLFLOW_URL") or "",
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
        """Scorecards (JSON), and the decisions about which of them serves."""
        return self.root / "scorecards"

    @property
    def mlflow_uri(self) -> str:
        """Address of MLflow: a database or a tracking server."""
        return self.mlflow_url or f"sqlite:///{self.root.as_posix()}/mlflow.db"

    def papers(self, version: str) -> Path:
        """Return the folder of what belongs to one scorecard: its backtest, figures, audit and model cards."""
        return self.reports / version

    @property
    def artifacts(self) -> Path:
        """Files that belong to MLflow runs."""
        return self.root / "artifacts"
