"""People sign in at the provider of their school: every way back that is not exactly right ends outside."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import OWN, Client
from fastapi import FastAPI
from joserfc.jwk import ECKey
from oidc_provider import SECRET, OidcProvider
from sample_lists import SCHOOL
from sqlalchemy import Engine, select

from service import db
from service.app import create_app
from service.audit import Action
from service.front import headers
from service.settings import Mode, Settings
from service.tables import AuditRow, IdentityRow, OnceRow, PersonRow, SessionRow
from service.who import accounts, jwts
from service.who.access import Access
from service.who.identities import UnknownPersonError, person_of
from service.who.oidc import Attempt, AttemptError, Identity, Provider

CARE = Access.of("care_coordinator", schools=[SCHOOL])
OFFICER = Access.of("privacy_officer", schools=[], everywhere=True)
BACK = "/aanmelden/terug"
COOKIE = "aanwezig-onderweg"


@pytest.fixture(scope="module")
def with_provider(settings: Settings, elsewhere: OidcProvider, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The demo, where people can sign in at a real provider too."""
    file = tmp_path_factory.mktemp("oidc") / "secret"
    file.write_text(SECRET + "\n")
    file.chmod(0o600)
    ours = replace(settings, public_url=elsewhere.ours)
    return replace(ours, oidc_issuer=elsewhere.issuer, oidc_client_id="aanwezig", oidc_secret_file=file)


@pytest.fixture(scope="module")
def app(with_provider: Settings) -> Iterator[FastAPI]:
    application = create_app(with_provider)
    yield application
    application.state.installation.engine.dispose()


@pytest.fixture(scope="module")
def known(engine: Engine) -> Callable[..., str]:
    """Let somebody in, under a name that the provider knows; each test has its own."""

    def add(who: str, *access: Access) -> str:
        for one in access or (CARE,):
            added = accounts.add_person(engine, by="test", name=who, email=f"{who}@school.example", access=one)
        return added.id

    return add


def begin(browser: Client, to: str = "") -> str:
    """Press the button; return where the browser is sent."""
    answer = browser.post("/aanmelden/begin", data={"naar": to}, headers=OWN)
    assert answer.status_code == 200
    return answer.headers["refresh"].removeprefix("0; url=")


def test_somebody_who_is_known_comes_in_and_goes_where_they_were_going(
    app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str], engine: Engine
):
    person = known("anna")
    browser = Client(app)
    assert "Aanmelden met uw schoolaccount" in browser.get("/aanmelden").text
    brought = elsewhere.come_back(begin(browser, "/model"), who="anna")
    answer = browser.get(BACK, params=brought)
    assert (answer.status_code, answer.headers["location"]) == (303, "/model")
    page = browser.get("/weeklijst").text
    assert "Het Baken College" in page
    assert "anna" in page
    assert COOKIE not in browser.cookies
    with db.transaction(engine) as session:
        row = session.get_one(IdentityRow, (elsewhere.issuer, "anna"))
        assert row.person == person


def test_the_second_time_it_is_the_account_that_counts_and_no_longer_the_address(
    app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str], engine: Engine
):
    person = known("bert")
    for address in ("bert@school.example", "bert@trouwde.example"):
        with db.transaction(engine) as session:
            session.get_one(PersonRow, person).email = address
        browser = Client(app)
        brought = elsewhere.come_back(begin(browser), who="bert")
        assert browser.get(BACK, params=brought).headers["location"] == "/weeklijst"


def test_what_the_browser_is_sent_with_can_be_used_once_by_this_browser_only(app: FastAPI, elsewhere: OidcProvider):
    first, second = Client(app), Client(app)
    asked = [{name: one[0] for name, one in parse_qs(urlsplit(begin(who)).query).items()} for who in (first, second)]
    for one in asked:
        assert one["response_type"] == "code"
        assert one["code_challenge_method"] == "S256"
        assert one["redirect_uri"] == f"{elsewhere.ours}/aanmelden/terug"
    for name in ("state", "nonce", "code_challenge"):
        assert len({one[name] for one in asked}) == 2
        assert min(len(one[name]) for one in asked) >= 43


