"""Handing in files on the page, what becomes of each, what the codes mean, and how far a school is."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from conftest import OWN, Client, SignedIn
from fastapi import FastAPI
from sample_lists import SCHOOL, STRANGER
from sqlalchemy import Engine, delete, select

from data_contracts.reasons import KINDS
from data_contracts.school import read_school
from pipelines.home import Home
from pipelines.inbox import Taken, give_sign, take_in
from pipelines.simulate.run import NEWCOMER
from pipelines.sources import _FILES, SOURCES
from service import batch, db, demo
from service.front.limits import Quota
from service.inbox import Kind
from service.pages.deliveries import systems
from service.pages.deliveries.delivered import TITLES
from service.settings import Settings
from service.tables import AuditRow, DeliveryRow

PAGE, CODES, BEGIN = "/beheer/leveringen", "/beheer/codes", "/beheer/begin"
SCHOOL_FILE = (
    '# met de hand\nschool = "{school}"\nname = "De Ark"\nsector = "po"\nregion = "midden"\nsource = "parnassys"\n'
)
PUPILS = (
    b"leerlingnummer;roepnaam;voorvoegsel;achternaam;groep;jaargroep;begindatum;einddatum\r\n"
    b"1001;Sem;;Sanders;5a;5;31-08-2026;\r\n1002;Noor;de;Vries;5a;5;31-08-2026;\r\n"
)
HEADER = b"leerlingnummer;datum;dagdeel;code;geoorloofd;minuten\r\n"
ABSENT = (
    HEADER + b"1001;14-09-2026;ochtend;Z;ja;\r\n1001;15-09-2026;ochtend;Z;ja;\r\n1002;14-09-2026;middag;QX;nee;\r\n"
)
SENTENCE = b"moeder belde, hoge koorts"
CAST = ("care", "administrator")


@pytest.fixture
def office(settings: Settings, engine: Engine, app: FastAPI) -> Iterator[Home]:
    """An installation with one school that has no codes yet, an empty inbox and an empty lake."""
    del app
    names = (settings.home / "keys" / "names.key").read_bytes()
    for name in ("inbox", "batch", "lake", "keys", "schools", "reports"):
        shutil.rmtree(settings.home / name, ignore_errors=True)
    with db.transaction(engine) as session:
        session.execute(delete(DeliveryRow))
    made = Home.at(settings.home, database_url=settings.database_url)
    made.schools.mkdir()
    settle(made)
    yield made
    shutil.rmtree(settings.home / "keys", ignore_errors=True)
    (settings.home / "keys").mkdir()
    (settings.home / "keys" / "names.key").write_bytes(names)


def settle(office: Home, more: str = "") -> None:
    (office.schools / f"{SCHOOL}.toml").write_text(SCHOOL_FILE.format(school=SCHOOL) + more)


def hand_in(client: Client, *files: tuple[str, bytes], school: str = SCHOOL, **said: str) -> httpx.Response:
    sent = [("bestand", file) for file in files]
    return client.post(PAGE, params={"school": school}, files=sent, data=said, headers=OWN)


def taken(office: Home) -> list[Taken]:
    found: list[Taken] = []
    take_in(office, done=found.append)
    return found


def words(answer: httpx.Response) -> str:
    """What a page says, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def fields(page: str, name: str) -> list[str]:
    """The values of hidden fields with `name`, in order."""
    return re.findall(rf'name="{name}" value="([^"]*)"', page)


def choose(client: Client, **kinds: str) -> httpx.Response:
    """Say what codes mean, as the form does."""
    page = client.get(f"{CODES}?school={SCHOOL}").text
    data = {"school": SCHOOL, "stand": fields(page, "stand")[0], "code": list(kinds), "soort": list(kinds.values())}
    return client.post(CODES, data=data | {"geoorloofd": [""] * len(kinds)}, headers=OWN)


@pytest.mark.parametrize("who", CAST)
def test_several_files_are_handed_in_at_once_the_pupils_first_and_are_known_by_their_names(
    office: Home, signed_in: SignedIn, who: str
):
    answer = hand_in(signed_in(who), ("absenties week 46.csv", ABSENT), ("Leerlingen.csv", PUPILS))
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?school={SCHOOL}")
    engine = db.connect(office.database_url)
    waiting = batch.untaken(engine)
    engine.dispose()
    assert [one.file.split("-")[0] for one in waiting] == ["leerlingen", "absenties"]
    assert {path.read_bytes() for path in (office.root / "inbox").iterdir()} == {PUPILS, ABSENT}
    assert "week 46" not in str([path.name for path in office.root.rglob("*")])  # what it was called is not kept


