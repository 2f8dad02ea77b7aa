"""Drift in an installation: recording first, then pupils and scores; said in Dutch, kept, and shown."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small_world import DELIVERED, FIRST, World

from data_contracts.errors import NotFoundError, UsageError
from features.calendar import school_year_start
from models.drift import settings
from models.serving import Decision, champion, decide
from pipelines import drifting
from pipelines.drift_words import described
from pipelines.drifting import drift
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.model_page import model_page
from pipelines.observed import recorded_by_week, scored_by_moment
from pipelines.standing import standing

SINCE = date(2026, 1, 12)
NOW = datetime(2026, 6, 28, 12, tzinfo=UTC)


class TestWords:
    def said(self, alarms=(), *, rising=(), gone=(), score=None):
        rises = {kind["name"]: kind["name"] in rising for kind in settings()["kind"]}
        return described(dict.fromkeys(alarms, SINCE), rises, list(gone), score_since=score, score_up=True)

    def test_nothing(self):
        assert self.said() == ("calm", "Geen verandering te zien.", None)

    def test_a_kind_that_is_gone_is_recording_whatever_else_moved(self):
        verdict, text, since = self.said(["late"], gone=["late"], score=SINCE)
        assert (verdict, since) == ("recording", SINCE)
        assert "te laat: komt niet meer voor" in text
        assert "Ook de scores verschoven" in text
        assert "12 januari" in text

    def test_kinds_that_shift_while_all_absence_stays_are_recorded_otherwise(self):
        verdict, text, _ = self.said(["sick", "authorised"], rising=["authorised"])
        assert verdict == "recording"
        assert "minder ziekmeldingen; meer geoorloofde afwezigheid" in text

    def test_more_absence_altogether_is_no_matter_of_recording(self):
        verdict, text, _ = self.said(["absent", "sick"], rising=["absent", "sick"])
        assert verdict == "drift"
        assert "meer afwezigheid" in text

    def test_scores_that_move_alone_are_drift(self):
        verdict, text, since = self.said(score=SINCE)
        assert (verdict, since) == ("drift", SINCE)
        assert "de scores zijn hoger geworden" in text

    def test_more_lateness_alone_is_drift(self):
        assert self.said(["late"], rising=["late"])[0] == "drift"


@pytest.fixture
def home(small: World, tmp_path: Path) -> Home:
    """The trained world with a model that serves."""
    copy = Home.at(tmp_path / "home")
    shutil.copytree(small.home.root, copy.root, ignore=shutil.ignore_patterns("lake", "service.db*"))
    (copy.root / "lake").symlink_to(small.home.lake)
    version = small.result.scorecard
    decide(
        copy.scorecards, Decision(at=DELIVERED, what="promoted", version=version, serves=version, by="Fatima Bakker")
    )
    return copy


def test_shares_of_pupils_per_school_week_are_counted_by_hand(home: Home):
    found = recorded_by_week(
        home, ["11ZZ01"], since=FIRST, until=FIRST + timedelta(weeks=3), moment=DELIVERED, say=lambda *_: None
    ).sort("week")
    assert found["week"].to_list() == [FIRST + timedelta(weeks=week) for week in range(3)]
    assert found["pupils"].to_list() == [160] * 3
    absences = Lake(home).scan("absences", schools=["11ZZ01"]).collect()
    for week, share in found.select("week", "sick").iter_rows():
        ill = absences.filter(pl.col("start_date").is_between(week, week + timedelta(days=4)))["pupil"].n_unique()
        assert share == pytest.approx(ill / 160)
    assert found["late"].sum() == found["untaken"].sum() == 0


def test_scores_are_worked_out_once_and_kept(home: Home, monkeypatch: pytest.MonkeyPatch):
    card = champion(home.scorecards)
    moments = [date(2026, 3, 2), date(2026, 3, 30)]
    found = scored_by_moment(home, ["11ZZ01", "11ZZ02"], card, moments=moments[:1], say=lambda *_: None)
    assert found["school"].n_unique() == 2
    assert found["feature"].n_unique() == len(card.names)
    more = scored_by_moment(home, ["11ZZ01", "11ZZ02"], card, moments=moments, say=lambda *_: None)
    assert more.filter(pl.col("moment") == moments[0]).equals(found)

    def never(*_args):
        pytest.fail("counted again")

    monkeypatch.setattr("pipelines.observed.stability", never)
    again = scored_by_moment(home, ["11ZZ01", "11ZZ02"], card, moments=moments, say=lambda *_: None)
    assert again.equals(more)


def test_two_schools_are_too_few_to_say_anything_and_that_is_said_everywhere(home: Home):
    found = drift(home)
    assert {school.verdict for school in found.schools} == {"unknown"}
    assert "geen school is te beoordelen" in found.headline
    assert model_page(home).drift == found
    assert standing(home, now=NOW).drift == (found.headline,)


def test_without_a_model_or_with_a_tuesday_there_is_nothing_to_follow(small: World, home: Home):
    with pytest.raises(NotFoundError, match="geen model in gebruik"):
        drift(small.home)
    with pytest.raises(UsageError, match="geen maandag"):
        drift(home, week=date(2026, 6, 23))


SCHOOLS = [f"99XX{number:02}" for number in range(8)]


def weekly_shares() -> pl.DataFrame:
    """Two school years of eight schools; the first stops registering lateness in January of the second."""
    rng = np.random.default_rng(5)
    rows = []
    for year in (2025, 2026):
        for week in range(36):
            monday = date(year, 8, 31) + timedelta(weeks=week)
            for school in SCHOOLS:
                shares = {kind["name"]: 0.0 for kind in settings()["kind"]}
                shares |= {
                    name: rng.binomial(600, rate) / 600
                    for name, rate in (("absent", 0.1), ("sick", 0.05), ("late", 0.06))
                }
                if school == SCHOOLS[0] and monday >= date(2027, 1, 11):
                    shares["late"] = 0.0
                rows.append({"school": school, "week": monday, "pupils": 600, **shares})
    return pl.DataFrame(rows)


def test_a_school_that_stops_registering_lateness_is_told_to_look_at_its_recording(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    """The others are not; and the score, which fell with it, is not called drift."""
    rng = np.random.default_rng(6)

    def scored(_home, schools, _card, *, moments, say):
        assert say
        rows = [
            {
                "school": school,
                "moment": moment,
                "pupils": 600,
                "score": -7 + rng.normal(0, 0.02) - (0.5 if school == SCHOOLS[0] and moment > date(2027, 1, 20) else 0),
                "feature": "late_count_4w",
                "mean": 0.1,
                "psi": 0.4 if school_year_start(moment).year == 2026 else 0.05,
            }
            for school in schools
            for moment in moments
        ]
        return pl.DataFrame(rows)

    class Region:
        def __init__(self, _home) -> None:
            self.home = _home

        def schools(self):
            return SCHOOLS

        def settings(self, _school):
            return Lake(self.home).settings("11ZZ01")

        def scan(self, _table):
            return pl.LazyFrame({"delivered_at": [datetime(2027, 5, 9, 18, tzinfo=UTC)]})

    monkeypatch.setattr(drifting, "Lake", Region)
    monkeypatch.setattr(drifting, "recorded_by_week", lambda *_args, **_more: weekly_shares())
    monkeypatch.setattr(drifting, "scored_by_moment", scored)
    found = drift(home)
    verdicts = {school.school: school.verdict for school in found.schools}
    assert verdicts == dict.fromkeys(SCHOOLS, "calm") | {SCHOOLS[0]: "recording"}
    told = found.schools[0]
    assert "te laat: komt niet meer voor" in told.text
    assert "Ook de scores verschoven" in told.text
    assert date(2026, 12, 28) <= told.since <= date(2027, 2, 1)
    assert "bij 1 lijkt de registratie veranderd" in found.headline
    assert len(found.moved) == 1
    assert "PSI 0,40" in found.moved[0]
