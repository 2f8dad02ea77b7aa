"""A first mapping for a school, proposed from the codes in one of its files. A person at the school decides."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data_contracts.errors import UsageError
from data_contracts.quality import LONGEST_CODE, ProposedCode
from data_contracts.reasons import KINDS, Authorised, Kind
from pipelines.sources.files import read_sheet
from pipelines.sources.mapping import Coded, fall_back
from pipelines.sources.readings import LONGEST_CODE as LONGEST_KEPT
from pipelines.sources.readings import CodeColumns, SourceFile
from pipelines.sources.sheet import Layout, Sheet
from pipelines.sources.values import booleans, durations

USUAL: dict[Kind, tuple[str, ...]] = {
    Kind.SICK: ("z", "zk", "zm", "zw", "ziek"),
    Kind.MEDICAL_APPOINTMENT: ("d", "do", "dok", "art", "ta", "med", "mb", "ort"),
    Kind.LEAVE: ("bv", "vl", "vlf", "v", "verlof"),
    Kind.RELIGIOUS: ("rv", "rel", "rf"),
    Kind.SUSPENSION: ("sc", "sch", "gs", "is"),
    Kind.LUXURY_LEAVE: ("lv", "lx", "luxe"),
    Kind.TRUANCY: ("sp", "su", "spij", "os", "oa"),
    Kind.UNEXPLAINED: ("ab", "a", "xc", "onb", "?"),
    Kind.LATE: ("tl", "to", "tel", "laat", "telaat"),
    Kind.REMOVED_FROM_CLASS: ("v", "vr", "uk", "uit", "ver", "ud"),
    Kind.EXEMPTION: ("vs", "vrij", "vst"),
    Kind.OTHER_AUTHORISED: ("ga", "og", "ov"),
}
"""Abbreviations that schools use (csbamsterdam.nl; the rest is common usage, unverified): a hint, no more."""

WORDS = frozenset(word for words in USUAL.values() for word in words)

Proposed = tuple[ProposedCode, ...]


@dataclass(frozen=True)
class _Seen:
    """One code, and what its rows say."""

    code: str
    count: int
    kind: Kind | None
    authorised: Authorised | None


def propose(path: Path, file: SourceFile) -> str:
    """Write a proposal for the codes in `path`.

    Returns
    -------
    str
        TOML with ``[reasons]``; behind each code how often it was seen and why this is proposed.

    Raises
    ------
    UsageError
        This kind of file has no codes.
    RefusedDeliveryError
        It cannot be read.
    """
    if file.codes is None:
        detail = f"in {path.name} staan geen codes voor afwezigheid"
        raise UsageError(detail, remedy="Noem een bestand met meldingen of verantwoordingen.")
    seen, longer = _codes(_sheet(path, file, file.codes), file.codes)
    lines = [
        f"# Voorstel uit {json.dumps(path.name, ensure_ascii=False)}: kijk elke regel na en zet dit in school.toml.",
        '# Een regel: code = { kind = "...", authorised = "yes" }; laat authorised weg als de soort het al zegt.',
        "# Soorten: " + ", ".join(f"{kind.value} ({info.label})" for kind, info in KINDS.items()),
        "",
        "[reasons]",
        *(_line(_proposed(code)) for code in seen),
    ]
    if longer:
        lines.append(f"# {longer} keer stond er een tekst van meer dan {LONGEST_CODE} tekens in plaats van een code.")
    return "\n".join(lines) + "\n"


def unmapped(path: Path, file: SourceFile, *, known: Collection[str]) -> Proposed:
    """Return the codes in `path` that are not among `known` (lower case), with what each may mean, the most used first.

    What may be a text about a pupil is left out: whatever is longer than a code that is stored, unless it is a usual word.

    Raises
    ------
    RefusedDeliveryError
        It cannot be read.
    """
    if file.codes is None:
        return ()
    sheet = _sheet(path, file, file.codes)
    numbers = sheet.pupil_numbers if file.layout.pupil else frozenset()
    return tuple(
        _proposed(one)
        for one in _codes(sheet, file.codes)[0]
        if one.code not in known
        and not (file.codes.standard and one.kind is not None)
        and (one.code in WORDS or (len(one.code) <= LONGEST_KEPT and " " not in one.code))
        and one.code not in numbers
    )


def _sheet(path: Path, file: SourceFile, codes: CodeColumns) -> Sheet:
    """Read the columns with the codes, and the pupil numbers, so that none of those is taken for a code."""
    columns = [codes.code, codes.type_column, codes.authorised, codes.late, file.layout.pupil]
    wanted = tuple(dict.fromkeys(column for column in columns if column))
    layout = Layout(needed=wanted[:1], optional=wanted[1:], pupil=file.layout.pupil, parent=file.layout.parent)
    return read_sheet(path, layout)


def _codes(sheet: Sheet, columns: CodeColumns) -> tuple[list[_Seen], int]:
    code = sheet.cells[columns.code].str.to_lowercase()
    rows = code.len()
    nothing = pl.repeat(None, rows, dtype=pl.String, eager=True)
    kind = nothing if columns.type_column is None else sheet.choose(columns.type_column, columns.kinds, strict=False)
    if columns.type_column is None and columns.kinds:
        kind = sheet.choose(columns.code, columns.kinds, strict=False)
    if columns.late is not None:
        late = pl.DataFrame({"minutes": durations(sheet.cells[columns.late])}).select(
            pl.when(pl.col("minutes") > 0).then(pl.lit(Kind.LATE.value))
        )
        kind = late["literal"]
    yes = nothing if columns.authorised is None else sheet.cells[columns.authorised]
    fallen = fall_back(Coded(columns.code, kind=kind, authorised=booleans(yes)))
    said = booleans(yes).replace_strict(
        {True: Authorised.YES.value, False: Authorised.NO.value}, default=None, return_dtype=pl.String
    )
    frame = pl.DataFrame({"code": code, "kind": fallen["kind"], "authorised": said}).drop_nulls("code")
    short = pl.col("code").str.len_chars() <= LONGEST_CODE
    longer = frame.filter(~short).height
    counts = (
        frame.filter(short)
        .group_by("code")
        .agg(
            pl.len().alias("count"),
            pl.col("kind").drop_nulls().mode().sort().first(),
            pl.col("authorised").drop_nulls().mode().sort().first(),
        )
        .sort(["count", "code"], descending=[True, False])
    )
    return [
        _Seen(
            code,
            count,
            None if kind is None else Kind(kind),
            None if authorised is None else Authorised(authorised),
        )
        for code, count, kind, authorised in counts.iter_rows()
    ], longer


def _proposed(seen: _Seen) -> ProposedCode:
    vague = seen.kind in {None, Kind.UNEXPLAINED, Kind.OTHER_AUTHORISED}
    hints = [kind for kind, codes in USUAL.items() if seen.code in codes and _fits(kind, seen.authorised)]
    known = True
    if vague and hints:
        kind, why = hints[0], f"gebruikelijke afkorting van {KINDS[hints[0]].label}"
    elif seen.kind is not None and not vague:
        kind, why = seen.kind, f"het systeem zelf zegt: {KINDS[seen.kind].label}"
    else:
        authorised = seen.authorised is Authorised.YES or seen.kind is Kind.OTHER_AUTHORISED
        kind = Kind.OTHER_AUTHORISED if authorised else Kind.UNEXPLAINED
        known, why = False, "onbekend: kies zelf de soort"
    differs = seen.authorised not in {None, KINDS[kind].authorised}
    if kind is Kind.UNEXPLAINED and seen.authorised is Authorised.NO:
        differs = False  # a reason that is not known yet stands as not authorised in every system
    said = seen.authorised if differs else None
    return ProposedCode(code=seen.code, count=seen.count, kind=kind, authorised=said, known=known, why=why)


def _line(proposed: ProposedCode) -> str:
    said = "" if proposed.authorised is None else f', authorised = "{proposed.authorised.value}"'
    meaning = f'kind = "{proposed.kind.value}"{said}'
    return f"{_quoted(proposed.code)} = {{ {meaning} }}  # {proposed.count} keer; {proposed.why}"


def _fits(kind: Kind, authorised: Authorised | None) -> bool:
    """Whether the file's *geoorloofd* allows that an abbreviation means `kind`."""
    return authorised is None or (authorised is Authorised.YES) == (KINDS[kind].authorised is Authorised.YES)


def _quoted(text: str) -> str:
    """Write a TOML key; JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
