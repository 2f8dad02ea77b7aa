"""Commands for what parents and pupils ask: to see what is stored, and to object to being listed."""

import getpass
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from data_contracts.errors import UsageError
from data_contracts.identifiers import PUPIL_PATTERN
from features.calendar import local_date
from pipelines.home import Home
from pipelines.options import Json

commands = typer.Typer()

Pupil = Annotated[
    str | None,
    typer.Argument(help="Pseudoniem. Zonder vragen wij het leerlingnummer, dat dan nergens blijft staan."),
]
School = Annotated[str, typer.Option(help="BRIN met vestiging.")]


@commands.command(epilog="Voorbeeld: aanwezig inzage --school 11ZZ03 --out inzage.xlsx")
def inzage(
    pupil: Pupil = None,
    *,
    school: School,
    out: Annotated[Path, typer.Option(help="Nieuw bestand: .xlsx om te lezen, .json voor een programma.")],
    as_json: Json = False,
) -> None:
    """Schrijf op wat een school over een leerling aanleverde, met elke versie (AVG, artikel 15)."""
    from pipelines import objections, reports  # noqa: PLC0415 - loads the database
    from pipelines.access import access  # noqa: PLC0415 - loads Polars
    from pipelines.publishing import open_database  # noqa: PLC0415 - loads the database

    home = Home.from_environment()
    whose = _whose(home, school, pupil)
    database = open_database(home.database_url)
    try:
        objections.record_access(database, by=_by(), school=school, pupil=whose)
    finally:
        database.dispose()
    reports.show(access(home, school=school, pupil=whose, out=out), as_json=as_json)


@commands.command(epilog="Voorbeeld: aanwezig bezwaar --school 11ZZ03 --by ouders --on 2026-11-20")
def bezwaar(
    pupil: Pupil = None,
    *,
    school: School,
    by: Annotated[Literal["ouders", "leerling"], typer.Option(help="Wie het vraagt; een leerling vanaf 16 jaar.")],
    on: Annotated[datetime | None, typer.Option(help="Dag van de vraag; anders vandaag.", formats=["%Y-%m-%d"])] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Het bezwaar is ingetrokken.")] = False,
) -> None:
    """Leg een bezwaar vast zonder de pagina (AVG, artikel 21), of dat het is ingetrokken."""
    from pipelines import objections  # noqa: PLC0415 - loads the database
    from pipelines.by_number import objector  # noqa: PLC0415 - loads Polars
    from pipelines.publishing import open_database  # noqa: PLC0415 - loads the database

    today = local_date(datetime.now(UTC))
    asked_on = on.date() if on else today
    if asked_on > today:
        detail = f"{asked_on} ligt in de toekomst"
        raise UsageError(detail, remedy="Geef de dag waarop het is gevraagd.")
    home = Home.from_environment()
    whose = _whose(home, school, pupil)
    # Who was erased is not enrolled any more, and the objection that stayed has to end some day.
    of = objections.Objector(school, whose, "") if withdraw else objector(home, school, whose)
    asked_by = objections.AskedBy(by)
    database = open_database(home.database_url)
    try:
        act = objections.withdraw if withdraw else objections.register
        act(database, of, by=_by(), asked_by=asked_by, asked_on=asked_on)
    finally:
        database.dispose()
    typer.echo("Vastgelegd: de leerling doet weer mee." if withdraw else "Vastgelegd: de leerling doet niet meer mee.")


def _whose(home: Home, school: str, pupil: str | None) -> str:
    """Return the pseudonym; a number is typed, for what stands on a command line stays in its history."""
    from pipelines.retention import pseudonym_of  # noqa: PLC0415 - loads Polars and the database

    if pupil is None:
        number = typer.prompt("Leerlingnummer", hide_input=sys.stdin.isatty()).strip()
        return pseudonym_of(home, school=school, number=number)
    if not re.fullmatch(PUPIL_PATTERN, pupil):
        detail = "dit is geen pseudoniem"
        raise UsageError(detail, remedy="Laat het weg, en typ het leerlingnummer als daarom gevraagd wordt.")
    return pupil


def _by() -> str:
    """Return who sits at this machine, for the audit."""
    return f"beheer: {getpass.getuser()}"
