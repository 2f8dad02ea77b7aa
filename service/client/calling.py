"""One call of the API: sent, tried again where that helps and does no harm, and read into its resource."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel

from service.front.problems import Problem

PREFIX = "/api/v1"
LATER = frozenset({httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE})
TRIES = 5
SHORT_WAIT_S = 1.0
"""Where the service does not say how long."""
LONGEST_WAIT_S = 60.0
"""Whoever is asked to wait longer is better told so."""
UNHEARD = (httpx.ConnectError, httpx.ConnectTimeout)
"""The request came to nobody."""
UNANSWERED = (*UNHEARD, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
"""The request may have been carried out: only what changes nothing can be asked again."""
UNCHANGING = ("/_zoek", "/scores")
"""What addresses end with to which something is posted that changes nothing."""

Answer = TypeVar("Answer", bound=BaseModel)


class ApiError(Exception):
    """The service refused a request.

    Parameters
    ----------
    problem
        Why, as the service tells it; every field that is wrong stands in `fouten`.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.problem = problem


class Caller:
    """Sends requests to one installation.

    Parameters
    ----------
    http
        Its client, with the address of the installation and how to sign in.
    """

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def ask(
        self, kind: type[Answer], method: str, path: str, *, body: BaseModel | None = None, **query: object
    ) -> Answer:
        """Return the answer to one request as a resource of `kind`."""
        json = None if body is None else body.model_dump(mode="json", by_alias=True, exclude_none=True)
        return kind.model_validate_json(self.send(method, path, json=json, params=_query(query)).content)

    def follow(self, kind: type[Answer], href: str) -> Answer:
        """Return what a link of the service leads to."""
        return kind.model_validate_json(self.send("GET", href.removeprefix(PREFIX)).content)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - what httpx takes
        """Return the answer to one request; wait and try again where the service asks for that, or nobody answered.

        Raises
        ------
        ApiError
            The service refused it.
        httpx.TransportError
            Nobody answered. A request that changes something is not sent again once it may have been carried out: look
            first whether it was.
        """
        again = UNANSWERED if method == "GET" or path.endswith(UNCHANGING) else UNHEARD
        for left in reversed(range(TRIES)):
            try:
                answer = self.http.request(method, PREFIX + path, **options)
            except again:
                if not left:
                    raise
                time.sleep(SHORT_WAIT_S)
                continue
            if answer.status_code not in LATER or not left:
                break
            time.sleep(_wait(answer))
        return _good(answer)

    def stream(self, path: str, *, accept: str, **query: object) -> Iterator[bytes]:
        """Yield an answer in parts, as they come."""
        with self.http.stream("GET", PREFIX + path, params=_query(query), headers={"Accept": accept}) as answer:
            if answer.is_error:
                answer.read()
            yield from _good(answer).iter_bytes()


def _good(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise ApiError(Problem.model_validate_json(answer.content))
    return answer


def _wait(answer: httpx.Response) -> float:
    said = answer.headers.get("Retry-After", "")
    return min(float(said) if said.isdigit() else SHORT_WAIT_S, LONGEST_WAIT_S)


def _query(given: Mapping[str, object]) -> dict[str, str]:
    return {name: _written(value) for name, value in given.items() if value is not None}


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)
