"""The list of this week: the page, and the same list on paper for the meeting."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from data_contracts.weekly_list import Gone
from service import audit, auth, reading, web, words
from service.audit import Action
from service.brief import Brief
from service.following.care import Care, care
from service.front.entitled import needs
from service.pages import filters, listed
from service.pages.exports import pdf, sheet, xlsx
from service.pages.filters import Asked, Filters, Kept
from service.pages.following import board
from service.pages.listed import ListPage
from service.reading import Head, School, Shown
from service.rights import alone, requests
from service.vault import Vault
from service.viewer import PRIMARY_SECTORS, Permission, Viewer
from service.who.mentors import Mentor, mentors

router = APIRouter(include_in_schema=False)

BRIN = 4
"""So many characters of a school's id name the school; what follows is the location."""

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
ON_PAPER = needs(Permission.READ_NAMES, Permission.READ_LISTS)


@dataclass(frozen=True)
class Chosen:
    """The list that was asked for, and those beside it."""

    head: Head
    school: School
    schools: tuple[School, ...]
    weeks: tuple[date, ...]

    @property
    def place_word(self) -> str:
        """What the schools beside each other are: places of one school (one BRIN), or schools."""
        return "Vestiging" if len({one.id[:BRIN] for one in self.schools}) == 1 else "School"

    @property
    def beside(self) -> bool:
        """Whether there are other schools to choose."""
        return len(self.schools) > 1

    @property
    def newer(self) -> date | None:
        """The week after this one that has a list."""
        place = self.weeks.index(self.head.document.week)
        return self.weeks[place - 1] if place else None

    @property
    def older(self) -> date | None:
        """The week before this one that has a list."""
        place = self.weeks.index(self.head.document.week)
        return self.weeks[place + 1] if place + 1 < len(self.weeks) else None


@dataclass(frozen=True)
class Read:
    """A list as read: who is shown, who left it, and the names and follow-ups that belong to them."""

    shown: Sequence[Shown]
    left: Sequence[tuple[Gone, Shown]]
    names: dict[str, str]
    known: Mapping[str, Care]


@dataclass(frozen=True)
class Narrowed:
    """A list as filtered, beside the whole of it and what it can be filtered on; ``said`` tells the filters in words."""

    page: ListPage
    whole: ListPage
    filters: Filters
    said: list[str]
    years: list[str]
    groups: list[str]
    mentors: list[Mentor]


