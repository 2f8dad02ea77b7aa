"""Letting people and programs in, from the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import select
from typer.testing import CliRunner, Result

from data_contracts.errors import AanwezigError, NotFoundError, UsageError
from pipelines.cli import app
from service import db
from service.tables import AuditRow, IdentityRow

Run = Callable[..., Result]
PERSON = ("people", "add", "--name", "A. Bakker", "--email", "A.Bakker@School.nl")
PROGRAM = ("clients", "add", "--name", "SWV", "--role", "alliance", "--all-schools")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A command in a home of its own; what a user did wrong comes out as the error itself."""
    monkeypatch.setenv("AANWEZIG_HOME", str(tmp_path / "home"))

    def command(*words: str) -> Result:
        result = CliRunner().invoke(app, words)
        if isinstance(result.exception, AanwezigError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return command


def listed(run: Run, what: str) -> list[dict[str, object]]:
    return json.loads(run(what, "list", "--json").output)["accounts"]


def test_somebody_is_let_in_and_gets_a_second_role(run: Run):
    assert "Er is nog niemand" in run("people", "list").output
    run(*PERSON, "--role", "care_coordinator", "--school", "11ZZ03", "--school", "22ZZ00")
    run(*PERSON, "--role", "mentor", "--school", "11ZZ03", "--group", "2hv1", "--group", "2hv2")
    run(*PERSON, "--role", "mentor", "--school", "11ZZ03", "--group", "2hv1")
    (found,) = listed(run, "people")
    assert (found["how"], found["ended"]) == ("a.bakker@school.nl", False)
    assert sorted(found["access"]) == [
        "mentor 11ZZ03 2hv1",
        "mentor 11ZZ03 2hv2",
        "zorgcoördinator 11ZZ03",
        "zorgcoördinator 22ZZ00",
    ]


def test_whose_access_ends_keeps_no_address_and_can_come_back_as_somebody_new(run: Run):
    run(*PERSON, "--role", "data_team", "--all-schools")
    assert "beëindigd" in run("people", "end", "a.bakker@school.nl").output
    run(*PERSON, "--role", "data_team", "--all-schools")
    assert [(one["how"], one["ended"]) for one in sorted(listed(run, "people"), key=lambda one: one["ended"])] == [
        ("a.bakker@school.nl", False),
        ("", True),
    ]
    assert "Beëindigd: 0" in run("people", "sessions-end", "a.bakker@school.nl").output
    assert "Beëindigd: 0" in run("people", "sessions-end", "--all").output


UNCLEAR = {
    "no school": (*PERSON, "--role", "care_coordinator"),
    "one and all": (*PERSON, "--role", "care_coordinator", "--school", "11ZZ03", "--all-schools"),
    "no such role": (*PERSON, "--role", "directeur", "--all-schools"),
    "no such school": (*PERSON, "--role", "data_team", "--school", "Het Baken"),
    "mentor of nobody": (*PERSON, "--role", "mentor", "--school", "11ZZ03"),
    "group of which school": (
        *(*PERSON, "--role", "mentor", "--group", "2hv1"),
        *("--school", "11ZZ03", "--school", "22ZZ00"),
    ),
    "group of who is no mentor": (*PERSON, "--role", "data_team", "--school", "11ZZ03", "--group", "2hv1"),
    "no address": ("people", "add", "--name", "x", "--email", "x", "--role", "data_team", "--all-schools"),
    "sessions of whom": ("people", "sessions-end"),
    "no proof": PROGRAM,
    "two proofs": (*PROGRAM, "--secret-file", "x", "--public-key", "y"),
    "no such key": (*PROGRAM, "--public-key", "/bestaat/niet"),
}


@pytest.mark.parametrize("words", UNCLEAR.values(), ids=UNCLEAR)
def test_what_is_unclear_lets_nobody_in(run: Run, words: tuple[str, ...]):
    with pytest.raises(UsageError) as caught:
        run(*words)
    assert caught.value.remedy
    assert listed(run, "people") == listed(run, "clients") == []


def test_a_secret_goes_to_a_file_and_is_shown_nowhere(run: Run, tmp_path: Path):
    file = tmp_path / "swv.secret"
    shown = run(*PROGRAM, "--secret-file", str(file)).output
    secret = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert secret not in shown + run("clients", "list").output + run("clients", "list", "--json").output
    with pytest.raises(UsageError, match="bestaat al"):
        run(*PROGRAM, "--secret-file", str(file))
    assert file.read_text() == secret
    assert len(listed(run, "clients")) == 1


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        (ECKey.generate_key("P-256").as_pem(private=False), True),
        (json.dumps(ECKey.generate_key("P-256").as_dict(private=False)).encode(), True),
        (RSAKey.generate_key(2048).as_pem(private=False), True),
        (ECKey.generate_key("P-256").as_pem(private=True), False),
        (ECKey.generate_key("P-384").as_pem(private=False), False),
        (b"geen sleutel", False),
        (b"{}", False),
        (b"\xff\x00", False),
    ],
    ids=["P-256", "JWK", "RSA", "private", "another curve", "text", "empty", "bytes"],
)
def test_a_program_is_let_in_with_a_public_key_that_we_take(run: Run, tmp_path: Path, content: bytes, taken: bool):
    file = tmp_path / "key"
    file.write_bytes(content)
    if taken:
        assert "sleutel" in run(*PROGRAM, "--public-key", str(file)).output
    else:
        with pytest.raises(UsageError, match="--public-key"):
            run(*PROGRAM, "--public-key", str(file))
    assert len(listed(run, "clients")) == taken


def test_a_program_with_tokens_from_elsewhere_is_known_by_who_gave_them(run: Run, tmp_path: Path):
    words = ("clients", "external", "--name", "LAS", "--role", "supplier", "--school", "11ZZ03")
    elsewhere = ("--issuer", "https://tokens.nl", "--subject", "las")
    with pytest.raises(UsageError, match="11ZZ03"):
        run(*words, *elsewhere)  # of a school of which there is nothing
    schools = tmp_path / "home" / "schools"
    schools.mkdir(parents=True)
    (schools / "11ZZ03.toml").touch()
    run(*words, *elsewhere)
    with pytest.raises(UsageError, match="al bekend"):
        run(*words, *elsewhere)
    (found,) = listed(run, "clients")
    assert found["how"] == "token van elders"
    assert run("clients", "end", found["id"]).output.strip().endswith("beëindigd")
    assert listed(run, "clients")[0]["ended"]
    engine = db.connect(f"sqlite:///{tmp_path / 'home' / 'service.db'}")
    with db.transaction(engine) as session:
        assert session.get(IdentityRow, ("https://tokens.nl", "las")) is not None
        lines = session.scalars(select(AuditRow).order_by(AuditRow.at)).all()
    assert [line.action for line in lines] == ["access.given", "access.ended"]
    assert {line.actor.partition(":")[0] for line in lines} == {"beheer"}
    engine.dispose()


@pytest.mark.parametrize(
    "words", [("people", "end", "x@y.nl"), ("clients", "end", "x"), ("people", "sessions-end", "x")]
)
def test_who_does_not_exist_cannot_be_ended(run: Run, words: tuple[str, ...]):
    with pytest.raises(NotFoundError):
        run(*words)
