"""What can be granted, and how people and programs with access are listed."""

import re
from collections.abc import Sequence
from typing import Self

from data_contracts.errors import UsageError
from data_contracts.frozen import Frozen
from data_contracts.identifiers import SCHOOL_PATTERN
from service.viewer import ROLES, Role


class Access(Frozen):
    """A role, and where it holds.

    Parameters
    ----------
    role
        In which capacity.
    schools
        BRINs; none is every school.
    groups
        Groups of the one school; none is the whole school.
    """

    role: Role
    schools: tuple[str, ...]
    groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, role: str, *, schools: Sequence[str], groups: Sequence[str] = (), everywhere: bool = False) -> Self:
        """Return what somebody asked for at the command line.

        Raises
        ------
        UsageError
            The role does not exist, or it is not said clearly where it holds.
        """
        if role not in set(Role):
            detail = f"--role {role} bestaat niet"
            raise UsageError(detail, remedy="Kies uit: " + ", ".join(f"{one} ({ROLES[one].label})" for one in Role))
        wrong = [school for school in schools if not re.fullmatch(SCHOOL_PATTERN, school)]
        if wrong:
            detail = f"--school {wrong[0]} is geen BRIN met vestiging"
            raise UsageError(detail, remedy="Schrijf bijvoorbeeld 11ZZ03.")
        if bool(schools) == everywhere:
            # Forgetting a school may never open all of them.
            detail = "het is niet duidelijk voor welke scholen dit geldt"
            raise UsageError(detail, remedy="Geef een of meer keer --school, of --all-schools, en niet allebei.")
        if (role == Role.MENTOR) != bool(groups) or (groups and len(schools) != 1):
            detail = "een mentor heeft groepen van een school, en een andere rol heeft die niet"
            raise UsageError(detail, remedy="Geef bij --role mentor een school, en een of meer keer --group.")
        return cls(role=Role(role), schools=tuple(schools), groups=tuple(groups))

    def for_program(self) -> Self:
        """Return the same, where a program may have it.

        Raises
        ------
        UsageError
            It is a role for people: arranging who sees what is somebody's own act.
        """
        if self.role is Role.ADMINISTRATOR:
            detail = "een programma kan geen beheerder zijn"
            raise UsageError(detail, remedy="Kies een andere rol; beheer doet een mens.")
        return self

    def rows(self) -> tuple[tuple[str | None, str | None], ...]:
        """Return school and group of each row to store."""
        return tuple((school, group) for school in self.schools or (None,) for group in self.groups or (None,))


class Account(Frozen):
    """A person or a program, as listed.

    Parameters
    ----------
    id
        Opaque; of a program it is the client id.
    name
        What it is called.
    how
        How it comes in: an e-mail address, or the kind of proof a program gives.
    access
        Role and place, one line each.
    ended
        Whether it is over.
    """

    id: str
    name: str
    how: str
    access: tuple[str, ...]
    ended: bool


class Accounts(Frozen):
    """All people, or all programs."""

    accounts: tuple[Account, ...]