def test_a_file_that_cannot_be_kept_is_told_by_name_and_does_not_hold_up_the_others(office: Home, signed_in: SignedIn):
    client = signed_in("care")
    answer = hand_in(
        client, ("leerlingen.csv", PUPILS), ("export.csv", ABSENT), ("foto.png", b"x"), ("absenties.csv", b"")
    )
    assert answer.status_code == 400
    said = words(answer)
    assert "3 bestanden zijn niet opgestuurd; de andere wel." in said
    assert "export.csv : Aan de naam is niet te zien wat erin staat." in said
    assert "foto.png : Dit soort bestand lezen wij niet." in said
    assert "absenties.csv : Dit bestand is leeg." in said
    assert len(list((office.root / "inbox").iterdir())) == 1
    assert hand_in(client, ("export.csv", ABSENT), soort="absenties").status_code == 303
    assert "Er was geen bestand gekozen." in words(hand_in(client, ("", b"")))


def test_a_form_that_breaks_off_or_is_none_is_refused_and_leaves_nothing(office: Home, signed_in: SignedIn):
    client = signed_in("care")
    begun = b'--x\r\nContent-Disposition: form-data; name="bestand"; filename="leerlingen.csv"\r\n\r\nhalf'
    for kind, content in (
        ("multipart/form-data; boundary=x", begun),
        ("multipart/form-data", begun),
        ("text/plain", b""),
    ):
        answer = client.post(f"{PAGE}?school={SCHOOL}", content=content, headers=OWN | {"content-type": kind})
        assert answer.status_code == 400
        assert "kwamen niet helemaal binnen" in answer.text
    assert not list((office.root / "inbox").iterdir())


def test_a_form_of_very_many_empty_parts_is_refused_before_they_are_all_read(office: Home, signed_in: SignedIn):
    parts = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 5_000
    headers = OWN | {"content-type": "multipart/form-data; boundary=x"}
    answer = signed_in("care").post(f"{PAGE}?school={SCHOOL}", content=parts + b"--x--\r\n", headers=headers)
    assert answer.status_code == 413
    assert "meer dan erin hoort" in answer.text
    assert not list(office.root.glob("inbox/*"))


def test_a_school_without_settings_is_sent_to_the_beginning(office: Home, signed_in: SignedIn):
    (office.schools / f"{SCHOOL}.toml").unlink()
    client = signed_in("care")
    assert "Vul eerst de gegevens van de school in" in words(client.get(f"{PAGE}?school={SCHOOL}"))
    assert hand_in(client, ("leerlingen.csv", PUPILS)).status_code == 400


def test_nobody_hands_in_for_a_stranger_s_school(office: Home, signed_in: SignedIn):
    (office.schools / f"{STRANGER}.toml").write_text(SCHOOL_FILE.format(school=STRANGER))
    assert hand_in(signed_in("care"), ("leerlingen.csv", PUPILS), school=STRANGER).status_code == 404
    assert hand_in(signed_in("mentor"), ("leerlingen.csv", PUPILS)).status_code == 403
    assert not (office.root / "inbox").exists()


def test_a_school_hands_in_no_more_than_its_quota_over_the_page_and_the_api_together(
    office: Home, signed_in: SignedIn, app: FastAPI
):
    del office
    generous, app.state.quota = app.state.quota, Quota(files_a_day=1, bytes_a_day=10_000)
    try:
        answer = hand_in(signed_in("care"), ("leerlingen.csv", PUPILS), ("absenties.csv", ABSENT))
        assert "vandaag al zo veel binnen als mag: 1 bestanden" in words(answer)
        asked = {"school": SCHOOL, "soort": "absenties", "formaat": "csv"}
        octets = OWN | {"content-type": "application/octet-stream"}
        answer = signed_in("supplier").post("/api/v1/leveringen", params=asked, content=ABSENT, headers=octets)
        assert (answer.status_code, int(answer.headers["retry-after"])) == (429, 3600)
    finally:
        app.state.quota = generous


def test_what_waits_refreshes_by_itself_and_what_does_not_never_does(office: Home, signed_in: SignedIn):
    client = signed_in("care")
    page = f"{PAGE}?school={SCHOOL}"
    assert "refresh" not in client.get(page).headers
    hand_in(client, ("leerlingen.csv", PUPILS))
    assert "refresh" in client.get(page).headers
    assert "kijkt nu niemand" in words(client.get(page))
    give_sign(office)
    assert "kijkt nu niemand" not in words(client.get(page))
    assert "refresh" not in client.get(f"{page}&meer=ja").headers  # whoever chooses a file is not disturbed
    taken(office)
    assert "refresh" not in client.get(page).headers


