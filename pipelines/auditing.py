"""Audit: does the list serve every group alike? Made from a model's backtest; kept as ``fairness.json`` beside it."""

import sys
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from data_contracts.errors import NotFoundError, RefusedDeliveryError
from data_contracts.files import write_text
from models.audit import FEWEST_CASES, Audit, Group, Judged, digits
from models.fairness import About
from models.fairness import audit as compare
from models.figures import Figure
from pipelines.groups import PUPIL, SCHOOL, Groups, read_groups, with_groups
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.reports import LOG_WIDTH
from pipelines.trained import BACKTEST, FAIRNESS, trained

COLUMNS = {
    "recall": "gevonden",
    "rules_recall": "regels",
    "false_positive": "onnodig",
    "precision": "raak",
    "predicted": "verwacht",
    "observed": "uitgekomen",
}
"""Dutch headings of the figures, in the order in which they are shown; see `LEGEND`."""
LEGEND = (
    "In procenten, met 95 %-interval. Gevonden: deel van de gevallen dat op een lijst stond; regels: op een even lange "
    "lijst op drempels. Onnodig: deel van wie geen geval werd en toch op een lijst stond. Raak: deel van de lijst dat een "
    "geval werd. Verwacht en uitgekomen: gemiddelde kans volgens het model, en hoe vaak het zo was."
)


def audit(home: Home, *, groups: Path | None, version: str | None = None) -> Audit:
    """Audit a model by the groups in a file, and by sector and year group as they are stored.

    Parameters
    ----------
    home
        The installation.
    groups
        CSV or Excel file, see `pipelines.groups`; None: only what is stored.
    version
        Version of the scorecard; None: the one trained last.

    Returns
    -------
    Audit
        Also written to ``<home>/reports/<version>/fairness.json``, in place of an earlier one.

    Raises
    ------
    NotFoundError
        The model's backtest was not kept.
    RefusedDeliveryError
        The file cannot be used, or none of its pupils is in the backtest.
    NotEnoughDataError
        The backtest knows no case.
    """
    chosen = trained(home, version)
    frame = chosen.backtest
    if frame is None:
        detail = f"van model {chosen.card.version} is niet bewaard hoe het terugkijken ging ({BACKTEST})"
        raise NotFoundError(detail, remedy="Train opnieuw met 'aanwezig train', en doe daarna de toets.")
    supplied = None if groups is None else read_groups(home, groups)
    rows, attributes = with_groups(home, frame, supplied, moment=chosen.card.data_moment)
    if supplied is not None:
        _refuse_strangers(supplied, frame)
    capacity = {school: one.capacity for school, one in Lake(home).all_settings().items()}
    about = About(scorecard=chosen.card.version, outcome=chosen.card.target.name)
    found = compare(rows, attributes, capacity=capacity, about=about)
    write_text(chosen.folder / FAIRNESS, found.model_dump_json(indent=1) + "\n")
    return found


def _refuse_strangers(supplied: Groups, frame: pl.DataFrame) -> None:
    """Refuse a file that speaks of other pupils: every figure would be about the unknown."""
    keys = [SCHOOL, PUPIL]
    if frame.select(keys).join(supplied.frame, on=keys, how="semi").is_empty():
        detail = "geen enkele leerling uit het bestand komt voor in het terugkijken van dit model"
        if supplied.elsewhere:
            detail += f"; onbekende scholen: {', '.join(supplied.elsewhere[:5])}"
        raise RefusedDeliveryError(
            detail, remedy="Geef in kolom pupil het leerlingnummer zoals het in de exports staat."
        )


def show(found: Audit) -> None:
    """Show an audit: what it comes to, and a table for each attribute."""
    console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH)
    console.print(found.headline, highlight=False)
    console.print(LEGEND, highlight=False, style="dim")
    for judged in found.attributes:
        origin = "aangeleverd" if judged.supplied else "uit de opgeslagen gegevens"
        table = Table(title=f"{judged.attribute} ({origin}; bekend bij {judged.known:.0%})", title_justify="left")
        table.add_column("groep")
        for heading in ("leerlingen", "gevallen", *COLUMNS.values()):
            table.add_column(heading, justify="right")
        for group in judged.groups:
            table.add_row(*_row(group))
        console.print(table)
        _show_gap(found, judged, console)


def _row(group: Group) -> list[str]:
    pupils = f"{group.pupils}" if group.pupils is not None else "minder dan 10"
    cases = f"{group.cases}" if group.cases is not None else f"minder dan {FEWEST_CASES}"
    return [group.value, pupils, cases, *(_figure(getattr(group, name)) for name in COLUMNS)]


def _figure(figure: Figure | None) -> str:
    if figure is None or figure.value is None or figure.low is None or figure.high is None:
        return "-"
    shown = digits(figure.value or figure.high)
    return "{:.{d}f} ({:.{d}f}-{:.{d}f})".format(*(100 * v for v in (figure.value, figure.low, figure.high)), d=shown)


def _show_gap(found: Audit, judged: Judged, console: Console) -> None:
    for gap in found.recall_gaps:
        if gap.attribute == judged.attribute:
            interval = "" if gap.low is None or gap.high is None else f" ({100 * gap.low:.0f} tot {100 * gap.high:.0f})"
            verdict = "meer" if gap.beyond_chance else "niet meer"
            text = (
                f"Grootste verschil in gevonden: {100 * gap.gap:.0f} procentpunt{interval}, '{gap.highest}' boven "
                f"'{gap.lowest}'. De groepen verschillen {verdict} dan toeval geeft (p = {gap.p_value:.2g})."
            )
            console.print(text, highlight=False)
