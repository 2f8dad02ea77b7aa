"""The calculator: somebody's own amounts against what was measured, at both ends of the interval; no amount of ours."""

import re

import pytest
from conftest import CAST, OWN, Client
from demo_home import fill
from sample_lists import SCHOOL, STRANGER
from sample_model import page as sample_page
from sample_model import rules_page

from data_contracts.model_page import Estimate, Measured, ModelPage
from service import lists
from service.app import create_app
from service.pages.region import business_case
from service.pages.region.business_case import Own
from service.settings import Mode, Settings

PAGE = "/regio/rekenhulp"
MEASURED = Measured(
    pupils=10_000,
    precision=Estimate(value=0.2, low=0.1, high=0.3),
    recall=Estimate(value=0.25, low=0.2, high=0.3),
    rules=Estimate(value=0.1, low=0.05, high=0.15),
    beats_rules=True,
)
PLACES = 100
OWN_FIGURES = Own(leerlingen=5_000, lijst=50, rondes=4, uren=2, kosten=100, thuis=10_000, aandeel=50)
FILLED = {
    "leerlingen": "5.000",
    "lijst": "40",
    "rondes": "4",
    "uren": "1,5",
    "kosten": "100",
    "thuis": "10000",
    "aandeel": "50",
}


def changed(**changes: float) -> Own:
    return Own(**{name: getattr(OWN_FIGURES, name) for name in FILLED} | changes)


def test_by_hand():
    """50 places 4 times is 200 conversations; 10, 20 or 30 % of them right; half of those helped, at 10.000 each."""
    found = business_case.work_out(OWN_FIGURES, MEASURED, places=PLACES)
    assert (found.conversations, found.hours, found.cost) == (200, 400, 20_000)
    assert (found.found.low, found.found.middle, found.found.high) == pytest.approx((20, 40, 60))
    assert (found.helped.low, found.helped.middle, found.helped.high) == pytest.approx((10, 20, 30))
    assert (found.saved.low, found.saved.high) == pytest.approx((100_000, 300_000))
    assert (found.left.low, found.left.middle, found.left.high) == pytest.approx((80_000, 180_000, 280_000))
    assert (found.by_rules.low, found.by_rules.middle) == pytest.approx((50_000, 100_000))


def test_who_is_missed_follows_from_what_share_was_found():
    """A quarter is found, so three times as many are missed."""
    found = business_case.work_out(OWN_FIGURES, MEASURED, places=PLACES)
    assert found.missed == pytest.approx(3 * found.found.middle)


def test_the_cost_is_made_up_for_when_so_many_of_those_found_are_helped():
    """20.000 of 20, 40 or 60 times 10.000."""
    even = business_case.work_out(OWN_FIGURES, MEASURED, places=PLACES).even
    assert (even.low, even.middle, even.high) == pytest.approx((100 / 30, 5, 10))
    helped = business_case.work_out(changed(aandeel=even.middle), MEASURED, places=PLACES)
    assert helped.left.middle == pytest.approx(0)
    assert business_case.work_out(changed(kosten=10_000), MEASURED, places=PLACES).even is None


def test_places_beyond_what_was_measured_cost_and_find_nobody():
    once = business_case.work_out(OWN_FIGURES, MEASURED, places=PLACES)
    twice = business_case.work_out(changed(lijst=100), MEASURED, places=PLACES)
    assert twice.counted == 50
    assert twice.found == once.found
    assert twice.cost == 2 * once.cost


def test_without_rules_to_compare_with_none_are_drawn():
    alone = MEASURED.model_copy(update={"rules": None})
    found = business_case.work_out(OWN_FIGURES, alone, places=PLACES)
    assert found.by_rules is None
    assert [bar.label for bar in business_case.bars(found)] == ["De gesprekken kosten", "Vermeden, met het model"]


def test_the_drawing_is_on_one_scale_that_holds_every_interval():
    rows = business_case.bars(business_case.work_out(OWN_FIGURES, MEASURED, places=PLACES))
    cost, model, rules = rows
    assert (model.low, model.end, model.low + model.width) == pytest.approx((32, 64, 96))
    assert (cost.end, cost.width) == pytest.approx((6.4, 0))
    assert rules.end == pytest.approx(32)
    nothing = business_case.work_out(changed(kosten=0, thuis=0), MEASURED, places=PLACES)
    assert {bar.end for bar in business_case.bars(nothing)} == {0}


@pytest.mark.parametrize(
    ("text", "number"),
    [("1250", 1250), ("1.250", 1250), ("1.250.000,5", 1_250_000.5), ("12,5", 12.5), ("12.5", 12.5), (" 7 ", 7)],
)
def test_a_number_is_read_as_people_write_it(text: str, number: float):
    own, wrong = business_case.read(FILLED | {"thuis": text})
    assert wrong == {}
    assert own.thuis == number


