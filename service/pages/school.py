"""The page about a school: attendance first, then where it is lower, how good the data are, and what was followed up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from data_contracts.quality import Grade, WeekQuality
from data_contracts.school_page import Attendance, Part, Rate, Recovery, SchoolPage, total
from features.calendar import school_year_start
from service import auth, reading, school_pages, web, words
from service.following import followed
from service.pages import choosing, school_drawing
from service.pages.school_drawing import Dots, Hours, Lines, share
from service.viewer import PRIMARY_SECTORS, Viewer

router = APIRouter(include_in_schema=False)

TOGETHER = "overige, samen"
"""What parts that are too small to stand apart are called."""

HALF_DAYS = 2
"""A primary school that counts no more hours than this counts mornings and afternoons."""


@dataclass(frozen=True)
class Beside:
    """What the school's attendance stands beside: whose, how high, and how the school compares over the same weeks."""

    label: str
    text: str
    note: str = ""


@dataclass(frozen=True)
class Own:
    """A class of a mentor; without figures where it is too small to be shown apart."""

    name: str
    part: Part | None


@dataclass(frozen=True)
class Recovered:
    """Attendance before and after follow-ups, in words; empty where it is too early, or they are too few."""

    before: str
    after: str
    change: str


@dataclass(frozen=True)
class Drawn:
    """Everything on the page that comes from the published document."""

    figures: tuple[Beside, ...]
    lines: Lines | None
    hours: Hours | None
    years: Dots | None
    classes: Dots | None
    subjects: Dots | None
    own: tuple[Own, ...]
    silent: tuple[date, ...]
    year: str
    until: date | None
    recovered: Recovered | None


@router.get("/school")
def school_page(request: Request, school: str = "") -> Response:
    """Show one school's attendance, as it was counted beside its newest list."""
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        chosen = choosing.school(viewer, session, school)
        if chosen is None:
            return web.render(request, "no_list.html", viewer=viewer)
        current, schools = chosen.school, chosen.schools
        page = school_pages.newest(viewer, session, school=current.id)
        since = None if page is None else school_year_start(page.week)
        graded = () if since is None else _graded(viewer, session, school=current.id, since=since)
        done = None if since is None else followed.counts(viewer, session, school=current.id, since=since)
    return web.render(
        request,
        "school.html",
        viewer=viewer,
        school=current,
        schools=schools,
        page=page,
        drawn=None if page is None else draw(viewer, page),
        graded=graded,
        good=sum(one.grade is Grade.GOOD for one in graded),
        done=done,
        share=share,
    )


def draw(viewer: Viewer, page: SchoolPage) -> Drawn:
    """Lay out what `viewer` sees of a page: a mentor the own classes beside the school, others the whole."""
    rate = total(one.own for one in page.weeks).rate
    own = _own(viewer, page)
    halves = page.sector in PRIMARY_SECTORS and max([one.hour or 0 for one in page.hours], default=0) <= HALF_DAYS
    return Drawn(
        figures=_figures(viewer, page, rate, own),
        lines=school_drawing.lines([one.week for one in page.weeks], _series(viewer, page, own)),
        hours=school_drawing.hours(page.weekdays, () if page.on_norm else page.hours, in_halves=halves),
        years=school_drawing.dots(
            [(words.year_group(one.name) if one.name else TOGETHER, one) for one in page.years], rate
        ),
        classes=None
        if viewer.groups is not None
        else school_drawing.dots([(one.name or TOGETHER, one) for one in page.classes], rate),
        subjects=None if page.on_norm else school_drawing.dots([(one.name, one) for one in page.subjects], rate),
        own=own,
        silent=tuple(one.week for one in page.weeks if not one.own.scheduled),
        year=_year(page),
        until=max((one.week for one in page.weeks if one.own.scheduled), default=None),
        recovered=_recovered(page.recovery),
    )


def _own(viewer: Viewer, page: SchoolPage) -> tuple[Own, ...]:
    if viewer.groups is None:
        return ()
    parts = {one.name: one for one in page.classes}
    return tuple(Own(group, parts.get(group)) for school, group in sorted(viewer.groups) if school == page.school)


def _series(viewer: Viewer, page: SchoolPage, own: Sequence[Own]) -> list[tuple[str, Sequence[Rate | None]]]:
    """Choose the lines to draw: the school, and beside it the own classes, or else last year and the other schools."""
    school = ("de school", [one.own.rate for one in page.weeks])
    if viewer.groups is not None:
        return [school, *((one.name, one.part.weeks) for one in own if one.part)]
    before = [None if one.last_year is None else one.last_year.rate for one in page.weeks]
    others = [None if one.others is None else one.others.rate for one in page.weeks]
    return [school, ("vorig schooljaar", before), (_others(page), others)]


def _others(page: SchoolPage) -> str:
    return f"{page.other_schools} andere scholen ({page.sector})"


def _figures(viewer: Viewer, page: SchoolPage, rate: Rate | None, own: Sequence[Own]) -> tuple[Beside, ...]:
    found = [Beside("Aanwezig, dit schooljaar", share(rate))]
    if viewer.groups is not None:
        for one in own:
            text = "niet apart te zien" if one.part is None else share(one.part.attendance.rate)
            found.append(Beside(f"Uw klas {one.name}", text))
    before = [(one.own, one.last_year) for one in page.weeks if one.own.scheduled and one.last_year]
    found += _compared("Vorig schooljaar, zelfde weken", before)
    if viewer.groups is None:
        others = [(one.own, one.others) for one in page.weeks if one.own.scheduled and one.others]
        found += _compared(f"De {_others(page)} samen", others)
    return tuple(found)


def _compared(label: str, pairs: Sequence[tuple[Attendance, Attendance]]) -> list[Beside]:
    """Compare over the weeks that both had."""
    ours, theirs = total(own for own, _ in pairs).rate, total(other for _, other in pairs).rate
    if ours is None or theirs is None:
        return []
    return [Beside(label, share(theirs), f"uw school in die weken: {school_drawing.difference(ours, theirs)}")]


def _year(page: SchoolPage) -> str:
    first = school_year_start(page.week).year
    return f"{first}-{first + 1}"


def _recovered(recovery: Recovery | None) -> Recovered | None:
    if recovery is None or recovery.before is None or recovery.after is None:
        return None
    before, after = recovery.before.rate, recovery.after.rate
    if before is None or after is None:
        return None
    return Recovered(share(before), share(after), school_drawing.difference(after, before))


def _graded(viewer: Viewer, session: Session, *, school: str, since: date) -> tuple[WeekQuality, ...]:
    """Return the grade of each week of this school year that a list graded, newest week first; the newest list's word goes."""
    found: dict[date, WeekQuality] = {}
    for head in reading.heads(viewer, session, school=school):
        for one in head.document.quality:
            if one.week >= since:
                found.setdefault(one.week, one)
    return tuple(found[week] for week in sorted(found, reverse=True))
