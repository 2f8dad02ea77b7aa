"""What people and programs write: what they do about a signal, and what they hand in."""

from datetime import date, datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.base import Base, now, opaque


class FollowUpRow(Base):
    """What people do about a signal. A note is sealed like a name; who, when and what for stands open.

    ``before`` is what stood there before the last change, so that it can be put back; ``signs`` is what there was to see
    when the pupil was left for now, so that something new is noticed.
    """

    __tablename__ = "follow_ups"
    __table_args__ = (Index(None, "school", "pupil"), Index(None, "change"))

    id: Mapped[str] = opaque()
    school: Mapped[str] = mapped_column(String(12))
    pupil: Mapped[str] = mapped_column(String(32))
    group_name: Mapped[str] = mapped_column(Text)
    signal_id: Mapped[str | None] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))
    owner: Mapped[str] = mapped_column(Text)
    planned_on: Mapped[date | None]
    done_on: Mapped[date | None]
    outcome: Mapped[str | None] = mapped_column(String(32))
    note_sealed: Mapped[str | None] = mapped_column(Text)
    opened_by: Mapped[str] = mapped_column(String(32))
    opened_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now)
    changed_by: Mapped[str | None] = mapped_column(String(32))
    before: Mapped[str | None] = mapped_column(Text)
    signs: Mapped[str | None] = mapped_column(Text)
    withdrawn_at: Mapped[datetime | None]
    change: Mapped[int]


class PlaybookRow(Base):
    """A school's own steps for one pattern, from a moment on; the newest version stands, an empty one is the example."""

    __tablename__ = "playbooks"
    __table_args__ = (UniqueConstraint("school", "pattern", "version"),)

    id: Mapped[str] = opaque()
    school: Mapped[str] = mapped_column(String(12))
    pattern: Mapped[str] = mapped_column(String(32))
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    written_by: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(default=now)


class CaseRow(Base):
    """A pupil whom the school brought before the alliance: on what ground, and until when."""

    __tablename__ = "cases"
    __table_args__ = (Index(None, "school", "pupil"),)

    id: Mapped[str] = opaque()
    school: Mapped[str] = mapped_column(String(12))
    pupil: Mapped[str] = mapped_column(String(32))
    group_name: Mapped[str] = mapped_column(Text)
    ground: Mapped[str] = mapped_column(String(32))
    opened_by: Mapped[str] = mapped_column(String(32))
    opened_at: Mapped[datetime] = mapped_column(default=now)
    expires_on: Mapped[date]
    closed_at: Mapped[datetime | None]


class RightsRow(Base):
    """What a parent, or a pupil from 16, asked: not to be listed any more (an objection), or that something be put right.

    It runs until ``ended_at``. While an objection runs, every signal about the pupil is hidden (`service.scope`). What was
    said and answered is sealed like a name.
    """

    __tablename__ = "rights_requests"
    __table_args__ = (Index(None, "school", "pupil"),)

    id: Mapped[str] = opaque()
    school: Mapped[str] = mapped_column(String(12))
    pupil: Mapped[str] = mapped_column(String(32))
    group_name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(32))
    asked_by: Mapped[str] = mapped_column(String(32))
    asked_on: Mapped[date]
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    wrong: Mapped[str | None] = mapped_column(String(32))
    note_sealed: Mapped[str | None] = mapped_column(Text)
    registered_by: Mapped[str] = mapped_column(String(64))
    registered_at: Mapped[datetime] = mapped_column(default=now)
    answer: Mapped[str | None] = mapped_column(String(32))
    answered_on: Mapped[date | None]
    answer_sealed: Mapped[str | None] = mapped_column(Text)
    withdrawn_by: Mapped[str | None] = mapped_column(String(32))
    ended_by: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]


class DeliveryRow(Base):
    """A delivery that came in over the API: received, then accepted or refused by the batch, with its report."""

    __tablename__ = "deliveries"
    __table_args__ = (Index(None, "school", "received_at"),)

    id: Mapped[str] = opaque()
    school: Mapped[str] = mapped_column(String(12))
    status: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[datetime] = mapped_column(default=now)
    received_by: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))
    suffix: Mapped[str] = mapped_column(String(8))
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    finished_at: Mapped[datetime | None]
    report: Mapped[str | None] = mapped_column(Text)
