"""The second peer of the panel: tsfresh, which knows statistics of any series, on one school."""

import os
import warnings
from pathlib import Path

import pandas as pd


def tsfresh_panel(root: Path, school: str, pupils: int) -> tuple[int, int]:
    """Statistics of the last 12 weeks of two weekly series of some pupils, at every week; return rows and columns."""
    from tsfresh import extract_features  # type: ignore[import-untyped]  # noqa: PLC0415 - only here, and slow to load
    from tsfresh.feature_extraction import MinimalFCParameters  # type: ignore[import-untyped]  # noqa: PLC0415
    from tsfresh.utilities.dataframe_functions import roll_time_series  # type: ignore[import-untyped]  # noqa: PLC0415

    files = sorted((root / "lake" / "absences" / school).glob("*.parquet"))
    rows = pd.concat(pd.read_parquet(file, columns=["pupil", "start_date", "kind"]) for file in files)
    rows = rows[rows["pupil"].isin(sorted(rows["pupil"].unique())[:pupils])]
    day = pd.to_datetime(rows["start_date"])
    rows = rows.assign(
        week=(day - pd.to_timedelta(day.dt.day_of_week, unit="D")), late=(rows["kind"] == "late").astype(int)
    )
    rows["absent"] = 1 - rows["late"]
    weekly = rows.groupby(["pupil", "week"])[["absent", "late"]].sum().unstack(fill_value=0).stack().reset_index()
    jobs = os.cpu_count() or 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rolled = roll_time_series(
            weekly, column_id="pupil", column_sort="week", max_timeshift=11, n_jobs=jobs, disable_progressbar=True
        )
        found = extract_features(
            rolled.drop(columns="pupil"),
            column_id="id",
            column_sort="week",
            default_fc_parameters=MinimalFCParameters(),
            n_jobs=jobs,
            disable_progressbar=True,
        )
    return len(found), len(found.columns)
