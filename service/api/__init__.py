"""/api/v1: what the pages show, for programs. One module a kind of resource; each has its `router`."""

from service.api import health, lists

ROUTERS = (lists.router, health.router)
