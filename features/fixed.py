"""Expressions that are the same at every call, put in the engine's words once.

To translate an expression costs Narwhals more than a pupil's year costs Polars to work out: most of the time of a live call
went there. Functions that make expressions from nothing but their (few) arguments are marked `fixed`.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, ParamSpec, overload

import narwhals as nw

Anything = ParamSpec("Anything")
Exprs = tuple[nw.Expr, ...]

_KEPT = 64
"""Of how many different arguments a function's expressions are kept: those of the days looked from."""


class _Fixed(nw.Expr):
    """An expression that keeps its translation for Polars, which is the same for every frame.

    Should Narwhals call its own method otherwise one day, then this is an expression like any other, only slower.
    """

    _said: Any = None

    def _to_compliant_expr(self, ns: Any) -> Any:  # noqa: ANN401 - Narwhals' own affair
        if ns._implementation is not nw.Implementation.POLARS:  # noqa: SLF001
            return super()._to_compliant_expr(ns)
        if self._said is None:
            self._said = super()._to_compliant_expr(ns)
        return self._said


def _fixed(expr: nw.Expr) -> nw.Expr:
    return _Fixed(*expr._nodes)  # noqa: SLF001 - there is no other way to say an expression again


@overload
def fixed(make: Callable[Anything, nw.Expr]) -> Callable[Anything, nw.Expr]: ...
@overload
def fixed(make: Callable[Anything, Mapping[str, nw.Expr]]) -> Callable[Anything, Exprs]: ...
@overload
def fixed(make: Callable[Anything, Exprs]) -> Callable[Anything, Exprs]: ...
def fixed(make: Callable[Anything, Any]) -> Callable[Anything, Any]:
    """Make what `make` returns once for the same arguments, and have the engine keep it.

    A mapping of names to expressions becomes a tuple of expressions with those names.
    """

    def once(*args: Any, **kwargs: Any) -> nw.Expr | Exprs:  # noqa: ANN401
        made = make(*args, **kwargs)
        if isinstance(made, nw.Expr):
            return _fixed(made)
        named = [expr.alias(name) for name, expr in made.items()] if isinstance(made, Mapping) else made
        return tuple(_fixed(expr) for expr in named)

    kept: Callable[..., nw.Expr | Exprs] = lru_cache(maxsize=_KEPT)(once)

    @wraps(make)
    def again(*args: Anything.args, **kwargs: Anything.kwargs) -> nw.Expr | Exprs:
        return kept(*args, **kwargs)

    return again
