"""The same functions on a Spark cluster: the lake's files as Spark frames, scores made on the executors.

The one module that imports PySpark. Only results come back to this process: features of this week, rules reached, labels.
"""

import logging
import os
import shutil
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import narwhals as nw
import polars as pl
import pyarrow as pa
from py4j.protocol import Py4JError, Py4JNetworkError
from pyspark.errors import AnalysisException, PySparkException, UnsupportedOperationException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import ArrayType, DoubleType, StructField, StructType

from data_contracts.errors import SettingsError, StorageError
from data_contracts.tables import TABLES
from features.catalogue import NAMES
from features.frames import Frame
from features.tables import Tables
from models.scorecard import Scorecard
from pipelines.engines import SCORES, Load, brought_back, panel_of, with_scores
from pipelines.home import Home
from pipelines.lake import Lake, schema
from pipelines.norm import norm_timetables

THIS_MACHINE = "local[2]"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_ANSWER_SECONDS = 5.0  # a master on the network answers in milliseconds; Spark itself would keep trying for a minute
_WORKER_SECONDS = 60.0  # a worker starts a Java process before it is ready
_LOOK_SECONDS = 0.2
_TYPES = {pl.String: "string", pl.Int64: "bigint", pl.Float64: "double", pl.Boolean: "boolean", pl.Date: "date"}
_PANEL = {"school": "string", "pupil": "string", "origin": "date"}
_SENT = {"school": pa.string(), "pupil": pa.string(), "origin": pa.date32()}
_BEYOND_THE_RECORD = {"delivered_at", "delivery"}


@contextmanager
def session(master: str) -> Iterator[SparkSession]:
    """Hold a session with the cluster at `master`.

    Raises
    ------
    SettingsError
        There is no Java, the master does not answer, or it has no workers.
    StorageError
        The cluster failed while it worked.
    """
    _need_java()
    _ask(master)
    # Executors on this machine are to use this environment; on a real cluster the setting names theirs.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    logging.getLogger("py4j").setLevel(logging.CRITICAL)  # what goes wrong is told once, by us
    with warnings.catch_warnings():
        # PySpark warns of pandas 3; no frame of ours passes through pandas on its way to or from Spark.
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        try:
            running = _settings(master).getOrCreate()
        except (PySparkException, Py4JError) as error:
            detail = f"Spark begint niet op {master} ({_first_line(error)})"
            remedy = "Controleer JAVA_HOME (Java 17 of nieuwer) en het adres en de versie van de master."
            raise SettingsError(detail, remedy=remedy) from None
        try:
            _await_workers(running, master)
            yield running
        except (AnalysisException, UnsupportedOperationException):
            raise  # a flaw of ours, not of the cluster
        except (PySparkException, Py4JError, ConnectionError) as error:
            detail = f"het cluster op {master} brak het werk af ({_first_line(error)})"
            remedy = "Controleer of elke worker de map van het lake kan lezen en dezelfde versie van Aanwezig heeft."
            raise StorageError(detail, remedy=remedy) from error
        finally:
            with suppress(PySparkException, Py4JError, ConnectionError):
                running.stop()


def loader(running: SparkSession) -> Load:
    """Return what reads tables into frames of `running`."""
    return partial(load, running)


def load(
    running: SparkSession,
    home: Home,
    *,
    schools: Sequence[str] | None = None,
    delivered_by: datetime | None = None,
    until: date | None = None,
) -> Tables:
    """As `pipelines.tables.load`, in Spark frames: the executors read the lake's files themselves."""
    lake = Lake(home)
    chosen = lake.schools() if schools is None else list(schools)
    names = ("enrolments", "timetable", "absences")
    frames = {name: _read(running, lake, name, chosen, delivered_by) for name in names}
    # The norm follows from a few figures of each school: it is made here and sent along.
    rows = {name: lake.scan(name, schools=chosen, delivered_by=delivered_by) for name in names}
    last = until or datetime.now(UTC).date()
    norms = norm_timetables([lake.settings(school) for school in chosen], rows, last=last)
    timetable = frames["timetable"]
    if norms:
        sent = pl.concat(norms).select(timetable.columns).to_arrow()
        timetable = timetable.unionByName(running.createDataFrame(sent, timetable.schema))
    return Tables(enrolments=frames["enrolments"], timetable=timetable, absences=frames["absences"])


def scored(scorecard: Scorecard | None, features: Frame) -> pl.DataFrame:
    """Score on the executors, see `pipelines.engines.with_scores`, and bring back features and scores."""
    if scorecard is None:
        return brought_back(features)
    native: DataFrame = features.to_native()
    text = scorecard.to_json()

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        card = Scorecard.from_json(text)
        for batch in batches:
            found = with_scores(card, pl.DataFrame(pa.Table.from_batches([batch])))
            made = [found[name].to_arrow() for name in SCORES[:-1]]
            made.append(found["parts"].to_arrow().cast(pa.list_(pa.float64())))  # Spark knows no large lists
            yield pa.RecordBatch.from_arrays([*batch.columns, *made], names=[*batch.schema.names, *SCORES])

    added = (DoubleType(), DoubleType(), ArrayType(DoubleType()))
    columns = [StructField(name, kind) for name, kind in zip(SCORES, added, strict=True)]
    return brought_back(nw.from_native(native.mapInArrow(score, StructType([*native.schema.fields, *columns]))))


