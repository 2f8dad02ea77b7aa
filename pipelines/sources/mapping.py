"""A school's own codes, turned into the shared vocabulary; and a first proposal for that mapping."""

from dataclasses import dataclass

import polars as pl

from data_contracts.reasons import KINDS, Authorised, Kind
from data_contracts.school import SchoolSettings
from pipelines.sources.readings import LONGEST_CODE, safe_codes
from pipelines.sources.sheet import Sheet

NAMED_CODES = 25
"""Unmapped codes that are named one by one."""


@dataclass(frozen=True)
class Coded:
    """Columns from which a reason follows.

    Parameters
    ----------
    column
        The column with the school's code.
    kind
        What the system's own type makes of each row; null where it says nothing or nothing known.
    authorised
        *Geoorloofd* as the file states it; null where it does not.
    luxury
        Holiday without leave, as the file states it; null where it does not.
    type_column
        The column behind `kind`, to name in an error.
    standard
        The code is a word of a published vocabulary: one we know counts as mapped.
    """

    column: str
    kind: pl.Series
    authorised: pl.Series
    luxury: pl.Series | None = None
    type_column: str = ""
    standard: bool = False


def read_reasons(sheet: Sheet, coded: Coded, settings: SchoolSettings | None) -> dict[str, pl.Series]:
    """Turn codes into reasons.

    A mapped code counts as the mapping says, and else as its kind usually does. A code that is not mapped falls back
    on the system's type and on *geoorloofd*.

    Returns
    -------
    dict
        ``kind``, ``authorised``, ``code``, ``mapped``.
    """
    code = sheet.cells[coded.column]
    reasons = settings.reasons if settings is not None else {}
    key = code.str.to_lowercase()
    own_kind = _lookup(key, {name: reason.kind.value for name, reason in reasons.items()})
    own_authorised = _lookup(key, {name: reason.counts_as.value for name, reason in reasons.items()})
    fallback = fall_back(coded)
    mapped = own_kind.is_not_null() | (fallback["kind"].is_not_null() & coded.standard)
    lost = ~mapped & fallback["kind"].is_null()
    if coded.type_column:
        what = "is een onbekende soort; geef de code zelf een betekenis (bij Codes, of onder [reasons])"
        sheet.error_where(
            lost & sheet.cells[coded.type_column].is_not_null(), coded.type_column, check="unknown_type", what=what
        )
    frame = pl.DataFrame({"own": own_kind, "own_authorised": own_authorised}).hstack(fallback)
    chosen = frame.select(
        pl.coalesce("own", "kind", pl.lit(Kind.UNEXPLAINED.value)).alias("kind"),
        pl.coalesce("own_authorised", "authorised", pl.lit(Authorised.UNKNOWN.value)).alias("authorised"),
    )
    _name_unmapped(sheet, coded.column, key.filter(~mapped))
    return {
        "kind": chosen["kind"],
        "authorised": chosen["authorised"],
        "code": safe_codes(code, mapped, sheet, column=coded.column),
        "mapped": mapped,
    }


def fall_back(coded: Coded) -> pl.DataFrame:
    """Return ``kind`` and ``authorised`` as the system itself has them, without a mapping."""
    rows = coded.kind.len()
    luxury = pl.repeat(None, rows, dtype=pl.Boolean, eager=True) if coded.luxury is None else coded.luxury
    frame = pl.DataFrame({"kind": coded.kind, "yes": coded.authorised, "luxury": luxury})
    unexplained = pl.col("kind") == Kind.UNEXPLAINED.value
    kind = (
        pl.when(unexplained & pl.col("luxury").fill_null(value=False))
        .then(pl.lit(Kind.LUXURY_LEAVE.value))
        .when(unexplained & pl.col("yes").fill_null(value=False))
        .then(pl.lit(Kind.OTHER_AUTHORISED.value))
        .otherwise("kind")
    )
    usual = {kind.value: info.authorised.value for kind, info in KINDS.items()}
    return frame.with_columns(kind.alias("kind")).select(
        "kind",
        pl.when(pl.col("yes"))
        .then(pl.lit(Authorised.YES.value))
        .when(~pl.col("yes"))
        .then(pl.lit(Authorised.NO.value))
        .otherwise(pl.col("kind").replace_strict(usual, default=None, return_dtype=pl.String))
        .alias("authorised"),
    )


def authorised_words(yes: pl.Series) -> pl.Series:
    """Turn *geoorloofd* into the contract's words."""
    words = {True: Authorised.YES.value, False: Authorised.NO.value}
    return yes.replace_strict(words, default=Authorised.UNKNOWN.value, return_dtype=pl.String)


def _lookup(key: pl.Series, words: dict[str, str]) -> pl.Series:
    if not words:
        return pl.repeat(None, key.len(), dtype=pl.String, eager=True)
    return key.replace_strict(words, default=None, return_dtype=pl.String)


def _name_unmapped(sheet: Sheet, column: str, unmapped: pl.Series) -> None:
    counts = unmapped.value_counts(sort=True)
    for code, count in counts.head(NAMED_CODES).iter_rows():
        shown = "(leeg)" if code is None else sheet.may_show(code) if len(code) <= LONGEST_CODE else "(een woord)"
        message = f"code {shown} heeft nog geen betekenis ({count} keer); gelezen naar de eigen soort van het systeem"
        remedy = "Geef haar een betekenis bij Codes, of onder [reasons]; 'aanwezig ingest --propose-mapping' doet een voorstel."
        sheet.warn("unmapped_code", message, remedy=remedy, count=count, column=column)
    if counts.height > NAMED_CODES:
        rest = counts[NAMED_CODES:]["count"].sum()
        message = f"nog {counts.height - NAMED_CODES} andere codes hebben nog geen betekenis ({rest} keer)"
        sheet.warn("unmapped_code", message, remedy="Voeg ze toe onder [reasons].", count=int(rest), column=column)
