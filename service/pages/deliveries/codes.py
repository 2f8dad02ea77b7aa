"""What a school's own codes mean: what it said itself, beside what its deliveries suggest; and writing that down."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from data_contracts.errors import ChangedMeanwhileError, UsageError
from data_contracts.quality import LONGEST_CODE, ProposedCode
from data_contracts.reasons import KINDS, Authorised, Kind
from data_contracts.school import Reason, SchoolSettings, school_digest, write_school
from service import audit, db, inbox, words
from service.audit import Action
from service.inbox import REPORTS, Status
from service.pages.management import managed_schools
from service.viewer import Permission, Viewer

LOOKED_AT = 60
"""Newest deliveries in which codes without a meaning are looked for; a code that is in none of them is not used any more."""

MOST_CODES = 300


@dataclass(frozen=True)
class Row:
    """One code on the page.

    Parameters
    ----------
    code
        As the school writes it, lower case.
    kind, authorised
        What is chosen now; None where nothing is.
    settled
        Whether the school said so itself.
    count, why
        Rows that have it in a delivery, and why something is proposed, where anything is.
    known
        False for a proposal that is a mere beginning.
    """

    code: str
    kind: Kind | None
    authorised: Authorised | None
    settled: bool
    count: int = 0
    why: str = ""
    known: bool = True


@dataclass(frozen=True)
class Codes:
    """The codes of a school, those without a meaning first, how many files wait for them, and what they were read from."""

    rows: tuple[Row, ...]
    waiting: int
    made_from: str

    @property
    def unsettled(self) -> tuple[Row, ...]:
        """Codes that the school has not said the meaning of."""
        return tuple(row for row in self.rows if not row.settled)

    @property
    def settled(self) -> tuple[Row, ...]:
        """Codes that it has."""
        return tuple(row for row in self.rows if row.settled)


@dataclass(frozen=True)
class Choice:
    """What somebody chose for one code; no kind: they do not know."""

    code: str
    kind: Kind | None
    authorised: Authorised | None


def codes(viewer: Viewer, session: Session, *, school: str, home: Path) -> Codes:
    """Return the codes of `school`: those it settled, and those its deliveries have and it did not settle.

    Raises
    ------
    NotAllowedError
        The role does not set up schools.
    """
    viewer.must(Permission.SET_UP)
    settings = managed_schools.settings_of(home, school)
    settled = {} if settings is None else settings.reasons
    proposed: dict[str, ProposedCode] = {}
    waiting = 0
    for row in inbox.deliveries(viewer, session, school=school, after=None, limit=LOOKED_AT):
        waiting += row.status == Status.CODES
        for report in REPORTS.validate_json(row.report) if row.report else ():
            _gather(proposed, (one for one in report.codes if one.code not in settled))
    fresh = sorted(proposed.values(), key=lambda one: (-one.count, one.code))
    rows = [Row(one.code, one.kind, one.authorised, False, one.count, one.why, one.known) for one in fresh]
    rows += [Row(code, one.kind, one.authorised, settled=True) for code, one in sorted(settled.items())]
    return Codes(tuple(rows), waiting, _stand(settings))


def _gather(proposed: dict[str, ProposedCode], found: Iterable[ProposedCode]) -> None:
    """Keep of each code where it was seen most: deliveries repeat each other."""
    for one in found:
        if one.code not in proposed or proposed[one.code].count < one.count:
            proposed[one.code] = one


def _stand(settings: SchoolSettings | None) -> str:
    """Return a digest of the codes as they stand: other settings may change meanwhile."""
    text = "" if settings is None else settings.model_dump_json(include={"reasons"})
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write(
    viewer: Viewer, session: Session, *, school: str, home: Path, choices: Iterable[Choice], made_from: str
) -> None:
    """Write down what the codes of `school` mean; a code that is not among `choices` stays as it is.

    Raises
    ------
    NotAllowedError
        The role does not set up schools.
    UsageError
        Nothing was chosen, or the school has no settings yet.
    ChangedMeanwhileError
        Somebody else changed the codes since.
    """
    viewer.must(Permission.SET_UP)
    db.next_change(session)  # who holds the counter is alone with the file, as at the settings of the school
    settings = managed_schools.settings_of(home, school)
    path = managed_schools.file_of(home, school)
    digest = school_digest(path)
    if settings is None:
        detail = "Deze school is nog niet ingericht."
        raise UsageError(detail, remedy="Vul eerst bij stap 1 van het begin de gegevens van de school in.")
    if _stand(settings) != made_from:
        detail = "Iemand anders heeft de codes gewijzigd sinds u deze pagina opende."
        raise ChangedMeanwhileError(detail, remedy="Kijk wat er nu staat, en pas het opnieuw aan.")
    said = {one.code: one for one in choices}
    kept = {code: _plain(one) for code, one in settings.reasons.items() if code not in said}
    chosen = {one.code: _plain(Reason(kind=one.kind, authorised=_own(one))) for one in said.values() if one.kind}
    if not kept and not chosen:
        detail = "Er is bij geen enkele code gekozen wat zij betekent."
        raise UsageError(detail, remedy="Kies dat bij ten minste een code; wat u niet weet kan later.")
    before = {code: _plain(one) for code, one in settings.reasons.items()}
    after = kept | chosen
    if after == before:
        return
    number = sum(before.get(code) != after.get(code) for code in before.keys() | after.keys())
    detail = f"codes: {words.count(number, 'code', 'codes')} gewijzigd"
    audit.record(viewer, session, action=Action.SETTINGS_CHANGED, school=school, detail=detail)
    write_school(path, {"reasons": after}, made_from=digest)


def _own(choice: Choice) -> Authorised | None:
    """What differs from what the kind says by itself; the rest is not written down."""
    if choice.kind is None or choice.authorised is KINDS[choice.kind].authorised:
        return None
    return choice.authorised


def _plain(reason: Reason) -> Mapping[str, str]:
    return {"kind": reason.kind.value} | ({"authorised": reason.authorised.value} if reason.authorised else {})


def choice(code: str, kind: str, authorised: str) -> Choice | None:
    """Return what was filled in for one code; None for a line that was left empty.

    Raises
    ------
    UsageError
        The code is too long to be one, or the words are not ours.
    """
    name = code.strip().lower()
    if not name:
        return None
    if len(name) > LONGEST_CODE:
        detail = f"Een code heeft hoogstens {LONGEST_CODE} tekens."
        raise UsageError(detail, remedy="Vul de code in zoals zij in de export staat, geen toelichting.")
    try:
        return Choice(name, Kind(kind) if kind else None, Authorised(authorised) if authorised else None)
    except ValueError:
        detail = "Deze soort kennen wij niet."
        raise UsageError(detail, remedy="Kies een soort uit de lijst.") from None
