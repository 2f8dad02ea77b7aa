"""What stays of a pupil who objected: the legal duty, which is no profiling, and which the school has to fulfil anyway.

An objection (GDPR, article 21) is against what rests on a public task or an interest, not against what a law demands
(article 6(1)(c)): the report of 16 hours in four weeks (Leerplichtwet, article 21a).
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import audit, duties
from service.audit import Action
from service.duties import ShownDuty
from service.reading import Head
from service.rights.requests import objectors
from service.tables import DutyRow
from service.viewer import Permission, Viewer


def duties_alone(viewer: Viewer, session: Session, of: Head) -> tuple[ShownDuty, ...]:
    """Return the legal duties on a list about pupils who do not take part; each pupil is logged."""
    viewer.must(Permission.READ_LISTS)
    school = of.document.school
    hidden = objectors(session, school=school)
    if not hidden:
        return ()
    rows = session.scalars(select(DutyRow).where(DutyRow.list_id == of.id, DutyRow.pupil.in_(sorted(hidden)))).all()
    subjects = [row.pupil for row in rows]
    audit.record(viewer, session, action=Action.DUTY_READ, school=school, subjects=subjects, object_id=of.id)
    return tuple(map(duties.shown, rows))
