"""Lists as the pipeline publishes them, made by hand: two schools and a stranger's, the same on every machine."""

import functools
import hashlib
from base64 import b32encode
from datetime import UTC, date, datetime, timedelta

import numpy as np

from data_contracts.quality import Grade, WeekQuality
from data_contracts.weekly_list import (
    AttendanceWeek,
    Basis,
    CalendarDay,
    Certainty,
    Contribution,
    Direction,
    Gone,
    Reason,
    RuleHit,
    Signal,
    Since,
    Standing,
    Tier,
    WeeklyList,
)

WEEK = date(2026, 11, 16)
LAST_WEEK = WEEK - timedelta(days=7)
SCHOOL, PRIMARY, STRANGER = "11ZZ03", "22ZZ00", "33ZZ01"
NAMES = (
    ("Noor", "de Vries"),
    ("Yusuf", "Demir"),
    ("Sem", "Bakker"),
    ("Lina", "el Amrani"),
    ("Tijn", "van den Berg"),
    ("Jaylinn", "Pinas"),
    ("Mees", "Hoekstra"),
    ("Zofia", "Kowalska"),
    ("Fleur", "Jansen-van Ravensteijn"),
    ("Imran", "Ahmed"),
)
HOLIDAYS = (
    (date(2025, 12, 20), date(2026, 1, 4)),
    (date(2026, 2, 14), date(2026, 2, 22)),
    (date(2026, 4, 25), date(2026, 5, 3)),
    (date(2026, 7, 18), date(2026, 8, 30)),
    (date(2026, 10, 17), date(2026, 10, 25)),
)
DAY_MINUTES = 350

FEATURES = {
    "absence_rate_4w": "Afwezigheid in de laatste 4 weken",
    "sick_reports_12w": "Ziekmeldingen in 12 schoolweken",
    "trend_8w": "Verandering over 8 weken",
    "unexplained_rate_4w": "Onbekende reden in de laatste 4 weken",
    "monday_friday_share": "Aandeel op maandag en vrijdag",
    "late_4w": "Te laat in de laatste 4 weken",
    "class_difference_4w": "Verschil met de eigen klas",
    "longest_spell_12w": "Langste aaneengesloten periode",
    "first_hours_share": "Aandeel in de eerste lesuren",
    "spells_12w": "Losse perioden in 12 weken",
    "previous_year_rate": "Afwezigheid vorig schooljaar",
}

STORIES: tuple[tuple[str, str, Tier, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "2hv1",
        "sick",
        Tier.DISCUSS_NOW,
        "ongeveer 4 van de 10 leerlingen met dit patroon",
        (
            "In de laatste 4 schoolweken 9 dagen ziek gemeld, verdeeld over 4 keer.",
            "De afwezigheid loopt op: van 2 dagen in september naar 9 dagen in de laatste 4 weken.",
            "Vooral op maandag en vrijdag: 7 van de 9 dagen.",
        ),
        ("Zelden te laat: 1 keer in 12 weken.",),
    ),
    (
        "3m2",
        "unexplained",
        Tier.DISCUSS_NOW,
        "ongeveer 4 van de 10 leerlingen met dit patroon",
        (
            "In de laatste 4 schoolweken 18 lesuren afwezig met onbekende reden.",
            "Meestal het eerste en tweede lesuur: 12 van de 18.",
        ),
        ("Geen lange ziekteperiode: de langste duurde 2 dagen.", "Vorig schooljaar weinig afwezig."),
    ),
    (
        "1hv3",
        "sick",
        Tier.DISCUSS_NOW,
        "ongeveer 3 van de 10 leerlingen met dit patroon",
        ("Sinds maandag 2 november onafgebroken ziek gemeld: 10 schooldagen.",),
        ("Voor 2 november nauwelijks afwezig.",),
    ),
    (
        "4v1",
        "medical_appointment",
        Tier.ATTENTION,
        "ongeveer 2 van de 10 leerlingen met dit patroon",
        (
            "In 12 schoolweken 14 keer een doktersbezoek, telkens een deel van de dag.",
            "Het verschil met de klas is gegroeid: 78 procent aanwezig, de klas 95 procent.",
        ),
        ("Alle afwezigheid is vooraf gemeld.",),
    ),
    (
        "2m1",
        "truancy",
        Tier.ATTENTION,
        "ongeveer 2 van de 10 leerlingen met dit patroon",
        ("In de laatste 4 schoolweken 17 lesuren ongeoorloofd afwezig.", "7 keer te laat sinds 12 oktober."),
        ("Niet ziek gemeld in de laatste 8 weken.",),
    ),
    (
        "3h1",
        "sick",
        Tier.ATTENTION,
        "ongeveer 2 van de 10 leerlingen met dit patroon",
        ("5 ziekmeldingen van 1 of 2 dagen in 12 schoolweken.",),
        ("Na elke melding de volgende dag of de dag erna terug.",),
    ),
    (
        "2hv1",
        "unexplained",
        Tier.ATTENTION,
        "ongeveer 1 van de 10 leerlingen met dit patroon",
        ("Op 6 van de laatste 8 vrijdagen de middag gemist, met onbekende reden.",),
        (),
    ),
    (
        "1m2",
        "sick",
        Tier.ATTENTION,
        "ongeveer 1 van de 10 leerlingen met dit patroon",
        ("Na de herfstvakantie 6 van de 14 schooldagen ziek gemeld.",),
        ("Voor de vakantie 97 procent aanwezig.",),
    ),
    (
        "4h2",
        "late",
        Tier.IN_VIEW,
        "ongeveer 1 van de 20 leerlingen met dit patroon",
        ("11 keer te laat in 4 schoolweken; in de 4 weken daarvoor 3 keer.",),
        ("Geen hele dagen afwezig.",),
    ),
    (
        "2m1",
        "other_authorised",
        Tier.IN_VIEW,
        "ongeveer 1 van de 20 leerlingen met dit patroon",
        ("8 dagen overig geoorloofd afwezig in 12 schoolweken.",),
        ("De afwezigheid neemt niet toe.",),
    ),
)


