"""The door from the command line to who may come in: people with their school's account, and programs."""

from service.who.access import Access, Account, Accounts
from service.who.accounts import (
    add_client,
    add_external_client,
    add_person,
    clients,
    end_client,
    end_person,
    end_sessions,
    people,
)

__all__ = [
    "Access",
    "Account",
    "Accounts",
    "add_client",
    "add_external_client",
    "add_person",
    "clients",
    "end_client",
    "end_person",
    "end_sessions",
    "people",
]
