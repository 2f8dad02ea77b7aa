"""What goes on paper: the pupils to talk about and the legal duties, no more; with whose copy it is, and what for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from data_contracts.weekly_list import Basis, WeeklyList
from service import words
from service.pages import drawing
from service.pages.listed import Duty, Hit, ListPage, Row
from service.reading import Head
from service.tables import now
from service.viewer import ROLES, Viewer


@dataclass(frozen=True)
class HitLine:
    """One threshold on paper."""

    text: str
    statutory: bool


@dataclass(frozen=True)
class Line:
    """One pupil on paper, in words; the drawing only where there are weeks to draw."""

    place: int | None
    name: str
    group: str
    since: str
    what: str
    hits: tuple[HitLine, ...]
    notes: tuple[str, ...]
    likely: str
    chart: drawing.Chart | None
    on_list_since: date | None
    owner: str
    step: str


@dataclass(frozen=True)
class DutyLine:
    """One legal duty on paper."""

    name: str
    group: str
    label: str
    reached_on: date
    times: int
    deadline: date | None


@dataclass(frozen=True)
class Sheet:
    """A list on paper.

    Parameters
    ----------
    school, week
        Of which list.
    told
        What the reader has to know about the data and about what was left out.
    lines, absent, due, passed
        The pupils on the list, those away for long already, and the legal duties with a deadline: those that
        still run, and those that have passed.
    knows_care
        Whether it says who has whom; not every role may know.
    viewer, purpose, made_at
        Whose copy it is, what for, and of when (UTC).
    pupils
        Pseudonyms of everyone on it, for the audit.
    """

    school: str
    week: date
    told: tuple[str, ...]
    lines: tuple[Line, ...]
    absent: tuple[Line, ...]
    due: tuple[DutyLine, ...]
    passed: tuple[DutyLine, ...]
    knows_care: bool
    viewer: str
    purpose: str
    made_at: datetime
    pupils: tuple[str, ...]

    @property
    def title(self) -> str:
        """What it is."""
        return f"Aandachtslijst {self.school}, week van {words.week(self.week)}"

    @property
    def footer(self) -> str:
        """What stands at the foot of every page."""
        return f"Doel: {self.purpose}. Voor {self.viewer}, {words.moment(self.made_at)}. Na het overleg vernietigen."


def of(
    viewer: Viewer,
    head: Head,
    page: ListPage,
    *,
    said: Sequence[str] = (),
    whole: int,
    alone: Sequence[Duty] = (),
) -> Sheet:
    """Put a list on paper as `viewer` sees it.

    Parameters
    ----------
    page, said
        The list as filtered, and on what.
    whole
        How many pupils are on it without filters.
    alone
        Legal duties about pupils who do not take part.
    """
    week = head.document.week
    dated = [duty for duty in (*page.duties, *alone) if duty.deadline is not None]
    everyone = (*page.on_list, *page.absent, *(duty.row for duty in dated if duty.row is not None))
    return Sheet(
        school=head.document.school_name,
        week=week,
        told=(*_narrowed(page, said, whole), *_standing(head.document), *([words.COMPULSORY] if dated else [])),
        lines=tuple(map(_line, page.on_list)),
        absent=tuple(map(_line, page.absent)),
        due=tuple(_duty(duty) for duty in dated if duty.runs(week)),
        passed=tuple(_duty(duty) for duty in dated if not duty.runs(week)),
        knows_care=any(row.care is not None for row in everyone),
        viewer=viewer.name,
        purpose=ROLES[viewer.role].purpose,
        made_at=now().replace(microsecond=0),
        pupils=tuple(dict.fromkeys(row.shown.signal.pupil for row in everyone)),
    )


def _narrowed(page: ListPage, said: Sequence[str], whole: int) -> list[str]:
    return [f"{len(page.on_list)} van {whole} getoond ({', '.join(said)})."] if said else []


def _standing(document: WeeklyList) -> list[str]:
    """Say what the list stands on and what is missing, as the page does."""
    arrived = words.moment(document.data_moment) if document.data_moment else "nog niets ontvangen"
    told = [f"Gegevens tot: {arrived}."]
    if document.basis is Basis.RULES:
        told.append(f"Deze lijst staat op regels, niet op een score. {document.basis_reason}".strip())
    if document.provisional:
        told.append("Voorlopig: er is nog weinig om op te bouwen. Lees de volgorde met voorbehoud.")
    if document.quality:
        told += document.quality[-1].reasons
    return [*told, *document.notes]


def _line(row: Row) -> Line:
    signal = row.shown.signal
    step = row.care.last if row.care else None
    return Line(
        place=signal.position,
        name=row.name,
        group=signal.group,
        since=words.SINCE[signal.since],
        what=row.headline,
        hits=tuple(HitLine(told(hit), hit.last.statutory) for hit in row.hits),
        notes=signal.notes,
        likely=f"{words.TIERS[signal.tier]}, {signal.frequency}" if signal.tier else "",
        chart=row.chart,
        on_list_since=row.care.since if row.care else None,
        owner=step.owner if step else "",
        step=step.text if step else "",
    )


def told(hit: Hit) -> str:
    """Tell a threshold in one line, with its deadline where it has one."""
    one = hit.last
    often = f", {hit.times} keer, laatst" if hit.times > 1 else ","
    law = f" ({words.MAYBE if hit.doubtful else 'wettelijk'})" if one.statutory else ""
    text = f"{one.label}{law}{often} bereikt op {words.day(one.reached_on)}"
    return text + (f", uiterlijk {words.day(one.deadline)} melden" if one.deadline else "")


def _duty(duty: Duty) -> DutyLine:
    label = f"{duty.hit.label} ({words.MAYBE})" if duty.doubtful else duty.hit.label
    return DutyLine(duty.name, duty.group, label, duty.hit.reached_on, duty.times, duty.deadline)
