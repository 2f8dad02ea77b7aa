"""One school's list: order, cut, comparison with last week, and what the reader must know."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from data_contracts.identifiers import Sector
from data_contracts.quality import Grade, WeekQuality
from data_contracts.school import SchoolSettings
from data_contracts.weekly_list import Basis, Certainty, RuleHit, Since, Standing, WeeklyList
from features.catalogue import CATALOGUE
from models.explain import Period
from models.scored import Scored
from pipelines.listing import Candidate, Counted, in_view, weekly_list

WEEK = date(2026, 11, 16)
AS_OF = datetime(2026, 11, 16, 5, tzinfo=UTC)
PERIODS = {w: Period(w, w, w) for w in ("1w", "2w", "4w", "8w", "12w", "year", "last_year")}
SCHOOL = SchoolSettings(school="11ZZ03", name="Het Baken", sector=Sector.VO, capacity=2)


def name(letter: str) -> str:
    return "p" + letter * 26


def hit(rule: str = "mazl_vo_spells", *, statutory: bool = False) -> RuleHit:
    return RuleHit(
        rule=rule,
        label=rule,
        source="x",
        statutory=statutory,
        value=4,
        threshold=4,
        unit="x",
        reached_on=WEEK,
        text="x.",
    )


def candidate(letter: str, score: float | None = None, *, missed: float = 0.0, **more: Any) -> Candidate:
    row = {entry.name: None for entry in CATALOGUE}
    row |= {
        "pupil": name(letter),
        "group": "2a",
        "year_group": "12",
        "absent_rate_4w": missed,
        "weeks_known": 10,
        "enrolled_from": 20000,
        "last_sick": None,
    }
    scored = None
    if score is not None:
        scored = Scored(log_odds=score, probability=0.1, parts=(score + 3,))
    return Candidate(
        **{"row": row, "hits": (), "quiet": frozenset({"tier_2"}), "already": False, "scored": scored} | more
    )


def counted(*candidates: Candidate, **more: Any) -> Counted:
    fields: dict[str, Any] = {
        "settings": SCHOOL,
        "week": WEEK,
        "as_of": AS_OF,
        "data_moment": AS_OF - timedelta(days=1),
        "candidates": candidates,
        "periods": PERIODS,
        "model_version": "abc",
        "baseline": -3.0,
        "features": ("absent_rate_4w",),
        "weeks_known": 10,
    }
    return Counted(**fields | more)


def after(*lists: WeeklyList) -> dict[str, Any]:
    """The lists before, newest first, as the weekly run reads them back."""
    on_list = [frozenset(s.pupil for s in made.signals if s.on_list) for made in lists]
    return {"before": lists[0], "earlier": on_list}


def order(made: WeeklyList) -> list[str]:
    return [s.pupil[1] for s in made.signals if s.position is not None]


def test_highest_score_first_cut_at_capacity():
    made = weekly_list(counted(candidate("a", -2.0), candidate("b", 0.5), candidate("c", -1.0)))
    assert order(made) == ["b", "c", "a"]
    assert [s.on_list for s in made.signals] == [True, True, False]
    assert made.basis is Basis.SCORECARD


def test_how_sure_a_score_is_stands_beside_it_where_the_model_can_tell():
    spread = {name("a"): 0.3, name("b"): 1.2}
    made = weekly_list(counted(candidate("a", 1.0), candidate("b", 0.5), candidate("c", 0.0), spread=spread))
    assert [s.certainty for s in made.signals] == [Certainty.FAIR, Certainty.LOW, None]
    on_rules = weekly_list(counted(candidate("a"), spread=spread, basis_reason="x"))
    assert on_rules.signals[0].certainty is None


def test_a_list_of_before_there_was_certainty_can_still_be_read():
    made = weekly_list(counted(candidate("a", 1.0)))
    stored = made.model_dump(mode="json")
    del stored["signals"][0]["certainty"]
    assert WeeklyList.model_validate(stored) == made


def test_equal_scores_go_by_rules_reached_then_by_time_missed():
    made = weekly_list(
        counted(candidate("a", 0.0), candidate("b", 0.0, missed=0.2), candidate("c", 0.0, hits=(hit(),)))
    )
    assert order(made) == ["c", "b", "a"]


def test_then_by_a_lot_that_is_the_same_all_week_and_another_the_next():
    pupils = [candidate(letter, 0.0) for letter in "abcdefg"]
    this_week = order(weekly_list(counted(*pupils)))
    assert order(weekly_list(counted(*pupils[::-1]))) == this_week
    weeks = [WEEK + timedelta(days=7 * n) for n in range(8)]
    assert len({tuple(order(weekly_list(counted(*pupils, week=week)))) for week in weeks}) > 1


def test_without_a_score_rules_reached_go_first_then_time_missed():
    made = weekly_list(
        counted(
            candidate("a", missed=0.9),
            candidate("b", hits=(hit(), hit("mazl_vo_run"))),
            candidate("c", hits=(hit("lpw_16h", statutory=True),)),
            basis_reason="Er is nog geen model.",
        )
    )
    assert order(made) == ["b", "c", "a"]
    assert made.basis is Basis.RULES
    assert made.model_version is None
    assert made.basis_reason == "Er is nog geen model."


def test_rule_hits_stay_in_view_below_the_cut():
    pupils = [candidate(letter, 5.0 - n) for n, letter in enumerate("abcdefghij")]
    last = candidate("z", -9.0, hits=(hit(),))
    made = weekly_list(counted(*pupils, last))
    assert order(made) == [*"abcdefg", "z"]
    assert name("z") in in_view(counted(*pupils, last))


def test_a_quiet_rule_brings_nobody_into_view():
    pupils = [candidate(letter, 5.0 - n) for n, letter in enumerate("abcdefghij")]
    made = weekly_list(counted(*pupils, candidate("z", -9.0, hits=(hit("tier_2"),))))
    assert "z" not in order(made)


def test_who_is_away_for_long_stands_apart_and_takes_no_place():
    made = weekly_list(counted(candidate("a", 9.0, already=True), candidate("b", 0.0)))
    away = next(s for s in made.signals if s.pupil == name("a"))
    assert (away.standing, away.position, away.on_list) == (Standing.ALREADY_ABSENT, None, False)
    assert away.probability is None
    assert order(made) == ["b"]


def test_every_score_is_its_baseline_and_contributions():
    made = weekly_list(counted(candidate("a", -2.0), candidate("b", 0.5)))
    for signal in made.signals:
        assert signal.baseline is not None
        assert signal.log_odds is not None
        assert abs(signal.baseline + sum(c.log_odds for c in signal.contributions) - signal.log_odds) <= 1e-9


class TestComparedWithLastWeek:
    def list_of(self, *candidates: Candidate, week: date) -> WeeklyList:
        return weekly_list(counted(*candidates, week=week))

    def test_new_still_and_back(self):
        older = self.list_of(candidate("b", 1.0), candidate("x", 0.0), week=WEEK - timedelta(days=14))
        last = self.list_of(
            candidate("a", 1.0), candidate("y", 0.5), candidate("b", -3.0), week=WEEK - timedelta(days=7)
        )
        now = counted(candidate("a", 1.0), candidate("b", 0.5), candidate("c", 0.1), **after(last, older))
        since = {s.pupil[1]: s.since for s in weekly_list(now).signals}
        assert since == {"a": Since.STILL, "b": Since.BACK, "c": Since.NEW}

    def test_who_is_gone_and_why(self):
        last = self.list_of(candidate("a", 1.0), candidate("b", 0.5), week=WEEK - timedelta(days=7))
        weaker = weekly_list(
            counted(*(candidate(x, 2.0) for x in "cd"), candidate("a", 0.0), candidate("b", -1.0), **after(last))
        )
        assert {g.pupil[1]: g.reason for g in weaker.gone} == {
            "a": "Het signaal is minder sterk dan dat van anderen: nu plaats 3.",
            "b": "Het signaal is minder sterk dan dat van anderen: nu plaats 4.",
        }
        left = weekly_list(counted(candidate("b", 1.0, already=True), candidate("c", 0.0), **after(last)))
        assert [g.reason for g in left.gone] == [
            "Niet meer ingeschreven op deze school.",
            "Nu langdurig afwezig: staat in het aparte deel van de lijst.",
        ]

    def test_why_the_order_changed(self):
        last = self.list_of(candidate("a", 1.0), candidate("b", 0.5), week=WEEK - timedelta(days=7))
        now = weekly_list(counted(candidate("a", 1.0), candidate("b", 2.0), **after(last)))
        notes = {s.pupil[1]: s.order_note for s in now.signals}
        assert notes == {
            "b": "Van plaats 2 naar 1: hoeveel is gemist.",
            "a": "Van plaats 1 naar 2: anderen schoven op.",
        }

    def test_another_model_is_named_as_the_cause(self):
        last = self.list_of(candidate("a", 1.0), candidate("b", 0.5), week=WEEK - timedelta(days=7))
        other = last.model_copy(update={"model_version": "old"})
        now = weekly_list(counted(candidate("a", 1.0), candidate("b", 2.0), **after(other)))
        assert "ander model" in now.signals[0].order_note

    def test_on_rules_a_new_threshold_is_named(self):
        before = counted(candidate("a", missed=0.2), candidate("b"), week=WEEK - timedelta(days=7), basis_reason="x")
        now = counted(
            candidate("a", missed=0.2),
            candidate("b", hits=(hit(),)),
            basis_reason="x",
            model_version=None,
        )
        first = weekly_list(replace(now, **after(weekly_list(replace(before, model_version=None))))).signals[0]
        assert (first.pupil[1], first.order_note) == ("b", "Van plaats 2 naar 1: bereikt: mazl_vo_spells.")


class TestWhatTheReaderMustKnow:
    def test_the_first_weeks_are_provisional(self):
        made = weekly_list(counted(candidate("a", 0.0), weeks_known=3))
        assert made.provisional
        assert any(note.startswith("Voorlopig") for note in made.notes)

    def test_old_data_are_told_with_their_date(self):
        made = weekly_list(counted(candidate("a", 0.0), data_moment=AS_OF - timedelta(days=20)))
        assert "27 oktober 2026" in made.notes[0]

    def test_no_data_is_never_an_empty_quiet_list(self):
        assert "nog geen gegevens" in weekly_list(counted(data_moment=None)).notes[0]

    def test_a_norm_timetable_is_told(self):
        assert any("vaste norm" in note for note in weekly_list(counted(on_norm=True)).notes)

    def test_a_model_that_learned_from_later_is_told(self):
        late = counted(candidate("a", 0.0), learned_until=AS_OF + timedelta(days=9))
        assert any(note.startswith("Achteraf gemaakt") and "25 november" in note for note in weekly_list(late).notes)
        assert weekly_list(replace(late, learned_until=AS_OF)).notes == ()

    def test_a_poor_week_is_told(self):
        poor = WeekQuality(week=date(2026, 11, 9), grade=Grade.POOR)
        assert any("9 november" in note for note in weekly_list(counted(quality=(poor,))).notes)

    def test_a_short_history_is_told_with_the_pupil(self):
        new = candidate("a", 0.0)
        short = replace(new, row={**new.row, "weeks_known": 2})
        assert "2 lesweken" in weekly_list(counted(short)).signals[0].notes[0]


@pytest.mark.parametrize("capacity", [1, 5])
def test_the_list_is_never_longer_than_the_school_can_talk(capacity: int):
    settings = SCHOOL.model_copy(update={"capacity": capacity})
    made = weekly_list(counted(*(candidate(x, 1.0, hits=(hit(),)) for x in "abcdefghij"), settings=settings))
    assert sum(s.on_list for s in made.signals) == capacity
