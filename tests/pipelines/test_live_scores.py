"""A live request over a whole school gives what its weekly list gives, to the last bit; and it forgets what came later."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from data_contracts.weekly_list import Signal, Standing
from features.catalogue import CATALOGUE, Feature
from features.tables import Tables
from models.outcome import LISTED
from models.scorecard import Calibration, Scorecard, Shape, Target
from pipelines.counting import Counting, count
from pipelines.home import Home
from pipelines.ingest import ingest
from pipelines.lake import Lake
from pipelines.listing import weekly_list
from pipelines.publishing import open_database
from pipelines.simulate import simulate
from pipelines.tables import load
from pipelines.weekly import gathered
from service.live import scores
from service.live.score_checks import read
from service.live.score_request import COLUMNS
from service.live.scores import COMPARING, Score

MONDAY = date(2026, 11, 16)
AS_OF = datetime(2026, 11, 16, 5, tzinfo=UTC)
EARLIER = AS_OF - timedelta(weeks=5)
BAGS = 4


def shape(number: int, feature: Feature) -> Shape:
    """Steps all over the values that a feature takes; how large they are differs by feature."""
    spread = np.array([-0.5, -0.1, 0.0, 0.001, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0, 2.0, 5.0, 20.0, 300.0])
    values = np.cumsum(np.abs(np.sin(np.arange(len(spread) + 1) + number))) * 0.03
    values = values * feature.direction if feature.direction else np.sin(np.arange(len(spread) + 1) * (1 + number)) / 7
    return Shape(
        name=feature.name,
        label=feature.label,
        unit=feature.unit,
        direction=feature.direction,
        edges=tuple(spread.tolist()),
        values=tuple(values.tolist()),
        missing=-0.013 * number,
        shares=tuple([1 / 16] * 16),
        bags=tuple(tuple([0.01 * bag] * 16) for bag in range(BAGS)),
    )


CARD = Scorecard(
    target=Target(name=LISTED, label="langdurig afwezig", meaning="x"),
    contract_version="1.0.0",
    catalogue_version="test",
    trained_at=EARLIER,
    data_moment=EARLIER,
    rows=1000,
    events=10,
    pupils_with_outcome=10,
    baseline=-4.1,
    calibration=Calibration(intercept=0.0, slope=1.0),
    shapes=tuple(shape(number, feature) for number, feature in enumerate(CATALOGUE)),
)
"""Every feature of the catalogue matters."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A secondary and a primary school as their exports have them, with corrections and late entries."""
    root = tmp_path_factory.mktemp("live")
    simulate(root / "region", pupils_vo=160, pupils_po=60, schools_vo=1, schools_po=1, seed=11)
    home = Home.at(root / "var")
    ingest(home, root / "region" / "exports")
    return home


@pytest.fixture(scope="module")
def counting(home: Home) -> Counting:
    return count(home, Lake(home).schools(), week=MONDAY, as_of=AS_OF, scorecard=CARD)


def sent(home: Home, school: str, *, as_of: datetime = AS_OF, **changes: Any) -> dict[str, Any]:
    """Everything stored of a school, as a supplier would send it."""
    tables = load(home, schools=[school], until=MONDAY)
    settings = Lake(home).settings(school)
    return body(tables, as_of) | {"school": school_of(settings), **changes}


def school_of(settings: Any) -> dict[str, Any]:
    return {"code": settings.school, "sector": settings.sector.value, "regelsets": list(settings.rule_packs)}


def body(tables: Tables, as_of: datetime) -> dict[str, Any]:
    frames = {"inschrijvingen": tables.enrolments, "rooster": tables.timetable, "verzuim": tables.absences}
    return {"peilmoment": as_of} | {name: rows(name, frame.lazy().collect()) for name, frame in frames.items()}


def rows(name: str, frame: pl.DataFrame) -> list[dict[str, Any]]:
    kept = frame.select(column.name for column in COLUMNS[name] if column.name in frame.columns)
    return [{key: value for key, value in row.items() if value is not None} for row in kept.to_dicts()]


def asked(request: dict[str, Any]) -> dict[str, Score]:
    text = json.dumps(request, default=lambda moment: moment.isoformat()).encode()
    return {one.pupil: one for one in scores.scores(read(text), CARD, now=AS_OF).scores}


