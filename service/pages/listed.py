"""A list as a meeting goes through it: each pupil in one row, and the parts that the rows fall into."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from data_contracts.compulsory import may_not_apply
from data_contracts.weekly_list import Gone, RuleHit, Signal, Standing, WeeklyList
from service import words
from service.duties import ShownDuty
from service.following.care import Care
from service.pages import drawing
from service.reading import Shown

SHORT_PSEUDONYM = 8
A_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Hit:
    """A threshold that one pupil has reached, once or more often.

    Parameters
    ----------
    last
        The time with the newest deadline.
    times
        How often.
    doubtful
        Whether the law that it rests on, if it rests on one, may not apply to the pupil.
    """

    last: RuleHit
    times: int
    doubtful: bool = False


@dataclass(frozen=True)
class Row:
    """One pupil on the page: the signal, what to call the pupil, and what is done about it (None: not for this viewer)."""

    id: str
    name: str
    shown: Shown
    care: Care | None = None

    @property
    def chart(self) -> drawing.Chart | None:
        """Attendance against the class; drawn only where the page shows it."""
        return drawing.chart(self.shown.signal.attendance)

    @cached_property
    def hits(self) -> tuple[Hit, ...]:
        """The thresholds reached, each once."""
        return hits_of(self.shown.signal, sector=self.shown.head.document.sector)

    @property
    def headline(self) -> str:
        """What is going on, in one line."""
        signal = self.shown.signal
        sentences = [one.text for one in signal.raising]
        rules = [one.text for one in signal.rule_hits]
        # Where there is no score, it is the rules that brought the pupil here.
        texts = (rules + sentences if signal.log_odds is None else sentences + rules) + list(signal.notes)
        return texts[0] if texts else "Geen bijzonderheid in de gegevens; open de leerling voor het overzicht."

    @property
    def also(self) -> str:
        """What raises the score next: the first line is much alike for all who missed much lately. Empty without a score."""
        signal = self.shown.signal
        return signal.raising[1].text if signal.log_odds is not None and len(signal.raising) > 1 else ""


@dataclass(frozen=True)
class GoneRow:
    """One pupil who left the list, and the last signal to open."""

    id: str
    name: str
    group: str
    gone: Gone


@dataclass(frozen=True)
class Duty:
    """A legal duty of one pupil on the page: the newest time, with its deadline where it has one.

    ``row`` is None for a pupil who objected: there is no signal to open.
    """

    name: str
    group: str
    hit: RuleHit
    times: int
    row: Row | None = None
    doubtful: bool = False

    @property
    def deadline(self) -> date | None:
        """The last day to report."""
        return self.hit.deadline

    def runs(self, week: date) -> bool:
        """Whether the deadline is in `week` or after it."""
        return self.deadline is not None and self.deadline >= week


@dataclass(frozen=True)
class Beyond:
    """Pupils below the cut, under the first threshold that each has reached."""

    label: str
    statutory: bool
    rows: tuple[Row, ...]

    @property
    def size(self) -> int:
        """How many pupils."""
        return len(self.rows)


@dataclass(frozen=True)
class ListPage:
    """A list, parted as a meeting goes through it."""

    on_list: tuple[Row, ...]
    beyond: tuple[Beyond, ...]
    below: tuple[Row, ...]
    absent: tuple[Row, ...]
    gone: tuple[GoneRow, ...]
    duties: tuple[Duty, ...]

    @property
    def waiting(self) -> int:
        """How many pupils on the list nobody has picked up."""
        return sum(row.care is not None and not row.care.picked_up for row in self.on_list)


def hits_of(signal: Signal, *, sector: str) -> tuple[Hit, ...]:
    """Return the thresholds that a pupil at a school of `sector` has reached, each once."""
    return folded(signal.rule_hits, doubtful=may_not_apply(sector, signal.year_group))


def folded(hits: Iterable[RuleHit], *, doubtful: bool = False) -> tuple[Hit, ...]:
    """Tell each threshold once: the time with the newest deadline, and how many times there were."""
    rules: dict[str, list[RuleHit]] = {}
    for hit in hits:
        rules.setdefault(hit.rule, []).append(hit)
    return tuple(
        Hit(max(times, key=lambda hit: (hit.deadline or date.min, hit.reached_on)), len(times), doubtful)
        for times in rules.values()
    )


def rows_of(shown: Iterable[Shown], names: Mapping[str, str], care: Mapping[str, Care] | None = None) -> list[Row]:
    """Return a row for each signal, in order."""
    known = care or {}
    return [Row(one.id, call(one.signal.pupil, names), one, known.get(one.signal.pupil)) for one in shown]


def gone_rows(left: Iterable[tuple[Gone, Shown]], names: Mapping[str, str]) -> list[GoneRow]:
    """Return a row for each pupil who left the list."""
    return [GoneRow(last.id, call(gone.pupil, names), last.signal.group, gone) for gone, last in left]


def list_page(rows: Sequence[Row], left: Sequence[GoneRow], *, duties: Sequence[Duty]) -> ListPage:
    """Part the rows of a list as a meeting goes through them."""
    candidates = [row for row in rows if row.shown.signal.standing is Standing.CANDIDATE]
    rest = [row for row in candidates if not row.shown.signal.on_list]
    return ListPage(
        on_list=tuple(row for row in candidates if row.shown.signal.on_list),
        beyond=_beyond(rest),
        below=tuple(row for row in rest if not row.shown.signal.rule_hits),
        absent=tuple(row for row in rows if row.shown.signal.standing is Standing.ALREADY_ABSENT),
        gone=tuple(left),
        duties=tuple(duties),
    )


def duties_of(rows: Iterable[Row]) -> tuple[Duty, ...]:
    """Return the legal duties, the first deadline first; each rule once for each pupil."""
    return _first_deadline_first(
        Duty(row.name, row.shown.signal.group, hit.last, hit.times, row, hit.doubtful)
        for row in rows
        for hit in row.hits
        if hit.last.statutory
    )


def duties_alone(shown: Iterable[ShownDuty], names: Mapping[str, str]) -> tuple[Duty, ...]:
    """Return the legal duties about pupils who do not take part, the first deadline first."""
    return _first_deadline_first(
        Duty(call(one.pupil, names), one.group, hit.last, hit.times) for one in shown for hit in folded(one.duty.hits)
    )


def _first_deadline_first(duties: Iterable[Duty]) -> tuple[Duty, ...]:
    return tuple(sorted(duties, key=lambda duty: (duty.deadline or date.max, duty.name)))


def _beyond(rest: list[Row]) -> tuple[Beyond, ...]:
    """Group pupils below the cut by threshold: duties first, then the threshold that most have reached."""
    groups: dict[tuple[str, bool], list[Row]] = {}
    for row in rest:
        if row.shown.signal.rule_hits:
            first = row.shown.signal.rule_hits[0]
            groups.setdefault((first.label, first.statutory), []).append(row)
    order = sorted(groups.items(), key=lambda item: (not item[0][1], -len(item[1]), item[0][0]))
    return tuple(Beyond(label, statutory, tuple(rows)) for (label, statutory), rows in order)


def call(pupil: str, names: Mapping[str, str]) -> str:
    """Return what to call a pupil: the name, or for those who may not see names the start of the pseudonym."""
    return names.get(pupil) or f"Leerling {pupil[:SHORT_PSEUDONYM]}"


def lacks_delivery(document: WeeklyList) -> bool:
    """Whether the newest delivery came before the week behind this list began, so says nothing about it."""
    arrived = document.data_moment
    return arrived is not None and arrived.astimezone(words.ZONE).date() < document.week - A_WEEK
