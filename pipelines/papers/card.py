"""The model card, in Dutch and in English: one HTML file each, with everything in it."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from features.calendar import local_date
from features.catalogue import CATALOGUE
from features.words import day_text
from models.audit import FEWEST_CASES, SMALLEST_GROUP, digits
from models.cards import Words, calibration_plot, reach, shape_plot
from models.explain import THEMES
from models.figures import Figure
from models.scorecard import Shape
from pipelines.papers.facts import Facts
from pipelines.papers.organisation import TO_FILL

Language = Literal["nl", "en"]
LANGUAGES: tuple[Language, ...] = ("nl", "en")
TEMPLATES = Path(__file__).parent / "templates"
BAR = 100
"""Width of a bar in units of its view box."""
_FEATURES = {entry.name: entry for entry in CATALOGUE}
_DIGITS = {"count": 0, "score": 3, "line": 2}
_AXES = {
    "nl": ("onbekend", "verwacht door het model", "uitgekomen"),
    "en": ("missing", "expected by the model", "observed"),
}
_THEMES = {
    "nl": THEMES,
    "en": {
        "amount": "how much was missed",
        "sickness": "reports of illness",
        "unauthorised": "without a valid or known reason",
        "lateness": "late or sent out of class",
        "pattern": "the same hours or days",
        "trend": "change in the last weeks",
        "compare": "difference from the class",
        "earlier": "the school year before",
        "recording": "how this school keeps its registers",
    },
}
_RANKINGS = {
    "scorecard": "the scorecard",
    "rules": "the rules",
    "rules_wettelijk": "the statutory threshold (16 hours)",
    "rules_mazl": "the M@ZL thresholds",
    "rules_aanwezigheid": "the thresholds of 5 and 10 %",
    "rules_regionaal": "regional agreements",
    "absence_4w": "absence in the last 4 weeks",
    "class_rate": "absence of the class",
    "logistic": "logistic regression on the same features",
    "ceiling": "LightGBM without restrictions",
    "uitnodigingsregel_lasso": "the Uitnodigingsregel (Lasso)",
    "uitnodigingsregel_svm": "the Uitnodigingsregel (SVM)",
    "uitnodigingsregel_forest": "the Uitnodigingsregel (random forest)",
    "chance": "chance",
}
"""English for the ways to order pupils; what is not here goes by its Dutch label."""


def model_card(facts: Facts, language: Language) -> str:
    """Return the model card as a page that needs nothing beside it."""
    made = environment(language)
    words = Words(*_AXES[language], number=made.filters["number"])
    template = made.get_template(f"model-card.{language}.html")
    return template.render(
        facts=facts,
        card=facts.card,
        evaluation=facts.evaluation,
        audit=facts.audit,
        style=Markup((TEMPLATES / "card.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        shapes=_shapes(facts, language, words),
        calibration=_calibration(facts, language, words),
        unused=[caption(shape, language) for shape in facts.unused],
        to_fill=TO_FILL,
        fewest_cases=FEWEST_CASES,
        smallest_group=SMALLEST_GROUP,
    )


def environment(language: Language) -> Environment:
    """Return what renders the templates, with numbers, dates and figures written as the language does."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    number: Callable[[float, int], str] = _comma if language == "nl" else _point

    def percent(share: float) -> str:
        return number(100 * share, digits(abs(share)))

    def interval(figure: Figure | None, kind: str = "share") -> str:
        if figure is None or figure.value is None:
            return "\N{EN DASH}"
        decimals = digits(figure.value or figure.high or 0.0) if kind == "share" else _DIGITS[kind]
        by = 100 if kind == "share" else 1
        value, *ends = (
            number(by * one, decimals) for one in (figure.value, figure.low, figure.high) if one is not None
        )
        between = "\N{EN DASH}" if (figure.low or 0.0) >= 0 else {"nl": " tot ", "en": " to "}[language]
        return f"{value} ({between.join(ends)})" if ends else value

    made.filters |= {
        "number": number,
        "percent": percent,
        "interval": interval,
        "day": lambda day: day_text(_day(day)) + f" {_day(day).year}" if language == "nl" else f"{_day(day):%d %B %Y}",
        "bar": bar,
        "ranking": lambda one: one.label if language == "nl" else _RANKINGS.get(one.name, one.label),
        "count": lambda value: f"{value:,}".replace(",", "." if language == "nl" else ","),
    }
    return made


def _day(moment: date | datetime | str) -> date:
    if isinstance(moment, str):
        return date.fromisoformat(moment)
    return local_date(moment) if isinstance(moment, datetime) else moment


def _comma(value: float, digits: int) -> str:
    return _point(value, digits).replace(".", ",")


def _point(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return "0" if text.lstrip("-").strip("0.") == "" and digits == 0 else text.replace("-", "\N{MINUS SIGN}")


def bar(figure: Figure | None, most: float) -> Markup:
    """Draw a value and its interval as a bar without words, `most` being the full width."""
    if figure is None or figure.value is None or most <= 0:
        return Markup("")
    width = BAR * figure.value / most
    low, high = (BAR * min(max(end or 0.0, 0.0), most) / most for end in (figure.low, figure.high))
    return Markup(
        '<svg class="bar" viewBox="0 0 {} 12" preserveAspectRatio="none" aria-hidden="true">'
        '<rect x="0" y="1" width="{:.1f}" height="10"/><path d="M{:.1f} 6H{:.1f}"/></svg>'
    ).format(BAR, width, low, high)


def _shapes(facts: Facts, language: Language, words: Words) -> list[dict[str, Any]]:
    """Pictures of the shapes that do something, by theme, the theme that does most first."""
    most = reach(facts.card)
    themes: dict[str, list[dict[str, Any]]] = {}
    for shape, size in facts.weights:
        title = caption(shape, language)
        picture = shape_plot(shape, title=title, most=most, words=words, percent="share" in shape.unit)
        drawn = {"title": title, "size": size, "direction": shape.direction, "picture": Markup(picture)}  # noqa: S704 - drawn by us
        themes.setdefault(_THEMES[language][_theme(shape)], []).append(drawn)
    parts = [{"theme": theme, "size": sum(one["size"] for one in own), "shapes": own} for theme, own in themes.items()]
    return sorted(parts, key=lambda part: -part["size"])


def _theme(shape: Shape) -> str:
    entry = _FEATURES.get(shape.name)
    return entry.theme if entry is not None else "amount"


def caption(shape: Shape, language: Language) -> str:
    """What a feature is, in words: its label, or in English what is counted, up to the first stop."""
    entry = _FEATURES.get(shape.name)
    if language == "nl" or entry is None:
        return shape.label
    return entry.meaning.split(";")[0].split(". ")[0].rstrip(".")


def _calibration(facts: Facts, language: Language, words: Words) -> Markup | None:
    bins = () if facts.evaluation is None else facts.evaluation.reliability
    if not bins:
        return None
    title = {"nl": "Verwachte en uitgekomen kansen", "en": "Expected and observed chances"}[language]
    return Markup(calibration_plot(bins, title=title, words=words))  # noqa: S704 - drawn by us
