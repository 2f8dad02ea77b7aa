"""Somtoday: reports, observations, appointments and pupils, as its API and its exports have them.

Field names: docs/sources.md.
"""

import polars as pl

from data_contracts.tables import TIMETABLE, Register, SlotStatus
from pipelines.sources.notices import NoticeColumns, notice_file, observation_file, own_record
from pipelines.sources.pupils import PupilColumns, pupil_file
from pipelines.sources.readings import Intake, Reading, SourceFile, assemble
from pipelines.sources.scheduled import scheduled
from pipelines.sources.sheet import Layout, Sheet
from pipelines.sources.values import booleans

_NUMBER = "leerling.leerlingnummer"
_ACTIVE = "actief"


def _read_appointments(sheet: Sheet, intake: Intake) -> list[Reading]:
    obliged = sheet.parse("presentieRegistratieVerplicht", booleans, expected="ja of nee")
    taken = sheet.parse("presentieRegistratieVerwerkt", booleans, expected="ja of nee")
    state = sheet.text("afspraakStatus")
    frame = pl.DataFrame({"state": state.str.to_lowercase(), "obliged": obliged, "taken": taken})
    told = frame.select(
        pl.when(pl.col("state") != _ACTIVE)
        .then(pl.lit(SlotStatus.CANCELLED.value))
        .when(~pl.col("obliged"))
        .then(pl.lit(SlotStatus.NOT_REQUIRED.value))
        .otherwise(pl.lit(SlotStatus.PLANNED.value))
        .alias("status"),
        pl.when(pl.col("taken"))
        .then(pl.lit(Register.TAKEN.value))
        .when(~pl.col("taken") & pl.col("obliged").fill_null(value=True))
        .then(pl.lit(Register.NOT_TAKEN.value))
        .otherwise(pl.lit(Register.BY_EXCEPTION.value))
        .alias("register"),
    )
    values = {
        "record": own_record(sheet, "afspraak"),
        "group": sheet.text("lesgroep", required=True),
        **scheduled(sheet, "beginDatumTijd", "eindDatumTijd", slot="beginLesuur"),
        **told.to_dict(),
        "subject": sheet.text("vak"),
    }
    return [assemble(TIMETABLE, values, sheet=sheet, intake=intake, rows=sheet.cells.height)]


FILES: dict[str, SourceFile] = {
    "absentiemeldingen": notice_file(
        NoticeColumns(
            number=_NUMBER,
            code="absentieReden.afkorting",
            type="absentieReden.absentieSoort",
            authorised="absentieReden.geoorloofd",
            recorded="datumTijdInvoer",
        )
    ),
    "waarnemingen": observation_file(_NUMBER),
    "afspraken": SourceFile(
        Layout(
            needed=("lesgroep", "beginDatumTijd", "eindDatumTijd"),
            optional=(
                "id",
                "beginLesuur",
                "presentieRegistratieVerplicht",
                "presentieRegistratieVerwerkt",
                "afspraakStatus",
                "vak",
            ),
        ),
        _read_appointments,
    ),
    "leerlingen": pupil_file(
        PupilColumns("leerlingnummer", "roepnaam", "voorvoegsel", "achternaam", "stamgroep", "leerjaar")
    ),
}
"""Files by the start of their name."""
