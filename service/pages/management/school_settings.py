"""The settings of a school as a form. They stand in one file, which the weekly run reads: this page changes that file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Self

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import RedirectResponse, Response

from data_contracts.errors import AanwezigError, ChangedMeanwhileError, NotFoundError, UsageError
from data_contracts.school import Norm, SchoolSettings, read_school, school_digest, write_school
from features.rules import rule_packs
from service import audit, auth, db, web
from service.audit import Action
from service.front import mistakes, problems
from service.front.entitled import needs
from service.pages.management import managed_schools
from service.viewer import Permission

router = APIRouter(include_in_schema=False)

PAGE = "/beheer/school"
WEEKDAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag")
SPARE = 3
"""Empty rows for new days off."""

WORDS = {
    "name": "naam",
    "capacity": "plaats op de lijst",
    "rule_packs": "regelsets",
    "closures": "vrije dagen",
    "norm": "lestijd",
}
"""The settings that this page changes, as the audit and the page call them."""

Text = Annotated[str, Field(max_length=200)]


class Filled(BaseModel):
    """The form as it was sent, or as it is first shown; nothing in it is trusted before `changes`."""

    school: Annotated[str, Field(max_length=12)] = ""
    gezien: Annotated[str, Field(max_length=64)] = ""
    naam: Text = ""
    plaats: Annotated[str, Field(max_length=10)] = ""
    regelset: list[Text] = []
    dicht_van: list[Text] = []
    dicht_tot: list[Text] = []
    dicht_naam: list[Text] = []
    minuten: Annotated[str, Field(max_length=10)] = ""
    uren: list[Text] = []

    @classmethod
    def of(cls, settings: SchoolSettings, digest: str) -> Self:
        """Return the form as it shows `settings`."""
        norm = settings.norm
        return cls(
            school=settings.school,
            gezien=digest,
            naam=settings.name,
            plaats=str(settings.capacity),
            regelset=list(settings.rule_packs),
            dicht_van=[str(one.first) for one in settings.closures],
            dicht_tot=[str(one.last) for one in settings.closures],
            dicht_naam=[one.name for one in settings.closures],
            minuten="" if norm is None else str(norm.slot_minutes),
            uren=[] if norm is None else list(map(str, norm.slots_per_day)),
        )

    @property
    def closures(self) -> list[tuple[str, str, str]]:
        """First day, last day and name of each row in which something stands."""
        rows = zip(self.dicht_van, self.dicht_tot, self.dicht_naam, strict=False)
        return [row for row in rows if any(cell.strip() for cell in row)]

    def changes(self) -> dict[str, Any]:
        """Return the settings in the form of TOML; whoever is not a day or number stays text, and is refused later."""
        closures = [
            {"first": _day(first), "last": _day(last or first)} | ({"name": name.strip()} if name.strip() else {})
            for first, last, name in self.closures
        ]
        norm = None
        if self.minuten.strip() or any(one.strip() for one in self.uren):
            norm = {"slot_minutes": _number(self.minuten), "slots_per_day": [_number(one) for one in self.uren]}
        return {
            "name": self.naam.strip(),
            "capacity": _number(self.plaats),
            "rule_packs": self.regelset,
            "closures": closures or None,
            "norm": norm,
        }


@dataclass(frozen=True)
class Pack:
    """A rule pack to choose: its name, and the rules of it that apply in this sector."""

    name: str
    rules: tuple[str, ...]


class WrongSettingsError(UsageError):
    """Some fields of the form are wrong.

    Parameters
    ----------
    fields
        What is wrong, by the Dutch name of the setting.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("Deze instellingen kloppen nog niet.", remedy="Verbeter wat hieronder staat.")
        self.fields = dict(fields)


@router.get(PAGE)
def settings_page(request: Request, school: str = "", bewaard: str = "") -> Response:
    """Show the settings of a school."""
    return _page(request, school, kept=bool(bewaard))


