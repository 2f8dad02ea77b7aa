"""Settings that are unsafe or do not go together. The service does not start on them, and says all of it at once."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from data_contracts.errors import SettingsError
from service.settings import Settings

PUBLIC_URL = "AANWEZIG_PUBLIC_URL"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})
FOR_OTHERS = 0o077
"""The permissions on a file with a secret that nobody but its owner may have."""


def refuse_unsafe(settings: Settings) -> None:
    """Refuse to start on unsafe settings.

    Raises
    ------
    SettingsError
        Something is unsafe, or does not go together.
    """
    wrong = list(_addresses(settings)) + list(_halves(settings)) + list(_secrets(settings))
    if not settings.is_demo:
        wrong += list(_database(settings))
    if wrong:
        detail = "de dienst start zo niet.\n" + "\n".join(f"- {one}" for one in wrong)
        raise SettingsError(detail, remedy="Alle instellingen staan in docs/running-for-real.md.")


def _addresses(settings: Settings) -> Iterator[str]:
    """Outside this machine everything goes over https; on it http may do, and only in the demo."""
    if not settings.public_url:
        yield f"{PUBLIC_URL} ontbreekt: zet daarin het adres van deze dienst, zoals https://aanwezig.school.nl."
    addresses = {
        PUBLIC_URL: settings.public_url,
        "AANWEZIG_OIDC_ISSUER": settings.oidc_issuer,
        "AANWEZIG_TOKEN_ISSUER": settings.token_issuer,
    }
    for name, address in addresses.items():
        if not address:
            continue
        parts = urlsplit(address)
        local = settings.is_demo and parts.scheme == "http" and parts.hostname in LOOPBACK
        if parts.username or parts.query or parts.fragment:
            yield f"{name} heeft meer dan een adres: laat naam, vraagteken en hekje weg."
        elif not (local or (parts.scheme == "https" and parts.hostname)):
            yield f"{name} is {address!r}: dat moet een adres met https:// zijn."
        elif name == PUBLIC_URL and parts.path:
            yield f"{name} heeft een pad: de dienst staat altijd aan het begin van een eigen adres."


def _halves(settings: Settings) -> Iterator[str]:
    proofs = [settings.oidc_secret_file, settings.oidc_key_file]
    given = len(proofs) - proofs.count(None)
    if bool(settings.oidc_issuer) != bool(settings.oidc_client_id):
        yield "AANWEZIG_OIDC_ISSUER en AANWEZIG_OIDC_CLIENT_ID horen bij elkaar: geef beide, of geen van beide."
    if settings.oidc_issuer and given != 1:
        yield "geef een van AANWEZIG_OIDC_CLIENT_SECRET_FILE en AANWEZIG_OIDC_CLIENT_KEY_FILE, en niet allebei."
    if given and not settings.oidc_issuer:
        yield "er is een geheim om mensen te laten aanmelden, maar AANWEZIG_OIDC_ISSUER ontbreekt."
    if bool(settings.token_issuer) != bool(settings.token_audience):
        yield "AANWEZIG_TOKEN_ISSUER en AANWEZIG_TOKEN_AUDIENCE horen bij elkaar: geef beide, of geen van beide."


def _secrets(settings: Settings) -> Iterator[str]:
    named = {
        "AANWEZIG_OIDC_CLIENT_SECRET_FILE": settings.oidc_secret_file,
        "AANWEZIG_OIDC_CLIENT_KEY_FILE": settings.oidc_key_file,
        "AANWEZIG_METRICS_TOKEN_FILE": settings.metrics_token_file,
    }
    for name, path in named.items():
        if path is None:
            continue
        if not os.access(path, os.R_OK) or not path.is_file():
            yield f"{name} wijst naar {path}, en dat bestand is niet te lezen."
        elif not path.read_bytes().strip():
            yield f"{name} wijst naar {path}, en dat bestand is leeg."
        elif _open_to_others(path):
            yield f"{path} is voor anderen te lezen: geef alleen de eigenaar toegang (chmod 600)."
    if not settings.is_demo:
        for path in sorted((settings.home / "keys").rglob("*")):
            if path.is_file() and _open_to_others(path):
                yield f"{path} is voor anderen te lezen: geef alleen de eigenaar toegang (chmod 600)."


def _open_to_others(path: Path) -> bool:
    """Whether somebody else may read `path`; not where its folder keeps others out."""
    return bool(path.stat().st_mode & FOR_OTHERS) and bool(path.parent.stat().st_mode & FOR_OTHERS)


def _database(settings: Settings) -> Iterator[str]:
    try:
        url = make_url(settings.database_url)
    except ArgumentError:
        return  # opening it says what is wrong with it
    if url.get_backend_name() != "postgresql" or not url.host or url.host in LOOPBACK:
        return
    mode = url.query.get("sslmode") or os.environ.get("PGSSLMODE", "")
    if mode not in ENCRYPTED:
        yield (
            f"de databank op {url.host} mag onversleuteld antwoorden: zet ?sslmode=verify-full achter AANWEZIG_DATABASE_URL."
        )
