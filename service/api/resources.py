"""The API's resources: what a list and a signal look like to a program. Dutch names, as on the page (see GLOSSARY.md).

They are apart from what is stored, so either can change without the other.
"""

from datetime import date, datetime

from pydantic import Field

from service.api.base import Link, Resource


class Kwaliteit(Resource):
    """How good the data of one school week are."""

    week: date
    oordeel: str = Field(examples=["matig"])
    redenen: list[str] = Field(
        examples=["6 procent van de registraties heeft een code die niet in de vertaling staat."]
    )


class Weeklijst(Resource):
    """One school's list of one week, as published; it never changes. A correction is a new edition."""

    id: str = Field(examples=["mB3x0GQ3TzqH1v4rYk2c8A"])
    school: str = Field(examples=["11ZZ03"])
    schoolnaam: str = Field(examples=["Het Baken College"])
    sector: str = Field(examples=["vo"])
    week: date = Field(description="Monday of the week in which it is discussed")
    editie: int = Field(description="from 1; a later edition of the same school and week replaces it", examples=[1])
    gepubliceerd_op: datetime
    peilmoment: datetime = Field(description="what was known at this moment counts")
    gegevens_tot: datetime | None = Field(description="when the newest delivery behind it arrived")
    grondslag: str = Field(description="scorekaart or regels", examples=["scorekaart"])
    grondslag_reden: str = Field(description="why it stands on rules; empty otherwise", examples=[""])
    modelversie: str | None = Field(examples=["4f1c0d2ab97e"])
    contractversie: str = Field(examples=["1.0.0"])
    capaciteit: int = Field(description="how many conversations the school can hold", examples=[10])
    aantal_leerlingen: int = Field(description="pupils considered", examples=[412])
    voorlopig: bool = Field(description="first weeks of the year, or thin data", examples=[False])
    gelijkspelregel: str = Field(examples=["Bij gelijke score gaat de leerling met de meeste afwezigheid voor."])
    opmerkingen: list[str] = Field(examples=["Voor klas 4v1 is geen rooster geleverd: daar telt een norm."])
    kwaliteit: list[Kwaliteit]
    links: dict[str, Link] = Field(alias="_links")


class Weeklijsten(Resource):
    """A page of lists: the newest edition of each, newest week first; after a moment, every edition in order."""

    weeklijsten: list[Weeklijst]
    links: dict[str, Link] = Field(alias="_links")


class Bijdrage(Resource):
    """What one feature adds to the score. ``logOdds`` of the signal = ``basis`` + the sum of these."""

    kenmerk: str = Field(examples=["absence_rate_4w"])
    omschrijving: str = Field(examples=["Afwezigheid, de laatste 4 lesweken"])
    waarde: float | None = Field(description="null is missing", examples=[0.31])
    log_odds: float = Field(examples=[1.25])


class Reden(Resource):
    """A sentence, and the features it speaks for."""

    kenmerken: list[str] = Field(examples=["absence_rate_4w"])
    richting: str = Field(description="verhoogt or verlaagt", examples=["verhoogt"])
    tekst: str = Field(examples=["In de laatste 4 lesweken 9 dagen ziek gemeld, verdeeld over 4 keer."])
    log_odds: float = Field(examples=[1.25])


class Regel(Resource):
    """A threshold that was reached."""

    regel: str = Field(examples=["mazl_vo"])
    omschrijving: str = Field(examples=["M@ZL: vierde ziekmelding"])
    bron: str = Field(examples=["M@ZL, ncj.nl"])
    wettelijk: bool = Field(
        description="rests on a law, which holds for pupils of compulsory age: ages are not known here",
        examples=[False],
    )
    waarde: float = Field(examples=[4])
    drempel: float = Field(examples=[4])
    eenheid: str = Field(examples=["meldingen"])
    bereikt_op: date
    uiterlijk: date | None = Field(description="last day to report, where it is a duty", examples=[None])
    tekst: str = Field(examples=["4 ziekmeldingen in 12 lesweken."])


