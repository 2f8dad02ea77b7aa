"""An objection of a pupil who has no page: the number waits sealed, the batch says who it is, and the number is gone."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from conftest import CAST, OWN, Client, SignedIn
from cryptography.fernet import Fernet
from demo_home import full_name
from fastapi import FastAPI
from sample_lists import SCHOOL, STRANGER, pupil
from sqlalchemy import Engine, delete, select

from data_contracts.errors import NotAllowedError
from service import audit, auth, batch, db, scope
from service.rights import by_number
from service.rights.kinds import Asked, AskedBy
from service.rights.objected import Objector, objected
from service.rights.requests import requests
from service.settings import Settings
from service.tables import AuditRow, Base, GrantRow, PersonRow, RightsRow, SealedNameRow
from service.vault import Vault
from service.viewer import Role, Viewer

NUMBER = "20177345"
TODAY = scope.today()
NAME = "Wout Onbekend"


@pytest.fixture
def care(app: FastAPI, engine: Engine) -> Iterator[Client]:
    """A care coordinator, at a school where nobody asked anything yet."""
    client = Client(app)
    assert client.post("/aanmelden", data={"persoon": CAST["care"]}, headers=OWN).status_code == 303
    yield client
    with db.transaction(engine) as session:
        session.execute(delete(RightsRow))


def objects(client: Client, number: str = NUMBER, **changes: str) -> httpx.Response:
    form = {"school": SCHOOL, "leerlingnummer": number, "door": "ouders", "op": str(TODAY)}
    return client.post("/rechten/bezwaar", data=form | changes, headers=OWN)


def looked_up(engine: Engine, of: Objector | None) -> None:
    """What the batch does with everything that waits."""
    for one in by_number.waiting(engine):
        by_number.settle(engine, one, of, by="test")


def somebody(home: Path) -> Objector:
    """A pupil who was never on a list."""
    fernet = Fernet((home / "keys" / "names.key").read_bytes())
    return Objector(SCHOOL, pupil(399), "3m2", fernet.encrypt("\t".join(NAME.split()).encode()).decode())


def rows(engine: Engine) -> list[RightsRow]:
    with db.transaction(engine) as session:
        return list(session.scalars(select(RightsRow)))


def settled(engine: Engine, request: str) -> list[tuple[str | None, str]]:
    """Of whom the audit says that a program looked up a request, and which."""
    lines = select(AuditRow.subject, AuditRow.actor).where(AuditRow.object == request, AuditRow.role == audit.MACHINE)
    with db.transaction(engine) as session:
        return [(row.subject, row.actor) for row in session.execute(lines)]


def everything(engine: Engine) -> str:
    """Every value in every table."""
    with engine.connect() as connection:
        return str([connection.execute(select(table)).all() for table in Base.metadata.tables.values()])


def test_the_number_is_in_no_table_no_log_and_no_address_while_it_waits(
    care: Client, engine: Engine, home: Path, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.DEBUG):
        answer = objects(care, f" {NUMBER} ")
        page = care.get("/rechten").text
    assert (answer.status_code, answer.headers["location"]) == (303, f"/rechten?school={SCHOOL}#bezwaar")
    assert "Wordt opgezocht" in page
    for place in (everything(engine), page, caplog.text, str(answer.headers)):
        assert NUMBER not in place
    (waiting,) = by_number.waiting(engine)
    assert Fernet((home / "keys" / "names.key").read_bytes()).decrypt(waiting.sealed_number.encode()) == NUMBER.encode()
    assert objected(engine) == frozenset()


def test_that_it_was_asked_is_in_the_audit_without_a_pupil(care: Client, engine: Engine):
    objects(care)
    (row,) = rows(engine)
    with db.transaction(engine) as session:
        line = session.scalars(select(AuditRow).where(AuditRow.object == row.id)).one()
    assert (line.action, line.school, line.subject, line.role) == (
        "objection.by_number",
        SCHOOL,
        None,
        "care_coordinator",
    )
    care.get("/rechten")
    with db.transaction(engine) as session:
        assert session.scalars(select(AuditRow.id).where(AuditRow.subject == "")).all() == []


def test_who_it_is_does_not_take_part_from_then_on_and_the_number_is_gone(care: Client, engine: Engine, home: Path):
    objects(care)
    looked_up(engine, somebody(home))
    assert objected(engine) == {(SCHOOL, pupil(399))}
    (row,) = rows(engine)
    assert (row.kind, row.group_name, row.note_sealed, row.ended_at) == ("bezwaar", "3m2", None, None)
    assert by_number.waiting(engine) == ()
    page = care.get("/rechten").text
    assert NAME in page
    assert "Wordt opgezocht" not in page
    with db.transaction(engine) as session:
        line = session.scalars(select(AuditRow).where(AuditRow.subject == pupil(399), AuditRow.actor == "test")).first()
        session.execute(delete(SealedNameRow).where(SealedNameRow.pupil == pupil(399)))
    assert (line.action, line.role) == ("objection.registered", "machine")
    assert care.post(f"/rechten/{row.id}/intrekken", data={"door": "ouders", "op": str(TODAY)}, headers=OWN).is_redirect


def test_who_was_on_a_list_after_all_is_off_it(care: Client, engine: Engine):
    objects(care)
    assert " ".join(full_name(0)) in care.get("/weeklijst").text
    looked_up(engine, Objector(SCHOOL, pupil(0), "2hv1"))
    assert " ".join(full_name(0)) not in care.get("/weeklijst").text


def test_a_number_of_nobody_is_told_and_not_kept(care: Client, engine: Engine):
    objects(care)
    looked_up(engine, None)
    (row,) = rows(engine)
    assert (row.answer, row.note_sealed, row.pupil) == ("onbekend", None, "")
    assert settled(engine, row.id) == [(None, "test")]
    assert "dit leerlingnummer is bij deze school niet bekend" in care.get("/rechten").text


def test_twice_is_once(care: Client, engine: Engine, home: Path):
    objects(care)
    objects(care)
    looked_up(engine, somebody(home))
    assert sorted((row.kind, row.answer) for row in rows(engine)) == [
        ("bezwaar", None),
        ("bezwaarOpNummer", "liepAl"),
    ]
    assert [settled(engine, row.id) for row in rows(engine) if row.answer] == [[(pupil(399), "test")]]
    assert "voor deze leerling liep al een bezwaar" in care.get("/rechten").text


def test_what_was_looked_up_already_is_not_looked_up_again(care: Client, engine: Engine, home: Path):
    objects(care)
    (waiting,) = by_number.waiting(engine)
    by_number.settle(engine, waiting, somebody(home), by="test")
    by_number.settle(engine, waiting, None, by="test")
    assert objected(engine) == {(SCHOOL, pupil(399))}


def test_the_page_says_when_nobody_looks_it_up(care: Client, home: Path):
    objects(care)
    assert "Op deze server zoekt nu niemand op" in care.get("/rechten").text
    batch.give_sign(home)
    assert "Meestal binnen een minuut." in care.get("/rechten").text
    (home / batch.BESIDE / batch.ALIVE).unlink()


@pytest.mark.parametrize(
    ("number", "changes"), [("", {}), ("  ", {}), ("1" * 41, {}), ("12\x0034", {}), (NUMBER, {"op": "morgen"})]
)
def test_what_cannot_be_is_refused_without_saying_the_number_again(
    care: Client, engine: Engine, number: str, changes: dict[str, str]
):
    if changes:
        changes = {"op": str(TODAY + timedelta(days=1))}
    answer = objects(care, number, **changes)
    assert answer.status_code == 400
    assert not number.strip() or number not in answer.text
    assert rows(engine) == []


def test_it_is_for_the_own_school_and_for_who_sees_all_of_it(
    care: Client, signed_in: SignedIn, app: FastAPI, engine: Engine, settings: Settings
):
    assert objects(care, school=STRANGER).status_code == 404
    assert objects(signed_in("mentor")).status_code == 403
    limited = Client(app)
    with db.transaction(engine) as session:
        person = PersonRow(name="Van een klas")
        session.add(person)
        session.flush()
        session.add(GrantRow(person=person.id, role="care_coordinator", school=SCHOOL, group_name="2hv1"))
        session.flush()
        limited.cookies.set(settings.cookie, auth.sign_in(session, person, Role.CARE_COORDINATOR, hours=1))
    assert objects(limited).status_code == 403
    assert 'action="/rechten/bezwaar"' not in limited.get("/rechten").text
    objects(care)
    assert "Wordt opgezocht" not in limited.get("/rechten").text


def test_who_sees_some_groups_neither_asks_nor_sees_what_waits(care: Client, engine: Engine, home: Path):
    objects(care)
    whole = Viewer("wie", "Wie", Role.CARE_COORDINATOR, frozenset({SCHOOL}))
    some = replace(whole, groups=frozenset({(SCHOOL, "3m2")}))
    vault, asked = Vault.at(home), Asked(AskedBy.PARENTS, TODAY)
    with db.transaction(engine) as session:
        assert len(requests(whole, session, vault=vault, school=SCHOOL)) == 1
        assert requests(some, session, vault=vault, school=SCHOOL) == ()
        with pytest.raises(NotAllowedError):
            by_number.ask(some, session, school=SCHOOL, number=NUMBER, asked=asked, vault=vault)
    assert len(rows(engine)) == 1


def test_a_request_about_a_record_does_not_end_that_way(care: Client, engine: Engine):
    with db.transaction(engine) as session:
        row = RightsRow(
            school=SCHOOL,
            pupil=pupil(3),
            group_name="4v1",
            kind="correctie",
            asked_by="ouders",
            asked_on=TODAY,
            first_day=TODAY,
            last_day=TODAY,
            wrong="reden",
            registered_by="x",
        )
        session.add(row)
        session.flush()
    form = {"antwoord": "onbekend", "op": str(TODAY), "toelichting": "Nee."}
    assert care.post(f"/rechten/{row.id}/antwoord", data=form, headers=OWN).status_code == 400
    assert 'value="onbekend"' not in care.get("/rechten").text
