"""Demographics of the Open University dataset as a file of groups, for the audit and apart from every delivery.

See `pipelines.sources.oulad`. The import never sees this file, and no module that trains reads it.
"""

from pathlib import Path

import polars as pl

from data_contracts.errors import StorageError

TABLE = "student"
ATTRIBUTES = ("gender", "age_band", "imd_band", "disability", "region", "highest_education")


def write_groups(students: pl.DataFrame, days: pl.DataFrame, target: Path) -> int:
    """Write ``school, pupil`` and `ATTRIBUTES`, one row a student and course; return how many.

    Parameters
    ----------
    students
        The columns of table `TABLE`, as text.
    days
        ``code_module, code_presentation, school``.
    target
        File to write, replaced where it exists.

    Raises
    ------
    StorageError
        `target` cannot be written.
    """
    frame = (
        students.join(days, on=["code_module", "code_presentation"], how="inner")
        # One band of deprivation is written without its percent sign.
        .with_columns(pl.col("imd_band").str.replace(r"^(\d+-\d+)$", "$1%"))
        .select("school", pl.col("id_student").alias("pupil"), *ATTRIBUTES)
        .sort("school", "pupil")
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        frame.write_csv(target)
    except OSError as error:
        detail = f"{target} is niet te schrijven: {error.strerror}"
        raise StorageError(detail, remedy="Kies een plaats waar geschreven mag worden.") from None
    return frame.height