def listed(home: Home, counting: Counting, school: str) -> dict[str, Signal]:
    """The school's weekly list, as long as a list may be."""
    database = open_database(f"sqlite:///{home.root / 'lists.db'}")
    counted = gathered(counting, Lake(home), school, week=MONDAY, database=database)
    database.dispose()
    long = replace(counted, settings=counted.settings.model_copy(update={"capacity": 100}), basis_reason="")
    candidates = [replace(c, scored=counting.scored[school, c.pupil]) for c in counted.candidates]
    long = replace(long, candidates=candidates)
    return {signal.pupil: signal for signal in weekly_list(long).signals}


@pytest.mark.parametrize("place", [0, 1])
def test_a_whole_school_gets_the_numbers_and_words_of_its_list(home: Home, counting: Counting, place: int):
    school = Lake(home).schools()[place]
    live = asked(sent(home, school))
    assert set(live) == {row["pupil"] for row in counting.rows[school]}
    for pupil, one in live.items():
        scored = counting.scored[school, pupil]
        assert one.hits == counting.hits.get((school, pupil), ())
        assert one.already == ((school, pupil) in counting.already)
        if not one.already:
            assert (one.told.log_odds, one.told.probability) == (scored.log_odds, scored.probability)
            assert tuple(part.log_odds for part in one.told.contributions) == scored.parts
    for pupil, signal in listed(home, counting, school).items():
        one = live[pupil]
        words = ("contributions", "raising", "lowering", "tier", "frequency", "baseline", "log_odds", "probability")
        assert {name: getattr(one.told, name) for name in words} == {name: getattr(signal, name) for name in words}
        assert one.hits == signal.rule_hits
        assert one.notes == signal.notes
        assert signal.certainty in {None, one.told.certainty}
        assert one.already == (signal.standing is Standing.ALREADY_ABSENT)
    assert any(one.told.raising for one in live.values())
    assert any(one.hits for one in live.values())


def test_one_pupil_alone_differs_only_in_what_compares_with_others(home: Home):
    school = Lake(home).schools()[0]
    request = sent(home, school)
    everything = asked(request)
    for pupil in sorted(pupil for pupil, one in everything.items() if not one.already)[:5]:
        mine = {row["group"] for row in request["inschrijvingen"] if row["pupil"] == pupil}
        theirs = {
            name: [row for row in request[name] if row["pupil"] == pupil] for name in ("inschrijvingen", "verzuim")
        }
        lessons = [row for row in request["rooster"] if row.get("pupil") == pupil or row.get("group") in mine]
        alone = request | theirs | {"rooster": lessons}
        (one,) = asked(alone).values()
        whole = {part.feature: part for part in everything[pupil].told.contributions}
        for part in one.told.contributions:
            if part.feature in COMPARING:
                assert part.value is None
            elif whole[part.feature] != part:
                assert feature_of_school(part.feature), part.feature
        assert one.hits == everything[pupil].hits


def feature_of_school(name: str) -> bool:
    """Whether a feature is counted over the timetables of the whole school."""
    return next(entry.of for entry in CATALOGUE if entry.name == name) == "registers"


def test_what_was_recorded_later_does_not_count(home: Home):
    school = Lake(home).schools()[0]
    request = sent(home, school, as_of=EARLIER)
    known = request | {
        name: [row for row in request[name] if row["recorded_at"] <= EARLIER]
        for name in ("inschrijvingen", "verzuim", "rooster")
    }
    assert len(known["verzuim"]) < len(request["verzuim"])
    assert asked(request) == asked(known)
    assert asked(request) != asked(request | {"peilmoment": AS_OF})


def test_the_running_week_does_not_count(home: Home):
    school = Lake(home).schools()[0]
    request = sent(home, school, as_of=AS_OF + timedelta(days=2))
    tuesday = {"date": MONDAY + timedelta(days=1), "minutes": 300, "recorded_at": AS_OF}
    lessons = [{"group": group, **tuesday} for group in {row["group"] for row in request["inschrijvingen"]}]
    pupils = sorted({row["pupil"] for row in request["inschrijvingen"]})[:20]
    missed = {"start_date": tuesday["date"], "kind": "truancy", "recorded_at": AS_OF + timedelta(days=1)}
    truant = [{"pupil": pupil, **missed} for pupil in pupils]
    taught = request | {"rooster": request["rooster"] + lessons}
    also_missed = taught | {"verzuim": request["verzuim"] + truant}
    assert asked(also_missed) == asked(taught) == asked(request)
    next_week = {"peilmoment": AS_OF + timedelta(weeks=1)}
    assert asked(also_missed | next_week) != asked(taught | next_week)
