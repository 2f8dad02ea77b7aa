"""/api/v1: what the pages show, for programs. One module a kind of resource; each has its `router`."""

from service.api import (
    audit,
    cases,
    deliveries,
    duties,
    follow_ups,
    health,
    lists,
    models,
    region,
    scores,
    signals,
)

ROUTERS = (
    lists.router,
    signals.router,
    follow_ups.router,
    duties.router,
    region.router,
    cases.router,
    models.router,
    scores.router,
    deliveries.router,
    audit.router,
    health.router,
)
