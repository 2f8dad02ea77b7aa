"""Where a timetable and the registrations contradict each other: what the timetable says decides what counts.

Registrations are laid on the timetable as known once the delivery is in, the norm included, as the features do it. One
that finds no lesson counts no time; it is kept, for the next timetable may put it right, and it is told.
"""

from datetime import date

import polars as pl

from data_contracts.grading import thresholds
from data_contracts.quality import Finding, Severity
from data_contracts.reasons import KINDS, Registration
from data_contracts.tables import Register, SlotStatus

LOCATED = 50
"""Days that are named one by one; the rest is counted."""

_COUNTING = [kind.value for kind, info in KINDS.items() if info.counts]
_TIMED = [kind.value for kind, info in KINDS.items() if info.counts and not info.event_only]

_WHERE = ("_row", "pupil", "start_date", "start_slot", "end_slot", "start_minute", "end_minute")

_SAID: dict[str, tuple[str, str]] = {
    "no_school_day": (
        "meldingen vallen op dagen waarop niets op het rooster staat (weekend, vakantie, lessen voorbij); ze tellen niet mee",
        "Klopt het rooster, dan hoeft er niets te gebeuren. Zo niet: lever het rooster van die dagen opnieuw.",
    ),
    "no_lesson": (
        "meldingen gaan over een lesuur of tijd waarop geen les gepland staat; ze tellen niet mee",
        "Controleer het lesuur van de melding, of lever het rooster van die dag opnieuw.",
    ),
    "lesson_cancelled": (
        "meldingen gaan over een les die is uitgevallen of niet verplicht was; ze tellen niet mee",
        "Ging de les toch door, verbeter dan het rooster. Zo niet: trek de melding in.",
    ),
    "register_not_taken": (
        "meldingen gaan over een les waarvan de presentie niet is verwerkt; die les is onbekend en telt niet mee",
        "Verwerk de presentie van die les en lever het rooster opnieuw; dan telt de melding mee.",
    ),
}
"""Check, what it says and what to do."""


def against_timetable(
    absences: pl.DataFrame, plan: pl.DataFrame, enrolments: pl.DataFrame, *, file: str
) -> list[Finding]:
    """Tell of registrations that find no lesson to count in.

    Parameters
    ----------
    absences
        Registrations in the columns of the table, and ``_row`` (null for one that another file brought). Open-ended
        ones and those outside an enrolment are left out: the first end somewhere, the second are told elsewhere.
    plan
        The timetable, norm included, as known once the delivery is in.
    enrolments
        ``pupil, group, valid_from, valid_to``, as known then.
    """
    closed = ~pl.col("withdrawn") & ~pl.col("open_ended") & pl.col("kind").is_in(_COUNTING)
    last = pl.coalesce("end_date", "start_date")
    facts = _with_group(absences.filter(closed).select(*_WHERE, _last=last), enrolments)
    if facts.is_empty():
        return []
    one_day = pl.col("_last") == pl.col("start_date")
    lessons = plan.with_columns(_state=_state())
    odd = pl.concat(
        [
            _on_one_day(facts.filter(one_day), lessons).select("_row", "start_date", "_check"),
            _without_lessons(facts.filter(~one_day), lessons).select("_row", "start_date", "_check"),
        ]
    )
    found = []
    for check, (message, remedy) in _SAID.items():
        rows = odd.filter(pl.col("_check") == check).sort("_row", "start_date", nulls_last=True)
        if not rows.is_empty():
            found.append(_told(check, message, remedy, rows=rows, file=file, day=rows["start_date"][0]))
    return found


