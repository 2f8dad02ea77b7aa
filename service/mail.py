"""Sends letters over the school's own mail server. Off until a server is set; nothing goes over an open line elsewhere."""

import os
import smtplib
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Self

from data_contracts.errors import SettingsError
from service.digest import Letter
from service.safe import LOOPBACK

NAMES = ("host", "port", "from", "user", "password_file", "ca_file")
LAST_PORT = 65_535
SUBMISSION = 587
PATIENCE = 30
"""Seconds that a mail server may take to answer."""


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in.

    Parameters
    ----------
    host, port
        Its address; the line is encrypted with STARTTLS, always, unless the server is this machine.
    sender
        Address that the letters come from.
    user, password_file
        How we sign in there; empty: not at all.
    ca_file
        Certificates to trust instead of the machine's own, for a server inside the school.
    """

    host: str
    port: int
    sender: str
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the ``AANWEZIG_SMTP_`` variables.

        Raises
        ------
        SettingsError
            There is no server or no sender, the port is no number, or user and password do not go together.
        """
        values = os.environ if environment is None else environment
        said = {name: values.get(f"AANWEZIG_SMTP_{name.upper()}", "").strip() for name in NAMES}
        wrong = []
        if not said["host"] or not said["from"]:
            wrong.append("AANWEZIG_SMTP_HOST en AANWEZIG_SMTP_FROM zijn nodig om te mailen.")
        port = said["port"] or str(SUBMISSION)
        if not port.isdecimal() or not 0 < int(port) <= LAST_PORT:
            wrong.append(f"AANWEZIG_SMTP_PORT is {port!r}: dat is geen poort.")
        if bool(said["user"]) != bool(said["password_file"]):
            wrong.append("AANWEZIG_SMTP_USER en AANWEZIG_SMTP_PASSWORD_FILE horen bij elkaar.")
        if wrong:
            raise SettingsError(" ".join(wrong), remedy="Met --dry-run ziet u de berichten zonder te mailen.")
        return cls(
            host=said["host"],
            port=int(port),
            sender=said["from"],
            user=said["user"],
            password_file=Path(said["password_file"]) if said["password_file"] else None,
            ca_file=Path(said["ca_file"]) if said["ca_file"] else None,
        )


@dataclass(frozen=True)
class Sent:
    """How many letters were taken, and to which addresses one was refused."""

    taken: int
    refused: tuple[str, ...]


def send(server: MailServer, letters: Iterable[Letter]) -> Sent:
    """Send `letters` one by one, over one connection; one that is refused holds up no other.

    Raises
    ------
    SettingsError
        The server does not answer, offers no encryption, or does not let us in.
    """
    password = _password(server)
    taken, refused = 0, []
    try:
        with smtplib.SMTP(server.host, server.port, timeout=PATIENCE) as line:
            _enter(line, server, password)
            for letter in letters:
                try:
                    line.send_message(_message(server, letter))
                    taken += 1
                except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
                    refused.append(letter.to)
    except (smtplib.SMTPException, OSError) as error:
        why = type(error).__name__ if isinstance(error, smtplib.SMTPException) else error.strerror or error
        detail = f"de mailserver {server.host}:{server.port} neemt na {taken} berichten niets (meer) aan ({why})."
        raise SettingsError(
            detail, remedy="Controleer de instellingen AANWEZIG_SMTP_ en of de server draait."
        ) from None
    return Sent(taken, tuple(refused))


def _password(server: MailServer) -> str:
    if server.password_file is None:
        return ""
    try:
        return server.password_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        detail = f"het wachtwoord voor de mailserver is niet te lezen uit {server.password_file}."
        raise SettingsError(detail, remedy="Zet het in dat bestand, leesbaar voor wie dit draait.") from None


def _enter(line: smtplib.SMTP, server: MailServer, password: str) -> None:
    """Encrypt the line and sign in; to a server elsewhere nothing is said before the line is encrypted."""
    line.ehlo()
    if line.has_extn("starttls") or server.host not in LOOPBACK:
        line.starttls(context=ssl.create_default_context(cafile=server.ca_file))
        line.ehlo()
    if server.user:
        line.login(server.user, password)


def _message(server: MailServer, letter: Letter) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = server.sender, letter.to, letter.subject
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2] or None)
    message["Auto-Submitted"] = "auto-generated"  # so that no out-of-office answers it
    message.set_content(letter.text)
    return message
