"""Publishing: idempotent, in editions, immutable, audited."""

import pickle
import threading
from datetime import date

import pytest
from sample_lists import LAST_WEEK, SCHOOL, WEEK, last_weeks_list, pupil, weekly_list
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DatabaseError

from data_contracts.weekly_list import SealedName, WeeklyList
from service import db, lists
from service.lists import Published, Status
from service.tables import AuditRow, ListRow, SealedNameRow, SignalRow


def counts(engine: Engine) -> tuple[int, ...]:
    with db.transaction(engine) as session:
        return tuple(session.scalar(select(func.count()).select_from(one)) for one in (ListRow, SignalRow, AuditRow))


def test_the_first_list_is_new_and_the_same_again_changes_nothing(engine: Engine):
    first = lists.publish(engine, last_weeks_list(), names=(), by="aanwezig weekly")
    assert (first.status, first.edition) == (Status.NEW, 1)
    before = counts(engine)
    again = lists.publish(engine, last_weeks_list(), names=(), by="aanwezig weekly")
    assert again == Published(Status.UNCHANGED, 1, first.id)
    assert counts(engine) == before


def test_other_content_for_the_same_week_is_the_next_edition_and_leaves_the_first_as_it_was(engine: Engine):
    lists.publish(engine, weekly_list(), names=(), by="test")
    changed = weekly_list(notes=("Een nagekomen levering is verwerkt.",))
    second = lists.publish(engine, changed, names=(), by="test")
    assert (second.status, second.edition) == (Status.NEW_EDITION, 2)
    third = lists.publish(engine, weekly_list(), names=(), by="test")
    assert (third.status, third.edition) == (Status.NEW_EDITION, 3)
    with db.transaction(engine) as session:
        query = select(ListRow.digest).where(ListRow.week == WEEK).order_by(ListRow.edition)
        digests = session.scalars(query).all()
    assert digests == [lists.digest(one) for one in (weekly_list(), changed, weekly_list())]


def test_what_was_published_comes_back_to_the_last_bit(engine: Engine):
    lists.publish(engine, weekly_list(), names=(), by="test")

    def bare(made: WeeklyList) -> WeeklyList:
        signals = [one.model_copy(update={"calendar": (), "attendance": ()}) for one in made.signals]
        return made.model_copy(update={"signals": tuple(signals)})

    assert lists.previous(engine, school=SCHOOL, before=date(2026, 11, 23)) == bare(weekly_list())
    assert lists.previous(engine, school=SCHOOL, before=WEEK) == bare(last_weeks_list())
    assert lists.previous(engine, school=SCHOOL, before=LAST_WEEK) is None


def test_a_list_that_was_written_in_another_process_is_stored_as_if_it_was_written_here(engine: Engine):
    written = pickle.loads(pickle.dumps(lists.write(weekly_list())))  # noqa: S301 - our own, a moment ago
    there = lists.publish(engine, weekly_list(), names=(), by="test", written=written)
    again = lists.publish(engine, weekly_list(), names=(), by="test")
    assert (again.status, again.id) == (Status.UNCHANGED, there.id)
    other = weekly_list(notes=("Een nagekomen levering is verwerkt.",))
    lists.publish(engine, other, names=(), by="test")
    here = lists.publish(engine, weekly_list(), names=(), by="test")
    assert here.status is Status.NEW_EDITION
    stored: dict[str, list[tuple[object, ...]]] = {there.id: [], here.id: []}
    with db.transaction(engine) as session:
        for row in session.scalars(select(SignalRow).where(SignalRow.list_id.in_(stored)).order_by(SignalRow.rank)):
            stored[row.list_id].append((row.pupil, row.group_name, row.on_list, row.document, row.calendar))
        documents = {session.get_one(ListRow, one).document for one in stored}
    assert stored[there.id] == stored[here.id] != []
    assert len(documents) == 1


@pytest.mark.parametrize("table", ["weekly_lists", "signals"])
def test_the_database_itself_refuses_to_change_what_was_published(engine: Engine, table: str):
    with pytest.raises(DatabaseError, match="written once"), db.transaction(engine) as session:
        session.execute(text(f"UPDATE {table} SET document = '{{}}'"))  # noqa: S608


def test_publishing_is_one_line_in_the_audit_without_any_pupil(engine: Engine):
    lists.publish(engine, weekly_list(week=date(2026, 11, 2)), names=(), by="aanwezig weekly")
    with db.transaction(engine) as session:
        row = session.scalars(select(AuditRow).order_by(AuditRow.at.desc()).limit(1)).one()
    assert (row.actor, row.role, row.action, row.school, row.subject) == (
        "aanwezig weekly",
        "machine",
        "list.published",
        SCHOOL,
        None,
    )


def test_the_newest_name_of_a_pupil_stands_also_when_the_list_is_unchanged(engine: Engine):
    for sealed in ("eerste", "tweede"):
        lists.publish(engine, weekly_list(), names=[SealedName(pupil=pupil(0), sealed=sealed)], by="test")
    with db.transaction(engine) as session:
        assert session.get_one(SealedNameRow, (SCHOOL, pupil(0))).sealed == "tweede"


def test_two_programs_that_publish_the_same_list_at_once_make_one_edition(engine: Engine):
    week = date(2026, 10, 26)
    found = []
    start = threading.Barrier(2)

    def publish() -> None:
        start.wait()
        found.append(lists.publish(engine, weekly_list(week=week), names=(), by="test"))

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.status for one in found) == [Status.NEW, Status.UNCHANGED]
    assert {one.edition for one in found} == {1}


def test_an_error_half_way_leaves_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    before = counts(engine)
    monkeypatch.setattr(lists.audit, "record_publishing", fail)
    with pytest.raises(RuntimeError):
        lists.publish(engine, weekly_list(week=date(2026, 9, 7)), names=(), by="test")
    assert counts(engine) == before


def test_standing_counts_the_pupils_on_the_newest_edition(engine: Engine):
    lists.publish(engine, weekly_list(week=date(2026, 8, 31)), names=(), by="test")
    rows = {one.week: one for one in lists.standing(engine)}
    newest = rows[date(2026, 8, 31)]
    assert (newest.school, newest.name, newest.edition, newest.on_list) == (SCHOOL, "Het Baken College", 1, 10)


def test_who_was_on_the_lists_before_newest_first(engine: Engine):
    lists.publish(engine, last_weeks_list(), names=(), by="test")
    lists.publish(engine, weekly_list(), names=(), by="test")
    this_week, last_week = lists.earlier_on_list(engine, school=SCHOOL, before=date(2026, 11, 23), weeks=2)
    assert this_week == {one.pupil for one in weekly_list().signals if one.on_list}
    assert last_week == {one.pupil for one in last_weeks_list().signals if one.on_list}
    assert len(lists.earlier_on_list(engine, school=SCHOOL, before=date(2026, 11, 23), weeks=1)) == 1


def test_the_moment_of_the_list_that_stands(engine: Engine):
    assert lists.moments(engine, week=date(2026, 11, 23)) == {}
    lists.publish(engine, weekly_list(), names=(), by="test")
    assert lists.moments(engine, week=WEEK) == {SCHOOL: weekly_list().as_of}
