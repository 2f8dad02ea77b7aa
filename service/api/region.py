"""The region in counts, for an alliance: per school and per year group, with small counts left out."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from service import auth, region
from service.api.answers import answer
from service.api.base import PREFIX, UNCHANGED, WITH_ID, Link, Resource, new_router
from service.front.entitled import needs
from service.moments import Day
from service.region import Figures, Line
from service.shared import Measure
from service.viewer import Permission

router = new_router()

LEFT_OUT = (
    "Leeg (null) is minder dan 5, of op minder dan 5 na allemaal, of weggelaten omdat zo'n aantal er anders uit af te leiden is. "
    "De andere aantallen zijn afgerond op een vijftal erboven of eronder, dezelfde leerlingen altijd hetzelfde. Zij tellen "
    "daarom niet precies op. Jaargroepen waarvan niets te noemen is, staan er niet bij."
)
Count = Annotated[int | None, Field(examples=[25])]


class Tellingen(Resource):
    """Numbers of pupils, rounded to fives; null where nothing is told."""

    leerlingen: Count = Field(description="pupils considered; not known per year group", examples=[1240])
    op_lijst: Count = Field(description="within the capacity of their school, which the school chooses", examples=[40])
    in_beeld: Count = Field(
        description="with a threshold reached or a long absence, and of those on the list or just below it who have a likelihood "
        "of aandacht or nu bespreken; who only fills up a list is not counted",
        examples=[115],
    )
    wettelijke_drempel: Count = Field(
        description="with a legal duty to report, where the law is likely to apply", examples=[15]
    )
    langdurig_afwezig: Count = Field(description="away for long already", examples=[10])


class Schooltelling(Tellingen):
    """One school."""

    school: str = Field(examples=["11ZZ03"])
    schoolnaam: str = Field(examples=["Het Baken College"])


class Jaargroeptelling(Tellingen):
    """One year group, over all schools."""

    jaargroep: str = Field(description="as in OSO, or onbekend", examples=["12"])


class Regiobeeld(Resource):
    """The region in one week."""

    week: date = Field(description="Monday of the week", examples=["2026-11-16"])
    aantal_scholen: int = Field(description="schools that published a list for it", examples=[3])
    regio: Tellingen
    scholen: list[Schooltelling]
    jaargroepen: list[Jaargroeptelling]
    toelichting: str = Field(description="how to read the numbers", examples=[LEFT_OUT])
    links: dict[str, Link] = Field(alias="_links")


@router.get(
    "/regiobeelden",
    tags=["regiobeelden"],
    operation_id="region",
    summary="The region in counts",
    responses=WITH_ID | UNCHANGED,
    response_model=Regiobeeld,
    openapi_extra=needs(Permission.READ_REGION),
)
def one_region(
    request: Request,
    week: Annotated[Day | None, Query(description="Monday of the week; left out: the newest")] = None,
) -> Response:
    """Return counts per school and per year group. No count says anything of fewer than five pupils.

    Also two answers together do not: later editions, other weeks, and a total less its parts.
    """
    key = region.key_at(auth.installation(request).settings.home)
    with auth.asking(request) as (viewer, session):
        found = region.picture(viewer, session, week=week, key=key)
    here = Link(href=f"{PREFIX}/regiobeelden?week={found.week.isoformat()}")
    resource = Regiobeeld(
        week=found.week,
        aantal_scholen=len(found.schools),
        regio=Tellingen(**_counts(found.region)),
        scholen=[Schooltelling(school=line.key, schoolnaam=line.label, **_of(line)) for line in found.schools],
        jaargroepen=[Jaargroeptelling(jaargroep=line.label, **_of(line)) for line in found.year_groups],
        toelichting=LEFT_OUT,
        links={"self": here},
    )
    return answer(request, resource)


def _of(line: Line) -> Mapping[str, int | None]:
    return _counts(line.figures)


def _counts(figures: Figures) -> Mapping[str, int | None]:
    return {
        "leerlingen": figures[Measure.PUPILS],
        "op_lijst": figures[Measure.ON_LIST],
        "in_beeld": figures[Measure.IN_VIEW],
        "wettelijke_drempel": figures[Measure.DUTY],
        "langdurig_afwezig": figures[Measure.AWAY],
    }
