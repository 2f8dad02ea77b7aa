"""The contracts page is written from the contracts and cannot say something else."""

from pathlib import Path

from data_contracts.docs import PAGE, render
from data_contracts.reasons import Kind
from data_contracts.school import SchoolSettings
from data_contracts.tables import TABLES

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date():
    assert (ROOT / PAGE).read_text(encoding="utf-8") == render(), "run: python -m data_contracts.docs"


def test_the_page_names_every_column_setting_and_reason():
    page = render()
    columns = {column for table in TABLES.values() for column in table.column_names}
    missing = [word for word in (*columns, *SchoolSettings.model_fields, *Kind) if f"`{word}`" not in page]
    assert missing == []


def test_remedies_point_at_sections_that_exist():
    page = render()
    assert "\n## Schoolbestand" in page
    assert "\n## Leveringen" in page
