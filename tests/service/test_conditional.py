"""ETags: the same content is not sent twice, other content or another viewer never passes for it, and a read is a read."""

import re

import pytest
from conftest import OWN, Client, SignedIn
from sample_lists import SCHOOL, on_list
from sample_model import card, page
from sqlalchemy import Engine, func, select

from service import db, lists, openapi
from service.api.models import Model
from service.api.resources import Signaal, Weeklijst
from service.tables import AuditRow, SealedNameRow, SignalRow

STRANGER = "33ZZ01"


@pytest.fixture
def addresses(signed_in: SignedIn) -> dict[str, str]:
    """One address of each kind that the care coordinator reads."""
    client = signed_in("care")
    head = client.get("/api/v1/weeklijsten").json()["weeklijsten"][0]["_links"]
    signal = client.get(head["signalen"]["href"]).json()["signalen"][0]["_links"]
    return {
        "lists": "/api/v1/weeklijsten",
        "list": head["self"]["href"],
        "signals on a list": head["signalen"]["href"],
        "signals": "/api/v1/signalen",
        "signal": signal["self"]["href"],
        "history": signal["historie"]["href"],
    }


def lines(engine: Engine) -> int:
    with db.transaction(engine, writes=False) as session:
        return session.scalar(select(func.count()).select_from(AuditRow))


def get(client: Client, address: str, tag: str | None = None):
    return client.get(address, headers={} if tag is None else {"if-none-match": tag})


def test_what_the_client_has_already_is_not_sent_again(signed_in: SignedIn, addresses: dict[str, str]):
    client = signed_in("care")
    for kind, address in addresses.items():
        tag = get(client, address).headers["etag"]
        assert tag.startswith('"'), kind
        for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = get(client, address, held)
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), kind
        assert again.headers["api-version"] == "1.0.0"
        assert again.headers["cache-control"] == "no-store"
        assert get(client, address, '"other"').status_code == 200


def test_a_read_that_was_not_sent_again_is_in_the_audit_all_the_same(
    signed_in: SignedIn, addresses: dict[str, str], engine: Engine
):
    client = signed_in("care")
    tag = get(client, addresses["signal"]).headers["etag"]
    before = lines(engine)
    assert get(client, addresses["signal"], tag).status_code == 304
    assert lines(engine) == before + 1


def test_another_viewer_has_another_tag(signed_in: SignedIn, addresses: dict[str, str]):
    named, unnamed = (get(signed_in(who), addresses["signal"]).headers["etag"] for who in ("care", "data_team"))
    assert named != unnamed
    assert get(signed_in("data_team"), addresses["signal"], named).status_code == 200
    assert get(signed_in("stranger"), addresses["signal"], named).status_code == 404


def test_another_name_is_another_tag(signed_in: SignedIn, addresses: dict[str, str], engine: Engine):
    client = signed_in("care")
    before = get(client, addresses["signal"])
    with db.transaction(engine) as session:
        row = session.get(SealedNameRow, (SCHOOL, before.json()["leerling"]))
        sealed, row.sealed = row.sealed, "onleesbaar"
    after = get(client, addresses["signal"], before.headers["etag"])
    assert (after.status_code, after.json()["naam"]) == (200, "niet leesbaar")
    with db.transaction(engine) as session:
        session.get(SealedNameRow, (SCHOOL, before.json()["leerling"])).sealed = sealed
    assert get(client, addresses["signal"], before.headers["etag"]).status_code == 304


def test_another_name_beside_a_follow_up_is_another_tag_with_which_it_can_still_be_changed(
    signed_in: SignedIn, addresses: dict[str, str], engine: Engine
):
    client, plan = signed_in("care"), {"soort": "gesprek", "eigenaar": "S. Jansen"}
    before = client.post(f"{addresses['signal']}/opvolgingen", json=plan, headers=OWN)
    tag, address = before.headers["etag"], before.headers["location"]
    assert get(client, address, tag).status_code == 304
    with db.transaction(engine) as session:
        row = session.get(SealedNameRow, (SCHOOL, before.json()["leerling"]))
        sealed, row.sealed = row.sealed, "onleesbaar"
    after = get(client, address, tag)
    assert (after.status_code, after.json()["naam"]) == (200, "niet leesbaar")
    with db.transaction(engine) as session:
        session.get(SealedNameRow, (SCHOOL, before.json()["leerling"])).sealed = sealed
    changed = client.request("PUT", address, json=plan, headers={**OWN, "if-match": after.headers["etag"]})
    assert changed.status_code == 200
    assert client.request("PUT", address, json=plan, headers={**OWN, "if-match": tag}).status_code == 412


def test_a_search_has_no_tag_since_it_is_no_address(signed_in: SignedIn):
    answer = signed_in("care").post("/api/v1/signalen/_zoek", json={}, headers={**OWN, "if-none-match": "*"})
    assert answer.status_code == 200
    assert "etag" not in answer.headers


