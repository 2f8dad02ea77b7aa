"""What a line of the audit is about in more detail, and when retention ran."""

import sqlalchemy as sa
from alembic import op

from service.db import VIEWER
from service.tables import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and the table: counts only, so every viewer may read it."""
    op.add_column("audit_events", sa.Column("detail", sa.Text(), nullable=True))
    op.create_table(
        "retention_runs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_retention_runs"),
    )
    op.create_index("ix_retention_runs_at", "retention_runs", ["at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"GRANT SELECT ON retention_runs TO {VIEWER}")


def downgrade() -> None:
    """Take them back."""
    op.drop_table("retention_runs")
    # Not as a batch: SQLite would make the table anew, and its triggers would be gone.
    op.drop_column("audit_events", "detail")
