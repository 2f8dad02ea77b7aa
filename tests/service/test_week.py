"""The page of this week: what is going on, who has it, and only what was asked for; never an empty green list."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from conftest import CAST, OWN, Client, SignedIn
from cryptography.fernet import Fernet
from demo_home import full_name
from fastapi import FastAPI
from sample_lists import (
    LAST_WEEK,
    SCHOOL,
    STRANGER,
    WEEK,
    already_absent,
    below,
    hours_rule,
    mazl_rule,
    on_list,
    pupil,
    weekly_list,
)
from sqlalchemy import Engine, delete

from data_contracts.weekly_list import Gone, RuleHit, SealedName, Signal
from service import auth, db, lists
from service.app import create_app
from service.brief import Brief
from service.following.care import Care, Step
from service.following.follow_ups import Kind, Outcome
from service.pages import filters, listed, week
from service.pages.filters import Filters, Order
from service.pages.listed import Row
from service.reading import Head, School, Shown
from service.settings import Mode, Settings
from service.tables import FollowUpRow, GrantRow, PersonRow, now
from service.viewer import Role

HEAD = Head("lijst", 1, datetime(2026, 11, 16, 6, tzinfo=UTC), 1, weekly_list())


def shown(place: int, signal: Signal) -> Shown:
    return Shown(f"id{place}", place, HEAD, signal)


def row(place: int, name: str = "naam", *, signal: Signal | None = None, care: Care | None = None) -> Row:
    return Row(f"id{place}", name, shown(place, signal or on_list(place)), care)


@pytest.fixture
def care(app: FastAPI) -> Client:
    """A care coordinator with a browser that remembers nothing yet."""
    client = Client(app)
    client.post("/aanmelden", data={"persoon": CAST["care"]}, headers=OWN)
    return client


@pytest.fixture
def agreed(engine: Engine) -> Iterator[None]:
    """Noor is somebody's, since today; what was done about Yusuf was done before he came onto the list."""
    told = [
        (0, {"kind": "gesprek", "owner": "Sanne", "planned_on": date(2026, 11, 18)}),
        (1, {"kind": "gesprek", "owner": "Karim", "done_on": date(2026, 10, 1), "outcome": "gaatBeter"}),
        (3, {"kind": "mazlConsult", "owner": "Marijke", "done_on": LAST_WEEK, "outcome": "afspraken"}),
    ]
    with db.transaction(engine) as session:
        for number, values in told:
            opened = datetime(2026, 9, 30, tzinfo=UTC)
            row = FollowUpRow(
                school=SCHOOL,
                pupil=pupil(number),
                group_name=on_list(number).group,
                opened_by="x",
                opened_at=opened,
                change=db.next_change(session),
                **values,
            )
            session.add(row)
    yield
    with db.transaction(engine) as session:
        session.execute(delete(FollowUpRow))


def entry(page: str, number: int) -> str:
    """The part of the page about one pupil on the list."""
    name = " ".join(full_name(number))
    return next(part for part in page.split('<li class="entry"')[1:] if f">{name}</a>" in part)


def names_on(page: str) -> list[str]:
    part = page.split('id="lijst"')[1].split("<section", maxsplit=1)[0]
    return re.findall(r'<h3><a href="/leerling/[^"]+">([^<]+)</a>', part)


def test_a_list_is_parted_as_the_meeting_goes_through_it():
    every = [shown(place, signal) for place, signal in enumerate(weekly_list().signals)]
    names = {pupil(0): "Noor de Vries"}
    rows = listed.rows_of(every, names)
    left = listed.gone_rows([(Gone(pupil=pupil(33), reason="weer aanwezig"), every[0])], names)
    page = listed.list_page(rows, left, duties=listed.duties_of(rows))
    assert [one.shown.signal.position for one in page.on_list] == list(range(1, 11))
    beyond = [one for group in page.beyond for one in group.rows]
    assert sorted(one.shown.signal.position for one in beyond) == [12, 15, 18]
    assert (len(page.below), len(page.absent), len(page.gone)) == (17, 3, 1)
    assert [duty.deadline for duty in page.duties] == [date(2026, 11, 19)] * 2
    assert page.on_list[0].name == "Noor de Vries"
    assert page.on_list[1].name == f"Leerling {pupil(1)[:8]}"
    everyone = (*page.on_list, *beyond, *page.below, *page.absent)
    assert {one.id for one in everyone} == {one.id for one in every}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "In de laatste 4 schoolweken 9 dagen ziek gemeld, verdeeld over 4 keer."),
        ({"log_odds": None}, "4 ziekmeldingen in 12 schoolweken."),
        ({"raising": ()}, "4 ziekmeldingen in 12 schoolweken."),
        ({"raising": (), "rule_hits": (), "notes": ("Net nieuw op school.",)}, "Net nieuw op school."),
    ],
)
def test_the_one_line_is_the_strongest_sentence_or_else_the_rule_or_else_the_note(
    changes: dict[str, object], line: str
):
    assert row(0, signal=on_list(0).model_copy(update=changes)).headline == line


