"""The simulated region beside the figures it is made after: a table of figure, source, target and tolerance."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.simulate.clock import ili

Frames = Mapping[str, pl.DataFrame]
WHOLE_YEAR = 150
"""School days from which a pupil's year counts as whole."""


@dataclass(frozen=True)
class Row:
    """One figure.

    Parameters
    ----------
    figure, source
        What it is, and where the target comes from.
    target, simulated, tolerance
        ``abs(simulated - target) <= tolerance`` is what is asked.
    """

    figure: str
    source: str
    target: float
    simulated: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether the simulated figure lies within the tolerance."""
        return abs(self.simulated - self.target) <= self.tolerance


@dataclass(frozen=True)
class Aim:
    """A figure to measure: its name, source, target, tolerance, and how it is measured."""

    figure: str
    source: str
    target: float
    tolerance: float
    measure: Callable[[Frames], float]


def _years(frames: Frames, sector: str) -> pl.DataFrame:
    """Whole pupil-years of the two complete school years."""
    return frames["pupil_years"].filter(
        (pl.col("sector") == sector) & (pl.col("year") < 2) & (pl.col("days") >= WHOLE_YEAR)
    )


def _days(frames: Frames, sector: str) -> pl.DataFrame:
    return frames["day_totals"].filter((pl.col("sector") == sector) & (pl.col("year") < 2) & (pl.col("slots") > 0))


def _number(frame: pl.DataFrame, measured: pl.Expr) -> float:
    return float(frame.select(measured).item())


def of_years(sector: str, measured: pl.Expr) -> Callable[[Frames], float]:
    """Measure an expression over whole pupil-years."""
    return lambda frames: _number(_years(frames, sector), measured)


def of_days(sector: str, measured: pl.Expr) -> Callable[[Frames], float]:
    """Measure an expression over the days of the complete years."""
    return lambda frames: _number(_days(frames, sector), measured)


def weekday(sector: str, day: int) -> Callable[[Frames], float]:
    """Illness on one weekday (0 Monday), the five weekdays having mean 1."""

    def measure(frames: Frames) -> float:
        rates = (
            _days(frames, sector).group_by("weekday").agg(pl.col("sick").sum() / pl.col("slots").sum()).sort("weekday")
        )
        values = rates["sick"].to_numpy()
        return float(values[day] / values.mean())

    return measure


def season_slope(sector: str) -> Callable[[Frames], float]:
    """Slope of log illness on log ILI over school weeks, without the first two of a year."""

    def measure(frames: Frames) -> float:
        weeks = (
            _days(frames, sector)
            .group_by("year", "iso_week")
            .agg(pl.col("sick").sum(), pl.col("slots").sum(), pl.col("week").min())
            .filter((pl.col("sick") > 0) & (pl.col("week") > pl.col("week").min().over("year") + 1))
        )
        x = np.log(ili()[weeks["iso_week"].to_numpy() - 1])
        y = np.log((weeks["sick"] / weeks["slots"]).to_numpy())
        return float(np.polyfit(x, y, 1)[0])

    return measure


def ratio_of_tracks(frames: Frames) -> float:
    """Illness and appointments in vmbo over those in vwo."""
    rate = (pl.col("sick") + pl.col("medical")).sum() / pl.col("slots").sum()
    years = _years(frames, "vo")
    return _number(years.filter(pl.col("track") == 0), rate) / _number(years.filter(pl.col("track") == 2), rate)


def mazl(frames: Frames) -> float:
    """Share of vmbo pupils who reach the M@ZL criterion in 12 winter weeks."""
    vmbo = _years(frames, "vo").filter(pl.col("track") == 0)
    return _number(vmbo, ((pl.col("mazl_reports") >= 4) | (pl.col("mazl_long") > 0)).mean())


def left_unexplained(frames: Frames) -> float:
    """Share of absence still without a reason four weeks later, in the books of secondary."""
    return _number(
        frames["reasons_missing"].filter(pl.col("sector") == "vo"), pl.col("unexplained").sum() / pl.col("all").sum()
    )


def clustering(sector: str, other: str) -> Callable[[Frames], float]:
    """Rank correlation within pupils of days ill and another kind."""
    return of_years(sector, pl.corr("sick_days", other, method="spearman"))


_HOURS = pl.col("authorised")
_LONG = (pl.col("long_absent") > 0).mean()
_EXTENSIVE = ((pl.col("sick_spells") >= 4) | (pl.col("sick_days") > 9)).mean()
_GRONINGEN = "Sociaal Planbureau Groningen 2017/18"
_LOGNORMAL = "lognormaal op Groningen"
_PO21 = "BMC Public Health 2021, s12889-021-10193-1"
_DFE = "DfE England, najaar 2022 en 2023"
_ASSUMED = "aanname"


def _share(part: str) -> pl.Expr:
    return pl.col(part).sum() / pl.col("absent").sum()


AIMS: tuple[Aim, ...] = (
    Aim("vo: leerlingen met 64 geoorloofde uren of meer", _GRONINGEN, 0.32, 0.04, of_years("vo", (_HOURS >= 64).mean())),
    Aim("vo: leerlingen met meer dan 100 geoorloofde uren", _GRONINGEN, 0.15, 0.03, of_years("vo", (_HOURS > 100).mean())),
    Aim("vo: geoorloofde uren, mediaan", _LOGNORMAL, 44, 6, of_years("vo", _HOURS.median())),
    Aim("vo: geoorloofde uren, gemiddeld", _LOGNORMAL, 60, 7, of_years("vo", _HOURS.mean())),
    Aim("vo: geoorloofde uren, 90e percentiel", _LOGNORMAL, 121, 15, of_years("vo", _HOURS.quantile(0.9))),
    Aim("vo: geoorloofde uren, 99e percentiel", _LOGNORMAL, 275, 90, of_years("vo", _HOURS.quantile(0.99))),
    Aim("vo: geoorloofd deel van de lessen", _LOGNORMAL, 0.055, 0.007, of_years("vo", _HOURS.sum() / pl.col("slots").sum())),
    Aim("vo: lessen per jaar, mediaan", "1.000-1.200, gebruikelijk", 1100, 100, of_years("vo", pl.col("slots").median())),
    Aim("vo: ziek en arts, vmbo ten opzichte van vwo", "BMC Public Health 2016, s12889-016-3718-1", 1.18, 0.12, ratio_of_tracks),
    Aim(
        "vo: ziek en arts ten opzichte van spijbelen", "BMC Public Health 2016, s12889-016-3718-1", 2.0, 0.8,
        of_years("vo", (pl.col("sick") + pl.col("medical")).sum() / pl.col("truancy").sum()),
    ),
    Aim("vmbo: voldoet aan M@ZL in 12 winterweken", "file.scirp.org 54800", 0.14, 0.05, mazl),
    Aim("vo: dagdelen met te laat komen", _DFE, 0.025, 0.004, of_days("vo", pl.col("late").sum() / pl.col("sessions").sum())),
    Aim("vo: ziek, deel van alle afwezigheid", _DFE, 0.485, 0.13, of_years("vo", _share("sick"))),
    Aim("vo: arts, deel van alle afwezigheid", _DFE, 0.04, 0.03, of_years("vo", _share("medical"))),
    Aim("vo: leerlingen langdurig afwezig in een jaar", f"1-2 %, {_ASSUMED}", 0.015, 0.005, of_years("vo", _LONG)),
    Aim("vo: lessen zonder presentie", _ASSUMED, 0.04, 0.02, of_years("vo", pl.col("missed").sum() / pl.col("slots").sum())),
    Aim("vo: na vier weken nog zonder reden", "DfE England (1.6-4.0 %)", 0.028, 0.012, left_unexplained),
    Aim("vo: samenhang ziek en te laat (rang)", f"{_PO21}, alleen de richting", 0.15, 0.1, clustering("vo", "late")),
    Aim("vo: samenhang ziek en spijbelen (rang)", f"{_PO21}, alleen de richting", 0.15, 0.1, clustering("vo", "truancy")),
    Aim("vo: helling van ziek op griep (ILI)", "ECDC x DfE (.1-.2)", 0.15, 0.05, season_slope("vo")),
    Aim("vo: ziek op maandag (weekdagen gemiddeld 1)", _DFE, 0.97, 0.05, weekday("vo", 0)),
    Aim("vo: ziek op woensdag", _DFE, 0.96, 0.05, weekday("vo", 2)),
    Aim("vo: ziek op vrijdag", _DFE, 1.13, 0.06, weekday("vo", 4)),
    Aim("po: leerlingen met enige afwezigheid", _PO21, 0.85, 0.06, of_years("po", (pl.col("absent") > 0).mean())),
    Aim("po: leerlingen ooit ziek", _PO21, 0.75, 0.03, of_years("po", (pl.col("sick") > 0).mean())),
    Aim("po: vier keer of meer, of meer dan negen dagen ziek", _PO21, 0.133, 0.025, of_years("po", _EXTENSIVE)),
    Aim("po: dagen ziek, gemiddeld", f"NegBin x Geometric op {_PO21}", 3.3, 0.5, of_years("po", pl.col("sick_days").mean())),
    Aim("po: ziekteperiodes, gemiddeld", f"NegBin x Geometric op {_PO21}", 1.66, 0.15, of_years("po", pl.col("sick_spells").mean())),
    Aim("po: dagdelen met te laat komen", _DFE, 0.009, 0.002, of_days("po", pl.col("late").sum() / pl.col("sessions").sum())),
    Aim("po: leerlingen langdurig afwezig in een jaar", f"0.3-0.6 %, {_ASSUMED}", 0.0045, 0.0025, of_years("po", _LONG)),
    Aim("po: samenhang ziek en arts (rang)", f"{_PO21}, alleen de richting", 0.12, 0.1, clustering("po", "medical")),
    Aim("po: helling van ziek op griep (ILI)", "ECDC x DfE (.1-.2)", 0.16, 0.05, season_slope("po")),
    Aim("po: ziek op maandag (weekdagen gemiddeld 1)", _DFE, 1.04, 0.06, weekday("po", 0)),
    Aim("po: ziek op woensdag", _DFE, 0.91, 0.07, weekday("po", 2)),
    Aim("po: ziek op vrijdag", _DFE, 1.15, 0.07, weekday("po", 4)),
)  # fmt: skip


def calibration_table(frames: Frames) -> list[Row]:
    """Measure each aim on the frames of `Summary`; an aim of a sector that was not simulated is left out."""
    sectors = set(frames["pupil_years"]["sector"].unique())
    chosen = [aim for aim in AIMS if (aim.figure[:2] if aim.figure[:2] in {"vo", "po"} else "vo") in sectors]
    return [Row(aim.figure, aim.source, aim.target, aim.measure(frames), aim.tolerance) for aim in chosen]


def as_text(rows: list[Row]) -> str:
    """Return the table as Markdown."""
    lines = ["| cijfer | bron | doel | gesimuleerd | marge | binnen |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.figure} | {row.source} | {row.target:g} | {row.simulated:.3g} | {row.tolerance:g} | {'ja' if row.ok else 'NEE'} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"
