"""The order in which follow-ups change, so that a program can pull what changed and miss nothing.

The order is `FollowUpRow.change`: what is seen later has a higher number than all that was seen before, whatever a clock said.
"""

from datetime import datetime

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from service.tables import FollowUpRow
from service.viewer import Permission, Viewer

FIRST = func.min(case((FollowUpRow.changed_at >= bindparam("since"), FollowUpRow.change)))
BEFORE = select(func.coalesce(FIRST - 1, func.max(FollowUpRow.change), 0))
"""One question, so that nothing changes between its halves."""


def since(viewer: Viewer, session: Session, moment: datetime) -> int:
    """Return after which change to begin for everything changed at `moment` (UTC) or later.

    From the first such change on, everything follows in its order: one whose clock was behind is given too often rather than
    missed. Where nothing changed since, only what comes now follows.
    """
    viewer.must(Permission.READ_FOLLOW_UPS)
    return int(session.execute(BEFORE, {"since": moment}).scalar_one())
