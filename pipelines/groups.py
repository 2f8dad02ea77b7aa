"""Group attributes of pupils, for the audit only: read from a file of their own, pseudonymised in memory, never stored.

Gender, age, sector, track, and whatever a data team supplies: one row a pupil, with ``school``, ``pupil`` (the number as
in the school's exports, or the pseudonym where that is all one has) and a column for each attribute. Nothing that trains or scores imports this module.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from data_contracts.errors import RefusedDeliveryError
from data_contracts.identifiers import PUPIL_PATTERN
from data_contracts.quality import Severity
from features.calendar import local_date
from models.fairness import Attribute
from pipelines.home import Home
from pipelines.keys import Keys
from pipelines.lake import Lake, as_known
from pipelines.sources.files import column_names, read_sheet
from pipelines.sources.readings import Intake
from pipelines.sources.sheet import Layout, Sheet, normal

SCHOOL, PUPIL = "school", "pupil"
MOST_ATTRIBUTES = 20
MOST_VALUES = 40
"""Distinct values of an attribute; a column with more holds numbers, dates or names, not groups."""
SECTOR, YEAR_GROUP = "sector", "leerjaar"
_REMEDY = "Lever één regel per leerling, met de kolommen school, pupil (leerlingnummer) en een kolom per kenmerk."
_SECONDARY = 10  # OSO: 11-16 are years 1-6 of secondary


@dataclass(frozen=True)
class Groups:
    """What a file of groups says.

    Parameters
    ----------
    frame
        ``school, pupil`` (a pseudonym) and one text column an attribute (null: empty cell).
    names
        Names of the attributes, as written.
    elsewhere
        Schools in the file that this installation does not have; their rows are left out.
    """

    frame: pl.DataFrame
    names: tuple[str, ...]
    elsewhere: tuple[str, ...]


def read_groups(home: Home, path: Path) -> Groups:
    """Read a CSV or Excel file of group attributes.

    Raises
    ------
    NotFoundError
        There is no such file.
    RefusedDeliveryError
        A needed column is missing, a cell is empty where it may not be, a pupil has two different values, or a column
        has so many values that it holds no groups.
    """
    sheet, names = _sheet(path)
    school = sheet.text(SCHOOL, required=True).str.to_uppercase()
    sheet.text(PUPIL, required=True)
    wrong = [finding for finding in sheet.findings if finding.severity is Severity.ERROR]
    if wrong:
        detail = f"{path.name}, regel {wrong[0].row}: {wrong[0].message} ({len(wrong)} keer iets mis)"
        raise RefusedDeliveryError(detail, remedy=_REMEDY)
    cells = sheet.cells.with_columns(school.alias(SCHOOL))
    lake, keys = Lake(home), Keys.of(home)
    own = lake.all_settings()
    parts = []
    for key, rows in cells.partition_by(SCHOOL, as_dict=True).items():
        name = str(key[0])
        if name in own:
            made = keys.pseudonyms(rows[PUPIL], Intake(name, own[name], keys).scope)
            is_made = pl.col(PUPIL).str.contains(PUPIL_PATTERN)
            parts.append(rows.with_columns(pl.when(is_made).then(PUPIL).otherwise(made).alias(PUPIL)))
    frame = (pl.concat(parts) if parts else cells.clear()).select(SCHOOL, PUPIL, *names).unique()
    _refuse_doubt(frame, names, file=path.name)
    elsewhere = sorted(set(cells[SCHOOL]) - set(own))
    return Groups(frame=frame, names=names, elsewhere=tuple(elsewhere))


def _sheet(path: Path) -> tuple[Sheet, tuple[str, ...]]:
    """Read all columns, each of which must be an attribute or say who it is about."""
    needed = (SCHOOL, PUPIL)
    found = [name.strip() for name in column_names(path, Layout(needed=needed)) if name.strip()]
    names = tuple(name for name in found if normal(name) not in needed)
    if not names or len(names) > MOST_ATTRIBUTES:
        detail = f"{path.name}: {len(names)} kolommen met een kenmerk; het mogen er 1 tot {MOST_ATTRIBUTES} zijn"
        raise RefusedDeliveryError(detail, remedy=_REMEDY)
    return read_sheet(path, Layout(needed=needed, optional=names, pupil=PUPIL)), names


def _refuse_doubt(frame: pl.DataFrame, names: tuple[str, ...], *, file: str) -> None:
    twice = frame.height - frame.select(SCHOOL, PUPIL).n_unique()
    if twice:
        detail = f"{file}: {twice} keer staat een leerling er nog eens in, met een ander kenmerk"
        raise RefusedDeliveryError(detail, remedy=_REMEDY)
    for name in names:
        values = frame[name].n_unique()
        if values > MOST_VALUES:
            detail = f"{file}: kolom '{name}' heeft {values} verschillende waarden; dat zijn geen groepen"
            remedy = f"Deel de waarden in klassen in (hoogstens {MOST_VALUES}), of laat de kolom weg."
            raise RefusedDeliveryError(detail, remedy=remedy)


def with_groups(
    home: Home, frame: pl.DataFrame, supplied: Groups | None, *, moment: datetime
) -> tuple[pl.DataFrame, tuple[Attribute, ...]]:
    """Add to a backtest frame what is supplied, and what follows from settings and enrolments: sector and year group.

    Parameters
    ----------
    frame
        At least ``school, pupil, origin``.
    supplied
        From `read_groups`; its columns win from stored ones of the same name.
    moment
        Moment (UTC) up to which enrolments may be known.

    Returns
    -------
    tuple
        The keys, what an audit needs, and a column an attribute; and the attributes, without those that are one and the
        same for everybody.
    """
    needed = ["school", "pupil", "origin", "already", "outcome", "log_odds", "probability", "rules"]
    names = () if supplied is None else supplied.names
    found = frame.select(needed)
    if supplied is not None:
        found = found.join(supplied.frame, on=[SCHOOL, PUPIL], how="left")
    stored = [name for name in (SECTOR, YEAR_GROUP) if normal(name) not in map(normal, names)]
    if SECTOR in stored:
        sectors = {school: one.sector.value for school, one in Lake(home).all_settings().items()}
        found = found.with_columns(pl.col(SCHOOL).replace_strict(sectors, default=None).alias(SECTOR))
    if YEAR_GROUP in stored:
        found = found.join(_year_groups(home, found, moment=moment), on=["school", "pupil", "origin"], how="left")
    attributes = [Attribute(name, supplied=True) for name in names]
    attributes += [Attribute(name, supplied=False) for name in stored if found[name].drop_nulls().n_unique() > 1]
    return found, tuple(attributes)


def _year_groups(home: Home, frame: pl.DataFrame, *, moment: datetime) -> pl.DataFrame:
    """Year group in which each pupil was enrolled at each origin, in Dutch words."""
    enrolments = as_known(Lake(home).scan("enrolments"), moment).select(
        SCHOOL, PUPIL, "year_group", "valid_from", pl.col("valid_to").fill_null(local_date(moment))
    )
    year = pl.col("year_group").cast(pl.Int64, strict=False)
    words = (
        pl.when(year > _SECONDARY)
        .then(pl.format("leerjaar {}", year - _SECONDARY))
        .when(year.is_not_null())
        .then(pl.format("groep {}", year))
        .otherwise("year_group")
    )
    return (
        frame.lazy()
        .select("school", "pupil", "origin")
        .join(enrolments, on=[SCHOOL, PUPIL], how="inner")
        .filter(pl.col("origin").is_between("valid_from", "valid_to"))
        .sort("valid_from")
        .group_by("school", "pupil", "origin", maintain_order=True)
        .agg(words.last().alias(YEAR_GROUP))
        .collect()
    )
