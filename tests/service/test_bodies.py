"""What is sent to the API: plain, of a form that is read, and by the names that the description gives."""

import gzip
import json
import re
from collections.abc import Iterator

import httpx
import pytest
from conftest import CAST, OWN, SignedIn
from pydantic.alias_generators import to_snake

from service import openapi
from service.api.signals import Zoekvraag

JSON = "application/json"


def operations() -> Iterator[tuple[str, str, dict]]:
    """Each operation that takes a body: its verb, its path and its body."""
    for path, item in openapi.document()["paths"].items():
        for method, operation in item.items():
            if "requestBody" in operation:
                yield method.upper(), path, operation["requestBody"]["content"]


OPERATIONS = list(operations())
IDS = [path for _, path, _ in OPERATIONS]


def sent(client: httpx.Client, method: str, path: str, body: bytes, **headers: str) -> httpx.Response:
    address = "/api/v1" + re.sub(r"{\w+}", "x", path)
    query = {"school": "11ZZ03", "soort": "verantwoordingen", "formaat": "csv"} if path == "/leveringen" else None
    return client.request(method, address, content=body, params=query, headers={**OWN, "if-match": "*", **headers})


def answers(signed_in: SignedIn, method: str, path: str, body: bytes, **headers: str) -> list[httpx.Response]:
    """What those hear who may use an operation."""
    found = [sent(signed_in(who), method, path, body, **headers) for who in CAST]
    return [answer for answer in found if answer.status_code != 403]


@pytest.mark.parametrize(("method", "path", "content"), OPERATIONS, ids=IDS)
@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "identity, gzip"])
def test_a_body_that_is_packed_is_not_read(signed_in: SignedIn, method: str, path: str, content: dict, coding: str):
    (kind,) = content
    body = json.dumps(content[kind]["example"]).encode() if kind == JSON else b"x"
    for packed in (gzip.compress(body), body):
        found = answers(signed_in, method, path, packed, **{"content-type": kind, "content-encoding": coding})
        assert found
        for answer in found:
            assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")


def test_a_body_that_says_to_be_as_it_is_is_read(signed_in: SignedIn):
    headers = {"content-type": JSON, "content-encoding": "identity"}
    assert sent(signed_in("care"), "POST", "/signalen/_zoek", b"{}", **headers).status_code == 200


UNREADABLE = {
    "no JSON": b'{"x":',
    "not UTF-8": b'{"x": "\xff"}',
    "too deep": b"[" * 200_000,
    "too long a number": b'{"x": ' + b"9" * 5000 + b"}",
}


BY_THE_FRAMEWORK = [(method, path) for method, path, content in OPERATIONS if JSON in content and path != "/scores"]
"""Operations whose body we do not read ourselves; for the other see `tests/service/test_quick.py`."""


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("query", ["", "?onbekend=1"])
@pytest.mark.parametrize(("method", "path"), BY_THE_FRAMEWORK)
def test_a_body_that_cannot_be_read_is_one_mistake(
    signed_in: SignedIn, method: str, path: str, query: str, body: bytes
):
    found = answers(signed_in, method, path + query, body, **{"content-type": JSON})
    assert found
    for answer in found:
        assert answer.status_code == 400
        (wrong,) = (one for one in answer.json()["fouten"] if one["plaats"] == "body")
        assert "JSON" in wrong["detail"]


@pytest.mark.parametrize(("method", "path"), BY_THE_FRAMEWORK)
def test_a_field_goes_by_the_name_that_is_described_and_by_no_other(signed_in: SignedIn, method: str, path: str):
    described = openapi.document()["paths"][path][method.lower()]["requestBody"]["content"][JSON]["schema"]
    fields = openapi.document()["components"]["schemas"][described["$ref"].rpartition("/")[2]]["properties"]
    ours = {to_snake(name): None for name in fields if to_snake(name) != name}
    found = answers(signed_in, method, path, json.dumps(ours).encode(), **{"content-type": JSON})
    assert found
    for answer in found if ours else ():
        told = {one["naam"]: one["detail"] for one in answer.json()["fouten"]}
        assert {name: told.get(name) for name in ours} == dict.fromkeys(ours, "Dit kennen wij hier niet.")


def test_in_python_a_field_goes_by_our_name_too():
    assert Zoekvraag(op_lijst=True).model_dump(by_alias=True, exclude_none=True)["opLijst"] is True
