"""The running API against its own document: whatever is sent, no fault of ours, and no answer that is not documented.

The long run: ``AANWEZIG_API_EXAMPLES=500 make test`` (or pytest on this file alone).
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
import uvicorn
from conftest import Client
from hypothesis import HealthCheck, settings
from sample_lists import SCHOOL, STRANGER
from sample_model import page
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from sqlalchemy import Engine

from service import lists, openapi
from service.api.base import PREFIX
from service.app import create_app
from service.settings import Settings

EXAMPLES = int(os.environ.get("AANWEZIG_API_EXAMPLES", "2"))
LIMITS = "[person]\na_second = 100000\nburst = 1000000\n"
"""Whoever sends anything at all would be sent away for asking too much, and never get to what is tested here."""

Ask = Callable[[schemathesis.Case, list[Any]], None]
ROLES = ("care", "data_team", "alliance", "attendance_officer", "supplier", "privacy_officer")


def _document() -> dict[str, Any]:
    """Return the document without its security: here a cookie says who asks, and no header is to be made up for it."""
    whole = openapi.document()
    parts = {name: part for name, part in whole["components"].items() if name != "securitySchemes"}
    return {name: part for name, part in whole.items() if name != "security"} | {"components": parts}


DOCUMENT = schemathesis.openapi.from_dict(_document())
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def address(settings: Settings, home: Path, engine: Engine) -> Iterator[str]:
    """A service that really runs, on loopback, with a scorecard in use."""
    lists.publish_model(engine, page(SCHOOL, STRANGER))
    (home / "limits.toml").write_text(LIMITS)
    app = create_app(settings)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_keep_alive=60))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def callers(signed_in) -> dict[str, dict[str, str]]:
    """Headers of everybody who may ask, by role."""
    return {role: {"cookie": "; ".join(f"{n}={v}" for n, v in signed_in(role).cookies.items())} for role in ROLES}


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """A connection that stays open, and keeps nothing else: who asks is in the headers of each request."""
    with requests.Session() as kept:
        kept.trust_env = False
        kept.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield kept


@pytest.fixture(scope="module")
def known(signed_in) -> dict[str, str]:
    """Ids of what there is, by the name of the parameter."""
    care: Client = signed_in("care")
    weekly = care.get("/api/v1/weeklijsten").json()["weeklijsten"][0]["id"]
    signals = care.get(f"/api/v1/weeklijsten/{weekly}/signalen").json()["signalen"]
    return {"list_id": weekly, "signal_id": signals[0]["id"]}


@pytest.fixture(scope="module")
def ask(address: str, callers: dict[str, dict[str, str]], session: requests.Session) -> Ask:
    """Ask it as everybody in turn."""

    def asked(case: schemathesis.Case, checks: list[Any]) -> None:
        for caller in callers.values():
            headers = {**caller, "origin": address}
            case.call_and_validate(base_url=f"{address}{PREFIX}", session=session, headers=headers, checks=checks)

    return asked


@DOCUMENT.parametrize()
@BOUNDED
def test_no_fault_and_no_surprise(case: schemathesis.Case, ask: Ask, known: dict[str, str]):
    ask(case, CHECKS)
    if any(name in known for name in case.path_parameters):  # which may mend what was wrong on purpose
        case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
        ask(case, CHECKS[:-1])
