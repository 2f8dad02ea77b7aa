"""What would take a pupil off the list: worked out from the list as it stands, and no promise."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from data_contracts.weekly_list import Reason, Signal
from models.explain import THEMES
from service import reading
from service.brief import Brief
from service.following import playbook
from service.reading import Shown
from service.viewer import Permission, Viewer

AS_IT_STANDS = "Dit is gerekend met de lijst van nu; het belooft niets."
MOST = 3
"""So many reasons are taken away at most: without more than that it is another pupil."""

DUTY = "Een wettelijke melding blijft daarnaast staan tot zij is gedaan."


def off_list(viewer: Viewer, session: Session, shown: Shown) -> str:
    """Return in a sentence or two what would take `shown` off the list; empty for who is not on it."""
    signal = shown.signal
    if not signal.on_list:
        return ""
    if signal.log_odds is None:
        text = "Deze lijst staat op regels: wie onder de grenzen blijft, komt er de volgende keer niet op."
    elif viewer.groups is not None:
        # A mentor sees the own group, and of the others nothing: not where the list is cut either.
        text = _heaviest(signal)
    else:
        others = _others(viewer, session, shown)
        is_cut = len(others) >= shown.head.document.capacity
        text = _without(signal, others) if is_cut else _heaviest(signal)
    duty = any(one.statutory for one in signal.rule_hits)
    return " ".join(one for one in (text, DUTY if duty else "", AS_IT_STANDS) if one)


def _others(viewer: Viewer, session: Session, shown: Shown) -> list[float]:
    """Return the scores of the others on the list and of the first below it; of whom, is told to nobody."""
    viewer.must(Permission.READ_LISTS)
    asked = {"list_id": shown.list_id, "after": reading.START, "limit": shown.head.document.capacity + 1}
    rows = session.execute(reading.ON_ONE_LIST, asked)
    signals = [Brief.model_validate_json(row.document) for row in rows if row.id != shown.id]
    return [one.log_odds for one in signals if one.log_odds is not None and one.position is not None]


def _without(signal: Signal, others: list[float]) -> str:
    """Say where the pupil would stand if the heaviest reasons were those of the average pupil, one after the other."""
    score, place, taken = signal.log_odds or 0.0, signal.position or 1, 0
    for reason in signal.raising[:MOST]:
        score, taken = score - reason.log_odds, taken + 1
        place = 1 + sum(other > score for other in others)
        if place > len(others):
            break
    if not taken:
        return ""
    what = f"{'Lag' if taken == 1 else 'Lagen'} {_named(signal.raising[:taken])} rond het gemiddelde"
    if place > len(others):
        return f"{what}, dan stond deze leerling nu onder de lijst."
    return f"{what}, dan stond deze leerling nog steeds op de lijst, rond plaats {place}."


def _heaviest(signal: Signal) -> str:
    if not signal.raising:
        return ""
    what = _named(signal.raising[:1])
    return f"Het zwaarst weegt {what}; zonder dat zakt deze leerling het meest in de volgorde."


def _named(reasons: Sequence[Reason]) -> str:
    """Return what reasons are about: each is a whole theme, told by the sentence of its strongest part."""
    themes = [playbook.THEMES.get(one.features[0]) for one in reasons]
    named = [f"«{THEMES[theme]}»" for theme in themes if theme is not None]
    if len(named) == len(reasons):
        return " en ".join(named)
    return "de zwaarste reden" if len(reasons) == 1 else f"de {len(reasons)} zwaarste redenen"
