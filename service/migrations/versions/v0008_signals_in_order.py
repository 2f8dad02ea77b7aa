"""A list is read in its order without sorting what is on it: 400 signals are five megabytes."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = "ix_signals_list_id_rank"


def upgrade() -> None:
    """Add the index."""
    op.create_index(INDEX, "signals", ["list_id", "rank"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index(INDEX, "signals")
