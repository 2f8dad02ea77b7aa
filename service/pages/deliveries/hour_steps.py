"""The five steps of a school's first hour: how each stands follows from what there is, and is kept nowhere."""

from dataclasses import dataclass
from enum import StrEnum

from data_contracts.school import SchoolSettings
from data_contracts.tables import ABSENCES, ENROLMENTS
from service.batch import Unlisted
from service.inbox import Status
from service.pages.deliveries.delivered import ShownDelivery
from service.pages.deliveries.systems import SYSTEMS, System
from service.pages.management.managed_schools import ManagedSchool


class State(StrEnum):
    """How a step stands, as the page says it."""

    DONE = "klaar"
    NOW = "nu"
    BUSY = "bezig"
    LATER = "straks"


@dataclass(frozen=True)
class Step:
    """One step: its name, how it stands, and what there is to say about that."""

    id: str
    title: str
    state: State
    told: str


@dataclass(frozen=True)
class Progress:
    """What a school has, as far as its settings, its newest deliveries and its lists tell."""

    school: ManagedSchool
    settings: SchoolSettings | None
    shown: tuple[ShownDelivery, ...]
    is_listed: bool
    unlisted: Unlisted | None

    @property
    def has_pupils(self) -> bool:
        """Whether it is known who is in which group."""
        return self.is_listed or any(one.has(ENROLMENTS.name) for one in self.shown)

    @property
    def has_absences(self) -> bool:
        """Whether there is any absence to count."""
        return self.is_listed or any(one.has(ABSENCES.name) for one in self.shown)

    @property
    def is_read(self) -> bool:
        """Whether a file is about to be read."""
        return any(one.waits for one in self.shown)

    @property
    def on_codes(self) -> tuple[ShownDelivery, ...]:
        """Files that wait for what their codes mean."""
        return tuple(one for one in self.shown if one.status is Status.CODES)

    @property
    def is_listing(self) -> bool:
        """Whether the first list is being made."""
        return self.has_pupils and self.has_absences and not self.is_listed and self.unlisted is None

    @property
    def system(self) -> System | None:
        """What the school exports from."""
        return None if self.settings is None else SYSTEMS.get(self.settings.source)

    @property
    def report(self) -> ShownDelivery | None:
        """The newest delivery with absences, whose report tells how good the data are."""
        return next((one for one in self.shown if one.has(ABSENCES.name)), None)

    @property
    def refused(self) -> tuple[ShownDelivery, ...]:
        """Files that were refused, and did not come again since."""
        later: set[str] = set()
        found = []
        for one in self.shown:
            if one.status in {Status.REFUSED, Status.FAILED} and one.kind not in later:
                found.append(one)
            later.add(one.kind)
        return tuple(found)

    def steps(self) -> tuple[Step, ...]:
        """Return the five steps."""
        return (self._settings(), self._files(), self._codes(), self._quality(), self._list())

    def _settings(self) -> Step:
        told = (
            ""
            if self.settings is None
            else f"{self.settings.name}, plaats voor {self.settings.capacity} leerlingen per week."
        )
        return Step("school", "De school", State.NOW if self.settings is None else State.DONE, told)

    def _files(self) -> Step:
        title = "De bestanden"
        if self.settings is None:
            return Step("bestanden", title, State.LATER, "Eerst de gegevens van de school.")
        if self.is_read:
            return Step("bestanden", title, State.BUSY, "Uw bestanden worden ingelezen.")
        missing = [
            name
            for has, name in ((self.has_pupils, "de leerlingen"), (self._absences_came, "de afwezigheid"))
            if not has
        ]
        if missing:
            return Step("bestanden", title, State.NOW, f"Nog nodig: {' en '.join(missing)}.")
        return Step("bestanden", title, State.DONE, "De leerlingen en de afwezigheid zijn binnen.")

    @property
    def _absences_came(self) -> bool:
        return self.has_absences or bool(self.on_codes)

    def _codes(self) -> Step:
        title = "De codes"
        if self.on_codes:
            return Step("codes", title, State.NOW, "Zeg wat uw codes betekenen; daarna wordt de afwezigheid ingelezen.")
        if self.has_absences:
            number = 0 if self.settings is None else len(self.settings.reasons)
            known = (
                "Van een code is bekend wat zij betekent."
                if number == 1
                else f"Van {number} codes is bekend wat zij betekenen."
            )
            told = known if number else "Uw bestanden hebben dit niet nodig."
            if self._unknown_codes:
                told += f" Van {self._unknown_codes} nog niet; daarvoor telt zolang wat uw systeem zegt."
            return Step("codes", title, State.DONE, told)
        return Step(
            "codes", title, State.LATER, "Zodra de afwezigheid binnen is, staan hier uw codes met een voorstel."
        )

    @property
    def _unknown_codes(self) -> int:
        """How many codes of the newest file with absences have no meaning yet."""
        settled = {} if self.settings is None else self.settings.reasons
        tables = () if self.report is None else self.report.tables
        return len({code.code for table in tables for code in table.report.codes} - settled.keys())

    def _quality(self) -> Step:
        title = "De kwaliteit"
        if self.has_absences:
            return Step("kwaliteit", title, State.DONE, "Het rapport zegt waar u op kunt bouwen, en wat beter kan.")
        return Step(
            "kwaliteit",
            title,
            State.LATER,
            "Van elk bestand komt een rapport: wat er niet klopte, waar, en wat u doet.",
        )

    def _list(self) -> Step:
        title = "De eerste lijst"
        if self.is_listed:
            return Step("lijst", title, State.DONE, "Er is een lijst.")
        if self.unlisted is not None:
            return Step("lijst", title, State.NOW, "De lijst kon nog niet worden gemaakt.")
        if self.is_listing:
            return Step("lijst", title, State.BUSY, "De lijst wordt gemaakt.")
        return Step(
            "lijst", title, State.LATER, "Zij komt vanzelf zodra de leerlingen en de afwezigheid zijn ingelezen."
        )
