"""Whatever a file was written as, it reads as the same table; what is no such file is refused in a sentence."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from sources_cast import KEYS, errors, first, readings, school, warnings, workbook

from data_contracts.errors import NotFoundError, RefusedDeliveryError, UsageError
from pipelines.sources import SOURCES, read

HEADER = "leerlingnummer;datum;dagdeel;code;geoorloofd;minuten;opmerking"
ROW = "204817;14-09-2026;ochtend;Z;ja;;koorts en keelpijn"
ONE = f"{HEADER}\n{ROW}\n"


def absences(folder: Path, content: object, name: str = "absenties.csv"):
    return first(folder, name, content, source="parnassys")


def refusal(folder: Path, content: object, name: str = "absenties.csv", source: str = "parnassys"):
    with pytest.raises(RefusedDeliveryError) as refused:
        readings(folder, name, content, source=source)
    assert refused.value.remedy
    return refused.value.detail


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_every_dialect_of_csv_reads_the_same(tmp_path: Path, delimiter: str, encoding: str, line_end: str, quote: str):
    rows = [
        ["leerlingnummer", "roepnaam", "achternaam", "groep", "begindatum"],
        ["204817", "Zoë", "Çelik", "5é", "2026-08-31"],
    ]
    text = line_end.join(delimiter.join(f"{quote}{cell}{quote}" for cell in row) for row in rows)
    enrolments, names = readings(tmp_path, "leerlingen.csv", text.encode(encoding), source="parnassys")
    assert enrolments.frame.select("group", "valid_from", "_row").rows() == [("5é", date(2026, 8, 31), 2)]
    assert KEYS.open(names.frame["sealed"][0]) == "Zoë\tÇelik"


def test_column_names_match_without_regard_to_case_spaces_and_underscores(tmp_path: Path):
    frame = absences(tmp_path, ONE.replace("leerlingnummer", " Leerling_Nummer ").replace("datum", "DATUM"))
    assert frame["start_date"].to_list() == [date(2026, 9, 14)]


def test_rows_are_numbered_as_the_file_shows_them(tmp_path: Path):
    frame = absences(tmp_path, f"{HEADER}\n\n{ROW}\n   \n{ROW.replace('ochtend', 'middag')}\n\n")
    assert frame["_row"].to_list() == [3, 5]


def test_the_line_that_names_the_delimiter_for_excel_is_no_header(tmp_path: Path):
    assert absences(tmp_path, f"sep=;\n{ONE}")["_row"].to_list() == [3]


def test_a_quoted_field_may_hold_delimiters_quotes_and_line_ends(tmp_path: Path):
    text = f'{HEADER}\n204817;14-09-2026;"ochtend";Z;ja;;"zei: ""ziek"";\nbelde later"\n{ROW.replace("14-", "15-")}\n'
    assert absences(tmp_path, text).select("start_date", "_row").rows() == [
        (date(2026, 9, 14), 2),
        (date(2026, 9, 15), 3),
    ]


def test_a_stray_quote_inside_a_word_is_just_a_character(tmp_path: Path):
    assert absences(tmp_path, f'{HEADER}\n204817;14-09-2026;ochtend;Z;ja;;5" scherm\n')["kind"].to_list() == ["sick"]


def test_a_column_that_is_not_known_is_never_read(tmp_path: Path):
    reading = readings(tmp_path, "absenties.csv", ONE, source="parnassys")[0]
    assert "keelpijn" not in str(reading)
    assert "keelpijn" not in str(reading.frame.rows())


def test_ragged_rows_are_refused_by_number(tmp_path: Path):
    text = f"{HEADER}\n{ROW}\n{ROW};te veel\n{ROW}\n204817;14-09-2026\n"
    assert "niet elke regel heeft 7 velden zoals de kolomnamen, maar 2 keer meer of minder: regel 3, 5" in refusal(
        tmp_path, text
    )
    quoted = text.replace("ochtend", '"ochtend"')
    assert "niet elke regel heeft 7 velden zoals de kolomnamen, maar 2 keer meer of minder: regel 3, 5" in refusal(
        tmp_path, quoted
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is leeg"),
        (b"  \n\n", "is leeg"),
        (HEADER.encode(), "geen enkele regel onder de kolomnamen"),
        (f"{HEADER}\n\n  \n".encode(), "geen enkele regel onder de kolomnamen"),
        (f"{HEADER}\n;;;;;;\n".encode(), "geen enkele regel onder de kolomnamen"),
        (f"\n{ONE}".encode(), "eerste regel is leeg"),
        (ONE.encode("utf-16"), "geen CSV in UTF-8 of Windows-1252"),
        (ONE.replace("keelpijn", "keel\0pijn").encode(), "NUL"),
        (ONE.encode() + b"\x81;", "regel 3 is geen UTF-8 en geen Windows-1252"),
        (ONE.replace("ochtend", "één").encode() + "één".encode("cp1252"), "twee tekencoderingen door elkaar"),
        (ONE.replace("datum", "code").encode(), "de kolom 'code' komt 2 keer voor"),
        (ONE.replace("datum", "dag").encode(), "kolom ontbreekt: datum"),
        (b"x" * 5_000_000, "langer dan"),
        (b"PK\x03\x04" + b"x" * 100, "Excel-bestand met de naam van een tekstbestand"),
        (f'{HEADER}\n204817;14-09-2026;"ochtend;Z;ja;;\n{ROW}\n'.encode(), "aanhalingsteken"),
        (b'"leerlingnummer;datum\n1;2\n', "aanhalingsteken"),
    ],
)
def test_what_is_no_export_is_refused_in_a_sentence(tmp_path: Path, content: object, said: str):
    assert said in refusal(tmp_path, content)


def test_a_refusal_repeats_nothing_of_what_is_in_the_file(tmp_path: Path):
    detail = refusal(tmp_path, f"{HEADER}\nde Vries;Noor;204817\n")
    assert "Vries" not in detail
    assert "204817" not in detail


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absenties.json", b"{", "geen geldige JSON, bij regel 1"),
        ("absenties.json", b"\xff\xfe{", "geen UTF-8"),
        ("absenties.json", b"[" * 100_000, "te diep genest"),
        ("absenties.json", b'{"a":' * 100_000, "te diep genest"),
        ("absenties.json", b"[" + b"9" * 5000 + b"]", "getal"),
        ("absenties.json", b"3", "verwacht een lijst"),
        ("absenties.json", b'{"items": {}}', "verwacht een lijst"),
        ("absenties.json", b"[1, 2]", "item 1 is geen object"),
        ("absenties.json", b"[]", "geen enkele regel"),
        ("absenties.json", b'[{"datum": "2026-09-14"}]', "veld ontbreekt: leerlingnummer, dagdeel, code"),
        (
            "absenties.json",
            b'[{"leerlingnummer": [1], "datum": "2026-09-14", "dagdeel": "o", "code": "Z"}]',
            "item 1: 'leerlingnummer' is geen enkele waarde",
        ),
        (
            "absenties.json",
            b'[{"leerlingnummer": 1, "datum": "2026-09-14", "dagdeel": "o", "code": "\\ud800"}]',
            "half teken",
        ),
        (
            "absenties.json",
            b'[{"leerlingnummer": 1, "Datum": "2026-09-14", "datum": "", "dagdeel": "o", "code": "Z"}]',
            "onder 2 namen",
        ),
        ("absenties.xlsx", b"PK\x03\x04 nee", "geen leesbaar Excel-bestand"),
        ("absenties.xlsx", ONE.encode(), "geen leesbaar Excel-bestand"),
        ("absenties.parquet", b"PAR1 nee PAR1", "geen leesbaar Parquet-bestand"),
        ("absenties.pdf", b"%PDF", "extensie '.pdf'"),
        ("rapport.csv", ONE.encode(), "aan de naam is niet te zien welke tabel"),
    ],
)
def test_what_is_no_json_excel_or_parquet_is_refused_in_a_sentence(
    tmp_path: Path, name: str, content: object, said: str
):
    assert said in refusal(tmp_path, content, name)


def test_a_name_that_tells_no_table_is_answered_with_the_names_that_do(tmp_path: Path):
    with pytest.raises(RefusedDeliveryError, match=r"absentiemeldingen.*waarnemingen.*afspraken.*leerlingen"):
        readings(tmp_path, "export.csv", ONE, source="somtoday")


def test_a_file_that_is_not_there_an_unknown_source_and_a_missing_school(tmp_path: Path):
    with pytest.raises(NotFoundError):
        read(tmp_path / "absenties.csv", source="parnassys", school=school(), keys=KEYS)
    with pytest.raises(UsageError, match="magister"):
        read(tmp_path / "absenties.csv", source="excel", school=school(), keys=KEYS)
    with pytest.raises(UsageError, match="welke school"):
        readings(tmp_path, "absenties.csv", ONE, source="parnassys", school=None)
    assert SOURCES == ("canonical", "magister", "somtoday", "eduarte", "parnassys", "edfi")


COLUMNS = ["leerlingnummer", "datum", "dagdeel", "code", "geoorloofd", "minuten"]


def test_excels_own_types_read_as_the_values_they_show(tmp_path: Path):
    rows = [
        COLUMNS,
        [204817, date(2026, 9, 14), "ochtend", "Z", True, ""],
        ["004817", 46280, "middag", "TL", "nee", 7],
        [123456789012, "16-9-2026", "hele dag", "Z", 1, ""],
    ]
    frame = absences(tmp_path, rows, "absenties.xlsx")
    assert frame["start_date"].to_list() == [date(2026, 9, 14), date(2026, 9, 15), date(2026, 9, 16)]
    assert frame["start_slot"].to_list() == [1, 2, None]
    assert frame["amount"].to_list() == [None, 7.0, None]
    numbers = pl.Series(["204817", "004817", "123456789012"])
    assert frame["pupil"].to_list() == KEYS.pseudonyms(numbers, "99XA00").to_list()


def test_excels_moments_and_durations(tmp_path: Path):
    rows = [
        ["ovnr", "datumvan", "reden", "tijd"],
        ["204817", datetime(2026, 9, 14, 8, 41, 30), "Z", timedelta(hours=107, minutes=24)],  # noqa: DTZ001
    ]
    frame = first(tmp_path, "verzuim.xlsx", rows, source="eduarte")
    assert frame.select("start_date", "amount", "unit").rows() == [(date(2026, 9, 14), 6444.0, "minutes")]


def test_a_title_above_the_columns_another_sheet_first_and_columns_nobody_knows(tmp_path: Path):
    title = [["Verzuim 2026"], [], ["Opmerking", "", *COLUMNS], ["koorts", "", "204817", "14-9-2026", "o", "Z", "ja"]]
    path = tmp_path / "absenties.xlsx"
    workbook(path, title, before=[[["Toelichting"]], []])
    reading = read(path, source="parnassys", school=school(), keys=KEYS)[0]
    assert reading.frame.select("start_date", "_row").rows() == [(date(2026, 9, 14), 4)]
    assert "koorts" not in str(reading.frame.rows())


def test_an_excel_error_is_an_error_of_its_cell(tmp_path: Path):
    path = tmp_path / "absenties.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(1, 1, ["opmerking", *COLUMNS])
        sheet.write_row(2, 1, ["", "204817", "14-9-2026", "o", "Z"])
        sheet.write_row(3, 1, ["", "204817", "", "o", "Z"])
        sheet.write_formula(3, 3, "=1/0", None, "#DIV/0!")
    reading = read(path, source="parnassys", school=school(), keys=KEYS)[0]
    assert ("bad_value", 4, "datum", None) in errors(reading)


def test_a_workbook_without_the_columns_says_which(tmp_path: Path):
    path = tmp_path / "absenties.xlsx"
    workbook(path, [["a", "b"], ["1", "2"]])
    with pytest.raises(RefusedDeliveryError, match="leerlingnummer, datum, dagdeel, code"):
        read(path, source="parnassys", school=school(), keys=KEYS)


def test_each_unreadable_cell_is_named_and_the_rest_is_counted(tmp_path: Path):
    rows = "".join(f"20{row:04d};31-02-2026;ochtend;Z;ja;;\n" for row in range(60))
    reading = readings(tmp_path, "absenties.csv", f"{HEADER}\n{rows}", source="parnassys")[0]
    found = errors(reading)
    assert found[0] == ("bad_value", 2, "datum", "31-02-2026")
    assert found[49] == ("bad_value", 51, "datum", "31-02-2026")
    assert [(f.row, f.count) for f in reading.findings][-1] == (None, 10)


def test_a_wrong_value_is_shown_unless_it_may_be_about_a_person(tmp_path: Path):
    def shown(value: str) -> str | None:
        text = f"{HEADER}\n204817;{value};ochtend;Z;ja;;\n"
        return errors(readings(tmp_path, "absenties.csv", text, source="parnassys")[0])[0][3]

    assert shown("31-02-2026") == "31-02-2026"
    assert shown("gisteren") == "gisteren"
    assert shown("204817") == "(6 tekens, niet getoond)"  # the pupil's number, one column too far
    assert shown("Noor de Vries") == "(13 tekens, niet getoond)"
    assert shown("123456782") == "(9 tekens, niet getoond)"  # long enough for a citizen service number


def test_an_empty_pupil_number_is_an_error_of_its_cell(tmp_path: Path):
    reading = readings(tmp_path, "absenties.csv", f"{HEADER}\n;14-09-2026;ochtend;Z;ja;;\n", source="parnassys")[0]
    assert errors(reading) == [("empty_value", 2, "leerlingnummer", None)]


def test_rows_with_nothing_in_the_known_columns_are_left_out_and_counted(tmp_path: Path):
    reading = readings(tmp_path, "absenties.csv", f"{ONE};;;;;;totaal 1\n", source="parnassys")[0]
    assert reading.frame.height == 1
    assert warnings(reading) == [("empty_rows", 1)]


def test_parquet_of_any_plain_type_reads_as_the_same_table(tmp_path: Path):
    frame = pl.DataFrame(
        {
            "pupil_number": [204817.0, None],  # numbers with a gap, as pandas leaves them
            "group": pl.Series(["5a", "5a"], dtype=pl.Categorical),
            "valid_from": [date(2026, 8, 31), date(2026, 9, 1)],
            "recorded_at": [datetime(2026, 9, 1, 6, 0, tzinfo=UTC), None],
        }
    )
    frame.write_parquet(tmp_path / "enrolments.parquet")
    reading = read(tmp_path / "enrolments.parquet", source="canonical", school=school(), keys=KEYS)[0]
    assert reading.frame["recorded_at"].to_list() == [datetime(2026, 9, 1, 6, 0, tzinfo=UTC), None]
    assert reading.frame["pupil"].to_list() == [KEYS.pseudonyms(pl.Series(["204817"]), "99XA00")[0], None]
    assert errors(reading) == [("empty_value", 3, "pupil_number", None)]


def test_parquet_with_lists_is_refused(tmp_path: Path):
    pl.DataFrame({"pupil_number": [["1"]], "group": ["a"], "valid_from": ["2026-08-31"]}).write_parquet(
        tmp_path / "enrolments.parquet"
    )
    with pytest.raises(RefusedDeliveryError, match="kolom 'pupil_number'"):
        read(tmp_path / "enrolments.parquet", source="canonical", school=school(), keys=KEYS)
