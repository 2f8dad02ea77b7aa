"""Programs and their tokens: from our own issuer, or from one elsewhere. Whatever is not right is refused."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import pytest
from conftest import Client, SignedIn
from fastapi import FastAPI
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey
from oidc_provider import AUDIENCE, OidcProvider
from sample_lists import SCHOOL
from sqlalchemy import Engine, select

from data_contracts.errors import UsageError
from data_contracts.files import create_secret
from service import db
from service.app import create_app
from service.settings import DEMO_URL, Mode, Settings
from service.tables import AuditRow, ClientRow, OnceRow, now
from service.who import accounts, jwts, outside
from service.who.access import Access
from service.who.issuer import ASSERTION_TYPE
from service.who.signing import SigningKeys

LISTS = "/api/v1/weeklijsten"
MODEL = "/api/v1/modellen/huidig"
CARE = Access.of("care_coordinator", schools=[SCHOOL])
KEYS = {"ES256": ECKey.generate_key("P-256"), "RS256": RSAKey.generate_key(2048)}


@pytest.fixture(scope="module")
def secret(engine: Engine, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A program with the rights of a care coordinator, and its secret."""
    assert settings.is_demo  # so the lists are published
    file = tmp_path_factory.mktemp("secret") / "las.secret"
    added = accounts.add_client(engine, by="test", name="LAS", access=CARE, secret=file)
    return added.id, file.read_text()