@router.post(PAGE, openapi_extra=needs(Permission.MANAGE))
def change_settings(request: Request, asked: Annotated[Filled, Form()]) -> Response:
    """Change the settings; what cannot be is said on the page with the form, as it was filled in."""
    home = auth.installation(request).settings.home
    try:
        with auth.asking(request) as (viewer, session):
            viewer.must(Permission.MANAGE)
            managed_schools.must_have(managed_schools.all_of(viewer, session, home), asked.school)
            # Whoever holds the counter of changes is alone, on either database, until the file is written.
            db.next_change(session)
            path = managed_schools.file_of(home, asked.school)
            if not path.exists():
                raise _none_yet()
            changes = changed(read_school(path), asked.changes())
            if changes:
                detail = ", ".join(WORDS[name] for name in changes)
                audit.record(viewer, session, action=Action.SETTINGS_CHANGED, school=asked.school, detail=detail)
                session.flush()
                write_school(path, changes, made_from=asked.gezien)
    except (UsageError, ChangedMeanwhileError) as error:
        return _page(request, asked.school, tried=asked, error=error)
    return RedirectResponse(f"{PAGE}?school={asked.school}&bewaard=1", HTTPStatus.SEE_OTHER)


def changed(settings: SchoolSettings, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `changes` that are others than `settings` has.

    Raises
    ------
    WrongSettingsError
        The result would be no settings.
    """
    before = settings.model_dump()
    kept = {name: value for name, value in before.items() if changes.get(name, value) is not None}
    try:
        after = SchoolSettings.model_validate(kept | {name: one for name, one in changes.items() if one is not None})
    except ValidationError as error:
        raise WrongSettingsError(
            {WORDS[str(one["loc"][0])]: mistakes.said(dict(one)) for one in error.errors()}
        ) from None
    unknown = set(after.rule_packs) - rule_packs().keys()
    if unknown:
        raise WrongSettingsError({WORDS["rule_packs"]: "Deze regelset kennen wij niet."})
    return {name: one for name, one in changes.items() if getattr(after, name) != getattr(settings, name)}


def _page(
    request: Request,
    school: str,
    *,
    tried: Filled | None = None,
    error: AanwezigError | None = None,
    kept: bool = False,
) -> Response:
    home = auth.installation(request).settings.home
    with auth.asking(request, touches_pupils=False) as (viewer, session):
        viewer.must(Permission.READ_MANAGEMENT)
        schools = managed_schools.all_of(viewer, session, home)
    chosen = managed_schools.chosen(schools, school)
    settings, form = None, tried
    if chosen is not None:
        path = managed_schools.file_of(home, chosen.id)
        digest = school_digest(path)
        try:
            settings = read_school(path)
            form = form or Filled.of(settings, digest)
        except NotFoundError:
            error = _none_yet()
        except AanwezigError as broken:
            error = problems.outside(broken)
        if form is not None:
            form = form.model_copy(update={"gezien": digest})  # who sends it again has seen what stands now
    return web.render(
        request,
        "management/management_school.html",
        status=HTTPStatus.OK if tried is None or error is None else error.status,
        viewer=viewer,
        schools=schools,
        chosen=chosen,
        settings=settings,
        form=form,
        packs=() if settings is None else _packs(settings),
        norm=None if settings is None else Norm.for_sector(settings.sector),
        error=error,
        fields=error.fields if isinstance(error, WrongSettingsError) else {},
        weekdays=WEEKDAYS,
        spare=SPARE,
        kept=kept,
    )


def _none_yet() -> NotFoundError:
    detail = "Voor deze school zijn er nog geen instellingen."
    return NotFoundError(detail, remedy="Begin bij de eerste stap van het begin.")


def _packs(settings: SchoolSettings) -> tuple[Pack, ...]:
    """Every rule pack with what it says in this sector, and those that are chosen though we do not know them."""
    return tuple(
        Pack(name, tuple(rule.label for rule in rules if settings.sector in rule.sectors))
        for name, rules in rule_packs().items()
    )


def _day(text: str) -> date | str:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return text.strip()


def _number(text: str) -> int | str:
    return int(text) if text.strip().isdecimal() else text.strip()
