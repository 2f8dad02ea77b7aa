"""The pages about follow-ups: planned, done, taken back, left until something new is seen, and never without a trace."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import httpx
import pytest
from conftest import CAST, OWN, Client
from demo_home import full_name
from fastapi import FastAPI
from sample_lists import (
    LAST_WEEK,
    SCHOOL,
    STRANGER,
    WEEK,
    below,
    hours_rule,
    mazl_rule,
    on_list,
    pupil,
    rules_list,
    weekly_list,
)
from sqlalchemy import Engine, delete, select

from data_contracts.weekly_list import AttendanceWeek, Direction, Reason, Signal, Standing
from service import db, scope
from service.following import off_list, playbook, waking
from service.following.care import Care, Step
from service.following.follow_ups import KINDS, Kind
from service.pages.following import follow_up_drawing
from service.reading import Head, Shown
from service.tables import AuditRow, FollowUpRow, PlaybookRow, SignalRow
from service.viewer import Role, Viewer

TODAY = scope.today()
OPEN = "/opvolging"
CARE_COORDINATOR = Viewer("wie", "Wie", Role.CARE_COORDINATOR, frozenset({SCHOOL}))
WHOLE_NOTE = "Slaapt slecht sinds de verhuizing."


@pytest.fixture(scope="module")
def people(app: FastAPI) -> dict[str, Client]:
    """The care coordinator and a mentor of the school, and a stranger, each with a browser of their own."""
    found = {}
    for who in ("care", "mentor", "stranger", "data_team"):
        found[who] = Client(app)
        assert found[who].post("/aanmelden", data={"persoon": CAST[who]}, headers=OWN).status_code == 303
    return found


@pytest.fixture
def care(people: dict[str, Client]) -> Client:
    return people["care"]


@pytest.fixture
def mentor(people: dict[str, Client]) -> Client:
    return people["mentor"]


@pytest.fixture(autouse=True)
def clean(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing is left of one test for the next."""
    yield
    if "engine" in request.fixturenames:
        with db.transaction(request.getfixturevalue("engine")) as session:
            session.execute(delete(FollowUpRow))
            session.execute(delete(PlaybookRow))


def name(number: int) -> str:
    return " ".join(full_name(number))


def signal_of(engine: Engine, number: int, school: str = SCHOOL) -> str:
    """The newest signal of a pupil."""
    with db.transaction(engine) as session:
        query = select(SignalRow).where(SignalRow.pupil == pupil(number, school))
        return max(session.scalars(query), key=lambda row: row.list_id == _newest(session, school)).id


def _newest(session: db.Session, school: str) -> str:
    from service.reading import NEWEST_FIRST  # noqa: PLC0415 - only here

    return next(row.id for row in session.execute(NEWEST_FIRST) if row.school == school)


def planned(client: Client, engine: Engine, number: int, **form: str) -> httpx.Response:
    data = {"soort": "gesprek", "eigenaar": "S. Jansen, mentor", "datum": "", "notitie": ""} | form
    return client.post(f"/leerling/{signal_of(engine, number)}/opvolging", data=data, headers=OWN)


def finished(client: Client, row: FollowUpRow, **form: str) -> httpx.Response:
    data = {"uitkomst": "afspraken", "gedaan": str(TODAY), "notitie": "Belt donderdag zelf."} | form
    return client.post(f"{OPEN}/{row.id}/afronden", data=data, headers=OWN)


def undone(client: Client, row: FollowUpRow) -> httpx.Response:
    return client.post(f"{OPEN}/{row.id}/terugdraaien", headers=OWN)


def rows(engine: Engine) -> list[FollowUpRow]:
    with db.transaction(engine) as session:
        return list(session.scalars(select(FollowUpRow).order_by(FollowUpRow.opened_at)))


def logged(engine: Engine, action: str) -> list[str | None]:
    with db.transaction(engine) as session:
        return [row.subject for row in session.scalars(select(AuditRow).where(AuditRow.action == action))]


def change_row(engine: Engine, row: FollowUpRow, **values: object) -> None:
    with db.transaction(engine) as session:
        found = session.get_one(FollowUpRow, row.id)
        for field, value in values.items():
            setattr(found, field, value)


def part(page: str, heading: str) -> str:
    """The section of the board under the heading with that id; empty where there is none."""
    found = page.split(f'<section aria-labelledby="{heading}">')
    return found[1].split("</section>")[0] if len(found) > 1 else ""


