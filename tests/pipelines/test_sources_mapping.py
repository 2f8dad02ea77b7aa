"""A school's codes in the shared vocabulary, and a proposal for them."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sources_cast import errors, readings, school, warnings

from data_contracts.errors import RefusedDeliveryError, UsageError
from data_contracts.school import SchoolSettings
from pipelines.sources import propose_mapping

HEADER = "leerlingnummer;datum;dagdeel;code;geoorloofd;minuten\n"


def reasons(folder: Path, code: str, authorised: str, **mapping: object):
    text = f"{HEADER}1001;14-09-2026;ochtend;{code};{authorised};\n"
    reading = readings(folder, "absenties.csv", text, source="parnassys", school=school("po", reasons=mapping))[0]
    assert errors(reading) == []
    return reading.frame.select("kind", "authorised", "mapped").row(0)


def test_a_mapped_code_counts_as_the_mapping_says_and_else_as_its_kind(tmp_path: Path):
    assert reasons(tmp_path, "Z", "nee", z={"kind": "sick"}) == ("sick", "yes", True)
    assert reasons(tmp_path, " z ", "nee", z={"kind": "sick"}) == ("sick", "yes", True)
    assert reasons(tmp_path, "TG", "nee", tg={"kind": "late", "authorised": "yes"}) == ("late", "yes", True)
    assert reasons(tmp_path, "AB", "nee", ab={"kind": "unexplained"}) == ("unexplained", "unknown", True)


@pytest.mark.parametrize(
    ("authorised", "expected"),
    [("ja", ("other_authorised", "yes")), ("nee", ("unexplained", "no")), ("", ("unexplained", "unknown"))],
)
def test_an_unmapped_code_is_as_authorised_as_the_file_says(tmp_path: Path, authorised: str, expected: object):
    assert reasons(tmp_path, "QQ", authorised) == (*expected, False)


def test_an_empty_code_is_not_mapped(tmp_path: Path):
    assert reasons(tmp_path, "", "ja", z={"kind": "sick"}) == ("other_authorised", "yes", False)


def test_unmapped_codes_are_named_with_their_counts(tmp_path: Path):
    text = HEADER + "".join(f"100{day};0{day}-09-2026;ochtend;{'QQ' if day < 4 else 'Z'};ja;\n" for day in range(1, 6))
    reading = readings(tmp_path, "absenties.csv", text, source="parnassys", school=school("po"))[0]
    assert warnings(reading) == [("unmapped_code", 3)]
    assert "code qq" in reading.findings[0].message


def propose(folder: Path, name: str, text: str, source: str):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return propose_mapping(path, source=source)


MAGISTER = "stamnr;daanwezigheid;code;idverantwoordingtypen;geoorloofd\n"


def test_a_proposal_takes_the_systems_type_and_what_schools_usually_mean(tmp_path: Path):
    lines = ["1;14-9-2026;ZX;3;1"] * 3 + [
        "1;14-9-2026;BV;1;1",
        "1;14-9-2026;AB;1;0",
        "1;14-9-2026;TG;2;1",
        "1;14-9-2026;Q;1;0",
    ]
    text = propose(tmp_path, "verantwoordingen.csv", MAGISTER + "\n".join(lines), "magister")
    assert tomllib.loads(text)["reasons"] == {
        "zx": {"kind": "sick"},
        "bv": {"kind": "leave"},
        "ab": {"kind": "unexplained"},
        "tg": {"kind": "late", "authorised": "yes"},
        "q": {"kind": "unexplained"},
    }
    assert '"zx" = { kind = "sick" }  # 3 keer; het systeem zelf zegt: ziekmelding' in text
    assert '"q" = { kind = "unexplained" }  # 1 keer; onbekend: kies zelf de soort' in text


def test_an_abbreviation_that_contradicts_the_file_is_not_proposed(tmp_path: Path):
    lines = ["1;14-9-2026;o;A;ja;", "1;14-9-2026;o;V;ja;", "1;15-9-2026;o;T;nee;9", "1;16-9-2026;o;T;nee;"]
    text = propose(tmp_path, "absenties.csv", HEADER + "\n".join(lines), "parnassys")
    assert tomllib.loads(text)["reasons"] == {
        "a": {"kind": "other_authorised"},
        "v": {"kind": "leave"},
        "t": {"kind": "late"},
    }


def test_a_proposal_can_be_pasted_into_a_school_file(tmp_path: Path):
    text = propose(tmp_path, "absenties.csv", HEADER + "1;14-9-2026;o;Z;ja;\n1;15-9-2026;o;D;ja;\n", "parnassys")
    settings = SchoolSettings.model_validate({"school": "99XA00", "name": "x", "sector": "po"} | tomllib.loads(text))
    assert {code: reason.kind for code, reason in settings.reasons.items()} == {"z": "sick", "d": "medical_appointment"}


def test_a_proposal_shows_no_sentences(tmp_path: Path):
    text = propose(
        tmp_path, "absenties.csv", HEADER + "1;14-9-2026;o;moeder belde, hoge koorts en hoesten;ja;\n", "parnassys"
    )
    assert "koorts" not in text
    assert tomllib.loads(text) == {"reasons": {}}


def test_a_file_without_codes_has_no_proposal(tmp_path: Path):
    with pytest.raises(UsageError, match="geen codes"):
        propose(tmp_path, "leerlingen.csv", "leerlingnummer;groep;begindatum\n1;5a;1-8-2026\n", "parnassys")


@settings(phases=(Phase.explicit, Phase.reuse, Phase.generate), deadline=None)
@given(st.lists(st.text(alphabet=st.characters(blacklist_categories=("Cs",)), max_size=40), min_size=1, max_size=6))
def test_whatever_the_codes_the_proposal_fits_a_school_file(tmp_path_factory: pytest.TempPathFactory, codes: list[str]):
    path = tmp_path_factory.mktemp("codes") / "absenties.json"
    facts = [{"leerlingnummer": 1, "datum": "14-9-2026", "dagdeel": "o", "code": code} for code in codes]
    path.write_text(json.dumps(facts))
    try:
        text = propose_mapping(path, source="parnassys")
    except RefusedDeliveryError:
        return
    SchoolSettings.model_validate({"school": "99XA00", "name": "x", "sector": "po"} | tomllib.loads(text))
