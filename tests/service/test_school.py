"""The page about a school: what each role sees of it, what it does not say, and how it is published."""

import re
from datetime import date, timedelta

import pytest
from conftest import SignedIn
from fastapi import FastAPI
from sample_lists import PRIMARY, SCHOOL, STRANGER, WEEK, pupil, weekly_list
from sample_school import page_of, school_page
from sqlalchemy import Engine, select

from data_contracts.school_page import SchoolPage
from service import db, lists, school_pages
from service.following.followed import followed_up
from service.lists import Status
from service.pages.school import draw
from service.tables import AuditRow, FollowUpRow, SchoolPageRow
from service.viewer import Role, Viewer


@pytest.fixture(scope="module")
def app(app: FastAPI) -> FastAPI:
    """The application, with pages of two schools beside their lists; the primary school has a list alone."""
    engine = app.state.installation.engine
    for weekly in (weekly_list(), weekly_list(school=STRANGER, name="Lyceum Zuid")):
        lists.publish(engine, weekly, names=(), by="test", page=page_of(weekly))
    return app


@pytest.fixture
def shown(app: FastAPI, signed_in: SignedIn):
    """What somebody of the cast reads on a page that is published now: ``shown("care", school_page(...))``."""
    engine = app.state.installation.engine

    def read(who: str, page: SchoolPage) -> str:
        weekly = weekly_list()
        lists.publish(engine, weekly, names=(), by="test", page=page)
        text = signed_in(who).get(f"/school?school={SCHOOL}").text
        lists.publish(engine, weekly, names=(), by="test", page=page_of(weekly))
        return text

    return read


def words_of(text: str) -> str:
    """What stands on a page, without its markup."""
    plain = re.sub(r"<[^>]+>", " ", text).replace("&#39;", "'").replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"\s+", " ", plain)


@pytest.mark.parametrize(
    ("who", "status"), [("care", 200), ("mentor", 200), ("data_team", 200), ("stranger", 200), ("privacy_officer", 403)]
)
def test_it_is_for_whoever_reads_lists(signed_in: SignedIn, who: str, status: int):
    assert signed_in(who).get("/school").status_code == status
    menu = signed_in(who).get("/uitleg").text
    assert ('href="/school"' in menu) == (status == 200)


def test_another_school_does_not_exist(signed_in: SignedIn):
    theirs, nothing = (signed_in("stranger").get(f"/school?school={one}") for one in (SCHOOL, "99ZZ99"))
    assert (theirs.status_code, nothing.status_code) == (404, 404)
    assert theirs.text == nothing.text
    assert signed_in("mentor").get(f"/school?school={STRANGER}").status_code == 404


def test_a_stranger_sees_the_own_school(signed_in: SignedIn):
    page = signed_in("stranger").get("/school").text
    assert "Lyceum Zuid" in page
    assert "Het Baken" not in page


def test_the_data_team_chooses_among_all(signed_in: SignedIn):
    page = signed_in("data_team").get(f"/school?school={STRANGER}").text
    assert re.findall(r'<option value="([^"]+)"', page) == [PRIMARY, SCHOOL, STRANGER]
    assert f'value="{STRANGER}" selected' in page


def test_attendance_comes_first_with_last_year_and_the_other_schools(signed_in: SignedIn):
    """Nine weeks of 10,000 minutes: 6,200 missed, and 5,520 in the eight of them that last year had too (700 each)."""
    page = words_of(signed_in("care").get("/school").text)
    assert "Aanwezig, dit schooljaar 93,1 %" in page.split("Per week")[0]
    assert "Vorig schooljaar, zelfde weken 93,0 % uw school in die weken: 0,1 procentpunt hoger" in page
    assert "De 4 andere scholen (vo) samen 92,5 % uw school in die weken: 0,6 procentpunt hoger" in page


