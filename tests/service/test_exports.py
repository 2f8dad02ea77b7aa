"""The list on paper: the same pupils as on the page, every name right, whose copy it is on every page, and in the audit."""

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO

import fastexcel
import pytest
from conftest import CAST, OWN, Client, SignedIn
from demo_home import full_name
from fastapi import FastAPI
from pypdf import PdfReader
from sample_lists import SCHOOL, WEEK, hours_rule, on_list, pupil, weekly_list
from sqlalchemy import Engine, select

from service import db
from service.pages import listed
from service.pages.exports import pdf, sheet, xlsx
from service.pages.exports.sheet import Sheet
from service.reading import Head, Shown
from service.tables import AuditRow
from service.viewer import Role, Viewer

NAMES = (
    "Şahin Çelik",
    "Łukasz Żółć",
    "Nguyễn Thị Ánh",
    "Zoë de Wit-van 't Hof",
    "Ümit Ğ \N{LATIN SMALL LETTER DOTLESS I} İ",
    "=1+1",
    "#panic() *x* $a$",
)
FOOT = "Doel: begeleiding van leerlingen. Voor Sanne & Co, zo 15 nov 2026, 18:00 uur. Na het overleg vernietigen."
AT = datetime(2026, 11, 15, 17, 0, tzinfo=UTC)


def made(names: tuple[str, ...] = NAMES, **changes: object) -> Sheet:
    """The list of a school whose pupils have these names."""
    viewer = Viewer("x", "Sanne & Co", Role.CARE_COORDINATOR, None)
    head = Head("lijst", 1, AT, 1, weekly_list())
    signals = [one.model_copy(update=changes) for one in weekly_list().signals[: len(names)]]
    shown = [Shown(f"id{place}", place, head, signal) for place, signal in enumerate(signals)]
    rows = listed.rows_of(shown, {pupil(place): name for place, name in enumerate(names)})
    page = listed.list_page(rows, (), duties=listed.duties_of(rows))
    return replace(sheet.of(viewer, head, page, whole=len(rows)), made_at=AT)


def table(book: bytes, name: str = "Lijst") -> list[list[object]]:
    """The rows of one sheet as Excel's own reader sees them."""
    read = fastexcel.read_excel(book).load_sheet(name, header_row=None, dtypes="string")
    return [list(one) for one in read.to_arrow().to_pylist() for one in [one.values()]]


def texts(pages: bytes) -> list[str]:
    """What stands on each page of a PDF."""
    return [one.extract_text().replace("\N{NO-BREAK SPACE}", " ") for one in PdfReader(BytesIO(pages)).pages]


def text(pages: bytes) -> str:
    """What stands in a PDF, its lines run on."""
    return " ".join(" ".join(texts(pages)).split())


def tags(node: object) -> Iterator[str]:
    """The kinds of elements that a screen reader walks through."""
    found = node.get_object()
    if isinstance(found, dict):
        if "/S" in found:
            yield found["/S"]
        if "/K" in found:
            yield from tags(found.raw_get("/K"))
    elif isinstance(found, list):
        for one in found:
            yield from tags(one)


def test_a_workbook_holds_every_name_as_it_is_written():
    rows = table(xlsx.workbook(made()))
    start = next(place for place, row in enumerate(rows) if row[0] == "Plaats")
    assert tuple(row[1] for row in rows[start + 1 :]) == NAMES
    assert rows[start + 1][0] == "1"
    assert rows[0][0] == "Aandachtslijst Het Baken College, week van 16 november 2026"
    assert rows[start][-1] == "Afspraak"


