"""Who reads over the API on SQLite, one after the other: threads that wait for each other cost more than the work.

What is read is written in the audit, and SQLite takes one who writes at a time. Of several threads that want to, each step of one
wakes another: a list took twice as much processor time, and whoever was to be sent away waited for all of them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import Engine

from service.db import PATIENCE
from service.front.limits import OverloadedError

RETRY_AFTER = 1
"""Seconds after which somebody whose turn did not come may try again."""


def begin(app: FastAPI, engine: Engine) -> None:
    """Have whoever reads take turns, where the database is SQLite."""
    app.state.turn = asyncio.Semaphore(1) if engine.dialect.name == "sqlite" else None


@asynccontextmanager
async def of(app: FastAPI) -> AsyncIterator[None]:
    """Wait for the turn, and keep it while this lasts.

    Raises
    ------
    OverloadedError
        It did not come: whoever has it waits for another process.
    """
    turn: asyncio.Semaphore | None = getattr(app.state, "turn", None)
    if turn is None:
        yield
        return
    try:
        async with asyncio.timeout(PATIENCE):
            await turn.acquire()
    except TimeoutError:
        detail = "De databank is te lang bezet."
        raise OverloadedError(detail, remedy="Probeer het zo opnieuw.", retry_after=RETRY_AFTER) from None
    try:
        yield
    finally:
        turn.release()