def panels(
    running: SparkSession,
) -> Callable[[Home, Sequence[Sequence[str]], Sequence[datetime], date], Iterator[pl.DataFrame]]:
    """Return what counts panels on the executors: each takes some schools, reads their part of the lake and counts.

    Schools have nothing to do with one another. As Spark frames, every moment would be sixty jobs of its own.
    """

    def counted(
        home: Home, batches: Sequence[Sequence[str]], moments: Sequence[datetime], until: date
    ) -> Iterator[pl.DataFrame]:
        root, when = str(home.root), tuple(moments)

        def count(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for schools in (text.split(" ") for batch in rows for text in batch.column("schools").to_pylist()):
                found = panel_of(Home.at(Path(root)), schools, when, until)
                columns = {name: found[name].to_arrow().cast(_SENT.get(name, pa.float64())) for name in found.columns}
                yield from pa.table(columns).to_batches()

        sent = pa.table({"schools": [" ".join(schools) for schools in batches]})
        columns = ", ".join(f"`{name}` {_PANEL.get(name, 'double')}" for name in (*_PANEL, *NAMES))
        parted = running.createDataFrame(sent).repartition(len(batches), "schools")
        yield pl.DataFrame(parted.mapInArrow(count, columns).toArrow())

    return counted


def _read(
    running: SparkSession, lake: Lake, table: str, schools: Sequence[str], delivered_by: datetime | None
) -> DataFrame:
    """Read the committed files of a table, in its own columns and types; no file needs to exist."""
    columns = schema(TABLES[table])
    types = ", ".join(f"`{name}` {_TYPES.get(type(kind), 'timestamp')}" for name, kind in columns.items())
    files = [str(path) for path in lake.files(table, schools=schools)]
    rows = running.read.schema(types).parquet(*files) if files else running.createDataFrame([], types)
    if delivered_by is not None:
        rows = rows.filter(rows.delivered_at <= delivered_by)
    return rows.drop(*_BEYOND_THE_RECORD)


def _settings(master: str) -> "SparkSession.Builder":
    builder = (
        SparkSession.builder.master(master)
        .appName("aanwezig")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "OFF")
    )
    if _on_this_machine(master):
        # Nothing beyond this machine needs to reach us, whatever name it has on a network.
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    return builder


def _on_this_machine(master: str) -> bool:
    return master.startswith("local") or urlsplit(master).hostname in _LOOPBACK


def _need_java() -> None:
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return
    detail = "Spark heeft Java nodig, en dat is niet gevonden"
    raise SettingsError(detail, remedy="Installeer Java 17 of nieuwer, of zet JAVA_HOME; of reken met --engine polars.")


def _ask(master: str) -> None:
    """Refuse a master that does not answer at all: Spark would try for a minute, and tell it in a traceback."""
    if not master.startswith("spark://"):
        return
    try:
        # More than one master stands in one address: spark://first:7077,second:7077.
        places = [urlsplit(f"spark://{place}") for place in master.removeprefix("spark://").split(",")]
        addresses = [(place.hostname or "", place.port or 7077) for place in places]
    except ValueError:
        detail = f"'{master}' is geen adres van een Spark-master"
        raise SettingsError(detail, remedy="Schrijf bijvoorbeeld --master spark://rekenmeester:7077.") from None
    for address in addresses:
        with suppress(OSError), socket.create_connection(address, timeout=_ANSWER_SECONDS):
            return
    detail = f"de Spark-master {master} antwoordt niet"
    raise SettingsError(detail, remedy="Controleer het adres, en of de master draait; of reken met --engine polars.")


def _await_workers(running: SparkSession, master: str) -> None:
    """Wait until an executor has registered: without one, work would wait for ever."""
    if not master.startswith("spark://"):
        return
    known = running.sparkContext._jsc.sc().getExecutorMemoryStatus  # noqa: SLF001 - not in the API
    end = time.monotonic() + _WORKER_SECONDS
    while known().size() <= 1:  # this process is one of them
        if time.monotonic() > end:
            detail = f"de Spark-master {master} heeft geen worker die vrij is"
            raise SettingsError(detail, remedy="Start een worker, of wacht tot er een vrij is.")
        time.sleep(_LOOK_SECONDS)


def _first_line(error: Exception) -> str:
    if isinstance(error, Py4JNetworkError | ConnectionError):
        return "de verbinding viel weg"
    return str(error).strip().partition("\n")[0] or type(error).__name__
