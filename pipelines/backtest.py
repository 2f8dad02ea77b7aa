"""Look back: at each evaluation origin train on what was known then, and see what became of its list."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from data_contracts.errors import NotEnoughDataError
from models.evaluate import Ranking
from models.evaluate import evaluate as judge
from models.figures import Evaluation
from models.learning import Settings
from models.outcome import read_outcome
from models.scorecard import Scorecard, as_matrix
from models.serving import champion
from models.splits import Plan, as_of, evaluation_origins, plan_for, split
from pipelines.evaluation_page import write
from pipelines.fitting import Progress, fit_rows, known_rows, panel_at, silent
from pipelines.home import Home
from pipelines.left_out import COLUMNS, LeftOut, left_out_note, with_left_out
from pipelines.looked_back import BacktestResult, LookedBack
from pipelines.model_page import keep_lead_time
from pipelines.panels import KEY, PACKS, Ground, labels_at, survey
from pipelines.parties import APART, MERGED, Parted, parties_note, with_parties
from pipelines.rivals import RIVALS, totals_at, with_rivals
from pipelines.week_by_week import PERIODS, follow, mondays

SIMPLE = "absent_rate_4w"
"""Feature that serves as the simple yardstick."""
YARDSTICKS = [SIMPLE, "class_rate_4w", "chance"]
PACK_LABELS = {
    "rules_wettelijk": "de wettelijke meldplicht",
    "rules_mazl": "de M@ZL-drempels",
    "rules_aanwezigheid": "de drempels van 5 en 10 %",
    "rules_regionaal": "de regionale afspraken",
}
ALL_RANKINGS = ("scorecard", "rules", "absence_4w", "chance")
"""Rankings that are compared on all cases, with those who were in the outcome already."""
REPEATED = 4
"""Latest dates at which schools are left out, and learn apart: each takes some eight models more."""
LEFT_OUT = Ranking("left_out", "de scorekaart zonder deze school", COLUMNS[0], "model", COLUMNS[1])
TOGETHER = Ranking("merged", "de samengevoegde scorekaarten", MERGED[0], "model", MERGED[1])
ALONE = Ranking("apart", "elke helft met haar eigen scorekaart", APART[0], "model", APART[1])
WHOLE = Ranking("scorecard", "de scorekaart van alle rijen", "log_odds", "model", "probability")


def evaluate(
    home: Home,
    *,
    outcome: str | Path = "long_absence",
    until: datetime | None = None,
    plan: Plan | None = None,
    settings: Settings | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> BacktestResult:
    """Backtest with everything: rivals, schools left out, scorecards merged, lead time and stability.

    The lead time goes to the page about the model that serves, where that predicts the same outcome.

    Parameters
    ----------
    home, outcome, until, plan, settings, progress
        See `pipelines.train.train`.
    out
        Folder to write the report in, with the figures and the rows (`pipelines.evaluation_page.write`).

    Raises
    ------
    NotEnoughDataError
        No origin leaves enough before it to train on, or there was no new case to find.
    StorageError
        `out` cannot be written.
    """
    started = time.monotonic()
    chosen = read_outcome(outcome)
    plan, settings, say = plan or plan_for(chosen), settings or Settings(), progress or silent
    say("Gegevens lezen", 0, 1)
    ground = survey(home, chosen, until=until, plan=plan)
    tests = evaluation_origins(ground.weeks, ground.origins, chosen, plan=plan)
    followed = {monday for origin in tests[-PERIODS:] for monday in mondays(ground, origin)}
    wider = replace(ground, origins=tuple(sorted({*ground.origins, *followed})))
    panel = panel_at(wider, tests, plan=plan, say=say)
    looked = look_back(ground, panel, tests, plan=plan, settings=settings, say=say, peers=True)
    say("Vergelijken", 0, 1)
    evaluation = judged(ground, looked)
    weekly = follow(ground, looked.frame, panel, looked.cards, periods=tests[-PERIODS:], say=say)
    result = BacktestResult(
        evaluation=evaluation,
        everyone=judged(ground, looked, population="all"),
        left_out=_judged_beside(ground, looked, [LEFT_OUT, WHOLE]),
        left_out_note=looked.left_out_note,
        merged=_judged_beside(ground, looked, [TOGETHER, WHOLE, ALONE]),
        merged_note=looked.merged_note,
        lead_time=None if weekly is None else weekly.lead_time,
        stability=None if weekly is None else weekly.stability,
        outcome_label=chosen.label,
        skipped=looked.skipped,
        next_step=advice(home, evaluation),
        seconds=round(time.monotonic() - started, 1),
    )
    if out is not None:
        write(out, result, looked)
    if result.lead_time is not None:
        keep_lead_time(home, result.lead_time, outcome=chosen.name)
    say("Klaar", 1, 1)
    return result


def advice(home: Home, evaluation: Evaluation) -> str:
    """Say in Dutch what to do where a model makes the lists while its method does not surely beat the rules; else empty."""
    card = champion(home.scorecards)
    if card is None or card.target.name != evaluation.outcome or evaluation.beats_rules is not False:
        return ""
    return (
        f"Model {card.version} maakt nu de lijsten, terwijl deze manier van leren de regels hier niet zeker verslaat. Neem het "
        "uit gebruik: aanwezig rollback --by NAAM. De lijsten volgen dan het vorige model of de drempels."
    )


def look_back(
    ground: Ground,
    panel: pl.DataFrame,
    tests: Sequence[date],
    *,
    plan: Plan,
    settings: Settings,
    say: Progress,
    peers: bool = False,
) -> LookedBack:
    """Score everybody at each of `tests` with a model trained on what was known there, and add what came of them.

    Parameters
    ----------
    ground, panel, tests
        What is stored; the features at its origins; those to look back from.
    plan, settings, say
        See `evaluate`.
    peers
        Whether to train the rivals too, and at the latest origins to leave schools out and to have them learn apart.

    Raises
    ------
    NotEnoughDataError
        At none of `tests` there was enough to train on.
    """
    scored, skipped, cards = [], [], {}
    left_out: list[LeftOut] = []
    parted: list[Parted] = []
    totals = totals_at(ground, ground.origins) if peers else pl.DataFrame()
    for done, origin in enumerate(tests):
        say("Terugkijken", done, len(tests))
        try:
            parts = split(ground.weeks, ground.origins, ground.outcome, moment=origin, plan=plan)
            rows = known_rows(ground, panel, parts, moment=as_of(origin))
            card = fit_rows(ground, rows, parts, moment=as_of(origin), settings=settings).scorecard
        except NotEnoughDataError as error:
            skipped.append(f"{origin:%d-%m-%Y}: {error.detail}")
            continue
        frame = _scored(panel.filter(pl.col("origin") == origin), card)
        cards[origin] = card
        if peers:
            frame = with_rivals(frame, rows, parts, totals)
        if peers and origin in tests[-REPEATED:]:
            frame, groups = with_left_out(ground, frame, rows, parts, settings=settings, say=say)
            frame, halves = with_parties(ground, frame, rows, parts, settings=settings, say=say)
            left_out.append(groups)
            parted.append(halves)
        scored.append(frame)
    if not scored:
        detail = "op geen enkele peildatum was er genoeg om van te leren: " + "; ".join(skipped)
        raise NotEnoughDataError(detail, remedy="Lever meer schoolweken aan. Tot die tijd staan de lijsten op regels.")
    return LookedBack(
        frame=_came_of(ground, scored, tests),
        skipped=tuple(skipped),
        cards=cards,
        left_out_note=left_out_note(left_out),
        merged_note=parties_note(parted),
    )


def look_back_with(ground: Ground, panel: pl.DataFrame, cards: Mapping[date, Scorecard]) -> LookedBack:
    """As `look_back`, with a model of each date that was learned elsewhere.

    Parameters
    ----------
    panel
        Features, and rules, at those dates.
    cards
        By date, a model that was learned from nothing that became known later.
    """
    scored = [_scored(panel.filter(pl.col("origin") == origin), card) for origin, card in sorted(cards.items())]
    return LookedBack(frame=_came_of(ground, scored, sorted(cards)), skipped=(), cards=cards)


def _came_of(ground: Ground, scored: Sequence[pl.DataFrame], tests: Sequence[date]) -> pl.DataFrame:
    """Add what came of everybody who was scored at `tests`."""
    # Who could be listed is decided by what was known then; only what came of it is known later.
    later = labels_at(ground, ground.moment, tests).drop("already")
    frame = pl.concat(scored, how="diagonal").join(later, on=KEY, how="left").rename({"already_then": "already"})
    return _columns(ground, frame)


def _scored(rows: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    scores = card.score(as_matrix(rows, card.names))
    card.check(scores)
    columns = {"log_odds": scores.log_odds, "probability": scores.probability}
    return rows.with_columns(**{name: pl.Series(values, dtype=pl.Float64) for name, values in columns.items()})


def _columns(ground: Ground, frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of the backtest frame: no features but the yardstick."""
    missed = pl.col(SIMPLE).fill_null(0.0) / 2  # less than one rule
    others = pl.col(SIMPLE) - pl.coalesce("absent_vs_class_4w", "absent_vs_school_4w")
    sectors = {school: one.sector.value for school, one in ground.settings.items()}
    rivals = (rival.name for rival in RIVALS)
    extra = [name for name in (*rivals, *COLUMNS, *MERGED, *APART) if name in frame.columns]
    return frame.with_columns(
        sector=pl.col("school").replace_strict(sectors, return_dtype=pl.String),
        rules=pl.col("loud") + missed,
        class_rate_4w=others,
        chance=pl.lit(0.0),
    ).select(
        *KEY,
        *("sector", "outcome", "already", "onset", "reached", "horizon_end"),
        *("log_odds", "probability", "rules"),
        *PACKS,
        *YARDSTICKS,
        *extra,
    )


