"""HEAD and OPTIONS for every address: the same as GET without its content, and which verbs an address knows."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BARE = "aanwezig.without_content"


def allowed(scope: Scope) -> str:
    """Return the verbs of the address in `scope`, as ``Allow`` has them; empty where there is no such address."""
    app: FastAPI = scope["app"]
    found: set[str] = set()
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, Route) and route.path_regex.match(scope["path"]):
            found |= route.methods or set()
    if "GET" in found:
        found.add("HEAD")
    return ", ".join(sorted(found | {"OPTIONS"})) if found else ""


def without_content(request: Request) -> bool:
    """Whether nobody will see the content of the answer: then none that is large needs to be made."""
    return bool(request.scope.get(BARE))


class Verbs:
    """Answers HEAD and OPTIONS.

    Parameters
    ----------
    app
        The application, which knows GET.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        method = scope["method"] if scope["type"] == "http" else None
        if method == "HEAD":
            await self._head(scope, receive, send)
        elif method == "OPTIONS" and (verbs := allowed(scope)):
            await Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": verbs})(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do what GET does, and leave its content out; a stream then hears from the server that nobody waits for more."""
        ended = False

        async def send_without_content(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
            elif not ended:
                ended = True
                await send({"type": "http.response.body", "body": b""})

        asked = {**scope, "method": "GET", BARE: True}
        try:
            await self.app(asked, receive, send_without_content)
        finally:
            scope["route"] = asked.get("route")  # which address it was, for the figures
