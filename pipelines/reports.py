"""What the command line says at the end: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from data_contracts.quality import QualityReport, Severity, Verdict
from features.words import day_text

if TYPE_CHECKING:  # these load libraries that a report does not need
    from models.figures import Evaluation, Figure
    from models.stability import Stability
    from pipelines.looked_back import BacktestResult
    from pipelines.simulate import Summary
    from pipelines.simulate.calibration import Row
    from pipelines.weekly import Listed

VERDICTS = {
    Verdict.ACCEPTED: "aangenomen",
    Verdict.ACCEPTED_WITH_WARNINGS: "aangenomen, met opmerkingen",
    Verdict.REFUSED: "geweigerd",
    Verdict.UNCHANGED: "niets nieuws",
    Verdict.WAITING: "wacht op codes",
}
MOST_FINDINGS = 12
LOG_WIDTH = 160


def _console() -> Console:
    """Return the terminal, or, for a log or a pipe, lines wide enough to read."""
    return Console(width=None if sys.stdout.isatty() else LOG_WIDTH)


def show(result: BaseModel, *, as_json: bool) -> None:
    """Show any result: its fields, one a line; figures of an evaluation as a table."""
    if as_json:
        _write(result.model_dump(mode="json"))
        return
    console = _console()
    for name, value in result:
        if name == "evaluation":
            if value is not None:
                show_evaluation(value, console)
        elif isinstance(value, tuple):
            console.print(f"{name}: {', '.join(map(str, value)) or '-'}", highlight=False)
        elif value != "":
            console.print(f"{name}: {value}", highlight=False)


def show_evaluation(evaluation: "Evaluation", console: Console) -> None:
    """Show what the lists found, beside every other ranking at the same length."""
    pooled = evaluation.pooled
    kind = "nieuwe gevallen" if evaluation.population == "new" else "gevallen, ook wie al in de uitkomst was"
    table = Table(title=f"{pooled.cases} {kind}, {pooled.places} plaatsen op de lijsten", title_justify="left")
    for heading in ("volgorde", "gevonden", "van de gevallen", "van de lijst", "AP", "ROC AUC"):
        table.add_column(heading, justify="left" if heading == "volgorde" else "right")
    for ranking in pooled.rankings:
        figures = (ranking.found, ranking.recall, ranking.precision, ranking.average_precision, ranking.roc_auc)
        table.add_row(ranking.label, *(_figure(figure, whole=figure is ranking.found) for figure in figures))
    console.print(evaluation.headline, highlight=False)
    console.print(table)


def show_backtest(result: "BacktestResult", *, as_json: bool) -> None:
    """Show a whole evaluation: new cases first, then what stands apart."""
    if as_json:
        _write(result.model_dump(mode="json"))
        return
    console = _console()
    show_evaluation(result.evaluation, console)
    if result.next_step:
        console.print(result.next_step, highlight=False)
    lead, calm = result.lead_time, result.stability
    if lead is not None and lead.cases:
        days = lead.to_reached.median
        median = "" if days is None else f", mediaan {days:.0f} schooldagen van tevoren"
        text = f"Week voor week gevolgd: {lead.listed} van de {lead.cases} nieuwe gevallen kwamen op een lijst{median}."
        console.print(text, highlight=False)
        for one in lead.ahead:
            share = _figure(one.early, whole=False)
            text = f"Van de {one.reached} die {one.label} bereikten stond {share} minstens 15 schooldagen eerder op een lijst."
            console.print(text, highlight=False)
    if calm is not None and calm.week_to_week is not None:
        _show_changes(calm, console)
    for title, note, other in (
        ("Alle gevallen.", "", result.everyone),
        ("Scholen weggelaten.", result.left_out_note, result.left_out),
        ("Samengevoegd zonder rijen te delen.", result.merged_note, result.merged),
    ):
        if other is not None:
            console.print(f"{title} {note}".strip(), highlight=False)
            show_evaluation(other, console)
    for text in result.skipped:
        console.print(f"Overgeslagen: {text}", highlight=False)
    console.print(
        f"{result.seconds:.0f} seconden. Cijfers gelden voor deze gegevens; --out MAP schrijft het rapport.",
        highlight=False,
    )


def _show_changes(calm: "Stability", console: Console) -> None:
    """Say how much lists change from week to week, why pupils went, and what moved their scores."""
    console.print(f"Overlap van de lijsten van week op week: {calm.week_to_week:.2f}.", highlight=False)
    went, left, already, new, near = (
        sum(getattr(pair, name) for pair in calm.weeks) for name in ("went", "left", "already", "new_data", "near")
    )
    text = (
        f"Van de lijst gingen er {went}: {new} door nieuwe gegevens (van wie {near} nog op een tweemaal zo lange lijst zouden "
        f"staan), {already} omdat zij al lang afwezig werden en {left} die van school gingen."
    )
    console.print(text, highlight=False)
    if calm.span is not None and calm.step is not None:
        text = f"Van de eerste tot de laatste plaats is het {calm.span:.2f} log-odds; in een week beweegt een score {calm.step:.2f}."
        console.print(text, highlight=False)
    if calm.moved:
        moves = "; ".join(f"{one.label} {one.came:+.2f} en {one.went:+.2f}" for one in calm.moved[:3])
        console.print(f"Wat de scores bewoog van wie erop kwam en eraf ging (log-odds): {moves}.", highlight=False)


def _figure(figure: "Figure", *, whole: bool) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    digits = 0 if whole else 3
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f} - {figure.high:.{digits}f})"


def refused(found: Sequence[QualityReport]) -> bool:
    """Whether any delivery was refused."""
    return any(report.verdict is Verdict.REFUSED for report in found)


def show_deliveries(found: Sequence[QualityReport], *, as_json: bool, brief: bool = False) -> bool:
    """Show what became of deliveries; return whether any was refused."""
    any_refused = refused(found)
    if as_json:
        _write([report.model_dump(mode="json") for report in found])
        return any_refused
    console = _console()
    if brief and not any_refused:
        _count_deliveries(found, console)
        return False
    table = Table("school", "bestand", "tabel", "oordeel", "nieuw", "gewijzigd", "ingetrokken", "weggelaten")
    for report in found:
        counts = (report.new, report.corrected, report.withdrawn, report.dropped)
        table.add_row(report.school, report.file, report.table, VERDICTS[report.verdict], *map(str, counts))
    console.print(table)
    for report in found:
        _show_findings(report, console)
    return any_refused


def _count_deliveries(found: Sequence[QualityReport], console: Console) -> None:
    schools = len({report.school for report in found})
    counts = ", ".join(
        f"{sum(report.verdict is verdict for report in found)} {words}"
        for verdict, words in VERDICTS.items()
        if any(report.verdict is verdict for report in found)
    )
    console.print(f"{len(found)} tabellen van {schools} scholen: {counts}.", highlight=False)


def _show_findings(report: QualityReport, console: Console) -> None:
    for finding in report.findings[:MOST_FINDINGS]:
        mark = "fout" if finding.severity is Severity.ERROR else "let op"
        row = f", rij {finding.row}" if finding.row is not None else ""
        column = f", kolom {finding.column}" if finding.column else ""
        value = f", waarde {finding.value!r}" if finding.value is not None else ""
        often = f" ({finding.count} keer)" if finding.count > 1 else ""
        place = f"{report.school} {finding.file or report.file}{row}{column}{value}"
        console.print(f"{mark} {place}: {finding.message}{often}", highlight=False, markup=False)
        console.print(f"       {finding.remedy}", highlight=False, markup=False, style="dim")
    more = len(report.findings) - MOST_FINDINGS
    if more > 0:
        console.print(f"       en nog {more} bevindingen; zie het rapport met --json", style="dim")


def show_lists(listed: Sequence["Listed"], *, as_json: bool, brief: bool = False) -> None:
    """Show which lists now stand."""
    if as_json:
        _write(
            [
                {"status": each.published.status.value, "edition": each.published.edition, "id": each.published.id}
                | each.weekly_list.model_dump(mode="json")
                for each in listed
            ]
        )
        return
    if brief:
        weeks = sorted({each.weekly_list.week for each in listed})
        on = sum(signal.on_list for each in listed for signal in each.weekly_list.signals)
        text = f"{len(listed)} lijsten voor de weken van {', '.join(map(day_text, weeks))}; {on} leerlingen erop."
        _console().print(text, highlight=False)
        return
    words = {"new": "gepubliceerd", "unchanged": "stond er al", "new_edition": "nieuwe uitgave"}
    table = Table("week", "school", "op de lijst", "verder", "lang afwezig", "berust op", "uitkomst")
    for each in listed:
        made = each.weekly_list
        on = sum(signal.on_list for signal in made.signals)
        away = sum(signal.position is None for signal in made.signals)
        basis = f"model {made.model_version}" if made.model_version else "drempels"
        status = f"{words[each.published.status.value]} ({each.published.edition})"
        numbers = (str(on), str(len(made.signals) - on - away), str(away))
        table.add_row(f"{made.week}", f"{made.school} {made.school_name}", *numbers, basis, status)
    console = _console()
    console.print(table)
    for reason in sorted({each.weekly_list.basis_reason for each in listed if each.weekly_list.basis_reason}):
        schools = sorted({each.weekly_list.school for each in listed if each.weekly_list.basis_reason == reason})
        console.print(f"Op drempels: {', '.join(schools)}. {reason}", highlight=False)


def show_simulation(summary: "Summary", rows: Sequence["Row"], *, as_json: bool) -> None:
    """Show what was simulated, and how it compares with the figures it is made after."""
    numbers = {"schools": summary.schools, "pupils": summary.pupils, "registrations": summary.registrations}
    if as_json:
        _write(
            {"synthetic": True, "target": str(summary.target), **numbers, "calibration": [asdict(row) for row in rows]}
        )
        return
    console = _console()
    console.print(
        f"Synthetische regio in {summary.target}: {summary.schools} scholen, {summary.pupils} leerlingen over de jaren, "
        f"{summary.registrations} registraties. Niemand hierin bestaat.",
        highlight=False,
    )
    if rows:
        table = Table("cijfer", "bron", "doel", "gesimuleerd", "marge")
        for row in rows:
            table.add_row(row.figure, row.source, *(f"{n:.3g}" for n in (row.target, row.simulated, row.tolerance)))
        console.print(table)


def _write(content: Any) -> None:  # noqa: ANN401 - anything that JSON can hold
    print(json.dumps(content, ensure_ascii=False, indent=1, default=str))  # noqa: T201 - this is the output
