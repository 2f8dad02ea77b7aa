"""Legal duties to report, for an attendance officer: unauthorised absence, and nothing else."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, ClassVar

from fastapi import Query, Request
from pydantic import Field, TypeAdapter
from starlette.responses import Response

from data_contracts.identifiers import SCHOOL_PATTERN
from service import auth, duties, names, words
from service.api.answers import answer
from service.api.base import PREFIX, UNCHANGED, WITH_ID, WITHOUT_ID, Link, OpaqueId, Resource, new_router
from service.api.paging import MOST, After, Amount, Cursor, Key, links
from service.duties import ShownDuty
from service.front.entitled import needs
from service.moments import Day
from service.names import Pupil
from service.viewer import Permission

router = new_router()

READ = needs(Permission.READ_DUTIES)


class DutyCursor(Cursor):
    """The newest week first."""

    shapes: ClassVar[Mapping[str, TypeAdapter[Any]]] = {"week": TypeAdapter(tuple[date, Key])}


class Plicht(Resource):
    """A legal threshold that was reached."""

    regel: str = Field(examples=["lpw_16h"])
    omschrijving: str = Field(examples=["16 uur ongeoorloofd in 4 lesweken"])
    bron: str = Field(examples=["Leerplichtwet art. 21a; onderwijsinspectie.nl"])
    waarde: float = Field(examples=[17])
    drempel: float = Field(examples=[16])
    eenheid: str = Field(examples=["klokuren"])
    bereikt_op: date = Field(examples=["2026-11-12"])
    uiterlijk: date | None = Field(description="last day to report", examples=["2026-11-19"])
    tekst: str = Field(examples=["17 uur ongeoorloofd in een periode van ten hoogste 4 lesweken."])


class OngeoorloofdeDag(Resource):
    """A day on which lesson time was missed without leave."""

    dag: date = Field(examples=["2026-11-10"])
    soort: str = Field(examples=["ongeoorloofd afwezig"])


class Verzuimmelding(Resource):
    """One pupil about whom a school has a legal duty to report, with the unauthorised days behind it.

    If the pupil is of compulsory age, which is not known here. Pupils in mbo and in the first year of primary school are left
    out: whether the law applies to them only the school can tell.
    """

    id: str = Field(examples=["mB3x0GQ3TzqH1v4rYk2c8A"])
    school: str = Field(examples=["11ZZ03"])
    week: date = Field(description="Monday of the week of the list", examples=["2026-11-16"])
    leerling: str = Field(description="pseudonym", examples=["pahsihwbnepg3eqqyupsqqwskrl"])
    naam: str | None = Field(examples=["Noor de Vries"])
    groep: str = Field(examples=["2hv1"])
    jaargroep: str | None = Field(examples=["12"])
    plichten: list[Plicht]
    dagen: list[OngeoorloofdeDag] = Field(description="unauthorised absence of the last twelve months")
    links: dict[str, Link] = Field(alias="_links")


class Verzuimmeldingen(Resource):
    """A page of duties, newest week first."""

    verzuimmeldingen: list[Verzuimmelding]
    links: dict[str, Link] = Field(alias="_links")


@router.get(
    "/verzuimmeldingen",
    tags=["verzuimmeldingen"],
    operation_id="duties",
    summary="Legal duties to report",
    responses=WITHOUT_ID | UNCHANGED,
    response_model=Verzuimmeldingen,
    openapi_extra=READ,
)
def list_duties(
    request: Request,
    *,
    school: Annotated[str | None, Query(pattern=SCHOOL_PATTERN, description="BRIN with location")] = None,
    week: Annotated[Day | None, Query(description="Monday of the week")] = None,
    cursor: After[DutyCursor] = None,
    amount: Amount = MOST,
) -> Response:
    """Return the pupils in your scope about whom there is a legal duty to report, of the newest list of each school.

    Unauthorised absence only. Sickness, leave that was given and suspension are not in here, in no field.
    """
    after = None if cursor is None else cursor.values
    with auth.asking(request) as (viewer, session):
        shown = duties.duties(viewer, session, school=school, week=week, after=after, limit=amount)
        named = names.of(viewer, session, _pupils(shown), vault=auth.installation(request).vault)
    following = DutyCursor("week", shown[-1].week, shown[-1].id) if len(shown) == amount else None
    listed = [_verzuimmelding(one, named) for one in shown]
    return answer(request, Verzuimmeldingen(verzuimmeldingen=listed, links=links(request, following=following)))


@router.get(
    "/verzuimmeldingen/{duty_id}",
    tags=["verzuimmeldingen"],
    operation_id="duty",
    summary="The duties about one pupil",
    responses=WITH_ID | UNCHANGED,
    response_model=Verzuimmelding,
    openapi_extra=READ,
)
def one_duty(request: Request, duty_id: OpaqueId) -> Response:
    """Return the duties about one pupil, as long as the list that they stand on is the newest of its school."""
    with auth.asking(request) as (viewer, session):
        shown = duties.duty(viewer, session, duty_id)
        named = names.of(viewer, session, _pupils([shown]), vault=auth.installation(request).vault)
    return answer(request, _verzuimmelding(shown, named))


def _pupils(shown: Sequence[ShownDuty]) -> list[Pupil]:
    return [(one.school, one.pupil) for one in shown]


def _verzuimmelding(one: ShownDuty, named: Mapping[Pupil, str]) -> Verzuimmelding:
    return Verzuimmelding(
        id=one.id,
        school=one.school,
        week=one.week,
        leerling=one.pupil,
        naam=named.get((one.school, one.pupil)),
        groep=one.group,
        jaargroep=one.duty.year_group,
        plichten=[
            Plicht(
                regel=hit.rule,
                omschrijving=hit.label,
                bron=hit.source,
                waarde=hit.value,
                drempel=hit.threshold,
                eenheid=hit.unit,
                bereikt_op=hit.reached_on,
                uiterlijk=hit.deadline,
                tekst=hit.text,
            )
            for hit in one.duty.hits
        ],
        dagen=[OngeoorloofdeDag(dag=day.day, soort=words.kind_label(day.kind)) for day in one.duty.days],
        links={"self": Link(href=f"{PREFIX}/verzuimmeldingen/{one.id}")},
    )
