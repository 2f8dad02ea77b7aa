"""What of a list may leave the school, set apart when it is published: legal duties, and counts for the region.

Those who may see no more than this never query the list itself, so no page and no route can show them more.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import cache

from pydantic import BaseModel, ConfigDict

from data_contracts.compulsory import may_not_apply
from data_contracts.reasons import Authorised, Kind
from data_contracts.weekly_list import CalendarDay, DutyAlone, RuleHit, Signal, Standing, Tier, WeeklyList
from features.rules import rule_packs
from service.tables import DutyRow, ListRow, RegionCellRow

WHOLE_SCHOOL = ""
UNAUTHORISED = frozenset({Kind.LEAVE, Kind.LUXURY_LEAVE, Kind.TRUANCY, Kind.UNEXPLAINED})
"""What may reach an attendance officer, where the school registered it as unauthorised. Sickness or suspension that
reaches that desk has to be destroyed, so whatever else a school calls unauthorised stays here. A day on which a pupil was
ill as well bears the name of the illness, and stays here with it.
"""


class Measure(StrEnum):
    """What a region counts."""

    PUPILS = "leerlingen"
    ON_LIST = "opLijst"
    IN_VIEW = "inBeeld"
    DUTY = "wettelijkeDrempel"
    AWAY = "langdurigAfwezig"


class UnauthorisedDay(BaseModel):
    """A day with unauthorised absence. How much of that day was missed is not told: what was missed with leave, or through
    illness, would be in it, or could be had by subtracting.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: date
    kind: str


class Duty(BaseModel):
    """One pupil's legal duties, with the days of unauthorised absence on which they rest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    year_group: str | None
    hits: tuple[RuleHit, ...]
    days: tuple[UnauthorisedDay, ...]


def duties(row: ListRow, weekly_list: WeeklyList) -> Iterator[DutyRow]:
    """Yield the duties on a list, also those about pupils who do not take part: thresholds and unauthorised days only.

    None of pupils to whom the law may not apply: whether it does only the school can tell, and it reports at DUO by itself.
    """
    with_duties: tuple[Signal | DutyAlone, ...] = (*weekly_list.signals, *weekly_list.duties_alone)
    for about in with_duties:
        statutory = tuple(hit for hit in about.rule_hits if hit.statutory)
        if statutory and not may_not_apply(weekly_list.sector, about.year_group):
            days = tuple(UnauthorisedDay(day=day.day, kind=day.kind) for day in about.calendar if _unauthorised(day))
            duty = Duty(year_group=about.year_group, hits=statutory, days=days)
            yield DutyRow(
                list_id=row.id,
                school=row.school,
                pupil=about.pupil,
                group_name=about.group,
                week=row.week,
                edition=row.edition,
                document=duty.model_dump_json(),
            )


def _unauthorised(day: CalendarDay) -> bool:
    return day.authorised == Authorised.NO and day.kind in UNAUTHORISED and day.absent_minutes > 0


def region_cells(row: ListRow, weekly_list: WeeklyList) -> Iterator[RegionCellRow]:
    """Yield the counts of a list, by year group and measure, and how many pupils the school has."""
    cells: dict[tuple[str, Measure], list[str]] = defaultdict(list)
    for signal in weekly_list.signals:
        for measure, counts in _measures(signal, weekly_list.sector).items():
            if counts:
                cells[signal.year_group or WHOLE_SCHOOL, measure].append(signal.pupil)
    for (year_group, measure), pupils in sorted(cells.items()):
        yield _cell(row, year_group, measure, count=len(pupils), members="\n".join(sorted(pupils)))
    yield _cell(row, WHOLE_SCHOOL, Measure.PUPILS, count=weekly_list.pupils_considered, members=row.school)


def _measures(signal: Signal, sector: str) -> Mapping[Measure, bool]:
    due = any(hit.statutory for hit in signal.rule_hits)
    away = signal.standing is Standing.ALREADY_ABSENT
    return {
        Measure.ON_LIST: signal.on_list,
        Measure.IN_VIEW: away or _stands_out(signal),
        Measure.DUTY: due and not may_not_apply(sector, signal.year_group),
        Measure.AWAY: away,
    }


def _stands_out(signal: Signal) -> bool:
    """Whether there is a reason to look at a pupil: a threshold, or a likelihood above the lowest word.

    A list is as long as its school chose, with some pupils below it. Who fills it up is no finding, and is not counted.
    """
    reached = any(hit.rule not in _quiet() for hit in signal.rule_hits)
    return reached or signal.tier in {Tier.ATTENTION, Tier.DISCUSS_NOW}


@cache
def _quiet() -> frozenset[str]:
    """Return the rules that bring nobody into view by themselves: they are told only of who is there for another reason."""
    return frozenset(rule.id for pack in rule_packs().values() for rule in pack if rule.quiet)


def _cell(row: ListRow, year_group: str, measure: Measure, *, count: int, members: str) -> RegionCellRow:
    return RegionCellRow(
        list_id=row.id,
        school=row.school,
        week=row.week,
        edition=row.edition,
        year_group=year_group,
        measure=measure,
        count=count,
        members=hashlib.sha256(members.encode()).hexdigest(),
    )
