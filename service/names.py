"""Names of pupils who were shown already, for those who may see names; of several schools at once."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy.orm import Session

from service import reading
from service.vault import Vault
from service.viewer import Viewer

Pupil = tuple[str, str]
"""A school, and a pseudonym there."""


def by_school(pupils: Iterable[Pupil]) -> dict[str, list[str]]:
    """Return the pseudonyms of each school."""
    found: dict[str, list[str]] = defaultdict(list)
    for school, pupil in pupils:
        found[school].append(pupil)
    return found


def of(viewer: Viewer, session: Session, pupils: Iterable[Pupil], *, vault: Vault) -> dict[Pupil, str]:
    """Return the names of `pupils`, as far as the viewer may see them (`service.scope` decides)."""
    return {
        (school, pupil): name
        for school, theirs in by_school(pupils).items()
        for pupil, name in reading.names(viewer, session, school=school, pupils=theirs, vault=vault).items()
    }