def test_below_it_stands_what_raises_the_score_next_where_there_is_a_score():
    signal = on_list(0)
    assert len(signal.raising) > 1
    assert row(0, signal=signal).also == signal.raising[1].text
    assert row(0, signal=signal.model_copy(update={"raising": signal.raising[:1]})).also == ""
    assert row(0, signal=signal.model_copy(update={"log_odds": None})).also == ""


def test_a_threshold_reached_three_times_is_told_once_with_the_newest_deadline():
    reached = [date(2026, 10, 5), date(2026, 11, 12), date(2026, 9, 28)]
    hits: list[RuleHit] = [*map(hours_rule, reached), mazl_rule()]
    assert [(hit.last.rule, hit.times, hit.last.deadline) for hit in listed.folded(hits)] == [
        ("lpw_16h", 3, date(2026, 11, 19)),
        ("mazl_vo", 1, None),
    ]


def test_a_duty_told_once_still_runs_when_an_earlier_one_has_passed():
    often = on_list(4).model_copy(update={"rule_hits": (hours_rule(date(2026, 9, 7)), hours_rule())})
    (duty,) = listed.duties_of([row(4, signal=often)])
    assert (duty.times, duty.deadline, duty.runs(WEEK)) == (2, date(2026, 11, 19), True)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Step(Kind.CONVERSATION, "S", date(2026, 11, 9), date(2026, 11, 18)), "gesprek, gepland op wo 18 nov"),
        (Step(Kind.LEAVE, "S", date(2026, 11, 9)), "nu laten, met reden, sinds ma 9 nov"),
        (
            Step(Kind.MAZL_CONSULT, "S", date(2026, 11, 9), None, date(2026, 11, 16), Outcome.AGREED),
            "consult jeugdarts (M@ZL) op ma 16 nov: afspraken gemaakt",
        ),
    ],
)
def test_a_follow_up_is_told_in_one_line(step: Step, said: str):
    assert step.text.replace("\N{NO-BREAK SPACE}", " ") == said


@pytest.mark.usefixtures("agreed")
def test_the_page_says_who_has_whom_and_counts_whom_nobody_has(care: Client):
    page = care.get("/weeklijst").text
    assert "<strong>Sanne</strong>" in entry(page, 0)
    assert "gesprek, gepland op" in entry(page, 0)
    assert "nog niet opgepakt" in entry(page, 1)
    assert "Karim" not in entry(page, 1)
    assert "op de lijst sinds ma\N{NO-BREAK SPACE}9\N{NO-BREAK SPACE}nov" in entry(page, 1)
    assert "afspraken gemaakt" in entry(page, 3)
    assert "op de lijst sinds" not in entry(page, 2)
    assert "8 van 10 nog niet opgepakt." in page


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize(
    ("query", "shown_numbers"),
    [
        ("klas=2hv1", [0, 6]),
        ("leerjaar=13", [1, 5]),
        ("nieuw=ja", [0, 2, 5, 7]),
        ("opvolging=loopt", [0]),
        ("opvolging=wacht&klas=2hv1", [6]),
        ("opvolging=wacht&volgorde=wachttijd", [1, 2, 4, 5, 6, 7, 8, 9]),
        ("volgorde=naam&klas=2m1", [9, 4]),
        ("klas=bestaatniet", list(range(10))),
    ],
)
def test_a_filter_shows_whom_it_asks_for_and_says_how_many_there_are(
    care: Client, query: str, shown_numbers: list[int]
):
    page = care.get(f"/weeklijst?{query}").text
    assert names_on(page) == [" ".join(full_name(number)) for number in shown_numbers]
    narrowed = len(shown_numbers) < 10
    assert (f"{len(shown_numbers)} van 10 getoond" in page) == narrowed
    assert ("Filters wissen" in page) == narrowed


