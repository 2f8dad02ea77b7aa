"""All signals at once over the API, for more and more of them: memory has to stay flat.

Synthetic lists are put straight into SQLite. Each form is then streamed by the application in a process of its own, which
throws the bytes away as a client would take them. `grown_mb` is how much more memory the largest took than the smallest.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert

from benchmarks.measured import apart, show
from data_contracts.weekly_list import Basis, Contribution, Direction, Reason, Signal, Standing, WeeklyList
from service import auth, db, demo, lists
from service.app import create_app
from service.settings import Mode, Settings
from service.tables import ListRow, SignalRow, new_id

FORMS = ("application/x-ndjson", "text/csv", "application/vnd.apache.parquet")
SIZES = {"small": (10_000, 100_000), "full": (10_000, 100_000, 1_000_000)}
A_LIST = 100
FEATURES = 40
LIMIT_GROWN_MB = 100
MONDAY = date(2020, 1, 6)


def _signal(number: int) -> Signal:
    pupil = "p" + hashlib.sha256(str(number % 20_000).encode()).hexdigest()[:26].translate(
        str.maketrans("0189", "ghij")
    )
    parts = [Contribution(feature=f"f{n}", label=f"Kenmerk {n}", value=0.5, log_odds=0.01 * n) for n in range(FEATURES)]
    text = "In de laatste 4 lesweken 9 dagen ziek gemeld, verdeeld over 4 keer."
    return Signal(
        pupil=pupil,
        group=f"{number % 6 + 1}a",
        year_group="12",
        standing=Standing.CANDIDATE,
        position=number % A_LIST + 1,
        on_list=True,
        log_odds=-1.0,
        probability=0.27,
        baseline=-3.2,
        contributions=tuple(parts),
        raising=(Reason(features=("f1",), direction=Direction.RAISES, text=text, log_odds=0.4),),
    )


def _list(number: int) -> WeeklyList:
    week = MONDAY + timedelta(days=7 * (number // 200))
    return WeeklyList(
        school=f"{number % 100:02d}AA{number // 100 % 2:02d}",
        school_name="Synthetische school",
        sector="vo",
        week=week,
        as_of=datetime.combine(week, datetime.min.time(), UTC),
        data_moment=None,
        basis=Basis.SCORECARD,
        model_version="bench",
        contract_version="1.0.0",
        capacity=A_LIST,
        pupils_considered=1_000,
        tie_rule="",
        signals=tuple(_signal(number * A_LIST + rank) for rank in range(A_LIST)),
    )


def _fill(engine: Engine, signals: int) -> None:
    """Publish the first list as a school does, which makes the schools; put the others beside it."""
    for number in range(min(200, signals // A_LIST)):
        lists.publish(engine, _list(number), names=(), by="bench")
    rows = [lists._signal_row(ListRow(id="", school=""), rank, one) for rank, one in enumerate(_list(0).signals)]  # noqa: SLF001
    for number in range(200, signals // A_LIST):
        with db.transaction(engine) as session:
            session.execute(insert(ListRow), [_list_row(session, number)])
            session.execute(insert(SignalRow), list(_moved(rows, number)))


def _list_row(session: Any, number: int) -> dict[str, Any]:  # noqa: ANN401 - a session
    weekly = _list(number).model_copy(update={"signals": ()})
    return {
        "id": f"list-{number}",
        "school": weekly.school,
        "week": weekly.week,
        "edition": 1,
        "digest": str(number),
        "provisional": False,
        "published_by": "bench",
        "change": db.next_change(session),
        "document": weekly.model_dump_json(exclude={"signals"}),
    }


def _moved(rows: list[dict[str, object]], number: int) -> Iterator[dict[str, object]]:
    school = f"{number % 100:02d}AA{number // 100 % 2:02d}"
    return ({**row, "id": new_id(), "list_id": f"list-{number}", "school": school} for row in rows)


def _streamed(home: str, form: str) -> tuple[int, int]:
    """Return the bytes of everything, and the largest part that went out at once."""
    settings = Settings(mode=Mode.DEMO, home=Path(home), database_url=f"sqlite:///{home}/service.db")
    app = create_app(settings)
    with db.transaction(app.state.installation.engine) as session:
        person, role = demo.person(session, "datateam")
        token = auth.sign_in(session, person, role, hours=1)
    sizes: list[int] = []
    ended: list[bool] = []
    waiting = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def send(message: Any) -> None:  # noqa: ANN401 - an ASGI message
        if message["type"] == "http.response.start" and message["status"] != 200:  # noqa: PLR2004
            raise SystemExit(str(message))
        sizes.append(len(message.get("body", b"")))
        ended.append(message["type"] == "http.response.body" and not message.get("more_body"))

    async def receive() -> Any:  # noqa: ANN401 - an ASGI message
        return next(waiting, None) or await asyncio.Event().wait()

    headers = [(b"host", b"x"), (b"accept", form.encode()), (b"cookie", f"aanwezig={token}".encode())]
    scope = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET"}
    where = {"scheme": "http", "path": "/api/v1/signalen", "raw_path": b"/api/v1/signalen", "query_string": b""}
    rest = {"root_path": "", "headers": headers, "client": ("127.0.0.1", 1), "server": ("x", 80)}
    asyncio.run(app({**scope, **where, **rest}, receive, send))
    if not ended[-1]:
        msg = "the stream was broken off"
        raise SystemExit(msg)
    return sum(sizes), max(sizes)


def api_bulk(size: str) -> None:
    """Stream every signal in each form, for more and more signals."""
    peaks: dict[str, list[int]] = {form: [] for form in FORMS}
    for signals in SIZES[size]:
        with tempfile.TemporaryDirectory() as home:
            engine = lists.open_database(f"sqlite:///{home}/service.db")
            _fill(engine, signals)
            engine.dispose()
            for form in FORMS:
                done = apart(_streamed, home, form)
                peaks[form].append(done.peak_mb)
                sent, largest = done.result
                show(
                    {
                        "bench": "api_bulk",
                        "form": form,
                        "n": signals,
                        "ours_s": done.seconds,
                        "rows_s": signals / done.seconds,
                        "mb": sent / 1e6,
                        "largest_part_mb": largest / 1e6,
                        "peak_mb": done.peak_mb,
                    }
                )
    for form, found in peaks.items():
        grown = found[-1] - found[0]
        within = grown <= LIMIT_GROWN_MB
        show({"bench": "api_bulk", "form": form, "grown_mb": grown, "limit_mb": LIMIT_GROWN_MB, "within": within})
