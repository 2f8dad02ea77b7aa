"""Synthetic group attributes, to try the audit of groups on: apart from the exports, like a data team would bring them.

Track and age come from the simulation, where they matter somewhat for illness and truancy. Gender is drawn by lot and
matters for nothing: an audit that finds a difference between boys and girls here has found chance.
"""

from pathlib import Path

import numpy as np
import polars as pl

from data_contracts.identifiers import Sector

FILE = "groups.csv"
GENDERS = ("jongen", "meisje")
TRACKS = ("vmbo", "havo", "vwo")
"""Words for the tracks of secondary, see `roster.LAST_LEVEL`."""
YOUNGEST = {Sector.PO: 4, Sector.VO: 12}
"""Age in the first year."""


def write_groups(target: Path, truth: dict[str, pl.DataFrame], *, seed: int) -> pl.DataFrame:
    """Write `FILE` below `target`: ``school, pupil, geslacht, leeftijd, opleiding``. Return it.

    Parameters
    ----------
    truth
        See `pipelines.simulate.truth`; the tables ``pupils`` and ``pupil_years``.
    seed
        The same seed and truth give the same file; the draw is apart from everything else.
    """
    persons = truth["pupils"].select("sector", "person").unique().sort("sector", "person")
    drawn = np.random.default_rng([seed, len(persons)]).integers(0, len(GENDERS), len(persons))
    persons = persons.with_columns(geslacht=pl.Series([GENDERS[number] for number in drawn], dtype=pl.String))
    latest = truth["pupil_years"].sort("year").unique(["school", "pupil_number"], keep="last", maintain_order=True)
    youngest = pl.col("sector").replace_strict({sector.value: age for sector, age in YOUNGEST.items()})
    tracks = pl.col("track").replace_strict(dict(enumerate(TRACKS)), return_dtype=pl.String)
    frame = (
        truth["pupils"]
        .join(persons, on=["sector", "person"])
        .join(latest.select("school", "pupil_number", "level", "track"), on=["school", "pupil_number"], how="left")
        .select(
            "school",
            pl.col("pupil_number").alias("pupil"),
            "geslacht",
            leeftijd=youngest + pl.col("level").cast(pl.Int64) - 1,
            opleiding=pl.when(pl.col("sector") == Sector.VO.value).then(tracks).otherwise(pl.lit("basisschool")),
        )
        .sort("school", "pupil")
    )
    frame.write_csv(target / FILE, separator=";")
    return frame
