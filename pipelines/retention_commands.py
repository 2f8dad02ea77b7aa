"""Commands that remove: what is past its term, and everything about one pupil. Neither does so without being told to."""

import getpass
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from data_contracts.errors import UsageError
from data_contracts.identifiers import PUPIL_PATTERN
from pipelines.home import Home
from pipelines.options import Json

if TYPE_CHECKING:  # it loads Polars and the database
    from pipelines.retention import Removed

commands = typer.Typer()

Yes = Annotated[bool, typer.Option("--yes", help="Verwijder het echt. Dit kan niet terug.")]


@commands.command(epilog="Voorbeeld: aanwezig retention --dry-run")
def retention(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tel alleen wat over zijn termijn is.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Verwijder wat over zijn bewaartermijn is. De termijnen staan op de pagina Beheer, Bewaren."""
    if dry_run == yes:
        detail = "het is niet duidelijk of er echt iets weg moet"
        raise UsageError(detail, remedy="Geef --dry-run om te tellen, of --yes om te verwijderen.")
    from pipelines.retention import retention as run  # noqa: PLC0415 - loads Polars and the database

    _show(run(Home.from_environment(), by=_by(), at=datetime.now(UTC), remove=yes), as_json=as_json)


@commands.command(epilog="Voorbeeld: aanwezig erase --school 11ZZ03 --yes")
def erase(
    pupil: Annotated[
        str | None,
        typer.Argument(help="Pseudoniem. Zonder vragen wij het leerlingnummer, dat dan nergens blijft staan."),
    ] = None,
    *,
    school: Annotated[str, typer.Option(help="BRIN met vestiging.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Wis alles over een leerling (AVG, artikel 17). Haal de leerling eerst uit de export van de school."""
    if not yes:
        detail = "wissen kan niet terug"
        raise UsageError(detail, remedy="Geef --yes als u het zeker weet.")
    if pupil is not None and not re.fullmatch(PUPIL_PATTERN, pupil):
        detail = "dit is geen pseudoniem"
        raise UsageError(detail, remedy="Laat het weg, en typ het leerlingnummer als daarom gevraagd wordt.")
    from pipelines.retention import erase as run  # noqa: PLC0415 - loads Polars and the database
    from pipelines.retention import pseudonym_of  # noqa: PLC0415 - the same

    home = Home.from_environment()
    if pupil is None:  # typed and not given along: what stands on a command line stays in its history
        pupil = pseudonym_of(home, school=school, number=typer.prompt("Leerlingnummer", hide_input=True))
    _show(run(home, by=_by(), school=school, pupil=pupil), as_json=as_json)


def _by() -> str:
    return f"beheer: {getpass.getuser()}"


def _show(found: "Removed", *, as_json: bool) -> None:
    if as_json:
        typer.echo(found.model_dump_json())
        return
    typer.echo(f"{'Verwijderd' if found.removed else 'Over de termijn'}: {found.words}.")
    if found.silent:
        typer.echo(
            "Ingeschreven zonder einddatum, terwijl er langer dan een jaar niets over hen binnenkwam: "
            f"{found.silent}. Zij blijven staan. Laat de school een einddatum leveren van wie er niet meer is."
        )
