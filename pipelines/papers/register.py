"""A record for the Dutch algorithm register, publication standard 1.0.0, as far as a model can fill it.

The standard is a JSON schema (github.com/Algoritmeregister/schemas); `Record` has the same constraints. What only the
organisation knows comes from its settings, or stands there plainly as still to be filled in.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from data_contracts.frozen import Frozen
from pipelines.papers.facts import Facts
from pipelines.papers.organisation import TO_FILL

Short = Annotated[str, StringConstraints(min_length=1, max_length=99)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2499)]
Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"{}|\\^`]+$")]
CATEGORIES = {
    "A": "Hoog-risico AI-systeem (Categorie A)",
    "B": "Impactvolle algoritmes (Categorie B)",
    "C": "Overige algoritmes (Categorie C)",
}


class Record(Frozen):
    """One record: names, lengths and choices of the standard."""

    name: Short
    description_short: Annotated[str, StringConstraints(min_length=1, max_length=399)]
    organization: Short
    theme: tuple[str, ...]
    status: Literal["In ontwikkeling", "In gebruik", "Buiten gebruik"]
    start_date: Month
    end_date: Month | None = None
    contact: str
    link: Address | None = None
    publication_category: Literal[
        "Hoog-risico AI-systeem (Categorie A)",
        "Impactvolle algoritmes (Categorie B)",
        "Overige algoritmes (Categorie C)",
    ]
    source_link: Address | None = None
    purpose_and_impact: Text
    considerations: Text
    human_intervention: Text
    risk_management: Text
    legal_basis: Text | None = None
    legal_basis_link: Address | None = None
    legal_basis_title: Short | None = None
    processing_register_link: Address | None = None
    impact_assessments: str
    impact_assessment_link: Address | None = None
    impact_assessment_explanation: Text | None = None
    data: Text
    data_source_link: Address | None = None
    data_source_title: Annotated[str, StringConstraints(max_length=499)] | None = None
    technical_operation: Annotated[str, StringConstraints(min_length=1, max_length=4999)]
    supplier: Annotated[str, StringConstraints(min_length=1, max_length=199)]
    source_code_link: Address | None = None
    language: Literal["nld"] = "nld"
    standard: Literal["1.0.0"] = Field(default="1.0.0", serialization_alias="schema")
    source_id: str | None = None
    search_terms: str | None = None

    def to_json(self) -> str:
        """Return the record as JSON, without what is not said."""
        return self.model_dump_json(by_alias=True, exclude_none=True, indent=1) + "\n"


def record(facts: Facts) -> Record:
    """Fill in a record for one model."""
    said = facts.organisation
    return Record(
        name="Aanwezig: wekelijkse lijst van leerlingen voor wie een gesprek kan helpen",
        description_short=(
            "Aanwezig ordent elke week, uit de registratie van aanwezigheid, leerlingen van een school. Het noemt zoveel "
            "leerlingen als de school gesprekken kan voeren, met de redenen in gewone taal. Een medewerker kijkt en beslist."
        ),
        organization=said.organization or TO_FILL.format("naam van de organisatie"),
        theme=("Onderwijs en wetenschap",),
        status=status(facts),
        start_date=said.start_date or f"{(facts.signed[1] if facts.signed else facts.card.trained_at):%Y-%m}",
        end_date=said.end_date,
        contact=said.contact or TO_FILL.format("e-mailadres of website voor vragen"),
        link=said.link,
        publication_category=CATEGORIES[said.publication_category or "A"],
        purpose_and_impact=_PURPOSE,
        considerations=f"{_CONSIDERATIONS} {_result(facts)}",
        human_intervention=_HUMAN,
        risk_management=f"{RISKS} {_groups(facts)}",
        legal_basis=said.legal_basis or TO_FILL.format("grondslag van de verwerking (AVG artikel 6 en 9) en de wet"),
        legal_basis_link=said.legal_basis_link,
        legal_basis_title=said.legal_basis_title,
        processing_register_link=said.processing_register_link,
        impact_assessments=said.impact_assessments or TO_FILL.format("uitgevoerde toetsen, zoals DPIA en IAMA"),
        impact_assessment_link=said.impact_assessment_link,
        impact_assessment_explanation=said.impact_assessment_explanation,
        data=_DATA,
        technical_operation=_operation(facts),
        supplier=said.supplier or "Intern ontwikkeld op basis van open broncode (Aanwezig, EUPL-1.2)",
        source_code_link=said.source_code_link,
        source_id=f"aanwezig-{facts.card.target.name}-{facts.card.version}",
        search_terms="aanwezigheid, verzuim, onderwijs, vroegsignalering, gesprek, school",
    )


def status(facts: Facts) -> Literal["In ontwikkeling", "In gebruik", "Buiten gebruik"]:
    """Status in the register's words: in use from the moment somebody signed for it, until its end date."""
    if facts.organisation.end_date is not None:
        return "Buiten gebruik"
    return "In gebruik" if facts.model.serves else "In ontwikkeling"


