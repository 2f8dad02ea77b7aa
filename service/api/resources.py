"""The API's resources: what a list and a signal look like to a program. Dutch names, as on the page (see GLOSSARY.md).

They are apart from what is stored, so either can change without the other.
"""

from datetime import date, datetime

from pydantic import Field

from data_contracts.weekly_list import Signal
from service import words
from service.api.base import PREFIX, Link, Resource
from service.reading import Head, Shown


class Kwaliteit(Resource):
    """How good the data of one school week are."""

    week: date
    oordeel: str = Field(examples=["goed"])
    redenen: list[str]


class Weeklijst(Resource):
    """One school's list of one week, as published; it never changes. A correction is a new edition."""

    id: str
    school: str = Field(examples=["11ZZ03"])
    schoolnaam: str
    sector: str = Field(examples=["vo"])
    week: date = Field(description="Monday of the week in which it is discussed")
    editie: int
    gepubliceerd_op: datetime
    peilmoment: datetime = Field(description="what was known at this moment counts")
    gegevens_tot: datetime | None = Field(description="when the newest delivery behind it arrived")
    grondslag: str = Field(description="scorekaart or regels", examples=["scorekaart"])
    grondslag_reden: str
    modelversie: str | None
    contractversie: str
    capaciteit: int
    aantal_leerlingen: int = Field(description="pupils considered")
    voorlopig: bool
    gelijkspelregel: str
    opmerkingen: list[str]
    kwaliteit: list[Kwaliteit]
    links: dict[str, Link] = Field(alias="_links")


class Weeklijsten(Resource):
    """The lists in scope, newest edition of each, newest week first."""

    weeklijsten: list[Weeklijst]
    links: dict[str, Link] = Field(alias="_links")


class Bijdrage(Resource):
    """What one feature adds to the score. ``logOdds`` of the signal = ``basis`` + the sum of these."""

    kenmerk: str
    omschrijving: str
    waarde: float | None
    log_odds: float


class Reden(Resource):
    """A sentence, and the features it speaks for."""

    kenmerken: list[str]
    richting: str = Field(examples=["verhoogt"])
    tekst: str
    log_odds: float


class Regel(Resource):
    """A threshold that was reached."""

    regel: str
    omschrijving: str
    bron: str
    wettelijk: bool
    waarde: float
    drempel: float
    eenheid: str
    bereikt_op: date
    uiterlijk: date | None = Field(description="last day to report, where it is a duty")
    tekst: str


class Schoolweek(Resource):
    """Attendance in one week (0 to 1), of the pupil and of the group; null where nothing is known."""

    week: date
    leerling: float | None
    groep: float | None


class Kalenderdag(Resource):
    """A school day on which something was registered."""

    dag: date
    soort: str = Field(examples=["ziekmelding"])
    afwezige_minuten: int
    geplande_minuten: int
    te_laat: int
    geoorloofd: str = Field(examples=["geoorloofd"])


class Signaal(Resource):
    """One pupil on one list."""

    id: str
    leerling: str = Field(description="pseudonym")
    naam: str | None = Field(default=None, description="only for roles that may see names")
    groep: str
    jaargroep: str | None
    stand: str = Field(description="aanwezig or al langdurig afwezig")
    plaats: int | None
    op_lijst: bool
    log_odds: float | None
    kans: float | None = Field(description="calibrated probability, 0 to 1")
    basis: float | None
    bijdragen: list[Bijdrage]
    duiding: str | None = Field(description="in beeld, aandacht or nu bespreken")
    zekerheid: str | None = Field(description="redelijk zeker or onzeker; null where the model cannot tell")
    frequentie: str
    verhogend: list[Reden]
    verlagend: list[Reden]
    regels: list[Regel]
    sinds: str = Field(description="nieuw, nog steeds or terug", examples=["nieuw"])
    volgorde_toelichting: str
    aanwezigheid: list[Schoolweek]
    kalender: list[Kalenderdag]
    opmerkingen: list[str]
    links: dict[str, Link] = Field(alias="_links")


