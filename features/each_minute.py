"""Parts of a slot laid over each other, so that each minute counts once: under the code that explains most."""

import narwhals as nw

from features.fixed import fixed
from features.frames import Frame, held, settle

CELL = ["pupil_slot", "unit_no", "minutes", "code"]


def each_minute_once(parts: Frame) -> Frame:
    """Lay parts of the same slot over each other: `CELL` of parts with ``_from, _to``."""
    parts = settle(parts.select(*CELL, "_from", "_to"))
    several = held(parts.group_by("pupil_slot").agg(_parts()).filter(_several()))
    if several.empty():
        return parts.select(CELL)
    alone = parts.join(several.frame, on="pupil_slot", how="anti")
    return nw.concat([alone.select(CELL), _laid_over(parts.join(several.frame, on="pupil_slot", how="semi"))])


def _laid_over(parts: Frame) -> Frame:
    """Cut parts of the same slot at one another's begins and ends, so that no minute is in two pieces."""
    cuts = nw.concat([parts.select("pupil_slot", _cut=nw.col(edge)) for edge in ("_from", "_to")], how="vertical")
    pieces = cuts.unique().with_columns(_next_cut()).filter(_has_next())
    covered = pieces.join(parts.drop("minutes"), on="pupil_slot", how="inner").filter(_covered())
    each = covered.group_by(["pupil_slot", "_cut"]).agg(*_piece_together())
    return each.group_by(["pupil_slot", "code"]).agg(*_pieces_together()).select(CELL)


@fixed
def _parts() -> nw.Expr:
    return nw.len().alias("_parts")


@fixed
def _several() -> nw.Expr:
    return nw.col("_parts") > 1


@fixed
def _next_cut() -> nw.Expr:
    return nw.col("_cut").shift(-1).over("pupil_slot", order_by="_cut").alias("_next")


@fixed
def _has_next() -> nw.Expr:
    return ~nw.col("_next").is_null()


@fixed
def _covered() -> nw.Expr:
    return (nw.col("_from") <= nw.col("_cut")) & (nw.col("_to") >= nw.col("_next"))


@fixed
def _piece_together() -> tuple[nw.Expr, ...]:
    length = (nw.col("_next") - nw.col("_cut")).max().cast(nw.Int64).alias("minutes")
    return nw.col("unit_no").max(), length, nw.col("code").min()


@fixed
def _pieces_together() -> tuple[nw.Expr, ...]:
    return nw.col("unit_no").max(), nw.col("minutes").sum()
