"""The service does not start on settings that are unsafe or do not go together, and says all of them at once."""

import logging
from pathlib import Path

import pytest

from data_contracts.errors import SettingsError
from service import safe
from service.app import create_app
from service.front import logs
from service.settings import DEMO_URL, Mode, Settings


def secret_file(folder: Path, name: str = "secret", *, mode: int = 0o600, content: str = "geheim") -> str:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(content)
    path.chmod(mode)
    return str(path)


def production(home: Path, **said: str) -> dict[str, str]:
    """Everything as it should be, but for what is said."""
    open_folder = home / "open"
    values = {
        "HOME": str(home),
        "PUBLIC_URL": "https://aanwezig.school.nl",
        "OIDC_ISSUER": "https://aanmelden.school.nl",
        "OIDC_CLIENT_ID": "aanwezig",
        "OIDC_CLIENT_SECRET_FILE": secret_file(open_folder),
        **said,
    }
    open_folder.chmod(0o755)
    return {f"AANWEZIG_{name}": value for name, value in values.items()}


def wrong_in(environment: dict[str, str]) -> list[str]:
    try:
        safe.refuse_unsafe(Settings.from_environment(environment))
    except SettingsError as error:
        return [line.removeprefix("- ") for line in error.detail.splitlines() if line.startswith("- ")]
    return []


def test_safe_settings_are_taken(tmp_path: Path):
    assert wrong_in(production(tmp_path)) == []
    assert wrong_in(production(tmp_path, TOKEN_ISSUER="https://tokens.nl", TOKEN_AUDIENCE="urn:aanwezig")) == []
    assert wrong_in(production(tmp_path, PUBLIC_URL="https://aanwezig.school.nl/")) == []


UNSAFE = {
    "no address": ({"PUBLIC_URL": ""}, "AANWEZIG_PUBLIC_URL ontbreekt"),
    "address without https": ({"PUBLIC_URL": "http://aanwezig.school.nl"}, "AANWEZIG_PUBLIC_URL is 'http://"),
    "address on this machine": ({"PUBLIC_URL": "http://localhost:8000"}, "AANWEZIG_PUBLIC_URL is 'http://"),
    "no address at all": ({"PUBLIC_URL": "aanwezig"}, "AANWEZIG_PUBLIC_URL is 'aanwezig'"),
    "address with a path": ({"PUBLIC_URL": "https://school.nl/aanwezig"}, "AANWEZIG_PUBLIC_URL heeft een pad"),
    "address with a password": ({"PUBLIC_URL": "https://ik:geheim@school.nl"}, "meer dan een adres"),
    "provider without https": ({"OIDC_ISSUER": "http://aanmelden.school.nl"}, "AANWEZIG_OIDC_ISSUER is 'http://"),
    "provider on this machine": ({"OIDC_ISSUER": "http://127.0.0.1:4000"}, "AANWEZIG_OIDC_ISSUER is 'http://"),
    "issuer without https": (
        {"TOKEN_ISSUER": "http://tokens.nl", "TOKEN_AUDIENCE": "x"},
        "AANWEZIG_TOKEN_ISSUER is 'http://",
    ),
    "issuer without audience": ({"TOKEN_ISSUER": "https://tokens.nl"}, "AANWEZIG_TOKEN_AUDIENCE horen bij elkaar"),
    "audience without issuer": ({"TOKEN_AUDIENCE": "x"}, "AANWEZIG_TOKEN_AUDIENCE horen bij elkaar"),
    "provider without a name for us": ({"OIDC_CLIENT_ID": ""}, "AANWEZIG_OIDC_CLIENT_ID horen bij elkaar"),
    "secret without provider": ({"OIDC_ISSUER": "", "OIDC_CLIENT_ID": ""}, "AANWEZIG_OIDC_ISSUER ontbreekt"),
    "no secret": ({"OIDC_CLIENT_SECRET_FILE": ""}, "geef een van AANWEZIG_OIDC_CLIENT_SECRET_FILE"),
    "no such secret": ({"OIDC_CLIENT_SECRET_FILE": "/bestaat/niet"}, "niet te lezen"),
    "open database": (
        {"DATABASE_URL": "postgresql+psycopg://x:geheim@db.school.nl/aanwezig"},
        "de databank op db.school.nl mag onversleuteld antwoorden",
    ),
    "database that may be open": (
        {"DATABASE_URL": "postgresql+psycopg://db.school.nl/aanwezig?sslmode=prefer"},
        "de databank op db.school.nl mag onversleuteld antwoorden",
    ),
}


