"""No name, number, free text or medical detail leaves a reader, whatever went wrong in the file."""

from pathlib import Path

import pytest
from sources_cast import readings, school

from data_contracts.errors import RefusedDeliveryError

SECRETS = ("204817", "Noor", "Vries", "migraine")

FILES = {
    "verantwoordingen.csv": (
        "magister",
        ["stamnr", "daanwezigheid", "lesuur", "code", "idverantwoordingtypen", "opmerking"],
        ["204817", "14-09-2026", "3", "Z", "3", "migraine"],
    ),
    "absentiemeldingen.csv": (
        "somtoday",
        [
            "leerling.leerlingnummer",
            "absentieReden.afkorting",
            "absentieReden.omschrijving",
            "beginDatumTijd",
            "opmerkingen",
        ],
        ["204817", "Z", "migraine", "2026-09-14T00:00:00", "Noor heeft migraine"],
    ),
    "verzuim.csv": (
        "eduarte",
        ["datumvan", "ovnr", "deelnemernaam", "lesuurbegin", "tijd", "reden", "opmerking", "naam"],
        ["14-9-2026", "204817", "de Vries, Noor", "1", "0u50m", "Z", "migraine", "Noor"],
    ),
    "leerlingen.csv": (
        "parnassys",
        ["leerlingnummer", "roepnaam", "voorvoegsel", "achternaam", "groep", "jaargroep", "begindatum", "allergie"],
        ["204817", "Noor", "de", "Vries", "5a", "5", "1-8-2026", "migraine"],
    ),
    "attendance_events.csv": (
        "edfi",
        ["student_id", "school_id", "event_date", "category", "reason"],
        ["204817", "255901001", "2026-09-14", "Excused Absence", "migraine, sick"],
    ),
    "absences.csv": (
        "canonical",
        ["record", "pupil_number", "start_date", "kind", "remark"],
        ["m-204817-1", "204817", "2026-09-14", "sick", "migraine"],
    ),
}


def everything_said(folder: Path, name: str, source: str, rows: list[list[str]]) -> str:
    text = "\n".join(";".join(f'"{cell}"' for cell in row) for row in rows)
    try:
        found = readings(folder, name, text, source=source, school=None if source == "edfi" else school("po"))
    except RefusedDeliveryError as refused:
        return str(refused)
    return "".join(reading.frame.write_csv() + str(reading.findings) for reading in found)


@pytest.mark.parametrize("name", FILES)
def test_what_is_read_tells_no_secret(tmp_path: Path, name: str):
    source, header, row = FILES[name]
    said = everything_said(tmp_path, name, source, [header, row])
    assert "2026-0" in said  # something was read
    assert [secret for secret in SECRETS if secret in said] == []


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("secret", ["204817", "de Vries, Noor", "moeder belde: migraine"])
def test_a_secret_in_a_column_of_dates_numbers_or_choices_is_not_repeated(tmp_path: Path, name: str, secret: str):
    source, header, row = FILES[name]
    typed = {"daanwezigheid", "lesuur", "idverantwoordingtypen", "beginDatumTijd", "datumvan", "lesuurbegin", "tijd"}
    typed |= {"jaargroep", "begindatum", "event_date", "category", "start_date", "school_id"}
    for place, column in enumerate(header):
        if column in typed:
            said = everything_said(tmp_path, name, source, [header, row, [*row[:place], secret, *row[place + 1 :]]])
            assert [word for word in SECRETS if word in said] == [], column


@pytest.mark.parametrize(
    ("group", "kept"),
    [("5a", True), ("Groep 3/4 Vlinders", True), ("Mentor Noor Vries, migraine groep", False), ("g204817", False)],
)
def test_a_sentence_or_a_number_is_no_name_of_a_group(tmp_path: Path, group: str, kept: bool):
    head = "leerlingnummer;roepnaam;achternaam;groep;jaargroep;begindatum"
    content = f"{head}\n1;Sam;Jansen;{group};5;1-8-2026\n2;Bo;Smit;{group};5;1-8-2026\n"
    found = readings(tmp_path, "leerlingen.csv", content, source="parnassys")
    enrolments = next(one for one in found if one.table == "enrolments")
    stored = enrolments.frame["group"].unique().to_list()
    assert len(stored) == 1
    assert (stored[0] == group) is kept
    assert kept or stored[0].startswith("groep ")
    assert any(finding.check == "text_as_group" for finding in enrolments.findings) is not kept
