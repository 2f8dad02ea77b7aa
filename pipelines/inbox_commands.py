"""The command that takes in what was delivered over the API or the page."""

import time
from typing import Annotated

import typer

from data_contracts.errors import RefusedDeliveryError, SettingsError, StorageError
from pipelines import reports
from pipelines.beside import attending
from pipelines.home import Home
from pipelines.mondays import monday_time
from pipelines.options import Brief, Json

commands = typer.Typer()


@commands.command(epilog="Voorbeeld: aanwezig inbox --watch 30 --weekly")
def inbox(
    *,
    watch: Annotated[
        float | None, typer.Option(min=1, help="Blijf draaien, en kijk elke zoveel seconden opnieuw.")
    ] = None,
    weekly: Annotated[
        bool,
        typer.Option(
            "--weekly", help="Maak daarna de weeklijst van elke school die iets leverde, en op maandag van alle."
        ),
    ] = False,
    parent: Annotated[int | None, typer.Option("--with", hidden=True)] = None,
    brief: Brief = False,
    as_json: Json = False,
) -> None:
    """Neem aan wat is geleverd over de API of de pagina, met de controles van 'ingest'. Een geweigerd bestand wordt gewist."""
    from pipelines.inbox import Taken, attended, give_sign, list_what_came, look_up_objectors, take_in  # noqa: PLC0415 - loads SQLAlchemy

    home, monday = Home.from_environment(), monday_time()
    found: list[Taken] = []

    def tell(taken: Taken) -> None:
        found.append(taken)
        if watch is not None:
            typer.echo(f"levering {taken.delivery.id} van {taken.delivery.school}: {taken.status}")

    def look() -> None:
        found.clear()
        look_up_objectors(home)
        try:
            take_in(home, done=tell)
        finally:
            if weekly:
                list_what_came(home, {one.delivery.school for one in found if one.is_accepted}, monday=monday)

    with attended(home):
        if watch is None:
            look()
        else:
            with attending(lambda: give_sign(home), parent=parent):
                while True:
                    try:
                        look()
                    except (SettingsError, StorageError) as error:  # told each time, and tried again
                        typer.echo(str(error), err=True)
                    time.sleep(watch)
    made = [report for taken in found for report in taken.reports]
    if reports.show_deliveries(made, brief=brief, as_json=as_json):
        raise typer.Exit(RefusedDeliveryError.exit_code)
