"""The audit as records of the Dutch standard *Logboek Dataverwerkingen* (Logius), to hand to a logbook elsewhere.

One record a data subject, as the standard asks: each is an action of its own within the request, which is its parent. Who
looked stands in no record; for that the audit itself is asked.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from service.audit import AuditEvent

APPLICATION = "aanwezig"
SUBJECT_TYPE = "pseudoniem (HMAC) van het leerlingnummer"
SPAN_DIGITS = 16
REST = "toegang"


class StatusCode(IntEnum):
    """How an action ended. The audit holds only what was committed."""

    UNSET = 0
    OK = 1
    ERROR = 2


@dataclass(frozen=True)
class Activity:
    """A processing activity, as in the register of the organisation."""

    id: str
    name: str
    actions: tuple[str, ...]


class Resource(BaseModel):
    """Which application acted, in which version."""

    attributes: dict[str, str]


class Record(BaseModel):
    """One record, with the names of the standard."""

    model_config = ConfigDict(frozen=True)

    trace_id: str = Field(examples=["4bf92f3577b34da6a3ce929d0e0e4736"])
    span_id: str = Field(examples=["00f067aa0ba902b7"])
    parent_span_id: str | None = Field(examples=["b9c7c989f97918e1"])
    name: str = Field(examples=["pupil.read"])
    start_time: datetime
    end_time: datetime
    status_code: StatusCode
    resource: Resource
    attributes: dict[str, str]


def _read() -> tuple[str, tuple[Activity, ...]]:
    found = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    listed = (Activity(one["id"], one["name"], tuple(one["actions"])) for one in found["activity"])
    return found["register"], tuple(listed)


REGISTER, ACTIVITIES = _read()


def record(event: AuditEvent, *, version: str) -> Record:
    """Return one line of the audit as a record; `version` is that of the application."""
    return Record(
        trace_id=event.trace or hashlib.sha256(event.id.encode()).hexdigest()[: 2 * SPAN_DIGITS],
        span_id=_span(event.id),
        parent_span_id=event.operation,
        name=event.code,
        start_time=event.at,
        end_time=event.at,
        status_code=StatusCode.OK,
        resource=Resource(attributes={"name": APPLICATION, "version": version}),
        attributes=_attributes(event),
    )


def activity_of(action: str) -> Activity:
    """Return the processing activity that `action` belongs to."""
    rest = next(one for one in ACTIVITIES if one.id == REST)
    return next((one for one in ACTIVITIES if action in one.actions), rest)


def _attributes(event: AuditEvent) -> dict[str, str]:
    found = {"dpl.core.processing_activity_id": REGISTER + activity_of(event.code).id}
    if event.subject is not None:
        found |= {"dpl.core.data_subject_id": event.subject, "dpl.core.data_subject_id_type": SUBJECT_TYPE}
    if event.parent is not None and event.trace is not None:
        found |= {
            "dpl.core.foreign_operation.trace_id": event.trace,
            "dpl.core.foreign_operation.span_id": event.parent,
        }
    return found


def _span(event_id: str) -> str:
    """Return the id of an act, 16 hexadecimal digits, from the (random) id of its line."""
    return hashlib.sha256(event_id.encode()).hexdigest()[:SPAN_DIGITS]
