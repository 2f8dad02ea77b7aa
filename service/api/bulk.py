"""Every signal at once: flat rows as NDJSON, CSV or Parquet, read and sent in batches so that memory does not grow.

Each batch is a transaction of its own: read, logged, committed, and only then sent. Whoever goes away stops the reading,
and whoever loses a role or a session in between gets nothing more.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from http import HTTPStatus
from itertools import chain
from types import NoneType
from typing import Any, get_args

from fastapi import Request
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response, StreamingResponse

from service import auth, pulling, words
from service.api.base import Resource
from service.api.paging import SignalCursor
from service.front import verbs
from service.pulling import Position
from service.stored import Stored
from service.viewer import Viewer

BATCH = 1_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text may begin that a spreadsheet would run; it is then preceded by an apostrophe."""

OWN = frozenset({"signaal", "weeklijst"})
"""Ids of our own: one may begin with a minus, and has to be what it is elsewhere."""

Values = dict[str, Any]
Batches = Iterator[Sequence[Values]]


class BulkRij(Resource):
    """One signal as a flat row, for research and reporting: pseudonyms, never a name."""

    signaal: str = Field(description="id of the signal", examples=["Qh7kT2mXw0vB9sLz4cYf1A"])
    weeklijst: str = Field(description="id of its list", examples=["mB3x0GQ3TzqH1v4rYk2c8A"])
    school: str = Field(examples=["11ZZ03"])
    week: date = Field(description="Monday of the week of the list")
    editie: int = Field(description="of the list; a later one of the same school and week replaces it", examples=[1])
    gepubliceerd_op: datetime
    peilmoment: datetime = Field(description="what was known at this moment counts")
    gegevens_tot: datetime | None = Field(description="when the newest delivery behind it arrived")
    grondslag: str = Field(description="scorekaart or regels", examples=["scorekaart"])
    modelversie: str | None = Field(examples=["4f1c0d2ab97e"])
    leerling: str = Field(description="pseudonym", examples=["pahsihwbnepg3eqqyupsqqwskrl"])
    groep: str = Field(examples=["2hv1"])
    jaargroep: str | None = Field(examples=["12"])
    stand: str = Field(description="aanwezig or al langdurig afwezig", examples=["aanwezig"])
    plaats: int | None = Field(description="place in the order, from 1", examples=[1])
    op_lijst: bool = Field(description="within the capacity of the school", examples=[True])
    log_odds: float | None = Field(description="the score", examples=[-1.95])
    kans: float | None = Field(description="calibrated probability, 0 to 1", examples=[0.1246])
    basis: float | None = Field(description="score of the average pupil", examples=[-3.2])
    duiding: str | None = Field(description="in beeld, aandacht or nu bespreken", examples=["aandacht"])
    zekerheid: str | None = Field(description="redelijk zeker or onzeker", examples=["redelijk zeker"])
    sinds: str = Field(description="nieuw, nog steeds or terug", examples=["nieuw"])
    verhogend: str = Field(description="sentences, strongest first", examples=["9 dagen ziek gemeld in 4 lesweken."])
    verlagend: str = Field(description="sentences, strongest first", examples=["Zelden te laat."])
    regels: str = Field(description="ids of the thresholds reached, with spaces between", examples=["lpw_16h mazl_vo"])
    bijdragen: str = Field(
        description="JSON: per feature what it adds to basis", examples=['{"absence_rate_4w": 1.25}']
    )


COLUMNS = tuple(info.alias or name for name, info in BulkRij.model_fields.items())


def stream(request: Request, form: str, *, begin: Callable[[Viewer, Session], Position]) -> Response:
    """Stream every signal in scope from where `begin` says, up to what is published now.

    Parameters
    ----------
    request
        Who asks; asked again for every batch.
    form
        One of `FORMS`.
    begin
        Gives the position to begin after, within the viewer's transaction.
    """
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        after, end = begin(viewer, session), pulling.end(viewer, session)
    updated = f"{request.url.path}?cursor={SignalCursor.at(end)}"
    headers = {"Link": f'<{updated}>; rel="bijgewerkt"', "Vary": "Accept"}
    if verbs.without_content(request):  # where the next pull begins, without reading a signal to get there
        return StreamingResponse(iter(()), media_type=form, headers=headers)
    batches = _batches(request, after, end)
    first = next(batches, ())  # refused, if it is, before the answer has begun
    return StreamingResponse(FORMS[form](chain([first], batches)), media_type=form, headers=headers)


