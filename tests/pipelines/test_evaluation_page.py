"""The report says first what it comes to, also where that is not in the model's favour; and it is never empty-handed."""

from datetime import date

import polars as pl
import pytest

from models.evaluate import Ranking, evaluate
from models.figures import Bin, Curve, Evaluation, Figure
from models.lead_time import lead_time
from models.stability import stability
from pipelines.evaluation_charts import curve_chart, days_chart, interval_bar, reliability_chart
from pipelines.evaluation_page import figure, number, page, share
from pipelines.looked_back import BacktestResult

OURS = Ranking("scorecard", "de scorekaart", "score", "model", "probability")
RULES = Ranking("rules", "de regels", "rules", "rules")


def rows(*, better: bool = True) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "school": "A",
                "pupil": f"p{number}",
                "origin": date(2026, 1, 5),
                "outcome": int(number % 10 == 3),
                "already": False,
                "score": float(number % 10 == 3) if better else float(number % 10 == 4),
                "probability": 0.5 if number % 10 == 3 else 0.01,
                "rules": float(number % 5 == 3),
            }
            for number in range(200)
        ]
    )


def judged(*, rules: bool = True, better: bool = True) -> Evaluation:
    rankings = [OURS, RULES] if rules else [OURS]
    return evaluate(rows(better=better), rankings, capacity={"A": 10}, outcome="long_absence", resamples=30)


def report(evaluation: Evaluation, **others: object) -> str:
    return page(BacktestResult(evaluation=evaluation, skipped=(), seconds=1.0, **others))


def test_a_model_that_does_not_beat_the_rules_is_said_first():
    evaluation = judged(better=False)
    text = report(evaluation)
    assert evaluation.beats_rules is False
    place = text.index("De regels zijn niet met zekerheid verslagen.")
    assert text.index(evaluation.headline) < place < text.index("<h2>")


def test_what_to_do_about_a_model_that_serves_stands_with_it():
    text = report(judged(better=False), next_step="Neem het uit gebruik.")
    assert text.index("niet met zekerheid verslagen.") < text.index("Neem het uit gebruik.") < text.index("<h2>")


def test_a_model_that_does_beat_them_gets_no_such_notice():
    assert "niet met zekerheid verslagen" not in report(judged())


def test_without_rules_that_is_said():
    assert "Er waren geen regels om mee te vergelijken." in report(judged(rules=False))


def test_parts_that_were_not_measured_are_named():
    text = report(judged())
    assert "Hoe vroeg lijsten zijn, is niet gemeten." in text
    assert "Hoeveel lijsten van week op week veranderen, is niet gemeten." in text
    assert text.count("Dit is niet gemeten.") == 2
    assert "Er is maar één school." in text


def test_periods_without_cases_or_weeks_are_told_from_what_was_not_measured():
    early = lead_time([], {}, thresholds=[], periods=[date(2026, 1, 5)], weeks=8, resamples=3)
    text = report(judged(), lead_time=early, stability=stability([], []))
    assert "Er waren geen nieuwe gevallen in de periodes die week voor week te volgen zijn." in text
    assert "Er waren geen twee weken na elkaar te volgen." in text


def test_models_that_learned_otherwise_stand_with_their_difference_beside_the_one_of_all_rows():
    merged = Ranking("merged", "de samengevoegde scorekaarten", "score", "model", "probability")
    whole = Ranking("scorecard", "de scorekaart van alle rijen", "rules", "model")
    other = evaluate(rows(), [merged, whole, RULES], capacity={"A": 10}, outcome="long_absence", resamples=30)
    text = report(judged(), merged=other, merged_note="Twee helften.", left_out=other, left_out_note="Weggelaten.")
    assert "Twee helften. Samen 20 nieuwe gevallen." in text
    assert "Weggelaten. Samen 20 nieuwe gevallen." in text
    gap = other.differences[0]
    told = f"Verschil met de scorekaart van alle rijen: {figure(gap.found)} gevonden en {figure(gap.roc_auc, 'three')}"
    assert told in text
    assert "Verschil met de regels" not in text.split("Samenvoegen zonder rijen te delen")[1]


def test_what_was_skipped_is_escaped_and_shown():
    evaluation = judged()
    text = page(BacktestResult(evaluation=evaluation, skipped=("05-01-2026: <te weinig>",), seconds=1.0))
    assert "05-01-2026: &lt;te weinig&gt;" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.234, "23 %"), (0.0042, "0,4 %"), (None, "\N{EN DASH}"), (1.0, "100 %")],
)
def test_shares_are_written_as_dutch_readers_do(value, text):
    assert share(value) == text


def test_numbers_have_a_comma_and_a_real_minus():
    assert number(-0.0134, 3) == "\N{MINUS SIGN}0,013"
    assert figure(Figure(value=0.85, low=0.811, high=0.882), "two") == "0,85 (0,81 tot 0,88)"
    assert figure(Figure(value=0.00021, low=None, high=None), "five") == "0,00021"
    assert figure(Figure(value=None, low=None, high=None)) == "\N{EN DASH}"


def test_longer_bars_for_more_cases():
    def width(value: float) -> float:
        drawn = interval_bar(Figure(value=value, low=0, high=40), 40, "model")
        return float(drawn.split('width="')[1].split('"')[0])

    assert (width(40), width(10)) == (100, 25)


def test_days_before_zero_are_drawn_apart():
    drawn = days_chart([-7, -3, 2, 4, 11], "dagen")
    assert drawn.count('class="column late"') == 2
    assert drawn.count('class="column"') == 3
    assert days_chart([], "dagen") == ""


def test_a_curve_starts_at_nothing_and_ends_at_what_was_found():
    drawn = curve_chart([("ours", Curve(name="scorecard", lengths=(1.0, 2.0), found=(5.0, 10.0)))], 10)
    points = drawn.split('points="')[1].split('"')[0].split()
    heights = [float(point.split(",")[1]) for point in points]
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] == 12, "all of the cases: the top of the drawing"


def test_a_share_of_nothing_stays_within_the_drawing():
    nothing = Bin(predicted=0.0, observed=Figure(value=0.0, low=0.0, high=0.0), pupils=10)
    drawn = reliability_chart([nothing], (0.2, Figure(value=0.0, low=0.0, high=0.1)))
    assert "nan" not in drawn
    assert drawn.count("<circle") == 2