class Schoolweek(Resource):
    """Attendance in one week (0 to 1), of the pupil and of the group; null where nothing is known."""

    week: date
    leerling: float | None = Field(examples=[0.62])
    groep: float | None = Field(examples=[0.94])


class Kalenderdag(Resource):
    """A school day on which something was registered."""

    dag: date
    soort: str = Field(examples=["ziekmelding"])
    afwezige_minuten: int = Field(examples=[350])
    geplande_minuten: int = Field(examples=[350])
    te_laat: int = Field(description="times", examples=[0])
    geoorloofd: str = Field(examples=["geoorloofd"])


class Score(Resource):
    """A score, its exact parts and its reasons, in words; whether it stands on a list or was asked for live."""

    log_odds: float | None = Field(description="the score: basis and the sum of bijdragen", examples=[-1.95])
    kans: float | None = Field(description="calibrated probability, 0 to 1", examples=[0.1246])
    basis: float | None = Field(description="score of the average pupil", examples=[-3.2])
    bijdragen: list[Bijdrage] = Field(description="the exact parts of the score")
    duiding: str | None = Field(description="in beeld, aandacht or nu bespreken", examples=["aandacht"])
    zekerheid: str | None = Field(
        description="redelijk zeker or onzeker; null where the model cannot tell", examples=["redelijk zeker"]
    )
    frequentie: str = Field(
        description="the probability in words", examples=["ongeveer 1 van de 10 leerlingen met dit patroon"]
    )
    verhogend: list[Reden]
    verlagend: list[Reden] = Field(examples=[[]])
    regels: list[Regel] = Field(description="thresholds reached; never a part of the score")


class Signaal(Score):
    """One pupil on one list."""

    id: str = Field(examples=["Qh7kT2mXw0vB9sLz4cYf1A"])
    school: str = Field(examples=["11ZZ03"])
    week: date = Field(description="Monday of the week of the list")
    editie: int = Field(description="of the list", examples=[1])
    modelversie: str | None = Field(
        description="of the scorecard; null where the list stands on rules", examples=["4f1c0d2ab97e"]
    )
    peilmoment: datetime = Field(description="what was known at this moment counts")
    gegevens_tot: datetime | None = Field(description="when the newest delivery behind it arrived")
    leerling: str = Field(description="pseudonym", examples=["pahsihwbnepg3eqqyupsqqwskrl"])
    naam: str | None = Field(default=None, description="only for roles that may see names", examples=["Noor de Vries"])
    groep: str = Field(examples=["2hv1"])
    jaargroep: str | None = Field(examples=["12"])
    stand: str = Field(description="aanwezig or al langdurig afwezig", examples=["aanwezig"])
    plaats: int | None = Field(
        description="place in the order, from 1; null for whoever is away for long already", examples=[1]
    )
    op_lijst: bool = Field(description="within the capacity of the school", examples=[True])
    sinds: str = Field(description="nieuw, nog steeds or terug", examples=["nieuw"])
    volgorde_toelichting: str = Field(description="why the place changed", examples=[""])
    aanwezigheid: list[Schoolweek]
    kalender: list[Kalenderdag]
    opmerkingen: list[str] = Field(examples=["Pas sinds 5 oktober op deze school."])
    links: dict[str, Link] = Field(alias="_links")


class Signalen(Resource):
    """A page of signals, in order."""

    signalen: list[Signaal]
    links: dict[str, Link] = Field(alias="_links")


class EerderSignaal(Resource):
    """Where one pupil stood on the list of another week."""

    id: str = Field(examples=["Zt4nC8pRd2uE6yGx0wKj5B"])
    week: date
    plaats: int | None = Field(examples=[4])
    op_lijst: bool = Field(examples=[True])
    kans: float | None = Field(description="calibrated probability, 0 to 1", examples=[0.0931])
    duiding: str | None = Field(description="in beeld, aandacht or nu bespreken", examples=["aandacht"])
    links: dict[str, Link] = Field(alias="_links")


class Historie(Resource):
    """The signals of one pupil on the lists of other weeks (newest edition of each), newest week first."""

    signalen: list[EerderSignaal]
    links: dict[str, Link] = Field(alias="_links")
