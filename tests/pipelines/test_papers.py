"""The papers of a model: complete, the same facts in each, fit for the register, and honest about what is not known."""

import json
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError
from small_world import World
from typer.testing import CliRunner

from data_contracts.errors import ModelError, NotFoundError, SettingsError
from models.audit import Audit, Group, Judged, RecallGap
from models.cards import is_flat
from models.figures import Evaluation, Figure
from models.serving import Decision, decide, scorecard
from pipelines.cli import app
from pipelines.home import Home
from pipelines.papers.card import _RANKINGS
from pipelines.papers.facts import Facts, gather
from pipelines.papers.register import CATEGORIES, Record, record, to_fill
from pipelines.papers.technical import technical_documentation
from pipelines.papers.write import papers

ROOT = Path(__file__).parents[2]
OFFICIAL = Path(os.environ.get("AANWEZIG_STANDARDS") or ROOT.parent / "shared" / "standards")
SCHEMA = OFFICIAL / "algoritmeregister-1.0.schema.json"
CARDS = ("model-card.nl.html", "model-card.en.html")
LONGEST = {
    "name": 99,
    "description_short": 399,
    "organization": 99,
    "purpose_and_impact": 2499,
    "considerations": 2499,
    "human_intervention": 2499,
    "risk_management": 2499,
    "legal_basis": 2499,
    "legal_basis_title": 99,
    "impact_assessment_explanation": 2499,
    "data": 2499,
    "data_source_title": 499,
    "technical_operation": 4999,
    "supplier": 199,
}
"""Longest texts of the publication standard 1.0.0."""
REQUIRED = {
    *("name", "description_short", "organization", "theme", "status", "start_date", "contact", "publication_category"),
    *("purpose_and_impact", "considerations", "human_intervention", "risk_management", "impact_assessments", "data"),
    *("technical_operation", "supplier", "language", "schema"),
}
AVOIDED = ("spijbelaar", "risicoleerling", "probleemgeval", "verdacht", "voorspel", "truant", "at-risk", "predicts")


@pytest.fixture
def home(small: World, tmp_path: Path) -> Home:
    shutil.copytree(small.home.root, tmp_path / "home")
    return Home.at(tmp_path / "home")


@pytest.fixture
def facts(home: Home) -> Facts:
    return gather(home, scorecard_version=None)


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name in {"src", "href", "xlink:href", "action"}]


def audited(version: str, value: str = "meisje") -> Audit:
    figure = Figure(value=0.5, low=0.4, high=0.6)
    groups = tuple(
        Group(
            value=name,
            pupils=60,
            rows=120,
            cases=12,
            judged=True,
            **dict.fromkeys(
                ("recall", "rules_recall", "false_positive", "precision", "selection", "predicted", "observed"), figure
            ),
        )
        for name in (value, "jongen")
    )
    thin = Group(value="anders", pupils=None, rows=None, cases=None, judged=False)
    gap = RecallGap(
        attribute="geslacht",
        supplied=True,
        gap=0.1234,
        low=0.01,
        high=0.3,
        lowest="jongen",
        highest=value,
        p_value=0.003,
        beyond_chance=True,
    )
    return Audit(
        scorecard=version,
        outcome="long_absence",
        headline="Bij geslacht verschilt het.",
        origins=("2026-01-12",),
        pupils=120,
        cases=24,
        resamples=300,
        attributes=(Judged(attribute="geslacht", supplied=True, known=1.0, groups=(*groups, thin)),),
        recall_gaps=(gap,),
    )


