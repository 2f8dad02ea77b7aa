"""Regio: what an alliance sees of its schools, in counts; and the calculator of a business case."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BeforeValidator
from starlette.responses import Response

from data_contracts.model_page import ModelPage
from models.scorecard import Scorecard
from service import auth, reading, region, web
from service.disclosure import RULES
from service.front.entitled import needs
from service.moments import Day
from service.pages import model
from service.pages.region import business_case, region_drawing
from service.pages.region.business_case import FIELDS
from service.region import Line
from service.viewer import Permission

router = APIRouter(include_in_schema=False)

CALCULATOR = "/regio/rekenhulp"
WEEKS = 8
"""Weeks in the drawing: as many as the score looks ahead."""

Week = Annotated[Day | None, BeforeValidator(lambda value: value or None), Query()]


@router.get("/regio", openapi_extra=needs(Permission.READ_REGION))
def region_page(request: Request, week: Week = None) -> Response:
    """Show the region in counts, as the lists of `week` (left out: the newest) have it."""
    key = region.key_at(auth.installation(request).settings.home)
    with auth.asking(request) as (viewer, session):
        weeks = region.weeks(viewer, session)
        if week is not None and week not in weeks:
            raise reading.not_found(region.A_REGION)
        until = [one for one in weeks if week is None or one <= week]
        course = region.course(viewer, session, weeks=until[:WEEKS], key=key)
    picture = next(iter(course), None)
    return web.render(
        request,
        "region/region.html",
        viewer=viewer,
        picture=picture,
        year_groups=() if picture is None else sorted(picture.year_groups, key=_in_order),
        weeks=weeks,
        charts=region_drawing.charts(course),
        course=course,
        labels=region_drawing.LABELS,
        said=region_drawing.said,
        rules=RULES,
    )


@router.get(CALCULATOR)
def calculator(request: Request) -> Response:
    """Show the calculator, and what comes out once it is filled in; nothing that is filled in is kept."""
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        page = model.newest(viewer, session)
    asked = {field.name: request.query_params[field.name] for field in FIELDS if field.name in request.query_params}
    own, wrong = business_case.read(asked) if asked else (None, {})
    measured = None if page is None or page.scorecard is None else page.measured
    found = (
        None
        if own is None or page is None or measured is None
        else business_case.work_out(own, measured, places=page.places)
    )
    return web.render(
        request,
        "region/region_business_case.html",
        status=HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK,
        viewer=viewer,
        page=page,
        measured=measured,
        meaning=_meaning(page),
        fields=FIELDS,
        asked=asked,
        wrong=wrong,
        own=own,
        found=found,
        bars=() if found is None else business_case.bars(found),
        calc=business_case,
        demo=auth.installation(request).settings.is_demo,
    )


def _in_order(line: Line) -> tuple[bool, int, str]:
    """Sort year groups as a pupil goes through them, and after those the ones without a number."""
    return not line.key.isdigit(), int(line.key) if line.key.isdigit() else 0, line.key


def _meaning(page: ModelPage | None) -> str:
    """Return what the scorecard in use looks for, in Dutch."""
    return "" if page is None or page.scorecard is None else Scorecard.from_json(page.scorecard).target.meaning