@router.get("/weeklijst", openapi_extra=needs(Permission.READ_LISTS))
def weekly_list(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Show one school's list: the newest, or that of a week, as far as the filters go."""
    here = auth.installation(request)
    with auth.asking(request) as (viewer, session):
        chosen = choose(viewer, session, asked, last=filters.remembered(request))
        if chosen is None:
            return web.render(request, "no_list.html", viewer=viewer)
        found = read(viewer, session, chosen.head, vault=here.vault)
        apart = duties_alone(viewer, session, chosen, vault=here.vault)
        # How many of the school is not for who is kept to some of its groups: of so few, a number points at somebody.
        objectors = 0 if viewer.groups is not None else len(requests.objectors(session, school=chosen.school.id))
        concerns = () if chosen.newer else board.concerns(viewer, session, chosen.head, vault=here.vault)
    # After the page's own transaction, which may not read them, so that nobody holds two connections at once.
    theirs = mentors(viewer, here.engine).get(chosen.school.id, ())
    narrowed = narrow(viewer, found, wanted=asked.wanted(request), mentors=theirs)
    document = chosen.head.document
    answer = web.render(
        request,
        "weekly_list.html",
        viewer=viewer,
        chosen=chosen,
        head=chosen.head,
        narrowed=narrowed,
        page=narrowed.page,
        concerns=concerns,
        alone=apart,
        objectors=objectors,
        filters=narrowed.filters,
        names_missing=viewer.may(Permission.READ_NAMES) and not found.names and bool(narrowed.years or narrowed.groups),
        groups=own_groups(viewer, chosen.head),
        picked=filters.PICKED,
        orders=filters.ORDERS,
        year_word="Groep" if document.sector in PRIMARY_SECTORS else "Leerjaar",
        mentor_word="Leerkracht" if document.sector in PRIMARY_SECTORS else "Mentor",
        may_follow=viewer.may(Permission.READ_FOLLOW_UPS),
        may_export=viewer.may(Permission.READ_NAMES),
        this_week=this_week(),
        asked=asked.week if asked.week and asked.week != document.week else None,
        late=listed.lacks_delivery(document),
    )
    filters.remember(answer, narrowed.filters, here.settings, school=chosen.school.id if chosen.beside else "")
    return answer


@router.get("/weeklijst.xlsx", openapi_extra=ON_PAPER)
def as_sheet(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Give the list as a workbook, for the meeting."""
    return _paper(request, asked, draw=xlsx.workbook, media_type=XLSX, ending="xlsx")


@router.get("/weeklijst.pdf", openapi_extra=ON_PAPER)
def as_pdf(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Give the list as pages to print, for the meeting."""
    return _paper(request, asked, draw=pdf.pages, media_type=PDF, ending="pdf")


def _paper(
    request: Request, asked: Asked, *, draw: Callable[[sheet.Sheet], bytes], media_type: str, ending: str
) -> Response:
    """Give the pupils on the list, as filtered; each who leaves on paper is logged as such."""
    here = auth.installation(request)
    known = colleagues(request) if asked.mentor else {}
    with auth.asking(request) as (viewer, session):
        viewer.must(Permission.READ_NAMES)
        chosen = choose(viewer, session, asked)
        if chosen is None:
            raise reading.not_found(reading.A_LIST)
        theirs = known.get(chosen.school.id, ())
        found = read(viewer, session, chosen.head, vault=here.vault)
        narrowed = narrow(viewer, found, wanted=asked.filters, mentors=theirs)
        apart = duties_alone(viewer, session, chosen, vault=here.vault)
        made = sheet.of(
            viewer, chosen.head, narrowed.page, said=narrowed.said, whole=len(narrowed.whole.on_list), alone=apart
        )
        audit.record(
            viewer,
            session,
            action=Action.LIST_EXPORTED,
            school=chosen.school.id,
            subjects=made.pupils,
            object_id=chosen.head.id,
        )
    name = f"weeklijst-{chosen.school.id}-{chosen.head.document.week}.{ending}"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(draw(made), media_type=media_type, headers=disposition)


def colleagues(request: Request) -> Mapping[str, Sequence[Mentor]]:
    """Return the mentors at each school of whoever asks; before the page's own transaction, which may not read them."""
    with auth.asking(request, touches_pupils=False) as (viewer, _):
        pass
    return mentors(viewer, auth.installation(request).engine)


def choose(viewer: Viewer, session: Session, asked: Asked, *, last: Kept | None = None) -> Chosen | None:
    """Find the list that was asked for: of the `last` or first school and the newest week where that was left open.

    Returns
    -------
    Chosen or None
        None where there is no list at all.

    Raises
    ------
    NotFoundError
        The school is not in scope, or has no list.
    """
    schools = reading.schools(viewer, session)
    if asked.school and asked.school not in {one.id for one in schools}:
        raise reading.not_found(reading.A_LIST)
    if not schools:
        return None
    usual = asked.school or (last.school if last else "")
    school = next((one for one in schools if one.id == usual), schools[0])
    weeks = reading.weeks(viewer, session, school=school.id)
    week = asked.week if asked.week in weeks else weeks[0]
    (head,) = reading.heads(viewer, session, school=school.id, week=week)
    return Chosen(head, school, schools, weeks)


def read(viewer: Viewer, session: Session, head: Head, *, vault: Vault) -> Read:
    """Read a list with names and follow-ups."""
    shown = reading.signals(viewer, session, head, kind=Brief)
    left = reading.gone(viewer, session, head)
    pupils = [one.signal.pupil for one in shown] + [gone.pupil for gone, _ in left]
    names = reading.names(viewer, session, school=head.document.school, pupils=pupils, vault=vault)
    known = care(viewer, session, head, pupils=[one.signal.pupil for one in shown if in_hand(one)])
    return Read(shown, left, names, known)


def narrow(viewer: Viewer, read: Read, *, wanted: Filters, mentors: Sequence[Mentor]) -> Narrowed:
    """Return what was read as far as the filters go that hold on it."""
    within = wanted.within(read.shown, mentors, may_know=viewer.may(Permission.READ_FOLLOW_UPS))
    rows = listed.rows_of(read.shown, read.names, read.known)
    still = [one for one in read.left if within.places(one[1].signal)]
    page = listed.list_page(
        within.filters.sorted(row for row in rows if within.shows(row)),
        listed.gone_rows(still, read.names),
        duties=listed.duties_of(row for row in rows if within.places(row.shown.signal)),
    )
    whole = listed.list_page(rows, listed.gone_rows(read.left, read.names), duties=listed.duties_of(rows))
    groups = filters.groups(read.shown)
    here = [one for one in mentors if not one.groups.isdisjoint(groups)]
    return Narrowed(page, whole, within.filters, within.said, filters.years(read.shown), groups, here)


def duties_alone(viewer: Viewer, session: Session, chosen: Chosen, *, vault: Vault) -> tuple[listed.Duty, ...]:
    """Return the legal duties on a list about pupils who do not take part, with their names."""
    found = alone.duties_alone(viewer, session, chosen.head)
    pupils = [one.pupil for one in found]
    names = reading.names(viewer, session, school=chosen.school.id, pupils=pupils, vault=vault) if found else {}
    return listed.duties_alone(found, names)


def in_hand(one: Shown) -> bool:
    """Whether somebody ought to have this pupil in hand: on the list, or away for long already."""
    return one.signal.on_list or one.signal.position is None


def own_groups(viewer: Viewer, head: Head) -> tuple[str, ...]:
    """Return the classes that the viewer is kept to at this school; empty where that is the whole school."""
    if viewer.groups is None:
        return ()
    return tuple(sorted(group for school, group in viewer.groups if school == head.document.school))


def this_week(at: datetime | None = None) -> date:
    """Return the Monday of this week, in Dutch local time."""
    today = (at or datetime.now(words.ZONE)).astimezone(words.ZONE).date()
    return today - timedelta(days=today.weekday())