class Signalen(Resource):
    """The signals on one list that the viewer may see, in order."""

    signalen: list[Signaal]
    links: dict[str, Link] = Field(alias="_links")


def weeklijst(head: Head) -> Weeklijst:
    """Return a published list as a resource."""
    document = head.document
    path = f"{PREFIX}/weeklijsten/{head.id}"
    return Weeklijst(
        id=head.id,
        school=document.school,
        schoolnaam=document.school_name,
        sector=document.sector,
        week=document.week,
        editie=head.edition,
        gepubliceerd_op=head.published_at,
        peilmoment=document.as_of,
        gegevens_tot=document.data_moment,
        grondslag=words.BASES[document.basis],
        grondslag_reden=document.basis_reason,
        modelversie=document.model_version,
        contractversie=document.contract_version,
        capaciteit=document.capacity,
        aantal_leerlingen=document.pupils_considered,
        voorlopig=document.provisional,
        gelijkspelregel=document.tie_rule,
        opmerkingen=list(document.notes),
        kwaliteit=[
            Kwaliteit(week=one.week, oordeel=words.GRADES[one.grade], redenen=list(one.reasons))
            for one in document.quality
        ],
        links={"self": Link(href=path), "signalen": Link(href=f"{path}/signalen")},
    )


def signaal(shown: Shown, *, name: str | None) -> Signaal:
    """Return a signal as a resource; `name` only where the viewer may see it."""
    signal = shown.signal
    return Signaal(
        id=shown.id,
        leerling=signal.pupil,
        naam=name,
        groep=signal.group,
        jaargroep=signal.year_group,
        stand=words.STANDINGS[signal.standing],
        plaats=signal.position,
        op_lijst=signal.on_list,
        log_odds=signal.log_odds,
        kans=signal.probability,
        basis=signal.baseline,
        bijdragen=[
            Bijdrage(kenmerk=one.feature, omschrijving=one.label, waarde=one.value, log_odds=one.log_odds)
            for one in signal.contributions
        ],
        duiding=None if signal.tier is None else words.TIERS[signal.tier],
        zekerheid=None if signal.certainty is None else words.CERTAINTIES[signal.certainty],
        frequentie=signal.frequency,
        verhogend=_reasons(signal, raising=True),
        verlagend=_reasons(signal, raising=False),
        regels=_rules(signal),
        sinds=words.SINCE[signal.since],
        volgorde_toelichting=signal.order_note,
        aanwezigheid=[Schoolweek(week=one.week, leerling=one.pupil, groep=one.group) for one in signal.attendance],
        kalender=_calendar(signal),
        opmerkingen=list(signal.notes),
        links={
            "self": Link(href=f"{PREFIX}/signalen/{shown.id}"),
            "weeklijst": Link(href=f"{PREFIX}/weeklijsten/{shown.list_id}"),
        },
    )


def _reasons(signal: Signal, *, raising: bool) -> list[Reden]:
    return [
        Reden(
            kenmerken=list(one.features),
            richting=words.DIRECTIONS[one.direction],
            tekst=one.text,
            log_odds=one.log_odds,
        )
        for one in (signal.raising if raising else signal.lowering)
    ]


def _rules(signal: Signal) -> list[Regel]:
    return [
        Regel(
            regel=one.rule,
            omschrijving=one.label,
            bron=one.source,
            wettelijk=one.statutory,
            waarde=one.value,
            drempel=one.threshold,
            eenheid=one.unit,
            bereikt_op=one.reached_on,
            uiterlijk=one.deadline,
            tekst=one.text,
        )
        for one in signal.rule_hits
    ]


def _calendar(signal: Signal) -> list[Kalenderdag]:
    return [
        Kalenderdag(
            dag=one.day,
            soort=words.kind_label(one.kind),
            afwezige_minuten=one.absent_minutes,
            geplande_minuten=one.scheduled_minutes,
            te_laat=one.late,
            geoorloofd=words.AUTHORISED.get(one.authorised, "onbekend"),
        )
        for one in signal.calendar
    ]
