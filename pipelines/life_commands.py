"""Commands about the life of a model: put to use, taken out of use, made to account for a score, and followed."""

from datetime import datetime
from typing import Annotated

import typer

from data_contracts.errors import ModelError
from pipelines import model_reports, reports
from pipelines.home import Home
from pipelines.options import Json
from pipelines.progress import progress

commands = typer.Typer()

By = Annotated[str, typer.Option("--by", help="Uw naam: u tekent voor dit besluit.")]


@commands.command(epilog="Voorbeeld: aanwezig promote --by 'Fatima Bakker'")
def promote(
    *,
    by: By,
    version: Annotated[str | None, typer.Option(help="Versie van het model; anders het laatst getrainde.")] = None,
    as_json: Json = False,
) -> None:
    """Keur het nieuwe model en neem het in gebruik. Haalt het de keuring niet, dan verandert er niets."""
    from pipelines.promoting import promote as run  # noqa: PLC0415 - loads Polars

    decided = run(Home.from_environment(), by=by, version=version)
    model_reports.show_decided(decided, as_json=as_json)
    if not decided.passed:
        raise typer.Exit(ModelError.exit_code)


@commands.command(epilog="Voorbeeld: aanwezig rollback --by 'Fatima Bakker' --reason 'lijsten onbruikbaar'")
def rollback(
    *,
    by: By,
    reason: Annotated[str, typer.Option(help="Waarom.")] = "",
    as_json: Json = False,
) -> None:
    """Neem het model uit gebruik: het vorige maakt weer de lijsten, of anders de drempels."""
    from pipelines.promoting import rollback as run  # noqa: PLC0415 - loads Polars

    model_reports.show_decided(run(Home.from_environment(), by=by, reason=reason), as_json=as_json)


@commands.command(epilog="Voorbeeld: aanwezig score --explain 104512 --week 2026-11-16")
def score(
    *,
    explain: Annotated[str, typer.Option(help="Leerlingnummer zoals de school het kent, of het pseudoniem.")],
    week: Annotated[datetime, typer.Option(help="Maandag van de weeklijst.", formats=["%Y-%m-%d"])],
    school: Annotated[str | None, typer.Option(help="De school, als het nummer op meer scholen voorkomt.")] = None,
    edition: Annotated[int | None, typer.Option(help="Uitgave van de lijst; anders de laatste.")] = None,
    as_json: Json = False,
) -> None:
    """Reken een gepubliceerde score na uit de opgeslagen gegevens en het model van die lijst."""
    from pipelines.scoring import explain as run  # noqa: PLC0415 - loads Polars

    found = run(Home.from_environment(), pupil=explain, week=week.date(), school=school, edition=edition)
    model_reports.show_explained(found, as_json=as_json)
    if not found.equal:
        raise typer.Exit(ModelError.exit_code)


@commands.command(epilog="Voorbeeld: aanwezig drift")
def drift(
    *,
    week: Annotated[
        datetime | None, typer.Option(help="Kijk tot deze maandag; anders tot nu.", formats=["%Y-%m-%d"])
    ] = None,
    as_json: Json = False,
) -> None:
    """Volg of scholen van de andere gaan afwijken: in hoe zij registreren, of in de scores zelf."""
    from pipelines.drifting import drift as run  # noqa: PLC0415 - loads Polars

    with progress("Drift") as say:
        found = run(Home.from_environment(), week=week.date() if week else None, progress=say)
    if as_json:
        reports.show(found, as_json=True)
    else:
        model_reports.show_drift(found)
