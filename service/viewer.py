"""Who is asking: one role, and where it holds. Permissions are data; scope is decided in `service.reading` alone."""

from dataclasses import dataclass
from enum import StrEnum

from data_contracts.errors import NotAllowedError


class Role(StrEnum):
    """In which capacity somebody looks."""

    CARE_COORDINATOR = "care_coordinator"
    MENTOR = "mentor"
    DATA_TEAM = "data_team"
    PRIVACY_OFFICER = "privacy_officer"
    ATTENDANCE_OFFICER = "attendance_officer"
    ALLIANCE = "alliance"
    SUPPLIER = "supplier"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """What may be done; where, is a matter of scope. A program asks for these by name, as the scopes of its token."""

    READ_LISTS = "weeklijsten:lezen"
    READ_NAMES = "namen:lezen"
    READ_FOLLOW_UPS = "opvolgingen:lezen"
    WRITE_FOLLOW_UPS = "opvolgingen:schrijven"
    WRITE_PLAYBOOK = "draaiboek:schrijven"
    READ_PARENTS_PAGE = "ouderpagina:lezen"
    READ_RIGHTS = "rechten:lezen"
    WRITE_RIGHTS = "rechten:schrijven"
    READ_DUTIES = "verzuimmeldingen:lezen"
    READ_REGION = "regiobeelden:lezen"
    READ_CASES = "dossiers:lezen"
    OPEN_CASES = "dossiers:openen"
    READ_DELIVERIES = "leveringen:lezen"
    DELIVER = "leveringen:schrijven"
    SET_UP = "inrichting:schrijven"
    SCORE = "scores:berekenen"
    READ_MODEL = "modellen:lezen"
    READ_AUDIT = "logboek:lezen"
    READ_MANAGEMENT = "beheer:lezen"
    MANAGE = "beheer:schrijven"


@dataclass(frozen=True)
class RoleInfo:
    """What a role is called, may do, and looks for.

    Parameters
    ----------
    label
        Dutch name on the page.
    purpose
        Stands in every audit row that the role causes.
    home
        The page after signing in.
    permissions
        What it may do.
    """

    label: str
    purpose: str
    home: str
    permissions: frozenset[Permission]


GUIDANCE = "begeleiding van leerlingen"
FOLLOW_UPS = frozenset({Permission.READ_FOLLOW_UPS, Permission.WRITE_FOLLOW_UPS})
DELIVERIES = frozenset({Permission.READ_DELIVERIES, Permission.DELIVER})
RIGHTS = frozenset({Permission.READ_PARENTS_PAGE, Permission.READ_RIGHTS, Permission.WRITE_RIGHTS})

ROLES: dict[Role, RoleInfo] = {
    Role.CARE_COORDINATOR: RoleInfo(
        "zorgcoördinator",
        GUIDANCE,
        "/weeklijst",
        frozenset(
            {
                Permission.READ_LISTS,
                Permission.READ_NAMES,
                Permission.READ_MODEL,
                Permission.OPEN_CASES,
                Permission.WRITE_PLAYBOOK,
                Permission.SET_UP,
                Permission.SCORE,
                *FOLLOW_UPS,
                *DELIVERIES,
                *RIGHTS,
            }
        ),
    ),
    Role.MENTOR: RoleInfo(
        "mentor",
        GUIDANCE,
        "/weeklijst",
        frozenset({Permission.READ_LISTS, Permission.READ_NAMES, Permission.READ_PARENTS_PAGE, *FOLLOW_UPS}),
    ),
    Role.DATA_TEAM: RoleInfo(
        "datateam",
        "controle van de kwaliteit van de lijst",
        "/weeklijst",
        frozenset({Permission.READ_LISTS, Permission.READ_MODEL, Permission.READ_DELIVERIES, Permission.SCORE}),
    ),
    Role.PRIVACY_OFFICER: RoleInfo(
        "functionaris gegevensbescherming",
        "toezicht op het gebruik",
        "/logboek",
        frozenset({Permission.READ_AUDIT}),
    ),
    Role.ATTENDANCE_OFFICER: RoleInfo(
        "leerplichtambtenaar",
        "toezicht op de Leerplichtwet",
        "/verzuimmeldingen",
        frozenset({Permission.READ_DUTIES, Permission.READ_NAMES}),
    ),
    Role.ALLIANCE: RoleInfo(
        "samenwerkingsverband",
        "dekkend aanbod in de regio",
        "/regio",
        frozenset({Permission.READ_REGION, Permission.READ_CASES, Permission.READ_NAMES, Permission.READ_MODEL}),
    ),
    Role.SUPPLIER: RoleInfo(
        "leverancier",
        "aanleveren van verzuimgegevens",
        "/uitleg",
        DELIVERIES,
    ),
    Role.ADMINISTRATOR: RoleInfo(
        "beheerder",
        "inrichting van de dienst",
        "/beheer",
        frozenset({Permission.READ_MANAGEMENT, Permission.MANAGE, Permission.SET_UP, *DELIVERIES}),
    ),
}
"""An attendance officer sees unauthorised absence only: sickness may not reach that desk. An alliance sees counts, and a
pupil only where the school opened a case. An administrator arranges who sees what, and sees no pupil.
"""


class NarrowedError(NotAllowedError):
    """The role allows it, but the program's token was limited to less.

    Parameters
    ----------
    permission
        What the token would have to hold.
    """

    def __init__(self, permission: Permission) -> None:
        super().__init__(
            f"Dit token is beperkt, en {permission} hoort er niet bij.",
            remedy="Vraag een token aan met die scope erbij.",
        )
        self.permission = permission


PRIMARY_SECTORS = frozenset({"po", "sbo", "so"})
"""Where the care coordinator is called *intern begeleider*."""


@dataclass(frozen=True)
class Viewer:
    """Somebody signed in.

    Parameters
    ----------
    person, name
        Opaque id, and the name for the page's header.
    role
        The one role in which this person looks now.
    schools
        BRINs in scope; None is every school.
    groups
        Pairs of school and group in scope; None is every group of those schools.
    narrowed
        What a program's token was limited to; None is everything that the role may.
    """

    person: str
    name: str
    role: Role
    schools: frozenset[str] | None
    groups: frozenset[tuple[str, str]] | None = None
    narrowed: frozenset[Permission] | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """What may be done: what the role may, and the token was not limited in."""
        allowed = ROLES[self.role].permissions
        return allowed if self.narrowed is None else allowed & self.narrowed

    def may(self, permission: Permission) -> bool:
        """Whether the role has `permission`, and the token too."""
        return permission in self.permissions

    def reaches(self, school: str, group: str | None = None) -> bool:
        """Whether `school`, and where one is given that group of it, is in scope."""
        if self.schools is not None and school not in self.schools:
            return False
        return self.groups is None or group is None or (school, group) in self.groups

    def must(self, permission: Permission) -> None:
        """Refuse where the role lacks `permission`.

        Raises
        ------
        NotAllowedError
            It does.
        """
        if self.narrowed is not None and permission in ROLES[self.role].permissions - self.narrowed:
            raise NarrowedError(permission)
        if not self.may(permission):
            detail = f"In uw rol ({ROLES[self.role].label}) kunt u deze gegevens niet inzien."
            raise NotAllowedError(detail, remedy="Meld u aan in een rol waarin dat wel mag, of vraag het uw beheerder.")
