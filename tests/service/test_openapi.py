"""The OpenAPI document: it keeps the NL GOV API Design Rules, is complete, and says what the application really does."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from conftest import Client, SignedIn
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from pipelines.cli import main
from service import openapi
from service.api.base import Operation
from service.examples import example
from service.front import headers
from service.front.mistakes import SAID, UNKNOWN, said

ROOT = Path(__file__).parents[2]
RULES = Path(os.environ.get("AANWEZIG_API_RULES", ROOT.parent / "shared/standards/nlgov-adr-spectral.yaml"))
SPECTRAL = ROOT / "tests/node/node_modules/.bin/spectral"


@pytest.fixture(scope="module")
def described() -> dict:
    return openapi.document()


def operations(described: dict) -> Iterator[tuple[str, str, dict]]:
    for path, item in described["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_it_keeps_the_design_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    missing = [str(one) for one in (RULES, SPECTRAL) if not one.exists()] + ["node"] * (shutil.which("node") is None)
    assert not missing, f"ontbreekt: {', '.join(missing)}; zie CONTRIBUTING.md (AANWEZIG_API_RULES wijst de regels aan)"
    written = tmp_path / "openapi.json"
    monkeypatch.setattr(sys, "argv", ["aanwezig", "openapi", "--out", str(written)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in {0, None}
    linted = subprocess.run(
        [SPECTRAL, "lint", written, "-r", RULES, "--format", "json", "--quiet"],
        check=False,
        capture_output=True,
        text=True,
    )
    found = json.loads(linted.stdout or "[]")
    assert [(one["code"], one["path"], one["message"]) for one in found if one["severity"] == 0] == []
    assert linted.returncode == 0, linted.stderr


def test_every_operation_is_complete(described: dict):
    ids = []
    for method, path, operation in operations(described):
        where = f"{method} {path}"
        ids.append(operation["operationId"])
        assert re.fullmatch(r"[a-z][a-zA-Z]+", operation["operationId"]), where
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["tags"], where
        assert {"400", "406"} <= set(operation["responses"]), where
        assert operation.get("security") == [] or {"401", "403"} <= set(operation["responses"]), where
        for status, answer in operation["responses"].items():
            assert answer["headers"]["API-Version"]["example"] == headers.API_VERSION, where
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (where, status)
    assert len(ids) == len(set(ids))
    assert {tag["name"] for tag in described["tags"]} <= set(openapi.TAGS)


def test_every_content_has_an_example_that_its_own_schema_allows(described: dict):
    for method, path, operation in operations(described):
        asked = operation.get("requestBody", {}).get("content", {})
        answered = [one.get("content", {}) for one in operation["responses"].values()]
        for media_type, content in [pair for one in (asked, *answered) for pair in one.items()]:
            if "json" in media_type and content.get("schema"):
                shown = content["example"] if "example" in content else content["examples"]
                if "example" in content and media_type != "application/x-ndjson":
                    rules = {**content["schema"], "components": described["components"]}
                    jsonschema.Draft202012Validator(rules).validate(shown)
                assert shown not in ({}, []), (method, path, media_type)


def test_every_route_of_the_application_is_in_it_and_strict(app: FastAPI, described: dict):
    routes = [one for one in iter_route_contexts(app.routes) if str(one.path).startswith("/api/")]
    found = {
        (method.lower(), str(one.path).removeprefix("/api/v1"))
        for one in routes
        if isinstance(one.original_route, APIRoute) and one.include_in_schema
        for method in one.methods
    }
    assert found == {(method, path) for method, path, _ in operations(described)}
    assert [
        one.path
        for one in routes
        if isinstance(one.original_route, APIRoute) and not isinstance(one.original_route, Operation)
    ] == []


def test_no_query_of_any_operation_names_a_pupil(described: dict):
    named = {
        parameter["name"] for _, _, operation in operations(described) for parameter in operation.get("parameters", ())
    }
    assert named
    assert not named & {"leerling", "pseudoniem", "naam", "pupil", "name"}


def test_the_page_with_the_documentation_needs_nothing_from_elsewhere(visitor: Client, described: dict):
    page = visitor.get("/api/v1/docs")
    assert page.status_code == 200
    assert page.headers["content-security-policy"] == headers.CONTENT_SECURITY_POLICY
    assert "<script" not in page.text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.text)
    for method, path, operation in operations(described):
        assert f"<code>{method.upper()} {path}</code>" in page.text
        assert operation["operationId"] in page.text


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "string", "examples": ["a"]}, "a"),
        ({"type": "array", "items": {"type": "integer"}, "examples": ["een zin"]}, ["een zin"]),
        ({"type": "array", "items": {"$ref": "#/components/schemas/One"}}, [{"naam": "Noor"}]),
        ({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}, "2026-11-16"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, {"self": True}),
        ({"type": "integer", "default": 100}, 100),
    ],
)
def test_an_example_is_composed_of_the_examples_of_its_parts(schema: dict, shown: object):
    one = {"type": "object", "properties": {"naam": {"type": "string", "examples": ["Noor"]}}}
    assert example(schema, {"One": one}) == shown


def test_a_trailing_slash_is_not_found(signed_in: SignedIn):
    answer = signed_in("care").get("/api/v1/signalen/")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.headers["api-version"] == headers.API_VERSION


def test_everything_that_is_wrong_is_told_at_once_and_in_dutch(signed_in: SignedIn):
    query = "cursor=aaaa&onbekend=1&aantal=0&gewijzigdSinds=gisteren"
    answer = signed_in("care").get(f"/api/v1/signalen?{query}")
    assert answer.status_code == 400
    assert {(one["plaats"], one["naam"], one["detail"]) for one in answer.json()["fouten"]} == {
        ("query", "cursor", "Dit is geen cursor van deze lijst. Neem hem over uit _links."),
        ("query", "onbekend", "Dit kennen wij hier niet."),
        ("query", "aantal", "Dit moet minstens 1 zijn."),
        ("query", "gewijzigdSinds", "Dit moet een moment zijn, zoals 2026-11-15T17:00:00Z."),
        ("query", "gewijzigdSinds", "Dit gaat niet samen met cursor, die zelf al zegt waar het begint."),
    }


def test_an_unknown_parameter_alone_is_refused_too_and_reads_nothing(signed_in: SignedIn):
    answer = signed_in("care").get("/api/v1/weeklijsten?schol=11ZZ03")
    assert [one["naam"] for one in answer.json()["fouten"]] == ["schol"]


@pytest.mark.parametrize(
    "amount",
    ["5_0", "1.0", "1e1", "+5", "%2B5", "%205", "5%20", "5%0A", "%D9%A5", "true", "", "1&aantal=2", "5&aantal=5"],
)
def test_an_amount_is_one_number_in_digits(signed_in: SignedIn, amount: str):
    client = signed_in("care")
    for path in ("signalen", "weeklijsten", "opvolgingen"):
        answer = client.get(f"/api/v1/{path}?aantal={amount}")
        assert answer.status_code == 400
        assert [one["naam"] for one in answer.json()["fouten"]] == ["aantal"]
        assert client.get(f"/api/v1/{path}?aantal=5").status_code == 200


@pytest.mark.parametrize("path", ["signalen", "weeklijsten", "opvolgingen"])
def test_a_moment_beside_a_cursor_is_refused(signed_in: SignedIn, path: str):
    client, moment = signed_in("care"), "gewijzigdSinds=2026-11-15T17:00:00Z"
    kept = client.get(f"/api/v1/{path}?{moment}").json()["_links"]["bijgewerkt"]["href"]
    assert client.get(kept).status_code == 200
    answer = client.get(f"{kept}&{moment}")
    assert answer.status_code == 400
    assert [(one["naam"], one["detail"][:31]) for one in answer.json()["fouten"]] == [
        ("gewijzigdSinds", "Dit gaat niet samen met cursor,")
    ]


def test_a_mistake_that_we_have_no_words_for_is_told_plainly():
    assert said({"type": "not_known_to_us", "msg": "English"}) == UNKNOWN
    assert said({"type": "too_long", "ctx": {"max_length": 3}}) == "Dit zijn er te veel: hoogstens 3."
    assert said({"type": "too_long", "ctx": {}}) == UNKNOWN
    assert said({"type": "enum", "ctx": {"expected": "'a' or 'b'"}}) == "Dit moet een van deze zijn: 'a' of 'b'."
    assert not [sentence for sentence in SAID.values() if not sentence.endswith(".")]


def test_head_is_get_without_its_content(signed_in: SignedIn):
    client = signed_in("care")
    got, headed = client.get("/api/v1/weeklijsten"), client.request("HEAD", "/api/v1/weeklijsten")
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["etag"] == got.headers["etag"]
    assert headed.headers["content-length"] == got.headers["content-length"]


def test_options_and_405_name_every_verb_of_an_address(visitor: Client, signed_in: SignedIn):
    answer = visitor.request("OPTIONS", "/api/v1/weeklijsten")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    refused = signed_in("care").request("DELETE", "/api/v1/weeklijsten", headers={"origin": "http://testserver"})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert visitor.request("OPTIONS", "/api/v1/niets").status_code == 404


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("text/html, */*;q=0.1", 200),
        ("application/*", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("application/json;q=0.5", 200),
        ("application/json;q=1.000", 200),
        *((f"application/json;q={said}", 406) for said in ("onzin", "nan", "inf", "-1", "1.1", "1e0", "0_1")),
        ("application/json;q=0.000", 406),
    ],
)
def test_an_answer_that_nobody_asked_for_is_not_given(signed_in: SignedIn, accept: str, status: int):
    answer = signed_in("care").get("/api/v1/weeklijsten", headers={"accept": accept})
    assert answer.status_code == status


def test_a_body_that_is_no_json_is_not_read(signed_in: SignedIn):
    sent = {"origin": "http://testserver", "content-type": "text/plain"}
    answer = signed_in("care").post("/api/v1/signalen/_zoek", content='{"groep": "2hv1"}', headers=sent)
    assert answer.status_code == 415
