"""Follow-ups that can be undone and that wake, and a school's own playbook."""

import sqlalchemy as sa
from alembic import op

from service.db import VIEWER
from service.tables import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NEW = (
    ("changed_by", sa.String(32)),
    ("before", sa.Text()),
    ("signs", sa.Text()),
    ("withdrawn_at", Moment()),
)
READERS = "aanwezig_may('opvolgingen:lezen') AND aanwezig_school(school)"
WRITERS = "aanwezig_may('draaiboek:schrijven') AND aanwezig_school(school)"
"""As `service.scope` has it for every query, see `service.migrations.row_security`."""


def upgrade() -> None:
    """Add the columns, and the table with its row-level security."""
    for name, kind in NEW:
        op.add_column("follow_ups", sa.Column(name, kind, nullable=True))
    op.create_table(
        "playbooks",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("school", sa.String(12), nullable=False),
        sa.Column("pattern", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("written_by", sa.Text, nullable=False),
        sa.Column("written_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_playbooks"),
        sa.UniqueConstraint("school", "pattern", "version", name="uq_playbooks_school_pattern_version"),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE playbooks ENABLE ROW LEVEL SECURITY")
    op.execute(f"GRANT SELECT, INSERT ON playbooks TO {VIEWER}")
    op.execute(f"CREATE POLICY playbooks_select ON playbooks FOR SELECT TO {VIEWER} USING ({READERS})")
    op.execute(f"CREATE POLICY playbooks_insert ON playbooks FOR INSERT TO {VIEWER} WITH CHECK ({WRITERS})")


def downgrade() -> None:
    """Remove the table, with its policies, and the columns."""
    op.drop_table("playbooks")
    with op.batch_alter_table("follow_ups") as follow_ups:
        for name, _ in reversed(NEW):
            follow_ups.drop_column(name)