def test_the_command_writes_every_paper_beside_the_model_and_says_what_is_missing(
    small: World, home: Home, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("AANWEZIG_HOME", str(home.root))
    told = CliRunner().invoke(app, ["papers", "--json"])
    assert told.exit_code == 0, told.output
    said = json.loads(told.output)
    names = {*CARDS, "algoritmeregister.json", "technical-documentation.md"}
    assert set(said["written"]) == names
    assert names <= {path.name for path in home.papers(small.result.scorecard).iterdir()}
    assert (said["evaluated"], said["groups_compared"]) == (True, False)
    assert said["to_fill"] == ["organization", "contact", "legal_basis", "impact_assessments"]
    assert "organisation.toml" in said["next_step"]
    elsewhere = CliRunner().invoke(app, ["papers", "--out", str(tmp_path / "stukken")])
    assert elsewhere.exit_code == 0
    assert {path.name for path in (tmp_path / "stukken").iterdir()} == names


@pytest.mark.parametrize("name", CARDS)
def test_a_card_needs_nothing_beside_it_and_shows_each_shape_that_does_something(home: Home, name: str):
    made = papers(home)
    text = (made.folder / name).read_text(encoding="utf-8")
    page = Page(text)
    assert not [link for link in page.links if not link.startswith("#")]
    assert "script" not in page.tags
    assert "url(http" not in text
    assert len(set(page.ids)) == len(page.ids)
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    card = scorecard(home.scorecards, made.scorecard)
    drawn = [shape for shape in card.shapes if not is_flat(shape)]
    assert 0 < len(drawn) < len(card.shapes)
    assert text.count("<figure><figcaption>") == len(drawn)
    if name == CARDS[0]:
        for shape in card.shapes:
            assert shape.label in text


def test_both_languages_say_the_same_figures(home: Home, facts: Facts):
    keep(home, facts, audited(facts.card.version))
    folder = papers(home).folder
    dutch, english = ((folder / name).read_text(encoding="utf-8") for name in CARDS)
    for tag in ("section", "h2", "h3", "tr", "figure", "li"):
        assert Page(dutch).tags.count(tag) == Page(english).tags.count(tag), tag
    assert numbers(dutch, ",") == numbers(english, ".")
    assert 'lang="nl"' in dutch[:200]
    assert 'lang="en"' in english[:200]


def test_every_order_that_is_compared_has_an_english_name(facts: Facts):
    assert {one.name for one in facts.evaluation.pooled.rankings} <= set(_RANKINGS)


def numbers(text: str, decimal: str) -> list[str]:
    """Every figure in a table, in order, written alike."""
    cells = re.findall(r"<td[^>]*>([^<]*\d[^<]*)", text.split("<main>")[1])
    other = {",": ".", ".": ","}[decimal]
    return [cell.replace(other, "").replace(decimal, ".") for cell in cells]


def keep(home: Home, facts: Facts, audit: Audit) -> None:
    (home.papers(facts.card.version) / "fairness.json").write_text(audit.model_dump_json(), encoding="utf-8")


def test_groups_are_shown_as_they_were_found_and_a_value_cannot_break_the_page(home: Home, facts: Facts):
    keep(home, facts, audited(facts.card.version, value="<script>x</script>"))
    for name in CARDS:
        text = (papers(home).folder / name).read_text(encoding="utf-8")
        assert "&lt;script&gt;x&lt;/script&gt;" in text
        assert "<script" not in text
        assert "&lt; 10" in text  # so few pupils that they are not counted
        assert "50 (40\N{EN DASH}60)" in text
        assert "12 p" in text


def test_a_model_that_does_not_beat_the_rules_says_so_first(home: Home, facts: Facts):
    found = facts.evaluation.model_copy(update={"beats_rules": False, "headline": "Wij vinden er niet meer."})
    (facts.model.folder / "evaluation.json").write_text(found.model_dump_json(), encoding="utf-8")
    folder = papers(home).folder
    for name, words in zip(CARDS, ("Niet zeker beter dan de regels", "Not surely better than the rules"), strict=True):
        text = (folder / name).read_text(encoding="utf-8")
        assert words in text
        assert text.index(words) < text.index("<h2", text.index("<h2") + 1)
    better = found.model_copy(update={"beats_rules": True})
    (facts.model.folder / "evaluation.json").write_text(better.model_dump_json(), encoding="utf-8")
    assert "Niet zeker beter dan de regels" not in (papers(home).folder / CARDS[0]).read_text(encoding="utf-8")


def test_without_looking_back_no_figure_is_claimed(home: Home, facts: Facts):
    (facts.model.folder / "evaluation.json").unlink()
    made = papers(home)
    assert made.evaluated is False
    for name, words in zip(CARDS, ("niet bekend", "is not known"), strict=True):
        text = (made.folder / name).read_text(encoding="utf-8")
        assert words in text
        assert "ROC AUC" not in text
    assert "Niet mogelijk" in (made.folder / "technical-documentation.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("school", "words"), [("99XA01", "synthetische regio"), ("20131001", "niet van Nederlandse scholen")]
)
def test_data_that_are_not_of_dutch_pupils_are_called_so(home: Home, school: str, words: str):
    text = f'school = "{school}"\nname = "x"\nsector = "vo"\n'
    (home.schools / f"{school}.toml").write_text(text, encoding="utf-8")
    made = papers(home)
    assert words in (made.folder / CARDS[0]).read_text(encoding="utf-8").split("<h2")[0]
    assert words in (made.folder / "technical-documentation.md").read_text(encoding="utf-8")


def test_who_signed_is_named_and_the_status_follows(home: Home, facts: Facts):
    assert record(facts).status == "In ontwikkeling"
    version = facts.card.version
    decision = Decision(at=facts.made_at, what="promoted", version=version, serves=version, by="Fatima Bakker")
    decide(home.scorecards, decision)
    now = gather(home, scorecard_version=version)
    assert record(now).status == "In gebruik"
    assert "Daarvoor tekende Fatima Bakker" in (papers(home).folder / CARDS[0]).read_text(encoding="utf-8")
    assert "Fatima Bakker" in technical_documentation(now)


def test_no_paper_uses_words_that_judge_a_child(home: Home):
    made = papers(home)
    for name in made.written:
        text = (made.folder / name).read_text(encoding="utf-8").lower()
        assert not [word for word in AVOIDED if word in text]


def test_the_record_keeps_the_standard(home: Home, facts: Facts):
    made = papers(home)
    content = json.loads((made.folder / "algoritmeregister.json").read_text(encoding="utf-8"))
    assert set(content) >= REQUIRED
    assert (content["language"], content["schema"]) == ("nld", "1.0.0")
    assert content["publication_category"] in CATEGORIES.values()
    assert all(len(content[name]) <= most for name, most in LONGEST.items() if name in content)
    assert content == json.loads(record(facts).to_json())
    if SCHEMA.exists():  # the product has no copy: what it demands stands above, and in `Record`
        official = json.loads(SCHEMA.read_text(encoding="utf-8"))
        jsonschema.Draft7Validator(official, format_checker=jsonschema.FormatChecker()).validate(content)
        assert set(official["required"]) == REQUIRED
        parts = official["properties"]
        assert {name: part["maxLength"] for name, part in parts.items() if "maxLength" in part} == LONGEST
        assert set(parts) == {field.serialization_alias or name for name, field in Record.model_fields.items()}
        assert parts["publication_category"]["enum"] == list(CATEGORIES.values())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((name, "x" * (most + 1)) for name, most in LONGEST.items()),
        ("status", "In bedrijf"),
        ("start_date", "2026-1"),
        ("start_date", "01-2026"),
        ("publication_category", "Categorie A"),
        ("theme", "Onderwijs"),
        ("language", "nl"),
        ("standard", "1.0"),
        ("link", "www.voorbeeld.nl"),
        ("legal_basis_link", "geen adres"),
        ("unknown", "x"),
        *((name, None) for name in sorted(REQUIRED - {"language", "schema"})),
    ],
)
def test_a_record_that_does_not_keep_the_standard_cannot_be_made(facts: Facts, field: str, value: str | None):
    content = record(facts).model_dump(exclude_none=True)
    assert Record(**content)
    with pytest.raises(ValidationError):
        Record(**(content | {field: value}))


