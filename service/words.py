"""The Dutch words of the page and the API, and how dates and numbers are written there."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from data_contracts.quality import Grade
from data_contracts.reasons import KINDS, Authorised, Kind
from data_contracts.weekly_list import Basis, Certainty, Direction, Since, Standing, Tier

ZONE = ZoneInfo("Europe/Amsterdam")

DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
MONTHS = (
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
)
SHORT_MONTHS = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")

TIERS: dict[Tier, str] = {Tier.IN_VIEW: "in beeld", Tier.ATTENTION: "aandacht", Tier.DISCUSS_NOW: "nu bespreken"}
CERTAINTIES: dict[Certainty, str] = {Certainty.FAIR: "redelijk zeker", Certainty.LOW: "onzeker"}
SINCE: dict[Since, str] = {Since.NEW: "nieuw", Since.STILL: "nog steeds", Since.BACK: "terug"}
GRADES: dict[Grade, str] = {Grade.GOOD: "goed", Grade.FAIR: "matig", Grade.POOR: "zwak"}
BASES: dict[Basis, str] = {Basis.SCORECARD: "scorekaart", Basis.RULES: "regels"}
STANDINGS: dict[Standing, str] = {Standing.CANDIDATE: "aanwezig", Standing.ALREADY_ABSENT: "al langdurig afwezig"}
DIRECTIONS: dict[Direction, str] = {Direction.RAISES: "verhoogt", Direction.LOWERS: "verlaagt"}
AUTHORISED: dict[str, str] = {
    Authorised.YES: "geoorloofd",
    Authorised.NO: "ongeoorloofd",
    Authorised.UNKNOWN: "onbekend",
}

COMPULSORY = (
    "Een melding is verplicht als de leerling leerplichtig is: 5 tot 18 jaar, zonder startkwalificatie. De leeftijd is hier niet "
    "bekend; controleer die eerst."
)
"""For whom a legal duty holds, wherever one is told."""

MAYBE = "mogelijk verplicht"
"""A legal duty of a pupil to whom the law may not apply."""

LETTERS: dict[Kind, str] = {
    Kind.SICK: "Z",
    Kind.MEDICAL_APPOINTMENT: "D",
    Kind.LEAVE: "V",
    Kind.RELIGIOUS: "R",
    Kind.SUSPENSION: "S",
    Kind.OTHER_AUTHORISED: "G",
    Kind.LUXURY_LEAVE: "L",
    Kind.TRUANCY: "O",
    Kind.UNEXPLAINED: "?",
    Kind.REMOVED_FROM_CLASS: "U",
    Kind.LATE: "T",
    Kind.EXEMPTION: "-",
    Kind.NOT_REQUIRED: "-",
}
"""One letter a kind on the calendar, so that it can be read without colour."""

BEFORE_SECONDARY = 10
"""Years of secondary education are counted from 11 in OSO."""

YEAR_GROUPS: dict[str, str] = {"P": "peuters", "S": "speciaal"}

KIND_LABELS: dict[str, str] = {kind: one.label for kind, one in KINDS.items()}


def kind_label(kind: str) -> str:
    """Return the Dutch word for a kind of absence; one we do not know (yet) stands as it was stored."""
    return KIND_LABELS.get(kind, kind)


def year_group(code: str) -> str:
    """Return a year group (OSO) as people say it: *groep 3*, *leerjaar 2*."""
    if code.isdigit() and int(code) > BEFORE_SECONDARY:
        return f"leerjaar {int(code) - BEFORE_SECONDARY}"
    return YEAR_GROUPS.get(code, f"groep {code}")


def day(value: date) -> str:
    """Return a short day, *do 19 nov*, that a line does not break in."""
    return f"{DAYS[value.weekday()][:2]} {value.day} {SHORT_MONTHS[value.month - 1]}".replace(" ", "\N{NO-BREAK SPACE}")


def long_day(value: date) -> str:
    """Return a full day: *donderdag 19 november 2026*."""
    return f"{DAYS[value.weekday()]} {value.day} {MONTHS[value.month - 1]} {value.year}"


def week(value: date) -> str:
    """Return a week by its Monday: *16 november 2026*."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime) -> str:
    """Return a moment in Dutch local time: *zo 15 nov 2026, 18:00 uur*."""
    local = value.astimezone(ZONE)
    return f"{day(local.date())} {local.year}, {local:%H:%M} uur"


def number(value: float, decimals: int = 0) -> str:
    """Return a number with a decimal comma; decimals that are zero are left out."""
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace(".", ",").replace("-", "\N{MINUS SIGN}")


def signed(value: float) -> str:
    """Return a number with its sign and two decimals: *+0,84*."""
    return f"{'+' if value >= 0 else chr(0x2212)}{abs(value):.2f}".replace(".", ",")


def percent(value: float) -> str:
    """Return a rate (0..1) as a whole percentage."""
    return f"{value * 100:.0f} procent"


def bound(value: float, unit: str) -> str:
    """Return a bound of a feature: shares in percent, other units as they are."""
    return f"{number(100 * value, 1)} %" if "share" in unit else number(value, 1)


def count(amount: int, one: str, many: str) -> str:
    """Return *1 leerling*, *3 leerlingen*."""
    return f"{amount} {one if amount == 1 else many}"