def to_fill(made: Record) -> tuple[str, ...]:
    """Fields that the organisation still has to fill in."""
    mark = TO_FILL.split(":", maxsplit=1)[0]
    return tuple(name for name, value in made if isinstance(value, str) and value.startswith(mark))


_PURPOSE = (
    "Sommige leerlingen zijn steeds vaker afwezig en komen daarna wekenlang niet. Wie dat vroeg ziet, kan vroeg praten. "
    "Aanwezig helpt een school om elke week te kiezen met welke leerlingen zij als eerste praat. Het kijkt naar alle "
    "afwezigheid, met en zonder geldige reden. De lijst is zo lang als de school gesprekken kan voeren. Bij elke leerling staan "
    "de redenen in gewone zinnen, met datums en aantallen. Een leerling op de lijst, of zijn ouders, kan worden uitgenodigd voor "
    "een gesprek. Er volgt niets vanzelf: geen brief, geen melding, geen straf. De lijst zegt niets over schuld en is geen "
    "oordeel over een kind. Hij wordt niet gebruikt voor toelating, advies, bevordering of een melding bij leerplicht."
)
_CONSIDERATIONS = (
    "Scholen werken nu met vaste drempels, zoals 16 uur ongeoorloofd verzuim in vier weken. Die zijn duidelijk, maar vaak laat, en "
    "zij missen leerlingen die ziek gemeld thuisblijven. Aanwezig toont de drempels altijd, en zet daarnaast een score die meer "
    "patronen tegelijk weegt. Een model kan leerlingen noemen met wie niets is, en leerlingen missen. Daarom beslist het niets, "
    "is elke score een optelsum die een mens kan narekenen, en wordt een model alleen gebruikt als het op eerdere weken meer "
    "nieuwe gevallen vindt dan de drempels bij een even lange lijst. Anders volgt de lijst de drempels. Ook overwogen: alleen "
    "drempels, en niet-uitlegbare modellen; die laatste gebruiken wij alleen om te zien hoeveel er te vinden is."
)
_HUMAN = (
    "Een zorgcoördinator, intern begeleider of mentor bekijkt de lijst, meestal in het wekelijks overleg. Deze medewerker kent de "
    "leerling, leest de redenen, en bepaalt of er een gesprek komt, met wie, en wanneer. Leerlingen die niet op de lijst staan "
    "blijven zichtbaar, met de bereikte drempels: de lijst is een begin en geen grens. Een medewerker kan de lijst naast zich "
    "neerleggen. Een ander model maakt pas lijsten als een met naam genoemde medewerker daarvoor tekent, en kan met één opdracht "
    "weer uit gebruik worden genomen. Ouders en leerlingen kunnen de school om uitleg vragen: elke gepubliceerde score is met de "
    "redenen terug te zien en na te rekenen."
)
RISKS = (
    "Onterecht genoemd of gemist worden: de lijst zegt hoe vaak zij eerder raak was, in aantallen. Ongelijke behandeling van "
    "groepen: geslacht, leeftijd, herkomst en dergelijke gaan niet in het model; een toets vergelijkt groepen wel achteraf. Fouten "
    "in de registratie: leveringen worden gecontroleerd, lessen zonder registratie tellen als onbekend, en elke week krijgt een "
    "oordeel over de gegevens. Veroudering: verschuivingen in de gegevens worden per school gevolgd. Privacy: pseudoniemen in plaats "
    "van leerlingnummers, versleutelde namen, geen vrije tekst en geen aard van ziekte, en elke inzage in een leerling wordt "
    "vastgelegd. Te veel vertrouwen in de computer: kansen staan in woorden, drempels blijven altijd zichtbaar."
)
_DATA = (
    "Uit het leerlingadministratiesysteem van de school: inschrijvingen en groepen, rooster (of een norm waar dat ontbreekt), en "
    "meldingen van afwezigheid: dag, lesuur of dagdeel, de soort (zoals ziek, verlof, te laat, zonder bekende reden), geoorloofd of "
    "niet, en wanneer dat bekend werd. Een ziekmelding is een gezondheidsgegeven; waaraan iemand ziek is wordt niet verwerkt. Niet "
    "gebruikt: namen, adres, geslacht, leeftijd, herkomst, gezinssituatie, cijfers en vrije tekst. Voor een toets op gelijke "
    "behandeling kan een school kenmerken van groepen aanleveren; die worden alleen daarvoor gelezen en niet bewaard."
)


