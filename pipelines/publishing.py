"""The one door from the pipelines to the service: handing over lists and the page about the model, and reading lists back."""

from service.lists import (
    ListStanding,
    Published,
    Status,
    earlier_on_list,
    moments,
    open_database,
    previous,
    publish,
    publish_model,
    published,
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
    "publish_model",
    "published",
    "standing",
]
