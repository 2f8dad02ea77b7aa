"""Options that several commands share."""

from typing import Annotated, Literal

import typer

Brief = Annotated[bool, typer.Option("--brief", help="Alleen de optelling.")]
Json = Annotated[bool, typer.Option("--json", help="Schrijf het resultaat als JSON.")]
CountOn = Annotated[
    Literal["polars", "spark"],
    typer.Option("--engine", help="Wat rekent: deze machine (polars) of een cluster (spark)."),
]
Master = Annotated[str | None, typer.Option(help="Adres van de Spark-master, zoals spark://rekenmeester:7077.")]