def pupil(number: int, school: str = SCHOOL) -> str:
    """A pseudonym in its true form."""
    return "p" + b32encode(hashlib.sha256(f"{school}/{number}".encode()).digest())[:26].decode().lower()


@functools.cache
def school_days(until: date = WEEK) -> tuple[date, ...]:
    first = date(2025, 11, 17)
    days = (first + timedelta(days=one) for one in range((until - first).days))
    return tuple(one for one in days if one.weekday() < 5 and not any(begin <= one <= end for begin, end in HOLIDAYS))


@functools.cache
def calendar(number: int, kind: str, *, heavy: float, until: date = WEEK) -> tuple[CalendarDay, ...]:
    """A quiet year with its colds, and then the last weeks as the story has it."""
    rng = np.random.default_rng(number + 100)
    found = []
    for one in school_days(until):
        recent = (until - one).days <= 42
        if rng.random() < (heavy if recent else 0.035):
            what = kind if recent else str(rng.choice(["sick", "sick", "medical_appointment", "late", "leave"]))
            whole = what in {"sick", "leave", "other_authorised"} and rng.random() < 0.85
            minutes = DAY_MINUTES if whole else int(rng.choice([50, 100, 150]))
            late = what == "late"
            found.append(
                CalendarDay(
                    day=one,
                    kind=what,
                    absent_minutes=0 if late else minutes,
                    scheduled_minutes=DAY_MINUTES,
                    late=int(late),
                    authorised={"unexplained": "unknown", "truancy": "no", "late": "no"}.get(what, "yes"),
                )
            )
    return tuple(found)


def attendance(number: int, days: tuple[CalendarDay, ...], until: date = WEEK) -> tuple[AttendanceWeek, ...]:
    rng = np.random.default_rng(number)
    missed: dict[date, int] = {}
    for one in days:
        monday = one.day - timedelta(days=one.day.weekday())
        missed[monday] = missed.get(monday, 0) + one.absent_minutes
    scheduled: dict[date, int] = {}
    for one in school_days(until):
        monday = one - timedelta(days=one.weekday())
        scheduled[monday] = scheduled.get(monday, 0) + DAY_MINUTES
    weeks = [
        AttendanceWeek(
            week=monday,
            pupil=round(1 - missed.get(monday, 0) / minutes, 4),
            group=round(0.95 - 0.04 * float(rng.random()), 4),
        )
        for monday, minutes in scheduled.items()
    ][-24:]
    weeks[4] = AttendanceWeek(week=weeks[4].week, pupil=None, group=None)  # a week in which no register was taken
    return tuple(weeks)


