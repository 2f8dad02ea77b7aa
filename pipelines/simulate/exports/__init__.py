"""Real export files, in the shapes of docs/sources.md: one module a system."""

from collections.abc import Callable

from pipelines.simulate.exports import canonical, eduarte, magister, parnassys, somtoday
from pipelines.simulate.exports.folder import Folder
from pipelines.simulate.school import School

WRITERS: dict[str, Callable[[School, Folder], None]] = {
    "canonical": canonical.write,
    "eduarte": eduarte.write,
    "magister": magister.write,
    "parnassys": parnassys.write,
    "somtoday": somtoday.write,
}


def write_exports(school: School, folder: Folder) -> None:
    """Write the files of one school, its settings and the list of its deliveries."""
    WRITERS[school.place.source](school, folder)
    folder.finish(school)
