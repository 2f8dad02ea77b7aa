"""The page about a model as the pipeline publishes it, made by hand."""

from datetime import UTC, date, datetime

import numpy as np

from data_contracts.model_page import Answer, Bar, Drift, Estimate, Lead, Measured, ModelPage, SchoolDrift, Signed
from features.catalogue import CATALOGUE
from models.scorecard import Calibration, Scorecard, Shape, Target

MOMENT = datetime(2026, 11, 15, 18, tzinfo=UTC)
SIGNED = datetime(2026, 11, 16, 8, 30, tzinfo=UTC)


def shape(number: int) -> Shape:
    """A rising curve for the features with a direction, a wave for the others; every fourth is never missing."""
    feature = CATALOGUE[number]
    edges = np.round(np.linspace(0.01, 0.4, 10) * (1 if "share" in feature.unit else 25), 3)
    curve = np.sort(np.tanh(np.linspace(-1, 2, 11))) * 2.0 / (1 + number)
    values = curve * feature.direction if feature.direction else np.sin(np.linspace(0, 6, 11)) / (1 + number)
    shares = np.append(np.full(11, 0.09), 0.01)
    if number % 4 == 0:
        shares = np.append(np.full(11, 1 / 11), 0.0)
    return Shape(
        name=feature.name,
        label=feature.label,
        unit=feature.unit,
        direction=feature.direction,
        edges=tuple(edges.tolist()),
        values=tuple(values.tolist()),
        missing=-0.1,
        shares=tuple(shares.tolist()),
    )


def card() -> Scorecard:
    """A scorecard of twenty features."""
    return Scorecard(
        target=Target(
            name="long_absence",
            label="langdurig afwezig",
            meaning="in de komende 8 schoolweken op minstens 20 schooldagen afwezig, om welke reden ook",
        ),
        contract_version="1.0.0",
        catalogue_version="test",
        trained_at=MOMENT,
        data_moment=MOMENT,
        rows=79_224,
        events=412,
        pupils_with_outcome=377,
        baseline=-6.1,
        calibration=Calibration(intercept=0.02, slope=0.97),
        shapes=tuple(shape(number) for number in range(20)),
    )


def drift(school: str, stranger: str) -> Drift:
    """One school whose recording changed, one that moved, one that stayed."""
    return Drift(
        scorecard=card().version,
        week=date(2026, 11, 16),
        headline=(
            "Er is gekeken tot de week van maandag 16 november 2026: van de 3 scholen lijkt bij 1 de registratie veranderd "
            "en bij 1 zijn afwezigheid of scores verschoven."
        ),
        schools=(
            SchoolDrift(
                school=school,
                name="Het Baken College",
                verdict="recording",
                text="De registratie lijkt veranderd sinds de week van 5 oktober: te laat: komt niet meer voor.",
                since=date(2026, 10, 5),
            ),
            SchoolDrift(school=stranger, name="Lyceum Zuid", verdict="drift", text="Anders dan vorig jaar: meer ziek."),
            SchoolDrift(school="22ZZ00", name="De Regenboog", verdict="calm", text="Geen verandering te zien."),
        ),
        moved=("Te laat, 4 lesweken: verdeling anders dan waarvan is geleerd (PSI 0.31)",),
    )


def page(school: str, stranger: str, **changes: object) -> ModelPage:
    """The page of a model that serves, with everything on it."""
    values: dict[str, object] = {
        "scorecard": card().to_json(),
        "since": SIGNED,
        "by": "Fatima Bakker",
        "headline": "Bij deze lijstlengte vinden wij 37 van de 154 nieuwe gevallen; de regels 14. Dat zijn er 23 meer.",
        "cases": 154,
        "places": 648,
        "origins": (date(2026, 1, 12), date(2026, 3, 16), date(2026, 5, 18)),
        "bars": (
            Bar(label="de scorekaart", kind="model", found=37, low=26, high=51),
            Bar(label="de regels", kind="rules", found=14, low=7, high=23),
            Bar(label="de afwezigheid in de laatste 4 weken", kind="simple", found=24, low=15, high=33),
            Bar(label="het toeval", kind="simple", found=1.1, low=None, high=None),
        ),
        "measured": Measured(
            pupils=79_224,
            precision=Estimate(value=0.06, low=0.041, high=0.079),
            recall=Estimate(value=0.24, low=0.18, high=0.31),
            rules=Estimate(value=0.022, low=0.01, high=0.036),
            beats_rules=True,
        ),
        "lead": Lead(
            cases=61,
            listed=33,
            quarter=11,
            median=19,
            three_quarters=31,
            before_onset=Estimate(value=0.31, low=0.2, high=0.43),
        ),
        "answers": (
            Answer(label="Genoeg peildata", answer="pass", text="Er is teruggekeken vanaf 4 peildata."),
            Answer(label="Groepen niet ongelijker gevonden", answer="unknown", text="Niet beoordeeld: geen groepen."),
        ),
        "challenger": "0123456789ab",
        "decisions": (
            Signed(at=SIGNED, what="in gebruik genomen", version=card().version, by="Fatima Bakker", reason=""),
            Signed(
                at=MOMENT, what="uit gebruik genomen", version="a" * 12, by="Jan Smit", reason="lijsten onbruikbaar"
            ),
        ),
        "drift": drift(school, stranger),
    }
    return ModelPage.model_validate(values | changes)


def rules_page() -> ModelPage:
    """The page where the gate refused the only model."""
    reason = "Het model vindt bij deze lijstlengte niet zeker meer nieuwe gevallen dan de drempels: de lijst volgt de drempels."
    answers = (
        Answer(
            label="Beter dan de drempels", answer="fail", text="Bij deze lijstlengte vinden wij er 9, de regels 11."
        ),
    )
    decisions = (Signed(at=SIGNED, what="niet goedgekeurd", version="b" * 12, by="Fatima Bakker", reason=""),)
    return ModelPage(scorecard=None, reason=reason, answers=answers, decisions=decisions)
