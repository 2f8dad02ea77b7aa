"""Nothing in the service goes round `service.scope`: what could is named here, module by module, with its reason.

A module that is new to one of these lists is a decision. Take it here, with a reason, or ask `service.reading` instead.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import service
from service import scope
from service.viewer import Role, Viewer

HERE = Path(service.__file__).parent
SCOPED = {row.__name__ for row in scope.conditions(Viewer("wie", "Wie", Role.DATA_TEAM, None))}
"""Rows of which a viewer may see a part."""

WITHOUT_A_VIEWER = {
    "who/accounts": "the command line gives people and programs their access; it reads nobody's data",
    "auth": "`asking` opens the transaction in which the viewer is found, and enters it at once",
    "digest": "a letter of numbers for each reader, in a transaction entered as that reader",
    "following/followed": "the weekly run counts what came after; no person asks",
    "batch": "the batch takes deliveries in; no person asks",
    "inbox": "counts what a school handed in, also what the sender may not see",
    "lists": "publishing, and what the weekly run compares with; pseudonyms only, and shown to nobody",
    "who/oauth": "a program asks for a token: there is no viewer yet",
    "rights/by_number": "the batch says whose number it was that somebody objected with; no person asks",
    "rights/objected": "the weekly run leaves out who objected, and the command line writes an objection down",
    "retention": "removes what is past its term, or one pupil; for a page it counts, and shows nobody's data",
    "school_pages": "publishing",
    "who/managed": "people, grants and clients, which no viewer's transaction reaches; it looks again who arranges them",
    "who/mentors": "names of mentors and their groups, which no viewer's transaction reaches; it asks who is asking first",
    "who/overseeing": "the same rows, for who reads the audit: names and places, nobody's data of a pupil",
    "who/sign_in": "somebody signs in: there is no viewer yet",
}
"""Who opens a transaction by itself. Whatever is shown to somebody goes through `auth.asking`."""

BELOW_THE_ORM = {
    "app": "opens the database at start-up",
    "db": "opens connections and migrates",
    "lists": "opens the database for those who publish",
    "retention": "takes the triggers of what is written once away and puts them back, in its own transaction",
    "scope": "tells PostgreSQL who the viewer is",
}
"""Who speaks SQL, or to a connection."""

SCOPED_ROWS = {
    "api/deliveries": "a type only: it shows rows that `inbox` read",
    "audit": "writes the audit, and reads it for the privacy officer",
    "audit_sums": "adds it up, for the same",
    "pages/following/board": "who waits and what is to be done at a school",
    "following/care": "who has a pupil in hand, beside the list that `reading` gave",
    "cases": "opens, reads and closes cases",
    "demo": "the cast of the demo follows the published lists; it does not exist in production",
    "duties": "duties for the attendance officer",
    "following/follow_ups": "writes and reads follow-ups",
    "following/followed": "counts follow-ups",
    "following/order": "where in the order of changes a moment lies, of those in scope",
    "batch": "what waits, and what became of it; no person asks",
    "inbox": "writes and reads deliveries",
    "pages/deliveries/delivered": "a type only: it shows rows that `inbox` read",
    "lists": "publishing",
    "following/playbook": "a school's own playbook",
    "pages/management/management": "how many deliveries wait",
    "pulling": "pages of lists and signals",
    "reading": "lists, signals and names",
    "region": "counts for the alliance",
    "rights/alone": "legal duties about who objected",
    "rights/by_number": "an objection by number, until the batch has said whose it is",
    "rights/held": "everything about one pupil, for who has the right to see it",
    "rights/objected": "who objected, for the weekly run, and the command line that writes it down",
    "rights/requests": "what parents and pupils asked",
    "rights/seen": "who looked at one pupil",
    "retention": "removes what is past its term, or one pupil",
    "school_pages": "the page about a school, published and read",
    "scope": "decides",
    "shared": "sets apart what may leave the school, at publishing",
    "tables/people": "what the rows are",
    "tables/published": "the same",
    "tables/written": "the same",
    "following/undoing": "takes a follow-up back",
    "who/managed": "names of the groups of a school, for who arranges it",
}
"""Who names a row of which a viewer may see a part."""

CONNECTIONS = {"connect", "raw_connection", "connection", "exec_driver_sql", "get_bind"}
UNFILTERED = {"from_statement", "__table__", "__mapper__"}
SQL = {"text", "Table", "table", "TextClause", "sessionmaker", "create_engine"}


def below_the_orm(tree: ast.AST) -> bool:
    return any(
        (isinstance(node, ast.Attribute) and (node.attr in CONNECTIONS | UNFILTERED or node.attr.startswith("bulk_")))
        or (
            isinstance(node, ast.Attribute)
            and node.attr == "begin"
            and ast.unparse(node.value) in {"engine", "here.engine"}
        )
        or (isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy" and _imported(node) & SQL)
        or (isinstance(node, ast.Call) and ast.unparse(node.func) in {"Session", "orm.Session"})
        or (isinstance(node, ast.Attribute) and ast.unparse(node).endswith("Base.metadata"))
        for node in ast.walk(tree)
    )


def opens_a_transaction(tree: ast.AST) -> bool:
    return any(
        (isinstance(node, ast.Attribute) and node.attr == "transaction")
        or (isinstance(node, ast.ImportFrom) and "transaction" in _imported(node))
        for node in ast.walk(tree)
    )


def names_a_scoped_row(tree: ast.AST) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id in SCOPED)
        or (isinstance(node, ast.Attribute) and node.attr in SCOPED)
        or (isinstance(node, ast.ClassDef) and node.name in SCOPED)
        for node in ast.walk(tree)
    )


def _imported(node: ast.ImportFrom) -> set[str]:
    return {one.name for one in node.names}


def modules() -> Iterator[tuple[str, ast.AST]]:
    """Every module of the service, without the migrations, which run before there is a viewer."""
    for path in sorted(HERE.rglob("*.py")):
        name = path.relative_to(HERE).with_suffix("").as_posix()
        if not name.startswith("migrations/"):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


RULES = [
    (opens_a_transaction, WITHOUT_A_VIEWER),
    (below_the_orm, BELOW_THE_ORM),
    (names_a_scoped_row, SCOPED_ROWS),
]


@pytest.mark.parametrize(("does", "named"), RULES, ids=[does.__name__ for does, _ in RULES])
def test_who_does_so_is_named_here(does: Callable[[ast.AST], bool], named: dict[str, str]):
    assert {name for name, tree in modules() if does(tree)} == set(named)


@pytest.mark.parametrize(
    ("does", "code"),
    [
        (opens_a_transaction, "with db.transaction(engine) as session: pass"),
        (opens_a_transaction, "from service.db import transaction"),
        (below_the_orm, "from sqlalchemy import text"),
        (below_the_orm, "session.connection().execute(query)"),
        (below_the_orm, "select(SignalRow.__table__)"),
        (below_the_orm, "select(Base.metadata.tables['signals'])"),
        (below_the_orm, "session.bulk_save_objects(rows)"),
        (below_the_orm, "with Session(engine) as session: pass"),
        (below_the_orm, "with engine.begin() as connection: pass"),
        (names_a_scoped_row, "select(SignalRow)"),
        (names_a_scoped_row, "select(tables.SignalRow)"),
    ],
)
def test_each_way_round_is_seen(does: Callable[[ast.AST], bool], code: str):
    assert does(ast.parse(code))


def test_and_what_is_no_way_round_is_not():
    tree = ast.parse("with auth.asking(request) as (viewer, session):\n    found = reading.heads(viewer, session)")
    assert not any(does(tree) for does, _ in RULES)
