"""How long what is kept, what is past its term now, and when that was last removed. Removing is the batch's work."""

import json

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from data_contracts.errors import NotAllowedError
from service import auth, retention, scope, web
from service.tables import RetentionRunRow
from service.terms import Part, terms
from service.viewer import ROLES, Permission

router = APIRouter(include_in_schema=False)

PAGE = "/beheer/bewaren"
RUNS = 12
"""How many runs are shown; more are in the audit."""

COUNTED = {
    Part.LISTS: ("lists", "signals"),
    Part.FOLLOW_UPS: ("follow_ups",),
    Part.CASES: ("cases",),
    Part.RIGHTS: ("rights",),
    Part.DELIVERIES: ("deliveries",),
    Part.AUDIT: ("audit",),
    Part.SESSIONS: ("sessions",),
}
"""What is counted of each part here. The lake and its reports only the batch can count."""


@router.get(PAGE)
def keeping_page(request: Request) -> Response:
    """Show the terms, for who arranges and for who oversees."""
    here = auth.installation(request)
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        if not (viewer.may(Permission.READ_MANAGEMENT) or viewer.may(Permission.READ_AUDIT)):
            detail = f"In uw rol ({ROLES[viewer.role].label}) kunt u deze gegevens niet inzien."
            raise NotAllowedError(detail, remedy="Meld u aan in een rol waarin dat wel mag, of vraag het uw beheerder.")
        runs = session.scalars(select(RetentionRunRow).order_by(RetentionRunRow.at.desc()).limit(RUNS)).all()
        past = [(run.at, run.by, retention.worded(json.loads(run.counts))) for run in runs]
    rules, today = terms(here.settings.home), scope.today()
    due = retention.due(here.engine, rules, today=today, schools=viewer.schools)
    now = {
        part: retention.worded({name: due[name] for name in COUNTED.get(part, ()) if name in due})
        for part in Part
        if any(name in due for name in COUNTED.get(part, ()))
    }
    return web.render(
        request,
        "management/management_keeping.html",
        viewer=viewer,
        terms=rules,
        cutoffs={part: term.cutoff(today) for part, term in rules.items()},
        now=now,
        waits=any(due.values()),
        runs=past,
    )