def _batches(request: Request, after: Position, end: Position) -> Batches:
    while True:
        with auth.asking(request) as (viewer, session):
            shown = pulling.batch(viewer, session, after=after, end=end, limit=BATCH)
        if shown:
            after = pulling.position(shown[-1])
            yield tuple(flat(one) for one in shown)
        if len(shown) < BATCH:
            return


def flat(shown: Stored) -> Values:
    """Return a signal as the values of `COLUMNS`, in that order."""
    of, signal = shown.head.document, shown.signal
    values = (
        shown.id,
        shown.list_id,
        shown.school,
        of.week,
        shown.head.edition,
        shown.head.published_at,
        of.as_of,
        of.data_moment,
        words.BASES[of.basis],
        of.model_version,
        signal["pupil"],
        signal["group"],
        signal["year_group"],
        words.STANDINGS[signal["standing"]],
        signal["position"],
        signal["on_list"],
        signal["log_odds"],
        signal["probability"],
        signal["baseline"],
        None if signal["tier"] is None else words.TIERS[signal["tier"]],
        None if signal["certainty"] is None else words.CERTAINTIES[signal["certainty"]],
        words.SINCE[signal["since"]],
        " ".join(reason["text"] for reason in signal["raising"]),
        " ".join(reason["text"] for reason in signal["lowering"]),
        " ".join(hit["rule"] for hit in signal["rule_hits"]),
        json.dumps({part["feature"]: part["log_odds"] for part in signal["contributions"]}),
    )
    return dict(zip(COLUMNS, values, strict=True))


def as_ndjson(batches: Batches) -> Iterator[bytes]:
    """Write one JSON object a line."""
    for rows in batches:
        yield "".join(json.dumps(row, default=_moment, ensure_ascii=False) + "\n" for row in rows).encode()


def as_csv(batches: Batches) -> Iterator[bytes]:
    """Write comma-separated values in UTF-8, with a header."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for rows in batches:
        writer.writerows([_cell(name, value) for name, value in row.items()] for row in rows)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def as_parquet(batches: Batches) -> Iterator[bytes]:
    """Write Parquet, one row group a batch."""
    import pyarrow as pa  # noqa: PLC0415 - large, and only here
    from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

    kinds = {
        bool: pa.bool_(),
        date: pa.date32(),
        datetime: pa.timestamp("us", tz="UTC"),
        float: pa.float64(),
        int: pa.int64(),
        str: pa.string(),
    }
    columns = zip(COLUMNS, BulkRij.model_fields.values(), strict=True)
    schema = pa.schema([(name, kinds[_kind(info.annotation)]) for name, info in columns])
    sink = _Drained()
    with ParquetWriter(sink, schema) as writer:
        for rows in batches:
            writer.write_batch(pa.RecordBatch.from_pylist(list(rows), schema))
            yield sink.drained()
    yield sink.drained()


class _Drained(io.RawIOBase):
    """A file that only remembers what was written since it was last emptied."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, part: bytes, /) -> int:  # type: ignore[override]  # pyarrow hands over bytes
        self._parts.append(bytes(part))
        self._size += len(self._parts[-1])
        return len(self._parts[-1])

    def drained(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _kind(annotation: Any) -> type:  # noqa: ANN401 - a type, or a type or None
    """Return the type of a column that may be empty."""
    found: type = next((one for one in get_args(annotation) if one is not NoneType), annotation)
    return found


def _cell(name: str, value: object) -> object:
    """Return the value of a column as a spreadsheet may read it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date):
        return _moment(value)
    if name not in OWN and isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def _moment(value: date) -> str:
    """Return a day, or a moment in UTC, as JSON has it."""
    return value.isoformat().replace("+00:00", "Z")


FORMS: Mapping[str, Callable[[Batches], Iterator[bytes]]] = {
    "application/x-ndjson": as_ndjson,
    "text/csv": as_csv,
    "application/vnd.apache.parquet": as_parquet,
}
DESCRIBED: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK: {
        "description": "a page as JSON, or everything as flat rows",
        "content": {
            "application/x-ndjson": {"schema": BulkRij.model_json_schema(by_alias=True)},
            "text/csv": {"schema": {"type": "string", "description": f"with a header: {', '.join(COLUMNS)}"}},
            "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
