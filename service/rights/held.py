"""Everything that the service holds about one pupil, to be handed to who has the right to see it (GDPR, article 15).

Of staff it names nobody who only looked, and nobody who said that something was wrong: that is theirs (article 15(4)).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import names, reading, scope, stored
from service.api import shaping
from service.audit import Action
from service.cases import GROUNDS, Ground
from service.following import follow_ups
from service.following.follow_ups import KINDS, OUTCOMES, FollowUp, Kind
from service.reading import Shown
from service.rights import requests, seen
from service.rights.kinds import ANSWERS, ASKED_BY, WRONGS, Request
from service.shared import Duty
from service.stored import Stored
from service.tables import CaseRow, DutyRow, ListRow, SignalRow, now
from service.vault import Vault
from service.viewer import Permission, Viewer

Json = dict[str, Any]
SOMEBODY = "een medewerker van de school"
READ_FIRST = (
    "Lees dit bestand door voordat u het geeft. Staat er iets in over een ander kind, een andere ouder of een medewerker?",
    "Haal dat dan weg (AVG, artikel 15, lid 4).",
    "Kansen en punten zeggen iets over de volgorde van een lijst van toen, niet over deze leerling.",
    "Geef er uitleg bij: de pagina 'Voor ouders en leerling'.",
    "Wat de school verder bewaart (het leerlingdossier, het schoolsysteem) staat hier niet in.",
    "Alles wat de school heeft aangeleverd, met elke versie: aanwezig inzage, door de beheerder.",
)


@dataclass(frozen=True)
class Held:
    """All of it, in parts; each part is a list of flat or nested records, as JSON has them."""

    school: str
    about: Json
    parts: dict[str, list[Json]]

    @property
    def json(self) -> Json:
        """The whole as one object."""
        return {"over": self.about, **self.parts}


def held(viewer: Viewer, session: Session, signal_id: str, *, vault: Vault) -> Held:
    """Return everything about the pupil of a signal; it is logged as handed over.

    Raises
    ------
    NotFoundError
        There is no such signal for this viewer.
    """
    viewer.must(Permission.READ_RIGHTS)
    scope.enter(session, viewer, rights=True)
    shown = reading.signal(viewer, session, signal_id, action=Action.ACCESS_HANDED_OVER)
    school, pupil = shown.school, shown.signal.pupil
    named = names.of(viewer, session, [(school, pupil)], vault=vault).get((school, pupil))
    followed = follow_ups.follow_ups(viewer, session, vault=vault, limit=requests.MOST, about=(school, pupil))
    asked = requests.requests(viewer, session, vault=vault, school=school, pupil=pupil)
    parts = {
        "signalen": [shaping.signaal(one, name=named) for one in _signals(session, shown)],
        "opvolgingen": [_follow_up(one) for one in followed],
        "dossiers": list(_cases(session, school, pupil)),
        "verzuimmeldingen": list(_duties(session, school, pupil)),
        "verzoeken": [_request(one) for one in asked],
        "wieKeek": [
            {"dag": one.day, "rol": one.role, "handeling": one.act}
            for one in seen.lines(viewer, session, school=school, pupil=pupil)
        ],
    }
    about = {
        "leerling": pupil,
        "naam": named,
        "groep": shown.signal.group,
        "school": school,
        "schoolnaam": shown.head.document.school_name,
        "gemaaktOp": now(),
        "lezen": list(READ_FIRST),
    }
    return Held(school, about, parts)


def _signals(session: Session, of: Shown) -> Iterator[Stored]:
    """Yield the pupil's signals of every list and edition, the newest first, with their calendars."""
    query = (
        reading.WITH_LIST.add_columns(SignalRow.calendar)
        .where(SignalRow.school == of.school, SignalRow.pupil == of.signal.pupil)
        .order_by(ListRow.week.desc(), ListRow.edition.desc())
    )
    return map(stored.of_row, session.execute(query))


def _follow_up(one: FollowUp) -> Json:
    plan = one.plan
    return {
        "soort": KINDS[plan.kind],
        "wie": SOMEBODY if plan.kind is Kind.CONCERN else plan.owner,
        "geplandOp": plan.planned_on,
        "gedaanOp": plan.done_on,
        "uitkomst": None if plan.outcome is None else OUTCOMES[plan.outcome],
        "notitie": plan.note,
        "vastgelegdOp": one.opened_at,
        "gewijzigdOp": one.changed_at,
        "teruggedraaidOp": one.withdrawn_at,
    }


def _cases(session: Session, school: str, pupil: str) -> Iterator[Json]:
    query = select(CaseRow).where(CaseRow.school == school, CaseRow.pupil == pupil).order_by(CaseRow.opened_at.desc())
    for row in session.scalars(query):
        yield {
            "bij": "samenwerkingsverband",
            "grond": GROUNDS[Ground(row.ground)],
            "geopendOp": row.opened_at,
            "totEnMet": row.expires_on,
            "geslotenOp": row.closed_at,
        }


def _duties(session: Session, school: str, pupil: str) -> Iterator[Json]:
    query = select(DutyRow).where(DutyRow.school == school, DutyRow.pupil == pupil)
    for row in session.scalars(query.order_by(DutyRow.week.desc(), DutyRow.edition.desc())):
        duty = Duty.model_validate_json(row.document)
        yield {
            "week": row.week,
            "editie": row.edition,
            "regels": shaping.regels(duty.hits),
            "dagen": [{"dag": one.day, "soort": one.kind} for one in duty.days],
        }


def _request(one: Request) -> Json:
    record = one.record
    return {
        "soort": one.kind.value,
        "gevraagdDoor": ASKED_BY[one.asked.by],
        "gevraagdOp": one.asked.on,
        "eersteDag": None if record is None else record.first_day,
        "laatsteDag": None if record is None else record.last_day,
        "watKloptNiet": None if record is None else WRONGS[record.wrong],
        "toelichting": None if record is None else record.note,
        "antwoord": None if one.answer is None else ANSWERS[one.answer],
        "beantwoordOp": one.answered_on,
        "antwoordTekst": one.reply,
        "ingetrokkenDoor": None if one.withdrawn_by is None else ASKED_BY[one.withdrawn_by],
    }