def test_it_says_which_hour_and_marks_it_without_colour(signed_in: SignedIn):
    """Of thirty hours of 3,000 minutes one missed 450 and the others 180: 93.7 % on average."""
    text = signed_in("care").get("/school").text
    page = words_of(text)
    assert "Het meeste verlies zit op maandag, 1e uur: 85,0 % aanwezig, tegen gemiddeld 93,7 %." in page
    assert "▼▼ duidelijk lager, 85,0" in page
    assert text.count("heat-2") == 1


def test_a_week_of_which_nothing_is_known_is_said_and_not_drawn_as_full(signed_in: SignedIn):
    text = signed_in("care").get("/school").text
    assert "is (bijna) niets geregistreerd of geleverd. Die week telt hier niet mee." in words_of(text)
    assert len(re.findall(r'class="week-line first" d="[^"]*M[^"]*M', text)) == 1, "the line is broken there"


def test_a_mentor_sees_the_own_class_beside_the_school_and_no_other(signed_in: SignedIn):
    text = signed_in("mentor").get("/school").text
    page = words_of(text)
    assert "Uw klas 2hv1 90,0 %" in page
    assert "In 2hv1 (28 leerlingen) was de aanwezigheid dit schooljaar 90,0 %." in page
    assert "3m2" not in text
    assert "Per klas" not in page
    assert "andere scholen" not in page


def test_a_class_too_small_to_stand_apart_is_not_shown_to_its_mentor_either(shown):
    page = words_of(shown("mentor", school_page(classes=())))
    assert "Uw klas 2hv1 niet apart te zien" in page
    assert "minder dan 5 leerlingen" in page


def test_a_coordinator_sees_classes_and_year_groups(signed_in: SignedIn):
    page = words_of(signed_in("care").get("/school").text)
    assert "2 klassen" in page
    assert "3m2 26 95,0 %" in page
    assert "leerjaar 2 120 95,0 %" in page
    assert "overige, samen 9 90,0 %" in page


def test_without_a_timetable_it_says_that_hours_and_subjects_cannot_be_told(shown):
    page = words_of(shown("care", school_page(on_norm=True)))
    assert "gerekend met een vaste norm" in page
    assert "Per lesuur is niets te zeggen: de school levert geen rooster" in page
    assert "1e uur" not in page
    assert "De school levert geen vakken" in page


def test_a_primary_school_has_mornings_and_afternoons():
    page = school_page(PRIMARY, name="De Ark", sector="po")
    halves = page.model_copy(update={"hours": tuple(one for one in page.hours if one.hour in {1, 2})})
    drawn = draw(Viewer("wie", "Wie", Role.DATA_TEAM, None), halves)
    assert [row.label for row in drawn.hours.rows] == ["ochtend", "middag"]
    assert "maandag, ochtend" in drawn.hours.summary


def test_no_weeks_is_not_full_attendance(shown):
    page = words_of(shown("care", school_page(weeks=())))
    assert "Er zijn nog geen lesweken van dit schooljaar bekend. Dat zegt niets over de aanwezigheid" in page
    assert "100" not in page


def test_a_list_from_before_there_were_pages_has_none(signed_in: SignedIn):
    page = signed_in("data_team").get(f"/school?school={PRIMARY}").text
    assert "nog geen overzicht gemaakt" in page


def test_the_quality_of_the_weeks_is_that_of_the_lists(signed_in: SignedIn):
    page = words_of(signed_in("care").get("/school").text)
    graded = {one.week for weekly in (weekly_list(),) for one in weekly.quality}
    assert f"van de {len(graded)} weken waarvan het oordeel bekend is" in page