def judged(ground: Ground, looked: LookedBack, *, population: Literal["new", "all"] = "new") -> Evaluation:
    """Figures of every ranking in the backtest frame, at the schools' list lengths, on new or on all cases."""
    rankings = rankings_of(looked.frame)
    if population == "all":
        kept = [one for one in rankings if one.name in ALL_RANKINGS]
        return judge(looked.frame, kept, capacity=_capacity(ground), outcome=ground.outcome.name, population="all")
    return judge(looked.frame, rankings, capacity=_capacity(ground), outcome=ground.outcome.name)


def _judged_beside(ground: Ground, looked: LookedBack, own: Sequence[Ranking]) -> Evaluation | None:
    """Figures of models that were learned otherwise, beside yardsticks, as far as the first scored anybody."""
    if own[0].column not in looked.frame.columns:
        return None
    frame = looked.frame.filter(pl.col(own[0].column).is_not_null())
    beside = [one for one in rankings_of(frame) if one.name in {"rules", "absence_4w", "chance"}]
    if frame.is_empty():
        return None
    try:
        return judge(frame, [*own, *beside], capacity=_capacity(ground), outcome=ground.outcome.name)
    except NotEnoughDataError:
        return None  # not one case at those origins


def rankings_of(frame: pl.DataFrame) -> list[Ranking]:
    """The model; a list on rules, in the order it really has; each pack alone; yardsticks; and rivals, if any."""
    packs = [Ranking(name, PACK_LABELS.get(name, name), name, "rules") for name in PACKS]
    rivals = [Ranking(rival.name, rival.label, rival.name, rival.kind) for rival in RIVALS]
    return [
        Ranking("scorecard", "de scorekaart", "log_odds", "model", "probability"),
        Ranking("rules", "de regels", "rules", "rules"),
        *packs,
        Ranking("absence_4w", "de afwezigheid in de laatste 4 weken", SIMPLE, "simple"),
        Ranking("class_rate", "de afwezigheid van de klas", "class_rate_4w", "simple"),
        *(rival for rival in rivals if rival.column in frame.columns),
        Ranking("chance", "het toeval", "chance", "simple"),
    ]


def _capacity(ground: Ground) -> dict[str, int]:
    return {school: one.capacity for school, one in ground.settings.items()}
