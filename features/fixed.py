"""Expressions that are the same at every call, put in the engine's words once.

To translate an expression costs Narwhals more than a pupil's year costs Polars to work out: most of the time of a live call
went there. Functions that make expressions from nothing but their (few) arguments are marked `fixed`.
"""

from collections.abc import Callable, Iterable, Mapping
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


class _Quick(nw.LazyFrame[Any]):
    """A lazy Polars frame that takes fixed expressions as they were translated; all others as any frame does.

    Narwhals looks at every expression of every call again, which for a pupil's year is a sixth of all the work. What is
    made from such a frame is such a frame.
    """

    def __init__(self, df: Any, *, level: Any) -> None:  # noqa: ANN401 - Narwhals' own affair
        self._level = level
        self._compliant_frame = df

    def _extract_compliant_frame(self, other: Any, /) -> Any:  # noqa: ANN401
        return other._compliant_frame  # noqa: SLF001

    def with_columns(self, *exprs: Any, **named_exprs: Any) -> Any:  # noqa: ANN401
        if named_exprs or not _all_fixed(exprs):
            return super().with_columns(*exprs, **named_exprs)
        return self._of(self._compliant_frame.native.with_columns(self._said(exprs)))

    def select(self, *exprs: Any, **named_exprs: Any) -> Any:  # noqa: ANN401
        if named_exprs or not _all_fixed(exprs):
            return super().select(*exprs, **named_exprs)
        return self._of(self._compliant_frame.native.select(self._said(exprs)))

    def filter(self, *predicates: Any, **constraints: Any) -> Any:  # noqa: ANN401
        if constraints or not _all_fixed(predicates):
            return super().filter(*predicates, **constraints)
        return self._of(self._compliant_frame.native.filter(self._said(predicates)))

    def _said(self, exprs: Iterable[_Fixed]) -> list[Any]:
        ns = self._compliant_frame.__narwhals_namespace__()
        return [expr._to_compliant_expr(ns).native for expr in exprs]  # noqa: SLF001

    def _of(self, native: Any) -> "_Quick":  # noqa: ANN401
        return _Quick(self._compliant_frame._with_native(native), level=self._level)  # noqa: SLF001


def _all_fixed(exprs: tuple[Any, ...]) -> bool:
    return bool(exprs) and all(type(expr) is _Fixed for expr in exprs)


def quick(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return `frame`, which takes fixed expressions without delay where it is one of Polars."""
    if not frame.implementation.is_polars():
        return frame
    return _Quick(frame._compliant_frame, level=frame._level)  # noqa: SLF001


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