def overfull_days(plan: pl.DataFrame, delivered: pl.DataFrame, *, file: str) -> list[Finding]:
    """Refuse days on which a group or pupil would have more lessons than fit in a day.

    Parameters
    ----------
    plan
        The school's own timetable as known once the delivery is in, without the norm.
    delivered
        The delivered rows, with ``_row``: only their groups, pupils and days are looked at.
    """
    whose = ["group", "pupil", "date"]
    rows = delivered.group_by(whose).agg(pl.col("_row").min())
    planned = plan.filter(pl.col("status") == SlotStatus.PLANNED.value).join(rows, on=whose, nulls_equal=True)
    # As the features count: parallel lessons in one slot are one, and beside lessons a row for the whole day is none.
    slots = planned.group_by(*whose, "_row", key=pl.coalesce(pl.col("slot"), pl.col("start_minute") + 1_000)).agg(
        pl.col("minutes").max()
    )
    lessons = pl.col("key").is_not_null()
    counted = slots.filter(lessons | ~lessons.any().over(whose))
    most = thresholds().most_a_day.minutes
    long = counted.group_by(*whose, "_row").agg(pl.col("minutes").sum()).filter(pl.col("minutes") > most)
    findings = [
        Finding(
            check="day_too_long",
            severity=Severity.ERROR,
            message=f"het rooster van {day} telt voor één groep of leerling op tot meer dan {most} minuten",
            remedy="Controleer of elke les één keer en met zijn eigen groep in het bestand staat. Vervallen lessen "
            "van een eerdere levering neemt u terug met complete_from en complete_to.",
            file=file,
            row=row,
            column="minutes",
            value=str(minutes),
        )
        for day, row, minutes in long.sort("_row").select("date", "_row", "minutes").head(LOCATED).iter_rows()
    ]
    if long.height > LOCATED:
        rest = {"row": None, "value": None, "count": long.height - LOCATED}
        findings.append(findings[-1].model_copy(update=rest))
    return findings


def present_beside_reports(present: pl.DataFrame, reports: pl.DataFrame, *, file: str) -> list[Finding]:
    """Tell of lessons for which a teacher saw a pupil whom a report calls absent; the report stands.

    Parameters
    ----------
    present
        ``_row, pupil, start_date, start_slot``: lessons in which the pupil was seen. Nothing of this is stored.
    reports
        Registrations as known once the delivery is in. Of each pupil the report that began last is looked at.
    """
    report = pl.col("registration") == Registration.REPORT.value
    timed = reports.filter(report & pl.col("kind").is_in(_TIMED) & pl.col("start_minute").is_null())
    begun = timed.select(
        "pupil",
        "start_date",
        _from="start_date",
        _last=pl.when(~pl.col("open_ended")).then(pl.coalesce("end_date", "start_date")),
        _first_slot="start_slot",
        _last_slot=pl.coalesce(
            "end_slot", pl.when(pl.coalesce("end_date", "start_date") == pl.col("start_date")).then("start_slot")
        ),
    )
    seen = present.sort("start_date").join_asof(
        begun.sort("start_date"), on="start_date", by="pupil", check_sortedness=False
    )
    day, slot = pl.col("start_date"), pl.col("start_slot")
    before = (day == pl.col("_from")) & (slot < pl.col("_first_slot")).fill_null(value=False)
    after = (day == pl.col("_last")) & (slot > pl.col("_last_slot")).fill_null(value=False)
    within = pl.col("_from").is_not_null() & (pl.col("_last").is_null() | (day <= pl.col("_last")))
    double = seen.filter(within & ~before & ~after.fill_null(value=False)).sort("_row")
    if double.is_empty():
        return []
    message = "volgens de les was de leerling aanwezig, terwijl een melding die les dekt; de melding geldt"
    remedy = "Is de leerling weer terug, sluit dan de melding af of trek haar in."
    return [_told("present_beside_report", message, remedy, rows=double, file=file, day=double["start_date"][0])]


def _with_group(facts: pl.DataFrame, enrolments: pl.DataFrame) -> pl.DataFrame:
    """Add the group of each pupil on the first day: of two that overlap, the one that began later."""
    first = pl.col("start_date")
    on_day = (pl.col("valid_from") <= first) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= first))
    told = facts.with_row_index("_at")
    return told.join(
        told.select("_at", "pupil", "start_date")
        .join(enrolments.rename({"group": "_group"}), on="pupil")
        .filter(on_day)
        .sort("valid_from")
        .unique("_at", keep="last")
        .select("_at", "_group"),
        on="_at",
    )


def _state() -> pl.Expr:
    return (
        pl.when(pl.col("status") != SlotStatus.PLANNED.value)
        .then(pl.lit("lesson_cancelled"))
        .when(pl.col("register") == Register.NOT_TAKEN.value)
        .then(pl.lit("register_not_taken"))
        .otherwise(pl.lit("planned"))
    )