class TestPlanning:
    def test_it_stands_with_the_pupil_and_under_its_owner(self, care: Client, engine: Engine):
        before = logged(engine, "follow_up.opened").count(pupil(0))
        answer = planned(care, engine, 0, datum=str(TODAY + timedelta(days=3)), notitie=WHOLE_NOTE)
        assert answer.status_code == 303
        assert answer.headers["location"].endswith("#opvolging")
        page = care.get(answer.headers["location"].split("#")[0]).text
        assert WHOLE_NOTE in part(page, "opvolging")
        board_page = care.get(OPEN).text
        assert "S. Jansen, mentor" in part(board_page, "gepland")
        assert name(0) in part(board_page, "gepland")
        assert name(0) not in part(board_page, "wacht")
        assert logged(engine, "follow_up.opened").count(pupil(0)) == before + 1

    def test_what_cannot_be_is_told_on_the_page_with_all_that_was_filled_in(self, care: Client, engine: Engine):
        answer = planned(care, engine, 1, soort="laten", eigenaar="M. de Wit", notitie="...")
        assert answer.status_code == 400
        assert "schrijft waarom" in answer.text
        assert 'value="M. de Wit"' in answer.text
        assert re.search(r'value="laten" required checked', answer.text)
        assert planned(care, engine, 1, soort="later", notitie="Twee weken rust.").status_code == 400
        assert rows(engine) == []

    def test_a_pupil_of_another_group_or_school_does_not_exist(self, people: dict[str, Client], engine: Engine):
        assert planned(people["mentor"], engine, 4).status_code == 404  # of 2m1
        assert planned(people["stranger"], engine, 0).status_code == 404
        assert planned(people["data_team"], engine, 0).status_code == 403
        assert rows(engine) == []

    def test_the_form_is_not_there_for_who_only_looks(self, people: dict[str, Client], engine: Engine):
        page = people["data_team"].get(f"/leerling/{signal_of(engine, 0)}").text
        assert "Wat gaat u doen?" not in page
        assert "Opvolging</h2>" not in page


class TestFinishing:
    def test_it_is_told_with_its_outcome_and_what_was_noted_stays(self, care: Client, engine: Engine):
        planned(care, engine, 0, notitie=WHOLE_NOTE)
        assert finished(care, rows(engine)[0]).status_code == 303
        done = part(care.get(OPEN).text, "gedaan")
        assert "afspraken gemaakt" in done
        assert f"{WHOLE_NOTE}\nBelt donderdag zelf." in done
        assert name(0) not in part(care.get(OPEN).text, "gepland")

    @pytest.mark.parametrize("note", ["", "  ", "-", "123"])
    def test_nobody_clears_a_pupil_with_an_empty_note_whatever_was_noted_before(
        self, care: Client, engine: Engine, note: str
    ):
        planned(care, engine, 0, notitie=WHOLE_NOTE)
        answer = finished(care, rows(engine)[0], uitkomst="nietNodig", notitie=note)
        assert answer.status_code == 400
        assert rows(engine)[0].done_on is None

    def test_what_is_done_shows_attendance_before_and_after(self, care: Client, engine: Engine):
        planned(care, engine, 0)
        finished(care, rows(engine)[0], gedaan=str(WEEK - timedelta(days=40)))
        shown = part(care.get(f"/leerling/{signal_of(engine, 0)}").text, "opvolging")
        assert re.search(r"In de \d schoolweken ervoor \d+ procent aanwezig, in de \d schoolweken erna", shown)


