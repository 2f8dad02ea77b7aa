"""Schools week by week: shares of pupils with something recorded, and how their scores and features are spread."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import narwhals as nw
import polars as pl

from data_contracts.files import write_whole
from features.history import history
from features.tables import prepared
from models.drift import settings, stability
from models.scorecard import Scorecard, as_matrix
from models.splits import as_of
from pipelines.engines import AT_A_TIME, POLARS, brought_back
from pipelines.home import Home
from pipelines.tables import load

Progress = Callable[[str, int, int], None]
UNTAKEN = "untaken"
_SCORED = {
    "school": pl.String,
    "moment": pl.Date,
    "pupils": pl.Int64,
    "score": pl.Float64,
    "feature": pl.String,
    "points": pl.Float64,
    "psi": pl.Float64,
}


def recorded_by_week(
    home: Home, schools: Sequence[str], *, since: date, until: date, moment: datetime, say: Progress
) -> pl.DataFrame:
    """Shares of what was recorded, per school and school week.

    Parameters
    ----------
    since, until
        First day that counts, and first that does not.
    moment
        Up to which things may be known (UTC).

    Returns
    -------
    polars.DataFrame
        ``school, week, pupils`` and one column a kind of ``models/drift.toml``, from 0 to 1.
    """
    kinds = {kind["name"]: kind["of"] for kind in settings()["kind"] if kind["name"] != UNTAKEN}
    parts = []
    for start in range(0, len(schools), AT_A_TIME):
        say("Registraties per week", start, len(schools))
        batch = schools[start : start + AT_A_TIME]
        tables = prepared(load(home, schools=batch, delivered_by=moment, until=until))
        past = history(tables, moment, since=since, until=until)
        planned = past.weeks.filter(nw.col("scheduled_minutes") > 0).group_by("school", "week")
        some = [(nw.col(of) > 0).sum().alias(name) for name, of in kinds.items()]
        counted = brought_back(planned.agg(nw.len().alias("pupils"), *some))
        registers = brought_back(past.registers.select("school", "week", "planned_minutes", "untaken_minutes"))
        parts.append(counted.join(registers, on=["school", "week"], how="left"))
    untaken = (pl.col("untaken_minutes") / pl.col("planned_minutes")).fill_nan(0.0).fill_null(0.0)
    return pl.concat(parts).select(
        "school",
        pl.col("week").cast(pl.Int32).cast(pl.Date),
        pl.col("pupils").cast(pl.Int64),
        *(pl.col(name) / pl.col("pupils") for name in kinds),
        untaken.alias(UNTAKEN),
    )


def scored_by_moment(
    home: Home, schools: Sequence[str], card: Scorecard, *, moments: Sequence[date], say: Progress
) -> pl.DataFrame:
    """Mean score, and of every feature what it adds to that (log-odds) and its stability index.

    Per school and Monday as it was known then. What was worked out before is kept beside the scorecard; only new Mondays
    and schools are counted.
    """
    path = home.papers(card.version) / "weeks.parquet"
    known = _kept(path)
    done = set(known.select("school", "moment").unique().iter_rows())
    todo = [school for school in schools if any((school, moment) not in done for moment in moments)]
    parts = [known]
    for start in range(0, len(todo), AT_A_TIME):
        say("Scores per week", start, len(todo))
        batch = todo[start : start + AT_A_TIME]
        fresh = [moment for moment in moments if any((school, moment) not in done for school in batch)]
        until = max(fresh) + timedelta(days=1)
        for frame in POLARS.panels(home, [batch], [as_of(moment) for moment in fresh], until):
            parts += [
                _summary(rows, card, school, moment)
                for (school, moment), rows in frame.partition_by("school", "origin", as_dict=True).items()
                if (school, moment) not in done
            ]
    found = pl.concat(parts)
    if len(parts) > 1:
        write_whole(path, found.write_parquet)
    return found.filter(pl.col("moment").is_in(list(moments)) & pl.col("school").is_in(list(schools)))


def _kept(path: Path) -> pl.DataFrame:
    """Read what was worked out before; what an earlier edition kept otherwise is worked out again."""
    found = pl.read_parquet(path) if path.exists() else pl.DataFrame(schema=_SCORED)
    return found if found.schema == _SCORED else pl.DataFrame(schema=_SCORED)


def _summary(rows: pl.DataFrame, card: Scorecard, school: object, moment: object) -> pl.DataFrame:
    matrix = as_matrix(rows, card.names)
    indices, scores = stability(card, matrix), card.score(matrix)
    card.check(scores)
    return pl.DataFrame(
        {
            "school": school,
            "moment": moment,
            "pupils": len(rows),
            "score": float(scores.log_odds.mean()),
            "feature": list(card.names),
            "points": scores.contributions.mean(axis=0),
            "psi": [indices[name] for name in card.names],
        },
        schema=_SCORED,
    )
