"""The page about the model: published once, shown to whom it is for, and drawn from the scorecard itself."""

import re

import pytest
from conftest import CAST, OWN, Client
from demo_home import fill
from sample_lists import SCHOOL, STRANGER
from sample_model import card, page, rules_page

from data_contracts.model_page import Bar, ModelPage
from service import lists
from service.app import create_app
from service.pages import model
from service.settings import Mode, Settings


@pytest.fixture
def served(tmp_path):
    """Who looks at what page: ``served(page, "care")``."""
    url = f"sqlite:///{tmp_path / 'home' / 'service.db'}"
    fill(tmp_path / "home", url)
    app = create_app(Settings(mode=Mode.DEMO, home=tmp_path / "home", database_url=url))

    def look(published: ModelPage | None, who: str, *, at: str = "/model"):
        if published is not None:
            lists.publish_model(app.state.installation.engine, published)
        client = Client(app)
        client.post("/aanmelden", data={"persoon": CAST[who]}, headers=OWN)
        return client.get(at)

    yield look
    app.state.installation.engine.dispose()


def test_publishing_the_same_page_again_changes_nothing(engine):
    assert lists.publish_model(engine, page(SCHOOL, STRANGER))
    assert not lists.publish_model(engine, page(SCHOOL, STRANGER))
    assert lists.publish_model(engine, rules_page())
    assert lists.publish_model(engine, page(SCHOOL, STRANGER)), "back to how it was is news too"


@pytest.mark.parametrize(
    ("who", "status"), [("care", 200), ("data_team", 200), ("mentor", 403), ("privacy_officer", 403)]
)
def test_it_is_for_the_data_team_and_the_coordinator(served, who, status):
    assert served(page(SCHOOL, STRANGER), who).status_code == status
    start = served(None, who, at="/uitleg").text
    assert ('href="/model"' in start) == (status == 200)


def test_it_says_what_is_scored_since_when_and_who_signed(served):
    text = served(page(SCHOOL, STRANGER), "data_team").text
    for part in (
        "In de komende 8 schoolweken",
        "getekend door Fatima Bakker",
        "37 van de 154 nieuwe gevallen",
        card().version,
        "0123456789ab",
        "niet beoordeeld",
        "lijsten onbruikbaar",
        "tussen 26 en 51",
    ):
        assert part in text, part


def test_a_coordinator_reads_about_drift_at_the_own_school_only(served):
    own = served(page(SCHOOL, STRANGER), "care").text
    assert "te laat: komt niet meer voor" in own
    assert "Lyceum Zuid" not in own
    assert "van de 3 scholen" not in own
    everything = served(None, "data_team").text
    assert "te laat: komt niet meer voor" in everything
    assert "Lyceum Zuid" in everything
    assert "van de 3 scholen" in everything


def test_every_feature_that_does_something_is_drawn(served):
    text = served(page(SCHOOL, STRANGER), "data_team").text
    assert len(re.findall(r'<figure class="shape">', text)) == 20
    assert text.count("shape-missing") == 15, "no mark where the value was never missing"


def test_without_a_model_it_says_why_and_what_the_gate_said(served):
    nothing = served(None, "care").text
    assert "nog geen model" in nothing
    text = served(rules_page(), "care").text
    assert "niet zeker meer nieuwe gevallen dan de drempels" in text
    assert "niet gehaald" in text
    assert "Wat elk kenmerk doet" not in text


def test_bars_stand_on_one_scale_with_room_for_every_interval():
    bars = (
        Bar(label="a", kind="model", found=10, low=5, high=40),
        Bar(label="b", kind="rules", found=20, low=None, high=None),
    )
    rows = model._bars(bars)
    assert [row.label for row in rows] == ["b", "a"]
    assert rows[0].end == pytest.approx(2 * rows[1].end)
    assert rows[1].low + rows[1].width == pytest.approx(96)
    assert rows[0].width == 0


def test_features_stand_in_order_of_what_they_do_and_a_feature_without_effect_is_left_out():
    idle = card().shapes[0].model_copy(update={"values": (0.0,) * 11})
    pictures = model._pictures((*card().shapes[1:4], idle))
    assert [one.label for one in pictures] == [one.label for one in card().shapes[1:4]]
    assert all(one.drawn.low <= one.drawn.high for one in pictures)