class TestTakingBack:
    def test_what_was_just_planned_is_withdrawn_and_nothing_is_deleted(self, care: Client, engine: Engine):
        planned(care, engine, 0)
        (row,) = rows(engine)
        assert "Draai terug" in part(care.get(OPEN).text, "gepland")
        assert undone(care, row).status_code == 303
        page = care.get(OPEN).text
        assert name(0) in part(page, "wacht")
        assert name(0) not in part(page, "gepland")
        assert rows(engine)[0].withdrawn_at is not None
        assert pupil(0) in logged(engine, "follow_up.undone")
        assert care.get(f"/api/v1/opvolgingen/{row.id}").json()["teruggedraaidOp"]

    def test_what_was_withdrawn_is_not_finished_or_taken_back_again(self, care: Client, engine: Engine):
        planned(care, engine, 0)
        (row,) = rows(engine)
        undone(care, row)
        assert undone(care, row).status_code == 404
        assert finished(care, row).status_code == 412

    def test_who_finishes_second_overwrites_nothing(self, care: Client, mentor: Client, engine: Engine):
        planned(care, engine, 0)
        (row,) = rows(engine)
        assert finished(care, row).status_code == 303
        refused = finished(mentor, row, uitkomst="geenContact", notitie="Niemand gebeld.")
        assert refused.status_code == 412
        assert "al afgerond" in refused.text
        (row,) = rows(engine)
        assert row.outcome == "afspraken"

    def test_what_was_just_finished_is_open_again_as_it_was(self, care: Client, engine: Engine):
        planned(care, engine, 0, notitie=WHOLE_NOTE, datum=str(TODAY))
        finished(care, rows(engine)[0])
        assert undone(care, rows(engine)[0]).status_code == 303
        (row,) = rows(engine)
        assert (row.done_on, row.outcome, row.planned_on, row.withdrawn_at) == (None, None, TODAY, None)
        shown = part(care.get(OPEN).text, "gepland")
        assert WHOLE_NOTE in shown
        assert "Belt donderdag zelf." not in shown
        assert undone(care, row).status_code == 400  # once

    def test_after_a_few_minutes_or_by_another_it_stays(self, care: Client, mentor: Client, engine: Engine):
        planned(care, engine, 0)
        (row,) = rows(engine)
        assert undone(mentor, row).status_code == 400
        change_row(engine, row, changed_at=row.changed_at - timedelta(minutes=11))
        assert "Draai terug" not in care.get(OPEN).text
        answer = undone(care, row)
        assert (answer.status_code, rows(engine)[0].withdrawn_at) == (400, None)
        assert "10 minuten" in answer.text


class TestLeavingAndWaking:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({}, ()),
            ({"rule_hits": (mazl_rule(), hours_rule())}, ("16 uur in 4 lesweken",)),
            ({"rule_hits": ()}, ()),
            ({"raising": ()}, ()),
        ],
    )
    def test_what_was_not_there_wakes_and_what_goes_does_not(self, changes: dict[str, object], said: tuple[str, ...]):
        kept = waking.signs(on_list(0))
        assert waking.is_new(kept, on_list(0).model_copy(update=changes)) == said

    def test_a_legal_duty_counts_anew_each_time_and_a_method_does_not(self):
        kept = waking.signs(on_list(0).model_copy(update={"rule_hits": (hours_rule(), mazl_rule())}))
        again = (hours_rule(date(2026, 11, 20)), mazl_rule().model_copy(update={"reached_on": date(2026, 11, 20)}))
        new = waking.is_new(kept, on_list(0).model_copy(update={"rule_hits": again}))
        assert new == ("16 uur in 4 lesweken",)

    def test_a_sentence_is_the_same_as_long_as_its_theme_is(self):
        def telling(*features: str) -> Signal:
            reason = Reason(features=features, direction=Direction.RAISES, text="Zin.", log_odds=1)
            return on_list(1).model_copy(update={"raising": (reason,)})

        assert waking.is_new(waking.signs(telling("a", "b")), telling("b", "c")) == ()
        assert waking.is_new(waking.signs(telling("a", "b")), telling("c")) == ("Zin.",)

    def test_who_is_left_sleeps_until_something_new_is_seen(self, care: Client, engine: Engine):
        planned(care, engine, 0, soort="laten", notitie="Breuk in het been.")
        asleep = care.get(OPEN).text
        assert name(0) in part(asleep, "rust")
        assert name(0) not in part(asleep, "wacht")
        change_row(engine, rows(engine)[0], signs='{"rules": [], "features": ["absence_rate_4w"]}')
        awake = part(care.get(OPEN).text, "wacht")
        assert name(0) in awake
        assert "Wakker geworden:</strong> M@ZL: vierde ziekmelding" in awake
        assert "wakker geworden:</b> M@ZL" in care.get("/weeklijst").text
        assert "Wakker geworden:" in care.get(f"/leerling/{signal_of(engine, 0)}").text

    def test_an_older_list_than_the_one_that_was_looked_at_wakes_nobody(self, care: Client, engine: Engine):
        planned(care, engine, 1, soort="laten", notitie="Breuk in het been.")
        change_row(engine, rows(engine)[0], signs='{"rules": [], "features": []}')
        assert "wakker geworden:" in care.get("/weeklijst").text
        assert "wakker geworden:" not in care.get(f"/weeklijst?week={LAST_WEEK}").text

    def test_who_woke_is_nobody_s_again(self):
        left = Step(Kind.LEAVE, "Wie", TODAY)
        assert Care(TODAY, left).picked_up
        assert not Care(TODAY, left, ("16 uur in 4 lesweken",)).picked_up

    def test_a_day_that_was_agreed_wakes_too(self, care: Client, engine: Engine):
        planned(care, engine, 0, soort="later", notitie="Rust.", datum=str(TODAY + timedelta(days=9)))
        assert name(0) in part(care.get(OPEN).text, "rust")
        change_row(engine, rows(engine)[0], planned_on=TODAY)
        assert "terugkijken was afgesproken" in part(care.get(OPEN).text, "wacht")

    def test_to_leave_a_pupil_is_no_help_given(self, care: Client, engine: Engine):
        from service.following import followed  # noqa: PLC0415 - only here

        planned(care, engine, 0, soort="laten", notitie="Breuk in het been.")
        planned(care, engine, 1, soort="nietPluis", notitie="Stil geworden.")
        planned(care, engine, 2)
        with db.transaction(engine) as session:
            found = followed.counts(CARE_COORDINATOR, session, school=SCHOOL, since=date(2026, 8, 1))
        assert (found.pupils, found.planned) == (1, 1)


