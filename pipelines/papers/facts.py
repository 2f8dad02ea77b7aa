"""Everything the papers of one model say, gathered in one place, so that no two papers can differ."""

import os
import platform
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from typing import Literal

from data_contracts.school import SchoolSettings
from features.catalogue import CATALOGUE_VERSION
from models.audit import Audit
from models.cards import importance, is_flat
from models.figures import Difference, Evaluation, RankingFigures
from models.scorecard import Scorecard, Shape
from models.serving import decisions
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.papers.organisation import Organisation, read_organisation
from pipelines.trained import Trained, trained

SIMULATED = ("99XA", "99PA")
"""Beginnings of the invented school numbers of `pipelines.simulate.region`."""
LIBRARIES = ("aanwezig", "scikit-learn", "numpy", "polars", "narwhals", "pydantic", "fairlearn", "mlflow")


@dataclass(frozen=True)
class Facts:
    """One model, and what is known about it.

    Parameters
    ----------
    model
        Scorecard, backtest, evaluation and audit, as they are kept.
    schools
        Settings of the installation's schools.
    organisation
        What the organisation filled in.
    signed
        Who took it into use, and when; None where it is not in use.
    made_at
        When the papers were made (UTC).
    """

    model: Trained
    schools: tuple[SchoolSettings, ...]
    organisation: Organisation
    signed: tuple[str, datetime] | None
    made_at: datetime

    @property
    def card(self) -> Scorecard:
        """The scorecard."""
        return self.model.card

    @cached_property
    def evaluation(self) -> Evaluation | None:
        """What looking back found; None where that was not possible."""
        return self.model.evaluation

    @cached_property
    def audit(self) -> Audit | None:
        """Figures per group; None where no audit was made."""
        return self.model.audit

    @property
    def ground(self) -> Literal["synthetic", "foreign", "schools"]:
        """Whose data it learned from: invented pupils, data from elsewhere, or the schools' own."""
        names = [one.school for one in self.schools]
        if any(name.startswith(SIMULATED) for name in names):
            return "synthetic"
        return "foreign" if any(name.isdigit() for name in names) else "schools"

    @cached_property
    def sectors(self) -> dict[str, int]:
        """Number of schools per sector."""
        return dict(sorted(Counter(one.sector.value for one in self.schools).items()))

    @cached_property
    def weights(self) -> tuple[tuple[Shape, float], ...]:
        """Shapes that do something, with their mean absolute contribution (log-odds), most first."""
        return tuple((shape, size) for shape, size in importance(self.card) if not is_flat(shape))

    @property
    def unused(self) -> tuple[Shape, ...]:
        """Shapes that do nothing in this model."""
        return tuple(shape for shape in self.card.shapes if is_flat(shape))

    @property
    def ours(self) -> RankingFigures | None:
        """Figures of the scorecard, pooled."""
        return self._ranking("model")

    @property
    def rule(self) -> RankingFigures | None:
        """Figures of the rules that found most, pooled."""
        rankings = () if self.evaluation is None else self.evaluation.pooled.rankings
        rules = [one for one in rankings if one.kind == "rules"]
        return max(rules, key=lambda one: one.found.value or 0.0, default=None)

    @property
    def difference(self) -> Difference | None:
        """What the scorecard found more than those rules."""
        if self.evaluation is None or self.rule is None:
            return None
        return next((one for one in self.evaluation.differences if one.name == self.rule.name), None)

    @property
    def catalogue_is_current(self) -> bool:
        """Whether the features are still counted as when it learned."""
        return self.card.catalogue_version == CATALOGUE_VERSION

    @property
    def sources(self) -> tuple[str, ...]:
        """Formats of the schools' exports."""
        return tuple(sorted({one.source for one in self.schools}))

    @property
    def directed(self) -> int:
        """Number of features that may move the score one way only."""
        return sum(shape.direction != 0 for shape in self.card.shapes)

    @property
    def python(self) -> str:
        """Version of Python."""
        return platform.python_version()

    @property
    def cores(self) -> int:
        """Processors of this machine."""
        return os.cpu_count() or 1

    @property
    def libraries(self) -> dict[str, str]:
        """Versions of what it was made with, as installed now."""
        return {name: version(name) for name in LIBRARIES}

    def _ranking(self, kind: str) -> RankingFigures | None:
        rankings = () if self.evaluation is None else self.evaluation.pooled.rankings
        return next((one for one in rankings if one.kind == kind), None)


def gather(home: Home, *, scorecard_version: str | None) -> Facts:
    """Gather what is known of a model; without a version, of the one trained last.

    Raises
    ------
    NotFoundError
        Nothing was trained yet.
    ModelError, StorageError, SettingsError
        Something that is kept cannot be read.
    """
    model = trained(home, scorecard_version)
    signed = None
    if model.serves:
        taken = [one for one in decisions(home.scorecards) if one.version == model.card.version]
        promoted = [one for one in taken if one.what == "promoted"]
        signed = (promoted[-1].by, promoted[-1].at) if promoted else None
    return Facts(
        model=model,
        schools=tuple(Lake(home).all_settings().values()),
        organisation=read_organisation(home.root),
        signed=signed,
        made_at=datetime.now(UTC),
    )