def test_the_attempt_stays_on_the_server_and_its_cookie_tells_nothing(app: FastAPI, engine: Engine):
    browser = Client(app)
    answer = browser.post("/aanmelden/begin", headers=OWN)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=600" in cookie
    state = parse_qs(urlsplit(answer.headers["refresh"]).query)["state"][0]
    assert state not in cookie
    with db.transaction(engine) as session:
        kept = [row for row in session.scalars(select(OnceRow)) if row.content and state in row.content]
    assert len(kept) == 1
    assert browser.cookies[COOKIE] not in str(vars(kept[0]))


def test_nothing_is_let_through_the_policy_for_the_provider(app: FastAPI):
    browser = Client(app)
    for answer in (browser.get("/aanmelden"), browser.post("/aanmelden/begin", headers=OWN)):
        assert answer.headers["content-security-policy"] == headers.CONTENT_SECURITY_POLICY
    assert browser.post("/aanmelden/begin").status_code == 403


def stopped(browser: Client, brought: dict[str, str]) -> None:
    answer = browser.get(BACK, params=brought)
    assert answer.status_code == 403
    assert "Aanmelden is niet gelukt" in answer.text
    assert "aanwezig" not in browser.cookies
    assert not [value for value in brought.values() if value in answer.text]


def test_a_state_that_is_not_of_this_attempt_ends_it(app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str]):
    known("carla")
    browser = Client(app)
    brought = elsewhere.come_back(begin(browser), who="carla")
    stopped(browser, brought | {"state": "van een ander"})
    stopped(browser, brought)  # and there is no second try


@pytest.mark.parametrize(
    "changed",
    [{"iss": "https://elders.nl"}, {"iss": ""}, {"code": ""}, {"error": "access_denied", "code": ""}],
    ids=["of another provider", "of no provider", "without a code", "refused there"],
)
def test_an_answer_that_is_not_the_provider_s_yes_ends_the_attempt(
    app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str], changed: dict[str, str]
):
    known("carla")
    browser = Client(app)
    brought = elsewhere.come_back(begin(browser), who="carla") | changed
    stopped(browser, {name: value for name, value in brought.items() if value})


def test_an_answer_is_good_once_and_in_the_browser_that_asked(
    app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str]
):
    known("dirk")
    browser, thief = Client(app), Client(app)
    brought = elsewhere.come_back(begin(browser), who="dirk")
    stopped(thief, brought)
    begin(thief)
    stopped(thief, brought)
    value = browser.cookies[COOKIE]
    assert browser.get(BACK, params=brought).status_code == 303
    again = Client(app)
    again.cookies.set(COOKIE, value)
    stopped(again, brought)


def test_a_code_that_was_used_at_the_provider_opens_nothing_here(
    app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str], engine: Engine
):
    known("dirk")
    browser = Client(app)
    brought = elsewhere.come_back(begin(browser), who="dirk")
    value = browser.cookies[COOKIE]
    with db.transaction(engine) as session:
        row = next(row for row in session.scalars(select(OnceRow)) if brought["state"] in (row.content or ""))
        saved = {"digest": row.digest, "expires_at": row.expires_at, "content": row.content}
    assert browser.get(BACK, params=brought).status_code == 303
    with db.transaction(engine) as session:
        session.add(OnceRow(**saved))  # as if our own memory of it had been put back
    again = Client(app)
    again.cookies.set(COOKIE, value)
    stopped(again, brought)


def test_a_token_with_the_nonce_of_another_attempt_is_refused(
    app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str]
):
    known("dirk")
    browser = Client(app)
    address = begin(browser)
    nonce = parse_qs(urlsplit(address).query)["nonce"][0]
    stopped(browser, elsewhere.come_back(address.replace(nonce, "van-een-ander"), who="dirk"))


def test_a_verifier_of_another_attempt_gets_no_token(
    app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str], monkeypatch: pytest.MonkeyPatch
):
    known("dirk")
    browser = Client(app)
    brought = elsewhere.come_back(begin(browser), who="dirk")
    kept = app.state.installation.provider
    exchange = kept._exchange
    monkeypatch.setattr(kept, "_exchange", lambda one, code: exchange(replace(one, verifier="x" * 43), code))
    stopped(browser, brought)