def test_filters_that_fit_nobody_say_so_and_never_that_nobody_is_on_the_list(care: Client):
    page = care.get("/weeklijst?klas=2hv1&opvolging=loopt").text
    assert "Niemand op de lijst past bij deze filters; zonder filters staan er 10 leerlingen." in page
    assert "Deze week staat niemand op de lijst" not in page


def test_a_legal_duty_is_not_filtered_away_by_what_is_new_or_picked_up(care: Client):
    duties = care.get("/weeklijst?nieuw=ja&opvolging=loopt").text.split('id="plichten"')[1].split("</section>")[0]
    assert " ".join(full_name(4)) in duties
    assert " ".join(full_name(4)) not in care.get("/weeklijst?klas=2hv1").text.split("</section>")[1]


def test_filters_are_remembered_until_they_are_cleared(care: Client):
    answer = care.get("/weeklijst?klas=2hv1&gekozen=ja")
    cookie = answer.headers["set-cookie"]
    assert "klas=2hv1" in cookie
    assert {"HttpOnly", "SameSite=lax", "Path=/weeklijst"} <= set(cookie.split("; "))
    assert len(names_on(care.get("/weeklijst").text)) == 2
    cleared = care.get("/weeklijst?gekozen=ja")
    assert "Max-Age=0" in cleared.headers["set-cookie"]
    assert len(names_on(care.get("/weeklijst").text)) == 10


@pytest.fixture
def mentors(engine: Engine) -> Iterator[dict[str, str]]:
    """A mentor of two groups; one who is gone, one elsewhere, one of the whole school, one of a group without a signal; by name."""
    places = {
        "Xander": (SCHOOL, ("2hv1", "2m1")),
        "Weg": (SCHOOL, ("2hv1",)),
        "Ver": (STRANGER, ("2hv1",)),
        "Elk": (SCHOOL, (None,)),
        "Leeg": (SCHOOL, ("bestaatniet",)),
    }
    with db.transaction(engine) as session:
        rows = {name: PersonRow(name=name, ended_at=now() if name == "Weg" else None) for name in places}
        session.add_all(rows.values())
        session.flush()
        for name, (school, groups) in places.items():
            ofthem = [GrantRow(person=rows[name].id, role="mentor", school=school, group_name=one) for one in groups]
            session.add_all(ofthem)
    ids = {name: row.id for name, row in rows.items()}
    yield ids
    with db.transaction(engine) as session:
        session.execute(delete(GrantRow).where(GrantRow.person.in_(ids.values())))
        session.execute(delete(PersonRow).where(PersonRow.id.in_(ids.values())))


def mentors_on(page: str) -> list[str]:
    part = page.partition('<select id="mentor"')[2].partition("</select>")[0]
    return re.findall(r">([^<]+)</option>", part)


def test_a_mentor_can_be_chosen_who_has_pupils_on_this_list_and_is_still_here(care: Client, mentors: dict[str, str]):
    assert mentors
    assert mentors_on(care.get("/weeklijst").text) == ["alle", "Femke, mentor van 2hv1", "Xander"]


def test_the_list_of_one_mentor_holds_the_pupils_of_all_the_groups_of_that_mentor(
    care: Client, mentors: dict[str, str]
):
    page = care.get(f"/weeklijst?mentor={mentors['Xander']}&gekozen=ja").text
    assert names_on(page) == [" ".join(full_name(number)) for number in (0, 4, 6, 9)]
    assert "<strong>4 van 10 getoond</strong>: leerlingen van Xander." in page
    duties = page.split('id="plichten"')[1].split("</section>")[0]
    assert " ".join(full_name(4)) in duties
    assert names_on(care.get("/weeklijst").text) == names_on(page)  # as remembered
    assert "Xander" not in care.cookies[filters.COOKIE]
    narrower = care.get(f"/weeklijst?mentor={mentors['Xander']}&klas=1m2").text
    assert "Niemand op de lijst past bij deze filters" in narrower


@pytest.mark.parametrize("name", ["Weg", "Ver", "Elk"])
def test_nor_is_a_list_narrowed_to_who_mentors_nobody_here(care: Client, mentors: dict[str, str], name: str):
    assert len(names_on(care.get(f"/weeklijst?mentor={mentors[name]}").text)) == 10


@pytest.mark.parametrize("who", ["mentor", "data_team"])
def test_who_has_no_choice_of_groups_or_may_not_know_who_has_whom_sees_no_mentors(
    signed_in: SignedIn, mentors: dict[str, str], who: str
):
    before, page = (
        signed_in(who).get(f"/weeklijst?school={SCHOOL}{also}&gekozen=ja").text
        for also in ("", f"&mentor={mentors['Xander']}")
    )
    assert mentors_on(page) == []
    assert "Xander" not in page
    assert names_on(page) == names_on(before)