@pytest.mark.parametrize(("said", "words"), UNSAFE.values(), ids=UNSAFE)
def test_an_unsafe_setting_is_refused_and_named(tmp_path: Path, said: dict[str, str], words: str):
    found = wrong_in(production(tmp_path, **said))
    assert len(found) == 1
    assert words in found[0]
    assert "geheim@" not in found[0]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://db.school.nl/aanwezig?sslmode=verify-full",
        "postgresql+psycopg://127.0.0.1/aanwezig",
        "postgresql+psycopg:///aanwezig?host=/run/postgresql",
    ],
)
def test_a_database_that_is_near_or_encrypted_is_taken(tmp_path: Path, url: str):
    assert wrong_in(production(tmp_path, DATABASE_URL=url)) == []


def test_a_secret_is_for_its_owner_only(tmp_path: Path):
    environment = production(tmp_path)
    path = Path(environment["AANWEZIG_OIDC_CLIENT_SECRET_FILE"])
    for mode, refused in ((0o640, True), (0o604, True), (0o600, False), (0o400, False)):
        path.chmod(mode)
        assert [f"{path} is voor anderen te lezen" in one for one in wrong_in(environment)] == [True] * refused
    path.chmod(0o644)
    path.parent.chmod(0o700)  # who may not enter the folder reads nothing in it
    assert wrong_in(environment) == []
    path.write_text(" \n")
    assert "leeg" in wrong_in(environment)[0]


def test_keys_and_the_secret_for_metrics_too(tmp_path: Path):
    (tmp_path / "keys" / "tokens").mkdir(parents=True)
    for folder in (tmp_path / "keys", tmp_path / "keys" / "tokens"):
        folder.chmod(0o755)
    open_keys = [tmp_path / "keys" / "names.key", tmp_path / "keys" / "tokens" / "current.pem"]
    for path in open_keys:
        secret_file(path.parent, path.name, mode=0o644)
    metrics = secret_file(tmp_path / "open", "metrics", mode=0o644)
    found = wrong_in(production(tmp_path, METRICS_TOKEN_FILE=metrics))
    assert [str(path) in " ".join(found) for path in (*open_keys, metrics)] == [True, True, True]
    assert len(found) == 3


def test_all_that_is_wrong_is_said_at_once_and_the_service_does_not_start(tmp_path: Path):
    said = {"PUBLIC_URL": "http://school.nl", "OIDC_ISSUER": "http://elders.nl", "TOKEN_AUDIENCE": "x"}
    environment = production(tmp_path, **said)
    assert len(wrong_in(environment)) == 3
    with pytest.raises(SettingsError, match="AANWEZIG_PUBLIC_URL") as caught:
        create_app(Settings.from_environment(environment))
    assert "docs/running-for-real.md" in str(caught.value)
    assert not (tmp_path / "service.db").exists()


def test_http_is_for_the_demo_and_for_this_machine(tmp_path: Path):
    demo = {"MODE": "demo", "PUBLIC_URL": "http://127.0.0.1:8000", "OIDC_ISSUER": "http://localhost:4000"}
    assert wrong_in(production(tmp_path, **demo)) == []
    assert len(wrong_in(production(tmp_path, **demo, TOKEN_ISSUER="http://elders.nl", TOKEN_AUDIENCE="x"))) == 1
    assert Settings.from_environment({"AANWEZIG_MODE": "demo"}).public_url == DEMO_URL


def test_an_empty_variable_is_no_setting(tmp_path: Path):
    found = Settings.from_environment(
        {"AANWEZIG_HOME": str(tmp_path), "AANWEZIG_MODE": "", "AANWEZIG_TOKEN_ISSUER": " "}
    )
    assert (found.mode, found.token_issuer, found.issues_tokens) == (Mode.PRODUCTION, "", True)


def test_the_access_log_has_no_query(caplog: pytest.LogCaptureFixture):
    logs.without_queries()
    logs.without_queries()
    logger = logging.getLogger("uvicorn.access")
    assert len(logger.filters) == 1
    with caplog.at_level(logging.INFO, logger="uvicorn.access"):
        address = "/aanmelden/terug?code=geheim&state=ook"
        logger.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", address, "1.1", 303)
    assert caplog.messages == ['127.0.0.1:1 - "GET /aanmelden/terug HTTP/1.1" 303']