def _result(facts: Facts) -> str:
    if facts.evaluation is None:
        return "Van dit model is nog niet te zeggen hoeveel nieuwe gevallen het vindt: daarvoor zijn er te weinig schoolweken."
    where = {
        "synthetic": " (op een synthetische regio: geen bewijs)",
        "foreign": " (op gegevens van elders)",
        "schools": "",
    }
    return f"Bij het terugkijken{where[facts.ground]}: {facts.evaluation.headline}"[:600]


def _groups(facts: Facts) -> str:
    if facts.audit is None:
        return "Voor dit model zijn groepen nog niet vergeleken."
    return f"Uitkomst van de toets: {facts.audit.headline}"[:600]


def _operation(facts: Facts) -> str:
    card = facts.card
    return (
        f"Invoer: {len(card.shapes)} kenmerken per leerling, berekend uit wat op maandag 06:00 bekend was, zoals het deel van de "
        f"lestijd dat in de laatste vier lesweken is gemist. Uitkomst die wordt geordend ({card.target.label}): {card.target.meaning}. "
        "Werking: een scorekaart. Per kenmerk staat in een tabel hoeveel punten een waarde toevoegt of aftrekt; de score is de som, "
        "en de kans volgt uit de score. Waar de richting vaststaat, kan meer afwezigheid de score alleen verhogen. De tabellen zijn "
        "geleerd uit eerdere schooljaren (additief gradient boosting zonder wisselwerking tussen kenmerken, gemiddeld over meerdere trekkingen van leerlingen) en daarna geijkt op "
        f"latere weken: {card.rows} momentopnamen van leerlingen, {card.pupils_with_outcome} leerlingen met de uitkomst, bekend op "
        f"{card.data_moment:%d-%m-%Y}. Uitvoer: per school een geordende lijst ter lengte van haar capaciteit, met zinnen die voor de "
        "exacte bijdragen spreken, en de bereikte drempels. Het algoritme is niet zelflerend: een nieuwe scorekaart ontstaat alleen "
        "door opnieuw te trainen, en wordt pas gebruikt na een keuring en een handtekening. Voor elke leerling wordt bij elke lijst "
        f"nagerekend dat de score de som van haar delen is. Versie van de scorekaart: {card.version}."
    )
