"""From what is stored to the API's resources: one function a resource.

What is read most (signals and their parts) goes from the JSON that was stored (`service.stored`) to that of the API at once, in
the shape of its class in `service.api.resources`: making and checking a hundred small objects a signal, on the way in or out,
took more time than all the rest of a request. A test holds the two equal.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic_core import to_json
from sqlalchemy.orm import Session

from data_contracts.weekly_list import Contribution, Reason, RuleHit
from service import reading, words
from service.api.base import PREFIX, Link
from service.api.resources import EerderSignaal, Kwaliteit, Weeklijst
from service.reading import Earlier, Head
from service.stored import Stored, read
from service.vault import Vault
from service.viewer import Viewer

Json = dict[str, Any]

KEPT = 512
"""Signals of which what they say is kept as it was written, without a name and under its very content: the lists of a few
schools, for programs that ask again and again whether something changed. Each is still read from the database, within scope.
"""


def weeklijst(head: Head) -> Weeklijst:
    """Return a published list as a resource."""
    document = head.document
    path = f"{PREFIX}/weeklijsten/{head.id}"
    return Weeklijst(
        id=head.id,
        school=document.school,
        schoolnaam=document.school_name,
        sector=document.sector,
        week=document.week,
        editie=head.edition,
        gepubliceerd_op=head.published_at,
        peilmoment=document.as_of,
        gegevens_tot=document.data_moment,
        grondslag=words.BASES[document.basis],
        grondslag_reden=document.basis_reason,
        modelversie=document.model_version,
        contractversie=document.contract_version,
        capaciteit=document.capacity,
        aantal_leerlingen=document.pupils_considered,
        voorlopig=document.provisional,
        gelijkspelregel=document.tie_rule,
        opmerkingen=list(document.notes),
        kwaliteit=[
            Kwaliteit(week=one.week, oordeel=words.GRADES[one.grade], redenen=list(one.reasons))
            for one in document.quality
        ],
        links={"self": Link(href=path), "signalen": Link(href=f"{path}/signalen")},
    )


def signaal(shown: Stored, *, name: str | None) -> Json:
    """Return a signal as the JSON of `resources.Signaal`; `name` only where the viewer may see it."""
    return _placed(shown, name) | _said(shown.signal)


def written(shown: Stored, *, name: str | None) -> bytes:
    """Return the same, written; what does not hang on who asks is written once and kept for whoever asks next."""
    return to_json(_placed(shown, name))[:-1] + b"," + _written(shown.document, shown.calendar)[1:]


@lru_cache(maxsize=KEPT)
def _written(document: str, calendar: str | None) -> bytes:
    return to_json(_said(read(document, calendar)))


def signalen(parts: Sequence[bytes], links: Mapping[str, Link]) -> bytes:
    """Return signals that are `written` as the JSON of `resources.Signalen`."""
    return b'{"signalen":[' + b",".join(parts) + b'],"_links":' + to_json(links, by_alias=True) + b"}"


def _placed(shown: Stored, name: str | None) -> Json:
    """Return which signal it is, of whom, on which list."""
    of = shown.head.document
    path = f"{PREFIX}/signalen/{shown.id}"
    return {
        "id": shown.id,
        "school": of.school,
        "week": of.week,
        "editie": shown.head.edition,
        "modelversie": of.model_version,
        "peilmoment": of.as_of,
        "gegevensTot": of.data_moment,
        "leerling": shown.pupil,
        "naam": name,
        "_links": {
            "self": {"href": path},
            "historie": {"href": f"{path}/historie"},
            "weeklijst": {"href": f"{PREFIX}/weeklijsten/{shown.list_id}"},
        },
    }


def _said(signal: Json) -> Json:
    """Return what a signal says."""
    return {
        "groep": signal["group"],
        "jaargroep": signal["year_group"],
        "stand": words.STANDINGS[signal["standing"]],
        "plaats": signal["position"],
        "opLijst": signal["on_list"],
        "logOdds": signal["log_odds"],
        "kans": signal["probability"],
        "basis": signal["baseline"],
        "bijdragen": _bijdragen(signal["contributions"]),
        "duiding": None if signal["tier"] is None else words.TIERS[signal["tier"]],
        "zekerheid": None if signal["certainty"] is None else words.CERTAINTIES[signal["certainty"]],
        "frequentie": signal["frequency"],
        "verhogend": _redenen(signal["raising"]),
        "verlagend": _redenen(signal["lowering"]),
        "regels": _regels(signal["rule_hits"]),
        "sinds": words.SINCE[signal["since"]],
        "volgordeToelichting": signal["order_note"],
        "aanwezigheid": [
            {"week": one["week"], "leerling": one["pupil"], "groep": one["group"]} for one in signal["attendance"]
        ],
        "kalender": _kalender(signal["calendar"]),
        "opmerkingen": signal["notes"],
    }


def earlier(one: Earlier) -> EerderSignaal:
    """Return where a pupil stood in another week as a resource."""
    return EerderSignaal(
        id=one.id,
        week=one.week,
        plaats=one.position,
        op_lijst=one.on_list,
        kans=one.probability,
        duiding=None if one.tier is None else words.TIERS[one.tier],
        links={"self": Link(href=f"{PREFIX}/signalen/{one.id}")},
    )


def bijdragen(contributions: Sequence[Contribution]) -> list[Json]:
    """Return the parts of a score as the JSON of `resources.Bijdrage`."""
    return _bijdragen(map(vars, contributions))


def redenen(reasons: Sequence[Reason]) -> list[Json]:
    """Return sentences as the JSON of `resources.Reden`."""
    return _redenen(map(vars, reasons))


def regels(hits: Sequence[RuleHit]) -> list[Json]:
    """Return thresholds reached as the JSON of `resources.Regel`."""
    return _regels(map(vars, hits))


def _bijdragen(contributions: Iterable[Json]) -> list[Json]:
    return [
        {
            "kenmerk": one["feature"],
            "omschrijving": one["label"],
            "waarde": one["value"],
            "logOdds": one["log_odds"],
        }
        for one in contributions
    ]


def _redenen(reasons: Iterable[Json]) -> list[Json]:
    return [
        {
            "kenmerken": one["features"],
            "richting": words.DIRECTIONS[one["direction"]],
            "tekst": one["text"],
            "logOdds": one["log_odds"],
        }
        for one in reasons
    ]


def _regels(hits: Iterable[Json]) -> list[Json]:
    return [
        {
            "regel": one["rule"],
            "omschrijving": one["label"],
            "bron": one["source"],
            "wettelijk": one["statutory"],
            "waarde": one["value"],
            "drempel": one["threshold"],
            "eenheid": one["unit"],
            "bereiktOp": one["reached_on"],
            "uiterlijk": one["deadline"],
            "tekst": one["text"],
        }
        for one in hits
    ]


def _kalender(days: Iterable[Json]) -> list[Json]:
    return [
        {
            "dag": one["day"],
            "soort": words.kind_label(one["kind"]),
            "afwezigeMinuten": one["absent_minutes"],
            "geplandeMinuten": one["scheduled_minutes"],
            "teLaat": one["late"],
            "geoorloofd": words.AUTHORISED.get(one["authorised"], "onbekend"),
        }
        for one in days
    ]


def named(viewer: Viewer, session: Session, shown: Sequence[Stored], *, vault: Vault) -> list[bytes]:
    """Return signals as JSON, with the names that the viewer may see."""
    names: dict[tuple[str, str], str] = {}
    for school in {one.school for one in shown}:
        pupils = [one.pupil for one in shown if one.school == school]
        opened = reading.names(viewer, session, school=school, pupils=pupils, vault=vault)
        names |= {(school, pupil): name for pupil, name in opened.items()}
    return [written(one, name=names.get((one.school, one.pupil))) for one in shown]