def test_a_token_for_another_service_or_with_a_shared_secret_is_refused(
    app: FastAPI, elsewhere: OidcProvider, monkeypatch: pytest.MonkeyPatch
):
    key = ECKey.generate_key("P-256")
    claims = {
        "iss": elsewhere.issuer,
        "sub": "x",
        "aud": "aanwezig",
        "iat": int(time.time()),
        "exp": int(time.time()) + 60,
    }
    attempt = Attempt.new("")
    kept = app.state.installation.provider
    monkeypatch.setattr(kept.outside, "keys", lambda _: key)
    wrong = {
        "for another": {"aud": "een ander"},
        "for another as well": {"aud": ["aanwezig", "een ander"]},
        "asked for by another": {"azp": "een ander"},
        "over": {"exp": int(time.time()) - 60},
        "of another issuer": {"iss": "https://elders.nl"},
        "of another attempt": {"nonce": "x"},
    }
    for changed in wrong.values():
        held = jwts.jwt.encode({"alg": "ES256"}, claims | {"nonce": attempt.nonce, "email": ""} | changed, key)
        monkeypatch.setattr(kept, "_exchange", lambda *_, held=held: {"id_token": held})
        with pytest.raises(AttemptError):
            kept.identity(attempt, code="x")
    held = jwts.jwt.encode({"alg": "ES256"}, claims | {"nonce": attempt.nonce, "email": ""}, key)
    monkeypatch.setattr(kept, "_exchange", lambda *_: {"id_token": held})
    assert kept.identity(attempt, code="x").subject == "x"


def test_somebody_whom_we_do_not_know_is_told_what_to_do(app: FastAPI, elsewhere: OidcProvider):
    browser = Client(app)
    answer = browser.get(BACK, params=elsewhere.come_back(begin(browser), who="onbekend"))
    assert answer.status_code == 403
    assert "U staat nog niet in Aanwezig" in answer.text
    assert "Vraag de beheerder" in answer.text
    assert "aanwezig" not in browser.cookies


def test_an_address_that_the_provider_did_not_check_is_nobody_s(
    app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str]
):
    known("ongecontroleerd")
    browser = Client(app)
    answer = browser.get(BACK, params=elsewhere.come_back(begin(browser), who="ongecontroleerd"))
    assert "U staat nog niet in Aanwezig" in answer.text


def test_who_gets_the_address_of_somebody_else_does_not_get_the_access(known: Callable[..., str], engine: Engine):
    first = Identity("https://school.nl", "1", "erik@school.example")
    person = known("erik")
    with db.transaction(engine) as session:
        assert person_of(session, first).id == person
    for other in (replace(first, subject="2"), replace(first, subject="3", email="")):
        with db.transaction(engine) as session, pytest.raises(UnknownPersonError):
            person_of(session, other)


def test_a_program_does_not_sign_in_as_a_person(engine: Engine):
    accounts.add_external_client(
        engine,
        by="test",
        name="programma",
        access=CARE,
        issuer="https://school.nl",
        subject="programma",
        settled=CARE.schools,
    )
    with db.transaction(engine) as session, pytest.raises(UnknownPersonError):
        person_of(session, Identity("https://school.nl", "programma", ""))


def test_whose_access_has_ended_is_out_and_stays_out(
    app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str], engine: Engine
):
    known("fatima")
    browser = Client(app)
    browser.get(BACK, params=elsewhere.come_back(begin(browser), who="fatima"))
    assert browser.get("/weeklijst").status_code == 200
    ended = accounts.end_person(engine, "Fatima@School.example", by="test")
    assert ended.ended
    with db.transaction(engine) as session:
        assert session.scalars(select(SessionRow.ended_at).where(SessionRow.person == ended.id)).one() is not None
    assert browser.get("/weeklijst").status_code == 303
    again = Client(app)
    answer = again.get(BACK, params=elsewhere.come_back(begin(again), who="fatima"))
    assert "U staat nog niet in Aanwezig" in answer.text
    assert known("fatima")  # somebody with that address can be let in anew, as somebody new


def test_a_session_can_be_ended_from_the_command_line(
    app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str], engine: Engine
):
    person = known("gijs")
    browser = Client(app)
    browser.get(BACK, params=elsewhere.come_back(begin(browser), who="gijs"))
    assert accounts.end_sessions(engine, "gijs@school.example", by="beheer") == 1
    assert browser.get("/weeklijst").headers["location"].startswith("/aanmelden")
    with db.transaction(engine) as session:
        assert session.scalars(select(SessionRow).where(SessionRow.person == person)).one().ended_at is not None
        told = session.scalars(select(AuditRow).where(AuditRow.action == Action.SESSIONS_ENDED)).one()
    assert (told.actor, told.object) == ("beheer", person)


