"""The one door from the pipelines to the service: handing over lists and pages, and reading back what a run goes on from."""

from service.digest import address, letters
from service.following.followed import followed_up
from service.lists import (
    ListStanding,
    Published,
    Status,
    Written,
    earlier_on_list,
    moments,
    open_database,
    previous,
    publish,
    publish_model,
    published,
    standing,
    write,
)
from service.mail import MailServer, send
from service.school_pages import standing_pages

__all__ = [
    "ListStanding",
    "MailServer",
    "Published",
    "Status",
    "Written",
    "address",
    "earlier_on_list",
    "followed_up",
    "letters",
    "moments",
    "open_database",
    "previous",
    "publish",
    "publish_model",
    "published",
    "send",
    "standing",
    "standing_pages",
    "write",
]