class TestTheBoard:
    def test_who_waits_stands_first_then_what_is_late_then_what_is_planned_by_owner(self, care: Client, engine: Engine):
        planned(care, engine, 0, eigenaar="Wim", datum=str(TODAY - timedelta(days=1)))
        planned(care, engine, 1, eigenaar="An", datum=str(TODAY + timedelta(days=1)))
        planned(care, engine, 2, eigenaar="Wim", datum=str(TODAY + timedelta(days=1)))
        page = care.get(OPEN).text
        assert re.findall(r'<section aria-labelledby="(\w+)"', page) == ["wacht", "laat", "gepland", "thuis", "gedaan"]
        assert name(0) in part(page, "laat")
        assert re.findall(r'<h3 class="owner">(\w+)', page) == ["An", "Wim"]
        waiting = part(page, "wacht")
        assert [name(number) in waiting for number in range(4)] == [False, False, False, True]

    def test_the_filter_on_owners_has_no_name_in_its_address(self, care: Client, engine: Engine):
        planned(care, engine, 0, eigenaar="Wim Kok-Bos")
        planned(care, engine, 1, eigenaar="An")
        page = care.get(OPEN).text
        key = re.search(r'<option value="([A-Za-z0-9_-]{22})">Wim Kok-Bos', page)[1]
        only = care.get(f"{OPEN}?school={SCHOOL}&eigenaar={key}").text
        assert name(0) in part(only, "gepland")
        assert name(1) not in part(only, "gepland")
        assert name(3) in part(only, "wacht")
        assert not re.search(r'(href|action)="[^"]*Wim', page + only)

    def test_each_pupil_shown_is_one_line_in_the_audit(self, care: Client, engine: Engine):
        planned(care, engine, 0)
        planned(care, engine, 3, soort="nietPluis", notitie="Stil geworden.")  # on the list, and waits
        before = logged(engine, "follow_up.read")
        page = care.get(OPEN).text
        new = logged(engine, "follow_up.read")[len(before) :]
        shown = set(re.findall(r'href="/leerling/([\w-]+)', page))
        with db.transaction(engine) as session:
            pupils = {session.get_one(SignalRow, one).pupil for one in shown}
        assert sorted(logged_of(engine, before)) == sorted(pupils)
        assert len(new) == len(set(new))

    def test_a_mentor_sees_the_own_group_and_a_stranger_nothing(self, people: dict[str, Client], engine: Engine):
        planned(people["care"], engine, 0)
        planned(people["care"], engine, 4)
        page = people["mentor"].get(OPEN).text
        assert name(0) in page
        assert set(re.findall(r'<p class="group small">([^<]+)', page)) == {"2hv1"}
        assert people["stranger"].get(f"{OPEN}?school={SCHOOL}").status_code == 404
        assert name(0) not in part(people["stranger"].get(OPEN).text, "gepland")
        assert people["data_team"].get(OPEN).status_code == 403

    def test_who_is_away_for_long_stands_with_the_clock_and_what_was_agreed(self, care: Client, engine: Engine):
        home = part(care.get(OPEN).text, "thuis")
        assert home.count("nog geen afspraak over een aanbod") == 3
        assert "Grotendeels afwezig sinds de week van" in home
        planned(care, engine, 30, soort="aanbod", notitie="Twee ochtenden op school, en digitaal les.")
        home = part(care.get(OPEN).text, "thuis")
        assert home.count("nog geen afspraak over een aanbod") == 2
        assert "Twee ochtenden op school" in home

    def test_an_agreement_on_an_offer_is_asked_only_for_who_is_away(self, care: Client, engine: Engine):
        assert 'value="aanbod"' in care.get(f"/leerling/{signal_of(engine, 30)}").text
        assert 'value="aanbod"' not in care.get(f"/leerling/{signal_of(engine, 0)}").text


