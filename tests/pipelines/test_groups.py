"""Group attributes are read for the audit, under the pseudonyms of the import, and kept nowhere."""

from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from data_contracts.errors import NotFoundError, RefusedDeliveryError
from pipelines.groups import MOST_VALUES, read_groups
from pipelines.home import Home
from pipelines.keys import Keys

OWN, SHARED, OTHER = "11ZZ01", "11ZZ02", "11ZZ03"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two schools, of which the second shares its pupil numbers with others."""
    made = Home.at(tmp_path / "home")
    made.schools.mkdir(parents=True)
    for school, more in ((OWN, ""), (SHARED, 'pupil_number_scope = "stichting"\n')):
        (made.schools / f"{school}.toml").write_text(f'school = "{school}"\nname = "x"\nsector = "vo"\n{more}', "utf-8")
    Keys.of(made)
    return made


def csv(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "groepen.csv"
    path.write_text(text, encoding="utf-8")
    return path


def pseudonym(home: Home, number: str, scope: str) -> str:
    return Keys.of(home).pseudonyms(pl.Series([number]), scope)[0]


def test_pupils_get_the_pseudonyms_of_the_import(home: Home, tmp_path: Path):
    found = read_groups(
        home, csv(tmp_path, f"School;Pupil;Geslacht;IMD band\n{OWN};104;m;0-10%\n11zz02; 104 ;v;\n{OTHER};104;m;x\n")
    )
    assert found.names == ("Geslacht", "IMD band")
    assert found.elsewhere == (OTHER,)
    rows = {row["school"]: row for row in found.frame.to_dicts()}
    assert rows[OWN] == {"school": OWN, "pupil": pseudonym(home, "104", OWN), "Geslacht": "m", "IMD band": "0-10%"}
    assert rows[SHARED]["pupil"] == pseudonym(home, "104", "stichting")
    assert rows[SHARED]["IMD band"] is None
    assert "104" not in found.frame.write_csv()


def test_who_has_only_pseudonyms_may_use_them(home: Home, tmp_path: Path):
    known = pseudonym(home, "104", OWN)
    found = read_groups(home, csv(tmp_path, f"school,pupil,geslacht\n{OWN},{known},m\n{OWN},105,v\n"))
    assert found.frame.sort("geslacht")["pupil"].to_list() == [known, pseudonym(home, "105", OWN)]


def test_excel_is_read_like_csv(home: Home, tmp_path: Path):
    path = tmp_path / "groepen.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([["school", "pupil", "leeftijd"], [OWN, 104, 13], [OWN, 105, 14]]):
            sheet.write_row(row, 0, cells)
    found = read_groups(home, path)
    assert found.names == ("leeftijd",)
    assert sorted(found.frame["leeftijd"]) == ["13", "14"]
    assert pseudonym(home, "104", OWN) in found.frame["pupil"].to_list()


def test_nothing_of_it_is_kept(home: Home, tmp_path: Path):
    before = {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()}
    read_groups(home, csv(tmp_path, f"school;pupil;geslacht\n{OWN};104;m\n"))
    assert {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("school;geslacht\n11ZZ01;m\n", "kolom ontbreekt: pupil"),
        ("school;pupil\n11ZZ01;104\n", "0 kolommen met een kenmerk"),
        ("school;pupil;geslacht\n11ZZ01;;m\n", "'pupil' is leeg"),
        ("school;pupil;geslacht\n;104;m\n", "'school' is leeg"),
        ("school;pupil;geslacht\n11ZZ01;104;m\n11ZZ01;104;v\n", "1 keer staat een leerling er nog eens in"),
        ("school;pupil;geslacht;geslacht\n11ZZ01;104;m;v\n", "komt 2 keer voor"),
        ("", "leeg"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_reason(home: Home, tmp_path: Path, text: str, says: str):
    with pytest.raises(RefusedDeliveryError, match=says):
        read_groups(home, csv(tmp_path, text))


def test_a_column_of_names_or_dates_holds_no_groups_and_its_values_are_not_repeated(home: Home, tmp_path: Path):
    rows = "".join(f"{OWN};{n};Naam{n}\n" for n in range(MOST_VALUES + 1))
    with pytest.raises(RefusedDeliveryError, match=f"'naam' heeft {MOST_VALUES + 1} verschillende waarden") as refusal:
        read_groups(home, csv(tmp_path, "school;pupil;naam\n" + rows))
    assert "Naam7" not in str(refusal.value)


def test_the_same_pupil_twice_alike_is_one_pupil(home: Home, tmp_path: Path):
    found = read_groups(home, csv(tmp_path, f"school;pupil;geslacht\n{OWN};104;m\n{OWN};104;m\n"))
    assert found.frame.height == 1


def test_a_file_that_is_not_there_or_of_another_kind_is_said_so(home: Home, tmp_path: Path):
    with pytest.raises(NotFoundError):
        read_groups(home, tmp_path / "weg.csv")
    other = tmp_path / "groepen.json"
    other.write_text("{}", encoding="utf-8")
    with pytest.raises(RefusedDeliveryError, match="worden hier niet gelezen"):
        read_groups(home, other)
    (tmp_path / "kapot.xlsx").write_bytes(b"PK\x03\x04 kapot")
    with pytest.raises(RefusedDeliveryError, match="geen leesbaar Excel"):
        read_groups(home, tmp_path / "kapot.xlsx")
