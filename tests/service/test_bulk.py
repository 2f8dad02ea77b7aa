"""Every signal at once: the same rows in each form, read in batches, logged before they are sent, and stopped in time."""

import asyncio
import csv
import io
import json

import httpx
import pyarrow.parquet as pq
import pytest
from conftest import CAST, OWN, Client, SignedIn
from fastapi import FastAPI
from sqlalchemy import Engine, func, select, update

from data_contracts.errors import SignInError
from service import db, pulling
from service.api import bulk
from service.api.bulk import COLUMNS, FORMS, BulkRij, as_csv
from service.tables import AuditRow, SessionRow, SignalRow, now

NDJSON, CSV, PARQUET = FORMS
ALL = "/api/v1/signalen"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 10)


def asked(client: Client, form: str, address: str = ALL) -> httpx.Response:
    answer = client.get(address, headers={"accept": form})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == form
    return answer


def rows_of(answer: httpx.Response, form: str) -> list[dict]:
    """The rows as JSON has them, whatever form they came in."""
    if form == NDJSON:
        return [json.loads(line) for line in answer.text.splitlines()]
    if form == CSV:
        found = list(csv.DictReader(io.StringIO(answer.text)))
        return [
            BulkRij.model_validate({k: v or None for k, v in row.items()} | texts(row)).model_dump(
                mode="json", by_alias=True
            )
            for row in found
        ]
    table = pq.read_table(io.BytesIO(answer.content))
    assert tuple(table.column_names) == COLUMNS
    return [BulkRij.model_validate(row).model_dump(mode="json", by_alias=True) for row in table.to_pylist()]


def texts(row: dict[str, str]) -> dict[str, str]:
    """Texts that may be empty: CSV cannot tell those from what is missing."""
    return {name: row[name] for name in ("verhogend", "verlagend", "regels")}


def test_each_form_gives_the_same_rows_and_those_of_the_pages(signed_in: SignedIn):
    client = signed_in("data_team")
    found = {form: rows_of(asked(client, form), form) for form in FORMS}
    assert found[NDJSON] == found[CSV] == found[PARQUET]
    address, paged = ALL, []
    while address:
        page = client.get(address).json()
        paged += page["signalen"]
        address = page["_links"].get("volgende", {}).get("href")
    assert [row["signaal"] for row in found[NDJSON]] == [one["id"] for one in paged]
    assert [row["kans"] for row in found[NDJSON]] == [one["kans"] for one in paged]
    for row, one in zip(found[NDJSON], paged, strict=True):
        assert json.loads(row["bijdragen"]) == {part["kenmerk"]: part["logOdds"] for part in one["bijdragen"]}
        assert row["verhogend"] == " ".join(reason["tekst"] for reason in one["verhogend"])
        assert row["gegevensTot"] == one["gegevensTot"]


def test_the_rows_have_the_columns_that_are_documented_and_no_name(signed_in: SignedIn):
    answer = asked(signed_in("care"), NDJSON)
    assert "naam" not in COLUMNS
    assert "Noor" not in answer.text
    assert {tuple(json.loads(line)) for line in answer.text.splitlines()} == {COLUMNS}


def test_the_form_is_what_the_client_likes_best(signed_in: SignedIn):
    client = signed_in("care")
    likings = {
        "text/csv;q=0.5, application/x-ndjson;q=0.9": NDJSON,
        "application/vnd.apache.parquet, */*;q=0.1": PARQUET,
        "text/*": CSV,
        "*/*": "application/json",
        "application/json;q=0.2, text/csv;q=0.1": "application/json",
    }
    for accept, form in likings.items():
        given = client.get(ALL, headers={"accept": accept}).headers["content-type"].partition(";")[0]
        assert given == form, accept
    assert client.get(ALL, headers={"accept": "image/png"}).status_code == 406


def test_the_next_pull_begins_where_this_one_ended(signed_in: SignedIn):
    client = signed_in("care")
    link = asked(client, NDJSON).headers["link"]
    assert link.endswith('; rel="bijgewerkt"')
    assert asked(client, NDJSON, link[1 : link.index(">")]).text == ""


def test_nothing_at_all_is_an_empty_file_of_that_form(signed_in: SignedIn):
    address = f"{ALL}?gewijzigdSinds=2035-01-01T00:00:00Z"
    assert asked(signed_in("care"), CSV, address).text.strip() == ",".join(COLUMNS)
    assert pq.read_table(io.BytesIO(asked(signed_in("care"), PARQUET, address).content)).num_rows == 0


