"""The report of an evaluation: one HTML file with everything in it, in Dutch, and the same as data beside it."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from data_contracts.errors import StorageError
from features.words import day_text
from models.figures import Evaluation, Figure, RankingFigures, Slice
from pipelines.evaluation_charts import curve_chart, days_chart, interval_bar, reliability_chart
from pipelines.looked_back import BacktestResult, LookedBack

TEMPLATES = Path(__file__).parent / "templates"
STYLES = (Path(__file__).parent / "papers" / "templates" / "card.css", TEMPLATES / "evaluation.css")
CURVES = {"scorecard": "ours", "rules": "rules", "absence_4w": "simple", "ceiling": "ceiling"}
SECTORS = {"po": "basisonderwijs", "vo": "voortgezet onderwijs"}
REPORT, FIGURES, FRAME, ALL = "report.html", "evaluation.json", "backtest.parquet", "terugblik.json"
_DASH = "\N{EN DASH}"
_SMALL_SHARE = 0.01


def write(folder: Path, result: BacktestResult, looked: LookedBack) -> tuple[Path, ...]:
    """Write the report, the figures on new cases, everything that was found, and the rows it was found from.

    Parameters
    ----------
    folder
        Made where it does not exist; files of these names in it are replaced.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    texts = {
        REPORT: page(result),
        FIGURES: result.evaluation.model_dump_json(indent=1),
        ALL: result.model_dump_json(indent=1),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        looked.frame.write_parquet(folder / FRAME)
    except OSError as error:
        detail = f"{folder} is niet te schrijven: {error.strerror or error}"
        raise StorageError(detail, remedy="Kies met --out een map waarin geschreven mag worden.") from None
    return tuple(folder / name for name in (*texts, FRAME))


def page(result: BacktestResult) -> str:
    """Return the report as HTML that needs nothing beside it."""
    evaluation = result.evaluation
    ours = evaluation.pooled.rankings[0]
    listed = None
    if ours.listed_predicted is not None and ours.listed_predicted.value is not None:
        listed = (ours.listed_predicted.value, ours.precision)
    drawn = {one.name: one for one in evaluation.curves}
    curves = [(style, drawn[name]) for name, style in CURVES.items() if name in drawn]
    lead = result.lead_time
    return (
        _environment()
        .get_template("evaluation.html")
        .render(
            result=result,
            evaluation=evaluation,
            pooled=evaluation.pooled,
            ours=ours,
            by_found=_by_found(evaluation.pooled),
            most=_most(evaluation.pooled),
            best=_best(evaluation),
            ceiling=next((one for one in evaluation.differences if one.kind == "ceiling"), None),
            style=Markup("\n".join(path.read_text(encoding="utf-8") for path in STYLES)),  # noqa: S704 - our own files
            curves=curve_chart(curves, evaluation.pooled.cases),
            labels={CURVES[one.name]: one.label for one in evaluation.pooled.rankings if one.name in CURVES},
            reliability=reliability_chart(evaluation.reliability, listed) if evaluation.reliability else "",
            reached=days_chart(lead.to_reached.days, "Schooldagen van de eerste lijst tot de uitkomst") if lead else "",
            ahead={one.threshold: days_chart(one.earlier.days, f"Schooldagen tot {one.label}") for one in lead.ahead}
            if lead
            else {},
        )
    )


def _by_found(pooled: Slice) -> list[RankingFigures]:
    return sorted(pooled.rankings, key=lambda one: -(one.found.value or 0.0))


def _most(pooled: Slice) -> float:
    return max((one.found.high or 0.0 for one in pooled.rankings), default=0.0)


def _best(evaluation: Evaluation) -> str:
    """Name of the rules that the model is held against in tables; without rules the first other ranking."""
    names = [one.name for one in evaluation.pooled.rankings[1:]]
    return evaluation.best_rule or (names[0] if names else "")


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "day": _day,
        "number": number,
        "share": share,
        "figure": figure,
        "count": lambda value: f"{value:,}".replace(",", "."),
        "sector": lambda code: SECTORS.get(code, code),
        "named": named,
        "interval_bar": interval_bar,
    }
    return made


def named(rankings: Sequence[RankingFigures], name: str) -> RankingFigures | None:
    """Figures of one ranking by name."""
    return next((one for one in rankings if one.name == name), None)


def number(value: float | None, digits: int = 0) -> str:
    """Write a number as Dutch readers do; a dash where there is none."""
    return _DASH if value is None else f"{value:.{digits}f}".replace(".", ",").replace("-", "\N{MINUS SIGN}")


def share(value: float | None) -> str:
    """Write a share (0..1) in percent."""
    if value is None:
        return _DASH
    return f"{number(100 * value, 1 if abs(value) < _SMALL_SHARE else 0)} %"


def figure(one: Figure | None, kind: str = "count") -> str:
    """Write a value with its interval: as a ``count``, a ``share`` or with ``two``, ``three`` or ``five`` digits."""
    if one is None or one.value is None:
        return _DASH
    digits = {"count": 0, "two": 2, "three": 3, "five": 5, "share": 1 if abs(one.value) < _SMALL_SHARE else 0}[kind]
    by, unit = (100, " %") if kind == "share" else (1, "")
    if one.low is None or one.high is None:
        return f"{number(by * one.value, digits)}{unit}"
    value, low, high = (number(by * part, digits) for part in (one.value, one.low, one.high))
    return f"{value}{unit} ({low} tot {high})"


def _day(day: date | str) -> str:
    read = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{day_text(read)} {read.year}"