def _on_one_day(facts: pl.DataFrame, lessons: pl.DataFrame) -> pl.DataFrame:
    """Facts of one day that no planned lesson covers, with the reason."""
    that_day = lessons.select(
        _group="group",
        pupil="pupil",
        start_date="date",
        slot="slot",
        begins="start_minute",
        minutes="minutes",
        _state="_state",
    )
    own = that_day.filter(pl.col("pupil").is_not_null()).drop("_group")
    of_group = that_day.filter(pl.col("pupil").is_null()).drop("pupil")
    with_own = own.select("pupil", "start_date").unique()
    mine = facts.join(with_own, on=["pupil", "start_date"], how="semi").join(own, on=["pupil", "start_date"])
    others = _unsettled(facts.join(with_own, on=["pupil", "start_date"], how="anti"), of_group)
    laid = pl.concat(
        [mine, others.join(of_group, on=["_group", "start_date"], how="left")], how="diagonal"
    ).with_columns(_covers=_covers())

    def covered_by(state: str) -> pl.Expr:
        return (pl.col("_covers") & (pl.col("_state") == state)).any()

    return (
        laid.group_by("_at")
        .agg(
            pl.col("_row", "start_date").first(),
            pl.col("_state").is_not_null().any().alias("_lessons"),
            *(covered_by(state).alias(state) for state in ("planned", "lesson_cancelled", "register_not_taken")),
        )
        .filter(~pl.col("planned"))
        .with_columns(
            _check=pl.when("register_not_taken")
            .then(pl.lit("register_not_taken"))
            .when("lesson_cancelled")
            .then(pl.lit("lesson_cancelled"))
            .when("_lessons")
            .then(pl.lit("no_lesson"))
            .otherwise(pl.lit("no_school_day"))
        )
    )


def _unsettled(facts: pl.DataFrame, lessons: pl.DataFrame) -> pl.DataFrame:
    """Leave out what one look settles, and that is nearly all: a whole day or one lesson hour that was planned."""
    day = ["_group", "start_date"]
    planned = lessons.filter(pl.col("_state") == "planned")
    slot, last = pl.col("start_slot"), pl.coalesce("end_slot", "start_slot")
    whole = pl.all_horizontal(pl.col("start_slot", "end_slot", "start_minute", "end_minute").is_null())
    of_days = planned.select(*day, _day=pl.lit(value=True)).unique()
    of_slots = planned.select(*day, start_slot="slot", _slot=pl.lit(value=True)).unique()
    looked = facts.join(of_days, on=day, how="left").join(of_slots, on=[*day, "start_slot"], how="left")
    settled = pl.when(whole).then("_day").when(slot == last).then("_slot").fill_null(value=False)
    return looked.filter(~settled).drop("_day", "_slot")


def _covers() -> pl.Expr:
    """Whether a registration covers the lesson beside it: by slot, else by the clock, else the day as a whole."""
    slot, begins = pl.col("slot"), pl.col("begins")
    low, high = pl.col("start_slot"), pl.coalesce("end_slot", "start_slot")
    in_slots = (slot >= low.fill_null(0)) & (slot <= high)
    ends = begins + pl.col("minutes")
    by_clock = (pl.col("start_minute").fill_null(0) < ends) & (pl.col("end_minute").fill_null(1440) > begins)
    slotted = low.is_not_null() | high.is_not_null()
    clocked = pl.col("start_minute").is_not_null() | pl.col("end_minute").is_not_null()
    return (
        pl.when(slotted & slot.is_not_null())
        .then(in_slots)
        .when(~slotted & clocked & begins.is_not_null())
        .then(by_clock)
        .otherwise(pl.col("_state").is_not_null())
    )


def _without_lessons(facts: pl.DataFrame, lessons: pl.DataFrame) -> pl.DataFrame:
    """Facts of several days in which nothing at all was planned for the pupil or the group."""
    planned = lessons.filter(pl.col("_state") == "planned").select("group", "pupil", "date").unique().sort("date")
    ordered = facts.sort("start_date")
    for by, whose in (("_group", "group"), ("pupil", "pupil")):
        days = planned.filter(pl.col(whose).is_not_null()).select(
            pl.col(whose).alias(by), start_date="date", **{f"_next{by}": "date"}
        )
        ordered = ordered.join_asof(days, on="start_date", by=by, strategy="forward", check_sortedness=False)
    soonest = pl.min_horizontal("_next_group", "_nextpupil")
    return ordered.filter(soonest.is_null() | (soonest > pl.col("_last"))).with_columns(_check=pl.lit("no_school_day"))


def _told(check: str, message: str, remedy: str, *, rows: pl.DataFrame, file: str, day: date) -> Finding:
    return Finding(
        check=check,
        severity=Severity.WARNING,
        message=message,
        remedy=remedy,
        file=file,
        row=rows["_row"][0],
        column="start_date",
        value=day.isoformat(),
        count=rows.height,
    )
