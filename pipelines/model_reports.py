"""What the command line says about the life of a model."""

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from data_contracts.model_page import Drift
from pipelines import reports

if TYPE_CHECKING:  # these load Polars
    from pipelines.promoting import Decided
    from pipelines.scoring import Explained

ANSWERS = {"pass": "ja", "fail": "NEE", "unknown": "-"}
LOG_WIDTH = 160


def _console() -> Console:
    """Return the terminal, or, for a log or a pipe, lines wide enough to read."""
    return Console(width=None if sys.stdout.isatty() else LOG_WIDTH, highlight=False)


def show_decided(decided: "Decided", *, as_json: bool) -> None:
    """Show what was decided about a model, with every question of the gate."""
    if as_json:
        reports.show(decided, as_json=True)
        return
    console = _console()
    if decided.checks:
        table = Table("keuring", "", "wat er is gezien")
        for check in decided.checks:
            table.add_row(check.label, ANSWERS[check.answer], check.text)
        console.print(table)
    console.print(f"{decided.outcome} Getekend: {decided.by}, {decided.at:%Y-%m-%d %H:%M} UTC.", markup=False)
    console.print(f"De lijsten maakt: {decided.serves}.", markup=False)
    console.print(decided.next_step, markup=False)
    if decided.record:
        console.print(decided.record, markup=False)


def show_explained(found: "Explained", *, as_json: bool) -> None:
    """Show a score that was made again: its parts, their sum, the sentences, and whether it is what was published."""
    if as_json:
        reports.show(found, as_json=True)
        return
    console = _console()
    place = f"plaats {found.position}" + ("" if found.on_list else ", onder de lijst")
    console.print(f"{found.pupil} op {found.school}, week {found.week}, uitgave {found.edition}: {place}")
    table = Table("kenmerk", "waarde", "log-odds")
    table.add_row("Gemiddelde leerling", "", f"{found.baseline!r}")
    for part in sorted(found.contributions, key=lambda one: -one.log_odds):  # what raises first, what lowers last
        value = "onbekend" if part.value is None else f"{part.value:.4g}"
        table.add_row(part.label, value, f"{part.log_odds!r}")
    table.add_row("Som: de score", "", f"{found.log_odds!r}")
    console.print(table)
    console.print(f"Kans: {found.probability!r}. Model: {found.scorecard}.")
    for title, sentences in (("Maakt het signaal sterker", found.raising), ("Maakt het zwakker", found.lowering)):
        console.print(f"{title}:")
        for sentence in sentences:
            console.print(f"  {sentence}", markup=False)
    if found.before is not None:
        total = sum(one.log_odds for one in found.moved)
        moves = Table(f"wat de score bewoog sinds de lijst van {found.before}", "log-odds")
        for one in sorted(found.moved, key=lambda one: -one.log_odds):
            moves.add_row(one.label, f"{one.log_odds!r}")
        moves.add_row("Som: het verschil met toen", f"{total!r}")
        console.print(moves)
    if found.equal:
        words = "" if found.words_equal else " De zinnen luiden nu anders dan toen."
        console.print(f"Gelijk aan wat is gepubliceerd, tot op de laatste bit.{words}")
    for difference in found.differences:
        console.print(f"NIET gelijk aan wat is gepubliceerd. {difference}", markup=False)


def show_drift(found: Drift) -> None:
    """Show per school whether anything moved."""
    console = _console()
    console.print(found.headline, markup=False)
    table = Table("school", "wat er is gezien")
    for school in found.schools:
        if school.verdict != "calm":
            table.add_row(f"{school.school} {school.name}", school.text)
    if table.row_count:
        console.print(table)
    for line in found.moved:
        console.print(line, markup=False)
