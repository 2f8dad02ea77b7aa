"""From trained to trusted: the gate asked through the real commands' functions, a name under each decision, and back."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small_world import DELIVERED, World
from typer.testing import CliRunner

from data_contracts.errors import ModelError, NotFoundError, UsageError
from data_contracts.weekly_list import Basis, WeeklyList
from models.evaluate import Ranking, evaluate
from models.registry import aliased
from models.scorecard import Floats, Scorecard, Scores
from models.serving import challenger, champion, decisions, propose, save, scorecard
from pipelines.backtest import advice
from pipelines.cli import app
from pipelines.home import Home
from pipelines.keys import Keys
from pipelines.model_page import model_page
from pipelines.objections import AskedBy, Objector, register
from pipelines.promoting import promote, rollback
from pipelines.publishing import open_database, published
from pipelines.scoring import _pseudonyms, explain
from pipelines.standing import standing
from pipelines.tested import Training, keep
from pipelines.trained import trained
from pipelines.weekly import weekly

BY = "Fatima Bakker"
WEEK = date(2026, 6, 22)
"""The week in which everything was delivered: at its Monday nothing was known yet."""
NOW = datetime(2026, 6, 28, 12, tzinfo=UTC)
SHAPE = "absent_rate_4w"


@pytest.fixture
def home(small: World, tmp_path: Path) -> Home:
    """The trained world, to change: its own data are only linked."""
    copy = Home.at(tmp_path / "home")
    shutil.copytree(small.home.root, copy.root, ignore=shutil.ignore_patterns("lake", "service.db*"))
    (copy.root / "lake").symlink_to(small.home.lake)
    return copy


def passing(home: Home, version: str) -> None:
    """Put a made-up backtest in place of the small world's two dates: three dates, and far better than the rules."""
    rng = np.random.default_rng(3)
    origins, schools, pupils = (date(2026, 1, 12), date(2026, 3, 16), date(2026, 5, 18)), ("11ZZ01", "11ZZ02"), 400
    rows = len(origins) * len(schools) * pupils
    truth = rng.normal(-4, 1.7, rows)
    frame = pl.DataFrame(
        {
            "school": np.tile(np.repeat(schools, pupils), len(origins)),
            "pupil": [f"p{number % pupils}" for number in range(rows)],
            "origin": np.repeat(np.array(origins, dtype="datetime64[D]"), len(schools) * pupils),
            "outcome": (rng.random(rows) < 1 / (1 + np.exp(-truth))).astype(float),
            "already": np.zeros(rows, dtype=bool),
            "log_odds": truth,
            "probability": 1 / (1 + np.exp(-truth)),
            "rules": rng.normal(size=rows),
        }
    )
    rankings = [
        Ranking("scorecard", "de scorekaart", "log_odds", "model", "probability"),
        Ranking("rules", "de regels", "rules", "rules"),
    ]
    evaluation = evaluate(frame, rankings, capacity=dict.fromkeys(schools, 6), outcome="long_absence", resamples=50)
    keep(home.papers(version), Training(largest_gap=1e-12), frame=frame, evaluation=evaluation)


def other_model(home: Home) -> str:
    """A second challenger: the first with one shape turned up, so that its lists differ."""
    card = scorecard(home.scorecards, challenger_or_champion(home))
    shapes = [
        shape.model_copy(update={"values": tuple(3 * value for value in shape.values)})
        if shape.name == SHAPE
        else shape
        for shape in card.shapes
    ]
    newer = card.model_copy(update={"shapes": tuple(shapes), "baseline": card.baseline + 0.1})
    newer = type(card).model_validate(newer.model_dump())
    save(home.scorecards, newer)
    propose(home.scorecards, newer)
    passing(home, newer.version)
    return newer.version


def challenger_or_champion(home: Home) -> str:
    card = challenger(home.scorecards) or champion(home.scorecards)
    return card.version


