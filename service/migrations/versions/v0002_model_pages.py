"""The page about the model that makes the lists."""

import sqlalchemy as sa
from alembic import op

from service.tables import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "model_pages",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("published_at", Moment, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model_pages"),
    )
    op.create_index("ix_model_pages_published_at", "model_pages", ["published_at"])


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("model_pages")
