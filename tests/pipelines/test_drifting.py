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
from features.catalogue import NAMES, feature
from models.drift import settings
from models.serving import Decision, champion, decide
from pipelines import drifting, watched
from pipelines.drift_words import described
from pipelines.drifting import drift, moved_by
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.model_page import model_page
from pipelines.observed import recorded_by_week, scored_by_moment
from pipelines.standing import standing

SINCE = date(2026, 1, 12)
NOW = datetime(2026, 6, 28, 12, tzinfo=UTC)


class TestWords:
    def said(self, alarms=(), *, rising=(), gone=(), score=None, up=True, by=(), features=()):
        alarmed = {kind: (SINCE, kind in rising) for kind in alarms}
        scored = None if score is None else (score, up)
        return described(alarmed, list(gone), score=scored, score_by=by, features=dict(features))

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

    def test_a_feature_that_came_to_weigh_otherwise_is_drift_though_no_score_moved(self):
        verdict, text, since = self.said(features={"late_count_4w": (SINCE, True)})
        assert (verdict, since) == ("drift", SINCE)
        assert f"'{feature('late_count_4w').label}' verhoogt scores meer" in text

    def test_a_feature_of_how_a_school_registers_is_recording_and_is_asked_first(self):
        moved = {"school_unregistered_share_4w": (SINCE, False), "late_count_4w": (SINCE, True)}
        verdict, text, since = self.said(features=moved)
        assert (verdict, since) == ("recording", SINCE)
        assert f"'{feature('school_unregistered_share_4w').label}' verhoogt scores minder" in text

    def test_three_features_are_named_and_the_others_counted(self):
        moved = dict.fromkeys(NAMES[:5], (SINCE, True))
        assert "; en 2 andere kenmerken." in self.said(features=moved)[1]

    def test_the_features_that_moved_a_score_most_its_way_are_named(self):
        by = [("late_count_4w", -0.02), ("sick_rate_4w", 0.1), ("absent_rate_4w", -0.311), ("absent_rate_year", -0.001)]
        _, text, _ = self.said(score=SINCE, up=False, by=by)
        absent, late = (feature(name).label for name in ("absent_rate_4w", "late_count_4w"))
        assert text.endswith(
            f"de scores zijn lager geworden, vooral door '{absent}' (\N{MINUS SIGN}0,31) en '{late}' "
            "(\N{MINUS SIGN}0,02)."
        )
        _, text, _ = self.said(["late"], gone=["late"], score=SINCE, up=False, by=by)
        assert f"Ook de scores verschoven, vooral door '{absent}'" in text

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


def test_what_the_features_add_is_the_score(home: Home):
    card = champion(home.scorecards)
    found = scored_by_moment(home, ["11ZZ01", "11ZZ02"], card, moments=[date(2026, 3, 2)], say=lambda *_: None)
    for rows in found.partition_by("school"):
        assert card.baseline + rows["points"].sum() == pytest.approx(rows["score"][0], abs=1e-9)


def test_what_an_earlier_edition_kept_otherwise_is_worked_out_again(home: Home):
    card = champion(home.scorecards)
    path = home.papers(card.version) / "weeks.parquet"
    moments = [date(2026, 3, 2)]
    found = scored_by_moment(home, ["11ZZ01"], card, moments=moments, say=lambda *_: None)
    found.rename({"points": "mean"}).with_columns(psi=pl.lit(9.0)).write_parquet(path)
    again = scored_by_moment(home, ["11ZZ01"], card, moments=moments, say=lambda *_: None)
    assert again["points"].to_list() == pytest.approx(found["points"].to_list())
    assert again["psi"].to_list() == pytest.approx(found["psi"].to_list())


