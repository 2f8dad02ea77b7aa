"""The shared vocabulary of absence: which kinds there are, and what each counts as.

Every school has its own codes; a school's mapping (see :mod:`data_contracts.school`) turns them
into these words. Nothing about the *nature* of an illness exists here, so it cannot be stored.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an absence is, whoever registered it."""

    SICK = "sick"
    MEDICAL_APPOINTMENT = "medical_appointment"
    LEAVE = "leave"
    RELIGIOUS = "religious"
    EXEMPTION = "exemption"
    SUSPENSION = "suspension"
    OTHER_AUTHORISED = "other_authorised"
    LUXURY_LEAVE = "luxury_leave"
    TRUANCY = "truancy"
    UNEXPLAINED = "unexplained"
    LATE = "late"
    REMOVED_FROM_CLASS = "removed_from_class"
    NOT_REQUIRED = "not_required"


class Authorised(StrEnum):
    """Whether the absence is *geoorloofd*, as the school registered it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Registration(StrEnum):
    """A report (melding) covers a period; an observation (waarneming) belongs to one lesson.

    The two overlap (EduArte, Somtoday), so minutes are a union over slots, never a sum.
    """

    REPORT = "report"
    OBSERVATION = "observation"


@dataclass(frozen=True)
class KindInfo:
    """What a kind means for counting.

    Parameters
    ----------
    label
        The Dutch word on the page.
    authorised
        What the kind counts as where a school's mapping says nothing.
    precedence
        When two registrations cover one slot, the lower number stands (a report of illness
        explains an unexplained empty chair).
    event_only
        The pupil was there for part of the lesson: counts as an event, and as minutes only where
        minutes were registered.
    counts
        False for time that leaves both numerator and denominator.
    """

    label: str
    authorised: Authorised
    precedence: int
    event_only: bool = False
    counts: bool = True


KINDS: dict[Kind, KindInfo] = {
    Kind.NOT_REQUIRED: KindInfo("niet verplicht aanwezig", Authorised.YES, 0, counts=False),
    Kind.EXEMPTION: KindInfo("vrijstelling", Authorised.YES, 1, counts=False),
    Kind.SICK: KindInfo("ziekmelding", Authorised.YES, 2),
    Kind.MEDICAL_APPOINTMENT: KindInfo("doktersbezoek", Authorised.YES, 3),
    Kind.SUSPENSION: KindInfo("schorsing", Authorised.YES, 4),
    Kind.LEAVE: KindInfo("verlof", Authorised.YES, 5),
    Kind.RELIGIOUS: KindInfo("religieuze verplichting", Authorised.YES, 6),
    Kind.OTHER_AUTHORISED: KindInfo("overig geoorloofd", Authorised.YES, 7),
    Kind.LUXURY_LEAVE: KindInfo("luxeverzuim", Authorised.NO, 8),
    Kind.TRUANCY: KindInfo("ongeoorloofd afwezig", Authorised.NO, 9),
    Kind.UNEXPLAINED: KindInfo("onbekende reden", Authorised.UNKNOWN, 10),
    Kind.REMOVED_FROM_CLASS: KindInfo("uit de les gestuurd", Authorised.NO, 11, event_only=True),
    Kind.LATE: KindInfo("te laat", Authorised.NO, 12, event_only=True),
}