def logged_of(engine: Engine, before: list[str | None]) -> list[str | None]:
    every = logged(engine, "follow_up.read")
    for one in before:
        every.remove(one)
    return every


class TestNotWell:
    """Niet pluis: somebody at school sees what the figures do not."""

    def test_a_teacher_chooses_from_the_own_group_and_it_waits_for_the_care_coordinator(
        self, care: Client, mentor: Client, engine: Engine
    ):
        form = mentor.get(f"{OPEN}/niet-pluis").text
        choices = dict(re.findall(r'<option value="([\w-]{22})">([^<]+)</option>', form))
        assert choices
        assert all(label.endswith("(2hv1)") for label in choices.values())
        below_the_list = signal_of(engine, 13)  # of 2hv1, not on the list
        assert below_the_list in choices
        data = {"leerling": below_the_list, "notitie": "Trekt zich terug in de pauzes."}
        assert mentor.post(f"{OPEN}/niet-pluis", data=data, headers=OWN).status_code == 303
        for page in (part(care.get(OPEN).text, "wacht"), part(care.get("/weeklijst").text, "niet-pluis")):
            assert name(13) in page
            assert "Trekt zich terug in de pauzes." in page
        planned(care, engine, 13)
        assert name(13) not in part(care.get(OPEN).text, "wacht")
        assert name(13) not in part(care.get("/weeklijst").text, "niet-pluis")

    def test_it_takes_a_reason_and_a_pupil_of_one_s_own(self, mentor: Client, engine: Engine):
        mine, another = signal_of(engine, 13), signal_of(engine, 4)
        for signal, note, status in ((mine, " ", 400), (another, "Stil.", 404), ("bestaatniet", "Stil.", 404)):
            data = {"leerling": signal, "notitie": note}
            assert mentor.post(f"{OPEN}/niet-pluis", data=data, headers=OWN).status_code == status
        assert rows(engine) == []

    def test_a_pupil_on_the_list_of_whom_somebody_says_so_still_waits(self, care: Client, engine: Engine):
        planned(care, engine, 3, soort="nietPluis", notitie="Ziet er moe uit.")
        waiting = part(care.get(OPEN).text, "wacht")
        assert waiting.count(name(3)) == 2  # the link, and what the button is for
        assert "Ziet er moe uit." in waiting


def weeks(*rates: float | None, last: date = WEEK - timedelta(days=7)) -> list[AttendanceWeek]:
    first = last - timedelta(weeks=len(rates) - 1)
    return [AttendanceWeek(week=first + timedelta(weeks=n), pupil=rate, group=0.9) for n, rate in enumerate(rates)]


