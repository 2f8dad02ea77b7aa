"""The page about a school, published beside its list."""

import sqlalchemy as sa
from alembic import op

from service.db import VIEWER

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

READERS = "aanwezig_may('weeklijsten:lezen') AND aanwezig_school(school)"
"""As of the lists themselves, see `service.migrations.row_security`."""


def upgrade() -> None:
    """Create the table, with the row-level security of the lists."""
    op.create_table(
        "school_pages",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("list_id", sa.String(32), nullable=False),
        sa.Column("school", sa.String(12), nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_school_pages"),
        sa.ForeignKeyConstraint(["list_id"], ["weekly_lists.id"], name="fk_school_pages_list_id"),
        sa.UniqueConstraint("school", "week", "edition", name="uq_school_pages_school_week_edition"),
    )
    op.create_index("ix_school_pages_list_id", "school_pages", ["list_id"])
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE school_pages ENABLE ROW LEVEL SECURITY")
    op.execute(f"GRANT SELECT ON school_pages TO {VIEWER}")
    op.execute(f"CREATE POLICY school_pages_select ON school_pages FOR SELECT TO {VIEWER} USING ({READERS})")


def downgrade() -> None:
    """Remove the table, and with it its policy."""
    op.drop_table("school_pages")