def test_a_workbook_holds_no_formula_and_no_link():
    with zipfile.ZipFile(BytesIO(xlsx.workbook(made(("=1+1", "https://elders.nl", "@SUM(A1)"))))) as book:
        inside = "".join(book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/"))
    assert "<f>" not in inside
    assert "hyperlink" not in inside
    assert 'state="frozen"' in inside
    assert 'orientation="landscape"' in inside


def test_every_sheet_of_a_workbook_says_whose_copy_it_is_and_what_for():
    with zipfile.ZipFile(BytesIO(xlsx.workbook(made()))) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    feet = [re.search("<oddFooter>(.*)</oddFooter>", one)[1] for one in sheets]
    assert len(feet) == 2
    for foot in feet:
        assert foot.replace("\N{NO-BREAK SPACE}", " ").startswith("&amp;L&amp;8" + FOOT.replace("&", "&amp;&amp;"))


def test_a_footer_too_long_for_excel_is_cut_and_the_workbook_still_opens():
    book = xlsx.workbook(replace(made(), viewer="&" * 300))
    with zipfile.ZipFile(BytesIO(book)) as opened:
        foot = re.search("<oddFooter>(.*)</oddFooter>", opened.read("xl/worksheets/sheet1.xml").decode())[1]
    plain = foot.replace("&amp;", "&")
    assert len(plain) <= 255
    assert plain.endswith("…&R&8&P van &N")
    assert plain.removeprefix("&L&8").split("…")[0].count("&") % 2 == 0


def test_a_pdf_holds_every_name_as_it_is_written_in_a_font_of_its_own():
    pages = pdf.pages(made())
    said = text(pages)
    for name in NAMES:
        assert name in said
    fonts = [
        font.get_object() for one in PdfReader(BytesIO(pages)).pages for font in one["/Resources"]["/Font"].values()
    ]
    assert fonts
    for font in fonts:
        assert "Libertinus" in font["/BaseFont"]
        assert "/FontFile3" in font["/DescendantFonts"][0].get_object()["/FontDescriptor"]


def test_a_pdf_can_be_followed_by_a_screen_reader():
    pages = pdf.pages(made())
    read = PdfReader(BytesIO(pages))
    root = read.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "nl"
    assert read.metadata.title.startswith("Aandachtslijst Het Baken College")
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/Figure"} <= set(tags(root.raw_get("/StructTreeRoot")))
    assert "pdfuaid:part>1<" in read.xmp_metadata.stream.get_data().decode()


def test_every_page_of_a_pdf_says_whose_copy_it_is_and_which_page():
    pages = texts(pdf.pages(made(tuple(f"Leerling {number}" for number in range(33)))))
    assert len(pages) >= 2
    for number, page in enumerate(pages, start=1):
        assert FOOT in page
        assert f"{number} van {len(pages)}" in page


def test_a_sign_that_no_font_has_costs_no_list():
    said = text(pdf.pages(made(("\N{CJK UNIFIED IDEOGRAPH-674E} Jansen", "b\a\0c", "Sem Bakker"))))
    assert "Jansen" in said
    assert "Sem Bakker" in said


def test_a_duty_whose_deadline_has_passed_is_on_paper_and_one_without_deadline_is_not():
    passed, undated = hours_rule(date(2026, 9, 7)), hours_rule().model_copy(update={"deadline": None, "rule": "x"})
    told = made(("Sem Bakker",), rule_hits=(passed, undated))
    assert told.due == ()
    assert [one.deadline for one in told.passed] == [date(2026, 9, 14)]


def test_a_list_on_which_nobody_stands_is_still_a_list():
    empty = made(())
    assert "Dat betekent niet dat er niets speelt." in text(pdf.pages(empty))
    assert table(xlsx.workbook(empty))[0][0].startswith("Aandachtslijst")


def test_a_duty_stands_on_paper_once_with_its_deadline():
    twice = (hours_rule(date(2026, 9, 7)), hours_rule())
    told = made(("Sem Bakker",), rule_hits=twice)
    assert [(one.times, one.deadline) for one in told.due] == [(2, date(2026, 11, 19))]
    assert "donderdag 19 november 2026" in text(pdf.pages(told))
    (line,) = [row for row in table(xlsx.workbook(told), "Meldplicht") if row[0] == "Sem Bakker"]
    assert line[4] == "2"
    assert "2026-11-19" in line[5]


def test_on_paper_a_duty_says_for_whom_it_holds_and_where_it_may_not():
    pages = text(pdf.pages(made(("Sem Bakker",), rule_hits=(hours_rule(),))))
    assert "5 tot 18 jaar, zonder startkwalificatie" in pages
    assert "mogelijk verplicht" not in pages
    young = made(("Sem Bakker",), rule_hits=(hours_rule(),), year_group="1")
    assert [one.label for one in young.due] == ["16 uur in 4 lesweken (mogelijk verplicht)"]
    assert "16 uur in 4 lesweken (mogelijk verplicht), bereikt op" in text(pdf.pages(young))


@pytest.fixture
def exported(engine: Engine) -> Callable[[], list[AuditRow]]:
    """The lines about paper that came into the audit since."""

    def rows() -> set[AuditRow]:
        with db.transaction(engine) as session:
            return {row.id: row for row in session.scalars(select(AuditRow).where(AuditRow.action == "list.exported"))}

    before = rows()
    return lambda: [row for key, row in rows().items() if key not in before]


@pytest.mark.parametrize("ending", ["pdf", "xlsx"])
def test_who_leaves_on_paper_is_logged_one_by_one(
    signed_in: SignedIn, exported: Callable[[], list[AuditRow]], ending: str
):
    answer = signed_in("care").get(f"/weeklijst.{ending}?klas=2hv1")
    assert answer.headers["content-disposition"] == f'attachment; filename="weeklijst-{SCHOOL}-{WEEK}.{ending}"'
    assert answer.headers["cache-control"] == "no-store"
    rows = exported()
    # Two on the list, and one who is away for long already.
    assert sorted(row.subject for row in rows) == sorted(pupil(number) for number in (0, 6, 32))
    assert {row.purpose for row in rows} == {"begeleiding van leerlingen"}


def test_paper_holds_those_of_the_page_and_does_not_depend_on_what_was_remembered(app: FastAPI):
    client = Client(app)
    client.post("/aanmelden", data={"persoon": CAST["care"]}, headers=OWN)
    page = client.get("/weeklijst?klas=2hv1&gekozen=ja").text
    address = re.search(r'href="(/weeklijst\.xlsx[^"]+)"', page)[1].replace("&amp;", "&")
    narrowed = [row[1] for row in table(client.get(address).content) if row[0] and str(row[0]).isdigit()]
    assert narrowed == [" ".join(full_name(number)) for number in (0, 6)]
    whole = [row[1] for row in table(client.get("/weeklijst.xlsx").content) if row[0] and str(row[0]).isdigit()]
    assert len(whole) == 10


def test_a_narrowed_list_on_paper_says_that_it_is_narrowed(signed_in: SignedIn):
    said = text(signed_in("care").get("/weeklijst.pdf?klas=2hv1").content)
    assert "2 van 10 getoond (klas 2hv1)." in said


@pytest.mark.parametrize(
    ("who", "status"), [("care", 200), ("mentor", 200), ("data_team", 403), ("privacy_officer", 403)]
)
def test_paper_is_for_who_may_see_names(signed_in: SignedIn, who: str, status: int):
    page = signed_in(who).get("/weeklijst")
    for ending in ("pdf", "xlsx"):
        assert signed_in(who).get(f"/weeklijst.{ending}").status_code == status
        assert (f"/weeklijst.{ending}" in page.text) == (status == 200)


def test_a_mentor_takes_the_own_class_only(signed_in: SignedIn):
    rows = table(signed_in("mentor").get("/weeklijst.xlsx").content)
    groups = {row[2] for row in rows if row[0] and str(row[0]).isdigit()}
    assert groups == {on_list(0).group}


def test_paper_of_a_strangers_school_does_not_exist(signed_in: SignedIn):
    assert signed_in("stranger").get(f"/weeklijst.pdf?school={SCHOOL}").status_code == 404