class TestDrawing:
    def test_four_weeks_on_either_side_and_the_week_itself_on_neither(self):
        attendance = weeks(0.1, 0.8, 0.8, 0.6, 0.6, 0.0, 1.0, 0.9, 0.9, 0.8, 0.1)
        drawn = follow_up_drawing.around(attendance, attendance[5].week + timedelta(days=2))
        assert drawn.text == "In de 4 schoolweken ervoor 70 procent aanwezig, in de 4 schoolweken erna 90 procent."
        assert [bar.x for bar in drawn.bars] == [1, 9, 17, 25, 41, 49, 57, 65]

    def test_too_few_weeks_after_or_before_say_nothing(self):
        attendance = weeks(0.8, 0.6, None, 1.0)
        assert "te vroeg" in follow_up_drawing.around(attendance, attendance[2].week).text
        assert "te weinig bekend" in follow_up_drawing.around(attendance, attendance[0].week).text

    @pytest.mark.parametrize(
        ("rates", "since"),
        [
            ((0.9, 0.1, 0.0, 0.2), date(2026, 10, 26)),
            ((0.9, 0.1, None, 0.2), date(2026, 10, 26)),
            ((0.1, 0.5, 0.0), date(2026, 11, 9)),
            ((0.0, 0.0, 0.3), None),
            ((None,), None),
        ],
    )
    def test_the_clock_begins_with_the_first_week_of_hardly_any_attendance(
        self, rates: tuple[float | None, ...], since: date | None
    ):
        found = follow_up_drawing.clock(on_list(0).model_copy(update={"attendance": weeks(*rates)}), today=WEEK)
        assert (found.since if found else None) == since

    def test_it_strikes_at_four_weeks_and_at_three_months(self):
        gone = on_list(0).model_copy(update={"attendance": weeks(0.0, 0.0, 0.0, 0.0, 0.0)})  # since 12 October
        clock = follow_up_drawing.clock(gone, today=WEEK)
        assert [(one.label, one.day, one.passed) for one in clock.marks] == [
            ("4 weken", date(2026, 11, 9), True),
            ("3 maanden", date(2027, 1, 12), False),
        ]
        assert clock.weeks == 5
        assert clock.place == 38.0  # 35 of 92 days

    def test_it_counts_no_further_than_is_known_nor_from_before_the_first_week_that_is(self):
        gone = on_list(0).model_copy(update={"attendance": weeks(0.0, 0.0, 0.0)})  # 26 October to 15 November
        later = follow_up_drawing.clock(gone, today=WEEK + timedelta(weeks=6))
        assert (later.weeks, later.at_least, [one.passed for one in later.marks]) == (3, True, [False, False])
        came = follow_up_drawing.clock(gone.model_copy(update={"attendance": weeks(0.9, 0.0, 0.0)}), today=WEEK)
        assert (came.weeks, came.at_least) == (2, False)

    def test_three_months_after_the_end_of_november(self):
        assert follow_up_drawing.months_later(date(2026, 11, 30), 3) == date(2027, 2, 28)


def shown(signal: Signal) -> Shown:
    return Shown("id", 0, Head("lijst", 1, datetime.fromisoformat("2026-11-16T06:00+00:00"), 1, weekly_list()), signal)


class TestWhatWouldTakeAPupilOffTheList:
    REASON = Reason(features=("absent_rate_4w",), direction=Direction.RAISES, text="Zin.", log_odds=1.0)

    def sentence(self, others: list[float], *, reasons: int = 1, score: float = 0.0) -> str:
        signal = on_list(0).model_copy(update={"log_odds": score, "raising": (self.REASON,) * reasons})
        return off_list._without(signal, others)

    def test_it_is_worked_out_from_the_scores_on_the_list(self):
        assert self.sentence([-0.2, -0.5, -0.9]).endswith("dan stond deze leerling nu onder de lijst.")
        assert self.sentence([-0.2, -0.5, -1.1]).endswith("nog steeds op de lijst, rond plaats 3.")
        assert self.sentence([-0.5, -1.5], reasons=2).startswith("Lagen «hoeveel is gemist» en «hoeveel")
        assert self.sentence([-0.5], reasons=0) == ""

    def test_for_a_mentor_the_scores_of_others_are_not_even_read(self):
        viewer = Viewer("wie", "Wie", Role.MENTOR, frozenset({SCHOOL}), frozenset({(SCHOOL, "2hv1")}))
        no_database = None
        assert off_list.off_list(viewer, no_database, shown(on_list(0))).startswith("Het zwaarst weegt")

    def test_a_mentor_is_not_told_where_the_list_is_cut(self, mentor: Client, care: Client, engine: Engine):
        address = f"/leerling/{signal_of(engine, 0)}"
        told = {who: part(client.get(address).text, "waarom") for who, client in (("m", mentor), ("c", care))}
        assert "dan stond deze leerling" in told["c"]
        assert "dan stond deze leerling" not in told["m"]
        assert "zakt deze leerling het meest" in told["m"]
        assert "belooft niets" in told["m"]

    def test_a_list_on_rules_says_so_and_below_the_list_there_is_nothing_to_say(self):
        by_rules = shown(rules_list().signals[0])
        assert "Deze lijst staat op regels" in off_list.off_list(CARE_COORDINATOR, None, by_rules)
        assert off_list.off_list(CARE_COORDINATOR, None, shown(below(12))) == ""