def test_texts_fit_whatever_the_evaluation_and_audit_say(home: Home, facts: Facts):
    endless = "heel lang " * 2000
    found = facts.evaluation.model_copy(update={"headline": endless})
    (facts.model.folder / "evaluation.json").write_text(found.model_dump_json(), encoding="utf-8")
    keep(home, facts, audited(facts.card.version).model_copy(update={"headline": endless}))
    assert papers(home).written


FILLED = """
organization = "Stichting Voorbeeld"
contact = "privacy@voorbeeld.nl"
start_date = "2027-01"
publication_category = "B"
legal_basis = "Leerplichtwet 1969 en AVG artikel 6, eerste lid, onder e."
impact_assessments = "DPIA"
impact_assessment_link = "https://voorbeeld.nl/dpia"
"""


def test_what_the_organisation_says_stands_in_every_paper(home: Home):
    (home.root / "organisation.toml").write_text(FILLED, encoding="utf-8")
    made = papers(home)
    assert (made.to_fill, made.next_step) == ((), "")
    content = json.loads((made.folder / "algoritmeregister.json").read_text(encoding="utf-8"))
    assert (content["organization"], content["start_date"]) == ("Stichting Voorbeeld", "2027-01")
    assert content["publication_category"] == CATEGORIES["B"]
    for name in (*CARDS, "technical-documentation.md"):
        text = (made.folder / name).read_text(encoding="utf-8")
        assert "Stichting Voorbeeld" in text
        assert "IN TE VULLEN" not in text


def test_without_it_what_is_missing_is_plain_to_see(home: Home, facts: Facts):
    assert to_fill(record(facts)) == ("organization", "contact", "legal_basis", "impact_assessments")
    made = papers(home)
    assert "[IN TE VULLEN: naam van de organisatie]" in (made.folder / CARDS[0]).read_text(encoding="utf-8")
    assert "door de organisatie in te vullen" in (made.folder / "technical-documentation.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("contact = 'bel ons'", "contact: .*geen e-mailadres"),
        ("start_date = '2027-13'", "start_date"),
        ("organisatie = 'x'", "organisatie"),
        ("impact_assessment_link = 'http://x'", "impact_assessment_link"),
        ("organization = ", "geen geldig TOML"),
    ],
)
def test_settings_that_cannot_be_are_named(home: Home, text: str, says: str):
    (home.root / "organisation.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=says):
        papers(home)


def test_a_model_that_is_not_there_is_not_found(home: Home, tmp_path: Path):
    with pytest.raises(ModelError, match="geen scorekaart"):
        papers(home, version="000000000000")
    with pytest.raises(NotFoundError, match="nog geen model"):
        papers(Home.at(tmp_path / "leeg"))


def test_the_technical_documentation_follows_annex_iv(facts: Facts):
    text = technical_documentation(facts)
    assert [int(number) for number in re.findall(r"^## (\d+)\. ", text, re.MULTILINE)] == list(range(1, 10))
    for part, letters in (("1", "abcdefgh"), ("2", "abcdefgh")):
        section = text.split(f"## {part}. ")[1].split("\n## ")[0]
        assert re.findall(r"^\*\*\(([a-h])\)", section, re.MULTILINE) == list(letters)
    assert facts.card.version in text
    assert str(facts.evaluation.pooled.cases) in text
    assert isinstance(facts.evaluation, Evaluation)
