"""What a school's data person writes in plain pandas: the same export files in, one sorted CSV a school out.

Hours missed, authorised or not, over 4 and 12 weeks; sick reports and the longest sick spell over 12 weeks; who reaches
16 hours or a M@ZL count. Each system's columns are read as they come. It believes the newest file, knows no moments of
recording, lays no report over the timetable (a whole day is six hours, whoever has lessons), lets holidays count, and
scores, explains, stores and checks nothing.
"""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import fastexcel
import pandas as pd

HOURS_A_DAY = 6
SATURDAY = 5
WEEKEND = pd.Timedelta(days=3)
LIMITS = {"hours": 16, "reports": 4, "days": 7}
TAKES_NO_TIME = {"late", "removed_from_class"}


def lists_in_pandas(exports: Path, target: Path, *, week: pd.Timestamp) -> int:
    """Write ``<target>/<school>.csv`` for each folder in `exports`; return how many pupils are in them."""
    target.mkdir(parents=True, exist_ok=True)
    total = 0
    for folder in sorted(path for path in exports.iterdir() if path.is_dir()):
        ranked = _ranked(_pupils(folder), _days(_registrations(folder), until=week), week=week)
        ranked.to_csv(target / f"{folder.name}.csv", index=False)
        total += len(ranked)
    return total


def _ranked(pupils: pd.DataFrame, days: pd.DataFrame, *, week: pd.Timestamp) -> pd.DataFrame:
    columns = {}
    for weeks in (4, 12):
        lately = days[days["day"] >= week - pd.Timedelta(weeks=weeks)]
        columns[f"hours_{weeks}w"] = lately.groupby("pupil")["hours"].sum()
        columns[f"unauthorised_{weeks}w"] = lately[~lately["authorised"]].groupby("pupil")["hours"].sum()
    spells = _sick_spells(days[days["day"] >= week - pd.Timedelta(weeks=12)])
    columns["sick_reports_12w"] = spells.groupby("pupil").size()
    columns["longest_sick_12w"] = spells.groupby("pupil")["days"].max()
    found = pupils.set_index("pupil").join(pd.DataFrame(columns)).fillna(dict.fromkeys(columns, 0))
    found["sixteen_hours"] = found["unauthorised_4w"] >= LIMITS["hours"]
    found["mazl"] = (found["sick_reports_12w"] >= LIMITS["reports"]) | (found["longest_sick_12w"] >= LIMITS["days"])
    found["rules"] = found["sixteen_hours"].astype(int) + found["mazl"].astype(int)
    return found.reset_index().sort_values(["rules", "hours_4w", "pupil"], ascending=[False, False, True])


def _sick_spells(days: pd.DataFrame) -> pd.DataFrame:
    sick = days[days["kind"] == "sick"][["pupil", "day"]].drop_duplicates().sort_values(["pupil", "day"])
    begins = (sick["pupil"] != sick["pupil"].shift()) | (sick["day"] - sick["day"].shift() > WEEKEND)
    return sick.assign(spell=begins.cumsum()).groupby(["pupil", "spell"]).size().rename("days").reset_index()


def _days(rows: pd.DataFrame, *, until: pd.Timestamp) -> pd.DataFrame:
    """One row a pupil, school day and registration."""
    last = rows["last"].fillna(until).clip(upper=until - pd.Timedelta(days=1))
    length = ((last - rows["first"]).dt.days + 1).clip(lower=0)
    days = rows.loc[rows.index.repeat(length)].reset_index(drop=True)
    days["day"] = days["first"] + pd.to_timedelta(days.groupby("row").cumcount(), unit="D")
    days = days[days["day"].dt.dayofweek < SATURDAY]
    days.loc[days["kind"].isin(TAKES_NO_TIME), "hours"] = 0
    return days


def _pupils(folder: Path) -> pd.DataFrame:
    path = next(path for path in folder.iterdir() if path.name.startswith(("leerlingen", "enrolments")))
    frame = _table(path)
    frame.columns = frame.columns.str.lower()
    words = {"pupil": ("stamnr", "leerlingnummer", "ovnr", "pupil_number"), "group": ("klas", "stamgroep", "groepnaam")}
    named = {next((n for n in names if n in frame), name): name for name, names in words.items()}
    return frame.rename(columns=named)[["pupil", "group"]].drop_duplicates("pupil", keep="last")


