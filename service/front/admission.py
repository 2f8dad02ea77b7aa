"""Who is let in: at most so many requests at once, no larger than they may be, and no slower. The rest is told at once.

Plain ASGI, before anything of a request is read: sending somebody away costs a fraction of a millisecond, so the service
stays quick for whoever is in, and recovers as soon as it is asked less.
"""

import asyncio
import sys
from collections import Counter
from itertools import count

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data_contracts.errors import AanwezigError
from service.front import problems
from service.front.limits import Buckets, Limits, OverloadedError, TooLargeError, TooManyError, TooSlowError

SWITCH_SECONDS = 0.0005
"""How long a thread that works may keep the one that receives and refuses waiting. With Python's own 5 ms and a dozen threads
at work, being sent away takes long."""


_OF_A_BODY = frozenset({b"content-length", b"transfer-encoding"})
ASKED_OVER_ONE = 100
"""Answers of which one closes its connection, as each does for which something was computed.

A connection that stays open keeps asking the same worker, and the system gives new ones to the worker that took the last: of
eight connections that came in together all may be at one worker, and the other stands idle. Who comes in anew comes to the
worker that has time.
"""


class Admission:
    """Lets requests in, within the limits.

    Parameters
    ----------
    app
        What is guarded.
    limits
        The figures.
    one_of_several
        Whether other processes answer at the same address.
    """

    def __init__(self, app: ASGIApp, *, limits: Limits, one_of_several: bool = False) -> None:
        self.app = app
        self.limits = limits
        self.one_of_several = one_of_several
        self.addresses = Buckets(limits.address)
        self.within: Counter[str] = Counter()
        self.answers = count(1)
        sys.setswitchinterval(SWITCH_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or say why not."""
        if scope["type"] != "http" or scope["path"].startswith(self.limits.at_once.outside):
            await self.app(scope, receive, send)
            return
        area, places = self.limits.at_once.of(scope["path"])
        refusal = self._refusal(scope, taken=self.within[area], places=places)
        if refusal is not None:
            await problems.answer(Request(scope), refusal)(scope, receive, send)
            return
        self.within[area] += 1
        try:
            hangs_up = self.one_of_several and (bool(area) or next(self.answers) % ASKED_OVER_ONE == 0)
            await _Exchange(scope, receive, send, self.limits, hangs_up=hangs_up).through(self.app)
        finally:
            self.within[area] -= 1

    def _refusal(self, scope: Scope, *, taken: int, places: int) -> AanwezigError | None:
        if scope["path"].startswith(self.limits.address.paths):
            try:
                self.addresses.spend(scope["client"][0] if scope.get("client") else "")
            except TooManyError as error:
                return error
        if taken >= places:
            detail = "Er wordt nu meer gevraagd dan deze dienst aankan."
            remedy = "Probeer het zo opnieuw; een programma houdt zich aan Retry-After."
            return OverloadedError(detail, remedy=remedy, retry_after=self.limits.at_once.retry_after)
        most = self.limits.body.of(scope["path"])[1]
        said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        return too_large(most) if said.isdigit() and int(said) > most else None


def too_large(most: int) -> TooLargeError:
    """Return what somebody is told who sends more than `most` bytes."""
    size = f"{most >> 20} MB" if most >= 1 << 20 else f"{most} bytes"
    detail = f"Dit verzoek is groter dan hier mag: {size}."
    return TooLargeError(detail, remedy="Stuur minder in een keer, bijvoorbeeld een bestand per schooljaar.")


class _Exchange:
    """One request that was let in: counts what it sends, and waits for it no longer than it may take.

    A body that turns out too large, or stops coming, is for the application as if the client went away; whatever the
    application then answers gives way to our own words.

    Parameters
    ----------
    hangs_up
        Whether the connection is closed after the answer; not while the client still sends, who would lose the answer.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: Limits, *, hangs_up: bool) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self.slow = limits.slow
        self.most = limits.body.of(scope["path"])[1]
        self.deadline = asyncio.get_running_loop().time() + limits.slow.request
        self.size = 0
        self.hangs_up = hangs_up
        # Without a body there is nothing to come in.
        self.complete = not any(name in _OF_A_BODY and value != b"0" for name, value in scope["headers"])
        self.begun = False
        self.refusal: AanwezigError | None = None

    async def through(self, app: ASGIApp) -> None:
        try:
            await app(self.scope, self.receive, self.send)
        except Exception:
            if self.refusal is None or self.begun:
                raise
        if self.refusal is not None and not self.begun:
            response = problems.answer(Request(self.scope), self.refusal)
            response.headers["Connection"] = "close"  # the rest of its body may still be on its way
            await response(self.scope, self._receive, self._send)

    async def receive(self) -> Message:
        if self.complete:  # from here on the application only waits for the client to go away
            return await self._receive()
        message = await self._next()
        if message["type"] == "http.request":
            self.size += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
            if self.size > self.most:
                self.refusal = too_large(self.most)
        return {"type": "http.disconnect"} if self.refusal else message

    async def _next(self) -> Message:
        left = self.deadline - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(max(0.0, min(self.slow.piece, left))):
                return await self._receive()
        except TimeoutError:
            detail = "De rest van dit verzoek bleef uit."
            self.refusal = TooSlowError(detail, remedy="Controleer de verbinding en probeer het opnieuw.")
            return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.refusal is not None and not self.begun:
            return
        if self.hangs_up and self.complete and not self.begun:
            message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        self.begun = True
        async with asyncio.timeout(self.slow.piece):
            await self._send(message)