def test_who_has_several_roles_chooses_one_and_only_one_that_is_theirs(
    app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str]
):
    known("hanna", CARE, OFFICER)
    for role, landed in (("privacy_officer", "/logboek"), ("care_coordinator", "/weeklijst")):
        browser = Client(app)
        page = browser.get(BACK, params=elsewhere.come_back(begin(browser), who="hanna"))
        assert "Kies uw rol" in page.text
        assert browser.get("/weeklijst").status_code == 303
        value = browser.cookies[COOKIE]
        assert browser.post("/aanmelden/rol", data={"rol": role}, headers=OWN).headers["location"] == landed
        again = Client(app)
        again.cookies.set(COOKIE, value)
        assert again.post("/aanmelden/rol", data={"rol": role}, headers=OWN).status_code == 403
    browser = Client(app)
    browser.get(BACK, params=elsewhere.come_back(begin(browser), who="hanna"))
    assert browser.post("/aanmelden/rol", data={"rol": "data_team"}, headers=OWN).status_code == 401
    assert "aanwezig" not in browser.cookies


def test_an_attempt_is_no_choice_of_a_role(app: FastAPI):
    browser = Client(app)
    begin(browser)
    assert browser.post("/aanmelden/rol", data={"rol": "data_team"}, headers=OWN).status_code == 403


def test_signing_out_ends_the_session_here_and_offers_to_end_it_there(
    app: FastAPI, elsewhere: OidcProvider, known: Callable[..., str], monkeypatch: pytest.MonkeyPatch
):
    known("ine")
    for reachable in (True, False):
        browser = Client(app)
        browser.get(BACK, params=elsewhere.come_back(begin(browser), who="ine"))
        held = browser.cookies["aanwezig"]
        if not reachable:
            monkeypatch.setattr(app.state.installation.provider.outside, "endpoint", lambda _: "")
        answer = browser.post("/afmelden", headers=OWN)
        if reachable:
            address = urlsplit(answer.headers["refresh"].removeprefix("0; url="))
            assert f"{address.scheme}://{address.netloc}{address.path}" == f"{elsewhere.issuer}/session/end"
            assert parse_qs(address.query)["post_logout_redirect_uri"] == [f"{elsewhere.ours}/aanmelden"]
        else:
            assert answer.headers["location"] == "/aanmelden"
        browser.cookies.set("aanwezig", held)
        assert browser.get("/weeklijst").status_code == 303


def test_with_a_key_of_our_own_there_is_no_secret_to_share(
    with_provider: Settings, elsewhere: OidcProvider, tmp_path: Path
):
    file = tmp_path / "aanwezig.pem"
    file.write_bytes(elsewhere.key.as_pem(private=True))
    file.chmod(0o600)
    by_key = replace(with_provider, oidc_client_id="aanwezig-sleutel", oidc_secret_file=None, oidc_key_file=file)
    provider, attempt = Provider(by_key), Attempt.new("")
    brought = elsewhere.come_back(provider.address(attempt), who="jan")
    found = provider.identity(attempt, code=brought["code"])
    assert found == Identity(elsewhere.issuer, "jan", "jan@school.example")


def test_without_a_provider_the_page_says_so(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'service.db'}"
    app = create_app(Settings(mode=Mode.PRODUCTION, home=tmp_path, database_url=url, public_url="https://a.school.nl"))
    browser = Client(app)
    assert "nog niet ingesteld" in browser.get("/aanmelden").text
    assert browser.post("/aanmelden/begin", headers=OWN).status_code == 404
    assert browser.get(BACK).status_code == 404
    app.state.installation.engine.dispose()


def test_in_production_the_cookie_of_an_attempt_is_bound_to_this_host(
    with_provider: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    url = f"sqlite:///{tmp_path / 'service.db'}"
    safe = replace(with_provider, mode=Mode.PRODUCTION, database_url=url, public_url="https://a.school.nl")
    monkeypatch.setattr("service.safe.refuse_unsafe", lambda _: None)  # this provider has no https
    app = create_app(safe)
    cookie = Client(app).post("/aanmelden/begin", headers=OWN).headers["set-cookie"]
    assert cookie.startswith("__Host-aanwezig-onderweg=")
    assert "Secure" in cookie
    app.state.installation.engine.dispose()
