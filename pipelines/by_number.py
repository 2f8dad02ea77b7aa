"""Who it is that objects, where the page knew a number only: the batch has the key that makes pseudonyms."""

import logging

import polars as pl

from data_contracts.errors import AanwezigError, NotFoundError
from data_contracts.frames import frames
from pipelines import objections
from pipelines.home import Home
from pipelines.keys import Keys
from pipelines.lake import Lake
from pipelines.objections import Objector
from pipelines.publishing import open_database
from pipelines.retention import pseudonym_of

logger = logging.getLogger(__name__)

BY = "aanwezig inbox"


def objector(home: Home, school: str, pupil: str) -> Objector:
    """Return who objects, with the newest group and the sealed name that was delivered last.

    Raises
    ------
    NotFoundError
        No such pupil was ever enrolled there: an objection of nobody would protect nobody.
    """
    lake = Lake(home)
    enrolled = lake.scan("enrolments", schools=[school]).filter(pl.col("pupil") == pupil)
    # Of a year that ended and the one that runs, delivered together, the latter.
    groups = enrolled.sort("valid_from", "recorded_at").select("group").collect()["group"].to_list()
    if not groups:
        detail = f"deze leerling is bij school {school} niet bekend"
        raise NotFoundError(detail, remedy="Controleer de school en het leerlingnummer.")
    return Objector(school, pupil, groups[-1], lake.sealed_names(school).get(pupil))


def settle(home: Home) -> None:
    """Look up who objects of every number that waits. What cannot be looked up now goes on waiting, and is told in the log."""
    database = open_database(home.database_url)
    try:
        for one in objections.waiting(database):
            try:
                of = _who(home, one)
            except AanwezigError as error:
                logger.warning("an objection at %s waits: %s", one.school, error)
                continue
            except Exception as unexpected:  # noqa: BLE001 - the others, and the deliveries, do not wait for this one
                logger.error("an objection at %s waits: %s", one.school, frames(unexpected))  # noqa: TRY400 (its text may hold the number)
                continue
            objections.settle(database, one, of, by=BY)
    finally:
        database.dispose()


def _who(home: Home, asked: objections.Waiting) -> Objector | None:
    """Return whose number it is; None of a number that nobody has at that school."""
    number = Keys.of(home).open(asked.sealed_number)
    if not Lake(home).files("enrolments", schools=[asked.school]):
        return None
    try:
        return objector(home, asked.school, pseudonym_of(home, school=asked.school, number=number))
    except NotFoundError:
        return None