class TestTheGateIsAsked:
    def test_two_dates_are_refused_recorded_and_the_lists_say_so(self, home: Home, small: World):
        decided = promote(home, by=BY, now=NOW)
        assert not decided.passed
        assert "origins" in {check.name for check in decided.checks if check.answer == "fail"}
        assert champion(home.scorecards) is None
        (taken,) = decisions(home.scorecards)
        assert (taken.what, taken.by, taken.version) == ("refused", BY, small.result.scorecard)
        assert taken.ruling.checks == decided.checks
        made = lists(home, NOW)
        assert {each.basis for each in made.values()} == {Basis.RULES}
        assert all("niet goedgekeurd (niet gehaald: genoeg peildata" in each.basis_reason for each in made.values())
        over = weekly(home, week=WEEK - timedelta(days=7), now=NOW)
        assert all("nog geen model" in each.weekly_list.basis_reason for each in over), "that week had ended"
        page = model_page(home)
        assert page.scorecard is None
        assert "niet goedgekeurd" in page.reason or "drempels" in page.reason

    def test_a_model_that_does_not_beat_the_rules_leaves_this_week_s_lists_on_rules(self, home: Home, small: World):
        folder = home.papers(small.result.scorecard)
        passing(home, small.result.scorecard)
        kept = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
        (folder / "evaluation.json").write_text(json.dumps(kept | {"beats_rules": False}), encoding="utf-8")
        decided = promote(home, by=BY, now=DELIVERED)
        assert {check.name for check in decided.checks if check.answer == "fail"} == {"rules"}
        for each in lists(home, NOW).values():
            assert each.basis is Basis.RULES
            assert "niet zeker meer nieuwe gevallen dan de drempels" in each.basis_reason

    def test_a_model_that_passes_serves_under_a_name_also_in_the_registry(self, home: Home, small: World):
        passing(home, small.result.scorecard)
        decided = promote(home, by="  Fatima   Bakker ", now=NOW)
        assert decided.passed, decided.checks
        assert decided.record == ""
        assert champion(home.scorecards).version == small.result.scorecard == decided.serves
        assert challenger(home.scorecards) is None
        assert decisions(home.scorecards)[-1].by == BY
        assert aliased(home.mlflow_uri, "long_absence", "champion") == small.result.scorecard
        assert aliased(home.mlflow_uri, "long_absence", "challenger") is None
        page = model_page(home)
        assert (page.by, page.since) == (BY, NOW)
        assert page.decisions[0].what == "in gebruik genomen"
        assert {answer.label for answer in page.answers} == {check.label for check in decided.checks}
        told = standing(home, now=NOW)
        assert told.model.startswith(small.result.scorecard)
        assert BY in told.model

    @pytest.mark.parametrize("by", ["", "  ", "x", "12", "-", "anoniem", "Onbekend", "root"])
    def test_nobody_signs_for_nothing(self, home: Home, by: str):
        with pytest.raises(UsageError, match="geen naam"):
            promote(home, by=by)
        with pytest.raises(UsageError, match="geen naam"):
            rollback(home, by=by)
        assert decisions(home.scorecards) == ()

    def test_what_serves_already_is_not_promoted_again(self, home: Home, small: World):
        passing(home, small.result.scorecard)
        promote(home, by=BY, now=NOW)
        with pytest.raises(NotFoundError, match="geen nieuw model"):
            promote(home, by=BY)
        with pytest.raises(UsageError, match="al in gebruik"):
            promote(home, by=BY, version=small.result.scorecard)

    def test_a_record_that_does_not_answer_stops_no_decision(self, home: Home, small: World):
        passing(home, small.result.scorecard)
        (home.root / "file").write_text("", encoding="utf-8")
        elsewhere = replace(home, mlflow_url=f"sqlite:///{home.root.as_posix()}/file/mlflow.db")
        decided = promote(elsewhere, by=BY, now=NOW)
        assert decided.passed
        assert "nog niet in MLflow" in decided.record
        assert champion(home.scorecards) is not None


def lists(home: Home, now: datetime, week: date = WEEK) -> dict[str, WeeklyList]:
    return {each.weekly_list.school: each.weekly_list for each in weekly(home, week=week, now=now)}


def later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


class TestWhatToDoAfterLookingBack:
    def test_a_serving_model_whose_method_does_not_beat_the_rules_should_go(self, home: Home, small: World):
        passing(home, small.result.scorecard)
        found = trained(home, small.result.scorecard).evaluation
        worse = found.model_copy(update={"beats_rules": False})
        assert advice(home, worse) == "", "lists stand on rules already"
        promote(home, by=BY, now=NOW)
        assert small.result.scorecard in advice(home, worse)
        assert "aanwezig rollback --by NAAM" in advice(home, worse)
        assert advice(home, found) == ""
        assert advice(home, worse.model_copy(update={"outcome": "other"})) == ""