def test_a_cell_that_a_spreadsheet_would_run_is_text():
    row = dict.fromkeys(COLUMNS)
    for evil in ("=1+1", "+31", "-cmd", "@SUM(A1)", "\t=1", "\r=1"):
        text = b"".join(as_csv(iter([[{**row, "groep": evil, "logOdds": -1.5}]]))).decode()
        (read,) = csv.DictReader(io.StringIO(text, newline=""))
        assert read["groep"] == f"'{evil}"
        assert read["logOdds"] == "-1.5"


class Slowly:
    """An ASGI client that takes one part at a time and goes away when it has had enough."""

    def __init__(self, app: FastAPI, cookie: str, enough: int) -> None:
        self.app, self.cookie, self.enough = app, cookie, enough
        self.parts: list[bytes] = []
        self.seen: list[int] = []

    def ask(self, form: str, look) -> None:
        gone = asyncio.Event()

        asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> dict:
            if (message := next(asked, None)) is not None:
                return message
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict) -> None:
            if message.get("body"):
                self.parts.append(message["body"])
                self.seen.append(look())
            if len(self.parts) >= self.enough:
                gone.set()
                await asyncio.sleep(0.05)

        headers = [(b"host", b"testserver"), (b"accept", form.encode()), (b"cookie", self.cookie.encode())]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": ALL,
            "raw_path": ALL.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
        }
        asyncio.run(self.app(scope, receive, send))


@pytest.fixture
def cookie(app: FastAPI) -> str:
    """A session of its own, that a test may end."""
    client = Client(app)
    assert client.post("/aanmelden", data={"persoon": CAST["data_team"]}, headers=OWN).status_code == 303
    return f"aanwezig={client.cookies['aanwezig']}"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each batch read."""
    sizes: list[int] = []
    batch = pulling.batch

    def counted(*arguments: object, **options: object):
        found = batch(*arguments, **options)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(bulk.pulling, "batch", counted)
    return sizes


def counted(engine: Engine, of: type) -> int:
    with db.transaction(engine, writes=False) as session:
        return session.scalar(select(func.count()).select_from(of))


@pytest.mark.parametrize("form", [NDJSON, CSV, PARQUET])
def test_no_more_is_read_than_was_sent_and_one_batch(app: FastAPI, cookie: str, read: list[int], form: str):
    client = Slowly(app, cookie, enough=10_000)
    client.ask(form, look=lambda: len(read))
    assert len(read) > 4
    assert max(read) == 10
    assert all(batches <= part + 1 for part, batches in enumerate(client.seen, start=1))


def test_whoever_goes_away_stops_the_reading(app: FastAPI, cookie: str, read: list[int], engine: Engine):
    Slowly(app, cookie, enough=2).ask(NDJSON, look=lambda: 0)
    assert sum(read) < counted(engine, SignalRow)
    assert len(read) <= 4


def test_each_batch_is_in_the_audit_before_it_is_sent(app: FastAPI, cookie: str, engine: Engine):
    before = counted(engine, AuditRow)
    client = Slowly(app, cookie, enough=10_000)
    client.ask(NDJSON, look=lambda: counted(engine, AuditRow) - before)
    sent = 0
    for part, logged in zip(client.parts, client.seen, strict=True):
        sent += len(part.splitlines())
        assert logged >= sent
    assert counted(engine, AuditRow) - before == counted(engine, SignalRow) == sent


def test_who_loses_the_session_in_between_gets_nothing_more(app: FastAPI, cookie: str, engine: Engine):
    def end() -> int:
        with db.transaction(engine) as session:
            session.execute(update(SessionRow).values(ended_at=now()))
        return 0

    client = Slowly(app, cookie, enough=10_000)
    with pytest.raises(RuntimeError, match="response already started") as broken:
        client.ask(NDJSON, look=end)
    assert isinstance(broken.value.__cause__, SignInError)
    assert len(client.parts) == 1


def test_head_reads_no_further_than_it_must(app: FastAPI, read: list[int]):
    client = Client(app)
    client.post("/aanmelden", data={"persoon": CAST["data_team"]}, headers=OWN)
    answer = client.request("HEAD", ALL, headers={"accept": NDJSON})
    assert (answer.status_code, answer.content) == (200, b"")
    assert read == []


def test_a_role_that_reads_no_lists_gets_a_problem_and_no_stream(signed_in: SignedIn):
    answer = signed_in("privacy_officer").get(ALL, headers={"accept": NDJSON})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
