"""The engine that the command line names, held for as long as it is worked with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from data_contracts.errors import SettingsError, UsageError
from pipelines.engines import POLARS, Engine

EngineName = Literal["polars", "spark"]
"""Engines by the name that the command line takes."""


@contextmanager
def opened(name: EngineName, *, master: str | None = None) -> Iterator[Engine]:
    """Hold an engine for as long as it is worked with.

    Parameters
    ----------
    master
        Address of the Spark master, ``spark://host:7077``; two cores of this machine where left out.

    Raises
    ------
    UsageError, SettingsError
        A master without Spark was asked for; PySpark or Java is missing, or the master does not answer.
    """
    if name == "polars":
        if master is not None:
            detail = "--master hoort bij --engine spark"
            raise UsageError(detail, remedy="Geef ook --engine spark, of laat --master weg.")
        yield POLARS
        return
    try:
        from pipelines import spark  # noqa: PLC0415 - an optional extra, and heavy
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"pyspark", "py4j"}:
            raise
        detail = "PySpark is niet geïnstalleerd"
        remedy = "Installeer het met: pip install 'aanwezig[spark]', of reken met --engine polars."
        raise SettingsError(detail, remedy=remedy) from None
    with spark.session(master or spark.THIS_MACHINE) as running:
        yield Engine(load=spark.loader(running), scored=spark.scored, panels=spark.panels(running))
