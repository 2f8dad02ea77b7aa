"""Who may ask comes before what is wrong with the question: 401, then 403, and only then 400.

A role that may not use an address does not learn there what a request should look like. The framework reads a request before
any of ours looks at who asks, so this is asked where a request turns out wrong, before that is said.
"""

from typing import Any

from fastapi import Request

from data_contracts.errors import AanwezigError
from service import auth
from service.viewer import Permission


def needs(*permissions: Permission, instead: Permission | None = None) -> dict[str, Any]:
    """Describe (as ``openapi_extra``) which permissions an operation or a page asks for, by any way of signing in.

    Parameters
    ----------
    permissions
        All of these together are enough.
    instead
        And so is this one alone.
    """
    enough = [[str(one) for one in permissions], *([] if instead is None else [[str(instead)]])]
    return {"security": [*({"oauth2": scopes} for scopes in enough), {"token": []}, {"session": []}]}


def refusal(request: Request) -> AanwezigError | None:
    """Return why whoever asks may not use this address at all; None where they may, or where anybody may."""
    choices = _enough(request.scope.get("route"))
    if not choices:
        return None
    try:
        with auth.asking(request, touches_pupils=False) as (viewer, _):
            theirs = next((one for one in choices if all(map(viewer.may, one))), choices[0])
            for permission in theirs:
                viewer.must(permission)
    except AanwezigError as error:
        return error
    return None


def _enough(route: object) -> list[tuple[Permission, ...]]:
    """Return which permissions together are enough for a route, as it describes itself with `needs`."""
    described = getattr(route, "openapi_extra", None) or {}
    return [tuple(map(Permission, one["oauth2"])) for one in described.get("security", ()) if "oauth2" in one]