def _registrations(folder: Path) -> pd.DataFrame:
    """Columns ``pupil, first, last, hours, kind, authorised``: what the newest file says of each registration."""
    starts = ("verantwoordingen", "absenti", "absences", "verzuim")
    paths = sorted(path for path in folder.iterdir() if path.name.startswith(starts))
    parts = [_read(path) for path in paths]
    rows = pd.concat([part.assign(file=number) for number, part in enumerate(parts)], ignore_index=True)
    rows = rows.sort_values("file", kind="stable").drop_duplicates("record", keep="last")
    rows = rows[~rows["withdrawn"]].reset_index(drop=True)
    settings = tomllib.loads((folder / "school.toml").read_text(encoding="utf-8"))
    kinds = {code: entry["kind"] for code, entry in settings["reasons"].items()}
    rows["kind"] = rows["code"].str.lower().map(kinds)
    rows["hours"] = (rows["to_slot"] - rows["from_slot"] + 1).fillna(HOURS_A_DAY)
    return rows.assign(row=rows.index)


def _read(path: Path) -> pd.DataFrame:
    frame = _table(path)
    if "idverantwoording" in frame or "Id" in frame:
        return _magister(frame)
    if "datumvan" in frame:
        return _eduarte(frame)
    return _canonical(frame) if "pupil_number" in frame else _somtoday(frame)


def _table(path: Path) -> pd.DataFrame:
    if path.suffix == ".xlsx":  # pandas' own readers of Excel are slower than the one at hand
        return fastexcel.read_excel(path).load_sheet(0).to_pandas()
    if path.suffix == ".json":
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, list):
            return pd.DataFrame(list(_items(content)))
        return pd.json_normalize(content["items"])
    with path.open(encoding="utf-8-sig") as file:
        separator = ";" if ";" in file.readline() else ","
    return pd.read_csv(path, sep=separator, encoding="utf-8-sig", low_memory=False)


def _items(content: list[dict[str, object]]) -> Iterator[dict[str, object]]:
    for pupil in content:
        for item in pupil["Items"]:  # type: ignore[attr-defined]
            yield {"Stamnr": pupil["Stamnr"], **item}


def _magister(frame: pd.DataFrame) -> pd.DataFrame:
    if "Id" in frame:
        names = {"Id": "idverantwoording", "Stamnr": "stamnr", "Lesuur": "lesuur", "Code": "code"}
        frame = frame.rename(columns=names | {"Start": "daanwezigheid", "Geoorloofd": "geoorloofd"})
    day = frame["daanwezigheid"]
    if day.dtype.kind != "M":  # Excel's own dates come as dates; the CSV has d-m-Y, the API has ISO
        day = pd.to_datetime(day.str.slice(0, 10), format="%d-%m-%Y" if day.iloc[0][2] == "-" else "ISO8601")
    return pd.DataFrame(
        {
            "record": frame["idverantwoording"],
            "pupil": frame["stamnr"],
            "first": day,
            "last": day,
            "from_slot": frame["lesuur"],
            "to_slot": frame["lesuur"],
            "code": frame["code"],
            "authorised": frame["geoorloofd"].astype(bool),
            "withdrawn": frame["bvervallen"].astype(bool) if "bvervallen" in frame else False,
        }
    )


def _somtoday(frame: pd.DataFrame) -> pd.DataFrame:
    begin, end = (pd.to_datetime(frame[name].str.slice(0, 10)) for name in ("beginDatumTijd", "eindDatumTijd"))
    pupil, code = frame["leerling.leerlingnummer"], frame["absentieReden.afkorting"]
    return pd.DataFrame(
        {
            "record": pupil.astype(str) + frame["beginDatumTijd"] + code,
            "pupil": pupil,
            "first": begin,
            "last": end,
            "from_slot": frame["beginLesuur"],
            "to_slot": frame["eindLesuur"],
            "code": code,
            "authorised": frame["absentieReden.geoorloofd"].astype(bool),
            "withdrawn": False,
        }
    )


def _canonical(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "record": frame["record"],
            "pupil": frame["pupil_number"],
            "first": pd.to_datetime(frame["start_date"]),
            "last": pd.to_datetime(frame["end_date"]),
            "from_slot": frame["start_slot"],
            "to_slot": frame["end_slot"],
            "code": frame["code"],
            "authorised": frame["authorised"] == "yes",
            "withdrawn": frame["withdrawn"].astype(bool),
        }
    )


def _eduarte(frame: pd.DataFrame) -> pd.DataFrame:
    """The export does not say which reasons are authorised: the school's own list would."""
    day = pd.to_datetime(frame["datumvan"])
    return pd.DataFrame(
        {
            "record": frame["ovnr"].astype(str) + day.astype(str) + frame["lesuurbegin"].astype(str),
            "pupil": frame["ovnr"],
            "first": day,
            "last": day,
            "from_slot": frame["lesuurbegin"],
            "to_slot": frame["lesuureind"],
            "code": frame["reden"],
            "authorised": ~frame["reden"].isin(["OA", "NB", "VK"]),
            "withdrawn": False,
        }
    )
