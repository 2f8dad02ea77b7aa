"""What the batch published: written once; triggers in the database hold that."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.tables.base import Base, now, opaque


class SchoolRow(Base):
    """A school of which a list was published."""

    __tablename__ = "schools"

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    sector: Mapped[str] = mapped_column(String(8))


class ListRow(Base):
    """One edition of one school's list of one week. ``document`` is the list as published, without its signals."""

    __tablename__ = "weekly_lists"
    __table_args__ = (UniqueConstraint("school", "week", "edition"),)

    id: Mapped[str] = opaque()
    school: Mapped[str] = mapped_column(ForeignKey("schools.id"))
    week: Mapped[date]
    edition: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    provisional: Mapped[bool]
    published_at: Mapped[datetime] = mapped_column(default=now)
    published_by: Mapped[str] = mapped_column(Text)
    change: Mapped[int] = mapped_column(server_default="0", index=True)
    document: Mapped[str] = mapped_column(Text)


class ChangeRow(Base):
    """One row that counts changes. Whoever changes something holds it until the commit, so a change that is seen later
    has a higher number than every change that was seen before: a client that asks for what came after misses nothing.
    """

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int]


class SignalRow(Base):
    """One pupil on one list. School, group and pupil stand beside the document, since scope is decided on them;
    ``on_list`` too, since the next list asks for it alone, and the calendar, which only a pupil's own page needs.
    """

    __tablename__ = "signals"
    __table_args__ = (
        UniqueConstraint("list_id", "pupil"),
        Index(None, "school", "pupil"),
        Index(None, "list_id", "rank"),  # a list is read in its order
    )

    id: Mapped[str] = opaque()
    list_id: Mapped[str] = mapped_column(ForeignKey("weekly_lists.id"))
    school: Mapped[str] = mapped_column(String(12))
    pupil: Mapped[str] = mapped_column(String(32))
    group_name: Mapped[str] = mapped_column(Text)
    rank: Mapped[int]
    on_list: Mapped[bool]
    document: Mapped[str] = mapped_column(Text)
    calendar: Mapped[str] = mapped_column(Text, deferred=True)


class DutyRow(Base):
    """A legal duty of one pupil on one list, for those who may see unauthorised absence and nothing else."""

    __tablename__ = "duties"
    __table_args__ = (Index(None, "school", "pupil"),)

    id: Mapped[str] = opaque()
    list_id: Mapped[str] = mapped_column(ForeignKey("weekly_lists.id"), index=True)
    school: Mapped[str] = mapped_column(String(12))
    pupil: Mapped[str] = mapped_column(String(32))
    group_name: Mapped[str] = mapped_column(Text)
    week: Mapped[date]
    edition: Mapped[int]
    document: Mapped[str] = mapped_column(Text)


class RegionCellRow(Base):
    """How many pupils of one year group a list brought into view: what a region may count, and nobody's data.

    ``members`` is a digest of whose they are: the same pupils are always rounded the same way.
    """

    __tablename__ = "region_cells"
    __table_args__ = (Index(None, "week", "school"),)

    id: Mapped[str] = opaque()
    list_id: Mapped[str] = mapped_column(ForeignKey("weekly_lists.id"), index=True)
    school: Mapped[str] = mapped_column(String(12))
    week: Mapped[date]
    edition: Mapped[int]
    year_group: Mapped[str] = mapped_column(Text)
    measure: Mapped[str] = mapped_column(String(32))
    count: Mapped[int]
    members: Mapped[str] = mapped_column(String(64))


class SchoolPageRow(Base):
    """The page about a school that was published beside a list: counts and rates, and nothing of any one pupil."""

    __tablename__ = "school_pages"
    __table_args__ = (UniqueConstraint("school", "week", "edition"),)

    id: Mapped[str] = opaque()
    list_id: Mapped[str] = mapped_column(ForeignKey("weekly_lists.id"), index=True)
    school: Mapped[str] = mapped_column(String(12))
    week: Mapped[date]
    edition: Mapped[int]
    document: Mapped[str] = mapped_column(Text)


class ModelPageRow(Base):
    """The page about the model as it stood from a moment on; the newest is shown."""

    __tablename__ = "model_pages"

    id: Mapped[str] = opaque()
    published_at: Mapped[datetime] = mapped_column(default=now, index=True)
    document: Mapped[str] = mapped_column(Text)


class SealedNameRow(Base):
    """A pupil's name, encrypted with a key that is not in the database."""

    __tablename__ = "sealed_names"

    school: Mapped[str] = mapped_column(String(12), primary_key=True)
    pupil: Mapped[str] = mapped_column(String(32), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
