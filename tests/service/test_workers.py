"""Real processes: a worker that is killed loses nothing that was confirmed, one that is stopped finishes what it does."""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
import uvicorn
from conftest import CAST
from demo_home import SCHOOL, fill
from sqlalchemy import select

from pipelines import service_commands
from service import db
from service.tables import DeliveryRow

WITHIN = 120  # seconds in which a process starts, or comes back, on a machine that has much else to do
SAID = {"school": SCHOOL, "soort": "names", "formaat": "csv"}
OCTETS = "application/octet-stream"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For addresses without: or else each request by itself reads every certificate there is, which takes longer than asking."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def start(home: Path, url: str, port: int) -> subprocess.Popen[str]:
    settings = {"AANWEZIG_MODE": "demo", "AANWEZIG_HOME": str(home), "AANWEZIG_DATABASE_URL": url}
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "serve"]
    return subprocess.Popen(
        [*command, "--workers", "2", "--port", str(port)],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@dataclass
class Running:
    """A service of two workers."""

    process: subprocess.Popen[str]
    home: Path
    url: str
    address: str
    port: int

    def workers(self) -> list[int]:
        """Processes that answer, without what Python itself keeps beside them."""
        parent = self.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        named = {int(child): Path(f"/proc/{child}/cmdline").read_text() for child in children}
        return [child for child, command in named.items() if "spawn_main" in command]

    def wait_until_ready(self) -> None:
        ends = time.monotonic() + WITHIN
        while time.monotonic() < ends:
            try:
                if self.get("/api/v1/gezondheid").status_code == 200 and len(self.workers()) == 2:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        pytest.fail("the service does not answer")

    def get(self, path: str, **options: object) -> httpx.Response:
        return httpx.get(f"{self.address}{path}", verify=NO_TLS, **options)

    def sign_in(self) -> dict[str, str]:
        """The cookies of somebody who may hand in and read."""
        said = {"data": {"persoon": CAST["care"]}, "headers": {"origin": self.address}, "timeout": WITHIN}
        answer = httpx.post(f"{self.address}/aanmelden", verify=NO_TLS, **said)
        assert answer.status_code == 303
        return dict(answer.cookies)

    def deliveries(self) -> dict[str, str]:
        engine = db.connect(self.url)
        with db.transaction(engine, writes=False) as session:
            found = {row.id: f"{row.kind}-{row.id}{row.suffix}" for row in session.scalars(select(DeliveryRow))}
        engine.dispose()
        return found


@pytest.fixture(scope="module")
def running(new_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for all of them, because three processes take long to begin; the last test stops it."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    fill(home, new_url)
    service = Running(start(home, new_url, port), home, new_url, f"http://127.0.0.1:{port}", port)
    try:
        service.wait_until_ready()
        yield service
    finally:
        service.process.terminate()
        service.process.communicate(timeout=WITHIN)


def test_a_worker_that_is_killed_loses_no_confirmed_delivery_and_is_replaced(running: Running):
    cookies = running.sign_in()
    before = running.workers()

    def hand_in(number: int) -> str | None:
        """The id, where it was confirmed; a connection of its own, so both workers get some."""
        try:
            answer = httpx.post(
                f"{running.address}/api/v1/leveringen",
                params=SAID,
                content=b"x" * (number + 1),
                headers={"origin": running.address, "content-type": OCTETS},
                cookies=cookies,
                timeout=WITHIN,
                verify=NO_TLS,
            )
        except httpx.TransportError:
            return None
        return answer.json()["id"] if answer.status_code == 202 else None

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(hand_in, number) for number in range(80)]
        while sum(one.done() for one in asked) < 20:
            time.sleep(0.01)
        os.kill(before[0], signal.SIGKILL)
        confirmed = {one.result() for one in asked} - {None}
    assert len(confirmed) >= 40
    stored = running.deliveries()
    assert confirmed <= stored.keys()
    assert all((running.home / "inbox" / stored[one]).is_file() for one in confirmed)
    running.wait_until_ready()
    after = running.workers()
    assert before[0] not in after
    assert before[1] in after
    assert running.get("/api/v1/leveringen", cookies=cookies).status_code == 200
    assert "aanwezig_requests_running 1.0" in running.get("/metrics").text  # the dead one is in none


def test_the_figures_are_of_all_workers_together(running: Running):
    def counted() -> float:
        asked = r'aanwezig_requests_total\{method="GET",route="/api/v1/gezondheid/levend",status="200"\} (.*)'
        return sum(float(number) for number in re.findall(asked, running.get("/metrics").text))

    before = counted()
    for _ in range(20):
        running.get("/api/v1/gezondheid/levend")
    assert counted() == before + 20


def test_no_answer_waits_for_the_client_to_confirm_its_headers(monkeypatch: pytest.MonkeyPatch):
    """Linux would wait 40 ms with the rest of it."""
    kept: list[socket.socket] = []
    monkeypatch.setattr("uvicorn.supervisors.Multiprocess.run", lambda together: kept.extend(together.sockets))
    service_commands._run_together(uvicorn.Config("service.app:create_app", port=0, workers=2, log_level="error"))
    (shared,) = kept
    shared.listen()
    with shared, socket.create_connection(shared.getsockname()), shared.accept()[0] as accepted:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_stopping_finishes_what_is_running_first(running: Running):
    cookies = "; ".join(f"{name}={value}" for name, value in running.sign_in().items())
    head = (
        f"POST /api/v1/leveringen?{urlencode(SAID)} HTTP/1.1\r\nhost: 127.0.0.1:{running.port}\r\n"
        f"origin: {running.address}\r\ncontent-type: {OCTETS}\r\ncontent-length: 10\r\ncookie: {cookies}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", running.port), timeout=WITHIN) as connection:
        connection.sendall(head.encode() + b"first")
        time.sleep(0.5)
        running.process.terminate()
        time.sleep(0.5)
        connection.sendall(b"later")
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 202")
    assert running.process.wait(timeout=WITHIN) == 0
    (confirmed,) = re.findall(r"\r\nlocation: /api/v1/leveringen/(\S+)\r\n", answer)
    assert (running.home / "inbox" / running.deliveries()[confirmed]).read_bytes() == b"firstlater"


def test_what_cannot_start_says_so_once_and_ends(tmp_path: Path):
    (tmp_path / "limits.toml").write_text("[person]\nburst = 0\n")
    process = start(tmp_path, f"sqlite:///{tmp_path / 's.db'}", free_port())
    said, _ = process.communicate(timeout=WITHIN)
    assert process.returncode == 8
    assert said.count("person.burst") == 1
    assert "Traceback" not in said
