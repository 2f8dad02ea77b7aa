"""The documentation says what the code says: exit codes, commands, links, words."""

import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import typer

from data_contracts import errors
from data_contracts.errors import ERRORS, AanwezigError
from pipelines.cli import app

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
GLOSSARY = ROOT / "GLOSSARY.md"
RUNNING = ROOT / "docs" / "running-for-real.md"
PACKAGES = ("data_contracts", "features", "models", "pipelines", "service")

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)
DOTTED = re.compile(rf"`((?:{'|'.join(PACKAGES)})(?:\.\w+)+)`")
PATH = re.compile(rf"`((?:{'|'.join(PACKAGES)}|tests|docs)/[\w./-]*)`")
MAKE = re.compile(r"\bmake ((?:[a-z]+ )*[a-z]+)(?= *(?:`|#|$|[A-Z]+=))", re.MULTILINE)


def rows(page: Path, heading: str) -> list[list[str]]:
    """Cells of the table under `heading`, without its header."""
    text = page.read_text(encoding="utf-8").split(f"\n## {heading}\n", maxsplit=1)[1].split("\n## ", maxsplit=1)[0]
    return [[cell.strip() for cell in row.split("|")] for row in ROW.findall(text)][2:]


def anchors(page: Path) -> set[str]:
    """What a heading is called in an address."""
    names = HEADING.findall(FENCED.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", name).lower()).replace(" ", "-") for name in names}


def named(dotted: str) -> bool:
    """Whether a dotted name exists: a module, or what stands in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            if not hasattr(found, attribute):
                return False
            found = getattr(found, attribute)
        return True
    return False


def test_the_exit_codes_in_the_docs_are_those_of_the_code():
    told = [(int(code), title, int(status)) for code, title, status, _ in rows(RUNNING, "Exit codes")]
    assert told == [(each.exit_code, each.title, each.status.value) for each in (AanwezigError, *ERRORS)]


def test_every_error_has_an_exit_code_of_its_own():
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, AanwezigError)]
    assert set(kinds) == {AanwezigError, *ERRORS}
    codes = [each.exit_code for each in kinds]
    assert len(set(codes)) == len(codes)
    assert 0 not in codes


def commands() -> list[str]:
    return sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_every_command_is_told_of_and_no_other():
    text = RUNNING.read_text(encoding="utf-8")
    (sentence,) = re.findall(r"^All commands: (.+?)\. `aanwezig COMMAND", text, re.MULTILINE | re.DOTALL)
    assert sorted(re.findall(r"`(\w+)`", sentence)) == commands()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_tells_of_a_command_that_is_not_there(page: Path):
    text = page.read_text(encoding="utf-8")
    told = set(re.findall(r"(?:`|^|bin/|-)aanwezig ([a-z]+)\b", text, re.MULTILINE))
    assert told <= set(commands())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_tells_of_a_make_target_that_is_not_there(page: Path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    told = {word for words in MAKE.findall(page.read_text(encoding="utf-8")) for word in words.split()}
    assert told <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for address in LINK.findall(text):
        if address.startswith("https://"):
            continue
        file, _, anchor = address.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(address)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_named_in_the_code_exists(page: Path):
    text = page.read_text(encoding="utf-8")
    assert [name for name in DOTTED.findall(text) if not named(name)] == []
    missing = [path for path in PATH.findall(text) if not (ROOT / path).exists()]
    assert [path for path in missing if (str(page.relative_to(ROOT)), path) not in NOT_YET] == []


NOT_YET = {
    ("docs/adr/0001-flat-packages-and-walls.md", "pipelines/spark.py"),
    ("docs/adr/0001-flat-packages-and-walls.md", "models/cards.py"),
}
"""Doors that are reserved for a library; the page says that they are not there yet."""


def test_the_classes_and_tests_that_how_it_works_points_at_exist():
    text = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    wanted = re.findall(r"`((?:Test|test_)\w+)`", text)
    assert wanted
    assert [name for name in wanted if f"class {name}:" not in code and f"def {name}(" not in code] == []
    traps = set(re.findall(r"class (TestTrap\w+):", code))
    assert traps <= set(wanted)


def test_the_glossary_says_of_every_word_where_it_is():
    text = GLOSSARY.read_text(encoding="utf-8")
    told = [[cell.strip() for cell in row.split("|")] for row in ROW.findall(text)]
    words = {cells[0]: cells[3] for cells in told if cells[0] not in {"word", "---"}}
    assert {word for word, place in words.items() if not DOTTED.search(place)} == set()


NOUNS = """Delivery; Enrolment; Timetable minutes; Absence; Reason code; Spell; School week; Feature; Outcome; Origin; Scorecard;
Contribution; Reason (sentence); RuleHit; Signal; WeeklyList; FollowUp; Viewer; AuditEvent; QualityReport; Problem"""
"""The central nouns: one name each, everywhere."""


@pytest.mark.parametrize("noun", re.split(r";\s", NOUNS))
def test_every_central_noun_is_in_the_glossary(noun: str):
    assert f"\n| {noun} |" in GLOSSARY.read_text(encoding="utf-8")


def test_the_changelog_has_a_place_for_the_version_at_hand():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{version}]" in text or f"Becomes {version}:" in text


def test_every_dependency_says_why_it_is_there():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    extras = content["project"]["optional-dependencies"].values()
    wanted = [*content["project"]["dependencies"], *(each for extra in extras for each in extra)]
    wanted += content["dependency-groups"]["dev"]
    assert [each for each in wanted if not re.search(rf'"{re.escape(each)}",?\]? +# \w', text)] == []


def test_no_lock_names_a_registry():
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    assert locks
    assert [path.name for path in locks if "://" in path.read_text(encoding="utf-8")] == []


def test_the_lock_of_npm_names_none_either():
    assert '"resolved"' not in (ROOT / "tests" / "node" / "package-lock.json").read_text(encoding="utf-8")


def test_the_licence_is_the_one_that_is_claimed():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\nEUPL © the European Union 2007, 2016\n")
    assert [int(number) for number in re.findall(r"^(\d+)\.[A-Z]", text, re.MULTILINE)] == list(range(1, 16))
    assert "Appendix" in text


def test_every_decision_is_listed_and_takes_one_page():
    decisions = sorted(path for path in (ROOT / "docs" / "adr").glob("*.md") if path.name != "README.md")
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8"))
    assert listed == [path.name for path in decisions]
    assert [path.name for path in decisions if len(path.read_text(encoding="utf-8").splitlines()) > 60] == []
