"""Commands about who may come in: people who sign in with their school's account, and programs that use the API."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_contracts.errors import UsageError
from pipelines.home import Home
from pipelines.options import Json

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from pipelines.accounts import Account, Accounts

people = typer.Typer(no_args_is_help=True, help="Wie zich mag aanmelden, met het account van de school.")
clients = typer.Typer(no_args_is_help=True, help="Welke programma's de API mogen gebruiken.")

Name = Annotated[str, typer.Option(help="Naam, zoals die op de pagina en in het logboek herkend wordt.")]
RoleOption = Annotated[
    str,
    typer.Option(
        "--role",
        help="care_coordinator, mentor, data_team, privacy_officer, attendance_officer, alliance, supplier of administrator.",
    ),
]
School = Annotated[list[str] | None, typer.Option(help="BRIN met vestiging; mag vaker.")]
AllSchools = Annotated[bool, typer.Option("--all-schools", help="Voor alle scholen, ook die er nog bij komen.")]
Group = Annotated[list[str] | None, typer.Option(help="Groep van een mentor; mag vaker.")]
Who = Annotated[str, typer.Argument(help="E-mailadres, of het id uit 'people list'.")]
Client = Annotated[str, typer.Argument(help="Id uit 'clients list'.")]


@people.command(
    "add", epilog="Voorbeeld: aanwezig people add --name 'A. Bakker' --email a@s.nl --role data_team --all-schools"
)
def add_person(
    *,
    name: Name,
    email: Annotated[str, typer.Option(help="Adres van het schoolaccount; zo wordt iemand de eerste keer herkend.")],
    role: RoleOption,
    school: School = None,
    all_schools: AllSchools = False,
    group: Group = None,
    as_json: Json = False,
) -> None:
    """Laat iemand toe. Wie er al is, krijgt deze rol of school erbij."""
    from pipelines import accounts  # noqa: PLC0415 - loads the database

    access = accounts.Access.of(role, schools=school or [], groups=group or [], everywhere=all_schools)
    with _database() as engine:
        _show(accounts.add_person(engine, by=_by(), name=name, email=email, access=access), as_json=as_json)


@people.command("list", epilog="Voorbeeld: aanwezig people list --json")
def list_people(*, as_json: Json = False) -> None:
    """Toon wie zich mag aanmelden, en in welke rol."""
    from pipelines import accounts  # noqa: PLC0415 - loads the database

    with _database() as engine:
        _show_all(accounts.people(engine), as_json=as_json)


@people.command("end", epilog="Voorbeeld: aanwezig people end a.bakker@school.nl")
def end_person(who: Who, *, as_json: Json = False) -> None:
    """Beëindig iemands toegang, ook waar die nu is aangemeld. Het logboek blijft."""
    from pipelines import accounts  # noqa: PLC0415 - loads the database

    with _database() as engine:
        _show(accounts.end_person(engine, who, by=_by()), as_json=as_json)


@people.command("sessions-end", epilog="Voorbeeld: aanwezig people sessions-end a.bakker@school.nl")
def end_sessions(
    who: Annotated[str | None, typer.Argument(help="E-mailadres of id.")] = None,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Iedereen.")] = False,
) -> None:
    """Meld iemand overal af, of iedereen. Opnieuw aanmelden kan daarna gewoon."""
    from pipelines import accounts  # noqa: PLC0415 - loads the database

    if (who is None) != everybody:
        detail = "het is niet duidelijk wie er afgemeld moet worden"
        raise UsageError(detail, remedy="Noem iemand, of geef --all, en niet allebei.")
    with _database() as engine:
        typer.echo(f"Beëindigd: {accounts.end_sessions(engine, who, by=_by())}")


@clients.command(
    "add", epilog="Voorbeeld: aanwezig clients add --name SWV --role alliance --all-schools --public-key swv.pem"
)
def add_client(
    *,
    name: Name,
    role: RoleOption,
    school: School = None,
    all_schools: AllSchools = False,
    public_key: Annotated[Path | None, typer.Option(help="Openbare sleutel van het programma (PEM of JWK).")] = None,
    secret_file: Annotated[
        Path | None, typer.Option(help="Nieuw bestand voor een geheim; wordt nergens getoond of bewaard.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Laat een programma toe dat zijn tokens van deze dienst krijgt."""
    from pipelines import accounts  # noqa: PLC0415 - loads the database

    access = accounts.Access.of(role, schools=school or [], everywhere=all_schools)
    with _database() as engine:
        added = accounts.add_client(
            engine,
            by=_by(),
            name=name,
            access=access,
            settled=_settled(),
            public_key=public_key,
            secret=secret_file,
        )
    _show(added, as_json=as_json)


@clients.command(
    "external",
    epilog="Voorbeeld: aanwezig clients external --name LAS --role supplier --school 11ZZ03 --issuer https://... --subject las",
)
def add_external_client(
    *,
    name: Name,
    role: RoleOption,
    issuer: Annotated[str, typer.Option(help="Wie de tokens uitgeeft, precies zoals in het token (iss).")],
    subject: Annotated[str, typer.Option(help="Hoe het programma daar heet, precies zoals in het token (sub).")],
    school: School = None,
    all_schools: AllSchools = False,
    as_json: Json = False,
) -> None:
    """Laat een programma toe dat zijn tokens van elders krijgt (AANWEZIG_TOKEN_ISSUER)."""
    from pipelines import accounts  # noqa: PLC0415 - loads the database

    access = accounts.Access.of(role, schools=school or [], everywhere=all_schools)
    with _database() as engine:
        added = accounts.add_external_client(
            engine, by=_by(), name=name, access=access, settled=_settled(), issuer=issuer, subject=subject
        )
    _show(added, as_json=as_json)


@clients.command("list", epilog="Voorbeeld: aanwezig clients list --json")
def list_clients(*, as_json: Json = False) -> None:
    """Toon welke programma's de API mogen gebruiken."""
    from pipelines import accounts  # noqa: PLC0415 - loads the database

    with _database() as engine:
        _show_all(accounts.clients(engine), as_json=as_json)


@clients.command("end", epilog="Voorbeeld: aanwezig clients end mB3x0GQ3TzqH1v4rYk2c8A")
def end_client(client: Client, *, as_json: Json = False) -> None:
    """Beëindig de toegang van een programma, ook met een token dat nog loopt."""
    from pipelines import accounts  # noqa: PLC0415 - loads the database

    with _database() as engine:
        _show(accounts.end_client(engine, client, by=_by()), as_json=as_json)


@contextmanager
def _database() -> Iterator["Engine"]:
    from pipelines.publishing import open_database  # noqa: PLC0415 - loads the database

    engine = open_database(Home.from_environment().database_url)
    try:
        yield engine
    finally:
        engine.dispose()


def _settled() -> frozenset[str]:
    """Return the schools that have settings."""
    return frozenset(path.stem for path in Home.from_environment().schools.glob("*.toml"))


def _by() -> str:
    """Return who sits at this machine, for the audit."""
    return f"beheer: {getpass.getuser()}"


def _show(account: "Account", *, as_json: bool) -> None:
    if as_json:
        typer.echo(account.model_dump_json())
        return
    parts = (account.id, account.name, account.how, "; ".join(account.access), "beëindigd" if account.ended else "")
    typer.echo("  ".join(filter(None, parts)))


def _show_all(found: "Accounts", *, as_json: bool) -> None:
    if as_json:
        typer.echo(found.model_dump_json())
        return
    for account in found.accounts:
        _show(account, as_json=False)
    if not found.accounts:
        typer.echo("Er is nog niemand.")
