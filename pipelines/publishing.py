"""The one door from the pipelines to the service: handing over a list, and reading back those before."""

from service.lists import (
    ListStanding,
    Published,
    Status,
    earlier_on_list,
    moments,
    open_database,
    previous,
    publish,
    standing,
)

__all__ = [
    "ListStanding",
    "Published",
    "Status",
    "earlier_on_list",
    "moments",
    "open_database",
    "previous",
    "publish",
    "standing",
]
