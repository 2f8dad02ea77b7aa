"""How each type of column of the contract is held in a frame."""

from collections.abc import Mapping

import polars as pl

TYPES: Mapping[str, pl.DataType] = {
    "string": pl.String(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "bool": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us", "UTC"),
}
"""By the type that `data_contracts.tables.Column` names."""
