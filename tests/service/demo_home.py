"""Fill a home with the sample lists, to look at the pages: ``python tests/service/demo_home.py HOME``."""

import sys
from pathlib import Path

from cryptography.fernet import Fernet
from sample_lists import NAMES, PRIMARY, SCHOOL, STRANGER, last_weeks_list, pupil, rules_list, weekly_list
from sample_school import page_of

from data_contracts.weekly_list import SealedName, WeeklyList
from service import lists


def names(weekly: WeeklyList, fernet: Fernet) -> list[SealedName]:
    """A sealed name for each pupil on the list."""
    numbers = {pupil(number, weekly.school): number for number in range(40)}
    return [
        SealedName(pupil=one.pupil, sealed=fernet.encrypt("\t".join(full_name(numbers[one.pupil])).encode()).decode())
        for one in weekly.signals
    ]


def full_name(place: int) -> tuple[str, str]:
    """Different full names for forty pupils out of ten."""
    return NAMES[place % 10][0], NAMES[(place + place // 10) % 10][1]


def fill(home: Path, url: str) -> None:
    """Publish the sample lists into the database at `url`, with a key under `home`."""
    key = Fernet.generate_key()
    (home / "keys").mkdir(parents=True)
    (home / "keys" / "names.key").write_bytes(key)
    fernet = Fernet(key)
    engine = lists.open_database(url)
    for weekly in (
        last_weeks_list(),
        weekly_list(),
        rules_list(),
        weekly_list(school=STRANGER, name="Lyceum Zuid"),
    ):
        lists.publish(engine, weekly, names=names(weekly, fernet), by="test", page=page_of(weekly))
    engine.dispose()


__all__ = ["PRIMARY", "SCHOOL", "fill", "full_name", "names", "pupil"]

if __name__ == "__main__":
    target = Path(sys.argv[1]).resolve()
    fill(target, f"sqlite:///{target / 'service.db'}")
