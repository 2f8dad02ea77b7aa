"""The catalogue of features: one entry a feature, read from ``catalogue.toml``."""

import hashlib
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

Direction = Literal[-1, 0, 1]


@dataclass(frozen=True)
class Feature:
    """One feature.

    Parameters
    ----------
    name, label
        Name in code; Dutch label on the page.
    of
        How it is counted, see `features.build`.
    measure, per
        What is counted; what it is divided by or compared with, where it has one.
    window
        ``1w`` to ``12w`` (school weeks), ``year`` or ``last_year``.
    unit
        Unit of the value.
    direction
        1: more may only raise the score; -1: only lower it; 0: the data decide.
    theme
        Features of one theme are told in one sentence.
    meaning
        What exactly is counted, in English, for docs/features.md.
    sentence
        Template in plain Dutch, see `models.explain` for its fields.
    missing
        What is said where the value is not known; empty: only that it is not.
    source
        Where the idea comes from; empty where it is ours.
    """

    name: str
    label: str
    of: str
    window: str
    unit: str
    direction: Direction
    theme: str
    meaning: str
    sentence: str
    measure: str = ""
    per: str = ""
    source: str = ""
    missing: str = ""


_TEXT = files("features").joinpath("catalogue.toml").read_text(encoding="utf-8")

CATALOGUE: tuple[Feature, ...] = tuple(Feature(**entry) for entry in tomllib.loads(_TEXT)["feature"])
"""All features, in the order in which a matrix has them."""

NAMES: tuple[str, ...] = tuple(feature.name for feature in CATALOGUE)

CATALOGUE_VERSION = hashlib.sha256(_TEXT.encode()).hexdigest()[:12]
"""Changes whenever anything in the catalogue does."""


_BY_NAME = {entry.name: entry for entry in CATALOGUE}


def feature(name: str) -> Feature:
    """Return the feature called `name`; KeyError if there is none."""
    return _BY_NAME[name]
