"""The forms that identifiers take, and the words for sectors and regions.

Sources: OSO gegevensset 2019.1 (BRIN, vestiging, jaargroep); see GLOSSARY.md.
"""

from enum import StrEnum

SCHOOL_PATTERN = r"^([0-9]{2}[A-Z]{2}[0-9]{2}|[0-9]{6,12})$"
"""BRIN with location (vestiging), as in ``11ZZ03``; or, from abroad, a school number of 6 to 12 digits."""

YEAR_GROUP_PATTERN = r"^([P0-8S]|1[1-6])$"
"""OSO jaargroep: P, 0-8 primary, S special, 11-16 the years 1-6 of secondary."""

PUPIL_PATTERN = r"^p[a-z2-7]{26}$"
"""A keyed pseudonym: ``p`` and 26 base32 characters (130 bits)."""


class Sector(StrEnum):
    """Kind of education (sector)."""

    PO = "po"
    SBO = "sbo"
    SO = "so"
    VO = "vo"
    VSO = "vso"
    MBO = "mbo"


class Region(StrEnum):
    """Holiday region (vakantieregio)."""

    NOORD = "noord"
    MIDDEN = "midden"
    ZUID = "zuid"
