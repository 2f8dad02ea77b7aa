"""Pages by key, and pulling what is new: no row twice, none missed, whatever is published in between."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from conftest import OWN, Client, SignedIn
from fastapi import FastAPI
from sample_lists import LAST_WEEK, SCHOOL, WEEK, on_list, pupil, weekly_list
from sqlalchemy import Engine, Row, event, insert, select
from sqlalchemy.orm import Session

from service import db, lists
from service.api.lists import ListCursor
from service.api.paging import SignalCursor
from service.tables import AuditRow, ListRow, SignalRow, new_id

NOW = datetime(2027, 1, 4, 7, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 6, 7, tzinfo=UTC)


def put(session: Session, week: date, *, at: datetime = NOW) -> None:
    """A list of one signal, published by a program whose clock says `at`."""
    weekly = weekly_list(week=week, signals=(on_list(0),), gone=())
    row = ListRow(
        id=new_id(),
        school=SCHOOL,
        week=week,
        edition=1,
        digest=new_id(),
        provisional=False,
        published_by="test",
        published_at=at,
        change=db.next_change(session),
        document=weekly.model_dump_json(exclude={"signals"}),
    )
    session.add(row)
    session.flush()
    session.execute(insert(SignalRow), [lists._signal_row(row, 0, weekly.signals[0], lists.write(weekly).signals[0])])


def pages(client: Client, address: str, **options: object) -> Iterator[dict]:
    """The page at `address` and those that it leads to."""
    while address:
        answer = client.request("POST" if options else "GET", address, **options)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page
        address = page["_links"].get("volgende", {}).get("href", "")


def pulled(client: Client, address: str) -> tuple[list[str], str]:
    """The weeks of what a pull gives, and where the next pull begins."""
    found = list(pages(client, address))
    return [one["week"] for page in found for one in page["signalen"]], found[-1]["_links"]["bijgewerkt"]["href"]


@pytest.mark.parametrize("amount", [1, 2, 7, 100])
def test_pages_of_any_size_give_the_same_signals_in_the_same_order(signed_in: SignedIn, amount: int):
    client = signed_in("care")
    head = client.get("/api/v1/weeklijsten").json()["weeklijsten"][0]
    address = head["_links"]["signalen"]["href"]
    whole = [one["id"] for one in client.get(address).json()["signalen"]]
    found = list(pages(client, f"{address}?aantal={amount}"))
    assert [one["id"] for page in found for one in page["signalen"]] == whole
    assert max(len(page["signalen"]) for page in found) <= amount
    assert found[0]["_links"]["eerste"] == found[-1]["_links"]["eerste"]


def test_lists_are_paged_newest_week_first(signed_in: SignedIn):
    client = signed_in("data_team")
    whole = [(one["week"], one["school"]) for one in client.get("/api/v1/weeklijsten").json()["weeklijsten"]]
    paged = [page["weeklijsten"] for page in pages(client, "/api/v1/weeklijsten?aantal=1")]
    assert [(one["week"], one["school"]) for page in paged for one in page] == whole
    assert whole == sorted(whole, key=lambda one: (-date.fromisoformat(one[0]).toordinal(), one[1]))


def test_a_pull_gives_what_was_published_since_and_then_nothing(signed_in: SignedIn, engine: Engine):
    client = signed_in("care")
    first, kept = pulled(client, "/api/v1/signalen")
    assert {str(WEEK), str(LAST_WEEK)} <= set(first)
    assert pulled(client, kept) == ([], kept)
    with db.transaction(engine) as session:
        put(session, date(2027, 2, 1))
    again, kept = pulled(client, kept)
    assert again == ["2027-02-01"]
    assert pulled(client, kept)[0] == []


def test_what_is_committed_later_with_an_earlier_clock_is_not_missed(signed_in: SignedIn, engine: Engine):
    client = signed_in("care")
    kept = pulled(client, "/api/v1/signalen")[1]
    with db.transaction(engine) as session:
        put(session, date(2027, 3, 1))
        put(session, date(2027, 3, 8), at=LONG_AGO)
    assert pulled(client, kept)[0] == ["2027-03-01", "2027-03-08"]
    since = pulled(client, "/api/v1/signalen?gewijzigdSinds=2027-01-04T07:00:00Z")[0]
    assert "2027-03-08" in since


@pytest.mark.parametrize("new_url", ["postgresql"], indirect=True, scope="module")  # SQLite has one writer at a time
def test_two_that_publish_at_once_become_visible_in_the_order_of_their_numbers(signed_in: SignedIn, engine: Engine):
    client = signed_in("care")
    kept = pulled(client, "/api/v1/signalen")[1]

    def second() -> None:
        with db.transaction(engine) as session:
            put(session, date(2027, 4, 12), at=LONG_AGO)

    other = threading.Thread(target=second)
    with db.transaction(engine) as session:
        put(session, date(2027, 4, 5))
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive(), "the second has to wait for the number of the first"
        between, kept = pulled(client, kept)
        assert between == []
    other.join(timeout=60)
    assert pulled(client, kept)[0] == ["2027-04-05", "2027-04-12"]


def test_lists_can_be_pulled_too(signed_in: SignedIn, engine: Engine):
    client = signed_in("care")
    begun = list(pages(client, "/api/v1/weeklijsten?gewijzigdSinds=2020-01-01T00:00:00Z&aantal=2"))
    kept = begun[-1]["_links"]["bijgewerkt"]["href"]
    with db.transaction(engine) as session:
        put(session, date(2027, 5, 3))
    assert [one["week"] for page in pages(client, kept) for one in page["weeklijsten"]] == ["2027-05-03"]


def test_a_moment_after_everything_gives_nothing_and_what_comes_then(signed_in: SignedIn, engine: Engine):
    client = signed_in("care")
    found, kept = pulled(client, "/api/v1/signalen?gewijzigdSinds=2030-01-01T00:00:00Z")
    assert found == []
    with db.transaction(engine) as session:
        put(session, date(2027, 6, 7), at=LONG_AGO)
    assert pulled(client, kept)[0] == ["2027-06-07"]


@pytest.mark.parametrize("new_url", ["postgresql"], indirect=True, scope="module")  # SQLite keeps others waiting
def test_what_is_published_while_the_moment_is_looked_up_is_not_missed(app: FastAPI, signed_in: SignedIn):
    client, asked, published = signed_in("care"), app.state.installation.engine, []

    def publish(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "min(" in statement and not published:
            published.append(date(2027, 7, 5))
            with db.transaction(asked) as session:
                put(session, *published, at=LONG_AGO)

    event.listen(asked, "after_cursor_execute", publish)
    found, kept = pulled(client, "/api/v1/signalen?gewijzigdSinds=2040-01-01T00:00:00Z")
    event.remove(asked, "after_cursor_execute", publish)
    assert [*found, *pulled(client, kept)[0]] == ["2027-07-05"]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "%00", "a" * 500, str(SignalCursor("change", 1, "x", 1))[:-1], str(ListCursor("week", WEEK, SCHOOL))],
)
def test_a_cursor_that_is_none_of_ours_or_of_another_list_is_refused(signed_in: SignedIn, cursor: str):
    answer = signed_in("care").get(f"/api/v1/signalen?cursor={cursor}")
    assert answer.status_code == 400
    assert [one["naam"] for one in answer.json()["fouten"]] == ["cursor"]


def test_a_cursor_comes_back_as_it_went():
    for cursor in (
        ListCursor("week", WEEK, SCHOOL),
        ListCursor("change", 7, "abc"),
        SignalCursor("change", 7, "abc", -1),
    ):
        back = type(cursor).parse(str(cursor))
        assert (back.kind, tuple(back.values)) == (cursor.kind, cursor.values)


def test_a_cursor_opens_no_scope(signed_in: SignedIn):
    everything = list(pages(signed_in("data_team"), "/api/v1/signalen?aantal=50"))
    cursors = [page["_links"]["self"]["href"] for page in everything]
    schools = {one["school"] for page in everything for one in page["signalen"]}
    assert len(schools) > 1
    for address in cursors:
        page = signed_in("stranger").get(address).json()
        assert {one["school"] for one in page["signalen"]} <= {"33ZZ01"}


@pytest.mark.parametrize(
    ("body", "test"),
    [
        ({"school": SCHOOL}, lambda one: one["school"] == SCHOOL),
        ({"leerling": pupil(1)}, lambda one: one["leerling"] == pupil(1)),
        ({"weken": [str(LAST_WEEK)]}, lambda one: one["week"] == str(LAST_WEEK)),
        ({"groep": "2hv1"}, lambda one: one["groep"] == "2hv1"),
        ({"opLijst": False}, lambda one: not one["opLijst"]),
        ({"regel": "mazl_vo", "opLijst": True}, lambda one: any(hit["regel"] == "mazl_vo" for hit in one["regels"])),
    ],
)
def test_a_search_gives_what_is_looked_for_and_only_that(signed_in: SignedIn, body: dict, test):
    client = signed_in("care")
    found = [
        one
        for page in pages(client, "/api/v1/signalen/_zoek?aantal=5", json=body, headers=OWN)
        for one in page["signalen"]
    ]
    whole = [one for page in pages(client, "/api/v1/signalen") for one in page["signalen"]]
    wanted = [one for one in whole if test(one) and (one["opLijst"] or "regel" not in body)]
    assert found
    assert [one["id"] for one in found] == [one["id"] for one in wanted]


def test_what_is_looked_for_stays_out_of_every_address(signed_in: SignedIn):
    answer = signed_in("care").post("/api/v1/signalen/_zoek?aantal=1", json={"leerling": pupil(1)}, headers=OWN)
    assert "volgende" in answer.json()["_links"]
    assert not [link for link in answer.json()["_links"].values() if pupil(1) in link["href"]]


def test_the_history_of_a_pupil_is_that_of_the_other_weeks(signed_in: SignedIn):
    client = signed_in("care")
    body = {"leerling": pupil(1), "weken": [str(WEEK)]}
    (one,) = client.post("/api/v1/signalen/_zoek", json=body, headers=OWN).json()["signalen"]
    history = client.get(one["_links"]["historie"]["href"]).json()["signalen"]
    assert [(past["week"], past["plaats"], past["opLijst"]) for past in history] == [(str(LAST_WEEK), 2, True)]
    assert history[0]["kans"] == on_list(1).probability
    assert client.get(history[0]["_links"]["self"]["href"]).json()["leerling"] == pupil(1)


def test_a_week_of_which_a_later_edition_has_not_this_pupil_is_not_in_the_history(signed_in: SignedIn, engine: Engine):
    client = signed_in("care")
    body = {"leerling": pupil(1), "weken": [str(WEEK)]}
    (one,) = client.post("/api/v1/signalen/_zoek", json=body, headers=OWN).json()["signalen"]
    assert client.get(one["_links"]["historie"]["href"]).json()["signalen"]
    lists.publish(engine, weekly_list(week=LAST_WEEK, signals=(on_list(0),), gone=()), names=[], by="test")
    assert client.get(one["_links"]["historie"]["href"]).json()["signalen"] == []


def test_every_pupil_on_a_page_and_no_other_is_a_line_in_the_audit(signed_in: SignedIn, engine: Engine):
    client = signed_in("care")
    known = audited(engine)
    page = client.get("/api/v1/signalen?aantal=3").json()["signalen"]
    added = audited(engine) - known
    assert sorted((row.subject, row.object) for row in added) == sorted(
        (one["leerling"], one["_links"]["weeklijst"]["href"].rpartition("/")[2]) for one in page
    )


def audited(engine: Engine) -> set[Row]:
    with db.transaction(engine, writes=False) as session:
        return set(session.execute(select(AuditRow.id, AuditRow.subject, AuditRow.object)))
