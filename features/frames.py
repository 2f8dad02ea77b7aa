"""Frames of any engine, and settling one that many others are built on."""

from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]


def settle(frame: Frame) -> Frame:
    """Work `frame` out now and return it, lazy again.

    Polars would otherwise copy the whole plan into every branch that reads it, and Spark would run it again for each.
    """
    native: Any = frame.to_native()
    settled: Any = native.cache() if frame.implementation.is_pyspark() else frame.collect().to_native()
    lazy: Frame = nw.from_native(settled).lazy()
    return lazy


def like(frame: Frame, columns: dict[str, list[Any]], schema: dict[str, Any]) -> Frame:
    """Return a frame of the same engine as `frame` that holds `columns`, typed as `schema` (Narwhals types)."""
    native: Any = frame.to_native()
    if frame.implementation.is_pyspark():
        rows = list(zip(*columns.values(), strict=True))
        types = {nw.String: "string", nw.Int64: "bigint", nw.Float64: "double"}
        ddl = ", ".join(f"{name} {types[kind]}" for name, kind in schema.items())
        on_spark: Frame = nw.from_native(native.sparkSession.createDataFrame(rows, ddl)).lazy()
        return on_spark
    made = nw.from_dict(columns, schema, backend=frame.implementation)
    lazy: Frame = nw.from_native(made.to_native()).lazy()
    return lazy