def test_a_report_says_where_what_how_often_and_what_to_do_without_names_or_codes_of_ours(
    office: Home, signed_in: SignedIn
):
    settle(office, '[reasons]\nz = { kind = "sick" }\n')
    client = signed_in("care")
    wrong = ABSENT.replace(b"14-09-2026;middag", b"31-31-2026;middag")
    hand_in(client, ("leerlingen.csv", PUPILS), ("absenties.csv", wrong))
    taken(office)
    listed = client.get(f"{PAGE}?school={SCHOOL}").text
    refused = client.get(re.search(r'href="([^"]+)">[^<]*</a></th><td>afwezigheid', listed)[1])
    said = words(refused)
    assert "geweigerd Van dit bestand is niets bewaard." in said
    assert "Waarden die niet te lezen zijn 1 keer houdt het bestand tegen" in said
    assert "Regel 4, kolom datum: 31-31-2026" in said
    assert "Codes zonder betekenis 1 keer" in said
    assert "Wat u doet:" in said
    assert "Lege velden" not in said  # what cannot be read is empty for the contract, and that is said once
    for secret in (
        "Sanders",
        "Noor",
        "1001",
        "1002",
        "bad_value",
        "unmapped_code",
        "start_date",
        "docs/",
        str(office.root),
    ):
        assert secret not in refused.text


def test_every_check_has_a_name_on_the_page():
    source = "".join(path.read_text() for root in ("pipelines", "data_contracts") for path in Path(root).rglob("*.py"))
    named = set(re.findall(r'check="([a-z_]+)"', source)) | set(re.findall(r'\.warn\(\s*"([a-z_]+)"', source))
    assert named - {"not_taken"} <= set(TITLES)


def test_every_system_and_kind_that_the_readers_know_has_its_words():
    assert set(systems.SYSTEMS) == set(SOURCES)
    assert set(systems.KIND_LABELS) == set(Kind)
    for name, system in systems.SYSTEMS.items():
        named = {one.soort for part in (system.pupils, system.absences, system.timetable) for one in part}
        assert named <= set(_FILES[name])


def test_absences_of_a_school_without_codes_wait_and_what_is_chosen_is_what_counts(office: Home, signed_in: SignedIn):
    client = signed_in("administrator")
    hand_in(client, ("leerlingen.csv", PUPILS), ("absenties.csv", ABSENT))
    assert [one.status for one in taken(office)] == ["accepted", "codes"]
    assert taken(office) == []  # nor is it looked at again before something has changed
    page = client.get(f"{CODES}?school={SCHOOL}")
    assert fields(page.text, "code") == ["z", "qx"]
    assert "Voorstel: gebruikelijke afkorting van ziekmelding" in words(page)
    assert "1 bestand wacht hierop." in words(page)
    answer = choose(client, z="sick", qx="truancy")
    assert answer.headers["location"] == f"{PAGE}?school={SCHOOL}"
    settings = read_school(office.schools / f"{SCHOOL}.toml")
    assert {code: one.kind for code, one in settings.reasons.items()} == {"z": "sick", "qx": "truancy"}
    assert (office.schools / f"{SCHOOL}.toml").read_text().startswith("# met de hand\n")
    (done,) = taken(office)
    assert (done.status, done.reports[0].new) == ("accepted", 3)
    assert not [one for one in done.reports[0].findings if one.check == "unmapped_code"]
    assert not list((office.root / "inbox").iterdir())


def test_what_a_person_does_not_know_stays_without_a_meaning_and_can_be_said_later(office: Home, signed_in: SignedIn):
    client = signed_in("care")
    hand_in(client, ("leerlingen.csv", PUPILS), ("absenties.csv", ABSENT))
    taken(office)
    nothing = choose(client, z="", qx="")
    assert (nothing.status_code, "geen enkele code gekozen" in words(nothing)) == (400, True)
    choose(client, z="sick", qx="")
    (done,) = taken(office)
    assert [one.code for one in done.reports[0].codes] == ["qx"]
    assert "Van een code is bekend wat zij betekent. Van 1 nog niet" in words(client.get(f"{BEGIN}?school={SCHOOL}"))
    page = client.get(f"{CODES}?school={SCHOOL}")
    assert fields(page.text, "code") == ["qx", "z"]
    assert choose(client, qx="late").headers["location"] == f"{CODES}?school={SCHOOL}&bewaard=ja"
    assert "Dit telt vanaf de volgende levering." in words(client.get(f"{CODES}?school={SCHOOL}&bewaard=ja"))
    # The same bytes again are another delivery now, since they are read otherwise: corrections.
    hand_in(client, ("absenties.csv", ABSENT))
    (again,) = taken(office)
    assert (again.status, again.reports[0].new, again.reports[0].corrected) == ("accepted", 0, 1)


