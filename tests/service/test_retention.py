"""What is past its term goes, all of it and nothing else; one pupil goes everywhere; and what is written once stays so."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sample_lists import SCHOOL, STRANGER, last_weeks_list, pupil, weekly_list
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from data_contracts.weekly_list import SealedName
from service import audit, db, lists, retention
from service.audit import Action
from service.tables import (
    AuditRow,
    CaseRow,
    DeliveryRow,
    FollowUpRow,
    ListRow,
    OnceRow,
    PersonRow,
    RetentionRunRow,
    RightsRow,
    SealedNameRow,
    SessionRow,
    SignalRow,
)
from service.terms import terms

TODAY = date(2029, 9, 3)
"""The school years 26/27 and before are past two school years; the audit is not past five years."""
OLD, NEW = datetime(2026, 11, 16, tzinfo=UTC), datetime(2029, 9, 1, tzinfo=UTC)
PUPIL = pupil(0)


@pytest.fixture
def database(request: pytest.FixtureRequest, new_url: str) -> Iterator[Engine]:
    """The sample lists of 2026, one of 2029, and of everything else something old and something new."""
    url = new_url
    if url.startswith("postgresql"):
        url = request.getfixturevalue("postgres").current_database()
    else:
        url = f"sqlite:///{request.getfixturevalue('tmp_path') / 'service.db'}"
    engine = lists.open_database(url)
    for weekly in (last_weeks_list(), weekly_list(), weekly_list(school=STRANGER, name="Lyceum Zuid")):
        sealed = [SealedName(pupil=one.pupil, sealed="x") for one in weekly.signals]
        lists.publish(engine, weekly, names=sealed, by="test")
    later = weekly_list(week=date(2029, 8, 27), gone=())
    later = later.model_copy(update={"signals": later.signals[:1]})
    lists.publish(engine, later, names=[], by="test")
    with db.transaction(engine) as session:
        for moment in (OLD, NEW):
            session.add_all(_written(moment))
        session.add_all(
            [OnceRow(digest="weg", expires_at=OLD), OnceRow(digest="blijft", expires_at=NEW + timedelta(days=9999))]
        )
        session.add(PersonRow(id="weg", name="Weg", ended_at=datetime(2024, 1, 1, tzinfo=UTC)))
        session.add(
            AuditRow(
                id="oud",
                at=datetime(2024, 1, 1, tzinfo=UTC),
                actor="weg",
                role="mentor",
                action="pupil.read",
                purpose="x",
            )
        )
    yield engine
    engine.dispose()


def _written(at: datetime) -> list[object]:
    key, day = f"{at:%Y}", at.date()
    of = {"school": SCHOOL, "pupil": PUPIL, "group_name": "2hv1"}
    return [
        FollowUpRow(id=key, kind="gesprek", owner="x", opened_by="x", opened_at=at, changed_at=at, change=0, **of),
        CaseRow(id=key, ground="x", opened_by="x", opened_at=at, expires_on=day, closed_at=at, **of),
        RightsRow(
            id=f"klaar{key}", kind="correctie", asked_by="ouder", asked_on=day, registered_by="x", ended_at=at, **of
        ),
        RightsRow(id=f"loopt{key}", kind="bezwaar", asked_by="ouder", asked_on=day, registered_by="x", **of),
        DeliveryRow(
            id=key,
            school=SCHOOL,
            status="accepted",
            received_at=at,
            received_by="x",
            kind="absences",
            suffix=".csv",
            size=1,
            digest="x",
        ),
        PersonRow(id=f"mens{key}", name="Mens"),
        SessionRow(token_digest=key, person=f"mens{key}", role="mentor", expires_at=at, created_at=at),
    ]


def count(engine: Engine, row: type) -> int:
    with db.transaction(engine, writes=False) as session:
        return session.scalar(select(func.count()).select_from(row))


def ids(engine: Engine, column: object) -> set[str]:
    with db.transaction(engine, writes=False) as session:
        return set(session.scalars(select(column)))


def test_counting_removes_nothing_and_says_what_removing_does(database: Engine):
    before = count(database, SignalRow), count(database, AuditRow)
    due = retention.due(database, terms(), today=TODAY)
    assert (count(database, SignalRow), count(database, AuditRow)) == before
    removed = retention.remove(database, terms(), by="test", today=TODAY)
    assert {name: removed[name] for name in due} == due
    assert removed["signals"] > 30


def test_what_is_past_its_term_is_gone_and_the_rest_stands(database: Engine):
    retention.remove(database, terms(), by="test", today=TODAY)
    assert ids(database, ListRow.week) == {date(2029, 8, 27)}
    assert count(database, SignalRow) == 1
    for row in (FollowUpRow, CaseRow, DeliveryRow):
        assert ids(database, row.id) == {"2029"}, row
    assert ids(database, SessionRow.token_digest) == {"2029"}
    assert ids(database, OnceRow.digest) == {"blijft"}
    assert "oud" not in ids(database, AuditRow.id)
    assert "weg" not in ids(database, PersonRow.id)


def test_an_objection_that_runs_is_never_past_its_term(database: Engine):
    retention.remove(database, terms(), by="test", today=TODAY)
    assert ids(database, RightsRow.id) == {"klaar2029", "loopt2026", "loopt2029"}


def test_the_name_of_whom_nothing_is_left_goes_too(database: Engine):
    retention.remove(database, terms(), by="test", today=TODAY)
    assert ids(database, SealedNameRow.pupil) == {PUPIL}


def test_it_is_told_how_many_of_what_and_never_whom(database: Engine):
    counts = retention.remove(database, terms(), by="beheer: els", today=TODAY, elsewhere={"rows": 7})
    with db.transaction(database, writes=False) as session:
        (run,) = session.scalars(select(RetentionRunRow))
        (line,) = session.scalars(select(AuditRow).where(AuditRow.action == Action.RETENTION_RUN))
    assert json.loads(run.counts) == counts
    assert counts["rows"] == 7
    assert (line.actor, line.subject, line.object) == ("beheer: els", None, None)
    assert f"signalen: {counts['signals']}" in line.detail


def test_running_it_again_removes_nothing_more(database: Engine):
    retention.remove(database, terms(), by="test", today=TODAY)
    again = retention.remove(database, terms(), by="test", today=TODAY)
    assert not any(again.values())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_events SET actor = 'x'",
        "DELETE FROM audit_events",
        "UPDATE weekly_lists SET document = '{}'",
        "UPDATE signals SET pupil = 'x'",
    ],
)
@pytest.mark.parametrize("after", ["retention", "erasing", "a failure"])
def test_what_is_written_once_is_so_again_afterwards(database: Engine, change: str, after: str):
    if after == "retention":
        retention.remove(database, terms(), by="test", today=TODAY)
    elif after == "erasing":
        retention.erase(database, by="test", school=SCHOOL, pupil=pupil(1))
    else:
        with (
            pytest.raises(TypeError),
            db.transaction(database) as session,
            retention._rewritable(session, "audit_events"),
        ):
            raise TypeError
    with database.connect() as connection, pytest.raises(DBAPIError, match="written once"):
        connection.execute(text(change))


def test_erasing_takes_one_pupil_out_of_everything_but_a_running_objection(database: Engine):
    with db.transaction(database) as session:
        asked = {"asked_by": "ouder", "asked_on": date(2026, 11, 2), "registered_by": "x", "group_name": "2hv1"}
        session.add(RightsRow(id="wens", kind="correctie", school=SCHOOL, pupil=PUPIL, **asked))
    others = count(database, SignalRow)
    counts = retention.erase(database, by="beheer: els", school=SCHOOL, pupil=PUPIL)
    assert count(database, SignalRow) == others - counts["signals"]
    for row in (SignalRow, FollowUpRow, CaseRow, SealedNameRow):
        assert PUPIL not in ids(database, row.pupil), row
    assert ids(database, RightsRow.id) == {"loopt2026", "loopt2029"}


def test_erasing_also_takes_a_pupil_out_of_who_is_gone(database: Engine):
    gone = pupil(33)
    assert any(gone in one for one in ids(database, ListRow.document))
    counts = retention.erase(database, by="test", school=SCHOOL, pupil=gone)
    assert counts["gone"] == 1
    assert not any(gone in one for one in ids(database, ListRow.document))
    assert lists.previous(database, school=SCHOOL, before=date(2026, 11, 23)).gone == ()


def test_erasing_at_one_school_leaves_the_same_pupil_at_another(database: Engine):
    theirs = pupil(0, STRANGER)
    retention.erase(database, by="test", school=SCHOOL, pupil=theirs)
    assert theirs in ids(database, SignalRow.pupil)


def test_the_audit_keeps_that_it_happened_and_who_looked_before(database: Engine):
    with db.transaction(database) as session:
        session.add(
            AuditRow(actor="iemand", role="mentor", action="pupil.read", purpose="x", school=SCHOOL, subject=PUPIL)
        )
    retention.erase(database, by="beheer: els", school=SCHOOL, pupil=PUPIL)
    with db.transaction(database, writes=False) as session:
        (line,) = session.scalars(select(AuditRow).where(AuditRow.action == Action.PUPIL_ERASED))
        looked = session.scalars(select(AuditRow).where(AuditRow.subject == PUPIL)).all()
    assert (line.school, line.subject, line.object) == (SCHOOL, None, None)
    assert PUPIL not in line.detail
    assert len(looked) == 1


def test_an_administrator_of_one_school_counts_that_school_only(database: Engine):
    of_all = retention.due(database, terms(), today=TODAY)
    of_one = retention.due(database, terms(), today=TODAY, schools={STRANGER})
    assert 0 < of_one["signals"] < of_all["signals"]
    assert "sessions" not in of_one


def test_every_kind_that_is_counted_has_a_word(database: Engine):
    assert set(retention.remove(database, terms(), by="test", today=TODAY)) <= set(retention.WORDS)
    assert set(audit.LABELS) == set(Action)
