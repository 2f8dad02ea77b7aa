"""Row-level security on PostgreSQL: what `service.scope` asks of every query, held once more by the database itself.

A viewer's transaction runs as `VIEWER`, a role that owns nothing, with the viewer's scope in settings of that transaction.
Without those settings it sees no row at all. SQLite has no such thing: there `service.scope` alone holds the line.
"""

from alembic import op

from service.db import VIEWER

FUNCTIONS = (
    """
    CREATE FUNCTION aanwezig_may(permission text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT permission = ANY (string_to_array(current_setting('aanwezig.permissions', true), ',')) $$
    """,
    """
    CREATE FUNCTION aanwezig_school(school text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT current_setting('aanwezig.schools', true) = '*'
        OR school = ANY (string_to_array(current_setting('aanwezig.schools', true), ',')) $$
    """,
    """
    CREATE FUNCTION aanwezig_group(school text, group_name text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT current_setting('aanwezig.groups', true) = '*'
        OR (school || chr(31) || group_name)
            = ANY (string_to_array(current_setting('aanwezig.groups', true), chr(30))) $$
    """,
)

SCHOOL = "aanwezig_school(school)"
GROUP = f"{SCHOOL} AND aanwezig_group(school, group_name)"
RUNNING = "closed_at IS NULL AND expires_on >= CAST(nullif(current_setting('aanwezig.today', true), '') AS date)"


def _may(permission: str) -> str:
    return f"aanwezig_may('{permission}')"


SIGNALS = (
    f"({_may('weeklijsten:lezen')} AND {GROUP}) OR ({_may('dossiers:lezen')} AND {SCHOOL} AND EXISTS "
    f"(SELECT 1 FROM cases AS c WHERE c.school = signals.school AND c.pupil = signals.pupil AND {RUNNING}))"
)
NAMES = (
    f"{_may('namen:lezen')} AND {SCHOOL} AND ("
    "EXISTS (SELECT 1 FROM signals AS s WHERE s.school = sealed_names.school AND s.pupil = sealed_names.pupil) OR "
    "EXISTS (SELECT 1 FROM duties AS d WHERE d.school = sealed_names.school AND d.pupil = sealed_names.pupil))"
)
CASES = f"({_may('dossiers:openen')} AND {GROUP}) OR ({_may('dossiers:lezen')} AND {SCHOOL} AND {RUNNING})"
STANDING = f"(measure = 'leerlingen' AND ({_may('verzuimmeldingen:lezen')} OR {_may('dossiers:lezen')}))"
"""The size of a school, which comes with every list, tells which edition of the list stands."""

POLICIES: dict[str, dict[str, str]] = {
    "weekly_lists": {"SELECT": f"{_may('weeklijsten:lezen')} AND {SCHOOL}"},
    "signals": {"SELECT": SIGNALS},
    "sealed_names": {"SELECT": NAMES},
    "duties": {"SELECT": f"{_may('verzuimmeldingen:lezen')} AND {SCHOOL}"},
    "region_cells": {"SELECT": f"{SCHOOL} AND ({_may('regiobeelden:lezen')} OR {STANDING})"},
    "follow_ups": {
        "SELECT": f"{_may('opvolgingen:lezen')} AND {GROUP}",
        "INSERT": f"{_may('opvolgingen:schrijven')} AND {GROUP}",
        "UPDATE": f"{_may('opvolgingen:schrijven')} AND {GROUP}",
    },
    "cases": {
        "SELECT": CASES,
        "INSERT": f"{_may('dossiers:openen')} AND {GROUP}",
        "UPDATE": f"{_may('dossiers:openen')} AND {GROUP}",
    },
    "deliveries": {
        "SELECT": f"{_may('leveringen:lezen')} AND {SCHOOL}",
        "INSERT": f"{_may('leveringen:schrijven')} AND {SCHOOL}",
    },
    "audit_events": {"SELECT": f"{_may('logboek:lezen')} AND {SCHOOL}", "INSERT": "true"},
}
OPEN = {"schools": "SELECT", "model_pages": "SELECT", "changes": "SELECT, UPDATE"}
"""Nobody's data: granted, without policies. People, grants, sessions and clients are granted to no viewer at all."""


def guard() -> None:
    """Make the role, the functions and the policies; nothing on SQLite."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        f"""
        DO $$ BEGIN
            CREATE ROLE {VIEWER} NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$
        """
    )
    op.execute(f"GRANT {VIEWER} TO CURRENT_USER")
    for function in FUNCTIONS:
        op.execute(function)
    for table, policies in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"GRANT {', '.join(policies)} ON {table} TO {VIEWER}")
        for verb, condition in policies.items():
            clause = "WITH CHECK" if verb == "INSERT" else "USING"
            op.execute(f"CREATE POLICY {table}_{verb.lower()} ON {table} FOR {verb} TO {VIEWER} {clause} ({condition})")
    for table, verbs in OPEN.items():
        op.execute(f"GRANT {verbs} ON {table} TO {VIEWER}")


def unguard() -> None:
    """Take policies, functions and grants back. The role stays: other databases on the server may use it."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, policies in POLICIES.items():
        for verb in policies:
            op.execute(f"DROP POLICY {table}_{verb.lower()} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute(f"DROP OWNED BY {VIEWER}")
    for function in ("aanwezig_group(text, text)", "aanwezig_school(text)", "aanwezig_may(text)"):
        op.execute(f"DROP FUNCTION {function}")
