"""What parents and pupils ask: requests, and an objection that hides every signal about the pupil from then on."""

import sqlalchemy as sa
from alembic import op

from service.db import VIEWER
from service.migrations import row_security
from service.tables import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SCHOOL, GROUP = row_security.SCHOOL, row_security.GROUP
LISTS, NAMES = "aanwezig_may('weeklijsten:lezen')", "aanwezig_may('namen:lezen')"
READS, WRITES = "aanwezig_may('rechten:lezen')", "aanwezig_may('rechten:schrijven')"
ASKED = "current_setting('aanwezig.rights', true) = 'on'"
"""The transaction is about what somebody asked (`service.scope.enter`)."""

RUNNING = "kind = 'bezwaar' AND ended_at IS NULL"
OBJECTED = (
    "EXISTS (SELECT 1 FROM rights_requests AS r "
    "WHERE r.school = signals.school AND r.pupil = signals.pupil AND r.kind = 'bezwaar' AND r.ended_at IS NULL)"
)
OWN_AUDIT = (
    f"{ASKED} AND aanwezig_may('ouderpagina:lezen') AND {SCHOOL} AND EXISTS (SELECT 1 FROM signals AS s "
    "WHERE s.school = audit_events.school AND s.pupil = audit_events.subject)"
)
NAMED = (
    "EXISTS (SELECT 1 FROM rights_requests AS r WHERE r.school = sealed_names.school AND r.pupil = sealed_names.pupil "
    f"AND aanwezig_group(r.school, r.group_name) AND ({READS} OR ({LISTS} AND r.{RUNNING.replace(' AND ', ' AND r.')})))"
)

OLD = row_security.POLICIES
REPLACED: dict[str, str] = {
    "signals": f"({OLD['signals']['SELECT']}) AND (NOT {OBJECTED} OR ({ASKED} AND {READS}))",
    "sealed_names": f"({OLD['sealed_names']['SELECT']}) OR ({NAMES} AND {SCHOOL} AND {NAMED})",
    "duties": f"({OLD['duties']['SELECT']}) OR ({LISTS} AND {GROUP})",
    "audit_events": f"({OLD['audit_events']['SELECT']}) OR ({OWN_AUDIT})",
}
"""What is read of the other tables, as `service.scope` has it for every query."""

POLICIES: dict[str, str] = {
    "SELECT": f"({READS} AND {GROUP}) OR ({RUNNING} AND {SCHOOL} AND ({LISTS} OR aanwezig_may('dossiers:lezen')))",
    "INSERT": f"{WRITES} AND {GROUP}",
    "UPDATE": f"{WRITES} AND {GROUP}",
}


def upgrade() -> None:
    """Create the table, with its row-level security and what it changes in that of others."""
    op.create_table(
        "rights_requests",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("school", sa.String(12), nullable=False),
        sa.Column("pupil", sa.String(32), nullable=False),
        sa.Column("group_name", sa.Text, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("asked_by", sa.String(32), nullable=False),
        sa.Column("asked_on", sa.Date, nullable=False),
        sa.Column("first_day", sa.Date, nullable=True),
        sa.Column("last_day", sa.Date, nullable=True),
        sa.Column("wrong", sa.String(32), nullable=True),
        sa.Column("note_sealed", sa.Text, nullable=True),
        sa.Column("registered_by", sa.String(64), nullable=False),
        sa.Column("registered_at", Moment(), nullable=False),
        sa.Column("answer", sa.String(32), nullable=True),
        sa.Column("answered_on", sa.Date, nullable=True),
        sa.Column("answer_sealed", sa.Text, nullable=True),
        sa.Column("withdrawn_by", sa.String(32), nullable=True),
        sa.Column("ended_by", sa.String(64), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_rights_requests"),
    )
    op.create_index("ix_rights_requests_school_pupil", "rights_requests", ["school", "pupil"])
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE rights_requests ENABLE ROW LEVEL SECURITY")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON rights_requests TO {VIEWER}")
    for verb, condition in POLICIES.items():
        clause = "WITH CHECK" if verb == "INSERT" else "USING"
        op.execute(
            f"CREATE POLICY rights_requests_{verb.lower()} ON rights_requests FOR {verb} TO {VIEWER} {clause} ({condition})"
        )
    for table, condition in REPLACED.items():
        op.execute(f"ALTER POLICY {table}_select ON {table} USING ({condition})")


def downgrade() -> None:
    """Put the conditions of the other tables back, and remove this one with its policies."""
    if op.get_bind().dialect.name == "postgresql":
        for table in REPLACED:
            op.execute(f"ALTER POLICY {table}_select ON {table} USING ({OLD[table]['SELECT']})")
    op.drop_table("rights_requests")