def test_a_code_is_never_a_text_about_a_pupil_nor_a_pupil_s_number(office: Home, signed_in: SignedIn):
    client = signed_in("care")
    hand_in(
        client,
        (
            "absenties.csv",
            ABSENT + b"1002;16-09-2026;middag;" + SENTENCE + b";nee;\r\n1002;17-09-2026;middag;1002;ja;\r\n",
        ),
    )
    taken(office)
    page = client.get(f"{CODES}?school={SCHOOL}").text
    assert fields(page, "code") == ["z", "qx"]
    assert SENTENCE.decode() not in page


def test_of_two_who_change_the_codes_at_once_the_second_is_told_and_keeps_what_was_filled_in(
    office: Home, signed_in: SignedIn
):
    client = signed_in("care")
    old = fields(client.get(f"{CODES}?school={SCHOOL}").text, "stand")[0]
    choose(signed_in("administrator"), z="sick")
    data = {"school": SCHOOL, "stand": old, "code": ["z"], "soort": ["late"], "geoorloofd": ["yes"]}
    answer = client.post(CODES, data=data, headers=OWN)
    assert answer.status_code == 409
    assert "Iemand anders heeft de codes gewijzigd" in words(answer)
    assert '<option value="late" selected>' in answer.text
    assert read_school(office.schools / f"{SCHOOL}.toml").reasons["z"].kind == "sick"


def test_changing_codes_is_in_the_audit_by_number_and_not_by_what(office: Home, signed_in: SignedIn, engine: Engine):
    del office
    choose(signed_in("care"), z="sick", b="leave")
    with db.transaction(engine) as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == "settings.changed")).all()
    assert [(row.school, row.subject, row.detail) for row in rows][-1:] == [(SCHOOL, None, "codes: 2 codes gewijzigd")]


def test_every_kind_can_be_chosen_and_every_row_says_whose_it_is(office: Home, signed_in: SignedIn):
    del office
    page = signed_in("care").get(f"{CODES}?school={SCHOOL}").text
    for kind, info in KINDS.items():
        assert f'<option value="{kind}">{info.label}</option>' in page


@pytest.mark.parametrize("who", CAST)
def test_a_school_is_named_once_and_the_five_steps_say_what_is_next(office: Home, signed_in: SignedIn, who: str):
    (office.schools / f"{SCHOOL}.toml").unlink()
    client = signed_in(who)
    named = {
        "school": SCHOOL,
        "naam": "De Ark",
        "sector": "po",
        "regio": "midden",
        "systeem": "parnassys",
        "plaatsen": "6",
    }
    assert client.post(BEGIN, data=named | {"plaatsen": "0"}, headers=OWN).status_code == 400
    assert client.post(BEGIN, data=named | {"naam": "   "}, headers=OWN).status_code == 400
    assert client.post(BEGIN, data=named | {"school": "99ZZ99"}, headers=OWN).status_code in {404, 303}
    answer = client.post(BEGIN, data=named, headers=OWN)
    assert answer.headers["location"] == f"{BEGIN}?school={SCHOOL}#bestanden"
    settings = read_school(office.schools / f"{SCHOOL}.toml")
    assert (settings.name, settings.source, settings.capacity) == ("De Ark", "parnassys", 6)
    assert client.post(BEGIN, data=named, headers=OWN).status_code == 409
    assert "De Ark, plaats voor 6 leerlingen per week." in words(client.get(f"{BEGIN}?school={SCHOOL}"))


def test_where_there_is_no_list_yet_whoever_may_is_shown_where_to_begin(app: FastAPI, settings: Settings, office: Home):
    del office
    client = Client(app)
    assert client.post("/aanmelden", data={"persoon": "zorg-99PB00"}, headers=OWN).status_code == 303
    assert 'href="/beheer/begin"' in client.get("/weeklijst").text
    page = words(client.get(BEGIN))
    assert "99PB00" in page
    assert "1 De school" not in page  # the number is drawn, and read out by the list itself
    assert "De school nu" in page
    assert settings.is_demo


def test_the_newcomer_of_the_demo_is_the_school_that_the_simulator_writes():
    assert NEWCOMER == demo.NEWCOMER
