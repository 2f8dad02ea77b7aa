"""The pages: thin routes that ask `service.reading` what the viewer may see and hand it to a template."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from data_contracts.errors import NotFoundError
from data_contracts.weekly_list import Gone, RuleHit, Standing
from service import audit, auth, db, demo, drawing, reading, web, words
from service.reading import Head, Shown
from service.viewer import ROLES, Permission, Viewer

router = APIRouter(include_in_schema=False)

SIGN_IN = "/aanmelden"
SHORT_PSEUDONYM = 8


@dataclass(frozen=True)
class Row:
    """One pupil on the page: the signal, and what to call the pupil."""

    id: str
    name: str
    shown: Shown

    @property
    def chart(self) -> drawing.Chart | None:
        """Attendance against the class; drawn only where the page shows it."""
        return drawing.chart(self.shown.signal.attendance)

    @property
    def headline(self) -> str:
        """What is going on, in one line."""
        signal = self.shown.signal
        sentences = [one.text for one in signal.raising]
        rules = [one.text for one in signal.rule_hits]
        # Where there is no score, it is the rules that brought the pupil here.
        texts = (rules + sentences if signal.log_odds is None else sentences + rules) + list(signal.notes)
        return texts[0] if texts else "Geen bijzonderheid in de gegevens; open de leerling voor het overzicht."


@dataclass(frozen=True)
class GoneRow:
    """One pupil who left the list, and the last signal to open."""

    id: str
    name: str
    group: str
    gone: Gone


@dataclass(frozen=True)
class Duty:
    """A legal duty of one pupil on the page, with its deadline where it has one."""

    row: Row
    hit: RuleHit
    deadline: date | None


@dataclass(frozen=True)
class Beyond:
    """Pupils below the cut, under the first threshold that each has reached."""

    label: str
    statutory: bool
    rows: tuple[Row, ...]

    @property
    def size(self) -> int:
        """How many pupils."""
        return len(self.rows)


@dataclass(frozen=True)
class ListPage:
    """A list, parted as a meeting goes through it."""

    on_list: tuple[Row, ...]
    beyond: tuple[Beyond, ...]
    below: tuple[Row, ...]
    absent: tuple[Row, ...]
    gone: tuple[GoneRow, ...]
    duties: tuple[Duty, ...]


@router.get("/")
def start(request: Request) -> Response:
    """Send whoever is signed in to where the work is."""
    with auth.asking(request, touches_pupils=False) as (viewer, _):
        return RedirectResponse(ROLES[viewer.role].home, HTTPStatus.SEE_OTHER)


@router.get(SIGN_IN)
def sign_in_page(request: Request, naar: str = "") -> Response:
    """Show whom to sign in as (demo), or how signing in works here."""
    here = auth.installation(request)
    if not here.settings.is_demo:
        return web.render(request, "sign_in.html", tables=(), to="", is_demo=False)
    with db.transaction(here.engine, writes=False) as session:
        tables = demo.cast(session)
    return web.render(request, "sign_in.html", tables=tables, to=_local(naar), is_demo=True)


@router.post(SIGN_IN)
def sign_in(request: Request, persoon: Annotated[str, Form()], naar: Annotated[str, Form()] = "") -> Response:
    """Sign in as one of the demo cast; in production this does not exist."""
    here = auth.installation(request)
    if not here.settings.is_demo:
        detail = "Aanmelden als demo-gebruiker bestaat hier niet."
        raise NotFoundError(detail, remedy="Meld u aan met het account van uw school.")
    with db.transaction(here.engine) as session:
        person, role = demo.person(session, persoon)
        token = auth.sign_in(session, person, role, hours=here.settings.session_hours)
    response = RedirectResponse(_local(naar) or ROLES[role].home, HTTPStatus.SEE_OTHER)
    auth.give_cookie(response, token, here.settings)
    return response


@router.post("/afmelden")
def sign_out(request: Request) -> Response:
    """End the session on the server, then in the browser."""
    here = auth.installation(request)
    token = request.cookies.get(here.settings.cookie)
    if token:
        with db.transaction(here.engine) as session:
            auth.sign_out(session, token)
    response = RedirectResponse(SIGN_IN, HTTPStatus.SEE_OTHER)
    auth.take_cookie(response, here.settings)
    return response


@router.get("/weeklijst")
def weekly_list(
    request: Request, school: str = "", week: Annotated[date | None, Query(description="Monday")] = None
) -> Response:
    """Show one school's list: the newest, or that of `week`."""
    here = auth.installation(request)
    with auth.asking(request) as (viewer, session):
        schools = reading.schools(viewer, session)
        if school and school not in {one.id for one in schools}:
            raise reading.not_found(reading.A_LIST)
        if not schools:
            return web.render(request, "no_list.html", viewer=viewer)
        current = next((one for one in schools if one.id == school), schools[0])
        weeks = reading.weeks(viewer, session, school=current.id)
        chosen = week if week in weeks else weeks[0]
        (head,) = reading.heads(viewer, session, school=current.id, week=chosen)
        shown = reading.signals(viewer, session, head)
        left = reading.gone(viewer, session, head)
        pupils = [one.signal.pupil for one in shown] + [gone.pupil for gone, _ in left]
        names = reading.names(viewer, session, school=current.id, pupils=pupils, vault=here.vault)
    place = weeks.index(head.document.week)
    return web.render(
        request,
        "weekly_list.html",
        viewer=viewer,
        head=head,
        school=current,
        schools=schools,
        weeks=weeks,
        newer=weeks[place - 1] if place else None,
        older=weeks[place + 1] if place + 1 < len(weeks) else None,
        page=list_page(shown, left, names),
        names_missing=viewer.may(Permission.READ_NAMES) and bool(pupils) and not names,
        groups=_groups(viewer, head),
        this_week=this_week(),
        asked=week if week and week != head.document.week else None,
    )


