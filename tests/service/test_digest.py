"""The weekly letter: numbers only, to whom it concerns, over a real mail server with an encrypted line."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from demo_home import full_name
from sample_lists import PRIMARY, SCHOOL, STRANGER, WEEK, on_list, pupil, weekly_list
from sqlalchemy import Engine
from typer.testing import CliRunner

from data_contracts.errors import SettingsError
from pipelines.cli import app as commands
from service import db, lists
from service.digest import Letter, letters
from service.mail import MailServer, send
from service.settings import Settings
from service.tables import FollowUpRow, GrantRow, PersonRow, now
from service.viewer import Role

URL = "https://aanwezig.school.nl"
FROM = "aanwezig@school.nl"


def reads(
    engine: Engine, email: str | None, *schools: str, role: Role = Role.CARE_COORDINATOR, group: str | None = None
) -> None:
    """Give somebody an address and a role."""
    with db.transaction(engine) as session:
        person = PersonRow(name="Iemand", email=email)
        session.add(person)
        session.flush()
        session.add_all(
            GrantRow(person=person.id, role=role, school=school, group_name=group) for school in schools or (None,)
        )


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Engine]:
    """A database of its own: one list with ten pupils, of whom one is picked up, and one of a school without deliveries."""
    opened = lists.open_database(f"sqlite:///{tmp_path / 'service.db'}")
    lists.publish(opened, weekly_list(), names=(), by="test")
    empty = weekly_list(school=STRANGER, name="Lyceum Zuid", signals=(), gone=(), data_moment=None)
    lists.publish(opened, empty, names=(), by="test")
    with db.transaction(opened) as session:
        session.add(
            FollowUpRow(
                school=SCHOOL,
                pupil=pupil(0),
                group_name="2hv1",
                kind="gesprek",
                owner="Sanne",
                opened_by="x",
                opened_at=now(),
                change=db.next_change(session),
            )
        )
    yield opened
    opened.dispose()


def test_a_letter_counts_and_says_nothing_of_anybody(own: Engine):
    reads(own, "zorg@school.nl", SCHOOL)
    (letter,) = letters(own, week=WEEK, url=URL)
    assert letter.to == "zorg@school.nl"
    assert letter.subject == "Weeklijst, week van 16 november 2026"
    assert "Er staan 10 leerlingen op de lijst van Het Baken College, 9 nog niet opgepakt." in letter.text
    assert f"Meld u aan: {URL}" in letter.text
    for number in range(34):
        assert pupil(number) not in letter.text
        assert full_name(number)[1] not in letter.text
    assert "Sanne" not in letter.text
    assert on_list(0).group not in letter.text


def test_a_school_without_a_delivery_or_a_list_is_told_so(own: Engine):
    reads(own, "zuid@school.nl", STRANGER)
    reads(own, "baken@school.nl", SCHOOL)
    told = {one.to: one.text for one in letters(own, week=WEEK, url=URL)}
    assert (
        "Voor Lyceum Zuid kwam geen nieuwe levering: de lijst zegt niets over de afgelopen week."
        in told["zuid@school.nl"]
    )
    later = letters(own, week=WEEK + timedelta(days=7), url=URL)
    assert (
        "Voor Het Baken College is er deze week nog geen lijst."
        in {one.to: one.text for one in later}["baken@school.nl"]
    )


@pytest.mark.parametrize(
    ("signals", "said"),
    [
        ((on_list(1),), "Er staat 1 leerling op de lijst van De Ark, 1 nog niet opgepakt."),
        ((), "Er staat niemand op de lijst van De Ark. Dat betekent niet dat er niets speelt."),
    ],
)
def test_one_pupil_and_nobody_are_told_in_plain_words(own: Engine, signals: tuple[object, ...], said: str):
    lists.publish(own, weekly_list(school=PRIMARY, name="De Ark", signals=signals, gone=()), names=(), by="test")
    reads(own, "ark@school.nl", PRIMARY)
    (letter,) = letters(own, week=WEEK, url=URL)
    assert said in letter.text


def test_only_care_coordinators_with_an_address_get_one_about_their_own_schools(own: Engine):
    reads(own, None, SCHOOL)
    reads(own, "mentor@school.nl", SCHOOL, role=Role.MENTOR, group="2hv1")
    reads(own, "fg@school.nl", role=Role.PRIVACY_OFFICER)
    reads(own, "samen@school.nl", SCHOOL, STRANGER)
    (letter,) = letters(own, week=WEEK, url=URL)
    assert letter.to == "samen@school.nl"
    assert "Het Baken College" in letter.text
    assert "Lyceum Zuid" in letter.text


def test_who_is_kept_to_one_class_gets_the_count_of_that_class(own: Engine):
    reads(own, "klas@school.nl", SCHOOL, group="2hv1")
    (letter,) = letters(own, week=WEEK, url=URL)
    assert "Er staan 2 leerlingen op de lijst van Het Baken College, 1 nog niet opgepakt." in letter.text


def test_who_has_left_gets_none(own: Engine):
    reads(own, "weg@school.nl", SCHOOL)
    with db.transaction(own) as session:
        session.query(PersonRow).update({"ended_at": now()})
    assert letters(own, week=WEEK, url=URL) == ()


class Postbus:
    """A mail server that keeps what it takes, and refuses one address."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.encrypted: list[bool] = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - the library's name
        if address.startswith("weg@"):
            return "550 bestaat niet"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802 - same
        self.taken.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, and its key, in one folder."""
    folder = tmp_path_factory.mktemp("ca")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    moment = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return folder


def _let_in(_server: object, _session: object, _envelope: object, _mechanism: str, said: LoginPassword) -> AuthResult:
    return AuthResult(success=(said.login, said.password) == (b"aanwezig", b"geheim"), handled=False)


@pytest.fixture
def postbus(certificate: Path) -> Iterator[tuple[Postbus, MailServer]]:
    """A mail server that wants an encrypted line and a password, and how to reach it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "ca.pem", certificate / "key.pem")
    box = Postbus()
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=_let_in,
    )
    controller.start()
    (certificate / "wachtwoord").write_text("geheim\n")
    yield (
        box,
        MailServer("127.0.0.1", controller.port, FROM, "aanwezig", certificate / "wachtwoord", certificate / "ca.pem"),
    )
    controller.stop()


