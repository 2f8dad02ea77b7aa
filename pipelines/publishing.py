"""The one door from the pipelines to the service: handing over a list, and reading back the one before."""

from service.lists import Published, Standing, Status, open_database, previous, publish, standing

__all__ = ["Published", "Standing", "Status", "open_database", "previous", "publish", "standing"]