class TestBack:
    def test_a_rollback_restores_the_model_and_its_lists_bit_for_bit(self, home: Home, small: World):
        passing(home, small.result.scorecard)
        promote(home, by=BY, now=NOW)
        first = lists(home, later(1))
        assert {made.model_version for made in first.values()} == {small.result.scorecard}
        version = other_model(home)
        assert promote(home, by=BY, now=later(2)).passed
        assert {made.model_version for made in lists(home, later(3)).values()} == {version}
        decided = rollback(home, by="Jan Smit", reason="lijsten onbruikbaar", now=later(4))
        assert (decided.scorecard, decided.serves) == (version, small.result.scorecard)
        assert champion(home.scorecards).version == small.result.scorecard
        assert aliased(home.mlflow_uri, "long_absence", "champion") == small.result.scorecard
        again = lists(home, later(5))
        assert {school: made.model_dump_json() for school, made in again.items()} == {
            school: made.model_dump_json() for school, made in first.items()
        }
        assert decisions(home.scorecards)[-1].reason == "lijsten onbruikbaar"

    def test_the_first_model_goes_back_to_rules(self, home: Home, small: World):
        passing(home, small.result.scorecard)
        promote(home, by=BY, now=NOW)
        decided = rollback(home, by=BY, now=later(1))
        assert "drempels" in decided.serves
        assert champion(home.scorecards) is None
        assert aliased(home.mlflow_uri, "long_absence", "champion") is None
        assert all("uit gebruik genomen" in made.basis_reason for made in lists(home, later(2)).values())
        with pytest.raises(NotFoundError, match="geen model in gebruik"):
            rollback(home, by=BY)

    def test_a_week_that_is_over_keeps_the_model_that_served_when_it_ended(self, home: Home, small: World):
        passing(home, small.result.scorecard)
        promote(home, by=BY, now=NOW - timedelta(days=3))
        first = lists(home, NOW)
        newer, next_week = other_model(home), NOW + timedelta(days=4)
        promote(home, by=BY, now=next_week)
        assert lists(home, next_week + timedelta(hours=1)) == first
        fresh = lists(home, next_week + timedelta(hours=1), week=WEEK + timedelta(days=7))
        assert {made.model_version for made in fresh.values()} == {newer}


def test_one_pupil_whose_parts_are_not_the_score_and_no_school_gets_a_list(
    home: Home, small: World, monkeypatch: pytest.MonkeyPatch
):
    """In the weekly run itself; one school too many is enough to stop all."""
    passing(home, small.result.scorecard)
    promote(home, by=BY, now=NOW)
    right = Scorecard.score

    def off(card: Scorecard, matrix: Floats) -> Scores:
        found = right(card, matrix)
        return replace(found, log_odds=found.log_odds + np.where(np.arange(len(matrix)) == len(matrix) - 1, 2e-9, 0.0))

    monkeypatch.setattr(Scorecard, "score", off)
    with pytest.raises(ModelError, match=r"bij 1 van \d+ leerlingen is de score niet de som van haar delen"):
        lists(home, later(1))
    database = open_database(home.database_url)
    assert not list(published(database, week=WEEK))
    database.dispose()
    monkeypatch.undo()
    assert {made.basis for made in lists(home, later(2)).values()} == {Basis.SCORECARD}


