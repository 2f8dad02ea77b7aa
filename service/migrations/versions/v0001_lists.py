"""Lists, names, people, sign-ins, and an audit that the database itself keeps append-only."""

import sqlalchemy as sa
from alembic import op

from service.tables import Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WRITTEN_ONCE = {"weekly_lists": ("UPDATE",), "signals": ("UPDATE",), "audit_events": ("UPDATE", "DELETE")}
"""Retention may delete a whole list one day; nobody may ever rewrite one, and the audit is not even deleted from."""


def upgrade() -> None:
    """Create the tables, then the triggers that hold what was written."""
    _lists()
    _people()
    _audit()
    for table, forbidden in WRITTEN_ONCE.items():
        _forbid(table, forbidden)


def _lists() -> None:
    op.create_table(
        "schools",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sector", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schools"),
    )
    op.create_table(
        "weekly_lists",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("school", sa.String(12), nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("provisional", sa.Boolean, nullable=False),
        sa.Column("published_at", Moment, nullable=False),
        sa.Column("published_by", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_weekly_lists"),
        sa.ForeignKeyConstraint(["school"], ["schools.id"], name="fk_weekly_lists_school"),
        sa.UniqueConstraint("school", "week", "edition", name="uq_weekly_lists_school_week_edition"),
    )
    op.create_table(
        "signals",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("list_id", sa.String(32), nullable=False),
        sa.Column("school", sa.String(12), nullable=False),
        sa.Column("pupil", sa.String(32), nullable=False),
        sa.Column("group_name", sa.Text, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("on_list", sa.Boolean, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("calendar", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_signals"),
        sa.ForeignKeyConstraint(["list_id"], ["weekly_lists.id"], name="fk_signals_list_id"),
        sa.UniqueConstraint("list_id", "pupil", name="uq_signals_list_id_pupil"),
    )
    op.create_index("ix_signals_school_pupil", "signals", ["school", "pupil"])
    op.create_table(
        "sealed_names",
        sa.Column("school", sa.String(12), nullable=False),
        sa.Column("pupil", sa.String(32), nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("school", "pupil", name="pk_sealed_names"),
    )


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("demo_key", sa.String(120), nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("ended_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("demo_key", name="uq_people_demo_key"),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person", sa.String(32), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("school", sa.String(12), nullable=True),
        sa.Column("group_name", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_grants_person"),
    )
    op.create_index("ix_grants_person", "grants", ["person"])
    op.create_table(
        "sessions",
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column("person", sa.String(32), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("ended_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("token_digest", name="pk_sessions"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_sessions_person"),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])


def _audit() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("school", sa.String(12), nullable=True),
        sa.Column("subject", sa.String(32), nullable=True),
        sa.Column("object", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    op.create_index("ix_audit_events_subject", "audit_events", ["subject"])


def _forbid(table: str, forbidden: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_written_once() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} is written once'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_written_once BEFORE {' OR '.join(forbidden)} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_written_once()"
        )
        if "DELETE" in forbidden:
            op.execute(
                f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_written_once()"
            )
        return
    for verb in forbidden:
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is written once'); END"
        )
    # INSERT OR REPLACE would overwrite without either trigger firing.
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608 (the names stand above)
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
        f"BEGIN SELECT RAISE(ABORT, '{table} is written once'); END"
    )


def downgrade() -> None:
    """Drop everything."""
    tables = ("audit_events", "sessions", "grants", "people", "sealed_names", "signals", "weekly_lists", "schools")
    for table in tables:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in WRITTEN_ONCE:
            op.execute(f"DROP FUNCTION {table}_written_once()")
