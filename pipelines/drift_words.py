"""What was found about drift, in Dutch."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Literal

from data_contracts.model_page import SchoolDrift
from features.catalogue import feature
from features.words import day_text
from models.drift import settings

TOTAL = "absent"
"""The kind that holds all others: kinds that shift while it stays are recorded otherwise."""
RECORDING = "recording"
"""The theme of features that say how a school registers."""
_EVENTS = frozenset({"late", "removed"})
_NAMED = 3  # features that are named where scores moved
_LEAST = 0.005  # log-odds: less is written as nothing
Alarm = tuple[date, bool]
"""The Monday from which something differs, and whether it rose."""
Alarms = Mapping[str, Alarm]
"""By name."""
Said = tuple[Literal["calm", "recording", "drift"], str, date | None]


def described(
    alarms: Alarms,
    gone: Sequence[str],
    *,
    score: Alarm | None,
    score_by: Sequence[tuple[str, float]] = (),
    features: Alarms = MappingProxyType({}),
) -> Said:
    """Say what changed at one school: first whether the recording did, then whether pupils or scores did.

    Parameters
    ----------
    alarms
        Kinds that shifted.
    gone
        Kinds that are no longer registered.
    score
        From when scores moved and whether up, if they did.
    score_by
        What each feature did to that: names and log-odds.
    features
        Features that came to weigh otherwise at the school, and whether they raise scores more.
    """
    by = "" if score is None else _by(score_by, up=score[1])
    shifted = [] if TOTAL in alarms else [kind for kind in alarms if kind not in _EVENTS]
    recording = [kind for kind in alarms if kind in _recording() or kind in shifted or kind in gone]
    recording += [kind for kind in gone if kind not in recording]
    habits = {name: said for name, said in features.items() if feature(name).theme == RECORDING}
    if recording or habits:
        began = [alarms[kind] for kind in recording if kind in alarms] + list(habits.values())
        since = min((monday for monday, _ in began), default=None)
        words = "; ".join([*(_kind(kind, alarms, gone=kind in gone) for kind in recording), *_weighing(habits)])
        scores = "" if score is None else f" Ook de scores verschoven{by}."
        text = (
            f"De registratie lijkt veranderd{_from(since)}: {words}.{scores} Vraag dit eerst na: verandert alleen het "
            "registreren, dan zegt een hogere of lagere score niets over leerlingen."
        )
        return "recording", text, since
    if alarms or features or score is not None:
        words = "; ".join([*(_kind(kind, alarms, gone=False) for kind in alarms), *_weighing(features)])
        scored = [] if score is None else [score]
        since = min(monday for monday, _ in [*alarms.values(), *features.values(), *scored])
        scores = "".join(f"de scores zijn {'hoger' if up else 'lager'} geworden{by}" for _, up in scored)
        both = "; ".join(part for part in (words, scores) if part)
        return "drift", f"Anders dan vorig jaar en dan de andere scholen{_from(since)}: {both}.", since
    return "calm", "Geen verandering te zien.", None


def headline(schools: Sequence[SchoolDrift], week: date) -> str:
    """Say in one or two sentences what it comes to."""
    until = f"tot de week van {day_text(week, year=True)}"
    judged = [school for school in schools if school.verdict != "unknown"]
    if not judged:
        return f"Er is gekeken {until}, maar geen school is te beoordelen."
    recording = sum(school.verdict == "recording" for school in schools)
    drifting = sum(school.verdict == "drift" for school in schools)
    if not recording and not drifting:
        return f"Er is gekeken {until}: van de {len(judged)} scholen wijkt er geen af van de andere."
    parts = []
    if recording:
        parts.append(f"bij {recording} lijkt de registratie veranderd")
    if drifting:
        parts.append(f"bij {drifting} zijn afwezigheid of scores verschoven")
    return f"Er is gekeken {until}: van de {len(judged)} scholen {' en '.join(parts)}."


def _recording() -> frozenset[str]:
    return frozenset(kind["name"] for kind in settings()["kind"] if kind.get("recording"))


def _kind(name: str, alarms: Alarms, *, gone: bool) -> str:
    label = next(kind["label"] for kind in settings()["kind"] if kind["name"] == name)
    if gone:
        return f"{label}: komt niet meer voor"
    return f"{'meer' if alarms[name][1] else 'minder'} {label}"


def _weighing(features: Alarms) -> list[str]:
    """Name the features that came to weigh otherwise, those that did so first."""
    first = sorted(features.items(), key=lambda said: (said[1][0], said[0]))
    words = [
        f"'{feature(name).label}' verhoogt scores {'meer' if up else 'minder'}" for name, (_, up) in first[:_NAMED]
    ]
    return words + ([f"en {len(first) - _NAMED} andere kenmerken"] if len(first) > _NAMED else [])


def _by(moved: Sequence[tuple[str, float]], *, up: bool) -> str:
    """Name the features that moved a score most in the direction in which it went."""
    along = [pair for pair in moved if (pair[1] > 0) == up and abs(pair[1]) >= _LEAST]
    largest = sorted(along, key=lambda pair: -abs(pair[1]))[:_NAMED]
    words = " en ".join(f"'{feature(name).label}' ({_signed(points)})" for name, points in largest)
    return f", vooral door {words}" if words else ""


def _signed(points: float) -> str:
    return f"{points:+.2f}".replace(".", ",").replace("-", "\N{MINUS SIGN}")


def _from(since: date | None) -> str:
    return "" if since is None else f" sinds de week van {day_text(since)}"