def test_on_paper_the_list_of_a_mentor_says_whose_it_is(care: Client, mentors: dict[str, str]):
    sheet = care.get(f"/weeklijst.xlsx?school={SCHOOL}&mentor={mentors['Xander']}")
    with zipfile.ZipFile(io.BytesIO(sheet.content)) as book:
        text = book.read("xl/sharedStrings.xml").decode() if "xl/sharedStrings.xml" in book.namelist() else ""
    assert "4 van 10 getoond (leerlingen van Xander)." in text


@pytest.fixture
def of_two(app: FastAPI, engine: Engine, settings: Settings) -> Client:
    """A care coordinator of two schools."""
    client = Client(app)
    with db.transaction(engine) as session:
        person = PersonRow(name="Twee")
        session.add(person)
        session.flush()
        session.add_all(GrantRow(person=person.id, role="care_coordinator", school=one) for one in (SCHOOL, STRANGER))
        session.flush()
        client.cookies.set(settings.cookie, auth.sign_in(session, person, Role.CARE_COORDINATOR, hours=1))
    return client


def test_who_has_several_schools_comes_back_to_the_one_that_was_looked_at(of_two: Client):
    first = of_two.get("/weeklijst").text
    other = next(one for one in (SCHOOL, STRANGER) if f'<option value="{one}" selected>' not in first)
    of_two.get(f"/weeklijst?school={other}&gekozen=ja")
    assert f'<option value="{other}" selected>' in of_two.get("/weeklijst").text
    cleared = of_two.get(f"/weeklijst?school={other}&gekozen=ja").text
    assert "getoond" not in cleared


def test_a_school_that_is_somebody_s_no_longer_is_forgotten(care: Client):
    page = care.get("/weeklijst", headers={"cookie": _cookies(care, f"school={STRANGER}")})
    assert page.status_code == 200
    assert len(names_on(page.text)) == 10


@pytest.mark.parametrize("cookie", ["klas=" + "x" * 500, "opvolging=iets", "%%%", "volgorde=naam; x"])
def test_a_cookie_that_cannot_be_read_filters_nothing(care: Client, cookie: str):
    assert len(names_on(care.get("/weeklijst", headers={"cookie": _cookies(care, cookie)}).text)) == 10


def _cookies(client: Client, own: str) -> str:
    return f"aanwezig={client.cookies['aanwezig']}; {filters.COOKIE}={own}"


def test_who_may_not_know_of_follow_ups_sees_none_and_cannot_ask_for_them(signed_in: SignedIn):
    page = signed_in("data_team").get(f"/weeklijst?school={SCHOOL}&opvolging=wacht&volgorde=wachttijd").text
    assert "opgepakt" not in page
    assert len(names_on(page)) == 10


@pytest.mark.parametrize(
    ("ids", "word"), [(["11ZZ03"], "Vestiging"), (["11ZZ03", "11ZZ07"], "Vestiging"), (["11ZZ03", "22ZZ00"], "School")]
)
def test_the_places_of_one_school_are_called_so(ids: list[str], word: str):
    schools = tuple(School(one, one, "vo") for one in ids)
    assert week.Chosen(HEAD, schools[0], schools, (WEEK,)).place_word == word


@pytest.mark.parametrize(
    ("at", "monday"),
    [
        (datetime(2026, 11, 15, 22, 59, tzinfo=UTC), date(2026, 11, 9)),
        (datetime(2026, 11, 15, 23, 0, tzinfo=UTC), date(2026, 11, 16)),
        (datetime(2026, 11, 22, 12, 0, tzinfo=UTC), date(2026, 11, 16)),
    ],
)
def test_the_week_turns_at_midnight_in_the_netherlands(at: datetime, monday: date):
    assert week.this_week(at) == monday


def test_names_are_ordered_as_they_are_looked_up():
    names = ["Zoë", "Łukasz", "Çelik", "Sem", "Şahin", "adam", "Daan", "Éva"]
    rows = [row(place % 10, name) for place, name in enumerate(names)]
    ordered = Filters(order=Order.NAME).sorted(rows)
    assert [one.name for one in ordered] == ["adam", "Çelik", "Daan", "Éva", "Łukasz", "Şahin", "Sem", "Zoë"]