@router.get("/leerling/{signal_id}")
def pupil(request: Request, signal_id: str) -> Response:
    """Show one pupil as on one list."""
    here = auth.installation(request)
    with auth.asking(request) as (viewer, session):
        shown = reading.signal(viewer, session, signal_id)
        head = reading.head(viewer, session, shown.list_id)
        before = reading.earlier(viewer, session, shown)
        pupils = [shown.signal.pupil]
        names = reading.names(viewer, session, school=shown.school, pupils=pupils, vault=here.vault)
    signal = shown.signal
    since = drawing.first_shown(head.document.school_days)
    if since is not None and signal.enrolled_from is not None:
        since = max(since, signal.enrolled_from)
    days = [one for one in signal.calendar if since is None or one.day >= since]
    return web.render(
        request,
        "pupil.html",
        viewer=viewer,
        head=head,
        row=_row(shown, names),
        signal=signal,
        chart=drawing.chart(signal.attendance, weeks=None),
        steps=drawing.waterfall(signal),
        years=drawing.calendar(days, [one for one in head.document.school_days if since is None or one >= since]),
        legend=drawing.legend(days),
        earlier=before,
    )


@router.get("/uitleg")
def explanation(request: Request) -> Response:
    """Explain how to read the list: what it is, and what it is not."""
    with auth.asking(request, touches_pupils=False) as (viewer, _):
        return web.render(request, "explanation.html", viewer=viewer)


@router.get("/logboek")
def audit_page(request: Request) -> Response:
    """Show the newest lines of the audit."""
    with auth.asking(request) as (viewer, session):
        events = audit.events(viewer, session)
    return web.render(request, "audit.html", viewer=viewer, events=events)


def list_page(shown: tuple[Shown, ...], left: tuple[tuple[Gone, Shown], ...], names: dict[str, str]) -> ListPage:
    """Part the signals of a list as a meeting goes through them."""
    rows = tuple(_row(one, names) for one in shown)
    candidates = [row for row in rows if row.shown.signal.standing is Standing.CANDIDATE]
    rest = [row for row in candidates if not row.shown.signal.on_list]
    duties = [Duty(row, hit, hit.deadline) for row in rows for hit in row.shown.signal.rule_hits if hit.statutory]
    return ListPage(
        on_list=tuple(row for row in candidates if row.shown.signal.on_list),
        beyond=_beyond(rest),
        below=tuple(row for row in rest if not row.shown.signal.rule_hits),
        absent=tuple(row for row in rows if row.shown.signal.standing is Standing.ALREADY_ABSENT),
        gone=tuple(GoneRow(last.id, call(gone.pupil, names), last.signal.group, gone) for gone, last in left),
        duties=tuple(sorted(duties, key=lambda duty: (duty.deadline or date.max, duty.row.name))),
    )


def _beyond(rest: list[Row]) -> tuple[Beyond, ...]:
    """Group pupils below the cut by threshold: duties first, then the threshold that most have reached."""
    groups: dict[tuple[str, bool], list[Row]] = {}
    for row in rest:
        if row.shown.signal.rule_hits:
            first = row.shown.signal.rule_hits[0]
            groups.setdefault((first.label, first.statutory), []).append(row)
    order = sorted(groups.items(), key=lambda item: (not item[0][1], -len(item[1]), item[0][0]))
    return tuple(Beyond(label, statutory, tuple(rows)) for (label, statutory), rows in order)


def _row(shown: Shown, names: dict[str, str]) -> Row:
    return Row(shown.id, call(shown.signal.pupil, names), shown)


def call(pupil: str, names: dict[str, str]) -> str:
    """Return what to call a pupil: the name, or for those who may not see names the start of the pseudonym."""
    return names.get(pupil) or f"Leerling {pupil[:SHORT_PSEUDONYM]}"


def this_week(at: datetime | None = None) -> date:
    """Return the Monday of this week, in Dutch local time."""
    today = (at or datetime.now(words.ZONE)).astimezone(words.ZONE).date()
    return today - timedelta(days=today.weekday())


def _groups(viewer: Viewer, head: Head) -> tuple[str, ...]:
    if viewer.groups is None:
        return ()
    return tuple(sorted(group for school, group in viewer.groups if school == head.document.school))


def _local(address: str) -> str:
    """Return `address` if it is a path on this host, or else nothing: a sign-in never sends anyone elsewhere."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_path and address.isprintable() and "\\" not in address else ""
