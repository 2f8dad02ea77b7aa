"""Commands about models: train one, judge it, and what follows."""

from typing import Annotated

import typer

from pipelines import reports
from pipelines.home import Home
from pipelines.options import CountOn, Json, Master
from pipelines.progress import progress

commands = typer.Typer()


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


@commands.command(epilog="Voorbeeld: aanwezig evaluate --json")
def evaluate(
    *,
    outcome: Annotated[str, typer.Option(help="Uitkomst: een naam of een TOML-bestand.")] = "long_absence",
    as_json: Json = False,
) -> None:
    """Meet op eerdere weken hoeveel nieuwe gevallen de lijst vindt, en hoeveel de drempels vinden."""
    from pipelines.train import evaluate as run  # noqa: PLC0415 - loads scikit-learn and MLflow

    with progress("Terugkijken") as say:
        result = run(Home.from_environment(), outcome=outcome, progress=say)
    reports.show(result, as_json=as_json)
