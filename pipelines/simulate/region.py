"""The schools of the synthetic region: fictitious BRINs, their size, their system and their own habits."""

from dataclasses import dataclass
from datetime import date, timedelta

from data_contracts.identifiers import Region, Sector
from data_contracts.reasons import Kind
from data_contracts.school import Closure, Norm
from features.calendar import monday

PUPILS_PER_TALK = 130
"""A school can talk about one pupil a week for so many pupils, within the bounds below (an assumption)."""
CAPACITY = (4, 12)

SILENT_SCHOOL, SILENT_WEEKS_BACK = 2, 5
"""One primary school registered next to nothing for a week: the import must say so."""

_KINDS = (
    *(Kind.SICK, Kind.MEDICAL_APPOINTMENT, Kind.LEAVE, Kind.RELIGIOUS, Kind.LUXURY_LEAVE, Kind.TRUANCY),
    *(Kind.UNEXPLAINED, Kind.LATE, Kind.REMOVED_FROM_CLASS, Kind.SUSPENSION, Kind.OTHER_AUTHORISED, Kind.EXEMPTION),
)
_CODES = (
    "Z D BV RF LX SP AB TO UK SC OG VR",
    "ZK DO VL GP LV ON XC TL VR SH GO VS",
    "Z MB VB RV LU SU AO LT UL GS OV EX",
    "ZM TA VE FD VK OA NB TE VD IS BR VT",
)
_PO_CODES = ("Z A V R L O N T U S G VR", "ZK AR BV FE LV OG ON TL UK SH OV VS")


@dataclass(frozen=True)
class Place:
    """One school of the region.

    Parameters
    ----------
    school, name, sector, region
        As in `SchoolSettings`.
    source, form
        Source format, and which of its file forms: csv, csv-bom, json, xlsx or parquet.
    size
        Share of the sector's pupils, in any unit.
    tracks
        Shares of vmbo, havo and vwo; a single 1 for primary.
    codes
        The school's own word for each kind.
    daily
        One sick report a day instead of one a spell.
    lesson_minutes
        Length of a lesson hour, or of a morning.
    misses
        How often, relative to other schools, registers are not taken.
    closures
        The school's own days off.
    norm
        Written into the settings where the format has no timetable.
    silent
        Monday of a week in which next to nothing was registered, though pupils were away.
    """

    school: str
    name: str
    sector: Sector
    region: Region
    source: str
    form: str
    size: float
    tracks: tuple[float, ...]
    codes: dict[Kind, str]
    daily: bool
    lesson_minutes: int
    misses: float
    closures: tuple[Closure, ...]
    norm: Norm | None
    silent: date | None = None

    @property
    def has_timetable(self) -> bool:
        """Whether the exports of this system include a timetable."""
        return self.source not in {"eduarte", "parnassys"}


def capacity(pupils: int) -> int:
    """Pupils a week the school can talk about."""
    low, high = CAPACITY
    return min(high, max(low, round(pupils / PUPILS_PER_TALK)))