def test_the_json_of_what_is_read_most_is_that_of_its_class(signed_in: SignedIn, addresses: dict[str, str]):
    """Signals are written without their classes, for speed: whatever the classes say has to hold of the JSON."""
    client = signed_in("care")
    for kind, address in ((Signaal, addresses["signal"]), (Weeklijst, addresses["list"])):
        given = get(client, address).json()
        assert kind.model_validate(given).model_dump(mode="json", by_alias=True) == given
        assert set(given) == {info.alias or name for name, info in kind.model_fields.items()}
    for given in client.get(addresses["signals on a list"]).json()["signalen"]:
        assert Signaal.model_validate(given).model_dump(mode="json", by_alias=True) == given


def test_a_signal_says_on_which_list_by_which_model_and_on_which_data(signed_in: SignedIn, addresses: dict[str, str]):
    given = get(signed_in("care"), addresses["signal"]).json()
    assert (given["school"], given["week"], given["editie"], given["modelversie"]) == (SCHOOL, "2026-11-16", 1, "3")
    assert (given["peilmoment"], given["gegevensTot"]) == ("2026-11-16T00:00:00Z", "2026-11-15T17:00:00Z")
    assert given["kans"] == on_list(0).probability


@pytest.fixture
def model(engine: Engine) -> None:
    lists.publish_model(engine, page(SCHOOL, STRANGER))


@pytest.mark.usefixtures("model")
def test_the_card_of_the_model_is_what_was_published(signed_in: SignedIn):
    answer = signed_in("care").get("/api/v1/modellen/huidig")
    given = answer.json()
    assert given["versie"] == card().version
    assert [one["gevonden"] for one in given["vergelijking"]] == [37, 14, 24, 1.1]
    assert [one["school"] for one in given["afwijkingen"]] == [SCHOOL]
    assert Model.model_validate(given).model_dump(mode="json", by_alias=True) == given
    assert get(signed_in("care"), "/api/v1/modellen/huidig", answer.headers["etag"]).status_code == 304


@pytest.mark.usefixtures("model")
def test_the_scorecard_of_the_model_is_the_very_file(signed_in: SignedIn):
    client = signed_in("data_team")
    address = client.get("/api/v1/modellen/huidig").json()["_links"]["scorekaart"]["href"]
    assert client.get(address).text == card().to_json()
    assert client.get("/api/v1/modellen/0123456789ab/scorekaart").status_code == 404


def test_a_mentor_does_not_read_the_model(signed_in: SignedIn):
    assert signed_in("mentor").get("/api/v1/modellen/huidig").status_code == 403


@pytest.mark.usefixtures("model")
def test_without_a_scorecard_the_card_of_the_model_says_why(signed_in: SignedIn, engine: Engine):
    reason = "Er is nog te weinig geschiedenis."
    lists.publish_model(engine, page(SCHOOL, STRANGER, scorecard=None, reason=reason, since=None))
    given = signed_in("care").get("/api/v1/modellen/huidig").json()
    assert (given["versie"], given["reden"]) == (None, reason)
    assert "scorekaart" not in given["_links"]
    assert signed_in("care").get(f"/api/v1/modellen/{card().version}/scorekaart").text == card().to_json()


def test_an_unknown_signal_is_not_found_whatever_tag_is_sent(signed_in: SignedIn, engine: Engine):
    with db.transaction(engine, writes=False) as session:
        theirs = session.scalar(select(SignalRow.id).where(SignalRow.school == STRANGER))
    assert get(signed_in("care"), f"/api/v1/signalen/{theirs}", "*").status_code == 404


def test_every_address_of_the_api_that_is_read_says_that_it_may_be_unchanged_and_is(
    signed_in: SignedIn, addresses: dict[str, str]
):
    who = {"/logboek": "privacy_officer", "/verzuimmeldingen": "attendance_officer", "/regiobeelden": "alliance"}
    ids = {"list_id": addresses["list"], "signal_id": addresses["signal"]}
    plan = {"soort": "gesprek", "eigenaar": "S. Jansen"}
    ids["follow_up_id"] = (
        signed_in("care").post(f"{addresses['signal']}/opvolgingen", json=plan, headers=OWN).json()["id"]
    )
    asked = 0
    for path, item in openapi.document()["paths"].items():
        reads = item.get("get")
        if reads is None or reads.get("security") == []:  # of health and of the description nobody keeps a copy
            continue
        assert "304" in reads["responses"], path
        address = re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], found[0]).rpartition("/")[2], f"/api/v1{path}")
        if "{" in address:
            continue
        answer = get(signed_in(who.get(path, "care")), address, "*")
        if answer.status_code != 404:
            assert (answer.status_code, answer.content, answer.headers["etag"][0]) == (304, b"", '"'), path
            asked += 1
    assert asked > 8