class TestFollowUp:
    """What a school measures itself by: how it went on, not how many signals there were."""

    def test_before_and_after_with_a_warning(self, signed_in: SignedIn):
        page = words_of(signed_in("care").get("/school").text)
        assert "4 lesweken ervoor 80,0 %" in page
        assert "4 lesweken erna 85,0 % (5 procentpunt hoger)" in page
        assert "geen bewijs dat een gesprek helpt" in page

    def test_too_few_or_too_early_is_said(self, shown):
        page = school_page()
        early = page.recovery.model_copy(update={"measured": 2, "before": None, "after": None})
        text = words_of(shown("care", school_page(recovery=early)))
        assert "nog niet te zeggen" in text
        assert "Nu zijn dat er 2." in text

    def test_none_at_all_is_said(self, shown):
        assert "Nog geen opvolging vastgelegd." in words_of(shown("care", school_page(recovery=None)))
        assert "Er is nog geen opvolging gedaan." in words_of(shown("data_team", school_page(recovery=None)))

    def test_follow_ups_are_counted_within_the_scope(self, app: FastAPI, signed_in: SignedIn):
        engine = app.state.installation.engine
        day = WEEK - timedelta(days=20)
        rows = [
            ("2hv1", 0, "gesprek", day),
            ("2hv1", 0, "mazlConsult", None),
            ("3m2", 1, "gesprek", day),
            ("3m2", 2, "laten", day),
            ("3m2", 3, "gesprek", date(2026, 3, 2)),
        ]
        with db.transaction(engine) as session:
            session.add_all(
                FollowUpRow(
                    school=SCHOOL, pupil=pupil(number), group_name=group, kind=kind, owner="Karim", done_on=done,
                    opened_by="x", change=1,
                )
                for group, number, kind, done in rows
            )  # fmt: skip
        told = {who: words_of(signed_in(who).get("/school").text) for who in ("care", "mentor", "data_team")}
        assert "voor 2 leerlingen opvolging vastgelegd: 2 keer gedaan, 1 keer nog te doen" in told["care"]
        assert "in uw klas voor 1 leerling opvolging vastgelegd: 1 keer gedaan, 1 keer nog te doen" in told["mentor"]
        assert "opvolging vastgelegd" not in told["data_team"]
        found = followed_up(engine, schools=[SCHOOL, STRANGER], since=date(2026, 8, 1), before=WEEK)
        assert found == {SCHOOL: {pupil(0): day, pupil(1): day}}


def test_nobody_is_logged_as_seen_for_nobody_stands_on_it(app: FastAPI, signed_in: SignedIn):
    signed_in("care").get("/weeklijst")
    with db.transaction(app.state.installation.engine) as session:
        before = len(session.scalars(select(AuditRow.id)).all())
    signed_in("care").get("/school")
    with db.transaction(app.state.installation.engine) as session:
        assert len(session.scalars(select(AuditRow.id)).all()) == before


class TestPublishing:
    """A page goes with a list, in one transaction."""

    LATER = WEEK + timedelta(weeks=4)

    def rows(self, engine: Engine) -> list[tuple[int, str]]:
        with db.transaction(engine) as session:
            found = session.scalars(
                select(SchoolPageRow).where(SchoolPageRow.week == self.LATER).order_by(SchoolPageRow.edition)
            )
            return [(row.edition, row.list_id) for row in found]

    def test_the_same_page_again_changes_nothing_and_another_is_the_next_edition(self, app: FastAPI):
        engine = app.state.installation.engine
        weekly = weekly_list(week=self.LATER)
        page = school_page(week=self.LATER)
        first = lists.publish(engine, weekly, names=(), by="test", page=page)
        assert lists.publish(engine, weekly, names=(), by="test", page=page).status is Status.UNCHANGED
        assert self.rows(engine) == [(1, first.id)]
        other = page.model_copy(update={"recovery": None})
        assert lists.publish(engine, weekly, names=(), by="test", page=other).status is Status.UNCHANGED
        assert self.rows(engine) == [(1, first.id), (2, first.id)]
        assert school_pages.standing_pages(engine, week=self.LATER) == (other,)


def test_the_page_of_ninety_classes_weighs_less_than_two_hundred_kilobytes(shown):
    one = school_page().classes[0]
    many = tuple(one.model_copy(update={"name": f"{n:02d}x"}) for n in range(90))
    assert len(shown("care", school_page(classes=many)).encode()) < 200_000
