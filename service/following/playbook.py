"""The playbook: steps that may help, by pattern. An example comes with it; a school writes its own, version by version."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_contracts.errors import NotFoundError, UsageError
from data_contracts.weekly_list import Signal, Standing
from features.catalogue import CATALOGUE
from service import audit, db
from service.audit import Action
from service.tables import PlaybookRow, now
from service.viewer import Permission, Viewer

LONGEST = 4000
"""Characters in a text: more than a page of steps nobody reads in a meeting."""

LEERPLICHT = "leerplicht"
THEMES: Mapping[str, str] = {entry.name: entry.theme for entry in CATALOGUE}


@dataclass(frozen=True)
class Pattern:
    """When steps may help, and which: the example. The fields are those of ``playbook.toml``."""

    id: str
    label: str
    source: str
    text: str
    rules: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    statutory: bool = False
    at_home: bool = False
    otherwise: bool = False

    @property
    def example(self) -> str:
        """The example as it is edited."""
        return self.text.strip()


@dataclass(frozen=True)
class Version:
    """What stands at a pattern for one school: its own text, by whom and since when, or the example."""

    pattern: Pattern
    text: str
    number: int = 0
    written_by: str = ""
    written_at: datetime | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps, one a line."""
        return steps(self.text)


@cache
def _book() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def patterns() -> tuple[Pattern, ...]:
    """Return every pattern, the most pressing first."""
    found: list[dict[str, Any]] = _book()["pattern"]
    return tuple(Pattern(**(one | {name: tuple(one.get(name, ())) for name in ("rules", "themes")})) for one in found)


def fitting(signal: Signal) -> tuple[Pattern, ...]:
    """Return the patterns that a pupil's signal shows, the most pressing first; at least one."""
    strongest: int = _book()["strongest"]
    themes = {THEMES.get(name, "") for one in signal.raising[:strongest] for name in one.features}
    found = [one for one in patterns() if _fits(one, signal, themes)]
    return tuple(found[: _book()["shown"]]) or tuple(one for one in patterns() if one.otherwise)


def _fits(pattern: Pattern, signal: Signal, themes: set[str]) -> bool:
    if pattern.statutory and any(one.statutory for one in signal.rule_hits):
        return True
    if pattern.at_home and signal.standing is Standing.ALREADY_ABSENT:
        return True
    by_rule = any(one.rule.startswith(pattern.rules) for one in signal.rule_hits) if pattern.rules else False
    return by_rule or not themes.isdisjoint(pattern.themes)


def steps(text: str) -> tuple[str, ...]:
    """Return the steps of a text, one a line, without the marks that people put before a line."""
    lines = (line.strip().lstrip("-*•").strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


def standing(viewer: Viewer, session: Session, *, school: str) -> dict[str, Version]:
    """Return what stands at each pattern for `school`: its own newest text, or the example where that is empty.

    Raises
    ------
    NotAllowedError
        The viewer's role has nothing to do with follow-ups.
    """
    viewer.must(Permission.READ_FOLLOW_UPS)
    query = select(PlaybookRow).where(PlaybookRow.school == school).order_by(PlaybookRow.version)
    own = {row.pattern: row for row in session.scalars(query)}
    return {one.id: _version(one, own.get(one.id)) for one in patterns()}


def _version(pattern: Pattern, row: PlaybookRow | None) -> Version:
    if row is None:
        return Version(pattern, pattern.example)
    return Version(pattern, row.text or pattern.example, row.version, row.written_by, row.written_at)


def write(viewer: Viewer, session: Session, *, school: str, pattern: str, text: str) -> None:
    """Make `text` what stands at `pattern` for `school`; empty puts the example back. Earlier versions stay.

    Raises
    ------
    NotAllowedError
        The viewer's role may not.
    NotFoundError
        There is no such pattern.
    UsageError
        The text is too long.
    """
    viewer.must(Permission.WRITE_PLAYBOOK)
    if pattern not in {one.id for one in patterns()}:
        detail = "Dit patroon staat niet in het draaiboek."
        raise NotFoundError(detail, remedy="Kies een patroon op de pagina van het draaiboek.")
    whole = "\n".join(steps(text))
    if len(whole) > LONGEST:
        detail = f"Deze tekst telt {len(whole)} tekens; er passen er {LONGEST}."
        raise UsageError(detail, remedy="Maak de stappen korter.")
    db.next_change(session)  # of two who write at once the second sees the version of the first
    newest = standing(viewer, session, school=school)[pattern]
    row = PlaybookRow(
        school=school,
        pattern=pattern,
        version=newest.number + 1,
        text=whole,
        written_by=viewer.name,
        written_at=now(),
    )
    session.add(row)
    session.flush()
    audit.record(viewer, session, action=Action.PLAYBOOK_WRITTEN, school=school, object_id=row.id)


def goes_too_far(pattern: Pattern, text: str) -> bool:
    """Whether a text names the attendance officer where no duty was reached: illness may not go there."""
    return not pattern.statutory and LEERPLICHT in text.lower()
