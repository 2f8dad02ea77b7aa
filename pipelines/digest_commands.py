"""The weekly digest as a command: off until somebody sets a mail server and plans it."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from data_contracts.errors import SettingsError
from pipelines.home import Home

commands = typer.Typer()


@commands.command(epilog="Voorbeeld: aanwezig digest --week 2026-11-16 --dry-run")
def digest(
    *,
    week: Annotated[
        datetime | None, typer.Option(help="Maandag van de weeklijst; anders deze week.", formats=["%Y-%m-%d"])
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Toon de berichten en verstuur niets.")] = False,
) -> None:
    """Mail zorgcoördinatoren hoeveel leerlingen er op hun lijst staan. Zonder gegevens van leerlingen."""
    from features.calendar import local_date, monday  # noqa: PLC0415 - loads the holidays
    from pipelines.publishing import MailServer, address, letters, open_database, send  # noqa: PLC0415 - loads SQLAlchemy

    server = None if dry_run else MailServer.from_environment()
    database = open_database(Home.from_environment().database_url)
    of = week.date() if week else monday(local_date(datetime.now(UTC)))
    written = letters(database, week=of, url=address())
    database.dispose()
    if server is None:
        for letter in written:
            typer.echo(f"Aan: {letter.to}\nOnderwerp: {letter.subject}\n\n{letter.text}")
        typer.echo(f"Niets verstuurd: dit zijn de {len(written)} berichten die er klaarstaan.")
        return
    sent = send(server, written)
    typer.echo(f"Verstuurd: {sent.taken} van {len(written)} berichten.")
    if sent.refused:
        detail = f"de mailserver weigerde {', '.join(sent.refused)}."
        raise SettingsError(detail, remedy="Verbeter het adres van deze mensen.")
