"""The scorecards that serve: whole files or none, and one log from which it follows which of them makes the lists."""

from datetime import UTC, datetime, timedelta

import pytest

from data_contracts.errors import ModelError, StorageError
from models.gate import Check, Ruling
from models.serving import (
    Decision,
    challenger,
    champion,
    decide,
    decisions,
    propose,
    save,
    scorecard,
    serving,
    why_rules,
)

START = datetime(2026, 9, 1, 8, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def decision(number: int, what: str, version: str, **more) -> Decision:
    serves = version if what == "promoted" else None
    return Decision(at=day(number), what=what, version=version, serves=serves, by="Fatima Bakker", **more)


def test_nothing_serves_before_anybody_signed(tmp_path, fitted):
    assert champion(tmp_path / "scorecards") is None
    propose(tmp_path, fitted.scorecard)
    assert champion(tmp_path) is None
    assert challenger(tmp_path) == fitted.scorecard


def test_the_champion_is_the_card_that_was_signed_for_and_every_version_stays(tmp_path, fitted, refit):
    other = refit(max_iterations=10).scorecard
    for number, card in enumerate((fitted.scorecard, other)):
        propose(tmp_path, card)
        decide(tmp_path, decision(number, "promoted", card.version))
        assert champion(tmp_path) == card
        assert challenger(tmp_path) is None, "who serves is no challenger"
    assert scorecard(tmp_path, fitted.scorecard.version) == fitted.scorecard
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".jsonl"}, "no half-written file stays behind"


def test_saving_does_not_propose(tmp_path, fitted):
    save(tmp_path, fitted.scorecard)
    save(tmp_path, fitted.scorecard)
    assert challenger(tmp_path) is None


class TestWhoServesWhen:
    def test_a_refusal_changes_nothing(self):
        assert serving([decision(0, "promoted", "a"), decision(1, "refused", "b")]) == "a"
        assert serving([decision(0, "refused", "a")]) is None

    def test_a_rollback_puts_back_the_one_before_and_then_the_rules(self):
        taken = [decision(0, "promoted", "a"), decision(1, "promoted", "b"), decision(2, "rolled_back", "b")]
        assert serving(taken) == "a"
        assert serving([*taken, decision(3, "rolled_back", "a")]) is None
        assert serving([*taken, decision(3, "promoted", "c")]) == "c"

    def test_a_week_that_is_over_keeps_the_model_that_served_then(self):
        taken = [decision(0, "promoted", "a"), decision(10, "promoted", "b")]
        assert [serving(taken, day(number)) for number in (0, 9, 10, 99)] == ["a", "a", "b", "b"]

    def test_before_the_first_signature_the_present_model_stands_in(self):
        taken = [decision(5, "promoted", "a"), decision(10, "promoted", "b")]
        assert serving(taken, day(0)) == "b"

    def test_what_was_rolled_back_makes_no_list_again_also_not_of_its_own_weeks(self):
        taken = [decision(0, "promoted", "a"), decision(10, "promoted", "b"), decision(20, "rolled_back", "b")]
        assert serving(taken, day(15)) == "a"


class TestWhyRules:
    def refused(self, name: str) -> Decision:
        check = Check(name=name, label="Kansen kloppen", answer="fail", text="Nee.")
        ruling = Ruling(challenger="a", champion=None, passed=False, checks=(check,))
        return decision(3, "refused", "a", ruling=ruling)

    def test_it_says_what_happened(self):
        assert "nog geen model" in why_rules([])
        assert "niet zeker meer nieuwe gevallen dan de drempels" in why_rules([self.refused("rules")])
        assert "niet gehaald: kansen kloppen" in why_rules([self.refused("calibration")])
        assert "uit gebruik" in why_rules([decision(0, "promoted", "a"), decision(1, "rolled_back", "a")])

    def test_a_week_that_is_over_does_not_hear_of_later_refusals(self):
        assert "nog geen model" in why_rules([self.refused("rules")], day(2))


def test_decisions_come_back_as_they_were_taken(tmp_path):
    taken = [decision(0, "promoted", "a"), decision(1, "rolled_back", "a", reason="twee\u2028regels, \u00e9\n")]
    for one in taken:
        decide(tmp_path, one)
    assert list(decisions(tmp_path)) == taken


@pytest.mark.parametrize("version", ["000000000000", "../challenger", "challenger", "challenger/..", ""])
def test_an_unknown_version_is_a_clear_error(tmp_path, fitted, version):
    propose(tmp_path, fitted.scorecard)
    with pytest.raises(ModelError, match="geen scorekaart met versie"):
        scorecard(tmp_path, version)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'{"version": 1}'])
def test_a_damaged_file_names_itself(tmp_path, content):
    (tmp_path / "challenger.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"challenger\.json"):
        challenger(tmp_path)


@pytest.mark.parametrize("content", [b"{}\n", b"\xff\xfe", b"no json\n"])
def test_a_damaged_log_stops_rather_than_guesses(tmp_path, content):
    (tmp_path / "decisions.jsonl").write_bytes(content)
    with pytest.raises(ModelError, match=r"decisions\.jsonl"):
        champion(tmp_path)


def test_a_champion_whose_card_is_gone_is_a_clear_error(tmp_path):
    decide(tmp_path, decision(0, "promoted", "0123456789ab"))
    with pytest.raises(ModelError, match="0123456789ab"):
        champion(tmp_path)


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path, fitted):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="niet te schrijven"):
        propose(tmp_path / "file", fitted.scorecard)