@functools.cache
def contributions(number: int, strength: float) -> tuple[Contribution, ...]:
    rng = np.random.default_rng(number + 500)
    parts = rng.normal(0, 0.35, len(FEATURES))
    parts[: 1 + number % 4] += strength
    return tuple(
        Contribution(feature=name, label=label, value=round(float(rng.random()), 3), log_odds=round(float(part), 4))
        for (name, label), part in zip(FEATURES.items(), parts, strict=True)
    )


def hours_rule(reached: date = date(2026, 11, 12)) -> RuleHit:
    return RuleHit(
        rule="lpw_16h",
        label="16 uur in 4 lesweken",
        source="Leerplichtwet 1969, artikel 21a",
        statutory=True,
        value=17,
        threshold=16,
        unit="uur",
        reached_on=reached,
        deadline=reached + timedelta(days=7),
        text="17 uur ongeoorloofd afwezig in 4 lesweken; de grens van 16 uur werd bereikt op 12 november.",
    )


def mazl_rule() -> RuleHit:
    return RuleHit(
        rule="mazl_vo",
        label="M@ZL: vierde ziekmelding",
        source="M@ZL, ncj.nl",
        statutory=False,
        value=4,
        threshold=4,
        unit="meldingen",
        reached_on=date(2026, 11, 9),
        text="4 ziekmeldingen in 12 schoolweken.",
    )


@functools.cache
def on_list(number: int, *, basis: Basis = Basis.SCORECARD) -> Signal:
    group, kind, tier, frequency, raising, lowering = STORIES[number]
    days = calendar(number, kind, heavy=0.5 - 0.03 * number)
    parts = contributions(number, 1.4 - 0.1 * number) if basis is Basis.SCORECARD else ()
    baseline = -3.2
    score = baseline + sum(one.log_odds for one in parts)
    hits = {0: (mazl_rule(),), 2: (mazl_rule(),), 4: (hours_rule(),), 5: (mazl_rule(),)}.get(number, ())
    return Signal(
        pupil=pupil(number),
        group=group,
        year_group=f"1{group[0]}",
        standing=Standing.CANDIDATE,
        position=number + 1,
        on_list=True,
        log_odds=score if parts else None,
        probability=float(1 / (1 + np.exp(-score))) if parts else None,
        baseline=baseline if parts else None,
        contributions=parts,
        tier=tier if parts else None,
        certainty=(Certainty.FAIR, Certainty.LOW)[number % 2] if parts else None,
        frequency=frequency if parts else "",
        raising=tuple(_reason(text, Direction.RAISES) for text in raising) if parts else (),
        lowering=tuple(_reason(text, Direction.LOWERS) for text in lowering) if parts else (),
        rule_hits=hits,
        since=(Since.NEW, Since.STILL, Since.NEW, Since.STILL, Since.BACK)[number % 5],
        order_note="Vorige week op plaats 4: sindsdien 3 nieuwe ziekmeldingen." if number == 1 else "",
        attendance=attendance(number, days),
        calendar=days,
        notes=("Pas sinds 5 oktober op deze school: er is weinig om mee te vergelijken.",) if number == 7 else (),
    )


def _reason(text: str, direction: Direction) -> Reason:
    sign = 1 if direction is Direction.RAISES else -1
    return Reason(features=("absence_rate_4w",), direction=direction, text=text, log_odds=0.4 * sign)


@functools.cache
def below(number: int, *, hits: tuple[RuleHit, ...] = ()) -> Signal:
    days = calendar(number, "sick", heavy=0.1)
    parts = contributions(number, 0.1)
    score = -3.2 + sum(one.log_odds for one in parts)
    return Signal(
        pupil=pupil(number),
        group=("1m2", "2hv1", "3h1", "4v1")[number % 4],
        year_group="12",
        standing=Standing.CANDIDATE,
        position=number + 1,
        on_list=False,
        log_odds=score,
        probability=float(1 / (1 + np.exp(-score))),
        baseline=-3.2,
        contributions=parts,
        tier=Tier.IN_VIEW,
        frequency="ongeveer 1 van de 50 leerlingen met dit patroon",
        raising=(_reason("3 ziekmeldingen in 12 schoolweken.", Direction.RAISES),),
        rule_hits=hits,
        since=Since.STILL,
        attendance=attendance(number, days),
        calendar=days,
    )


