"""Commands about models: train one, judge it, and what follows."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import reports
from pipelines.home import Home
from pipelines.life_commands import commands as life_commands
from pipelines.options import CountOn, Json, Master
from pipelines.progress import progress

commands = typer.Typer()
commands.registered_commands += life_commands.registered_commands


@commands.command(epilog="Voorbeeld: aanwezig train")
def train(
    *,
    outcome: Annotated[str, typer.Option(help="Uitkomst: een naam of een TOML-bestand.")] = "long_absence",
    engine: CountOn = "polars",
    master: Master = None,
    as_json: Json = False,
) -> None:
    """Train het model op alles wat bekend is, en leg het vast in MLflow."""
    from pipelines.engine_by_name import opened  # noqa: PLC0415 - loads Polars
    from pipelines.train import train as run  # noqa: PLC0415 - loads scikit-learn and MLflow

    with opened(engine, master=master) as chosen, progress("Trainen") as say:
        result = run(Home.from_environment(), outcome=outcome, engine=chosen, progress=say)
    reports.show(result, as_json=as_json)


@commands.command(epilog="Voorbeeld: aanwezig evaluate --out terugblik")
def evaluate(
    *,
    outcome: Annotated[str, typer.Option(help="Uitkomst: een naam of een TOML-bestand.")] = "long_absence",
    out: Annotated[Path | None, typer.Option(help="Map voor het rapport (HTML), de cijfers en de rijen.")] = None,
    as_json: Json = False,
) -> None:
    """Meet op eerdere weken hoeveel nieuwe gevallen de lijst vindt, en hoeveel de drempels vinden."""
    from pipelines.backtest import evaluate as run  # noqa: PLC0415 - loads scikit-learn

    with progress("Terugkijken") as say:
        result = run(Home.from_environment(), outcome=outcome, out=out, progress=say)
    reports.show_backtest(result, as_json=as_json)


@commands.command(epilog="Voorbeeld: aanwezig audit --groups groepen.csv")
def audit(
    *,
    groups: Annotated[
        Path | None, typer.Option(help="CSV of Excel: school, pupil en een kolom per kenmerk. Wordt niet bewaard.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Versie van het model; anders het laatst getrainde.")] = None,
    as_json: Json = False,
) -> None:
    """Toets of de lijst elke groep even goed bereikt, op eerdere weken."""
    from pipelines import auditing  # noqa: PLC0415 - loads Polars

    found = auditing.audit(Home.from_environment(), groups=groups, version=version)
    reports.show(found, as_json=True) if as_json else auditing.show(found)


@commands.command(epilog="Voorbeeld: aanwezig papers --out stukken")
def papers(
    *,
    version: Annotated[str | None, typer.Option(help="Versie van het model; anders het laatst getrainde.")] = None,
    out: Annotated[Path | None, typer.Option(help="Map om in te schrijven; anders die van het model.")] = None,
    as_json: Json = False,
) -> None:
    """Schrijf de stukken bij een model: modelkaart, algoritmeregister, technische documentatie."""
    from pipelines.papers.write import papers as run  # noqa: PLC0415 - loads Polars and matplotlib

    reports.show(run(Home.from_environment(), version=version, out=out), as_json=as_json)


@commands.command(epilog="Voorbeeld: aanwezig merge swv-a.json swv-b.json --out samen.json")
def merge(
    *,
    cards: Annotated[
        list[Path],
        typer.Argument(
            metavar="KAART.json|MAP...",
            help="Scorekaarten, elk van andere leerlingen; of per partij haar map 'to_merge', met ook eerdere kaarten.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Nieuw bestand voor de samengevoegde scorekaart.")],
    judge: Annotated[
        bool,
        typer.Option(
            "--judge", help="Beproef het samenvoegen op de eigen eerdere weken; daarna kan 'promote' het keuren."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Voeg scorekaarten samen die apart zijn geleerd. Er gaat geen gegeven van een leerling over de lijn."""
    from pipelines import merging  # noqa: PLC0415 - loads scikit-learn

    with progress("Samenvoegen") as say:
        found = merging.merge(cards, out=out, home=Home.from_environment() if judge else None, progress=say)
    reports.show(found, as_json=True) if as_json else typer.echo(merging.words(found))
