"""What there is to import, and in which order."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from data_contracts.docs import render
from data_contracts.errors import NotFoundError, SettingsError
from pipelines.deliveries import _Listed, adopt, discover
from pipelines.home import Home

SCHOOL = 'school = "11ZZ03"\nname = "De Proef"\nsector = "vo"\n'


def put(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".").replace("_", "-")).write_text(text, encoding="utf-8")
    return folder


def names(path: Path) -> list[str]:
    return [parcel.path.name for shipment in discover(path) for parcel in shipment.parcels]


def test_pupils_and_timetable_come_before_absences_and_names_last(tmp_path: Path):
    put(
        tmp_path,
        names__csv="",
        absences__csv="",
        timetable__csv="",
        enrolments__csv="",
        outcomes__csv="",
        README__md="",
    )
    assert names(tmp_path) == ["enrolments.csv", "timetable.csv", "absences.csv", "outcomes.csv", "names.csv"]


def test_hidden_files_and_excels_own_lock_files_are_no_delivery(tmp_path: Path):
    (tmp_path / "~$leerlingen.xlsx").write_text("")
    (tmp_path / ".absences.csv").write_text("")
    put(tmp_path, absences__csv="")
    assert names(tmp_path) == ["absences.csv"]


def test_a_list_gives_moment_order_and_what_is_known_about_a_file(tmp_path: Path):
    listing = """
    [[delivery]]
    file = "b.csv"
    delivered_at = 2026-11-01T18:00:00
    complete_from = 2026-10-01
    complete_to = 2026-11-01
    [[delivery]]
    file = "a.json"
    delivered_at = 2026-10-25T18:00:00+01:00
    source = "somtoday"
    recorded_as_event = true
    """
    put(tmp_path, b__csv="", a__json="", deliveries__toml=listing)
    first, second = discover(tmp_path)[0].parcels
    assert (first.path.name, first.source, first.recorded_as_event, first.complete) == (
        "a.json",
        "somtoday",
        True,
        None,
    )
    assert first.delivered_at == datetime(2026, 10, 25, 17, tzinfo=UTC)
    assert second.delivered_at == datetime(2026, 11, 1, 17, tzinfo=UTC)  # no offset: Dutch time
    assert second.complete == (date(2026, 10, 1), date(2026, 11, 1))


def test_a_list_and_a_folder_that_disagree_are_refused_by_file(tmp_path: Path):
    listing = '[[delivery]]\nfile = "gone.csv"\ndelivered_at = 2026-11-01T18:00:00Z\n'
    put(tmp_path, unlisted__csv="", deliveries__toml=listing)
    (shipment,) = discover(tmp_path)
    assert [(path.name, finding.check) for path, finding in shipment.refused] == [
        ("unlisted.csv", "not_listed"),
        ("gone.csv", "file_missing"),
    ]
    assert shipment.parcels == ()


def test_folders_within_have_their_own_school_or_that_of_their_parent(tmp_path: Path):
    put(tmp_path / "one", school__toml=SCHOOL)
    put(tmp_path / "one" / "november", absences__csv="")
    put(tmp_path / "two", school__toml=SCHOOL.replace("03", "04"), absences__csv="")
    schools = [shipment.settings[0][1].school for shipment in discover(tmp_path)]
    assert schools == ["11ZZ03", "11ZZ04"]


def test_one_file_has_what_its_folder_says_of_it(tmp_path: Path):
    listing = '[[delivery]]\nfile = "a.csv"\ndelivered_at = 2026-11-01T18:00:00Z\n'
    put(tmp_path, a__csv="", b__csv="", deliveries__toml=listing, school__toml=SCHOOL)
    (shipment,) = discover(tmp_path / "a.csv")
    assert shipment.parcels[0].delivered_at == datetime(2026, 11, 1, 18, tzinfo=UTC)
    assert shipment.settings[0][1].name == "De Proef"
    assert discover(tmp_path / "b.csv")[0].parcels[0].delivered_at is None


@pytest.mark.parametrize(
    ("listing", "said"),
    [
        ("[[delivery]", "geen geldig TOML"),
        ('[[delivery]]\nfile = "a.csv"', "delivered_at"),
        ('[[delivery]]\nfile = "a.csv"\ndelivered_at = 2026-11-01T18:00:00Z\nfrom = 1', "from"),
        (
            '[[delivery]]\nfile = "a.csv"\ndelivered_at = 2026-11-01T18:00:00Z\ncomplete_from = 2026-11-01\ncomplete_to = 2026-10-01',
            "lies before",
        ),
        ('[[delivery]]\nfile = "../a.csv"\ndelivered_at = 2026-11-01T18:00:00Z', "buiten zijn eigen map"),
    ],
)
def test_a_wrong_list_is_a_settings_error_that_says_where(tmp_path: Path, listing: str, said: str):
    put(tmp_path, a__csv="", deliveries__toml=listing)
    with pytest.raises(SettingsError, match=said):
        discover(tmp_path)


def test_nothing_to_read_is_not_found(tmp_path: Path):
    for path in (tmp_path, tmp_path / "absent.csv"):
        with pytest.raises(NotFoundError):
            discover(path)


def test_a_school_file_is_adopted_once_and_a_different_one_later_is_said(tmp_path: Path):
    home = Home.at(tmp_path / "home")
    folder = put(tmp_path / "in", school__toml=SCHOOL, absences__csv="")
    assert adopt(home, discover(folder)[0].settings) == {}
    assert adopt(home, discover(folder)[0].settings) == {}
    put(folder, school__toml=SCHOOL + "capacity = 5\n")
    assert adopt(home, discover(folder)[0].settings)["11ZZ03"].check == "settings_differ"
    assert (home.schools / "11ZZ03.toml").read_text() == SCHOOL


def test_the_contracts_page_shows_every_key_of_a_listed_delivery():
    page = render()
    assert [name for name in _Listed.model_fields if f"\n{name} = " not in page] == []
