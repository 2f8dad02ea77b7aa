"""Whether the Leerplichtwet may not apply to a pupil, as far as that shows without an age; ``compulsory.toml`` says of whom."""

import tomllib
from functools import cache
from importlib.resources import files

from data_contracts.frozen import Frozen


class _Unsure(Frozen):
    sectors: frozenset[str]
    year_groups: frozenset[str]


@cache
def _unsure() -> _Unsure:
    found = tomllib.loads(files("data_contracts").joinpath("compulsory.toml").read_text(encoding="utf-8"))
    return _Unsure.model_validate(found)


def may_not_apply(sector: str, year_group: str | None) -> bool:
    """Whether a pupil of this `sector` and `year_group` (OSO jaargroep) may well be too young or too old for it."""
    return sector in _unsure().sectors or year_group in _unsure().year_groups