def test_what_each_feature_did_to_a_school_adds_up_to_what_its_score_did_beyond_the_others():
    rng = np.random.default_rng(4)
    names, schools = ("late_count_4w", "sick_rate_4w", "absent_rate_4w"), ("a", "b", "c")
    looks = (date(2025, 10, 6), date(2025, 11, 3), date(2026, 10, 5), date(2026, 11, 2))
    rows = [
        {"school": school, "moment": moment, "feature": name, "points": rng.normal(), "psi": 0.0}
        for school in schools
        for moment in looks
        for name in names
    ]
    scored = pl.DataFrame(rows)
    sums = {
        (school, moment): total
        for school, moment, total in scored.group_by("school", "moment").agg(pl.col("points").sum()).iter_rows()
    }
    change = {school: sums[school, looks[3]] - sums[school, looks[1]] for school in schools}
    found = dict(moved_by(scored, "a", year=date(2026, 8, 1)))
    assert set(found) == set(names)
    assert sum(found.values()) == pytest.approx(change["a"] - (change["b"] + change["c"]) / 2)
    assert moved_by(scored.filter(pl.col("moment") > looks[1]), "a", year=date(2026, 8, 1)) == ()


class TestEveryFeature:
    """What each feature adds to the scores of a school is followed for itself: from look to look, against the others."""

    SCHOOLS = tuple(f"school {letter}" for letter in "abcdefghijkl")
    NAMES = ("late_count_4w", "sick_rate_4w", "absent_rate_4w", "absent_change_4w", "sick_spells_12w", "days_away_4w")
    YEAR = date(2025, 8, 1)

    def scored(self, seed: int, *, later: float = 0.0) -> pl.DataFrame:
        """Two years of ten looks: schools differ for good, waves hit all; one feature at one school moves by `later`."""
        rng = np.random.default_rng(seed)
        looks = [date(2024, 9, 30) + timedelta(weeks=4 * n) for n in range(10)]
        looks += [one + timedelta(weeks=52) for one in looks]
        level = rng.normal(0, 0.3, (len(self.SCHOOLS), len(self.NAMES)))
        wave = rng.normal(0, 0.2, (len(looks), 1, len(self.NAMES)))
        points = level + wave + rng.normal(0, 0.05, (len(looks), len(self.SCHOOLS), len(self.NAMES)))
        points[14:, 2, 0] += later
        return pl.DataFrame(
            [
                {"school": school, "moment": look, "feature": name, "points": points[n, k, j], "score": 0.0, "psi": 0.0}
                for n, look in enumerate(looks)
                for k, school in enumerate(self.SCHOOLS)
                for j, name in enumerate(self.NAMES)
            ]
        )

    def alarms(self, seed: int, *, later: float = 0.0) -> dict[str, dict[str, tuple[date, bool]]]:
        scored = self.scored(seed, later=later)
        points = watched.points(scored, self.SCHOOLS, year=self.YEAR)
        found = {school: points.alarms(place) for place, school in enumerate(self.SCHOOLS)}
        return {school: apart for school, apart in found.items() if apart}

    def test_where_nothing_changes_fewer_than_one_school_in_twenty_is_called_out(self):
        called = sum(len(self.alarms(seed)) for seed in range(20))
        assert called / (20 * len(self.SCHOOLS)) < settings()["false_alarms"]

    @pytest.mark.parametrize(("later", "rising"), [(0.6, True), (-0.6, False)])
    def test_one_that_changes_at_one_school_is_found_there_and_nowhere_else(self, later: float, rising: bool):
        found = self.alarms(1, later=later)
        assert list(found) == ["school c"]
        assert list(found["school c"]) == ["late_count_4w"]
        since, up = found["school c"]["late_count_4w"]
        assert up is rising
        assert since >= date(2025, 9, 29) + timedelta(weeks=12)


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
                "points": -0.5 if school == SCHOOLS[0] and moment > date(2027, 1, 20) else 0.0,
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
    by = f"'{feature('late_count_4w').label}' (\N{MINUS SIGN}0,50)"
    assert f"Ook de scores verschoven, vooral door {by}." in told.text
    assert date(2026, 12, 28) <= told.since <= date(2027, 2, 1)
    assert "bij 1 lijkt de registratie veranderd" in found.headline
    assert len(found.moved) == 1
    assert "PSI 0,40" in found.moved[0]