LETTER = Letter(
    "zorg@school.nl", "Weeklijst", "Er staan 4 leerlingen op de lijst van Basisschool Ēđ, 2 nog niet opgepakt.\n"
)


def test_a_letter_arrives_over_an_encrypted_line(postbus: tuple[Postbus, MailServer]):
    box, server = postbus
    assert send(server, [LETTER]).taken == 1
    (envelope,) = box.taken
    assert box.encrypted == [True]
    assert (envelope.mail_from, envelope.rcpt_tos) == (FROM, ["zorg@school.nl"])
    message = message_from_bytes(envelope.content, policy=default)
    assert message.get_content().replace("\r\n", "\n") == LETTER.text
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@school.nl>")


def test_one_refused_address_holds_up_no_other(postbus: tuple[Postbus, MailServer]):
    box, server = postbus
    gone = Letter("weg@school.nl", "Weeklijst", "x\n")
    sent = send(server, [gone, LETTER])
    assert (sent.taken, sent.refused) == (1, ("weg@school.nl",))
    assert len(box.taken) == 1


def _other(server: MailServer, **changes: object) -> MailServer:
    return MailServer(**{**vars(server), **changes})


def test_a_server_that_cannot_prove_itself_gets_nothing(postbus: tuple[Postbus, MailServer]):
    box, server = postbus
    with pytest.raises(SettingsError, match="neemt na 0 berichten niets"):
        send(_other(server, ca_file=None), [LETTER])
    assert box.taken == []