@functools.cache
def already_absent(number: int) -> Signal:
    days = calendar(number, "sick", heavy=0.97)
    return Signal(
        pupil=pupil(number),
        group=("3m2", "4h2", "2hv1")[number % 3],
        year_group="13",
        standing=Standing.ALREADY_ABSENT,
        position=None,
        on_list=False,
        raising=(_reason("Sinds 5 oktober 24 van de 25 schooldagen afwezig.", Direction.RAISES),),
        rule_hits=(),
        since=Since.STILL,
        attendance=attendance(number, days),
        calendar=days,
    )


def quality() -> tuple[WeekQuality, ...]:
    weeks = [WEEK - timedelta(days=7 * back) for back in (4, 3, 2, 1)]
    grades = (Grade.GOOD, Grade.GOOD, Grade.GOOD, Grade.FAIR)
    reasons = ("6 procent van de registraties heeft een code die niet in de vertaling staat.",)
    return tuple(
        WeekQuality(week=week, grade=grade, registrations=412, reasons=() if grade is Grade.GOOD else reasons)
        for week, grade in zip(weeks, grades, strict=True)
    )


def weekly_list(
    *, school: str = SCHOOL, name: str = "Het Baken College", sector: str = "vo", week: date = WEEK, **changes: object
) -> WeeklyList:
    """The list of the school, complete; `changes` replace fields."""
    signals = [
        *(on_list(number) for number in range(10)),
        *(below(number, hits=(hours_rule(),) if number == 11 else ()) for number in range(10, 12)),
        *(below(number, hits=(mazl_rule(),) if number in {14, 17} else ()) for number in range(12, 30)),
        *(already_absent(number) for number in range(30, 33)),
    ]
    if school != SCHOOL:
        signals = [one.model_copy(update={"pupil": pupil(place, school)}) for place, one in enumerate(signals)]
    values: dict[str, object] = {
        "school": school,
        "school_name": name,
        "sector": sector,
        "week": week,
        "as_of": datetime.combine(week, datetime.min.time(), UTC),
        "data_moment": datetime(2026, 11, 15, 17, 0, tzinfo=UTC),
        "basis": Basis.SCORECARD,
        "model_version": "3",
        "contract_version": "1.0.0",
        "capacity": 10,
        "pupils_considered": 412,
        "tie_rule": "Bij gelijke score gaat de leerling met de meeste afwezigheid in 4 weken voor.",
        "notes": ("Voor klas 4v1 is geen rooster geleverd: daar rekenen we met een norm van 6 lesuren per dag.",),
        "quality": quality(),
        "school_days": school_days(),
        "signals": tuple(signals),
        "gone": (Gone(pupil=pupil(33, school), reason="2 weken achter elkaar weer volledig aanwezig."),),
    }
    return WeeklyList.model_validate(values | changes)


def last_weeks_list(*, school: str = SCHOOL, name: str = "Het Baken College", sector: str = "vo") -> WeeklyList:
    """The list of a week before: shorter, and with the pupil who has gone since."""
    left = on_list(9).model_copy(update={"pupil": pupil(33, school), "group": "2hv1", "position": 1})
    still = [one.model_copy(update={"position": 2 + place}) for place, one in enumerate((on_list(1), on_list(3)))]
    if school != SCHOOL:
        still = []
    return weekly_list(
        school=school, name=name, sector=sector, week=LAST_WEEK, signals=(left, *still), gone=(), provisional=True
    )


def rules_list() -> WeeklyList:
    """The primary school's list: too little data for a score, so it stands on rules, and says so."""
    hits = {0: (mazl_rule(),), 2: (mazl_rule(),), 4: (hours_rule(),)}
    chosen = [on_list(number, basis=Basis.RULES) for number in hits]
    signals = tuple(
        one.model_copy(update={"pupil": pupil(place, PRIMARY), "group": "groep 7", "position": place + 1})
        for place, one in enumerate(chosen)
    )
    reason = "Van deze school is pas 7 weken geschiedenis bekend; voor een score zijn er 20 nodig."
    return weekly_list(
        school=PRIMARY,
        name="Basisschool De Regenboog",
        sector="po",
        basis=Basis.RULES,
        basis_reason=reason,
        model_version=None,
        provisional=True,
        capacity=6,
        pupils_considered=188,
        signals=signals,
        gone=(),
    )
