"""Whom an outside provider means: by the identity that is known here or, the first time only, by a checked e-mail address."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_contracts.errors import NotAllowedError
from service.tables import ClientRow, IdentityRow, PersonRow
from service.who.oidc import Identity


class UnknownPersonError(NotAllowedError):
    """Somebody was signed in by the provider, and is nobody here."""

    title = "U staat nog niet in Aanwezig"


def unknown_person() -> UnknownPersonError:
    """Return what somebody is told whom the provider knows and we do not."""
    detail = "U bent aangemeld bij uw school, maar Aanwezig kent u niet, of u heeft nog geen rol."
    remedy = (
        "Vraag de beheerder van Aanwezig om u toe te voegen met het e-mailadres van uw schoolaccount, "
        "en om te controleren of uw school dat adres meegeeft als gecontroleerd."
    )
    return UnknownPersonError(detail, remedy=remedy)


def person_of(session: Session, identity: Identity) -> PersonRow:
    """Return whom `identity` means.

    Raises
    ------
    UnknownPersonError
        Nobody here, or nobody any more.
    """
    known = session.get(IdentityRow, (identity.issuer, identity.subject))
    person = _by_email(session, identity) if known is None else session.get(PersonRow, known.person)
    program = person is not None and session.scalar(select(ClientRow.id).where(ClientRow.person == person.id).limit(1))
    if person is None or person.ended_at is not None or program:
        raise unknown_person()
    if known is None:
        session.add(IdentityRow(issuer=identity.issuer, subject=identity.subject, person=person.id))
    return person


def _by_email(session: Session, identity: Identity) -> PersonRow | None:
    """Return whose address it is; not where another account of this provider came in on it before.

    Schools give the address of somebody who left to somebody else; access does not come along.
    """
    if not identity.email:
        return None
    person = session.scalar(select(PersonRow).where(PersonRow.email == identity.email))
    if person is None:
        return None
    other = select(IdentityRow).where(IdentityRow.person == person.id, IdentityRow.issuer == identity.issuer)
    return None if session.scalar(other) else person