class TestAPublishedScoreIsMadeAgain:
    @pytest.fixture
    def made(self, home: Home, small: World) -> dict[str, WeeklyList]:
        passing(home, small.result.scorecard)
        promote(home, by=BY, now=NOW)
        return lists(home, later(1))

    def test_every_published_score_comes_back_bit_for_bit(self, home: Home, made: dict[str, WeeklyList]):
        school, one = next(iter(made.items()))
        scored = [signal for signal in one.signals if signal.log_odds is not None]
        assert len(scored) > 6
        for signal in (scored[0], scored[-1]):
            found = explain(home, pupil=signal.pupil, week=WEEK)
            assert found.equal
            assert found.words_equal
            assert (found.school, found.edition, found.log_odds) == (school, 1, signal.log_odds)
            assert found.contributions == signal.contributions
            assert found.baseline + sum(part.log_odds for part in found.contributions) == pytest.approx(
                found.log_odds, abs=1e-9
            )
            assert found.raising == tuple(reason.text for reason in signal.raising)

    def test_what_moved_a_score_since_the_list_before_is_told_by_feature_and_adds_up(
        self, home: Home, made: dict[str, WeeklyList], monkeypatch: pytest.MonkeyPatch
    ):
        one = next(iter(made.values()))
        now = one.signals[0]
        first = explain(home, pupil=now.pupil, week=WEEK)
        assert (first.before, first.moved) == (None, ())
        less = {now.contributions[0].feature: 0.25, now.contributions[3].feature: -0.5}
        parts = tuple(
            part.model_copy(update={"log_odds": part.log_odds - less.get(part.feature, 0.0)})
            for part in now.contributions
        )
        then = now.model_copy(update={"contributions": parts, "log_odds": now.log_odds + 0.25})
        monday = WEEK - timedelta(days=7)
        earlier = one.model_copy(update={"week": monday, "signals": (then,)})
        monkeypatch.setattr("pipelines.scoring.previous", lambda _database, **_which: earlier)
        found = explain(home, pupil=now.pupil, week=WEEK)
        assert found.before == monday
        assert {move.feature: move.log_odds for move in found.moved} == pytest.approx(less)
        assert [abs(move.log_odds) for move in found.moved] == pytest.approx([0.5, 0.25])
        assert sum(move.log_odds for move in found.moved) == pytest.approx(now.log_odds - then.log_odds, abs=1e-9)
        shown = CliRunner().invoke(
            app, ["score", "--explain", now.pupil, "--week", f"{WEEK}"], env={"AANWEZIG_HOME": f"{home.root}"}
        )
        assert f"wat de score bewoog sinds de lijst van {monday}" in shown.output
        other = earlier.model_copy(update={"model_version": "0" * 12})
        monkeypatch.setattr("pipelines.scoring.previous", lambda _database, **_which: other)
        assert explain(home, pupil=now.pupil, week=WEEK).before is None, "two models are not compared"

    def test_an_older_edition_is_made_again_with_its_own_model(
        self, home: Home, made: dict[str, WeeklyList], small: World
    ):
        other_model(home)
        promote(home, by=BY, now=later(2))
        newer = lists(home, later(3))
        school, one = next(iter(made.items()))
        pupil = one.signals[0].pupil
        assert pupil in {signal.pupil for signal in newer[school].signals}
        old = explain(home, pupil=pupil, week=WEEK, edition=1)
        new = explain(home, pupil=pupil, week=WEEK)
        assert (old.scorecard, old.equal) == (small.result.scorecard, True)
        assert (new.edition, new.equal) == (2, True)
        assert new.log_odds != old.log_odds

    def test_a_published_number_that_was_tampered_with_is_told(
        self, home: Home, made: dict[str, WeeklyList], monkeypatch: pytest.MonkeyPatch
    ):
        one = next(iter(made.values()))
        pupil = one.signals[0].pupil

        def bent(database, **which):
            return tuple(
                (
                    number,
                    since,
                    each.model_copy(
                        update={
                            "signals": tuple(
                                signal.model_copy(update={"log_odds": np.nextafter(signal.log_odds, 9.0)})
                                if signal.pupil == pupil
                                else signal
                                for signal in each.signals
                            )
                        }
                    ),
                )
                for number, since, each in published(database, **which)
            )

        monkeypatch.setattr("pipelines.scoring.published", bent)
        found = explain(home, pupil=pupil, week=WEEK)
        assert not found.equal
        assert "log_odds" in found.differences[0]

    def test_so_it_does_after_somebody_on_that_list_objected(self, home: Home, made: dict[str, WeeklyList]):
        school, one = next(iter(made.items()))
        scored = [signal for signal in one.signals if signal.log_odds is not None]
        engine = open_database(home.database_url)
        whose = Objector(school, scored[0].pupil, scored[0].group)
        register(engine, whose, by=BY, asked_by=AskedBy.PARENTS, asked_on=WEEK)
        engine.dispose()
        for signal in scored[:2]:
            assert explain(home, pupil=signal.pupil, school=school, week=WEEK).equal

    def test_what_was_not_published_cannot_be_accounted_for(self, home: Home, made: dict[str, WeeklyList]):
        assert made
        with pytest.raises(NotFoundError, match="niets gepubliceerd"):
            explain(home, pupil="p" + "a" * 26, week=WEEK)
        with pytest.raises(UsageError, match="geen maandag"):
            explain(home, pupil="123456", week=WEEK + timedelta(days=1))
        with pytest.raises(NotFoundError, match="niet bekend"):
            explain(home, pupil="123456", week=WEEK, school="99ZZ99")


def test_a_pupil_s_own_number_finds_the_pseudonym_of_each_school(home: Home):
    home.keys.mkdir()
    for name in ("pseudonyms.key", "names.key"):
        (home.keys / name).write_bytes(bytes(32))
    numbers = pl.Series(["104512"])
    keys = Keys.of(home)
    assert _pseudonyms(home, " 104512", None) == {
        school: keys.pseudonyms(numbers, school).item() for school in ("11ZZ01", "11ZZ02")
    }


def test_the_environment_says_where_trainings_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AANWEZIG_HOME", str(tmp_path))
    monkeypatch.setenv("AANWEZIG_MLFLOW_URL", "http://mlflow.example:5000")
    assert Home.from_environment().mlflow_uri == "http://mlflow.example:5000"
    monkeypatch.setenv("AANWEZIG_MLFLOW_URL", "")
    assert Home.from_environment().mlflow_uri == f"sqlite:///{tmp_path.resolve().as_posix()}/mlflow.db"


def test_the_page_is_published_with_each_decision(home: Home, small: World):
    passing(home, small.result.scorecard)
    promote(home, by=BY, now=NOW)
    rollback(home, by=BY, now=later(1))
    database = open_database(home.database_url)
    with database.connect() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM model_pages").scalar()
    database.dispose()
    assert rows == 2