def test_who_waits_longest_comes_first_and_who_is_picked_up_last():
    step = Step(Kind.CONVERSATION, "Sanne", WEEK)
    rows = [
        row(0, care=Care(WEEK, None)),
        row(1, care=Care(date(2026, 9, 7), step)),
        row(2, care=Care(date(2026, 10, 5), None)),
    ]
    assert [one.id for one in Filters(order=Order.WAITING).sorted(rows)] == ["id2", "id0", "id1"]


@pytest.fixture
def alone(tmp_path: Path):
    """The page of one list, in a database of its own."""
    url = f"sqlite:///{tmp_path / 'service.db'}"
    engine = lists.open_database(url)
    app = create_app(Settings(mode=Mode.DEMO, home=tmp_path, database_url=url))

    def page(**changes: object) -> str:
        lists.publish(engine, weekly_list(**changes), names=(), by="test")
        client = Client(app)
        client.post("/aanmelden", data={"persoon": CAST["care"]}, headers=OWN)
        return client.get("/weeklijst").text

    yield page
    engine.dispose()
    app.state.installation.engine.dispose()


def test_a_duty_says_for_whom_it_holds_and_where_it_may_not(alone):
    told = "Een melding is verplicht als de leerling leerplichtig is: 5 tot 18 jaar"
    page = alone()
    assert told in page
    assert "mogelijk verplicht" not in page
    page = alone(sector="mbo")
    assert told in page
    assert "(mogelijk verplicht), bereikt op" in page
    assert "de leerplichtambtenaar ziet het niet in Aanwezig" in page


@pytest.mark.parametrize(("year_group", "doubtful"), [("1", True), ("2", False), (None, False)])
def test_in_the_first_year_of_primary_school_a_duty_is_in_doubt(year_group: str | None, doubtful: bool):
    signal = on_list(4).model_copy(update={"year_group": year_group})
    (duty,) = listed.duties_of([row(4, signal=signal)])
    assert (duty.doubtful, row(4, signal=signal).hits[0].doubtful) == (doubtful, doubtful)


IN_TIME, TOO_LATE = datetime(2026, 11, 13, 15, tzinfo=UTC), datetime(2026, 11, 8, 17, tzinfo=UTC)


@pytest.mark.parametrize(("arrived", "said"), [(IN_TIME, False), (TOO_LATE, True)])
def test_a_list_without_this_weeks_delivery_says_so(alone, arrived: datetime, said: bool):
    assert ("Voor deze lijst kwam geen nieuwe levering." in alone(data_moment=arrived)) == said


def test_an_empty_list_without_this_weeks_delivery_is_no_good_news(alone):
    page = alone(data_moment=TOO_LATE, signals=(), gone=())
    assert "Er is niets nieuws geleverd, dus er valt niets te zeggen." in page
    assert "staat niemand op de lijst" not in page


def test_the_page_leaves_the_parts_of_a_score_unread():
    stored = on_list(0)
    read = Brief.model_validate_json(stored.model_dump_json())
    assert stored.contributions
    assert read.contributions == ()
    assert read.model_dump(exclude={"contributions"}) == stored.model_dump(exclude={"contributions"})


def test_a_page_of_400_pupils_stays_under_200_kilobytes(tmp_path: Path):
    """With every name, a threshold or two below the cut, an agreement for each on the list, and who left."""
    many = [
        *(on_list(number) for number in range(10)),
        *(below(number, hits=(mazl_rule(), hours_rule())[: 1 + (number % 10 == 0)]) for number in range(10, 397)),
        *(already_absent(number) for number in range(397, 400)),
    ]
    url = f"sqlite:///{tmp_path / 'service.db'}"
    engine = lists.open_database(url)
    key = Fernet.generate_key()
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "names.key").write_bytes(key)
    full = [
        SealedName(pupil=one.pupil, sealed=Fernet(key).encrypt(f"Anne-Fleur\tvan der Heijden-{at}".encode()).decode())
        for at, one in enumerate(many)
    ]
    lists.publish(engine, weekly_list(signals=tuple(many), gone=()), names=full, by="test")
    app = create_app(Settings(mode=Mode.DEMO, home=tmp_path, database_url=url))
    client = Client(app)
    client.post("/aanmelden", data={"persoon": CAST["care"]}, headers=OWN)
    answer = client.get("/weeklijst")
    engine.dispose()
    app.state.installation.engine.dispose()
    assert answer.text.count("van der Heijden-") >= 400
    assert len(answer.content) < 200_000
