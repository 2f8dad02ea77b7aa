"""Codes: a person at the school says what each of its codes means."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from data_contracts.errors import ChangedMeanwhileError, NotFoundError, UsageError
from data_contracts.reasons import KINDS
from service import auth, web, words
from service.front.entitled import needs
from service.pages.deliveries import codes, delivered
from service.pages.deliveries.codes import MOST_CODES, Choice
from service.pages.management import managed_schools
from service.viewer import Permission

router = APIRouter(include_in_schema=False)

PAGE = "/beheer/codes"

Texts = Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=MOST_CODES)]


class Written(BaseModel):
    """The form as it was sent: three columns, a value a line in each."""

    school: Annotated[str, Field(max_length=12)]
    stand: Annotated[str, Field(max_length=64)] = ""
    code: Texts = []
    soort: Texts = []
    geoorloofd: Texts = []

    def choices(self) -> Iterator[Choice]:
        """Return what was chosen for each code, without the lines that were left empty.

        Raises
        ------
        UsageError
            The columns do not belong together, or hold something that is not ours.
        """
        if not len(self.code) == len(self.soort) == len(self.geoorloofd):
            detail = "Dit formulier is niet compleet."
            raise UsageError(detail, remedy="Begin opnieuw vanaf de pagina.")
        for line in zip(self.code, self.soort, self.geoorloofd, strict=True):
            one = codes.choice(*line)
            if one is not None:
                yield one


@router.get(PAGE)
def codes_page(request: Request, school: str = "", bewaard: str = "") -> Response:
    """Show the codes of a school, each with what it means or may mean."""
    return _page(request, school, saved=bool(bewaard))


@router.post(PAGE, openapi_extra=needs(Permission.SET_UP))
def write(request: Request, asked: Annotated[Written, Form()]) -> Response:
    """Write down what the codes mean; files that waited for that are then taken in by the batch."""
    home = auth.installation(request).settings.home
    try:
        with auth.asking(request) as (viewer, session):
            viewer.must(Permission.SET_UP)
            schools = managed_schools.all_of(viewer, session, home)
            if asked.school not in {one.id for one in schools}:
                detail = "Wij kunnen deze school niet vinden."
                raise NotFoundError(detail, remedy="Kies een school op de pagina met codes.")
            before = codes.codes(viewer, session, school=asked.school, home=home)
            choices = tuple(asked.choices())
            codes.write(viewer, session, school=asked.school, home=home, choices=choices, made_from=asked.stand)
    except (UsageError, ChangedMeanwhileError) as error:
        return _page(request, asked.school, wrong=error, filled=asked)
    where = (
        f"/beheer/leveringen?school={asked.school}" if before.waiting else f"{PAGE}?school={asked.school}&bewaard=ja"
    )
    return RedirectResponse(where, HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    asked: str,
    *,
    saved: bool = False,
    wrong: UsageError | ChangedMeanwhileError | None = None,
    filled: Written | None = None,
) -> Response:
    home = auth.installation(request).settings.home
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        viewer.must(Permission.SET_UP)
        schools = managed_schools.all_of(viewer, session, home)
        school = managed_schools.chosen(schools, asked)
        if school is None:
            return web.render(request, "no_list.html", viewer=viewer)
        found = codes.codes(viewer, session, school=school.id, home=home)
    chosen = (
        {}
        if filled is None
        else dict(zip(filled.code, zip(filled.soort, filled.geoorloofd, strict=False), strict=False))
    )
    return web.render(
        request,
        "deliveries/codes.html",
        viewer=viewer,
        status=HTTPStatus.OK if wrong is None else wrong.status,
        school=school,
        schools=schools,
        codes=found,
        chosen=chosen,
        kinds=KINDS,
        authorised=words.AUTHORISED,
        ready=managed_schools.settings_of(home, school.id) is not None,
        amount=delivered.amount,
        saved=saved,
        wrong=wrong,
    )