def test_a_wrong_password_is_told_without_the_password(postbus: tuple[Postbus, MailServer], tmp_path: Path):
    _, server = postbus
    (tmp_path / "fout").write_text("onjuist")
    with pytest.raises(SettingsError) as told:
        send(_other(server, password_file=tmp_path / "fout"), [LETTER])
    assert "SMTPAuthenticationError" in str(told.value)
    assert "onjuist" not in str(told.value)


def test_a_password_file_that_is_not_there_is_told(tmp_path: Path):
    server = MailServer("127.0.0.1", 1, FROM, "aanwezig", tmp_path / "nergens")
    with pytest.raises(SettingsError, match="wachtwoord"):
        send(server, [LETTER])


def test_an_open_line_to_a_server_elsewhere_is_not_used(monkeypatch: pytest.MonkeyPatch):
    box = Postbus()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        assert send(MailServer("127.0.0.1", controller.port, FROM), [LETTER]).taken == 1
        monkeypatch.setattr("service.mail.LOOPBACK", frozenset())
        with pytest.raises(SettingsError, match="SMTPNotSupportedError"):
            send(MailServer("127.0.0.1", controller.port, FROM), [LETTER])
    finally:
        controller.stop()
    assert len(box.taken) == 1


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({}, "AANWEZIG_SMTP_HOST"),
        ({"HOST": "mail.school.nl"}, "AANWEZIG_SMTP_FROM"),
        ({"HOST": "mail.school.nl", "FROM": FROM, "PORT": "veel"}, "AANWEZIG_SMTP_PORT"),
        ({"HOST": "mail.school.nl", "FROM": FROM, "PORT": "70000"}, "AANWEZIG_SMTP_PORT"),
        ({"HOST": "mail.school.nl", "FROM": FROM, "USER": "ik"}, "AANWEZIG_SMTP_PASSWORD_FILE"),
    ],
)
def test_mail_is_off_until_its_settings_are_whole(said: dict[str, str], wrong: str):
    with pytest.raises(SettingsError, match=wrong):
        MailServer.from_environment({f"AANWEZIG_SMTP_{name}": value for name, value in said.items()})


@pytest.fixture
def environment(own: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    reads(own, "zorg@school.nl", SCHOOL)
    monkeypatch.setenv("AANWEZIG_HOME", str(tmp_path))
    monkeypatch.setenv("AANWEZIG_PUBLIC_URL", URL)
    monkeypatch.delenv("AANWEZIG_DATABASE_URL", raising=False)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_the_command_shows_what_it_would_send_and_sends_nothing():
    done = CliRunner().invoke(commands, ["digest", "--week", "2026-11-16", "--dry-run"])
    assert "Aan: zorg@school.nl" in done.output
    assert "Er staan 10 leerlingen" in done.output
    assert "Niets verstuurd" in done.output


def test_the_command_sends(environment: pytest.MonkeyPatch, postbus: tuple[Postbus, MailServer]):
    box, server = postbus
    said = {
        "HOST": server.host,
        "PORT": str(server.port),
        "FROM": FROM,
        "USER": server.user,
        "PASSWORD_FILE": str(server.password_file),
        "CA_FILE": str(server.ca_file),
    }
    for name, value in said.items():
        environment.setenv(f"AANWEZIG_SMTP_{name}", value)
    done = CliRunner().invoke(commands, ["digest", "--week", "2026-11-16"])
    assert done.output == "Verstuurd: 1 van 1 berichten.\n"
    assert [envelope.rcpt_tos for envelope in box.taken] == [["zorg@school.nl"]]


def test_without_an_address_to_sign_in_there_is_no_letter(environment: pytest.MonkeyPatch):
    environment.delenv("AANWEZIG_PUBLIC_URL")
    environment.setenv("AANWEZIG_MODE", "production")
    done = CliRunner().invoke(commands, ["digest", "--dry-run"])
    assert isinstance(done.exception, SettingsError)
    assert "AANWEZIG_PUBLIC_URL" in str(done.exception)
    assert Settings.from_environment().public_url == ""
