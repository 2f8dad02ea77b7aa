"""Pages about schools: published beside their lists, and read back by the next run and by whoever may see them."""

from datetime import date

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from data_contracts.school_page import SchoolPage
from service import db
from service.tables import SchoolPageRow
from service.viewer import Permission, Viewer


def store(session: Session, page: SchoolPage, *, list_id: str) -> None:
    """Publish `page` beside the list `list_id`. The same page twice changes nothing; another one is the next edition."""
    document = page.model_dump_json()
    newest = session.scalar(
        select(SchoolPageRow)
        .where(SchoolPageRow.school == page.school, SchoolPageRow.week == page.week)
        .order_by(SchoolPageRow.edition.desc())
        .limit(1)
    )
    if newest is not None and newest.document == document:
        return
    edition = 1 if newest is None else newest.edition + 1
    session.add(SchoolPageRow(list_id=list_id, school=page.school, week=page.week, edition=edition, document=document))


def newest(viewer: Viewer, session: Session, *, school: str) -> SchoolPage | None:
    """Return the page of `school` as it was published last; None where nothing was, or not for this viewer.

    Raises
    ------
    NotAllowedError
        The viewer's role does not read lists.
    """
    viewer.must(Permission.READ_LISTS)
    document = session.scalar(
        select(SchoolPageRow.document)
        .where(SchoolPageRow.school == school)
        .order_by(SchoolPageRow.week.desc(), SchoolPageRow.edition.desc())
        .limit(1)
    )
    return None if document is None else SchoolPage.model_validate_json(document)


def standing_pages(engine: Engine, *, week: date) -> tuple[SchoolPage, ...]:
    """Return the newest edition of every school's page of `week`; for the program that publishes, to nobody's eyes."""
    query = select(SchoolPageRow).where(SchoolPageRow.week == week).order_by(SchoolPageRow.edition)
    with db.transaction(engine, writes=False) as session:
        documents = {row.school: row.document for row in session.scalars(query)}
    return tuple(SchoolPage.model_validate_json(documents[school]) for school in sorted(documents))
