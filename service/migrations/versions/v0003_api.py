"""The API: who may ask, what they may see (held by the database itself on PostgreSQL), and what people do about it."""

import sqlalchemy as sa
from alembic import op

from service.migrations.row_security import guard, unguard
from service.tables import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TRACE = ("trace", 32), ("operation", 16), ("parent", 16)
NEW = ("once", "clients", "identities", "deliveries", "cases", "follow_ups", "region_cells", "duties", "changes")


def upgrade() -> None:
    """Create the tables and columns, then the row-level security."""
    op.add_column("weekly_lists", sa.Column("change", sa.Integer, nullable=False, server_default="0"))
    op.create_index("ix_weekly_lists_change", "weekly_lists", ["change"])
    op.add_column("people", sa.Column("email", sa.Text, nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.create_unique_constraint("uq_people_email", "people", ["email"])
    else:
        with op.batch_alter_table("people") as people:
            people.create_unique_constraint("uq_people_email", ["email"])
    for name, length in TRACE:
        op.add_column("audit_events", sa.Column(name, sa.String(length), nullable=True))
    _published()
    _done()
    _who()
    guard()


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _published() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("value", sa.Integer, nullable=False),
        _key("changes", "id"),
    )
    op.execute("INSERT INTO changes (id, value) VALUES (1, 0)")
    op.create_table(
        "duties",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("list_id", sa.String(32), nullable=False),
        sa.Column("school", sa.String(12), nullable=False),
        sa.Column("pupil", sa.String(32), nullable=False),
        sa.Column("group_name", sa.Text, nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        _key("duties", "id"),
        sa.ForeignKeyConstraint(["list_id"], ["weekly_lists.id"], name="fk_duties_list_id"),
    )
    op.create_index("ix_duties_list_id", "duties", ["list_id"])
    op.create_index("ix_duties_school_pupil", "duties", ["school", "pupil"])
    op.create_table(
        "region_cells",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("list_id", sa.String(32), nullable=False),
        sa.Column("school", sa.String(12), nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("year_group", sa.Text, nullable=False),
        sa.Column("measure", sa.String(32), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("members", sa.String(64), nullable=False),
        _key("region_cells", "id"),
        sa.ForeignKeyConstraint(["list_id"], ["weekly_lists.id"], name="fk_region_cells_list_id"),
    )
    op.create_index("ix_region_cells_list_id", "region_cells", ["list_id"])
    op.create_index("ix_region_cells_week_school", "region_cells", ["week", "school"])


def _done() -> None:
    op.create_table(
        "follow_ups",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("school", sa.String(12), nullable=False),
        sa.Column("pupil", sa.String(32), nullable=False),
        sa.Column("group_name", sa.Text, nullable=False),
        sa.Column("signal_id", sa.String(32), nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("planned_on", sa.Date, nullable=True),
        sa.Column("done_on", sa.Date, nullable=True),
        sa.Column("outcome", sa.String(32), nullable=True),
        sa.Column("note_sealed", sa.Text, nullable=True),
        sa.Column("opened_by", sa.String(32), nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("change", sa.Integer, nullable=False),
        _key("follow_ups", "id"),
    )
    op.create_index("ix_follow_ups_school_pupil", "follow_ups", ["school", "pupil"])
    op.create_index("ix_follow_ups_change", "follow_ups", ["change"])
    op.create_table(
        "cases",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("school", sa.String(12), nullable=False),
        sa.Column("pupil", sa.String(32), nullable=False),
        sa.Column("group_name", sa.Text, nullable=False),
        sa.Column("ground", sa.String(32), nullable=False),
        sa.Column("opened_by", sa.String(32), nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("expires_on", sa.Date, nullable=False),
        sa.Column("closed_at", Moment, nullable=True),
        _key("cases", "id"),
    )
    op.create_index("ix_cases_school_pupil", "cases", ["school", "pupil"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("school", sa.String(12), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("received_by", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("suffix", sa.String(8), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("finished_at", Moment, nullable=True),
        sa.Column("report", sa.Text, nullable=True),
        _key("deliveries", "id"),
    )
    op.create_index("ix_deliveries_school_received_at", "deliveries", ["school", "received_at"])


def _who() -> None:
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("person", sa.String(32), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        _key("identities", "issuer", "subject"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_identities_person"),
    )
    op.create_index("ix_identities_person", "identities", ["person"])
    op.create_table(
        "clients",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person", sa.String(32), nullable=False),
        sa.Column("secret_digest", sa.String(64), nullable=True),
        sa.Column("public_key", sa.Text, nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("ended_at", Moment, nullable=True),
        _key("clients", "id"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_clients_person"),
    )
    op.create_index("ix_clients_person", "clients", ["person"])
    op.create_table(
        "once",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("content", sa.Text, nullable=True),
        _key("once", "digest"),
    )
    op.create_index("ix_once_expires_at", "once", ["expires_at"])


def downgrade() -> None:
    """Take everything back."""
    unguard()
    for table in NEW:
        op.drop_table(table)
    for name, _ in reversed(TRACE):
        op.drop_column("audit_events", name)
    with op.batch_alter_table("people") as people:
        people.drop_constraint("uq_people_email", type_="unique")
        people.drop_column("email")
    op.drop_index("ix_weekly_lists_change", "weekly_lists")
    op.drop_column("weekly_lists", "change")