class TestThePlaybook:
    @pytest.mark.parametrize(
        ("signal", "ids"),
        [
            (on_list(0), ["ziek"]),
            (on_list(4), ["meldplicht"]),
            (on_list(1), ["algemeen"]),
            (on_list(1).model_copy(update={"standing": Standing.ALREADY_ABSENT}), ["thuis"]),
            (on_list(0).model_copy(update={"rule_hits": (mazl_rule(), hours_rule())}), ["meldplicht", "ziek"]),
        ],
    )
    def test_the_pattern_decides(self, signal: Signal, ids: list[str]):
        assert [one.id for one in playbook.fitting(signal)] == ids

    @pytest.mark.parametrize(("feature", "pattern"), [("sick_spells_12w", "ziek"), ("late_count_4w", "laat")])
    def test_a_strong_sentence_of_a_theme_is_a_pattern(self, feature: str, pattern: str):
        assert feature in playbook.THEMES
        reason = Reason(features=(feature,), direction=Direction.RAISES, text="Zin.", log_odds=1)
        other = Reason(features=("absent_rate_4w",), direction=Direction.RAISES, text="Zin.", log_odds=2)
        strong = on_list(1).model_copy(update={"raising": (other, reason)})
        assert [one.id for one in playbook.fitting(strong)] == [pattern]
        weak = on_list(1).model_copy(update={"raising": (other, other, reason)})
        assert [one.id for one in playbook.fitting(weak)] == ["algemeen"]

    def test_leerplicht_is_named_at_the_legal_duty_and_nowhere_else(self):
        naming = {one.id for one in playbook.patterns() if re.search("leerplicht|DUO", one.text)}
        assert naming == {"meldplicht"}

    def test_a_school_writes_its_own_and_every_pupil_of_it_shows_that(
        self, care: Client, mentor: Client, engine: Engine
    ):
        address = f"/leerling/{signal_of(engine, 0)}"
        assert "Vraag de jeugdarts" in mentor.get(address).text
        keep = {"school": SCHOOL, "patroon": "ziek", "tekst": "- Bel Fatima.\n\n* Praat.", "doe": "bewaren"}
        assert care.post("/beheer/draaiboek", data=keep, headers=OWN).status_code == 303
        own = mentor.get(address).text
        assert "<li>Bel Fatima.</li><li>Praat.</li>" in own
        assert "Vraag de jeugdarts" not in own
        care.post("/beheer/draaiboek", data=keep | {"tekst": ""}, headers=OWN)
        assert "Vraag de jeugdarts" in mentor.get(address).text
        with db.transaction(engine) as session:
            kept = [
                (row.version, row.text) for row in session.scalars(select(PlaybookRow).order_by(PlaybookRow.version))
            ]
        assert kept == [(1, "Bel Fatima.\nPraat."), (2, "")]
        assert logged(engine, "playbook.written")

    def test_a_look_beforehand_keeps_nothing_and_warns_where_illness_would_go_too_far(
        self, care: Client, engine: Engine
    ):
        look = {"school": SCHOOL, "patroon": "ziek", "tekst": "Meld bij Leerplicht.", "doe": "bekijken"}
        page = care.post("/beheer/draaiboek", data=look, headers=OWN)
        assert page.status_code == 200
        assert "<li>Meld bij Leerplicht.</li>" in page.text
        assert "Ziekte mag niet naar leerplicht" in page.text
        duty = care.post("/beheer/draaiboek", data=look | {"patroon": "meldplicht"}, headers=OWN)
        assert "Ziekte mag niet naar leerplicht" not in duty.text
        with db.transaction(engine) as session:
            assert session.scalars(select(PlaybookRow)).all() == []

    def test_only_the_care_coordinator_of_the_school_writes_it(self, people: dict[str, Client]):
        keep = {"school": SCHOOL, "patroon": "ziek", "tekst": "Bel.", "doe": "bewaren"}
        statuses = {who: people[who].post("/beheer/draaiboek", data=keep, headers=OWN).status_code for who in people}
        assert statuses == {"care": 303, "mentor": 403, "stranger": 404, "data_team": 403}
        for wrong, status in (({"patroon": "straf"}, 404), ({"tekst": "a" * 5000}, 400), ({"school": STRANGER}, 404)):
            assert people["care"].post("/beheer/draaiboek", data=keep | wrong, headers=OWN).status_code == status


def test_every_kind_has_a_word():
    assert set(KINDS) == set(Kind)
