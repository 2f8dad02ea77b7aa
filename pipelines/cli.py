"""The command line ``aanwezig``: from a school's export to this week's list, one command a step."""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from data_contracts.errors import AanwezigError, RefusedDeliveryError, StorageError, UsageError
from data_contracts.quality import QualityReport
from pipelines import people_commands, reports
from pipelines.clock import utc_of
from pipelines.crew import Crew, crew_of
from pipelines.digest_commands import commands as digest_commands
from pipelines.home import Home
from pipelines.inbox_commands import commands as inbox_commands
from pipelines.model_commands import commands as model_commands
from pipelines.options import Brief, CountOn, Json, Master
from pipelines.progress import progress
from pipelines.retention_commands import commands as retention_commands
from pipelines.rights_commands import commands as rights_commands
from pipelines.service_commands import commands as service_commands

app = typer.Typer(
    name="aanwezig",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Vroeg zien welke leerlingen een gesprek waard zijn. De gegevens staan in AANWEZIG_HOME (standaard ./var).",
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run a command; turn what a user can mend into one message and its exit code."""
    os.umask(0o077)  # what is stored here is about children: nobody else on this machine need read it
    try:
        app()
    except AanwezigError as error:
        _stop(error)
    except OSError as error:
        detail = f"{error.filename or 'de opslag'}: {error.strerror or error}"
        _stop(StorageError(detail, remedy="Controleer of het bestaat, en wie het mag lezen en schrijven."))
    except Exception as error:
        # Their own errors say that a file or database is damaged; anything else is a fault of ours and may be loud.
        if not type(error).__module__.startswith(("polars.", "sqlalchemy.", "pyarrow.")):
            raise
        detail = f"een bestand of de database is beschadigd ({type(error).__name__})"
        _stop(StorageError(detail, remedy="Zet de laatste reservekopie terug; zie docs/running-for-real.md."))


def _stop(error: AanwezigError) -> None:
    typer.echo(str(error), err=True)
    sys.exit(error.exit_code)


@app.command(epilog="Voorbeeld: aanwezig simulate var/regio --pupils-vo 1500 --pupils-po 800")
def simulate(
    target: Annotated[Path, typer.Argument(help="Map voor de exportbestanden en de verborgen waarheid.")],
    *,
    pupils_vo: Annotated[int, typer.Option(min=0, help="Leerlingen in het voortgezet onderwijs.")] = 12_000,
    pupils_po: Annotated[int, typer.Option(min=0, help="Leerlingen in het basisonderwijs.")] = 8_000,
    seed: Annotated[int, typer.Option(min=0, help="Zelfde getal, zelfde regio.")] = 2026,
    newcomer: Annotated[
        Path | None, typer.Option(help="Schrijf hier ook de export van een school die nog moet beginnen.")
    ] = None,
    calibration: Annotated[bool, typer.Option("--calibration", help="Toon de ijktabel naast de bronnen.")] = False,
    as_json: Json = False,
) -> None:
    """Maak een synthetische regio: exportbestanden zoals scholen die leveren. Geen enkele leerling bestaat."""
    if not pupils_vo and not pupils_po:
        detail = "een regio zonder leerlingen valt niet te simuleren"
        raise UsageError(detail, remedy="Geef --pupils-vo of --pupils-po een aantal.")
    if target.exists() and not target.is_dir():
        detail = f"{target} is geen map"
        raise UsageError(detail, remedy="Noem een map; bestaat die niet, dan wordt zij gemaakt.")
    from pipelines.simulate import newcomer as begin  # noqa: PLC0415 - heavy, and only here
    from pipelines.simulate import simulate as run  # noqa: PLC0415 - same
    from pipelines.simulate.calibration import calibration_table  # noqa: PLC0415

    with progress("Synthetische regio") as say:
        summary = run(target, seed=seed, pupils_vo=pupils_vo, pupils_po=pupils_po, progress=say)
        if newcomer is not None:
            begin(newcomer, seed=seed)
    rows = calibration_table(summary.truth) if calibration else []
    reports.show_simulation(summary, rows, as_json=as_json)


@app.command(epilog="Voorbeeld: aanwezig ingest exports/11ZZ03 --school 11ZZ03 --source magister")
def ingest(  # noqa: PLR0913 - this much can be said about a delivery
    path: Annotated[Path, typer.Argument(help="Bestand, of map met bestanden.")],
    *,
    school: Annotated[str | None, typer.Option(help="BRIN met vestiging, als er geen school.toml naast staat.")] = None,
    source: Annotated[str | None, typer.Option(help="Bronformaat, zie docs/sources.md.")] = None,
    delivered_at: Annotated[
        str | None, typer.Option(help="Moment van levering, zoals 2026-11-01T18:00 (Nederlandse tijd); anders nu.")
    ] = None,
    recorded_as_event: Annotated[
        bool, typer.Option("--recorded-as-event", help="Zonder invoermoment geldt de dag zelf (een aanname).")
    ] = False,
    complete_from: Annotated[datetime | None, typer.Option(help="Volledig vanaf.", formats=["%Y-%m-%d"])] = None,
    complete_to: Annotated[datetime | None, typer.Option(help="Volledig tot en met.", formats=["%Y-%m-%d"])] = None,
    propose_mapping: Annotated[
        bool, typer.Option("--propose-mapping", help="Schrijf alleen een voorstel voor de redencodes in BESTAND.")
    ] = False,
    brief: Brief = False,
    as_json: Json = False,
) -> None:
    """Neem leveringen aan: controleer ze tegen het contract en leg vast wat nieuw of anders is."""
    if propose_mapping:
        from pipelines.sources import propose_mapping as propose  # noqa: PLC0415 - heavy, and only here

        typer.echo(propose(path, source=source or "canonical"))
        return
    with crew_of(_processes(path), imports=["pipelines.ingest"]) as crew:
        found = _take_in(
            Home.from_environment(),
            path,
            crew,
            school=school,
            source=source,
            delivered_at=_moment(delivered_at),
            recorded_as_event=recorded_as_event,
            complete=_period(complete_from, complete_to),
        )
    if reports.show_deliveries(found, brief=brief, as_json=as_json):
        raise typer.Exit(RefusedDeliveryError.exit_code)


@app.command(epilog="Voorbeeld: aanwezig weekly --week 2026-11-16")
def weekly(
    *,
    week: Annotated[
        list[datetime] | None, typer.Option(help="Maandag van de week; mag vaker.", formats=["%Y-%m-%d"])
    ] = None,
    exports: Annotated[
        Path | None, typer.Option("--from", help="Neem eerst de leveringen in deze map aan, zoals 'ingest' doet.")
    ] = None,
    school: Annotated[list[str] | None, typer.Option(help="Alleen deze school; mag vaker.")] = None,
    engine: CountOn = "polars",
    master: Master = None,
    brief: Brief = False,
    as_json: Json = False,
) -> None:
    """Maak en publiceer de weeklijst van elke school. Nog eens draaien verandert niets."""
    home = Home.from_environment()
    refused = False
    with crew_of(_processes(exports), imports=["pipelines.ingest", "pipelines.weekly"]) as crew:
        if exports is not None:
            found = _take_in(home, exports, crew)
            refused = reports.refused(found) if as_json else reports.show_deliveries(found, brief=True, as_json=False)
        from pipelines.engine_by_name import opened  # noqa: PLC0415 - loads Polars
        from pipelines.weekly import weekly as run  # noqa: PLC0415 - same

        weeks: Sequence[date | None] = [moment.date() for moment in week] if week else [None]
        listed = []
        with opened(engine, master=master) as chosen:
            for monday in weeks:
                with progress(f"Weeklijst {monday or ''}".strip()) as say:
                    listed += run(home, week=monday, schools=school, engine=chosen, crew=crew, progress=say)
    reports.show_lists(listed, brief=brief, as_json=as_json)
    if refused:
        raise typer.Exit(RefusedDeliveryError.exit_code)


@app.command(epilog="Voorbeeld: aanwezig features --week 2026-11-16 --out kenmerken.parquet")
def features(
    *,
    week: Annotated[
        datetime | None, typer.Option(help="Maandag van de week; anders deze.", formats=["%Y-%m-%d"])
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Parquet-bestand: een rij per leerling, met pseudoniem.")] = None,
    school: Annotated[list[str] | None, typer.Option(help="Alleen deze school; mag vaker.")] = None,
    as_json: Json = False,
) -> None:
    """Tel de kenmerken van alle leerlingen, zoals bekend op maandag om zes uur. Wat al geteld is, blijft bewaard."""
    from features.calendar import local_date, monday  # noqa: PLC0415 - loads the holidays
    from pipelines.kept import features_of_week, known_by  # noqa: PLC0415 - loads Polars

    now = datetime.now(UTC)
    of = week.date() if week else monday(local_date(now))
    with progress(f"Kenmerken {of}") as say:
        found = features_of_week(
            Home.from_environment(), week=of, as_of=known_by(of, now=now), schools=school, out=out, progress=say
        )
    reports.show(found, as_json=as_json)


@app.command(epilog="Voorbeeld: aanwezig status --json")
def status(*, as_json: Json = False) -> None:
    """Toon wat er is: leveringen, model, lijsten, en wat ontbreekt."""
    from pipelines.standing import standing  # noqa: PLC0415 - loads Polars

    reports.show(standing(Home.from_environment(), now=datetime.now(UTC)), as_json=as_json)


app.registered_commands += model_commands.registered_commands
app.add_typer(people_commands.people, name="people")
app.add_typer(people_commands.clients, name="clients")
app.registered_commands += service_commands.registered_commands
app.registered_commands += inbox_commands.registered_commands
app.registered_commands += digest_commands.registered_commands
app.registered_commands += rights_commands.registered_commands
app.registered_commands += retention_commands.registered_commands


def _take_in(home: Home, path: Path, crew: Crew, **said: Any) -> list[QualityReport]:  # noqa: ANN401 - what `ingest` takes
    from pipelines.ingest import ingest as run  # noqa: PLC0415 - loads pandas

    with progress("Leveringen") as say:
        return run(home, path, crew=crew, progress=say, **said)


def _processes(path: Path | None) -> int:
    """How many processes are worth their start: one where there is one school."""
    schools = 1 if path is None or not path.is_dir() else sum(1 for _ in path.rglob("school*.toml"))
    return max(1, min(os.cpu_count() or 1, schools, 4))


def _period(first: datetime | None, last: datetime | None) -> tuple[date, date] | None:
    if first is None and last is None:
        return None
    if first is None or last is None:
        detail = "--complete-from en --complete-to horen bij elkaar"
        raise UsageError(detail, remedy="Geef beide dagen, of geen van beide.")
    return first.date(), last.date()


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return utc_of(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        detail = f"'{text}' is geen moment"
        raise UsageError(detail, remedy="Schrijf bijvoorbeeld 2026-11-01T18:00.") from None