@pytest.fixture(scope="module")
def by_key(engine: Engine, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two programs that sign, by kind of signature."""
    assert settings.is_demo
    found = {}
    for algorithm, key in KEYS.items():
        file = tmp_path_factory.mktemp("key") / "public.pem"
        file.write_bytes(key.as_pem(private=False))
        found[algorithm] = accounts.add_client(engine, by="test", name=algorithm, access=CARE, public_key=file).id
    return found


def ask(visitor: Client, **form: str) -> httpx.Response:
    return visitor.post("/oauth/token", data={"grant_type": "client_credentials", **form})


def token(visitor: Client, secret: tuple[str, str], **form: str) -> str:
    answer = ask(visitor, client_id=secret[0], client_secret=secret[1], **form)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def using(held: str) -> dict[str, str]:
    return {"authorization": f"Bearer {held}"}


def assertion(client: str, algorithm: str = "ES256", **other: object) -> str:
    said = {"iss": client, "sub": client, "aud": DEMO_URL, "exp": int(time.time()) + 120, "jti": f"{time.time_ns()}"}
    said = {name: value for name, value in (said | other).items() if value is not None}
    return jws.serialize_compact({"alg": algorithm}, json.dumps(said).encode(), KEYS[algorithm])


def signed(visitor: Client, held: str, **form: str) -> httpx.Response:
    return ask(visitor, client_assertion_type=ASSERTION_TYPE, client_assertion=held, **form)


def basic(client: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()}


def test_a_program_with_a_secret_gets_a_short_token_and_reads_its_school(visitor: Client, secret: tuple[str, str]):
    for answer in (
        ask(visitor, client_id=secret[0], client_secret=secret[1]),
        visitor.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=basic(*secret)),
    ):
        given = answer.json()
        assert (answer.status_code, given["token_type"], given["expires_in"]) == (200, "Bearer", 600)
        assert answer.headers["cache-control"] == "no-store"
        read = visitor.get(LISTS, headers=using(given["access_token"]))
        assert read.status_code == 200
        assert {one["school"] for one in read.json()["weeklijsten"]} == {SCHOOL}


def test_the_secret_is_not_in_the_database_and_its_file_is_for_its_owner(
    engine: Engine, secret: tuple[str, str], tmp_path: Path
):
    with db.transaction(engine) as session:
        row = session.get_one(ClientRow, secret[0])
    assert secret[1] not in str(vars(row))
    assert len(base64.urlsafe_b64decode(secret[1] + "=")) == 32
    file = tmp_path / "nieuw.secret"
    accounts.add_client(engine, by="test", name="nog een", access=CARE, secret=file)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
@pytest.mark.parametrize("audience", [DEMO_URL, f"{DEMO_URL}/oauth/token", [DEMO_URL, "een ander"]])
def test_a_program_that_signs_gets_a_token(visitor: Client, by_key: dict[str, str], algorithm: str, audience: object):
    answer = signed(visitor, assertion(by_key[algorithm], algorithm, aud=audience))
    assert visitor.get(LISTS, headers=using(answer.json()["access_token"])).status_code == 200


def test_an_assertion_is_good_once_also_where_the_first_request_failed(visitor: Client, by_key: dict[str, str]):
    held = assertion(by_key["ES256"])
    assert signed(visitor, held).status_code == 200
    again = signed(visitor, held)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    held = assertion(by_key["ES256"])
    assert signed(visitor, held, scope="logboek:lezen").json()["error"] == "invalid_scope"
    assert signed(visitor, held).json()["error"] == "invalid_client"


def test_an_id_may_be_any_text(visitor: Client, by_key: dict[str, str]):
    assert signed(visitor, assertion(by_key["ES256"], jti=f"\ud800\0{time.time_ns()}")).status_code == 200


def test_what_was_used_is_thrown_away_once_it_has_ended(visitor: Client, by_key: dict[str, str], engine: Engine):
    with db.transaction(engine) as session:
        session.add(OnceRow(digest="oud", expires_at=now()))
    assert signed(visitor, assertion(by_key["ES256"])).status_code == 200
    with db.transaction(engine) as session:
        assert session.get(OnceRow, "oud") is None


WRONG_ASSERTIONS = {
    "for another": {"aud": "https://elders.nl"},
    "expired": {"exp": int(time.time()) - 120},
    "too long": {"exp": int(time.time()) + 3600},
    "without an end": {"exp": None},
    "without an id": {"jti": None},
    "with an empty id": {"jti": ""},
    "with a number as id": {"jti": 1},
    "not yet": {"nbf": int(time.time()) + 86_400},
    "made by another": {"iss": "iemand"},
    "about another": {"sub": "iemand"},
    "end that never comes": {"exp": 1e300},
}


@pytest.mark.parametrize("wrong", WRONG_ASSERTIONS.values(), ids=WRONG_ASSERTIONS)
def test_an_assertion_that_is_not_right_is_refused(visitor: Client, by_key: dict[str, str], wrong: dict[str, object]):
    answer = signed(visitor, assertion(by_key["ES256"], **wrong), client_id=by_key["ES256"])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def with_shared_secret(claims: dict[str, object], header: dict[str, object], public: bytes) -> str:
    """Signed with the public key as if it were a secret: whoever asks the token how to check it, falls for this."""
    text = ".".join(encoded(json.dumps(one).encode()) for one in ({**header, "alg": "HS256"}, claims))
    return f"{text}.{encoded(hmac.digest(public, text.encode(), 'sha256'))}"


def forged(claims: dict[str, object], header: dict[str, object], public: bytes) -> dict[str, str]:
    """The same claims, as somebody would sign them who has no private key of ours."""
    other = ECKey.generate_key("P-256")
    unsigned = [encoded(json.dumps(one).encode()) for one in ({**header, "alg": "none"}, claims)]
    return {
        "unsigned": f"{unsigned[0]}.{unsigned[1]}.",
        "signed with what everybody may read": with_shared_secret(claims, header, public),
        "signed by another": jwt.encode(header, claims, other),
        "signed by another with a name of its own": jwt.encode({**header, "kid": "x"}, claims, other),
        "carrying its own key": jwt.encode({**header, "kid": "x", "jwk": other.as_dict(private=False)}, claims, other),
        "no token at all": "een.twee.drie",
        "no JSON": f"{encoded(b'[' * 5000)}.{encoded(b'[' * 5000)}.x",
        "no text": f"{unsigned[0]}.{encoded(json.dumps({'sub': chr(0)}).encode())}.x",
        "nothing": "",
    }


def test_an_assertion_that_somebody_else_made_is_refused(visitor: Client, by_key: dict[str, str]):
    client = by_key["ES256"]
    claims = {"iss": client, "sub": client, "aud": DEMO_URL, "exp": int(time.time()) + 60, "jti": "x"}
    for held in forged(claims, {"alg": "ES256"}, KEYS["ES256"].as_pem(private=False)).values():
        for form in ({"client_id": client}, {}):
            assert signed(visitor, held, **form).status_code in {400, 401}, held
    deep = jws.serialize_compact({"alg": "ES256"}, b'{"aud": ' + b"[" * 5000, KEYS["ES256"])
    assert signed(visitor, deep, client_id=client).status_code == 401
    # Not even the right signature, under the name of another way to sign.
    held = jwt.encode(
        {"alg": "PS256"}, claims | {"iss": by_key["RS256"], "sub": by_key["RS256"]}, KEYS["RS256"], ["PS256"]
    )
    assert signed(visitor, held).status_code == 401


REFUSED = {
    "wrong secret": ({"client_secret": "fout"}, "invalid_client", 401),
    "unknown client": ({"client_id": "niemand"}, "invalid_client", 401),
    "client that is no text": ({"client_id": "\0"}, "invalid_client", 401),
    "no proof": ({"client_secret": ""}, "invalid_client", 401),
    "no grant": ({"grant_type": ""}, "invalid_request", 400),
    "another grant": ({"grant_type": "password"}, "unsupported_grant_type", 400),
    "more than the role": ({"scope": "weeklijsten:lezen logboek:lezen"}, "invalid_scope", 400),
    "a scope that is none": ({"scope": "alles"}, "invalid_scope", 400),
}


@pytest.mark.parametrize(("changed", "error", "status"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_in_the_words_of_oauth(
    visitor: Client, secret: tuple[str, str], changed: dict[str, str], error: str, status: int
):
    answer = ask(visitor, **{"client_id": secret[0], "client_secret": secret[1], **changed})
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"].isascii()
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_client_proves_itself_in_one_way(visitor: Client, secret: tuple[str, str]):
    form = {"grant_type": "client_credentials", "client_id": secret[0], "client_secret": secret[1]}
    answer = visitor.post("/oauth/token", data=form, headers=basic(*secret))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_client_may_not_prove_one_name_and_use_another(
    visitor: Client, secret: tuple[str, str], by_key: dict[str, str]
):
    form = {"grant_type": "client_credentials", "client_id": by_key["ES256"]}
    assert visitor.post("/oauth/token", data=form, headers=basic(*secret)).status_code == 401
    assert signed(visitor, assertion(by_key["ES256"]), client_id=by_key["RS256"]).status_code == 401
    assert ask(visitor, client_id=by_key["ES256"], client_secret="").status_code == 401


def test_a_token_of_somebody_else_s_making_opens_nothing(visitor: Client, secret: tuple[str, str], app: FastAPI):
    ring = app.state.installation.tokens.signing.ring()
    good = {
        "iss": DEMO_URL,
        "aud": DEMO_URL,
        "sub": secret[0],
        "exp": int(time.time()) + 60,
        "scope": "weeklijsten:lezen",
    }
    header = {"alg": "ES256", "typ": "at+jwt", "kid": ring.current.kid}
    assert visitor.get(LISTS, headers=using(jwt.encode(header, good, ring.current))).status_code == 200
    changed = {
        "another audience": good | {"aud": "elders"},
        "another issuer": good | {"iss": "https://elders.nl"},
        "expired": good | {"exp": int(time.time()) - 60},
        "not yet": good | {"nbf": int(time.time()) + 60},
        "without an end": {name: value for name, value in good.items() if name != "exp"},
        "without a holder": {name: value for name, value in good.items() if name != "sub"},
        "of a stranger": good | {"sub": "niemand"},
    }
    wrong = {name: jwt.encode(header, claims, ring.current) for name, claims in changed.items()}
    wrong["another kind of token"] = jwt.encode(header | {"typ": "JWT"}, good, ring.current)
    wrong["tampered"] = jwt.encode(header, good, ring.current)[:-6] + "AAAAAA"
    wrong |= forged(good, header, ring.current.as_pem(private=False))
    for name, held in wrong.items():
        answer = visitor.get(LISTS, headers=using(held))
        assert answer.status_code == 401, name
        assert 'error="invalid_token"' in answer.headers["www-authenticate"], name
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_ended_program_is_out_at_once_also_with_a_token_that_runs(visitor: Client, engine: Engine, tmp_path: Path):
    file = tmp_path / "kort.secret"
    client = accounts.add_client(engine, by="test", name="kort", access=CARE, secret=file).id
    held = token(visitor, (client, file.read_text()))
    assert visitor.get(LISTS, headers=using(held)).status_code == 200
    assert accounts.end_client(engine, client, by="test").ended
    assert visitor.get(LISTS, headers=using(held)).status_code == 401
    assert ask(visitor, client_id=client, client_secret=file.read_text()).status_code == 401


def test_a_narrowed_token_may_no_more_than_it_says(visitor: Client, secret: tuple[str, str]):
    narrow = token(visitor, secret, scope="weeklijsten:lezen")
    signals = visitor.get(LISTS, headers=using(narrow)).json()["weeklijsten"][0]["_links"]["signalen"]["href"]
    assert {one.get("naam") for one in visitor.get(signals, headers=using(narrow)).json()["signalen"]} == {None}
    assert visitor.get(signals, headers=using(token(visitor, secret))).json()["signalen"][0]["naam"]
    other = token(visitor, secret, scope="namen:lezen")
    answer = visitor.get(LISTS, headers=using(other))
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert 'scope="weeklijsten:lezen"' in answer.headers["www-authenticate"]


def test_what_the_role_does_not_have_no_scope_would_open(visitor: Client, engine: Engine, tmp_path: Path):
    file = tmp_path / "leverancier.secret"
    access = Access.of("supplier", schools=[SCHOOL])
    client = accounts.add_client(engine, by="test", name="leverancier", access=access, secret=file).id
    answer = visitor.get(LISTS, headers=using(token(visitor, (client, file.read_text()))))
    assert answer.status_code == 403
    assert "www-authenticate" not in answer.headers


ANOTHER = Access.of("supplier", schools=["99ZZ99"])


def test_a_program_is_for_a_school_of_which_there_is_something(engine: Engine, settings: Settings, tmp_path: Path):
    assert settings.is_demo
    by_secret = partial(accounts.add_client, engine, by="test", name="LAS", access=ANOTHER)
    elsewhere = partial(accounts.add_external_client, engine, by="test", name="LAS", access=ANOTHER, issuer="https://a")
    for add, proof in ((by_secret, {"secret": tmp_path / "a"}), (elsewhere, {"subject": "x"})):
        with pytest.raises(UsageError, match="van school 99ZZ99 is hier niets"):
            add(**proof)
    assert not (tmp_path / "a").exists()
    assert "LAS" not in [one.name for one in accounts.clients(engine).accounts if "99ZZ99" in str(one.access)]
    assert by_secret(settled=["99ZZ99"], secret=tmp_path / "b").access == ("leverancier 99ZZ99",)


def test_somebody_with_a_role_there_is_something(engine: Engine, settings: Settings, tmp_path: Path):
    assert settings.is_demo
    first = Access.of("care_coordinator", schools=["98ZZ98"])
    accounts.add_person(engine, by="test", name="Eerste", email="eerste@school.example", access=first)
    supplier = Access.of("supplier", schools=["98ZZ98"])
    assert accounts.add_client(engine, by="test", name="LAS", access=supplier, secret=tmp_path / "a").access


def test_a_request_says_once_who_asks(signed_in: SignedIn, visitor: Client, secret: tuple[str, str]):
    answer = signed_in("care").get(LISTS, headers=using(token(visitor, secret)))
    assert answer.status_code == 400
    assert "token" in answer.json()["detail"]
    nobody = visitor.get(LISTS)
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"].startswith('Bearer realm="aanwezig", Cookie')


def test_a_page_is_for_people(visitor: Client, secret: tuple[str, str]):
    answer = visitor.get("/weeklijst", headers=using(token(visitor, secret)))
    assert answer.headers["location"].startswith("/aanmelden")


def test_a_program_need_not_come_from_our_page_and_a_browser_still_must(
    signed_in: SignedIn, visitor: Client, secret: tuple[str, str]
):
    held = using(token(visitor, secret))
    assert visitor.post("/api/v1/bestaat-niet", headers=held).status_code == 404
    assert visitor.post("/api/v1/bestaat-niet").status_code == 403
    assert signed_in("care").post("/api/v1/bestaat-niet", headers=held).status_code == 403
    assert signed_in("care").post("/oauth/token").status_code == 403


def test_giving_a_token_is_a_line_in_the_audit(visitor: Client, secret: tuple[str, str], engine: Engine):
    def lines() -> list[AuditRow]:
        with db.transaction(engine) as session:
            query = select(AuditRow).where(AuditRow.action == "session.started", AuditRow.role == "care_coordinator")
            return list(session.scalars(query))

    before = len(lines())
    held = token(visitor, secret)
    assert len(lines()) == before + 1
    assert held not in str([vars(line) for line in lines()])


def test_what_the_issuer_says_of_itself_is_where_it_is(visitor: Client, secret: tuple[str, str]):
    said = visitor.get("/.well-known/oauth-authorization-server").json()
    assert said["issuer"] == DEMO_URL
    path = said["token_endpoint"].removeprefix(DEMO_URL)
    assert visitor.post(path, data={"grant_type": "x"}).json()["error"] == "invalid_client"
    keys = visitor.get(said["jwks_uri"].removeprefix(DEMO_URL)).json()["keys"]
    assert [(one["kty"], one["crv"], one["alg"], one["use"]) for one in keys] == [("EC", "P-256", "ES256", "sig")]
    assert not [one for one in keys if "d" in one]
    held = token(visitor, secret)
    named = json.loads(base64.urlsafe_b64decode(held.split(".")[0] + "=="))
    assert named == {"typ": "at+jwt", "alg": "ES256", "kid": keys[0]["kid"]}


def test_another_key_signs_from_now_on_and_the_old_one_is_known_until_it_is_taken_away(
    visitor: Client, secret: tuple[str, str], home: Path
):
    folder = home / "keys" / "tokens"
    before = token(visitor, secret)
    (folder / "current.pem").rename(folder / "2026.pem")
    after = token(visitor, secret)
    assert before.split(".")[0] != after.split(".")[0]
    assert [visitor.get(LISTS, headers=using(one)).status_code for one in (before, after)] == [200, 200]
    assert len(visitor.get("/.well-known/jwks.json").json()["keys"]) == 2
    (folder / "2026.pem").unlink()
    assert [visitor.get(LISTS, headers=using(one)).status_code for one in (before, after)] == [401, 200]


def test_processes_that_start_at_once_agree_on_one_key_that_nobody_else_reads(tmp_path: Path):
    folder = tmp_path / "keys" / "tokens"
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: SigningKeys(folder).ring(), range(24)))
    assert len({ring.current.kid for ring in rings}) == 1
    assert [path.name for path in folder.iterdir()] == ["current.pem"]
    assert (folder / "current.pem").stat().st_mode & 0o777 == 0o600


def test_a_secret_that_is_there_already_stays(tmp_path: Path):
    path = tmp_path / "sleutels" / "een"
    assert create_secret(path, b"eerst")
    assert not create_secret(path, b"later")
    assert path.read_bytes() == b"eerst"
    assert list(path.parent.iterdir()) == [path]
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.fixture(scope="module")
def outside_app(engine: Engine, settings: Settings, elsewhere: OidcProvider) -> Iterator[FastAPI]:
    """The service where tokens come from elsewhere, and a program that is known there as ``las``."""
    accounts.add_external_client(
        engine, by="test", name="LAS elders", access=CARE, issuer=elsewhere.issuer, subject="las"
    )
    app = create_app(
        Settings(
            mode=Mode.DEMO,
            home=settings.home,
            database_url=settings.database_url,
            token_issuer=elsewhere.issuer,
            token_audience=AUDIENCE,
        )
    )
    yield app
    app.state.installation.engine.dispose()


def test_a_token_of_a_real_provider_opens_what_its_scope_says(outside_app: FastAPI, elsewhere: OidcProvider):
    client = Client(outside_app)
    answer = client.get(LISTS, headers=using(elsewhere.token()))
    assert answer.status_code == 200
    assert {one["school"] for one in answer.json()["weeklijsten"]} == {SCHOOL}
    narrow = client.get(LISTS, headers=using(elsewhere.token(scope="modellen:lezen")))
    assert narrow.status_code == 403
    assert 'error="insufficient_scope"' in narrow.headers["www-authenticate"]


def test_a_real_token_for_another_service_or_of_another_program_opens_nothing(
    outside_app: FastAPI, elsewhere: OidcProvider
):
    for held in (elsewhere.token(resource="urn:iets:anders"), elsewhere.token("vreemd")):
        assert Client(outside_app).get(LISTS, headers=using(held)).status_code == 401


def test_where_tokens_come_from_elsewhere_there_is_no_issuer_here(
    outside_app: FastAPI, visitor: Client, secret: tuple[str, str]
):
    client = Client(outside_app)
    assert ask(client, client_id=secret[0], client_secret=secret[1]).status_code == 404
    assert client.get("/.well-known/jwks.json").status_code == 404
    assert client.get("/.well-known/oauth-authorization-server").status_code == 404
    assert client.get(LISTS, headers=using(token(visitor, secret))).status_code == 401


def test_an_unknown_key_is_asked_for_and_not_at_every_call(
    outside_app: FastAPI, elsewhere: OidcProvider, monkeypatch: pytest.MonkeyPatch
):
    client, asked = Client(outside_app), []
    assert client.get(LISTS, headers=using(elsewhere.token())).status_code == 200
    kept = outside_app.state.installation.tokens.outside
    fetch = kept._fetch_keys
    monkeypatch.setattr(kept, "_fetch_keys", lambda: asked.append(1) or fetch())
    claims = {"iss": elsewhere.issuer, "aud": AUDIENCE, "sub": "las", "exp": int(time.time()) + 60}
    held = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "onbekend"}, claims, KEYS["ES256"])
    for waited, expected in ((0, 0), (61, 1), (0, 1)):
        kept._tried -= waited
        assert client.get(LISTS, headers=using(held)).status_code == 401
        assert len(asked) == expected
    assert client.get(LISTS, headers=using(elsewhere.token())).status_code == 200


def test_while_the_issuer_is_away_known_keys_go_on_and_unknown_ones_wait(
    outside_app: FastAPI, elsewhere: OidcProvider, monkeypatch: pytest.MonkeyPatch
):
    client = Client(outside_app)
    held = elsewhere.token()
    assert client.get(LISTS, headers=using(held)).status_code == 200

    def away(*_: object, **__: object) -> None:
        raise outside.unreachable(elsewhere.issuer)

    kept = outside_app.state.installation.tokens.outside
    monkeypatch.setattr(kept, "ask", away)
    kept._tried -= 7200
    assert client.get(LISTS, headers=using(held)).status_code == 200
    kept._keys = None
    answer = client.get(LISTS, headers=using(held))
    assert (answer.status_code, answer.json()["title"]) == (503, "Aanmeldsysteem niet bereikbaar")


def test_an_ended_program_is_out_also_where_its_token_came_from_elsewhere(
    outside_app: FastAPI, elsewhere: OidcProvider, engine: Engine
):
    client = next(one for one in accounts.clients(engine).accounts if one.name == "LAS elders")
    held = elsewhere.token()
    accounts.end_client(engine, client.id, by="test")
    assert Client(outside_app).get(LISTS, headers=using(held)).status_code == 401


def test_only_signatures_with_a_private_key_are_on_the_list():
    assert set(jwts.ALGORITHMS) == {"ES256", "PS256", "RS256"}