@pytest.mark.parametrize("text", ["", "veel", "-5", "1e5", "1.25.0", "€ 5", "nan", "inf", "1,2,3"])
def test_what_is_no_number_is_named_and_nothing_is_worked_out(text: str):
    own, wrong = business_case.read(FILLED | {"kosten": text})
    assert own is None
    assert set(wrong) == {"kosten"}


@pytest.mark.parametrize(("name", "text"), [("rondes", "6"), ("aandeel", "101"), ("lijst", "0"), ("leerlingen", "1,5")])
def test_what_cannot_be_is_named_too(name: str, text: str):
    _, wrong = business_case.read(FILLED | {name: text})
    assert set(wrong) == {name}


@pytest.mark.parametrize(
    ("value", "text"), [(12_345, "12.000"), (1_234_567, "1.200.000"), (0, "0"), (99.6, "100"), (3.26, "3,3")]
)
def test_an_estimate_has_no_more_digits_than_say_something(value: float, text: str):
    assert business_case.pupils(value) == text


def test_an_amount_is_written_as_people_do():
    assert business_case.euros(12_300) == "€\N{NO-BREAK SPACE}12.300"
    assert business_case.euros(-15_000) == "\N{MINUS SIGN}€\N{NO-BREAK SPACE}15.000"


@pytest.fixture
def served(tmp_path):
    """What the alliance sees where `published` is the newest page about the model: ``served(page, asked)``."""
    url = f"sqlite:///{tmp_path / 'home' / 'service.db'}"
    fill(tmp_path / "home", url)
    app = create_app(Settings(mode=Mode.DEMO, home=tmp_path / "home", database_url=url))

    def look(published: ModelPage | None, asked: dict[str, str] | None = None, *, who: str = "alliance"):
        if published is not None:
            lists.publish_model(app.state.installation.engine, published)
        client = Client(app)
        client.post("/aanmelden", data={"persoon": CAST[who]}, headers=OWN)
        return client.get(PAGE, params=asked or {})

    yield look
    app.state.installation.engine.dispose()


def sample(**changes: object) -> ModelPage:
    return sample_page(SCHOOL, STRANGER, **changes)


def test_the_empty_form_has_no_amount_of_ours(served):
    text = served(sample()).text
    assert re.findall(r'<input type="text"[^>]*value="([^"]*)"', text) == [""] * 7
    assert "placeholder" not in text
    assert "€" not in text


def test_it_says_from_what_it_starts_with_intervals(served):
    text = served(sample()).text
    assert "6 (4,1 tot 7,9)" in text
    assert "24 (18 tot 31)" in text
    assert "2,2 (1 tot 3,6)" in text
    assert "ten minste 19 schooldagen van tevoren" in text
    assert "31 (20 tot 43)" in text
    assert "nog niet gemeten" in served(sample(lead=None)).text


def test_filled_in_it_says_what_comes_out_at_both_ends(served):
    answer = served(sample(), FILLED)
    assert answer.status_code == 200
    for word in (
        "160 gesprekken",
        "240 uur",
        "Ongunstig",
        "Gunstig",
        "kostendekkend",
        "Vermeden, met alleen de drempels",
    ):
        assert word in answer.text, word
    assert 'value="5.000"' in answer.text


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "levert het meer op dan het kost"),
        ({"kosten": "300"}, "beide kanten op"),
        ({"kosten": "5000"}, "kost het meer dan het oplevert"),
    ],
)
def test_the_verdict_goes_no_further_than_the_interval(served, changes: dict[str, str], verdict: str):
    assert verdict in served(sample(), FILLED | changes).text


def test_a_mistake_is_said_at_its_field_and_the_rest_stays(served):
    answer = served(sample(), FILLED | {"uren": "anderhalf"})
    assert answer.status_code == 400
    assert 'value="anderhalf"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 1
    assert "Wat eruit komt" not in answer.text


@pytest.mark.parametrize("beats", [False, None])
def test_it_says_so_where_the_model_does_not_beat_the_rules(served, beats: bool | None):
    measured = sample().measured.model_copy(update={"beats_rules": beats})
    assert "vindt niet zeker meer dan de drempels" in served(sample(measured=measured), FILLED).text
    assert "vindt niet zeker meer dan de drempels" not in served(sample(), FILLED).text


def test_it_says_that_made_up_schools_prove_nothing(served):
    assert "Dit zijn nagebootste scholen." in served(sample()).text


@pytest.mark.parametrize("published", [None, rules_page(), sample(measured=None)], ids=["none", "rules", "unmeasured"])
def test_where_nothing_was_measured_there_is_nothing_to_fill_in(served, published: ModelPage | None):
    text = served(published, FILLED).text
    assert "niets gemeten om mee te rekenen" in text
    assert "<input" not in text
