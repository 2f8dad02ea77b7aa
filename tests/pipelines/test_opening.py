"""Files are read and judged a portion at a time; what comes of each does not depend on how they are parted."""

from pathlib import Path

import pytest

from data_contracts.quality import QualityReport
from pipelines import opening
from pipelines.home import Home
from pipelines.ingest import ingest
from pipelines.opening import portions

SETTINGS = 'school = "{school}"\nname = "De Proef"\nsector = "vo"\nregion = "midden"\n'
FILES = {
    "enrolments.csv": "pupil_number,group,year_group,valid_from,valid_to\n100,2hv1,12,2026-08-31,\n",
    "absences-1.csv": "record,pupil_number,start_date,kind\n1,100,2026-09-07,sick\n2,200,2026-09-07,late\n",
    "absences-2.csv": "record,pupil_number,start_date,kind\n3,100,2026-09-08,griep\n",
    "absences-3.csv": "no known column\n1\n",
    "absences-4.csv": "record,pupil_number,start_date,kind\n1,100,2026-09-07,truancy\n",
}


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([], []),
        ([4, 4, 4], [[4, 4], [4]]),
        ([11, 1, 1], [[11], [1, 1]]),
        ([1, 11, 1], [[1], [11], [1]]),
        ([0, 10, 0], [[0, 10, 0]]),
    ],
)
def test_portions_keep_the_order_and_the_limit(sizes: list[int], parts: list[list[int]]):
    assert list(portions(sizes, limit=10, size=int)) == parts


def without_moments(reports: list[QualityReport]) -> list[object]:
    changing = {"delivery", "delivered_at"}
    return [report.model_dump(exclude=changing) for report in reports]


def test_one_portion_or_one_a_file_comes_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for school in ("11ZZ03", "11ZZ04"):
        folder = tmp_path / "exports" / school
        folder.mkdir(parents=True)
        for name, text in {"school.toml": SETTINGS.format(school=school), **FILES}.items():
            (folder / name).write_text(text, encoding="utf-8")
    together = ingest(Home.at(tmp_path / "together"), tmp_path / "exports")
    monkeypatch.setattr(opening, "PORTION", 1)
    one_by_one = ingest(Home.at(tmp_path / "one by one"), tmp_path / "exports")
    assert without_moments(together) == without_moments(one_by_one)
    verdicts = [report.verdict.value for report in together[:5]]
    assert verdicts == ["accepted", "accepted_with_warnings", "refused", "refused", "accepted"]