# name, source, form, size, tracks, region, daily reports, misses registers. The first few schools differ most.
_VO = (
    ("Waterkant College", "magister", "csv", 2100, (0.35, 0.35, 0.3), Region.MIDDEN, True, 1.0),
    ("Het Nieuwe Baken", "somtoday", "json", 1300, (0.5, 0.3, 0.2), Region.MIDDEN, False, 1.6),
    ("Lyceum Oosterveld", "canonical", "csv", 1700, (0.0, 0.5, 0.5), Region.MIDDEN, False, 0.5),
    ("Vakschool De Spil", "eduarte", "xlsx", 600, (1.0, 0.0, 0.0), Region.MIDDEN, True, 1.0),
    ("Molenbeek College", "somtoday", "csv-bom", 2300, (0.3, 0.4, 0.3), Region.ZUID, False, 0.8),
    ("Scholengemeenschap Rietland", "magister", "json", 1500, (0.45, 0.35, 0.2), Region.MIDDEN, False, 1.2),
    ("Praktijkcollege Noorderlicht", "magister", "xlsx", 700, (0.9, 0.1, 0.0), Region.MIDDEN, True, 1.4),
    ("Dalton Zuiderpark", "somtoday", "csv", 1800, (0.3, 0.35, 0.35), Region.ZUID, False, 1.0),
)
_PO_NAMES = (
    *(
        "De Regenboog",
        "Het Kompas",
        "De Vlinderstruik",
        "De Wilgenhoek",
        "Het Talent",
        "De Zandloper",
        "De Springplank",
    ),
    *("Het Palet", "De Esdoorn", "De Klimop", "Het Mozaiek", "De Boomgaard", "De Vuurtoren", "De Kleine Wereld"),
    *("Het Anker", "De Sterrenwacht", "De Kiezel", "Het Zonneveld", "De Ark", "De Lindeboom"),
)
_PO_SIZES = (520, 640, 450, 210, 380, 560, 300, 190, 470, 610, 350, 420, 230, 540, 280, 490, 330, 180, 400, 450)
_PO_FORMS = ("parnassys csv", "canonical parquet", "parnassys csv", "parnassys xlsx", "parnassys csv")


def _closures(until: date, number: int) -> tuple[Closure, ...]:
    """Three study days a school year, different for each school; they are in its settings."""
    found: list[Closure] = []
    for back in (2, 1, 0):
        year = until.year - back - (0 if until.month >= 8 else 1)
        for month, week, name in ((10, 0, "studiedag"), (12, 0, "studiedag"), (3, 1, "studiedag")):
            first = date(year + (month < 8), month, 1) + timedelta(days=7 * week)
            day = first + timedelta(days=(number * 3 + month - first.weekday()) % 5 + (7 - first.weekday()) % 7)
            found.append(Closure(first=day, last=day, name=name))
    return tuple(found)


def _codes(words: str) -> dict[Kind, str]:
    return dict(zip(_KINDS, words.split(), strict=True))


def secondary(until: date) -> list[Place]:
    """All eight schools for secondary education."""
    return [
        Place(
            school=f"99XA{number:02d}",
            name=name,
            sector=Sector.VO,
            region=region,
            source=source,
            form=form,
            size=size,
            tracks=tracks,
            codes=_codes(_CODES[number % len(_CODES)]),
            daily=daily,
            lesson_minutes=45 if number == 4 else 50,
            misses=misses,
            closures=_closures(until, number),
            norm=Norm(slot_minutes=50, slots_per_day=(6, 6, 6, 6, 6)) if source == "eduarte" else None,
        )
        for number, (name, source, form, size, tracks, region, daily, misses) in enumerate(_VO)
    ]


def primary(until: date) -> list[Place]:
    """All twenty schools for primary education."""
    places = []
    for number, (name, size) in enumerate(zip(_PO_NAMES, _PO_SIZES, strict=True)):
        source, form = _PO_FORMS[number % len(_PO_FORMS)].split()
        wednesday = 1 + (number % 4 == 1)
        minutes = 160 if wednesday == 1 else 145
        places.append(
            Place(
                school=f"99PA{number:02d}",
                name=f"Basisschool {name}",
                sector=Sector.PO,
                region=Region.ZUID if number % 6 == 5 else Region.MIDDEN,
                source=source,
                form=form,
                size=size,
                tracks=(1.0,),
                codes=_codes(_PO_CODES[number % 2]),
                daily=source == "parnassys",
                lesson_minutes=minutes,
                misses=1.0,
                closures=_closures(until, number + 10),
                norm=Norm(slot_minutes=minutes, slots_per_day=(2, 2, wednesday, 2, 2)),
                silent=monday(until - timedelta(weeks=SILENT_WEEKS_BACK)) if number == SILENT_SCHOOL else None,
            )
        )
    return places
