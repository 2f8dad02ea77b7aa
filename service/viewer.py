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


class Permission(StrEnum):
    """What may be done; where, is a matter of scope."""

    READ_LISTS = "read_lists"
    READ_NAMES = "read_names"
    READ_AUDIT = "read_audit"
    READ_MODEL = "read_model"


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


ROLES: dict[Role, RoleInfo] = {
    Role.CARE_COORDINATOR: RoleInfo(
        "zorgcoördinator",
        "begeleiding van leerlingen",
        "/weeklijst",
        frozenset({Permission.READ_LISTS, Permission.READ_NAMES, Permission.READ_MODEL}),
    ),
    Role.MENTOR: RoleInfo(
        "mentor",
        "begeleiding van leerlingen",
        "/weeklijst",
        frozenset({Permission.READ_LISTS, Permission.READ_NAMES}),
    ),
    Role.DATA_TEAM: RoleInfo(
        "datateam",
        "controle van de kwaliteit van de lijst",
        "/weeklijst",
        frozenset({Permission.READ_LISTS, Permission.READ_MODEL}),
    ),
    Role.PRIVACY_OFFICER: RoleInfo(
        "functionaris gegevensbescherming",
        "toezicht op het gebruik",
        "/logboek",
        frozenset({Permission.READ_AUDIT}),
    ),
}

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
    """

    person: str
    name: str
    role: Role
    schools: frozenset[str] | None
    groups: frozenset[tuple[str, str]] | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the role has `permission`."""
        return permission in ROLES[self.role].permissions

    def must(self, permission: Permission) -> None:
        """Refuse where the role lacks `permission`.

        Raises
        ------
        NotAllowedError
            It does.
        """
        if not self.may(permission):
            detail = f"In uw rol ({ROLES[self.role].label}) kunt u deze gegevens niet inzien."
            raise NotAllowedError(detail, remedy="Meld u aan in een rol waarin dat wel mag, of vraag het uw beheerder.")
